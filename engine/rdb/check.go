package rdb

import (
	"errors"
	"io"
	"strconv"

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

// Problem is where a check has ended with an error, why, and what
// redis-check-rdb adds to that.
func (s *Summary) Problem(err error) (offset int64, reason string, info []string) {
	reason = err.Error()
	var located *Error
	if errors.As(err, &located) {
		reason = located.Reason
		if located.Offset != s.End {
			reason += " (at offset " + strconv.FormatInt(located.Offset, 10) + ")"
		}
	}
	info = []string{"While doing: " + s.Doing}
	if s.InKey {
		info = append(info, "Reading key '"+string(s.LastKey)+"'")
	}
	if s.Kind >= 0 {
		info = append(info, "Reading type "+strconv.Itoa(s.Kind)+" ("+TypeName(byte(s.Kind))+")")
	}
	return s.End, reason, info
}

// Check reads a whole RDB file as a server would, keeps nothing, and steps over
// what modules have left in it. now is Unix milliseconds. say, which may be nil,
// is told what redis-check-rdb says on the way, with the number of bytes read.
// The error is *Error unless the file could not be read.
func Check(file io.ReaderAt, size int64, name string, now int64, say func(offset int64, what string)) (Summary, error) {
	c := newChecker(file, size, name, now, say)
	var done bool
	var err error
	for !done && err == nil {
		done, err = c.l.Next(1 << 20)
	}
	s := c.summary()
	if err == nil && s.Version >= 5 {
		if c.l.unsummed {
			c.say(s.End, "RDB file was saved with checksum disabled: no check performed.")
		} else {
			c.say(s.End, "Checksum OK")
		}
	}
	return s, err
}

type checker struct {
	Summary
	l     *Loader
	store *object.Store
	now   int64
	say   func(offset int64, what string)
	value Loaded
}

// summary is what has been read, with what was being read at the end.
func (c *checker) summary() Summary {
	s := c.Summary
	s.Version, s.End, s.Doing, s.Kind = c.l.Version(), c.l.Offset(), c.l.doing, c.l.kind
	if s.Kind >= 0 && s.Doing == "read-object-value" {
		s.LastKey, s.InKey = append([]byte(nil), c.l.key...), true
		s.Keys++
	}
	return s
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

func (c *checker) Empty([]byte) {}

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
	if c.l.see != nil {
		memory := object.KeyUsage(key) + c.store.Usage(&v, object.DefaultSamples)
		c.value = Loaded{v.Type, v.Encoding, int64(c.store.Len(&v)), memory, expireAt}
		c.l.loaded = &c.value
	}
	c.store.Free(&v)
	return nil
}
