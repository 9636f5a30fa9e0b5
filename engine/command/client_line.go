package command

import (
	"strconv"
	"strings"
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

// AppendClient writes the line of CLIENT LIST. The memory of buffers is what
// the engine really holds; what it does not have (file descriptors, a list of
// reply blocks) is 0.
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

	arguments, queued, multi := int64(0), int64(0), int64(-1)
	if client == c.Client {
		arguments = size(c.Args)
	}
	if client.Transaction.Open {
		multi = int64(len(client.Transaction.Queue))
		queued = client.Transaction.Bytes
	}
	output := int64(client.Reply.Len())
	events := "r"
	if output > 0 && client != c.Client {
		events = "rw"
	}

	integer("id", int64(client.ID))
	text("addr", client.Address)
	text("laddr", client.Local)
	integer("fd", 0)
	text("name", client.Name)
	integer("age", max(c.Now-client.CreatedAt, 0)/1000)
	integer("idle", max(c.Now-client.LastInteraction, 0)/1000)
	text("flags", flagsOf(client))
	integer("db", int64(client.DB.ID))
	integer("sub", int64(len(client.Channels[Global])))
	integer("psub", int64(len(client.Patterns)))
	integer("ssub", int64(len(client.Channels[Shard])))
	integer("multi", multi)
	integer("qbuf", client.QueryBuffer)
	integer("qbuf-free", client.QueryBufferFree)
	integer("argv-mem", arguments)
	integer("multi-mem", queued)
	integer("rbs", 0)
	integer("rbp", 0)
	integer("obl", output)
	integer("oll", min(client.Unsent, 1))
	integer("omem", client.Unsent)
	integer("tot-mem", client.Memory+arguments)
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
		{client.Transaction.Open, 'x'},
		{client.Blocked != nil, 'b'},
		{client.Tracking != nil, 't'},
		{client.Tracking != nil && client.Tracking.Broken, 'R'},
		{client.Tracking != nil && client.Tracking.Broadcast, 'B'},
		{client.Transaction.Dirty, 'd'},
		{client.CloseAfterReply, 'c'},
		{client.CloseNow, 'A'},
		{client.NoEvict, 'e'},
		{client.NoTouch, 'T'},
		{strings.HasPrefix(client.Address, "/"), 'U'},
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
