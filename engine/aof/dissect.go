package aof

import (
	"bytes"
	"strconv"
	"strings"

	"everysec/engine/rdb"
)

// Dissect shows the parts of a command, or of an annotation, as rdb.Dissect does
// for items of an RDB file: those that have bytes from one offset on and before
// another.
func Dissect(item []byte, from, to int64, see func(rdb.Part)) {
	d := dissector{b: item, from: int(max(from, 0)), to: int(min(to, int64(len(item)))), see: see}
	if len(item) > 0 && item[0] == '#' {
		d.annotation()
	} else {
		d.command()
	}
	if n := len(item) - d.at; n > 0 && d.at < d.to {
		d.part(n, "unread", "this could not be understood", false)
	}
}

type dissector struct {
	b        []byte
	at       int
	from, to int
	see      func(rdb.Part)
}

func (d *dissector) part(n int, name, says string, data bool) {
	if n > 0 && d.seen(n) {
		d.see(rdb.Part{Offset: int64(d.at), Length: int64(n), Name: name, Says: says, Data: data})
	}
	d.at += n
}

// seen tells whether somebody looks at the next n bytes.
func (d *dissector) seen(n int) bool { return d.at < d.to && d.at+n > d.from }

// line is the number of a line that begins with a prefix, and its length
// with its end; ok is false if there is none.
func (d *dissector) line(prefix byte) (n, length int, ok bool) {
	rest := d.b[d.at:min(len(d.b), d.at+longestNumber+1)]
	end := bytes.Index(rest, []byte("\r\n"))
	if end < 2 || rest[0] != prefix {
		return 0, 0, false
	}
	n, ok = count(rest[1:end])
	return n, end + 2, ok
}

func (d *dissector) annotation() {
	end := len(d.b)
	if n := bytes.IndexByte(d.b, '\n'); n >= 0 {
		end = n
		if n > 0 && d.b[n-1] == '\r' {
			end--
		}
	}
	name, says := "annotation", rdb.Quote(d.b[:end])
	if digits, is := strings.CutPrefix(string(d.b[:min(end, 40)]), "#TS:"); is {
		if seconds, err := strconv.ParseInt(digits, 10, 40); err == nil {
			name, says = "time", "what follows was written from "+rdb.Date(seconds*1000)+" on"
		}
	}
	d.part(end, name, says, false)
	d.part(len(d.b)-end, "end of the line", "", false)
}

func (d *dissector) command() {
	n, length, ok := d.line('*')
	if !ok {
		return
	}
	d.part(length, "command", "of "+plural(n, "word"), false)
	for i := range n {
		size, length, ok := d.line('$')
		if !ok {
			return
		}
		d.part(length, "length of a word", plural(size, "byte"), false)
		if size > len(d.b)-d.at || d.at >= d.to {
			return
		}
		if d.seen(size) {
			name := "argument " + strconv.Itoa(i)
			if i == 0 {
				name = "name of the command"
			}
			d.part(size, name, rdb.Quote(d.b[d.at:d.at+size]), true)
		} else {
			d.at += size
		}
		if len(d.b)-d.at < 2 || d.b[d.at] != '\r' || d.b[d.at+1] != '\n' {
			return
		}
		d.part(2, "end of the word", "", false)
	}
}

func plural(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

// Words are the first words of a command, as many as are whole and at most most.
func Words(item []byte, most int) (words [][]byte) {
	d := dissector{b: item}
	n, length, ok := d.line('*')
	d.at = length
	for ; ok && n > 0 && len(words) < most; n-- {
		var size int
		if size, length, ok = d.line('$'); !ok || size > len(item)-d.at-length {
			break
		}
		d.at += length
		words = append(words, item[d.at:d.at+size])
		d.at = min(d.at+size+2, len(item))
	}
	return words
}

// keyless are commands in append-only files whose first argument is no key.
var keyless = []string{"select", "multi", "exec", "flushall", "flushdb", "swapdb", "publish", "spublish", "script", "function", "eval", "evalsha", "fcall", "ping"}

// FirstKey is the first key of a command as it stands in an append-only file,
// nil if there is none.
func FirstKey(words [][]byte) []byte {
	at := 1
	for _, name := range keyless {
		if equalFold(string(words[0]), name) {
			return nil
		}
	}
	for _, name := range []string{"bitop", "xgroup", "object"} { // something comes before it
		if equalFold(string(words[0]), name) {
			at = 2
		}
	}
	if at >= len(words) {
		return nil
	}
	return words[at]
}
