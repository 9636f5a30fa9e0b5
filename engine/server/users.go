package server

import (
	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/event"
	"everysec/engine/vfs"
)

// Who may do what: command.ACL has the rules, here they are obeyed.

// ACL is the users.
func (s *Server) ACL() *command.ACL { return s.acl }

// openUsers reads the users of the configuration, or of the file it names.
func (s *Server) openUsers() error {
	c := s.config
	s.acl = command.NewACL(s.table.Original(), c)
	if c.RequirePass != "" {
		s.acl.SetPassword(c.RequirePass)
	}
	if len(c.Users) > 0 && c.ACLFile != "" {
		return &config.FileError{
			File: c.File, Line: c.Users[0].Line.Line, Text: c.Users[0].Line.Text,
			Reason: "users stand in the aclfile or in this file, not in both",
		}
	}
	declared := map[string]bool{}
	for _, u := range c.Users {
		name := u.Words[0]
		bad, err := s.acl.Declare(name, u.Words[1:], declared[name])
		if err != nil {
			u.Line.Reason = "Error in user declaration '" + bad + "': " + err.Error()
			return &u.Line
		}
		declared[name] = true
		if s.acl.User(name).Disabled() {
			s.logf(event.Notice, "The user '", name, "' is disabled (there is no 'on' modifier in the user description). Make sure this is not a configuration error.")
		}
	}
	c.Users = nil
	if c.ACLFile != "" {
		if problem := s.LoadUsers(); problem != "" {
			return &LoadError{Name: c.ACLFile, Reason: problem}
		}
	}
	return nil
}

// renameCommands obeys the lines with rename-command.
func (s *Server) renameCommands() error {
	for i := range s.config.Renames {
		r := &s.config.Renames[i]
		if r.Line.Reason = s.table.Rename(r.From, r.To); r.Line.Reason != "" {
			return &r.Line
		}
	}
	return nil
}

// LoadUsers is ACL LOAD.
func (s *Server) LoadUsers() (problem string) {
	name := s.config.ACLFile
	text, err := vfs.ReadFile(s.fs, name)
	if err != nil {
		return "Error loading ACLs, opening file '" + name + "': " + err.Error()
	}
	gone, problem := s.acl.Load(name, string(text))
	for _, u := range gone {
		s.UserGone(u, nil)
	}
	return problem
}

// SaveUsers is ACL SAVE: the new file takes the place of the old one.
func (s *Server) SaveUsers(c *command.Context) {
	c.Reply.SimpleString("OK") // held back with all replies until the disk is done
	client := s.clients[c.Client.ID]
	s.replaceFile(s.config.ACLFile, []byte(s.acl.Text()), func(err error) {
		if err != nil {
			s.logf(event.Warning, "Writing ACL file for ACL SAVE: ", err.Error())
			s.replaceReply(client, "+OK\r\n", "ERR There was an error trying to save the ACLs. Please check the server logs for more information")
		}
	})
}

// UserGone closes the connections of a user, or those that losing picks.
func (s *Server) UserGone(u *command.User, losing func(c *command.Client) bool) {
	for _, c := range s.order {
		if c.User != u || losing != nil && !losing(&c.Client) {
			continue
		}
		if losing == nil {
			c.User, c.Authenticated = s.acl.Default, false
		}
		if c == s.current {
			c.CloseAfterReply = true
		} else {
			s.Kill(&c.Client)
			if losing != nil { // not one message more
				s.pubsub.Forget(&c.Client)
			}
		}
	}
}

// mustAuthenticate tells whether a client has yet to say who it is.
func (s *Server) mustAuthenticate(c *command.Client) bool {
	return !c.Authenticated && s.acl.AuthRequired
}

// forbidden is why a client's user may not run a command, and says so in
// ACL LOG.
func (s *Server) forbidden(c *command.Client, spec *command.Spec, args [][]byte, context string) command.Denial {
	d, at := c.User.Check(spec, args)
	if d != command.Allowed {
		object := spec.FullName()
		if d != command.DeniedCommand {
			object = string(args[at])
		}
		s.noteDenial(c, args, d, context, object, c.User.Name)
	}
	return d
}

// Denied notes a refusal of the running command in ACL LOG.
func (s *Server) Denied(c *command.Context, d command.Denial, object, user string) {
	context := "toplevel"
	if c.InTransaction || c.Client.Transaction.Open {
		context = "multi"
	}
	s.noteDenial(c.Client, c.Args, d, context, object, user)
}

func (s *Server) noteDenial(c *command.Client, args [][]byte, d command.Denial, context, object, user string) {
	if real := s.clients[c.ID]; real != nil {
		s.measureBuffers(real)
		if c != &real.Client { // a script's: it is the caller who is noted
			c, args = &real.Client, s.scripts.caller.Args
		}
	}
	view := command.Context{Client: c, Args: args, Now: s.space.Now}
	line := view.AppendClient(nil, c)
	s.acl.Log.Add(command.ACLLogEntry{
		Reason: d, Context: context, Object: object, User: user, At: s.space.Now,
		Client: string(line[:len(line)-1]),
	}, s.config.ACLLogMaxLen)
}
