package bridge

import "cmp"

// Op is what a control asks of the host. Beside each stands the record it
// takes and the record it answers with.
type Op uint8

// The operations.
const (
	OpState   Op = 1 // () -> State
	OpPause   Op = 2 // () -> State; engine time stands still
	OpResume  Op = 3 // () -> State
	OpSpeed   Op = 4 // (factor number) -> State; 1 is real time
	OpAdvance Op = 5 // (microseconds number) -> State; forward only, also while paused
	// OpCrash: (kind u8, seed number[, CrashMoment u8, n number]) -> Account, when it
	// has happened; the server is down afterwards. A failure if it is disarmed.
	OpCrash     Op = 6
	OpRestart   Op = 7  // (n number, then n times directive, value: for this start only; or nothing) -> Account of the crash, complete; recovery as after any start
	OpFiles     Op = 8  // () -> Files
	OpReadFile  Op = 9  // (name) -> FileContent
	OpImport    Op = 10 // (rdb bytes) -> State; replaces everything the server holds
	OpExport    Op = 11 // () -> (zip bytes) of dump.rdb and appendonlydir
	OpErase     Op = 12 // () -> State; removes every file and starts empty. (seed number, n number, then n times directive, value): also with that chance and that configuration, on a clock and a disk as they were at first
	OpTakeOver  Op = 13 // () -> State; takes the store from the tab that owns it
	OpCopy      Op = 14 // () -> State; runs in memory on a copy of the store
	OpRawStore  Op = 15 // () -> (zip bytes) of whatever the store holds, also if it cannot be understood
	OpResync    Op = 16 // () -> (); the next event batches describe every key again
	OpFreeSpace Op = 17 // (bytes number, negative: no limit) -> (); how much the disk still takes
	OpWarm      Op = 18 // () -> (commands number); runs throwaway commands until the code is compiled well
	OpTable     Op = 19 // (database number) -> Table; the hash table of the keys as it stands
	OpDisk      Op = 24 // () -> Disk
	OpDisarm    Op = 25 // () -> Disk; no crash is waited for any more
	OpFault     Op = 26 // (Fault u8, value number) -> Disk
	OpAccount   Op = 27 // () -> Account of the last crash; one with At 0 if there was none
	OpReplace   Op = 28 // (n number, n times name, bytes) -> State; these files take the place of all others
	OpBringBack Op = 29 // () -> State; undoes the last OpErase, OpImport or OpReplace: files and memory are as they were
	OpShell     Op = 30 // (n number, n times word, n number, n times answer) -> (text, question, code number); a program that works on the files while no server runs
	OpStep      Op = 40 // () -> (what text); engine time goes on to the next thing that it brings

	// The record of the run. These are not part of it.
	OpRunState  Op = 41 // () -> RunState
	OpRunSave   Op = 42 // ([id]) -> (bytes); this run, or one of OpRunKept, as a file
	OpRunOpen   Op = 43 // () -> RunState; this run is looked back on: OpRunSeek
	OpRunLoad   Op = 44 // (bytes) -> RunState; another run is looked back on
	OpRunBefore Op = 45 // () -> RunState; the run that the last OpRunBranch left is
	OpRunSeek   Op = 46 // (moment number, negative: the end) -> Moment; to be called again until it is reached
	OpRunKeys   Op = 47 // (database, cursor numbers) -> (database, cursor numbers, more bool, events bytes); keys of that moment
	OpRunMarks  Op = 48 // (n number) -> (n, n times Kinds as a number); what happened in each nth of the moments
	OpRunAsk    Op = 49 // (operation u8, payload bytes) -> its record; one that only looks, at that moment
	OpRunTell   Op = 50 // (RESP bytes) -> (RESP bytes); commands at that moment, which goes on without them
	OpRunClose  Op = 51 // () -> RunState; back to now
	OpRunBranch Op = 52 // () -> State; the moment becomes the present
	OpRunKept   Op = 53 // () -> KeptRuns; what the browser has of runs that are over
	OpRunLook   Op = 54 // (id) -> RunState; one of them is looked back on
	OpRunForget Op = 55 // (n number, n times id) -> KeptRuns; without those
)

// Notice is something that happened to the host.
type Notice uint8

// The notices.
const (
	NoticeReady        Notice = 1 // the server has been opened and answers
	NoticeDown         Notice = 2 // the server stopped (SHUTDOWN, or a start that failed): text says why
	NoticeCrashed      Notice = 3
	NoticeStoreMemory  Notice = 4  // nothing outlives this page: text says why
	NoticeStoreBusy    Notice = 5  // another tab owns the store: OpTakeOver or OpCopy
	NoticeStoreTaken   Notice = 6  // another tab took the store from us; nothing more is kept
	NoticeStoreUnknown Notice = 7  // the store has a newer or broken format; OpRawStore downloads it
	NoticeStoreFull    Notice = 8  // the browser's quota is used up
	NoticeStoreFailed  Notice = 9  // a transaction failed
	NoticeFatal        Notice = 10 // the engine itself died; a new one starts from the files
	NoticeOver         Notice = 17 // it died, and no other follows
	NoticeHeld         Notice = 18 // it died again and again: this one waits for OpRestart; text says why
	NoticeStoreSaves   Notice = 11 // a transaction succeeded, after one that had not
	// NoticeStoreVolatile comes from everysec.js: the browser was asked not to
	// remove the store when it wants room, and did not promise it.
	NoticeStoreVolatile Notice = 12
	// NoticeState: somebody else has changed what OpState or OpDisk tell.
	NoticeState Notice = 16
	// NoticeRun: another moment, of this run or of another, is the present now.
	// The clients are closed, and everything is to be asked for again.
	NoticeRun Notice = 13
	// NoticeStoreEmptied: the browser has lost what the store held.
	NoticeStoreEmptied Notice = 14
	// NoticeRunUnkept comes from everysec.js: the browser does not keep the record
	// of the run, though it should. Text says why.
	NoticeRunUnkept Notice = 15
)

// CrashKind is how the machine goes down.
type CrashKind uint8

// The crashes.
const (
	KillNine     CrashKind = 0 // the process dies, the page cache lives on
	PowerCut     CrashKind = 1 // only what was synced is certain to survive
	PowerCutTorn CrashKind = 2 // and the last sectors under way are torn
	BitRot       CrashKind = 3 // shut down in good order, and then bits turn on the disk
)

// CrashMoment is when a crash strikes.
type CrashMoment uint8

// The moments. The first of them comes at once, the others with what the server
// asks of its disk: they are vfs.Points, counted from 1.
const (
	Now          CrashMoment = 0
	DuringSync   CrashMoment = 1 // the disk has begun with an fsync, and has not said that it is done
	BeforeRename CrashMoment = 2
	AfterRename  CrashMoment = 3 // before the directory is synced
	BeforeWrite  CrashMoment = 4
	AfterWrite   CrashMoment = 5 // before any fsync
	AtOperation  CrashMoment = 6 // before the n-th operation that changes the disk
)

// Fault is what a disk does wrong.
type Fault uint8

// The faults, and what the value of each says.
const (
	NoFault    Fault = 0 // everything is well again
	LyingSync  Fault = 1 // 1: every fsync says it is done, and saves nothing; 0: no more
	FailedSync Fault = 2 // so many of the next fsyncs fail
	HungSync   Fault = 3 // 1: no fsync ends; 0: they go on
	SlowSync   Fault = 4 // every fsync takes so many microseconds longer
	FullDisk   Fault = 5 // so many bytes are left; negative: no limit
)

// Disk is what the disk is set up to do.
type Disk struct {
	Armed      bool // a crash is waited for
	Kind       CrashKind
	Seed       int64
	Moment     CrashMoment
	Left       int64 // AtOperation: how many operations until then
	Lying      bool
	Failing    int64
	Hung       bool
	SyncMicros int64
	Free       int64 // bytes; -1: no limit
}

// Append writes the disk.
func (d Disk) Append(r Record) Record {
	return r.Bool(d.Armed).Byte(uint8(d.Kind)).Int(d.Seed).Byte(uint8(d.Moment)).Int(d.Left).
		Bool(d.Lying).Int(d.Failing).Bool(d.Hung).Int(d.SyncMicros).Int(d.Free)
}

// ReadDisk reads what Append wrote.
func ReadDisk(payload []byte) (Disk, error) {
	f := Read(payload)
	d := Disk{
		Armed: f.Bool(), Kind: CrashKind(f.Byte()), Seed: f.Int(), Moment: CrashMoment(f.Byte()), Left: f.Int(),
		Lying: f.Bool(), Failing: f.Int(), Hung: f.Bool(), SyncMicros: f.Int(), Free: f.Int(),
	}
	return d, f.Err()
}

// Store is where the files are kept.
type Store uint8

// The stores.
const (
	StoreMemory    Store = 0
	StoreIndexedDB Store = 1
	StoreWaiting   Store = 2 // another tab owns it, nothing runs yet
)

// Phase is what the server is doing.
type Phase uint8

// The phases.
const (
	PhaseDown    Phase = 0
	PhaseLoading Phase = 1
	PhaseRunning Phase = 2
	PhaseWaiting Phase = 3 // for OpTakeOver or OpCopy
)

// State is the host at a glance.
type State struct {
	Now    int64   // engine time, microseconds since 1970
	Wall   int64   // real time, likewise
	Speed  float64 // engine seconds in one real second
	Paused bool
	Phase  Phase
	Store  Store
	Name   string // of the store
	// StoreText says why the store is not what was asked for; "" if it is.
	StoreText string
	Seed      int64
	Error     string // why the server is down
	Held      bool   // its thread: no command runs
}

// Append writes the state.
func (s State) Append(r Record) Record {
	return r.Int(s.Now).Int(s.Wall).Number(s.Speed).Bool(s.Paused).
		Byte(uint8(s.Phase)).Byte(uint8(s.Store)).String(s.StoreText).String(s.Name).Int(s.Seed).String(s.Error).Bool(s.Held)
}

// ReadState reads what Append wrote.
func ReadState(payload []byte) (State, error) {
	f := Read(payload)
	s := State{
		Now: f.Int(), Wall: f.Int(), Speed: f.Number(), Paused: f.Bool(),
		Phase: Phase(f.Byte()), Store: Store(f.Byte()), StoreText: f.String(), Name: f.String(), Seed: f.Int(), Error: f.String(),
		Held: f.Bool(),
	}
	return s, f.Err()
}

// File is one line of OpFiles.
type File struct {
	Name   string
	Size   int64 // as the server sees it: what has been written
	Synced int64 // what a power cut cannot take any more
}

// AppendFiles writes the answer to OpFiles.
func AppendFiles(r Record, files []File) Record {
	r = r.Int(int64(len(files)))
	for _, f := range files {
		r = r.String(f.Name).Int(f.Size).Int(f.Synced)
	}
	return r
}

// ReadFiles reads what AppendFiles wrote.
func ReadFiles(payload []byte) ([]File, error) {
	f := Read(payload)
	var files []File
	for n := f.Int(); n > 0 && f.More(); n-- {
		files = append(files, File{Name: f.String(), Size: f.Int(), Synced: f.Int()})
	}
	return files, f.Err()
}

// FileContent is the answer to OpReadFile.
type FileContent struct {
	Synced int64
	Data   []byte
}

// Append writes the content.
func (c FileContent) Append(r Record) Record { return r.Int(c.Synced).Bytes(c.Data) }

// ReadFileContent reads what Append wrote. Data aliases payload.
func ReadFileContent(payload []byte) (FileContent, error) {
	f := Read(payload)
	c := FileContent{Synced: f.Int(), Data: f.Bytes()}
	return c, f.Err()
}

// MaxChains is up to how many buckets a Table tells one by one.
const MaxChains = 1 << 14

// Table is a hash table: the second of each pair is the one that the keys move
// to while it is resized.
type Table struct {
	Size, Used [2]int64  // buckets, keys
	Rehash     int64     // the bucket of the first that is moved next; -1: no resize is under way
	Chains     [2][]byte // keys in each bucket, at most 255; empty above MaxChains
}

// Append writes the table.
func (t Table) Append(r Record) Record {
	for i := range t.Size {
		r = r.Int(t.Size[i]).Int(t.Used[i]).Bytes(t.Chains[i])
	}
	return r.Int(t.Rehash)
}

// ReadTable reads what Append wrote. Chains alias payload.
func ReadTable(payload []byte) (t Table, err error) {
	f := Read(payload)
	for i := range t.Size {
		t.Size[i], t.Used[i], t.Chains[i] = f.Int(), f.Int(), f.Bytes()
	}
	t.Rehash = f.Int()
	return t, f.Err()
}

// RunState is the record of the run.
type RunState struct {
	Bytes, Limit int64
	Full         bool // it has ended, the run goes on
	Before       bool // there is a run that was left by a branch
}

// Append writes the state.
func (s RunState) Append(r Record) Record {
	return r.Int(s.Bytes).Int(s.Limit).Bool(s.Full).Bool(s.Before)
}

// ReadRunState reads what Append wrote.
func ReadRunState(payload []byte) (RunState, error) {
	f := Read(payload)
	s := RunState{Bytes: f.Int(), Limit: f.Int(), Full: f.Bool(), Before: f.Bool()}
	return s, f.Err()
}

// Kinds are the kinds of what happened at a moment, as bits.
type Kinds uint16

// The kinds.
const (
	MomentCommands Kinds = 1 << iota // of clients other than the page's own
	MomentSynced                     // an fsync has ended
	MomentSaved                      // a snapshot or a rewrite has ended
	MomentGone                       // keys expired or were evicted
	MomentDown                       // the server went down
	MomentUp                         // it began to load, or is ready
	MomentOther                      // all else: a client came, a job began, time changed its pace
)

// Moment is a moment of a run at which something happened.
type Moment struct {
	Played, Total int64 // inputs of the run
	Reached       bool  // if not, OpRunSeek has to be called again
	Number, Last  int64 // which moment it is, and which is the last; -1: before the first
	Kinds         Kinds
	Text          string
	Warning       string // why it may not be what was recorded
	State         State
	Events        []byte // the state of the engine without its keys: a batch
}

// Append writes the moment.
func (m *Moment) Append(r Record) Record {
	r = r.Int(m.Played).Int(m.Total).Bool(m.Reached).Int(m.Number).Int(m.Last).Int(int64(m.Kinds)).String(m.Text).String(m.Warning)
	return r.Bytes(m.State.Append(nil)).Bytes(m.Events)
}

// ReadMoment reads what Append wrote. Events alias payload.
func ReadMoment(payload []byte) (Moment, error) {
	f := Read(payload)
	m := Moment{
		Played: f.Int(), Total: f.Int(), Reached: f.Bool(), Number: f.Int(), Last: f.Int(),
		Kinds: Kinds(f.Int()), Text: f.String(), Warning: f.String(),
	}
	state, err := ReadState(f.Bytes())
	m.State, m.Events = state, f.Bytes()
	return m, cmp.Or(f.Err(), err)
}

// Fate is what became of a key that was there before or after a crash.
type Fate uint8

// The fates.
const (
	Survived Fate = 0 // the same value before and after
	Reverted Fate = 1 // an older value came back
	Lost     Fate = 2 // acknowledged, and gone
	Returned Fate = 3 // its deletion was acknowledged, and it is back
	Expired  Fate = 4 // gone because its time was up, not because of the crash
	Open     Fate = 5 // differs, and the newest write to it had not been acknowledged
)

// KeyFate is one key of an account: what it held when the crash came, and what
// after recovery. Before is not told of a key that survived.
type KeyFate struct {
	DB            int64
	Key           []byte
	Fate          Fate
	Before, After KeyState
}

// KeyState is what a key held, in words.
type KeyState struct {
	Text     string // the beginning of its value; "": it was not there, or nobody knows
	ExpireAt int64  // Unix milliseconds, 0: never
}

// Account is what a crash cost, in keys and in writes. Until the server has been restarted only the
// first three fields, and those of its moment, are known.
type Account struct {
	Kind         CrashKind
	Seed         int64
	Acknowledged int64 // writes whose reply had been sent
	Complete     bool  // the server is back and the rest is known
	SurvivedWrites,
	LostWrites int64 // of the acknowledged ones; -1 where it cannot be told (no AOF)
	Counts [6]int64  // keys, by Fate
	Keys   []KeyFate // those with a Fate other than Survived first; cut at MaxFates
	Error  string    // why recovery failed
	// What was true at the moment of the crash: engine time, and how many of the
	// acknowledged writes were not on the disk, and not even in the page cache.
	At, Unsynced, Unwritten int64
	// Operation is what the disk was asked for at that moment; "": nothing.
	Operation string
	// Report is a batch of events with one in it, the crash report: what became
	// of each write. Empty: none has been made.
	Report []byte
	// Aside is what of Counts is keys of the background load.
	Aside [6]int64
}

// LastDB is the database in which the page's background load works, and nobody
// else: what it does there is counted apart.
const LastDB = 15

// LoadDB is that of a server with so many databases: where there are fewer, their
// last. 0: there is only one, and what the load does there counts as anything does.
func LoadDB(databases int) int { return min(LastDB, databases-1) }

// MaxFates is how many keys an account names; Counts covers all of them.
const MaxFates = 100_000

// MaxWrites is how many lost writes the report of an account tells one by one,
// and how many others.
const MaxWrites = 10_000

// Append writes the account.
func (a Account) Append(r Record) Record {
	r = r.Byte(uint8(a.Kind)).Int(a.Seed).Int(a.Acknowledged).Bool(a.Complete).Int(a.SurvivedWrites).Int(a.LostWrites)
	for _, n := range a.Counts {
		r = r.Int(n)
	}
	r = r.String(a.Error).Int(int64(len(a.Keys)))
	for _, k := range a.Keys {
		r = r.Int(k.DB).Bytes(k.Key).Byte(uint8(k.Fate))
		r = r.String(k.Before.Text).Int(k.Before.ExpireAt).String(k.After.Text).Int(k.After.ExpireAt)
	}
	r = r.Bytes(a.Report).Int(a.At).Int(a.Unsynced).Int(a.Unwritten).String(a.Operation)
	for _, n := range a.Aside {
		r = r.Int(n)
	}
	return r
}

// ReadAccount reads what Append wrote. Keys and Report alias payload.
func ReadAccount(payload []byte) (Account, error) {
	f := Read(payload)
	a := Account{
		Kind: CrashKind(f.Byte()), Seed: f.Int(), Acknowledged: f.Int(), Complete: f.Bool(),
		SurvivedWrites: f.Int(), LostWrites: f.Int(),
	}
	for i := range a.Counts {
		a.Counts[i] = f.Int()
	}
	a.Error = f.String()
	for n := f.Int(); n > 0 && f.More(); n-- {
		a.Keys = append(a.Keys, KeyFate{
			DB: f.Int(), Key: f.Bytes(), Fate: Fate(f.Byte()),
			Before: KeyState{f.String(), f.Int()}, After: KeyState{f.String(), f.Int()},
		})
	}
	a.Report = f.Bytes()
	a.At, a.Unsynced, a.Unwritten, a.Operation = f.Int(), f.Int(), f.Int(), f.String()
	for i := range a.Aside {
		a.Aside[i] = f.Int()
	}
	return a, f.Err()
}
