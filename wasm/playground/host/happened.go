package host

import (
	"math"

	"everysec/engine/server"
	"everysec/wasm/bridge"
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

// Since tells what happened between two glances, in words and as kinds; "" and
// 0: nothing but time.
func (g *Glance) Since(b *Glance) (text string, kinds bridge.Kinds) {
	add := func(k bridge.Kinds, s string) {
		if kinds |= k; text != "" {
			text += "; "
		}
		text += s
	}
	same := g.Starts == b.Starts // the counts are of one server
	switch {
	case b.Up && (!g.Up || !same):
		add(bridge.MomentDown, "the server is gone")
	case !same && !g.Up:
		add(bridge.MomentDown, "the server could not start")
	}
	switch {
	case g.Up && (!b.Up || !same) && g.Loading:
		add(bridge.MomentUp, "a server starts, and reads its files")
	case g.Up && !g.Loading && (!b.Up || b.Loading || !same):
		add(bridge.MomentUp, "the server is ready")
	}
	if g.Up && b.Up && same {
		g.sameServer(b, add)
	}
	if g.Paused != b.Paused {
		if g.Paused {
			add(bridge.MomentOther, "engine time stands still")
		} else {
			add(bridge.MomentOther, "engine time goes on")
		}
	}
	if g.Speed != b.Speed {
		add(bridge.MomentOther, "engine time gets another speed")
	}
	return text, kinds
}

func (g *Glance) sameServer(b *Glance, add func(k bridge.Kinds, s string)) {
	switch {
	case g.Synced > b.Synced && !b.Loading:
		add(bridge.MomentSynced, "an fsync has ended: "+counted(int64(g.Synced-b.Synced), "more write is", "more writes are")+" on the disk")
	case b.Syncing && !g.Syncing:
		add(bridge.MomentSynced, "an fsync has ended")
	case g.Syncing && !b.Syncing:
		add(bridge.MomentOther, "an fsync begins")
	}
	if g.SnapshotAt != b.SnapshotAt && !b.Loading {
		add(bridge.MomentSaved, "a snapshot is complete")
	}
	if g.Counts.Job != b.Counts.Job {
		if g.Counts.Job {
			add(bridge.MomentOther, "a background job begins")
		} else {
			add(bridge.MomentSaved, "a background job has ended")
		}
	}
	if n := g.Counts.Expired - b.Counts.Expired; n > 0 {
		add(bridge.MomentGone, counted(n, "key has expired", "keys have expired"))
	}
	if n := g.Counts.Evicted - b.Counts.Evicted; n > 0 {
		add(bridge.MomentGone, counted(n, "key was evicted", "keys were evicted"))
	}
	if g.Counts.Blocked < b.Counts.Blocked {
		add(bridge.MomentOther, "a client no longer waits")
	}
	switch {
	case g.Clients > b.Clients:
		add(bridge.MomentOther, "a client connects")
	case g.Clients < b.Clients:
		add(bridge.MomentOther, "a client leaves")
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
