// Package connection is the commands about the connection itself: who it is,
// which database and protocol it speaks, and CLIENT.
package connection

import (
	"slices"

	"everysec/engine/command"
	"everysec/engine/number"
)

// Commands is the family.
var Commands = slices.Concat(connectionCommands, clientCommands)

var connectionCommands = []*command.Spec{
	{
		Name:       "auth",
		Group:      command.GroupConnection,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Authenticates the connection",
		Arity:      -2,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
		Arguments: []command.Argument{
			{Name: "username", Type: command.ArgString, Since: "6.0.0", Optional: true},
			{Name: "password", Type: command.ArgString},
		},
		History: []command.Change{
			{Since: "6.0.0", Text: "Takes a user name."},
		},
		Run: runAuth,
	},
	{
		Name:       "echo",
		Group:      command.GroupConnection,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Sends its argument back",
		Arity:      2,
		Flags:      command.Loading | command.Stale | command.Fast,
		Arguments: []command.Argument{
			{Name: "message", Type: command.ArgString},
		},
		Run: runEcho,
	},
	{
		Name:       "hello",
		Group:      command.GroupConnection,
		Since:      "6.0.0",
		Complexity: "O(1)",
		Summary:    "Chooses the protocol version, and introduces the client",
		Arity:      -1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
		Arguments: []command.Argument{
			{Name: "arguments", Type: command.ArgBlock, Optional: true, Arguments: []command.Argument{
				{Name: "protover", Type: command.ArgInteger},
				{Name: "username_password", Type: command.ArgBlock, Token: "AUTH", Optional: true, Arguments: []command.Argument{
					{Name: "username", Type: command.ArgString},
					{Name: "password", Type: command.ArgString},
				}},
				{Name: "clientname", Type: command.ArgString, Token: "SETNAME", Optional: true},
			}},
		},
		History: []command.Change{
			{Since: "6.2.0", Text: "The version may be left out: then nothing changes."},
		},
		Run: runHello,
	},
	{
		Name:       "ping",
		Group:      command.GroupConnection,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Answers, to show that the server lives",
		Arity:      -1,
		Flags:      command.Fast,
		Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
		Arguments: []command.Argument{
			{Name: "message", Type: command.ArgString, Optional: true},
		},
		Run: runPing,
	},
	{
		Name:       "quit",
		Group:      command.GroupConnection,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Closes the connection",
		Arity:      -1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
		Run:        runQuit,
	},
	{
		Name:       "reset",
		Group:      command.GroupConnection,
		Since:      "6.2.0",
		Complexity: "O(1)",
		Summary:    "Puts the connection into the state of a new one",
		Arity:      1,
		Flags:      command.NoScript | command.Loading | command.Stale | command.Fast | command.NoAuth | command.AllowBusy,
		Run:        runReset,
	},
	{
		Name:       "select",
		Group:      command.GroupConnection,
		Since:      "1.0.0",
		Complexity: "O(1)",
		Summary:    "Chooses the database for this connection",
		Arity:      2,
		Flags:      command.Loading | command.Stale | command.Fast,
		Arguments: []command.Argument{
			{Name: "index", Type: command.ArgInteger},
		},
		Run: runSelect,
	},
}

func runPing(c *command.Context) {
	if len(c.Args) > 2 {
		c.Reply.Error(command.WrongNumberOfArguments("ping"))
		return
	}
	var message []byte
	if len(c.Args) == 2 {
		message = c.Args[1]
	}
	switch {
	case c.Client.Listens() && c.Reply.Protocol == 2:
		// A listening RESP2 client gets only messages: the answer looks like one.
		c.Reply.Array(2)
		c.Reply.BulkString("pong")
		c.Reply.Bulk(message)
	case message == nil:
		c.Reply.SimpleString("PONG")
	default:
		c.Reply.Bulk(message)
	}
}

func runEcho(c *command.Context) { c.Reply.Bulk(c.Args[1]) }

func runSelect(c *command.Context) {
	n, ok := number.ParseInt(c.Args[1])
	switch {
	case !ok:
		c.Reply.Error(command.ErrNotInteger)
	case n != int64(int32(n)):
		c.Reply.Error("ERR value is out of range, value must between -2147483648 and 2147483647")
	case n < 0 || n >= int64(len(c.Space.DBs)):
		c.Reply.Error(command.ErrDBIndexOutOfRange)
	default:
		c.Client.DB = c.Space.DBs[n]
		c.DB = c.Client.DB
		c.Reply.OK()
	}
}

func runQuit(c *command.Context) {
	c.Client.CloseAfterReply = true
	c.Reply.OK()
}

func runReset(c *command.Context) {
	client := c.Client
	client.Discard()
	c.Server.SetMonitor(client, false)
	c.Server.Track(client, nil)
	c.Server.PubSub().Forget(client)
	client.DB = c.Space.DBs[0]
	c.DB = client.DB
	client.Reply.Protocol = 2
	client.ReplyOff, client.ReplySkip, client.ReplySkipNext = false, false, false
	client.NoEvict, client.NoTouch = false, false
	client.Name = ""
	client.User = c.Server.ACL().Default
	client.Authenticated = client.User.Free()
	c.Reply.SimpleString("RESET")
}

// authenticate makes the client the user whose password it knows.
func authenticate(c *command.Context, user, password []byte) bool {
	u := c.Server.ACL().Authenticate(user, password)
	if u == nil {
		c.Server.Denied(c, command.DeniedAuth, string(c.Args[0]), string(user))
		c.Reply.Error(command.ErrWrongPass)
		return false
	}
	c.Client.User = u
	c.Client.Authenticated = true
	return true
}

func runAuth(c *command.Context) {
	user, password := []byte("default"), c.Args[1]
	switch {
	case len(c.Args) > 3:
		c.Reply.Error(command.ErrSyntax)
		return
	case len(c.Args) == 3:
		user, password = c.Args[1], c.Args[2]
	case c.Server.ACL().Default.NoPassword():
		c.Reply.Error("ERR AUTH <password> called without any password configured for the default user. " +
			"Are you sure your configuration is correct?")
		return
	}
	if authenticate(c, user, password) {
		c.Reply.OK()
	}
}

// redisVersion is the version whose behaviour this is.
const redisVersion = "7.0.15"

func runHello(c *command.Context) {
	protocol := c.Reply.Protocol
	if len(c.Args) >= 2 {
		n, ok := number.ParseInt(c.Args[1])
		if !ok {
			c.Reply.Error("ERR Protocol version is not an integer or out of range")
			return
		}
		if n != 2 && n != 3 {
			c.Reply.Error("NOPROTO unsupported protocol version")
			return
		}
		protocol = int(n)
	}
	var user, password, name []byte
	named := false
	for i := 2; i < len(c.Args); i++ {
		more := len(c.Args) - 1 - i
		switch {
		case command.Is(c.Args[i], "AUTH") && more >= 2:
			user, password = c.Args[i+1], c.Args[i+2]
			i += 2
		case command.Is(c.Args[i], "SETNAME") && more >= 1:
			name, named = c.Args[i+1], true
			if !validName(name) {
				c.Reply.Error(errBadName)
				return
			}
			i++
		default:
			c.Reply.Error("ERR Syntax error in HELLO option '" + command.Printed(c.Args[i]) + "'")
			return
		}
	}
	if user != nil && !authenticate(c, user, password) {
		return
	}
	if !c.Client.Authenticated && c.Server.ACL().AuthRequired {
		c.Reply.Error("NOAUTH HELLO must be called with the client already authenticated, otherwise the " +
			"HELLO AUTH <user> <pass> option can be used to authenticate the client and select the " +
			"RESP protocol version at the same time")
		return
	}
	if named {
		c.Client.Name = string(name)
	}
	c.Client.Reply.Protocol = protocol
	w := c.Reply
	w.Map(7)
	w.BulkString("server")
	w.BulkString("redis")
	w.BulkString("version")
	w.BulkString(redisVersion)
	w.BulkString("proto")
	w.Int(int64(protocol))
	w.BulkString("id")
	w.Int(int64(c.Client.ID))
	w.BulkString("mode")
	w.BulkString("standalone")
	w.BulkString("role")
	w.BulkString("master")
	w.BulkString("modules")
	w.Array(0)
}
