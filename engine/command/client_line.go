package command

import (
	"strconv"
	"strings"

	"everysec/engine/ds/arena"
)

// UserName is the name of the client's user.
func (c *Client) UserName() string {
	if c.User == nil {
		return "(superuser)"
	}
	return c.User.Name
}

// Redirection is the client that is told in this one's place of changes to
// tracked keys: 0 for none, -1 without tracking.
func (c *Client) Redirection() int64 {
	if c.Tracking == nil {
		return -1
	}
	return int64(c.Tracking.Redirect)
}

// clientLine is a line that grows field by field.
type clientLine struct{ b []byte }

// Not inlined: there are thirty fields, and nobody waits for them.
//
//go:noinline
func (l *clientLine) text(name, value string) {
	if len(l.b) > 0 && l.b[len(l.b)-1] != '\n' {
		l.b = append(l.b, ' ')
	}
	l.b = append(l.b, name...)
	l.b = append(l.b, '=')
	l.b = append(l.b, value...)
}

//go:noinline
func (l *clientLine) integer(name string, n int64) { l.text(name, strconv.FormatInt(n, 10)) }

// AppendClient writes the line of CLIENT LIST.
func (c *Context) AppendClient(dst []byte, client *Client) []byte {
	line := clientLine{dst}

	arguments, memory, queued, multi := int64(0), client.Buffers.Memory, int64(0), int64(-1)
	if client == c.Client {
		arguments = size(c.Args)
		memory += arguments + arena.RedisBlock(8*len(c.Args))
	}
	switch t := &client.Transaction; {
	case t.Executing > 0:
		multi, queued = int64(t.Executing), t.ExecutingBytes
		arguments = int64(len("exec")) // whose words the client has sent
	case t.Open:
		multi, queued = int64(len(t.Queue)), t.Bytes
	}
	b := &client.Buffers
	events := "r"
	if b.Stuck {
		events = "rw"
	}

	line.integer("id", int64(client.ID))
	line.text("addr", client.Address)
	line.text("laddr", client.Local)
	line.integer("fd", int64(client.Descriptor))
	line.text("name", client.Name)
	line.integer("age", max(c.Now-client.CreatedAt, 0)/1000)
	line.integer("idle", max(c.Now-client.LastInteraction, 0)/1000)
	line.text("flags", flagsOf(client))
	line.integer("db", int64(client.DB.ID))
	line.integer("sub", int64(len(client.Channels[Global])))
	line.integer("psub", int64(len(client.Patterns)))
	line.integer("ssub", int64(len(client.Channels[Shard])))
	line.integer("multi", multi)
	line.integer("qbuf", int64(b.Query))
	line.integer("qbuf-free", int64(b.QueryFree))
	line.integer("argv-mem", arguments)
	line.integer("multi-mem", queued)
	line.integer("rbs", int64(b.ReplyRoom))
	line.integer("rbp", int64(b.ReplyPeak))
	line.integer("obl", int64(b.Reply))
	line.integer("oll", int64(b.Blocks))
	line.integer("omem", int64(b.Listed))
	line.integer("tot-mem", memory)
	line.text("events", events)
	line.text("cmd", client.LastCommand)
	line.text("user", client.UserName())
	line.integer("redir", client.Redirection())
	line.integer("resp", int64(max(client.Reply.Protocol, 2)))
	if client.LibName != "" || client.LibVer != "" {
		line.text("lib-name", client.LibName)
		line.text("lib-ver", client.LibVer)
	}
	return append(line.b, '\n')
}

func size(args [][]byte) int64 {
	n := 0
	for _, arg := range args {
		n += len(arg)
	}
	return int64(n)
}

// flagsOf is the letters of CLIENT LIST, in Redis's order.
func flagsOf(client *Client) string {
	var letters []byte
	for _, f := range []struct {
		set    bool
		letter byte
	}{
		{client.Monitor, 'O'},
		{client.Listens(), 'P'},
		{client.Transaction.Open || client.Transaction.Executing > 0, 'x'},
		{client.Blocked != nil, 'b'},
		{client.Tracking != nil, 't'},
		{client.Tracking != nil && client.Tracking.Broken, 'R'},
		{client.Tracking != nil && client.Tracking.Broadcast, 'B'},
		{client.Transaction.Dirty, 'd'},
		{client.CloseAfterReply, 'c'},
		{client.CloseNow, 'A'},
		{strings.HasPrefix(client.Address, "/"), 'U'},
		{client.NoEvict, 'e'},
		{client.NoTouch, 'T'},
	} {
		if f.set {
			letters = append(letters, f.letter)
		}
	}
	if letters == nil {
		return "N"
	}
	return string(letters)
}
