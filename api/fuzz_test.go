package api_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/api"
)

// fields are the fields of every body in openapi.yaml, and a value that fits each.
var fields = map[string]string{
	"id": `1`, "weekday": `1`, "time": `"16:00"`, "numberOfPersons": `2`, "month": `"12-2026"`, "deleted": `true`, "force": `true`,
	"status": `true`, "selectedTimes": `[1,3]`, "selectedTime": `1`, "user": `1`, "studentCard": `12345`, "firstname": `"Иван"`,
	"secondname": `"Иванов"`, "surname": `"Иванович"`, "group": `"ИС-21"`, "password": `"сложный-пароль"`, "role": `"STUDENT"`,
	"oldPassword": `"старый-пароль"`, "newPassword": `"новый-пароль"`, "body": `"Текст"`,
	"date": `"2026-11-26"`, "mark": `1`, "marked": `true`, "present": `[2]`, "excused": `[]`, "reason": `"Причина"`, "startDate": `"2026-12-05"`, "endDate": `"2026-12-06"`,
	"runsAs": `null`, "format": `"csv"`,
	"shownUntil": `"2026-12-31"`, "past": `true`, "unmarked": `true`, "text": `"Имя"`, "limit": `5`, "was": `[1]`,
	"kind": `"term"`, "rows": `5`,
	"marks": `[{"id":1,"version":"u","mark":1}]`,
}

// nastyValues are put in the place of each field.
var nastyValues = []string{
	`null`, `true`, `[]`, `{}`, `[[]]`, `[null]`, `""`, `" "`, `"12"`, `" 12 "`, `"+12"`, `"-1"`, `"1e3"`, `"0x1F"`, `"١٢"`, `"12\n"`, `"NaN"`, `"infinity"`,
	`0`, `-0`, `-1`, `1.5`, `1e0`, `1e400`, `-1e400`, `1e-400`, `1e99999`, `2147483647`, `2147483648`, `-2147483649`, `9223372036854775808`, strings.Repeat("9", 400),
	`"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udc00\ud800"`, `"\uffff"`, `"'; drop table gym.users; --"`, `"%s%s%s%n"`, `"\\"`, `"\""`,
	`"24:00"`, `"7:5"`, `"16:00:60"`, `"23:59"`, `"13-2026"`, `"00-2026"`, `"12-99999"`, `"12-0000"`, `"01-1999"`, `"2026-02-29"`, `"2026-11-26 16:00"`, `"2099-12-31"`, `"current"`, `"next"`,
	`[1,1]`, `[1,2,3,4,5]`, `["1","3"]`, `[-1]`, `[0]`, `[2147483647]`, `[1.0,3e0]`, `"ADMIN"`, `"admin"`, `"` + strings.Repeat("я", 1000) + `"`,
	// A gigabyte once somebody writes it out.
	`[` + strings.Repeat(
		"1e131071,",
		100_000,
	) + `1]`, `1e131071`, `{"a":[` + strings.Repeat("1e131071,", 100_000) + `1]}`,
}

// nastyBodies are sent as they are.
var nastyBodies = []string{
	``, ` `, `{}`, `[]`, `null`, `0`, `"x"`, `{`, `{"id"`, `{"id":1}{"id":1}`, `{"id":1} x`, `{"id":1,"id":2}`, `{"id":1,"id":"x"}`,
	`{"\u0000":1}`, "{\"id\":\"\xff\"}", "\xef\xbb\xbf{}", "{\"\xed\xa0\x80\":1}", "\x00", "{}\x00",
	strings.Repeat(`{"id":`, 4000) + `1` + strings.Repeat(`}`, 4000),
	`{"id":` + strings.Repeat(`[`, 9000) + strings.Repeat(`]`, 9000) + `}`,
	`{"selectedTimes":[` + strings.Repeat(`1,`, 5000) + `1]}`,
	`{"selectedTimes":` + strings.Repeat(`[`, 3000) + strings.Repeat(`]`, 3000) + `}`,
	`{"body":"` + strings.Repeat(`x`, 200_000) + `"}`,
}

// prober sends whatever comes to whichever endpoint by whomever, and requires that it is answered in
// time, with the envelope, never as a fault of ours, and that the database stays sound.
type prober struct {
	gym
	handler   http.Handler
	endpoints []string
	count     atomic.Int64
}

func newProber(t testing.TB) *prober {
	p := &prober{gym: newGym(t, whileOpen)}
	p.timetable()
	p.endpoints = slices.DeleteFunc(
		routes(t, p.gym.handler),
		func(route string) bool { return !strings.Contains(route, "/api/") },
	)
	o := options(p.db.At(t, whileOpen))
	o.RequestTimeout = 10 * time.Second // and then it would be Unavailable, which probe refuses
	p.handler = api.New(o)
	t.Cleanup(func() { audit(t, p.pool) })
	return p
}

func (p *prober) probe(t *testing.T, endpoint uint8, userID, contentType, requestID string, body []byte) {
	n := p.count.Add(1)
	if n%20 == 0 {
		// Whom calls before deleted comes back, or soon nobody could do anything.
		_, err := p.db.Owner.Exec(t.Context(), "update gym.users set deleted = false where deleted")
		require.NoError(t, err)
	}
	if n%500 == 0 {
		audit(t, p.pool)
	}

	method, path, _ := strings.Cut(p.endpoints[int(endpoint)%len(p.endpoints)], " ")
	r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
	r.Header = http.Header{
		"Token":        {token},
		"User-Id":      {userID},
		"Content-Type": {contentType},
		"X-Request-Id": {requestID},
	}
	w := httptest.NewRecorder()
	p.handler.ServeHTTP(w, r)

	if isReport(path) && w.Code == http.StatusOK {
		require.NotContains(t, w.Header().Get("Content-Type"), "json")
		require.Contains(t, w.Header().Get("Content-Disposition"), "attachment")
		return
	}
	a := readAnswer(t, w.Code, w.Header(), w.Body.Bytes())
	require.Contains(
		t,
		[]int{200, 400, 403, 413},
		a.status,
		"%s %s as %q: %s\n%.300s",
		method,
		path,
		userID,
		a.raw,
		body,
	)
	if a.status != http.StatusOK {
		requireRussian(t, a.message)
		require.Equal(t, statuses[a.errType], a.status)
	}
	checkAnswerDescribed(t, r, a)
}

const jsonType = "application/json"

// TestNastyInput sends each nasty body to each endpoint, and each nasty value in each of its fields.
func TestNastyInput(t *testing.T) {
	t.Parallel()
	p := newProber(t)
	doc, err := description()
	require.NoError(t, err)
	admin := fmt.Sprint(p.admin)
	for n, endpoint := range p.endpoints {
		for _, body := range nastyBodies {
			p.probe(t, uint8(n), admin, jsonType, "", []byte(body))
		}
		method, path, _ := strings.Cut(endpoint, " ")
		if described := doc.Paths.Find(path).GetOperation(method).RequestBody; described != nil {
			for _, field := range slices.Sorted(maps.Keys(described.Value.Content[jsonType].Schema.Value.Properties)) {
				for _, value := range nastyValues {
					// One field is broken; the others fit.
					p.probe(t, uint8(n), admin, jsonType, "", bodyOf(field, value))
				}
			}
		}
	}
}

// FuzzEndpoint looks for what TestNastyInput did not think of.
//
//	go test ./api -run '^$' -fuzz '^FuzzEndpoint$' -fuzztime 20s -fuzzminimizetime 10x
func FuzzEndpoint(f *testing.F) {
	p := newProber(f)
	users := []string{
		fmt.Sprint(
			p.admin,
		), fmt.Sprint(p.student), fmt.Sprint(p.blocked), fmt.Sprint(p.coach), "None", "", "0", "-1", "2147483647", "2147483648",
		"1e3", "1 ", "\x00", "٧", strings.Repeat("9", 5000),
	}
	types := []string{
		"",
		"text/plain",
		"application/json;;",
		";",
		"application/json; charset=koi8-r",
		strings.Repeat("a/", 5000),
		"\x00",
	}
	for n := range p.endpoints {
		f.Add(uint8(n), users[0], jsonType, "", bodyOf("", ""))
		f.Add(uint8(n), users[n%len(users)], jsonType, strings.Repeat("x", n*3), bodyOf("id", nastyValues[n]))
		f.Add(uint8(n), users[1], types[n%len(types)], "\x00\n", []byte(nastyBodies[n%len(nastyBodies)]))
	}
	f.Fuzz(p.probe)
}

// bodyOf is a body with every field, one of them replaced.
func bodyOf(field, value string) []byte {
	var body bytes.Buffer
	separator := "{"
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		fitting := fields[name]
		if name == field {
			fitting = value
		}
		fmt.Fprintf(&body, `%s"%s":%s`, separator, name, fitting)
		separator = ","
	}
	body.WriteByte('}')
	return body.Bytes()
}
