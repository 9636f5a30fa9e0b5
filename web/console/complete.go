package console

import (
	"slices"
	"strings"
	"unicode/utf8"

	"everysec/engine/command"
	"everysec/engine/ds/order"
	"everysec/engine/resp"
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
	e, args := c.argument(words, word)
	if e == nil {
		return nil
	}
	base := line[:start]
	var out []Offer
	if keys != nil && e.takesKey(args) {
		for _, key := range keys(word) {
			out = offer(out, base, bare(key))
		}
	}
	if e.takesParameter(args) {
		for _, p := range c.parameters {
			if hasPrefixFold(p.name, word) && !contains(args[:len(args)-1], p.name) {
				out = offer(out, base, p.name)
			}
		}
	}
	if p := c.setting(e, args); p != nil && len(args)%2 == 0 {
		for _, v := range p.values() {
			if hasPrefixFold(v, word) {
				out = offer(out, base, bare(v))
			}
		}
	}
	for _, token := range e.options(args) {
		out = offer(out, base, token)
	}
	return out
}

// argument is the command that the words begin with, nil if there is none, and
// all its words with the last one.
func (c *Commands) argument(words [][]byte, last string) (*entry, [][]byte) {
	words = nestedCommand(words)
	return c.find(words), append(words[:len(words):len(words)], []byte(last))
}

// AboutParameters tells whether a line is about parameters of the configuration:
// what Learn has to be told of, to offer them behind CONFIG GET and CONFIG SET,
// and what they are now.
func (c *Commands) AboutParameters(line string) bool {
	if c == nil {
		return false
	}
	words, _, word, ok := lastWord(line)
	if repeat, prefixed, valid := repeatPrefix(append(words, []byte(word))); prefixed && valid && repeat > 0 && len(words) > 0 {
		words = words[1:]
	}
	e, args := c.argument(words, word)
	return ok && e != nil && len(args) > 2 && (e.full == "CONFIG GET" || e.full == "CONFIG SET")
}

// LacksParameters tells whether Tab would offer more behind a line, if Learn had
// been told.
func (c *Commands) LacksParameters(line string) bool {
	return c.AboutParameters(line) && c.parameters == nil
}

// parameter is one of the configuration, with the value that it had.
type parameter struct{ name, value string }

// Learn takes the names and values of all parameters from the answer to CONFIG
// GET *, and reports whether it was one.
func (c *Commands) Learn(v resp.Value) bool {
	if c == nil || v.IsError() {
		return false
	}
	list := make([]parameter, 0, len(v.Elems)/2)
	for i := 0; i+1 < len(v.Elems); i += 2 {
		list = append(list, parameter{string(v.Elems[i].Str), string(v.Elems[i+1].Str)})
	}
	order.By(list, func(a, b parameter) int { return strings.Compare(a.name, b.name) })
	c.parameters = list
	return true
}

// takesParameter tells whether the last of the words is the name of a parameter.
func (e *entry) takesParameter(args [][]byte) bool {
	return len(args) > 2 && (e.full == "CONFIG GET" || e.full == "CONFIG SET" && len(args)%2 == 1)
}

// setting is the parameter that the last words of a CONFIG SET are about: its
// name, or its name and a value. nil if there is none, or none that is known.
func (c *Commands) setting(e *entry, args [][]byte) *parameter {
	if e == nil || e.full != "CONFIG SET" || len(args) < 3 {
		return nil
	}
	name := string(args[(len(args)-1)/2*2])
	for i := range c.parameters {
		if p := &c.parameters[i]; strings.EqualFold(p.name, name) {
			return p
		}
	}
	return nil
}

// choices are the parameters with a few values and neither yes nor no alone, in
// the order in which the server lists them. A test asks the engine.
const choices = `
acl-pubsub-default allchannels resetchannels
appendfsync everysec always no
cluster-preferred-endpoint-type ip hostname unknown-endpoint
loglevel debug verbose notice warning
maxmemory-policy volatile-lru volatile-lfu volatile-random volatile-ttl allkeys-lru allkeys-lfu allkeys-random noeviction
oom-score-adj no yes relative absolute
propagation-error-behavior ignore panic panic-on-replicas
repl-diskless-load disabled on-empty-db swapdb
sanitize-dump-payload no yes clients
shutdown-on-sigint default save nosave now force
shutdown-on-sigterm default save nosave now force
tls-auth-clients no yes optional
`

// values are what the parameter can be, as far as they can be counted; else what
// it is, to be changed.
func (p *parameter) values() []string {
	if _, rest, ok := strings.Cut(choices, "\n"+p.name+" "); ok {
		line, _, _ := strings.Cut(rest, "\n")
		return strings.Split(line, " ")
	}
	switch {
	case p.value == "yes" || p.value == "no":
		return []string{"yes", "no"}
	case p.secret():
		return nil
	}
	return []string{p.value}
}

// secret tells whether the value is a password, which is not for all eyes.
func (p *parameter) secret() bool { return p.name == "requirepass" || p.name == "masterauth" }

func contains(args [][]byte, name string) bool {
	return slices.ContainsFunc(args, func(a []byte) bool { return strings.EqualFold(string(a), name) })
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

// bare is a word as it is typed: in quotes only where it needs them.
func bare(word string) string {
	if needsQuotes(word) {
		return string(AppendQuoted(nil, []byte(word)))
	}
	return word
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
	if offers, is := c.completeShell(line); is {
		return offers
	}
	var keys func(prefix string) []string
	if c.Keys != nil {
		keys = func(prefix string) []string { return c.Keys(c.db, prefix) }
	}
	return c.Commands.Complete(line, keys)
}
