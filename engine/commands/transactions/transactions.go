// Package transactions is MULTI, EXEC, DISCARD, WATCH and UNWATCH. The server
// queues the commands between MULTI and EXEC and wraps what EXEC propagates.
package transactions

import "everysec/engine/command"

// Commands is the family.
var Commands = []*command.Spec{
	{
		Name:       "discard",
		Group:      command.GroupTransactions,
		Since:      "2.0.0",
		Complexity: "O(N), N: queued commands",
		Summary:    "Drops the queued commands and ends the transaction",
		Arity:      1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.AllowBusy,
		Run:        runDiscard,
	},
	{
		Name:       "exec",
		Group:      command.GroupTransactions,
		Since:      "1.2.0",
		Complexity: "That of the queued commands",
		Summary:    "Runs the queued commands, unless a watched key changed",
		Arity:      1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.SkipSlowlog,
		Run:        runExec,
	},
	{
		Name:       "multi",
		Group:      command.GroupTransactions,
		Since:      "1.2.0",
		Complexity: "O(1)",
		Summary:    "Begins a transaction: commands are queued until EXEC",
		Arity:      1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.AllowBusy,
		Run:        runMulti,
	},
	{
		Name:       "unwatch",
		Group:      command.GroupTransactions,
		Since:      "2.2.0",
		Complexity: "O(1)",
		Summary:    "Stops watching keys",
		Arity:      1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.AllowBusy,
		Run:        runUnwatch,
	},
	{
		Name:       "watch",
		Group:      command.GroupTransactions,
		Since:      "2.2.0",
		Complexity: "O(1) for each key",
		Summary:    "Makes the next EXEC depend on keys staying as they are",
		Arity:      -2,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.AllowBusy,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"RO"}, Index: 1, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "key", Type: command.ArgKey, Multiple: true},
		},
		Run: runWatch,
	},
}

func runMulti(c *command.Context) {
	t := &c.Client.Transaction
	if t.Open {
		c.Reply.Error("ERR MULTI calls can not be nested")
		return
	}
	t.Open = true
	c.Reply.OK()
}

func runDiscard(c *command.Context) {
	if !c.Client.Transaction.Open {
		c.Reply.Error("ERR DISCARD without MULTI")
		return
	}
	c.Client.Discard()
	c.Reply.OK()
}

func runExec(c *command.Context) {
	t := &c.Client.Transaction
	switch {
	case !t.Open:
		c.Reply.Error("ERR EXEC without MULTI")
		return
	case t.Aborted:
		c.Client.Discard()
		c.Reply.Error(command.ErrExecAbort)
		return
	case t.Dirty || watchedExpired(c):
		c.Client.Discard()
		c.Reply.NullArray()
		return
	}
	queue, bytes := t.Queue, t.Bytes
	// The commands' own changes must not count against the watched keys.
	c.Client.Discard()
	c.InTransaction = true
	t.Executing, t.ExecutingBytes = len(queue), bytes
	c.Reply.Array(len(queue))
	for _, args := range queue {
		c.Server.Call(c, args, c.Reply)
	}
	t.Executing, t.ExecutingBytes = 0, 0
	c.InTransaction = false
}

// watchedExpired tells whether a watched key's time has come since WATCH: the
// key may still lie there, but what the client read is gone.
func watchedExpired(c *command.Context) bool {
	for _, w := range c.Client.Transaction.Watched {
		if w.Expired {
			continue
		}
		if e := w.DB.Peek(w.Key); e != nil && c.Space.Expired(e) {
			return true
		}
	}
	return false
}

func runWatch(c *command.Context) {
	t := &c.Client.Transaction
	if t.Open {
		c.Reply.Error("ERR WATCH inside MULTI is not allowed")
		return
	}
	if !t.Dirty { // else the next EXEC fails whatever is watched
		for _, key := range c.Args[1:] {
			watch(c, key)
		}
	}
	c.Reply.OK()
}

func watch(c *command.Context, key []byte) {
	t := &c.Client.Transaction
	if c.DB.Watches(key, c.Client) {
		return
	}
	e := c.DB.Peek(key)
	w := command.WatchedKey{DB: c.DB, Key: append([]byte(nil), key...), Expired: e != nil && c.Space.Expired(e)}
	t.Watched = append(t.Watched, w)
	c.DB.Watch(w.Key, c.Client)
}

func runUnwatch(c *command.Context) {
	c.Client.Unwatch()
	c.Client.Transaction.Dirty = false
	c.Reply.OK()
}
