package year

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"
)

// runJobs is what River does each hour, here at its first tick of a day: on some days on three servers at once.
func (y *year) runJobs(ctx context.Context) error {
	for _, job := range []string{"ensure_slots", "ensure_marks", "ensure_blocks", "ensure_turns", "clean_up"} {
		if err := y.runJob(ctx, job); err != nil {
			return fmt.Errorf("job %s: %w", job, err)
		}
		switch job {
		case "ensure_slots":
			if err := y.newSlots(ctx, y.now.Day() >= y.m.slotsOn); err != nil {
				return err
			}
		case "ensure_marks":
			for month := range y.m.slotsMade {
				if !month.After(y.now) {
					y.m.marksMade[month] = true
				}
			}
		case "ensure_blocks":
			y.judgedOn = y.today()
			if err := y.readLedger(ctx); err != nil {
				return err
			}
			if err := y.mustBeJudged(y.students); err != nil {
				return fmt.Errorf("after ensure_blocks: %w", err)
			}
		}
	}
	return nil
}

func (y *year) runJob(ctx context.Context, job string) error {
	servers := y.workers[:1]
	if y.now.Day() == 1 || y.now.Day() == y.m.slotsOn || y.chance(10) {
		servers = y.workers[:min(3, len(y.workers))]
	}
	group, ctx := errgroup.WithContext(ctx)
	for _, server := range servers {
		group.Go(func() error {
			if err := server.at(ctx, y.now); err != nil {
				return err
			}
			for range 100 {
				var done int
				if err := server.conn.QueryRow(ctx, "select wire."+job+"()").Scan(&done); err != nil || done == 0 {
					return err
				}
			}
			return fmt.Errorf("still finds something to do after 100 calls")
		})
	}
	return group.Wait()
}

// newSlots learns the slots of next month, which must stand whole, once: what was deleted since is not made again.
func (y *year) newSlots(ctx context.Context, due bool) error {
	month := nextMonth(y.now)
	data, _, err := y.request(ctx, "avtime_get_any", y.admin, map[string]any{"month": month.Format("01-2006")}, "")
	if err != nil {
		return err
	}
	var offered []struct {
		ID, Weekday, NumberOfPersons int
		Time                         string
	}
	if err := json.Unmarshal(data, &offered); err != nil {
		return err
	}
	for _, o := range offered {
		if y.m.slots[o.ID] != nil {
			continue
		}
		if y.m.slotsMade[month] || !due {
			return fmt.Errorf("slot %+v of %s appeared by itself", o, month.Format("01-2006"))
		}
		y.m.slots[o.ID] = &slot{
			id:       o.ID,
			weekday:  o.Weekday,
			capacity: o.NumberOfPersons,
			month:    month,
			ends:     nextMonth(month),
			at:       clockTime(o.Time),
		}
	}
	if !y.m.slotsMade[month] && due {
		for weekday := range 6 {
			for _, at := range []string{"16:00", "17:30", "19:00", "20:30"} {
				if y.m.slotAt(month, weekday, clockTime(at)) == nil {
					return fmt.Errorf(
						"no slot of %s was made on weekday %d at %s",
						month.Format("01-2006"),
						weekday,
						at,
					)
				}
			}
		}
		y.m.slotsMade[month] = true
	}
	return nil
}

func clockTime(hhmm string) time.Duration {
	t, err := time.Parse("15:04", hhmm)
	if err != nil {
		return -1
	}
	return time.Duration(t.Hour())*time.Hour + time.Duration(t.Minute())*time.Minute
}

func hhmm(at time.Duration) string { return time.Time{}.Add(at).Format("15:04") }
