package gymclient

import (
	"context"
	"errors"
	"net"
	"sync"
	"time"
)

// probeInterval is how often a main server that is away is tried.
const probeInterval = 250 * time.Millisecond

var errDown = errors.New("the main server can't be reached")

// line is the way to the main server. Once a connection could not be made, all further ones fail at once, until one
// that is tried in the background succeeds: nobody waits for a server that is away.
type line struct {
	dialer *net.Dialer
	alive  context.Context
	close  context.CancelFunc

	mu   sync.Mutex
	down error // why; nil: the line is up
}

func newLine(dialer *net.Dialer) *line {
	l := &line{dialer: dialer}
	l.alive, l.close = context.WithCancel(context.Background())
	return l
}

func (l *line) dial(ctx context.Context, network, address string) (net.Conn, error) {
	l.mu.Lock()
	down := l.down
	l.mu.Unlock()
	if down != nil {
		return nil, down
	}
	conn, err := l.dialer.DialContext(ctx, network, address)
	// A caller who hung up says nothing of the line.
	if err != nil && ctx.Err() == nil {
		l.fail(network, address, err)
	}
	return conn, err
}

// fail notes that the line is down, and tries it until it is up.
func (l *line) fail(network, address string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.down != nil || l.alive.Err() != nil {
		return
	}
	l.down = errors.Join(errDown, err)
	go l.probe(network, address)
}

func (l *line) probe(network, address string) {
	tick := time.NewTicker(probeInterval)
	defer tick.Stop()
	for {
		select {
		case <-l.alive.Done():
			return
		case <-tick.C:
		}
		conn, err := l.dialer.DialContext(l.alive, network, address)
		if err != nil {
			continue
		}
		_ = conn.Close()
		l.mu.Lock()
		l.down = nil
		l.mu.Unlock()
		return
	}
}
