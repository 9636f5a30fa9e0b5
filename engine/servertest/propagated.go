package servertest

import "everysec/engine/resp"

// Propagated is what the server has written to its first incremental
// append-only file, a command line each with its words in quotes where they
// need them; SELECT is left out. It needs "appendonly", "yes".
func (s *Server) Propagated() []string {
	s.tb.Helper()
	const name = "appendonlydir/appendonly.aof.1.incr.aof"
	f, err := s.Disk.OpenFile(name, 0)
	if err != nil {
		s.tb.Fatalf("read what was propagated: %v", err)
	}
	defer func() { _ = f.Close() }() // nothing was written through it
	b := make([]byte, f.Size())
	if _, err := f.ReadAt(b, 0); err != nil {
		s.tb.Fatalf("read what was propagated: %v", err)
	}
	var lines []string
	for len(b) > 0 {
		v, n, err := resp.Parse(b)
		if err != nil || n == 0 {
			s.tb.Fatalf("%s: no command at %q (%v)", name, b, err)
		}
		b = b[n:]
		if string(v.Elems[0].Str) == "SELECT" {
			continue
		}
		line := ""
		for i, word := range v.Elems {
			if i > 0 {
				line += " "
			}
			line += quoteIfNeeded(word.Str)
		}
		lines = append(lines, line)
	}
	return lines
}

func quoteIfNeeded(word []byte) string {
	for _, b := range word {
		if b <= ' ' || b >= 0x7f || b == '"' || b == '\'' || b == '\\' {
			return Quote(word)
		}
	}
	if len(word) == 0 {
		return `""`
	}
	return string(word)
}
