package rdb

import (
	"io"

	"everysec/engine/ds/arena"
	"everysec/engine/object"
)

// Summary is what an RDB file holds, or held up to an error.
type Summary struct {
	Version   int
	End       int64 // bytes of the RDB part; up to the error if there is one
	Keys      int64
	Expiring  int64
	Databases int
	LastKey   []byte            // the one that was read last
	Types     map[string]int64  // how many keys of each type
	Fields    map[string]string // what the writer said of itself
}

// Check reads a whole RDB file as a server would, and keeps nothing. The error
// is *Error unless the file could not be read.
func Check(file io.ReaderAt, size int64, name string) (Summary, error) {
	h := &checker{store: object.NewStore(arena.New(), 0)}
	h.Types, h.Fields = map[string]int64{}, map[string]string{}
	l := NewLoader(file, size, name, h)
	var done bool
	var err error
	for !done && err == nil {
		done, err = l.Next(1 << 20)
	}
	h.Version, h.End = l.Version(), l.Offset()
	return h.Summary, err
}

type checker struct {
	Summary
	store *object.Store
}

func (c *checker) Objects() *object.Store { return c.store }

func (c *checker) Aux(key, value []byte) error {
	if len(c.Fields) < 100 {
		c.Fields[string(key)] = string(value[:min(len(value), 1000)])
	}
	return nil
}

func (c *checker) Function([]byte) error { return nil }

func (c *checker) SelectDB(int) error {
	c.Databases++
	return nil
}

func (c *checker) ResizeDB(int, int) error { return nil }

func (c *checker) Entry(key []byte, v object.Value, expireAt int64) error {
	c.LastKey = append(c.LastKey[:0], key...)
	c.Keys++
	if expireAt != 0 {
		c.Expiring++
	}
	c.Types[v.Type.String()]++
	c.store.Free(&v)
	return nil
}
