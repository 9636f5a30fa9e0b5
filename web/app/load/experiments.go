package load

// Experiment is something to be seen with a load running: what the server is to
// hold, what is typed, and where to look.
type Experiment struct {
	Name  string
	Needs FillSettings // Count is 0 if it needs nothing
	Lines []string     // typed into the active console
	Sync  int64        // by how much longer each fsync takes then, microseconds; 0: as it is
	Look  string
}

const bigSet = "big:set"

var (
	manyKeys = FillSettings{Count: 100_000, Size: 100, Prefix: "key:"}
	huge     = FillSettings{Count: 500_000, Kind: OneSet, Prefix: bigSet}
)

// Experiments are what the panel suggests. Each that makes a wall stands beside
// what does the same without one.
var Experiments = []Experiment{
	{"KEYS *", manyKeys, []string{"KEYS *"}, 0, "Looks at every key before it answers. Everybody else waits for as long: a wall."},
	{"SCAN", manyKeys, []string{"SCAN 0 COUNT 100"}, 0, "Looks at a hundred keys and says where to go on. No wall, however many keys there are."},
	{"SMEMBERS of 500,000", huge, []string{"SMEMBERS " + bigSet}, 0, "One reply with all members. Making it holds the thread; the client that asked is held again by reading it."},
	{"SSCAN", huge, []string{"SSCAN " + bigSet + " 0 COUNT 100"}, 0, "The same members, a hundred at a time."},
	{"DEL", huge, []string{"DEL " + bigSet}, 0, "Frees half a million members before it says 1."},
	{"UNLINK", huge, []string{"UNLINK " + bigSet}, 0, "Takes the name away and says 1. The memory is freed bit by bit, between other commands."},
	{"SAVE", manyKeys, []string{"SAVE"}, 0, "Writes the snapshot in the one thread: nothing else happens until it is on the disk."},
	{"BGSAVE", manyKeys, []string{"BGSAVE"}, 0, "The same snapshot, beside the commands. Look at the 99th percentile: it hardly moves."},
	{"Lua loop", FillSettings{}, []string{`EVAL "local n = 0 for i = 1, 3000000 do n = n + i end return n" 0`}, 0, "A script is one command: nobody gets between its steps."}, // not a text
	{"appendfsync always, slow disk", FillSettings{}, []string{"CONFIG SET appendonly yes", "CONFIG SET appendfsync always"}, 50_000, "Each fsync takes 50 ms more, and a write is answered behind it. The thread waits for the disk: reads, too."},
	{"appendfsync everysec, slow disk", FillSettings{}, []string{"CONFIG SET appendonly yes", "CONFIG SET appendfsync everysec"}, 50_000, "The same disk. Nobody waits for the fsync: up to a second of writes can be lost instead."},
}
