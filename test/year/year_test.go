package year_test

import (
	"context"
	"flag"
	"testing"
	"time"

	"energiya/internal/dbtest"
	"energiya/test/year"
)

var (
	students = flag.Int("year.students", 2000, "students of the simulated year")
	seed     = flag.Uint64("year.seed", 1, "seed of the first simulated year")
	years    = flag.Uint64("year.years", 1, "years to simulate, one seed after the other")
	workers  = flag.Int("year.workers", 6, "connections at an opening; 1 repeats a year exactly")
)

func TestYear(t *testing.T) {
	for n := range *years {
		url := dbtest.New(t).URL()
		to := time.Date(2027, time.June, 30, 0, 0, 0, 0, time.UTC)
		if testing.Short() {
			to = time.Date(2026, time.October, 10, 0, 0, 0, 0, time.UTC)
		}
		report, err := year.Run(context.Background(), url, year.Options{
			Students: *students, Seed: *seed + n, Workers: *workers,
			// the people of September enrol in August
			From: time.Date(2026, time.August, 18, 0, 0, 0, 0, time.UTC), To: to,
			Log: t.Logf,
		})
		t.Logf("seed %d: %+v", *seed+n, report)
		if err != nil {
			t.Fatal(err)
		}
	}
}
