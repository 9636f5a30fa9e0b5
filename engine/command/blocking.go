package command

import (
	"everysec/engine/number"
	"everysec/engine/object"
	"everysec/engine/resp"
)

// Blocked says what a client waits for. There is no thread that waits: the
// server keeps a line of clients at each key and serves it after the command,
// transaction or script that brought the key.
//
// A command that finds nothing to do calls Context.Block with
//
//	c.Block(&command.Blocked{
//		Keys: keys, Type: object.Stream, Deadline: deadline,
//		Serve: func(c *command.Context, key []byte) bool { ... },
//		OnTimeout: func(w *resp.Writer) { w.NullArray() },
//	})
//
// and returns. Where it may not wait (in MULTI, in a script) Block writes
// OnTimeout's reply at once.
type Blocked struct {
	// Keys are the keys waited for, a key named twice counting once; the server
	// copies them. Only a value of type Type makes the client ready.
	Keys [][]byte
	Type object.Type
	// Serve tries the command on a key that holds Type. c.Args are the words of
	// the command, c.DB the client's database. It replies, changes and
	// propagates (with PropagateAs: the client's own words are not sent), or
	// returns false and has done nothing: then the client waits on, at its place.
	Serve func(c *Context, key []byte) bool
	// Gone, if set, is called when a key does not hold Type any more, and has
	// replied when it returns (XREADGROUP).
	Gone func(c *Context, key []byte)
	// Done, if set, is asked instead, after writes and syncs (WAITAOF). It has
	// replied when it returns true.
	Done func(w *resp.Writer) bool

	// Deadline is engine time in Unix milliseconds; 0: no limit.
	Deadline int64
	// OnTimeout writes the reply when the deadline passes.
	OnTimeout func(w *resp.Writer)

	// The server's: the command, and whether CLIENT REPLY hides its reply.
	Spec   *Spec
	Args   [][]byte
	Silent bool
	// Postponed is a command that CLIENT PAUSE keeps from running, or a snapshot
	// that has not yet written all of the value it would change.
	Postponed bool
}

// MayBlock tells whether the caller can wait: a transaction and a script cannot.
func (c *Context) MayBlock() bool { return !c.InScript && !c.InTransaction && !c.Client.Internal }

// Block makes the client wait after this command. Where it may not wait its
// time is up at once.
func (c *Context) Block(b *Blocked) {
	if b.Done != nil && b.Done(c.Reply) {
		return
	}
	if !c.MayBlock() {
		b.OnTimeout(c.Reply)
		return
	}
	b.Spec, b.Args = c.Spec, CopyWords(c.Args)
	c.Server.Block(c.Client, b)
}

// CopyWords is a copy of words that alias a buffer.
func CopyWords(args [][]byte) [][]byte {
	size := 0
	for _, a := range args {
		size += len(a)
	}
	backing := make([]byte, 0, size)
	words := make([][]byte, len(args))
	for i, a := range args {
		start := len(backing)
		backing = append(backing, a...)
		words[i] = backing[start:len(backing):len(backing)]
	}
	return words
}

// Timeout parses how many seconds, fractions allowed, a command is to wait, to
// a deadline; 0 means for ever. ok is false when it is no timeout: the error
// has been sent.
func (c *Context) Timeout(arg []byte) (deadline int64, ok bool) {
	seconds, ok := number.ParseLongDouble(arg)
	if !ok {
		c.Reply.Error("ERR timeout is not a float or out of range")
		return 0, false
	}
	n, fits := seconds.Thousandfold()
	if !fits { // too much becomes the least integer, as it does on x86
		n = -1
	}
	return c.deadline(n)
}

// TimeoutMilliseconds is Timeout for an integer of milliseconds.
func (c *Context) TimeoutMilliseconds(arg []byte) (deadline int64, ok bool) {
	n, ok := number.ParseInt(arg)
	if !ok {
		c.Reply.Error("ERR timeout is not an integer or out of range")
		return 0, false
	}
	return c.deadline(n)
}

func (c *Context) deadline(milliseconds int64) (at int64, ok bool) {
	if milliseconds < 0 {
		c.Reply.Error("ERR timeout is negative")
		return 0, false
	}
	if milliseconds == 0 {
		return 0, true
	}
	if at = c.Now + milliseconds; at < 0 {
		c.Reply.Error("ERR timeout is out of range")
		return 0, false
	}
	return at, true
}
