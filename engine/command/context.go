package command

import (
	"math/rand/v2"
	"strconv"
	"strings"

	"everysec/engine/config"
	"everysec/engine/crashreport"
	"everysec/engine/keyspace"
	"everysec/engine/number"
	"everysec/engine/object"
	"everysec/engine/resp"
)

// Context is one execution of a command. It is valid until Run returns.
type Context struct {
	Spec *Spec
	// Args are the words of the command, its name first (a subcommand's name
	// second). They alias the input buffer: what is to be kept is copied.
	Args   [][]byte
	Client *Client
	Reply  *resp.Writer // of the client, or of the script or transaction that calls
	DB     *keyspace.DB
	Space  *keyspace.Space
	Config *config.Config
	Random *rand.Rand
	Server Server

	// Now is the time of the command in Unix milliseconds. It stands still in
	// a script and in a transaction.
	Now int64

	// InScript and InTransaction say who calls.
	InScript, InTransaction bool

	// Changes is how much the command changed: Redis's server.dirty.
	Changes int64

	rewritten bool
	silent    bool
}

// Reset prepares a context for the next command, keeping what the server set
// up once.
func (c *Context) Reset() {
	c.Changes = 0
	c.rewritten = false
	c.silent = false
}

// Objects is the store that owns all values.
func (c *Context) Objects() *object.Store { return c.Space.Objects }

// LookupRead finds a key for reading; nil when there is none.
func (c *Context) LookupRead(key []byte) *keyspace.Entry {
	e := c.DB.Lookup(key, false)
	if e == nil {
		c.Notify(config.NotifyKeyMiss, "keymiss", key)
	}
	return e
}

// LookupWrite finds a key that the command is about to change.
func (c *Context) LookupWrite(key []byte) *keyspace.Entry { return c.DB.LookupWrite(key) }

// ReadTyped finds a key that must hold type t for reading. ok is false when it
// holds another: the error has been sent. The entry is nil when there is no key.
func (c *Context) ReadTyped(key []byte, t object.Type) (e *keyspace.Entry, ok bool) {
	return c.typed(c.LookupRead(key), t)
}

// WriteTyped is ReadTyped for a key about to be changed.
func (c *Context) WriteTyped(key []byte, t object.Type) (e *keyspace.Entry, ok bool) {
	return c.typed(c.LookupWrite(key), t)
}

func (c *Context) typed(e *keyspace.Entry, t object.Type) (*keyspace.Entry, bool) {
	if e != nil && e.Value.Type != t {
		c.Reply.Error(ErrWrongType)
		return nil, false
	}
	return e, true
}

// Changed is what follows a change to a key: its watchers and the page hear of
// it, the event is published to keyspace notifications, and the change counts.
// e is nil when the key has gone.
func (c *Context) Changed(key []byte, e *keyspace.Entry, class config.NotifyClass, event string) {
	c.DB.Modified(key, e)
	c.Notify(class, event, key)
	c.Changes++
}

// Notify publishes a keyspace notification if the class is switched on.
func (c *Context) Notify(class config.NotifyClass, event string, key []byte) {
	if c.Config.Notify&class != 0 {
		c.Server.NotifyKeyspace(c.DB.ID, class, event, key)
	}
}

// DeleteEmpty removes a collection that lost its last element, as every
// command that takes elements away must, and says "del". It tells whether the
// key went.
func (c *Context) DeleteEmpty(key []byte, e *keyspace.Entry) bool {
	if c.Objects().Len(&e.Value) != 0 {
		return false
	}
	c.DB.Delete(key, false)
	c.DB.Modified(key, nil)
	c.Notify(config.NotifyGeneric, "del", key)
	return true
}

// PropagateAs sends these words to the AOF and replicas instead of the
// command's own, which is what happens when nothing is called and Changes is
// not 0. Called several times it sends several commands, in MULTI and EXEC.
func (c *Context) PropagateAs(args ...[]byte) {
	c.rewritten = true
	c.Server.Propagate(c.DB.ID, args)
}

// PropagateNothing keeps the command out of the AOF although it changed
// something.
func (c *Context) PropagateNothing() { c.silent = true }

// PropagatesVerbatim tells the server whether to send the command's own words.
func (c *Context) PropagatesVerbatim() bool {
	return c.Changes != 0 && !c.rewritten && !c.silent
}

// Int parses an argument as Redis's integers are parsed. ok is false when it
// is none: the error has been sent.
func (c *Context) Int(arg []byte) (n int64, ok bool) {
	n, ok = number.ParseInt(arg)
	if !ok {
		c.Reply.Error(ErrNotInteger)
	}
	return n, ok
}

// IntFrom parses an integer that is at least least. ok is false when it is
// none or less: the error given has been sent.
func (c *Context) IntFrom(arg []byte, least int64, problem string) (n int64, ok bool) {
	n, ok = number.ParseInt(arg)
	if !ok || n < least {
		c.Reply.Error(problem)
		return 0, false
	}
	return n, true
}

// PositiveInt parses an integer from 0 on. ok is false when it is none: the
// error has been sent.
func (c *Context) PositiveInt(arg []byte) (n int64, ok bool) {
	return c.IntFrom(arg, 0, ErrMustBePositive)
}

// Repeat replies n times what write does, after the header that begin writes. A
// client may ask for more than memory holds: the reply may be as long as a
// string may, or it is an error.
func (c *Context) Repeat(n int64, begin func(n int), write func()) {
	const least = 6 // bytes of a reply, of an empty string
	mark, limit := c.Reply.Len(), c.Config.ProtoMaxBulkLen
	if n <= limit/least {
		begin(int(n))
		for ; n > 0 && int64(c.Reply.Len()-mark) <= limit; n-- {
			write()
		}
	}
	if n > 0 {
		c.Reply.Truncate(mark)
		c.Reply.Error(ErrReplyTooLong)
	}
}

// Decimal is an integer as a word to propagate.
func (c *Context) Decimal(n int64) []byte { return strconv.AppendInt(nil, n, 10) }

// Float parses a double (not NaN). ok is false when it is none: the error has
// been sent.
func (c *Context) Float(arg []byte) (f float64, ok bool) {
	f, ok = number.ParseDouble(arg)
	if !ok {
		c.Reply.Error(ErrNotFloat)
	}
	return f, ok
}

// Is compares an argument with a word in capitals, ignoring case.
func Is(arg []byte, word string) bool {
	if len(arg) != len(word) {
		return false
	}
	for i := range len(arg) {
		b := arg[i]
		if 'a' <= b && b <= 'z' {
			b -= 'a' - 'A'
		}
		if b != word[i] {
			return false
		}
	}
	return true
}

// ReplySubcommandError sends the error for words that a subcommand does not
// take, or for a subcommand that its command alone can tell is unknown.
func (c *Context) ReplySubcommandError() {
	word := c.Args[1]
	c.Reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
		Printed(word[:min(len(word), 128)]) + "'. Try " + strings.ToUpper(string(c.Args[0])) + " HELP.")
}

// ReplyHelp sends the lines of a container's HELP.
func (c *Context) ReplyHelp(lines ...string) {
	c.Reply.Array(len(lines) + 3)
	c.Reply.SimpleString(strings.ToUpper(string(c.Args[0])) + " <subcommand> [<arg> [value] [opt] ...]. Subcommands are:")
	for _, line := range lines {
		c.Reply.SimpleString(line)
	}
	c.Reply.SimpleString("HELP")
	c.Reply.SimpleString("    Prints this help.")
}

// Server is what commands ask of the server. The server implements it.
type Server interface {
	// Propagate queues one command for the AOF and replicas, to be sent when
	// the running command ends. The words are encoded before it returns.
	Propagate(db int, args [][]byte)
	// NotifyKeyspace publishes to __keyspace@ and __keyevent@.
	NotifyKeyspace(db int, class config.NotifyClass, event string, key []byte)

	// Table finds commands.
	Table() *Table
	// Call runs one command on behalf of another (EXEC, scripts): checks that
	// the caller has not made are not made. Its reply goes to w.
	Call(caller *Context, args [][]byte, w *resp.Writer)

	// Clients in the order of their ids.
	Clients() []*Client
	Kill(c *Client)
	// Block makes the client wait; commands call Context.Block.
	Block(c *Client, b *Blocked)
	// KeyReady lets those who wait for a key look at it after this command. A
	// new key is noticed without it.
	KeyReady(db *keyspace.DB, key []byte, t object.Type)
	// Unblock ends the wait of a client, as its time running out does or with
	// an error, and tells whether there was one to end.
	Unblock(c *Client, asError bool) bool
	// Track switches CLIENT TRACKING on, to options that add to those in
	// force, or off (nil).
	Track(c *Client, t *Tracking)
	// Pause holds commands, or those that write, until a Unix time in
	// milliseconds.
	Pause(until int64, all bool)
	Unpause()
	// SetMonitor is MONITOR and its end.
	SetMonitor(c *Client, on bool)
	// Synced tells whether all that this client wrote is on disk.
	Synced(c *Client) bool

	// ACL is the users. Denied notes in its log that a command was refused;
	// object is the command, the key, the channel, or how it was called.
	ACL() *ACL
	Denied(c *Context, d Denial, object, user string)
	// UserGone closes the connections of a user, or those that losing, if it is
	// not nil, picks. LoadUsers and SaveUsers are ACL LOAD and SAVE.
	UserGone(u *User, losing func(c *Client) bool)
	LoadUsers() (problem string)
	SaveUsers(c *Context)

	PubSub() *PubSubRegistry
	// Publish sends a message to a channel and returns how many received it.
	Publish(channel, message []byte) int
	PublishShard(channel, message []byte) int
	// Flushed tells that a database was emptied (-1: all of them), Swapped
	// that two were exchanged: the page hears of it.
	Flushed(db int)
	Swapped(a, b int)

	// HoldUntil keeps the one thread busy until engine time (microseconds).
	HoldUntil(at int64)

	Persistence
	Introspection
}

// Persistence is the part of the server that commands like SAVE drive. Where
// a method takes a Context it replies itself, at once or when the disk is done.
type Persistence interface {
	Save(c *Context)
	BackgroundSave(c *Context, schedule bool)
	RewriteAOF(c *Context)
	LastSave() int64 // Unix seconds
	Shutdown(c *Context, flags ShutdownFlags)
	// Reload saves and loads the dataset again (DEBUG RELOAD); LoadAOF loads
	// it from the append-only file.
	Reload(c *Context, flags ReloadFlags)
	LoadAOF(c *Context)
	// AbortSnapshot ends a running BGSAVE, and lets a rewrite begin again, as
	// FLUSHALL does.
	AbortSnapshot()
	// FlushedAll saves an empty dataset when save points are configured.
	FlushedAll()
}

// ShutdownFlags are the options of SHUTDOWN.
type ShutdownFlags struct{ Save, NoSave, Now, Force, Abort bool }

// ReloadFlags are the options of DEBUG RELOAD.
type ReloadFlags struct{ NoFlush, NoSave, Merge bool }

// Introspection is what INFO, CONFIG, SCRIPT and DEBUG look at and set.
type Introspection interface {
	Info(sections []string) []byte
	Memory() MemoryFigures
	ConfigSet(c *Context, pairs [][2]string) // replies
	ConfigRewrite(c *Context)
	ResetStatistics()
	SetActiveExpire(on bool)
	// ReplyBuffers tells whether buffers of replies are resized, and after how
	// many milliseconds their peak is forgotten (negative: never): DEBUG sets it.
	ReplyBuffers() (resize *bool, forget *int64)
	// CrashReport is what became of the writes of the server before this one;
	// nil as long as this one reads its files.
	CrashReport() *crashreport.Report
	// PauseCron, ChangeReplicationID and Log are DEBUG's.
	PauseCron(on bool)
	ChangeReplicationID()
	Log(text string)
	SlowLog() *SlowLog
	Latency() *LatencyMonitor
	// Durations is how long the calls of a command took, nil if it was never
	// called.
	Durations(spec *Spec) *LatencyLevels
	RunID() string
	Now() int64 // microseconds, moving while a command runs only if the host says so
	Scripts() Scripts
}
