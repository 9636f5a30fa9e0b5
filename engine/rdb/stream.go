package rdb

import (
	"encoding/binary"
	"strconv"

	"everysec/engine/ds/stream"
	"everysec/engine/object"
)

// A stream is written as it lies in memory: its listpacks with their keys,
// its counters, its groups. What is pending in a group comes once with time and
// count, and then for each consumer as IDs only.

func (w *Writer) stream(s stream.Stream) {
	w.length(uint64(s.NodeCount()))
	s.Listpacks(func(key, lp []byte) {
		w.blob(key, false)
		w.blob(lp, false)
		w.spill()
	})
	w.length(s.Length)
	w.id(s.Last)
	w.id(s.First)
	w.id(s.MaxDeleted)
	w.length(s.Added)
	w.length(uint64(s.GroupCount()))
	for g := range s.Groups() {
		w.string(g.Name())
		w.id(g.Last)
		w.length(uint64(g.Read))
		w.length(uint64(g.PendingCount()))
		for p := range g.Pending(stream.ID{}, stream.MaxID) {
			w.key(p.ID)
			w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(p.Time))
			w.length(p.Count)
			w.spill()
		}
		w.length(uint64(g.ConsumerCount()))
		for c := range g.Consumers() {
			w.string(c.Name())
			w.buf = binary.LittleEndian.AppendUint64(w.buf, uint64(c.Seen))
			w.length(uint64(c.PendingCount()))
			for p := range c.Pending(stream.ID{}, stream.MaxID) {
				w.key(p.ID)
				w.spill()
			}
		}
	}
}

func (w *Writer) id(id stream.ID) {
	w.length(id.Ms)
	w.length(id.Seq)
}

func (w *Writer) key(id stream.ID) {
	key := id.Key()
	w.buf = append(w.buf, key[:]...)
}

// stream reads a stream of any of the three types.
func (d *decoder) stream(kind byte) (object.Value, error) {
	v := d.store.NewStream()
	if err := d.streamInto(d.store.Stream(&v), kind); err != nil {
		d.store.Free(&v)
		return object.Value{}, err
	}
	return v, nil
}

func (d *decoder) streamInto(s stream.Stream, kind byte) error {
	n, err := d.count()
	if err != nil {
		return err
	}
	alive := uint64(0)
	for range n {
		b, err := d.string()
		if err != nil {
			return err
		}
		if len(b) != 16 {
			return d.fail("the key of a stream's listpack has " + strconv.Itoa(len(b)) + " bytes")
		}
		d.member = append(d.member[:0], b...)
		lp, err := d.string()
		if err != nil {
			return err
		}
		entries, err := stream.Validate(lp)
		if err != nil {
			return d.fail(err.Error())
		}
		if !s.AddListpack(d.member, lp) {
			return d.fail("a stream holds a listpack twice")
		}
		alive += entries
	}
	r := streamReader{d: d}
	s.Length = r.number()
	s.Last = r.id()
	if s.Added = s.Length; kind == typeStream {
		s.First, _ = s.Edge(true, false)
	} else {
		s.First, s.MaxDeleted, s.Added = r.id(), r.id(), r.number()
	}
	if r.err != nil {
		return r.err
	}
	if s.Length != alive {
		return d.fail("a stream's length is not that of its entries")
	}
	groups, err := d.count()
	if err != nil {
		return err
	}
	for range groups {
		if err := d.group(s, kind); err != nil {
			return err
		}
	}
	return nil
}

func (d *decoder) group(s stream.Stream, kind byte) error {
	name, err := d.string()
	if err != nil {
		return err
	}
	d.member = append(d.member[:0], name...)
	r := streamReader{d: d}
	last := r.id()
	read := int64(0)
	if kind == typeStream {
		read = s.ReadUpTo(last)
	} else {
		read = int64(r.number())
	}
	if r.err != nil {
		return r.err
	}
	g, added := s.AddGroup(d.member, last, read)
	if !added {
		return d.fail("a stream holds a group twice")
	}
	// Until its consumer is known an entry is pending for nobody.
	n, err := d.count()
	if err != nil {
		return err
	}
	waiting := make(map[stream.ID]delivery, min(n, 1<<10))
	for range n {
		id, at := r.key(), r.time()
		count := r.number()
		if r.err != nil {
			return r.err
		}
		if _, twice := waiting[id]; twice {
			return d.fail("a group holds a pending entry twice")
		}
		waiting[id] = delivery{at, count}
	}
	consumers, err := d.count()
	if err != nil {
		return err
	}
	for range consumers {
		name, err := d.string()
		if err != nil {
			return err
		}
		d.member = append(d.member[:0], name...)
		seen := r.time()
		if kind == typeStream3 {
			r.time() // of the last success, which 7.0 does not know
		}
		if r.err != nil {
			return r.err
		}
		c, added := g.AddConsumer(d.member, seen)
		if !added {
			return d.fail("a group holds a consumer twice")
		}
		n, err := d.count()
		if err != nil {
			return err
		}
		for range n {
			id := r.key()
			p, waits := waiting[id]
			switch {
			case r.err != nil:
				return r.err
			case !waits:
				return d.fail("an entry is pending for a consumer and not in its group, or for two consumers")
			}
			delete(waiting, id)
			g.AddPending(id, c, p.time, p.count)
		}
	}
	if len(waiting) > 0 {
		return d.fail("an entry is pending in a group and for none of its consumers")
	}
	return nil
}

type delivery struct {
	time  int64
	count uint64
}

// streamReader reads numbers until the first error.
type streamReader struct {
	d   *decoder
	err error
}

func (r *streamReader) number() (n uint64) {
	if r.err == nil {
		n, r.err = r.d.plainLength()
	}
	return n
}

func (r *streamReader) id() stream.ID {
	ms := r.number()
	return stream.ID{Ms: ms, Seq: r.number()}
}

func (r *streamReader) raw(n int) []byte {
	var none [16]byte
	if r.err == nil {
		var b []byte
		if b, r.err = r.d.take(n); r.err == nil {
			return b
		}
	}
	return none[:n]
}

func (r *streamReader) key() stream.ID { return stream.IDOf(r.raw(16)) }

func (r *streamReader) time() int64 { return int64(binary.LittleEndian.Uint64(r.raw(8))) }
