package server

import (
	"everysec/engine/command"
)

// CLIENT PAUSE. A command that may not run is kept, its client waits, and when
// the pause is over it runs before the client's further input.

type pause struct {
	until int64 // Unix milliseconds
	all   bool  // else only what writes
	// kept are the clients whose commands wait, in the order in which they came.
	kept []*connection
}

// Pause is CLIENT PAUSE: a second one can only prolong and extend the first.
func (s *Server) Pause(until int64, all bool) {
	p := &s.pause
	if s.paused() {
		p.until, p.all = max(p.until, until), p.all || all
	} else {
		p.until, p.all = until, all
	}
	s.space.KeepExpired = s.paused()
}

// Unpause is CLIENT UNPAUSE.
func (s *Server) Unpause() {
	p := &s.pause
	p.until, p.all = 0, false
	s.space.KeepExpired = false
	kept := p.kept
	p.kept = nil
	for _, c := range kept {
		if c.Blocked != nil && c.Blocked.Postponed {
			s.unblock(c)
		}
	}
}

func (s *Server) paused() bool { return s.pause.until > s.space.Now }

// endPause ends a pause whose time is over.
func (s *Server) endPause() {
	if s.pause.until != 0 && !s.paused() {
		s.Unpause()
	}
}

// pauses tells whether a command may not run now.
func (s *Server) pauses(c *connection, spec *command.Spec) bool {
	return s.paused() && (s.pause.all || writes(c, spec) || mayReplicate(spec))
}

// mayReplicate tells whether a command that does not write itself may have to
// be sent to replicas.
func mayReplicate(spec *command.Spec) bool {
	switch spec.Name {
	case "eval", "evalsha", "fcall", "publish", "spublish", "pfcount":
		return spec.Parent() == nil
	}
	return false
}

// postpone keeps a command until its client is unblocked.
func (s *Server) postpone(c *connection, args [][]byte) {
	c.postponed = command.CopyWords(args)
	c.ReplySkipNext = c.ReplySkip // it is not this command's yet
	s.Block(&c.Client, &command.Blocked{Postponed: true})
}
