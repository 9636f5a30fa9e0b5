package server

import (
	"errors"
	"path"
	"strings"

	"everysec/engine/command"
	"everysec/engine/config"
	"everysec/engine/event"
	"everysec/engine/glob"
	"everysec/engine/vfs"
)

// ConfigSet applies CONFIG SET: all pairs or none.
func (s *Server) ConfigSet(c *command.Context, pairs [][2]string) {
	old := *s.config
	if err := s.config.Set(pairs); err != nil {
		c.Reply.Error(err.Error())
		return
	}
	c.Reply.SimpleString("OK")
	s.space.Objects.Limits = s.config.Limits
	s.applyMemoryPolicy()
	if s.config.MaxMemory != old.MaxMemory {
		s.eviction.running = true // Step will see whether there is too much
		if limit := s.config.MaxMemory; limit != 0 && s.UsedMemory() > limit {
			s.logf(event.Warning, "maxmemory is now ", itoa(limit), " bytes, and ", itoa(s.UsedMemory()), " are used: keys will be evicted, or commands refused, as maxmemory-policy says")
		}
	}
	s.watchAdded()
	if s.config.RequirePass != old.RequirePass {
		s.acl.SetPassword(s.config.RequirePass)
	}
	for _, c := range s.order {
		c.reader.MaxBulk = s.config.ProtoMaxBulkLen
	}
	client := s.clients[c.Client.ID]
	switch {
	case s.config.AppendOnly && !old.AppendOnly:
		if err := s.startAppendOnly(c.InTransaction); err != nil {
			*s.config = old
			s.replaceReply(client, "+OK\r\n", "ERR CONFIG SET failed (possibly related to argument 'appendonly') - Unable to turn on AOF. Check server logs.")
		}
	case !s.config.AppendOnly && old.AppendOnly:
		s.stopAppendOnly()
	}
}

// ConfigRewrite writes the configuration file again.
func (s *Server) ConfigRewrite(c *command.Context) {
	if s.config.File == "" {
		c.Reply.Error("ERR The server is running without a config file")
		return
	}
	c.Reply.SimpleString("OK") // held back with all replies until the disk is done
	client := s.clients[c.Client.ID]
	s.rewriteConfig(func(err error) {
		if err != nil {
			s.logf(event.Warning, "CONFIG REWRITE failed: ", err.Error())
			s.replaceReply(client, "+OK\r\n", "ERR Rewriting config file: "+err.Error())
		}
	})
}

// ConfigFile is where the configuration file is, when it is not on the disk of
// the data.
type ConfigFile interface {
	Read() ([]byte, error)
	// Write replaces the file on the disk, whole or not at all.
	Write(text []byte) error
}

func (s *Server) rewriteConfig(then func(err error)) {
	read := func() ([]byte, error) { return vfs.ReadFile(s.fs, s.config.File) }
	if s.configFile != nil {
		read = s.configFile.Read
	}
	text, err := read()
	if err != nil && !errors.Is(err, vfs.ErrNotExist) { // one that is gone is made anew
		then(err)
		return
	}
	s.config.Lines = nil
	if s.config.ACLFile == "" {
		for _, u := range s.acl.Users() {
			s.config.Lines = append(s.config.Lines, s.acl.Describe(u))
		}
	}
	text = []byte(s.config.Rewrite(string(text)))
	if s.configFile != nil {
		then(s.configFile.Write(text))
		return
	}
	s.replaceFile(s.config.File, text, then)
}

// replaceFile puts a file in the place of another, whole or not at all, and holds
// the thread until it and its name are on disk.
func (s *Server) replaceFile(name string, data []byte, then func(err error)) {
	temporary := name + ".tmp-" + itoa(s.processID) + "-" + itoa(s.space.Now)
	fail := func(err error) {
		s.fs.Remove(temporary)
		then(err)
	}
	f, err := s.fs.OpenFile(temporary, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		then(err)
		return
	}
	if _, err := f.Write(data); err != nil {
		f.Close()
		fail(err)
		return
	}
	s.holdFor(f.Sync(), func(err error) {
		f.Close()
		if err == nil {
			err = s.fs.Rename(temporary, name)
		}
		if err != nil {
			fail(err)
			return
		}
		s.holdFor(s.fs.SyncDir(path.Dir(name)), then)
	})
}

// includes finds the files that a pattern names on the disk of the data.
func includes(fs vfs.FS, pattern string) ([]config.Included, error) {
	dir, name := ".", pattern
	if slash := strings.LastIndexByte(pattern, '/'); slash >= 0 {
		dir, name = pattern[:slash], pattern[slash+1:]
	}
	list, err := fs.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var found []config.Included
	for _, info := range list {
		if info.Dir || !glob.Match([]byte(name), []byte(info.Name), false) {
			continue
		}
		path := info.Name
		if dir != "." {
			path = dir + "/" + path
		}
		text, err := vfs.ReadFile(fs, path)
		if err != nil {
			return nil, err
		}
		found = append(found, config.Included{Name: path, Text: text})
	}
	return found, nil
}
