package dbtest_test

import (
	"context"
	"testing"
	"time"

	"energiya/internal/dbtest"
	"energiya/internal/testclock"
)

func TestNewIsMigratedWithSettingsAndRights(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	ctx := context.Background()

	var searchPath string
	if err := database.Owner.QueryRow(ctx, "show search_path").Scan(&searchPath); err != nil {
		t.Fatal(err)
	}
	if want := "gym, api, public"; searchPath != want {
		t.Errorf("search_path is %q, want %q as the migrations set it", searchPath, want)
	}
	var anybody bool
	if err := database.Owner.QueryRow(ctx, `
		select exists (select from pg_database d, aclexplode(d.datacl) a where d.datname = current_database() and a.grantee = 0)`).Scan(&anybody); err != nil {
		t.Fatal(err)
	}
	if anybody {
		t.Error("everybody has rights on the test database, though the migrations revoke them")
	}
}

func TestServerIsTheServersRole(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	var role string
	if err := database.Server(t).QueryRow(context.Background(), "select current_user").Scan(&role); err != nil {
		t.Fatal(err)
	}
	if role != "energy_server" {
		t.Errorf("the server's pool works as %q, want energy_server", role)
	}
}

func TestAtMovesTheClock(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	var month string
	if err := database.At(t, "2026-12-25 12:00").QueryRow(context.Background(), "select rules.next_month()::text").Scan(&month); err != nil {
		t.Fatal(err)
	}
	if month != "2027-01-01" {
		t.Errorf("next month is %s, want 2027-01-01", month)
	}
}

func TestUsersMakesDistinctPeople(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	ids := database.Users(t, "STUDENT", 3)
	ids = append(ids, database.User(t, "ADMIN"))
	var students, admins int
	if err := database.Owner.QueryRow(context.Background(), `
		select count(*) filter (where role = 'STUDENT'), count(*) filter (where role = 'ADMIN')
		  from gym.users where id = any($1)`, ids).Scan(&students, &admins); err != nil {
		t.Fatal(err)
	}
	if students != 3 || admins != 1 {
		t.Errorf("made %d students and %d administrators, want 3 and 1", students, admins)
	}
}

func TestTheClockIsThatOfTheTests(t *testing.T) {
	t.Parallel()
	var clock time.Time
	if err := dbtest.New(t).Owner.QueryRow(context.Background(), "select rules.clock()").Scan(&clock); err != nil {
		t.Fatal(err)
	}
	if ahead := clock.Sub(testclock.Now()).Abs(); ahead > time.Minute {
		t.Errorf("the database's clock and that of the tests are %s apart", ahead)
	}
}
