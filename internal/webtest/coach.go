package webtest

import (
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"energiya/internal/gymclient"
)

// The coach's side of the stage: one lesson, played with the versions of the contract, so that a page shows marks that
// were saved, refused, or set by another coach.

// attendee is a person of the lesson on the stage.
type attendee struct {
	ID, Card, Mark, Absences, version int
	Family, Given, Group              string
	Marked, Blocked                   bool
}

// Lesson is what the stage has of its one lesson, 7 December, 16:00. A scene of the token changes what is shown of it:
// "coach-hostile", "coach-empty", "coach-crowd", "coach-off", "coach-late", "coach-ahead".
type Lesson struct {
	Off    string
	people []*attendee
}

var names = []string{
	"Абрамов Олег", "Белова Анна", "Волков Пётр", "Громова Дарья", "Денисов Лев", "Ёлкин Никита", "Жукова Анна",
	"Зайцев Дмитрий", "Исаева Ольга", "Константинопольская Александра", "Лебедев Юрий", "Мир Ян",
}

// newLesson has twelve people. Six are not marked, one of the others has an excuse.
func newLesson() Lesson {
	l := Lesson{}
	for i, name := range names {
		family, given, _ := strings.Cut(name, " ")
		l.people = append(l.people, &attendee{
			ID: 500 + i, Card: 12069900 + i, Family: family, Given: given, Group: []string{"ИС-21", "БИ-42", "ГД-11"}[i%3],
			Mark: []int{1, 1, 0, 2, 1, 1}[i%6], Marked: i < 6, Absences: []int{0, 2, 1, 1, 0, 0}[i%6], version: 1,
			Blocked: i == 8,
		})
	}
	return l
}

// MarkElsewhere marks a person as another coach does.
func (s *Stage) MarkElsewhere(id, mark int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.lesson.people {
		if a.ID == id {
			a.Mark, a.Marked, a.version = mark, true, a.version+1
		}
	}
}

// Cancel cancels the lesson as another coach does; false restores it.
func (s *Stage) Cancel(off bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.lesson.Off = ""
	if off {
		s.lesson.Off = "cancelled"
	}
}

// coachAnswer answers the endpoints of the coach's screens; known is false for others.
func (s *Stage) coachAnswer(token, endpoint string, in any) (answer any, known bool, err error) {
	_, scene, _ := strings.Cut(token, "-")
	body := object{}
	if raw, err := json.Marshal(in); err == nil {
		_ = json.Unmarshal(raw, &body)
	}
	switch endpoint {
	case "POST /visit/lessons":
		return s.lessons(scene, body), true, nil
	case "POST /visit/lesson":
		if body["time"] != "16:00" {
			return nil, true, &gymclient.Error{
				Status: 400, Rule: "lesson_not_found", Message: "Такого занятия нет. Выберите его в списке дня.",
			}
		}
		return s.lessonJSON(scene, body), true, nil
	case "PUT /visit/edit-lesson":
		return s.editLesson(scene, body), true, nil
	case "POST /visit/cancel-lesson":
		s.lesson.Off = "cancelled"
		return object{"result": true}, true, nil
	case "POST /visit/restore-lesson":
		s.lesson.Off = ""
		return object{"result": true}, true, nil
	}
	return nil, false, nil
}

func (s *Stage) lessons(scene string, body object) object {
	today := s.now().In(Zone)
	list := []object{}
	line := func(day time.Time, at string, people, unmarked int, more object) {
		l := object{
			"date": day.Format(time.DateOnly), "time": at, "numberOfPersons": 12, "people": people, "unmarked": unmarked,
			"begun": true,
		}
		for key, value := range more {
			l[key] = value
		}
		list = append(list, l)
	}
	switch {
	case scene == "empty":
	case body["unmarked"] == true:
		line(today.AddDate(0, 0, -1), "19:00", 12, 12, nil)
		line(today.AddDate(0, -1, 0), "20:30", 9, 2, nil)
	default:
		line(today, "16:00", 12, 6, object{"current": true})
		line(today, "17:30", 10, 0, nil)
		line(today, "19:00", 0, 0, nil)
		reason := "Тренер болеет"
		if scene == "hostile" {
			reason = Hostile + strings.Repeat("Ы", 100)
		}
		line(today, "20:30", 11, 11, object{"off": "cancelled", "reason": reason})
	}
	return object{"today": today.Format(time.DateOnly), "lessons": list}
}

func (s *Stage) lessonJSON(scene string, body object) object {
	people := []object{}
	list := s.lesson.people
	if scene == "empty" {
		list = nil
	}
	for copies := 1; scene == "crowd" && copies < 17; copies++ {
		for _, a := range s.lesson.people {
			other := *a
			other.ID += 100 * copies
			list = append(list, &other)
		}
	}
	unmarked := 0
	for i, a := range list {
		family, given := a.Family, a.Given
		if scene == "hostile" {
			family, given = Hostile, strings.Repeat("Ы", 60)
		}
		if !a.Marked {
			unmarked++
		}
		image := any(nil)
		if i%2 == 0 && scene == "faces" {
			image = strings.Repeat("0", 32) + ".jpg"
		}
		people = append(people, object{
			"id": a.ID, "version": strconv.Itoa(a.version), "mark": a.Mark, "marked": a.Marked, "absences": a.Absences,
			"blocked": a.Blocked, "user": object{
				"id": a.ID + 1000, "studentCard": a.Card, "firstname": given, "secondname": family, "surname": "",
				"group": a.Group, "role": "STUDENT", "image": image,
			},
		})
	}
	l := object{
		"date": body["date"], "time": body["time"], "off": nil, "reason": nil, "mayMark": true, "rule": nil,
		"absencesToBlock": 3, "unmarked": unmarked, "people": people,
	}
	off := s.lesson.Off
	if scene == "off" {
		off = "cancelled"
	}
	switch {
	case off != "":
		l["off"], l["reason"], l["mayMark"], l["rule"] = off, "Тренер болеет", false, "lesson_cancelled"
	case scene == "late":
		l["mayMark"], l["rule"] = false, "coach_marks_days"
	case scene == "ahead":
		l["mayMark"], l["rule"] = false, "lesson_ahead"
	}
	return l
}

func (s *Stage) editLesson(scene string, body object) object {
	results := []object{}
	marks, _ := body["marks"].([]any)
	for _, entry := range marks {
		m, _ := entry.(object)
		id, _ := m["id"].(float64)
		result := object{"id": id, "saved": false, "rule": "mark_not_found", "text": "Этого человека нет в занятии."}
		for _, a := range s.lesson.people {
			if a.ID == int(id) {
				result = a.set(m, s.lesson.Off != "")
				result["id"] = id
			}
		}
		results = append(results, result)
	}
	return object{"lesson": s.lessonJSON(scene, body), "results": results}
}

// set gives a person a mark, as visit/edit-lesson does.
func (a *attendee) set(m object, off bool) object {
	value, marked := 0, m["marked"] != false
	if n, ok := m["mark"].(float64); ok {
		value = int(n)
	}
	same := a.Marked == marked && (!marked || a.Mark == value)
	switch {
	case off:
		return object{"saved": false, "rule": "lesson_cancelled", "text": "Занятие отменено, отмечать нечего."}
	case !same && m["version"] != strconv.Itoa(a.version):
		return object{"saved": false, "rule": "mark_changed", "text": "Отметку уже изменили. Посмотрите и выберите снова."}
	case !same:
		a.Mark, a.Marked, a.version = value, marked, a.version+1
	}
	return object{"saved": true, "rule": nil, "text": nil}
}
