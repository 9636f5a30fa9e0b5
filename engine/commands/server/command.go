package server

import (
	"slices"
	"strings"

	"everysec/engine/command"
	"everysec/engine/glob"
)

// COMMAND: what the server tells about its own commands.

var commandCommands = []*command.Spec{
	{
		Name:          "command",
		Group:         command.GroupServer,
		Since:         "2.8.13",
		Complexity:    "O(N), N: all commands",
		Summary:       "Describes every command",
		Arity:         -1,
		Flags:         command.Loading | command.Stale,
		ACLCategories: []string{"connection"},
		Tips:          []string{"nondeterministic_output_order"},
		Subcommands: []*command.Spec{
			{
				Name:          "count",
				Group:         command.GroupServer,
				Since:         "2.8.13",
				Complexity:    "O(1)",
				Summary:       "Counts the commands",
				Arity:         2,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"connection"},
				Run:           runCommandCount,
			},
			{
				Name:          "docs",
				Group:         command.GroupServer,
				Since:         "7.0.0",
				Complexity:    "O(N), N: commands asked for",
				Summary:       "Documents commands: summary, syntax, history",
				Arity:         -2,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"connection"},
				Tips:          []string{"nondeterministic_output_order"},
				Arguments: []command.Argument{
					{Name: "command-name", Type: command.ArgString, Optional: true, Multiple: true},
				},
				Run: runCommandDocs,
			},
			{
				Name:          "getkeys",
				Group:         command.GroupServer,
				Since:         "2.8.13",
				Complexity:    "O(N), N: arguments",
				Summary:       "Finds the keys in a command line",
				Arity:         -4,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"connection"},
				Run:           runCommandGetKeys,
			},
			{
				Name:          "getkeysandflags",
				Group:         command.GroupServer,
				Since:         "7.0.0",
				Complexity:    "O(N), N: arguments",
				Summary:       "Finds the keys in a command line and what is done to them",
				Arity:         -4,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"connection"},
				Run:           runCommandGetKeysAndFlags,
			},
			{
				Name:          "help",
				Group:         command.GroupServer,
				Since:         "5.0.0",
				Complexity:    "O(1)",
				Summary:       "Lists the subcommands",
				Arity:         2,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"connection"},
				Run:           runCommandHelp,
			},
			{
				Name:          "info",
				Group:         command.GroupServer,
				Since:         "2.8.13",
				Complexity:    "O(N), N: commands asked for",
				Summary:       "Describes commands: arity, flags, keys, categories",
				Arity:         -2,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"connection"},
				Tips:          []string{"nondeterministic_output_order"},
				Arguments: []command.Argument{
					{Name: "command-name", Type: command.ArgString, Optional: true, Multiple: true},
				},
				History: []command.Change{
					{Since: "7.0.0", Text: "Without a name it describes all commands."},
				},
				Run: runCommandInfo,
			},
			{
				Name:          "list",
				Group:         command.GroupServer,
				Since:         "7.0.0",
				Complexity:    "O(N), N: all commands",
				Summary:       "Lists the names of commands",
				Arity:         -2,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"connection"},
				Tips:          []string{"nondeterministic_output_order"},
				Arguments: []command.Argument{
					{Name: "filterby", Type: command.ArgOneOf, Token: "FILTERBY", Optional: true, Arguments: []command.Argument{
						{Name: "module-name", Type: command.ArgString, Token: "MODULE"},
						{Name: "category", Type: command.ArgString, Token: "ACLCAT"},
						{Name: "pattern", Type: command.ArgPattern, Token: "PATTERN"},
					}},
				},
				Run: runCommandList,
			},
		},
		Run: runCommand,
	},
}

func runCommand(c *command.Context) {
	all := c.Server.Table().All()
	c.Reply.Array(len(all))
	for _, s := range all {
		s.WriteInfo(c.Reply)
	}
}

func runCommandCount(c *command.Context) {
	c.Reply.Int(int64(len(c.Server.Table().All())))
}

func find(c *command.Context, name []byte) *command.Spec { return c.Server.Table().Find(string(name)) }

func runCommandInfo(c *command.Context) {
	if len(c.Args) == 2 {
		runCommand(c)
		return
	}
	c.Reply.Array(len(c.Args) - 2)
	for _, name := range c.Args[2:] {
		if s := find(c, name); s != nil {
			s.WriteInfo(c.Reply)
		} else {
			c.Reply.Null()
		}
	}
}

func runCommandDocs(c *command.Context) {
	specs := c.Server.Table().All()
	if len(c.Args) > 2 {
		specs = nil
		for _, name := range c.Args[2:] {
			if s := find(c, name); s != nil {
				specs = append(specs, s)
			}
		}
	}
	c.Reply.Map(len(specs))
	for _, s := range specs {
		c.Reply.BulkString(s.FullName())
		s.WriteDocs(c.Reply)
	}
}

func runCommandList(c *command.Context) {
	selected := func(*command.Spec) bool { return true }
	switch options := c.Args[2:]; {
	case len(options) == 0:
	case len(options) != 3 || !command.Is(options[0], "FILTERBY"):
		c.Reply.Error(command.ErrSyntax)
		return
	case command.Is(options[1], "MODULE"):
		selected = func(*command.Spec) bool { return false } // there are no modules
	case command.Is(options[1], "ACLCAT"):
		category := strings.ToLower(string(options[2]))
		selected = func(s *command.Spec) bool { return s.InCategory(category) }
	case command.Is(options[1], "PATTERN"):
		selected = func(s *command.Spec) bool { return glob.Match(options[2], []byte(s.FullName()), true) }
	default:
		c.Reply.Error(command.ErrSyntax)
		return
	}
	var names []string
	for _, s := range c.Server.Table().All() {
		if selected(s) {
			names = append(names, s.FullName())
		}
		for _, sub := range s.Subcommands {
			if selected(sub) {
				names = append(names, sub.FullName())
			}
		}
	}
	c.Reply.Array(len(names))
	for _, name := range names {
		c.Reply.BulkString(name)
	}
}

// positions finds the keys of the command line behind GETKEYS. ok is false
// when the error has been sent.
func positions(c *command.Context) (args [][]byte, found []command.KeyPosition, ok bool) {
	args = c.Args[2:]
	s := c.Server.Table().Resolve(args)
	switch {
	case s == nil || len(s.Subcommands) > 0 && len(args) > 1:
		c.Reply.Error("ERR Invalid command specified")
		return nil, nil, false
	case !s.HasKeys():
		c.Reply.Error("ERR The command has no key arguments")
		return nil, nil, false
	case !s.ArityFits(len(args)):
		c.Reply.Error("ERR Invalid number of arguments specified for command")
		return nil, nil, false
	}
	found, err := s.KeyPositions(args)
	if (err != nil || len(found) == 0) && s.Flags&command.NoMandatoryKeys == 0 {
		c.Reply.Error("ERR Invalid arguments specified for command")
		return nil, nil, false
	}
	return args, found, true
}

func runCommandGetKeys(c *command.Context) {
	args, found, ok := positions(c)
	if !ok {
		return
	}
	c.Reply.Array(len(found))
	for _, key := range found {
		c.Reply.Bulk(args[key.Index])
	}
}

func runCommandGetKeysAndFlags(c *command.Context) {
	args, found, ok := positions(c)
	if !ok {
		return
	}
	c.Reply.Array(len(found))
	for _, key := range found {
		c.Reply.Array(2)
		c.Reply.Bulk(args[key.Index])
		flags := slices.Compact(slices.Clone(key.Flags))
		c.Reply.Set(len(flags))
		for _, flag := range flags {
			c.Reply.SimpleString(flag)
		}
	}
}

func runCommandHelp(c *command.Context) {
	c.ReplyHelp(
		"(no subcommand)",
		"    Describe every command.",
		"COUNT",
		"    Count the commands.",
		"LIST",
		"    List the names of all commands, or with FILTERBY (MODULE <module-name>|",
		"    ACLCAT <category>|PATTERN <pattern>) of those that the filter selects.",
		"INFO [<command-name> ...]",
		"    Describe these commands; without names, every one.",
		"DOCS [<command-name> ...]",
		"    Document these commands; without names, every one.",
		"GETKEYS <full-command>",
		"    Find the keys in a command line.",
		"GETKEYSANDFLAGS <full-command>",
		"    Find the keys in a command line, and what is done to them.",
	)
}
