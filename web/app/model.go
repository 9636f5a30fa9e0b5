// Package app is the page without its drawing: what is known (Model), what can
// happen (Message), and what follows (Update). It is pure Go and is tested
// without a browser.
//
// The idea: the page never pretends. Everything that the model says of the
// engine came from the engine, as a reply to a client or as an event. Update
// takes one Message, changes the model, marks the Parts that look different,
// and returns the Effects that the page has to carry out.
package app

import (
	"strings"

	"everysec/engine/command"
	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/web/console"
	"everysec/web/words"
)

// Address is what the prompt shows. There is no socket behind it.
const Address = "127.0.0.1:6379"

// Model is everything the page knows.
type Model struct {
	Dirty Part // what has to be drawn again; the view clears it

	Wall int64 // real time of the last frame, microseconds since 1970

	Consoles []*Console
	Active   int

	DB         int
	spaces     map[int]*Keyspace
	View       View
	Filter     Filter
	Walk       *Walk // the newest SCAN of a console; nil: none yet
	table      Table
	listed     int // keys in the list beyond its first page
	Inspector  *Inspector
	Durability event.Durability
	Stats      event.Stats
	Clients    []event.Client
	Job        event.Job
	JobActive  bool
	Loop       Loop
	Log        []event.Log

	Host     bridge.State
	Volatile string // why the browser may remove the files; "": not known to
	anchored bool   // Host came from the host
	Down     bool   // the server does not run
	refused  refusal
	Loading  bool
	Notice   *Noticed // the newest that the learner has to know; nil: none
	Crashed  *CrashReport
	Disk     bridge.Disk // what it is set up to do

	Settings map[string]string // directives of the quick settings
	Files    []bridge.File

	Lesson *Lesson

	commands *console.Commands
	history  console.History // of all consoles, and of earlier visits
	unsaved  bool            // history has more than what was saved
	savedAt  int64           // real time
	instant  int64           // real time of the newest message that has one
	unseen   unseen
	effects  []Effect

	starts       int64  // NoticeReady so far
	unkept       string // why the record of the run goes with the tab; "": it does not, or was to
	crashing     bool   // by our own wish, now
	diskAskedAt  int64
	crashes      int64
	diskHangs    bool // a lesson made it
	importing    bool // a dump.rdb is on its way
	filesAskedAt int64
	filesStale   bool
	resync       bool
	resyncAt     int64
	measuredAt   int64
	loadMicros   int64
	base         uint64 // the newest change that recovery loaded
	baseAside    uint64 // how many of the background load's had come when that was known
	based        bool
	fresh        []changed
	past         *past // nil: what is shown is the present
	underway     underway
	calls        map[int64]call
	probedAt     int64 // real time, as the next
	heldSince    int64 // the server's thread; 0: it is not
	lastCall     int64
	leaving      leaving
}

// New returns a model; specs are the rows of the command table, for hints.
func New(specs []*command.Spec) *Model {
	m := &Model{
		Dirty:      PartAll,
		spaces:     map[int]*Keyspace{},
		calls:      map[int64]call{},
		Settings:   map[string]string{},
		commands:   console.NewCommands(specs),
		Loading:    true,
		loadMicros: -1,
		Disk:       bridge.Disk{Free: -1},
	}
	m.addConsole(lessons.Default)
	return m
}

// Base is the newest change that recovery loaded; those above it were made by
// the server that runs now.
func (m *Model) Base() uint64 { return m.base }

// Now is engine time in microseconds since 1970, extrapolated from what the
// host said last.
func (m *Model) Now() int64 {
	h := &m.Host
	now := h.Now
	if !h.Paused && m.Wall > h.Wall && m.anchored {
		now += int64(float64(m.Wall-h.Wall) * h.Speed)
	}
	if !m.anchored {
		return m.Wall
	}
	return now
}

// Real is real time at an engine time of lately.
func (m *Model) Real(at int64) int64 {
	h := &m.Host
	if h.Paused || !m.anchored || h.Speed <= 0 {
		return m.Wall - (m.Now() - at)
	}
	return h.Wall + int64(float64(at-h.Now)/h.Speed)
}

// Update takes one message and returns what is to be done.
func (m *Model) Update(message Message) []Effect {
	m.effects = nil
	m.update(message)
	m.freshen()
	m.advance()
	m.settle()
	m.unseen.flush(m)
	return m.effects
}

func (m *Model) emit(e Effect) {
	switch c := e.(type) {
	case Control:
		e = m.called(c)
	case Invoke:
		c.Control = m.called(c.Control)
		e = c
	}
	m.effects = append(m.effects, e)
}

func (m *Model) mark(p Part) { m.Dirty |= p }

func (m *Model) update(message Message) {
	if m.past != nil && m.past.forbids(message) {
		m.Notice = &Noticed{Text: "The page shows a moment of the past, where nothing can be done. Go back to now, or go on from there."}
		m.mark(PartStatus)
		return
	}
	switch msg := message.(type) {
	case Boot:
		m.boot(msg)
	case Arrange:
		m.arrange(msg.Desk)
	case Frame:
		m.frame(msg.Wall)
	case ReadOn:
		m.readOn()
	case Connected:
		m.connected(msg)
	case Output:
		m.instant = max(m.instant, msg.At)
		m.output(msg)
	case Events:
		m.events(msg.Batch)
	case Noticed:
		m.noticed(msg)
	case Answered:
		delete(m.calls, msg.call)
		m.answered(msg)

	case Submit:
		m.instant = max(m.instant, msg.At)
		m.submit(msg)
	case Paste:
		m.instant = max(m.instant, msg.At)
		m.paste(msg)
	case Interrupt:
		if c := m.Console(msg.Console); c != nil && !c.Frozen {
			c.CLI.Interrupt()
			m.mark(PartConsoles)
		}
	case OpenConsole:
		m.openConsole(msg.Name)
	case CloseConsole:
		m.closeConsole(msg.Name)
	case ClearConsole:
		if c := m.Console(msg.Name); c != nil {
			c.clear()
			m.mark(PartConsoles)
		}
	case PauseClient:
		if c := m.Console(msg.Name); c != nil {
			m.freeze(c, msg.Micros != 0)
			if msg.Micros > 0 {
				c.FrozenUntil = m.Now() + msg.Micros
			}
		}
	case KillClient:
		m.killClient(msg.Name)
	case RenameConsole:
		if c := m.Console(msg.Name); c != nil {
			c.Label = clipped(strings.TrimSpace(msg.Label), 24)
			m.mark(PartConsoles)
		}
	case TimeCommands:
		m.timeCommands(msg.Name, msg.On)
	case ShowDB:
		m.DB = msg.DB
		m.mark(PartKeyspace | PartInspector)
	case ShowAs, FilterKeys, Unfold, ShowMore:
		m.look(msg)
	case InspectAs, InspectPage:
		m.turnPage(msg)
	case Select:
		m.inspect(msg.Key)

	case Background:
		m.Loop.background(msg.Client)

	case Crash:
		m.crash(msg, nil)
	case Disarm:
		m.control(bridge.OpDisarm, nil, (*Model).diskState)
	case SetFault:
		m.control(bridge.OpFault, bridge.Record(nil).Byte(uint8(msg.What)).Int(msg.Value), (*Model).diskState)
	case Restart:
		m.restart(nil, nil)
	case DismissAccount:
		if !m.Down {
			m.Crashed = nil
			m.mark(PartCrash)
		}
	case ClockPause:
		op := bridge.OpResume
		if msg.Paused {
			op = bridge.OpPause
		}
		m.control(op, nil, (*Model).hostState)
	case ClockSpeed:
		m.control(bridge.OpSpeed, bridge.Record(nil).Number(msg.Factor), (*Model).hostState)
	case ClockAdvance:
		m.control(bridge.OpAdvance, bridge.Record(nil).Int(msg.Micros), (*Model).hostState)
	case Ask:
		m.ask(0, msg.Then, msg.Words...)
	case AskParameters:
		m.ask(0, func(m *Model, v resp.Value) { msg.Then(m.commands.Learn(v)) }, "CONFIG", "GET", "*")
	case SetConfig:
		m.setConfig(msg.Directive, msg.Value)

	case RunBlock:
		m.runBlock(msg.ID)
	case CheckBlock:
		m.checkBlock(msg.ID)
	case EnterStep:
		m.enterStep(msg.ID)
	case Choose:
		m.choose(msg)
	case Guess:
		m.guess(msg.Block, msg.Choice)
	case ResetStep:
		m.resetStep(msg.ID)
	case ResetLesson:
		m.resetLesson()

	case DownloadFile:
		m.downloadFile(msg.Name)
	case DownloadAll:
		m.fetch(Invoke{Control: Control{Op: bridge.OpExport}, Name: "everysec.zip", Method: "exportZip"}, zipped("everysec.zip"))
	case DownloadRaw:
		m.fetch(Invoke{Control: Control{Op: bridge.OpRawStore}, Name: "everysec-store.zip", Method: "rawStore"}, nil)
	case SaveRun:
		m.saveRun(msg)
	case Import:
		m.importFile(msg)
	case BringBack:
		m.control(bridge.OpBringBack, nil, (*Model).hostState)
	case Erase:
		m.control(bridge.OpErase, nil, (*Model).hostState)
	case Leave:
		m.leave(msg.To)
	case TakeOver:
		m.control(bridge.OpTakeOver, nil, (*Model).hostState)
	case UseCopy:
		m.control(bridge.OpCopy, nil, (*Model).hostState)
	case ShowPast:
		m.showPast(msg)
	case PastKeys:
		m.pastKeys(msg.Events)
	case LeavePast:
		m.leavePast()
	case DismissNotice:
		m.Notice = nil
		m.mark(PartStatus)
	}
}

func (m *Model) boot(msg Boot) {
	m.Wall, m.instant = msg.Wall, msg.Wall
	if msg.History != "" {
		m.history.Restore(strings.Split(msg.History, "\n"))
		for _, c := range m.Consoles {
			c.CLI.History().Restore(m.history.Lines())
		}
	}
	if msg.Lesson != nil {
		m.Lesson = newLesson(msg.Lesson, msg.Saved)
	}
	m.control(bridge.OpState, nil, (*Model).hostState)
	m.mark(PartAll)
}

// frame does what only time makes necessary.
func (m *Model) frame(wall int64) {
	m.Wall, m.instant = wall, max(m.instant, wall)
	m.thaw()
	m.printRefusal()
	for db, k := range m.spaces {
		changed, more := k.fade(wall)
		if (changed || more) && db == m.DB {
			m.mark(PartKeyspace)
		}
	}
	if m.filesStale && wall-m.filesAskedAt > 500_000 && !m.Loading {
		m.askFiles(nil)
	}
	// A keyspace far beyond what the page can hold would overflow again and again.
	if m.resync && m.past == nil && !m.Down && !m.Loading && m.Stats.Keys <= 2*MaxCells && wall-m.resyncAt > 500_000 {
		m.resync, m.resyncAt = false, wall
		m.control(bridge.OpResync, nil, nil)
	}
	if m.Disk != (bridge.Disk{Free: -1}) && wall-m.diskAskedAt > 500_000 {
		m.askDisk() // how far it has come
	}
	m.saveHistory()
	m.probe()
	m.watchUnderway()
	m.frameLeaving()
	m.frameLesson()
	m.watchTable()
}

// events applies a batch. A batch that cannot be read means that page and
// worker do not belong together; that is said, not hidden.
func (m *Model) events(batch []byte) {
	if m.past != nil {
		m.past.hold(m, batch)
		return
	}
	m.applyAll(batch)
}

func (m *Model) applyAll(batch []byte) {
	m.fresh = m.fresh[:0]
	if err := event.Decode(batch, m.apply); err != nil {
		m.Notice = &Noticed{bridge.NoticeFatal, err.Error()}
		m.mark(PartStatus)
	}
	// A number that no write has had yet: the key was not written but loaded,
	// so it is as old as the files.
	for _, k := range m.fresh {
		if c := m.keyspace(k.db).Find(k.key); c != nil && c.Change > m.Durability.Last {
			c.Change = 0
		}
	}
}

// changed names a key of the batch that is being applied.
type changed struct {
	db  int
	key string
}

func (m *Model) apply(e event.Event) {
	if m.Down {
		// What the dead server had still to say about its memory is of no use.
		if l, ok := e.(*event.Log); ok {
			m.Log = append(m.Log, *l)
		}
		return
	}
	switch e := e.(type) {
	case *event.KeyChanged:
		if c := m.keyspace(e.DB).change(e, m.Now()); c != nil && e.Change > m.Durability.Last {
			m.fresh = append(m.fresh, changed{e.DB, c.Key})
		}
		m.touched(e.DB, e.Key)
	case *event.KeyRemoved:
		m.keyspace(e.DB).remove(e, m.Wall)
		m.touched(e.DB, e.Key)
	case *event.KeyspaceFlushed:
		if m.past != nil {
			return // it was empty already, and keeps the places
		}
		if e.DB < 0 {
			clear(m.spaces)
		} else {
			delete(m.spaces, e.DB)
		}
		m.mark(PartKeyspace | PartInspector)
	case *event.KeyspaceSwapped:
		m.spaces[e.A], m.spaces[e.B] = m.keyspace(e.B), m.keyspace(e.A)
		m.mark(PartKeyspace | PartInspector)
	case *event.Durability:
		d := m.Durability
		if e.WrittenBytes != d.WrittenBytes || e.SyncedBytes != d.SyncedBytes || e.SnapshotAt != d.SnapshotAt {
			m.filesStale = true
		}
		m.Durability = *e
		if m.Durability.Acknowledged == 0 {
			m.Durability.Acknowledged = e.Last // an engine that does not count replies
		}
		if !m.based && !m.Loading {
			m.base, m.baseAside, m.based = e.Last, e.AsideLast, true
		}
		m.mark(PartDurability)
		if d.Written != e.Written || d.Synced != e.Synced || d.SnapshotChange != e.SnapshotChange || d.AOFEnabled != e.AOFEnabled {
			m.mark(PartKeyspace | PartInspector)
		}
	case *event.CommandRun:
		m.Loop.add(e)
		m.table.stale = true
		m.timed(e)
		if e.Name == "config|set" && e.Client != m.Loop.page {
			m.askConfig()
		}
		m.mark(PartLoop)
	case *event.ClientsChanged:
		m.Clients = append(m.Clients[:0], e.Clients...)
		m.mark(PartLoop)
	case *event.Job:
		m.Job, m.JobActive = *e, e.Phase == event.Started || e.Phase == event.Running
		if e.Kind == event.Load && e.Phase == event.Finished {
			m.loadMicros = e.Micros
		}
		m.filesStale = true
		m.mark(PartDurability)
	case *event.Stats:
		if e.Keys != m.Stats.Keys || e.Memory != m.Stats.Memory {
			m.mark(PartKeyspace)
		}
		m.Stats = *e
	case *event.Log:
		m.Log = append(m.Log, *e)
		if len(m.Log) > 200 {
			m.Log = m.Log[len(m.Log)-100:]
		}
		m.mark(PartStatus | PartCrash)
	case *event.Overflow:
		m.resync = true
	}
}

// touched marks what shows a key that has changed.
func (m *Model) touched(db int, key []byte) {
	if db == m.DB {
		m.mark(PartKeyspace)
		if m.Inspector != nil && m.Inspector.DB == db && m.Inspector.Key == string(key) {
			m.Inspector.stale = true
			m.mark(PartInspector)
		}
	}
}

// Command is the beginning of the command as it was typed.
func Command(r *event.CommandRun) string {
	name, _, _ := strings.Cut(r.Name, "|")
	name = strings.ToUpper(name)
	if len(r.Preview) == 0 {
		return name
	}
	return name + " " + Text(r.Preview)
}

// Loss is what a power cut would take now.
type Loss struct {
	Writes int64 // acknowledged and not on the disk
	Age    int64 // microseconds since the oldest of them; 0 when unknown
}

// Loss compares the newest acknowledged write with the newest one on the disk.
// With an append only file a start reads that and not the snapshot, so the
// snapshot saves nothing that the file lacks.
func (m *Model) Loss() Loss {
	d := &m.Durability
	safe := d.Synced
	if !d.AOFEnabled {
		safe = d.SnapshotChange
	}
	if d.Acknowledged <= safe {
		return Loss{}
	}
	l := Loss{Writes: int64(d.Acknowledged - safe)}
	if d.OldestUnsyncedAt != 0 {
		l.Age = max(m.Now()-d.OldestUnsyncedAt, 0)
	}
	return l
}

// LossLine is the one line that is always true.
func (m *Model) LossLine() (lead, amount, rest string) {
	switch {
	case m.Down && m.Crashed != nil && m.Crashed.PageCacheLives():
		return words.Say("The process is dead.") + " ", "", words.Say("A restart finds what it had handed to the operating system.")
	case m.Down:
		return words.Say("The server is down.") + " ", "", words.Say("A restart finds what is on the disk, and nothing else.")
	}
	l := m.Loss()
	sentence := "If the power failed now you would lose {amount}."
	switch {
	case l.Writes == 0:
		sentence, amount = "If the power failed now you would lose {nothing} that was acknowledged.", words.Say("nothing")
	case l.Age > 0 && l.Age < 100_000:
		sentence = "If the power failed now you would lose {amount} (made just now)."
	case l.Age > 0:
		sentence = "If the power failed now you would lose {amount} (the oldest {time} old)."
	}
	if l.Writes > 0 {
		amount = words.Many(l.Writes, "{n} acknowledged write|{n} acknowledged writes")
	}
	const gap = "\x00"
	lead, rest, _ = strings.Cut(words.Say(sentence, gap, Age(l.Age)), gap)
	return lead, amount, rest
}
