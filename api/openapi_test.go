package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/go-chi/chi/v5"
	"github.com/stretchr/testify/require"

	"energiya/api"
)

// description is docs/openapi.yaml, read once: it never changes while tests run.
var description = sync.OnceValues(func() (*openapi3.T, error) {
	doc, err := openapi3.NewLoader().LoadFromFile("../docs/openapi.yaml")
	if err != nil {
		return nil, err
	}
	return doc, doc.Validate(context.Background())
})

func TestDescriptionIsValidAndItsExamplesFitIt(t *testing.T) {
	t.Parallel()
	_, err := description()
	require.NoError(t, err)
}

func TestRouterAndDescriptionNameTheSameRoutes(t *testing.T) {
	t.Parallel()
	doc, err := description()
	require.NoError(t, err)
	var described []string
	for path, item := range doc.Paths.Map() {
		for method := range item.Operations() {
			described = append(described, method+" "+path)
		}
	}
	slices.Sort(described)
	require.Equal(t, described, routes(t, api.New(options(nil))))
}

// routes lists what the handler answers, as "METHOD /path", sorted.
func routes(t testing.TB, handler http.Handler) []string {
	t.Helper()
	var all []string
	err := chi.Walk(
		handler.(chi.Routes),
		func(method, route string, _ http.Handler, _ ...func(http.Handler) http.Handler) error {
			all = append(all, method+" "+route)
			return nil
		},
	)
	require.NoError(t, err)
	slices.Sort(all)
	return all
}

// checkDescribed holds a real exchange against the description: the answer always, the request where
// the server took it, so that nobody describes a narrower body than the server accepts by mistake.
func checkDescribed(t testing.TB, r *http.Request, body []byte, a answer) {
	t.Helper()
	checkAnswerDescribed(t, r, a)
	if a.status == http.StatusOK {
		input := exchange(t, r)
		input.Request.Body = io.NopCloser(bytes.NewReader(withoutNulls(t, body)))
		require.NoError(
			t,
			openapi3filter.ValidateRequest(context.Background(), input),
			"request %s %s %s",
			r.Method,
			r.URL.Path,
			body,
		)
	}
}

// checkAnswerDescribed holds an answer against the description.
func checkAnswerDescribed(t testing.TB, r *http.Request, a answer) {
	t.Helper()
	input := exchange(t, r)
	if input == nil {
		// 404 and 405 belong to no operation; only the envelope can be held against something.
		require.Contains(t, []int{401, 404, 405}, a.status)
		doc, err := description()
		require.NoError(t, err)
		var value any
		require.NoError(t, jsonDecode(a.raw, &value))
		require.NoError(
			t,
			doc.Components.Schemas["Failure"].Value.VisitJSON(value, openapi3.EnableJSONSchema2020()),
			"%s",
			a.raw,
		)
		return
	}
	output := &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: a.status, Header: a.header, Options: input.Options,
	}
	output.SetBodyBytes(a.raw)
	require.NoError(t, openapi3filter.ValidateResponse(context.Background(), output), "answer %d %s", a.status, a.raw)
}

// exchange is a request and the operation that describes it, or nil where none does.
func exchange(t testing.TB, r *http.Request) *openapi3filter.RequestValidationInput {
	t.Helper()
	doc, err := description()
	require.NoError(t, err)
	item := doc.Paths.Find(r.URL.EscapedPath())
	if item == nil || item.GetOperation(r.Method) == nil {
		return nil
	}
	return &openapi3filter.RequestValidationInput{
		Request: r.Clone(context.Background()),
		Route: &routers.Route{
			Spec: doc, Path: r.URL.Path, PathItem: item, Method: r.Method, Operation: item.GetOperation(r.Method),
		},
		Options: &openapi3filter.Options{
			IncludeResponseStatus: true,
			SkipSettingDefaults:   true,
			AuthenticationFunc:    openapi3filter.NoopAuthenticationFunc,
		},
	}
}

// withoutNulls drops what the description says in words only: a field that is null counts as missing.
func withoutNulls(t testing.TB, body []byte) []byte {
	t.Helper()
	var fields object
	if json.Unmarshal(body, &fields) != nil {
		return body
	}
	maps.DeleteFunc(fields, func(_ string, value any) bool { return value == nil })
	return []byte(encode(t, fields))
}

func TestDescriptionRefusesWhatTheContractDoesNotSay(t *testing.T) {
	t.Parallel()
	// The description must be able to fail: an answer that lacks a field of its shape does.
	doc, err := description()
	require.NoError(t, err)
	schema := doc.Paths.Find("/api/v1/user/get").Get.Responses.Status(200).Value.Content["application/json"].Schema.Value
	whole := `{"error":false,"data":[{"id":1,"firstname":"","secondname":"","surname":"","group":"","studentCard":1,"role":"ADMIN","image":null}]}`
	for _, answer := range []string{
		strings.Replace(whole, `"id":1,`, "", 1),
		strings.Replace(whole, `"image":null`, `"image":5`, 1),
		strings.Replace(whole, `"ADMIN"`, `"admin"`, 1),
		strings.Replace(whole, `"studentCard":1`, `"studentCard":"1"`, 1),
		strings.Replace(whole, `false`, `true`, 1),
	} {
		var value any
		require.NoError(t, jsonDecode([]byte(answer), &value))
		require.Error(t, schema.VisitJSON(value, openapi3.EnableJSONSchema2020()), answer)
	}
	var value any
	require.NoError(t, jsonDecode([]byte(whole), &value))
	require.NoError(t, schema.VisitJSON(value, openapi3.EnableJSONSchema2020()), fmt.Sprint(value))
}
