package console

import (
	"strings"

	"everysec/engine/command"
	"everysec/engine/ds/order"
)

// Commands answers hints, completion and help from the rows of the command
// table.
type Commands struct {
	entries    []entry // sorted by full name
	groups     []string
	parameters []parameter // of the configuration, by name; nil: not known yet
	judged     map[string]bool
}

type entry struct {
	words  []string // lower case
	full   string   // "CONFIG GET"
	params string
	spec   *command.Spec
}

// NewCommands reads the rows once.
func NewCommands(specs []*command.Spec) *Commands {
	c := &Commands{}
	seen := map[string]bool{}
	add := func(s *command.Spec, words ...string) {
		c.entries = append(c.entries, entry{
			words: words, full: strings.ToUpper(strings.Join(words, " ")), params: Params(s.Arguments), spec: s,
		})
		if g := string(s.Group); !seen[g] {
			seen[g] = true
			c.groups = append(c.groups, g)
		}
	}
	for _, s := range specs {
		add(s, s.Name)
		for _, sub := range s.Subcommands {
			add(sub, s.Name, sub.Name)
		}
	}
	order.By(c.entries, func(a, b entry) int { return strings.Compare(a.full, b.full) })
	order.Ascending(c.groups)
	return c
}

// Params writes a command's syntax as redis-cli shows it: "key value [NX|XX]".
func Params(arguments []command.Argument) string {
	return joinArguments(arguments, " ")
}

func joinArguments(arguments []command.Argument, separator string) string {
	var b strings.Builder
	for i := range arguments {
		if i > 0 {
			b.WriteString(separator)
		}
		b.WriteString(argument(&arguments[i]))
	}
	return b.String()
}

func argument(a *command.Argument) string {
	var inner string
	switch a.Type {
	case command.ArgOneOf:
		inner = joinArguments(a.Arguments, "|")
	case command.ArgBlock:
		inner = joinArguments(a.Arguments, " ")
	case command.ArgPureToken:
		if a.Token == "" {
			return `""` // MIGRATE's empty key is a token without letters
		}
	default:
		inner = a.Name
	}
	text := inner
	if a.Token != "" {
		text = a.Token
		if inner != "" {
			text += " " + inner
		}
	}
	if a.Multiple {
		if a.MultipleToken {
			text += " [" + text + " ...]"
		} else {
			text += " [" + inner + " ...]"
		}
	}
	if a.Optional {
		text = "[" + text + "]"
	}
	return text
}

// nestedCommand is the command whose name follows another's: COMMAND GETKEYS set
// ..., ACL DRYRUN user set ...
func nestedCommand(args [][]byte) [][]byte {
	switch {
	case len(args) > 3 && equal(args[0], "acl") && equal(args[1], "dryrun"):
		return args[3:]
	case len(args) > 2 && equal(args[0], "command") && (equal(args[1], "getkeys") || equal(args[1], "getkeysandflags")):
		return args[2:]
	}
	return args
}

// find is the command or subcommand that the words begin with, nil if there is none.
func (c *Commands) find(args [][]byte) *entry {
	var best *entry
	for i := range c.entries {
		e := &c.entries[i]
		if (best == nil || len(e.words) > len(best.words)) && e.matches(args) {
			best = e
		}
	}
	return best
}

// ordinary tells whether a command is about data and gets one reply at once: then
// the connection is as it was before, and another can be sent behind it.
func (c *Commands) ordinary(name []byte) bool {
	if c == nil {
		return false
	}
	ordinary, judged := c.judged[string(name)]
	if judged {
		return ordinary
	}
	if e := c.find([][]byte{name}); e != nil && e.spec.Flags&(command.Blocking|command.PubSub|command.Admin) == 0 {
		switch e.spec.Group {
		case command.GroupConnection, command.GroupServer, command.GroupCluster:
		default:
			ordinary = true
		}
	}
	if c.judged == nil || len(c.judged) > 1000 {
		c.judged = map[string]bool{}
	}
	c.judged[string(name)] = ordinary
	return ordinary
}

func equal(arg []byte, word string) bool { return strings.EqualFold(string(arg), word) }

func (e *entry) matches(args [][]byte) bool {
	if len(args) < len(e.words) {
		return false
	}
	for i, w := range e.words {
		if !equal(args[i], w) {
			return false
		}
	}
	return true
}

const usage = `redis-cli 7.0.15
To get help about Redis commands type:
      "help @<group>" to get a list of commands in <group>
      "help <command>" for help on <command>
      "help <tab>" to get a list of possible help topics
      "quit" to exit

To set redis-cli preferences:
      ":set hints" enable online hints
      ":set nohints" disable online hints
Set your preferences in ~/.redisclirc
`

func (c *Commands) help(args [][]byte) string {
	if len(args) == 0 {
		return usage
	}
	if c == nil {
		return ""
	}
	group, byGroup := strings.CutPrefix(strings.ToLower(string(args[0])), "@")
	var b strings.Builder
	for i := range c.entries {
		e := &c.entries[i]
		switch {
		case byGroup && string(e.spec.Group) == group:
			e.describe(&b, false)
		case !byGroup && len(args) <= len(e.words) && (&entry{words: e.words[:len(args)]}).matches(args):
			e.describe(&b, true)
		}
	}
	return b.String() + "\n"
}

func (e *entry) describe(b *strings.Builder, withGroup bool) {
	b.WriteString("\n  " + e.full + " " + e.params)
	b.WriteString("\n  summary: " + e.spec.Summary)
	b.WriteString("\n  since: " + e.spec.Since + "\n")
	if withGroup {
		b.WriteString("  group: " + string(e.spec.Group) + "\n")
	}
}

// Doc is what is known of a command before it runs.
type Doc struct {
	Syntax, Summary, Complexity, Since, Group string
	Deprecated                                string // since when, and what takes its place
	Subcommands                               []string
	History                                   []command.Change
}

// Doc describes the command that a line is about, finished or not. ok is false
// if it begins with no command.
func (c *Commands) Doc(line string) (d Doc, ok bool) {
	if c == nil {
		return d, false
	}
	words, _, word, split := lastWord(line)
	if !split {
		return d, false
	}
	if word != "" {
		words = append(words, []byte(word))
	}
	if len(words) > 1 && (equal(words[0], "help") || equal(words[0], "?")) {
		words = words[1:]
	}
	if len(words) > 1 {
		if _, prefixed, _ := repeatPrefix(words); prefixed {
			words = words[1:]
		}
	}
	e := c.find(nestedCommand(words))
	if e == nil {
		return d, false
	}
	s := e.spec
	d = Doc{
		Syntax: strings.TrimRight(e.full+" "+e.params, " "), Summary: s.Summary, Complexity: s.Complexity,
		Since: s.Since, Group: string(s.Group), History: s.History,
	}
	if s.DeprecatedIn != "" {
		d.Deprecated = s.DeprecatedIn
		if s.ReplacedBy != "" {
			d.Deprecated += ", replaced by " + s.ReplacedBy
		}
	}
	for _, sub := range s.Subcommands {
		d.Subcommands = append(d.Subcommands, strings.ToUpper(sub.Name))
	}
	return d, true
}

// Hint is the hint for a line, unless ":set nohints" was entered.
func (c *Console) Hint(line string) string {
	if c.quietHints || c.Busy() || c.Asking() {
		return ""
	}
	if hint := c.shellHint(line); hint != "" {
		return hint
	}
	return c.Commands.Hint(line)
}
