package auth

import (
	"context"
	"encoding/json"
	"time"

	"energiya/web"
)

const (
	sqlCalendar      = "select auth.calendar(p_secret => $1)"
	sqlCalendarMade  = "select auth.calendar_made(p_token => $1)"
	sqlRenewCalendar = "select auth.renew_calendar(p_token => $1, p_secret => $2)"
	sqlEndCalendar   = "select auth.end_calendar(p_token => $1)"
)

// calendarRow is rules.calendar.
type calendarRow struct {
	Name          string    `json:"name"`
	Address       string    `json:"address"`
	TimeZone      string    `json:"time_zone"`
	LessonMinutes int       `json:"lesson_minutes"`
	Now           time.Time `json:"now"`
	From          string    `json:"from"`
	To            string    `json:"to"`
	Lessons       []struct {
		Slot   int     `json:"slot"`
		Date   string  `json:"date"`
		Time   string  `json:"time"`
		Off    bool    `json:"off"`
		Moved  bool    `json:"moved"`
		Reason *string `json:"reason"`
	} `json:"lessons"`
}

// calendar reads a calendar by its secret; nil: there is none.
func (s store) calendar(ctx context.Context, secret []byte) (*calendarRow, error) {
	var data []byte
	if err := s.pool.QueryRow(ctx, sqlCalendar, secret).Scan(&data); err != nil {
		return nil, s.explain(ctx, err)
	}
	if data == nil {
		return nil, nil //nolint:nilnil // the calendar that is not there
	}
	row := new(calendarRow)
	return row, json.Unmarshal(data, row)
}

func (p pages) Calendar(ctx context.Context, secret string) (c web.Calendar, err error) {
	// What is no secret is nobody's, and is not asked for.
	raw := parseToken(secret)
	if raw == nil {
		return c, web.ErrNoCalendar
	}
	row, err := p.a.store.calendar(ctx, raw)
	if err != nil {
		return c, forPages(err)
	}
	if row == nil {
		return c, web.ErrNoCalendar
	}
	c = web.Calendar{
		Name: row.Name, Address: row.Address, TimeZone: row.TimeZone, Now: row.Now, From: row.From, To: row.To,
		Length: time.Duration(row.LessonMinutes) * time.Minute,
	}
	for _, l := range row.Lessons {
		lesson := web.CalendarLesson{Slot: l.Slot, Date: l.Date, Time: l.Time, Off: l.Off, Moved: l.Moved}
		if l.Reason != nil {
			lesson.Reason = *l.Reason
		}
		c.Lessons = append(c.Lessons, lesson)
	}
	return c, nil
}

func (p pages) CalendarMade(ctx context.Context, token string) (time.Time, error) {
	var made struct {
		At *time.Time `json:"made_at"`
	}
	err := p.a.store.call(ctx, &made, sqlCalendarMade, parseToken(token))
	if err != nil || made.At == nil {
		return time.Time{}, forPages(err)
	}
	return *made.At, nil
}

func (p pages) RenewCalendar(ctx context.Context, token string) (string, error) {
	secret := newToken()
	if err := p.a.store.call(ctx, nil, sqlRenewCalendar, parseToken(token), secret); err != nil {
		return "", forPages(err)
	}
	return encodeToken(secret), nil
}

func (p pages) EndCalendar(ctx context.Context, token string) error {
	return forPages(p.a.store.call(ctx, nil, sqlEndCalendar, parseToken(token)))
}
