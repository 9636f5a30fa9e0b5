package resp

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
)

// One request, cut at every place, must come out the same.
func TestReaderTakesRequestsInAnyPieces(t *testing.T) {
	wire := "*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n" +
		"*0\r\n*-1\r\n\r\n" + // nothing to run
		"PING 'a b' \"\\x41\\n\"\r\n" +
		"*1\r\n$4\r\nPING\r\n" +
		"*2\r\n$12\r\n012345678901\r\n$1\r\n\r\r\n"
	want := `["SET" "k" ""]["PING" "a b" "A\n"]["PING"]["012345678901" "\r"]`
	for size := 1; size <= len(wire); size++ {
		var r Reader
		var got bytes.Buffer
		for rest := []byte(wire); len(rest) > 0; {
			n := min(size, len(rest))
			r.Feed(rest[:n])
			rest = rest[n:]
			for {
				args, ok, err := r.Next()
				if err != nil {
					t.Fatalf("pieces of %d: %v", size, err)
				}
				if !ok {
					break
				}
				fmt.Fprintf(&got, "%q", args)
			}
		}
		if got.String() != want {
			t.Errorf("pieces of %d:\n got %s\nwant %s", size, got.String(), want)
		}
		if r.Buffered() != 0 {
			t.Errorf("pieces of %d: %d bytes left over", size, r.Buffered())
		}
	}
}

// The bytes of a request go to the append-only file as they came, so they must
// be those that AppendCommand writes, or none.
func TestReaderRequest(t *testing.T) {
	for _, c := range []struct {
		wire string
		kept bool
	}{
		{"*1\r\n$4\r\nPING\r\n", true},
		{"*2\r\n$4\r\nECHO\r\n$12\r\n012345678901\r\n", true},
		{"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n", true},
		{"*2\r\n$4\r\nECHO\r\n$100\r\n" + string(bytes.Repeat([]byte("x"), 100)) + "\r\n", true},
		{"*1\r\n$4\rxPING\r\n", false},
		{"*1\rx$4\r\nPING\r\n", false},
		{"*1\r\n$4\r\nPINGxx", false},
		{"PING\r\n", false},
	} {
		var r Reader
		r.Feed([]byte(c.wire))
		args, ok, err := r.Next()
		if err != nil {
			t.Errorf("%q: %v", c.wire, err)
			continue
		}
		if got := r.Request() != nil; got != c.kept {
			t.Errorf("%q: kept: %v", c.wire, got)
		}
		if ok && r.Request() != nil && !bytes.Equal(r.Request(), AppendCommand(nil, args...)) {
			t.Errorf("%q is kept as %q", c.wire, r.Request())
		}
	}
}

func BenchmarkReader(b *testing.B) {
	request := AppendCommand(nil, []byte("SET"), []byte("key:000000123456"), bytes.Repeat([]byte("x"), 100))
	batch := bytes.Repeat(request, 100)
	var r Reader
	b.ReportAllocs()
	for i := 0; i < b.N; i += 100 {
		r.Feed(batch)
		for n := 0; ; n++ {
			if _, ok, err := r.Next(); err != nil {
				b.Fatal(err)
			} else if !ok {
				if n != 100 {
					b.Fatal(n)
				}
				break
			}
		}
	}
}

func TestReaderAhead(t *testing.T) {
	set := func(words ...string) string {
		var args [][]byte
		for _, w := range words {
			args = append(args, []byte(w))
		}
		return string(AppendCommand(nil, args...))
	}
	for _, test := range []struct {
		name, input string
		want        []string
	}{
		{"nothing", "", nil},
		{"keys", set("SET", "a", "1") + set("GET", "b") + set("DEL", "c", "d"), []string{"a", "b", "c"}},
		{"no key", set("PING") + set("GET", "b"), []string{"b"}},
		{"an empty key", set("GET", "") + set("GET", "b"), []string{"", "b"}},
		{"a long key", set("GET", strings.Repeat("k", 1000)), []string{strings.Repeat("k", 1000)}},
		{"not more than asked for", strings.Repeat(set("GET", "a"), 9), []string{"a", "a", "a", "a"}},
		{"a request that has come as far as its key", set("GET", "a") + set("SET", "b", "1")[:24], []string{"a", "b"}},
		{"half a key", set("GET", "a") + set("GET", "bbbb")[:20], []string{"a"}},
		{"an inline request", set("GET", "a") + "GET b\r\n" + set("GET", "c"), []string{"a"}},
		{"what is no request", set("GET", "a") + "*2\r\n$x\r\n", []string{"a"}},
		{"a length that nothing has", set("GET", "a") + "*2\r\n$3\r\nGET\r\n$9999999\r\nb", []string{"a"}},
	} {
		r := &Reader{}
		r.Feed([]byte(set("PING") + test.input))
		if _, ok, err := r.Next(); !ok || err != nil {
			t.Fatalf("%s: %v, %v", test.name, ok, err)
		}
		buffered := r.Buffered()
		var got []string
		for _, word := range r.Ahead(nil, 4) {
			got = append(got, string(word))
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", test.name, got, test.want)
		}
		if r.Buffered() != buffered {
			t.Errorf("%s: %d bytes are left of %d", test.name, r.Buffered(), buffered)
		}
	}
}

// What comes whole is read in one pass, what comes in two pieces by another way:
// both find the same words, of any length and number.
func TestReaderReadsAnyLength(t *testing.T) {
	for _, words := range []int{1, 2, 9, 10, 11, 99, 100, 101} {
		for _, length := range []int{0, 1, 9, 10, 11, 99, 100, 101, 999, 1000, 1001} {
			args := make([][]byte, words)
			for i := range args {
				args[i] = bytes.Repeat([]byte{byte('a' + i%26)}, length)
			}
			wire := AppendCommand(nil, args...)
			for _, cut := range []int{0, len(wire) - 1} {
				var r Reader
				r.Feed(wire[:cut])
				if _, ok, err := r.Next(); ok || err != nil {
					t.Fatalf("%d words of %d, cut at %d: %v, %v", words, length, cut, ok, err)
				}
				r.Feed(wire[cut:])
				got, ok, err := r.Next()
				if !ok || err != nil || !slices.EqualFunc(got, args, bytes.Equal) {
					t.Errorf("%d words of %d, cut at %d: %d words, %v, %v", words, length, cut, len(got), ok, err)
				}
				if whole := cut == 0; whole && !bytes.Equal(r.Request(), wire) {
					t.Errorf("%d words of %d: the request is %q", words, length, r.Request())
				}
			}
		}
	}
	for _, wire := range []string{"*2\r\n$4\r\nECHO\r\n$012\r\n012345678901\r\n", "*02\r\n$4\r\nECHO\r\n$1\r\na\r\n"} { // nor does Redis
		var r Reader
		r.Feed([]byte(wire))
		if args, ok, err := r.Next(); ok || err == nil {
			t.Errorf("%q: %q, %v, %v", wire, args, ok, err)
		}
	}
}
