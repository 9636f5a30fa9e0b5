package lessons

import (
	"errors"
	"iter"
	"strconv"
	"strings"
	"time"

	"everysec/engine/phrase"
)

// Verb is what an action does.
type Verb uint8

// The verbs.
const (
	Crash Verb = iota + 1
	Restart
	ClockAdvance
	ClockPause
	ClockResume
	Pause
	Resume
	KillClient
	FillUp
	WaitBackground
	WaitSynced
	Load
	Traffic
	DiskHang
	DiskAnswer
)

// The ways to go down; also the values of the fact "crash".
const (
	KillNine      = "kill-9"          // the process dies, the page cache lives on
	PowerLoss     = "power-loss"      // only what was synced is certain to survive
	PowerLossTorn = "power-loss-torn" // and the last sector under way is torn
	BitRot        = "bit-rot"         // shut down in good order, and then bits turn on the disk
)

// Crashes are the ways to go down, and Moments when it may strike; the order of
// both is that of package bridge. At a number it strikes before that operation,
// counted from now, that changes the disk.
var (
	Crashes = [...]string{KillNine, PowerLoss, PowerLossTorn, BitRot}
	Moments = [...]string{"now", "during-fsync", "before-rename", "after-rename", "before-write", "after-write"}
)

// Action is something the host does, not a client: one line that begins with
// '!'. Actions is the vocabulary.
type Action struct {
	Verb      Verb
	Source    string        // as written
	Crash     string        // Crash: the way to go down
	Moment    string        // Crash: one of Moments
	Operation int64         // Crash: the operation of the disk at which it strikes; 0: the moment counts
	Seed      uint64        // Crash: decides what an unsynced disk keeps
	Options   []string      // Restart: arguments as on redis-server's command line, for this start only
	Refused   bool          // Restart: the server is to find something wrong in its files, and not to start
	By        time.Duration // ClockAdvance
	Console   string        // Pause, Resume, KillClient
	Fill      Fill          // FillUp
	File      string        // Load
	Load      Stream        // Traffic
}

// Fill describes commands that write many keys, or one large collection.
type Fill struct {
	Count int
	What  string // "keys", "fields" of a hash, "members" of a set
	Key   string // of the collection
	Name  string // what the names of keys, fields or members begin with
	Size  int    // bytes of each value
}

// Actions documents the vocabulary, one row a form.
var Actions = []struct{ Form, Meaning string }{
	{"!crash kill-9", "the server process is killed; what it had handed to the operating system survives"},
	{"!crash power-loss [seed=N]", "the machine loses power; what was not synced survives only by luck, which the seed decides"},
	{"!crash power-loss-torn [seed=N]", "the same, and the sector being written is left half old, half new"},
	{"!crash bit-rot [seed=N]", "the machine shuts down in good order, and one to three bits turn on its disk"},
	{"!crash KIND at=MOMENT [seed=N]", "the crash waits for during-fsync, before-rename, after-rename, before-write, after-write, or for the disk's operation of that number from now on"},
	{"!restart [--directive value ...]", "the server starts again from its files; the options count for this start only"},
	{"!restart refused [--directive value ...]", "the server finds something wrong in its files and does not start; behind it may stand what it writes to its log, each line with its sign (`#` is a warning)"},
	{"!clock advance D", "engine time jumps by D (31s, 5m, 1h30m)"},
	{"!clock pause, !clock resume", "engine time stands still, runs again"},
	{"!pause CONSOLE, !resume CONSOLE", "a client stops, as in a long garbage collection, and goes on"},
	{"!kill CONSOLE", "a client's process dies; its connection closes, nothing else happens"},
	{"!fill N keys [name=N:] [size=B]", "SET of N keys N:0, N:1, ... with values of B bytes (key:, 100)"},
	{"!fill N fields key=K [name=N:] [size=B]", "HSET of N fields into the hash K (field:, 20)"},
	{"!fill N members key=K [name=N:]", "SADD of N members to the set K (member:)"},
	{"!load FILE.rdb", "everything is replaced by what this file, which lies beside lesson.md, holds"},
	{"!traffic N [keys=K] [reads=P] [skew=S] [prefix=X] [size=B] [over=D]", "N commands on K keys X0, X1, ... (1000, key:): P per cent GET (90), the rest SET of B bytes (100). Skew 0: all keys alike, 1: as Zipf has it (1), up to 3. At once, or spread over D of engine time. Refused writes (OOM) are only counted, by INFO errorstats"},
	{"!disk hang, !disk answer", "the disk takes writes but finishes no sync, until it answers again, another step begins or the server crashes"},
	{"!wait background", "until no BGSAVE and no BGREWRITEAOF is under way"},
	{"!wait synced", "until everything acknowledged is on the disk; needs the append only file"},
}

// ParseAction reads one action, with its leading '!'.
func ParseAction(text string) (*Action, error) {
	a := &Action{Source: strings.TrimSpace(text)}
	words := strings.Fields(strings.TrimPrefix(a.Source, "!"))
	if len(words) == 0 {
		return nil, errors.New("an action without a name")
	}
	args := words[1:]
	var err error
	switch words[0] {
	case "crash":
		err = a.parseCrash(args)
	case "restart":
		if a.Verb = Restart; len(args) > 0 && args[0] == "refused" {
			a.Refused, args = true, args[1:]
		}
		a.Options = args
		if len(args)%2 != 0 {
			err = errors.New("restart: options come in pairs, --directive value")
		}
		for i := 0; i < len(args) && err == nil; i += 2 {
			if !strings.HasPrefix(args[i], "--") || len(args[i]) == 2 {
				err = phrase.Errorf("restart: %q is not an option (--directive value)", args[i])
			}
			if args[i+1] == `""` {
				args[i+1] = ""
			}
		}
	case "clock":
		err = a.parseClock(args)
	case "pause", "resume", "kill":
		a.Verb = map[string]Verb{"pause": Pause, "resume": Resume, "kill": KillClient}[words[0]]
		if len(args) != 1 || !isName(args[0]) {
			err = phrase.Errorf("%s: expected the name of one console", words[0])
		} else {
			a.Console = args[0]
		}
	case "fill":
		err = a.parseFill(args)
	case "load":
		a.Verb = Load
		if len(args) != 1 || !strings.HasSuffix(args[0], ".rdb") || strings.ContainsAny(args[0], "/\\") {
			err = errors.New("load: expected the name of an .rdb file beside lesson.md")
		} else {
			a.File = args[0]
		}
	case "traffic":
		err = a.parseTraffic(args)
	case "disk":
		err = a.parseOne(words, map[string]Verb{"hang": DiskHang, "answer": DiskAnswer}, `"hang" or "answer"`)
	case "wait":
		err = a.parseOne(words, map[string]Verb{"background": WaitBackground, "synced": WaitSynced}, `"background" or "synced"`)
	default:
		err = phrase.Errorf("unknown action %q", words[0])
	}
	if err != nil {
		return nil, err
	}
	return a, nil
}

// parseOne reads an action with one of two words behind it.
func (a *Action) parseOne(words []string, verbs map[string]Verb, expected string) error {
	if a.Verb = verbs[strings.Join(words[1:], " ")]; a.Verb == 0 {
		return errors.New(words[0] + ": expected " + expected)
	}
	return nil
}

func (a *Action) parseCrash(args []string) error {
	a.Verb, a.Moment = Crash, Moments[0]
	kinds := "kill-9, power-loss, power-loss-torn or bit-rot"
	if len(args) == 0 {
		return errors.New("crash: expected " + kinds)
	}
	if !isOneOf(args[0], Crashes[:]) {
		return phrase.Errorf("crash: %q is not %s", args[0], kinds)
	}
	a.Crash = args[0]
	for _, arg := range args[1:] {
		if at, ok := strings.CutPrefix(arg, "at="); ok {
			n, err := strconv.ParseInt(at, 10, 32)
			switch {
			case err == nil && n > 0:
				a.Operation = n
			case isOneOf(at, Moments[:]):
				a.Moment = at
			default:
				return phrase.Errorf("crash: %q is not a moment: %s, or a number", at, strings.Join(Moments[:], ", "))
			}
			continue
		}
		value, ok := strings.CutPrefix(arg, "seed=")
		seed, err := strconv.ParseUint(value, 10, 32)
		if !ok || err != nil {
			return phrase.Errorf("crash: expected seed=N (32 bits), not %q", arg)
		}
		a.Seed = seed
	}
	return nil
}

func isOneOf(word string, list []string) bool {
	for _, w := range list {
		if w == word {
			return true
		}
	}
	return false
}

func (a *Action) parseClock(args []string) error {
	switch strings.Join(args, " ") {
	case "pause":
		a.Verb = ClockPause
		return nil
	case "resume":
		a.Verb = ClockResume
		return nil
	}
	if len(args) != 2 || args[0] != "advance" {
		return errors.New("clock: expected \"advance 31s\", \"pause\" or \"resume\"")
	}
	d, err := time.ParseDuration(args[1])
	if err != nil || d <= 0 {
		return phrase.Errorf("clock advance: %q is not a duration forward (31s, 5m)", args[1])
	}
	a.Verb, a.By = ClockAdvance, d
	return nil
}

// maxFill keeps a slip of the keyboard from filling a browser's memory.
const maxFill = 10_000_000

func (a *Action) parseFill(args []string) error {
	a.Verb = FillUp
	if len(args) < 2 {
		return errors.New("fill: expected a number, then keys, fields or members")
	}
	n, err := strconv.Atoi(args[0])
	if err != nil || n <= 0 || n > maxFill {
		return phrase.Errorf("fill: %q is not a number from 1 to %d", args[0], maxFill)
	}
	f := Fill{Count: n, What: args[1]}
	switch f.What {
	case "keys":
		f.Name, f.Size = "key:", 100
	case "fields":
		f.Name, f.Size = "field:", 20
	case "members":
		f.Name = "member:"
	default:
		return phrase.Errorf("fill: %q is not keys, fields or members", f.What)
	}
	for _, arg := range args[2:] {
		name, value, _ := strings.Cut(arg, "=")
		switch {
		case name == "key" && f.What != "keys" && value != "":
			f.Key = value
		case name == "name" && value != "":
			f.Name = value
		case name == "size" && f.What != "members":
			f.Size, err = strconv.Atoi(value)
			if err != nil || f.Size < 0 || f.Size > 1<<20 {
				return phrase.Errorf("fill: %q is not a size from 0 to 1048576 bytes", value)
			}
		default:
			return phrase.Errorf("fill: unexpected %q", arg)
		}
	}
	if f.What != "keys" && f.Key == "" {
		return phrase.Errorf("fill: %s need key=NAME", f.What)
	}
	a.Fill = f
	return nil
}

// Commands are the commands that fill, in order. An argument slice is only
// valid until the next one.
func (f Fill) Commands() iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		const batch = 100 // fields or members of one command
		var args []string
		for i := 0; i < f.Count; i++ {
			name := f.Name + strconv.Itoa(i)
			if f.What == "keys" {
				if !yield(append(args[:0], "SET", name, f.value(i))) {
					return
				}
				continue
			}
			if i%batch == 0 {
				args = append(args[:0], "HSET", f.Key)
				if f.What == "members" {
					args[0] = "SADD"
				}
			}
			args = append(args, name)
			if f.What == "fields" {
				args = append(args, f.value(i))
			}
			if i%batch == batch-1 || i == f.Count-1 {
				if !yield(args) {
					return
				}
			}
		}
	}
}

// value is text that differs from key to key and hardly compresses, as real
// values would; the same on every machine.
func (f Fill) value(i int) string { return filler(i, f.Size) }

func filler(i, size int) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	state := uint64(i)*0x9E3779B97F4A7C15 + 1
	b := make([]byte, size)
	for j := range b {
		state ^= state << 13
		state ^= state >> 7
		state ^= state << 17
		b[j] = letters[state>>58]
	}
	return string(b)
}

// Words say what the action does to someone who reads the lesson.
func (a *Action) Words() string {
	switch a.Verb {
	case Crash:
		words := map[string]string{
			KillNine:      "The server process is killed (kill -9)",
			PowerLoss:     "The power fails",
			PowerLossTorn: "The power fails in the middle of a write",
			BitRot:        "The machine is shut down, and bits turn on its disk",
		}[a.Crash]
		switch {
		case a.Operation > 0:
			words += ", at operation " + strconv.FormatInt(a.Operation, 10) + " of the disk from now on"
		case a.Moment != Moments[0]:
			words += map[string]string{
				"during-fsync": ", in the middle of the next fsync", "before-rename": ", before the next rename", "after-rename": ", after the next rename",
				"before-write": ", before the next write", "after-write": ", after the next write",
			}[a.Moment]
		}
		return words
	case Restart:
		with := ""
		if len(a.Options) > 0 {
			_, options, _ := strings.Cut(a.Source, "--")
			with = " with --" + options
		}
		if a.Refused {
			return "The server is to start" + with + ", and refuses"
		}
		if with != "" {
			return "The server starts again" + with
		}
		return "The server starts again from its files"
	case ClockAdvance:
		return "The clock jumps " + Span(a.By)
	case ClockPause:
		return "The clock stands still"
	case ClockResume:
		return "The clock runs again"
	case Pause:
		return a.Console + " freezes (a long garbage collection)"
	case Resume:
		return a.Console + " wakes up and goes on as if nothing had happened"
	case KillClient:
		return a.Console + " dies; its connection closes"
	case FillUp:
		s := grouped(a.Fill.Count) + " " + a.Fill.What + " are written"
		if a.Fill.Key != "" {
			s += " into " + a.Fill.Key
		}
		return s
	case Load:
		return a.File + " replaces everything"
	case Traffic:
		s := grouped(a.Load.Count) + " commands come in, " + strconv.Itoa(a.Load.Reads) + " % of them reads"
		if a.Load.Over > 0 {
			s += ", over " + Span(a.Load.Over)
		}
		return s
	case DiskHang:
		return "The disk hangs: it takes writes and finishes no sync"
	case DiskAnswer:
		return "The disk answers again"
	case WaitBackground:
		return "Wait until the background work is done"
	case WaitSynced:
		return "Wait until everything is on the disk"
	}
	return a.Source
}

// grouped is a number with a comma before each three digits.
func grouped(number int) string {
	n := strconv.Itoa(number)
	for i := len(n) - 3; i > 0; i -= 3 {
		n = n[:i] + "," + n[i:]
	}
	return n
}

// Span writes a duration for people: "31 s", "15 min", "250 ms".
func Span(d time.Duration) string {
	switch {
	case d%time.Hour == 0:
		return strconv.FormatInt(int64(d/time.Hour), 10) + " h"
	case d%time.Minute == 0:
		return strconv.FormatInt(int64(d/time.Minute), 10) + " min"
	case d%time.Second == 0:
		return strconv.FormatInt(int64(d/time.Second), 10) + " s"
	}
	return strconv.FormatInt(d.Milliseconds(), 10) + " ms"
}
