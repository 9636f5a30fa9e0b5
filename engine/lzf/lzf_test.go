package lzf

import (
	"bytes"
	"math/rand/v2"
	"testing"
)

func TestTextsComeBack(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var c Compressor
	for range 3000 {
		src := text(r)
		dst := make([]byte, len(src)+len(src)/16+16)
		n := c.Compress(dst, src)
		if n == 0 {
			t.Fatalf("%q does not fit in %d bytes", src, len(dst))
		}
		alone := make([]byte, len(dst))
		if m := Compress(alone, src); !bytes.Equal(alone[:m], dst[:n]) {
			t.Fatalf("%q: a used Compressor decides otherwise than a new one", src)
		}
		got := make([]byte, len(src))
		if err := Decompress(got, dst[:n]); err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%q came back as %q, %v", src, got, err)
		}
	}
}

// text makes something between noise and repetition.
func text(r *rand.Rand) []byte {
	letters := 1 + r.IntN(1<<r.IntN(9))
	b := make([]byte, 1+r.IntN(1<<(1+r.IntN(13))))
	for i := range b {
		b[i] = byte(r.IntN(letters))
		if i > 100 && r.IntN(10) == 0 {
			i += copy(b[i:], b[r.IntN(i):i])
		}
	}
	return b
}
