package web

import (
	"encoding/json"
	"html/template"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// lesson is visit/lesson of the contract: a lesson with its people by family name.
type lesson struct {
	Date            string     `json:"date"`
	Time            string     `json:"time"`
	Off             string     `json:"off"` // "", "cancelled" or "closed"
	Reason          string     `json:"reason"`
	MayMark         bool       `json:"mayMark"`
	Rule            string     `json:"rule"` // why MayMark is false
	AbsencesToBlock int        `json:"absencesToBlock"`
	Unmarked        int        `json:"unmarked"`
	People          []attendee `json:"people"`
}

// attendee is a person of a lesson with the mark. ID is of the mark, 0 in a month that has none yet.
type attendee struct {
	ID       int    `json:"id"`
	Version  string `json:"version"`
	User     user   `json:"user"`
	Value    int    `json:"mark"`
	Marked   bool   `json:"marked"`
	Absences int    `json:"absences"`
	Blocked  bool   `json:"blocked"`
}

// user is User of the contract.
type user struct {
	ID         int    `json:"id"`
	Card       int    `json:"studentCard"`
	Given      string `json:"firstname"`
	Family     string `json:"secondname"`
	Patronymic string `json:"surname"`
	Group      string `json:"group"`
	Role       string `json:"role"`
	Image      string `json:"image"`
}

// Name is the family name and the given name, as a list shows them.
func (u user) Name() string { return strings.TrimSpace(u.Family + " " + u.Given) }

// FullName has the patronymic too.
func (u user) FullName() string {
	return Person{Family: u.Family, Given: u.Given, Patronymic: u.Patronymic}.FullName()
}

// The marks that a coach gives, in the order of the buttons.
const (
	markAbsent  = 0
	markPresent = 1
	markExcused = 2
)

// Mark is the mark as a form has it, "" where nobody has marked the person.
func (a attendee) Mark() string {
	if !a.Marked {
		return ""
	}
	return strconv.Itoa(a.Value)
}

// Key is the query of the lesson's address.
func (l lesson) Key() template.URL { return queryOf("date", l.Date, "time", l.Time) }

// Done is how many people are marked.
func (l lesson) Done() int { return len(l.People) - l.Unmarked }

// Ahead reports whether the lesson is on a later day: only an excuse can be noted then.
func (l lesson) Ahead() bool { return l.Rule == "lesson_ahead" }

// Open reports whether anything can be marked.
func (l lesson) Open() bool { return (l.MayMark || l.Ahead()) && l.Off == "" && len(l.People) > 0 }

// Day is the date of the lesson.
func (l lesson) Day() (time.Time, error) { return time.Parse(time.DateOnly, l.Date) }

// Bars reports whether one more absence, or those that there are, bar the person from next month.
func (l lesson) Bars(a attendee) bool { return a.Absences > 0 && a.Absences >= l.AbsencesToBlock-1 }

// mark is one mark that is to be set, as visit/edit-lesson takes it.
type mark struct {
	ID      int    `json:"id"`
	Version string `json:"version"`
	Mark    *int   `json:"mark,omitempty"`
	Marked  *bool  `json:"marked,omitempty"` // false takes the mark back
}

// markOf makes a mark of the text of a form: "" takes the mark back.
func markOf(id int, version, text string) (mark, bool) {
	m := mark{ID: id, Version: version}
	if text == "" {
		no := false
		m.Marked = &no
		return m, true
	}
	value, err := strconv.Atoi(text)
	m.Mark = &value
	return m, err == nil
}

// edited is the answer of visit/edit-lesson.
type edited struct {
	Lesson  lesson `json:"lesson"`
	Results []struct {
		ID    int    `json:"id"`
		Saved bool   `json:"saved"`
		Rule  string `json:"rule"`
		Text  string `json:"text"`
	} `json:"results"`
}

// lessonPage is the screen of the lesson.
type lessonPage struct {
	lesson

	// Refusals are why marks were not set, by the id of the mark.
	Refusals map[int]string
	// Back is the change that undoes the last one: by the id of the mark, the mark before.
	Back map[int]string
}

// Undo returns the marks that undo the last change, with the versions that the page shows.
func (l lessonPage) Undo() []undone {
	var list []undone
	for _, a := range l.People {
		if before, ok := l.Back[a.ID]; ok && a.ID != 0 && before != a.Mark() {
			list = append(list, undone{attendee: a, Before: before})
		}
	}
	return list
}

// undone is a mark with what it was before.
type undone struct {
	attendee

	Before string
}

func (s *site) lessonOf(r *http.Request, date, at string) (l lesson, err error) {
	body := map[string]string{"date": date, "time": at}
	err = s.Gym.Call(r.Context(), visitorOf(r).token, "POST /visit/lesson", body, &l)
	return l, err
}

func (s *site) lessonGet(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	l, err := s.lessonOf(r, q.Get("date"), q.Get("time"))
	if err != nil {
		return err
	}
	return s.show(w, r, "lesson", lessonPage{lesson: l, Back: backOf(q.Get("back"))})
}

// lessonPost marks a lesson from a page without scripts. Only what differs from what the page showed is sent, so that a
// mark which another coach set meanwhile stays.
func (s *site) lessonPost(w http.ResponseWriter, r *http.Request) error {
	if err := r.ParseForm(); err != nil {
		return errNotFound
	}
	date, at := r.PostForm.Get("date"), r.PostForm.Get("time")
	r.URL.RawQuery = url.Values{"date": {date}, "time": {at}}.Encode()
	marks, back := marksOf(r.PostForm)
	answer, err := s.editLesson(r, date, at, marks)
	if err != nil {
		return err
	}
	shown := lessonPage{lesson: answer.Lesson, Refusals: map[int]string{}, Back: back}
	words := s.page(r, nil)
	for _, result := range answer.Results {
		if result.Saved {
			continue
		}
		delete(back, result.ID)
		if shown.Refusals[result.ID], err = words.RefusalOf(result.Rule, result.Text); err != nil {
			return err
		}
	}
	if len(shown.Refusals) > 0 {
		return s.show(w, r, "lesson", shown)
	}
	target := "/lesson?" + string(answer.Lesson.Key()) + "&done=saved"
	if r.PostForm.Get("do") != "undo" {
		target += "&back=" + url.QueryEscape(backText(answer.Lesson, back))
	}
	http.Redirect(w, r, target, http.StatusSeeOther)
	return nil
}

// marksOf reads the form: for each person w (the mark that the page showed), v (its version) and m (the mark now). The
// button "rest" marks as present who has no mark. back is what undoes it all.
func marksOf(form url.Values) (marks []mark, back map[int]string) {
	back = map[int]string{}
	rest := form.Get("do") == "rest"
	for name := range form {
		id, err := strconv.Atoi(strings.TrimPrefix(name, "w"))
		if err != nil || !strings.HasPrefix(name, "w") {
			continue
		}
		was, now := form.Get(name), form.Get("m"+strconv.Itoa(id))
		if now == "" && was == "" && rest {
			now = strconv.Itoa(markPresent)
		}
		if now == was {
			continue
		}
		if m, ok := markOf(id, form.Get("v"+strconv.Itoa(id)), now); ok {
			marks, back[id] = append(marks, m), was
		}
	}
	return marks, back
}

// backOf reads what backText wrote: "12:1.13:" is mark 1 of 12, and no mark of 13.
func backOf(text string) map[int]string {
	back := map[int]string{}
	for _, part := range strings.Split(text, ".") {
		id, value, _ := strings.Cut(part, ":")
		if n, err := strconv.Atoi(id); err == nil && contains([]string{"", "0", "1", "2"}, value) {
			back[n] = value
		}
	}
	return back
}

// backText writes the change in the order of the lesson.
func backText(l lesson, back map[int]string) string {
	var parts []string
	for _, a := range l.People {
		if before, ok := back[a.ID]; ok {
			parts = append(parts, strconv.Itoa(a.ID)+":"+before)
		}
	}
	return strings.Join(parts, ".")
}

func (s *site) editLesson(r *http.Request, date, at string, marks []mark) (answer edited, err error) {
	if marks == nil {
		marks = []mark{}
	}
	body := map[string]any{"date": date, "time": at, "marks": marks}
	err = s.Gym.Call(r.Context(), visitorOf(r).token, "PUT /visit/edit-lesson", body, &answer)
	return answer, err
}

// rows is a lesson as its script draws it.
type rows struct {
	Off     bool      `json:"off"`
	Rows    []row     `json:"rows"`
	Results []outcome `json:"results"`
}

type row struct {
	ID       int    `json:"id"`
	Version  string `json:"version"`
	Mark     string `json:"mark"`
	Absences int    `json:"absences"`
}

type outcome struct {
	ID    int    `json:"id"`
	Saved bool   `json:"saved"`
	Text  string `json:"text"`
}

func rowsOf(l lesson) rows {
	answer := rows{Off: l.Off != "", Rows: []row{}, Results: []outcome{}}
	for _, a := range l.People {
		answer.Rows = append(answer.Rows, row{a.ID, a.Version, a.Mark(), a.Absences})
	}
	return answer
}

// lessonMarksGet answers the marks as they are now.
func (s *site) lessonMarksGet(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	l, err := s.lessonOf(r, q.Get("date"), q.Get("time"))
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, rowsOf(l))
}

// maxMarks bounds the body of lessonMarksPost: a thousand marks need less.
const maxMarks = 128 << 10

// lessonMarksPost sets the marks that wait on a phone, and answers what came of each. It may be sent twice.
func (s *site) lessonMarksPost(w http.ResponseWriter, r *http.Request) error {
	var body struct {
		Date, Time string
		Marks      []mark
	}
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxMarks)).Decode(&body); err != nil {
		return errNotFound
	}
	edited, err := s.editLesson(r, body.Date, body.Time, body.Marks)
	if err != nil {
		return err
	}
	answer, words := rowsOf(edited.Lesson), s.page(r, nil)
	for _, result := range edited.Results {
		o := outcome{ID: result.ID, Saved: result.Saved}
		if !o.Saved {
			if o.Text, err = words.RefusalOf(result.Rule, result.Text); err != nil {
				return err
			}
		}
		answer.Results = append(answer.Results, o)
	}
	return writeJSON(w, http.StatusOK, answer)
}

func writeJSON(w http.ResponseWriter, status int, answer any) error {
	raw, err := json.Marshal(answer)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, err = w.Write(raw)
	return err
}

// data serves what a script asks for: its error is JSON with the words for the person.
func (s *site) data(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		err := h(w, r)
		if err == nil {
			return nil
		}
		words := s.page(r, nil)
		if over(err) {
			dropSession(w)
			text, err := words.T("login.over")
			if err != nil {
				return err
			}
			return writeJSON(w, http.StatusUnauthorized, map[string]string{"text": text})
		}
		p := problemOf(err)
		if p.Status == http.StatusInternalServerError {
			s.Log.ErrorContext(r.Context(), "data failed", "path", r.URL.Path, "err", err)
		}
		if p.RetryAfter > 0 {
			w.Header().Set("Retry-After", strconv.Itoa(p.Seconds()))
		}
		text, err := words.RefusalOf(p.Rule, p.Message)
		if p.Kind != "refused" {
			text, err = words.T("problem." + p.Kind + ".title")
		}
		if err != nil {
			return err
		}
		return writeJSON(w, p.Status, map[string]string{"text": text})
	}
}
