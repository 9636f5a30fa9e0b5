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

// AppendClient writes the line of CLIENT LIST.
func (c *Context) AppendClient(dst []byte, client *Client) []byte {
	text := func(name, value string) {
		if len(dst) > 0 && dst[len(dst)-1] != '\n' {
			dst = append(dst, ' ')
		}
		dst = append(dst, name...)
		dst = append(dst, '=')
		dst = append(dst, value...)
	}
	integer := func(name string, n int64) { text(name, strconv.FormatInt(n, 10)) }

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

	integer("id", int64(client.ID))
	text("addr", client.Address)
	text("laddr", client.Local)
	integer("fd", int64(client.Descriptor))
	text("name", client.Name)
	integer("age", max(c.Now-client.CreatedAt, 0)/1000)
	integer("idle", max(c.Now-client.LastInteraction, 0)/1000)
	text("flags", flagsOf(client))
	integer("db", int64(client.DB.ID))
	integer("sub", int64(len(client.Channels[Global])))
	integer("psub", int64(len(client.Patterns)))
	integer("ssub", int64(len(client.Channels[Shard])))
	integer("multi", multi)
	integer("qbuf", int64(b.Query))
	integer("qbuf-free", int64(b.QueryFree))
	integer("argv-mem", arguments)
	integer("multi-mem", queued)
	integer("rbs", int64(b.ReplyRoom))
	integer("rbp", int64(b.ReplyPeak))
	integer("obl", int64(b.Reply))
	integer("oll", int64(b.Blocks))
	integer("omem", int64(b.Listed))
	integer("tot-mem", memory)
	text("events", events)
	text("cmd", client.LastCommand)
	text("user", client.UserName())
	integer("redir", client.Redirection())
	integer("resp", int64(max(client.Reply.Protocol, 2)))
	if client.LibName != "" || client.LibVer != "" {
		text("lib-name", client.LibName)
		text("lib-ver", client.LibVer)
	}
	return append(dst, '\n')
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
