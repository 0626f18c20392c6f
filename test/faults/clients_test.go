package faults_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// attackers are clients that mean harm, or have gone wrong.
type attackers struct {
	t       *testing.T
	cluster *cluster
	address string
	base    string
}

// TestClientsThatMeanHarm: whatever they do, the rush goes on beside them, and the server's memory stays bounded.
func TestClientsThatMeanHarm(t *testing.T) {
	t.Parallel()
	c := newCluster(t)
	s := newServer(t, c.serverURL(), "ENERGY_RATE_LIMIT=100")
	w := startCrowd(t, c, only{s})
	w.goesOn(100)
	for _, attack := range []struct {
		name string
		run  func(a attackers, w *crowd)
		// works: it makes the database work, so that on a slow machine others may be told to come later
		works bool
	}{
		{"slow headers", attackers.slowHeaders, false},
		{"slow bodies", attackers.slowBodies, false},
		{"slow readers", attackers.slowReaders, true},
		{"idle connections", attackers.idle, false},
		{"huge bodies", attackers.hugeBodies, false},
		{"floods of headers", attackers.headerFloods, false},
		{"many connections of one client", attackers.flood, true},
	} {
		t.Run(attack.name, func(t *testing.T) {
			before, refused := s.mark(), w.count(unavailable)
			attack.run(attackers{t: t, cluster: c, address: s.address, base: s.base()}, w)
			w.goesOn(100)
			t.Logf("most memory so far: %d MB", s.mostMemory())
			require.Less(t, s.mostMemory(), size(memory, 2*memory), "MB of memory")
			for message, lines := range tally(s.complaints(before)) {
				require.Contains(
					t,
					[]string{"overloaded: requests are sent away", "too many requests of one person are refused"},
					message,
					"it is the clients' fault, not the server's",
				)
				require.LessOrEqual(t, lines, 10)
			}
			if !attack.works {
				require.Equal(t, refused, w.count(unavailable), "503")
			}
		})
	}
	w.finish()
	w.verify(c)
	for _, bad := range []outcome{notSent, noAnswer, strange} {
		require.Zero(t, w.count(bad), "%s: %s", bad, w.strange)
	}
}

// dial opens a connection that is closed at the end.
func (a attackers) dial() net.Conn {
	a.t.Helper()
	conn, err := new(net.Dialer).DialContext(a.t.Context(), "tcp", a.address)
	require.NoError(a.t, err)
	a.t.Cleanup(func() { _ = conn.Close() })
	require.NoError(a.t, conn.SetReadDeadline(time.Now().Add(patience)))
	return conn
}

// trickle writes a byte a second until the connection is gone.
func trickle(conn net.Conn, bytes string) {
	for i := 0; ; i = (i + 1) % len(bytes) {
		if _, err := io.WriteString(conn, bytes[i:i+1]); err != nil {
			return
		}
		time.Sleep(time.Second)
	}
}

// answer reads an answer in the envelope.
func answer(conn io.Reader) (status int, errType string, err error) {
	response, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	var envelope struct {
		Type string `json:"error_type"`
	}
	err = json.NewDecoder(response.Body).Decode(&envelope)
	return response.StatusCode, envelope.Type, err
}

// each does something on n connections at once. Errors fail the test.
func (a attackers) each(n int, do func(conn net.Conn) error) {
	a.t.Helper()
	errs := make(chan error, n)
	for range n {
		conn := a.dial()
		go func() { errs <- do(conn) }()
	}
	for range n {
		require.NoError(a.t, <-errs)
	}
}

func size(short, long int) int {
	if isLong() {
		return long
	}
	return short
}

// slowHeaders: the connection is closed after some seconds, in which it held nothing but itself.
func (a attackers) slowHeaders(w *crowd) {
	go w.goesOn(100)
	a.each(size(100, 2000), func(conn net.Conn) error {
		go trickle(conn, "GET /api/v1/new/get HTTP/1.1\r\nHost: energy\r\nX-Slow: "+strings.Repeat("x", 1000))
		_, err := io.Copy(io.Discard, conn)
		if errors.Is(err, syscall.ECONNRESET) {
			return nil
		}
		return err // a deadline where it is left hanging
	})
}

// slowBodies: answered at the request's deadline, with or without a token.
func (a attackers) slowBodies(*crowd) {
	for head, want := range map[string]string{"Token: " + token: "InvalidRequestException", "Token: guess": "TokenException"} {
		a.each(size(50, 1000), func(conn net.Conn) error {
			if _, err := fmt.Fprintf(conn, "POST /api/v1/entry/create HTTP/1.1\r\nHost: energy\r\n%s\r\nContent-Type: application/json\r\nContent-Length: 1000\r\n\r\n", head); err != nil {
				return err
			}
			go trickle(conn, `{"selectedTimes":[1,2,3]} `)
			_, errType, err := answer(conn)
			if err == nil && errType != want {
				err = fmt.Errorf("answered %s, not %s", errType, want)
			}
			return err
		})
	}
}

// slowReaders ask and ask, and never read: they hold no place in the pool.
func (a attackers) slowReaders(w *crowd) {
	// answers of a megabyte, of which some fill every buffer on the way
	require.NoError(a.t, a.cluster.query(
		a.t.Context(),
		database,
		"insert into gym.posts (kind, body, created_at) select 'news', repeat('x', 100000), now() from generate_series(1, 10)",
	))
	ask := fmt.Sprintf("GET /api/v1/new/get HTTP/1.1\r\nHost: energy\r\nToken: %s\r\n\r\n", token)
	var sending sync.WaitGroup
	for range size(50, 500) { // more than there are connections to the database
		conn := a.dial()
		sending.Go(func() {
			for range 100 {
				if _, err := io.WriteString(conn, ask); err != nil {
					return
				}
			}
		})
	}
	sending.Wait()
	w.goesOn(100)
}

// idle: ten thousand connections that have asked once, and are kept for the next time.
func (a attackers) idle(w *crowd) {
	n := size(1000, 10_000)
	var files syscall.Rlimit
	require.NoError(a.t, syscall.Getrlimit(syscall.RLIMIT_NOFILE, &files))
	if most := int(files.Cur) - 500; n > most {
		a.t.Logf("%d connections instead of %d: this machine allows %d open files (ulimit -n)", most, n, files.Cur)
		n = most
	}
	conns := make([]net.Conn, n)
	for i := range conns {
		conns[i] = a.dial()
	}
	// half of them say nothing at all
	for i := 0; i < n; i += 2 {
		_, err := io.WriteString(conns[i], "GET /healthz HTTP/1.1\r\nHost: energy\r\n\r\n")
		require.NoError(a.t, err)
	}
	for i := 0; i < n; i += 2 {
		status, _, err := answer(conns[i])
		require.NoError(a.t, err)
		require.Equal(a.t, http.StatusOK, status)
	}
	w.goesOn(100)
	for i := range conns {
		if i%2 == 1 {
			_, err := conns[i].Read(make([]byte, 1))
			require.Error(a.t, err, "who says nothing is cut off")
			require.NotErrorIs(a.t, err, context.DeadlineExceeded)
			continue
		}
		_, err := io.WriteString(conns[i], "GET /healthz HTTP/1.1\r\nHost: energy\r\n\r\n")
		require.NoError(a.t, err)
		status, _, err := answer(conns[i])
		require.NoError(a.t, err)
		require.Equal(a.t, http.StatusOK, status, "who has asked may ask again")
	}
}

// hugeBodies are refused long before they are read.
func (a attackers) hugeBodies(*crowd) {
	length := int64(size(64<<20, 1<<30))
	const enough = 40 << 20 // what is thrown away before the answer, and what is on its way in buffers
	for _, framing := range []string{fmt.Sprintf("Content-Length: %d", length), "Transfer-Encoding: chunked"} {
		for head, want := range map[string]int{"Token: " + token: http.StatusRequestEntityTooLarge, "Token: guess": http.StatusUnauthorized} {
			a.each(size(4, 16), func(conn net.Conn) error {
				if _, err := fmt.Fprintf(conn, "POST /api/v1/entry/create HTTP/1.1\r\nHost: energy\r\n%s\r\nContent-Type: application/json\r\n%s\r\n\r\n", head, framing); err != nil {
					return err
				}
				var sent atomic.Int64
				go func() {
					piece := strings.Repeat("x", 64<<10)
					if strings.Contains(framing, "chunked") {
						piece = fmt.Sprintf("%x\r\n%s\r\n", len(piece), piece)
					}
					for sent.Load() < length {
						n, err := io.WriteString(conn, piece)
						sent.Add(int64(n))
						if err != nil {
							return
						}
					}
				}()
				status, _, err := answer(conn)
				switch {
				case err != nil:
					return fmt.Errorf("after %d bytes: %w", sent.Load(), err)
				case status != want:
					return fmt.Errorf("answered %d", status)
				case sent.Load() > enough:
					return fmt.Errorf("it took %d bytes", sent.Load())
				}
				return nil
			})
		}
	}
}

// headerFloods are refused after some kilobytes.
func (a attackers) headerFloods(*crowd) {
	const head = "GET /api/v1/new/get HTTP/1.1\r\nHost: energy\r\n"
	for name, flood := range map[string]struct{ head, piece string }{
		"a path":       {"GET /", "path/"},
		"one header":   {head + "Long: ", "value "},
		"many headers": {head, "Name: value\r\n"},
		"many tokens":  {head, "Token: guess\r\n"},
	} {
		a.each(size(20, 500), func(conn net.Conn) error {
			var sent atomic.Int64
			go func() {
				_, err := io.WriteString(conn, flood.head)
				for piece := strings.Repeat(flood.piece, 1000); err == nil; {
					var n int
					n, err = io.WriteString(conn, piece)
					sent.Add(int64(n))
				}
			}()
			status, errType, err := answer(conn)
			switch {
			case errors.Is(err, syscall.ECONNRESET):
				return nil // the answer was overtaken by the end of the connection, in which more was on its way
			case err != nil:
				return fmt.Errorf("%s: after %d bytes: %w", name, sent.Load(), err)
			case status != http.StatusBadRequest || errType != "InvalidRequestException":
				return fmt.Errorf("%s: answered %d %s", name, status, errType)
			}
			return nil
		})
	}
}

// flood: a script asks as fast as it can, over many connections, as one person.
func (a attackers) flood(w *crowd) {
	ctx, stop := context.WithTimeout(a.t.Context(), span(time.Second, 20*time.Second))
	defer stop()
	var refused, failed atomic.Int64
	var script sync.WaitGroup
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1000}}
	defer client.CloseIdleConnections()
	for range size(50, 500) {
		script.Go(func() {
			for ctx.Err() == nil || refused.Load()+failed.Load() == 0 {
				request, err := http.NewRequestWithContext(
					context.WithoutCancel(ctx),
					http.MethodGet,
					a.base+"/api/v1/avtime/get",
					nil,
				)
				if err != nil {
					failed.Add(1)
					return
				}
				request.Header = http.Header{"Token": {token}, "User-Id": {"2000000000"}} // nobody of the crowd
				response, err := client.Do(request)
				if err != nil {
					failed.Add(1)
					return
				}
				_, _ = io.Copy(io.Discard, response.Body)
				_ = response.Body.Close()
				if response.StatusCode == http.StatusTooManyRequests {
					refused.Add(1)
				}
			}
		})
	}
	w.goesOn(100)
	script.Wait()
	require.Zero(a.t, failed.Load())
	require.Positive(a.t, refused.Load(), "TooManyRequests")
}
