package connection

import (
	"slices"
	"strings"

	"everysec/engine/command"
)

// CLIENT TRACKING and its kin, and CLIENT PAUSE.

func runClientTracking(c *command.Context) {
	t := &command.Tracking{}
	for i := 3; i < len(c.Args); i++ {
		more := i+1 < len(c.Args)
		switch word := c.Args[i]; {
		case command.Is(word, "REDIRECT") && more:
			i++
			if t.Redirect != 0 {
				c.Reply.Error("ERR A client can only redirect to a single other client")
				return
			}
			id, ok := c.Int(c.Args[i])
			if !ok {
				return
			}
			exists := func(client *command.Client) bool { return int64(client.ID) == id }
			if !slices.ContainsFunc(c.Server.Clients(), exists) {
				c.Reply.Error("ERR The client ID you want redirect to does not exist")
				return
			}
			t.Redirect = uint64(id)
		case command.Is(word, "BCAST"):
			t.Broadcast = true
		case command.Is(word, "OPTIN"):
			t.OptIn = true
		case command.Is(word, "OPTOUT"):
			t.OptOut = true
		case command.Is(word, "NOLOOP"):
			t.NoLoop = true
		case command.Is(word, "PREFIX") && more:
			i++
			t.Prefixes = append(t.Prefixes, string(c.Args[i]))
		default:
			c.Reply.Error(command.ErrSyntax)
			return
		}
	}
	switch {
	case command.Is(c.Args[2], "ON"):
		if problem := trackingProblem(c.Client.Tracking, t); problem != "" {
			c.Reply.Error("ERR " + problem)
			return
		}
		if t.Broadcast && len(t.Prefixes) == 0 {
			t.Prefixes = []string{""} // every key
		}
		c.Server.Track(c.Client, t)
	case command.Is(c.Args[2], "OFF"):
		c.Server.Track(c.Client, nil)
	default:
		c.Reply.Error(command.ErrSyntax)
		return
	}
	c.Reply.OK()
}

// trackingProblem is why options do not go together, or not with those in
// force; "" if they do.
func trackingProblem(old, t *command.Tracking) string {
	switch {
	case !t.Broadcast && len(t.Prefixes) > 0:
		return "PREFIX option requires BCAST mode to be enabled"
	case old != nil && old.Broadcast != t.Broadcast:
		return "You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	case t.Broadcast && (t.OptIn || t.OptOut):
		return "OPTIN and OPTOUT are not compatible with BCAST"
	case t.OptIn && t.OptOut:
		return "You can't specify both OPTIN mode and OPTOUT mode"
	case old != nil && (t.OptIn && old.OptOut || t.OptOut && old.OptIn):
		return "You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	}
	overlap := func(a, b string) bool { return strings.HasPrefix(a, b) || strings.HasPrefix(b, a) }
	for i, prefix := range t.Prefixes {
		if old != nil {
			for _, other := range old.Prefixes {
				if overlap(prefix, other) {
					return "Prefix '" + prefix + "' overlaps with an existing prefix '" + other +
						"'. Prefixes for a single client must not overlap."
				}
			}
		}
		for _, other := range t.Prefixes[i+1:] {
			if overlap(prefix, other) {
				return "Prefix '" + prefix + "' overlaps with another provided prefix '" + other +
					"'. Prefixes for a single client must not overlap."
			}
		}
	}
	return ""
}

func runClientCaching(c *command.Context) {
	t := c.Client.Tracking
	yes := command.Is(c.Args[2], "YES")
	switch {
	case t == nil:
		c.Reply.Error("ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled")
	case !yes && !command.Is(c.Args[2], "NO"):
		c.Reply.Error(command.ErrSyntax)
	case yes && !t.OptIn:
		c.Reply.Error("ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.")
	case !yes && !t.OptOut:
		c.Reply.Error("ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.")
	default:
		t.Caching = true
		c.Reply.OK()
	}
}

// redirection is what GETREDIR replies: -1 when tracking is off.
func runClientGetRedir(c *command.Context) { c.Reply.Int(c.Client.Redirection()) }

func runClientTrackingInfo(c *command.Context) {
	flags, prefixes := []string{"off"}, []string(nil)
	if t := c.Client.Tracking; t != nil {
		flags, prefixes = []string{"on"}, t.Prefixes
		for _, f := range []struct {
			set  bool
			name string
		}{
			{t.Broadcast, "bcast"},
			{t.OptIn, "optin"},
			{t.OptIn && t.Caching, "caching-yes"},
			{t.OptOut, "optout"},
			{t.OptOut && t.Caching, "caching-no"},
			{t.NoLoop, "noloop"},
			{t.Broken, "broken_redirect"},
		} {
			if f.set {
				flags = append(flags, f.name)
			}
		}
	}
	w := c.Reply
	w.Map(3)
	w.BulkString("flags")
	w.Set(len(flags))
	for _, flag := range flags {
		w.BulkString(flag)
	}
	w.BulkString("redirect")
	w.Int(c.Client.Redirection())
	w.BulkString("prefixes")
	w.Array(len(prefixes))
	for _, prefix := range prefixes {
		w.BulkString(prefix)
	}
}

func runClientPause(c *command.Context) {
	all := true
	switch {
	case len(c.Args) > 4:
		c.ReplySubcommandError()
		return
	case len(c.Args) == 4 && command.Is(c.Args[3], "WRITE"):
		all = false
	case len(c.Args) == 4 && !command.Is(c.Args[3], "ALL"):
		c.Reply.Error("ERR CLIENT PAUSE mode must be WRITE or ALL")
		return
	}
	until, ok := c.TimeoutMilliseconds(c.Args[2])
	if !ok {
		return
	}
	c.Server.Pause(until, all)
	c.Reply.OK()
}

func runClientUnpause(c *command.Context) {
	c.Server.Unpause()
	c.Reply.OK()
}
