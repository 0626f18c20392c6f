package api_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/api"
)

const token = "the-token-of-these-tests"

// oneToken is the simplest TokenChecker.
type oneToken struct{}

func (oneToken) Valid(t string) bool { return t == token }

// options are what every test starts from: quiet, no rate limit.
func options(pool *pgxpool.Pool) api.Options {
	return api.Options{
		Pool:   pool,
		Tokens: oneToken{},
		Logger: httplog.NewLogger(
			"test",
			httplog.Options{JSON: true, Writer: io.Discard, LogLevel: slog.LevelDebug},
		),
		RequestTimeout: 20 * time.Second,
	}
}

// client speaks to the handler as the auth server does, and holds every answer against the envelope
// and against docs/openapi.yaml.
type client struct {
	t       testing.TB
	handler http.Handler
	// faked: a function was replaced and answers another shape than the description says.
	faked bool
}

func newClient(t testing.TB, pool *pgxpool.Pool) client {
	return client{t: t, handler: api.New(options(pool))}
}

// answer is what came back.
type answer struct {
	status  int
	header  http.Header
	raw     []byte
	data    any    // of a success
	errType string // of a failure
	message string // of a failure
	rule    string // of a rule's refusal
	field   string // of a rule's refusal that is about a field
}

// nobody is the user-id of a call without an actor.
const nobody = 0

// ask calls an endpoint ("GET /avtime/get") as an actor, with a body: nil is none, a string goes as it
// is, anything else as JSON.
func (c client) ask(endpoint string, actor int, body any) answer {
	c.t.Helper()
	header := http.Header{"Token": {token}, "User-Id": {"None"}}
	if actor != nobody {
		header.Set("user-id", strconv.Itoa(actor))
	}
	return c.send(endpoint, header, body)
}

// send is ask with headers of the caller's own.
func (c client) send(endpoint string, header http.Header, body any) answer {
	c.t.Helper()
	r, sent, w := c.exchange(endpoint, header, body)
	a := readAnswer(c.t, w.Code, w.Header(), w.Body.Bytes())
	if !c.faked {
		checkDescribed(c.t, r, sent, a)
	}
	return a
}

// exchange is send, whatever comes back.
func (c client) exchange(
	endpoint string,
	header http.Header,
	body any,
) (r *http.Request, sent []byte, w *httptest.ResponseRecorder) {
	c.t.Helper()
	method, path, ok := strings.Cut(endpoint, " ")
	require.True(c.t, ok, endpoint)
	switch b := body.(type) {
	case nil:
	case string:
		sent = []byte(b)
	default:
		var err error
		sent, err = json.Marshal(b)
		require.NoError(c.t, err)
	}
	if !strings.HasPrefix(path, "/api/") && !strings.HasSuffix(path, "z") && path != "/metrics" {
		path = "/api/v1" + path
	}
	r = httptest.NewRequestWithContext(c.t.Context(), method, path, bytes.NewReader(sent))
	r.Header = header.Clone()
	if len(sent) > 0 && header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/json")
	}
	w = httptest.NewRecorder()
	c.handler.ServeHTTP(w, r)
	return r, sent, w
}

// readAnswer refuses whatever is not the contract's envelope.
func readAnswer(t testing.TB, status int, header http.Header, raw []byte) answer {
	t.Helper()
	a := answer{status: status, header: header, raw: raw}
	require.Equal(t, "application/json; charset=utf-8", header.Get("Content-Type"), "%d %s", status, raw)
	require.Equal(t, strconv.Itoa(len(raw)), header.Get("Content-Length"))
	require.NotEmpty(t, header.Get("X-Request-Id"))
	var fields map[string]any
	require.NoError(t, jsonDecode(raw, &fields), "%s", raw)
	if status == http.StatusOK {
		require.Equal(t, false, fields["error"], "%s", raw)
		require.Contains(t, fields, "data")
		require.Len(t, fields, 2, "%s", raw)
		a.data = fields["data"]
		return a
	}
	require.Equal(t, true, fields["error"], "%s", raw)
	a.errType, _ = fields["error_type"].(string)
	a.message, _ = fields["error_message"].(string)
	a.rule, _ = fields["rule"].(string)
	a.field, _ = fields["field"].(string)
	for field := range fields {
		require.Contains(t, []string{"error", "error_type", "error_message", "rule", "field"}, field, "%s", raw)
	}
	require.NotEmpty(t, a.errType)
	require.NotEmpty(t, a.message)
	return a
}

// jsonDecode keeps numbers as they are written, so that 12 and 12.0 differ.
func jsonDecode(raw []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	return d.Decode(v)
}

// done asks and requires a success.
func (c client) done(endpoint string, actor int, body any) any {
	c.t.Helper()
	a := c.ask(endpoint, actor, body)
	require.Equal(c.t, http.StatusOK, a.status, "%s %s", endpoint, a.raw)
	return a.data
}

// one and many are done for an object and for a list of objects.
func (c client) one(endpoint string, actor int, body any) object {
	c.t.Helper()
	return asObject(c.t, c.done(endpoint, actor, body))
}

func (c client) many(endpoint string, actor int, body any) []object {
	c.t.Helper()
	list, ok := c.done(endpoint, actor, body).([]any)
	require.True(c.t, ok, "a list")
	objects := make([]object, 0, len(list))
	for _, element := range list {
		objects = append(objects, asObject(c.t, element))
	}
	return objects
}

// refused asks and requires a failure of that type and the status that the contract gives it.
func (c client) refused(errType, endpoint string, actor int, body any) answer {
	c.t.Helper()
	a := c.ask(endpoint, actor, body)
	require.Equal(c.t, errType, a.errType, "%s %v: %d %s", endpoint, body, a.status, a.raw)
	require.Equal(c.t, statuses[errType], a.status)
	requireRussian(c.t, a.message)
	return a
}

// statuses are openapi.yaml's table of error types.
var statuses = map[string]int{
	"TokenException":          401,
	"InvalidRequestException": 400,
	"DataBaseException":       400,
	"LogicError":              400,
	"AccessRightsException":   403,
	"NotFound":                404,
	"MethodNotAllowed":        405,
	"PayloadTooLarge":         413,
	"TooManyRequests":         429,
	"InternalError":           500,
	"Unavailable":             503,
}

// requireRussian: a sentence for a person begins in Russian, and shows nothing of the machine room.
func requireRussian(t testing.TB, message string) {
	t.Helper()
	first := []rune(message)[0]
	require.True(t, first >= 'А' && first <= 'Я' || first == 'Ё', message)
	for _, internal := range []string{"SQLSTATE", "gym.", "rules.", "wire.", "pgx", "select ", "ERROR"} {
		require.NotContains(t, message, internal)
	}
}

type object map[string]any

func asObject(t testing.TB, v any) object {
	t.Helper()
	o, ok := v.(map[string]any)
	require.True(t, ok, "an object: %v", v)
	return o
}

// integer is a field that must be written as a plain integer.
func (o object) integer(t testing.TB, field string) int {
	t.Helper()
	number, ok := o[field].(json.Number)
	require.True(t, ok, "%s of %v is a number", field, o)
	n, err := strconv.Atoi(number.String())
	require.NoError(t, err, "%s of %v is an integer", field, o)
	return n
}

func (o object) object(t testing.TB, field string) object {
	t.Helper()
	return asObject(t, o[field])
}

// shape names the fields and types of a value, for comparing with openapi.yaml's shapes.
func shape(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case bool:
		return "bool"
	case string:
		return "str"
	case json.Number:
		if _, err := strconv.Atoi(v.String()); err == nil {
			return "int"
		}
		return "number"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + shape(v[0]) + "]"
	case object:
		return shape(map[string]any(v))
	case map[string]any:
		return shapeOfObject(v)
	}
	return fmt.Sprintf("%T", v)
}

func shapeOfObject(fields map[string]any) string {
	parts := make([]string, 0, len(fields))
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		parts = append(parts, name+":"+shape(fields[name]))
	}
	return "{" + strings.Join(parts, " ") + "}"
}

// rawJSON goes into a body as it is written.
func rawJSON(text string) json.RawMessage { return json.RawMessage(text) }

func encode(t testing.TB, v any) string {
	t.Helper()
	raw, err := json.Marshal(v)
	require.NoError(t, err)
	return string(raw)
}

// newPerson is a body for user/create.
func newPerson(card int) object {
	return object{
		"studentCard": card,
		"firstname":   "Иван",
		"secondname":  "Иванов",
		"surname":     "Иванович",
		"group":       "ИС-21",
		"password":    "сложный-пароль",
		"role":        "STUDENT",
	}
}

// number is an integer as jsonDecode reads it.
func number(n int) json.Number { return json.Number(strconv.Itoa(n)) }
