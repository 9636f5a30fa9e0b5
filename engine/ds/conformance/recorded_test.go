// Package conformance holds the compact structures against the bytes of
// a real redis-server 7.0.15, as its DUMP showed them after the same work.
//
// Each scenario is made from a number alone, so testdata holds results only.
// They are recorded anew with -redis.
package conformance

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"testing"

	"everysec/engine/resp"
)

var redisAddress = flag.String("redis", "", "record testdata anew from the Redis 7.0 server at `address`, whose data and settings are lost; one package at a time (-p 1)")

// scenarios plays n scenarios on ours and compares with what was recorded
// when theirs was played on a real server.
func scenarios(t *testing.T, name string, n int, theirs func(c *redisClient, r *rand.Rand) []byte, ours func(r *rand.Rand) []byte) {
	random := func(i int) *rand.Rand { return rand.New(rand.NewPCG(uint64(i), 99)) }
	path := "testdata/" + name
	if *redisAddress != "" {
		var out bytes.Buffer
		c := dialRedis(t)
		for _, s := range []string{
			"rdbcompression no", "hash-max-listpack-entries 100000", "hash-max-listpack-value 100000", "set-max-intset-entries 100000",
		} {
			directive, value, _ := strings.Cut(s, " ")
			c.do("CONFIG", "SET", directive, value)
		}
		for i := range n {
			c.do("FLUSHDB")
			result := theirs(c, random(i))
			if got := ours(random(i)); !bytes.Equal(got, result) {
				t.Fatalf("%s, scenario %d:\n    %q\nwant %q", name, i, got, result)
			}
			fmt.Fprintln(&out, text(result))
		}
		if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	i := 0
	for in := bufio.NewScanner(file); in.Scan(); i++ {
		if got := text(ours(random(i))); got != in.Text() {
			t.Errorf("%s, scenario %d:\n     %s\nwant %s", name, i, got, in.Text())
		}
	}
	if i != n {
		t.Errorf("%s has %d scenarios, want %d", path, i, n)
	}
}

// text is bytes for a file: all of them, or a digest if they are many.
func text(b []byte) string {
	if len(b) <= 600 {
		return base64.StdEncoding.EncodeToString(b)
	}
	sum := sha256.Sum256(b)
	return fmt.Sprintf("%d bytes, SHA-256 %x", len(b), sum)
}

// value draws strings and integers of every encoding of a listpack.
func value(r *rand.Rand) []byte {
	switch r.IntN(8) {
	case 0:
		return fmt.Append(nil, int64(r.Uint64())>>r.IntN(64))
	case 1, 2:
		return fmt.Append(nil, r.IntN(20000)-10000)
	case 3: // around the widths of integers
		edge := int64(1) << []int{7, 12, 15, 23, 31, 63}[r.IntN(6)]
		return fmt.Append(nil, (edge+int64(r.IntN(3)-1))*int64(1-2*r.IntN(2)))
	case 4: // around the widths of lengths
		if r.IntN(5) == 0 {
			return bytes.Repeat([]byte("y"), 4090+r.IntN(10))
		}
		return bytes.Repeat([]byte("x"), 58+r.IntN(10)+64*r.IntN(2))
	case 5: // almost integers
		return []byte([]string{"", "-", "-0", "00", "01", "+1", " 1", "1 ", "9223372036854775808", "-9223372036854775809", "1.0"}[r.IntN(11)])
	}
	return fmt.Appendf(nil, "text:%d", r.IntN(1000))
}

// redisClient talks to a real server, when testdata is recorded.
type redisClient struct {
	t    *testing.T
	conn net.Conn
	buf  []byte
}

func dialRedis(t *testing.T) *redisClient {
	conn, err := net.Dial("tcp", *redisAddress)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return &redisClient{t: t, conn: conn}
}

func (c *redisClient) do(args ...string) resp.Value {
	request := make([][]byte, len(args))
	for i, a := range args {
		request[i] = []byte(a)
	}
	if _, err := c.conn.Write(resp.AppendCommand(nil, request...)); err != nil {
		c.t.Fatal(err)
	}
	for {
		v, n, err := resp.Parse(c.buf)
		if err != nil {
			c.t.Fatal(err)
		}
		if n > 0 {
			c.buf = append([]byte(nil), c.buf[n:]...)
			if v.IsError() {
				c.t.Fatalf("%q: %s", args, v.Str)
			}
			return v
		}
		piece := make([]byte, 64<<10)
		if n, err = c.conn.Read(piece); err != nil {
			c.t.Fatal(err)
		}
		c.buf = append(c.buf, piece[:n]...)
	}
}

// dump takes a DUMP apart into its type and what follows it.
func (c *redisClient) dump(key string) (kind byte, rest *dumped) {
	b := c.do("DUMP", key).Str
	if len(b) < 11 {
		return 0, nil
	}
	const footer = 10 // version and checksum
	return b[0], &dumped{c.t, b[1 : len(b)-footer]}
}

type dumped struct {
	t *testing.T
	b []byte
}

// length reads an RDB length; encoded says that it is the number of an
// encoding instead.
func (d *dumped) length() (n int, encoded bool) {
	c := d.b[0]
	switch {
	case c>>6 == 0:
		n, d.b = int(c), d.b[1:]
	case c>>6 == 1:
		n, d.b = int(c&0x3F)<<8|int(d.b[1]), d.b[2:]
	case c == 0x80:
		n, d.b = int(binary.BigEndian.Uint32(d.b[1:])), d.b[5:]
	case c>>6 == 3:
		n, d.b = int(c&0x3F), d.b[1:]
		return n, true
	default:
		d.t.Fatalf("dump: length 0x%02x", c)
	}
	return n, false
}

// bytes reads a string that is neither compressed nor an integer.
func (d *dumped) bytes() []byte {
	n, encoded := d.length()
	if encoded {
		d.t.Fatalf("dump: string with encoding %d", n)
	}
	b := d.b[:n]
	d.b = d.b[n:]
	return b
}
