package server

import (
	"bytes"
	"slices"
	"strings"

	"everysec/engine/command"
	"everysec/engine/lua"
	"everysec/engine/resp"
)

// libraries are what FUNCTION LOAD has loaded, in the order in which it did.
// A library's name is as it is written, a function's in any case.
type libraries struct {
	list      []*command.Library
	functions map[string]*lua.Function
}

func (l *libraries) find(name string) int {
	return slices.IndexFunc(l.list, func(other *command.Library) bool { return other.Name == name })
}

func (l *libraries) link(library *command.Library) {
	l.list = append(l.list, library)
	if l.functions == nil {
		l.functions = map[string]*lua.Function{}
	}
	for _, f := range library.Functions {
		if key := strings.ToLower(f.Name); l.functions[key] == nil {
			l.functions[key] = f
		}
	}
}

func (l *libraries) unlink(i int) *command.Library {
	library := l.list[i]
	l.list = slices.Delete(l.list, i, i+1)
	for _, f := range library.Functions {
		delete(l.functions, strings.ToLower(f.Name))
	}
	return library
}

// collision names a function of a library that another one has.
func (l *libraries) collision(library *command.Library) string {
	for _, f := range library.Functions {
		if l.functions[strings.ToLower(f.Name)] != nil {
			return "ERR Function " + f.Name + " already exists"
		}
	}
	return ""
}

// metadata reads the first line of a library, "#!lua name=...", and returns
// where the rest begins.
func metadata(code []byte) (engine, name string, skip int, problem string) {
	fail := func(problem string) (string, string, int, string) { return "", "", 0, "ERR " + problem }
	if !bytes.HasPrefix(code, []byte("#!")) {
		return fail("Missing library metadata")
	}
	end := bytes.IndexAny(code, "\n\x00")
	if end < 0 || code[end] == 0 {
		return fail("Invalid library metadata")
	}
	words, ok := resp.SplitArgs(code[:end])
	if !ok || len(words) == 0 {
		return fail("Invalid library metadata")
	}
	engine = string(words[0][min(2, len(words[0])):])
	named := false
	for _, word := range words[1:] {
		if len(word) < 5 || !strings.EqualFold(string(word[:5]), "name=") {
			return fail("Invalid metadata value given: " + string(word))
		}
		if named {
			return fail("Invalid metadata value, name argument was given multiple times")
		}
		name, named = string(word[5:]), true
	}
	if !named {
		return fail("Library name was not given")
	}
	return engine, name, end, ""
}

// loadLibrary adds a library to others, which may hold one of its name only if
// replace says so.
func (c *scriptCache) loadLibrary(l *libraries, code []byte, replace bool) (name, problem string) {
	engine, name, skip, problem := metadata(code)
	if problem != "" {
		return "", problem
	}
	if !lua.ValidLibraryName(name) {
		return "", lua.ErrLibraryName.Error()
	}
	if !strings.EqualFold(engine, "lua") {
		return "", "ERR Engine '" + engine + "' not found"
	}
	var old *command.Library
	if i := l.find(name); i >= 0 {
		if !replace {
			return "", "ERR Library '" + name + "' already exists"
		}
		old = l.unlink(i)
	}
	if c.world == nil {
		c.world = lua.NewFunctions(luaOptions)
	}
	library := &command.Library{Name: name, Code: bytes.Clone(code)}
	functions, err := c.world.Load(c, string(library.Code[skip:]))
	library.Functions = functions
	if err != nil {
		problem = err.Error()
	} else {
		problem = l.collision(library)
	}
	if problem != "" {
		if old != nil {
			l.link(old)
		}
		return "", problem
	}
	l.link(library)
	return name, ""
}

// Function finds a function by its name.
func (c *scriptCache) Function(name []byte) *lua.Function {
	return c.functions[strings.ToLower(string(name))]
}

// Libraries lists the libraries.
func (c *scriptCache) Libraries() []*command.Library { return c.list }

// LoadLibrary is FUNCTION LOAD.
func (c *scriptCache) LoadLibrary(code []byte, replace bool) (name, problem string) {
	return c.loadLibrary(&c.libraries, code, replace)
}

// DeleteLibrary is FUNCTION DELETE; false: there is none of this name.
func (c *scriptCache) DeleteLibrary(name string) bool {
	i := c.find(name)
	if i >= 0 {
		c.unlink(i)
	}
	return i >= 0
}

// FlushLibraries is FUNCTION FLUSH.
func (c *scriptCache) FlushLibraries() {
	c.libraries = libraries{}
	c.world = nil
}

// RestoreLibraries is FUNCTION RESTORE: all of them are loaded, or none.
func (c *scriptCache) RestoreLibraries(codes [][]byte, policy command.RestorePolicy) (problem string) {
	var restored libraries
	for _, code := range codes {
		if _, problem := c.loadLibrary(&restored, code, false); problem != "" {
			return problem
		}
	}
	if policy == command.RestoreFlush {
		c.libraries = restored
		return ""
	}
	joined := libraries{list: slices.Clone(c.list), functions: map[string]*lua.Function{}}
	for key, f := range c.functions {
		joined.functions[key] = f
	}
	for _, library := range restored.list {
		if i := joined.find(library.Name); i >= 0 {
			if policy != command.RestoreReplace {
				return "ERR Library " + library.Name + " already exists"
			}
			joined.unlink(i)
		}
	}
	for _, library := range restored.list {
		if problem := joined.collision(library); problem != "" {
			return problem
		}
	}
	for _, library := range restored.list {
		joined.link(library)
	}
	c.libraries = joined
	return ""
}

// functionCodes are the texts of all libraries, as files hold them.
func (s *Server) functionCodes() [][]byte {
	codes := make([][]byte, len(s.scripts.list))
	for i, library := range s.scripts.list {
		codes[i] = library.Code
	}
	return codes
}
