package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/schollz/progressbar/v3"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"energiya/db"
	"energiya/internal/config"
	"energiya/report"
)

// The function that opens a report's cursor is called as the database's owner, past the rights of the wire.
const (
	sqlOpenReport        = `select rules.open_%s($1, $2) || jsonb_build_object('format', $3::text)`
	sqlOpenGroupedReport = `select rules.open_%s($1, $2, $4) || jsonb_build_object('format', $3::text)`
)

// progressDelay is how long a report may take before anybody wants to see how far it is.
const progressDelay = 500 * time.Millisecond

// wanted is what the flags of "energy report …" say.
type wanted struct {
	from, to, group, format, output string
}

func newReport() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "Write a report as a spreadsheet or as CSV",
		Args:  cobra.NoArgs,
	}
	for _, kind := range report.Kinds() {
		cmd.AddCommand(newReportOf(kind))
	}
	return cmd
}

func newReportOf(kind report.Kind) *cobra.Command {
	var w wanted
	cmd := &cobra.Command{
		Use:   kind.Name + " --from 2026-11-01 --to 2026-11-30 [-o file.xlsx]",
		Short: describeReport(kind.Name),
		Long: describeReport(kind.Name) + `.

Log in as the database's owner. The file appears when it is whole. Without -o it gets a name of its own in the folder one is in.

` + settings(config.DatabaseURL, "ReportDatabaseURL"),
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			name, err := writeReport(cmd.Context(), kind, w, cmd.ErrOrStderr())
			if err == nil {
				fmt.Fprintln(cmd.OutOrStdout(), name)
			}
			return err
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&w.from, "from", "", "first day, YYYY-MM-DD")
	flags.StringVar(&w.to, "to", "", "last day, YYYY-MM-DD; 24 months later at most")
	flags.StringVar(&w.format, "format", "", "xlsx or csv (as the name of the file ends, else xlsx)")
	flags.StringVarP(&w.output, "output", "o", "", "name of the file")
	if kind.Grouped {
		flags.StringVar(&w.group, "group", "", "of this group of study only")
	}
	for _, name := range []string{"from", "to"} {
		_ = cmd.MarkFlagRequired(name) // fails for an unknown flag only
	}
	return cmd
}

func describeReport(name string) string {
	switch name {
	case "visits":
		return "Who was there and who was not, a row a student and a column a date, with a summary"
	case "occupancy":
		return "How full each lesson was, who did not come, and how many had been refused a seat"
	case "term":
		return "Lessons attended and missed over a period, a row a student, for credit"
	case "blocked":
		return "Who was blocked in a period, why, and who lifted it"
	}
	return name
}

// writeReport writes the report to its file, and gives the file's name.
func writeReport(ctx context.Context, kind report.Kind, w wanted, terminal io.Writer) (name string, err error) {
	if err := w.check(); err != nil {
		return "", err
	}
	s, err := config.Load()
	if err != nil {
		return "", err
	}
	conn, err := db.Connect(ctx, s.ReportDatabase().ConnConfig)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close(context.WithoutCancel(ctx)) }()

	tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
	if err != nil {
		return "", fmt.Errorf("beginning to read: %w", err)
	}
	sql, args := sqlOpenReport, []any{w.from, w.to, w.format}
	if kind.Grouped {
		sql, args = sqlOpenGroupedReport, append(args, w.group)
	}
	var head []byte
	if err := tx.QueryRow(ctx, fmt.Sprintf(sql, kind.Name), args...).Scan(&head); err != nil {
		return "", fmt.Errorf("asking for the report: %w", err)
	}

	// beside the file that it becomes, so that nobody finds half a report under that name
	file, err := os.CreateTemp(filepath.Dir(w.output), ".report-*")
	if err != nil {
		return "", fmt.Errorf("making the file: %w", err)
	}
	defer func() {
		if err != nil {
			_ = os.Remove(file.Name())
		}
	}()
	made, err := kind.Write(ctx, tx, head, file, progressOn(terminal))
	if err := errors.Join(err, file.Close()); err != nil {
		return "", err
	}
	if w.output == "" {
		w.output = made.Name
	}
	if err := os.Rename(file.Name(), w.output); err != nil {
		return "", fmt.Errorf("naming the file: %w", err)
	}
	return w.output, nil
}

// check makes sense of the flags.
func (w *wanted) check() error {
	for _, date := range []string{w.from, w.to} {
		if _, err := time.Parse(time.DateOnly, date); err != nil {
			return fmt.Errorf("%q is no date: write it as 2026-11-30", date)
		}
	}
	if w.format == "" && strings.EqualFold(filepath.Ext(w.output), "."+report.CSV) {
		w.format = report.CSV
	}
	switch w.format {
	case report.XLSX, report.CSV:
	case "":
		w.format = report.XLSX
	default:
		return fmt.Errorf("there is no format %q: it may be xlsx or csv", w.format)
	}
	return nil
}

// progressOn shows a bar on a terminal, for a report that takes long enough to wonder; nothing elsewhere.
func progressOn(w io.Writer) report.Progress {
	file, ok := w.(*os.File)
	if !ok || !term.IsTerminal(int(file.Fd())) {
		return nil
	}
	var bar *progressbar.ProgressBar
	begun := time.Now()
	return func(done, total int) {
		if bar == nil && time.Since(begun) > progressDelay && done < total {
			bar = progressbar.NewOptions(
				total,
				progressbar.OptionSetWriter(file),
				progressbar.OptionSetDescription("rows"),
				progressbar.OptionShowCount(),
				progressbar.OptionClearOnFinish(),
				progressbar.OptionThrottle(100*time.Millisecond),
			)
		}
		if bar != nil {
			_ = bar.Set(done) // a bar that can't be drawn is no reason to stop
		}
	}
}
