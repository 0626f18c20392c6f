package webtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"energiya/internal/gymclient"
	"energiya/web"
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
	case "POST /visit/person":
		return s.person(scene), true, nil
	case "POST /user/find":
		list := []object{}
		for _, a := range s.lesson.people {
			if scene != "empty" && body["text"] != "ничего" {
				list = append(list, a.user(scene))
			}
		}
		return list, true, nil
	case "POST /entry/lists":
		return s.lists(scene), true, nil
	case "POST /report/preview":
		if fmt.Sprint(body["endDate"]) < fmt.Sprint(body["startDate"]) {
			return nil, true, &gymclient.Error{
				Status: 400, Rule: "report_period_in_order", Message: "Последний день раньше первого. Выберите дни снова.",
			}
		}
		return s.preview(scene, body), true, nil
	case "POST /report/statistics":
		return s.statistics(scene), true, nil
	case "GET /gym-news/get":
		return s.posts(scene), true, nil
	case "POST /gym-news/create", "PUT /gym-news/edit":
		if body["body"] == "" {
			return nil, true, &gymclient.Error{Status: 400, Rule: "field_unreadable", Message: "Заполните поле body."}
		}
		s.Posts = append(s.Posts, body)
		return object{"id": 1}, true, nil
	case "DELETE /gym-news/delete":
		return object{"result": true}, true, nil
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
			"date": day.Format(
				time.DateOnly,
			), "time": at, "numberOfPersons": 12, "people": people, "unmarked": unmarked,
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
	for _, a := range list {
		if !a.Marked {
			unmarked++
		}
		people = append(people, object{
			"id": a.ID, "version": strconv.Itoa(a.version), "mark": a.Mark, "marked": a.Marked, "absences": a.Absences,
			"blocked": a.Blocked, "user": a.user(scene),
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
		return object{
			"saved": false,
			"rule":  "mark_changed",
			"text":  "Отметку уже изменили. Посмотрите и выберите снова.",
		}
	case !same:
		a.Mark, a.Marked, a.version = value, marked, a.version+1
	}
	return object{"saved": true, "rule": nil, "text": nil}
}

// user is User of the contract.
func (a *attendee) user(scene string) object {
	family, given, image, role := a.Family, a.Given, any(nil), "STUDENT"
	if scene == "hostile" {
		family, given = Hostile, strings.Repeat("Ы", 60)
	}
	if scene == "faces" && a.ID%2 == 0 {
		image = strings.Repeat("0", 32) + ".jpg"
	}
	if a.Blocked {
		role = "BLOCKED"
	}
	return object{
		"id": a.ID + 1000, "studentCard": a.Card, "firstname": given, "secondname": family, "surname": "", "group": a.Group,
		"role": role, "image": image,
	}
}

func (s *Stage) person(scene string) object {
	day := func(d int) string { return time.Date(2026, 12, d, 0, 0, 0, 0, Zone).Format(time.DateOnly) }
	lessons, blocks, absences := []object{}, []object{}, []object{}
	if scene != "empty" {
		for i, d := range []int{1, 3, 8, 10, 15, 17, 22, 29} {
			lessons = append(lessons, object{
				"date": day(
					d,
				), "time": "16:00", "mark": []int{1, 0, 2, 3, 1, 0, 0, 0}[i], "marked": i < 6, "ahead": i == 7,
			})
		}
		absences = append(absences, object{"date": day(3), "time": "16:00"}, object{"date": day(17), "time": "16:00"})
		reason := "3 пропуска за октябрь"
		if scene == "hostile" {
			reason = Hostile
		}
		blocks = append(blocks, object{"reason": reason, "since": "2026-11-01", "until": "2026-11-30", "liftedOn": nil})
	}
	return object{
		"user": s.lesson.people[0].user(scene), "from": day(1), "to": "2027-01-31", "lessons": lessons,
		"totals": object{"held": 6, "present": 2, "absent": 2, "excused": 1},
		"absences": object{
			"absences":     absences,
			"limit":        3,
			"blocked":      scene == "hostile",
			"blockedUntil": "2027-01-31",
		},
		"blocks": blocks,
	}
}

func (s *Stage) lists(scene string) []object {
	all := []object{}
	for i, slot := range s.Week {
		if scene == "empty" {
			break
		}
		list := object{"slot": slot, "people": []object{}, "waiting": []object{}}
		if i%3 != 2 {
			users := []object{}
			for _, a := range s.lesson.people {
				users = append(users, object{"entry": a.ID, "user": a.user(scene)})
			}
			list["people"] = users
			if i%4 == 0 {
				list["waiting"] = users[:2]
			}
		}
		all = append(all, list)
	}
	return all
}

func (s *Stage) preview(scene string, body object) object {
	rows, days := []object{}, []object{}
	for d := 1; d <= 30 && scene != "empty"; d++ {
		if d%7 != 6 {
			days = append(days, object{
				"date": fmt.Sprintf("2026-11-%02d", d), "present": 30 + d%5*4, "absent": d % 4, "excused": d % 3,
			})
		}
	}
	for i, a := range s.lesson.people {
		if scene == "empty" {
			break
		}
		u := a.user(scene)
		name, _ := u["secondname"].(string)
		row := object{"studentCard": a.Card, "name": name + " " + a.Given, "group": a.Group}
		switch body["kind"] {
		case "visits":
			marks := []object{}
			for d := 2; d < 30; d += 3 {
				marks = append(marks, object{
					"date": fmt.Sprintf("2026-11-%02d", d), "time": "16:00", "mark": (d + i) % 4, "marked": d != 29,
				})
			}
			row["marks"] = marks
		case "occupancy":
			row = object{
				"date": fmt.Sprintf(
					"2026-11-%02d",
					i+1,
				), "time": "16:00", "numberOfPersons": 12, "enrolled": 10, "came": 8,
				"excused": 1, "absent": 1, "refused": i, "state": "held",
			}
			if i == 11 {
				row["came"], row["excused"], row["absent"] = nil, nil, nil
			}
		case "term":
			row["held"], row["attended"], row["excused"], row["absent"], row["blocks"] = 12, 10, 1, 1, 0
		default:
			row["reason"], row["firstDay"], row["lastDay"] = "3 пропуска за октябрь", "2026-11-01", "2026-11-30"
		}
		rows = append(rows, row)
	}
	if body["kind"] == "blocked" {
		days = []object{}
	}
	return object{
		"kind": body["kind"], "from": body["startDate"], "to": body["endDate"], "count": len(rows) * 20, "rows": rows,
		"totals": object{"lessons": 24, "present": 960, "absent": 37, "excused": 24}, "days": days,
	}
}

func (s *Stage) statistics(scene string) object {
	slots := []object{}
	for i, slot := range s.Week {
		if scene == "empty" {
			break
		}
		slots = append(slots, object{
			"weekday": slot.Weekday, "time": slot.Time, "lessons": 4, "seats": 48, "enrolled": 40 + i%9, "came": 30 + i%9,
			"excused": i % 4, "absent": i % 5, "refused": i * 7 % 11,
		})
	}
	total := object{
		"lessons": 96, "seats": 1152, "enrolled": 1000, "came": 900, "excused": 40, "absent": 60, "refused": 97,
	}
	return object{"totals": total, "slots": slots}
}

func (s *Stage) posts(scene string) []object {
	if scene == "empty" {
		return []object{}
	}
	text := "С 1 по 10 января зал закрыт.\nС наступающим!"
	if scene == "hostile" {
		text = Hostile + strings.Repeat("Длинно", 1600)
	}
	return []object{
		{"id": 3, "body": "Сменная обувь обязательна.", "createTime": "01.09.2026"},
		{"id": 4, "body": text, "createTime": "20.12.2026", "shownUntil": "2027-01-10"},
	}
}

// IssueCode makes the same code for everybody but a coach.
func (s *Stage) IssueCode(_ context.Context, _ string, card int) (web.Code, error) {
	if card == people["coach"].Card {
		return web.Code{}, &web.Refusal{Rule: "code_students_only", Message: "Тренер выдаёт коды только студентам."}
	}
	return web.Code{Card: card, Person: "Абрамов Олег", Code: "ABCD-EFGH", ValidUntil: s.now().Add(24 * time.Hour)}, nil
}

// IssueCodes makes a code for each person of the lesson.
func (s *Stage) IssueCodes(_ context.Context, token, group string) ([]web.Code, error) {
	if group == "БИ-42" {
		return nil, &web.Refusal{Rule: "group_has_accounts", Message: "В этой группе у всех уже есть учётная запись."}
	}
	_, scene, _ := strings.Cut(token, "-")
	list := []web.Code{}
	for _, a := range s.lesson.people {
		person, _ := a.user(scene)["secondname"].(string)
		list = append(list, web.Code{
			Card: a.Card, Person: person + " " + a.Given, Code: "ABCD-EFGH", Enrols: true,
			ValidUntil: s.now().Add(30 * 24 * time.Hour),
		})
	}
	return list, nil
}

// CodeGroups are three, or in the scene "empty" none.
func (s *Stage) CodeGroups(_ context.Context, token string) ([]web.CodeGroup, error) {
	switch {
	case strings.HasSuffix(token, "-empty"):
		return nil, nil
	case strings.HasSuffix(token, "-hostile"):
		return []web.CodeGroup{{Group: Hostile, WithoutAccount: 200}}, nil
	}
	return []web.CodeGroup{
		{Group: "ИС-21", WithoutAccount: 12}, {Group: "БИ-42"}, {Group: "ГД-11", WithoutAccount: 1},
	}, nil
}

// Download answers a small file of the kind that was asked for.
func (s *Stage) Download(_ context.Context, token, endpoint string, in any) (io.ReadCloser, string, string, error) {
	if strings.HasSuffix(token, "-down") {
		return nil, "", "", errDown
	}
	body, _ := in.(map[string]any)
	if body["format"] == "csv" {
		file := io.NopCloser(strings.NewReader("имя;группа\n"))
		return file, "Посещения с 01.11 по 30.11.csv", "text/csv; charset=utf-8", nil
	}
	return io.NopCloser(strings.NewReader("PK" + endpoint)), "Посещения с 01.11 по 30.11.xlsx",
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", nil
}
