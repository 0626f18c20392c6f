package web

import (
	"net/http"
	"time"
)

const (
	themeCookie = "theme"
	// preferenceAge is how long a browser keeps the language and the theme.
	preferenceAge = 365 * 24 * time.Hour
)

// themes are the values of the theme's cookie. The first one is meant where there is none.
var themes = []string{"system", "light", "dark"}

func themeOf(r *http.Request) string {
	if c, err := r.Cookie(themeCookie); err == nil && contains(themes, c.Value) {
		return c.Value
	}
	return themes[0]
}

// preferencesPost keeps language and theme in this browser: they are wanted before a log-in too, and may differ between
// a person's devices.
func (s *site) preferencesPost(w http.ResponseWriter, r *http.Request) error {
	if theme := r.PostFormValue("theme"); contains(themes, theme) {
		keepPreference(w, themeCookie, theme)
	}
	for _, tag := range languages {
		if r.PostFormValue("language") == tag.String() {
			keepPreference(w, languageCookie, tag.String())
		}
	}
	http.Redirect(w, r, localPath(r.FormValue("next")), http.StatusSeeOther)
	return nil
}

func keepPreference(w http.ResponseWriter, name, value string) {
	http.SetCookie(w, &http.Cookie{
		Name: name, Value: value, Path: "/", MaxAge: int(preferenceAge.Seconds()),
		Secure: true, HttpOnly: true, SameSite: http.SameSiteLaxMode,
	})
}
