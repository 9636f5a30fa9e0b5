package sim

import (
	"fmt"

	"everysec/engine/config"
	"everysec/engine/vfs"
)

// shot is a crash, with what was promised when it came.
type shot struct {
	disk     *vfs.Disk // the image
	kind     vfs.Kind
	what     string // the moment
	now      int64
	random   uint64 // seed of what is done with it
	accounts []vfs.Account

	// How the server was configured: a start has the same files to read.
	policy     int
	appendOnly bool

	// Places in history that were promised: by what the disk had reported, by
	// replies (those under "always", and those to what had been written), and by
	// the server itself, of the append-only file and of a snapshot; -1: it said
	// nothing. acknowledged is the newest place that any reply told of.
	promise               promise
	synced, written       int
	claimed, claimedSaved int
	acknowledged          int
	// The snapshots that a start may find, and those that it may find if the
	// power fails while it recovers.
	snapshots, snapshotsCut []*snapshot
	bound                   int64 // microseconds that "everysec" may lose here; 0: no bound

	lied    bool // the drive
	broken  bool // a sync of what comes back has failed
	failing bool // syncs of the recovery fail
	refused bool // a start from it was
}

func (sh *shot) rotten() bool { return sh.kind == vfs.BitRot }

// excused tells whether the drive had promised what it did not keep.
func (sh *shot) excused() bool { return sh.lied && sh.kind != vfs.ProcessKill }

var crashKinds = []vfs.Kind{vfs.ProcessKill, vfs.PowerCut, vfs.PowerCut, vfs.PowerCut, vfs.TornTail}

// moment is called at each moment of each disk operation.
func (st *story) moment(op vfs.Operation, m vfs.Moment) {
	if op.Call == vfs.CallRename && m == vfs.After {
		st.ledger.moved(op.Name, op.NewName)
	}
	if st.left <= 0 || st.shooting.IntN(st.density) != 0 {
		return
	}
	st.left--
	kind := crashKinds[st.shooting.IntN(len(crashKinds))]
	if st.shooting.IntN(60) == 0 {
		kind = vfs.BitRot
	}
	st.shoot(kind, fmt.Sprint(m, " ", op))
}

// shoot takes the image of a crash.
func (st *story) shoot(kind vfs.Kind, what string) {
	w, s := st.watch, st.machine
	w.look()
	sh := shot{
		kind: kind, what: what, now: st.world.Now, policy: SnapshotsOnly, claimed: -1, claimedSaved: -1,
		appendOnly: st.settings.appendOnly, lied: st.lied, random: st.shooting.Uint64(),
		written: w.written, synced: w.synced, acknowledged: w.acknowledged,
	}
	sh.promise = st.ledger.promised()
	sh.snapshots, sh.snapshotsCut = st.ledger.mayReturn(kind), st.ledger.mayReturn(vfs.PowerCut)
	sh.broken = kind == vfs.ProcessKill && st.ledger.isBroken()
	if s != nil && w.ready {
		c := s.Server.Config()
		sh.appendOnly = c.AppendOnly
		if c.AppendOnly {
			sh.policy = policyOf(c.AppendFsync)
		}
		d := s.Server.Durability()
		if d.SnapshotAt != 0 && !s.Server.Loading() {
			sh.claimedSaved = st.history.place(d.SnapshotChange)
		}
		if d.AOFEnabled && !s.Server.Loading() {
			sh.claimed = st.history.place(d.Synced)
			if sh.policy == EverySecond && !st.faulty && !c.NoAppendFsyncOnRewrite && st.steady {
				sh.bound = Bound(st.slowest)
			}
		}
	}
	sh.disk = st.disk.Image(kind, st.shooting.Uint64())
	sh.accounts = append(sh.disk.Accounts(), st.wounds...)
	st.shots = append(st.shots, sh)
}

// Bound is how old a change may be, in microseconds, that a power cut takes
// under "everysec", if a sync takes that long at most and none fails: a second
// between two syncs, a tenth until the server looks, and six syncs: the one that
// is under way and postpones the write, another that a rewrite begins with, and
// the one that saves it; and the disk may do that of a snapshot before each.
func Bound(sync int64) int64 { return 1_100_000 + 6*sync }

func policyOf(p config.SyncPolicy) int {
	switch p {
	case config.SyncAlways:
		return Always
	case config.SyncEverySec:
		return EverySecond
	}
	return Never
}
