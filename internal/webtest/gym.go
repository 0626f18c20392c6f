package webtest

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-chi/httplog/v2"

	"energiya/api"
	"energiya/internal/dbtest"
	"energiya/internal/gymclient"
	"energiya/web"
)

// Gym is a real database behind a real main server, with the pages in front of it. Only the accounts are those of the
// stage: the token "u12" is a session of the person with the id 12.
type Gym struct {
	*Stage

	DB     *dbtest.DB
	Client *gymclient.Client
	Main   *httptest.Server
	Pages  *web.Pages
	t      testing.TB
}

const token = "the-token-of-these-tests"

type oneToken struct{}

func (oneToken) Valid(t string) bool { return t == token }

// NewGym starts a gym whose clock shows now, the gym's local time: "2026-12-25 11:59:50". From there it runs on.
func NewGym(t testing.TB, now string, log *slog.Logger) *Gym {
	t.Helper()
	g := &Gym{Stage: New(), DB: dbtest.New(t), t: t}
	g.Move(now)
	g.Main = httptest.NewServer(api.New(api.Options{
		Pool: g.DB.Server(t), Tokens: oneToken{}, RequestTimeout: 20 * time.Second,
		Logger: httplog.NewLogger("test", httplog.Options{JSON: true, Writer: io.Discard}),
	}))
	t.Cleanup(g.Main.Close)
	var err error
	g.Client, err = gymclient.New(gymclient.Options{
		URL: g.Main.URL, Token: func() string { return token }, Timeout: 10 * time.Second, FileTimeout: time.Minute,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Client.Close)
	g.Pages, err = web.New(web.Options{Accounts: g, Gym: g, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(g.Pages.Close)
	return g
}

// Move sets the database's clock for every session, the server's too.
func (g *Gym) Move(now string) {
	g.t.Helper()
	g.Exec(`create or replace function rules.clock() returns timestamptz language sql stable as
		$$ select now() + interval '` + g.Text(
		`select (timestamp '`+now+`' at time zone (select time_zone from gym.settings) - clock_timestamp())::text`,
	) + `' $$`)
}

// Exec runs SQL as the owner of the database.
func (g *Gym) Exec(sql string, args ...any) {
	g.t.Helper()
	if _, err := g.DB.Owner.Exec(context.Background(), sql, args...); err != nil {
		g.t.Fatalf("%s: %v", sql, err)
	}
}

// Text returns the only value of a query, which must be of type text.
func (g *Gym) Text(sql string, args ...any) string {
	g.t.Helper()
	var text string
	err := g.DB.Owner.QueryRow(context.Background(), sql, args...).Scan(&text)
	if err != nil {
		g.t.Fatalf("%s: %v", sql, err)
	}
	return text
}

// Slot makes a slot and gives its id.
func (g *Gym) Slot(month string, weekday int, at string, seats int) int {
	g.t.Helper()
	id, err := strconv.Atoi(g.Text(`insert into gym.slots (month, weekday, starts_at, capacity)
		values (to_date($1, 'MM-YYYY'), $2, $3::time, $4) returning id::text`, month, weekday, at, seats))
	if err != nil {
		g.t.Fatal(err)
	}
	return id
}

// Session is the token of a session of a person.
func Session(id int) string { return fmt.Sprintf("u%d", id) }

func personOf(session string) (int, bool) {
	id, err := strconv.Atoi(strings.TrimPrefix(session, "u"))
	return id, err == nil
}

// Person is the person of the database whom the token names.
func (g *Gym) Person(ctx context.Context, session string, used bool) (web.Person, error) {
	id, ok := personOf(session)
	if !ok {
		return g.Stage.Person(ctx, session, used)
	}
	var p web.Person
	err := g.DB.Owner.QueryRow(ctx, `select student_card, secondname, firstname, surname, "group", role::text, 1
		from gym.users where id = $1 and not deleted`, id).
		Scan(&p.Card, &p.Family, &p.Given, &p.Patronymic, &p.Group, &p.Role, &p.Session)
	if err != nil {
		return p, web.ErrNoSession
	}
	return p, nil
}

// LogIn lets in who gives a token as the card.
func (g *Gym) LogIn(ctx context.Context, in web.LogIn) (web.Opened, error) {
	if _, err := g.Person(ctx, in.Card, true); err != nil {
		return g.Stage.LogIn(ctx, in)
	}
	return web.Opened{Token: in.Card, MaxAge: time.Hour}, nil
}

// Call calls the main server for the person of the token.
func (g *Gym) Call(ctx context.Context, session, endpoint string, in, out any) error {
	id, _ := personOf(session)
	return g.Client.CallAs(ctx, gymclient.Actor{UserID: id}, endpoint, in, out)
}

// Download asks the main server for a file for the person of the token.
func (g *Gym) Download(ctx context.Context, session, endpoint string, in any) (io.ReadCloser, string, string, error) {
	id, _ := personOf(session)
	return g.Client.DownloadAs(ctx, gymclient.Actor{UserID: id}, endpoint, in)
}

// Document reads a document of the main server.
func (g *Gym) Document(ctx context.Context, endpoint, etag string, out any) (string, time.Time, error) {
	return g.Client.Document(ctx, endpoint, etag, out)
}
