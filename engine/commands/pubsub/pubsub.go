// Package pubsub is PUBLISH and the commands that listen. That a listening
// RESP2 client may do little else is the server's to check.
package pubsub

import (
	"strings"

	"everysec/engine/command"
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
			{
				Name:       "shardchannels",
				Group:      command.GroupPubSub,
				Since:      "7.0.0",
				Complexity: "O(N), N: shard channels with subscribers",
				Summary:    "Lists shard channels with subscribers",
				Arity:      -2,
				Flags:      command.PubSub | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "pattern", Type: command.ArgPattern, Optional: true},
				},
				Run: runPubSubShardChannels,
			},
			{
				Name:       "shardnumsub",
				Group:      command.GroupPubSub,
				Since:      "7.0.0",
				Complexity: "O(N), N: channels asked for",
				Summary:    "Counts the subscribers of shard channels",
				Arity:      -2,
				Flags:      command.PubSub | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "shardchannel", Type: command.ArgString, Optional: true, Multiple: true},
				},
				Run: runPubSubShardNumSub,
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
		Name:       "spublish",
		Group:      command.GroupPubSub,
		Since:      "7.0.0",
		Complexity: "O(N), N: subscribers of the channel",
		Summary:    "Sends a message to a shard channel",
		Arity:      3,
		Flags:      command.PubSub | command.Loading | command.Stale | command.Fast,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"not_key"}, Index: 1, LastKey: 0, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "shardchannel", Type: command.ArgString},
			{Name: "message", Type: command.ArgString},
		},
		Run: runSPublish,
	},
	{
		Name:       "ssubscribe",
		Group:      command.GroupPubSub,
		Since:      "7.0.0",
		Complexity: "O(N), N: channels to subscribe to",
		Summary:    "Listens to shard channels",
		Arity:      -2,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"not_key"}, Index: 1, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "shardchannel", Type: command.ArgString, Multiple: true},
		},
		Run: runSSubscribe,
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
		Name:       "sunsubscribe",
		Group:      command.GroupPubSub,
		Since:      "7.0.0",
		Complexity: "O(N), N: channels of this client",
		Summary:    "Stops listening to shard channels",
		Arity:      -1,
		Flags:      command.PubSub | command.NoScript | command.Loading | command.Stale,
		KeySpecs: []command.KeySpec{
			{Flags: []string{"not_key"}, Index: 1, LastKey: -1, KeyStep: 1},
		},
		Arguments: []command.Argument{
			{Name: "shardchannel", Type: command.ArgString, Optional: true, Multiple: true},
		},
		Run: runSUnsubscribe,
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

func runSPublish(c *command.Context) {
	c.Reply.Int(int64(c.Server.PublishShard(c.Args[1], c.Args[2])))
}

// mayListen refuses a caller that cannot be sent messages later: a script.
// Inside MULTI it is allowed, as it has always been.
func mayListen(c *command.Context) bool {
	if c.InScript || c.Client.Internal {
		refuse(c)
		return false
	}
	return true
}

func refuse(c *command.Context) {
	c.Reply.Error("ERR " + strings.ToUpper(c.Spec.Name) + " isn't allowed for a DENY BLOCKING client")
}

// confirm tells the client that its subscriptions changed. A nil name is that
// of an UNSUBSCRIBE with nothing to leave.
func confirm(c *command.Context, kind string, name []byte, count int) {
	w := c.Reply
	w.Push(3)
	w.BulkString(kind)
	if name == nil {
		w.Null()
	} else {
		w.Bulk(name)
	}
	w.Int(int64(count))
}

func runSubscribe(c *command.Context) {
	if mayListen(c) {
		for _, channel := range c.Args[1:] {
			c.Server.PubSub().Subscribe(c.Client, command.Global, channel)
			confirm(c, "subscribe", channel, c.Client.Subscriptions())
		}
	}
}

func runSSubscribe(c *command.Context) {
	if !c.MayBlock() {
		refuse(c)
		return
	}
	for _, channel := range c.Args[1:] {
		c.Server.PubSub().Subscribe(c.Client, command.Shard, channel)
		confirm(c, "ssubscribe", channel, len(c.Client.Channels[command.Shard]))
	}
}

func runPSubscribe(c *command.Context) {
	if !mayListen(c) {
		return
	}
	for _, pattern := range c.Args[1:] {
		c.Server.PubSub().SubscribePattern(c.Client, pattern)
		confirm(c, "psubscribe", pattern, c.Client.Subscriptions())
	}
}

func runUnsubscribe(c *command.Context) { leaveChannels(c, command.Global, c.Client.Subscriptions) }

func runSUnsubscribe(c *command.Context) {
	leaveChannels(c, command.Shard, func() int { return len(c.Client.Channels[command.Shard]) })
}

func leaveChannels(c *command.Context, kind command.ChannelKind, count func() int) {
	leave(c, c.Client.ChannelList(kind), count, func(channel []byte) { c.Server.PubSub().Unsubscribe(c.Client, kind, channel) })
}

func runPUnsubscribe(c *command.Context) {
	leave(c, c.Client.PatternList(), c.Client.Subscriptions, func(pattern []byte) { c.Server.PubSub().UnsubscribePattern(c.Client, pattern) })
}

// leave ends the subscriptions named, or all of them.
func leave(c *command.Context, all []string, count func() int, unsubscribe func(name []byte)) {
	names := c.Args[1:]
	if len(names) == 0 {
		for _, name := range all {
			names = append(names, []byte(name))
		}
	}
	for _, name := range names {
		unsubscribe(name)
		confirm(c, c.Spec.Name, name, count())
	}
	if len(names) == 0 {
		confirm(c, c.Spec.Name, nil, count())
	}
}

func runPubSubChannels(c *command.Context)      { listChannels(c, command.Global) }
func runPubSubShardChannels(c *command.Context) { listChannels(c, command.Shard) }

func listChannels(c *command.Context, kind command.ChannelKind) {
	if len(c.Args) > 3 {
		c.ReplySubcommandError()
		return
	}
	var pattern []byte
	if len(c.Args) == 3 {
		pattern = c.Args[2]
	}
	names := c.Server.PubSub().Channels(kind, pattern)
	c.Reply.Array(len(names))
	for _, name := range names {
		c.Reply.BulkString(name)
	}
}

func runPubSubNumSub(c *command.Context)      { countSubscribers(c, command.Global) }
func runPubSubShardNumSub(c *command.Context) { countSubscribers(c, command.Shard) }

func countSubscribers(c *command.Context, kind command.ChannelKind) {
	channels := c.Args[2:]
	c.Reply.Array(2 * len(channels))
	for _, channel := range channels {
		c.Reply.Bulk(channel)
		c.Reply.Int(int64(c.Server.PubSub().Subscribers(kind, channel)))
	}
}

func runPubSubNumPat(c *command.Context) {
	c.Reply.Int(int64(c.Server.PubSub().PatternCount()))
}

func runPubSubHelp(c *command.Context) {
	c.ReplyHelp(
		"CHANNELS [<pattern>]",
		"    List the channels that have subscribers (and match the pattern).",
		"NUMPAT",
		"    Count the distinct patterns that clients listen to.",
		"NUMSUB [<channel> ...]",
		"    Count the subscribers of each channel, those by pattern left out.",
		"SHARDCHANNELS [<pattern>]",
		"    List the shard channels that have subscribers (and match the pattern).",
		"SHARDNUMSUB [<shardchannel> ...]",
		"    Count the subscribers of each shard channel.",
	)
}
