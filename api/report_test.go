package api_test

import (
	"bytes"
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"log/slog"
	"mime"
	"net/http"
	"net/http/httptest"
	"os/signal"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"energiya/api"
	"energiya/db"
	"energiya/internal/dbtest"
)

const november2026 = `{"startDate": "2026-11-01", "endDate": "2026-11-30"}`

// reporting is a server with a share of n connections for reports, and a coach.
type reporting struct {
	client
	db    *dbtest.DB
	coach int
}

func newReporting(t *testing.T, n int32, change func(*api.Options)) reporting {
	t.Helper()
	d := dbtest.New(t)
	config, err := pgxpool.ParseConfig(d.URL())
	require.NoError(t, err)
	config.MaxConns = n
	pool, err := db.ServerPool(
		context.Background(),
		config,
		db.DefaultRoles().Server,
		time.Minute,
		slog.New(slog.DiscardHandler),
	)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	o := options(d.Server(t))
	o.ReportPool, o.ReportTimeout = pool, time.Minute
	if change != nil {
		change(&o)
	}
	return reporting{client{t: t, handler: api.New(o)}, d, d.User(t, "COACH")}
}

// mark gives a student one mark on 2 November, past the triggers.
func (r reporting) mark(student int) {
	r.t.Helper()
	_, err := r.db.Owner.Exec(r.t.Context(), `
		begin;
		set local session_replication_role = replica;
		insert into gym.slots (id, month, weekday, starts_at, capacity) values (1, '2026-11-01', 0, '16:00', 12);
		insert into gym.enrolments (id, slot_id, user_id, month, weekday, created_at) values (1, 1, `+strconv.Itoa(student)+`, '2026-11-01', 0, '2026-10-25');
		insert into gym.marks (enrolment_id, slot_id, user_id, date, mark) values (1, 1, `+strconv.Itoa(student)+`, '2026-11-02', 'present');
		commit`)
	require.NoError(r.t, err)
}

// request is one to a report, as the auth server sends it.
func (r reporting) request(ctx context.Context, target, body string) *http.Request {
	r.t.Helper()
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, target, strings.NewReader(body))
	require.NoError(r.t, err)
	request.Header = http.Header{
		"Token":        {token},
		"User-Id":      {strconv.Itoa(r.coach)},
		"Content-Type": {"application/json"},
	}
	return request
}

// download makes a report, which must come as a whole file.
func (r reporting) download(path, body string) *httptest.ResponseRecorder {
	r.t.Helper()
	w := httptest.NewRecorder()
	r.handler.ServeHTTP(w, r.request(r.t.Context(), "/api/v1"+path, body))
	require.Equal(r.t, http.StatusOK, w.Code, w.Body.String())
	require.Equal(r.t, strconv.Itoa(w.Body.Len()), w.Header().Get("Content-Length"))
	return w
}

// lock keeps every report waiting until the function that it returns is called.
func (r reporting) lock() (release func()) {
	r.t.Helper()
	tx, err := r.db.Owner.Begin(r.t.Context())
	require.NoError(r.t, err)
	_, err = tx.Exec(r.t.Context(), "lock table gym.marks in access exclusive mode")
	require.NoError(r.t, err)
	release = func() { _ = tx.Rollback(context.Background()) }
	r.t.Cleanup(release)
	return release
}

// waiting is how many reports the database is at.
func (r reporting) waiting() (n int) {
	r.t.Helper()
	require.NoError(r.t, r.db.Owner.QueryRow(r.t.Context(), `
		select count(*) from pg_stat_activity where datname = current_database() and state = 'active' and query like '%wire.report_%' and pid <> pg_backend_pid()`).Scan(&n))
	return n
}

func (r reporting) await(n int) {
	r.t.Helper()
	require.Eventually(r.t, func() bool { return r.waiting() == n }, 10*time.Second, 10*time.Millisecond)
}

func TestReportIsTheFile(t *testing.T) {
	r := newReporting(t, 2, nil)
	student := r.db.User(t, "STUDENT")
	r.mark(student)

	w := r.download("/report/visits", november2026)
	require.Equal(
		t,
		"application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
		w.Header().Get("Content-Type"),
	)
	_, parameters, err := mime.ParseMediaType(w.Header().Get("Content-Disposition"))
	require.NoError(t, err)
	require.Equal(t, "Посещения с 01.11 по 30.11.xlsx", parameters["filename"])
	book, err := excelize.OpenReader(bytes.NewReader(w.Body.Bytes()))
	require.NoError(t, err)
	card, err := book.GetCellValue("Отчет", "A2")
	require.NoError(t, err)
	require.Equal(t, strconv.Itoa(student), card)

	for _, path := range []string{"/report/visits", "/report/occupancy", "/report/term", "/report/blocked"} {
		w := r.download(
			path,
			`{"startDate": "2026-11-01", "endDate": "2026-11-30", "format": "csv", "group": null, "unknown": 1}`,
		)
		require.Equal(t, "text/csv; charset=utf-8", w.Header().Get("Content-Type"))
		_, err := csv.NewReader(w.Body).ReadAll()
		require.NoError(t, err, path)
	}
	w = r.download("/report/visits", `{"startDate": "2026-11-01", "endDate": "2026-11-30", "group": "no such group"}`)
	book, err = excelize.OpenReader(bytes.NewReader(w.Body.Bytes()))
	require.NoError(t, err, "a file is promised, also where there is nothing to put into it")
	sentence, err := book.GetCellValue("Отчет", "A1")
	require.NoError(t, err)
	require.Contains(t, sentence, "отметок нет")
}

// TestNamesTypedIntoTheOldFront: what the forms of the deployed front send under their labels reads the same in a list,
// in the report and in psql, and is sorted by family name.
func TestNamesTypedIntoTheOldFront(t *testing.T) {
	r := newReporting(t, 2, nil)
	admin := r.db.User(t, "ADMIN")
	keys := map[string]string{"Фамилия": "secondname", "Имя": "firstname", "Отчество": "surname"}
	signUp := func(card int, form map[string]string) int {
		body := newPerson(card)
		for label, value := range form {
			body[keys[label]] = value
		}
		return r.one("POST /user/create", admin, body).integer(t, "id")
	}
	// sorted by patronymic or given name they would come the other way round
	borisov := signUp(20210002, map[string]string{"Фамилия": "Борисов", "Имя": "Антон", "Отчество": "Аркадьевич"})
	li := signUp(20210003, map[string]string{"Фамилия": "Ли", "Имя": "Ан", "Отчество": ""})
	abramov := signUp(20210001, map[string]string{"Фамилия": "Абрамов", "Имя": "Олег", "Отчество": "Ильич"})
	// past the triggers, so that it does not matter what day it is
	_, err := r.db.Owner.Exec(t.Context(), fmt.Sprintf(`
		begin;
		set local session_replication_role = replica;
		insert into gym.slots (id, month, weekday, starts_at, capacity, taken) values (1, '2026-11-01', 0, '16:00', 12, 3);
		insert into gym.enrolments (id, slot_id, user_id, month, weekday, created_at)
		select u, 1, u, '2026-11-01', 0, '2026-10-26' from unnest('{%d,%d,%d}'::integer[]) u;
		insert into gym.marks (enrolment_id, slot_id, user_id, date, mark)
		select e.id, e.slot_id, e.user_id, '2026-11-02', 'present' from gym.enrolments e;
		commit`, borisov, li, abramov))
	require.NoError(t, err)
	want := []string{"Абрамов Олег Ильич", "Борисов Антон Аркадьевич", "Ли Ан"}

	var listed []string
	for _, p := range r.many("GET /user/get", r.coach, object{"role": "STUDENT"}) {
		listed = append(listed, strings.TrimSpace(fmt.Sprint(p["secondname"], " ", p["firstname"], " ", p["surname"])))
	}
	slices.Sort(listed)
	require.Equal(t, want, listed)

	var reported []string
	book, err := excelize.OpenReader(r.download("/report/visits", november2026).Body)
	require.NoError(t, err)
	for row := range want {
		name, err := book.GetCellValue("Отчет", fmt.Sprint("B", row+2))
		require.NoError(t, err)
		reported = append(reported, name)
	}
	require.Equal(t, want, reported)

	query, err := r.db.Owner.Query(t.Context(), `select person from api.enrolled where month = '11-2026'`)
	require.NoError(t, err)
	shown, err := pgx.CollectRows(query, pgx.RowTo[string])
	require.NoError(t, err)
	require.Equal(t, want, shown)
}

func TestReportIsRefusedBeforeItsFirstByte(t *testing.T) {
	r := newReporting(t, 2, nil)
	for _, endpoint := range []string{"POST /report/visits", "POST /report/occupancy", "POST /report/term", "POST /report/blocked"} {
		r.refused("AccessRightsException", endpoint, nobody, november2026)
		r.refused("AccessRightsException", endpoint, r.db.User(t, "STUDENT"), "{}")
		for _, body := range []string{
			"{}", `{"startDate": "2026-11-01"}`, `{"startDate": "01.11.2026", "endDate": "2026-11-30"}`, `{"startDate": 5, "endDate": "2026-11-30"}`,
			`{"startDate": "2026-11-01", "endDate": "2026-11-31"}`, `{"startDate": "2026-11-01", "endDate": "2026-11-30", "format": "pdf"}`, "[]", "{",
		} {
			r.refused("InvalidRequestException", endpoint, r.coach, body)
		}
		for _, body := range []string{
			`{"startDate": "2026-11-30", "endDate": "2026-11-30"}`, `{"startDate": "2026-11-30", "endDate": "2026-11-01"}`,
			`{"startDate": "2024-11-01", "endDate": "2026-11-02"}`,
		} {
			r.refused("LogicError", endpoint, r.coach, body)
		}
	}
}

func TestReportsNeverStarveTheRest(t *testing.T) {
	r := newReporting(t, 1, nil)
	release := r.lock()
	first := make(chan *httptest.ResponseRecorder)
	go func() {
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, r.request(context.Background(), "/api/v1/report/visits", november2026))
		first <- w
	}()
	r.await(1)

	a := r.refused("Unavailable", "POST /report/term", r.coach, november2026)
	require.NotEmpty(t, a.header.Get("Retry-After"))
	require.Contains(t, a.message, "отчёты")
	r.many("GET /avtime/get", r.coach, nil)
	shown := scrape(t, r.handler, withToken()).Body.String()
	require.Contains(t, shown, `energy_queue_served{share="reports"} 1`)
	require.Contains(t, shown, `energy_queue_refused_total{share="reports"} 1`)

	release()
	require.Equal(t, http.StatusOK, (<-first).Code)
	r.download("/report/term", november2026)
}

// slowReader takes nothing of the answer until it is told to.
type slowReader struct {
	*httptest.ResponseRecorder
	begun, read chan struct{}
}

func (s slowReader) Write(p []byte) (int, error) {
	s.begun <- struct{}{}
	<-s.read
	return s.ResponseRecorder.Write(p)
}

func TestWhoReadsAReportSlowlyKeepsNobodyFromAnother(t *testing.T) {
	r := newReporting(t, 1, nil)
	const most = 32 // of files that are read slowly
	slow := slowReader{httptest.NewRecorder(), make(chan struct{}, most), make(chan struct{})}
	var readers sync.WaitGroup
	for range most {
		r.download("/report/term", november2026)
		readers.Go(func() {
			w := slow
			w.ResponseRecorder = httptest.NewRecorder()
			r.handler.ServeHTTP(w, r.request(context.Background(), "/api/v1/report/visits", november2026))
			if w.Code != http.StatusOK {
				t.Errorf("%d %s", w.Code, w.Body)
			}
		})
		<-slow.begun
	}
	r.refused("Unavailable", "POST /report/term", r.coach, november2026)
	close(slow.read)
	go func() {
		for range slow.begun { // whatever else is written
		}
	}()
	readers.Wait()
	close(slow.begun)
	r.download("/report/term", november2026)
}

func TestReportThatTakesTooLong(t *testing.T) {
	r := newReporting(t, 1, func(o *api.Options) { o.ReportTimeout = 200 * time.Millisecond })
	release := r.lock()
	r.refused("Unavailable", "POST /report/visits", r.coach, november2026)
	r.await(0)
	release()
}

func TestReportWhoseDatabaseGoesAway(t *testing.T) {
	r := newReporting(t, 1, nil)
	r.lock()
	go func() {
		for r.waiting() == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		_, err := r.db.Owner.Exec(context.Background(), `
			select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and state = 'active' and query like '%wire.report_%' and pid <> pg_backend_pid()`)
		if err != nil {
			t.Error(err)
		}
	}()
	r.refused("Unavailable", "POST /report/visits", r.coach, november2026)
}

// TestReportThatFindsNoRoom: a full disk of the server is no fault of the database, and should wake somebody.
func TestReportThatFindsNoRoom(t *testing.T) {
	log := new(logBuffer)
	r := newReporting(t, 1, func(o *api.Options) {
		o.Logger = httplog.NewLogger("energy", httplog.Options{JSON: true, Writer: log})
	})
	signal.Ignore(syscall.SIGXFSZ)
	t.Cleanup(func() { signal.Reset(syscall.SIGXFSZ) })
	var unlimited syscall.Rlimit
	require.NoError(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &unlimited))
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100, Max: unlimited.Max}))
	a := r.ask("POST /report/visits", r.coach, november2026)
	require.NoError(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &unlimited))
	require.Equal(t, "InternalError", a.errType)
	require.NotContains(t, log.String(), "database unavailable")
	require.Contains(t, log.String(), "file too large")
}

// TestReportWhoseRowsFail: a fault after rows have come is still no file.
func TestReportWhoseRowsFail(t *testing.T) {
	r := newReporting(t, 1, nil)
	_, err := r.db.Owner.Exec(t.Context(), `
		create or replace function rules.open_term(p_from date, p_to date, p_group text default null) returns jsonb language plpgsql as $$
		declare
		  v_rows refcursor := 'report_rows';
		begin
		  open v_rows for
		  select n as student_card, 'x' as name, 'x' as "group", 1 as held, 1 as attended, 0 as excused, 0 as absent, (1 / (1200 - n)) as blocks, 2000 as rows
		    from generate_series(1, 2000) n;
		  return jsonb_build_object('from', p_from, 'to', p_to);
		end $$`)
	require.NoError(t, err)
	a := r.ask("POST /report/term", r.coach, november2026)
	require.NotEqual(t, http.StatusOK, a.status)
}

// TestReportNobodyWaitsFor: the client hangs up, the query stops.
func TestReportNobodyWaitsFor(t *testing.T) {
	r := newReporting(t, 1, nil)
	release := r.lock()
	server := httptest.NewServer(r.handler)
	defer server.Close()
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		for r.waiting() == 0 {
			time.Sleep(10 * time.Millisecond)
		}
		hangUp()
	}()
	response, err := server.Client().Do(r.request(ctx, server.URL+"/api/v1/report/visits", november2026))
	if err == nil {
		_ = response.Body.Close()
	}
	require.ErrorIs(t, err, context.Canceled)
	r.await(0)
	release()

	require.Eventually(t, func() bool {
		response, err := server.Client().Do(r.request(t.Context(), server.URL+"/api/v1/report/visits", november2026))
		if err != nil {
			return false
		}
		content, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		return err == nil && response.StatusCode == http.StatusOK && response.ContentLength == int64(len(content))
	}, 10*time.Second, 50*time.Millisecond, "its place is free again")
}
