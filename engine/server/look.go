package server

import "everysec/engine/event"

// Whoever plays a recorded run looks at the server in the middle of it. Looking
// must leave no trace, or the run would go on differently; so nothing here
// moves what Drain moves.

// Look puts into a batch the state that Drain tells with each batch, whether it
// has changed or not. Resync has the keys.
func (s *Server) Look(b *event.Batch) {
	if j := s.job(); j != nil {
		b.Job(event.Job{Kind: j.kind, Phase: event.Running, Done: j.keys, Total: j.total, Copied: j.copied})
	}
	b.ClientsChanged(s.describeClients())
	if e, ok := s.CrashEvent(toldWrites); ok {
		b.CrashReport(&e)
	}
	b.Durability(s.Durability())
	b.Stats(s.eventStats())
}

// Counts are what a host compares to see that something has happened.
type Counts struct {
	Commands, Expired, Evicted int64
	Blocked                    int  // clients that wait
	Job                        bool // a snapshot or a rewrite is under way
}

// Counts counts.
func (s *Server) Counts() Counts {
	return Counts{
		Commands: s.stats.commands, Expired: s.space.ExpiredKeys, Evicted: s.eviction.keys,
		Blocked: s.blocking.clients, Job: s.job() != nil,
	}
}
