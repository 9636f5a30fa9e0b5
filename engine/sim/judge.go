package sim

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/config"
	"everysec/engine/server"
	"everysec/engine/vfs"
)

// judge examines the crashes taken.
func (st *story) judge() {
	for i := range st.shots {
		st.examine(&st.shots[i])
	}
	st.shots = st.shots[:0]
}

// recovery is a server that was started from an image.
type recovery struct {
	machine *Machine
	world   World
	err     error // why it does not run
}

// start starts a server from an image and waits until it takes commands.
func (st *story) start(disk *vfs.Disk, now int64, directives [][2]string) *recovery {
	return startOn(st.prepared[0], disk, now, directives)
}

// startAgain is start while another recovered server is still there.
func (st *story) startAgain(disk *vfs.Disk, now int64, directives [][2]string) *recovery {
	return startOn(st.prepared[1], disk, now, directives)
}

func startOn(prepared *server.Prepared, disk *vfs.Disk, now int64, directives [][2]string) *recovery {
	rec := &recovery{world: World{Now: now}}
	rec.machine, rec.err = rec.world.Boot(disk, server.Options{
		FS: disk, Seed: 1, Config: directives, ProcessID: 1, Prepared: prepared,
	})
	if rec.err != nil {
		return rec
	}
	rec.world.Settle()
	for rec.machine.Server.Running() && !rec.machine.Ready() {
		rec.world.Tick()
	}
	if s := rec.machine.Server; !s.Running() {
		if rec.err = s.Failure(); rec.err == nil {
			rec.err = fmt.Errorf("exit code %d", s.ExitCode())
		}
	}
	return rec
}

func (rec *recovery) stop() {
	if rec.machine != nil {
		rec.world.Stop(rec.machine)
	}
}

func (rec *recovery) state(words bool) State { return StateOf(rec.machine.Server.Space(), words) }

// examine starts a server from a crash and holds what comes back against what
// was promised. ok is false if no server starts, for a good reason; place is -1 if
// what comes back has none in history, for a good reason.
func (st *story) examine(sh *shot) (place int, ok bool) {
	st.report.Rounds++
	st.report.By[sh.policy].Rounds++
	st.step = fmt.Sprintf("%v %s", sh.kind, sh.what)
	r := rand.New(rand.NewPCG(sh.random, 0))
	appendOnly := "no"
	if sh.appendOnly {
		appendOnly = "yes"
	}
	directives := st.settings.with("appendonly", appendOnly)
	if r.IntN(4) != 0 {
		sh.disk.SetCapacity(0)
	}
	copied := sh.disk.Image(vfs.ProcessKill, 0)
	if r.IntN(10) == 0 {
		directives = append(directives, [2]string{"aof-load-truncated", "no"})
	}
	now := sh.now + []int64{0, 1, 500_000, 3_000_000}[r.IntN(4)]

	var second *vfs.Disk
	var secondKind vfs.Kind
	if r.IntN(3) == 0 {
		n := uint64(1 + r.IntN(24))
		from := sh.disk.Operations()
		at := vfs.Moment(r.IntN(3))
		secondKind = crashKinds[r.IntN(len(crashKinds))]
		seed := r.Uint64()
		sh.disk.Observe(func(op vfs.Operation, m vfs.Moment) {
			if second == nil && op.Number >= from+n && m == at {
				second = sh.disk.Image(secondKind, seed)
			}
		})
	}
	if r.IntN(12) == 0 {
		sh.failing = true
		sh.disk.FailSyncs(1 + r.IntN(4))
	}
	rec := st.start(sh.disk, now, directives)
	sh.disk.Observe(nil)
	sh.disk.FailSyncs(0)
	for try := 0; rec.err != nil; try++ {
		rec.stop()
		second = nil
		if try == 3 {
			st.fail("the start is refused again: %v", rec.err)
		}
		sh.refused = true
		disk, repaired := st.explain(sh, rec.err)
		if disk == nil {
			st.report.Refused++
			return -1, false
		}
		if repaired {
			st.report.Refused++
		}
		directives = append(slices.Clone(directives), [2]string{"aof-load-truncated", "yes"})
		if disk == sh.disk && !repaired {
			disk = copied.Image(vfs.ProcessKill, 0)
			disk.SetCapacity(0)
		}
		sh.disk = disk
		rec = st.start(disk, now, directives)
	}
	defer rec.stop()
	directives = append(directives, [2]string{"aof-load-truncated", "yes"})
	state := rec.state(st.Words)
	now = rec.world.Now
	place = st.check(sh, &state, now)
	if place < 0 {
		return -1, true
	}
	if second != nil && !sh.rotten() && !sh.failing {
		st.checkSecond(sh, second, secondKind, &state, now, directives)
	}
	if r.IntN(4) == 0 && !sh.rotten() {
		st.goOn(sh, rec, directives, r)
	}
	return place, true
}

// explain decides whether a start may be refused. A full disk, a failing sync and
// aof-load-truncated no are reasons; so are bytes that a power cut left in no
// order, a drive that lied and bits that turned, but then the refusal must name
// the file and the place, and what everysec-check would cut off must help. It
// returns the disk for the next try, or nil if there can be none.
func (st *story) explain(sh *shot, err error) (disk *vfs.Disk, repaired bool) {
	text := err.Error()
	named := false
	for _, f := range sh.disk.Files() {
		named = named || strings.Contains(text, f.Name)
	}
	explained := named && (strings.Contains(text, " at offset ") || strings.Contains(text, " line "))
	switch {
	case strings.Contains(text, vfs.ErrNoSpace.Error()) || strings.Contains(text, "aof-load-truncated"):
		return sh.disk, false
	case sh.failing && strings.Contains(text, vfs.ErrIO.Error()):
		// The process ends; what it leaves in the page cache no sync may save.
		sh.broken = true
		return sh.disk.Image(vfs.ProcessKill, 0), false
	case (sh.lied || sh.rotten()) && strings.Contains(text, "the manifest names this file"):
		return nil, false
	case !explained:
		st.fail("the start is refused, and the reason names no file and place: %v", err)
	}
	zeroed := false
	for _, a := range sh.accounts {
		zeroed = zeroed || a.Intact < a.Survived && strings.Contains(a.Name, ".incr.")
	}
	harmed := sh.lied || sh.rotten() // by more than a crash
	if !harmed && !(zeroed && sh.appendOnly) {
		st.fail("the start is refused: %v\n%s", err, accounts(sh.accounts))
	}
	report := aof.Check(sh.disk, "appendonlydir/appendonly.aof.manifest")
	bad := report.Damaged()
	if harmed && (bad == nil || !bad.Repairable()) {
		return nil, false
	}
	if bad == nil {
		st.fail("the start is refused (%v), but the check finds nothing (%v)", err, report.Problem)
	}
	ticket, err := aof.Repair(sh.disk, bad)
	if err != nil {
		st.fail("the start is refused (%s), and the repair fails: %v", text, err)
	}
	for !ticket.Done() {
		at, _ := sh.disk.NextWake()
		sh.disk.Advance(at)
	}
	return sh.disk, true
}

// check holds a recovered dataset against the promises and returns its place in
// history; -1: nothing was promised, and it has none.
func (st *story) check(sh *shot, state *State, now int64) int {
	sum := state.At(now)
	if sh.rotten() && sh.appendOnly {
		return -1 // an append-only file has no checksums
	}
	place := st.history.find(sum, now)
	if place < 0 {
		if sh.lied && middleLost(sh.accounts) {
			return -1
		}
		st.fail("what came back is no moment of the history. Against the nearest, %s\n%s", st.nearest(state, now), accounts(sh.accounts))
	}
	least, why := st.least(sh)
	if sh.excused() {
		least = 0
	}
	if sh.appendOnly && place < least {
		st.fail("came back as of moment %d, but %s up to %d:\n%s\n%s", place, why, least,
			difference(state, &st.history.moments[least].state, now), accounts(sh.accounts))
	}
	if !sh.appendOnly && !sh.excused() && !oneOfThem(sh.snapshots, sum, now) {
		st.fail("came back as of moment %d, which is none of the %d snapshots that may be there\n%s", place, len(sh.snapshots), accounts(sh.accounts))
	}
	if !sh.appendOnly && place < sh.claimedSaved && !sh.excused() {
		st.fail("came back as of moment %d, but the server said that a snapshot of moment %d was on disk:\n%s\n%s", place, sh.claimedSaved,
			difference(state, &st.history.moments[sh.claimedSaved].state, now), accounts(sh.accounts))
	}
	if sh.kind != vfs.ProcessKill && !sh.rotten() && !sh.lied {
		st.measure(sh, place)
	}
	return place
}

// oneOfThem tells whether a dataset is that of a snapshot. Where there may be none
// it may be empty.
func oneOfThem(snapshots []*snapshot, sum uint64, now int64) bool {
	return slices.ContainsFunc(snapshots, func(s *snapshot) bool {
		return s == nil && sum == 0 || s != nil && s.state.At(now) == sum
	})
}

// least is the place that must come back, and who has promised it.
func (st *story) least(sh *shot) (place int, why string) {
	type promise struct {
		place int
		why   string
	}
	promises := []promise{{sh.promise.cut, "a sync was reported"}, {sh.synced, "replies were let go under always"}, {sh.claimed, "the server said it was on disk"}}
	if sh.kind == vfs.ProcessKill {
		promises = []promise{{sh.promise.kill, "it was written"}, {sh.written, "replies were let go"}}
	}
	for _, p := range promises {
		if p.place > place {
			place, why = p.place, p.why
		}
	}
	return place, why
}

// middleLost tells whether a crash took something that the file after it should
// rest on. Nothing in the files would tell.
func middleLost(list []vfs.Account) bool {
	files, lost := 0, 0
	for _, a := range list {
		if strings.Contains(a.Name, ".aof") {
			files++
			if a.Intact < a.Written || !a.Present {
				lost++
			}
		}
	}
	return files > 1 && lost > 0
}

// measure notes what a power cut took that had been acknowledged.
func (st *story) measure(sh *shot, place int) {
	acked := sh.acknowledged
	if sh.policy == Always { // not what was acknowledged before it was switched on
		acked = sh.synced
	}
	if acked <= place {
		return
	}
	f := &st.report.By[sh.policy]
	f.Lossy++
	age := sh.now - st.history.moments[place+1].at
	switch {
	case st.faulty || !st.steady:
		f.WorstFaulty = max(f.WorstFaulty, age)
	case st.slowest > QuickSync:
		f.Worst = max(f.Worst, age)
	default:
		f.WorstQuick = max(f.WorstQuick, age)
	}
	if sh.bound != 0 && age > sh.bound && sh.appendOnly {
		st.fail("everysec lost a change %d us old; syncs take %d us at most, so that the bound is %d us", age, st.slowest, sh.bound)
	}
}

// checkSecond is a second crash, while the server recovered from the first: it
// changes nothing.
func (st *story) checkSecond(sh *shot, disk *vfs.Disk, kind vfs.Kind, state *State, now int64, directives [][2]string) {
	st.report.Rounds++
	st.report.Second++
	st.report.By[sh.policy].Rounds++
	st.step = fmt.Sprintf("%v %s, then %v while recovering", sh.kind, sh.what, kind)
	disk.SetCapacity(0)
	again := st.startAgain(disk, now, directives)
	defer again.stop()
	both := *sh
	both.disk, both.accounts = disk, disk.Accounts()
	if sh.kind == vfs.ProcessKill && kind != vfs.ProcessKill {
		// What the first left in the page cache was never promised to be on disk.
		both.kind, both.claimed, both.synced = kind, -1, min(sh.synced, sh.promise.cut)
		both.snapshots = sh.snapshotsCut
		if again.err != nil {
			st.explain(&both, again.err)
			return
		}
		s := again.state(st.Words)
		st.check(&both, &s, again.world.Now)
		return
	}
	if again.err != nil {
		// By then keys may have expired, and their DELs were cut.
		st.explain(&both, again.err)
		return
	}
	if sh.lied && kind != vfs.ProcessKill {
		return
	}
	s := again.state(st.Words)
	if at := again.world.Now; s.At(at) != state.At(at) {
		st.fail("it is not what the first recovery brought back:\n%s", difference(&s, state, at))
	}
}

// goOn writes something after a recovery and crashes again: what had come back
// is there, and under "always" what was written.
func (st *story) goOn(sh *shot, rec *recovery, directives [][2]string, r *rand.Rand) {
	st.report.Rounds++
	st.report.By[sh.policy].Rounds++
	kind := crashKinds[r.IntN(len(crashKinds))]
	st.step = fmt.Sprintf("%v %s, then a write and %v", sh.kind, sh.what, kind)
	s := rec.machine.Server
	rec.machine.Disk.SetCapacity(0)
	before := rec.state(st.Words)
	w := &watch{world: &rec.world, machine: rec.machine}
	c := w.connect()
	w.send(c, []string{"SELECT", "7"}, []string{"SET", "afterwards", "here"})
	refused := false
	rec.machine.stepped = func() {
		out, _ := s.Output(c.id)
		refused = refused || strings.Contains(string(out), "-MISCONF")
		c.waiting -= strings.Count(string(out), "\r\n")
	}
	rec.world.Settle()
	for end := rec.world.Now + 30_000_000; c.waiting > 0 && s.Running() && rec.world.Now < end; {
		rec.world.Tick()
	}
	switch {
	case refused || !s.Running():
		return // for the same reasons as in the life before
	case c.waiting > 0:
		st.fail("no reply comes in thirty seconds")
	}
	after := rec.state(st.Words)
	// What an append-only file brings may be enough for a save point, and while that
	// snapshot is made no-appendfsync-on-rewrite has a reply leave before its fsync.
	syncs := !s.Config().NoAppendFsyncOnRewrite
	safe := kind == vfs.ProcessKill || s.Config().AppendFsync == config.SyncAlways && syncs
	if s.Config().AppendFsync == config.SyncEverySec {
		rec.world.Advance(Bound(st.slowest))
		safe = safe || syncs
	}
	image := rec.machine.Disk.Image(kind, r.Uint64())
	rec.stop()
	again := st.startAgain(image, rec.world.Now, directives)
	defer again.stop()
	if again.err != nil {
		st.explain(&shot{disk: image, accounts: image.Accounts(), kind: kind, appendOnly: sh.appendOnly, lied: sh.lied}, again.err)
		return
	}
	if sh.lied {
		return
	}
	got, at := again.state(st.Words), again.world.Now
	switch {
	case got.At(at) == after.At(at) && sh.appendOnly:
	case got.At(at) == before.At(at) && !(sh.appendOnly && safe):
	case !sh.appendOnly && oneOfThem(sh.snapshots, got.At(at), at):
	case (sh.broken || sh.failing) && kind != vfs.ProcessKill:
	case !sh.appendOnly && got.At(at) == after.At(at): // a save point
	default:
		st.fail("what comes back then is neither as before nor as after the write:\n%s", difference(&got, &after, at))
	}
}

// nearest is the moment most like a dataset, in words.
func (st *story) nearest(state *State, now int64) string {
	if !st.Words {
		return "(told in words by -story)"
	}
	text := ""
	for i := range st.history.moments {
		m := &st.history.moments[i]
		if d := difference(state, &m.state, now); text == "" || len(d) <= len(text) {
			text = d
		}
	}
	return text
}

// accounts tells what the crash did to the files.
func accounts(list []vfs.Account) string {
	var b strings.Builder
	for _, a := range list {
		fmt.Fprintf(&b, "  %s: %s\n", a.Name, a.What)
	}
	return b.String()
}
