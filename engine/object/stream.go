package object

import (
	"everysec/engine/ds/stream"
)

// NewStream makes an empty stream.
func (s *Store) NewStream() Value {
	v := Value{Type: Stream, Encoding: StreamLog}
	s.logs++
	v.setRef(stream.New(s.Arena).Ref())
	return v
}

// Stream views a value as the stream it is. Edits through it change the value.
func (s *Store) Stream(v *Value) stream.Stream { return stream.Open(s.Arena, v.ref()) }

// StreamLimits are stream-node-max-bytes and stream-node-max-entries.
func (s *Store) StreamLimits() stream.Limits {
	return stream.Limits{MaxBytes: s.Limits.StreamNodeMaxBytes, MaxEntries: s.Limits.StreamNodeMaxEntries}
}

// streamEffort is what freeing a stream costs: nodes, and what is pending if
// all groups are as the first.
func (s *Store) streamEffort(v *Value) int {
	log := s.Stream(v)
	effort := log.TreeNodes()
	for g := range log.Groups() {
		return effort + log.GroupCount()*(1+g.PendingCount())
	}
	return effort
}

func (s *Store) copyStream(v *Value) Value {
	c := Value{Type: Stream, Encoding: StreamLog}
	s.logs++
	c.setRef(s.Stream(v).Copy().Ref())
	return c
}
