// Package server is the commands about the server: its data as a whole, its
// files, its configuration, its commands, and DEBUG.
package server

import (
	"slices"

	"everysec/engine/command"
)

// Commands is the family.
var Commands = slices.Concat(persistenceCommands, dataCommands, configCommands, commandCommands, statusCommands, memoryCommands, debugCommands, latencyCommands)

// Persistence. What takes time is the server's work: it replies when the disk
// is done.

var persistenceCommands = []*command.Spec{
	{
		Name:       "bgrewriteaof",
		Group:      command.GroupServer,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Rewrites the append-only file in the background, without what is no longer needed",
		Arity:      1,
		Flags:      command.Admin | command.NoScript | command.NoAsyncLoading,
		Run:        runRewriteAOF,
	},
	{
		Name:       "bgsave",
		Group:      command.GroupServer,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Saves a snapshot of all data in the background",
		Arity:      -1,
		Flags:      command.Admin | command.NoScript | command.NoAsyncLoading,
		Arguments: []command.Argument{
			{Name: "schedule", Type: command.ArgPureToken, Token: "SCHEDULE", Since: "3.2.2", Optional: true},
		},
		History: []command.Change{
			{Since: "3.2.2", Text: "`SCHEDULE`."},
		},
		Run: runBackgroundSave,
	},
	{
		Name:          "lastsave",
		Group:         command.GroupServer,
		Since:         "1.0.0",
		Complexity:    "O(1)",
		Summary:       "Tells when a snapshot was last completed",
		Arity:         1,
		Flags:         command.Loading | command.Stale | command.Fast,
		ACLCategories: []string{"admin", "dangerous"},
		Tips:          []string{"nondeterministic_output"},
		Run:           runLastSave,
	},
	{
		Name:       "save",
		Group:      command.GroupServer,
		Since:      "1.0.0",
		Complexity: "O(N), N: keys of all databases",
		Summary:    "Saves a snapshot of all data while everyone waits",
		Arity:      1,
		Flags:      command.Admin | command.NoScript | command.NoAsyncLoading | command.NoMulti,
		Run:        runSave,
	},
	{
		Name:       "shutdown",
		Group:      command.GroupServer,
		Since:      "1.0.0",
		Complexity: "O(N) when it saves, N: keys of all databases; else O(1)",
		Summary:    "Saves if so configured, and ends the server",
		Arity:      -1,
		Flags:      command.Admin | command.NoScript | command.Loading | command.Stale | command.NoMulti | command.AllowBusy,
		Arguments: []command.Argument{
			{Name: "nosave_save", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
				{Name: "nosave", Type: command.ArgPureToken, Token: "NOSAVE"},
				{Name: "save", Type: command.ArgPureToken, Token: "SAVE"},
			}},
			{Name: "now", Type: command.ArgPureToken, Token: "NOW", Since: "7.0.0", Optional: true},
			{Name: "force", Type: command.ArgPureToken, Token: "FORCE", Since: "7.0.0", Optional: true},
			{Name: "abort", Type: command.ArgPureToken, Token: "ABORT", Since: "7.0.0", Optional: true},
		},
		History: []command.Change{
			{Since: "7.0.0", Text: "`NOW`, `FORCE` and `ABORT`."},
		},
		Run: runShutdown,
	},
}

func runSave(c *command.Context) { c.Server.Save(c) }

func runBackgroundSave(c *command.Context) {
	schedule := len(c.Args) == 2 && command.Is(c.Args[1], "SCHEDULE")
	if len(c.Args) > 1 && !schedule {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	c.Server.BackgroundSave(c, schedule)
}

func runRewriteAOF(c *command.Context) { c.Server.RewriteAOF(c) }

func runLastSave(c *command.Context) { c.Reply.Int(c.Server.LastSave()) }

func runShutdown(c *command.Context) {
	var flags command.ShutdownFlags
	for _, arg := range c.Args[1:] {
		switch {
		case command.Is(arg, "SAVE"):
			flags.Save = true
		case command.Is(arg, "NOSAVE"):
			flags.NoSave = true
		case command.Is(arg, "NOW"):
			flags.Now = true
		case command.Is(arg, "FORCE"):
			flags.Force = true
		case command.Is(arg, "ABORT"):
			flags.Abort = true
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	alone := flags == command.ShutdownFlags{Abort: true}
	if flags.Abort && !alone || flags.Save && flags.NoSave {
		c.Reply.Error(command.ErrSyntax)
		return
	}
	c.Server.Shutdown(c, flags)
}
