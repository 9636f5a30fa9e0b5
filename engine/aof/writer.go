package aof

import (
	"strconv"

	"everysec/engine/keyspace"
	"everysec/engine/number"
	"everysec/engine/object"
	"everysec/engine/resp"
)

// CommandWriter writes a keyspace as the commands that make it: the base file
// of a rewrite when aof-use-rdb-preamble is off.
type CommandWriter struct {
	sink    func(p []byte) error
	store   *object.Store
	buf     []byte
	words   [][]byte
	written int64
	between func()
	db      int
	err     error
}

// itemsPerCommand is how many elements one RPUSH, SADD, ... carries.
const itemsPerCommand = 64

const flushBytes = 64 << 10

// NewCommandWriter makes commands that go to sink in pieces of about 64 KiB.
func NewCommandWriter(sink func(p []byte) error, store *object.Store) *CommandWriter {
	return &CommandWriter{sink: sink, store: store, db: -1}
}

// Written is the number of bytes made so far.
func (w *CommandWriter) Written() int64 { return w.written + int64(len(w.buf)) }

// Work is the same: commands are not packed.
func (w *CommandWriter) Work() int64 { return w.Written() }

// Between makes a function be called between two commands of a big value.
func (w *CommandWriter) Between(f func()) { w.between = f }

// SelectDB chooses the database of the keys that follow.
func (w *CommandWriter) SelectDB(id int) error {
	if id != w.db {
		w.db = id
		w.buf = resp.AppendCommand(w.buf, []byte("SELECT"), strconv.AppendInt(nil, int64(id), 10))
	}
	return w.err
}

// ResizeDB has no command.
func (w *CommandWriter) ResizeDB(int, int) error { return nil }

// Function writes the source of a function library.
func (w *CommandWriter) Function(code []byte) {
	w.buf = resp.AppendCommand(w.buf, []byte("FUNCTION"), []byte("LOAD"), code)
}

// Insert puts commands between those of two keys that another CommandWriter
// has made.
func (w *CommandWriter) Insert(p []byte) error {
	w.buf = append(w.buf, p...)
	w.db = -1
	if len(w.buf) >= flushBytes {
		w.flush()
	}
	return w.err
}

// Flush hands the bytes made so far to the sink.
func (w *CommandWriter) Flush() error {
	w.flush()
	return w.err
}

// End hands the last bytes to the sink.
func (w *CommandWriter) End() error { return w.Flush() }

func (w *CommandWriter) flush() {
	if w.err != nil || len(w.buf) == 0 {
		return
	}
	w.err = w.sink(w.buf)
	w.written += int64(len(w.buf))
	w.buf = w.buf[:0]
}

// Entry writes the commands that make one key.
func (w *CommandWriter) Entry(key []byte, e *keyspace.Entry) error {
	v := &e.Value
	switch v.Type {
	case object.String:
		w.buf = resp.AppendCommand(w.buf, []byte("SET"), key, w.store.StringBytes(v))
	case object.List:
		for _, b := range w.store.List(v).Forward(0) {
			w.item("RPUSH", key, b)
		}
	case object.Set:
		for member := range w.store.Set(v).All() {
			w.item("SADD", key, member)
		}
	case object.Hash:
		for field, value := range w.store.Hash(v).All() {
			w.item("HMSET", key, field, value)
		}
	case object.SortedSet:
		w.store.SortedSet(v).Ascend(0, func(member []byte, score float64) bool {
			w.item("ZADD", key, number.AppendDouble(nil, score), member)
			return true
		})
	case object.Stream:
		w.stream(key, w.store.Stream(v))
	}
	w.endItems()
	if v.HasFieldExpiry {
		for field, at := range w.store.Hash(v).Expiries() {
			w.buf = resp.AppendCommand(w.buf, []byte("HPEXPIREAT"), key, strconv.AppendInt(nil, at, 10), []byte("FIELDS"), []byte("1"), field)
			w.spill()
		}
	}
	if e.ExpireAt != 0 {
		w.buf = resp.AppendCommand(w.buf, []byte("PEXPIREAT"), key, strconv.AppendInt(nil, e.ExpireAt, 10))
	}
	if len(w.buf) >= flushBytes {
		w.flush()
	}
	return w.err
}

// item adds an element to the command being made. The words are copied: they
// alias memory of the store.
func (w *CommandWriter) item(name string, key []byte, words ...[]byte) {
	if len(w.words) == 0 {
		w.words = append(w.words, []byte(name), key)
	}
	for _, b := range words {
		w.words = append(w.words, append([]byte(nil), b...))
	}
	if (len(w.words)-2)/len(words) >= itemsPerCommand {
		w.endItems()
	}
}

func (w *CommandWriter) endItems() {
	if len(w.words) > 0 {
		w.buf = resp.AppendCommand(w.buf, w.words...)
		w.words = w.words[:0]
	}
	w.spill()
}

// spill hands bytes on in the middle of a big value.
func (w *CommandWriter) spill() {
	if len(w.buf) >= flushBytes {
		w.flush()
	}
	if w.between != nil {
		w.between()
	}
}
