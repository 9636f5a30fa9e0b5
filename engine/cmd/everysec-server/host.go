package main

import (
	"fmt"
	"net"
	"os"
	"slices"
	"sync"
	"time"

	"everysec/engine/server"
)

// The engine is a state machine of one thread. The host gives it that thread
// (serve), one goroutine for each connection that reads and one that writes.

type host struct {
	server *server.Server
	inbox  chan message
	woken  chan struct{}
	peers  map[uint64]*peer
	behind []*peer // that may not have sent everything
}

// message is bytes from a peer; data is nil when it is new or gone.
type message struct {
	peer   *peer
	data   []byte
	closed bool
}

func newHost() *host {
	return &host{inbox: make(chan message, 1024), woken: make(chan struct{}, 1), peers: map[uint64]*peer{}}
}

// wake makes serve look at the disk's tickets. It may be called from anywhere.
func (h *host) wake() {
	select {
	case h.woken <- struct{}{}:
	default:
	}
}

func (h *host) accept(l net.Listener) {
	for {
		conn, err := l.Accept()
		if err != nil {
			return // the listener was closed: the server ends
		}
		p := &peer{conn: conn}
		p.ready.L = &p.mutex
		h.inbox <- message{peer: p}
		go p.read(h.inbox)
		go p.write()
	}
}

// serve is the engine's thread. It returns the exit code.
func (h *host) serve(signals <-chan os.Signal) int {
	timer := time.NewTimer(0)
	for {
		now := time.Now().UnixMicro()
		h.tellUnsent(now)
		h.server.Step(now)
		h.flush()
		h.printLog()
		if !h.server.Running() {
			for _, p := range h.peers {
				p.finish()
			}
			return h.server.ExitCode()
		}
		wait := time.Duration(h.server.NextWake()-time.Now().UnixMicro()) * time.Microsecond
		if wait <= 0 {
			h.drainInbox()
			continue
		}
		timer.Reset(wait)
		select {
		case m := <-h.inbox:
			h.take(m)
			h.drainInbox()
		case <-h.woken:
		case <-timer.C:
		case signal := <-signals:
			parameter := "shutdown-on-sigterm"
			if signal == os.Interrupt {
				parameter = "shutdown-on-sigint"
			}
			h.server.RequestShutdown(parameter)
		}
		timer.Stop()
	}
}

// drainInbox takes what else has come in, so that one step serves many peers.
func (h *host) drainInbox() {
	for range cap(h.inbox) {
		select {
		case m := <-h.inbox:
			h.take(m)
		default:
			return
		}
	}
}

func (h *host) take(m message) {
	p := m.peer
	switch {
	case m.closed:
		h.server.Disconnect(time.Now().UnixMicro(), p.id)
		delete(h.peers, p.id)
		p.finish()
	case m.data == nil:
		address := p.conn.RemoteAddr()
		name := address.String()
		if address.Network() == "unix" { // the peer has no name: it is shown under the server's
			name = p.conn.LocalAddr().String() + ":0"
		}
		p.id = h.server.Connect(time.Now().UnixMicro(), name)
		h.peers[p.id] = p
	default:
		h.server.Receive(p.id, m.data)
		p.recycle(m.data)
	}
}

// flush hands replies to the peers.
func (h *host) flush() {
	for _, id := range h.server.OutputReady() {
		p := h.peers[id]
		data, closed := h.server.Output(id)
		if p == nil {
			continue
		}
		p.send(data)
		if !p.behind {
			p.behind = true
			h.behind = append(h.behind, p)
		}
		if closed {
			delete(h.peers, id)
			p.finish()
		}
	}
}

// tellUnsent tells the server which peers do not read what they are sent.
func (h *host) tellUnsent(now int64) {
	h.behind = slices.DeleteFunc(h.behind, func(p *peer) bool {
		n, done := p.unsent(now)
		if n != p.told {
			p.told = n
			h.server.Unsent(p.id, n)
		}
		p.behind = !done
		return done
	})
}

func (h *host) printLog() {
	for _, line := range h.server.TakeLog() {
		level := [...]byte{'.', '-', '*', '#'}[line.Level]
		fmt.Printf("%d:M %s %c %s\n", os.Getpid(), time.UnixMicro(line.At).Format("02 Jan 2006 15:04:05.000"), level, line.Text)
	}
}

// peer is one TCP connection.
type peer struct {
	id    uint64
	conn  net.Conn
	mutex sync.Mutex
	ready sync.Cond
	out   []byte
	spare []byte
	// sending is how many bytes the writing goroutine is at.
	sending int64
	since   int64 // microseconds: since when it is at that
	done    bool

	// These are serve's.
	behind bool
	told   int64

	buffers sync.Pool
}

const readBytes = 16 << 10

func (p *peer) read(inbox chan<- message) {
	for {
		b, _ := p.buffers.Get().(*[]byte)
		if b == nil {
			fresh := make([]byte, readBytes)
			b = &fresh
		}
		n, err := p.conn.Read((*b)[:readBytes])
		if n > 0 {
			inbox <- message{peer: p, data: (*b)[:n]}
		}
		if err != nil {
			inbox <- message{peer: p, closed: true}
			return
		}
	}
}

func (p *peer) recycle(b []byte) {
	b = b[:cap(b)]
	p.buffers.Put(&b)
}

// send hands bytes to the writing goroutine.
func (p *peer) send(data []byte) {
	p.mutex.Lock()
	p.out = append(p.out, data...)
	p.mutex.Unlock()
	p.ready.Signal()
}

// unsent is how many bytes wait because the peer does not read them, and not
// only for the writing goroutine; done says that there is nothing at all.
func (p *peer) unsent(now int64) (bytes int64, done bool) {
	const patience = 5000
	p.mutex.Lock()
	defer p.mutex.Unlock()
	bytes = p.sending + int64(len(p.out))
	if p.sending == 0 || now-p.since < patience {
		return 0, bytes == 0
	}
	return bytes, false
}

// finish closes the connection when all was sent.
func (p *peer) finish() {
	p.mutex.Lock()
	p.done = true
	p.mutex.Unlock()
	p.ready.Signal()
}

func (p *peer) write() {
	p.mutex.Lock()
	defer p.mutex.Unlock()
	for {
		for len(p.out) == 0 && !p.done {
			p.ready.Wait()
		}
		if len(p.out) == 0 {
			_ = p.conn.Close() // nothing is lost: all was sent
			return
		}
		sending := p.out
		p.out = p.spare[:0]
		p.sending, p.since = int64(len(sending)), time.Now().UnixMicro()
		p.mutex.Unlock()
		_, err := p.conn.Write(sending)
		p.mutex.Lock()
		p.sending = 0
		p.spare = sending
		if err != nil {
			p.done, p.out = true, nil
		}
	}
}
