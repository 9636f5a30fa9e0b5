package streams

import (
	"strings"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/ds/stream"
	"everysec/engine/keyspace"
	"everysec/engine/object"
)

// grouping is what the subcommands of XGROUP begin with.
type grouping struct {
	key     []byte
	e       *keyspace.Entry
	s       stream.Stream
	g       stream.Group
	found   bool // the group
	create  bool
	entries int64
}

// begin reads the options behind the ID and finds stream and group.
func (x *grouping) begin(c *command.Context, needsGroup bool) bool {
	create, options := command.Is(c.Args[1], "CREATE"), command.Is(c.Args[1], "CREATE") || command.Is(c.Args[1], "SETID")
	x.entries = stream.UnknownRead
	for i := 5; i < len(c.Args); i++ {
		switch {
		case create && command.Is(c.Args[i], "MKSTREAM"):
			x.create = true
		case options && command.Is(c.Args[i], "ENTRIESREAD") && i+1 < len(c.Args):
			i++
			var ok bool
			if x.entries, ok = c.Int(c.Args[i]); !ok {
				return false
			}
			if x.entries < 0 && x.entries != stream.UnknownRead {
				c.Reply.Error("ERR value for ENTRIESREAD must be positive or -1")
				return false
			}
		default:
			c.ReplySubcommandError()
			return false
		}
	}
	x.key = c.Args[2]
	e, ok := c.WriteTyped(x.key, object.Stream)
	if !ok {
		return false
	}
	if x.e = e; e != nil {
		x.s = c.Objects().Stream(&e.Value)
		x.g, x.found = x.s.Group(c.Args[3])
	}
	if x.create {
		return true
	}
	if e == nil {
		c.Reply.Error("ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the " +
			"MKSTREAM option to create an empty stream automatically.")
		return false
	}
	if needsGroup && !x.found {
		c.Reply.Error(noGroup("consumer group '%' for key name '%'", c.Args[3], x.key))
		return false
	}
	return true
}

// changed says that a group was changed.
func (x *grouping) changed(c *command.Context, event string) {
	c.DB.Altered(x.key, x.e)
	c.Changes++
	c.Notify(config.NotifyStream, event, x.key)
}

func runXgroupCreate(c *command.Context) {
	var x grouping
	if !x.begin(c, false) {
		return
	}
	if len(c.Args) > 8 {
		c.ReplySubcommandError()
		return
	}
	id, ok := stream.ID{}, true
	if string(text(c.Args[4])) == "$" {
		if x.e != nil {
			id = x.s.Last
		}
	} else if id, ok = strictID(c, c.Args[4]); !ok {
		return
	}
	if x.e == nil {
		x.e = c.DB.Add(x.key, c.Objects().NewStream())
		x.s = c.Objects().Stream(&x.e.Value)
		c.DB.Modified(x.key, x.e)
	}
	if x.found {
		c.Reply.Error("BUSYGROUP Consumer Group name already exists")
		return
	}
	x.s.AddGroup(c.Args[3], id, x.entries)
	c.Reply.OK()
	x.changed(c, "xgroup-create")
}

func runXgroupSetid(c *command.Context) {
	var x grouping
	if !x.begin(c, true) {
		return
	}
	if len(c.Args) != 5 && len(c.Args) != 7 {
		c.ReplySubcommandError()
		return
	}
	id, ok := x.s.Last, true
	if string(text(c.Args[4])) != "$" {
		if id, ok = looseID(c, c.Args[4]); !ok {
			return
		}
	}
	x.g.Last, x.g.Read = id, x.entries
	c.Reply.OK()
	x.changed(c, "xgroup-setid")
}

func runXgroupDestroy(c *command.Context) {
	var x grouping
	if !x.begin(c, false) {
		return
	}
	if !x.found {
		c.Reply.Int(0)
		return
	}
	x.s.RemoveGroup(x.g)
	c.Reply.Int(1)
	x.changed(c, "xgroup-destroy")
	c.Server.KeyReady(c.DB, x.key, object.Stream) // whoever reads with the group waits in vain
}

func runXgroupCreateconsumer(c *command.Context) {
	var x grouping
	if !x.begin(c, true) {
		return
	}
	if _, added := x.g.AddConsumer(c.Args[4], c.Now); !added {
		c.Reply.Int(0)
		return
	}
	x.changed(c, "xgroup-createconsumer")
	c.Reply.Int(1)
}

func runXgroupDelconsumer(c *command.Context) {
	var x grouping
	if !x.begin(c, true) {
		return
	}
	consumer, found := x.g.Consumer(c.Args[4])
	if !found {
		c.Reply.Int(0)
		return
	}
	pending := consumer.PendingCount()
	x.g.RemoveConsumer(consumer)
	x.changed(c, "xgroup-delconsumer")
	c.Reply.Int(int64(pending))
}

func runXgroupHelp(c *command.Context) {
	c.ReplyHelp(strings.Split(`CREATE <key> <groupname> <id|$> [option]
    Make a group that reads what comes after <id>. Options are:
    * MKSTREAM
      Make the stream if there is none.
    * ENTRIESREAD entries_read
      Say how many entries the group has read so far.
CREATECONSUMER <key> <groupname> <consumer>
    Make a consumer.
DELCONSUMER <key> <groupname> <consumer>
    Remove a consumer with what is pending for it.
DESTROY <key> <groupname>
    Remove a group.
SETID <key> <groupname> <id|$> [ENTRIESREAD entries_read]
    Make a group go on after <id>.`, "\n")...)
}

// groupOf finds the stream and the group of XACK and its kin.
func groupOf(c *command.Context) (e *keyspace.Entry, g stream.Group, found, ok bool) {
	if e, ok = c.ReadTyped(c.Args[1], object.Stream); ok && e != nil {
		g, found = c.Objects().Stream(&e.Value).Group(c.Args[2])
	}
	return e, g, found, ok
}

func runXack(c *command.Context) {
	e, g, found, ok := groupOf(c)
	if !ok {
		return
	}
	if !found {
		c.Reply.Int(0)
		return
	}
	ids, ok := strictIDs(c, c.Args[3:])
	if !ok {
		return
	}
	c.LookupWrite(c.Args[1])
	acknowledged := int64(0)
	for _, id := range ids {
		if g.Acknowledge(id) {
			acknowledged++
		}
	}
	if acknowledged > 0 {
		c.DB.Altered(c.Args[1], e)
		c.Changes += acknowledged
	}
	c.Reply.Int(acknowledged)
}
