package command

import (
	"slices"

	"everysec/engine/glob"
	"everysec/engine/resp"
)

// PubSubRegistry knows who listens to which channel. Messages are written straight to
// the subscribers' replies.
type PubSubRegistry struct {
	channels map[string][]*Client // subscribers in the order in which they came
	patterns []patternSubscription
}

type patternSubscription struct {
	pattern string
	client  *Client
}

// NewPubSubRegistry returns a registry without subscribers.
func NewPubSubRegistry() *PubSubRegistry { return &PubSubRegistry{channels: map[string][]*Client{}} }

// Subscribe adds a client to a channel and tells whether it was new there.
func (p *PubSubRegistry) Subscribe(c *Client, channel []byte) bool {
	if _, there := c.Channels[string(channel)]; there {
		return false
	}
	if c.Channels == nil {
		c.Channels = map[string]struct{}{}
	}
	c.Channels[string(channel)] = struct{}{}
	p.channels[string(channel)] = append(p.channels[string(channel)], c)
	return true
}

// Unsubscribe takes a client from a channel and tells whether it was there.
func (p *PubSubRegistry) Unsubscribe(c *Client, channel []byte) bool {
	if _, there := c.Channels[string(channel)]; !there {
		return false
	}
	delete(c.Channels, string(channel))
	rest := slices.DeleteFunc(p.channels[string(channel)], func(other *Client) bool { return other == c })
	if len(rest) == 0 {
		delete(p.channels, string(channel))
	} else {
		p.channels[string(channel)] = rest
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
	for _, channel := range c.ChannelList() {
		p.Unsubscribe(c, []byte(channel))
	}
	for _, pattern := range c.PatternList() {
		p.UnsubscribePattern(c, []byte(pattern))
	}
}

// ChannelList is the client's channels, sorted.
func (c *Client) ChannelList() []string { return sortedKeys(c.Channels) }

// PatternList is the client's patterns, sorted.
func (c *Client) PatternList() []string { return sortedKeys(c.Patterns) }

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Publish sends a message and returns how many clients received it, counting
// a client once for its channel and once for each matching pattern.
func (p *PubSubRegistry) Publish(channel, message []byte, deliver func(c *Client, write func(w *resp.Writer))) int {
	receivers := 0
	for _, c := range p.channels[string(channel)] {
		deliver(c, func(w *resp.Writer) {
			w.Push(3)
			w.BulkString("message")
			w.Bulk(channel)
			w.Bulk(message)
		})
		receivers++
	}
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

// Channels lists channels with subscribers, sorted; with a pattern only those
// that match it.
func (p *PubSubRegistry) Channels(pattern []byte) []string {
	all := sortedKeys(p.channels)
	if pattern == nil {
		return all
	}
	return slices.DeleteFunc(all, func(name string) bool { return !glob.Match(pattern, []byte(name), false) })
}

// Subscribers is the number of clients on a channel.
func (p *PubSubRegistry) Subscribers(channel []byte) int { return len(p.channels[string(channel)]) }

// PatternCount is the number of distinct patterns.
func (p *PubSubRegistry) PatternCount() int {
	distinct := map[string]struct{}{}
	for _, s := range p.patterns {
		distinct[s.pattern] = struct{}{}
	}
	return len(distinct)
}
