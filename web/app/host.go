package app

import (
	"cmp"
	"strconv"
	"strings"

	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/web/words"
)

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// control asks the host. A failure becomes a notice.
func (m *Model) control(op bridge.Op, payload []byte, then func(m *Model, data []byte)) {
	if m.past != nil {
		op, payload = inPast(op, payload)
	}
	m.emit(Control{Op: op, Payload: payload, Then: then})
}

func (m *Model) answered(msg Answered) {
	if msg.Err != "" {
		if msg.Else != nil {
			msg.Else(m)
		}
		m.crashing = false
		if n := m.Notice; n == nil || n.Kind != bridge.NoticeOver { // of which this is only what follows
			m.Notice = &Noticed{bridge.NoticeFatal, msg.Err}
		}
		m.stopRun()
		m.refreshState()
		m.mark(PartStatus)
		return
	}
	if msg.Then != nil {
		msg.Then(m, msg.Data)
	}
}

func (m *Model) hostState(data []byte) {
	s, err := bridge.ReadState(data)
	if err != nil {
		return
	}
	m.Host, m.anchored = s, true
	m.Host.Paused = s.Paused || m.past != nil
	switch s.Phase {
	case bridge.PhaseRunning:
		if m.Loading {
			m.ready()
		}
	case bridge.PhaseLoading:
		m.Loading, m.Down = true, false
	case bridge.PhaseDown:
		if m.Loading && s.Error != "" && m.Notice == nil { // it ended before there was a page to be told
			m.Notice = &Noticed{Kind: bridge.NoticeDown, Text: s.Error}
			m.filesStale = true
		}
		m.Loading, m.Down = false, true
		if s.Error != "crashed" {
			m.refuse(s.Error)
		}
	case bridge.PhaseWaiting:
		m.Loading = true
	}
	m.mark(PartClock | PartStatus | PartCrash | PartDurability | PartKeyspace | PartFiles)
}

// refreshState asks for the clock again, after anything that may have moved it. It
// is asked after a failure, too, so its own is no news.
func (m *Model) refreshState() {
	op, payload := bridge.OpState, []byte(nil)
	if m.past != nil {
		op, payload = inPast(op, payload)
	}
	m.emit(Control{Op: op, Payload: payload, Then: (*Model).hostState, Quiet: true})
}

// ready is the server's first moment of life.
func (m *Model) ready() {
	m.Loading, m.Down = false, false
	m.based, m.refused = false, refusal{}
	if n := m.Notice; n != nil && (n.Kind == bridge.NoticeDown || n.Kind == bridge.NoticeHeld) {
		m.Notice = nil
		m.mark(PartStatus)
	}
	m.Loop = Loop{}
	m.starts++
	m.filesStale = true
	if m.starts == 1 {
		for _, c := range m.Consoles {
			c.CLI.Open()
		}
	}
	m.askConfig()
	m.mark(PartAll)
}

func (m *Model) noticed(msg Noticed) {
	if msg.Kind == bridge.NoticeRunUnkept {
		m.unkept = msg.Text
		return
	}
	m.leavePast() // it is about the present
	switch msg.Kind {
	case bridge.NoticeReady:
		if m.Loading || m.Down {
			m.ready()
		}
		if r := m.Crashed; r != nil && !r.Account.Complete && !r.Restarting { // another program has started it
			m.control(bridge.OpAccount, nil, (*Model).recovered)
		}
		m.refreshState()
		m.askDisk()
	case bridge.NoticeCrashed:
		m.went()
		m.leaving = leaving{} // what it cost is to be read here
		if !m.crashing {      // its moment has come, or another program has done it
			m.control(bridge.OpAccount, nil, (*Model).fell)
		}
		m.askDisk()
	case bridge.NoticeState:
		m.refreshState()
		m.askDisk()
		return
	case bridge.NoticeDown:
		m.went()
		if !m.left() {
			m.refuse(msg.Text)
			msg.Text = withoutCure(msg.Text)
			m.Notice = &msg
		}
	case bridge.NoticeFatal:
		m.went()
		m.Down, m.Loading = false, true // another engine is on its way
		msg.Text = words.Say("The engine died ({why}). Another one starts from the files.", words.Heard(msg.Text))
		m.Notice = &msg
		m.refreshState() // it does not know of us yet
	case bridge.NoticeOver:
		m.went()
		m.Down, m.Loading = true, false
		msg.Text = words.Say("No engine runs here any more ({why}). What was on the disk of the browser is still there: a reload of the page tries again.", words.Heard(msg.Text))
		m.Notice = &msg
	case bridge.NoticeRun:
		m.went()
		m.Down, m.Loading, m.Crashed, m.resync = false, true, nil, true
		m.refreshState()
		m.askDisk()
	case bridge.NoticeStoreVolatile:
		m.Volatile = msg.Text
		m.mark(PartFiles)
	case bridge.NoticeStoreSaves:
		if n := m.Notice; n != nil && (n.Kind == bridge.NoticeStoreFull || n.Kind == bridge.NoticeStoreFailed) {
			m.Notice = nil
		}
	default:
		m.Notice = &msg
		m.refreshState()
	}
	m.mark(PartStatus | PartCrash)
}

// went is the server's death: what was in memory is gone.
func (m *Model) went() {
	m.Down, m.Loading = true, false
	m.Inspector = nil
	clear(m.spaces)
	m.unseen.lose(m)
	m.Durability.BufferedBytes = 0
	m.JobActive = false
	m.filesStale = true
	m.mark(PartAll)
}

// CrashReport is the account of a crash: before the restart only what was
// acknowledged is known.
type CrashReport struct {
	Account    bridge.Account
	Report     *event.CrashReport // write by write; nil before the restart
	Restarting bool
}

// PageCacheLives tells whether the operating system survived the crash.
func (r *CrashReport) PageCacheLives() bool { return r.Account.Kind == bridge.KillNine }

// Before says what the crash could take, as long as only that is known.
func (r *CrashReport) Before() string {
	a := &r.Account
	s := words.Many(a.Acknowledged, "{n} write had been acknowledged.|{n} writes had been acknowledged.") + " "
	if a.Operation != "" {
		s = words.Say("It struck at {operation}.", words.Heard(a.Operation)) + " " + s
	}
	switch {
	case a.Kind == bridge.BitRot:
		return s + words.Say("All of them reached the disk, where bits have turned since.")
	case !r.PageCacheLives() && a.Unsynced > 0:
		return s + words.Many(a.Unsynced, "{n} of them was not on the disk.|{n} of them were not on the disk.")
	case !r.PageCacheLives():
		return s + words.Say("All of them were on the disk.")
	case a.Unwritten > 0:
		return s + words.Many(a.Unwritten, "{n} of them was only in the memory of the process.|{n} of them were only in the memory of the process.")
	}
	return s + words.Say("The operating system had got all of them, and it lives on.")
}

// Title names the crash.
func (r *CrashReport) Title() string { return CrashName(r.Account.Kind) }

// CrashName is what a crash is called.
func CrashName(kind bridge.CrashKind) string {
	return words.Say([...]string{"kill -9", "Power cut", "Power cut, torn tail", "Bit rot"}[min(kind, bridge.BitRot)])
}

// MomentName says when a crash strikes.
func MomentName(moment bridge.CrashMoment, n int64) string {
	if moment == bridge.AtOperation {
		return words.Say("before the {nth} disk operation from now", Ordinal(n))
	}
	return words.Say([...]string{
		"now", "in the middle of the next fsync", "before the next rename", "after the next rename",
		"before the next write", "after the next write",
	}[min(moment, bridge.AfterWrite)])
}

// DiskLine says what the disk is set up to do; "" if nothing.
func (m *Model) DiskLine() string {
	d, parts := &m.Disk, []string(nil)
	if m.InPast() {
		return "" // it is of the present
	}
	if d.Armed {
		parts = append(parts, words.Say("Armed: {crash} {moment}", CrashName(d.Kind), MomentName(d.Moment, d.Left)))
	}
	if d.Lying {
		parts = append(parts, words.Say("fsync lies"))
	}
	if d.Failing > 0 {
		parts = append(parts, words.Many(d.Failing, "{n} fsync will fail|{n} fsyncs will fail"))
	}
	if d.Hung {
		parts = append(parts, words.Say("no fsync ends"))
	}
	if d.SyncMicros > 0 {
		parts = append(parts, words.Say("fsync takes {time} longer", Span(d.SyncMicros)))
	}
	if d.Free >= 0 {
		parts = append(parts, words.Say("{size} free on the disk", Bytes(d.Free)))
	}
	return strings.Join(parts, " · ")
}

// LostKeys are the keys whose acknowledged state did not come back.
func (r *CrashReport) LostKeys() int64 {
	c := &r.Account.Counts
	return c[bridge.Lost] + c[bridge.Reverted] + c[bridge.Returned]
}

// Learner is how many keys have a fate, without those of the background load.
func (r *CrashReport) Learner(fates ...bridge.Fate) (n int64) {
	for _, fate := range fates {
		n += r.Account.Counts[fate] - r.Account.Aside[fate]
	}
	return n
}

// crash takes the server down; then is called where that happens now.
func (m *Model) crash(c Crash, then func(m *Model)) {
	if m.Down {
		return
	}
	if c.Seed == 0 {
		// Any seed is as good as another; this one differs from crash to crash.
		c.Seed = uint64(m.Wall) & 0xffffffff
	}
	payload := bridge.Record(nil).Byte(uint8(c.Kind)).Int(int64(c.Seed)).Byte(uint8(c.Moment)).Int(c.N)
	if c.Moment != bridge.Now {
		m.emit(Control{Op: bridge.OpCrash, Payload: payload, Quiet: true})
		m.askDisk()
		return
	}
	m.crashing = true
	m.control(bridge.OpCrash, payload, func(m *Model, data []byte) {
		m.crashing = false
		m.went()
		m.fell(data)
		if then != nil {
			then(m)
		}
	})
}

// fell is the account of a crash that has happened.
func (m *Model) fell(data []byte) {
	a, err := bridge.ReadAccount(data)
	if err != nil || a.At == 0 {
		return
	}
	m.crashes++
	m.refused = refusal{}
	m.Crashed = &CrashReport{}
	m.completed(a)
	m.emit(Say{words.Say("The server is down: {crash}", m.Crashed.Title())})
	m.mark(PartCrash)
}

// recovered is the account after the server has been started again.
func (m *Model) recovered(data []byte) {
	if a, err := bridge.ReadAccount(data); err == nil && m.Crashed != nil {
		m.completed(a)
	}
}

// completed puts an account in the place of the one before.
func (m *Model) completed(a bridge.Account) {
	// The answer owns its bytes only for now.
	for i := range a.Keys {
		a.Keys[i].Key = append([]byte(nil), a.Keys[i].Key...)
	}
	a.Error = withoutCure(a.Error)
	m.Crashed.Account, m.Crashed.Restarting = a, false
	// What a decoder has made is nobody else's.
	_ = event.Decode(a.Report, func(e event.Event) { m.Crashed.Report, _ = e.(*event.CrashReport) })
	m.Crashed.Account.Report = nil
	if a.Complete {
		m.emit(Say{words.Say("The server is back. {summary}", m.Crashed.Summary())})
	}
	m.mark(PartCrash)
}

// diskState is what the disk is set up to do.
func (m *Model) diskState(data []byte) {
	if d, err := bridge.ReadDisk(data); err == nil && d != m.Disk {
		m.Disk = d
		m.mark(PartCrash | PartStatus)
	}
}

func (m *Model) askDisk() {
	m.diskAskedAt = m.Wall
	m.emit(Control{Op: bridge.OpDisk, Then: (*Model).diskState, Quiet: true})
}

// restart starts the server; options are directives for this start only.
func (m *Model) restart(options [][2]string, then func(m *Model)) {
	if m.Crashed != nil {
		m.Crashed.Restarting = true
	}
	m.Down, m.Loading, m.refused = false, true, refusal{}
	r := bridge.Record(nil).Int(int64(len(options)))
	for _, o := range options {
		r = r.String(o[0]).String(o[1])
	}
	m.mark(PartCrash | PartStatus)
	m.control(bridge.OpRestart, r, func(m *Model, data []byte) {
		a, err := bridge.ReadAccount(data)
		if err != nil {
			return
		}
		if m.Crashed != nil {
			m.completed(a)
		}
		switch {
		case a.Error != "":
			m.Down, m.Loading = true, false
		case m.Loading:
			m.ready()
		}
		m.refreshState()
		m.mark(PartCrash)
		if then != nil {
			then(m)
		}
	})
}

// LogSince is what the server wrote to its log since an engine time, a line each.
func (m *Model) LogSince(at int64) string {
	var b strings.Builder
	for _, l := range m.Log {
		if l.At >= at {
			b.WriteString(Clock(l.At) + " " + string(".-*#"[min(l.Level, 3)]) + " " + l.Text + "\n")
		}
	}
	return b.String()
}

// Summary is the account in one sentence.
func (r *CrashReport) Summary() string {
	a := &r.Account
	if a.LostWrites < 0 {
		writes := words.Many(a.Acknowledged, "{n} acknowledged write|{n} acknowledged writes")
		return words.Many(r.LostKeys(), "{writes}; {n} key did not come back as acknowledged.|{writes}; {n} keys did not come back as acknowledged.", writes)
	}
	return words.Many(a.Acknowledged, "{n} acknowledged write: {survived} survived, {lost} lost.|{n} acknowledged writes: {survived} survived, {lost} lost.", Count(a.SurvivedWrites), Count(a.LostWrites))
}

// zipped offers an archive for download.
func zipped(name string) func(m *Model, data []byte) {
	return func(m *Model, data []byte) { m.emit(Download{name, bridge.Read(data).Bytes()}) }
}

// Quick are the directives of the quick settings, and what LoadDB wants to know.
var Quick = []string{"appendonly", "appendfsync", "save", "databases"}

// LoadDB is the database in which the background load works: 0 if the server has
// only one.
func (m *Model) LoadDB() int {
	if n, err := strconv.Atoi(m.Settings["databases"]); err == nil {
		return bridge.LoadDB(n)
	}
	return bridge.LastDB
}

func (m *Model) askConfig() {
	m.ask(0, func(m *Model, v resp.Value) {
		for i := 0; i+1 < len(v.Elems); i += 2 {
			m.Settings[string(v.Elems[i].Str)] = string(v.Elems[i+1].Str)
		}
		m.mark(PartConfig)
	}, append([]string{"CONFIG", "GET"}, Quick...)...)
}

// ConfigChanged asks what the quick settings are now, and which files there are.
func (m *Model) ConfigChanged() {
	m.filesStale = true
	m.askConfig()
}

func (m *Model) setConfig(directive, value string) {
	m.ask(0, func(m *Model, v resp.Value) {
		if v.IsError() {
			m.Notice = &Noticed{0, string(v.Str)}
			m.mark(PartStatus)
		}
		m.askConfig()
	}, "CONFIG", "SET", directive, value)
}

// Kept says why the files may not be there the next time, "" if nothing speaks
// against it.
func (m *Model) Kept() string {
	switch m.Host.Store {
	case bridge.StoreMemory:
		if m.Host.StoreText == "" {
			return words.Say("These files live only as long as this tab.")
		}
		return words.Heard(m.Host.StoreText)
	case bridge.StoreIndexedDB:
		return words.Heard(m.Volatile)
	}
	return ""
}

// askFiles brings the list of files up to date.
func (m *Model) askFiles(then func(m *Model)) {
	m.filesStale, m.filesAskedAt = false, m.Wall
	m.control(bridge.OpFiles, nil, func(m *Model, data []byte) {
		if files, err := bridge.ReadFiles(data); err == nil {
			m.Files = files
			m.mark(PartFiles)
		}
		if then != nil {
			then(m)
		}
	})
}

func (m *Model) downloadFile(name string) {
	base := name[strings.LastIndexByte(name, '/')+1:]
	m.fetch(Invoke{Control: Control{Op: bridge.OpReadFile}, Name: base, Method: "readFile", Arguments: []any{name}}, func(m *Model, data []byte) {
		if c, err := bridge.ReadFileContent(data); err == nil {
			m.emit(Download{base, c.Data})
		}
	})
}

// fetch gives the learner a file. One of a moment of the past comes through the
// program that holds the past; then gets it.
func (m *Model) fetch(f Invoke, then func(m *Model, data []byte)) {
	if m.past == nil {
		m.emit(f)
		return
	}
	var payload []byte
	for _, a := range f.Arguments {
		payload = bridge.Record(payload).String(a.(string))
	}
	m.control(f.Op, payload, then)
}

// saveRun gives the learner the record of a run.
func (m *Model) saveRun(msg SaveRun) {
	f := Invoke{Control: Control{Op: bridge.OpRunSave}, Name: "run-" + itoa(cmp.Or(msg.Ended, m.Now())/1_000_000) + ".everysec", Method: "run.save"}
	if msg.ID != "" {
		f.Arguments = []any{msg.ID}
	}
	m.emit(f)
}

func (m *Model) importFile(msg Import) {
	m.importing = true
	m.emit(Invoke{Method: "importRDB", Arguments: []any{msg.Bytes}, Control: Control{Op: bridge.OpImport, Then: func(m *Model, _ []byte) {
		m.importing = false
		m.refreshState()
		m.Notice = &Noticed{NoticeReplaced, words.Say("{file} has been loaded. Undo brings back what was here, until the page is closed.", msg.Name)}
		m.mark(PartStatus)
		m.filesStale = true
	}, Else: func(m *Model) { m.importing = false }}})
}

// Age is how long ago the last snapshot was taken; ok is false without one.
func (m *Model) Age() (micros int64, ok bool) {
	if m.Durability.SnapshotAt == 0 {
		return 0, false
	}
	return max(m.Now()-m.Durability.SnapshotAt, 0), true
}

// Progress is how far a background job is, from 0 to 1; -1 when unknown.
func Progress(j *event.Job) float64 {
	if j.Total <= 0 {
		return -1
	}
	return min(float64(j.Done)/float64(j.Total), 1)
}
