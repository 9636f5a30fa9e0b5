package server

import (
	"everysec/engine/command"
	"everysec/engine/config"
)

// CONFIG.

var configCommands = []*command.Spec{
	{
		Name:       "config",
		Group:      command.GroupServer,
		Since:      "2.0.0",
		Complexity: "That of the subcommand",
		Summary:    "Reads and changes the configuration",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "get",
				Group:      command.GroupServer,
				Since:      "2.0.0",
				Complexity: "O(N), N: parameters",
				Summary:    "Reads configuration parameters by pattern",
				Arity:      -3,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "parameter", Type: command.ArgBlock, Multiple: true, Arguments: []command.Argument{
						{Name: "parameter", Type: command.ArgString},
					}},
				},
				History: []command.Change{
					{Since: "7.0.0", Text: "Takes several patterns."},
				},
				Run: runConfigGet,
			},
			{
				Name:       "help",
				Group:      command.GroupServer,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Lists the subcommands",
				Arity:      2,
				Flags:      command.Loading | command.Stale,
				Run:        runConfigHelp,
			},
			{
				Name:       "resetstat",
				Group:      command.GroupServer,
				Since:      "2.0.0",
				Complexity: "O(1)",
				Summary:    "Sets the counters of INFO back to zero",
				Arity:      2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Run:        runConfigResetStatistics,
			},
			{
				Name:       "rewrite",
				Group:      command.GroupServer,
				Since:      "2.8.0",
				Complexity: "O(1)",
				Summary:    "Writes the values in force into the configuration file",
				Arity:      2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Run:        runConfigRewrite,
			},
			{
				Name:       "set",
				Group:      command.GroupServer,
				Since:      "2.0.0",
				Complexity: "O(N), N: parameters",
				Summary:    "Changes configuration parameters, all of them or none",
				Arity:      -4,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Arguments: []command.Argument{
					{Name: "parameter_value", Type: command.ArgBlock, Multiple: true, Arguments: []command.Argument{
						{Name: "parameter", Type: command.ArgString},
						{Name: "value", Type: command.ArgString},
					}},
				},
				History: []command.Change{
					{Since: "7.0.0", Text: "Takes several parameters."},
				},
				Run: runConfigSet,
			},
		},
	},
}

func runConfigGet(c *command.Context) {
	patterns := make([]string, 0, len(c.Args)-2)
	for _, arg := range c.Args[2:] {
		patterns = append(patterns, string(arg))
	}
	found := c.Config.Get(patterns)
	c.Reply.Map(len(found))
	for _, pair := range found {
		c.Reply.BulkString(pair[0])
		c.Reply.BulkString(pair[1])
	}
}

func runConfigSet(c *command.Context) {
	words := c.Args[2:]
	if len(words)%2 != 0 {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	var pairs [][2]string
	for i := 0; i < len(words); i += 2 {
		pairs = append(pairs, [2]string{string(words[i]), string(words[i+1])})
	}
	c.Server.ConfigSet(c, pairs)
}

func runConfigRewrite(c *command.Context) { c.Server.ConfigRewrite(c) }

func runConfigResetStatistics(c *command.Context) {
	c.Server.ResetStatistics()
	c.Reply.OK()
}

func runConfigHelp(c *command.Context) {
	lines := []string{
		"GET <pattern>",
		"    Read the parameters that match the pattern.",
		"SET <directive> <value>",
		"    Change a parameter.",
		"RESETSTAT",
		"    Set the counters of INFO back to zero.",
		"REWRITE",
		"    Write the values in force into the configuration file.",
		"    These parameters are of what is not here: they are checked, kept and shown, and change nothing.",
	}
	const indent, width = "     ", 100
	line := indent
	for i := range config.Parameters {
		p := &config.Parameters[i]
		if !p.NoEffect {
			continue
		}
		if len(line)+len(p.Name) > width {
			lines = append(lines, line)
			line = indent
		}
		line += " " + p.Name
	}
	c.ReplyHelp(append(lines, line)...)
}
