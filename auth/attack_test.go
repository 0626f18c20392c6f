package auth_test

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"mime/multipart"
	"net/http"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// code issues a code for a card, as the administrator does at a terminal.
func (r *rig) code(card int) string {
	r.t.Helper()
	var code string
	require.NoError(r.t, r.Owner.QueryRow(r.t.Context(), `select code from api.issue_code(card => $1)`, card).Scan(&code))
	r.secrets = append(r.secrets, code, strings.ReplaceAll(code, "-", ""))
	return code
}

// form posts a page's form.
func (b *browser) form(path string, fields string) answer {
	b.r.t.Helper()
	return b.ask("POST page "+path, fields, "Content-Type", "application/x-www-form-urlencoded")
}

// TestAThousandGuesses guesses one password from 200 networks. Few guesses are judged, and the owner gets in meanwhile:
// from a device that is known, and from a new one by a code.
func TestAThousandGuesses(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	owner := r.loggedIn(12345678, "STUDENT")
	code := r.code(12345678)

	judged := 0
	for i := range 1000 {
		thief := r.browser()
		thief.client = fmt.Sprintf("203.%d.113.%d", i%200, 1+i%250)
		a := thief.ask("POST /auth/login", map[string]any{"login": 12345678, "password": fmt.Sprintf("guess %d", i)})
		require.Equal(t, http.StatusUnauthorized, a.status, a.raw)
		if a.header.Get("Retry-After") == "" {
			judged++
		}
	}
	require.Positive(t, judged)
	require.LessOrEqual(t, judged, 30, "the bucket's size, and what flows in meanwhile")

	known := owner.logIn("", 12345678, right)
	require.Equal(t, http.StatusOK, known.status, "from a known device: %s", known.raw)
	stranger := r.browser()
	require.NotEmpty(t, stranger.logIn("", 12345678, right).header.Get("Retry-After"), "from a new device the bucket is empty")
	a := stranger.form("/reset", "card=12345678&code="+code+"&password=другой+пароль&again=другой+пароль")
	require.Equal(t, http.StatusSeeOther, a.status, a.raw)
	r.secrets = append(r.secrets, "другой пароль")
}

func TestParallelAttemptsAreNoMore(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	count := func(card int, parallel bool) int {
		r.person(card, "STUDENT")
		var mu sync.Mutex
		judged := 0
		attempt := func() {
			a := r.browser().ask("POST /auth/login", map[string]any{"login": card, "password": "wrong one"})
			mu.Lock()
			defer mu.Unlock()
			if a.status == http.StatusUnauthorized && a.header.Get("Retry-After") == "" {
				judged++
			}
		}
		var all sync.WaitGroup
		for range 64 {
			if parallel {
				all.Go(attempt)
			} else {
				attempt()
			}
		}
		all.Wait()
		return judged
	}
	one, many := count(12345678, false), count(12345679, true)
	require.LessOrEqual(t, many, one+1, "one drop may have flowed in")
	require.Less(t, one, 64)
}

// TestRefusedLogInsAreAlike compares what a stranger learns about cards: the same bytes, and the same time beyond noise.
func TestRefusedLogInsAreAlike(t *testing.T) {
	r := newRig(t)
	r.person(12345678, "STUDENT")
	r.person(12345679, "STUDENT")
	r.exec(`update gym.users set deleted = true where student_card = 12345679`)
	r.person(22345678, "COACH")
	const pairs = 25
	times := map[string][]time.Duration{}
	bodies := map[string]string{}
	for i := range pairs {
		// The buckets are filled again, so that each attempt is judged.
		r.exec(`delete from gym.buckets`)
		for name, card := range map[string]any{"wrong": 12345678, "deleted": 12345679, "coach": 22345678, "unknown": 77777000 + i} {
			b := r.browser()
			b.client = fmt.Sprintf("203.0.%d.9", i)
			begun := time.Now()
			a := b.ask("POST /auth/login", map[string]any{"login": card, "password": "wrong password"})
			times[name] = append(times[name], time.Since(begun))
			require.Equal(t, http.StatusUnauthorized, a.status, a.raw)
			if bodies[""] == "" {
				bodies[""] = a.raw
			}
			require.Equal(t, bodies[""], a.raw, name)
			a.header.Del("X-Request-Id")
			a.header.Del("Date")
			header, err := json.Marshal(a.header)
			require.NoError(t, err)
			if bodies["header"] == "" {
				bodies["header"] = string(header)
			}
			require.Equal(t, bodies["header"], string(header), name)
		}
	}
	// The quickest of each is the least disturbed by what else the machine does. An answer without a hash, or with one
	// more, would be far off: the hash takes most of the time.
	quickest := slices.Min(times["wrong"]).Seconds()
	for name := range times {
		require.InEpsilon(t, quickest, slices.Min(times[name]).Seconds(), 0.5, "%s: %v", name, times)
	}
}

func TestCodesThatDoNotFitAreAlike(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.person(12345678, "STUDENT")
	r.code(12345678)
	var first answer
	for _, card := range []string{"12345678", "77777777", "letters", ""} {
		a := r.browser().form("/claim", "card="+card+"&code=AAAA-AAAA&password=another+password&again=another+password")
		text := strings.ReplaceAll(a.raw, `value="`+card+`"`, `value=""`)
		if first.raw == "" {
			first = answer{status: a.status, raw: text}
		}
		require.Equal(t, first.status, a.status)
		if card != "" {
			require.Equal(t, first.raw, text, card)
		}
	}
}

// TestAChangedPasswordEndsOtherSessions, by whichever way it is changed.
func TestAChangedPasswordEndsOtherSessions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	alive := func(b *browser) bool { return b.ask("GET /auth/check-login", nil).status == http.StatusOK }

	// by the person, over HTTP: the session that changed it goes on
	here := r.loggedIn(12345678, "STUDENT")
	there := r.browser()
	require.Equal(t, http.StatusOK, there.logIn("", 12345678, right).status)
	a := here.ask("PUT /user/edit-password", map[string]any{"oldPassword": "not this", "newPassword": "новый пароль"})
	require.Equal(t, http.StatusBadRequest, a.status, a.raw)
	require.Equal(t, "MainServerRequestException", a.errType)
	a = here.ask("PUT /user/edit-password", map[string]any{"oldPassword": right, "newPassword": "short"})
	require.Equal(t, http.StatusBadRequest, a.status, a.raw)
	require.True(t, alive(there))
	a = here.ask("PUT /user/edit-password", map[string]any{"oldPassword": right, "newPassword": "новый пароль"})
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.JSONEq(t, `{"error":false,"data":{"result":true}}`, a.raw)
	require.True(t, alive(here))
	require.False(t, alive(there))
	require.Equal(t, http.StatusUnauthorized, r.browser().logIn("", 12345678, right).status)
	require.Equal(t, http.StatusOK, r.browser().logIn("", 12345678, "новый пароль").status)

	// in psql, whichever statement does it
	other := r.loggedIn(12345679, "STUDENT")
	r.exec(`update gym.users set hid = $1 where student_card = 12345679`, pepper.Hid("12345679", "из psql"))
	require.False(t, alive(other))

	// the person is deleted, or becomes somebody else
	gone := r.loggedIn(12345670, "STUDENT")
	r.exec(`update gym.users set deleted = true where student_card = 12345670`)
	require.False(t, alive(gone))
	promoted := r.loggedIn(12345671, "STUDENT")
	r.exec(`update gym.users set role = 'COACH' where student_card = 12345671`)
	require.False(t, alive(promoted))
	blocked := r.loggedIn(12345672, "STUDENT")
	r.exec(`update gym.users set role = 'BLOCKED' where student_card = 12345672`)
	require.True(t, alive(blocked), "a block ends no session")
	r.secrets = append(r.secrets, "новый пароль", "из psql")
}

// upload sends a picture as the old front does.
func (b *browser) upload(field string, file []byte) answer {
	b.r.t.Helper()
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	part, err := form.CreateFormFile(field, "photo.jpg")
	require.NoError(b.r.t, err)
	_, err = part.Write(file)
	require.NoError(b.r.t, err)
	require.NoError(b.r.t, form.Close())
	request, err := http.NewRequestWithContext(b.r.t.Context(), http.MethodPost, b.r.address+"/media/update-my-picture", &body)
	require.NoError(b.r.t, err)
	request.Header.Set("Content-Type", form.FormDataContentType())
	return b.send(request)
}

func TestPictures(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.loggedIn(12345678, "STUDENT")
	var photo bytes.Buffer
	require.NoError(t, jpeg.Encode(&photo, image.NewRGBA(image.Rect(0, 0, 900, 700)), nil))
	a := b.upload("image", photo.Bytes())
	require.Equal(t, http.StatusOK, a.status, a.raw)
	var named map[string]string
	require.NoError(t, json.Unmarshal([]byte(a.raw), &named), "no envelope: %s", a.raw)
	name := named["imgName"]
	require.Regexp(t, `^[0-9a-f]{32}\.jpg$`, name)
	require.Contains(t, b.ask("GET /auth/check-login", nil).raw, name)

	// An <img> sends no header, only the cookie that the log-in has set.
	token := b.token
	b.token = ""
	a = b.ask("GET /media/"+name, nil)
	require.Equal(t, http.StatusOK, a.status)
	require.Equal(t, "image/jpeg", a.header.Get("Content-Type"))
	require.Contains(t, a.header.Get("Cache-Control"), "private")
	require.Contains(t, a.header.Get("Cache-Control"), "immutable")
	require.Equal(t, http.StatusNotFound, r.browser().ask("GET /media/"+name, nil).status, "nobody else sees it")
	b.token = token

	// Another one replaces it.
	a = b.upload("image", photo.Bytes())
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.Equal(t, http.StatusNotFound, b.ask("GET /media/"+name, nil).status)

	var bomb bytes.Buffer
	require.NoError(t, png.Encode(&bomb, image.NewGray(image.Rect(0, 0, 4, 4))))
	binary.BigEndian.PutUint32(bomb.Bytes()[16:], 20000)
	binary.BigEndian.PutUint32(bomb.Bytes()[20:], 20000)
	binary.BigEndian.PutUint32(bomb.Bytes()[29:], crc32.ChecksumIEEE(bomb.Bytes()[12:29]))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	for what, file := range map[string][]byte{
		"a bomb": bomb.Bytes(), "an SVG": []byte(`<svg xmlns="http://www.w3.org/2000/svg"/>`), "half": photo.Bytes()[:photo.Len()/2],
		"a page": []byte("<script>alert(1)</script>"), "nothing": nil, "too long": make([]byte, 8<<20+1), "far too long": make([]byte, 20<<20),
	} {
		a := b.upload("image", file)
		require.Equal(t, http.StatusBadRequest, a.status, "%s: %s", what, a.raw)
		require.Equal(t, "InvalidRequestException", a.errType, what)
	}
	runtime.ReadMemStats(&after)
	require.Less(t, after.Sys, uint64(400<<20), "with the database's clients and the other tests of this package")
	require.Equal(t, http.StatusBadRequest, b.upload("picture", photo.Bytes()).status)
	require.Equal(t, http.StatusUnauthorized, r.browser().upload("image", photo.Bytes()).status)
}

// TestThePagesLogIn goes through the pages' forms with the same accounts.
func TestThePagesLogIn(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.person(12345678, "STUDENT")
	b := r.browser()
	a := b.form("/login", "card=12345678&password=wrong")
	require.NotEqual(t, http.StatusSeeOther, a.status)
	a = b.form("/login", "card=12345678&password="+strings.ReplaceAll(right, " ", "+"))
	require.Equal(t, http.StatusSeeOther, a.status, a.raw)
	cookies := strings.Join(a.header["Set-Cookie"], "\n")
	require.Regexp(t, `__Host-session=[\w-]{43}; Path=/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax`, cookies)
	require.Regexp(t, `__Host-device=[\w-]{43}; Path=/; Max-Age=\d+; HttpOnly; Secure; SameSite=Lax`, cookies)
	a = b.ask("GET page /account", nil)
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.Contains(t, a.raw, "Петров")
	a = b.form("/logout", "")
	require.Equal(t, http.StatusSeeOther, a.status)
	require.Equal(t, http.StatusSeeOther, b.ask("GET page /account", nil).status, "to the log-in")
}
