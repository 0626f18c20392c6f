package web

import "net/http"

// cancelGet shows who is affected before a lesson is cancelled or restored.
func (s *site) cancelGet(w http.ResponseWriter, r *http.Request) error {
	q := r.URL.Query()
	l, err := s.lessonOf(r, q.Get("date"), q.Get("time"))
	if err != nil {
		return err
	}
	return s.show(w, r, "cancel", cancelPage{lesson: l})
}

// cancelPage is the screen that cancels a lesson or restores it.
type cancelPage struct {
	lesson

	Words string // the reason as it was typed
}

// Marks is how many people have a mark that a cancellation hides.
func (c cancelPage) Marks() int { return c.Done() }

func (s *site) cancelPost(w http.ResponseWriter, r *http.Request) error {
	return s.turnLesson(w, r, "POST /visit/cancel-lesson", "lesson-cancelled")
}

func (s *site) restorePost(w http.ResponseWriter, r *http.Request) error {
	return s.turnLesson(w, r, "POST /visit/restore-lesson", "lesson-restored")
}

func (s *site) turnLesson(w http.ResponseWriter, r *http.Request, endpoint, notice string) error {
	body := map[string]string{"date": r.PostFormValue("date"), "time": r.PostFormValue("time")}
	if reason := r.PostFormValue("reason"); reason != "" {
		body["reason"] = reason
	}
	refusal := s.Gym.Call(r.Context(), visitorOf(r).token, endpoint, body, nil)
	if refusal != nil && (over(refusal) || problemOf(refusal).Kind != "refused") {
		return refusal
	}
	l, err := s.lessonOf(r, body["date"], body["time"])
	if refusal != nil {
		if err != nil {
			return refusal
		}
		return s.again(w, r, refusal, "cancel", cancelPage{lesson: l, Words: body["reason"]})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/lesson?"+string(l.Key())+"&done="+notice, http.StatusSeeOther)
	return nil
}
