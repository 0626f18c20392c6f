package auth_test

import (
	"bytes"
	crand "crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"hash/crc32"
	"image"
	"image/jpeg"
	"image/png"
	"maps"
	"math"
	"math/rand/v2"
	"mime/multipart"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// code issues a code for a card, as the administrator does at a terminal.
func (r *rig) code(card int) string {
	r.t.Helper()
	// with random bytes of our own, as the command does: PostgreSQL 12 has none
	entropy := make([]byte, 32)
	_, err := crand.Read(entropy)
	require.NoError(r.t, err)
	var code string
	require.NoError(
		r.t,
		r.Owner.QueryRow(r.t.Context(), `select code from rules.issue_code($1, $2, null)`, card, entropy).
			Scan(&code),
	)
	r.keepSecret(code, strings.ReplaceAll(code, "-", ""))
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
	require.NotEmpty(
		t,
		stranger.logIn("", 12345678, right).header.Get("Retry-After"),
		"from a new device the bucket is empty",
	)
	a := stranger.form("/reset", "card=12345678&code="+code+again("другой пароль never-in-a-log"))
	require.Equal(t, http.StatusSeeOther, a.status, a.raw)
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

// trial is something that a stranger tries on a card, of each kind in turn.
type trial struct {
	cards   map[string]string
	attempt func(b *browser, card string) answer
	status  int
}

// alike tries each kind of card so many times. What a stranger learns must be the same: the same bytes but for the ID
// of the request, and the same time beyond noise.
func (r *rig) alike(pairs int, tried trial) {
	r.t.Helper()
	kinds := slices.Sorted(maps.Keys(tried.cards))
	times := map[string][]float64{} // in milliseconds
	var first string
	for i := range pairs {
		// The buckets are filled again, so that each attempt is judged.
		r.exec(`delete from gym.buckets`)
		for _, kind := range shuffled(kinds) {
			card := tried.cards[kind]
			b := r.browser()
			b.client = fmt.Sprintf("203.%d.%d.9", i%200, slices.Index(kinds, kind))
			begun := time.Now()
			a := tried.attempt(b, card)
			times[kind] = append(times[kind], float64(time.Since(begun).Microseconds())/1000)
			require.Equal(r.t, tried.status, a.status, "%s: %s", kind, a.raw)
			id := a.header.Get("X-Request-Id")
			require.NotEmpty(r.t, id)
			a.header.Del("X-Request-Id")
			a.header.Del("Date")
			a.header.Del("Server-Time") // the same, finer
			header, err := json.Marshal(a.header)
			require.NoError(r.t, err)
			all := strings.NewReplacer(id, "ID", `value="`+card+`"`, "CARD").Replace(a.raw) + string(header)
			if first == "" {
				first = all
			}
			require.Equal(r.t, first, all, kind)
		}
	}
	// What else the machine does disturbs both of a pair: what counts is the median of their differences.
	whole := median(times[kinds[0]])
	for _, kind := range kinds[1:] {
		differences := make([]float64, pairs)
		for i := range pairs {
			differences[i] = times[kind][i] - times[kinds[0]][i]
		}
		r.t.Logf("%s: %.1f ms, %s: %.1f ms; median of the differences of %d pairs: %.1f ms",
			kinds[0], whole, kind, median(times[kind]), pairs, median(differences))
		// An answer without a hash, or with one more, would be far off: the hash takes most of the time.
		require.Less(r.t, math.Abs(median(differences)), whole/5, "%s and %s", kinds[0], kind)
	}
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

func shuffled(list []string) []string {
	list = slices.Clone(list)
	rand.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	return list
}

// again is a new password in a form, typed twice.
func again(typed string) string {
	return "&password=" + url.QueryEscape(typed) + "&again=" + url.QueryEscape(typed)
}

// likePairs is how many attempts of each kind are compared.
const likePairs = 100

// TestRefusedLogInsAreAlike is not parallel: it measures.
func TestRefusedLogInsAreAlike(t *testing.T) {
	r := newRig(t)
	r.person(12345678, "STUDENT")
	r.person(12345679, "STUDENT")
	r.exec(`update gym.users set deleted = true where student_card = 12345679`)
	r.person(22345678, "COACH")
	r.exec(`insert into gym.users (student_card, firstname, secondname, surname, "group", hid, role)
		values (12345670, 'Иван', 'Петров', 'Ильич', 'БИ-21', '-', 'STUDENT')`)
	r.alike(likePairs, trial{
		cards: map[string]string{
			"wrong": "12345678", "deleted": "12345679", "coach": "22345678", "unknown": "77777000", "no password": "12345670",
		},
		attempt: func(b *browser, card string) answer {
			return b.ask("POST /auth/login", map[string]any{"login": card, "password": "wrong password"})
		},
		status: http.StatusUnauthorized,
	})
}

// TestCodesThatDoNotFitAreAlike, whether the card is known, has a code, or is deleted.
func TestCodesThatDoNotFitAreAlike(t *testing.T) {
	r := newRig(t)
	r.person(12345678, "STUDENT")
	r.code(12345678)
	r.person(12345679, "STUDENT")
	r.exec(`update gym.users set deleted = true where student_card = 12345679`)
	r.person(12345670, "STUDENT")
	r.exec(`insert into gym.roster (card, given, family, patronymic, "group", added_at)
		values (12345671, 'Анна', 'Сидорова', '', 'БИ-21', now())`)
	r.code(12345671)
	r.alike(likePairs, trial{
		cards: map[string]string{
			"wrong code": "12345678", "deleted": "12345679", "registered": "12345670", "on the roster": "12345671",
			"unknown": "77777777",
		},
		attempt: func(b *browser, card string) answer {
			return b.form("/claim", "card="+card+"&code=AAAA-AAAA"+again("another password"))
		},
		status: http.StatusUnprocessableEntity,
	})
	for _, card := range []string{"letters", ""} {
		a := r.browser().form("/claim", "card="+card+"&code=AAAA-AAAA"+again("another password"))
		require.Less(t, a.status, 500)
		require.NotEqual(t, http.StatusSeeOther, a.status)
	}
}

// TestACampusBehindOneAddress types one wrong password for each person, then the right one. The setting is lowered, so
// that few people are what 2,000 are in life; db/tests/auth/attempts.sql has them all.
func TestACampusBehindOneAddress(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.exec(`select rules.set_setting('failed_cards', '5')`)
	const people = 40
	for i := range people {
		r.person(12345000+i, "STUDENT")
	}
	attempt := func(i int, typed string) answer {
		b := r.browser()
		b.client = "198.51.100.1"
		for {
			a := b.ask("POST /auth/login", map[string]any{"login": 12345000 + i, "password": typed})
			if a.status != http.StatusServiceUnavailable {
				return a
			}
			// Many hash at once: the server says when to come again.
			seconds, err := strconv.Atoi(a.header.Get("Retry-After"))
			require.NoError(t, err)
			time.Sleep(time.Duration(seconds) * time.Second)
		}
	}
	var all sync.WaitGroup
	for i := range people {
		all.Go(func() {
			if a := attempt(i, "typing error"); a.status != http.StatusUnauthorized ||
				a.header.Get("Retry-After") != "" {
				t.Errorf("person %d: the first password: %d %s", i, a.status, a.raw)
			}
			if a := attempt(i, right); a.status != http.StatusOK {
				t.Errorf("person %d: the second password: %d %s", i, a.status, a.raw)
			}
		})
	}
	all.Wait()
}

// TestGuessesAtTheOldPasswordAreCharged: a session that was left open is no way to the password.
func TestGuessesAtTheOldPasswordAreCharged(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.exec(`select rules.set_setting('device_tries', '5')`)
	b := r.loggedIn(12345678, "STUDENT")
	guess := func(typed string) answer {
		return b.ask(
			"PUT /user/edit-password",
			map[string]any{"oldPassword": typed, "newPassword": "новый пароль never-in-a-log"},
		)
	}
	judged := 0
	for i := range 20 {
		a := guess(fmt.Sprintf("guess %d", i))
		require.Equal(t, http.StatusBadRequest, a.status, a.raw)
		require.Equal(t, "MainServerRequestException", a.errType)
		if a.header.Get("Retry-After") == "" {
			judged++
		}
	}
	require.Positive(t, judged)
	require.LessOrEqual(t, judged, 6, "the bucket's size, and one drop that may have flowed in")
	a := guess(right)
	require.Equal(t, http.StatusBadRequest, a.status, "the right one is refused too: %s", a.raw)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Equal(t, http.StatusOK, r.browser().logIn("", 12345678, right).status, "the owner gets in all the same")
}

// TestFailingStatementsHoldNoSecret makes every step of a log-in fail in the database, which logs the statements.
// scripts/test looks into PostgreSQL's log after all tests.
func TestFailingStatementsHoldNoSecret(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	b := r.loggedIn(12345678, "STUDENT")
	code := r.code(12345678)
	const chosen = "новый пароль never-in-a-log"
	r.hid(12345678, chosen)
	r.exec(`select rules.set_setting('sign_up_by', 'names')`)
	for _, table := range []string{"sessions", "verifiers", "attempts", "codes", "log_ins"} {
		r.exec(`alter table gym.` + table + ` rename to was_` + table)
		failed := 0
		for _, a := range []answer{
			r.browser().ask("POST /auth/login", map[string]any{"login": 12345678, "password": right}),
			r.browser().form("/claim", "card=12345678&code="+code+again(chosen)),
			r.browser().form("/reset", "card=12345678&code="+code+again(chosen)),
			r.browser().ask("POST /auth/signup", map[string]any{"studentCard": 12345679, "password": chosen,
				"firstname": "Иван", "secondname": "Петров", "surname": "", "group": "БИ-21"}),
			b.ask("PUT /user/edit-password", map[string]any{"oldPassword": right, "newPassword": chosen}),
			b.ask("GET /auth/check-login", nil),
		} {
			if a.status >= 500 {
				failed++
			}
		}
		r.exec(`alter table gym.was_` + table + ` rename to ` + table)
		require.Positive(t, failed, "%s: the database must have refused a statement", table)
	}
	// A row that breaks a constraint is logged as a whole, unless a rule has looked before.
	a := r.browser().ask("POST /auth/signup", map[string]any{"studentCard": 12345679, "password": chosen,
		"firstname": " ", "secondname": "", "surname": "", "group": ""})
	r.hid(12345679, chosen)
	require.Less(t, a.status, 500, a.raw)
	require.NotEqual(t, http.StatusOK, a.status)
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
	a := here.ask(
		"PUT /user/edit-password",
		map[string]any{"oldPassword": "not this", "newPassword": "новый пароль never-in-a-log"},
	)
	require.Equal(t, http.StatusBadRequest, a.status, a.raw)
	require.Equal(t, "MainServerRequestException", a.errType)
	a = here.ask("PUT /user/edit-password", map[string]any{"oldPassword": right, "newPassword": "short"})
	require.Equal(t, http.StatusBadRequest, a.status, a.raw)
	require.True(t, alive(there))
	a = here.ask(
		"PUT /user/edit-password",
		map[string]any{"oldPassword": right, "newPassword": "новый пароль never-in-a-log"},
	)
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.JSONEq(t, `{"error":false,"data":{"result":true}}`, a.raw)
	require.True(t, alive(here))
	require.False(t, alive(there))
	require.Equal(t, http.StatusUnauthorized, r.browser().logIn("", 12345678, right).status)
	require.Equal(t, http.StatusOK, r.browser().logIn("", 12345678, "новый пароль never-in-a-log").status)

	// by the administrator over HTTP
	admin := r.loggedIn(32345678, "ADMIN")
	given := r.loggedIn(12345673, "STUDENT")
	var id int
	require.NoError(
		t,
		r.Owner.QueryRow(t.Context(), `select id from gym.users where student_card = 12345673`).Scan(&id),
	)
	a = admin.ask("PUT /user/edit-any", map[string]any{"id": id, "newPassword": "дан администратором never-in-a-log"})
	require.Equal(t, http.StatusOK, a.status, a.raw)
	require.False(t, alive(given))
	require.True(t, alive(admin))
	require.Equal(t, http.StatusOK, r.browser().logIn("", 12345673, "дан администратором never-in-a-log").status)

	// by a code that the administrator gave out, on another device
	coded := r.loggedIn(12345674, "STUDENT")
	a = r.browser().form("/reset", "card=12345674&code="+r.code(12345674)+again("по коду never-in-a-log"))
	require.Equal(t, http.StatusSeeOther, a.status, a.raw)
	require.False(t, alive(coded))
	require.Equal(t, http.StatusOK, r.browser().logIn("", 12345674, "по коду never-in-a-log").status)

	// in psql, whichever statement does it
	other := r.loggedIn(12345679, "STUDENT")
	r.exec(`update gym.users set hid = $1 where student_card = 12345679`, r.hid(12345679, "из psql never-in-a-log"))
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
	request, err := http.NewRequestWithContext(
		b.r.t.Context(),
		http.MethodPost,
		b.r.address+"/media/update-my-picture",
		&body,
	)
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

	// The person wants none any more, and says so on the page.
	require.NoError(t, json.Unmarshal([]byte(a.raw), &named))
	require.NotEqual(t, name, named["imgName"])
	page := r.browser()
	require.Equal(t, http.StatusSeeOther, page.form("/login", "card=12345678&password="+url.QueryEscape(right)).status)
	removed := page.form("/account/picture/remove", "")
	require.Equal(t, http.StatusSeeOther, removed.status, removed.raw)
	require.Equal(t, http.StatusNotFound, b.ask("GET /media/"+named["imgName"], nil).status)
	require.NotContains(t, b.ask("GET /auth/check-login", nil).raw, named["imgName"])

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
	a = b.form("/login", "card=12345678&password="+url.QueryEscape(right))
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
