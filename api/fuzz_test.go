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

// fields are the fields of every body in contract.md, and a value that fits each.
var fields = map[string]string{
	"id": `1`, "weekday": `1`, "time": `"16:00"`, "numberOfPersons": `2`, "month": `"12-2026"`, "deleted": `true`, "force": `true`,
	"status": `true`, "selectedTimes": `[1,3]`, "selectedTime": `1`, "user": `1`, "studentCard": `12345`, "firstname": `"Иван"`,
	"secondname": `"Иванович"`, "surname": `"Иванов"`, "group": `"ИС-21"`, "password": `"сложный-пароль"`, "role": `"STUDENT"`,
	"oldPassword": `"старый-пароль"`, "newPassword": `"новый-пароль"`, "body": `"Текст"`,
}

// nastyValues are put in the place of each field.
var nastyValues = []string{
	`null`, `true`, `[]`, `{}`, `[[]]`, `[null]`, `""`, `" "`, `"12"`, `" 12 "`, `"+12"`, `"-1"`, `"1e3"`, `"0x1F"`, `"١٢"`, `"12\n"`, `"NaN"`, `"infinity"`,
	`0`, `-0`, `-1`, `1.5`, `1e0`, `1e400`, `-1e400`, `1e-400`, `1e99999`, `2147483647`, `2147483648`, `-2147483649`, `9223372036854775808`, strings.Repeat("9", 400),
	`"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udc00\ud800"`, `"\uffff"`, `"'; drop table gym.users; --"`, `"%s%s%s%n"`, `"\\"`, `"\""`,
	`"24:00"`, `"7:5"`, `"16:00:60"`, `"23:59"`, `"13-2026"`, `"00-2026"`, `"12-99999"`, `"12-0000"`, `"01-1999"`, `"current"`, `"next"`,
	`[1,1]`, `[1,2,3,4,5]`, `["1","3"]`, `[-1]`, `[0]`, `[2147483647]`, `[1.0,3e0]`, `"ADMIN"`, `"admin"`, `"` + strings.Repeat("я", 1000) + `"`,
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

// FuzzEndpoint: whatever is sent to whichever endpoint by whomever, it is answered in time, with the
// envelope, never as a fault of ours, and the database stays sound.
//
//	go test ./api -run '^$' -fuzz '^FuzzEndpoint$' -fuzztime 20s
func FuzzEndpoint(f *testing.F) {
	g := newGym(f, whileOpen)
	g.timetable()
	endpoints := slices.DeleteFunc(routes(f, g.handler), func(route string) bool { return !strings.Contains(route, "/api/") })
	o := options(g.db.At(f, whileOpen))
	o.RequestTimeout = 10 * time.Second // and then it would be Unavailable
	handler := api.New(o)
	f.Cleanup(func() { audit(f, g.db) })

	doc, err := description()
	require.NoError(f, err)
	users := []string{fmt.Sprint(g.student), fmt.Sprint(g.blocked), fmt.Sprint(g.coach), fmt.Sprint(g.admin), "None"}
	admin := fmt.Sprint(g.admin)
	const contentType = "application/json"
	for n, endpoint := range endpoints {
		for i, body := range nastyBodies {
			f.Add(uint8(n), users[i%len(users)], contentType, "", []byte(body))
		}
		method, path, _ := strings.Cut(endpoint, " ")
		if described := doc.Paths.Find(path).GetOperation(method).RequestBody; described != nil {
			for _, field := range slices.Sorted(maps.Keys(described.Value.Content["application/json"].Schema.Value.Properties)) {
				for _, value := range nastyValues {
					// One field is broken; the others fit.
					f.Add(uint8(n), admin, contentType, "", bodyOf(field, value))
				}
			}
		}
	}
	for n, user := range []string{"", "0", "-1", "2147483647", "2147483648", "None", "none", "1e3", "1 ", "\x00", "٧", strings.Repeat("9", 5000)} {
		f.Add(uint8(n), user, contentType, strings.Repeat("x", 100), bodyOf("", ""))
	}
	for n, other := range []string{"", "text/plain", "application/json;;", ";", "application/json; charset=koi8-r", strings.Repeat("a/", 5000), "\x00"} {
		f.Add(uint8(n), admin, other, "\x00\n", bodyOf("", ""))
	}

	var count atomic.Int64
	f.Fuzz(func(t *testing.T, endpoint uint8, userID, contentType, requestID string, body []byte) {
		n := count.Add(1)
		if n%20 == 0 {
			// Whom calls before deleted comes back, or soon nobody could do anything.
			_, err := g.db.Owner.Exec(t.Context(), "update gym.users set deleted = false where deleted")
			require.NoError(t, err)
		}

		method, path, _ := strings.Cut(endpoints[int(endpoint)%len(endpoints)], " ")
		r := httptest.NewRequestWithContext(t.Context(), method, path, bytes.NewReader(body))
		r.Header = http.Header{"Token": {token}, "User-Id": {userID}, "Content-Type": {contentType}, "X-Request-Id": {requestID}}
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, r)

		a := readAnswer(t, w.Code, w.Header(), w.Body.Bytes())
		require.Contains(t, []int{200, 400, 403, 413}, a.status, "%s", a.raw)
		if a.status != http.StatusOK {
			requireRussian(t, a.message)
			require.Equal(t, statuses[a.errType], a.status)
		}
		checkAnswerDescribed(t, r, a)
		if n%500 == 0 {
			audit(t, g.db)
		}
	})
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
