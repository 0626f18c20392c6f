package web

import (
	"net/http"
	"slices"
	"strconv"
	"strings"
)

// announcements is the screen on which a coach writes them: those that there are, and the form.
type announcements struct {
	Posts []post
	// ID is the announcement that the form edits, 0 for a new one.
	ID      int
	Body    string
	Until   string // the last day on which it is shown, "" for no end
	Preview bool
}

// post is Post of the contract.
type post struct {
	ID      int    `json:"id"`
	Body    string `json:"body"`
	Created string `json:"createTime"`
	Until   string `json:"shownUntil"`
}

func (s *site) postsOf(r *http.Request) (posts []post, err error) {
	past := map[string]bool{"past": true}
	err = s.Gym.Call(r.Context(), visitorOf(r).token, "GET /gym-news/get", past, &posts)
	slices.Reverse(posts)
	return posts, err
}

func (s *site) announcementsGet(w http.ResponseWriter, r *http.Request) error {
	posts, err := s.postsOf(r)
	if err != nil {
		return err
	}
	data := announcements{Posts: posts}
	if edit := r.URL.Query().Get("edit"); edit != "" {
		i := slices.IndexFunc(posts, func(p post) bool { return strconv.Itoa(p.ID) == edit })
		if i < 0 {
			return errNotFound
		}
		data.ID, data.Body, data.Until = posts[i].ID, posts[i].Body, posts[i].Until
	}
	return s.show(w, r, "announcements", data)
}

// announcementsPost publishes or changes an announcement, or shows the form again with a preview.
func (s *site) announcementsPost(w http.ResponseWriter, r *http.Request) error {
	data := announcements{
		// A browser sends lines with CR LF.
		Body: strings.ReplaceAll(r.PostFormValue("body"), "\r\n", "\n"), Until: r.PostFormValue("until"),
	}
	data.ID, _ = strconv.Atoi(r.PostFormValue("id"))
	var refusal error
	if data.Preview = r.PostFormValue("do") == "preview"; !data.Preview {
		endpoint, body := "POST /gym-news/create", map[string]any{"body": data.Body}
		if data.Until != "" {
			body["shownUntil"] = data.Until
		}
		if data.ID != 0 {
			endpoint, body["id"], body["shownUntil"] = "PUT /gym-news/edit", data.ID, data.Until
		}
		refusal = s.Gym.Call(r.Context(), visitorOf(r).token, endpoint, body, nil)
		if refusal == nil {
			return done(w, r, "/announcements", "announced")
		}
		if over(refusal) || problemOf(refusal).Kind != "refused" {
			return refusal
		}
	}
	posts, err := s.postsOf(r)
	if err != nil {
		return err
	}
	data.Posts = posts
	if refusal != nil {
		return s.again(w, r, refusal, "announcements", data)
	}
	return s.show(w, r, "announcements", data)
}

func (s *site) announcementsDeletePost(w http.ResponseWriter, r *http.Request) error {
	id, err := strconv.Atoi(r.PostFormValue("id"))
	if err != nil {
		return errNotFound
	}
	body := map[string]int{"id": id}
	if err := s.Gym.Call(r.Context(), visitorOf(r).token, "DELETE /gym-news/delete", body, nil); err != nil {
		return err
	}
	return done(w, r, "/announcements", "announcement-deleted")
}
