package year

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"
)

// beforeNoon: on the opening day the impatient press the button a second early.
func (y *year) beforeNoon(ctx context.Context) error {
	if y.now.Day() != y.m.opensOn {
		return nil
	}
	for _, student := range some(y.rng, y.students, 3) {
		if err := y.choose(ctx, student, y.wish(y.rng, y.m.offered(nextMonth(y.now)))); err != nil {
			return err
		}
	}
	return nil
}

// noon: everybody at once at an opening; on other days one after the other, open or not.
func (y *year) noon(ctx context.Context) error {
	month := nextMonth(y.now)
	offered := y.m.offered(month)
	if y.m.isOpen(y.now) && y.m.slotsMade[month] && !y.rushed[month] {
		y.rushed[month] = true
		return y.opening(ctx, offered)
	}
	n := 4
	if y.m.isOpen(y.now) {
		n = 40
	}
	for _, student := range some(y.rng, y.holdersAndOthers(month), n) {
		if y.m.deleted[student] {
			continue
		}
		if err := y.move(ctx, student, offered); err != nil {
			return err
		}
	}
	return nil
}

// holdersAndOthers: whoever has a seat is as likely to act as the many who have none.
func (y *year) holdersAndOthers(month time.Time) []int {
	var who []int
	for _, student := range y.students {
		if len(y.m.heldBy(student, month)) > 0 {
			who = append(who, student)
		}
	}
	return append(who, some(y.rng, y.students, len(who)+10)...)
}

// wish is a list of slots as a student chooses it: one a weekday, as many as allowed or fewer, the late hours dearer.
func (y *year) wish(rng *rand.Rand, offered []*slot) []int {
	wanted := []int{}
	days := map[int]bool{}
	for range 1 + rng.IntN(y.m.perStudent) {
		s, ok := one(rng, offered)
		if !ok || days[s.weekday] || (s.at < 17*time.Hour && rng.IntN(2) == 0) {
			continue
		}
		days[s.weekday] = true
		wanted = append(wanted, s.id)
	}
	return wanted
}

// move is what a student does on an ordinary day.
func (y *year) move(ctx context.Context, student int, offered []*slot) error {
	month := nextMonth(y.now)
	told := y.m.told(student, month)
	switch n := y.rng.IntN(100); {
	case n < 55:
		return y.choose(ctx, student, y.wish(y.rng, offered))
	case n < 65: // the same again: harmless
		return y.choose(ctx, student, append([]int{}, told...))
	case n < 70:
		return y.choose(ctx, student, []int{})
	case n < 85:
		return y.giveUp(ctx, student)
	case n < 90: // more than one a weekday
		s, ok := one(y.rng, offered)
		if !ok || y.m.perStudent < 2 {
			return nil
		}
		return y.choose(ctx, student, []int{s.id, s.id})
	case n < 95: // not next month's, or none at all
		return y.choose(ctx, student, []int{1 + y.rng.IntN(2*len(y.m.slots)+1)})
	}
	wanted := []int{}
	for weekday := range y.m.perStudent + 1 { // too many
		for _, s := range offered {
			if s.weekday == weekday {
				wanted = append(wanted, s.id)
				break
			}
		}
	}
	return y.choose(ctx, student, wanted)
}

type answer struct {
	SelectedTime int
	Error        bool
	Text         *string
}

// readAnswers gives the slots that were full. The answer names the slots in the order of the list.
func readAnswers(wanted []int, data []byte) (map[int]bool, error) {
	var answers []answer
	if err := json.Unmarshal(data, &answers); err != nil {
		return nil, err
	}
	full := map[int]bool{}
	ids := []int{}
	for _, a := range answers {
		ids = append(ids, a.SelectedTime)
		if a.Error != (a.Text != nil) {
			return nil, fmt.Errorf("answer %s: a text where nothing is wrong, or none", data)
		}
		if a.Error {
			full[a.SelectedTime] = true
		}
	}
	if !slices.Equal(ids, wanted) {
		return nil, fmt.Errorf("answer %s to the list %v", data, wanted)
	}
	return full, nil
}

// choose sends a student's list while nobody else is at it: the model knows the answer.
func (y *year) choose(ctx context.Context, student int, wanted []int) error {
	month := nextMonth(y.now)
	if y.m.deleted[student] {
		_, _, err := y.request(ctx, "entry_create", student, map[string]any{"selectedTimes": wanted}, "actor_unknown")
		return err
	}
	want := y.m.choice(student, wanted, y.now)
	data, done, err := y.request(ctx, "entry_create", student, map[string]any{"selectedTimes": wanted}, want.refused)
	if err != nil || !done {
		return err
	}
	full, err := readAnswers(wanted, data)
	if err != nil {
		return err
	}
	before := y.m.told(student, month)
	for _, id := range wanted {
		if full[id] != want.full[id] {
			return fmt.Errorf("student %d, who holds %v, chose %v: full is %v, want %v (slot %d has %d of %d)",
				student, before, wanted, full, want.full, id, y.m.seated(y.m.slots[id]), y.m.slots[id].capacity)
		}
	}
	y.m.tell(student, month, chosen(before, wanted, full), y.now)
	return nil
}

type entry struct {
	ID           int
	SelectedTime struct{ ID int }
}

// entries is what a student sees as his own of next month; it must be what he was told.
func entries(ctx context.Context, c client, student int) (byID map[int]int, slots []int, err error) {
	data, refused, err := c.call(ctx, "entry_get", student, map[string]any{"month": "next"})
	if err != nil {
		return nil, nil, err
	}
	if refused != "" {
		return nil, nil, fmt.Errorf("entry_get by %d: refused by %q", student, refused)
	}
	var list []entry
	if err := json.Unmarshal(data, &list); err != nil {
		return nil, nil, err
	}
	byID = map[int]int{}
	for _, e := range list {
		byID[e.SelectedTime.ID] = e.ID
		slots = append(slots, e.SelectedTime.ID)
	}
	slices.Sort(slots)
	return byID, slots, nil
}

func (y *year) giveUp(ctx context.Context, student int) error {
	month := nextMonth(y.now)
	byID, slots, err := entries(ctx, y.db, student)
	if err != nil {
		return err
	}
	if told := y.m.told(student, month); !slices.Equal(slots, told) {
		return fmt.Errorf("student %d sees the slots %v, was told %v", student, slots, told)
	}
	s, ok := one(y.rng, slots)
	if !ok {
		return nil
	}
	if _, _, err := y.request(ctx, "entry_delete", student, map[string]any{"id": byID[s]}, ""); err != nil {
		return err
	}
	y.m.holds(student, y.m.slots[s]).givenUp = y.now
	// twice, or another's
	other, _ := one(y.rng, y.students)
	want := "enrolment_not_found"
	if y.m.deleted[other] {
		want = "actor_unknown"
	}
	_, _, err = y.request(ctx, "entry_delete", other, map[string]any{"id": byID[s]}, want)
	return err
}

// ---- the opening ----

// plan is what a student will do in the opening minute.
type plan struct {
	student     int
	lists       [][]int
	doubleClick bool
	givesUp     bool
	told        []int // slots
	barred      bool
}

// story is how that went.
type story struct {
	student    int
	told       []int
	blocked    bool
	calls      int
	full, left map[int]bool
}

// opening: all students at once at the same moment of the session's clock, on connections of their own, while a coach
// catches up with lessons that he forgot.
func (y *year) opening(ctx context.Context, offered []*slot) error {
	month := nextMonth(y.now)
	plans := make(chan plan, len(y.students))
	crowd := some(y.rng, y.students, len(y.students))
	// regulars are quick, the more so as they know the hour
	slices.SortStableFunc(crowd, func(a, b int) int { return cmp.Compare(y.quickness(a), y.quickness(b)) })
	for _, student := range crowd {
		// chance of the student's own, so that the order of the crowd changes nothing
		rng := rand.New(rand.NewPCG(y.Seed+uint64(student), uint64(month.Unix())))
		if y.m.deleted[student] || rng.IntN(100) < 15 {
			continue
		}
		p := plan{student: student, told: y.m.told(student, month), barred: y.m.isBarred(student, month, y.now),
			doubleClick: rng.IntN(10) == 0, givesUp: rng.IntN(15) == 0}
		for range 1 + rng.IntN(5)/3 {
			p.lists = append(p.lists, y.wish(rng, offered))
		}
		plans <- p
	}
	close(plans)

	// only what can raise absences: who gets a seat back in the crowd nobody could foretell
	late := slices.DeleteFunc(y.lateRegisters(6), func(r register) bool {
		return y.Workers < 2 ||
			slices.ContainsFunc(y.m.registers(r.date)[r.hour], func(s *seat) bool { return y.m.counts(s, r.date) })
	})
	stories := make([][]story, y.Workers)
	group, rush := errgroup.WithContext(ctx)
	for n := range y.Workers {
		mine, second := y.workers[2*n], y.workers[2*n+1]
		group.Go(func() error {
			for _, c := range []client{mine, second} {
				if err := c.at(rush, y.now); err != nil {
					return err
				}
			}
			if n == 1 {
				for i, r := range late {
					if _, refused, err := mine.call(rush, "visit_mark_lesson", y.coach, r.body()); err != nil ||
						refused != "" {
						return fmt.Errorf("visit_mark_lesson %v at the opening: %s %w", r.body(), refused, err)
					}
					if err := mine.conn.QueryRow(rush, `select coalesce(max(id), 0) from gym.ledger`).Scan(&late[i].ledger); err != nil {
						return err
					}
				}
			}
			for p := range plans {
				s, err := p.play(rush, mine, second)
				if err != nil {
					return fmt.Errorf("at the opening, student %d: %w", p.student, err)
				}
				stories[n] = append(stories[n], s)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return y.afterOpening(ctx, month, slices.Concat(stories...), late)
}

func (y *year) quickness(student int) int {
	if student%3 > 0 && len(y.m.heldBy(student, monthOf(y.now))) > 0 {
		return 0
	}
	return 1
}

func (p plan) play(ctx context.Context, mine, second client) (story, error) {
	s := story{student: p.student, told: p.told, full: map[int]bool{}, left: map[int]bool{}}
	for n, list := range p.lists {
		before := s.told
		answers := make([]map[int]bool, 1)
		refusals := make([]string, 1)
		connections := []client{mine}
		if n == 0 && p.doubleClick {
			connections = []client{mine, second}
			answers, refusals = make([]map[int]bool, 2), make([]string, 2)
		}
		group, clicks := errgroup.WithContext(ctx)
		for i, c := range connections {
			group.Go(func() error {
				data, refused, err := c.call(clicks, "entry_create", p.student, map[string]any{"selectedTimes": list})
				if err != nil {
					return err
				}
				if refusals[i] = refused; refused == "" {
					answers[i], err = readAnswers(list, data)
				}
				return err
			})
		}
		if err := group.Wait(); err != nil {
			return s, err
		}
		s.calls += len(connections)
		var possible [][]int
		for i, full := range answers {
			if refusals[i] == "student_blocked" {
				s.blocked = true
				continue
			}
			if refusals[i] != "" {
				return s, fmt.Errorf("the list %v was refused by %q", list, refusals[i])
			}
			if p.barred {
				return s, fmt.Errorf("barred, and yet the list %v was not refused", list)
			}
			for id := range full {
				if slices.Contains(before, id) {
					return s, fmt.Errorf("held slot %d and lost it to the crowd", id)
				}
				s.full[id] = true
			}
			possible = append(possible, chosen(before, list, full))
		}
		if len(possible) == 0 {
			return s, nil
		}
		s.told = possible[0]
		if len(possible) == 2 && !slices.Equal(possible[0], possible[1]) {
			_, sees, err := entries(ctx, mine, p.student)
			if err != nil {
				return s, err
			}
			if !slices.Equal(sees, possible[0]) && !slices.Equal(sees, possible[1]) {
				return s, fmt.Errorf(
					"clicked twice on %v: was told %v and %v, sees %v",
					list,
					possible[0],
					possible[1],
					sees,
				)
			}
			s.told = sees
		}
		for _, id := range before {
			if !slices.Contains(s.told, id) {
				s.left[id] = true
			}
		}
	}
	if p.givesUp && len(s.told) > 0 && !s.blocked {
		byID, _, err := entries(ctx, mine, p.student)
		if err != nil {
			return s, err
		}
		gone := s.told[0]
		_, refused, err := mine.call(ctx, "entry_delete", p.student, map[string]any{"id": byID[gone]})
		if err != nil || refused != "" {
			return s, fmt.Errorf("giving up slot %d: %s %w", gone, refused, err)
		}
		s.told, s.left[gone] = s.told[1:], true
	}
	return s, nil
}

// afterOpening brings the model up to what everybody was told, and looks at the opening as a whole.
func (y *year) afterOpening(ctx context.Context, month time.Time, stories []story, late []register) error {
	full, left := map[int]bool{}, map[int]bool{}
	for _, s := range stories {
		y.report.Calls += s.calls
		y.m.tell(s.student, month, s.told, y.now)
		for id := range s.full {
			full[id] = true
		}
		for id := range s.left {
			left[id] = true
		}
	}
	freed := y.report.Freed
	for _, r := range late {
		y.readTo = r.ledger
		if err := y.marked(ctx, r); err != nil {
			return err
		}
	}
	y.readTo = 0
	for _, s := range stories {
		if s.blocked && !y.m.isBarred(s.student, month, y.now) {
			return fmt.Errorf("student %d was refused as blocked at the opening, and is not", s.student)
		}
	}
	for id := range full {
		s := y.m.slots[id]
		if !y.m.isFull(s) && !left[id] && freed == y.report.Freed {
			return fmt.Errorf(
				"somebody was told that slot %d is full, and it has %d of %d",
				id,
				y.m.seated(s),
				s.capacity,
			)
		}
	}
	return nil
}
