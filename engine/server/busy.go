package server

import (
	"errors"
	"iter"
	"strconv"

	"everysec/engine/command"
	"everysec/engine/event"
)

// A script may run for ever, and there is one thread. So a command that runs
// scripts has a stack of its own: when it has used up its slice of steps it is
// left where it stands, Step returns, and the next Step goes on with it. No
// other command runs in between, time stands still for keys, and the script's
// effects stay together, as if nothing had happened.
//
// After busy-reply-threshold the other clients are answered, with BUSY, except
// for the few commands that end the script or the server.
//
// The stack is iter.Pull's. It is a coroutine and no goroutine: it runs only
// between next and yield, so that one input still gives one output.

const (
	// sliceChecks is how many looks at the budget make a slice.
	sliceChecks = 10
	// sliceTime is the engine time a slice takes where nobody measures it:
	// a host without a stopwatch need not be called again sooner.
	sliceTime = 1000 // microseconds
)

// coroutine is a stack for commands that may be left and gone back to.
type coroutine struct {
	next  func() (done, more bool)
	stop  func()
	yield func(done bool) bool
	work  func()
	used  bool
}

// errAbandoned unwinds the stack of a command that will never end.
var errAbandoned = errors.New("the command was abandoned")

func newCoroutine() *coroutine {
	co := &coroutine{}
	co.next, co.stop = iter.Pull(func(yield func(done bool) bool) {
		defer func() {
			if r := recover(); r != nil && r != any(errAbandoned) {
				panic(r)
			}
		}()
		co.yield = yield
		for {
			co.work()
			co.work = nil // keeps the server
			if !yield(true) {
				return
			}
		}
	})
	return co
}

// busy is the command that was left.
type busy struct {
	client    *connection
	mark      int // where its reply begins
	request   []byte
	input     []byte // what its client sent meanwhile
	sent      int    // bytes of the client's replies that the host has
	answering bool   // the threshold has passed
	gone      bool   // the client has hung up
}

// runsScripts tells whether a command may run for ever: EVAL and its kin, and
// a transaction that holds one of them.
func runsScripts(c *connection, spec *command.Spec) bool {
	return spec.Flags&scriptFlags == scriptFlags || spec.Name == "exec" && c.Transaction.Flags&scriptFlags == scriptFlags
}

// scriptFlags are the flags that EVAL and its kin have, and no other command
// has all of.
const scriptFlags = command.NoScript | command.SkipMonitor | command.NoMandatoryKeys | command.MovableKeys

// runOnOwnStack runs a command that may run for ever, until it ends or its
// slice does: then s.busy is set.
func (s *Server) runOnOwnStack(c *connection, spec *command.Spec, args [][]byte, mark int) {
	if s.coroutine == nil {
		s.coroutine = newCoroutine()
	}
	co := s.coroutine
	co.used = true
	co.work = func() {
		ctx := s.pushContext(&c.Client, c.Reply)
		s.run(ctx, spec, args)
		s.popContext()
	}
	s.scripts.slice = sliceChecks
	if done, _ := co.next(); !done {
		s.busy = &busy{client: c, mark: mark, request: s.request}
	}
}

// leave ends the slice of the running script.
func (s *Server) leave() {
	if !s.coroutine.yield(false) {
		panic(errAbandoned)
	}
}

// restCoroutine gives the stack back when no script has used it for a while.
// Making one costs as much as a few short scripts.
func (s *Server) restCoroutine() {
	if co := s.coroutine; co != nil && s.busy == nil {
		if !co.used {
			co.stop()
			s.coroutine = nil
		}
		co.used = false
	}
}

// Busy tells whether a script is not done: the next Step goes on with it.
func (s *Server) Busy() bool { return s.busy != nil }

// KillScript is SCRIPT KILL, or FUNCTION KILL, by the host. It tells whether
// there is a script that has written nothing.
func (s *Server) KillScript() bool {
	c := s.scripts
	if c.caller == nil || c.wrote {
		return false
	}
	c.killed = true
	return true
}

// Abandon lets go of a running script, a running job, and their stacks. A host
// that drops a server calls it, as the server does when it exits.
func (s *Server) Abandon() {
	if j := s.job(); j != nil && j.stack != nil {
		j.stack.stop()
		j.stack = nil
	}
	s.abandonScript()
}

func (s *Server) abandonScript() {
	if s.coroutine != nil {
		s.coroutine.stop()
		s.coroutine = nil
	}
	if s.busy == nil {
		return
	}
	s.busy = nil
	s.contextDepth, s.request = 0, nil
	s.unit.clear() // half of a unit is none
	s.scripts.forget()
}

// continueBusy runs one more slice, and answers the other clients if the
// script has run for long.
func (s *Server) continueBusy() {
	b := s.busy
	s.request, s.current = b.request, b.client
	s.scripts.slice = sliceChecks
	done, _ := s.coroutine.next()
	s.request = nil
	if done {
		s.endBusy()
		return
	}
	elapsed := s.scripts.elapsed()
	if !b.answering && elapsed >= s.config.BusyReplyThreshold {
		b.answering = true
		s.logf(event.Warning, "Slow script detected: still in execution after ", strconv.FormatInt(elapsed, 10),
			" milliseconds. You can try killing the script using the ", s.scripts.killer(),
			" command. Script name is: ", s.scripts.name, ".")
	}
	if b.answering {
		s.answerBusy()
	}
}

// endBusy is what would have followed the command at once.
func (s *Server) endBusy() {
	b, c := s.busy, s.busy.client
	s.busy = nil
	s.advance(s.now)
	c.dirty = false
	s.markDirty(c)
	s.executed(c, b.mark)
	if b.sent > 0 {
		rest := append([]byte(nil), c.writer.Bytes()[b.sent:]...)
		c.writer.Reset()
		c.writer.Raw(rest)
		c.released -= b.sent
	}
	if b.gone {
		s.drop(c)
		return
	}
	if len(b.input) > 0 {
		c.reader.Feed(b.input)
	}
}

// answerBusy serves everybody but the script's client, and the disk.
func (s *Server) answerBusy() {
	if s.hold != nil && !s.release() {
		return
	}
	others := s.ready
	s.ready = nil
	for i, c := range others {
		if c == s.busy.client {
			s.ready = append(s.ready, c) // goes on when the script has ended
			continue
		}
		if s.hold != nil || s.shutdown.forced() {
			s.ready = append(s.ready, others[i:]...)
			break
		}
		s.runInput(c)
		c.queued = false
	}
	if s.shutdown.forced() {
		s.abandonScript()
		return
	}
	if s.hold == nil {
		s.flushAppendOnly()
	}
	if s.hold == nil && s.running {
		s.releaseReplies()
	}
}

// forced tells whether a shutdown does not wait for a script to end. One that
// a signal asks for does: it saves, and a script half done is not to be saved.
func (sh *shutdown) forced() bool { return sh != nil && sh.flags.NoSave }
