package lua

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"everysec/engine/resp"
)

// Functions live in a Lua world of their own. Its globals are an empty table
// behind which one of two lies: while a library is loaded only what
// redis.register_function needs, and the real globals when a function runs.
// All of it is readonly: what a library keeps, it keeps in upvalues.

// Functions is the Lua world of function libraries.
type Functions struct {
	options Options
	state   *state
	real    *table // globals when a function runs
	loading *table // globals when a library is loaded
	random  lrand48
}

// Function is what redis.register_function made known.
type Function struct {
	Name           string
	Description    string
	HasDescription bool
	Flags          Flags
	callback       value
}

// loadChecks is how many checks a library may take to load: about the half
// second that Redis gives it.
const loadChecks = 1000

// libraryLoad is a FUNCTION LOAD under way.
type libraryLoad struct {
	functions []*Function
	checks    int
}

// ErrLibraryName is the error for a name with other characters than these.
var ErrLibraryName = errors.New("ERR Library names can only contain letters, numbers, or underscores(_) and must be at least one character long")

// ValidLibraryName tells whether a library or function may be called so.
func ValidLibraryName(name string) bool {
	for i := range len(name) {
		switch c := name[i]; {
		case '0' <= c && c <= '9', 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', c == '_':
		default:
			return false
		}
	}
	return name != ""
}

// NewFunctions returns a world without functions.
func NewFunctions(o Options) *Functions {
	f := &Functions{options: o.withDefaults(), random: lrand48{lrand48Start}}
	f.options.functions = true
	s := newState(f.options, &f.random)
	f.state, f.real = s, s.globals
	meta := s.newTable(0, 0)
	meta.setField("__index", value{o: f.real})
	meta.readonly = true
	s.globals = s.newTable(0, 0)
	s.globals.meta = meta
	s.globals.readonly = true

	f.loading = s.newTable(0, 0)
	api := s.newTable(0, 0)
	s.library(api, []libFunc{{"register_function", registerFunction}, {"log", redisLog}})
	s.redisConstants(api)
	api.meta = s.strictMeta()
	f.loading.setField("redis", value{o: api})
	f.loading.meta = s.strictMeta()
	s.makeReadonly(f.loading)
	return f
}

// Load runs the text of a library, without its first line's words but with its
// line break, and returns what it registers.
func (f *Functions) Load(h Host, text string) (functions []*Function, err error) {
	s := f.state
	index := s.globals.meta
	index.setField("__index", value{o: f.loading})
	defer index.setField("__index", value{o: f.real})
	chunk, message := s.compileChunk(text, "@user_function")
	if chunk == nil {
		return nil, errors.New("ERR Error compiling function: " + message)
	}
	load := &libraryLoad{}
	s.begin(h)
	s.load = load
	defer func() {
		s.load = nil
		s.end()
	}()
	if _, err := s.main.runScript(value{o: chunk}); err != nil {
		message, _, _ := s.errorMessage(err)
		return nil, errors.New("ERR Error registering functions: " + message)
	}
	if len(load.functions) == 0 {
		return nil, errors.New("ERR No functions registered")
	}
	return load.functions, nil
}

// Run calls a function and writes its reply.
func (f *Functions) Run(h Host, function *Function, keys, args [][]byte, w *resp.Writer) {
	s := f.state
	if s.host != nil {
		w.Error(errRunning)
		return
	}
	s.run(h, function.Name, w, function.callback, keys, args)
}

// Keeps tells whether a library may have kept a Go function with a state of its
// own, as string.gmatch returns one. Such a world cannot be copied.
func (f *Functions) Keeps() bool { return f.state.kept }

// Memory is the bytes of a function's code.
func (f *Function) Memory() int64 {
	if c, is := f.callback.o.(*closure); is {
		return int64(c.p.size())
	}
	return 0
}

// VMMemory returns the bytes reachable in the Lua world, by walking it; the
// functions themselves are not in it.
func (f *Functions) VMMemory() int64 { return int64(f.state.reachable(f.state.main)) }

func registerFunction(t *thread, args []value) []value {
	load := t.s.load
	if load == nil {
		t.raise("redis.register_function can only be called on FUNCTION LOAD command")
	}
	var function *Function
	var problem string
	switch len(args) {
	case 1:
		function, problem = t.namedArguments(args[0])
	case 2:
		function = &Function{callback: args[1]}
		name, ok := args[0].toStr()
		switch {
		case !ok:
			problem = "first argument to redis.register_function must be a string"
		case !isFunction(args[1]):
			problem = "second argument to redis.register_function must be a function"
		}
		function.Name = name
	default:
		problem = "wrong number of arguments to redis.register_function"
	}
	t.s.spend(t, len(load.functions)>>4) // all of them are looked at
	switch {
	case problem != "":
		t.raise(problem)
	case !ValidLibraryName(function.Name):
		t.throw(t.errorTable(ErrLibraryName.Error()))
	case slices.ContainsFunc(load.functions, func(other *Function) bool { return other.Name == function.Name }):
		t.raise("Function already exists in the library")
	}
	load.functions = append(load.functions, function)
	return nil
}

func isFunction(v value) bool {
	switch v.o.(type) {
	case *closure, *goFunction:
		return true
	}
	return false
}

// namedArguments reads redis.register_function{function_name=..., callback=...}.
func (t *thread) namedArguments(v value) (f *Function, problem string) {
	tb, ok := v.o.(*table)
	if !ok {
		return nil, "calling redis.register_function with a single argument is only applicable to Lua table (representing named arguments)."
	}
	f = &Function{}
	named := false
	for i := 0; ; {
		key, v, next, more := tb.at(i)
		if !more {
			break
		}
		i = next
		name, ok := key.toStr()
		if !ok {
			return nil, "named argument key given to redis.register_function is not a string"
		}
		switch strings.ToLower(cString(name)) {
		case "function_name":
			if f.Name, named = v.toStr(); !named {
				return nil, "function_name argument given to redis.register_function must be a string"
			}
		case "description":
			if f.Description, f.HasDescription = v.toStr(); !f.HasDescription {
				return nil, "description argument given to redis.register_function must be a string"
			}
		case "callback":
			if !isFunction(v) {
				return nil, "callback argument given to redis.register_function must be a function"
			}
			f.callback = v
		case "flags":
			list, ok := v.o.(*table)
			if !ok {
				return nil, "flags argument to redis.register_function must be a table representing function flags"
			}
			if !readFlags(f, list) {
				return nil, "unknown flag given"
			}
		default:
			return nil, "unknown argument given to redis.register_function"
		}
	}
	switch {
	case !named:
		return nil, "redis.register_function must get a function name argument"
	case f.callback.isNil():
		return nil, "redis.register_function must get a callback argument"
	}
	return f, ""
}

func readFlags(f *Function, list *table) bool {
	f.Flags = 0
	for i := 1; ; i++ {
		v := list.getInt(i)
		if v.isNil() {
			return true
		}
		name, ok := v.toStr()
		flag, known := flagNamed(strings.ToLower(cString(name)))
		if !ok || !known {
			return false
		}
		f.Flags |= flag
	}
}

func flagNamed(name string) (Flags, bool) {
	for _, f := range flagNames {
		if f.name == name {
			return f.flag, true
		}
	}
	return 0, false
}

// Names lists the flags in the order of FUNCTION LIST.
func (f Flags) Names() []string {
	var names []string
	for _, flag := range flagNames {
		if f&flag.flag != 0 {
			names = append(names, flag.name)
		}
	}
	return names
}

// errorMessage is what Redis's error handler makes of a raised value, and
// where it says that it happened.
func (s *state) errorMessage(err *luaError) (message, source string, line int) {
	if tb, ok := err.v.o.(*table); ok {
		m, ok := tb.getField("err").toStr()
		if !ok {
			// A real server crashes here: the table has no message.
			m = "ERR error object is a table without an err field"
		}
		message = cString(m)
	} else {
		message = "ERR " + cString(s.describeError(err.v))
	}
	if err.where {
		source, line = err.source, err.line
	}
	return message, source, line
}

// replyError writes the reply of a script that failed.
func (s *state) replyError(err *luaError, name string, w *resp.Writer) {
	message, source, line := s.errorMessage(err)
	if source != "" {
		message += " script: " + name + ", on " + source + ":" + strconv.Itoa(line) + "."
	}
	w.Error(trimLine(message))
}
