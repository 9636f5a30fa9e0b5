package resp

import (
	"bytes"
	"math"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
)

func TestParse(t *testing.T) {
	str := func(k Kind, s string) Value { return Value{Kind: k, Str: []byte(s)} }
	for _, c := range []struct {
		wire string
		want Value
	}{
		{"+OK\r\n", str(SimpleString, "OK")},
		{"-ERR no\r\n", str(SimpleError, "ERR no")},
		{":-5\r\n", Value{Kind: Integer, Int: -5}},
		{":+5\r\n", Value{Kind: Integer, Int: 5}},
		{"$4\r\na\r\nb\r\n", str(BulkString, "a\r\nb")},
		{"$0\r\n\r\n", str(BulkString, "")},
		{"$-1\r\n", Value{Kind: BulkString, Null: true}},
		{"*-1\r\n", Value{Kind: Array, Null: true}},
		{"_\r\n", Value{Kind: Null, Null: true}},
		{"#t\r\n", Value{Kind: Boolean, Bool: true}},
		{"#f\r\n", Value{Kind: Boolean}},
		{",1.5e3\r\n", Value{Kind: Double, Str: []byte("1.5e3"), Float: 1500}},
		{",-inf\r\n", Value{Kind: Double, Str: []byte("-inf"), Float: math.Inf(-1)}},
		{",nan\r\n", Value{Kind: Double, Str: []byte("nan"), Float: math.NaN()}},
		{"(-123456789012345678901\r\n", str(BigNumber, "-123456789012345678901")},
		{"!7\r\nERR a\nb\r\n", str(BulkError, "ERR a\nb")},
		{"=8\r\ntxt:Some\r\n", Value{Kind: VerbatimString, Format: "txt", Str: []byte("Some")}},
		{"*2\r\n:1\r\n*1\r\n+a\r\n", Value{Kind: Array, Elems: []Value{
			{Kind: Integer, Int: 1}, {Kind: Array, Elems: []Value{str(SimpleString, "a")}},
		}}},
		{"*0\r\n", Value{Kind: Array}},
		{"%1\r\n+k\r\n:1\r\n", Value{Kind: Map, Elems: []Value{str(SimpleString, "k"), {Kind: Integer, Int: 1}}}},
		{"~1\r\n:1\r\n", Value{Kind: Set, Elems: []Value{{Kind: Integer, Int: 1}}}},
		{">1\r\n+invalidate\r\n", Value{Kind: Push, Elems: []Value{str(SimpleString, "invalidate")}}},
		{"|1\r\n+ttl\r\n:9\r\n:1\r\n", Value{Kind: Integer, Int: 1, Attributes: []Value{str(SimpleString, "ttl"), {Kind: Integer, Int: 9}}}},
	} {
		v, n, err := Parse([]byte(c.wire + "rest"))
		if err != nil || n != len(c.wire) {
			t.Errorf("%q: length %d, %v", c.wire, n, err)
		}
		if diff := cmp.Diff(c.want, v, cmpopts.EquateEmpty(), cmpopts.EquateNaNs()); diff != "" {
			t.Errorf("%q (-want +got):\n%s", c.wire, diff)
		}
		for cut := range len(c.wire) {
			if _, n, err := Parse([]byte(c.wire[:cut])); n != 0 || err != nil {
				t.Errorf("%q is not whole, but: length %d, %v", c.wire[:cut], n, err)
			}
		}
	}
}

func TestParseRefuses(t *testing.T) {
	for wire, want := range map[string]string{
		"hello\r\n":                   `resp: offset 7: unknown kind "h"`,
		"\r\n":                        `resp: offset 2: empty line`,
		"+a\n":                        `resp: offset 0: line without a carriage return`,
		":\r\n":                       `resp: offset 3: bad integer ""`,
		":1x\r\n":                     `resp: offset 5: bad integer "1x"`,
		":9223372036854775808\r\n":    `resp: offset 22: bad integer "9223372036854775808"`,
		"$-2\r\n":                     `resp: offset 5: bad length "-2"`,
		"$536870913\r\n":              `resp: offset 12: bad length "536870913"`,
		"$1\r\nab\r\n":                `resp: offset 4: no line break after a bulk string`,
		"%-1\r\n":                     `resp: offset 5: bad length "-1"`,
		"#x\r\n":                      `resp: offset 4: bad boolean "x"`,
		"_x\r\n":                      `resp: offset 4: bad null "x"`,
		",1.5x\r\n":                   `resp: offset 7: bad double "1.5x"`,
		"(1.5\r\n":                    `resp: offset 6: bad big number "1.5"`,
		"=3\r\ntxt\r\n":               `resp: offset 9: verbatim string without a format`,
		"*3000000000\r\n":             `resp: offset 13: bad length "3000000000"`,
		"*1000000\r\n:1\r\n?":         ``,
		"*1000000\r\n:1\r\n?\r\n":     `resp: offset 17: unknown kind "?"`,
		strings.Repeat("*1\r\n", 200): `resp: offset 516: nested too deeply`,
	} {
		_, n, err := Parse([]byte(wire))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if n != 0 || got != want {
			t.Errorf("%q: length %d, %q, want %q", wire, n, got, want)
		}
	}
}

// What a Writer wrote, Parse takes apart.
func TestParseReadsWriter(t *testing.T) {
	w := Writer{Protocol: 3}
	w.Map(2)
	w.BulkString("list")
	w.Array(2)
	w.Double(2.5)
	w.Null()
	w.BulkString("text")
	w.Verbatim("mkd", "# a")
	v, n, err := Parse(w.Bytes())
	if err != nil || n != w.Len() {
		t.Fatalf("length %d of %d, %v", n, w.Len(), err)
	}
	if len(v.Elems) != 4 || v.Elems[1].Elems[0].Float != 2.5 || !v.Elems[1].Elems[1].Null || v.Elems[3].Format != "mkd" {
		t.Errorf("%+v", v)
	}
}

// No bytes make Parse panic, go over the end or take memory without measure.
func FuzzParse(f *testing.F) {
	for _, wire := range []string{
		"+OK\r\n", "$3\r\nabc\r\n", "*2\r\n:1\r\n_\r\n", "%1\r\n+a\r\n#t\r\n", "|1\r\n+a\r\n,1.5\r\n(12\r\n",
		"=7\r\ntxt:abc\r\n", "*2147483647\r\n*2147483647\r\n", "$-1\r\n", "*1000\r\n*1000\r\n*1000\r\n:1\r\n",
	} {
		f.Add([]byte(wire))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, n, err := Parse(b)
		runtime.ReadMemStats(&after)
		if n < 0 || n > len(b) || n > 0 && err != nil {
			t.Fatalf("%q: length %d, %v", b, n, err)
		}
		if spent := after.TotalAlloc - before.TotalAlloc; spent > 1<<20+2000*uint64(len(b)) {
			t.Fatalf("%q: %d bytes of memory", b, spent)
		}
		for _, slice := range []int{1, 3, 1 << 20} {
			scanned, refused := scan(t, b, slice)
			if scanned != n || (refused == nil) != (err == nil) || err != nil && refused.Error() != err.Error() {
				t.Fatalf("%q: Parse gives %d, %v; Scan by %d values %d, %v", b, n, err, slice, scanned, refused)
			}
		}
	})
}

// scan finds the end of a reply in slices of so many values.
func scan(t *testing.T, b []byte, values int) (n int, err error) {
	t.Helper()
	var s Scanner
	for more := true; more; {
		before := s.Pos()
		if n, more, err = s.Scan(b, values); more && s.Pos() <= before {
			t.Fatalf("%q: a slice of %d values ends at %d, where it began", b, values, s.Pos())
		}
	}
	return n, err
}

// A large reply is looked through a slice at a time, while it comes, and what it
// holds is counted: a key of a map and its value are one, attributes are none.
func TestScan(t *testing.T) {
	for _, test := range []struct {
		wire     string
		elements int
	}{
		{"+OK\r\n", 1},
		{"*0\r\n", 1},
		{"*3\r\n$1\r\na\r\n*-1\r\n:7\r\n", 3},
		{"*2\r\n$1\r\n0\r\n*3\r\n+a\r\n+b\r\n+c\r\n", 4},
		{"%2\r\n+a\r\n:1\r\n+b\r\n*2\r\n:1\r\n:2\r\n", 3},
		{"|1\r\n+ttl\r\n%1\r\n+a\r\n:1\r\n~2\r\n|0\r\n+a\r\n+b\r\n", 2},
		{"*1\r\n|1\r\n+a\r\n*1\r\n|1\r\n+b\r\n+c\r\n+d\r\n*1\r\n+e\r\n", 1},
	} {
		stream := test.wire + "+next\r\n"
		for values := 1; values < 8; values++ {
			var s Scanner
			n := 0
			for come := 0; n == 0 && come <= len(stream); come++ { // a byte at a time
				for more := true; more && n == 0; {
					var err error
					if n, more, err = s.Scan([]byte(stream[:come]), values); err != nil {
						t.Fatalf("%q: %v", test.wire, err)
					}
				}
			}
			if n != len(test.wire) || s.Elements != test.elements {
				t.Errorf("%q by %d: it ends at %d with %d elements, want %d with %d", test.wire, values, n, s.Elements, len(test.wire), test.elements)
			}
			s.Reset()
			if n, _, _ := s.Scan([]byte("+next\r\n"), 1); n != len("+next\r\n") || s.Elements != 1 {
				t.Errorf("%q: what follows it ends at %d with %d elements", test.wire, n, s.Elements)
			}
		}
	}
}

// The head of a reply says what it is and how many values follow.
func TestHead(t *testing.T) {
	for _, test := range []struct {
		wire     string
		count, n int
	}{
		{"*2\r\n:1\r\n:2\r\n", 2, 4},
		{"%2\r\n", 4, 4},
		{"$3\r\nabc\r\n", 0, 9},
		{"$3\r\nab", 0, 0},
		{"|1\r\n+a\r\n*1\r\n+b\r\n~1\r\n+c\r\n", 1, 20},
		{"|1\r\n+a\r\n", 0, 0},
	} {
		if v, count, n, err := Head([]byte(test.wire)); count != test.count || n != test.n || err != nil || n > 0 && v.Kind == Attribute {
			t.Errorf("%q: %+v, %d values follow, %d bytes, %v", test.wire, v, count, n, err)
		}
	}
	if _, _, _, err := Head([]byte("|1\r\n+a\r\n?\r\n")); err == nil {
		t.Error("an attribute with an unknown value is taken")
	}
}

// Cut anywhere, a stream means the same; and nothing panics.
func FuzzReader(f *testing.F) {
	for _, wire := range []string{
		"*1\r\n$4\r\nPING\r\n", "PING\r\n", "SET 'a' \"b\\x00\"\r\n", "*0\r\n*-5\r\n*1\r\n$0\r\n\r\n",
		"*2\r\n$1\r\na\r\n:1\r\n", "*11\r\n$16385\r\n", "\x00\r\n", "*1\r\n$\r\n", "'\r\n",
	} {
		f.Add([]byte(wire), 3, false)
	}
	f.Fuzz(func(t *testing.T, wire []byte, size int, unauthenticated bool) {
		size = max(1, size)
		read := func(size int) string {
			r := Reader{Unauthenticated: unauthenticated, MaxBulk: 1 << 20}
			var log bytes.Buffer
			for rest := wire; len(rest) > 0; {
				n := min(size, len(rest))
				r.Feed(rest[:n])
				rest = rest[n:]
				for {
					args, ok, err := r.Next()
					if err != nil {
						log.WriteString(err.Error())
						return log.String()
					}
					if !ok {
						break
					}
					request := AppendCommand(nil, args...)
					if kept := r.Request(); kept != nil && !bytes.Equal(kept, request) {
						t.Fatalf("%q is kept as %q", request, kept)
					}
					log.Write(request)
				}
			}
			if held := cap(r.buf) + cap(r.scratch) + 16*cap(r.spans) + 24*cap(r.args); held > 1000+64*len(wire) {
				t.Fatalf("%d bytes held for %d", held, len(wire))
			}
			return log.String()
		}
		if whole, cut := read(len(wire)+1), read(size); whole != cut && len(wire) <= maxInline {
			t.Fatalf("whole: %q\npieces of %d: %q", whole, size, cut)
		}
	})
}

// What is quoted comes back from SplitArgs.
func FuzzSplitArgs(f *testing.F) {
	f.Add([]byte(`SET "a\x41" 'b\'c'`))
	f.Fuzz(func(t *testing.T, line []byte) {
		args, ok := SplitArgs(line)
		if !ok {
			return
		}
		var again []byte
		for _, arg := range args {
			again = append(again, ` "`...)
			for _, c := range arg {
				again = append(again, '\\', 'x', "0123456789abcdef"[c>>4], "0123456789abcdef"[c&15])
			}
			again = append(again, '"')
		}
		back, ok := SplitArgs(again)
		if !ok || len(back) != len(args) {
			t.Fatalf("%q: %q, %v", line, back, ok)
		}
		for i := range back {
			if !bytes.Equal(back[i], args[i]) {
				t.Fatalf("%q: argument %d is %q, then %q", line, i, args[i], back[i])
			}
		}
	})
}
