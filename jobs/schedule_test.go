package jobs

import (
	"log/slog"
	"testing"
	"time"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"energiya/internal/dbtest"
)

func TestThePeriodIsTheGymsHourInItsZone(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	pool := database.At(t, "2026-11-24 22:30+07")
	runner := &Runner{quiet: slog.New(slog.DiscardHandler)}
	scheduled := runner.scheduled(t.Context(), pool, func(a Args) river.JobArgs { return EnsureSlots{a} })

	args, _ := scheduled()
	require.Equal(t, EnsureSlots{Args{Period: "2026-11-24 22"}}, args)
	_, err := database.Owner.Exec(t.Context(), "select api.set_setting('time_zone', 'Asia/Tokyo')")
	require.NoError(t, err)
	args, _ = scheduled()
	require.Equal(t, EnsureSlots{Args{Period: "2026-11-25 00"}}, args, "a change of the zone counts at once")

	pool.Close()
	args, _ = scheduled()
	require.Nil(t, args, "no answer, no job")
}

func TestTheTickIsALittleAfterEachFullMinute(t *testing.T) {
	t.Parallel()
	for now, next := range map[string]string{
		"21:59:59.9": "22:00:01",
		"22:00:00":   "22:00:01",
		"22:00:00.9": "22:00:01",
		"22:00:01":   "22:01:01",
		"22:00:30":   "22:01:01",
	} {
		at, err := time.Parse("15:04:05", now)
		require.NoError(t, err)
		require.Equal(t, next, everyTick{}.Next(at).Format("15:04:05.999"), "after %s", now)
	}
}
