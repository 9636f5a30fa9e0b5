package command

import (
	"fmt"
	"math"
	"testing"

	"everysec/engine/resp"
)

func TestCursorIsReadAsStrtoulDoes(t *testing.T) {
	for _, test := range []struct {
		word string
		want uint64
		ok   bool
	}{
		{"0", 0, true},
		{"007", 7, true},
		{"", 0, true},
		{"+5", 5, true},
		{"-1", math.MaxUint64, true},
		{"18446744073709551615", math.MaxUint64, true},
		{"12\x00abc", 12, true},
		{"18446744073709551616", 0, false},
		{"99999999999999999999", 0, false},
		{"-", 0, false},
		{" 1", 0, false},
		{"1 ", 0, false},
		{"0x10", 0, false},
		{"--1", 0, false},
	} {
		got, ok := parseCursor([]byte(test.word))
		if ok != test.ok || ok && got != test.want {
			t.Errorf("cursor %q: got %d, %t; want %d, %t", test.word, got, ok, test.want, test.ok)
		}
	}
}

func words(list ...string) [][]byte {
	var args [][]byte
	for _, word := range list {
		args = append(args, []byte(word))
	}
	return args
}

func TestScanOptions(t *testing.T) {
	for _, test := range []struct {
		options  []string
		withType bool
		wantErr  string
	}{
		{nil, false, ""},
		{[]string{"count", "1", "MATCH", "a*", "Count", "5"}, false, ""},
		{[]string{"TYPE", "hash"}, true, ""},
		{[]string{"TYPE", "hash"}, false, ErrSyntax},
		{[]string{"COUNT", "0"}, false, ErrSyntax},
		{[]string{"COUNT", "x"}, false, ErrNotInteger},
		{[]string{"COUNT"}, false, ErrSyntax},
		{[]string{"COUNT", "5", "MATCH"}, false, ErrSyntax},
		{[]string{"WHAT", "5"}, false, ErrSyntax},
	} {
		w := &resp.Writer{}
		_, ok := (&Context{Reply: w}).BeginScan(words(test.options...), test.withType)
		want := ""
		if test.wantErr != "" {
			want = "-" + test.wantErr + "\r\n"
		}
		if got := string(w.Bytes()); got != want || ok != (want == "") {
			t.Errorf("options %q: replied %q, ok %t; want %q", test.options, got, ok, want)
		}
	}
}

// A call goes on until it met COUNT elements, matching or not, or ten times
// COUNT buckets and one.
func TestWalkStops(t *testing.T) {
	for _, test := range []struct {
		count     string
		perBucket int
		want      int // buckets
	}{
		{"10", 1, 10},
		{"10", 3, 4},
		{"10", 0, 101},
		{"1", 0, 11},
		{"9223372036854775807", 1, 5000}, // all there are
	} {
		w := &resp.Writer{}
		s, _ := (&Context{Reply: w}).BeginScan(words("COUNT", test.count, "MATCH", "none"), false)
		buckets := 0
		s.Walk(0, func(cursor uint64) uint64 {
			buckets++
			for range test.perBucket {
				s.Member([]byte("m"))
			}
			return (cursor + 1) % 5000
		})
		if buckets != test.want {
			t.Errorf("COUNT %s with %d a bucket: %d buckets, want %d", test.count, test.perBucket, buckets, test.want)
		}
	}
}

func TestScanReply(t *testing.T) {
	w := &resp.Writer{}
	w.SimpleString("before")
	s, _ := (&Context{Reply: w}).BeginScan(words("MATCH", "a*"), false)
	s.Pair([]byte("a1"), []byte("x"))
	s.Pair([]byte("b1"), []byte("a"))
	s.Scored([]byte("a2"), 1.5)
	s.End(math.MaxUint64)
	want := "+before\r\n*2\r\n$20\r\n18446744073709551615\r\n*4\r\n$2\r\na1\r\n$1\r\nx\r\n$2\r\na2\r\n$3\r\n1.5\r\n"
	if got := string(w.Bytes()); got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func ExampleContext_BeginScan() {
	w := &resp.Writer{}
	c := &Context{Reply: w}
	s, _ := c.BeginScan(words("COUNT", "2"), false)
	next := s.Walk(0, func(cursor uint64) uint64 {
		s.Member([]byte(fmt.Sprint("bucket ", cursor)))
		return (cursor + 1) % 8
	})
	s.End(next)
	fmt.Printf("%q\n", w.Bytes())
	// Output: "*2\r\n$1\r\n2\r\n*2\r\n$8\r\nbucket 0\r\n$8\r\nbucket 1\r\n"
}
