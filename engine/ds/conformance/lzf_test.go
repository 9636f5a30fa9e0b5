package conformance

import (
	"bytes"
	"math/rand/v2"
	"testing"

	"everysec/engine/lzf"
)

// compressible makes texts between noise and repetition.
func compressible(r *rand.Rand) []byte {
	letters := 1 + r.IntN(1<<(1+r.IntN(8)))
	b := make([]byte, 0, 1<<15)
	for size := 21 + r.IntN(1<<(4+r.IntN(11))); len(b) < size; {
		switch {
		case len(b) > 0 && r.IntN(4) == 0:
			from := r.IntN(len(b))
			b = append(b, b[from:min(len(b), from+r.IntN(1<<r.IntN(11)))]...)
		case r.IntN(10) == 0:
			b = append(b, "the quick brown fox "[:1+r.IntN(20)]...)
		default:
			b = append(b, byte(r.IntN(letters)))
		}
	}
	return b
}

// A string in a DUMP is compressed if that saves more than 4 bytes.
func TestLZFOfAString(t *testing.T) {
	const lzfEncoding = 3
	var compressor lzf.Compressor
	scenarios(t, "lzf", 400, func(c *redisClient, r *rand.Rand) []byte {
		src := compressible(r)
		c.do("CONFIG", "SET", "rdbcompression", "yes")
		c.do("SET", "s", string(src))
		_, d := c.dump("s")
		before := *d
		n, encoded := d.length()
		if !encoded {
			return before.bytes()
		}
		if n != lzfEncoding {
			t.Fatalf("encoding %d", n)
		}
		size, _ := d.length()
		if whole, _ := d.length(); whole != len(src) || size != len(d.b) {
			t.Fatalf("%d bytes from %d", len(d.b), whole)
		}
		back := make([]byte, len(src))
		if err := lzf.Decompress(back, d.b); err != nil || !bytes.Equal(back, src) {
			t.Fatalf("%q came back as %q, %v", src, back, err)
		}
		return d.b
	}, func(r *rand.Rand) []byte {
		src := compressible(r)
		dst := make([]byte, len(src)-4)
		if n := compressor.Compress(dst, src); n > 0 {
			return dst[:n]
		}
		return src
	})
}
