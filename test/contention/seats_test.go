package contention_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

const (
	clients = 64
	// rounds are how often the administrator goes through all that he can do, at least; he goes on while enough is
	// not over.
	rounds = 2
	enough = 3 * time.Second
)

func TestSeatsAreFoughtForThroughTheFunctions(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	fight(t, database, func() asker { return functions{connectServer(t, database, clients)} })
}

func TestSeatsAreFoughtForThroughTwoServers(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	fight(t, database, func() asker { return twoServers(t, database) })
}

func twoServers(t *testing.T, database *dbtest.DB) servers {
	t.Helper()
	transport := &http.Transport{MaxIdleConnsPerHost: clients}
	t.Cleanup(transport.CloseIdleConnections)
	return servers{bases: start(t, database, 2), next: new(atomic.Uint64), http: &http.Client{Transport: transport}}
}

// small is a month of few seats.
type small struct {
	owner *pgxpool.Pool
	admin int

	mu    sync.Mutex
	slots map[int]int // id and weekday of those that stand
}

// makeSmall makes next month with six slots of four seats on four weekdays. Nothing else is made of the month, by
// whomever.
func makeSmall(t *testing.T, database *dbtest.DB) *small {
	t.Helper()
	farFromTurns(t, database.Owner)
	exec1(t, database.Owner, "insert into gym.months (month, slots_made_at) values (rules.next_month(), now())")
	m := &small{owner: database.Owner, admin: database.User(t, "ADMIN"), slots: map[int]int{}}
	for _, s := range []struct {
		day string
		at  string
	}{{"0", "16:00"}, {"0", "17:30"}, {"1", "16:00"}, {"1", "17:30"}, {"2", "16:00"}, {"3", "16:00"}} {
		var id, weekday int
		require.NoError(t, database.Owner.QueryRow(
			t.Context(),
			"select id, weekday from api.create_slot(day => $1, at => $2::time, seats => 4)",
			s.day,
			s.at,
		).Scan(&id, &weekday))
		m.slots[id] = weekday
	}
	exec1(t, database.Owner, "select from api.open_enrolment()")
	return m
}

// some are up to three slots on different weekdays, or now and then two on one, which is refused.
func (m *small) some(random *rand.Rand) []int {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Sorted(mapKeys(m.slots))
	random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	most := 1 + random.IntN(3)
	if random.IntN(20) == 0 {
		return all[:most]
	}
	var chosen []int
	for _, id := range all {
		if len(chosen) < most && !slices.ContainsFunc(chosen, func(c int) bool { return m.slots[c] == m.slots[id] }) {
			chosen = append(chosen, id)
		}
	}
	return chosen
}

func (m *small) one(random *rand.Rand) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := slices.Sorted(mapKeys(m.slots))
	return all[random.IntN(len(all))]
}

func mapKeys(m map[int]int) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for key := range m {
			if !yield(key) {
				return
			}
		}
	}
}

// student is one client: a person who knows what he was told last.
type student struct {
	id     int
	asker  asker
	random *rand.Rand
	month  *small
	said   *counts

	held []int // by the last answer
	last []int // the list sent last
	lost []int // the list whose answer was lost; nothing was asked after it
}

// fight lets 64 students and an administrator at a small month.
func fight(t *testing.T, database *dbtest.DB, open func() asker) {
	month := makeSmall(t, database)
	asker := open()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	said := new(counts)
	students := make([]*student, clients)
	for i, id := range database.Users(t, "STUDENT", clients) {
		students[i] = &student{
			id:     id,
			asker:  asker,
			random: rand.New(rand.NewPCG(seed, uint64(i))),
			month:  month,
			said:   said,
		}
	}

	var over atomic.Bool
	var all sync.WaitGroup
	for i, s := range students {
		all.Go(func() {
			for !over.Load() {
				if err := s.act(ctx); err != nil {
					t.Errorf("student %d: %v", s.id, err)
					return
				}
			}
			if i%4 == 0 {
				s.hangUp(ctx)
			}
		})
	}
	a := administrator{
		month:    month,
		asker:    asker,
		students: students,
		random:   rand.New(rand.NewPCG(seed, clients)),
		said:     said,
	}
	err := a.reign(ctx)
	over.Store(true)
	all.Wait()
	require.NoError(t, err)

	settled(t, month.owner)
	for _, s := range students {
		s.check(t)
	}
	clean(t, month.owner)
	t.Logf("%v", said.of)
	for _, what := range []string{
		"booked", "full", "repeated", "gave up all", "cancelled", "refused LogicError",
		"capacity changed", "slot deleted", "slot made", "user deleted", "user restored", "opened", "closed", "enrolled by hand", "cancelled by hand",
	} {
		require.Positive(t, said.of[what], "it never happened: %s", what)
	}
}

// act does one of the things that students do.
func (s *student) act(ctx context.Context) error {
	switch chance := s.random.IntN(10); {
	case chance < 6:
		return s.choose(ctx, s.month.some(s.random))
	case chance < 7:
		s.said.add("repeated")
		return s.choose(ctx, s.last)
	case chance < 8:
		return s.choose(ctx, []int{})
	default:
		return s.cancel(ctx)
	}
}

func (s *student) choose(ctx context.Context, list []int) error {
	s.last = list
	a, err := s.asker.ask(ctx, "POST /entry/create", s.id, map[string]any{"selectedTimes": append([]int{}, list...)})
	if err != nil {
		return err
	}
	if !a.ok() {
		s.said.add("refused " + a.errType)
		return nil
	}
	var told []struct {
		SelectedTime int
		Error        bool
	}
	if err := json.Unmarshal(a.data, &told); err != nil {
		return err
	}
	var had []int
	for _, row := range told {
		if row.Error {
			s.said.add("full")
		} else {
			s.said.add("booked")
			had = append(had, row.SelectedTime)
		}
	}
	switch {
	case len(list) == 0:
		s.said.add("gave up all")
		s.held = nil
	case len(had) > 0:
		s.held = had
	}
	return nil
}

// cancel gives up the first of the seats that the student sees.
func (s *student) cancel(ctx context.Context) error {
	a, err := s.asker.ask(ctx, "POST /entry/get", s.id, map[string]any{"month": "next"})
	if err != nil || !a.ok() {
		return err
	}
	var entries []struct {
		ID           int
		SelectedTime struct{ ID int }
	}
	if err := json.Unmarshal(a.data, &entries); err != nil || len(entries) == 0 {
		return err
	}
	a, err = s.asker.ask(ctx, "DELETE /entry/delete", s.id, map[string]any{"id": entries[0].ID})
	switch {
	case err != nil:
		return err
	case a.ok():
		s.said.add("cancelled")
		s.held = slices.DeleteFunc(s.held, func(id int) bool { return id == entries[0].SelectedTime.ID })
	default:
		// an administrator was faster
		s.said.add("refused " + a.errType)
	}
	return nil
}

// hangUp sends a choice and does not wait for the answer.
func (s *student) hangUp(ctx context.Context) {
	list := s.month.some(s.random)
	ctx, cancel := context.WithTimeout(ctx, time.Duration(s.random.IntN(4000))*time.Microsecond)
	defer cancel()
	if err := s.choose(ctx, list); err != nil {
		s.lost = list
	}
}

// check asks the database whether what the student was told is true: each seat that he was told of is his, unless an
// administrator took it; and no other seat is his, unless an administrator gave it. A lost answer leaves either state.
func (s *student) check(t *testing.T) {
	t.Helper()
	rows, err := s.month.owner.Query(t.Context(), `
		select distinct on (slot_id) slot_id, cancelled_at is null as active, coalesce(cancel_reason, '') as reason, created_by is distinct from user_id as given
		  from gym.enrolments where user_id = $1 order by slot_id, id desc`, s.id)
	require.NoError(t, err)
	type seat struct {
		SlotID int
		Active bool
		Reason string
		Given  bool
	}
	seats := map[int]seat{}
	list, err := pgx.CollectRows(rows, pgx.RowToStructByName[seat])
	require.NoError(t, err)
	var own []int
	for _, seat := range list {
		seats[seat.SlotID] = seat
		if seat.Active && !seat.Given {
			own = append(own, seat.SlotID)
		}
	}
	within := func(list []int) bool {
		return !slices.ContainsFunc(own, func(id int) bool { return !slices.Contains(list, id) })
	}
	if s.lost != nil && within(s.lost) {
		return
	}
	require.True(t, within(s.held), "student %d was told of %v (lost: %v) and holds %v", s.id, s.held, s.lost, own)
	for _, id := range s.held {
		seat, there := seats[id]
		taken := slices.Contains([]string{"slot deleted", "user deleted", "administrator"}, seat.Reason)
		require.True(
			t,
			there && (seat.Active || taken),
			"student %d was told of slot %d, which he does not hold: %+v",
			s.id,
			id,
			seat,
		)
	}
}

// administrator does all that an administrator can do to seats, in turn.
type administrator struct {
	month    *small
	asker    asker
	students []*student
	random   *rand.Rand
	said     *counts
	began    time.Time
}

func (a *administrator) reign(ctx context.Context) error {
	a.began = time.Now()
	for round := 0; round < rounds || time.Since(a.began) < enough; round++ {
		for _, act := range []func(context.Context) error{
			a.changeCapacities, a.replaceSlot, a.enrol, a.cancel, a.deleteAndRestore, a.closeAndOpen,
		} {
			if err := act(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// must asks for what an administrator may do; a refusal is no failure.
func (a *administrator) must(ctx context.Context, what, endpoint string, body any) (answer, error) {
	got, err := a.asker.ask(ctx, endpoint, a.month.admin, body)
	if err == nil && got.ok() {
		a.said.add(what)
	}
	return got, err
}

func (a *administrator) changeCapacities(ctx context.Context) error {
	for range 4 {
		if _, err := a.must(ctx, "capacity changed", "PUT /avtime/edit",
			map[string]any{"id": a.month.one(a.random), "numberOfPersons": 1 + a.random.IntN(6)}); err != nil {
			return err
		}
	}
	return nil
}

// replaceSlot deletes a slot by force and makes another at its time.
func (a *administrator) replaceSlot(ctx context.Context) error {
	id := a.month.one(a.random)
	var weekday int
	var at string
	if err := a.month.owner.QueryRow(ctx, "select weekday, to_char(starts_at, 'HH24:MI') from gym.slots where id = $1", id).Scan(&weekday, &at); err != nil {
		return err
	}
	if _, err := a.must(ctx, "slot deleted", "DELETE /avtime/delete", map[string]any{"id": id, "force": true}); err != nil {
		return err
	}
	var month string
	if err := a.month.owner.QueryRow(ctx, "select to_char(rules.next_month(), 'MM-YYYY')").Scan(&month); err != nil {
		return err
	}
	made, err := a.must(
		ctx,
		"slot made",
		"POST /avtime/create",
		map[string]any{"weekday": weekday, "time": at, "numberOfPersons": 4, "month": month},
	)
	if err != nil {
		return err
	}
	var slot struct{ ID int }
	if err := json.Unmarshal(made.data, &slot); err != nil {
		return err
	}
	a.month.mu.Lock()
	defer a.month.mu.Unlock()
	delete(a.month.slots, id)
	a.month.slots[slot.ID] = weekday
	return nil
}

func (a *administrator) enrol(ctx context.Context) error {
	slot := a.month.one(a.random)
	if _, err := a.must(ctx, "capacity changed", "PUT /avtime/edit", map[string]any{"id": slot, "numberOfPersons": 12}); err != nil {
		return err
	}
	for range 100 {
		// whoever has nothing on that day and less than three; students may be faster
		var user int
		if err := a.month.owner.QueryRow(ctx, `
			select coalesce((
			  select u.id from gym.users u
			    left join gym.enrolments e on e.user_id = u.id and e.cancelled_at is null
			   where u.role = 'STUDENT' and not u.deleted
			   group by u.id
			  having count(e.id) < 3 and bool_and(e.weekday is distinct from (select s.weekday from gym.slots s where s.id = $1))
			   order by md5(u.id::text || $2) limit 1), 0)`, slot, strconv.Itoa(a.random.Int())).Scan(&user); err != nil {
			return err
		}
		got, err := a.must(
			ctx,
			"enrolled by hand",
			"POST /entry/create-any",
			map[string]any{"selectedTime": slot, "user": user},
		)
		if err != nil || got.ok() {
			return err
		}
	}
	return nil
}

func (a *administrator) cancel(ctx context.Context) error {
	for range 100 {
		var id int
		err := a.month.owner.QueryRow(ctx, "select coalesce(max(id), 0) from gym.enrolments where cancelled_at is null").
			Scan(&id)
		if err != nil {
			return err
		}
		got, err := a.must(ctx, "cancelled by hand", "DELETE /entry/delete-any", map[string]any{"id": id})
		if err != nil || got.ok() {
			return err
		}
	}
	return nil
}

func (a *administrator) deleteAndRestore(ctx context.Context) error {
	id := a.anybody().id
	if _, err := a.must(ctx, "user deleted", "DELETE /user/delete-any", map[string]any{"id": id}); err != nil {
		return err
	}
	// no endpoint restores: an administrator does it in psql
	if _, err := a.month.owner.Exec(ctx, "select from api.restore_user(person => $1)", id); err != nil {
		return err
	}
	a.said.add("user restored")
	return nil
}

func (a *administrator) closeAndOpen(ctx context.Context) error {
	if _, err := a.must(ctx, "closed", "POST /entry/change-open", map[string]any{"status": false}); err != nil {
		return err
	}
	_, err := a.must(ctx, "opened", "POST /entry/change-open", map[string]any{"status": true})
	return err
}

func (a *administrator) anybody() *student { return a.students[a.random.IntN(len(a.students))] }
