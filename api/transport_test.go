package api_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/dbtest"
)

// replace puts another body into a function of wire, for faults that a healthy one does not show.
func replace(t testing.TB, owner *pgxpool.Pool, function, body string) {
	t.Helper()
	_, err := owner.Exec(t.Context(), fmt.Sprintf(
		`create or replace function wire.%s(p_actor integer, p_body jsonb, p_request_id text) returns json
		 language plpgsql as $fn$ begin %s end $fn$`, function, body))
	require.NoError(t, err)
}

func withToken() http.Header { return http.Header{"Token": {token}} }

func TestTokenComesBeforeEverything(t *testing.T) {
	t.Parallel()
	c := client{t: t, handler: api.New(options(nil))}
	strangers := map[string]http.Header{
		"none":               {},
		"empty":              {"Token": {""}},
		"wrong":              {"Token": {"guess"}},
		"right and wrong":    {"Token": {token, "guess"}},
		"right, twice":       {"Token": {token, token}},
		"a prefix":           {"Token": {token[:5]}},
		"with more behind":   {"Token": {token + "x"}},
		"with a space":       {"Token": {" " + token}},
		"with NUL behind":    {"Token": {token + "\x00"}},
		"in capitals":        {"Token": {strings.ToUpper(token)}},
		"non-ASCII":          {"Token": {"токен"}},
		"no UTF-8":           {"Token": {"\xff\xfe" + token}},
		"look-alike letters": {"Token": {strings.ReplaceAll(token, "o", "о")}},
		"a megabyte":         {"Token": {strings.Repeat(token, 1<<20/len(token))}},
		"a list":             {"Token": {token + "," + token}},
		"a thousand":         {"Token": slices.Repeat([]string{token}, 1000)},
		"as a bearer's":      {"Authorization": {"Bearer " + token}},
		"with a known actor": {"User-Id": {"1"}},
	}
	for name, header := range strangers {
		t.Run(name, func(t *testing.T) {
			c := client{t: t, handler: c.handler}
			for _, endpoint := range []string{
				"GET /avtime/get", "GET /new/get", "POST /avtime/get", "FOO /avtime/get", "HEAD /avtime/get",
				"GET /no/such/path", "FOO /no/such/path", "GET /api/nowhere",
			} {
				a := c.send(endpoint, header, strings.Repeat("x", 1<<21))
				require.Equal(t, 401, a.status, endpoint)
				require.Equal(t, "TokenException", a.errType)
				requireRussian(t, a.message)
			}
		})
	}
}

func TestProbesNeedNoToken(t *testing.T) {
	t.Parallel()
	o := options(nil)
	var unready error
	o.Ready = func(context.Context) error { return unready }
	c := client{t: t, handler: api.New(o)}
	require.Equal(t, 200, c.send("GET /healthz", http.Header{}, nil).status)
	require.Equal(t, 200, c.send("GET /readyz", http.Header{}, nil).status)
	unready = errors.New("schema 3, built for 4")
	require.Equal(t, 200, c.send("GET /healthz", http.Header{}, nil).status)
	a := c.send("GET /readyz", http.Header{}, nil)
	require.Equal(t, "Unavailable", a.errType)
	require.NotContains(t, a.message, "schema")
}

func TestNotReadyIsUnavailable(t *testing.T) {
	t.Parallel()
	o := options(nil)
	o.Ready = func(context.Context) error { return errors.New("schema 3, built for 4") }
	c := client{t: t, handler: api.New(o)}
	for _, route := range routes(t, c.handler) {
		if !strings.Contains(route, " /api/") {
			continue
		}
		a := c.refused("Unavailable", strings.Replace(route, "/api/v1", "", 1), 1, nil)
		require.NotEmpty(t, a.header.Get("Retry-After"))
	}
	c.refused("NotFound", "GET /no/such/path", 1, nil)
	c.refused("MethodNotAllowed", "POST /avtime/get", 1, nil)
	require.Equal(t, 401, c.send("GET /avtime/get", http.Header{}, nil).status)
}

func TestUnknownPathsAreTheEnvelope(t *testing.T) {
	t.Parallel()
	c := client{t: t, handler: api.New(options(nil))}
	for _, path := range []string{
		"/api/v1", "/api/v1/", "/api/v1/avtime", "/api/v1/avtime/", "/api/v1/avtime/get/", "/api/v1/AVTIME/get",
		"/api/v1//avtime/get", "/api/v1/avtime%2Fget", "/api/v1/avtime/get%00", "/api/v2/avtime/get", "/api/",
		"/api/v1/wire.user_create", "/api/v1/avtime/get_any", "/api/v1/../v1/avtime/get",
	} {
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "FOO"} {
			a := c.send(method+" "+path, withToken(), nil)
			require.Equal(t, 404, a.status, "%s %s", method, path)
			require.Equal(t, "NotFound", a.errType)
			requireRussian(t, a.message)
		}
	}
}

func TestOtherMethodsAreTheEnvelope(t *testing.T) {
	t.Parallel()
	c := client{t: t, handler: api.New(options(nil))}
	for _, route := range routes(t, c.handler) {
		allowed, path, _ := strings.Cut(route, " ")
		for _, method := range []string{"GET", "POST", "PUT", "DELETE", "HEAD", "OPTIONS", "PATCH", "TRACE", "CONNECT", "FOO"} {
			if method == allowed {
				continue
			}
			a := c.send(method+" "+path, withToken(), "{not json")
			require.Equal(t, 405, a.status, "%s %s", method, path)
			require.Equal(t, "MethodNotAllowed", a.errType)
			require.Equal(t, allowed, a.header.Get("Allow"))
			requireRussian(t, a.message)
		}
	}
}

func TestBodies(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "return p_body;")
	c := newClient(t, db.Owner)
	c.faked = true
	const get = "GET /new/get"

	t.Run("none is an empty object, whatever its type", func(t *testing.T) {
		for _, contentType := range []string{"", "application/octet-stream", "text/plain", "nonsense;;"} {
			header := withToken()
			header["Content-Type"] = []string{contentType}
			require.Equal(t, map[string]any{}, c.send(get, header, nil).data)
		}
	})
	t.Run("JSON by its type", func(t *testing.T) {
		for _, contentType := range []string{"application/json", "application/json; charset=utf-8", "Application/JSON;charset=UTF-8", "application/json; charset"} {
			header := withToken()
			header.Set("Content-Type", contentType)
			require.Equal(t, map[string]any{"a": "б"}, c.send(get, header, `{"a":"б"}`).data, contentType)
		}
		for _, contentType := range []string{"application/octet-stream", "text/json", "application/jsonx", "application/x-www-form-urlencoded", "multipart/form-data", "json"} {
			header := withToken()
			header.Set("Content-Type", contentType)
			a := c.send(get, header, `{"a":1}`)
			require.Equal(t, "InvalidRequestException", a.errType, contentType)
			require.Contains(t, a.message, "application/json")
		}
		r := httptest.NewRequest("GET", "/api/v1/new/get", strings.NewReader("{}"))
		r.Header = withToken()
		w := httptest.NewRecorder()
		c.handler.ServeHTTP(w, r)
		require.Equal(
			t,
			"InvalidRequestException",
			readAnswer(t, w.Code, w.Header(), w.Body.Bytes()).errType,
			"no type at all",
		)
	})
	t.Run("what is no object in valid UTF-8 is refused", func(t *testing.T) {
		for name, body := range map[string]string{
			"white space":        " \n",
			"a list":             `[{"id":1}]`,
			"null":               `null`,
			"a string":           `"id"`,
			"a number":           `12`,
			"cut off":            `{"id":1`,
			"no quotes":          `{id:1}`,
			"single quotes":      `{'id':1}`,
			"trailing comma":     `{"id":1,}`,
			"two objects":        `{"id":1}{"id":2}`,
			"garbage behind":     `{"id":1}x`,
			"NaN":                `{"id":NaN}`,
			"a comment":          `{"id":1 /* one */}`,
			"byte order mark":    "\ufeff{\"id\":1}",
			"bad UTF-8":          "{\"id\":\"\xff\"}",
			"UTF-16":             "{\x00}\x00",
			"surrogate in UTF-8": "{\"id\":\"\xed\xa0\x80\"}",
			"windows-1251":       "{\"body\":\"\xcf\xf0\xe8\xe2\xe5\xf2\"}",
			"NUL":                `{"id":"\u0000"}`,
			"NUL as a key":       `{"\u0000":1}`,
			"lone surrogate":     `{"id":"\ud800"}`,
			"wrong order":        `{"id":"\udc00\ud800"}`,
			"control character":  "{\"id\":\"\x01\"}",
			"too deep for Go":    `{"id":` + strings.Repeat("[", 200_000) + strings.Repeat("]", 200_000) + `}`,
			"a number too large": `{"id":1e999999}`,
			"too many digits":    `{"id":` + strings.Repeat("9", 200_000) + `}`,
		} {
			a := c.send(get, withToken(), body)
			require.Equal(t, "InvalidRequestException", a.errType, name)
			require.Equal(t, 400, a.status, name)
			requireRussian(t, a.message)
		}
	})
	t.Run("nesting is never a fault of ours", func(t *testing.T) {
		for _, depth := range []int{10, 1000, 3000, 5000, 7000, 9000, 9900, 11000} {
			a := c.send(get, withToken(), `{"id":`+strings.Repeat("[", depth)+strings.Repeat("]", depth)+`}`)
			require.Contains(t, []int{200, 400}, a.status, depth)
		}
	})
	t.Run("odd but whole", func(t *testing.T) {
		for _, body := range []string{` {"a":1} `, "\t\r\n{}", `{"a":1e400}`, `{"a":1,"a":2}`, `{"a":"\ud83d\ude00"}`, `{"":0}`, `{"a":-0}`} {
			require.Equal(t, 200, c.send(get, withToken(), body).status, body)
		}
	})
	t.Run("up to 1 MiB", func(t *testing.T) {
		frame := len(`{"a":""}`)
		require.Equal(t, 200, c.send(get, withToken(), `{"a":"`+strings.Repeat("x", 1<<20-frame)+`"}`).status)
		a := c.refused("PayloadTooLarge", get, nobody, `{"a":"`+strings.Repeat("x", 1<<20-frame+1)+`"}`)
		require.Contains(t, a.message, "1 МиБ")
		header := withToken()
		header.Set("Content-Type", "text/plain")
		require.Equal(
			t,
			413,
			c.send(get, header, strings.Repeat("x", 1<<20+1)).status,
			"the size comes before the type",
		)
	})
	t.Run("query strings are ignored", func(t *testing.T) {
		require.Equal(t, 200, c.send(get+"?id=1&token=x", withToken(), nil).status)
	})
}

// TestOverSockets holds against a real server what a recorder can't show.
func TestOverSockets(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "return p_body;")
	o := options(db.Owner)
	server := httptest.NewServer(api.New(o))
	t.Cleanup(server.Close)
	o.RequestTimeout = time.Second
	hasty := httptest.NewServer(api.New(o))
	t.Cleanup(hasty.Close)

	exchange := func(t *testing.T, server *httptest.Server, method string, body io.Reader) (*http.Response, []byte) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+"/api/v1/new/get", body)
		require.NoError(t, err)
		r.Header = withToken()
		r.Header.Set("Content-Type", "application/json")
		response, err := server.Client().Do(r)
		require.NoError(t, err)
		defer response.Body.Close()
		raw, err := io.ReadAll(response.Body)
		require.NoError(t, err)
		return response, raw
	}
	t.Run("a body in GET", func(t *testing.T) {
		response, raw := exchange(t, server, "GET", strings.NewReader(`{"a": 1}`))
		require.Equal(t, 200, response.StatusCode)
		require.JSONEq(t, `{"error":false,"data":{"a":1}}`, string(raw))
		require.EqualValues(t, len(raw), response.ContentLength)
	})
	t.Run("in chunks of no stated length", func(t *testing.T) {
		response, raw := exchange(t, server, "GET", io.MultiReader(strings.NewReader(`{"a":`), strings.NewReader(`1}`)))
		require.Equal(t, 200, response.StatusCode, "%s", raw)
	})
	t.Run("far too large, and the answer arrives all the same", func(t *testing.T) {
		for range 5 {
			response, raw := exchange(t, server, "GET", io.LimitReader(endless{}, 12<<20))
			require.Equal(t, 413, response.StatusCode)
			require.Equal(t, "PayloadTooLarge", readAnswer(t, 413, response.Header, raw).errType)
		}
	})
	t.Run("HEAD", func(t *testing.T) {
		response, _ := exchange(t, server, "HEAD", nil)
		require.Equal(t, 405, response.StatusCode)
		require.Equal(t, "GET", response.Header.Get("Allow"))
	})
	for name, head := range map[string]string{
		"HTTP/1.0":        "GET /api/v1/new/get HTTP/1.0\r\nToken: " + token,
		"HTTP/1.1":        "GET /api/v1/new/get HTTP/1.1\r\nHost: energy\r\nToken: " + token,
		"without a token": "GET /api/v1/new/get HTTP/1.1\r\nHost: energy",
		"to nowhere":      "GET /api/v1/nowhere HTTP/1.1\r\nHost: energy\r\nToken: " + token,
	} {
		t.Run("a body that never comes, "+name, func(t *testing.T) {
			connection, err := net.Dial("tcp", hasty.Listener.Addr().String())
			require.NoError(t, err)
			defer connection.Close()
			_, err = fmt.Fprintf(
				connection,
				"%s\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{",
				head,
			)
			require.NoError(t, err)
			require.NoError(t, connection.SetReadDeadline(time.Now().Add(30*time.Second)))
			response, err := http.ReadResponse(bufio.NewReader(connection), nil)
			require.NoError(t, err, "answered, not left hanging")
			defer response.Body.Close()
			raw, err := io.ReadAll(response.Body)
			require.NoError(t, err)
			a := readAnswer(t, response.StatusCode, response.Header, raw)
			require.Contains(t, []string{"InvalidRequestException", "TokenException", "NotFound"}, a.errType)
			require.True(t, response.Close, "the connection is of no use any more")
		})
	}
	t.Run("a kept connection is good for many requests", func(t *testing.T) {
		for range 3 {
			response, _ := exchange(t, hasty, "GET", strings.NewReader(`{"a": 1}`))
			require.Equal(t, 200, response.StatusCode)
			time.Sleep(o.RequestTimeout / 2)
		}
	})
}

type endless struct{}

func (endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}

func TestRequestID(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "return to_json(p_request_id);")
	c := newClient(t, db.Owner)
	c.faked = true
	made := map[string]bool{}
	for _, given := range []string{"abc-1.2_X", strings.Repeat("a", 64)} {
		header := withToken()
		header.Set("X-Request-Id", given)
		a := c.send("GET /new/get", header, nil)
		require.Equal(t, given, a.data, "reaches the database")
		require.Equal(t, given, a.header.Get("X-Request-Id"))
	}
	for _, given := range []string{"", strings.Repeat("a", 65), "a b", "a\tb", "id=1", "й", "<script>", "a,b"} {
		header := withToken()
		header.Set("X-Request-Id", given)
		a := c.send("GET /new/get", header, nil)
		require.NotEqual(t, given, a.data)
		require.Equal(t, a.data, a.header.Get("X-Request-Id"))
		require.False(t, made[a.data.(string)], "unique")
		made[a.data.(string)] = true
	}
}

func TestActor(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "return json_build_object('actor', p_actor);")
	c := newClient(t, db.Owner)
	c.faked = true
	for given, want := range map[string]string{
		"7": "7", "007": "7", "0": "0", "2147483647": "2147483647",
		"None": "null", "": "null", "none": "null", "-7": "null", "+7": "null", "7.0": "null", "7e1": "null", "0x7": "null",
		"2147483648": "null", "99999999999999999999": "null", "7 8": "null", "7,8": "null", "7;drop": "null", "٧": "null",
	} {
		header := withToken()
		header.Set("user-id", given)
		require.JSONEq(
			t,
			`{"error":false,"data":{"actor":`+want+`}}`,
			string(c.send("GET /new/get", header, nil).raw),
			given,
		)
	}
	require.JSONEq(
		t,
		`{"error":false,"data":{"actor":null}}`,
		string(c.send("GET /new/get", withToken(), nil).raw),
		"no header",
	)
	header := withToken()
	header["User-Id"] = []string{"7", "8"}
	require.JSONEq(
		t,
		`{"error":false,"data":{"actor":null}}`,
		string(c.send("GET /new/get", header, nil).raw),
		"two of them",
	)
}

func TestRateLimit(t *testing.T) {
	t.Parallel()
	db := dbtest.New(t)
	replace(t, db.Owner, "new_get", "return '[]';")
	o := options(db.Owner)
	o.RateLimit = 1 // ten in ten seconds
	c := client{t: t, handler: api.New(o)}
	for range 10 {
		require.Equal(t, 200, c.ask("GET /new/get", 7, nil).status)
	}
	var refused answer
	for range 30 {
		if a := c.ask("GET /new/get", 7, nil); a.status != 200 {
			refused = a
		}
	}
	require.Equal(t, "TooManyRequests", refused.errType)
	require.Equal(t, 429, refused.status)
	require.NotEmpty(t, refused.header.Get("Retry-After"))
	requireRussian(t, refused.message)

	require.Equal(t, 200, c.ask("GET /new/get", 8, nil).status, "somebody else is not held back")
	for range 40 {
		require.Equal(t, 200, c.ask("GET /new/get", nobody, nil).status, "None is exempt")
	}
	limits := 0
	header := withToken()
	header.Set("user-id", "007")
	for range 30 {
		if c.send("GET /new/get", header, nil).status == 429 {
			limits++
		}
	}
	require.NotZero(t, limits, "another spelling is the same person")
	limits = 0
	for range 30 {
		if c.ask("GET /gym-news/get", 9, nil).status == 429 || c.ask("GET /new/get", 9, nil).status == 429 {
			limits++
		}
	}
	require.NotZero(t, limits, "counted over all endpoints together")
}
