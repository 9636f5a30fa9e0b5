package connection

import (
	"everysec/engine/command"
	"everysec/engine/number"
)

// CLIENT.

var clientCommands = []*command.Spec{
	{
		Name:       "client",
		Group:      command.GroupConnection,
		Since:      "2.4.0",
		Complexity: "That of the subcommand",
		Summary:    "Looks at and manages connections",
		Arity:      -2,
		Subcommands: []*command.Spec{
			{
				Name:       "caching",
				Group:      command.GroupConnection,
				Since:      "6.0.0",
				Complexity: "O(1)",
				Summary:    "Says for the next command whether its keys are tracked",
				Arity:      3,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "mode", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "yes", Type: command.ArgPureToken, Token: "YES"},
						{Name: "no", Type: command.ArgPureToken, Token: "NO"},
					}},
				},
				Run: runClientCaching,
			},
			{
				Name:       "getname",
				Group:      command.GroupConnection,
				Since:      "2.6.9",
				Complexity: "O(1)",
				Summary:    "Tells the name of this connection",
				Arity:      2,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Run:        runClientGetName,
			},
			{
				Name:       "getredir",
				Group:      command.GroupConnection,
				Since:      "6.0.0",
				Complexity: "O(1)",
				Summary:    "Tells who is told in place of this connection when a tracked key changes",
				Arity:      2,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Run:        runClientGetRedir,
			},
			{
				Name:       "help",
				Group:      command.GroupConnection,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Lists the subcommands",
				Arity:      2,
				Flags:      command.Loading | command.Stale,
				Run:        runClientHelp,
			},
			{
				Name:       "id",
				Group:      command.GroupConnection,
				Since:      "5.0.0",
				Complexity: "O(1)",
				Summary:    "Tells the number of this connection",
				Arity:      2,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Run:        runClientID,
			},
			{
				Name:       "info",
				Group:      command.GroupConnection,
				Since:      "6.2.0",
				Complexity: "O(1)",
				Summary:    "Describes this connection",
				Arity:      2,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"nondeterministic_output"},
				Run:        runClientInfo,
			},
			{
				Name:       "kill",
				Group:      command.GroupConnection,
				Since:      "2.4.0",
				Complexity: "O(N), N: connections",
				Summary:    "Closes connections",
				Arity:      -3,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "filter", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "ip:port", Type: command.ArgString, DeprecatedIn: "2.8.12"},
						{Name: "new-format", Type: command.ArgOneOf, Multiple: true, Arguments: []command.Argument{
							{Name: "client-id", Type: command.ArgInteger, Token: "ID", Since: "2.8.12", Optional: true},
							{Name: "normal_master_slave_pubsub", Type: command.ArgOneOf, Token: "TYPE", Since: "2.8.12", Optional: true, Arguments: []command.Argument{
								{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
								{Name: "master", Type: command.ArgPureToken, Token: "MASTER", Since: "3.2.0"},
								{Name: "slave", Type: command.ArgPureToken, Token: "SLAVE"},
								{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA", Since: "5.0.0"},
								{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
							}},
							{Name: "username", Type: command.ArgString, Token: "USER", Optional: true},
							{Name: "ip:port", Type: command.ArgString, Token: "ADDR", Optional: true},
							{Name: "ip:port", Type: command.ArgString, Token: "LADDR", Since: "6.2.0", Optional: true},
							{Name: "yes/no", Type: command.ArgString, Token: "SKIPME", Optional: true},
						}},
					}},
				},
				History: []command.Change{
					{Since: "2.8.12", Text: "Takes filters, and replies with a count."},
					{Since: "2.8.12", Text: "Filter `ID`."},
					{Since: "3.2.0", Text: "`TYPE` knows masters."},
					{Since: "5.0.0", Text: "`TYPE` says `replica` for `slave`, which is still understood."},
					{Since: "6.2.0", Text: "Filter `LADDR`."},
				},
				Run: runClientKill,
			},
			{
				Name:       "list",
				Group:      command.GroupConnection,
				Since:      "2.4.0",
				Complexity: "O(N), N: connections",
				Summary:    "Describes all connections",
				Arity:      -2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Tips:       []string{"nondeterministic_output"},
				Arguments: []command.Argument{
					{Name: "normal_master_replica_pubsub", Type: command.ArgOneOf, Token: "TYPE", Since: "5.0.0", Optional: true, Arguments: []command.Argument{
						{Name: "normal", Type: command.ArgPureToken, Token: "NORMAL"},
						{Name: "master", Type: command.ArgPureToken, Token: "MASTER"},
						{Name: "replica", Type: command.ArgPureToken, Token: "REPLICA"},
						{Name: "pubsub", Type: command.ArgPureToken, Token: "PUBSUB"},
					}},
					{Name: "id", Type: command.ArgBlock, Token: "ID", Since: "6.2.0", Optional: true, Arguments: []command.Argument{
						{Name: "client-id", Type: command.ArgInteger, Multiple: true},
					}},
				},
				History: []command.Change{
					{Since: "2.8.12", Text: "Field `id`."},
					{Since: "5.0.0", Text: "Filter `TYPE`."},
					{Since: "6.0.0", Text: "Field `user`."},
					{Since: "6.2.0", Text: "Fields `argv-mem`, `tot-mem`, `laddr`, `redir`; filter `ID`."},
					{Since: "7.0.0", Text: "Fields `resp`, `multi-mem`, `rbs`, `rbp`."},
					{Since: "7.0.3", Text: "Field `ssub`."},
				},
				Run: runClientList,
			},
			{
				Name:       "no-evict",
				Group:      command.GroupConnection,
				Since:      "7.0.0",
				Complexity: "O(1)",
				Summary:    "Keeps this connection when clients are evicted for memory",
				Arity:      3,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "enabled", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "on", Type: command.ArgPureToken, Token: "ON"},
						{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
					}},
				},
				Run: runClientNoEvict,
			},
			{
				Name:       "no-touch",
				Group:      command.GroupConnection,
				Since:      "7.2.0",
				Complexity: "O(1)",
				Summary:    "Lets this connection read without counting as a use of the keys",
				Arity:      3,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "enabled", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "on", Type: command.ArgPureToken, Token: "ON"},
						{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
					}},
				},
				Run: runClientNoTouch,
			},
			{
				Name:       "pause",
				Group:      command.GroupConnection,
				Since:      "2.9.50",
				Complexity: "O(1)",
				Summary:    "Holds the commands of all connections, or those that write, for a time",
				Arity:      -3,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "timeout", Type: command.ArgInteger},
					{Name: "mode", Type: command.ArgOneOf, Since: "6.2.0", Optional: true, Arguments: []command.Argument{
						{Name: "write", Type: command.ArgPureToken, Token: "WRITE"},
						{Name: "all", Type: command.ArgPureToken, Token: "ALL"},
					}},
				},
				History: []command.Change{
					{Since: "6.2.0", Text: "Can hold only what writes: `WRITE`."},
				},
				Run: runClientPause,
			},
			{
				Name:       "reply",
				Group:      command.GroupConnection,
				Since:      "3.2.0",
				Complexity: "O(1)",
				Summary:    "Switches replies to this connection off and on",
				Arity:      3,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "on_off_skip", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "on", Type: command.ArgPureToken, Token: "ON"},
						{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
						{Name: "skip", Type: command.ArgPureToken, Token: "SKIP"},
					}},
				},
				Run: runClientReply,
			},
			{
				Name:       "setinfo",
				Group:      command.GroupConnection,
				Since:      "7.2.0",
				Complexity: "O(1)",
				Summary:    "Notes the name and version of the library behind this connection",
				Arity:      4,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "attr", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "libname", Type: command.ArgString, Token: "LIB-NAME"},
						{Name: "libver", Type: command.ArgString, Token: "LIB-VER"},
					}},
				},
				Run: runClientSetInfo,
			},
			{
				Name:       "setname",
				Group:      command.GroupConnection,
				Since:      "2.6.9",
				Complexity: "O(1)",
				Summary:    "Names this connection",
				Arity:      3,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "connection-name", Type: command.ArgString},
				},
				Run: runClientSetName,
			},
			{
				Name:       "tracking",
				Group:      command.GroupConnection,
				Since:      "6.0.0",
				Complexity: "O(1)",
				Summary:    "Lets the server tell this connection when a key it has read changes",
				Arity:      -3,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "status", Type: command.ArgOneOf, Arguments: []command.Argument{
						{Name: "on", Type: command.ArgPureToken, Token: "ON"},
						{Name: "off", Type: command.ArgPureToken, Token: "OFF"},
					}},
					{Name: "client-id", Type: command.ArgInteger, Token: "REDIRECT", Optional: true},
					{Name: "prefix", Type: command.ArgString, Token: "PREFIX", Optional: true, Multiple: true, MultipleToken: true},
					{Name: "bcast", Type: command.ArgPureToken, Token: "BCAST", Optional: true},
					{Name: "optin", Type: command.ArgPureToken, Token: "OPTIN", Optional: true},
					{Name: "optout", Type: command.ArgPureToken, Token: "OPTOUT", Optional: true},
					{Name: "noloop", Type: command.ArgPureToken, Token: "NOLOOP", Optional: true},
				},
				Run: runClientTracking,
			},
			{
				Name:       "trackinginfo",
				Group:      command.GroupConnection,
				Since:      "6.2.0",
				Complexity: "O(1)",
				Summary:    "Tells how this connection tracks keys",
				Arity:      2,
				Flags:      command.NoScript | command.Loading | command.Stale,
				Run:        runClientTrackingInfo,
			},
			{
				Name:       "unblock",
				Group:      command.GroupConnection,
				Since:      "5.0.0",
				Complexity: "O(log(N)), N: connections",
				Summary:    "Ends the wait of a connection, as if its time were up or with an error",
				Arity:      -3,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Arguments: []command.Argument{
					{Name: "client-id", Type: command.ArgInteger},
					{Name: "timeout_error", Type: command.ArgOneOf, Optional: true, Arguments: []command.Argument{
						{Name: "timeout", Type: command.ArgPureToken, Token: "TIMEOUT"},
						{Name: "error", Type: command.ArgPureToken, Token: "ERROR"},
					}},
				},
				Run: runClientUnblock,
			},
			{
				Name:       "unpause",
				Group:      command.GroupConnection,
				Since:      "6.2.0",
				Complexity: "O(N), N: paused connections",
				Summary:    "Ends CLIENT PAUSE",
				Arity:      2,
				Flags:      command.Admin | command.NoScript | command.Loading | command.Stale,
				Run:        runClientUnpause,
			},
		},
	},
}

const errBadName = "ERR Client names cannot contain spaces, newlines or special characters."

// validName tells whether a name has only printable characters without a
// space, so that it cannot break CLIENT LIST apart.
func validName(name []byte) bool {
	for _, b := range name {
		if b < '!' || b > '~' {
			return false
		}
	}
	return true
}

func runClientID(c *command.Context) { c.Reply.Int(int64(c.Client.ID)) }

func runClientGetName(c *command.Context) {
	if c.Client.Name == "" {
		c.Reply.Null()
		return
	}
	c.Reply.BulkString(c.Client.Name)
}

func runClientSetName(c *command.Context) {
	if !validName(c.Args[2]) {
		c.Reply.Error(errBadName)
		return
	}
	c.Client.Name = string(c.Args[2])
	c.Reply.OK()
}

func runClientSetInfo(c *command.Context) {
	var field *string
	switch {
	case command.Is(c.Args[2], "LIB-NAME"):
		field = &c.Client.LibName
	case command.Is(c.Args[2], "LIB-VER"):
		field = &c.Client.LibVer
	default:
		c.Reply.Error("ERR Unrecognized option '" + string(c.Args[2]) + "'")
		return
	}
	if !validName(c.Args[3]) {
		c.Reply.Error("ERR " + string(lower(c.Args[2])) + " cannot contain spaces, newlines or special characters.")
		return
	}
	*field = string(c.Args[3])
	c.Reply.OK()
}

func lower(b []byte) []byte {
	out := make([]byte, len(b))
	for i, ch := range b {
		if 'A' <= ch && ch <= 'Z' {
			ch += 'a' - 'A'
		}
		out[i] = ch
	}
	return out
}

func runClientInfo(c *command.Context) {
	c.Reply.Verbatim("txt", string(c.AppendClient(nil, c.Client)))
}

// clientTypes are the words of TYPE. There are no replicas or masters here, so
// these types select nobody.
var clientTypes = []string{"NORMAL", "SLAVE", "REPLICA", "PUBSUB", "MASTER"}

func parseType(c *command.Context, word []byte) (string, bool) {
	for _, t := range clientTypes {
		if command.Is(word, t) {
			return t, true
		}
	}
	c.Reply.Error("ERR Unknown client type '" + command.Printed(word) + "'")
	return "", false
}

func typeOf(client *command.Client) string {
	if client.Listens() {
		return "PUBSUB"
	}
	return "NORMAL"
}

func runClientList(c *command.Context) {
	selected := func(*command.Client) bool { return true }
	options := c.Args[2:]
	switch {
	case len(options) == 0:
	case len(options) == 2 && command.Is(options[0], "TYPE"):
		kind, ok := parseType(c, options[1])
		if !ok {
			return
		}
		selected = func(client *command.Client) bool { return typeOf(client) == kind }
	case len(options) >= 2 && command.Is(options[0], "ID"):
		listClients(c, options[1:])
		return
	default:
		c.Reply.Error(command.ErrSyntax)
		return
	}
	var lines []byte
	for _, client := range c.Server.Clients() {
		if selected(client) {
			lines = c.AppendClient(lines, client)
		}
	}
	c.Reply.Verbatim("txt", string(lines))
}

// listClients describes the clients with these ids, in the order of the ids.
func listClients(c *command.Context, ids [][]byte) {
	var lines []byte
	for _, word := range ids {
		id, ok := number.ParseInt(word)
		if !ok {
			c.Reply.Error("ERR Invalid client ID")
			return
		}
		for _, client := range c.Server.Clients() {
			if int64(client.ID) == id {
				lines = c.AppendClient(lines, client)
			}
		}
	}
	c.Reply.Verbatim("txt", string(lines))
}

// killFilter is the conditions of CLIENT KILL; all must hold.
type killFilter struct {
	id                    int64 // 0: any
	kind, addr, laddr     string
	user                  *command.User
	keepCaller, oldFormat bool
	aged                  bool
	bornBy                int64 // Unix milliseconds, if aged
}

func runClientKill(c *command.Context) {
	filter := killFilter{keepCaller: true}
	if len(c.Args) == 3 {
		filter = killFilter{addr: string(c.Args[2]), oldFormat: true}
	} else if !parseKill(c, &filter) {
		return
	}
	killed := 0
	for _, client := range c.Server.Clients() {
		if client.Internal || client.CloseNow || !filter.matches(client) || client == c.Client && filter.keepCaller {
			continue
		}
		killed++
		if client == c.Client {
			client.CloseAfterReply = true
		} else {
			c.Server.Kill(client)
		}
	}
	switch {
	case !filter.oldFormat:
		c.Reply.Int(int64(killed))
	case killed == 0:
		c.Reply.Error("ERR No such client")
	default:
		c.Reply.OK()
	}
}

func (f *killFilter) matches(client *command.Client) bool {
	return (f.id == 0 || int64(client.ID) == f.id) &&
		(f.kind == "" || typeOf(client) == f.kind) &&
		(f.addr == "" || client.Address == f.addr) &&
		(f.laddr == "" || client.Local == f.laddr) &&
		(f.user == nil || client.User == f.user) &&
		(!f.aged || client.CreatedAt <= f.bornBy)
}

func parseKill(c *command.Context, f *killFilter) bool {
	for i := 2; i < len(c.Args); i += 2 {
		if i+1 == len(c.Args) {
			c.Reply.Error(command.ErrSyntax)
			return false
		}
		value := c.Args[i+1]
		switch option := c.Args[i]; {
		case command.Is(option, "ID"):
			n, ok := number.ParseInt(value)
			if !ok || n < 1 {
				c.Reply.Error("ERR client-id should be greater than 0")
				return false
			}
			f.id = n
		case command.Is(option, "TYPE"):
			kind, ok := parseType(c, value)
			if !ok {
				return false
			}
			f.kind = kind
		case command.Is(option, "ADDR"):
			f.addr = string(value)
		case command.Is(option, "LADDR"):
			f.laddr = string(value)
		case command.Is(option, "USER"):
			if f.user = c.Server.ACL().User(string(value)); f.user == nil {
				c.Reply.Error("ERR No such user '" + string(value) + "'")
				return false
			}
		case command.Is(option, "MAXAGE"):
			n, ok := number.ParseInt(value)
			switch {
			case !ok:
				c.Reply.Error("ERR maxage is not an integer or out of range")
				return false
			case n <= 0:
				c.Reply.Error("ERR maxage should be greater than 0")
				return false
			}
			f.bornBy = c.Now - min(n, c.Now/1000)*1000
			f.aged = true
		case command.Is(option, "SKIPME") && command.Is(value, "YES"):
			f.keepCaller = true
		case command.Is(option, "SKIPME") && command.Is(value, "NO"):
			f.keepCaller = false
		default:
			c.Reply.Error(command.ErrSyntax)
			return false
		}
	}
	return true
}

func runClientReply(c *command.Context) {
	switch client := c.Client; {
	case command.Is(c.Args[2], "ON"):
		client.ReplyOff, client.ReplySkip, client.ReplySkipNext = false, false, false
		c.Reply.OK()
	case command.Is(c.Args[2], "OFF"):
		client.ReplyOff = true
	case command.Is(c.Args[2], "SKIP"):
		client.ReplySkipNext = !client.ReplyOff
	default:
		c.Reply.Error(command.ErrSyntax)
	}
}

func runClientUnblock(c *command.Context) {
	asError := false
	switch {
	case len(c.Args) == 3 || len(c.Args) == 4 && command.Is(c.Args[3], "TIMEOUT"):
	case len(c.Args) == 4 && command.Is(c.Args[3], "ERROR"):
		asError = true
	case len(c.Args) == 4:
		c.Reply.Error("ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR")
		return
	default:
		c.ReplySubcommandError()
		return
	}
	id, ok := c.Int(c.Args[2])
	if !ok {
		return
	}
	for _, client := range c.Server.Clients() {
		if int64(client.ID) == id && c.Server.Unblock(client, asError) {
			c.Reply.Int(1)
			return
		}
	}
	c.Reply.Int(0)
}

// switchOn reads ON or OFF.
func switchOn(c *command.Context, field *bool) {
	switch {
	case command.Is(c.Args[2], "ON"):
		*field = true
	case command.Is(c.Args[2], "OFF"):
		*field = false
	default:
		c.Reply.Error(command.ErrSyntax)
		return
	}
	c.Reply.OK()
}

func runClientNoEvict(c *command.Context) { switchOn(c, &c.Client.NoEvict) }

func runClientNoTouch(c *command.Context) { switchOn(c, &c.Client.NoTouch) }

func runClientHelp(c *command.Context) {
	c.ReplyHelp(
		"CACHING (YES|NO)",
		"    Track the keys of the next command (after OPTIN), or do not (after OPTOUT).",
		"GETREDIR",
		"    Tell who is told in place of this connection when a tracked key changes.",
		"GETNAME",
		"    Tell the name of this connection.",
		"ID",
		"    Tell the number of this connection.",
		"INFO",
		"    Describe this connection.",
		"KILL <ip:port>",
		"    Close the connection from that address.",
		"KILL <option> <value> [<option> <value> [...]]",
		"    Close the connections for which all of these hold:",
		"    * ADDR (<ip:port>|<unixsocket>:0): it comes from that address.",
		"    * ID <client-id>: it has that number.",
		"    * LADDR (<ip:port>|<unixsocket>:0): it goes to that address.",
		"    * MAXAGE <seconds>: it is at least that old.",
		"    * SKIPME (YES|NO): whether this connection is spared (default: yes).",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB): it is of that type.",
		"    * USER <username>: it is that user's.",
		"LIST [options ...]",
		"    Describe the connections, one a line:",
		"    * ID <client-id> [...]: only those.",
		"    * TYPE (NORMAL|MASTER|REPLICA|PUBSUB): only those of that type.",
		"UNPAUSE",
		"    End PAUSE.",
		"PAUSE <timeout> [WRITE|ALL]",
		"    Hold all commands, or those that write, for that many milliseconds.",
		"REPLY (ON|OFF|SKIP)",
		"    Send replies to this connection, send none, or leave out the next one.",
		"SETNAME <name>",
		"    Name this connection.",
		"SETINFO <option> <value>",
		"    Note the library behind this connection: LIB-NAME or LIB-VER.",
		"UNBLOCK <clientid> [TIMEOUT|ERROR]",
		"    End the wait of a connection, as if its time were up (default) or with an error.",
		"TRACKING (ON|OFF) [REDIRECT <id>] [BCAST] [PREFIX <prefix> [...]]",
		"         [OPTIN] [OPTOUT] [NOLOOP]",
		"    Tell this connection, or another, when a key it has read changes.",
		"TRACKINGINFO",
		"    Tell how this connection tracks keys.",
		"NO-EVICT (ON|OFF)",
		"    Spare this connection when clients are evicted for memory.",
		"NO-TOUCH (ON|OFF)",
		"    Let this connection's reads leave the time of a key's last use alone.",
	)
}
