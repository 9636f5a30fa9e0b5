package server

import (
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/number"
	"everysec/engine/object"
	"everysec/engine/rdb"
)

// DEBUG. What would only hurt the process, or looks at structures that the
// engine does not have, is refused by name.

var debugCommands = []*command.Spec{
	{
		Name:          "debug",
		Group:         command.GroupServer,
		Since:         "1.0.0",
		Complexity:    "That of the subcommand",
		Summary:       "Looks at and pokes the server's inside",
		Arity:         -2,
		Flags:         command.Admin | command.NoScript | command.Loading | command.Stale | command.Protected,
		SystemCommand: true,
		Run:           runDebug,
	},
}

// debugSubcommands says how many words each takes, DEBUG included; most 0
// means any number.
var debugSubcommands = []struct {
	name        string
	least, most int
	run         func(c *command.Context)
}{
	{"CHANGE-REPL-ID", 2, 2, runDebugChangeReplicationID},
	{"CLIENT-EVICTION", 2, 2, runDebugClientEviction},
	{"CLUSTERLINK", 5, 5, runDebugClusterLink},
	{"CRASH-REPORT", 2, 0, runDebugCrashReport},
	{"DIGEST", 2, 2, runDebugDigest},
	{"DIGEST-VALUE", 2, 0, runDebugDigestValue},
	{"DROP-CLUSTER-PACKET-FILTER", 3, 3, runDebugDropPackets},
	{"ERROR", 3, 3, runDebugError},
	{"HELP", 2, 2, runDebugHelp},
	{"HTSTATS", 3, 3, runDebugHTStats},
	{"HTSTATS-KEY", 3, 3, runDebugHTStatsKey},
	{"LISTPACK", 3, 3, runDebugListpack},
	{"LOADAOF", 2, 2, runDebugLoadAOF},
	{"LOG", 3, 3, runDebugLog},
	{"OBJECT", 3, 3, runDebugObject},
	{"PAUSE-CRON", 3, 3, runDebugPauseCron},
	{"POPULATE", 3, 5, runDebugPopulate},
	{"PROTOCOL", 3, 3, runDebugProtocol},
	{"QUICKLIST", 3, 4, runDebugQuicklist},
	{"QUICKLIST-PACKED-THRESHOLD", 3, 3, runDebugPackedThreshold},
	{"RELOAD", 2, 0, runDebugReload},
	{"REPLICATE", 3, 0, runDebugReplicate},
	{"REPLYBUFFER", 4, 4, runDebugReplyBuffer},
	{"SDSLEN", 3, 3, runDebugSDSLen},
	{"SET-ACTIVE-EXPIRE", 3, 3, runDebugSetActiveExpire},
	{"SET-SKIP-CHECKSUM-VALIDATION", 3, 3, runDebugSkipChecksums},
	{"SLEEP", 3, 3, runDebugSleep},
	{"STRINGMATCH-TEST", 2, 2, runDebugStringMatch},
	{"STRUCTSIZE", 2, 2, runDebugStructSize},
}

func runDebug(c *command.Context) {
	name := strings.ToUpper(string(c.Args[1]))
	for _, sub := range debugSubcommands {
		if sub.name == name && len(c.Args) >= sub.least && (sub.most == 0 || len(c.Args) <= sub.most) {
			sub.run(c)
			return
		}
	}
	if problem, is := refusedDebug(name); is {
		c.Reply.Error(problem)
		return
	}
	c.ReplySubcommandError()
}

func runDebugDigest(c *command.Context) {
	sum := datasetDigest(c.Space)
	c.Reply.SimpleString(sum.hexadecimal())
}

func runDebugDigestValue(c *command.Context) {
	c.Reply.Array(len(c.Args) - 2)
	for _, key := range c.Args[2:] {
		var d digest
		if e := c.DB.Peek(key); e != nil && !c.Space.Expired(e) {
			d.value(c.Objects(), e)
		}
		c.Reply.SimpleString(d.hexadecimal())
	}
}

func runDebugChangeReplicationID(c *command.Context) {
	c.Server.ChangeReplicationID()
	c.Reply.OK()
}

func runDebugLog(c *command.Context) {
	c.Server.Log("DEBUG LOG: " + string(c.Args[2]))
	c.Reply.OK()
}

func runDebugPauseCron(c *command.Context) {
	n, _ := strconv.Atoi(string(c.Args[2])) // what is no number is 0, as atoi says
	c.Server.PauseCron(n != 0)
	c.Reply.OK()
}

// runDebugReplicate propagates a command that is not run.
func runDebugReplicate(c *command.Context) {
	c.PropagateAs(c.Args[2:]...)
	c.Reply.OK()
}

// runDebugHTStats describes the hash table of a database's keys. Keys with an
// expiry are in a list of their own here.
func runDebugHTStats(c *command.Context) {
	id, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	if id < 0 || id >= int64(len(c.Space.DBs)) {
		c.Reply.Error("ERR Out of range database")
		return
	}
	db := c.Space.DBs[id]
	text := "[Dictionary HT]\n" + tableStats(db.Keys)
	text += "[Expires HT]\n"
	if n := db.Volatile(); n > 0 {
		text += " number of elements: " + strconv.Itoa(n) + "\n"
	} else {
		text += "No stats available for empty dictionaries\n"
	}
	c.Reply.Verbatim("txt", text)
}

func chains(lengths []int, used int) string {
	var counts []int
	for _, n := range lengths {
		for len(counts) <= n {
			counts = append(counts, 0)
		}
		counts[n]++
	}
	slots := len(lengths) - counts[0]
	mean := func(n int) string { return strconv.FormatFloat(float64(used)/float64(n), 'f', 2, 64) }
	text := " table size: " + strconv.Itoa(len(lengths)) + "\n number of elements: " + strconv.Itoa(used) +
		"\n different slots: " + strconv.Itoa(slots) + "\n max chain length: " + strconv.Itoa(len(counts)-1) +
		"\n avg chain length (counted): " + mean(slots) + "\n avg chain length (computed): " + mean(slots) +
		"\n Chain length distribution:\n"
	for length, n := range counts {
		if n > 0 {
			share := strconv.FormatFloat(float64(n)*100/float64(len(lengths)), 'f', 2, 64)
			text += "   " + strconv.Itoa(length) + ": " + strconv.Itoa(n) + " (" + share + "%)\n"
		}
	}
	return text
}

func runDebugError(c *command.Context) { c.Reply.Error(string(c.Args[2])) }

func runDebugLoadAOF(c *command.Context) { c.Server.LoadAOF(c) }

func runDebugReload(c *command.Context) {
	var flags command.ReloadFlags
	for _, arg := range c.Args[2:] {
		switch {
		case command.Is(arg, "NOSAVE"):
			flags.NoSave = true
		case command.Is(arg, "NOFLUSH"):
			flags.NoFlush = true
		case command.Is(arg, "MERGE"):
			flags.Merge = true
		default:
			c.Reply.Error("ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options.")
			return
		}
	}
	c.Server.Reload(c, flags)
}

func runDebugSetActiveExpire(c *command.Context) {
	n, _ := strconv.Atoi(string(c.Args[2]))
	c.Server.SetActiveExpire(n != 0)
	c.Reply.OK()
}

// runDebugSleep holds the one thread. What is no number is 0, as strtod says.
func runDebugSleep(c *command.Context) {
	seconds, _ := number.Strtod(c.Args[2])
	// A year is enough, and keeps the sum within 64 bits.
	if microseconds := int64(min(seconds, 365*24*3600) * 1e6); microseconds > 0 {
		c.Server.HoldUntil(c.Server.Now() + microseconds)
	}
	c.Reply.OK()
}

func runDebugObject(c *command.Context) {
	e := c.DB.Peek(c.Args[2])
	if e == nil {
		c.Reply.Error(command.ErrNoSuchKey)
		return
	}
	store, v := c.Objects(), &e.Value
	// DUMP's form without its type byte, version and checksum.
	serialized := len(rdb.Dump(nil, store, v)) - 1 - 2 - 8
	b := append([]byte(nil), "Value at:0x"...)
	b = strconv.AppendUint(b, uint64(c.DB.Keys.Find(c.Args[2])), 16)
	b = append(b, " refcount:1 encoding:"+v.Encoding.String()...)
	number := func(name string, n int64) {
		b = append(b, " "+name+":"...)
		b = strconv.AppendInt(b, n, 10)
	}
	number("serializedlength", int64(serialized))
	number("lru", int64(v.Clock))
	number("lru_seconds_idle", c.Space.IdleSeconds(e))
	if v.Encoding == object.QuickList {
		list := store.List(v)
		size := 0
		for _, packed := range list.Nodes() {
			size += len(packed)
		}
		number("ql_nodes", int64(list.NodeCount()))
		b = append(b, " ql_avg_node:"...)
		b = strconv.AppendFloat(b, float64(list.Len())/float64(list.NodeCount()), 'f', 2, 64)
		number("ql_listpack_max", int64(store.Limits.ListMaxListpackSize))
		number("ql_compressed", 0)
		number("ql_uncompressed_size", int64(size))
	}
	c.Reply.SimpleString(string(b))
}

// runDebugPopulate fills the database with strings that nothing propagates.
func runDebugPopulate(c *command.Context) {
	count, ok := positive(c, c.Args[2])
	if !ok {
		return
	}
	prefix, size := "key", int64(0)
	if len(c.Args) >= 4 {
		prefix = string(c.Args[3])
	}
	if len(c.Args) == 5 {
		if size, ok = positive(c, c.Args[4]); !ok {
			return
		}
		if size > c.Config.ProtoMaxBulkLen {
			c.Reply.Error(command.ErrStringTooLong)
			return
		}
	}
	var key, value []byte
	for i := range count {
		key = strconv.AppendInt(append(append(key[:0], prefix...), ':'), i, 10)
		if c.DB.LookupWrite(key) != nil {
			continue
		}
		value = strconv.AppendInt(append(value[:0], "value:"...), i, 10)
		if size > 0 {
			fixed := make([]byte, size)
			copy(fixed, value)
			value = fixed
		}
		e := c.DB.Add(key, c.Objects().NewEmbedded(value))
		c.DB.Modified(key, e)
	}
	c.Reply.OK()
}

func positive(c *command.Context, arg []byte) (int64, bool) {
	n, ok := number.ParseInt(arg)
	if !ok || n < 0 {
		c.Reply.Error(command.ErrMustBePositive)
		return 0, false
	}
	return n, true
}

// runDebugProtocol sends one reply of each kind, for testing clients.
func runDebugProtocol(c *command.Context) {
	w := c.Reply
	three := func() {
		for i := range int64(3) {
			w.Int(i)
		}
	}
	switch kind := strings.ToLower(string(c.Args[2])); kind {
	case "string":
		w.BulkString("Hello World")
	case "integer":
		w.Int(12345)
	case "double":
		w.Double(3.141)
	case "bignum":
		w.BigNumber("1234567999999999999999999999999999999")
	case "null":
		w.Null()
	case "array":
		w.Array(3)
		three()
	case "set":
		w.Set(3)
		three()
	case "map":
		w.Map(3)
		for i := range int64(3) {
			w.Int(i)
			w.Bool(i == 1)
		}
	case "attrib":
		if w.Attribute(1) {
			w.BulkString("key-popularity")
			w.Array(2)
			w.BulkString("key:123")
			w.Int(90)
		}
		w.BulkString("Some real reply following the attribute")
	case "push":
		if w.Protocol < 3 {
			w.Error("ERR RESP2 is not supported by this command")
			return
		}
		w.Push(2)
		w.BulkString("server-cpu-usage")
		w.Int(42)
		w.BulkString("Some real reply following the push reply")
	case "verbatim":
		w.Verbatim("txt", "This is a verbatim\nstring")
	case "true", "false":
		w.Bool(kind == "true")
	default:
		w.Error("ERR Wrong protocol type name. Please use one of the following: " +
			"string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false")
	}
}

func runDebugHelp(c *command.Context) {
	c.ReplyHelp(
		"CHANGE-REPL-ID",
		"    Take another replication id.",
		"CRASH-REPORT [COUNT <count>] [LOST|SURVIVED]",
		"    What became of each write when the server before this one died: the newest 10,",
		"    or so many (-1: all that are known).",
		"DIGEST",
		"    A number that is the same for the same data, whatever its encoding.",
		"DIGEST-VALUE <key> [<key> ...]",
		"    The same for single values.",
		"ERROR <string>",
		"    Reply with this error.",
		"HTSTATS <dbid>",
		"    Describe the hash table of a database.",
		"HTSTATS-KEY <key>",
		"    The same for the hash table of a hash, set or sorted set.",
		"LISTPACK <key>",
		"    Write what a listpack is made of to the log.",
		"LOADAOF",
		"    Write the append-only file out and load the data from it.",
		"LOG <message>",
		"    Write a message to the log.",
		"OBJECT <key>",
		"    Show how a value is kept.",
		"PAUSE-CRON (0|1)",
		"    Stop what the server does by itself from time to time.",
		"POPULATE <count> [<prefix>] [<size>]",
		"    Add that many strings named <prefix>:<number>, of a fixed size if given.",
		"PROTOCOL <type>",
		"    Reply with a value of that type.",
		"QUICKLIST <key> [0|1]",
		"    Write what a quicklist is made of to the log.",
		"QUICKLIST-PACKED-THRESHOLD <size>",
		"    From this size on elements of lists have a node of their own; 0: from 1 GB.",
		"RELOAD [MERGE] [NOFLUSH] [NOSAVE]",
		"    Save the data and load it again. With MERGE keys that exist are replaced,",
		"    with NOFLUSH the data is kept, with NOSAVE the file is loaded as it is.",
		"REPLICATE <command> [<arg> ...]",
		"    Send a command to the append-only file without running it.",
		"REPLYBUFFER (RESIZING|PEAK-RESET-TIME) <value>",
		"    Whether buffers of replies are resized; when their peak is forgotten (ms, NEVER, RESET).",
		"SDSLEN <key>",
		"    Show the lengths of a key and its string.",
		"SET-ACTIVE-EXPIRE (0|1)",
		"    Switch off the search for expired keys: they go only when they are met.",
		"SET-SKIP-CHECKSUM-VALIDATION (0|1)",
		"    Believe files and payloads of RESTORE whose checksum is wrong.",
		"SLEEP <seconds>",
		"    Hold the one thread.",
		"STRINGMATCH-TEST",
		"    Match patterns of chance.",
		"STRUCTSIZE",
		"    The sizes of Redis's structures, which MEMORY USAGE goes by.",
	)
}
