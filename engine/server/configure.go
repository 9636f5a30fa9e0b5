package server

import (
	"errors"
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
	if err := s.rewriteConfig(); err != nil {
		s.logf(event.Warning, "CONFIG REWRITE failed: ", err.Error())
		c.Reply.Error("ERR Rewriting config file: " + err.Error())
		return
	}
	c.Reply.SimpleString("OK")
}

// ConfigFile is where the configuration file is, when it is not on the disk of
// the data.
type ConfigFile interface {
	Read() ([]byte, error)
	// Write replaces the file, whole or not at all.
	Write(text []byte) error
}

func (s *Server) rewriteConfig() error {
	file := s.configFile
	if file == nil {
		file = fsConfigFile{s.fs, s.config.File}
	}
	text, err := file.Read()
	if err != nil && !errors.Is(err, vfs.ErrNotExist) { // one that is gone is made anew
		return err
	}
	s.config.Lines = nil
	if s.config.ACLFile == "" {
		for _, u := range s.acl.Users() {
			s.config.Lines = append(s.config.Lines, s.acl.Describe(u))
		}
	}
	return file.Write([]byte(s.config.Rewrite(string(text))))
}

// fsConfigFile is a configuration file beside the data.
type fsConfigFile struct {
	fs   vfs.FS
	name string
}

func (f fsConfigFile) Read() ([]byte, error)   { return vfs.ReadFile(f.fs, f.name) }
func (f fsConfigFile) Write(text []byte) error { return writeFile(f.fs, f.name, text) }

// writeFile replaces a file. It is in the page cache, not on disk, when it returns.
func writeFile(fs vfs.FS, name string, data []byte) error {
	f, err := fs.OpenFile(name, vfs.Write|vfs.Create|vfs.Truncate)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.Write(data)
	return err
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
