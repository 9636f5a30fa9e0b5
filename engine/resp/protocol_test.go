package resp

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"
)

var redisAddress = flag.String("redis", "", "put the requests of testdata/protocol to the Redis 7.0 server at `address` too")

// testdata/protocol: each case is what a client sends, one piece a line as
// a Go string, "x70000" before it to repeat it; below it the requests that
// were understood, and the error that ended the connection or the number of
// bytes that wait for more.
func TestProtocol(t *testing.T) {
	datadriven.RunTest(t, "testdata/protocol", func(t *testing.T, d *datadriven.TestData) string {
		r := Reader{Unauthenticated: d.Cmd == "unauthenticated", Master: d.Cmd == "master"}
		var out strings.Builder
		var wire, echoed []byte
		var failed *ProtocolError
		for line := range strings.Lines(d.Input) {
			piece := parsePiece(t, d.Pos, strings.TrimSpace(line))
			wire = append(wire, piece...)
			r.Feed(piece)
			for failed == nil {
				args, ok, err := r.Next()
				if err != nil {
					failed = err.(*ProtocolError)
					fmt.Fprintf(&out, "error: %q\nlog: %s\n", failed.Text, failed.Reason)
					if _, _, again := r.Next(); again != err {
						t.Errorf("%s: a Reader goes on after an error", d.Pos)
					}
				}
				if !ok {
					break
				}
				fmt.Fprintf(&out, "%s\n", show(args))
				if len(args) == 2 && strings.EqualFold(string(args[0]), "echo") {
					var w Writer
					w.Bulk(args[1])
					echoed = append(echoed, w.Bytes()...)
				}
			}
		}
		if failed == nil {
			fmt.Fprintf(&out, "waiting: %d\n", r.Buffered())
		}
		if *redisAddress != "" && d.Cmd != "master" {
			want := echoed
			if failed != nil {
				var w Writer
				w.Error("ERR " + failed.Text)
				want = append(want, w.Bytes()...)
			}
			if got := askRedis(t, wire, d.Cmd == "unauthenticated"); !bytes.Equal(got, want) {
				t.Errorf("%s: a real server replies %.200q, this one %.200q", d.Pos, got, want)
			}
		}
		return out.String()
	})
}

func parsePiece(t *testing.T, pos, line string) []byte {
	times := 1
	if rest, ok := strings.CutPrefix(line, "x"); ok {
		count, literal, _ := strings.Cut(rest, " ")
		times, _ = strconv.Atoi(count)
		line = literal
	}
	s, err := strconv.Unquote(line)
	if err != nil {
		t.Fatalf("%s: %s: %v", pos, line, err)
	}
	return bytes.Repeat([]byte(s), times)
}

func show(args [][]byte) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = strconv.Quote(string(a))
		if len(a) > 100 {
			words[i] = fmt.Sprintf("(%d bytes)", len(a))
		}
	}
	return strings.Join(words, " ")
}

// askRedis sends bytes on a new connection and returns all that comes back.
func askRedis(t *testing.T, wire []byte, unauthenticated bool) []byte {
	dial := func() net.Conn {
		conn, err := net.Dial("tcp", *redisAddress)
		if err != nil {
			t.Fatal(err)
		}
		return conn
	}
	if unauthenticated {
		admin := dial()
		defer admin.Close()
		reply := make([]byte, 100)
		admin.Write([]byte("CONFIG SET requirepass secret\r\n"))
		admin.Read(reply)
		defer admin.Read(reply)
		defer admin.Write([]byte("CONFIG SET requirepass ''\r\n"))
		admin.Write([]byte("AUTH secret\r\n"))
		admin.Read(reply)
	}
	conn := dial()
	defer conn.Close()
	conn.Write(wire)
	conn.SetReadDeadline(time.Now().Add(200 * time.Millisecond))
	got, _ := io.ReadAll(conn)
	if unauthenticated {
		got = bytes.ReplaceAll(got, []byte("-NOAUTH Authentication required.\r\n"), nil)
	}
	return got
}
