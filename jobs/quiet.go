package jobs

import (
	"context"
	"log/slog"
	"sync"
	"time"
)

// repeatAfter is how often one and the same complaint is passed on.
const repeatAfter = time.Minute

// quiet is a log handler for River, of which each part speaks again and again while the database is away: warnings
// and errors only, each text once a minute, and none while the server is not ready, since who finds that out says so.
type quiet struct {
	slog.Handler
	ready func(ctx context.Context) error
	said  *saidTexts // shared by the handlers derived from one
}

type saidTexts struct {
	mu sync.Mutex
	at map[string]time.Time // a bounded number: River's texts are constants, what varies is in the attributes
}

func newQuiet(h slog.Handler, ready func(ctx context.Context) error) *quiet {
	return &quiet{Handler: h, ready: ready, said: &saidTexts{at: make(map[string]time.Time)}}
}

func (q *quiet) Enabled(ctx context.Context, level slog.Level) bool {
	return level >= slog.LevelWarn && q.Handler.Enabled(ctx, level)
}

func (q *quiet) Handle(ctx context.Context, record slog.Record) error {
	if q.ready(ctx) != nil || !q.said.first(record.Message, record.Time) {
		return nil
	}
	return q.Handler.Handle(ctx, record)
}

func (q *quiet) WithAttrs(attrs []slog.Attr) slog.Handler {
	return &quiet{Handler: q.Handler.WithAttrs(attrs), ready: q.ready, said: q.said}
}

func (q *quiet) WithGroup(name string) slog.Handler {
	return &quiet{Handler: q.Handler.WithGroup(name), ready: q.ready, said: q.said}
}

// first tells whether the text was not said within the last minute.
func (s *saidTexts) first(text string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if last, ok := s.at[text]; ok && now.Sub(last) < repeatAfter {
		return false
	}
	s.at[text] = now
	return true
}
