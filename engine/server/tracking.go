package server

import (
	"slices"
	"strings"

	"everysec/engine/command"
	"everysec/engine/ds/order"
	"everysec/engine/keyspace"
	"everysec/engine/resp"
)

// Client side caching. The table knows for each key which clients have read it
// since it last changed; a change tells them, once, and forgets the key. A
// client in broadcast mode is told of every key with its prefixes, before the
// server sleeps.

type tracking struct {
	clients int
	keys    map[string]*trackedKey
	order   []string // of keys, so that one can be taken by chance
	items   int
	// prefixes are those of the broadcast mode, sorted.
	prefixes []*trackedPrefix
	// pending are keys that the running client itself has changed: it is told
	// behind its reply. nil stands for all keys.
	pending [][]byte
}

type trackedKey struct {
	at      int      // in order
	clients []uint64 // sorted
}

type trackedPrefix struct {
	prefix  string
	clients []*connection
	changed []changedKey // sorted
}

type changedKey struct {
	name string
	by   *connection // nil: a script, or nobody
}

// Track switches tracking on with new options, or off. See command.Server.
func (s *Server) Track(client *command.Client, t *command.Tracking) {
	c := s.clients[client.ID]
	if c == nil {
		return
	}
	old := c.Tracking
	if t == nil || old == nil {
		s.untrack(c)
	}
	if t == nil {
		return
	}
	if old == nil {
		s.tracking.clients++
	} else {
		t.Prefixes = slices.Concat(old.Prefixes, t.Prefixes)
		order.Ascending(t.Prefixes)
		t.Prefixes = slices.Compact(t.Prefixes)
	}
	c.Tracking = t
	for _, prefix := range t.Prefixes {
		i, found := s.findPrefix(prefix)
		if !found {
			s.tracking.prefixes = slices.Insert(s.tracking.prefixes, i, &trackedPrefix{prefix: prefix})
		}
		if p := s.tracking.prefixes[i]; !slices.Contains(p.clients, c) {
			p.clients = append(p.clients, c)
		}
	}
	s.space.TellModified = true
}

func (s *Server) findPrefix(prefix string) (int, bool) {
	return slices.BinarySearchFunc(s.tracking.prefixes, prefix, func(p *trackedPrefix, prefix string) int {
		return strings.Compare(p.prefix, prefix)
	})
}

// untrack forgets a client that tracked. What the table has of it goes when
// the keys change.
func (s *Server) untrack(c *connection) {
	t := c.Tracking
	if t == nil {
		return
	}
	c.Tracking = nil
	for _, prefix := range t.Prefixes {
		i, _ := s.findPrefix(prefix)
		p := s.tracking.prefixes[i]
		p.clients = slices.DeleteFunc(p.clients, func(other *connection) bool { return other == c })
		if len(p.clients) == 0 {
			s.tracking.prefixes = slices.Delete(s.tracking.prefixes, i, i+1)
		}
	}
	s.tracking.clients--
	s.space.TellModified = s.tracking.clients > 0
}

// trackReads notes the keys that a client has read.
func (s *Server) trackReads(ctx *command.Context, spec *command.Spec, args [][]byte) {
	c := s.clients[ctx.Client.ID] // of a script: its caller
	if c == nil || c.Tracking == nil {
		return
	}
	t := c.Tracking
	if t.Broadcast || t.OptIn && !t.Caching || t.OptOut && t.Caching {
		return
	}
	found, err := spec.KeyPositions(args)
	if err != nil {
		return
	}
	table := &s.tracking
	if table.keys == nil {
		table.keys = map[string]*trackedKey{}
	}
	for _, position := range found {
		name := args[position.Index]
		k := table.keys[string(name)]
		if k == nil {
			k = &trackedKey{at: len(table.order)}
			table.keys[string(name)] = k
			table.order = append(table.order, string(name))
		}
		if i, there := slices.BinarySearch(k.clients, c.ID); !there {
			k.clients = slices.Insert(k.clients, i, c.ID)
			table.items++
		}
	}
}

// afterTracked is what follows a command while somebody tracks.
func (s *Server) afterTracked(c *connection) {
	s.limitTracking()
	if len(s.tracking.pending) > 0 {
		s.sendPending(c)
	}
	if t := c.Tracking; t != nil && t.Caching && !c.Transaction.Open && !strings.HasPrefix(c.LastCommand, "client|") {
		t.Caching = false
	}
}

// forget takes a key out of the table and returns who had read it.
func (t *tracking) forget(name string) []uint64 {
	k := t.keys[name]
	if k == nil {
		return nil
	}
	last := len(t.order) - 1
	t.order[k.at] = t.order[last]
	t.keys[t.order[k.at]].at = k.at
	t.order = t.order[:last]
	delete(t.keys, name)
	t.items -= len(k.clients)
	return k.clients
}

// KeyModified tells whoever has read a key. See keyspace.Observer.
func (s *Server) KeyModified(_ *keyspace.DB, key []byte) {
	by := s.current
	if s.contextDepth > 0 && s.contexts[s.contextDepth-1].InScript {
		by = nil
	}
	s.invalidate(key, by)
}

func (s *Server) invalidate(key []byte, by *connection) {
	for _, p := range s.tracking.prefixes {
		if !strings.HasPrefix(string(key), p.prefix) {
			continue
		}
		i, there := slices.BinarySearchFunc(p.changed, key, func(k changedKey, key []byte) int {
			return strings.Compare(k.name, string(key))
		})
		if !there {
			p.changed = slices.Insert(p.changed, i, changedKey{name: string(key)})
		}
		p.changed[i].by = by
	}
	for _, id := range s.tracking.forget(string(key)) {
		c := s.clients[id]
		switch {
		case c == nil || c.Tracking == nil || c.Tracking.Broadcast || c.Tracking.NoLoop && c == s.current:
		case c == s.current:
			s.tracking.pending = append(s.tracking.pending, slices.Clone(key))
		default:
			s.sendInvalidation(c, func(w *resp.Writer) {
				w.Array(1)
				w.Bulk(key)
			})
		}
	}
}

// invalidateAll tells every client that tracks that all keys have gone.
func (s *Server) invalidateAll() {
	if s.tracking.clients == 0 {
		return
	}
	for _, c := range s.order {
		switch {
		case c.Tracking == nil:
		case c == s.current:
			s.tracking.pending = append(s.tracking.pending, nil)
		default:
			s.sendInvalidation(c, (*resp.Writer).Null)
		}
	}
	s.tracking.keys, s.tracking.order, s.tracking.items = nil, nil, 0
}

// sendInvalidation sends a message, its keys written by write, to a client or
// to the one it redirects to. A client of RESP2 has no place for it.
func (s *Server) sendInvalidation(c *connection, write func(w *resp.Writer)) {
	redirected := c.Tracking.Redirect != 0
	if redirected {
		to := s.clients[c.Tracking.Redirect]
		if to == nil || to.CloseNow {
			c.Tracking.Broken = true
			if c.writer.Protocol == 3 {
				c.writer.Push(2)
				c.writer.BulkString("tracking-redir-broken")
				c.writer.Int(int64(c.Tracking.Redirect))
				s.markDirty(c)
			}
			return
		}
		c = to
	}
	switch {
	case c.writer.Protocol == 3:
		c.writer.Push(2)
		c.writer.BulkString("invalidate")
	case redirected && c.Listens():
		c.writer.Push(3)
		c.writer.BulkString("message")
		c.writer.BulkString("__redis__:invalidate")
	default:
		return
	}
	write(&c.writer)
	s.markDirty(c)
}

// sendPending tells the client of the command that has just ended.
func (s *Server) sendPending(c *connection) {
	pending := s.tracking.pending
	s.tracking.pending = nil
	for _, key := range pending {
		if c.Tracking == nil {
			return
		}
		s.sendInvalidation(c, func(w *resp.Writer) {
			if key == nil {
				w.Null()
				return
			}
			w.Array(1)
			w.Bulk(key)
		})
	}
}

// broadcastInvalidations sends what changed since the last time under each prefix.
func (s *Server) broadcastInvalidations() {
	for _, p := range s.tracking.prefixes {
		if len(p.changed) == 0 {
			continue
		}
		for _, c := range p.clients {
			keys := p.changed
			if c.Tracking.NoLoop {
				keys = slices.DeleteFunc(slices.Clone(keys), func(k changedKey) bool { return k.by == c })
			}
			if len(keys) == 0 {
				continue
			}
			s.sendInvalidation(c, func(w *resp.Writer) {
				w.Array(len(keys))
				for _, k := range keys {
					w.BulkString(k.name)
				}
			})
		}
		p.changed = p.changed[:0]
	}
}

// limitTracking keeps the table within tracking-table-max-keys: keys by chance
// are told to be out of date.
func (s *Server) limitTracking() {
	limit := s.config.TrackingTableMaxKeys
	for limit > 0 && int64(len(s.tracking.order)) > limit {
		s.invalidate([]byte(s.tracking.order[s.random.IntN(len(s.tracking.order))]), nil)
	}
}
