package config

import (
	"strings"

	"everysec/engine/glob"
)

// CONFIG GET and CONFIG SET.

// SetError is why a CONFIG SET failed; nothing has changed.
type SetError struct {
	Argument string // as the client spelled it
	Reason   string // "" when there is no such parameter
}

// Error is the text of the wire error.
func (e *SetError) Error() string {
	if e.Reason == "" {
		printed, _, _ := strings.Cut(e.Argument, "\x00")
		return "ERR Unknown option or number of arguments for CONFIG SET - '" + printed + "'"
	}
	return "ERR CONFIG SET failed (possibly related to argument '" + e.Argument + "') - " + e.Reason
}

var byName = index()

func index() map[string]*Parameter {
	m := make(map[string]*Parameter, len(Parameters))
	for i := range Parameters {
		m[Parameters[i].Name] = &Parameters[i]
	}
	return m
}

// Lookup finds a parameter by its name or an older one, whatever the case.
// The result has Name as asked for and all else of what it stands for.
func Lookup(name string) (Parameter, bool) {
	p := byName[strings.ToLower(name)]
	if p == nil {
		return Parameter{}, false
	}
	if p.AliasOf == "" {
		return *p, true
	}
	found := *byName[p.AliasOf]
	found.Name, found.AliasOf = p.Name, p.AliasOf
	return found, true
}

// Value is the value of a parameter as CONFIG GET prints it.
func (c *Config) Value(name string) (string, bool) {
	p, ok := Lookup(name)
	if !ok {
		return "", false
	}
	return p.get(c), true
}

// Get returns the name and value of every parameter that a pattern matches, in
// the order of the table. A pattern without wildcards finds a parameter by its
// exact name, hidden or not, and the name is returned as it was spelled.
func (c *Config) Get(patterns []string) [][2]string {
	var found [][2]string
	seen := map[string]bool{}
	add := func(name string) {
		if lower := strings.ToLower(name); !seen[lower] {
			if value, ok := c.Value(name); ok {
				seen[lower] = true
				found = append(found, [2]string{name, value})
			}
		}
	}
	for _, pattern := range patterns {
		if !strings.ContainsAny(pattern, "[*?") {
			add(pattern)
			continue
		}
		for i := range Parameters {
			p := &Parameters[i]
			if !p.Hidden && glob.Match([]byte(pattern), []byte(p.Name), true) {
				add(p.Name)
			}
		}
	}
	return found
}

// Set changes several parameters, all or none. The error is a *SetError.
func (c *Config) Set(pairs [][2]string) error {
	parameters := make([]Parameter, len(pairs))
	for i, pair := range pairs {
		p, ok := Lookup(pair[0])
		if !ok {
			return &SetError{Argument: pair[0]}
		}
		switch {
		case p.Immutable:
			return &SetError{pair[0], "can't set immutable config"}
		case p.Protected && c.EnableProtectedConfigs == "no":
			return &SetError{pair[0], "can't set protected config"}
		}
		for _, earlier := range parameters[:i] {
			if earlier.Name == p.Name {
				return &SetError{pair[0], "duplicate parameter"}
			}
		}
		parameters[i] = p
	}
	changed := c.Clone()
	changed.running = true
	for i, pair := range pairs {
		if err := parameters[i].set(changed, parameters[i].words(pair[1])); err != nil {
			return &SetError{pair[0], err.Error()}
		}
	}
	changed.running = false
	*c = *changed
	return nil
}
