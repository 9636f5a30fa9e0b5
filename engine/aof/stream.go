package aof

import (
	"strconv"

	"everysec/engine/ds/stream"
	"everysec/engine/object"
	"everysec/engine/resp"
)

// stream writes the commands that make a stream: its entries, its counters,
// its groups, and who holds what. An entry that was deleted while pending is
// not pending any more when they have run, as in Redis.
func (w *CommandWriter) stream(key []byte, s stream.Stream) {
	if s.Length == 0 {
		// An entry that is trimmed at once leaves an empty stream.
		w.command("XADD", key, []byte("MAXLEN"), []byte("0"), []byte("0-1"), []byte("x"), []byte("y"))
	}
	var it stream.Iterator
	var words [][]byte
	it.Start(s, stream.ID{}, stream.MaxID, false)
	for it.Next() {
		words = append(words[:0], it.ID.Append(nil))
		for it.Fields > 0 {
			field, value := it.Field()
			words = append(words, append([]byte(nil), field...), append([]byte(nil), value...))
		}
		w.command("XADD", key, words...)
	}
	number := func(n int64) []byte { return strconv.AppendInt(nil, n, 10) }
	w.command("XSETID", key, s.Last.Append(nil), []byte("ENTRIESADDED"), number(int64(s.Added)),
		[]byte("MAXDELETEDID"), s.MaxDeleted.Append(nil))
	for g := range s.Groups() {
		w.command("XGROUP", []byte("CREATE"), key, g.Name(), g.Last.Append(nil), []byte("ENTRIESREAD"), number(g.Read))
		for c := range g.Consumers() {
			claims := false // an entry that is there, and so makes the consumer
			for p := range c.Pending(stream.ID{}, stream.MaxID) {
				claims = claims || s.Has(p.ID)
			}
			if !claims {
				w.command("XGROUP", []byte("CREATECONSUMER"), key, g.Name(), c.Name())
			}
			for p := range c.Pending(stream.ID{}, stream.MaxID) {
				w.command("XCLAIM", key, g.Name(), c.Name(), []byte("0"), p.ID.Append(nil), []byte("TIME"), number(p.Time),
					[]byte("RETRYCOUNT"), number(int64(p.Count)), []byte("JUSTID"), []byte("FORCE"))
			}
		}
	}
}

func (w *CommandWriter) command(name string, first []byte, words ...[]byte) {
	w.buf = resp.AppendCommand(w.buf, append([][]byte{[]byte(name), first}, words...)...)
	w.spill()
}

// StreamCommands is what makes a stream, as bytes to compare by.
func StreamCommands(store *object.Store, v *object.Value) (b []byte) {
	w := NewCommandWriter(func(p []byte) error { b = append(b, p...); return nil }, store)
	w.stream(nil, store.Stream(v))
	w.flush()
	return b
}
