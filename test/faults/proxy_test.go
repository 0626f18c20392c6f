package faults_test

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// proxy is the network between server and database.
type proxy struct {
	t       *testing.T
	backend string
	address string

	mu        sync.Mutex
	listener  net.Listener
	conns     map[net.Conn]bool
	swallowed chan struct{} // not nil while packets vanish; closed when new connections get through again
}

func newProxy(t *testing.T, backend string) *proxy {
	t.Helper()
	p := &proxy{t: t, backend: backend, address: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	p.mend()
	p.address = p.listener.Addr().String()
	t.Cleanup(p.cut)
	return p
}

// mend lets connections through.
func (p *proxy) mend() {
	p.t.Helper()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.swallowed != nil {
		close(p.swallowed)
		p.swallowed = nil
		return
	}
	listener, err := net.Listen("tcp", p.address)
	require.NoError(p.t, err)
	p.listener = listener
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go p.pass(conn)
		}
	}()
}

// cut closes all connections, and refuses new ones.
func (p *proxy) cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	_ = p.listener.Close()
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

// swallow lets everything vanish that is sent, without a word to either side. What was open before stays so, and
// dead, for ever, as where a firewall has forgotten it; who connects meanwhile hears nothing before it is mended.
func (p *proxy) swallow() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.swallowed = make(chan struct{})
}

// pass joins a connection with one to the database.
func (p *proxy) pass(client net.Conn) {
	p.mu.Lock()
	p.conns[client] = true
	wait := p.swallowed
	p.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-p.t.Context().Done():
		}
	}
	backend, err := net.Dial("tcp", p.backend)
	if err != nil {
		_ = client.Close()
		return
	}
	p.mu.Lock()
	p.conns[backend] = true
	p.mu.Unlock()
	go p.copy(backend, client)
	p.copy(client, backend)
}

// copy passes bytes on, and the end of them, unless they are swallowed; once they were, for ever.
func (p *proxy) copy(to, from net.Conn) {
	buffer := make([]byte, 32<<10)
	dead := false
	for {
		n, err := from.Read(buffer)
		p.mu.Lock()
		dead = dead || p.swallowed != nil
		p.mu.Unlock()
		switch {
		case dead && err != nil:
			return // the other side hears nothing of it
		case dead:
			continue
		}
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				_ = from.Close()
				return
			}
		}
		if err != nil {
			_ = to.Close()
			return
		}
	}
}
