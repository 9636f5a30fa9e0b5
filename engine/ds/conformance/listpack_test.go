package conformance

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"everysec/engine/ds/intset"
	"everysec/engine/ds/listpack"
)

// A hash in a listpack is field, value, field, value. step is one HSET (v) or
// HDEL (no v) of a scenario.
func hashSteps(r *rand.Rand, step func(field, v []byte)) {
	for range 1 + r.IntN(200) {
		field := fmt.Appendf(nil, "%d", r.IntN(60))
		if r.IntN(3) == 0 {
			field = value(r)
		}
		if r.IntN(4) == 0 {
			step(field, nil)
		} else {
			step(field, append([]byte{}, value(r)...))
		}
	}
}

func TestListpackOfAHash(t *testing.T) {
	const rdbHashListpack = 16
	scenarios(t, "hash", 150, func(c *redisClient, r *rand.Rand) []byte {
		hashSteps(r, func(field, v []byte) {
			if v == nil {
				c.do("HDEL", "h", string(field))
			} else {
				c.do("HSET", "h", string(field), string(v))
			}
		})
		kind, d := c.dump("h")
		if d == nil {
			return listpack.New()
		}
		if kind != rdbHashListpack {
			t.Fatalf("type %d", kind)
		}
		return d.bytes()
	}, func(r *rand.Rand) []byte {
		lp := listpack.New()
		hashSteps(r, func(field, v []byte) {
			at := listpack.Find(lp, listpack.First(lp), field, 1)
			switch {
			case v == nil && at >= 0:
				lp = listpack.DeleteAt(lp, at, 2)
			case v != nil && at >= 0:
				lp = listpack.Replace(lp, listpack.Next(lp, at), v)
			case v != nil:
				lp = listpack.Append(listpack.Append(lp, field), v)
			}
		})
		if err := listpack.Validate(lp, true); err != nil {
			t.Fatal(err)
		}
		return rewritten(t, lp)
	})
}

// rewritten reads a listpack and writes it anew, which must give the same
// bytes, whatever was done to it before.
func rewritten(t *testing.T, lp []byte) []byte {
	second := listpack.New()
	for pos := listpack.First(lp); pos >= 0; pos = listpack.Next(lp, pos) {
		if b, n, isInt := listpack.Get(lp, pos); isInt {
			second = listpack.AppendInt(second, n)
		} else {
			second = listpack.Append(second, b)
		}
	}
	if !bytes.Equal(lp, second) {
		t.Fatalf("%q was rewritten as %q", lp, second)
	}
	return lp
}

// intsetSteps are SADD and SREM, of integers that become wider on the way.
func intsetSteps(r *rand.Rand, step func(add bool, v int64)) {
	bits := 1 + r.IntN(15)
	for range 1 + r.IntN(150) {
		if r.IntN(20) == 0 {
			bits = min(63, bits+r.IntN(12))
		}
		v := int64(r.Uint64()) >> (64 - bits)
		step(r.IntN(4) != 0, v)
	}
}

func TestIntset(t *testing.T) {
	const rdbSetIntset = 11
	scenarios(t, "intset", 150, func(c *redisClient, r *rand.Rand) []byte {
		// An integer that stays in: a set that has become empty is gone.
		c.do("SADD", "s", "100000")
		intsetSteps(r, func(add bool, v int64) {
			if add {
				c.do("SADD", "s", fmt.Sprint(v))
			} else {
				c.do("SREM", "s", fmt.Sprint(v))
			}
		})
		kind, d := c.dump("s")
		if kind != rdbSetIntset {
			t.Fatalf("type %d", kind)
		}
		return d.bytes()
	}, func(r *rand.Rand) []byte {
		is, _ := intset.Add(intset.New(), 100000)
		intsetSteps(r, func(add bool, v int64) {
			if add {
				is, _ = intset.Add(is, v)
			} else {
				is, _ = intset.Remove(is, v)
			}
		})
		if err := intset.Validate(is, true); err != nil {
			t.Fatal(err)
		}
		return is
	})
}
