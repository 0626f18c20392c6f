package rush_test

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"slices"
	"testing"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"energiya/api"
	"energiya/internal/crowd/rush"
	"energiya/internal/dbtest"
)

const token = "the-token-of-these-tests"

type oneToken struct{}

func (oneToken) Valid(t string) bool { return t == token }

// serve answers on the database as energy serve does. Enrolment is open, with the 24 slots of the template.
func serve(t *testing.T, database *dbtest.DB) string {
	t.Helper()
	_, err := database.Owner.Exec(t.Context(), "select from api.open_enrolment()")
	require.NoError(t, err)
	server := httptest.NewServer(api.New(api.Options{
		Pool:   database.Server(t),
		Tokens: oneToken{},
		Logger: httplog.NewLogger(
			"test",
			httplog.Options{JSON: true, Writer: io.Discard, LogLevel: slog.LevelError},
		),
		RequestTimeout: time.Minute,
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestEverySeatGoesToSomebodyWhoWasToldSo(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	students := database.Users(t, "STUDENT", 300)
	var last rush.Progress
	report, err := rush.Run(t.Context(), rush.Options{
		URLs: []string{serve(t, database)}, Token: token, Students: students, Connections: 64, Seed: 1,
		Progress: func(p rush.Progress) { last = p },
	})
	require.NoError(t, err)
	require.Empty(t, report.Failures)
	require.Zero(t, report.Answers[rush.Failed])
	require.Zero(t, report.Answers[rush.Refused], report.Refusals)
	require.Positive(t, report.Answers[rush.All])
	require.Positive(t, report.Answers[rush.Full])
	require.GreaterOrEqual(t, len(report.Choices), len(students))
	require.True(t, slices.IsSorted(report.Choices))
	require.Equal(t, len(report.Choices)+len(report.Lists), report.Requests())
	require.Equal(t, rush.Progress{
		After: last.After, Students: 300, Answered: 300, Ready: 300, Requests: report.Requests(), Seats: 288,
	}, last)

	rows, err := database.Owner.Query(t.Context(), `
		select user_id, array_agg(slot_id order by slot_id) from gym.enrolments where cancelled_at is null group by user_id`)
	require.NoError(t, err)
	held := map[int][]int{}
	var student int
	var slots []int
	_, err = pgx.ForEachRow(
		rows,
		[]any{&student, &slots},
		func() error { held[student] = slices.Clone(slots); return nil },
	)
	require.NoError(t, err)
	told := map[int][]int{}
	seats := 0
	for student, slots := range report.Held {
		told[student] = slices.Sorted(slices.Values(slots))
		seats += len(slots)
	}
	require.Equal(t, held, told)
	require.Equal(t, 288, seats, "as long as students look for a seat, none stays free")
}

func TestRefusalsAndFailuresAreToldApart(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	url := serve(t, database)
	blocked := database.Users(t, "STUDENT", 3)
	for _, student := range blocked {
		_, err := database.Owner.Exec(t.Context(), "select from api.block(person => $1, reason => 'проба')", student)
		require.NoError(t, err)
	}
	coach := database.User(t, "COACH") // may look, but not enrol

	report, err := rush.Run(
		t.Context(),
		rush.Options{URLs: []string{url}, Token: token, Students: append(blocked, coach)},
	)
	require.NoError(t, err)
	require.Equal(t, map[rush.Kind]int{rush.Refused: 3, rush.Failed: 1}, report.Answers)
	require.Len(t, report.Refusals, 1)
	require.Len(t, report.Failures, 1)
	require.ErrorContains(t, report.Failures[0], "AccessRightsException")
	require.Empty(t, report.Held)
}

func TestRunSaysWhyItCannotBegin(t *testing.T) {
	t.Parallel()
	database := dbtest.New(t)
	student := database.User(t, "STUDENT")
	url := serve(t, database)

	_, err := rush.Run(t.Context(), rush.Options{URLs: []string{url}, Token: token})
	require.ErrorContains(t, err, "needs students")
	_, err = rush.Run(t.Context(), rush.Options{URLs: []string{url}, Token: "another", Students: []int{student}})
	require.ErrorContains(t, err, "TokenException")
	_, err = rush.Run(
		t.Context(),
		rush.Options{URLs: []string{"http://127.0.0.1:1"}, Token: token, Students: []int{student}},
	)
	require.ErrorContains(t, err, "connection refused")
	_, err = database.Owner.Exec(t.Context(), "update gym.slots set deleted_at = now()")
	require.NoError(t, err)
	_, err = rush.Run(t.Context(), rush.Options{URLs: []string{url}, Token: token, Students: []int{student}})
	require.ErrorContains(t, err, "no slots")
}

func TestPercentile(t *testing.T) {
	t.Parallel()
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(i+1))
	}
	for percent, want := range map[int]time.Duration{1: 1, 50: 50, 99: 99, 100: 100} {
		require.Equal(t, want, rush.Percentile(hundred, percent))
	}
	require.Equal(t, time.Duration(7), rush.Percentile([]time.Duration{7}, 50))
	require.Zero(t, rush.Percentile(nil, 50))
}
