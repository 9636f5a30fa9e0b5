package console

import (
	"slices"
	"strings"
	"unicode/utf8"

	"everysec/engine/command"
)

// Offer is one thing that Tab offers.
type Offer struct {
	Line string // the whole line with it
	Word string // what is new in it, for a list
}

// Complete lists what Tab offers for a line, in the order in which it cycles
// through them: commands and subcommands as redis-cli does, and what it does
// not have, existing keys where the command takes one, and options. keys lists
// the keys that begin with a prefix; nil: none are known.
func (c *Commands) Complete(line string, keys func(prefix string) []string) []Offer {
	if c == nil {
		return nil
	}
	words, start, word, ok := lastWord(line)
	if !ok {
		return nil
	}
	head, rest := "", line
	switch {
	case len(words) > 0 && len(line) > 5 && strings.EqualFold(line[:5], "help "):
		rest = strings.TrimLeft(line[5:], " ")
		head = line[:len(line)-len(rest)]
		return c.names(head, rest, c.topics(head, rest))
	case hasPrefixFold(line, ":") || hasPrefixFold(line, "--"):
		return options(line)
	case len(words) > 0 && word == "" && strings.TrimSpace(line) == "":
		return nil
	}
	if repeat, prefixed, valid := repeatPrefix(append(words, []byte(word))); prefixed && valid && repeat > 0 {
		rest = strings.TrimLeft(line[strings.IndexByte(line, ' '):], " ")
		head = line[:len(line)-len(rest)]
		words = words[1:]
	}
	if rest == "" {
		return nil
	}
	if out := c.names(head, rest, nil); out != nil {
		return out
	}
	words = nestedCommand(words)
	e := c.find(words)
	if e == nil {
		return nil
	}
	base := line[:start]
	args := append(words[len(words):], words...)
	args = append(args, []byte(word))
	var out []Offer
	if keys != nil && e.takesKey(args) {
		for _, key := range keys(word) {
			quoted := key
			if needsQuotes(key) {
				quoted = string(AppendQuoted(nil, []byte(key)))
			}
			out = offer(out, base, quoted)
		}
	}
	for _, token := range e.options(args) {
		out = offer(out, base, token)
	}
	return out
}

func offer(out []Offer, before, word string) []Offer { return append(out, Offer{before + word, word}) }

// names offers the commands whose full name begins with rest.
func (c *Commands) names(head, rest string, out []Offer) []Offer {
	for i := range c.entries {
		if full := c.entries[i].full; hasPrefixFold(full, rest) {
			out = offer(out, head, full)
		}
	}
	return out
}

// topics offers the groups behind "help ".
func (c *Commands) topics(head, rest string) (out []Offer) {
	for _, g := range c.groups {
		if hasPrefixFold("@"+g, rest) {
			out = offer(out, head, "@"+g)
		}
	}
	return out
}

func options(rest string) (out []Offer) {
	for _, o := range []string{":set hints", ":set nohints", "--raw", "--no-raw", "--json", "--quoted-json", "--csv"} {
		if hasPrefixFold(o, rest) {
			out = offer(out, "", o)
		}
	}
	return out
}

func hasPrefixFold(s, prefix string) bool {
	return len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix)
}

// lastWord splits a line before its last word, which may be empty and its
// quotes still open.
func lastWord(line string) (words [][]byte, start int, word string, ok bool) {
	var quote byte
	inWord := false
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote != 0 && c == '\\' && i+1 < len(line):
			i++
		case quote != 0:
			if c == quote {
				quote = 0
			}
		case isSpace(c):
			inWord = false
		default:
			if !inWord {
				start, inWord = i, true
			}
			if c == '"' || c == '\'' {
				quote = c
			}
		}
	}
	if !inWord {
		start = len(line)
	}
	if words, ok = Split(line[:start]); !ok {
		return nil, 0, "", false
	}
	closed := line[start:]
	if quote != 0 {
		closed += string(quote)
	}
	last, ok := Split(closed)
	if !ok || len(last) > 1 {
		return nil, 0, "", false
	}
	if len(last) == 1 {
		word = string(last[0])
	}
	return words, start, word, true
}

// needsQuotes tells whether Split would not read a bare word as it is, or
// nobody could.
func needsQuotes(s string) bool {
	if s == "" || !utf8.ValidString(s) {
		return true
	}
	for _, r := range s {
		invisible := r >= 0x7f && r <= 0xa0 || r >= 0x2000 && r <= 0x206f || r == 0xfeff // also what turns the direction of text
		if r <= ' ' || r == '"' || r == '\'' || invisible {
			return true
		}
	}
	return false
}

// takesKey tells whether the last of the words is, or may become, a key: the
// key specs are asked about the line as it is and as it may go on.
func (e *entry) takesKey(args [][]byte) bool {
	if len(args) <= len(e.words) || !e.spec.HasKeys() {
		return false
	}
	at := len(args) - 1
	least := max(e.spec.Arity, -e.spec.Arity)
	for longest := max(2*len(args), least); len(args) <= longest; {
		if len(args) >= least {
			positions, err := e.spec.KeyPositions(args)
			for _, p := range positions {
				if err == nil && p.Index == at {
					return true
				}
			}
		}
		args = append(args, []byte("1"))
	}
	return false
}

// options are the words of a command's syntax that may stand where the last of
// the words stands.
func (e *entry) options(args [][]byte) []string {
	typed := args[len(e.words):]
	prefix := string(typed[len(typed)-1])
	before := typed[:len(typed)-1]
	if len(before) < leading(e.spec.Arguments) {
		return nil
	}
	given, offered := map[string]bool{}, map[string]bool{}
	for _, b := range before {
		given[strings.ToUpper(string(b))] = true
	}
	last := ""
	if len(before) > 0 {
		last = strings.ToUpper(string(before[len(before)-1]))
	}
	var out []string
	var walk func(list []command.Argument, repeated bool) bool
	walk = func(list []command.Argument, repeated bool) bool {
		for i := range list {
			a := &list[i]
			if a.Token != "" {
				if a.Token == last && a.Type != command.ArgPureToken && a.Type != command.ArgOneOf {
					return false // its value comes next
				}
				if (!given[a.Token] || repeated || a.MultipleToken) && !offered[a.Token] && hasPrefixFold(a.Token, prefix) {
					offered[a.Token] = true
					out = append(out, a.Token)
				}
			}
			chosen := a.Type == command.ArgOneOf && !a.Multiple && slices.ContainsFunc(a.Arguments, func(b command.Argument) bool {
				return given[b.Token] && b.Token != "" && (b.Token != last || b.Type == command.ArgPureToken)
			})
			if !chosen && !walk(a.Arguments, repeated || a.Multiple) {
				return false
			}
		}
		return true
	}
	if !walk(e.spec.Arguments, false) {
		return nil
	}
	return out
}

// leading is the number of words that have to come before any option may.
func leading(list []command.Argument) int {
	n := 0
	for i := range list {
		a := &list[i]
		if a.Optional || a.Token != "" || a.Type == command.ArgOneOf {
			break
		}
		if a.Type == command.ArgBlock {
			n += leading(a.Arguments)
		} else {
			n++
		}
	}
	return n
}

// Complete is what Tab offers at this console.
func (c *Console) Complete(line string) []Offer {
	var keys func(prefix string) []string
	if c.Keys != nil {
		keys = func(prefix string) []string { return c.Keys(c.db, prefix) }
	}
	return c.Commands.Complete(line, keys)
}
