package web

import (
	"net/http"
	"strconv"
	"time"
)

// personPage is a person as a coach sees one: visit/person of the contract.
type personPage struct {
	User     user         `json:"user"`
	From     string       `json:"from"`
	To       string       `json:"to"`
	Lessons  []personLine `json:"lessons"`
	Totals   totals       `json:"totals"`
	Absences struct {
		Absences []struct{ Date, Time string } `json:"absences"`
		Limit    int                           `json:"limit"`
		Blocked  bool                          `json:"blocked"`
		Until    string                        `json:"blockedUntil"`
	} `json:"absences"`
	Blocks []struct {
		Reason   string `json:"reason"`
		Since    string `json:"since"`
		Until    string `json:"until"`
		LiftedOn string `json:"liftedOn"`
	} `json:"blocks"`

	// Code is a code that was just made, nil where none was.
	Code *Code `json:"-"`
	// Earlier is the month before those that are shown.
	Earlier string `json:"-"`
}

// personLine is a lesson of a person.
type personLine struct {
	Date   string `json:"date"`
	Time   string `json:"time"`
	Mark   int    `json:"mark"`
	Marked bool   `json:"marked"`
	Ahead  bool   `json:"ahead"`
	Reason string `json:"reason"`
}

// totals are numbers of lessons.
type totals struct {
	Held    int `json:"held"`
	Present int `json:"present"`
	Absent  int `json:"absent"`
	Excused int `json:"excused"`
}

// State names what came of a lesson: "present", "excused", "absent", "off", "ahead" or "unmarked".
func (l personLine) State() string {
	switch {
	case l.Mark == 3:
		return "off"
	case l.Mark == markExcused:
		return "excused"
	case l.Mark == markPresent:
		return "present"
	case l.Marked:
		return "absent"
	case l.Ahead:
		return "ahead"
	}
	return "unmarked"
}

// Outcome is what came of a lesson in words.
func (w words) Outcome(l personLine) (string, error) {
	switch l.State() {
	case "present":
		return w.T("lesson.present")
	case "excused":
		return w.T("lesson.excused")
	case "absent":
		return w.T("lesson.absent")
	case "off":
		return w.T("person.off")
	case "ahead":
		return w.T("person.ahead")
	}
	return w.T("person.unmarked")
}

func (s *site) personOf(r *http.Request, id string) (personPage, error) {
	var data personPage
	n, err := strconv.Atoi(id)
	if err != nil {
		return data, errNotFound
	}
	body := map[string]any{"user": n}
	if month := r.URL.Query().Get("month"); month != "" {
		body["month"] = month
	}
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "POST /visit/person", body, &data); err != nil {
		return data, err
	}
	if first, err := time.Parse(time.DateOnly, data.From); err == nil {
		data.Earlier = first.AddDate(0, -1, 0).Format("01-2006")
	}
	return data, nil
}

func (s *site) personGet(w http.ResponseWriter, r *http.Request) error {
	data, err := s.personOf(r, r.URL.Query().Get("id"))
	if err != nil {
		return err
	}
	return s.show(w, r, "person", data)
}

// personCodePost makes a code. The page with it is the answer: no address shows it again.
func (s *site) personCodePost(w http.ResponseWriter, r *http.Request) error {
	data, err := s.personOf(r, r.PostFormValue("id"))
	if err != nil {
		return err
	}
	r.URL.RawQuery = "id=" + strconv.Itoa(data.User.ID)
	code, err := s.Accounts.IssueCode(r.Context(), visitorOf(r).token, data.User.Card)
	if err != nil {
		return s.again(w, r, err, "person", data)
	}
	code.ValidUntil = s.local(code.ValidUntil)
	data.Code = &code
	w.Header().Set("Cache-Control", "no-store")
	return s.show(w, r, "person", data)
}

// people is the search for a person.
type people struct {
	Text  string
	Found []user
}

// mostFound is how many people a search shows.
const mostFound = 50

func (s *site) peopleGet(w http.ResponseWriter, r *http.Request) error {
	data := people{Text: r.URL.Query().Get("text")}
	if data.Text == "" {
		return s.show(w, r, "people", data)
	}
	body := map[string]any{"text": data.Text, "limit": mostFound}
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "POST /user/find", body, &data.Found); err != nil {
		return s.again(w, r, err, "people", data)
	}
	return s.show(w, r, "people", data)
}

// Full reports whether there may be more people than are shown.
func (p people) Full() bool { return len(p.Found) == mostFound }
