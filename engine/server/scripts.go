package server

import "everysec/engine/command"

type scriptCache struct{ server *Server }

func newScriptCache(s *Server) *scriptCache { return &scriptCache{s} }

func (c *scriptCache) count() int { return 0 }

func (c *scriptCache) Load(body []byte) (sha, err string) { return "", "ERR" }
func (c *scriptCache) Exists(sha string) bool             { return false }
func (c *scriptCache) Flush()                             {}
func (c *scriptCache) Run(ctx *command.Context, sha string, keys, args [][]byte, readOnly bool) {
}

// Scripts is the script cache.
func (s *Server) Scripts() command.Scripts { return s.scripts }
