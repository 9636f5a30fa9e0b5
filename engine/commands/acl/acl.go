// Package acl is ACL: users and what they may do. The rules themselves and the
// checks are in engine/command, where every command passes them.
package acl

import (
	"bytes"
	"strings"

	"everysec/engine/command"
)

func runSetUser(c *command.Context) {
	name := string(c.Args[2])
	if command.HasSpaces(name) {
		c.Reply.Error("ERR Usernames can't contain spaces or null characters")
		return
	}
	words := make([]string, len(c.Args)-3)
	for i := range words {
		words[i] = string(c.Args[3+i])
	}
	rules, bad := command.MergeSelectors(words)
	if bad >= 0 {
		c.Reply.Error("ERR Unmatched parenthesis in acl selector starting at '" + words[bad] + "'.")
		return
	}
	acl := c.Server.ACL()
	rule, err := acl.Set(name, rules, func(old, changed *command.User) {
		if losing := command.LosesChannels(old, changed); losing != nil {
			c.Server.UserGone(old, losing)
		}
	})
	if err != nil {
		c.Reply.Error("ERR Error in ACL SETUSER modifier '" + command.Printed([]byte(rule)) + "': " + err.Error())
		return
	}
	c.Reply.OK()
}

func runDelUser(c *command.Context) {
	for _, name := range c.Args[2:] {
		if string(name) == "default" {
			c.Reply.Error("ERR The 'default' user cannot be removed")
			return
		}
	}
	deleted := 0
	for _, name := range c.Args[2:] {
		if u := c.Server.ACL().Remove(string(name)); u != nil {
			c.Server.UserGone(u, nil)
			deleted++
		}
	}
	c.Reply.Int(int64(deleted))
}

func runGetUser(c *command.Context) {
	acl := c.Server.ACL()
	u := acl.User(string(c.Args[2]))
	if u == nil {
		c.Reply.Null()
		return
	}
	w := c.Reply
	w.Map(6)
	w.BulkString("flags")
	flags := u.Flags()
	w.Set(len(flags))
	for _, flag := range flags {
		w.BulkString(flag)
	}
	w.BulkString("passwords")
	w.Array(len(u.Passwords()))
	for _, hash := range u.Passwords() {
		w.BulkString(hash)
	}
	rules := acl.Rules(u)
	fields(c, rules[0])
	w.BulkString("selectors")
	w.Array(len(rules) - 1)
	for _, r := range rules[1:] {
		w.Map(3)
		fields(c, r)
	}
}

func fields(c *command.Context, r command.SelectorRules) {
	for _, pair := range [][2]string{{"commands", r.Commands}, {"keys", r.Keys}, {"channels", r.Channels}} {
		c.Reply.BulkString(pair[0])
		c.Reply.BulkString(pair[1])
	}
}

func runList(c *command.Context) {
	acl := c.Server.ACL()
	c.Reply.Array(len(acl.Users()))
	for _, u := range acl.Users() {
		c.Reply.BulkString(acl.Describe(u))
	}
}

func runUsers(c *command.Context) {
	users := c.Server.ACL().Users()
	c.Reply.Array(len(users))
	for _, u := range users {
		c.Reply.BulkString(u.Name)
	}
}

func runWhoAmI(c *command.Context) { c.Reply.BulkString(c.Client.UserName()) }

func runCat(c *command.Context) {
	switch len(c.Args) {
	case 2:
		c.Reply.Array(len(command.ACLCategoryNames))
		for _, name := range command.ACLCategoryNames {
			c.Reply.BulkString(name)
		}
	case 3:
		category := string(c.Args[2])
		if !command.KnownCategory(category) {
			c.Reply.Error("ERR Unknown category '" + command.Printed(c.Args[2][:min(len(category), 128)]) + "'")
			return
		}
		n := 0
		mark := c.Reply.Defer()
		c.Server.ACL().Table().Each(func(s *command.Spec) {
			if s.InCategory(category) {
				c.Reply.BulkString(s.FullName())
				n++
			}
		})
		c.Reply.SetDeferredArray(mark, n)
	default:
		c.ReplySubcommandError()
	}
}

// maxPasswordBits is Redis's limit for GENPASS.
const maxPasswordBits = 4096

func runGenPass(c *command.Context) {
	bits := int64(256)
	if len(c.Args) > 3 {
		c.ReplySubcommandError()
		return
	}
	if len(c.Args) == 3 {
		var ok bool
		if bits, ok = c.Int(c.Args[2]); !ok {
			return
		}
	}
	if bits <= 0 || bits > maxPasswordBits {
		c.Reply.Error("ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to 4096")
		return
	}
	const digits = "0123456789abcdef"
	password := make([]byte, (bits+3)/4)
	for i := range password {
		password[i] = digits[c.Random.IntN(16)]
	}
	c.Reply.Bulk(password)
}

const errNoFile = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the " +
	"ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order " +
	"to store users in the Redis configuration."

func runLoad(c *command.Context) {
	if c.Config.ACLFile == "" {
		c.Reply.Error(errNoFile)
	} else if problem := c.Server.LoadUsers(); problem != "" {
		c.Reply.Error("ERR " + problem)
	} else {
		c.Reply.OK()
	}
}

func runSave(c *command.Context) {
	switch {
	case c.Config.ACLFile == "":
		c.Reply.Error(errNoFile)
	default:
		c.Server.SaveUsers(c)
	}
}

func runLog(c *command.Context) {
	log := &c.Server.ACL().Log
	count := int64(10)
	switch {
	case len(c.Args) > 3:
		c.ReplySubcommandError()
		return
	case len(c.Args) == 3 && command.Is(c.Args[2], "RESET"):
		log.Entries = nil
		c.Reply.OK()
		return
	case len(c.Args) == 3:
		var ok bool
		if count, ok = c.Int(c.Args[2]); !ok {
			return
		}
	}
	entries := log.Entries[:min(max(count, 0), int64(len(log.Entries)))]
	w := c.Reply
	w.Array(len(entries))
	for _, e := range entries {
		w.Map(7)
		w.BulkString("count")
		w.Int(e.Count)
		for _, pair := range [][2]string{
			{"reason", e.Reason.String()}, {"context", e.Context}, {"object", e.Object}, {"username", e.User},
		} {
			w.BulkString(pair[0])
			w.BulkString(pair[1])
		}
		w.BulkString("age-seconds")
		w.Double(float64(c.Now-e.At) / 1000)
		w.BulkString("client-info")
		w.BulkString(e.Client)
	}
}

// cut is a word as C sees it, up to a zero byte.
func cut(word []byte) string {
	if i := bytes.IndexByte(word, 0); i >= 0 {
		word = word[:i]
	}
	return string(word)
}

func runDryRun(c *command.Context) {
	u := c.Server.ACL().User(string(c.Args[2]))
	if u == nil {
		c.Reply.Error("ERR User '" + cut(c.Args[2]) + "' not found")
		return
	}
	args := c.Args[3:]
	s := c.Server.Table().Resolve(args)
	switch {
	case s == nil || len(s.Subcommands) > 0 && len(args) > 1:
		c.Reply.Error("ERR Command '" + cut(args[0]) + "' not found")
		return
	case !s.ArityFits(len(args)):
		c.Reply.Error(command.WrongNumberOfArguments(s.FullName()))
		return
	}
	d, at := u.Check(s, args)
	switch d {
	case command.Allowed:
		c.Reply.OK()
	case command.DeniedCommand:
		c.Reply.BulkString(d.DryRun(s.FullName()))
	default:
		c.Reply.BulkString(d.DryRun(cut(args[at])))
	}
}

func runHelp(c *command.Context) {
	c.ReplyHelp(strings.Split(help, "\n")...)
}

const help = `CAT [<category>]
    List the categories; with one, the commands that belong to it.
DELUSER <username> [<username> ...]
    Delete users and close their connections.
DRYRUN <username> <command> [<arg> ...]
    Tell whether the user could run the command, without running it.
GETUSER <username>
    Show the flags, passwords and rules of a user.
GENPASS [<bits>]
    Make up a password of so many bits, 256 if none is said, in hexadecimal
    digits.
LIST
    List the users with their rules, as lines of an ACL file.
LOAD
    Read the users from the ACL file again.
LOG [<count> | RESET]
    Show who was refused what, or forget it.
SAVE
    Write the users into the ACL file.
SETUSER <username> <attribute> [<attribute> ...]
    Make a user, or change the rules of one.
USERS
    List the names of the users.
WHOAMI
    Tell the user of this connection.`
