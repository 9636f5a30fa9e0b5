package servertest

import (
	"encoding/binary"
	"hash/crc64"
	"math/rand/v2"
	"strings"
	"testing"
)

// ziplist is the encoding of old versions.
func ziplist(words ...string) string {
	var b []byte
	last := 0
	for _, w := range words {
		start := len(b)
		b = append(b, byte(last), byte(len(w)))
		b = append(b, w...)
		last = len(b) - start
	}
	head := binary.LittleEndian.AppendUint32(nil, uint32(10+len(b)+1))
	head = binary.LittleEndian.AppendUint32(head, uint32(10+len(b)-last))
	head = binary.LittleEndian.AppendUint16(head, uint16(len(words)))
	return string(head) + string(b) + "\xff"
}

// Sized is a string with its length in front.
func Sized(s string) string {
	if len(s) < 64 {
		return string(rune(len(s))) + s
	}
	return string([]byte{0x40 | byte(len(s)>>8), byte(len(s))}) + s
}

// Bodies are payloads without their version and checksum: of every type, in
// every encoding there has been.
func Bodies(tb testing.TB) []string {
	s := New(tb)
	c := s.Client()
	list := []string{
		"\x01\x02\x01a\x01b", "\x02\x02\x01a\x01b", "\x03\x02\x01a\x031.5\x01b\xfe", "\x04\x01\x01f\x01v", "\x05\x01\x01m\x00\x00\x00\x00\x00\x00\xf8\x3f",
		"\x09" + Sized("\x02\x01f\x01\x00v\x01g\x01\x00w\xff"), "\x0a" + Sized(ziplist("a", "bcd")), "\x0c" + Sized(ziplist("m", "1", "n", "2.5")),
		"\x0d" + Sized(ziplist("f", "v", "g", "w")), "\x0e\x02" + Sized(ziplist("a", "b")) + Sized(ziplist("c")), "\x0b" + Sized("\x02\x00\x00\x00\x02\x00\x00\x00\x01\x00\x05\x00"),
	}
	for i, line := range []string{
		"SET k 12345", "SET k abc", "SET k " + strings.Repeat("ab", 60), "RPUSH k a 17 -5 bcd", "RPUSH k " + strings.Repeat("0123456789 ", 200) + strings.Repeat("x", 9000),
		"SADD k 1 2 70000", "SADD k a b c 5", "HSET k f v n 12", "HSET k f " + strings.Repeat("v", 70) + " g 2", "ZADD k 1 a 2.5 b -inf c", "ZADD k 1 " + strings.Repeat("m", 70) + " inf b",
		"PFADD k a b c", "GEOADD k 13.3 38.1 p", "HSET k f v; HEXPIRE k 100000 FIELDS 1 f", "XADD k 1-1 f v; XADD k 1-2 f w g 5; XADD k 2-0 h 1; XGROUP CREATE k g 0; XREADGROUP GROUP g c COUNT 2 STREAMS k >; XDEL k 1-1; XGROUP CREATECONSUMER k g d",
		"XADD k 5-1 a 1; XDEL k 5-1", "SET k x; SETRANGE k 100 y", "BITFIELD k SET u60 3 99999999",
	} {
		c.Text("DEL k")
		for _, command := range strings.Split(line, "; ") {
			c.Text(command)
		}
		dump := string(c.Do("DUMP", "k").Str)
		if len(dump) < 12 {
			tb.Fatalf("%d: %q", i, line)
		}
		list = append(list, dump[:len(dump)-10])
	}
	return list
}

var jones = crc64.MakeTable(0x95ac9329ac4bc9b5)

// Payload is a body with its version and checksum.
func Payload(body string) string {
	p := append([]byte(body), 10, 0)
	return string(binary.LittleEndian.AppendUint64(p, ^crc64.Update(^uint64(0), jones, p)))
}

// Wounded changes some bytes, as a person would who looks for trouble.
func Wounded(r *rand.Rand, body string) string {
	b := []byte(body)
	for range 1 + r.IntN(3) {
		i := r.IntN(len(b))
		switch r.IntN(9) {
		case 0:
			b[i] = 0xff
		case 1:
			b[i] = 0
		case 2, 3:
			b[i] ^= 1 << r.IntN(8)
		case 4:
			b[i] += byte(r.IntN(5) - 2)
		case 5:
			b = b[:max(i, 1)]
		case 6:
			b = append(b[:i:i], append([]byte{0x81, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff}[:1+r.IntN(9)], b[i:]...)...)
		case 7:
			b = append(b[:i:i], append([]byte(body[r.IntN(len(body)):]), b[i:]...)...)
			b = b[:min(len(b), 20000)]
		default:
			b[i] = byte(r.Uint32())
		}
	}
	return string(b)
}
