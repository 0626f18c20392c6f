// Package past plays months that are over into a database, day by day under the session's clock: students choose at
// the opening, come or stay away, and a coach marks them, and now and then forgets to. What follows from it (marks,
// absences, blocks, freed seats) is the rules' own work.
package past

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// Options say who plays, and where.
type Options struct {
	// Conn is a session of the database's owner, since others may not move the clock. It gets the true time back.
	Conn     *pgx.Conn
	Students []int
	Coach    int
	// Seed fixes who wants what, and who comes.
	Seed uint64
	// Progress is told of each day before it is played, if it is not nil.
	Progress func(day time.Time, r Report)
}

// Report is what was played this time.
type Report struct {
	Seats                    int // taken at the openings
	Lessons, Forgotten       int // marked; left unmarked
	Present, Absent, Excused int
}

// player plays.
type player struct {
	Options
	random *rand.Rand
	played Report
}

// Play plays the month before this one, and this one up to yesterday, as far as they are not played yet: the months'
// seats are chosen once, and days are not played twice. Lessons in which others than Students take part are left
// alone.
func Play(ctx context.Context, o Options) (Report, error) {
	p := &player{Options: o, random: rand.New(rand.NewPCG(o.Seed, 0))}
	err := p.play(ctx)
	// whatever happened: the jobs' work as of now, by the true clock
	return p.played, errors.Join(err, p.settle(context.WithoutCancel(ctx)))
}

const (
	// sqlPlan: the first day to play, today, and the hour of opening; played days have marks of the coach.
	sqlPlan = `
select rules.today(),
       rules.this_month(),
       coalesce(
         (select max(m.date) + 1 from gym.marks m where m.set_by = $1),
         (rules.this_month() - interval '2 months')::date + c.enrolment_opens_on_day - 1),
       c.enrolment_opens_on_day, c.enrolment_opens_at::text
  from gym.settings c`

	sqlClock = `select set_config('gym.now', $1, false)`

	sqlChosen = `
select exists (select from gym.enrolments e where e.month = $1 and e.user_id = any ($2))`

	sqlFree = `
select s.id, s.weekday from gym.slots s where s.month = $1 and s.deleted_at is null and s.taken < s.capacity order by s.id`

	sqlChoose = `select wire.entry_create($1, $2, 'past')`

	// sqlLessons: those of a day that nobody marked yet, off ones and other people's left out.
	sqlLessons = `
select to_char(s.starts_at, 'HH24:MI'), array_agg(m.user_id order by m.user_id)
  from gym.marks m join gym.slots s on s.id = m.slot_id
 where m.date = $1 and m.withdrawn_at is null
 group by s.starts_at
having bool_and(m.mark in ('unmarked', 'excused')) and bool_and(m.user_id = any ($2))
 order by s.starts_at`

	sqlMarkLesson = `select wire.visit_mark_lesson($1, $2, 'past')`
)

func (p *player) play(ctx context.Context) error {
	var today, this, day time.Time
	var openingDay int
	var openingTime string
	if err := p.Conn.QueryRow(ctx, sqlPlan, p.Coach).Scan(&today, &this, &day, &openingDay, &openingTime); err != nil {
		return fmt.Errorf("planning the past: %w", err)
	}
	for ; day.Before(today); day = day.AddDate(0, 0, 1) {
		if p.Progress != nil {
			p.Progress(day, p.played)
		}
		month := day.AddDate(0, 0, 1-day.Day())
		next := month.AddDate(0, 1, 0)
		if err := p.playDay(ctx, day, month, this); err != nil {
			return fmt.Errorf("playing %s: %w", day.Format(time.DateOnly), err)
		}
		if day.Day() == openingDay && !next.After(this) {
			if err := p.open(ctx, day.Format(time.DateOnly)+" "+openingTime, next); err != nil {
				return fmt.Errorf("playing the opening of %s: %w", next.Format("01-2006"), err)
			}
		}
	}
	return nil
}

// playDay is a day of the gym: the jobs of the night, the lessons of the evening.
func (p *player) playDay(ctx context.Context, day, month, this time.Time) error {
	date := day.Format(time.DateOnly)
	if month.Before(this.AddDate(0, -1, 0)) {
		return nil // of that month only the opening is played
	}
	if err := p.clock(ctx, date+" 00:05"); err != nil {
		return err
	}
	if err := p.judge(ctx); err != nil {
		return err
	}

	rows, err := p.Conn.Query(ctx, sqlLessons, day, p.Students)
	if err != nil {
		return err
	}
	type lesson struct {
		At       string
		Students []int
	}
	lessons, err := pgx.CollectRows(rows, pgx.RowToStructByPos[lesson])
	if err != nil {
		return err
	}
	for _, l := range lessons {
		// at the lesson's beginning the coach takes the register
		if err := p.clock(ctx, date+" "+l.At); err != nil {
			return err
		}
		if err := p.mark(ctx, date, l.At, l.Students); err != nil {
			return err
		}
	}
	return nil
}

// mark is the coach's register of one lesson.
func (p *player) mark(ctx context.Context, date, at string, students []int) error {
	if p.random.IntN(100) < 5 {
		p.played.Forgotten++
		return nil
	}
	present, excused := []int{}, []int{}
	for _, student := range students {
		switch {
		case p.random.IntN(100) < p.diligence(student):
			present = append(present, student)
		case p.random.IntN(100) < 15:
			excused = append(excused, student)
		}
	}
	body, err := json.Marshal(map[string]any{"date": date, "time": at, "present": present, "excused": excused})
	if err != nil {
		return fmt.Errorf("writing a register: %w", err)
	}
	if err := p.exec(ctx, sqlMarkLesson, p.Coach, string(body)); err != nil {
		return err
	}
	p.played.Lessons++
	p.played.Present += len(present)
	p.played.Excused += len(excused)
	p.played.Absent += len(students) - len(present) - len(excused)
	return nil
}

// diligence is how many lessons of a hundred a student comes to: most to nearly all, some to few.
func (p *player) diligence(student int) int {
	switch character := rand.New(rand.NewPCG(p.Seed, uint64(student))).IntN(10); {
	case character < 1:
		return 55
	case character < 4:
		return 85
	default:
		return 96
	}
}

// open lets students choose until no seat is left, at the moment at which enrolment opens. By the true clock the
// month has begun long ago: its marks are made in the same transaction, so that no server finds it without.
func (p *player) open(ctx context.Context, at string, month time.Time) error {
	var chosen bool
	if err := p.Conn.QueryRow(ctx, sqlChosen, month, p.Students).Scan(&chosen); err != nil || chosen {
		return err
	}
	return pgx.BeginFunc(ctx, p.Conn, func(tx pgx.Tx) error {
		if err := p.clock(ctx, at); err != nil {
			return err
		}
		if err := p.exec(ctx, "select wire.ensure_slots()"); err != nil {
			return err
		}
		for _, i := range p.random.Perm(len(p.Students)) {
			wishes, err := p.wish(ctx, month)
			if err != nil {
				return err
			}
			if len(wishes) == 0 {
				break
			}
			if err := p.choose(ctx, tx, p.Students[i], wishes); err != nil {
				return err
			}
		}
		if err := p.clock(ctx, ""); err != nil {
			return err
		}
		return p.exec(ctx, "select wire.ensure_marks()")
	})
}

// choose is one student's choice, which a rule may refuse.
func (p *player) choose(ctx context.Context, tx pgx.Tx, student int, wishes []int) error {
	body, err := json.Marshal(map[string]any{"selectedTimes": wishes})
	if err != nil {
		return fmt.Errorf("writing a choice: %w", err)
	}
	err = pgx.BeginFunc(ctx, tx, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, sqlChoose, student, string(body))
		return err
	})
	var refused *pgconn.PgError
	switch {
	case errors.As(err, &refused) && refused.Code == "ENRUL":
		return nil // blocked, most likely
	case err != nil:
		return err
	}
	p.played.Seats += len(wishes)
	return nil
}

// wish is what the next student wants: up to three of the free slots, one a weekday.
func (p *player) wish(ctx context.Context, month time.Time) ([]int, error) {
	rows, err := p.Conn.Query(ctx, sqlFree, month)
	if err != nil {
		return nil, err
	}
	type slot struct{ ID, Weekday int }
	free, err := pgx.CollectRows(rows, pgx.RowToStructByPos[slot])
	if err != nil {
		return nil, err
	}
	most := 1 + p.random.IntN(3)
	var wishes []int
	var taken [7]bool
	for _, i := range p.random.Perm(len(free)) {
		if s := free[i]; len(wishes) < most && !taken[s.Weekday] {
			wishes = append(wishes, s.ID)
			taken[s.Weekday] = true
		}
	}
	return wishes, nil
}

// settle gives the session the true clock and makes sure that all is as it must be today.
func (p *player) settle(ctx context.Context) error {
	if err := p.clock(ctx, ""); err != nil {
		return err
	}
	if err := p.exec(ctx, "select wire.ensure_marks()"); err != nil {
		return err
	}
	return p.judge(ctx)
}

// judge is the nightly job: until there is nothing more to do.
func (p *player) judge(ctx context.Context) error {
	for changed := 1; changed > 0; {
		if err := p.Conn.QueryRow(ctx, "select wire.ensure_blocks()").Scan(&changed); err != nil {
			return fmt.Errorf("judging absences: %w", err)
		}
	}
	return nil
}

// clock moves the session's clock to the gym's local time at; empty: the true time.
func (p *player) clock(ctx context.Context, at string) error { return p.exec(ctx, sqlClock, at) }

func (p *player) exec(ctx context.Context, sql string, args ...any) error {
	_, err := p.Conn.Exec(ctx, sql, args...)
	return err
}
