// Package pubsub is PUBLISH and the commands that listen. That a listening
// RESP2 client may do little else is the server's to check.
package pubsub

import (
	"everysec/engine/command"
	"everysec/engine/resp"
)

// Commands is the family.
var Commands = []*command.Spec{
	{
		Name:       "psubscribe",
		Group:      command.GroupPubSub,
		Since:      "2.0.0",
		Complexity: "O(N), N: patterns of this client",
		Summary:    "Listens to all channels that match patterns",
		Arity:      -2,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		Arguments: []command.Argument{
			{Name: "pattern", Type: command.ArgBlock, Multiple: true, Arguments: []command.Argument{
				{Name: "pattern", Type: command.ArgPattern},
			}},
		},
		Run: runPSubscribe,
	},
	{
		Name:       "publish",
		Group:      command.GroupPubSub,
		Since:      "2.0.0",
		Complexity: "O(N+M), N: subscribers of the channel, M: all subscribed patterns",
		Summary:    "Sends a message to a channel",
		Arity:      3,
		Flags:      command.PubSub | command.Loading | command.Stale | command.Fast,
		Arguments: []command.Argument{
			{Name: "channel", Type: command.ArgString},
			{Name: "message", Type: command.ArgString},
		},
		Run: runPublish,
	},
	{
		Name:       "pubsub",
		Group:      command.GroupPubSub,
		Since:      "2.8.0",
		Complexity: "That of the subcommand",
		Summary:    "Tells who listens to what",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "channels",
				Group:      command.GroupPubSub,
				Since:      "2.8.0",
				Complexity: "O(N), N: channels with subscribers",
				Summary:    "Lists channels with subscribers",
				Arity:      -2,
				Flags:      command.PubSub | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "pattern", Type: command.ArgPattern, Optional: true},
				},
				Run: runPubSubChannels,
			},
			{
				Name:          "help",
				Group:         command.GroupPubSub,
				Since:         "6.2.0",
				Complexity:    "O(1)",
				Summary:       "Lists the subcommands",
				Arity:         2,
				Flags:         command.Loading | command.Stale,
				ACLCategories: []string{"-pubsub"},
				Run:           runPubSubHelp,
			},
			{
				Name:       "numpat",
				Group:      command.GroupPubSub,
				Since:      "2.8.0",
				Complexity: "O(1)",
				Summary:    "Counts the distinct patterns that clients listen to",
				Arity:      2,
				Flags:      command.PubSub | command.Loading | command.Stale,
				Run:        runPubSubNumPat,
			},
			{
				Name:       "numsub",
				Group:      command.GroupPubSub,
				Since:      "2.8.0",
				Complexity: "O(N), N: channels asked for",
				Summary:    "Counts the subscribers of channels",
				Arity:      -2,
				Flags:      command.PubSub | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "channel", Type: command.ArgString, Optional: true, Multiple: true},
				},
				Run: runPubSubNumSub,
			},
		},
	},
	{
		Name:       "punsubscribe",
		Group:      command.GroupPubSub,
		Since:      "2.0.0",
		Complexity: "O(N+M), N: patterns of this client, M: all subscribed patterns",
		Summary:    "Stops listening to patterns",
		Arity:      -1,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		Arguments: []command.Argument{
			{Name: "pattern", Type: command.ArgPattern, Optional: true, Multiple: true},
		},
		Run: runPUnsubscribe,
	},
	{
		Name:       "subscribe",
		Group:      command.GroupPubSub,
		Since:      "2.0.0",
		Complexity: "O(N), N: channels to subscribe to",
		Summary:    "Listens to channels",
		Arity:      -2,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		Arguments: []command.Argument{
			{Name: "channel", Type: command.ArgString, Multiple: true},
		},
		Run: runSubscribe,
	},
	{
		Name:       "unsubscribe",
		Group:      command.GroupPubSub,
		Since:      "2.0.0",
		Complexity: "O(N), N: channels of this client",
		Summary:    "Stops listening to channels",
		Arity:      -1,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		Arguments: []command.Argument{
			{Name: "channel", Type: command.ArgString, Optional: true, Multiple: true},
		},
		Run: runUnsubscribe,
	},
}

func runPublish(c *command.Context) {
	c.Reply.Int(int64(c.Server.Publish(c.Args[1], c.Args[2])))
}

// mayListen refuses a caller that cannot be sent messages later: a script.
// Inside MULTI it is allowed, as it has always been.
func mayListen(c *command.Context, name string) bool {
	if c.InScript || c.Client.Internal {
		c.Reply.Error("ERR " + name + " isn't allowed for a DENY BLOCKING client")
		return false
	}
	return true
}

// confirm tells the client that its subscriptions changed. A nil name is that
// of an UNSUBSCRIBE with nothing to leave.
func confirm(c *command.Context, kind string, name []byte) {
	w := c.Reply
	w.Push(3)
	w.BulkString(kind)
	if name == nil {
		w.Null()
	} else {
		w.Bulk(name)
	}
	w.Int(int64(c.Client.Subscriptions()))
}

func runSubscribe(c *command.Context) {
	if !mayListen(c, "SUBSCRIBE") {
		return
	}
	for _, channel := range c.Args[1:] {
		c.Server.PubSub().Subscribe(c.Client, channel)
		confirm(c, "subscribe", channel)
	}
}

func runPSubscribe(c *command.Context) {
	if !mayListen(c, "PSUBSCRIBE") {
		return
	}
	for _, pattern := range c.Args[1:] {
		c.Server.PubSub().SubscribePattern(c.Client, pattern)
		confirm(c, "psubscribe", pattern)
	}
}

func runUnsubscribe(c *command.Context) {
	leave(c, "unsubscribe", c.Client.ChannelList(), c.Server.PubSub().Unsubscribe)
}

func runPUnsubscribe(c *command.Context) {
	leave(c, "punsubscribe", c.Client.PatternList(), c.Server.PubSub().UnsubscribePattern)
}

// leave ends the subscriptions named, or all of them.
func leave(c *command.Context, kind string, all []string, unsubscribe func(*command.Client, []byte) bool) {
	names := c.Args[1:]
	if len(names) == 0 {
		for _, name := range all {
			names = append(names, []byte(name))
		}
	}
	for _, name := range names {
		unsubscribe(c.Client, name)
		confirm(c, kind, name)
	}
	if len(names) == 0 {
		confirm(c, kind, nil)
	}
}

func runPubSubChannels(c *command.Context) {
	if len(c.Args) > 3 {
		c.ReplySubcommandError()
		return
	}
	var pattern []byte
	if len(c.Args) == 3 {
		pattern = c.Args[2]
	}
	writeNames(c.Reply, c.Server.PubSub().Channels(pattern))
}

func writeNames(w *resp.Writer, names []string) {
	w.Array(len(names))
	for _, name := range names {
		w.BulkString(name)
	}
}

func runPubSubNumSub(c *command.Context) {
	channels := c.Args[2:]
	c.Reply.Array(2 * len(channels))
	for _, channel := range channels {
		c.Reply.Bulk(channel)
		c.Reply.Int(int64(c.Server.PubSub().Subscribers(channel)))
	}
}

func runPubSubNumPat(c *command.Context) {
	c.Reply.Int(int64(c.Server.PubSub().PatternCount()))
}

func runPubSubHelp(c *command.Context) {
	c.ReplyHelp("pubsub",
		"CHANNELS [<pattern>]",
		"    List the channels that have subscribers (and match the pattern).",
		"NUMPAT",
		"    Count the distinct patterns that clients listen to.",
		"NUMSUB [<channel> ...]",
		"    Count the subscribers of each channel, those by pattern left out.",
	)
}
