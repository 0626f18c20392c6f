package main

import (
	"context"
	_ "embed"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

//go:embed gym.sql
var gymSQL string

// gym is how large the invented gym is. Its people are students 1 to students, and an administrator after them.
type gym struct {
	students int
	slots    int // a weekday
	seats    int // a slot
	months   int // of history, with this one
	taken    int // seats of each of next month's slots
}

// make removes all that is in the database and invents the gym.
func (b *bench) make(ctx context.Context, g gym) error {
	// statement by statement, since VACUUM stands alone
	for statement := range strings.SplitSeq(fmt.Sprintf(gymSQL, g.students, g.slots, g.seats, g.months, g.taken), ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if _, err := b.conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("inventing a gym: %w\n%s", err, statement)
		}
	}
	return nil
}

// empty gives next month's seats back, and writes the checkpoint that would else fall into the next measurement.
func (b *bench) empty(ctx context.Context) error {
	for _, statement := range []string{
		`begin; set local session_replication_role = replica;
		 delete from gym.enrolments where month = rules.next_month();
		 delete from gym.refusals r using gym.slots s where s.id = r.slot_id and s.month = rules.next_month();
		 update gym.slots set taken = 0 where month = rules.next_month();
		 commit`,
		`vacuum analyze gym.enrolments, gym.refusals, gym.slots`,
		`checkpoint`,
	} {
		if _, err := b.conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return fmt.Errorf("emptying next month: %w", err)
		}
	}
	return nil
}

// first is the id of next month's first slot, as gym.sql gives it: those of a weekday follow each other.
func (g gym) first() int { return 1 + g.months*6*g.slots }

// threeDays are distinct weekdays.
func threeDays(random *rand.Rand) [3]int {
	first := random.IntN(6)
	second := first + 1 + random.IntN(2)
	return [3]int{first, second % 6, (second + 1 + random.IntN(2)) % 6}
}

// choice is a request of a student for slots of next month on three weekdays.
func (g gym) choice(student int, random *rand.Rand) request {
	body := []byte(`{"selectedTimes":[`)
	for i, day := range threeDays(random) {
		if i > 0 {
			body = append(body, ',')
		}
		body = strconv.AppendInt(body, int64(g.first()+day*g.slots+random.IntN(g.slots)), 10)
	}
	return request{http.MethodPost, "/entry/create", student, append(body, "]}"...)}
}

// choiceScript is the same for pgbench, with the student as given.
func (g gym) choiceScript(name, student string) script {
	return script{
		name: name,
		sql: student + `
\set a random(0, 5)
\set b :a + random(1, 2)
\set c (:b + random(1, 2)) % 6
\set b :b % 6
\set x :first + :a * :slots + random(0, :slots - 1)
\set y :first + :b * :slots + random(0, :slots - 1)
\set z :first + :c * :slots + random(0, :slots - 1)
select wire.entry_create(:student, format('{"selectedTimes":[%s,%s,%s]}', :x::integer, :y::integer, :z::integer)::jsonb, 'bench');
`,
		variables: map[string]int{"first": g.first(), "slots": g.slots, "students": g.students, "n": 0},
	}
}

const (
	// anyStudent of all, at random.
	anyStudent = `\set student random(1, :students)`
	// nextStudent: each once, where each of so many clients has as many.
	nextStudent = `\set n :n + 1
\set student :client_id * (:students / 8) + :n`
)
