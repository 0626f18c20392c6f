package report_test

import (
	"bytes"
	"encoding/csv"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"
	"github.com/xuri/excelize/v2"

	"energiya/internal/dbtest"
	"energiya/report"
)

// gym is a database in which a test says what was marked. Triggers are off while it does: what the rules make of
// marks is tested in db/tests, and here any past can be told.
type gym struct {
	t  *testing.T
	db *dbtest.DB
	at *pgxpool.Pool // where it is Thursday, 5 November 2026, noon
}

func newGym(t *testing.T) gym {
	t.Helper()
	db := dbtest.New(t)
	return gym{t, db, db.At(t, "2026-11-05 12:00")}
}

// tell runs SQL past the triggers.
func (g gym) tell(sql string, args ...any) {
	g.t.Helper()
	err := pgx.BeginFunc(g.t.Context(), g.db.Owner, func(tx pgx.Tx) error {
		if _, err := tx.Exec(g.t.Context(), "set local session_replication_role = replica"); err != nil {
			return err
		}
		_, err := tx.Exec(g.t.Context(), sql, args...)
		return err
	})
	require.NoError(g.t, err)
}

// student makes a person; the name is family name, given name and patronymic, in this order.
func (g gym) student(card int, name [3]string, group string) {
	g.t.Helper()
	g.tell(
		`insert into gym.users (id, student_card, secondname, firstname, surname, "group", hid) values ($1, $1, $2, $3, $4, $5, '-')`,
		card,
		name[0],
		name[1],
		name[2],
		group,
	)
}

// mark gives a student a mark in the lesson of that date and time, whose slot and enrolment are made where they are
// missing.
func (g gym) mark(card int, at, mark string) {
	g.t.Helper()
	g.tell(`
		with lesson as (
			select $1::timestamp::date as date, $1::timestamp::time as starts_at, date_trunc('month', $1::timestamp)::date as month,
			       extract(isodow from $1::timestamp)::integer - 1 as weekday),
		made as (
			insert into gym.slots (month, weekday, starts_at, capacity)
			select month, weekday, starts_at, 12 from lesson
			on conflict (month, weekday, starts_at) where deleted_at is null do nothing
			returning id, month, weekday),
		slot as (
			select id, month, weekday from made
			union
			select s.id, s.month, s.weekday from gym.slots s join lesson l using (month, weekday, starts_at)),
		booked as (
			-- cancelled: one weekday takes one active enrolment, and the past may have had more
			insert into gym.enrolments (slot_id, user_id, month, weekday, created_at, cancelled_at, cancel_reason)
			select id, $2, month, weekday, '2020-01-01', '2020-01-01', 'moved' from slot
			returning id, slot_id)
		insert into gym.marks (enrolment_id, slot_id, user_id, date, mark)
		select b.id, b.slot_id, $2, l.date, $3::text::gym.mark from booked b cross join lesson l`, at, card, mark)
}

// made is a report and its parts.
type made struct {
	report.File
	content []byte
}

// make makes a report as energy report does.
func (g gym) make(kind, from, to, group, format string) made {
	g.t.Helper()
	m, err := g.try(kind, from, to, group, format)
	require.NoError(g.t, err)
	return m
}

func (g gym) try(kind, from, to, group, format string) (m made, err error) {
	ctx := g.t.Context()
	err = g.open(kind, from, to, group, format, func(k report.Kind, tx pgx.Tx, head []byte) error {
		var out bytes.Buffer
		m.File, err = k.Write(ctx, tx, head, &out, nil)
		m.content = out.Bytes()
		return err
	})
	return m, err
}

// open opens the cursor of a report in a snapshot and hands it on.
func (g gym) open(kind, from, to, group, format string, use func(report.Kind, pgx.Tx, []byte) error) error {
	g.t.Helper()
	options := pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly}
	return pgx.BeginTxFunc(g.t.Context(), g.at, options, func(tx pgx.Tx) error {
		for _, k := range report.Kinds() {
			if k.Name != kind {
				continue
			}
			sql, args := "select rules.open_%s($1, $2) || jsonb_build_object('format', $3::text)", []any{
				from,
				to,
				format,
			}
			if k.Grouped {
				sql, args = "select rules.open_%s($1, $2, $4) || jsonb_build_object('format', $3::text)", append(
					args,
					group,
				)
			}
			var head []byte
			if err := tx.QueryRow(g.t.Context(), fmt.Sprintf(sql, kind), args...).Scan(&head); err != nil {
				return err
			}
			return use(k, tx, head)
		}
		return fmt.Errorf("no such report: %s", kind)
	})
}

func (m made) book(t *testing.T) *excelize.File {
	t.Helper()
	f, err := excelize.OpenReader(bytes.NewReader(m.content))
	require.NoError(t, err)
	t.Cleanup(func() { _ = f.Close() })
	return f
}

// rows are what the sheet shows, each row as wide as the first.
func (m made) rows(t *testing.T, sheet string) [][]string {
	t.Helper()
	rows, err := m.book(t).GetRows(sheet)
	require.NoError(t, err)
	return rows
}

// table is the part of the rows above the first empty one, all as wide as the headings.
func table(rows [][]string) [][]string {
	var part [][]string
	for _, row := range rows {
		if len(row) == 0 {
			break
		}
		wide := make([]string, len(rows[0]))
		copy(wide, row)
		part = append(part, wide)
	}
	return part
}

// fields reads CSV as a program does that knows of its first bytes and of the semicolons.
func (m made) fields(t *testing.T) [][]string {
	t.Helper()
	text, ok := strings.CutPrefix(string(m.content), "\uFEFF")
	require.True(t, ok, "CSV says that it is UTF-8")
	r := csv.NewReader(strings.NewReader(text))
	r.Comma = ';'
	fields, err := r.ReadAll()
	require.NoError(t, err)
	return fields
}

// lines makes rows of a picture: columns separated by |, blanks around them left out.
func lines(picture string) [][]string {
	var rows [][]string
	for line := range strings.Lines(strings.TrimSpace(picture)) {
		var row []string
		for field := range strings.SplitSeq(strings.TrimSpace(line), "|") {
			row = append(row, strings.TrimSpace(field))
		}
		rows = append(rows, row)
	}
	return rows
}
