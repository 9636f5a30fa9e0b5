package run

import (
	"encoding/binary"
	"errors"
	"hash/crc32"

	"everysec/engine/phrase"
	"everysec/wasm/bridge"
)

// A run outlives its page: while its record grows it is kept in the browser, piece
// by piece, by package idb's runs.js. A piece is never written again, so keeping a
// run costs what it grows by, and a browser that is killed has all but the pieces
// that were not there yet. Nothing is kept of a run in which nobody did anything.

// What nobody did, such as the ticks of a server without clients, is kept less often:
// when it has become so much, or so old.
const (
	idleBytes  = 4 << 10
	idleMicros = 10_000_000
)

// keepBytes is how much one piece holds at most. It is copied on the engine's
// thread.
const keepBytes = 256 << 10

// keeper hands records over.
type keeper struct {
	logs      []*Log // the first is being handed over, the others follow
	number    int    // of the first among all
	chunk, at int
	offset    int64
	inputs    int   // of the log, when a piece was handed over last
	wall      int64 // likewise
	full      bool  // likewise
}

// Piece is a piece of a record, and what the whole of it is by now.
type Piece struct {
	Offset int64
	Data   []byte // valid until the next call of the recorder
	About  bridge.Record
}

// Keep is the next piece that is to be kept. again: the record begins anew, what was
// kept of it has gone. all: also what could wait.
func (r *Recorder) Keep(again, all bool) (p Piece, ok bool) {
	k := &r.keep
	if again {
		k.chunk, k.at, k.offset = 0, 0, 0
	}
	for k.offset == k.logs[0].size && k.full == k.logs[0].full || k.logs[0].inputs == 0 {
		if len(k.logs) == 1 {
			return p, false
		}
		*k = keeper{logs: k.logs[1:], number: k.number + 1}
	}
	l := k.logs[0]
	if len(k.logs) == 1 && !all && l.inputs == k.inputs && l.size-k.offset < idleBytes && l.wall-k.wall < idleMicros {
		return p, false
	}
	k.inputs, k.wall, k.full = l.inputs, l.wall, l.full
	var data []byte // none: there is only to say that the record is full
	if k.offset < l.size {
		for k.at == len(l.chunks[k.chunk]) {
			k.chunk, k.at = k.chunk+1, 0
		}
		data = l.chunks[k.chunk][k.at:]
		data = data[:min(len(data), keepBytes)]
	}
	p = Piece{Offset: k.offset, Data: data}
	p.About = bridge.Record(nil).Int(int64(k.number)).Int(k.offset).Int(int64(crc32.ChecksumIEEE(data))).
		Int(version).Int(l.began).Int(l.wall).Int(int64(l.inputs)).Int(l.size).Bool(l.full)
	k.at, k.offset = k.at+len(data), k.offset+int64(len(data))
	return p, true
}

// does tells whether somebody does something in a batch from the page: not the page
// itself, whose own clients it notes.
func does(message []byte, own map[uint64]bool) (is bool) {
	if len(message) < channelBytes {
		return false
	}
	channel := uint64(binary.LittleEndian.Uint32(message)) << 32
	for rest := message[channelBytes:]; len(rest) > 0; {
		f, after, err := bridge.Next(rest)
		if err != nil {
			break
		}
		rest = after
		client := channel | uint64(f.ID)
		switch f.Kind {
		case bridge.KindConnect:
			if string(f.Data) == unseen {
				own[client] = true
			}
		case bridge.KindDisconnect:
			delete(own, client)
		case bridge.KindInput:
			is = is || !own[client]
		case bridge.KindControl:
			switch bridge.Op(f.Arg) {
			case bridge.OpAdvance, bridge.OpCrash, bridge.OpImport, bridge.OpErase, bridge.OpReplace, bridge.OpBringBack, bridge.OpShell, bridge.OpStep:
				is = true
			}
		}
	}
	return is
}

// question is what somebody waits for the shelf to answer.
type question struct {
	op          bridge.Op
	channel, id uint32
}

// ask asks the shelf, if that is whom it is for.
func (r *Recorder) ask(q question, payload []byte) bool {
	switch q.op {
	case bridge.OpRunKept, bridge.OpRunLook, bridge.OpRunForget:
	default:
		if q.op != bridge.OpRunSave || len(payload) == 0 {
			return false
		}
	}
	switch {
	case r.Shelf != nil:
	case q.op == bridge.OpRunLook || q.op == bridge.OpRunSave:
		r.answer(q, nil, errors.New("nothing of this run was kept"))
		return true
	default:
		r.answer(q, (&bridge.KeptRuns{}).Append(nil), nil)
		return true
	}
	r.token++
	r.asked[r.token] = q
	r.Shelf(r.token, append(bridge.Record(nil).Byte(uint8(q.op)), payload...))
	return true
}

// Found brings what the shelf has: the answer as it is to be passed on, or the
// pieces of a run, which are kept; or why it has nothing.
func (r *Recorder) Found(token uint32, data []byte, failure string) {
	q, known := r.asked[token]
	if !known {
		return
	}
	delete(r.asked, token)
	switch {
	case failure != "":
		r.answer(q, nil, errors.New(failure))
	case q.op == bridge.OpRunKept || q.op == bridge.OpRunForget:
		r.answer(q, data, nil)
	default:
		result, err := r.attempt(func() (bridge.Record, error) { return r.earlier(q.op, data) })
		r.answer(q, result, err)
	}
}

// earlier does what is asked of a run that was kept.
func (r *Recorder) earlier(op bridge.Op, pieces []byte) (bridge.Record, error) {
	log, err := readKept(pieces)
	if err != nil {
		return nil, err
	}
	if op == bridge.OpRunSave {
		return bridge.Record(nil).Bytes(log.file(0)), nil
	}
	r.past = r.lookAt(log)
	return r.state(), nil
}

// keptHeader is the length of what stands before the pieces of a run: its version,
// as a u32. Each piece is its length, its CRC-32, both u32, and its bytes.
const keptHeader = 4

// readKept joins the pieces of a run that was kept, up to its last whole entry. A
// piece that is not what was written ends it: the disk had not got it yet. The log
// aliases b, which is written to.
func readKept(b []byte) (*Log, error) {
	if len(b) < keptHeader {
		return nil, errors.New("nothing of this run was kept")
	}
	if v := binary.LittleEndian.Uint32(b); v != version {
		return nil, phrase.Errorf("this run is of version %d of its format; version %d can be read", int(v), version)
	}
	size := 0
	for rest := b[keptHeader:]; len(rest) >= 8; {
		n, sum := binary.LittleEndian.Uint32(rest), binary.LittleEndian.Uint32(rest[4:])
		if rest = rest[8:]; uint64(n) > uint64(len(rest)) || crc32.ChecksumIEEE(rest[:n]) != sum {
			break
		}
		size += copy(b[size:], rest[:n])
		rest = rest[n:]
	}
	l := &Log{chunks: [][]byte{b[:size]}}
	whole := (&reader{log: l}).whole()
	const begun = 2 // entries: the settings and the files, without which nothing is
	if whole.entries <= begun {
		return nil, errors.New("nothing of this run was kept")
	}
	whole.chunks = [][]byte{b[:whole.size:whole.size]}
	return &whole, nil
}
