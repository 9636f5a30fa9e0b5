// Package event says what happened inside the engine, as typed values with a
// compact binary form.
//
// The idea: events are coalesced, not logged. A server remembers which keys
// changed and, when a host asks, writes one Batch with the newest state of
// each. A reader that applies every batch in order knows the keyspace, how
// durable each key is, and what the one thread did. It never has to ask, and
// it never has to guess.
//
// How durable a key is follows from numbers alone. Every write has a change
// number, and Durability carries the highest number that the page cache, the
// disk and the last snapshot hold; compare a key's Change with them.
package event

// Type is the type of a value, with Redis's numbers.
type Type uint8

// The types. There are no modules here, so 5 is not used.
const (
	String    Type = 0
	List      Type = 1
	Set       Type = 2
	SortedSet Type = 3
	Hash      Type = 4
	Stream    Type = 6
)

// String is the type as the TYPE command prints it.
func (t Type) String() string {
	switch t {
	case String:
		return "string"
	case List:
		return "list"
	case Set:
		return "set"
	case SortedSet:
		return "zset"
	case Hash:
		return "hash"
	case Stream:
		return "stream"
	}
	return "unknown"
}

// Encoding is how a value is held in memory, with Redis's numbers.
type Encoding uint8

// The encodings that Redis 7 still uses.
const (
	Raw       Encoding = 0
	Int       Encoding = 1
	Hashtable Encoding = 2
	Intset    Encoding = 6
	Skiplist  Encoding = 7
	Embstr    Encoding = 8
	Quicklist Encoding = 9
	StreamLog Encoding = 10
	Listpack  Encoding = 11
)

// String is the encoding as OBJECT ENCODING prints it.
func (e Encoding) String() string {
	switch e {
	case Raw:
		return "raw"
	case Int:
		return "int"
	case Hashtable:
		return "hashtable"
	case Intset:
		return "intset"
	case Skiplist:
		return "skiplist"
	case Embstr:
		return "embstr"
	case Quicklist:
		return "quicklist"
	case StreamLog:
		return "stream"
	case Listpack:
		return "listpack"
	}
	return "unknown"
}

// Event is one of the pointers to the structs below.
type Event interface{ kind() kind }

// KeyChanged is the newest state of one key.
type KeyChanged struct {
	DB         int
	Key        []byte // the first MaxKey bytes
	KeyLen     int    // bytes of the whole key
	Type       Type
	Encoding   Encoding
	Memory     int64  // bytes
	Elements   int64  // bytes of a string, members of anything else
	ExpireAt   int64  // milliseconds since 1970; 0: never
	Change     uint64 // number of the last write to this key
	InSnapshot bool   // the last snapshot on disk holds exactly this state
}

// MaxKey is how much of a key an event carries.
const MaxKey = 256

// Reason says why a key is gone.
type Reason uint8

// The reasons.
const (
	Deleted Reason = iota
	Expired
	Evicted
	Renamed
)

// String is the reason in one word.
func (r Reason) String() string {
	switch r {
	case Deleted:
		return "deleted"
	case Expired:
		return "expired"
	case Evicted:
		return "evicted"
	case Renamed:
		return "renamed"
	}
	return "unknown"
}

// KeyRemoved says that a key is gone.
type KeyRemoved struct {
	DB     int
	Key    []byte // the first MaxKey bytes
	KeyLen int
	Reason Reason
}

// KeyspaceFlushed says that a database is empty; DB -1 means all of them.
// A server also begins the answer to a resynchronisation with it.
type KeyspaceFlushed struct{ DB int }

// KeyspaceSwapped says that SWAPDB exchanged two databases.
type KeyspaceSwapped struct{ A, B int }

// Durability is how far writes have come on their way to the disk. Last is
// the newest change, Acknowledged the newest one whose reply was let go;
// Written, Synced and SnapshotChange are the newest change that the page
// cache, the disk and the last snapshot hold.
type Durability struct {
	Now              int64 // microseconds since 1970
	Last             uint64
	Acknowledged     uint64
	Written          uint64
	Synced           uint64
	BufferedBytes    int64 // in the server's memory, not yet written
	WrittenBytes     int64 // of the append only file, in all
	SyncedBytes      int64
	OldestUnsyncedAt int64 // microseconds since 1970; 0: nothing waits
	SnapshotChange   uint64
	SnapshotAt       int64 // microseconds since 1970; 0: there is none
	SnapshotBytes    int64
	SyncInFlight     bool
	AOFEnabled       bool
	// How many of the changes were made aside, in a database that the host keeps
	// for that: up to Last, Acknowledged and so on, since the start.
	AsideLast         uint64
	AsideAcknowledged uint64
	AsideWritten      uint64
	AsideSynced       uint64
	AsideSnapshot     uint64
}

// CommandRun is one command that held the thread. A batch carries the newest
// and the slowest ones; a busy server runs more than it reports.
type CommandRun struct {
	Client   uint64
	Name     string
	Start    int64  // microseconds since 1970
	Duration int64  // microseconds
	Waited   int64  // microseconds between arrival and start
	Preview  []byte // the beginning of its arguments, separated by spaces
}

// ClientFlags is the state of a client.
type ClientFlags uint8

// The flags.
const (
	InMulti ClientFlags = 1 << iota
	Blocked
	Subscribed
	Monitor
)

// Client is one connection.
type Client struct {
	ID    uint64
	Name  string
	DB    int
	Flags ClientFlags
	Queue int64 // bytes received and not yet run
}

// ClientsChanged lists all clients.
type ClientsChanged struct{ Clients []Client }

// JobKind names a background job.
type JobKind uint8

// The jobs.
const (
	BackgroundSave JobKind = iota
	Rewrite
	Load
	LazyFree
)

// String is the job in one word.
func (k JobKind) String() string {
	switch k {
	case BackgroundSave:
		return "bgsave"
	case Rewrite:
		return "rewrite"
	case Load:
		return "load"
	case LazyFree:
		return "lazyfree"
	}
	return "unknown"
}

// Phase is how far a job has come.
type Phase uint8

// The phases.
const (
	Started Phase = iota
	Running
	Finished
	Failed
)

// Job is the progress of a background job.
type Job struct {
	Kind        JobKind
	Phase       Phase
	Done, Total int64 // keys; Total 0: not known
	Copied      int64 // bytes held only for the job (entries changed under it)
	Micros      int64 // since it began
}

// Stats are figures for the whole server.
type Stats struct {
	Now          int64 // microseconds since 1970
	Keys         int64
	WithTTL      int64
	Memory       int64 // bytes
	Commands     int64
	ExpiredKeys  int64
	EvictedKeys  int64
	BlockedTotal int64 // microseconds in which one command held all others up
}

// Level is the level of a log line.
type Level uint8

// The levels, as in Redis's log.
const (
	Debug Level = iota
	Verbose
	Notice
	Warning
)

// Log is one line of the server's log.
type Log struct {
	At    int64 // microseconds since 1970
	Level Level
	Text  string
}

// Overflow says that more happened than one batch may hold and some of it was
// left out: ask for a resynchronisation.
type Overflow struct{}

// CrashReport tells what became of the writes of the server before this one.
// The counts are of acknowledged writes: those of Unsynced survived although no
// sync had saved them, those of Summarised are not among the ones told one by
// one. Unacknowledged writes had been made and not yet answered.
type CrashReport struct {
	Kind           string // "process-kill", "power-cut", "torn-tail", "exit"
	At             int64  // microseconds since 1970
	RecoveredAt    int64  // likewise
	Acknowledged   int64
	Survived       int64
	Lost           int64
	Unknown        int64
	Unsynced       int64
	Unacknowledged int64
	Summarised     int64
	Files          []FileRead
	Writes         []CrashWrite // the newest that were lost, the newest that were not; newest first
}

// FileRead is a file that a start has read.
type FileRead struct {
	Name  string
	Found int64 // bytes
	Read  int64 // bytes that it believed
}

// CrashWrite is what became of a write.
type CrashWrite struct {
	Change       uint64
	At           int64  // microseconds since 1970
	Client       uint64 // 0: the server itself
	DB           int
	Command      string   // the beginning
	Keys         []string // as far as they are known
	Acknowledged bool
	Fate         CrashFate
	File         string // where it stood, or the image that has it; "": nowhere
	Offset       int64  // bytes
	Size         int64  // bytes
	SyncedAt     int64  // microseconds since 1970; 0: never
	Reason       string // why, in words
	Later        uint64 // the next write in the report to one of its keys; 0: none
}

// CrashFate is what became of a write, in a byte.
type CrashFate uint8

// The fates.
const (
	WriteLost CrashFate = iota
	WriteSurvived
	WriteUnknown
)

type kind uint8

// The numbers are part of the binary form; a new kind takes the next one.
const (
	kindKeyChanged kind = iota + 1
	kindKeyRemoved
	kindKeyspaceFlushed
	kindKeyspaceSwapped
	kindDurability
	kindCommandRun
	kindClientsChanged
	kindJob
	kindStats
	kindLog
	kindOverflow
	kindCrashReport
)

func (*KeyChanged) kind() kind      { return kindKeyChanged }
func (*KeyRemoved) kind() kind      { return kindKeyRemoved }
func (*KeyspaceFlushed) kind() kind { return kindKeyspaceFlushed }
func (*KeyspaceSwapped) kind() kind { return kindKeyspaceSwapped }
func (*Durability) kind() kind      { return kindDurability }
func (*CommandRun) kind() kind      { return kindCommandRun }
func (*ClientsChanged) kind() kind  { return kindClientsChanged }
func (*Job) kind() kind             { return kindJob }
func (*Stats) kind() kind           { return kindStats }
func (*Log) kind() kind             { return kindLog }
func (*Overflow) kind() kind        { return kindOverflow }
func (*CrashReport) kind() kind     { return kindCrashReport }
