package server

import (
	"slices"

	"everysec/engine/config"
	"everysec/engine/crashreport"
	"everysec/engine/event"
	"everysec/engine/keyspace"
	"everysec/engine/resp"
)

// A unit is what one top-level command (with everything it called: a script, a
// transaction, the expiry of keys it met) sends to the append-only file. More
// than one command in it is framed by MULTI and EXEC, so that a file cut in
// the middle never replays half of it.

// propagation collects the unit of the running command, already encoded.
type propagation struct {
	buf   []byte
	parts []part
	// request is the whole unit where it is one command, word for word as the
	// client has sent it, which nearly all are: it is not copied to buf.
	request []byte
	// text is the beginning of buf where there is no append-only file: for the
	// journal.
	text  []byte
	muted bool // by redis.set_repl
}

// part is one command of the unit.
type part struct {
	db    int
	start int
}

var (
	multiCommand = resp.AppendCommand(nil, []byte("MULTI"))
	execCommand  = resp.AppendCommand(nil, []byte("EXEC"))
)

// Propagate adds one command to the unit.
func (s *Server) Propagate(db int, args [][]byte) {
	if s.loading != nil || s.unit.muted {
		return
	}
	s.unit.own()
	s.unit.parts = append(s.unit.parts, part{db, len(s.unit.buf)})
	if s.aof.on() {
		s.unit.buf = resp.AppendCommand(s.unit.buf, args...)
	} else if len(s.unit.text) < crashreport.TextBytes {
		s.unit.text = crashreport.AppendText(s.unit.text, args)
	}
}

// propagateRequest is Propagate for what the client sent, word for word.
func (s *Server) propagateRequest(db int) {
	first := len(s.unit.parts) == 0
	s.unit.own()
	s.unit.parts = append(s.unit.parts, part{db, len(s.unit.buf)})
	if s.aof.on() {
		if s.unit.request = s.request; !first {
			s.unit.own()
		}
	} else if room := crashreport.TextBytes - len(s.unit.text); room > 0 {
		s.unit.text = append(s.unit.text, s.request[:min(len(s.request), room)]...)
	}
}

// own copies the request to buf: more comes behind it, or the client's memory
// may go on with something else before the unit ends.
func (u *propagation) own() {
	if u.request != nil {
		u.buf, u.request = append(u.buf, u.request...), nil
	}
}

func (u *propagation) clear() {
	u.parts, u.buf, u.text, u.request = u.parts[:0], u.buf[:0], u.text[:0], nil
}

// bytes are those of all parts.
func (u *propagation) bytes() []byte {
	if u.request != nil {
		return u.request
	}
	return u.buf
}

// flushUnit ends the unit: its bytes go to the append-only buffer, and its
// change gets its number.
func (s *Server) flushUnit() {
	u := &s.unit
	if len(u.parts) == 0 {
		return
	}
	size, text := 0, u.text
	if s.aof.on() {
		before := s.aof.buffer.size
		s.appendUnit()
		size, text = s.aof.buffer.size-before, u.bytes()
	}
	client := uint64(0)
	if s.current != nil {
		client = s.current.ID
	}
	s.journal.Add(s.aof.last+1, s.now, client, u.parts[0].db, size, len(u.parts), text)
	if s.aside.db != 0 && u.parts[0].db == s.aside.db {
		s.aside.wrote(s.aof.last+1, s)
	}
	u.clear()
	s.space.Change++
	s.aof.noteChange(s.now)
}

func (s *Server) appendUnit() {
	u, a := &s.unit, &s.aof
	const around = 64 // a timestamp, SELECT, MULTI, EXEC
	all := u.bytes()
	dst := a.buffer.piece(len(all) + around)
	if s.config.AOFTimestampEnabled {
		dst = a.appendTimestamp(dst, s.now/1000000)
	}
	framed := len(u.parts) > 1
	if framed {
		dst = a.appendSelect(dst, u.parts[0].db)
		dst = append(dst, multiCommand...)
	}
	for i, p := range u.parts {
		end := len(all)
		if i+1 < len(u.parts) {
			end = u.parts[i+1].start
		}
		dst = a.appendSelect(dst, p.db)
		dst = append(dst, all[p.start:end]...)
	}
	if framed {
		dst = append(dst, execCommand...)
	}
	a.buffer.added(dst)
}

// KeyExpired deletes an expired key everywhere else too. See keyspace.Observer.
func (s *Server) KeyExpired(db *keyspace.DB, key []byte) {
	name := "DEL"
	if s.config.LazyFreeLazyExpire {
		name = "UNLINK"
	}
	s.Propagate(db.ID, [][]byte{[]byte(name), key})
	s.observed.because(event.Expired, db.ID)
	if s.tracking.clients > 0 {
		s.invalidate(key, nil)
	}
	s.NotifyKeyspace(db.ID, notifyExpired, "expired", key)
	if s.contextDepth == 0 {
		s.flushUnit()
	}
}

// fieldsExpired deletes expired fields of a hash everywhere else too. See
// keyspace.Space.FieldsExpired.
func (s *Server) fieldsExpired(db *keyspace.DB, key []byte, fields [][]byte, gone bool) {
	const atOnce = 1000 // a command has a limited number of words
	for some := range slices.Chunk(fields, atOnce) {
		s.Propagate(db.ID, append([][]byte{[]byte("HDEL"), key}, some...))
	}
	if s.tracking.clients > 0 {
		s.invalidate(key, nil)
	}
	s.NotifyKeyspace(db.ID, config.NotifyHash, "hexpired", key)
	if gone {
		s.NotifyKeyspace(db.ID, config.NotifyGeneric, "del", key)
	}
	if s.contextDepth == 0 {
		s.flushUnit()
	}
}

// KeyRemoved tells the page. See keyspace.Observer.
func (s *Server) KeyRemoved(db *keyspace.DB, key []byte) {
	s.observed.removed(db.ID, key, event.Deleted)
}
