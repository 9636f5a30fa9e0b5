package lua

import (
	"strconv"
	"strings"
)

func (s *state) openRedis() {
	tb := s.newTable(0, 0)
	add := func(list ...libFunc) { s.library(tb, list) }
	add(libFunc{"call", func(t *thread, args []value) []value { return t.redisCall(args, true) }},
		libFunc{"pcall", func(t *thread, args []value) []value { return t.redisCall(args, false) }},
		libFunc{"log", redisLog})
	s.redisConstants(tb)
	add(libFunc{"setresp", redisSetresp},
		libFunc{"sha1hex", redisSHA1Hex},
		libFunc{"error_reply", redisErrorReply},
		libFunc{"status_reply", redisStatusReply},
		libFunc{"set_repl", redisSetRepl})
	for i, name := range []string{"REPL_NONE", "REPL_AOF", "REPL_SLAVE", "REPL_REPLICA", "REPL_ALL"} {
		tb.setField(name, integer([]int{0, 1, 2, 2, 3}[i]))
	}
	add(libFunc{"acl_check_cmd", redisACLCheckCmd})
	if !s.options.functions {
		add(libFunc{"replicate_commands", func(t *thread, _ []value) []value { return t.one(trueValue) }},
			libFunc{"breakpoint", func(t *thread, _ []value) []value { return t.one(falseValue) }},
			libFunc{"debug", func(*thread, []value) []value { return nil }})
	}
	s.globals.setField("redis", value{o: tb})
}

// redisConstants are what redis.log and the curious read.
func (s *state) redisConstants(tb *table) {
	for i, name := range []string{"LOG_DEBUG", "LOG_VERBOSE", "LOG_NOTICE", "LOG_WARNING"} {
		tb.setField(name, integer(i))
	}
	tb.setField("REDIS_VERSION_NUM", integer(versionNumber(s.options.Version)))
	tb.setField("REDIS_VERSION", stringValue(s.options.Version))
}

func versionNumber(version string) int {
	n := 0
	for _, part := range strings.SplitN(version, ".", 3) {
		i, _ := strconv.Atoi(part)
		n = n<<8 | i
	}
	return n
}

// protect makes the globals and all they reach readonly, and unknown globals
// an error.
func (s *state) protect() {
	if s.options.functions {
		s.globals.meta = s.strictMeta()
		s.makeReadonly(s.globals, s.stringMeta)
		return
	}
	s.globals.setFunc("__redis__err__handler", func(t *thread, args []value) []value {
		v := arg(args, 1)
		if _, ok := v.o.(*table); !ok {
			text, _ := t.tostring(v).toStr()
			v = t.errorTable("ERR " + text)
		}
		return t.one(v)
	}, s)
	s.globals.meta = s.strictMeta()
	// Both are in place before the first run, for their slots.
	s.globals.setField("KEYS", value{o: s.newTable(0, 0)})
	s.globals.setField("ARGV", value{o: s.newTable(0, 0)})
	s.makeReadonly(s.globals, s.stringMeta)
}

// strictMeta is the metatable of tables in which every field must exist.
func (s *state) strictMeta() *table {
	meta := s.newTable(0, 0)
	meta.setFunc("__index", func(t *thread, args []value) []value {
		if len(args) != 2 {
			t.fault("Wrong number of arguments to luaProtectedTableError")
		}
		name, ok := args[1].toStr()
		if !ok {
			t.fault("Second argument to luaProtectedTableError must be a string or number")
		}
		t.fault("Script attempted to access nonexistent global variable '" + cString(name) + "'")
		return nil
	}, s)
	return meta
}

// makeReadonly protects tables and all that they reach.
func (s *state) makeReadonly(work ...*table) {
	for len(work) > 0 {
		tb := work[len(work)-1]
		work = work[:len(work)-1]
		if tb.readonly {
			continue
		}
		tb.readonly = true
		for i := 0; ; {
			_, v, next, more := tb.at(i)
			if !more {
				break
			}
			if sub, ok := v.o.(*table); ok {
				work = append(work, sub)
			}
			i = next
		}
		if tb.meta != nil {
			work = append(work, tb.meta)
		}
	}
}

// raise throws an error table, as redis.call and its relatives do.
func (t *thread) raise(message string) {
	t.throw(t.errorTable("ERR " + message))
}

// command collects the arguments of redis.call. The bytes are good until the
// next command; problem is what is wrong with them.
func (t *thread) command(args []value) (argv [][]byte, problem string) {
	if len(args) == 0 {
		return nil, "Please specify at least one argument for this redis lib call"
	}
	s := t.s
	buf, argv := s.argBytes[:0], s.argv[:0]
	ends := s.argEnds[:0]
	for _, v := range args {
		switch x := v.o.(type) {
		case *str:
			t.checkSize(len(buf) + len(x.s))
			s.spend(t, len(x.s)>>8)
			buf = append(buf, x.s...)
		case numberTag:
			buf = appendG(buf, v.n, 17, false)
		default:
			return nil, "Lua redis lib command arguments must be strings or integers"
		}
		ends = append(ends, len(buf))
	}
	from := 0
	for _, end := range ends {
		argv = append(argv, buf[from:end:end])
		from = end
	}
	if cap(buf) < 1<<20 { // keep small ones for the next command
		s.argBytes = buf
	}
	s.argv, s.argEnds = argv, ends
	return argv, ""
}

func (t *thread) redisCall(args []value, raise bool) []value {
	if t.s.host == nil {
		t.raise("redis.call/pcall can only be called inside a script invocation")
	}
	argv, problem := t.command(args)
	if problem != "" {
		v := t.errorTable("ERR " + problem)
		if raise {
			t.throw(v)
		}
		return t.one(v)
	}
	reply := t.s.host.Call(argv)
	t.s.spend(t, 10+len(reply)>>6)
	r := replyReader{t: t, b: reply}
	v := r.value()
	if raise && len(reply) > 0 && (reply[0] == '-' || reply[0] == '!') {
		t.throw(v)
	}
	return t.one(v)
}

func redisLog(t *thread, args []value) []value {
	if len(args) < 2 {
		t.raise("redis.log() requires two arguments or more.")
	}
	n, ok := args[0].toNumber()
	if !ok {
		t.raise("First argument must be a number (log level).")
	}
	level := toInt32(n)
	if level < 0 || level > 3 {
		t.raise("Invalid debug level.")
	}
	var sBuf strings.Builder
	for i, v := range args[1:] {
		if text, ok := v.toStr(); ok {
			if i > 0 {
				sBuf.WriteByte(' ')
			}
			t.checkSize(sBuf.Len() + len(text))
			t.s.spend(t, len(text)>>6)
			sBuf.WriteString(text)
		}
	}
	if t.s.host != nil {
		t.s.host.Log(level, sBuf.String())
	}
	return nil
}

func redisSetresp(t *thread, args []value) []value {
	if len(args) != 1 {
		t.raise("redis.setresp() requires one argument.")
	}
	n, _ := args[0].toNumber()
	p := toInt32(n)
	if p != 2 && p != 3 {
		t.raise("RESP version must be 2 or 3.")
	}
	t.s.protocol = p
	if t.s.host != nil {
		t.s.host.SetProtocol(p)
	}
	return nil
}

func redisSHA1Hex(t *thread, args []value) []value {
	if len(args) != 1 {
		t.raise("wrong number of arguments")
	}
	text, _ := args[0].toStr()
	t.s.spend(t, len(text)>>4)
	return t.one(stringValue(SHA1Hex([]byte(text))))
}

func redisErrorReply(t *thread, args []value) []value {
	text, ok := arg(args, 1).o.(*str)
	if len(args) != 1 || !ok {
		return t.one(t.errorTable("ERR wrong number or type of arguments"))
	}
	t.s.charge(t, len(text.s))
	wire := cString(text.s)
	if !strings.HasPrefix(wire, "-") {
		wire = "-" + wire
	}
	return t.one(t.errorTable(errorText(wire)))
}

func redisStatusReply(t *thread, args []value) []value {
	if len(args) != 1 || !args[0].isString() {
		return t.one(t.errorTable("ERR wrong number or type of arguments"))
	}
	tb := t.s.newTable(0, 0)
	tb.setField("ok", args[0])
	return t.one(value{o: tb})
}

func redisSetRepl(t *thread, args []value) []value {
	if len(args) != 1 {
		t.raise("redis.set_repl() requires two arguments.")
	}
	n, _ := args[0].toNumber()
	flags := toInt32(n)
	if flags&^3 != 0 {
		t.raise("Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE.")
	}
	if t.s.host != nil {
		t.s.host.SetReplication(flags)
	}
	return nil
}

func redisACLCheckCmd(t *thread, args []value) []value {
	argv, problem := t.command(args)
	if problem != "" {
		t.raise(problem)
	}
	if t.s.host == nil {
		t.raise("redis.acl_check_cmd can only be called inside a script invocation")
	}
	allowed, known := t.s.host.MayRun(argv)
	if !known {
		t.raise("Invalid command passed to redis.acl_check_cmd()")
	}
	return t.one(boolean(allowed))
}
