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

func TestDecompressRefuses(t *testing.T) {
	for _, c := range []struct {
		src  string
		size int
		want string
	}{
		{"\x02abc", 3, ""},
		{"\x00a\xe0\x00\x00", 10, ""},
		{"\x02ab", 3, "lzf: offset 0: text ends inside 3 literal bytes"},
		{"\x00a\x20", 4, "lzf: offset 2: text ends inside a copy"},
		{"\x00a\xe0\x00", 10, "lzf: offset 2: text ends inside a copy"},
		{"\x00a\xe0", 10, "lzf: offset 2: text ends inside a copy"},
		{"\x00a\x20\x01", 4, "lzf: offset 2: copy from before the beginning"},
		{"\x20\x00", 4, "lzf: offset 0: copy from before the beginning"},
		{"\x02abc", 2, "lzf: text is not of the announced length"},
		{"\x02abc", 4, "lzf: text is not of the announced length"},
		{"\x00a\xe0\xff\x00", 10, "lzf: text is not of the announced length"},
		{"", 1, "lzf: text is not of the announced length"},
		{"", 0, ""},
	} {
		got := ""
		if err := Decompress(make([]byte, c.size), []byte(c.src)); err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%q to %d bytes: %q, want %q", c.src, c.size, got, c.want)
		}
	}
}

func TestCompressSaysWhenThereIsNoRoom(t *testing.T) {
	src := bytes.Repeat([]byte("ab"), 100)
	whole := make([]byte, len(src))
	n := Compress(whole, src)
	for room := range n {
		if got := Compress(make([]byte, room), src); got != 0 {
			t.Errorf("%d bytes in a room of %d", got, room)
		}
	}
	if Compress(whole, nil) != 0 || Compress(nil, src) != 0 {
		t.Error("nothing was compressed")
	}
}

// When positions run out of 32 bits the Compressor starts over.
func TestPositionsRunOut(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for range 20 {
		c := Compressor{base: 1<<32 - 1 - uint32(r.IntN(100_000))}
		for range 20 {
			src := text(r)
			dst, got := make([]byte, 2*len(src)+16), make([]byte, len(src))
			if err := Decompress(got, dst[:c.Compress(dst, src)]); err != nil || !bytes.Equal(got, src) {
				t.Fatalf("%q came back as %q, %v", src, got, err)
			}
		}
	}
}

func FuzzDecompress(f *testing.F) {
	f.Add([]byte("\x02abc\x20\x02\xe0\x00\x00"), 15)
	f.Fuzz(func(t *testing.T, src []byte, size int) {
		memory := make([]byte, 1000+16)
		size = min(max(0, size), 1000)
		_ = Decompress(memory[:size:size], src)
		if !bytes.Equal(memory[size:size+16], make([]byte, 16)) {
			t.Fatal("wrote over the end")
		}
	})
}

func FuzzCompress(f *testing.F) {
	f.Add([]byte("abcabcabcabc"), 5)
	f.Fuzz(func(t *testing.T, src []byte, room int) {
		dst := make([]byte, min(max(0, room), 2*len(src)+16))
		n := Compress(dst, src)
		if n == 0 {
			return
		}
		got := make([]byte, len(src))
		if err := Decompress(got, dst[:n]); err != nil || !bytes.Equal(got, src) {
			t.Fatalf("%q came back as %q, %v", src, got, err)
		}
	})
}

func BenchmarkCompress(b *testing.B) {
	var c Compressor
	src := bytes.Repeat([]byte(`{"id":12345,"name":"somebody","tags":["a","b"]}`), 20)
	dst := make([]byte, len(src))
	b.SetBytes(int64(len(src)))
	b.ReportAllocs()
	for range b.N {
		c.Compress(dst, src)
	}
}
