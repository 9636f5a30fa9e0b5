package host

import (
	"math"

	"everysec/engine/server"
)

// Glance is what is compared to tell that something has happened. Taking one
// costs little and changes nothing.
type Glance struct {
	Now int64 // engine time

	Up, Loading bool
	Starts      uint64
	Counts      server.Counts
	Clients     int

	Synced     uint64
	Syncing    bool
	SnapshotAt int64

	Paused bool
	Speed  float64
}

// Glance takes one.
func (h *Host) Glance() Glance {
	g := Glance{Now: h.now(), Starts: h.starts, Paused: h.clock.paused, Speed: h.clock.speed}
	if h.engine == nil {
		return g
	}
	d := h.engine.Durability()
	g.Up, g.Loading = true, h.engine.Loading()
	g.Counts, g.Clients = h.engine.Counts(), len(h.owners)
	g.Synced, g.Syncing, g.SnapshotAt = d.Synced, d.SyncInFlight, d.SnapshotAt
	return g
}

// Kinds are the kinds of what happened, as bits.
type Kinds uint16

// The kinds.
const (
	Commands Kinds = 1 << iota // of clients other than the page's own; not seen in a Glance
	Synced                     // an fsync has ended
	Saved                      // a snapshot or a rewrite has ended
	Gone                       // keys expired or were evicted
	Down                       // the server went down
	Up                         // it began to load, or is ready
	Other                      // all else: a client came, a job began, time changed its pace
)

// Since tells what happened between two glances, in words and as kinds; "" and
// 0: nothing but time.
func (g *Glance) Since(b *Glance) (text string, kinds Kinds) {
	add := func(k Kinds, s string) {
		if kinds |= k; text != "" {
			text += "; "
		}
		text += s
	}
	same := g.Starts == b.Starts // the counts are of one server
	switch {
	case b.Up && (!g.Up || !same):
		add(Down, "the server is gone")
	case !same && !g.Up:
		add(Down, "the server could not start")
	}
	switch {
	case g.Up && (!b.Up || !same) && g.Loading:
		add(Up, "a server starts, and reads its files")
	case g.Up && !g.Loading && (!b.Up || b.Loading || !same):
		add(Up, "the server is ready")
	}
	if g.Up && b.Up && same {
		g.sameServer(b, add)
	}
	if g.Paused != b.Paused {
		if g.Paused {
			add(Other, "engine time stands still")
		} else {
			add(Other, "engine time goes on")
		}
	}
	if g.Speed != b.Speed {
		add(Other, "engine time gets another speed")
	}
	return text, kinds
}

func (g *Glance) sameServer(b *Glance, add func(k Kinds, s string)) {
	switch {
	case g.Synced > b.Synced && !b.Loading:
		add(Synced, "an fsync has ended: "+counted(int64(g.Synced-b.Synced), "more write is", "more writes are")+" on the disk")
	case b.Syncing && !g.Syncing:
		add(Synced, "an fsync has ended")
	case g.Syncing && !b.Syncing:
		add(Other, "an fsync begins")
	}
	if g.SnapshotAt != b.SnapshotAt && !b.Loading {
		add(Saved, "a snapshot is complete")
	}
	if g.Counts.Job != b.Counts.Job {
		if g.Counts.Job {
			add(Other, "a background job begins")
		} else {
			add(Saved, "a background job has ended")
		}
	}
	if n := g.Counts.Expired - b.Counts.Expired; n > 0 {
		add(Gone, counted(n, "key has expired", "keys have expired"))
	}
	if n := g.Counts.Evicted - b.Counts.Evicted; n > 0 {
		add(Gone, counted(n, "key was evicted", "keys were evicted"))
	}
	if g.Counts.Blocked < b.Counts.Blocked {
		add(Other, "a client no longer waits")
	}
	switch {
	case g.Clients > b.Clients:
		add(Other, "a client connects")
	case g.Clients < b.Clients:
		add(Other, "a client leaves")
	}
}

func counted(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return decimal(uint32(min(n, math.MaxUint32))) + " " + many
}

// maxStep is how far time goes on at most in one step, and how often the engine
// is called meanwhile: its cron comes ten times in a second.
const (
	maxStep      = 3600 * 1_000_000
	maxStepCalls = 50_000
)

// stepOn lets engine time go on to the next thing that it brings, and says what
// that was. Commands need no step: they run whatever the clock does.
func (h *Host) stepOn() string {
	before := h.Glance()
	for range maxStepCalls {
		if h.platter != nil && h.platter.Busy() {
			return "an fsync is under way: the browser's disk ends it, not the clock"
		}
		wake := h.wake()
		if wake == math.MaxInt64 {
			return "nothing waits for time to pass"
		}
		if wake > before.Now+maxStep {
			break
		}
		h.clock.advance(h.wall, wake-h.now())
		h.step()
		after := h.Glance()
		if text, _ := after.Since(&before); text != "" {
			return text
		}
	}
	return "nothing has happened but that time has passed"
}
