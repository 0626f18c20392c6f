package gate_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"energiya/internal/gate"
)

// In a bubble of synctest time goes on only while everybody waits: it is exact, and costs nothing.

func bubble(t *testing.T, test func(t *testing.T)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		defer time.Sleep(24 * time.Hour) // until everybody has left
		test(t)
	})
}

// use enters, stays for a time and leaves.
func use(share *gate.Share, stay time.Duration) error {
	leave, err := share.Enter(context.Background())
	if err != nil {
		return err
	}
	time.Sleep(stay)
	leave()
	return nil
}

// outcome is what became of a crowd.
type outcome struct {
	mu             sync.Mutex
	served, atOnce int // those sent away without a wait
	late           int // those sent away after one
	longest        time.Duration
}

func (o *outcome) add(share *gate.Share, stay time.Duration) {
	began := time.Now()
	err := use(share, stay)
	waited := time.Since(began)
	o.mu.Lock()
	defer o.mu.Unlock()
	switch {
	case err == nil:
		o.served++
		o.longest = max(o.longest, waited-stay)
	case waited == 0:
		o.atOnce++
	default:
		o.late++
	}
}

// learn lets the share know how long its requests take: two quiet minutes.
func learn(share *gate.Share, stay time.Duration) {
	for began := time.Now(); stay > 0 && time.Since(began) < 2*time.Minute; {
		_ = use(share, stay)
	}
}

func TestAsManyAsThereArePlacesAndTheRestInOrder(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(3, time.Minute).Share("only", 1)
		var order []int
		var mu sync.Mutex
		for n := range 30 {
			go func() {
				leave, err := share.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				order = append(order, n)
				mu.Unlock()
				time.Sleep(time.Second + time.Duration(n)*time.Millisecond) // no two at once
				leave()
			}()
			synctest.Wait()
		}
		require.Equal(t, gate.Stats{Held: 3, Waiting: 27}, share.Stats())
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, gate.Stats{}, share.Stats())
		for n := range order {
			require.Equal(t, n, order[n])
		}
	})
}

func TestACrowdThatComesOnceIsServedWhole(t *testing.T) {
	for name, known := range map[string]time.Duration{"at a start": 0, "in the middle": 2 * time.Millisecond} {
		t.Run(name, func(t *testing.T) {
			bubble(t, func(t *testing.T) {
				share := gate.New(8, 7*time.Second).Share("only", 1)
				learn(share, known)
				var o outcome
				for range 20_000 { // five seconds of work
					go o.add(share, 2*time.Millisecond)
				}
				time.Sleep(time.Minute)
				synctest.Wait()
				require.Equal(t, 20_000, o.served)
				require.LessOrEqual(t, o.longest, 7*time.Second)
			})
		})
	}
}

func TestWhatCannotBeServedIsSentAwayAtOnce(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(4, time.Second).Share("only", 1)
		learn(share, 4*time.Millisecond) // a thousand a second
		var o outcome
		for range 5_000 {
			go o.add(share, 4*time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.InDelta(t, 1_000, o.served, 50)
		require.InDelta(t, 4_000, o.atOnce, 50)
		require.Equal(t, 5_000, o.served+o.atOnce+o.late)
		require.LessOrEqual(t, o.longest, time.Second)
		require.Equal(t, o.atOnce+o.late, share.Stats().Refused)
	})
}

func TestBusySaysWhatEnterWould(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(1, time.Second).Share("only", 1)
		require.Nil(t, share.Busy())
		go func() { _ = use(share, time.Minute) }()
		synctest.Wait()
		require.Nil(t, share.Busy(), "there is no wait to be foreseen yet")
		time.Sleep(2 * time.Second)
		require.Equal(t, &gate.BusyError{Share: "only", Wait: 2 * time.Second, Refused: 1}, share.Busy())
		_, err := share.Enter(t.Context())
		var busy *gate.BusyError
		require.ErrorAs(t, err, &busy)
		require.Equal(t, 2, share.Stats().Refused)
		time.Sleep(time.Minute)
		require.Nil(t, share.Busy())
	})
}

// TestACrowdThatStartsSlowlyIsServedWhole: while thousands of connections open, everything takes a hundred times as
// long.
func TestACrowdThatStartsSlowlyIsServedWhole(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(8, 6*time.Second).Share("only", 1)
		learn(share, time.Millisecond)
		began := time.Now()
		for range 8000 {
			go func() {
				leave, err := share.Enter(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				stay := time.Millisecond
				if time.Since(began) < 500*time.Millisecond {
					stay = 100 * time.Millisecond
				}
				time.Sleep(stay)
				leave()
			}()
			time.Sleep(50 * time.Microsecond)
		}
	})
}

// TestSlownessIsLearned: requests suddenly take ten times as long as usual.
func TestSlownessIsLearned(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(4, 5*time.Second).Share("only", 1)
		learn(share, 5*time.Millisecond) // 800 a second; now it will be 80
		var first, rest outcome
		began := time.Now()
		for time.Since(began) < time.Minute {
			o := &rest
			if time.Since(began) < 20*time.Second {
				o = &first
			}
			go o.add(share, 50*time.Millisecond)
			time.Sleep(5 * time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.InDelta(t, 60*80, first.served+rest.served, 80, "at the full rate all the time")
		require.Zero(t, rest.late, "nobody waits in vain any more")
		require.LessOrEqual(t, rest.longest, time.Second)
	})
}

// TestACrowdThatKeepsComing: ten times what can be served, for a minute.
func TestACrowdThatKeepsComing(t *testing.T) {
	bubble(t, func(t *testing.T) {
		const stay, capacity = 10 * time.Millisecond, 400 // a second, over 4 places
		share := gate.New(4, 5*time.Second).Share("only", 1)
		learn(share, stay)
		var first, rest outcome
		began := time.Now()
		for time.Since(began) < time.Minute {
			o := &rest
			if time.Since(began) < 15*time.Second {
				o = &first
			}
			go o.add(share, stay)
			time.Sleep(time.Second / (10 * capacity))
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.InDelta(t, 60*capacity, first.served+rest.served, capacity, "at the full rate all the time")
		require.LessOrEqual(t, first.longest, 5*time.Second)
		require.LessOrEqual(t, rest.longest, 600*time.Millisecond, "a crowded gate takes short waits only")
		require.Greater(t, rest.atOnce, 30*9*capacity)
		require.Zero(t, rest.late, "nobody waits in vain")

		require.NoError(t, use(share, stay))
		var again outcome
		for range 4 * capacity {
			go again.add(share, stay)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 4*capacity, again.served, "the crowd is forgotten: longer waits are taken again")
	})
}

func TestNothingMoves(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(4, 5*time.Second).Share("only", 1)
		learn(share, time.Millisecond)
		var in, queue, others outcome
		for range 4 {
			go in.add(share, 30*time.Second)
		}
		synctest.Wait()
		for range 100 {
			go queue.add(share, time.Millisecond)
		}
		time.Sleep(6 * time.Second)
		synctest.Wait()
		require.Equal(t, 100, queue.late)
		for range 1000 {
			go others.add(share, time.Millisecond)
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		require.Equal(t, 1000, others.atOnce, "nothing has moved for longer than anybody may wait")

		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 4, in.served)
		var after outcome
		for range 1000 {
			go after.add(share, time.Millisecond)
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 1000, after.served, "as if nothing had been")
	})
}

func TestAFloodHoldsUpNobodyElse(t *testing.T) {
	for places, want := range map[int]int{1: 1, 2: 1, 4: 2, 8: 6, 16: 14} {
		bubble(t, func(t *testing.T) {
			g := gate.New(places, 5*time.Second)
			flood, second, third := g.Share("flood", 2), g.Share("second", 1), g.Share("third", 1)
			for range 100 {
				go func() { _ = use(flood, time.Hour) }()
			}
			synctest.Wait()
			require.Equal(t, want, flood.Stats().Held, "of %d places", places)
			if places < 3 {
				return
			}
			for range 100 {
				go func() { _ = use(second, time.Hour) }()
			}
			synctest.Wait()
			began := time.Now()
			for range 10 {
				require.NoError(t, use(third, time.Second))
			}
			require.Equal(t, 10*time.Second, time.Since(began), "two floods that never move, and still nobody waits")
		})
	}
}

func TestAFewPlacesServeEverybodyInTurn(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := gate.New(1, time.Minute)
		var all outcome
		for _, share := range []*gate.Share{g.Share("a", 1), g.Share("b", 1), g.Share("c", 1)} {
			for range 10 {
				go all.add(share, time.Second)
			}
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		require.Equal(t, 30, all.served)
	})
}

// TestSharesAreOfTime: who asks for long things gets fewer of them.
func TestSharesAreOfTime(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := gate.New(8, time.Hour)
		heavy, light, slow := g.Share("heavy", 2), g.Share("light", 1), g.Share("slow", 1)
		counts := map[*gate.Share]*outcome{heavy: {}, light: {}, slow: {}}
		stays := map[*gate.Share]time.Duration{
			heavy: 10 * time.Millisecond,
			light: 10 * time.Millisecond,
			slow:  100 * time.Millisecond,
		}
		for share, stay := range stays {
			learn(share, stay)
		}
		for share, stay := range stays {
			for range 5_000 {
				go counts[share].add(share, stay)
			}
		}
		time.Sleep(5*time.Second + time.Millisecond)
		synctest.Wait()
		used := func(share *gate.Share) float64 {
			o := counts[share]
			o.mu.Lock()
			defer o.mu.Unlock()
			return float64(o.served) * stays[share].Seconds()
		}
		all := used(heavy) + used(light) + used(slow)
		require.InDelta(t, 40, all, 2, "no place was left empty")
		require.InDelta(t, 0.5, used(heavy)/all, 0.02)
		require.InDelta(t, 0.25, used(light)/all, 0.02)
		require.InDelta(t, 0.25, used(slow)/all, 0.02)
	})
}

func TestWhatOneShareLeavesTheOthersUse(t *testing.T) {
	bubble(t, func(t *testing.T) {
		g := gate.New(8, time.Hour)
		busy, quiet := g.Share("busy", 1), g.Share("quiet", 9)
		learn(quiet, 10*time.Millisecond)
		var o outcome
		for range 700 {
			go o.add(busy, 10*time.Millisecond)
		}
		time.Sleep(time.Second + time.Millisecond)
		synctest.Wait()
		require.Equal(t, 700, o.served, "seven places: one is kept for whoever comes")

		// having saved nothing up meanwhile, by doing nothing
		for range 2000 {
			go o.add(quiet, 10*time.Millisecond)
			go o.add(busy, 10*time.Millisecond)
		}
		synctest.Wait()
		before := busy.Stats().Waiting
		time.Sleep(500 * time.Millisecond)
		require.InDelta(t, 45, before-busy.Stats().Waiting, 15, "a tenth, or the one place that is always its own")
	})
}

func TestWhoGoesAwayLeavesTheQueue(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(1, time.Hour).Share("only", 1)
		leave, err := share.Enter(t.Context())
		require.NoError(t, err)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 10)
		for range 10 {
			go func() {
				_, err := share.Enter(ctx)
				gone <- err
			}()
		}
		synctest.Wait()
		require.Equal(t, 10, share.Stats().Waiting)
		cancel()
		for range 10 {
			require.ErrorIs(t, <-gone, context.Canceled)
		}
		require.Equal(t, gate.Stats{Held: 1}, share.Stats(), "gone, and not refused")
		leave()
		require.Equal(t, gate.Stats{}, share.Stats())
		_, err = share.Enter(ctx)
		require.NoError(t, err, "there is a place: what comes of it, the caller sees")
	})
}

// TestWhoseTimeIsOverWasSentAway: a deadline may come before the longest wait, as where the settings make both the
// same.
func TestWhoseTimeIsOverWasSentAway(t *testing.T) {
	bubble(t, func(t *testing.T) {
		share := gate.New(1, 10*time.Second).Share("only", 1)
		go func() { _ = use(share, time.Minute) }()
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Second)
		defer cancel()
		_, err := share.Enter(ctx)
		var busy *gate.BusyError
		require.ErrorAs(t, err, &busy)
		require.Equal(t, gate.Stats{Held: 1, Refused: 1}, share.Stats())
	})
}

// TestNoPlaceIsLost where people give up in the very moment in which they are let in. Real goroutines and real time.
func TestNoPlaceIsLost(t *testing.T) {
	t.Parallel()
	g := gate.New(4, 500*time.Microsecond)
	shares := []*gate.Share{g.Share("a", 1), g.Share("b", 2), g.Share("c", 1)}
	var crowd sync.WaitGroup
	for n := range 64 {
		crowd.Go(func() {
			for i := range 500 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(i%7)*100*time.Microsecond)
				leave, err := shares[(n+i)%3].Enter(ctx)
				var busy *gate.BusyError
				switch {
				case err == nil:
					time.Sleep(time.Duration(i%3) * 50 * time.Microsecond)
					leave()
				case !errors.As(err, &busy) && !errors.Is(err, context.DeadlineExceeded):
					t.Error(err)
				}
				cancel()
			}
		})
	}
	crowd.Wait()
	for _, share := range shares {
		stats := share.Stats()
		require.Zero(t, stats.Held)
		require.Zero(t, stats.Waiting)
	}
	for range 2 { // and the places are there again: two of four
		_, err := shares[0].Enter(t.Context())
		require.NoError(t, err)
	}
}
