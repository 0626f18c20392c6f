package db_test

import (
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/db"
	"energiya/internal/dbtest"
)

// list gives the lines that a query returns.
func list(t *testing.T, database *dbtest.DB, sql string) []string {
	t.Helper()
	rows, err := database.Owner.Query(t.Context(), sql)
	require.NoError(t, err)
	lines, err := pgx.CollectRows(rows, pgx.RowTo[string])
	require.NoError(t, err)
	return lines
}

// TestPlansDependOnNoServerSetting requires of every function that is entered from outside that it carries the
// settings by which its statements are planned, and of none that it forbids the planner a kind of plan.
func TestPlansDependOnNoServerSetting(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	require.Empty(t, list(t, database, `
		select p.oid::regprocedure::text from pg_proc p
		 where p.pronamespace in (
       'rules'::regnamespace, 'api'::regnamespace, 'wire'::regnamespace, 'auth'::regnamespace) and p.prosecdef
		   and not coalesce(p.proconfig, '{}') @> '{jit=off,random_page_cost=1.1}'`), "functions without their settings (db/functions/plans.sql)")
	require.Empty(t, list(t, database, `
		select p.oid::regprocedure::text from pg_proc p cross join unnest(p.proconfig) c where c like 'enable\_%'`),
		"functions that forbid a kind of plan, which makes others look so dear that JIT compiles them")
}

// TestTheClusterPlansByDefault requires that all of these tests run where the planner has PostgreSQL's own settings.
func TestTheClusterPlansByDefault(t *testing.T) {
	t.Parallel()
	require.Empty(t, list(t, dbtest.New(t), `
		select s.name || ' = ' || s.setting from pg_settings s
		 where (s.category like 'Query Tuning%' or s.name in ('jit', 'work_mem', 'shared_buffers', 'maintenance_work_mem'))
		   -- initdb writes its default of shared_buffers into the file
		   and s.source <> 'default' and s.setting is distinct from s.boot_val
		   and (s.name, s.setting) <> ('shared_buffers', '16384')`))
}

// TestATableForAllToFollow changes the one row of tern's table while a publication is for all tables, as the next
// migration would, and requires that the rows of no other table can't be changed then.
func TestATableForAllToFollow(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	require.Empty(t, list(t, database, `
		select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
		 where c.relkind in ('r', 'p') and c.relpersistence = 'p' and n.nspname not in ('pg_catalog', 'information_schema')
		   and c.relreplident <> 'f'
		   and not exists (select from pg_index i where i.indrelid = c.oid and i.indisprimary)`), "tables without a key")
	_, err := database.Owner.Exec(t.Context(), "create publication everything for all tables")
	require.NoError(t, err)
	_, err = database.Owner.Exec(t.Context(), "update public.schema_version set version = version")
	require.NoError(t, err)
}

// TestHowTextIsQuotedDoesNotMatter migrates and works where the database quotes all names and takes backslashes in
// texts away.
func TestHowTextIsQuotedDoesNotMatter(t *testing.T) {
	t.Parallel()
	d := empty(t)
	d.exec(t, `do $$ begin
		execute format('alter database %I set quote_all_identifiers = on', current_database());
		execute format('alter database %I set standard_conforming_strings = off', current_database());
		execute format('alter database %I set escape_string_warning = off', current_database());
	end $$`)
	_, err := d.migrate(t, db.Options{})
	require.NoError(t, err)
	conn, err := pgx.ConnectConfig(t.Context(), d.config)
	require.NoError(t, err)
	defer func() { _ = conn.Close(t.Context()) }()
	d.conn = conn
	require.Equal(
		t,
		"on off",
		d.ask(t, "current_setting('quote_all_identifiers') || ' ' || current_setting('standard_conforming_strings')"),
	)

	d.exec(t, "set gym.now = '2026-12-09 09:00'")
	require.Equal(t, "2027-01-01", d.ask(t, "rules.next_month()"), "the clock is read by a pattern")
	d.exec(t, "select rules.turn_enrolment(true, null)")
	d.exec(t, `insert into gym.users (id, student_card, firstname, secondname, surname, "group", hid)
		values (1000, 1000, 'Иван', 'Петров', 'Ильич', '', '-')`)
	require.Equal(t, "false", d.ask(
		t,
		"wire.entry_create(1000, (select jsonb_build_object('selectedTimes', jsonb_build_array(min(id))) from gym.slots), 'x') -> 0 ->> 'error'",
	))
	require.Equal(t, "", d.ask(t, "select coalesce(string_agg(format('%s: %s', a.invariant, a.violations), '; '), '') "+
		"from api.audit() a where a.violations > 0"))
	require.Contains(
		t,
		d.ask(t, "select string_agg(help, ' ') from api.help('cancel')"),
		"api.cancel(enrolment integer = null, ",
	)
	// the stack of calls says who may change what is only added to
	require.Equal(t, "1000", d.ask(t, "select id from api.erase_person('заявление', 1000)"))
	d.exec(t, "select wire.clean_up()")
}
