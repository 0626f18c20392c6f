package db_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

// aMonth is what the examples of comments speak of: two students of БИ-21 in the middle of December, one of them
// blocked, a post, a closure, the tables of the old system. Nobody's password is stored, so that the pepper may still
// change.
const aMonth = `
	insert into gym.secrets (name, value) values ('pepper', 'pepper') on conflict do nothing;
	insert into gym.roster (card, family, given, patronymic, "group", added_at) values (76, 'Новиков', 'Олег', '', 'БИ-21', now());
	insert into gym.users (student_card, firstname, surname, secondname, "group", hid)
	select c, 'Анна', 'Игоревна', 'Белова', 'БИ-21', '-' from unnest('{12069840,12069841}'::integer[]) c
	union all select 12069842, 'Яна', '', 'Орлова', 'БИ-22', '-';
	set gym.now = '2026-11-25 12:00';
	select rules.ensure_slots();
	select api.enrol(card => c, day => d, at => '16:00') from unnest('{12069840,12069841}'::integer[]) c, unnest('{Mon,Tue}'::text[]) d;
	set gym.now = '2026-12-01 00:05';
	select rules.ensure_marks();
	set gym.now = '2026-12-09 09:00';
	select rules.make_month('2027-01-01'), api.post('Зал открыт'), api.close_days('2026-12-31', 'Новый год'),
	       api.block('порча инвентаря', card => 12069841), api.cancel_lesson('2026-12-08', '16:00', 'тренер болен');
	select api.join_waiting_list(c, 'Wed', '16:00') from unnest('{12069842,12069840}'::integer[]) c;
	create schema legacy;
	create table legacy.users (id integer, student_card integer, firstname text, secondname text, hid text, role text);
	create table legacy.available_time (id integer, weekday integer, time text, number_of_persons integer, month text);
	create table legacy.entries (id integer, user_id integer, selected_time_id integer);
	create table legacy.visits (id integer, entry_id integer, date date, mark integer);
	create table legacy.ads (id integer, body text);
	create table legacy.news (id integer, body text)`

// TestEveryExampleWorks pastes the example of each function and view of api, as the administrator whom api.help names,
// each on the same day.
func TestEveryExampleWorks(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	conn, err := dbtest.New(t).At(t, "2026-12-09 09:00").Acquire(ctx)
	require.NoError(t, err)
	defer conn.Release()
	_, err = conn.Exec(ctx, aMonth)
	require.NoError(t, err)

	type command struct {
		Name    string
		Kind    string
		Who     string
		Example string
	}
	rows, err := conn.Query(ctx, `select name, kind, who, example from api.commands where example is not null`)
	require.NoError(t, err)
	commands, err := pgx.CollectRows(rows, pgx.RowToStructByPos[command])
	require.NoError(t, err)
	require.Greater(t, len(commands), 60)
	for _, c := range commands {
		begin := "begin; "
		if strings.Contains(c.Who, "energy_admin") {
			begin += "set local role energy_admin; "
		}
		// some examples end the transaction themselves
		_, err := conn.Exec(ctx, begin+c.Example)
		require.False(t, strings.Contains(c.Example, `\`), "%s %s: plain SQL, without commands of psql", c.Kind, c.Name)
		if err != nil && !lacksRandom(err) {
			t.Errorf("%s api.%s\n  %s\n  %v", c.Kind, c.Name, c.Example, err)
		}
		_, err = conn.Exec(ctx, "rollback")
		require.NoError(t, err)
	}
}

// lacksRandom tells that a code could not be made because PostgreSQL 12 has no random bytes.
func lacksRandom(err error) bool {
	var refused *pgconn.PgError
	return errors.As(err, &refused) && refused.ConstraintName == "random_missing"
}
