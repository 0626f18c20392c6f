package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgerrcode"
	"github.com/jackc/pgx/v5/pgconn"

	"energiya/db"
	"energiya/internal/gate"
)

// failure is an answer that is not a success, as the person sees it.
type failure struct {
	Type    string
	Status  int
	Message string
	// Rule is the name of the rule that refused; empty where none did.
	Rule string
	// Field is the field of the body that the rule is about; empty where it is about none.
	Field string
}

func (f *failure) Error() string { return f.Type + ": " + f.Message }

// The types of openapi.yaml.
const (
	typeToken       = "TokenException"
	typeInvalid     = "InvalidRequestException"
	typeGone        = "DataBaseException"
	typeRule        = "LogicError"
	typeRights      = "AccessRightsException"
	typeNotFound    = "NotFound"
	typeMethod      = "MethodNotAllowed"
	typeTooLarge    = "PayloadTooLarge"
	typeTooMany     = "TooManyRequests"
	typeInternal    = "InternalError"
	typeUnavailable = "Unavailable"
)

// The catalogue of what Go itself refuses. Whatever a rule refuses has its sentence in the database.
var (
	failToken = &failure{Type: typeToken, Status: 401,
		Message: "Сервер не узнал отправителя запроса. Сообщите администратору: токены серверов не совпадают."}
	failNotFound = &failure{Type: typeNotFound, Status: 404,
		Message: "Такого адреса у сервера нет. Проверьте путь запроса."}
	failMethod = &failure{Type: typeMethod, Status: 405,
		Message: "Этот адрес принимает запросы другим методом. Проверьте метод запроса."}
	failTooLarge = &failure{Type: typeTooLarge, Status: 413,
		Message: "Запрос слишком большой: допускается не больше 1 МиБ. Сократите его и отправьте снова."}
	failNotJSON = &failure{Type: typeInvalid, Status: 400,
		Message: "Тело запроса должно быть в формате JSON. Укажите заголовок Content-Type: application/json."}
	failNotUTF8 = &failure{Type: typeInvalid, Status: 400,
		Message: "Тело запроса должно быть в кодировке UTF-8. Исправьте кодировку и отправьте снова."}
	failBrokenJSON = &failure{Type: typeInvalid, Status: 400,
		Message: "Тело запроса не разбирается как JSON. Исправьте его и отправьте снова."}
	failNotObject = &failure{Type: typeInvalid, Status: 400,
		Message: "Тело запроса должно быть объектом JSON, например {\"id\": 1}. Исправьте его и отправьте снова."}
	failSlowBody = &failure{Type: typeInvalid, Status: 400,
		Message: "Тело запроса не пришло вовремя. Отправьте запрос снова."}
	failCutBody = &failure{Type: typeInvalid, Status: 400,
		Message: "Тело запроса пришло не полностью. Отправьте запрос снова."}
	failValue = &failure{Type: typeInvalid, Status: 400,
		Message: "В запросе есть значение, которое нельзя прочитать. Проверьте поля и отправьте снова."}
	failUnreadable = &failure{Type: typeInvalid, Status: 400,
		Message: "Запрос составлен не по правилам HTTP, или его заголовки слишком длинные. " +
			"Исправьте его и отправьте снова."}
	failTooMany = &failure{Type: typeTooMany, Status: 429,
		Message: "Слишком много запросов подряд. Подождите несколько секунд и повторите."}
	failInternal = &failure{Type: typeInternal, Status: 500,
		Message: "На сервере произошла ошибка. Повторите позже, а если она останется, сообщите администратору."}
	failUnavailable = &failure{Type: typeUnavailable, Status: 503,
		Message: "Сервер сейчас перегружен или недоступен. Повторите через несколько секунд."}
	failManyReports = &failure{Type: typeUnavailable, Status: 503,
		Message: "Сейчас уже составляются другие отчёты. Повторите через несколько секунд."}
	failStopping = &failure{Type: typeUnavailable, Status: 503,
		Message: "Этот сервер останавливается. Повторите через несколько секунд."}
	failHungUp   = &failure{Type: typeUnavailable, Status: statusHungUp, Message: "Запрос отменён."}
	failNotReady = &failure{Type: typeUnavailable, Status: 503,
		Message: "Сервер ещё не готов к работе. Повторите через минуту."}
)

// statusHungUp is what the log calls the answer to a client that did not wait for it.
const statusHungUp = 499

// errNoData is what a function of wire must never do.
var errNoData = errors.New("the function returned null")

// sqlRefusal calls the one function that has a sentence for a constraint that was reached natively.
const sqlRefusal = "select wire.refusal(p_constraint => $1)"

// typeOfState is the type of an error that a function of wire raises on purpose.
func typeOfState(code string) (string, bool) {
	switch code {
	case "ENREQ":
		return typeInvalid, true
	case "ENGON":
		return typeGone, true
	case "ENRUL":
		return typeRule, true
	case "ENACC":
		return typeRights, true
	}
	return "", false
}

func statusOf(errorType string) int {
	switch errorType {
	case typeInvalid, typeGone, typeRule:
		return http.StatusBadRequest
	case typeRights:
		return http.StatusForbidden
	}
	return http.StatusInternalServerError
}

// explain turns what a query returned into what the person is told. It is the only place that looks at
// SQLSTATEs. What the log needs to know goes into the request's own line.
func (s *server) explain(ctx context.Context, r *http.Request, err error) error {
	var pgErr *pgconn.PgError
	var busy *gate.BusyError
	switch {
	case errors.As(err, &busy):
		s.noteOverload(busy)
		leaveOutOfLog(r.Context())
		return busy
	case db.IsUnavailable(err):
		httplog.LogEntrySetField(r.Context(), "cause", causeOf(err))
		if r.Context().Err() != nil { // which tells nothing of the database
			return failHungUp
		}
		s.noteUnavailable(r.Context(), err)
		return failUnavailable
	case !errors.As(err, &pgErr):
		return err
	}

	// The messages of refused values quote the value, which is the person's own: only the code is logged.
	httplog.LogEntrySetField(r.Context(), "sqlstate", slog.StringValue(pgErr.Code))
	if pgErr.ConstraintName != "" {
		httplog.LogEntrySetField(r.Context(), "rule", slog.StringValue(pgErr.ConstraintName))
		s.meter.refusals.WithLabelValues(pgErr.ConstraintName).Inc()
	}
	if errorType, ok := typeOfState(pgErr.Code); ok {
		return &failure{
			Type: errorType, Status: statusOf(errorType), Message: pgErr.Message,
			Rule: pgErr.ConstraintName, Field: pgErr.ColumnName,
		}
	}
	switch {
	case pgerrcode.IsDataException(pgErr.Code), pgerrcode.IsProgramLimitExceeded(pgErr.Code):
		return failValue
	case pgerrcode.IsIntegrityConstraintViolation(pgErr.Code):
		return s.refusal(ctx, r, pgErr)
	}
	return err
}

// noteUnavailable says now and then that the database is away, and how many found it so. They have no line of their
// own: a crowd would write thousands. Whoever waited in vain, for a lock or until the deadline, has one that tells
// for what.
func (s *server) noteUnavailable(ctx context.Context, err error) {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && db.IsWaitState(pgErr.Code) {
		return
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		leaveOutOfLog(ctx)
	}
	refused := s.unserved.Add(1)
	s.unavailable.Do(func() {
		s.Logger.Error("database unavailable", "cause", causeOf(err), "refused", refused)
	})
}

// refusal asks the database's catalogue for the sentence of a constraint that stopped a statement
// before a rule did.
func (s *server) refusal(ctx context.Context, r *http.Request, reached *pgconn.PgError) error {
	var data []byte
	err := s.Pool.QueryRow(ctx, sqlRefusal, reached.ConstraintName).Scan(&data)
	if db.IsUnavailable(err) {
		return s.explain(ctx, r, err)
	}
	var sentence struct {
		Type    string `json:"error_type"`
		Message string `json:"error_message"`
		Rule    string `json:"rule"`
	}
	if err == nil {
		err = json.Unmarshal(data, &sentence)
	}
	if err == nil && statusOf(sentence.Type) == http.StatusInternalServerError {
		err = fmt.Errorf("no such error_type: %q", sentence.Type)
	}
	if err != nil {
		return fmt.Errorf("%w; asked for its sentence: %w", reached, err)
	}
	return &failure{
		Type: sentence.Type, Status: statusOf(sentence.Type), Message: sentence.Message, Rule: sentence.Rule,
	}
}

// causeOf is an error for the log: where it happened in SQL too, but never its DETAIL, which quotes rows.
func causeOf(err error) slog.Value {
	var pgErr *pgconn.PgError
	if errors.As(err, &pgErr) && pgErr.Where != "" {
		return slog.StringValue(err.Error() + "; " + pgErr.Where)
	}
	return slog.StringValue(err.Error())
}
