package console_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"everysec/engine/command"
	"everysec/engine/commands"
	"everysec/engine/config"
	"everysec/engine/resp"
	"everysec/web/console"

	"github.com/cockroachdb/datadriven"
)

// some rows, as a command table would have them.
func rows() []*command.Spec {
	key := command.Argument{Name: "key", Type: command.ArgKey}
	first := []command.KeySpec{{Index: 1}}
	token := func(name string) command.Argument {
		return command.Argument{Name: strings.ToLower(name), Type: command.ArgPureToken, Token: name}
	}
	return []*command.Spec{
		{Name: "get", Group: command.GroupString, Since: "1.0.0", Summary: "The value of a key", Complexity: "O(1)", Arity: 2, KeySpecs: first, Arguments: []command.Argument{key}},
		{Name: "getdel", Group: command.GroupString, Since: "6.2.0", Summary: "The value of a key, which is then gone", Arguments: []command.Argument{key}},
		{Name: "set", Group: command.GroupString, Since: "1.0.0", Summary: "Sets a key", Complexity: "O(1)", Arity: -3, KeySpecs: first, History: []command.Change{{Since: "6.0.0", Text: "KEEPTTL"}}, Arguments: []command.Argument{
			key,
			{Name: "value", Type: command.ArgString},
			{Name: "condition", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{token("NX"), token("XX")}},
			{Name: "expiration", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "seconds", Type: command.ArgInteger, Token: "EX"}, token("KEEPTTL"),
			}},
		}},
		{Name: "sort", Group: command.GroupGeneric, Since: "1.0.0", Summary: "Sorts", Arity: -2, KeySpecs: first, Arguments: []command.Argument{
			key,
			{Name: "offset_count", Type: command.ArgBlock, Token: "LIMIT", Optional: true, Arguments: []command.Argument{
				{Name: "offset", Type: command.ArgInteger}, {Name: "count", Type: command.ArgInteger},
			}},
			{Name: "pattern", Type: command.ArgPattern, Token: "GET", Optional: true, Multiple: true, MultipleToken: true},
		}},
		{Name: "del", Group: command.GroupGeneric, Since: "1.0.0", Summary: "Removes keys", Arity: -2, KeySpecs: []command.KeySpec{{Index: 1, LastKey: -1}}, Arguments: []command.Argument{{Name: "key", Type: command.ArgKey, Multiple: true}}},
		{Name: "config", Group: command.GroupServer, Since: "2.0.0", Summary: "Configuration", Subcommands: []*command.Spec{
			{Name: "get", Group: command.GroupServer, Since: "2.0.0", Summary: "Reads", Arguments: []command.Argument{{Name: "parameter", Type: command.ArgString, Multiple: true}}},
			{Name: "set", Group: command.GroupServer, Since: "2.0.0", Summary: "Writes"},
		}},
		{Name: "xread", Group: command.GroupStream, Since: "5.0.0", DeprecatedIn: "9.9.9", ReplacedBy: "nothing", Arity: -4, KeySpecs: []command.KeySpec{{Keyword: "STREAMS", StartFrom: 1, LastKey: -1, Limit: 2}}, Arguments: []command.Argument{
			{Name: "count", Type: command.ArgInteger, Token: "COUNT", Optional: true},
			{Name: "streams", Type: command.ArgBlock, Token: "STREAMS", Arguments: []command.Argument{{Name: "key", Type: command.ArgKey, Multiple: true}, {Name: "id", Type: command.ArgString, Multiple: true}}},
		}},
		{Name: "eval", Group: command.GroupScripting, Arity: -3, KeySpecs: []command.KeySpec{{Index: 2, KeyNum: true, FirstKey: 1}}, Arguments: []command.Argument{{Name: "script", Type: command.ArgString}}},
		{Name: "copy", Group: command.GroupGeneric, Arity: -3, KeySpecs: []command.KeySpec{{Index: 1}, {Index: 2}}, Arguments: []command.Argument{
			{Name: "source", Type: command.ArgKey},
			{Name: "destination", Type: command.ArgKey},
			{Name: "destination-db", Type: command.ArgInteger, Token: "DB", Optional: true},
			token("REPLACE"),
		}},
		{Name: "command", Group: command.GroupServer, Since: "2.8.13", Summary: "Commands", Subcommands: []*command.Spec{{Name: "getkeys", Group: command.GroupServer}}},
	}
}

// keys that exist.
func keys(prefix string) (out []string) {
	for _, key := range []string{"user:1", "user:2", "set", "with space", "\x00\xff", "größe", "a\u202eb", ""} {
		if strings.HasPrefix(key, prefix) {
			out = append(out, key)
		}
	}
	return out
}

// The transcripts are in testdata. In a "session":
//
//	> line    is entered          < reply   comes over the wire (\r\n is added)
//	accept, refuse, close         answer what the console asks of its host
//	ctrl-c, wait MS               what they say
//
// and the output shows each block behind a sign, and what the console asks for
// in brackets.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata", func(t *testing.T, path string) {
		var now int64
		var c *console.Console
		fresh := func() {
			c = console.New("127.0.0.1:6379", console.NewCommands(rows()))
			c.Now = func() int64 { return now }
		}
		fresh()
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			var out strings.Builder
			switch d.Cmd {
			case "hint":
				for _, line := range strings.Split(d.Input, "\n") {
					line = strings.TrimSuffix(line, "|")
					fmt.Fprintf(&out, "%s|%s\n", line, console.NewCommands(rows()).Hint(line))
				}
			case "complete":
				for _, line := range strings.Split(d.Input, "\n") {
					line = strings.TrimSuffix(line, "|")
					var offers []string
					for _, o := range console.NewCommands(rows()).Complete(line, keys) {
						offers = append(offers, o.Line)
					}
					fmt.Fprintf(&out, "%s| %s\n", line, strings.Join(offers, ", "))
				}
			case "doc":
				doc, ok := console.NewCommands(rows()).Doc(d.Input)
				fmt.Fprintf(&out, "%v %q\n", ok, doc)
			case "edit": // | is the cursor
				for _, line := range strings.Split(d.Input, "\n") {
					key, text, _ := strings.Cut(line, " ")
					before, after, _ := strings.Cut(text, "|")
					before, after, ok := console.Edit(before, after, key)
					fmt.Fprintf(&out, "%s %s|%s %v\n", key, before, after, ok)
				}
			case "search":
				var h console.History
				for _, line := range []string{"set a 1", "get a", "set b 1", "get a", "set c 2", "incr n"} {
					h.Add(line)
				}
				search := h.Search()
				for _, word := range strings.Split(d.Input, "\n") {
					switch word {
					case "older":
						search.Older()
					case "newer":
						search.Newer()
					default:
						search.Type(strings.TrimPrefix(word, "type "))
					}
					fmt.Fprintf(&out, "%s: %q", word, search.Line())
					if search.Failed() {
						out.WriteString(" failed")
					}
					out.WriteString("\n")
				}
			case "history":
				var h console.History
				line := ""
				for _, word := range strings.Split(d.Input, "\n") {
					switch {
					case word == "up":
						line = h.Up(line)
					case word == "down":
						line = h.Down(line)
					case strings.HasPrefix(word, "type "):
						line = word[5:]
						continue
					default:
						h.Add(word)
						line = ""
						continue
					}
					fmt.Fprintf(&out, "%s: %q\n", word, line)
				}
			case "new":
				fresh()
				fallthrough
			case "session":
				for _, line := range strings.Split(d.Input, "\n") {
					step(&out, c, &now, line)
					report(&out, c)
				}
				fmt.Fprintf(&out, "%s\n", c.Prompt())
			default:
				d.Fatalf(t, "unknown command %q", d.Cmd)
			}
			return out.String()
		})
	})
}

func step(out *strings.Builder, c *console.Console, now *int64, line string) {
	switch {
	case strings.HasPrefix(line, "> "):
		c.Submit(line[2:])
	case strings.HasPrefix(line, "< "):
		c.Receive([]byte(strings.ReplaceAll(line[2:], " | ", "\r\n") + "\r\n"))
	case line == "accept":
		c.Accept()
	case line == "refuse":
		c.Refuse()
	case line == "close":
		c.Closed()
	case line == "history-lines":
		for _, l := range c.History().Lines() {
			fmt.Fprintf(out, "  %s\n", l)
		}
	case line == "ctrl-c":
		c.Interrupt()
	case strings.HasPrefix(line, "wait "):
		var ms int64
		fmt.Sscan(line[5:], &ms)
		*now += ms
	default:
		panic("unknown step: " + line)
	}
}

func report(out *strings.Builder, c *console.Console) {
	blocks, effect := c.Take()
	for _, b := range blocks {
		text := strings.ReplaceAll(b.Text, "\n", "\n  ")
		fmt.Fprintf(out, "%c %s%s\n", ">=!@#?"[b.Kind], b.Prompt, text)
	}
	if effect.Clear {
		out.WriteString("[clear]\n")
	}
	if effect.Disconnect {
		out.WriteString("[disconnect]\n")
	}
	if effect.Connect {
		out.WriteString("[connect]\n")
	}
	if effect.Send != nil {
		fmt.Fprintf(out, "[send %s]\n", strings.ReplaceAll(string(effect.Send), "\r\n", " "))
	}
}

// readAll reads a long reply in pieces of so many elements and bytes.
func readAll(l *console.Long, elements, size int) string {
	var text []byte
	for r := l.Read(); !r.Done(); {
		text = r.Append(text, elements, size)
	}
	return string(text)
}

// A large reply is looked through in slices, so that the page goes on; nothing
// that it holds is printed before somebody reads it, and nothing is left out.
func TestAMillionElementsAreReadInSlicesAndKeptWhole(t *testing.T) {
	c := console.New("a", nil)
	asked, elements := "", 0
	c.Seen = func(args [][]byte, v resp.Value, n int) { asked, elements = string(v.Elems[0].Str), n }
	c.Submit("keys *")
	c.Submit("ping")
	c.Accept()
	c.Receive(append([]byte("*1000000\r\n"), bytes.Repeat([]byte("$3\r\nkey\r\n"), 1_000_000)...))
	slices, before := 0, 0.0
	for {
		part, going := c.Reading()
		if !going {
			break
		}
		if blocks, _ := c.Take(); !c.Busy() || part <= before || part >= 1 || slices > 0 && len(blocks) > 0 {
			t.Fatalf("slice %d: %.3f of it, after %.3f; busy %v, %d blocks", slices, part, before, c.Busy(), len(blocks))
		}
		before = part
		slices++
		c.GoOn()
	}
	blocks, effect := c.Take()
	if slices < 10 || len(blocks) != 2 || blocks[0].Long == nil || blocks[1].Text != "ping" || string(effect.Send) != "*1\r\n$4\r\nping\r\n" {
		t.Fatalf("%d slices, %d blocks, sent %q", slices, len(blocks), effect.Send)
	}
	if long := blocks[0].Long; long.Elements != 1_000_000 || elements != 1_000_000 || asked != "key" || !strings.HasPrefix(blocks[0].Text, "      1) \"key\"\n      2) \"key\"\n") {
		t.Errorf("%d elements, told %d with %q; it begins %q", long.Elements, elements, asked, blocks[0].Text)
	}
	if text := readAll(blocks[0].Long, 1<<30, 1<<20); strings.Count(text, "\n") != 999_999 || !strings.HasSuffix(text, "\n1000000) \"key\"") {
		t.Errorf("%d bytes, end %q", len(text), text[len(text)-80:])
	}
}

// Ctrl-C gives up a reply that is being read, and what follows is not its rest.
func TestAReplyThatIsBeingReadIsGivenUp(t *testing.T) {
	c := console.New("a", nil)
	c.Submit("keys *")
	c.Accept()
	c.Receive(append([]byte("*200000\r\n"), bytes.Repeat([]byte(":1\r\n"), 200_000)...))
	c.Interrupt()
	if _, going := c.Reading(); going || c.Busy() {
		t.Fatal("it goes on")
	}
	c.Accept()
	c.Submit("ping")
	c.Receive([]byte("+PONG\r\n"))
	if blocks, _ := c.Take(); blocks[len(blocks)-1].Text != "PONG" {
		t.Errorf("%+v", blocks)
	}
}

// wire is how a value comes over the wire.
func wire(dst []byte, v resp.Value) []byte {
	if v.Null {
		return append(dst, "_\r\n"...)
	}
	switch v.Kind {
	case resp.Array, resp.Set, resp.Push, resp.Map:
		n := len(v.Elems)
		if v.Kind == resp.Map {
			n /= 2
		}
		dst = fmt.Appendf(dst, "%c%d\r\n", v.Kind, n)
		for _, e := range v.Elems {
			dst = wire(dst, e)
		}
	case resp.BulkString, resp.BulkError:
		dst = fmt.Appendf(dst, "%c%d\r\n%s\r\n", v.Kind, len(v.Str), v.Str)
	case resp.VerbatimString:
		dst = fmt.Appendf(dst, "=%d\r\ntxt:%s\r\n", len(v.Str)+4, v.Str)
	case resp.Integer:
		dst = fmt.Appendf(dst, ":%d\r\n", v.Int)
	case resp.Boolean:
		dst = append(dst, map[bool]string{true: "#t\r\n", false: "#f\r\n"}[v.Bool]...)
	default:
		dst = fmt.Appendf(dst, "%c%s\r\n", v.Kind, v.Str)
	}
	return dst
}

// anyReply draws a reply of any kinds, that holds others.
func anyReply(r *rand.Rand, depth int) resp.Value {
	kinds := "*%~>$$!+-:,#(=_"
	if depth == 0 {
		kinds = kinds[4:]
	}
	v := resp.Value{Kind: resp.Kind(kinds[r.IntN(len(kinds))])}
	switch v.Kind {
	case resp.Array, resp.Set, resp.Push, resp.Map:
		n := r.IntN(12)
		if v.Kind == resp.Map {
			n *= 2
		}
		for range n {
			v.Elems = append(v.Elems, anyReply(r, depth-1))
		}
	case resp.BulkString, resp.BulkError, resp.VerbatimString:
		v.Str = make([]byte, r.IntN(30))
		for i := range v.Str {
			v.Str[i] = "ab\"\\\n\r\t\a\x00\xff\xc3\xa9 "[r.IntN(13)]
		}
	case resp.Null:
		v.Null = true
	case resp.Integer:
		v.Int = r.Int64N(1000) - 500
	case resp.Boolean:
		v.Bool = r.IntN(2) == 0
	case resp.Double:
		v.Str = []byte("1.5")
	default:
		v.Str = []byte("12")
	}
	return v
}

// A long reply reads, in pieces of any size and in any output, as it would be
// printed in one.
func TestALongReplyReadsAsAShortOneIsPrinted(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for round := range 60 {
		for output, option := range []string{"--no-raw", "--raw", "--csv", "--json", "--quoted-json"} {
			v := resp.Value{Kind: resp.Array, Elems: []resp.Value{
				anyReply(r, 3),
				{Kind: resp.Map, Elems: []resp.Value{anyReply(r, 2), anyReply(r, 2), anyReply(r, 0), anyReply(r, 3)}},
				{Kind: resp.BulkString, Str: bytes.Repeat([]byte("\xc3\xa9\n"), 24_000)}, // makes it long
			}}
			c := console.New("a", nil)
			c.Submit(option)
			c.Submit("keys *")
			c.Accept()
			for c.Running(); c.Busy(); {
				if name, _ := c.Running(); name != "keys" {
					c.Receive([]byte("+OK\r\n"))
					continue
				}
				c.Receive(wire(nil, v))
			}
			blocks, _ := c.Take()
			f := console.Formatter{Output: console.Output(output)}
			want := strings.TrimSuffix(string(f.Append(nil, v)), "\n")
			long := blocks[len(blocks)-1].Long
			if long == nil {
				t.Fatalf("%s: it is not long", option)
			}
			if got := readAll(long, 1+r.IntN(20), 1+r.IntN(2000)); got != want {
				t.Fatalf("round %d, %s: %q\nreads as\n%.3000q\nwant\n%.3000q", round, option, wire(nil, v)[:200], got, want)
			}
		}
	}
}

// What is asked for is what is read: so many elements, and no more.
func TestALongReplyIsReadElementByElement(t *testing.T) {
	c := console.New("a", nil)
	c.Submit("hgetall h")
	c.Accept()
	c.Receive(append([]byte("%20000\r\n"), bytes.Repeat([]byte("$1\r\nf\r\n$1\r\nv\r\n"), 20_000)...))
	for _, going := c.Reading(); going; _, going = c.Reading() {
		c.GoOn()
	}
	blocks, _ := c.Take()
	r := blocks[len(blocks)-1].Long.Read()
	if got := string(r.Append(nil, 2, 1<<20)); got != "    1# \"f\" => \"v\"\n    2# \"f\" => \"v\"" || r.Elements() != 2 {
		t.Errorf("%q, %d elements", got, r.Elements())
	}
	if got := string(r.Append(nil, 1, 1<<20)); got != "\n    3# \"f\" => \"v\"" || r.Elements() != 3 || r.Part() <= 0 || r.Part() > 0.01 {
		t.Errorf("%q, %d elements, %f of it", got, r.Elements(), r.Part())
	}
}

func TestPasswordsStayOutOfTheHistory(t *testing.T) {
	c := console.New("a", nil)
	for _, line := range []string{
		"auth secret", "AUTH user secret", "config set maxmemory 1 requirepass secret", "hello 3 auth u p", "2 acl setuser u >p",
		"config get requirepass", "get k",
	} {
		c.Submit(line)
		c.Accept()
		c.Receive([]byte("+OK\r\n"))
		c.Receive([]byte("+OK\r\n"))
	}
	if got := strings.Join(c.History().Lines(), "; "); got != "config get requirepass; get k" {
		t.Errorf("history: %s", got)
	}
}

func TestAPartOfAReplyIsKeptUntilTheRestComes(t *testing.T) {
	c := console.New("a", nil)
	c.Submit("get k")
	c.Accept()
	for _, piece := range []string{"$", "5\r", "\nhel", "lo\r", "\n"} {
		c.Receive([]byte(piece))
	}
	if blocks, _ := c.Take(); len(blocks) != 2 || blocks[1].Text != `"hello"` || c.Busy() {
		t.Errorf("%+v, busy %v", blocks, c.Busy())
	}
}

// Of every command of the engine, after any words: Tab offers only what makes a
// command line again, and keys where COMMAND GETKEYS would find them.
func TestTabKnowsEveryCommand(t *testing.T) {
	specs := slices.Concat(commands.Families()...)
	all := console.NewCommands(specs)
	for _, test := range []struct{ line, want string }{
		{"sort l BY w GET x STORE us", "sort l BY w GET x STORE user:1"},
		{"georadius g 1 1 1 m STORE us", "georadius g 1 1 1 m STORE user:1"},
		{"zunionstore d 2 a us", "zunionstore d 2 a user:1"},
		{"object encoding us", "object encoding user:1"},
		{"migrate h 1 us", "migrate h 1 user:1"},
		{"migrate h 1 \"\" 0 9 KEYS us", "migrate h 1 \"\" 0 9 KEYS user:1"},
		{"xgroup create us", "xgroup create user:1"},
		{"mset a us", ""},
		{"publish us", ""},
		{"client no-ev", "CLIENT NO-EVICT"},
		{"client kill TY", "client kill TYPE"},
		{"getex k PERS", "getex k PERSIST"},
	} {
		got := ""
		if offers := all.Complete(test.line, keys); len(offers) > 0 {
			got = offers[0].Line
		}
		if got != test.want {
			t.Errorf("%s: Tab makes it %q, want %q", test.line, got, test.want)
		}
	}
	words := []string{"", "2", "us", "STREAMS", "KEYS", "\"\"", "99999999999999999999", "-1", "STORE"}
	for _, s := range specs {
		for _, sub := range append(s.Subcommands, nil) {
			begin := s.Name
			if sub != nil {
				begin += " " + sub.Name
			}
			lines := []string{begin}
			for range 3 {
				var next []string
				for _, line := range lines {
					for _, w := range words {
						next = append(next, line+" "+w)
					}
				}
				for _, line := range next {
					for _, o := range all.Complete(line, keys) {
						if _, ok := console.Split(o.Line); !ok {
							t.Fatalf("%q becomes %q", line, o.Line)
						}
					}
				}
				lines = next[:min(len(next), 81)]
			}
		}
	}
}

// The hint goes on with what may come next, through options in any order, their
// values, blocks, and what may be repeated.
func TestHintsFollowTheLine(t *testing.T) {
	all := console.NewCommands(slices.Concat(commands.Families()...))
	for _, test := range []struct{ line, hint string }{
		{"zadd", " key [NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]"},
		{"zadd k ", "[NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]"},
		{"zadd k CH ", "[NX|XX] [GT|LT] [INCR] score member [score member ...]"},
		{"zadd k CH nx ", "[GT|LT] [INCR] score member [score member ...]"},
		{"zadd k 1 ", "member [score member ...]"},
		{"zadd k CH -inf ", "member [score member ...]"},
		{"zadd k 1 a", " [score member ...]"},
		{"zadd k 1 a 2 ", "member [score member ...]"},
		{"zadd k NX G", " [GT|LT] [CH] [INCR] score member [score member ...]"},
		{"5 incr ", "key"},
		{"5 incr n", " "},
		{"getex k ", "[EX seconds|PX milliseconds|EXAT unix-time-seconds|PXAT unix-time-milliseconds|PERSIST]"},
		{"getex k EX ", "seconds"},
		{"getex k EX 10", " "},
		{"getex k PERSIST", " "},
		{"xread ", "[COUNT count] [BLOCK milliseconds] STREAMS key [key ...] id [id ...]"},
		{"xread COUNT 2 ", "[BLOCK milliseconds] STREAMS key [key ...] id [id ...]"},
		{"xread BLOCK 0 COUNT ", "count STREAMS key [key ...] id [id ...]"},
		{"xread STREAMS ", "key [key ...] id [id ...]"},
		{"blpop a ", "[key ...] timeout"},
		{"mset a ", "value [key value ...]"},
		{"mset a 1 ", "[key value ...]"},
		{"mset a 1 b ", "value [key value ...]"},
		{"auth ", "[username] password"},
		{"auth a ", "password"},
		{"hello 3 AUTH ", "username password [SETNAME clientname]"},
		{"hello 3 AUTH me ", "password [SETNAME clientname]"},
		{"xpending k g ", "[[IDLE min-idle-time] start end count [consumer]]"},
		{"xpending k g IDLE 5 - ", "end count [consumer]"},
		{"xadd k ", "[NOMKSTREAM] [MAXLEN|MINID [=|~] threshold [LIMIT count]] *|id field value [field value ...]"},
		{"xadd k MAXLEN ~ ", "threshold [LIMIT count] [NOMKSTREAM] *|id field value [field value ...]"},
		{"xadd k MAXLEN 5 ", "[LIMIT count] [NOMKSTREAM] *|id field value [field value ...]"},
		{"xadd k * ", "field value [field value ...]"},
		{"xadd k * f ", "value [field value ...]"},
		{"sort l GET a ", "[GET pattern ...] [BY pattern] [LIMIT offset count] [ASC|DESC] [ALPHA] [STORE destination]"},
		{"sort l LIMIT 0 ", "count [BY pattern] [GET pattern [GET pattern ...]] [ASC|DESC] [ALPHA] [STORE destination]"},
		{"eval s 1 k ", "[key ...] [arg [arg ...]]"},
		{"sort l GET a ALPHA ", "[BY pattern] [LIMIT offset count] [GET pattern ...] [ASC|DESC] [STORE destination]"},
		{"zadd k what ", "[NX|XX] [GT|LT] [CH] [INCR] score member [score member ...]"}, // does not fit: as 7.0
	} {
		if got := all.Hint(test.line); got != test.hint {
			t.Errorf("%q is followed by %q, want %q", test.line, got, test.hint)
		}
	}
	for _, s := range slices.Concat(commands.Families()...) {
		for _, sub := range append(s.Subcommands, s) {
			name := s.Name
			if sub != s {
				name += " " + sub.Name
			}
			if got, want := all.Hint(name+" "), console.Params(sub.Arguments); got != want {
				t.Errorf("%s: %q, its syntax is %q", name, got, want)
			}
		}
	}
}

// Behind CONFIG GET and CONFIG SET Tab offers what the engine has told of its
// parameters: their names, and behind CONFIG SET NAME the values it can take, or
// the one it has. The hint says what it is now, but no password.
func TestTabKnowsParametersAndTheirValues(t *testing.T) {
	all := console.NewCommands(slices.Concat(commands.Families()...))
	lines := []struct{ line, offers, hint string }{
		{"config get maxmemory", "config get maxmemory, config get maxmemory-policy", " [parameter ...]"},
		{"CONFIG GET ", "CONFIG GET appendfsync, CONFIG GET appendonly, CONFIG GET maxmemory, CONFIG GET maxmemory-policy, CONFIG GET requirepass, CONFIG GET save", "parameter [parameter ...]"},
		{"config get maxmemory MAX", "config get maxmemory maxmemory-policy", " [parameter ...]"},
		{"config set app", "config set appendfsync, config set appendonly", " value [parameter value ...]"},
		{"3 config set appe", "3 config set appendfsync, 3 config set appendonly", " value [parameter value ...]"},
		{"config set appendonly", "config set appendonly", " value [parameter value ...]  (now no)"},
		{"config set appendonly ", "config set appendonly yes, config set appendonly no", "value [parameter value ...]  (now no)"},
		{"config set APPENDFSYNC ", "config set APPENDFSYNC everysec, config set APPENDFSYNC always, config set APPENDFSYNC no", "value [parameter value ...]  (now always)"},
		{"2 config set appendfsync E", "2 config set appendfsync everysec", " [parameter value ...]  (now always)"},
		{"config set maxmemory-policy all", "config set maxmemory-policy allkeys-lru, config set maxmemory-policy allkeys-lfu, config set maxmemory-policy allkeys-random", " [parameter value ...]  (now noeviction)"},
		{"config set maxmemory ", "config set maxmemory 100mb", "value [parameter value ...]  (now 100mb)"},
		{"config set maxmemory max", "", " [parameter value ...]  (now 100mb)"},
		{"config set maxmemory 1 ", "config set maxmemory 1 appendfsync, config set maxmemory 1 appendonly, config set maxmemory 1 maxmemory-policy, config set maxmemory 1 requirepass, config set maxmemory 1 save", "[parameter value ...]"},
		{"config set maxmemory 1 appendonly ", "config set maxmemory 1 appendonly yes, config set maxmemory 1 appendonly no", "value [parameter value ...]  (now no)"},
		{"config set save ", `config set save "3600 1 300 100"`, `value [parameter value ...]  (now "3600 1 300 100")`},
		{`config set save "36`, `config set save "3600 1 300 100"`, ""},
		{"config set requirepass ", "", "value [parameter value ...]"},
		{"config set nosuch ", "", "value [parameter value ...]"},
		{"config resetstat ", "", ""},
		{"config rewrite a", "", " "},
	}
	about := func(line string) bool {
		return strings.Contains(strings.ToLower(line), "config get ") || strings.Contains(strings.ToLower(line), "config set ")
	}
	for _, l := range lines {
		if got := all.LacksParameters(l.line); got != about(l.line) {
			t.Errorf("%q lacks parameters: %v", l.line, got)
		}
	}
	word := func(s string) resp.Value { return resp.Value{Kind: resp.BulkString, Str: []byte(s)} }
	if all.Learn(resp.Value{Kind: resp.SimpleError, Str: []byte("NOPERM")}) || !all.LacksParameters("config get ") {
		t.Error("an error tells parameters")
	}
	if !all.Learn(resp.Value{Kind: resp.Array, Elems: []resp.Value{
		word("maxmemory-policy"), word("noeviction"), word("appendfsync"), word("always"), word("maxmemory"), word("100mb"),
		word("save"), word("3600 1 300 100"), word("requirepass"), word("secret"), word("appendonly"), word("no"),
	}}) {
		t.Error("the answer has not been understood")
	}
	for _, l := range lines {
		var got []string
		for _, o := range all.Complete(l.line, keys) {
			got = append(got, o.Line)
		}
		if strings.Join(got, ", ") != l.offers || all.LacksParameters(l.line) || all.AboutParameters(l.line) != about(l.line) {
			t.Errorf("%q: %q, want %q", l.line, got, l.offers)
		}
		if got := all.Hint(l.line); got != l.hint {
			t.Errorf("%q has the hint %q, want %q", l.line, got, l.hint)
		}
	}
}

// The values that Tab offers for each parameter are those that the engine names
// when it refuses another, in its order.
func TestTheValuesOfParametersAreTheEngines(t *testing.T) {
	all := console.NewCommands(slices.Concat(commands.Families()...))
	c := config.New()
	var told resp.Value
	for _, pair := range c.Get([]string{"*"}) {
		for _, s := range pair {
			told.Elems = append(told.Elems, resp.Value{Kind: resp.BulkString, Str: []byte(s)})
		}
	}
	all.Learn(told)
	counted := 0
	for _, pair := range c.Get([]string{"*"}) {
		name := pair[0]
		if p, _ := config.Lookup(name); p.Immutable || name == "requirepass" || name == "masterauth" {
			continue
		}
		var got []string
		for _, o := range all.Complete("config set "+name+" ", nil) {
			args, _ := console.Split(o.Line)
			got = append(got, string(args[3]))
		}
		want := []string{pair[1]}
		if err := c.Set([][2]string{{name, "no such thing"}}); err != nil {
			_, list, enumerated := strings.Cut(err.Error(), "must be one of the following: ")
			switch {
			case enumerated:
				want = strings.Split(list, ", ")
			case strings.Contains(err.Error(), "must be 'yes' or 'no'"):
				want = []string{"yes", "no"}
			}
		}
		if len(want) > 1 {
			counted++
		}
		if !slices.Equal(got, want) {
			t.Errorf("config set %s: Tab offers %q, the engine takes %q", name, got, want)
		}
	}
	if counted < 40 {
		t.Errorf("only %d parameters have values that can be counted", counted)
	}
}

// What the splitter takes apart, quoted again, comes apart the same way.
func FuzzSplit(f *testing.F) {
	for _, s := range []string{`set k "a b\x00\n"`, `'it\'s' "x"y`, "a\tb\v\fc", `"\xzz\`, "\x00", `""''`} {
		f.Add(s)
	}
	commands := console.NewCommands(rows())
	f.Fuzz(func(t *testing.T, line string) {
		commands.Hint(line)
		for _, o := range commands.Complete(line, keys) {
			if _, ok := console.Split(o.Line); !ok {
				t.Errorf("Tab makes %q into %q, which is no command line", line, o.Line)
			}
		}
		commands.Doc(line)
		args, ok := console.Split(line)
		if !ok {
			return
		}
		var quoted []byte
		for _, a := range args {
			quoted = append(console.AppendQuoted(quoted, a), ' ')
		}
		again, ok := console.Split(string(quoted))
		if !ok || len(again) != len(args) {
			t.Fatalf("%q: %q is split into %q", line, quoted, again)
		}
		for i := range args {
			if !bytes.Equal(args[i], again[i]) {
				t.Fatalf("%q: argument %d: %q, quoted and split %q", line, i, args[i], again[i])
			}
		}
	})
}

// No bytes from the wire and no line, in any order, make the console panic.
func FuzzConsole(f *testing.F) {
	f.Add([]byte("*1\r\n$3\r\nfoo\r\n"), "subscribe a b", true)
	f.Add([]byte(">3\r\n$9\r\nsubscribe\r\n$1\r\na\r\n:1\r\n"), "3 multi", false)
	f.Add([]byte("%1\r\n+a\r\n*0\r\n|1\r\n+a\r\n:1\r\n"), "exec", true)
	f.Fuzz(func(t *testing.T, wire []byte, line string, closed bool) {
		c := console.New("a", console.NewCommands(rows()))
		c.Submit("select 2")
		c.Accept()
		c.Receive([]byte("+OK\r\n"))
		c.Submit(line)
		c.Receive(wire)
		if closed {
			c.Closed()
		}
		c.Submit(line)
		if _, effect := c.Take(); effect.Connect {
			c.Accept()
		}
		c.Receive(wire)
		c.Interrupt()
		c.Receive(wire)
		_ = c.Prompt()
	})
}
