package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"strconv"
	"time"

	"github.com/go-chi/httplog/v2"
	"github.com/jackc/pgx/v5"

	"energiya/internal/gate"
	"energiya/report"
)

const (
	// shareOfReports is the name of their share.
	shareOfReports = "reports"
	// defaultReports is how many reports are made at once where they have no pool of their own.
	defaultReports = 2
	// reportWait is how long a report waits for its turn.
	reportWait = 2 * time.Second
	// maxFiles is how many reports there may be at once, whole ones that somebody reads slowly included: each is a
	// file.
	maxFiles = 32
	// sendingTime is what a client that reads slowly has for the finished file.
	sendingTime = time.Minute
)

// newReportShare has a place for each report that may be made at once, apart from the gate of all else.
func (o Options) newReportShare() *gate.Share {
	places := defaultReports
	if o.ReportPool != nil {
		places = int(o.ReportPool.Config().MaxConns)
	}
	return gate.New(places, reportWait).Share(shareOfReports, 1)
}

// report is the handler of a report: the function of wire opens its rows, package report makes a file of them, and
// the file is sent when it is whole. Whatever fails before is answered as everywhere. The place is given back before
// that: whoever reads slowly keeps nobody else from a report.
func (s *server) report(kind report.Kind) http.HandlerFunc {
	sql := fmt.Sprintf(sqlCall, "report_"+kind.Name)
	return func(w http.ResponseWriter, r *http.Request) {
		body, forget, err := s.readBody(w, r)
		if err != nil {
			s.fail(w, r, err)
			return
		}
		defer forget()
		select {
		case s.files <- struct{}{}:
			defer func() { <-s.files }()
		default:
			s.fail(w, r, failManyReports)
			return
		}

		ctx := r.Context()
		if s.ReportTimeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, s.ReportTimeout)
			defer cancel()
			// The server's own limit is that of a request. Where there is no connection behind w, there is none.
			_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(s.ReportTimeout + sendingTime))
		}
		file, err := os.CreateTemp("", "energy-report-*")
		if err != nil {
			s.fail(w, r, fmt.Errorf("making the report's file: %w", err))
			return
		}
		// Where a file may go on without its name, nothing of it stays behind, whatever happens to the server.
		unnamed := os.Remove(file.Name()) == nil
		defer func() {
			_ = file.Close()
			if !unnamed {
				_ = os.Remove(file.Name())
			}
		}()

		made, err := s.makeReport(ctx, kind, sql, r, body, file)
		if err != nil {
			s.fail(w, r, s.explain(ctx, r, err))
			return
		}
		if err := send(w, made, file); err != nil {
			// Too late to say so, but not to let the client see that it has not got all.
			httplog.LogEntrySetField(r.Context(), "cause", causeOf(err))
			panic(http.ErrAbortHandler)
		}
	}
}

// makeReport writes the report to out, from one snapshot of the database.
func (s *server) makeReport(
	ctx context.Context,
	kind report.Kind,
	sql string,
	r *http.Request,
	body []byte,
	out io.Writer,
) (made report.File, err error) {
	leave, err := s.reports.Enter(ctx)
	if err != nil {
		return made, err
	}
	defer leave()
	pool := s.ReportPool
	if pool == nil {
		pool = s.Pool
	}
	err = pgx.BeginTxFunc(
		ctx,
		pool,
		pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly},
		func(tx pgx.Tx) error {
			var head []byte
			a := actorOf(r)
			if err := tx.QueryRow(ctx, sql, a.id, string(body), requestIDOf(ctx), a.session).Scan(&head); err != nil {
				return err
			}
			if head == nil {
				return errNoData
			}
			made, err = kind.Write(ctx, tx, head, out, nil)
			return err
		},
	)
	return made, err
}

// send sends a finished file.
func send(w http.ResponseWriter, made report.File, file *os.File) error {
	size, err := file.Seek(0, io.SeekEnd)
	if err == nil {
		_, err = file.Seek(0, io.SeekStart)
	}
	if err != nil {
		return fmt.Errorf("reading the report's file: %w", err)
	}
	w.Header().Set("Content-Type", made.ContentType)
	w.Header().Set("Content-Disposition", made.Disposition())
	w.Header().Set("Content-Length", strconv.FormatInt(size, 10))
	w.WriteHeader(http.StatusOK)
	if _, err := io.Copy(w, file); err != nil {
		return fmt.Errorf("sending the report: %w", err)
	}
	return nil
}
