package lessons

import (
	"strconv"
	"strings"
)

// Facts are what the host of a server knows and no command tells. The host
// gives one when a step begins and one whenever a check is evaluated; counting
// from the step's beginning is done here.
type Facts struct {
	Now      int64 // engine time, microseconds since 1970
	Crashes  int64 // so far
	Restarts int64 // so far

	// Writes since the server's last start, by how far they have come: their
	// reply was sent; they were handed to the operating system; a power cut
	// cannot take them (by the append only file or, without one, a snapshot).
	Acknowledged, Written, Durable int64

	Account    *Account // of the last crash; nil: none so far
	LoadMicros int64    // how long the last start took to load its files; -1: nothing was loaded
	Runs       []Run    // commands of the learner's consoles, in any order
	Files      []File
}

// Account is what a crash did to the keys.
type Account struct {
	Crash    string // KillNine, PowerLoss, PowerLossTorn
	Complete bool   // the server is back; before that the rest is not known
	Survived int64  // keys that came back as they were acknowledged
	Lost     int64  // keys that did not: missing, older, or back though deleted
}

// Run is one command that ran.
type Run struct {
	Command string // its beginning, arguments separated by spaces
	Start   int64  // microseconds since 1970
	Held    int64  // microseconds in which it held the one thread
	Waited  int64  // microseconds from its arrival until it was its turn
}

// File is one file of the data directory.
type File struct {
	Name  string // slash path
	Bytes int64
}

// Value is what a fact is at the moment: a number, a text, or nothing.
type Value struct {
	Known    bool
	IsNumber bool
	Number   float64
	Text     string
}

func num(n float64) Value {
	return Value{Known: true, IsNumber: true, Number: n, Text: FormatNumber(n)}
}

func text(s string) Value {
	v := Value{Known: true, Text: s}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		v.IsNumber, v.Number = true, n
	}
	return v
}

// FormatNumber writes at most three decimals.
func FormatNumber(n float64) string {
	s := strconv.FormatFloat(n, 'f', 3, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// String is the value for people.
func (v Value) String() string {
	if !v.Known {
		return "none"
	}
	return v.Text
}

type arity uint8

const (
	noArgument arity = iota
	oneArgument
	anyArguments
)

type fact struct {
	Name    string
	Takes   arity
	Form    string
	Meaning string
	// One of the two: the command that tells it and how to read its reply, or
	// where it is in the host's Facts.
	Command func(args []string) string
	Read    func(args []string, reply string) Value
	Host    func(args []string, start, now *Facts) Value
}

// FactTable documents the facts: the form to write, what it means, and
// whether any server tells it (by a command) or only a host that knows more.
func FactTable() (rows [][3]string) {
	for _, f := range facts {
		by := "host"
		if f.Command != nil {
			if by = f.Command(nil); f.Name == "info" {
				by = "INFO"
			}
			if f.Takes == oneArgument && by != "INFO" {
				by += " K"
			}
		}
		rows = append(rows, [3]string{f.Form, f.Meaning, by})
	}
	return rows
}

// askInfo asks also for the share of a background load, where there is one.
const askInfo = "INFO default aside"

func ask(command string) func([]string) string {
	return func(args []string) string {
		if len(args) == 0 {
			return command
		}
		return command + " " + strings.Join(args, " ")
	}
}

func plain(_ []string, reply string) Value { return ReadReply(reply) }

// The table. Everything "since the step began" uses start, all else only now.
var facts = []fact{
	{Name: "keys", Form: "keys", Meaning: "keys in database 0", Command: ask("DBSIZE"), Read: plain},
	{Name: "exists", Takes: oneArgument, Form: "exists K", Meaning: "1 if the key exists, else 0", Command: ask("EXISTS"), Read: plain},
	{Name: "ttl", Takes: oneArgument, Form: "ttl K", Meaning: "seconds left; -1: never expires, -2: no such key", Command: ask("TTL"), Read: plain},
	{Name: "type", Takes: oneArgument, Form: "type K", Meaning: "string, list, hash, ...", Command: ask("TYPE"), Read: plain},
	{Name: "encoding", Takes: oneArgument, Form: "encoding K", Meaning: "listpack, hashtable, ...", Command: ask("OBJECT ENCODING"), Read: plain},
	{Name: "value", Takes: oneArgument, Form: "value K", Meaning: "a string's value", Command: ask("GET"), Read: plain},
	{Name: "config", Takes: oneArgument, Form: "config D", Meaning: "the directive's value now", Command: ask("CONFIG GET"), Read: readConfig},
	{Name: "info", Takes: oneArgument, Form: "info F", Meaning: "a field of INFO", Command: func([]string) string { return askInfo }, Read: readInfo},

	{Name: "acknowledged", Form: "acknowledged", Meaning: "writes acknowledged since the step, or the server, began", Host: func(_ []string, start, now *Facts) Value {
		return num(float64(now.Acknowledged - base(start, now)))
	}},
	{Name: "written", Form: "written", Meaning: "of these, handed to the operating system", Host: func(_ []string, start, now *Facts) Value {
		return num(float64(max(now.Written-base(start, now), 0)))
	}},
	{Name: "durable", Form: "durable", Meaning: "of these, on the disk", Host: func(_ []string, start, now *Facts) Value {
		return num(float64(max(now.Durable-base(start, now), 0)))
	}},
	{Name: "at_risk", Form: "at_risk", Meaning: "acknowledged writes that a power cut now could take", Host: func(_ []string, _, now *Facts) Value {
		return num(float64(now.Acknowledged - now.Durable))
	}},
	{Name: "crashes", Form: "crashes", Meaning: "crashes in this step", Host: func(_ []string, start, now *Facts) Value {
		return num(float64(now.Crashes - start.Crashes))
	}},
	{Name: "restarts", Form: "restarts", Meaning: "starts of the server in this step", Host: func(_ []string, start, now *Facts) Value {
		return num(float64(now.Restarts - start.Restarts))
	}},
	{Name: "crash", Form: "crash", Meaning: "how the last crash of this step happened: kill-9, power-loss, power-loss-torn, bit-rot", Host: func(_ []string, start, now *Facts) Value {
		if a := account(start, now); a != nil {
			return text(a.Crash)
		}
		return Value{}
	}},
	{Name: "survived", Form: "survived", Meaning: "keys that the last crash of this step left as acknowledged", Host: func(_ []string, start, now *Facts) Value {
		if a := account(start, now); a != nil && a.Complete {
			return num(float64(a.Survived))
		}
		return Value{}
	}},
	{Name: "lost", Form: "lost", Meaning: "keys whose last acknowledged write it took", Host: func(_ []string, start, now *Facts) Value {
		if a := account(start, now); a != nil && a.Complete {
			return num(float64(a.Lost))
		}
		return Value{}
	}},
	{Name: "clock_s", Form: "clock_s", Meaning: "seconds of engine time since the step began", Host: func(_ []string, start, now *Facts) Value {
		return num(float64(now.Now-start.Now) / 1e6)
	}},
	{Name: "held_ms", Takes: anyArguments, Form: "held_ms [WORDS]", Meaning: "longest time in this step that one command (beginning with these words) held the thread", Host: func(args []string, start, now *Facts) Value {
		return longest(args, start, now, func(r Run) int64 { return r.Held })
	}},
	{Name: "blocked_ms", Takes: anyArguments, Form: "blocked_ms [WORDS]", Meaning: "longest time in this step that one command (beginning with these words) waited for its turn", Host: func(args []string, start, now *Facts) Value {
		return longest(args, start, now, func(r Run) int64 { return r.Waited })
	}},
	{Name: "load_ms", Form: "load_ms", Meaning: "how long the last start took to load its files", Host: func(_ []string, _, now *Facts) Value {
		if now.LoadMicros < 0 {
			return Value{}
		}
		return num(float64(now.LoadMicros) / 1e3)
	}},
	{Name: "file_bytes", Takes: oneArgument, Form: "file_bytes NAME", Meaning: "size of a file, or of all files in a directory", Host: func(args []string, _, now *Facts) Value {
		found, sum := false, int64(0)
		for _, f := range now.Files {
			if f.Name == args[0] || strings.HasPrefix(f.Name, args[0]+"/") {
				found, sum = true, sum+f.Bytes
			}
		}
		if !found {
			return Value{}
		}
		return num(float64(sum))
	}},
}

// base is how many writes of this run of the server are older than the step.
func base(start, now *Facts) int64 {
	if start.Restarts == now.Restarts {
		return start.Acknowledged
	}
	return 0
}

func account(start, now *Facts) *Account {
	if now.Crashes == start.Crashes {
		return nil
	}
	return now.Account
}

func longest(words []string, start, now *Facts, of func(Run) int64) Value {
	found, most := false, int64(0)
	for _, r := range now.Runs {
		if r.Start >= start.Now && beginsWith(r.Command, words) {
			found, most = true, max(most, of(r))
		}
	}
	if !found {
		return Value{}
	}
	return num(float64(most) / 1e3)
}

func beginsWith(command string, words []string) bool {
	got := strings.Fields(command)
	if len(got) < len(words) {
		return false
	}
	for i, w := range words {
		if !strings.EqualFold(w, got[i]) {
			return false
		}
	}
	return true
}

// ReadReply takes a value out of what redis-cli printed. Nil and errors are
// no value.
func ReadReply(reply string) Value {
	reply = strings.TrimRight(reply, "\r\n")
	switch {
	case reply == "(nil)", strings.HasPrefix(reply, "(error)"), strings.HasPrefix(reply, "(empty"):
		return Value{}
	case strings.HasPrefix(reply, "(integer) "):
		return text(reply[len("(integer) "):])
	case strings.HasPrefix(reply, "(double) "):
		return text(reply[len("(double) "):])
	case strings.HasPrefix(reply, `"`):
		if s, err := strconv.Unquote(reply); err == nil {
			return text(s)
		}
	}
	return text(reply)
}

func readConfig(_ []string, reply string) Value {
	for _, line := range split(reply) {
		// RESP2 prints `2) "always"`, RESP3 `1# "appendfsync" => "always"`.
		_, v, ok := strings.Cut(line, "=> ")
		if !ok {
			v, ok = strings.CutPrefix(strings.TrimSpace(line), "2) ")
		}
		if ok {
			return ReadReply(v)
		}
	}
	return Value{}
}

func readInfo(args []string, reply string) Value {
	if strings.HasPrefix(reply, `"`) {
		if s, err := strconv.Unquote(strings.TrimSpace(reply)); err == nil {
			reply = s
		}
	}
	found, apart := Value{}, 0.0
	for _, line := range split(reply) {
		if v, ok := strings.CutPrefix(line, args[0]+":"); ok {
			found = text(strings.TrimSpace(v))
		} else if v, ok := strings.CutPrefix(line, "aside_"+args[0]+":"); ok {
			apart = text(strings.TrimSpace(v)).Number
		}
	}
	if found.IsNumber && apart != 0 { // what a background load did is no one's task
		return num(max(found.Number-apart, 0))
	}
	return found
}
