package command

import (
	"slices"

	"everysec/engine/ds/order"
	"everysec/engine/glob"
	"everysec/engine/resp"
)

// PubSubRegistry knows who listens to which channel. Messages are written straight to
// the subscribers' replies.
type PubSubRegistry struct {
	channels [2]map[string][]*Client // by ChannelKind; subscribers in the order in which they came
	patterns []patternSubscription
}

// ChannelKind tells the channels of SUBSCRIBE from those of SSUBSCRIBE, which
// have names of their own and no patterns.
type ChannelKind int

// The two kinds.
const (
	Global ChannelKind = iota
	Shard
)

type patternSubscription struct {
	pattern string
	client  *Client
}

// NewPubSubRegistry returns a registry without subscribers.
func NewPubSubRegistry() *PubSubRegistry {
	return &PubSubRegistry{channels: [2]map[string][]*Client{{}, {}}}
}

// Subscribe adds a client to a channel and tells whether it was new there.
func (p *PubSubRegistry) Subscribe(c *Client, kind ChannelKind, channel []byte) bool {
	own := &c.Channels[kind]
	if _, there := (*own)[string(channel)]; there {
		return false
	}
	if *own == nil {
		*own = map[string]struct{}{}
	}
	(*own)[string(channel)] = struct{}{}
	p.channels[kind][string(channel)] = append(p.channels[kind][string(channel)], c)
	return true
}

// Unsubscribe takes a client from a channel and tells whether it was there.
func (p *PubSubRegistry) Unsubscribe(c *Client, kind ChannelKind, channel []byte) bool {
	if _, there := c.Channels[kind][string(channel)]; !there {
		return false
	}
	delete(c.Channels[kind], string(channel))
	all := p.channels[kind]
	rest := slices.DeleteFunc(all[string(channel)], func(other *Client) bool { return other == c })
	if len(rest) == 0 {
		delete(all, string(channel))
	} else {
		all[string(channel)] = rest
	}
	return true
}

// SubscribePattern adds a client to a pattern and tells whether it was new.
func (p *PubSubRegistry) SubscribePattern(c *Client, pattern []byte) bool {
	if _, there := c.Patterns[string(pattern)]; there {
		return false
	}
	if c.Patterns == nil {
		c.Patterns = map[string]struct{}{}
	}
	c.Patterns[string(pattern)] = struct{}{}
	p.patterns = append(p.patterns, patternSubscription{string(pattern), c})
	return true
}

// UnsubscribePattern takes a client from a pattern and tells whether it was there.
func (p *PubSubRegistry) UnsubscribePattern(c *Client, pattern []byte) bool {
	if _, there := c.Patterns[string(pattern)]; !there {
		return false
	}
	delete(c.Patterns, string(pattern))
	p.patterns = slices.DeleteFunc(p.patterns, func(s patternSubscription) bool {
		return s.client == c && s.pattern == string(pattern)
	})
	return true
}

// Forget takes a client that leaves from everything.
func (p *PubSubRegistry) Forget(c *Client) {
	for _, kind := range []ChannelKind{Global, Shard} {
		for _, channel := range c.ChannelList(kind) {
			p.Unsubscribe(c, kind, []byte(channel))
		}
	}
	for _, pattern := range c.PatternList() {
		p.UnsubscribePattern(c, []byte(pattern))
	}
}

// ChannelList is the client's channels, sorted.
func (c *Client) ChannelList(kind ChannelKind) []string { return sortedKeys(c.Channels[kind]) }

// PatternList is the client's patterns, sorted.
func (c *Client) PatternList() []string { return sortedKeys(c.Patterns) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	order.Ascending(keys)
	return keys
}

// Publish sends a message and returns how many clients received it, counting
// a client once for its channel and once for each matching pattern.
func (p *PubSubRegistry) Publish(channel, message []byte, deliver func(c *Client, write func(w *resp.Writer))) int {
	receivers := p.send(Global, "message", channel, message, deliver)
	for _, s := range p.patterns {
		if !glob.Match([]byte(s.pattern), channel, false) {
			continue
		}
		deliver(s.client, func(w *resp.Writer) {
			w.Push(4)
			w.BulkString("pmessage")
			w.BulkString(s.pattern)
			w.Bulk(channel)
			w.Bulk(message)
		})
		receivers++
	}
	return receivers
}

// PublishShard is Publish to the subscribers of SSUBSCRIBE.
func (p *PubSubRegistry) PublishShard(channel, message []byte, deliver func(c *Client, write func(w *resp.Writer))) int {
	return p.send(Shard, "smessage", channel, message, deliver)
}

func (p *PubSubRegistry) send(kind ChannelKind, word string, channel, message []byte, deliver func(c *Client, write func(w *resp.Writer))) int {
	subscribers := p.channels[kind][string(channel)]
	for _, c := range subscribers {
		deliver(c, func(w *resp.Writer) {
			w.Push(3)
			w.BulkString(word)
			w.Bulk(channel)
			w.Bulk(message)
		})
	}
	return len(subscribers)
}

// Channels lists channels with subscribers, sorted; with a pattern only those
// that match it.
func (p *PubSubRegistry) Channels(kind ChannelKind, pattern []byte) []string {
	all := sortedKeys(p.channels[kind])
	if pattern == nil {
		return all
	}
	return slices.DeleteFunc(all, func(name string) bool { return !glob.Match(pattern, []byte(name), false) })
}

// Subscribers is the number of clients on a channel.
func (p *PubSubRegistry) Subscribers(kind ChannelKind, channel []byte) int {
	return len(p.channels[kind][string(channel)])
}

// ChannelCount is the number of channels with subscribers.
func (p *PubSubRegistry) ChannelCount(kind ChannelKind) int { return len(p.channels[kind]) }

// PatternCount is the number of distinct patterns.
func (p *PubSubRegistry) PatternCount() int {
	distinct := map[string]struct{}{}
	for _, s := range p.patterns {
		distinct[s.pattern] = struct{}{}
	}
	return len(distinct)
}
