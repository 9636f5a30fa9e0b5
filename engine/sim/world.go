// Package sim is a world in which servers live: one virtual clock, disks that
// fail and lose power, clients that do random things, and a checker that looks
// only from outside. Everything in it derives from one seed.
//
// A World holds any number of machines. A story (story.go) is a disk and the
// lives of servers on it, one after the other, each ended by a crash. During a
// life, and while the next one recovers, many crashes are tried: an image of a
// crash is a function of the disk and does not harm it, so at one moment of one
// life several can be taken. Every image is given to a new server, and what comes
// back is held against what was promised when the crash came. That is a round.
//
// What was promised is known from three sources: the replies that were let go
// (watch.go), what the disk reported (ledger.go), and what the server itself said
// was on disk (shot.go). What comes back (judge.go) must be a moment of the
// history (history.go): the dataset after a whole unit, be it a command, a
// transaction or a script.
package sim

import (
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// World is a clock and the machines that go by it.
type World struct {
	Now      int64 // microseconds since 1970
	machines []*Machine
}

// Machine is a disk and the server that runs on it.
type Machine struct {
	Disk   *vfs.Disk
	Server *server.Server
	// stepped, if not nil, is called after each step.
	stepped func()
}

// Boot starts a server on a disk, which o.FS is or watches. It loads as the clock
// moves.
func (w *World) Boot(disk *vfs.Disk, o server.Options) (*Machine, error) {
	disk.Advance(w.Now)
	s, err := server.Open(w.Now, o)
	if err != nil {
		return nil, err
	}
	m := &Machine{Disk: disk, Server: s}
	w.machines = append(w.machines, m)
	return m, nil
}

// Ready tells whether the server has loaded its dataset and takes commands.
func (m *Machine) Ready() bool {
	return m.Server.Running() && !m.Server.Loading() && !m.Server.Held()
}

// Stop lets go of a machine, as a crash does.
func (w *World) Stop(m *Machine) {
	m.Server.Abandon()
	for i, other := range w.machines {
		if other == m {
			w.machines = append(w.machines[:i], w.machines[i+1:]...)
			return
		}
	}
}

func (m *Machine) step(now int64) (rests bool) {
	m.Disk.Advance(now)
	m.Server.Step(now)
	if m.stepped != nil {
		m.stepped()
	}
	return m.Server.NextWake() > now
}

// Settle steps until nothing is left to do at this moment.
func (w *World) Settle() {
	for range 100000 {
		rest := true
		for _, m := range w.machines {
			rest = m.step(w.Now) && rest
		}
		if rest {
			return
		}
	}
	panic("sim: the world does not come to rest")
}

// next is when something happens next, on a disk or in a server.
func (w *World) next() int64 {
	next := int64(1<<63 - 1)
	for _, m := range w.machines {
		next = min(next, m.Server.NextWake())
		if at, ok := m.Disk.NextWake(); ok {
			next = min(next, at)
		}
	}
	return max(next, w.Now+1)
}

// Tick moves the clock to the next thing that happens.
func (w *World) Tick() {
	w.Now = w.next()
	w.Settle()
}

// Advance moves the clock by microseconds, from one thing to the next.
func (w *World) Advance(microseconds int64) {
	for end := w.Now + microseconds; w.Now < end; {
		w.Now = min(end, w.next())
		w.Settle()
	}
}
