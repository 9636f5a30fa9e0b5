package aof

import (
	"bytes"
	"errors"
	"io"
	"math"
	"strconv"
)

// Truncated is the end of a file in the middle of a command: what a power cut
// leaves behind.
type Truncated struct {
	Name      string
	ValidUpTo int64 // bytes up to the end of the last whole command
	Size      int64
	Offset    int64  // of the word or line that is cut, or missing
	Reason    string // what was expected there, as redis-check-aof says it
}

func (e *Truncated) Error() string {
	return "read AOF " + e.Name + ": the file ends in the middle of the command at offset " +
		strconv.FormatInt(e.ValidUpTo, 10) + " (" + strconv.FormatInt(e.Size, 10) + " bytes)"
}

// Corrupt is something in the middle of a file that is no command.
type Corrupt struct {
	Name   string
	Offset int64
	Reason string // what was expected there, as redis-check-aof says it
}

func (e *Corrupt) Error() string {
	return "Bad file format reading the append only file " + e.Name + " at offset " + strconv.FormatInt(e.Offset, 10) +
		": " + e.Reason + ": make a backup of your AOF file, then use everysec-check aof --fix <filename.manifest>"
}

// Reader reads commands. Annotations (lines that begin with #) are skipped.
type Reader struct {
	file  io.ReaderAt
	name  string
	size  int64
	at    int64 // of buf[pos]
	last  int64 // where the newest command began
	end   int64 // where it ended
	lines int64
	buf   []byte
	pos   int
	fill  int
	args  [][]byte
	offs  []int

	// annotation, if it is set, is shown each annotation without its end, which is
	// at next. Its error ends the reading.
	annotation func(line []byte, at int64) error
	next       int64
}

const readBytes = 256 << 10

// NewReader reads a file from one offset to its size; name is for errors.
func NewReader(file io.ReaderAt, from, size int64, name string) *Reader {
	return &Reader{file: file, name: name, size: size, at: from, end: from, last: from}
}

// Offset is the end of the last whole command (or annotation).
func (r *Reader) Offset() int64 { return r.end }

// LastOffset is where the command that Next returned last begins.
func (r *Reader) LastOffset() int64 { return r.last }

// wordOffset is where the first word of that command begins.
func (r *Reader) wordOffset() int64 { return r.last + int64(r.offs[0]) }

// Lines is how many lines have been read, and what the length of a word says is
// one: the number that redis-check-aof calls a line.
func (r *Reader) Lines() int64 { return r.lines }

// Next returns the words of the next command, valid until the next call. The
// error is io.EOF at a clean end, *Truncated or *Corrupt.
func (r *Reader) Next() ([][]byte, error) {
	for {
		r.last = r.at
		if r.at >= r.size {
			return nil, io.EOF
		}
		if err := r.load(1); err != nil {
			return nil, err
		}
		switch first := r.buf[r.pos]; first {
		case '*':
			return r.command()
		case '#':
			if err := r.skipAnnotation(); err != nil {
				return nil, err
			}
		default:
			return nil, r.corrupt(r.at, "Expected prefix '*' or '#', got: '"+printable(first)+"'")
		}
	}
}

func (r *Reader) skipAnnotation() error {
	line, found, err := r.line(0, longestAnnotation)
	if err != nil {
		return err
	}
	if !found {
		if r.at+int64(len(line)) == r.size {
			return r.truncated(r.at, "Expected the end of an annotation")
		}
		return r.corrupt(r.at, "An annotation is too long")
	}
	// A hole that begins in one would go on to the next end of a line.
	if bytes.IndexByte(line, 0) >= 0 {
		return r.corrupt(r.at, "An annotation holds zeros")
	}
	if r.annotation != nil {
		r.next = r.at + int64(len(line)) + 1
		if err := r.annotation(bytes.TrimSuffix(line, []byte{'\r'}), r.at); err != nil {
			return err
		}
	}
	r.consume(len(line) + 1)
	return nil
}

// ZeroTail looks at an error that Next returned. A power cut can leave the
// length of a file without its data: then the file ends in zeros, and without
// them it would be cut short in the middle of a command, or not even that. The
// result is *Truncated in that case and the error itself in any other.
func (r *Reader) ZeroTail(err error) error {
	var corrupt *Corrupt
	if !errors.As(err, &corrupt) {
		return err
	}
	end := r.size
	var block [4096]byte
	for zero := true; zero && end > r.end; {
		b := block[:min(int64(len(block)), end-r.end)]
		if n, err := r.file.ReadAt(b, end-int64(len(b))); n < len(b) {
			return r.corrupt(r.end, "the file cannot be read: "+err.Error())
		}
		for len(b) > 0 && b[len(b)-1] == 0 {
			b = b[:len(b)-1]
			end--
		}
		zero = len(b) == 0
	}
	if end == r.size {
		return err
	}
	_, without := NewReader(r.file, r.end, end, r.name).Next()
	if without == io.EOF || errors.As(without, new(*Truncated)) {
		return r.truncated(corrupt.Offset, corrupt.Reason)
	}
	return err
}

func (r *Reader) corrupt(at int64, reason string) error { return &Corrupt{r.name, at, reason} }

func (r *Reader) truncated(at int64, reason string) error {
	return &Truncated{r.name, r.end, r.size, at, reason}
}

func (r *Reader) command() ([][]byte, error) {
	n, length, err := r.number(0, '*')
	if err != nil {
		return nil, err
	}
	if n < 1 || n > math.MaxInt32 {
		return nil, r.corrupt(r.at, "Expected a command of at least one word, got: "+strconv.Itoa(n))
	}
	r.offs = r.offs[:0]
	for range n {
		size, head, err := r.number(length, '$')
		if err != nil {
			return nil, err
		}
		length += head
		if have := r.size - r.at - int64(length); int64(size)+2 > have {
			return nil, r.truncated(r.at+int64(length), "Expected to read "+strconv.Itoa(size+2)+" bytes, got "+strconv.FormatInt(have, 10)+" bytes")
		}
		if err := r.load(length + size + 2); err != nil {
			return nil, err
		}
		r.offs = append(r.offs, length, length+size)
		if end := r.buf[r.pos+length+size:]; end[0] != '\r' || end[1] != '\n' {
			return nil, r.corrupt(r.at+int64(length), "Expected \\r\\n, got: "+hex(end[:2]))
		}
		r.lines++
		length += size + 2
	}
	r.args = r.args[:0]
	for i := 0; i < len(r.offs); i += 2 {
		r.args = append(r.args, r.buf[r.pos+r.offs[i]:r.pos+r.offs[i+1]])
	}
	r.consume(length)
	return r.args, nil
}

// number reads the line that begins skip bytes after the position: a prefix
// and digits. length is that of the line with its end.
func (r *Reader) number(skip int, prefix byte) (n, length int, err error) {
	at := r.at + int64(skip)
	line, found, err := r.line(skip, longestNumber)
	if err != nil {
		return 0, 0, err
	}
	cut := at+int64(len(line)) == r.size && !found
	if len(line) == 0 && cut {
		return 0, 0, r.truncated(at, "Expected prefix '"+string(prefix)+"', got the end of the file")
	}
	if len(line) == 0 || line[0] != prefix {
		got := byte('\n')
		if len(line) > 0 {
			got = line[0]
		}
		return 0, 0, r.corrupt(at, "Expected prefix '"+string(prefix)+"', got: '"+printable(got)+"'")
	}
	digits := 1
	for digits < len(line) && line[digits] >= '0' && line[digits] <= '9' {
		digits++
	}
	rest := line[digits:]
	switch {
	case cut && (len(rest) == 0 || string(rest) == "\r"):
		return 0, 0, r.truncated(at, "Expected \\r\\n, got: "+hex(append(bytes.Clone(rest), 0, 0)[:2]))
	case len(rest) != 1 || rest[0] != '\r' || !found:
		return 0, 0, r.corrupt(at, "Expected \\r\\n, got: "+hex(append(bytes.Clone(rest), '\n', 0)[:2]))
	case digits == 1:
		return 0, 0, r.corrupt(at, "Expected digits, got: "+hex([]byte("\r\n")))
	}
	n, ok := count(line[1:digits])
	if !ok {
		return 0, 0, r.corrupt(at, "Expected to read string of "+string(line[1:digits])+" bytes, which is not in the suitable range")
	}
	r.lines++
	return n, len(line) + 1, nil
}

// printable is a byte as it can stand in a message.
func printable(c byte) string {
	if c >= ' ' && c <= '~' {
		return string(rune(c))
	}
	return "\\x" + hex([]byte{c})
}

func hex(b []byte) string {
	const digits = "0123456789abcdef"
	var text []byte
	for _, c := range b {
		text = append(text, digits[c>>4], digits[c&15])
	}
	return string(text)
}

func (r *Reader) consume(n int) {
	r.pos += n
	r.at += int64(n)
	r.end = r.at
}

// The longest lines, as Redis reads them.
const (
	longestNumber     = 127
	longestAnnotation = 1023
)

// line returns the text up to the \n that begins skip bytes after the position,
// or what there is of it: up to the end of the file, or up to longest bytes.
func (r *Reader) line(skip, longest int) (text []byte, found bool, err error) {
	for want := 32; ; want *= 2 {
		have := int(min(int64(want), int64(longest), r.size-r.at-int64(skip)))
		if err := r.load(skip + have); err != nil {
			return nil, false, err
		}
		text := r.buf[r.pos+skip : r.pos+skip+have]
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			return text[:i], true, nil
		}
		if have < want || have == longest {
			return text, false, nil
		}
	}
}

// load makes n bytes, which the file has, available from the position on.
func (r *Reader) load(n int) error {
	have := r.fill - r.pos
	if have >= n {
		return nil
	}
	if size := max(n, readBytes); size > len(r.buf) {
		grown := make([]byte, size)
		copy(grown, r.buf[r.pos:r.fill])
		r.buf = grown
	} else {
		copy(r.buf, r.buf[r.pos:r.fill])
	}
	r.pos, r.fill = 0, have
	want := min(int64(len(r.buf)-have), r.size-r.at-int64(have))
	got, err := r.file.ReadAt(r.buf[have:have+int(want)], r.at+int64(have))
	r.fill += got
	if r.fill < n {
		reason := "the file became shorter while it was read"
		if err != nil && err != io.EOF {
			reason = err.Error()
		}
		return r.corrupt(r.at, reason)
	}
	return nil
}

// count parses digits only; ok is false for anything else or over 4 GiB.
func count(b []byte) (n int, ok bool) {
	if len(b) == 0 || len(b) > 10 {
		return 0, false
	}
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, n <= 1<<32
}
