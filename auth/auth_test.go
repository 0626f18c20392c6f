package auth_test

import (
	"encoding/json"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestLogInAsTheOldFront(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.person(12345678, "STUDENT")
	r.person(1234567, "BLOCKED")
	r.person(22345678, "COACH")
	r.person(32345678, "ADMIN")

	b := r.browser()
	a := b.logIn("", 12345678, right)
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.Equal(
		t,
		[]string{"application/json"},
		a.header["Content-Type"],
		"the built front compares the whole header",
	)
	require.Equal(t, "no-store", a.header.Get("Cache-Control"))
	var data map[string]json.RawMessage
	require.NoError(t, json.Unmarshal(a.data, &data))
	require.Len(t, data, 2)
	require.JSONEq(
		t,
		`{"firstname":"Иван","secondname":"Петров","surname":"Ильич","group":"БИ-21","studentCard":12345678,
		"role":"STUDENT","image":null}`,
		string(data["userData"]),
	)

	// The session is known by the token alone, and the same data come back.
	again := b.ask("GET /auth/check-login", nil)
	require.Equal(t, http.StatusOK, again.status, again.raw)
	require.JSONEq(t, string(data["userData"]), string(again.data))

	// A card may come as text, and each kind of person has its own door.
	require.Equal(t, http.StatusOK, r.browser().logIn("", "1234567", right).status)
	require.Equal(t, http.StatusOK, r.browser().logIn("/coach", "22345678", right).status)
	require.Equal(t, http.StatusOK, r.browser().logIn("/admin", 32345678, right).status)
	for _, wrongDoor := range []struct {
		path string
		card int
	}{{"", 22345678}, {"", 32345678}, {"/coach", 12345678}, {"/coach", 32345678}, {"/admin", 22345678}} {
		refused := r.browser().logIn(wrongDoor.path, wrongDoor.card, right)
		require.Equal(t, http.StatusUnauthorized, refused.status, "%v", wrongDoor)
		require.Equal(t, "LoginError", refused.errType)
	}
}

func TestRefusalsOfTheOldFrontsPaths(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.person(12345678, "STUDENT")
	for _, test := range []struct {
		endpoint string
		body     any
		status   int
		errType  string
	}{
		{"POST /auth/login", map[string]any{"login": 12345678, "password": "wrong password"}, 401, "LoginError"},
		{"POST /auth/login", nil, 400, "InvalidRequestException"},
		{"POST /auth/login", "{", 400, "InvalidRequestException"},
		{"POST /auth/login", "[]", 400, "InvalidRequestException"},
		{"POST /auth/login", `{"login":{},"password":""}`, 400, "InvalidRequestException"},
		{"GET /auth/login", nil, 405, "MethodNotAllowed"},
		{"POST /auth/unknown", nil, 404, "NotFound"},
		{"GET /auth/check-login", nil, 401, "LoginError"},
		{"POST /auth/check-studcard", map[string]any{"studentCard": 123456}, 400, "InvalidRequestException"},
		{"POST /auth/check-studcard", map[string]any{"studentCard": "1234567x"}, 400, "InvalidRequestException"},
		{"POST /auth/check-studcard", map[string]any{"studentCard": "１２３４５６７"}, 400, "InvalidRequestException"},
		{"POST /auth/check-studcard", map[string]any{}, 400, "InvalidRequestException"},
		{"POST /auth/signup", map[string]any{"studentCard": 1}, 400, "InvalidRequestException"},
		{"GET /user/get", nil, 401, "LoginError"},
		{"PUT /user/edit-password", map[string]any{"oldPassword": right, "newPassword": right}, 401, "LoginError"},
		{"PATCH /user/get", nil, 405, "MethodNotAllowed"},
		{"GET /", nil, 404, "NotFound"},
		{"GET /user/get/../../x", nil, 404, "NotFound"},
		{"GET /user%2fget", nil, 404, "NotFound"},
		{"GET /user/get;jsessionid=1", nil, 404, "NotFound"},
		{"POST /media/update-my-picture", nil, 401, "LoginError"},
	} {
		a := r.browser().ask(test.endpoint, test.body)
		require.Equal(t, test.status, a.status, "%s %v: %s", test.endpoint, test.body, a.raw)
		require.Equal(t, test.errType, a.errType, "%s %v: %s", test.endpoint, test.body, a.raw)
		require.Equal(t, []string{"application/json"}, a.header["Content-Type"])
		require.Regexp(t, `^[А-Я].*[.:]`, a.message)
	}
	for _, card := range []any{12345678, "12345678", 7654321} {
		a := r.browser().ask("POST /auth/check-studcard", map[string]any{"studentCard": card})
		require.JSONEq(t, `{"error":false,"data":{"alreadyExists":false}}`, a.raw, "it tells nobody who is registered")
	}
}

func TestSignUpByNamesIsRefusedByDefault(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	form := map[string]any{
		"studentCard": 12345678, "password": right, "firstname": "Иван", "secondname": "Петров", "surname": "Ильич", "group": "БИ-21",
	}
	// The thief knows all that the roster has of the person.
	r.exec(`insert into gym.roster (card, given, family, patronymic, "group", added_at)
		values (12345678, 'Иван', 'Петров', 'Ильич', 'БИ-21', now())`)
	a := r.browser().ask("POST /auth/signup", form)
	require.Equal(t, http.StatusUnauthorized, a.status, a.raw)
	require.Equal(t, "RegistrationError", a.errType)
	unknown := r.browser().
		ask("POST /auth/signup", map[string]any{"studentCard": 7654321, "password": right, "firstname": "А",
			"secondname": "Б", "surname": "", "group": "В"})
	require.Equal(t, a.raw, unknown.raw, "nor does it tell who is on the roster")
	var people int
	require.NoError(t, r.Owner.QueryRow(t.Context(), `select count(*) from gym.users`).Scan(&people))
	require.Zero(t, people)
}

func TestTheMediaCookieOpensNothingElse(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.loggedIn(12345678, "STUDENT")
	a := b.ask("GET /auth/check-login", nil)
	var cookie *http.Cookie
	for _, c := range (&http.Response{Header: a.header}).Cookies() {
		if c.Name == "__Secure-media" {
			cookie = c
		}
	}
	require.NotNil(t, cookie)
	require.Equal(t, "/media", cookie.Path)
	require.True(t, cookie.HttpOnly && cookie.Secure)
	require.Equal(t, http.SameSiteLaxMode, cookie.SameSite)
	require.NotEqual(t, b.token, cookie.Value)

	thief := r.browser()
	thief.token = cookie.Value
	require.Equal(t, http.StatusUnauthorized, thief.ask("GET /auth/check-login", nil).status)
	thief.token = ""
	a = thief.ask(
		"GET /auth/check-login",
		nil,
		"Cookie",
		"__Host-session="+cookie.Value+"; __Secure-media="+cookie.Value,
	)
	require.Equal(t, http.StatusUnauthorized, a.status)
}

func TestATokenInTheURLIsNotAccepted(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.loggedIn(12345678, "STUDENT")
	stranger := r.browser()
	for _, query := range []string{"?token=", "?Authorization=", "?session=", "?__Host-session=", "?access_token="} {
		require.Equal(
			t,
			http.StatusUnauthorized,
			stranger.ask("GET /auth/check-login"+query+b.token, nil).status,
			query,
		)
		require.Equal(t, http.StatusUnauthorized, stranger.ask("GET /gym-news/get"+query+b.token, nil).status, query)
	}
	require.Equal(t, http.StatusNotFound, stranger.ask("GET /"+b.token, nil).status)
}

func TestATokenFromBeforeTheLogInIsNeverTakenOver(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.person(12345678, "STUDENT")
	const fixed = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	b := r.browser()
	b.token = fixed
	a := b.ask("POST /auth/login", map[string]any{"login": 12345678, "password": right, "token": fixed},
		"Cookie", "__Host-session="+fixed)
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.NotContains(t, a.raw, fixed)
	b.token = fixed
	require.Equal(t, http.StatusUnauthorized, b.ask("GET /auth/check-login", nil).status)
}

func TestTheHeaderAloneCounts(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	student, coach := r.loggedIn(12345678, "STUDENT"), r.loggedIn(22345678, "COACH")
	who := func(b *browser, headers ...string) string {
		a := b.ask("GET /auth/check-login", nil, headers...)
		var user struct{ Role string }
		_ = json.Unmarshal(a.data, &user)
		return user.Role
	}
	require.Equal(t, "STUDENT", who(student, "Cookie", "__Host-session="+coach.token))
	pages := r.browser()
	require.Equal(t, "COACH", who(pages, "Cookie", "__Host-session="+coach.token), "the pages' scripts send no header")
	require.Empty(t, who(pages, "Authorization", "", "Cookie", "__Host-session="+coach.token), "an empty header is one")
	require.Empty(t, who(pages, "Authorization", "Bearer "+coach.token), "the token stands bare")
	require.Empty(
		t,
		who(pages, "Cookie", "__Host-session="+coach.token+"; __Host-session="+student.token),
		"which of the two?",
	)
}

func TestAFormOfAnotherSiteIsRefused(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.loggedIn(12345678, "STUDENT")
	for _, headers := range [][]string{
		{"Sec-Fetch-Site", "cross-site"},
		{"Sec-Fetch-Site", "same-site"},
		{"Origin", "https://evil.example"},
		{"Origin", "null"},
	} {
		for _, endpoint := range []string{"POST /auth/login", "PUT /user/edit", "POST /media/update-my-picture", "POST page /logout"} {
			a := b.ask(endpoint, nil, append(headers, "Cookie", "__Host-session="+b.token)...)
			require.Equal(t, http.StatusForbidden, a.status, "%s %v: %s", endpoint, headers, a.raw)
		}
	}
	require.Equal(t, http.StatusOK, b.ask("GET /auth/check-login", nil, "Sec-Fetch-Site", "same-origin").status)
}
