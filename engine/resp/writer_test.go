package resp

import (
	"math"
	"testing"
)

// Every kind of reply, to a client of each protocol.
func TestWriter(t *testing.T) {
	for _, c := range []struct {
		name         string
		write        func(w *Writer)
		resp2, resp3 string
	}{
		{"OK", func(w *Writer) { w.OK() }, "+OK\r\n", "+OK\r\n"},
		{"status", func(w *Writer) { w.SimpleString("QUEUED") }, "+QUEUED\r\n", "+QUEUED\r\n"},
		{"error", func(w *Writer) { w.Error("ERR unknown 'a\r\nb'") }, "-ERR unknown 'a  b'\r\n", "-ERR unknown 'a  b'\r\n"},
		{"integer", func(w *Writer) { w.Int(-1234567) }, ":-1234567\r\n", ":-1234567\r\n"},
		{"least integer", func(w *Writer) { w.Int(math.MinInt64) }, ":-9223372036854775808\r\n", ":-9223372036854775808\r\n"},
		{"bulk", func(w *Writer) { w.Bulk([]byte("a\r\nb")) }, "$4\r\na\r\nb\r\n", "$4\r\na\r\nb\r\n"},
		{"empty bulk", func(w *Writer) { w.Bulk(nil) }, "$0\r\n\r\n", "$0\r\n\r\n"},
		{"bulk of 10", func(w *Writer) { w.BulkString("0123456789") }, "$10\r\n0123456789\r\n", "$10\r\n0123456789\r\n"},
		{"bulk integer", func(w *Writer) { w.BulkInt(-100) }, "$4\r\n-100\r\n", "$4\r\n-100\r\n"},
		{"null", func(w *Writer) { w.Null() }, "$-1\r\n", "_\r\n"},
		{"null array", func(w *Writer) { w.NullArray() }, "*-1\r\n", "_\r\n"},
		{"array", func(w *Writer) { w.Array(100) }, "*100\r\n", "*100\r\n"},
		{"map", func(w *Writer) { w.Map(2) }, "*4\r\n", "%2\r\n"},
		{"set", func(w *Writer) { w.Set(2) }, "*2\r\n", "~2\r\n"},
		{"push", func(w *Writer) { w.Push(3) }, "*3\r\n", ">3\r\n"},
		{"double", func(w *Writer) { w.Double(0.1) }, "$19\r\n0.10000000000000001\r\n", ",0.10000000000000001\r\n"},
		{"infinity", func(w *Writer) { w.Double(math.Inf(-1)) }, "$4\r\n-inf\r\n", ",-inf\r\n"},
		{"coordinate", func(w *Writer) { w.HumanDouble(1.5) }, "$3\r\n1.5\r\n", ",1.5\r\n"},
		{"true", func(w *Writer) { w.Bool(true) }, ":1\r\n", "#t\r\n"},
		{"false", func(w *Writer) { w.Bool(false) }, ":0\r\n", "#f\r\n"},
		{"big number", func(w *Writer) { w.BigNumber("12345678901234567890") }, "$20\r\n12345678901234567890\r\n", "(12345678901234567890\r\n"},
		{"verbatim", func(w *Writer) { w.Verbatim("txt", "a\nb") }, "$3\r\na\nb\r\n", "=7\r\ntxt:a\nb\r\n"},
		{"attribute", func(w *Writer) {
			if w.Attribute(1) {
				w.SimpleString("ttl")
				w.Int(5)
			}
			w.Int(1)
		}, ":1\r\n", "|1\r\n+ttl\r\n:5\r\n:1\r\n"},
		{"deferred", func(w *Writer) {
			outer := w.Defer()
			inner := w.Defer()
			w.Int(1)
			w.SetDeferredMap(inner, 1)
			last := w.Defer()
			w.SetDeferredSet(last, 0)
			w.SetDeferredArray(outer, 12)
		}, "*12\r\n*2\r\n:1\r\n*0\r\n", "*12\r\n%1\r\n:1\r\n~0\r\n"},
	} {
		for protocol, want := range map[int]string{2: c.resp2, 3: c.resp3} {
			w := Writer{Protocol: protocol}
			w.Raw([]byte("+before\r\n"))
			before := w.Len()
			c.write(&w)
			if got := string(w.Bytes()[before:]); got != want {
				t.Errorf("%s, RESP%d: %q, want %q", c.name, protocol, got, want)
			}
			w.Truncate(before)
			if got := string(w.Take(make([]byte, 5, 10))); got != "+before\r\n" || w.Len() != 0 {
				t.Errorf("%s, RESP%d: Take gave %q", c.name, protocol, got)
			}
		}
	}
}

func TestAppendCommand(t *testing.T) {
	got := string(AppendCommand([]byte("#"), []byte("SET"), []byte("k"), nil))
	if want := "#*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$0\r\n\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}

// A server that has seen the work once does it again without garbage.
func TestSteadyStateAllocatesNothing(t *testing.T) {
	var r Reader
	w := Writer{Protocol: 3}
	command := make([]byte, 0, 2000)
	wire := AppendCommand(nil, []byte("SET"), []byte("key"), make([]byte, 1000))
	wire = append(wire, "SET 'a b' \"\\x00\"\r\n"...)
	serve := func() {
		for {
			args, ok, err := r.Next()
			if err != nil {
				t.Fatal(err)
			}
			if !ok {
				return
			}
			command = AppendCommand(command[:0], args...)
			w.Reset()
			m := w.Defer()
			w.OK()
			w.Bulk(args[2])
			w.BulkInt(-5)
			w.Double(0.1)
			w.Map(3)
			w.Error("ERR no such key")
			w.Verbatim("txt", "text")
			w.SetDeferredArray(m, 1000)
		}
	}
	allocations := testing.AllocsPerRun(1000, func() {
		r.Feed(wire[:500])
		serve()
		r.Feed(wire[500:])
		serve()
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

func BenchmarkWriter(b *testing.B) {
	var w Writer
	value := make([]byte, 100)
	b.ReportAllocs()
	for i := range b.N {
		if i%100 == 0 {
			w.Reset()
		}
		w.Bulk(value)
		w.Int(int64(i))
	}
}
