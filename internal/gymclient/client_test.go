package gymclient_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-chi/chi/v5/middleware"
	"github.com/stretchr/testify/require"

	"energiya/internal/gymclient"
)

// The tests talk to servers that answer as a main server must, or as it never should. Package auth tests the client
// with the main server itself.

func client(t *testing.T, address string, change ...func(*gymclient.Options)) *gymclient.Client {
	t.Helper()
	o := gymclient.Options{
		URL:         address,
		Token:       func() string { return "the-secret-of-both-servers" },
		Timeout:     10 * time.Second,
		FileTimeout: 10 * time.Second,
	}
	for _, c := range change {
		c(&o)
	}
	c, err := gymclient.New(o)
	require.NoError(t, err)
	t.Cleanup(c.Close)
	return c
}

func answering(t *testing.T, answer http.HandlerFunc) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(answer)
	t.Cleanup(s.Close)
	return s
}

func TestACallGoesOverTheWireAsTheContractSays(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var sent string
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		got = r
		body, _ := io.ReadAll(r.Body)
		sent = string(body)
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		_, _ = io.WriteString(w, `{"error":false,"data":{"result":true}}`)
	})
	c := client(t, s.URL)

	ctx := context.WithValue(t.Context(), middleware.RequestIDKey, "request-7")
	var done struct{ Result bool }
	require.NoError(t, c.Call(ctx, "a-session", "DELETE /entry/delete", map[string]int{"id": 7}, &done))
	require.True(t, done.Result)
	require.Equal(t, "DELETE /api/v1/entry/delete", got.Method+" "+got.URL.Path)
	require.JSONEq(t, `{"id":7}`, sent)
	require.Equal(t, "application/json", got.Header.Get("Content-Type"))
	require.Equal(t, "the-secret-of-both-servers", got.Header.Get("Token"))
	require.Equal(t, "a-session", got.Header.Get("Session"))
	require.Equal(t, "None", got.Header.Get("user-id"), "who acts is the session's business")
	require.Equal(t, "request-7", got.Header.Get("X-Request-Id"))

	require.NoError(t, c.CallAs(ctx, gymclient.Actor{UserID: 12}, "GET /gym-news/get", nil, nil))
	require.Equal(t, "12", got.Header.Get("user-id"))
	require.NotContains(t, got.Header, "Session")
	require.Zero(t, got.ContentLength)
	require.NotContains(t, got.Header, "Content-Type", "nothing is sent")

	require.NoError(t, c.Call(ctx, "", "GET /new/get", nil, nil))
	require.Equal(t, "None", got.Header.Get("user-id"))
}

func TestErrorsAreDecoded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		status int
		header map[string]string
		body   string
		want   gymclient.Error
	}{
		"a rule": {
			status: 400,
			body:   `{"error":true,"error_type":"LogicError","error_message":"Запись закрыта.","rule":"enrolment_closed"}`,
			want:   gymclient.Error{Status: 400, Type: "LogicError", Message: "Запись закрыта.", Rule: "enrolment_closed"},
		},
		"later": {
			status: 503,
			header: map[string]string{"Retry-After": "7"},
			body:   `{"error":true,"error_type":"Unavailable","error_message":"Позже."}`,
			want:   gymclient.Error{Status: 503, Type: "Unavailable", Message: "Позже.", RetryAfter: 7 * time.Second},
		},
		"a session that is over": {
			status: 403,
			body:   `{"error":true,"error_type":"AccessRightsException","error_message":"Войдите.","rule":"session_over"}`,
			want:   gymclient.Error{Status: 401, Type: "AccessRightsException", Message: "Войдите.", Rule: "session_over"},
		},
		"another token": {
			status: 401,
			body:   `{"error":true,"error_type":"TokenException","error_message":"Токены не совпадают."}`,
			want:   gymclient.Error{Status: 503, Type: "Unavailable", RetryAfter: 2 * time.Second},
		},
		"another server": {
			status: 404,
			header: map[string]string{"Content-Type": "text/html"},
			body:   `<h1>Not Found</h1>`,
			want:   gymclient.Error{Status: 503, Type: "Unavailable", RetryAfter: 2 * time.Second},
		},
		"another server that is content": {
			status: 200,
			header: map[string]string{"Content-Type": "text/html"},
			body:   `<h1>Welcome</h1>`,
			want:   gymclient.Error{Status: 503, Type: "Unavailable", RetryAfter: 2 * time.Second},
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", "application/json; charset=utf-8")
				for name, value := range test.header {
					w.Header().Set(name, value)
				}
				w.WriteHeader(test.status)
				_, _ = io.WriteString(w, test.body)
			})
			var refused atomic.Int32
			c := client(t, s.URL, func(o *gymclient.Options) { o.Refused = func() { refused.Add(1) } })

			var got *gymclient.Error
			require.ErrorAs(t, c.Call(t.Context(), "s", "GET /avtime/get", nil, nil), &got)
			if test.want.Message == "" {
				test.want.Message = "Сервер сейчас недоступен. Повторите через несколько секунд."
				require.Error(t, errors.Unwrap(got), "the log learns why")
			}
			require.Equal(t, test.want.Status, got.Status)
			require.Equal(t, test.want.Type, got.Type)
			require.Equal(t, test.want.Message, got.Message)
			require.Equal(t, test.want.Rule, got.Rule)
			require.Equal(t, test.want.RetryAfter, got.RetryAfter)
			require.Equal(t, test.status == 401, refused.Load() == 1)
			require.NotContains(t, got.Error(), "the-secret-of-both-servers")
		})
	}
}

func TestAFileComesWithItsName(t *testing.T) {
	t.Parallel()
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
		w.Header().
			Set("Content-Disposition", "attachment; filename*=utf-8''%D0%9F%D0%BE%D1%81%D0%B5%D1%89%D0%B5%D0%BD%D0%B8%D1%8F.xlsx")
		_, _ = io.WriteString(w, "PK…")
	})
	file, name, contentType, err := client(t, s.URL).Download(t.Context(), "s", "POST /report/visits", nil)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	require.Equal(t, "Посещения.xlsx", name)
	require.Equal(t, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet", contentType)
	content, err := io.ReadAll(file)
	require.NoError(t, err)
	require.Equal(t, "PK…", string(content))
}

func TestADocumentIsReadOnlyWhereItChanged(t *testing.T) {
	t.Parallel()
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"7"`)
		w.Header().Set("Server-Time", "2026-12-25T11:59:58.123+07:00")
		if r.Header.Get("If-None-Match") == `"7"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, `{"error":false,"data":{"free":5}}`)
	})
	c := client(t, s.URL)
	var seats struct{ Free int }
	tag, at, err := c.Document(t.Context(), "GET /avtime/seats", "", &seats)
	require.NoError(t, err)
	require.Equal(t, `"7"`, tag)
	require.Equal(t, 5, seats.Free)
	require.Equal(t, "2026-12-25T04:59:58.123Z", at.UTC().Format(time.RFC3339Nano))
	seats.Free = 4
	tag, _, err = c.Document(t.Context(), "GET /avtime/seats", tag, &seats)
	require.NoError(t, err)
	require.Equal(t, `"7"`, tag)
	require.Equal(t, 4, seats.Free, "it is left as it was")
}

func TestAnUnreachableServerIsAnsweredForAtOnceAndTriedInTheBackground(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := taken.Addr().String()
	require.NoError(t, taken.Close())
	c := client(t, "http://"+address)

	for range 3 {
		begun := time.Now()
		var got *gymclient.Error
		require.ErrorAs(t, c.Call(t.Context(), "", "GET /new/get", nil, nil), &got)
		require.Less(t, time.Since(begun), 100*time.Millisecond)
		require.Equal(t, http.StatusServiceUnavailable, got.Status)
		require.Positive(t, got.RetryAfter)
	}

	back, err := net.Listen("tcp", address)
	require.NoError(t, err)
	s := &http.Server{
		ReadHeaderTimeout: time.Second,
		Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"error":false,"data":[]}`)
		}),
	}
	go func() { _ = s.Serve(back) }()
	t.Cleanup(func() { _ = s.Close() })
	require.Eventually(t, func() bool { return c.Call(t.Context(), "", "GET /new/get", nil, nil) == nil },
		10*time.Second, 10*time.Millisecond)
}

func TestALateServerIsNotWaitedFor(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	s := answering(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/api/v1/report/") { // hangs in the middle
			w.Header().Set("Content-Type", "text/csv")
			_, _ = io.WriteString(w, "half")
			_ = http.NewResponseController(w).Flush()
		}
		select {
		case <-end:
		case <-r.Context().Done():
		}
	})
	t.Cleanup(func() { close(end) })
	c := client(
		t,
		s.URL,
		func(o *gymclient.Options) { o.Timeout, o.FileTimeout = 50*time.Millisecond, 50*time.Millisecond },
	)

	var got *gymclient.Error
	require.ErrorAs(t, c.Call(t.Context(), "", "GET /new/get", nil, nil), &got)
	require.Equal(t, http.StatusServiceUnavailable, got.Status)

	file, _, _, err := c.Download(t.Context(), "", "POST /report/visits", nil)
	require.NoError(t, err)
	defer func() { _ = file.Close() }()
	_, err = io.ReadAll(file)
	require.ErrorContains(t, err, "did not answer in time")

	// A person who hangs up is told nothing.
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	require.ErrorIs(t, c.Call(ctx, "", "GET /new/get", nil, nil), context.Canceled)
}

func TestConnectionsAreKept(t *testing.T) {
	t.Parallel()
	s := answering(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = io.WriteString(w, `{"error":true,"error_type":"LogicError","error_message":"Нет."}`)
	})
	c := client(t, s.URL)
	reused := 0
	ctx := httptrace.WithClientTrace(t.Context(), &httptrace.ClientTrace{GotConn: func(info httptrace.GotConnInfo) {
		if info.Reused {
			reused++
		}
	}})
	for range 10 {
		require.Error(t, c.Call(ctx, "", "GET /new/get", nil, nil))
	}
	require.Equal(t, 9, reused)
}

func TestAnAddressThatIsNone(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "127.0.0.1:5010", "ftp://127.0.0.1", "http://", "http://[::1"} {
		_, err := gymclient.New(gymclient.Options{URL: address})
		require.ErrorContains(t, err, "http://127.0.0.1:5010", address)
	}
}
