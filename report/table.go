package report

import (
	"context"
	"errors"
)

// table is a report that is a plain list: a row of the database is a row of the sheet.
type table[T any] struct {
	sheet   string
	heading string // of the printed pages
	nothing string // what there is none of, where there are no rows
	frozen  int    // columns that stay in sight
	columns []column
	total   func(T) int
	cells   func(T) []cell
}

func (t table[T]) write(ctx context.Context, m *making) error {
	if m.head.Format == CSV {
		return t.writeCSV(ctx, m)
	}
	return t.writeBook(ctx, m)
}

func (t table[T]) empty(m *making) string {
	return "За период " + m.head.period() + " " + t.nothing + " нет"
}

func (t table[T]) writeCSV(ctx context.Context, m *making) error {
	out, err := newCSV(m.out)
	if err != nil {
		return err
	}
	begun := false
	err = each(ctx, m, t.total, func(row T) error {
		if !begun {
			begun = true
			var headings []cell
			for _, c := range t.columns {
				headings = append(headings, titled(c.title))
			}
			if err := out.row(headings); err != nil {
				return err
			}
		}
		return out.row(t.cells(row))
	})
	if err == nil && !begun {
		err = out.row([]cell{text(t.empty(m))})
	}
	return errors.Join(err, out.close())
}

func (t table[T]) writeBook(ctx context.Context, m *making) (err error) {
	b, err := newBook(m.out)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()

	var s *sheet
	err = each(ctx, m, t.total, func(row T) error {
		if s == nil {
			s, err = b.newSheet(t.sheet, layout{
				columns: t.columns, rows: t.total(row), frozen: t.frozen, headings: 48, footer: t.heading + " " + m.head.period(), pages: 1,
			})
			if err != nil {
				return err
			}
		}
		return s.row(t.cells(row))
	})
	switch {
	case err != nil:
		return err
	case s == nil:
		return b.saveEmpty(t.sheet, t.empty(m))
	}
	if err := s.end(); err != nil {
		return err
	}
	return b.save()
}
