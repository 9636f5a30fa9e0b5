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
}

func (e *Truncated) Error() string {
	return "read AOF " + e.Name + ": the file ends in the middle of the command at offset " +
		strconv.FormatInt(e.ValidUpTo, 10) + " (" + strconv.FormatInt(e.Size, 10) + " bytes)"
}

// Corrupt is something in the middle of a file that is no command.
type Corrupt struct {
	Name   string
	Offset int64
	Reason string
}

func (e *Corrupt) Error() string {
	return "Bad file format reading the append only file " + e.Name + " at offset " + strconv.FormatInt(e.Offset, 10) +
		": " + e.Reason + ": make a backup of your AOF file, then use everysec-check aof --fix <filename.manifest>"
}

// Reader reads commands. Annotations (lines that begin with #) are skipped.
type Reader struct {
	file io.ReaderAt
	name string
	size int64
	at   int64 // of buf[pos]
	last int64 // where the newest command began
	end  int64 // where it ended
	buf  []byte
	pos  int
	fill int
	args [][]byte
	offs []int
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
		first := r.buf[r.pos]
		if first != '*' && first != '#' {
			found := r.buf[r.pos:min(r.fill, r.pos+32)]
			return nil, r.corrupt("expected '*' and the number of words, found " + strconv.Quote(string(found)))
		}
		line, err := r.line(0)
		if err != nil {
			return nil, err
		}
		if first == '#' {
			r.consume(len(line) + 2)
			continue
		}
		return r.command(line)
	}
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
			return &Corrupt{r.name, r.end, "the file cannot be read: " + err.Error()}
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
		return &Truncated{r.name, r.end, r.size}
	}
	return err
}

func (r *Reader) corrupt(reason string) error { return &Corrupt{r.name, r.at, reason} }

func (r *Reader) command(line []byte) ([][]byte, error) {
	n, ok := count(line[1:])
	if !ok || n < 1 || n > math.MaxInt32 {
		return nil, r.corrupt("invalid number of words " + strconv.Quote(string(line[1:min(len(line), 32)])))
	}
	length := len(line) + 2
	r.offs = r.offs[:0]
	for range n {
		head, err := r.line(length)
		if err != nil {
			return nil, err
		}
		if len(head) == 0 || head[0] != '$' {
			return nil, r.corrupt("expected '$' and the length of a word, found " + strconv.Quote(string(head[:min(len(head), 32)])))
		}
		size, ok := count(head[1:])
		if !ok {
			return nil, r.corrupt("invalid length of a word " + strconv.Quote(string(head[1:min(len(head), 32)])))
		}
		length += len(head) + 2
		if err := r.need(length + size + 2); err != nil {
			return nil, err
		}
		r.offs = append(r.offs, length, length+size)
		length += size + 2
		if r.buf[r.pos+length-2] != '\r' || r.buf[r.pos+length-1] != '\n' {
			return nil, r.corrupt("a word does not end where its length says")
		}
	}
	r.args = r.args[:0]
	for i := 0; i < len(r.offs); i += 2 {
		r.args = append(r.args, r.buf[r.pos+r.offs[i]:r.pos+r.offs[i+1]])
	}
	r.consume(length)
	return r.args, nil
}

func (r *Reader) consume(n int) {
	r.pos += n
	r.at += int64(n)
	r.end = r.at
}

// line returns the text up to \r\n that begins skip bytes after the position.
func (r *Reader) line(skip int) ([]byte, error) {
	const longest = 1 << 16
	for want := skip + 32; ; want *= 2 {
		have := min(int64(want), r.size-r.at)
		if err := r.load(int(have)); err != nil {
			return nil, err
		}
		text := r.buf[r.pos+skip : r.pos+max(int(have), skip)]
		if i := bytes.IndexByte(text, '\n'); i >= 0 {
			if i == 0 || text[i-1] != '\r' {
				return nil, r.corrupt("a line does not end in \\r\\n")
			}
			return text[:i-1], nil
		}
		if have == r.size-r.at {
			return nil, &Truncated{r.name, r.end, r.size}
		}
		if want > skip+longest {
			return nil, r.corrupt("a line is too long")
		}
	}
}

// need makes n bytes available, or tells that the file ends before.
func (r *Reader) need(n int) error {
	if int64(n) > r.size-r.at {
		return &Truncated{r.name, r.end, r.size}
	}
	return r.load(n)
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
		return r.corrupt(reason)
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
