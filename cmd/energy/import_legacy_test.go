package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

const legacySchema = `
create schema legacy;
create type legacy.userrole as enum ('STUDENT', 'COACH', 'ADMIN', 'BLOCKED');
create table legacy.users (
  id serial primary key, student_card integer, firstname varchar, secondname varchar, surname varchar, "group" varchar, hid varchar, image varchar, role legacy.userrole, deleted boolean);
create table legacy.available_time (id serial primary key, weekday integer, time varchar, number_of_persons integer, month varchar, deleted boolean);
create table legacy.entries (id serial primary key, user_id integer, selected_time_id integer, create_time timestamp, deleted boolean);
create table legacy.visits (id serial primary key, entry_id integer, date date, mark integer);
create table legacy.ads (id serial primary key, body text, create_time timestamp, deleted boolean);
create table legacy.news (id serial primary key, body text, create_time timestamp, deleted boolean)`

const (
	legacyPeople = 2000
	legacyNow    = "2026-12-10 09:00" // on the gym's clock
)

// makeLegacy invents a database of the old system, always the same: half a year, in which 2,000 people trained, with
// what its faults left behind.
func makeLegacy(t *testing.T, pool *pgxpool.Pool) {
	t.Helper()
	random := rand.New(rand.NewPCG(5, 2026))
	now := time.Date(2026, 12, 10, 0, 0, 0, 0, time.UTC)
	var users, times, entries, visits [][]any

	for id := 1; id <= legacyPeople; id++ {
		role, card := "STUDENT", 12000000+id*7
		switch {
		case id <= 2:
			role = "ADMIN"
		case id <= 5:
			role = "COACH"
		case id%40 == 0:
			role = "BLOCKED"
		}
		if id%500 == 0 { // somebody signed up twice
			card -= 7
		}
		patronymic := "" // some have none
		if id%3 > 0 {
			patronymic = fmt.Sprint("Отчество", id)
		}
		users = append(
			users,
			[]any{id, card, fmt.Sprint("Имя", id), fmt.Sprint("Фамилия", id), patronymic, fmt.Sprint("БИ-", id%30),
				fmt.Sprintf("%064x", random.Uint64()), nil, role, id%97 == 0},
		)
	}
	for month := time.Date(2026, 8, 1, 0, 0, 0, 0, time.UTC); month.Before(time.Date(2027, 2, 1, 0, 0, 0, 0, time.UTC)); month = month.AddDate(0, 1, 0) {
		for weekday := range 6 {
			for i, at := range []string{"16:00", "17:30", "19:00", "20:30"} {
				id := len(times) + 1
				times = append(times, []any{id, weekday, at, 12, month.Format("01-2006"), false})
				seats := 12
				if random.IntN(10) == 0 { // the paths past the capacity
					seats += 3
				}
				for range seats {
					entry := len(entries) + 1
					deleted := random.IntN(15) == 0
					entries = append(
						entries,
						[]any{entry, 6 + random.IntN(legacyPeople-6), id, month.AddDate(0, 0, -5), deleted},
					)
					if random.IntN(60) == 0 { // two on a weekday
						entries = append(
							entries,
							[]any{entry + 1, entries[entry-1][1], id + 1 - i%2*2, month.AddDate(0, 0, -5), false},
						)
					}
					if month.After(now) {
						continue
					}
					for day := month; day.Month() == month.Month(); day = day.AddDate(0, 0, 1) {
						if int(day.Weekday()+6)%7 != weekday {
							continue
						}
						mark := 0 // made for the whole month ahead
						if day.Before(now) && random.IntN(20) > 0 {
							mark = []int{0, 0, 1, 1, 1, 1, 1, 1, 2, 3}[random.IntN(10)]
						}
						visits = append(visits, []any{len(visits) + 1, entry, day, mark})
					}
				}
			}
		}
	}
	// odd ones: of nobody, on another weekday, no mark, a second time
	for i := range 20 {
		like := visits[i*100]
		visits = append(visits,
			[]any{len(visits) + 1, 9000000, like[2], 1},
			[]any{len(visits) + 2, like[1], like[2].(time.Time).AddDate(0, 0, 1), 1},
			[]any{len(visits) + 3, like[1], like[2], 9},
			[]any{len(visits) + 4, like[1], like[2], 1})
	}

	ctx := context.Background()
	_, err := pool.Exec(ctx, legacySchema)
	require.NoError(t, err)
	for _, table := range []struct {
		name    string
		columns []string
		rows    [][]any
	}{
		{"users", []string{"id", "student_card", "firstname", "secondname", "surname", "group", "hid", "image", "role", "deleted"}, users},
		{"available_time", []string{"id", "weekday", "time", "number_of_persons", "month", "deleted"}, times},
		{"entries", []string{"id", "user_id", "selected_time_id", "create_time", "deleted"}, entries},
		{"visits", []string{"id", "entry_id", "date", "mark"}, visits},
		{"ads", []string{"id", "body", "create_time", "deleted"}, [][]any{{1, "Зал закрыт", now, false}, {2, "", now, false}}},
		{"news", []string{"id", "body", "create_time", "deleted"}, [][]any{{1, "Набор открыт", now, true}}},
	} {
		if table.name == "users" { // COPY would need to know the type of role
			for _, user := range table.rows {
				_, err := pool.Exec(
					ctx,
					`insert into legacy.users values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
					user...)
				require.NoError(t, err)
			}
			continue
		}
		_, err := pool.CopyFrom(ctx, pgx.Identifier{"legacy", table.name}, table.columns, pgx.CopyFromRows(table.rows))
		require.NoError(t, err)
	}
}

// number is the answer of a query that counts.
func number(t *testing.T, pool *pgxpool.Pool, sql string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, pool.QueryRow(t.Context(), sql, args...).Scan(&n), sql)
	return n
}

// fingerprint is of all that an import writes.
func fingerprint(t *testing.T, pool *pgxpool.Pool) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"users", "slots", "months", "enrolments", "marks", "posts", "blocks", "pardons", "ledger", "legacy_ids"} {
		var sum string
		require.NoError(
			t,
			pool.QueryRow(t.Context(), fmt.Sprintf(`select count(*) || ' ' || coalesce(md5(string_agg(r::text, ',' order by r::text)), '') from gym.%s r`, table)).
				Scan(&sum),
		)
		fmt.Fprintln(&all, table, sum)
	}
	return all.String()
}

func TestImportLegacyTakesOverTwoThousandPeople(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	pool := database.At(t, legacyNow)
	makeLegacy(t, pool)
	separator := "?"
	if strings.Contains(database.URL(), "?") {
		separator = "&"
	}
	variables := at(database.URL() + separator + "gym.now=" + url.PathEscape(legacyNow))

	empty := fingerprint(t, pool)
	dry := run(t, variables, "", "import-legacy", "--schema", "legacy", "--dry-run")
	require.Equal(t, 0, dry.code, dry.stderr)
	require.Equal(t, empty, fingerprint(t, pool), "a dry run changes nothing")
	require.Contains(t, dry.stdout, "A dry run: nothing was changed.")

	first := run(t, variables, "", "import-legacy", "--schema", "legacy")
	require.Equal(t, 0, first.code, first.stderr)
	require.Equal(
		t,
		strings.Replace(dry.stdout, "\nA dry run: nothing was changed.\n", "", 1),
		first.stdout,
		"the dry run foretold it",
	)
	for _, expected := range []string{
		`(?m)^users +1 +changed +taken for the default administrator: log-in disabled$`,
		`(?m)^users +500 +refused +card \d+ is that of user 499 too$`,
		`(?m)^entries +\d+ +changed +all 12 seats are taken: history, cancelled at the end of the month$`,
		`(?m)^entries +\d+ +refused +all 12 seats are taken$`,
		`(?m)^entries +\d+ +changed +another time on that weekday: history`,
		`(?m)^visits +\d+ +refused +there is no entry 9000000$`,
		`(?m)^visits +\d+ +refused +mark '9' is none of 0 to 3$`,
		`(?m)^visits +\d+ +refused +visit \d+ is of the same lesson$`,
		`(?m)^ads +2 +refused +the text is empty`,
		`(?m)^users +2000 +1996 +0 +4 +1 log-ins disabled, \d+ judged anew$`,
	} {
		require.Regexp(t, regexp.MustCompile(expected), first.stdout)
	}

	audit := run(t, variables, "", "audit")
	require.Equal(t, 0, audit.code, audit.stdout)

	// who a person is, and how they log in, stays
	require.Equal(t, legacyPeople-4, number(t, pool, `
		select count(*) from legacy.users o join gym.users u on u.id = o.id
		 where u.student_card = o.student_card and u.secondname = o.secondname and u.firstname = o.firstname and u.surname = o.surname
		   and u."group" = o."group" and u.deleted = o.deleted
		   and u.hid = case when o.id = 1 then '!' else o.hid end
		   and (o.role::text = u.role::text or (o.role in ('STUDENT', 'BLOCKED') and u.role in ('STUDENT', 'BLOCKED')))`))
	require.Greater(t, number(t, pool, `select nextval('gym.users_id_seq')`), legacyPeople)

	// every row came in, or was named
	require.Zero(t, number(t, pool, `
		select count(*)
		  from (select 'user' as kind, 'users' as what, id from legacy.users
		        union all select 'available_time', 'available_time', id from legacy.available_time
		        union all select 'entry', 'entries', id from legacy.entries
		        union all select 'visit', 'visits', id from legacy.visits where mark <> 0) o
		  left join gym.legacy_ids k on k.kind = o.kind and k.old_id = o.id
		  left join api.import_legacy_problems('legacy') p on p.what = o.what and p.old_id = o.id and p.outcome = 'refused'
		 where (k.new_id is null) = (p.old_id is null)`))
	// a mark is what it was, and a zero says nothing
	require.Zero(t, number(t, pool, `
		select count(*) from legacy.visits v join gym.legacy_ids k on k.kind = 'visit' and k.old_id = v.id join gym.marks m on m.id = k.new_id
		 where m.mark::text <> (array['present', 'excused', 'cancelled'])[v.mark] or m.date <> v.date`))
	require.Positive(t, number(t, pool, `select count(*) from gym.legacy_ids where kind = 'visit'`))
	require.Zero(t, number(t, pool, `
		select count(*) from gym.marks m where m.mark <> 'unmarked' and not exists (select from gym.legacy_ids k where k.kind = 'visit' and k.new_id = m.id)`))
	// whoever had a seat this month that the rules allow has it
	require.Zero(t, number(t, pool, `
		select count(*) from legacy.entries e
		  join gym.legacy_ids k on k.kind = 'entry' and k.old_id = e.id
		  join gym.enrolments n on n.id = k.new_id
		 where n.user_id <> e.user_id or (n.cancelled_at is null and e.deleted)`))

	before := fingerprint(t, pool)
	second := run(t, variables, "", "import-legacy", "--schema", "legacy")
	require.Equal(t, 0, second.code, second.stderr)
	require.Regexp(t, regexp.MustCompile(`(?m)^users +2000 +0 +1996 +4`), second.stdout)
	require.Equal(t, before, fingerprint(t, pool), "the second import changes nothing")

	missing := run(t, variables, "", "import-legacy", "--schema", "elsewhere")
	require.Equal(t, 1, missing.code)
	require.Contains(t, missing.stderr, "elsewhere")
	require.Contains(t, missing.stderr, "docs/import-legacy.md")
}
