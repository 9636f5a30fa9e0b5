package server

import (
	"strconv"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/arena"
	"everysec/engine/ds/dict"
	"everysec/engine/glob"
	"everysec/engine/object"
)

// What DEBUG shows of the inside of values, and the switches that tests of a
// real server need.

// debugRefused are the subcommands of a real server that are not here, with
// the reason.
var debugRefused = []struct{ name, reason string }{
	{"AOF-FLUSH-SLEEP", "a write to the append-only file goes to the page cache and takes no time here"},
	{"ASSERT", "it would end the server, and all the page would learn is that it has"},
	{"CONFIG-REWRITE-FORCE-ALL", "CONFIG REWRITE writes what is not the default; CONFIG GET * tells the rest"},
	{"CRASH-AND-RECOVER", "the host starts a server, and can crash it"},
	{"LEAK", "memory that nobody gives back would be lost to the page"},
	{"MALLCTL", "the allocator is not jemalloc"},
	{"MALLCTL-STR", "the allocator is not jemalloc"},
	{"OOM", "it would end the server, and all the page would learn is that it has"},
	{"PANIC", "it would end the server, and all the page would learn is that it has"},
	{"RESTART", "the host starts a server, and can crash it"},
	{"SEGFAULT", "it would end the server, and all the page would learn is that it has"},
	{"SET-DISABLE-DENY-SCRIPTS", "a script may never run what would hold or end the server"},
}

// debugged is the key that a subcommand looks into, without any effect on it;
// nil: the error has been sent.
func debugged(c *command.Context) *object.Value {
	e := c.DB.Lookup(c.Args[2], true)
	if e == nil {
		c.Reply.Error(command.ErrNoSuchKey)
		return nil
	}
	return &e.Value
}

func runDebugHTStatsKey(c *command.Context) {
	v := debugged(c)
	if v == nil {
		return
	}
	d := c.Objects().Dict(v)
	if d == nil {
		c.Reply.Error("ERR The value stored at the specified key is not represented using an hash table")
		return
	}
	c.Reply.Verbatim("txt", tableStats(d))
}

// tableStats describes a hash table and the one it is being moved to.
func tableStats(d *dict.Dict) string {
	if d.Len() == 0 {
		return "No stats available for empty dictionaries\n"
	}
	text, shape := "", d.Shape()
	for i, title := range []string{"main hash table", "rehashing target"} {
		if shape.Used[i] > 0 {
			text += "Hash table " + strconv.Itoa(i) + " stats (" + title + "):\n" + chains(d.ChainLengths(i, 0, shape.Size[i]), shape.Used[i])
		}
	}
	return text
}

// A real server prints these to its terminal; here they go to the log.

func runDebugListpack(c *command.Context) {
	v := debugged(c)
	switch {
	case v == nil:
	case v.Encoding != object.ListPack:
		c.Reply.Error("ERR Not a listpack encoded object.")
	default:
		c.Server.Log("listpack of " + string(c.Args[2]) + ": " + itoa(c.Objects().Len(v)) + " elements, " + itoa(c.Objects().PackedLen(v)) + " bytes")
		c.Reply.SimpleString("Listpack structure printed on stdout")
	}
}

func runDebugQuicklist(c *command.Context) {
	v := debugged(c)
	switch {
	case v == nil:
	case v.Encoding != object.QuickList:
		c.Reply.Error("ERR Not a quicklist encoded object.")
	default:
		list := c.Objects().List(v)
		text := "quicklist of " + string(c.Args[2]) + ": " + itoa(list.Len()) + " elements in " + itoa(list.NodeCount()) + " nodes"
		if len(c.Args) == 4 && string(c.Args[3]) != "0" {
			nodes := 0
			for container, data := range list.Nodes() {
				if nodes++; nodes > 100 {
					text += "; and more"
					break
				}
				text += "; container " + itoa(int(container)) + ", " + itoa(len(data)) + " bytes"
			}
		}
		c.Server.Log(text)
		c.Reply.SimpleString("Quicklist structure printed on stdout")
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// runDebugPackedThreshold makes elements of that size have nodes of their own,
// in all lists.
func runDebugPackedThreshold(c *command.Context) {
	n, ok := config.ParseMemory(string(c.Args[2]))
	if !ok || n > 1<<32-1<<20 {
		c.Reply.Error("ERR argument must be a memory value bigger than 1 and smaller than 4gb")
		return
	}
	store := c.Objects()
	store.SetPlainFrom(int(n))
	for _, db := range c.Space.DBs {
		for node := range db.Keys.All() {
			if v := &db.EntryOf(node).Value; v.Encoding == object.QuickList {
				store.List(v).SetPlainFrom(store.PlainFrom())
			}
		}
	}
	c.Reply.OK()
}

func runDebugReplyBuffer(c *command.Context) {
	resize, forget := c.Server.ReplyBuffers()
	switch {
	case command.Is(c.Args[2], "RESIZING"):
		n, _ := strconv.Atoi(string(c.Args[3])) // what is no number is 0, as atoi says
		*resize = n != 0
	case !command.Is(c.Args[2], "PEAK-RESET-TIME"):
		c.ReplySubcommandError()
		return
	case command.Is(c.Args[3], "NEVER"):
		*forget = -1
	case command.Is(c.Args[3], "RESET"):
		*forget = command.ForgetReplyPeak
	default:
		n, ok := c.Int(c.Args[3])
		if !ok {
			return
		}
		*forget = n
	}
	c.Reply.OK()
}

func runDebugStructSize(c *command.Context) {
	c.Reply.BulkString("bits:64 robj:16 dictentry:24 sdshdr5:1 sdshdr8:3 sdshdr16:5 sdshdr32:9 sdshdr64:17 ")
}

func runDebugClientEviction(c *command.Context) {
	if limit, _ := c.Config.Value("maxmemory-clients"); limit == "0" {
		c.Reply.Error("ERR maxmemory-clients is disabled.")
		return
	}
	c.Reply.Error("ERR DEBUG CLIENT-EVICTION is not supported by this server: there are no pools of clients, CLIENT LIST tells what each of them takes")
}

func runDebugSkipChecksums(c *command.Context) {
	n, _ := strconv.Atoi(string(c.Args[2])) // what is no number is 0
	c.Objects().SkipChecksums = n != 0
	c.Reply.OK()
}

func runDebugClusterLink(c *command.Context) {
	c.Reply.Error("ERR Debug option only available for cluster mode enabled setup!")
}

// runDebugDropPackets has no packets to drop.
func runDebugDropPackets(c *command.Context) { c.Reply.OK() }

// runDebugStringMatch lets chance make patterns and texts: it is enough that
// matching them ends.
func runDebugStringMatch(c *command.Context) {
	const tries, letters = 20000, "ab*?[]^-\\"
	word := func() []byte {
		b := make([]byte, c.Random.IntN(32))
		for i := range b {
			b[i] = letters[c.Random.IntN(len(letters))]
		}
		return b
	}
	for range tries {
		glob.Match(word(), word(), false)
	}
	c.Reply.SimpleString("Apparently Redis did not crash: test passed")
}

func runDebugSDSLen(c *command.Context) {
	e := c.DB.Peek(c.Args[2])
	switch {
	case e == nil:
		c.Reply.Error(command.ErrNoSuchKey)
		return
	case e.Value.Encoding != object.Raw && e.Value.Encoding != object.EmbStr:
		c.Reply.Error("ERR Not an sds encoded string.")
		return
	}
	var b []byte
	describe := func(name string, length int, allocated int64) {
		b = strconv.AppendInt(append(b, name+"_sds_len:"...), int64(length), 10)
		b = append(b, ", "+name+"_sds_avail:0, "+name+"_zmalloc: "...)
		b = strconv.AppendInt(b, allocated, 10)
	}
	length := c.Objects().StringLen(&e.Value)
	value := arena.RedisString(length)
	if e.Value.Encoding == object.EmbStr {
		const header = 16 + 3 // of the object and of the string in it
		value = arena.RedisBlock(header+length+1) - 16
	}
	describe("key", len(c.Args[2]), arena.RedisString(len(c.Args[2])))
	b = append(b, ", "...)
	describe("val", length, value)
	c.Reply.SimpleString(string(b))
}

// refusedDebug says why a subcommand of a real server is not here.
func refusedDebug(name string) (problem string, is bool) {
	for _, r := range debugRefused {
		if r.name == name {
			return "ERR DEBUG " + name + " is not supported by this server: " + r.reason, true
		}
	}
	return "", false
}
