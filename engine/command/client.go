package command

import (
	"everysec/engine/keyspace"
	"everysec/engine/resp"
)

// Client is the state of one connection that commands can see and change. The
// server owns the bytes that come in.
type Client struct {
	ID      uint64
	Address string // "ip:port" as CLIENT LIST shows it
	Local   string
	Name    string
	LibName string
	LibVer  string
	// User is who the client is; nil for the engine's own, who may do all.
	User *User
	DB   *keyspace.DB
	// Reply collects what is to be sent. Its Protocol is 2 until HELLO 3.
	Reply *resp.Writer

	Authenticated bool
	Transaction   Transaction
	Channels      [2]map[string]struct{} // by ChannelKind
	Patterns      map[string]struct{}

	// ReplyOff drops replies until CLIENT REPLY ON; ReplySkip drops the next.
	ReplyOff, ReplySkipNext, ReplySkip bool

	NoEvict, NoTouch, Monitor bool
	// Tracking is nil when CLIENT TRACKING is off.
	Tracking *Tracking
	// CloseAfterReply ends the connection when its replies have been sent.
	CloseAfterReply bool
	// CloseNow ends it without sending them.
	CloseNow bool
	// Internal marks the clients behind scripts and the AOF loader.
	Internal bool

	CreatedAt, LastInteraction int64 // Unix milliseconds
	LastCommand                string
	// CommandsProcessed and the byte counts are for CLIENT LIST.
	CommandsProcessed, NetIn, NetOut int64
	// Descriptor is a small number that no other connection has.
	Descriptor int
	Buffers    ClientBuffers

	// Blocked is set while the client waits; its commands stay unread until it
	// is nil again.
	Blocked *Blocked
}

// ForgetReplyPeak is after how many milliseconds ReplyPeak begins anew.
const ForgetReplyPeak = 5000

// ClientBuffers is what a client's input and replies take, as Redis would hold
// them: a buffer of queries, one of replies, and a list of blocks for replies
// that do not fit.
type ClientBuffers struct {
	Query, QueryFree     int
	ReplyRoom, ReplyPeak int // the size of the buffer, the most that was in it lately
	Reply                int // bytes in it
	Blocks, Listed       int // of the list: how many, their bytes
	Memory               int64
	Stuck                bool // the host could not send everything
}

// Transaction is the state between MULTI and EXEC.
type Transaction struct {
	Open    bool
	Queue   [][][]byte // own copies
	Bytes   int64      // of the words in it, and 8 for each
	Flags   Flags      // all flags of queued commands together
	Aborted bool       // a command could not be queued: EXEC will fail
	Dirty   bool       // a watched key changed: EXEC will reply nil
	Watched []WatchedKey
	// Of the queue that EXEC runs: how many commands, and their Bytes.
	Executing      int
	ExecutingBytes int64
}

// WatchedKey is one key of WATCH.
type WatchedKey struct {
	DB  *keyspace.DB
	Key []byte
	// Expired: the key had already expired when it was watched, so that its
	// deletion is no change.
	Expired bool
}

// Touched marks the transaction as dirty; see keyspace.Watcher.
func (c *Client) Touched() { c.Transaction.Dirty = true }

// Unwatch forgets all watched keys.
func (c *Client) Unwatch() {
	for _, w := range c.Transaction.Watched {
		w.DB.Unwatch(w.Key, c)
	}
	c.Transaction.Watched = nil
}

// Discard ends the transaction without running it.
func (c *Client) Discard() {
	c.Unwatch()
	c.Transaction = Transaction{}
}

// Subscriptions counts channels and patterns.
func (c *Client) Subscriptions() int { return len(c.Channels[Global]) + len(c.Patterns) }

// Listens tells whether the client has any subscription: then in RESP2 it may
// do little else.
func (c *Client) Listens() bool { return c.Subscriptions()+len(c.Channels[Shard]) > 0 }
