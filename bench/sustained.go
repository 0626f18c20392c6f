package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"

	"energiya/internal/crowd/rush"
	"energiya/internal/live"
)

// roomy is a gym in which nothing gets full.
var roomy = gym{students: 2_000, slots: 4, seats: 1_000, months: 2}

// change lets each of so many clients choose for students of its own.
func (g gym) change(clients int) func(int, *rand.Rand) request {
	return func(client int, random *rand.Rand) request {
		own := (g.students - client + clients - 1) / clients
		return g.choice(1+client+clients*random.IntN(own), random)
	}
}

// everybodyChooses lets each student of the roomy gym choose once, so that each choice after it is a change.
func (b *bench) everybodyChooses(ctx context.Context, f fleet) error {
	_, err := b.play(
		ctx,
		rush.Options{URLs: f.urls(), Token: live.Token, Students: roomy.everybody(), Tries: 1, Seed: b.seed},
	)
	return err
}

// list asks for the list of slots, for one of the students 1 to students.
func list(students int) func(int, *rand.Rand) request {
	return func(_ int, random *rand.Rand) request {
		return request{http.MethodGet, "/avtime/get", 1 + random.IntN(students), nil}
	}
}

func (b *bench) changes(ctx context.Context) error {
	if err := b.make(ctx, roomy); err != nil {
		return err
	}
	servers, err := b.startAll(ctx, 1)
	if err != nil {
		return err
	}
	defer servers.stop()
	if err := b.everybodyChooses(ctx, servers); err != nil {
		return err
	}
	// before and after, since the month's history of choices grows meanwhile
	limit := func() error {
		return b.addTPS(ctx, "change", roomy.choiceScript("choice changed", anyStudent), poolSize)
	}
	if err := limit(); err != nil {
		return err
	}
	if f := b.result.find("change", "pgbench: choice changed"); f != nil {
		f.of("pgbench: one row inserted")
	}
	for _, clients := range []int{8, 16, 32, 64, 128, 256} {
		t, err := b.load(ctx, servers, clients, roomy.change(clients))
		if err != nil {
			return err
		}
		f := b.addTraffic("change", fmt.Sprintf("%d clients", clients), t).of("pgbench: choice changed")
		if clients == 64 {
			f.AtLeast = 0.7
			b.addShares("change", "64 clients", t.client, t.servers, t.postgres)
		}
	}
	return limit()
}

// addTraffic enters a load's figures and gives that of the rate.
func (b *bench) addTraffic(part, name string, t traffic) *Figure {
	f := b.add(part, name, "requests/s", t.rate())
	b.add(part, name+": median", "ms", t.at(50))
	b.add(part, name+": 99 of 100 within", "ms", t.at(99))
	return f
}

// crowd is how many clients ask at once where the number is not what is measured.
const crowd = 32

func (b *bench) refusals(ctx context.Context) error {
	g := gym{students: 2_000, slots: 4, seats: 12, months: 2, taken: 12}
	if err := b.make(ctx, g); err != nil {
		return err
	}
	// who holds no seat asks, and was refused before: the first refusal of each is part of the rush
	const without = 1_000
	if _, err := b.conn.Exec(ctx, `
		insert into gym.refusals (slot_id, user_id, refused_at)
		select s.id, u.id, now() from gym.slots s cross join gym.users u where s.month = rules.next_month() and u.id between $1 and $2
		on conflict do nothing`, without, g.students); err != nil {
		return fmt.Errorf("noting refusals: %w", err)
	}
	s := g.choiceScript("refusal", fmt.Sprintf(`\set student random(%d, :students)`, without))
	if err := b.addTPS(ctx, "refusals", s, poolSize); err != nil {
		return err
	}
	return b.steady(ctx, "refusals", "pgbench: refusal", func(_ int, random *rand.Rand) request {
		return g.choice(without+random.IntN(g.students-without), random)
	})
}

func (b *bench) lists(ctx context.Context) error {
	if err := b.make(ctx, roomy); err != nil {
		return err
	}
	s := script{
		name: "avtime_get", sql: anyStudent + "\nselect wire.avtime_get(:student, '{}', 'bench');\n",
		variables: map[string]int{"students": roomy.students},
	}
	if err := b.addTPS(ctx, "list", s, poolSize); err != nil {
		return err
	}
	return b.steady(ctx, "list", "pgbench: avtime_get", list(roomy.students))
}

// steady measures one request over HTTP: 8,000 a second are aimed at.
func (b *bench) steady(ctx context.Context, part, limit string, next func(int, *rand.Rand) request) error {
	servers, err := b.startAll(ctx, 1)
	if err != nil {
		return err
	}
	defer servers.stop()
	t, err := b.load(ctx, servers, crowd, next)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%d clients", crowd)
	f := b.addTraffic(part, name, t)
	f.AtLeast = 8_000
	b.add(part, name+", of the database alone", "requests/s", t.rate()).of(limit)
	b.addShares(part, name, t.client, t.servers, t.postgres)
	return nil
}
