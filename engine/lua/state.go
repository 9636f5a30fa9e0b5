package lua

// A state is one Lua world: the globals and everything scripts reach from them.
type state struct {
	globals    *table
	stringMeta *table
	names      metaNames
	main       *thread
	current    *thread
	depth      int // calls nested on the host's stack
	budget     int // steps left before the host is asked again
	guards     int // pcalls under way
	ids        uint32
	host       Host
	options    Options
	killed     bool
	kept       bool // a Go function with a state of its own was made
	load       *libraryLoad
	random     *lrand48
	json       jsonConfig
	memory     meter
	replyMark  int // where the script's reply begins
	protocol   int // of redis.setresp
	argBytes   []byte
	argEnds    []int
	argv       [][]byte
}

type metaNames struct {
	index, newindex, call, eq, lt, le, concat, tostring, metatable *str
	arith                                                          [opUnm - opAdd + 1]*str
}

func newMetaNames() metaNames {
	n := func(s string) *str {
		k := &str{s: s}
		k.hash()
		return k
	}
	return metaNames{
		index: n("__index"), newindex: n("__newindex"), call: n("__call"), eq: n("__eq"),
		lt: n("__lt"), le: n("__le"), concat: n("__concat"), tostring: n("__tostring"), metatable: n("__metatable"),
		arith: [...]*str{n("__add"), n("__sub"), n("__mul"), n("__div"), n("__mod"), n("__pow"), n("__unm")},
	}
}

func newState(o Options, random *lrand48) *state {
	s := &state{options: o, random: random, names: newMetaNames(), budget: o.CheckEvery}
	s.globals = s.newTable(0, 0)
	s.main = s.newThread()
	s.current = s.main
	s.json = defaultJSONConfig()
	s.openLibraries()
	return s
}

func (s *state) nextID() uint32 {
	s.ids++
	return s.ids
}

func (s *state) newTable(array, hash int) *table {
	t := &table{s: s, id: s.nextID()}
	s.memory.fresh += 100 + 24*array
	if array > 0 {
		t.arr = make([]value, array)
	}
	if hash > 0 {
		t.resize(array, hash)
	}
	return t
}

func (s *state) newClosure(p *proto) *closure {
	s.memory.fresh += 64 + 40*len(p.upvals)
	return &closure{p: p, up: make([]*cell, len(p.upvals)), id: s.nextID()}
}

func (s *state) newGoFunction(name string, f goFunc) *goFunction {
	return &goFunction{f: f, name: name, id: s.nextID()}
}

func (s *state) newThread() *thread {
	return &thread{s: s, id: s.nextID(), stack: make([]value, 64)}
}

// check runs when the budget is spent: it asks the host whether to go on.
func (s *state) check(t *thread) {
	s.budget = s.options.CheckEvery
	if s.host != nil && !s.killed && s.host.Interrupted() {
		s.killed = true
	}
	if s.load != nil {
		if s.load.checks++; s.load.checks > loadChecks {
			t.end("ERR FUNCTION LOAD timeout")
		}
	}
	if s.killed {
		t.end("ERR Script killed by user with SCRIPT KILL...")
	}
	s.memory.tick(t)
}

// end stops the script for good: no pcall catches this.
func (t *thread) end(message string) {
	t.s.budget = 0
	e := &luaError{v: t.errorTable(message), fatal: true}
	e.locate(t)
	panic(e)
}

// spend charges work done outside the instruction loop.
func (s *state) spend(t *thread, steps int) {
	for s.budget -= steps; s.budget < 0; {
		owed := s.budget // a long piece of work is worth several checks
		s.check(t)
		s.budget += owed
	}
}

// weigh charges for work on a string, which costs nothing unless it is long.
func (s *state) weigh(v value) {
	if x, ok := v.o.(*str); ok && len(x.s) >= 4096 {
		s.spend(s.current, len(x.s)>>8)
	}
}
