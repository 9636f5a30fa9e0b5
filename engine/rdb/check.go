package rdb

import (
	"io"
	"strconv"

	"everysec/engine/ds/arena"
	"everysec/engine/object"
)

// Summary is what an RDB file holds, or held up to an error.
type Summary struct {
	Version   int
	End       int64 // bytes of the RDB part; up to the error if there is one
	Keys      int64 // read, the one that could not be read to its end among them
	Expiring  int64
	Expired   int64            // their time had passed before the check
	Types     map[string]int64 // how many keys of each type
	Modules   map[string]int64 // how many values and AUX fields of modules were stepped over
	LastKey   []byte           // the one that was read last
	InKey     bool             // it was not read to its end
	Kind      int              // the RDB type of the value in which the error is, -1 if there is none
	Doing     string           // what was being read, in redis-check-rdb's words
	Functions int64
}

// Check reads a whole RDB file as a server would, keeps nothing, and steps over
// what modules have left in it. now is Unix milliseconds. say, which may be nil,
// is told what redis-check-rdb says on the way, with the number of bytes read.
// The error is *Error unless the file could not be read.
func Check(file io.ReaderAt, size int64, name string, now int64, say func(offset int64, what string)) (Summary, error) {
	return check(file, size, name, now, say, nil)
}

func check(file io.ReaderAt, size int64, name string, now int64, say func(offset int64, what string), see func(Span)) (Summary, error) {
	c := &checker{store: object.NewStore(arena.New(), 0), now: now, say: say}
	if say == nil {
		c.say = func(int64, string) {}
	}
	c.Types, c.Modules = map[string]int64{}, map[string]int64{}
	c.l = NewLoader(file, size, name, c)
	c.l.deep, c.l.see = true, see
	c.l.skipped = func(module string) {
		c.Modules[module]++
		c.say(c.l.Offset(), "MODULE AUX for: "+module)
	}
	var done bool
	var err error
	for !done && err == nil {
		done, err = c.l.Next(1 << 20)
	}
	c.Version, c.End, c.Doing, c.Kind = c.l.Version(), c.l.Offset(), c.l.doing, c.l.kind
	if c.Kind >= 0 && c.Doing == "read-object-value" {
		c.note(c.l.key)
		c.InKey = true
	}
	if err == nil && c.Version >= 5 {
		if c.l.unsummed {
			c.say(c.End, "RDB file was saved with checksum disabled: no check performed.")
		} else {
			c.say(c.End, "Checksum OK")
		}
	}
	return c.Summary, err
}

type checker struct {
	Summary
	l     *Loader
	store *object.Store
	now   int64
	say   func(offset int64, what string)
}

func (c *checker) Objects() *object.Store { return c.store }

func (c *checker) Aux(key, value []byte) error {
	c.say(c.l.Offset(), "AUX FIELD "+string(key)+" = '"+string(value[:min(len(value), 1000)])+"'")
	return nil
}

func (c *checker) Function([]byte) error {
	c.Functions++
	return nil
}

func (c *checker) SelectDB(id int) error {
	c.say(c.l.Offset(), "Selecting DB ID "+strconv.Itoa(id))
	return nil
}

func (c *checker) ResizeDB(int, int) error { return nil }

func (c *checker) note(key []byte) {
	c.LastKey = append(c.LastKey[:0], key...)
	c.Keys++
}

func (c *checker) count(key []byte, what string, expireAt int64) {
	c.note(key)
	if expireAt != 0 {
		c.Expiring++
		if expireAt < c.now {
			c.Expired++
		}
	}
	c.Types[what]++
}

func (c *checker) Entry(key []byte, v object.Value, expireAt int64) error {
	c.count(key, v.Type.String(), expireAt)
	c.store.Free(&v)
	return nil
}
