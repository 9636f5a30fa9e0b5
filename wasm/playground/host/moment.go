package host

import (
	"errors"

	"everysec/engine/vfs"
	"everysec/wasm/bridge"
)

// A crash can wait for a moment: see vfs.CrashAt. There the disk ends in the
// middle of a step of the engine, which goes on without noticing. Of that step
// nothing leaves, neither replies nor events: the dead server never sent them.

// armed is a crash that is waited for, and the call that gets its account.
type armed struct {
	kind    bridge.CrashKind
	seed    uint64
	moment  bridge.CrashMoment
	channel *channel
	call    uint32
}

// crashWhen answers a call with the account of a crash, when it has happened.
func (h *Host) crashWhen(c *channel, call uint32, f *bridge.Fields) {
	kind, seed := bridge.CrashKind(f.Byte()), uint64(f.Int())
	moment, n := bridge.Now, int64(1)
	if f.More() {
		moment, n = bridge.CrashMoment(f.Byte()), f.Int()
	}
	err := f.Err()
	switch {
	case err != nil:
	case h.engine == nil:
		err = errDown
	case kind > bridge.BitRot:
		err = errors.New("unknown kind of crash")
	case int(moment) > len(vfs.Points):
		err = errors.New("unknown moment of a crash")
	case moment == bridge.AtOperation && n < 1:
		err = errors.New("the first operation from now is number 1")
	}
	if err != nil {
		h.fail(c, call, err)
		return
	}
	h.disarm()
	if moment == bridge.Now {
		h.answer(c, call, h.crash(kind, seed))
		return
	}
	point := vfs.Points[moment-1].Point
	if moment == bridge.AtOperation {
		point.Skip = int(min(n, 1<<30)) - 1
	}
	// Points has only moments that can come.
	_ = h.disk.CrashAt(point, vfs.Kind(kind), seed, func(image *vfs.Disk, at vfs.Operation) {
		h.fallen = h.fell(kind, seed, image, h.acknowledged)
		h.fallen.before.account.Operation = at.String()
	})
	h.acknowledged = h.engine.Acknowledged()
	h.armed = &armed{kind, seed, moment, c, call}
	h.tellOthers(c)
}

// disarm ends the waiting.
func (h *Host) disarm() {
	if h.disk != nil {
		h.disk.Disarm()
	}
	h.disarmed(nil, errors.New("the crash was disarmed"))
}

// disarmed answers the call that waits for a crash.
func (h *Host) disarmed(account bridge.Record, err error) {
	a := h.armed
	if h.armed = nil; a == nil {
		return
	}
	if err != nil {
		h.fail(a.channel, a.call, err)
	} else {
		h.answer(a.channel, a.call, account)
	}
}

// fault sets up the disk.
func (h *Host) fault(what bridge.Fault, value int64) error {
	switch what {
	case bridge.NoFault:
		h.disk.LieAboutSyncs(false)
		h.disk.FailSyncs(0)
		h.disk.SetLatency(vfs.Latency{})
		h.disk.SetCapacity(0)
		h.disk.HangSyncs(false)
	case bridge.LyingSync:
		h.disk.LieAboutSyncs(value != 0)
	case bridge.FailedSync:
		h.disk.FailSyncs(int(min(max(value, 0), 1<<30)))
	case bridge.HungSync:
		h.disk.HangSyncs(value != 0)
	case bridge.SlowSync:
		h.disk.SetLatency(vfs.Latency{Sync: min(max(value, 0), 3_600_000_000)})
	case bridge.FullDisk:
		if value < 0 {
			h.disk.SetCapacity(0)
		} else {
			h.disk.Fill(value)
		}
	default:
		return errors.New("unknown fault")
	}
	return nil
}

// diskState is what the disk is set up to do.
func (h *Host) diskState() bridge.Disk {
	f := h.disk.Faults()
	d := bridge.Disk{Lying: f.Lying, Failing: int64(f.Failing), Hung: f.Hung, SyncMicros: f.Latency.Sync, Free: -1}
	if f.Capacity > 0 {
		d.Free = h.disk.Free()
	}
	if a := h.armed; a != nil {
		point, _ := h.disk.Armed()
		d.Armed, d.Kind, d.Seed, d.Moment, d.Left = true, a.kind, int64(a.seed), a.moment, int64(point.Skip)+1
	}
	return d
}

// tellOthers says that one user of the worker has changed what the others know.
func (h *Host) tellOthers(from *channel) {
	for _, c := range h.order {
		if c != from {
			h.notice(c, bridge.NoticeState, "")
		}
	}
}
