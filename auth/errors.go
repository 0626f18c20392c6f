package auth

import (
	"errors"
	"fmt"
	"net/http"
	"time"
)

// ErrNoSession says that a token is unknown or that its session is over: the person must log in again.
var ErrNoSession = errors.New("no live session")

// Refusal is what a rule answers to what it does not allow.
type Refusal struct {
	// Status is the HTTP status: 400, 401 for an attempt to get in, 403.
	Status int
	// Rule is the rule's name in rules.catalogue.
	Rule string
	// Message is the sentence for the person, in Russian.
	Message string
	// RetryAfter is when to try again; 0 where waiting does not help.
	RetryAfter time.Duration
}

func (r *Refusal) Error() string { return "refused by " + r.Rule + ": " + r.Message }

// unavailableError says that the database can't answer now.
type unavailableError struct{ cause error }

func (e *unavailableError) Error() string { return "the database is unavailable: " + e.cause.Error() }

func (e *unavailableError) Unwrap() error { return e.cause }

// failure is an answer that this server gives by itself.
type failure struct {
	Type    string
	Status  int
	Message string
}

func (f *failure) Error() string { return fmt.Sprintf("%d %s: %s", f.Status, f.Type, f.Message) }

// The types of errors. The first five are the old auth server's own.
const (
	typeInvalid      = "InvalidRequestException"
	typeLogIn        = "LoginError"
	typeRegistration = "RegistrationError"
	typeRights       = "AccessRightsException"
	typeMainServer   = "MainServerRequestException"
	typeNotFound     = "NotFound"
	typeMethod       = "MethodNotAllowed"
	typeTooLarge     = "PayloadTooLarge"
	typeInternal     = "InternalError"
	typeUnavailable  = "Unavailable"
)

// What this server refuses by itself. Sentences of rules come from the database.
var (
	failNotJSON = &failure{typeInvalid, http.StatusBadRequest,
		"Тело запроса должно быть в формате JSON. Укажите заголовок Content-Type: application/json."}
	failBrokenJSON = &failure{typeInvalid, http.StatusBadRequest,
		"Тело запроса не разбирается как объект JSON. Исправьте его и отправьте снова."}
	failSlowBody = &failure{
		typeInvalid,
		http.StatusBadRequest,
		"Тело запроса не пришло вовремя. Отправьте запрос снова.",
	}
	failCutBody = &failure{
		typeInvalid,
		http.StatusBadRequest,
		"Тело запроса пришло не полностью. Отправьте запрос снова.",
	}
	failValue = &failure{typeInvalid, http.StatusBadRequest,
		"В запросе есть значение, которое нельзя прочитать. Проверьте поля и отправьте снова."}
	failCard = &failure{typeInvalid, http.StatusBadRequest,
		"Номер студенческого билета состоит из 7 или 8 цифр. Проверьте номер."}
	failNoImage = &failure{typeInvalid, http.StatusBadRequest,
		"В запросе нет изображения. Выберите файл и отправьте его снова."}
	failNoSession = &failure{
		typeLogIn,
		http.StatusUnauthorized,
		"Вы не вошли, или ваш сеанс закончился. Войдите снова.",
	}
	failRights = &failure{
		typeRights,
		http.StatusForbidden,
		"У вас нет права на это действие. Обратитесь к администратору.",
	}
	failForeign = &failure{typeRights, http.StatusForbidden,
		"Запрос пришёл с другого сайта. Откройте страницу зала и повторите на ней."}
	failNotFound = &failure{typeNotFound, http.StatusNotFound, "Такого адреса у сервера нет. Проверьте путь запроса."}
	failMethod   = &failure{typeMethod, http.StatusMethodNotAllowed,
		"Этот адрес принимает запросы другим методом. Проверьте метод запроса."}
	failTooLarge = &failure{typeTooLarge, http.StatusRequestEntityTooLarge,
		"Запрос слишком большой: допускается не больше 1 МиБ. Сократите его и отправьте снова."}
	failInternal = &failure{typeInternal, http.StatusInternalServerError,
		"На сервере произошла ошибка. Повторите позже, а если она останется, сообщите администратору."}
	failUnavailable = &failure{typeUnavailable, http.StatusServiceUnavailable,
		"Сервер сейчас перегружен или недоступен. Повторите через несколько секунд."}
	failQueue = &failure{typeUnavailable, http.StatusServiceUnavailable,
		"Сейчас входит много людей. Подождите немного и войдите снова."}
	failPictureQueue = &failure{typeUnavailable, http.StatusServiceUnavailable,
		"Сейчас загружают много изображений. Повторите через несколько секунд."}
	failNotReady = &failure{typeUnavailable, http.StatusServiceUnavailable,
		"Сервер ещё не готов к работе. Повторите через минуту."}
	failStopping = &failure{typeUnavailable, http.StatusServiceUnavailable,
		"Этот сервер останавливается. Повторите через несколько секунд."}
)

// The rules of pictures that are decided before the database is asked: it never sees a picture that breaks them.
func pictureRefusal(rule, message string) *Refusal {
	return &Refusal{Status: http.StatusBadRequest, Rule: rule, Message: message}
}

var (
	refusedPictureSize = pictureRefusal("picture_too_large",
		"Файл слишком большой: допускается не больше 8 МиБ и 12 мегапикселей. Выберите изображение поменьше.")
	refusedPictureFormat = pictureRefusal("picture_format",
		"Подходят только изображения JPEG, PNG и WebP. Выберите другой файл.")
	refusedPictureBroken = pictureRefusal("picture_broken",
		"Файл повреждён и не читается как изображение. Выберите другой файл.")
)
