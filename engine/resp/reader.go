package resp

import (
	"bytes"
	"math"

	"everysec/engine/number"
)

// Limits of a request, as in Redis.
const (
	maxInline      = 64 << 10  // an inline request, or a line that holds a length
	defaultMaxBulk = 512 << 20 // proto-max-bulk-len

	unauthenticatedArgs = 10
	unauthenticatedBulk = 16 << 10
)

// ProtocolError says why a connection cannot go on. After one the Reader
// returns it again for ever; the server replies with it and hangs up.
type ProtocolError struct {
	Text   string // "Protocol error: ..."; "ERR " comes before it on the wire. Empty: no reply
	Reason string // the shorter wording of Redis's log
}

func (e *ProtocolError) Error() string { return e.Text }

// Reader takes the requests of one client out of the bytes it sends, inline
// ("PING\r\n") and multibulk ("*1\r\n$4\r\nPING\r\n"), with Redis's limits and
// its wording of every error. The zero Reader is ready.
//
// A request may arrive in pieces of any size: what was understood of it is
// kept as offsets from its start, so nothing is read twice and the buffer may
// move between pieces.
type Reader struct {
	// MaxBulk is proto-max-bulk-len in bytes; 0 is 512 MB.
	MaxBulk int64
	// Unauthenticated holds the client to short requests, as Redis does
	// before AUTH when there is a password.
	Unauthenticated bool
	// Master lifts MaxBulk and forbids inline requests: the other side is
	// the master of this replica.
	Master bool

	buf  []byte
	from int // first byte of the request being read (answered ones are before it)
	pos  int // first byte not understood yet

	inMultibulk bool // the header of a multibulk request was read
	remaining   int  // its arguments still to come
	bulk        int  // length of the argument being read; -1: not known yet
	spans       []span

	args    [][]byte
	request []byte // all of it, if it came as AppendCommand writes it
	scratch []byte // unquoted inline arguments
	err     error

	peak  int // most bytes held since the last look at the buffer's size
	feeds int
}

// span is an argument, as offsets from the start of its request.
type span struct{ from, to int }

// Feed appends bytes from the wire; they are copied. It ends the life of the
// arguments of the last Next.
func (r *Reader) Feed(b []byte) {
	if r.from > 0 {
		r.discard()
	}
	r.buf = append(r.buf, b...)
	r.peak = max(r.peak, len(r.buf))
}

// discard drops the bytes of requests that were returned, and now and then
// gives back memory that has been far too large for a while.
func (r *Reader) discard() {
	const keep, patience = 32 << 10, 128
	rest := r.buf[r.from:]
	r.pos -= r.from
	r.from = 0
	r.feeds++
	if r.feeds >= patience {
		if cap(r.buf) > keep && cap(r.buf) > 4*r.peak {
			r.buf = make([]byte, max(len(rest), r.peak))
			r.scratch = nil
		}
		if len(r.spans) == 0 && cap(r.args) > keep/16 {
			r.spans, r.args = nil, nil
		}
		r.feeds, r.peak = 0, 0
	}
	r.buf = r.buf[:copy(r.buf, rest)]
}

// Buffered is the number of bytes held that belong to no request returned so
// far, for client-query-buffer-limit.
func (r *Reader) Buffered() int { return len(r.buf) - r.from }

// Held is the number of bytes held, with those of the requests of the last Feed
// that were returned.
func (r *Reader) Held() int { return len(r.buf) }

// Next returns the next complete request; ok is false if there is none yet.
// Empty requests are passed over. args has at least one element and aliases
// the Reader's memory until the next Feed or Next. err is a *ProtocolError.
func (r *Reader) Next() (args [][]byte, ok bool, err error) {
	r.request = nil
	for r.err == nil && r.pos < len(r.buf) {
		var whole bool
		if r.inMultibulk || r.buf[r.from] == '*' {
			if r.wholeMultibulk() {
				return r.args, true, nil
			}
			whole, r.err = r.multibulk()
		} else {
			whole, r.err = r.inline()
		}
		if !whole {
			break
		}
		r.from = r.pos
		r.inMultibulk = false
		if len(r.args) > 0 {
			return r.args, true, nil
		}
	}
	return nil, false, r.err
}

// Request is the last request in the bytes that AppendCommand would make of
// it, if it came so, which nearly all do; else nil. It is valid as long as the
// arguments are.
func (r *Reader) Request() []byte { return r.request }

// wholeMultibulk reads a request that has arrived whole and is as ordinary as
// nearly all are, in one pass. It reports false, and has changed nothing, where
// anything at all is out of the ordinary: multibulk knows what to do.
func (r *Reader) wholeMultibulk() bool {
	if r.inMultibulk || r.Unauthenticated {
		return false
	}
	b := r.buf
	var count, at int
	if at = r.from + 4; at <= len(b) && b[at-2] == '\r' && b[at-1] == '\n' && b[at-3]-'1' <= 8 {
		count = int(b[at-3] - '0')
	} else if count, at = smallCount(b, r.from+1); at < 0 || count == 0 || count > 1<<20 {
		return false
	}
	limit := len(b) - 2
	args := r.args[:0]
	for range count {
		if at >= limit || b[at] != '$' {
			return false
		}
		var n, from int
		// Spelled out for up to three digits: a call costs more than the digits.
		switch c, d := b[at+1]-'0', b[at+2]-'0'; {
		case c <= 9 && b[at+2] == '\r' && at+3 < len(b) && b[at+3] == '\n':
			n, from = int(c), at+4
		case c <= 9 && d <= 9 && c != 0 && at+4 < len(b) && b[at+3] == '\r' && b[at+4] == '\n':
			n, from = int(c)*10+int(d), at+5
		case c <= 9 && d <= 9 && c != 0 && at+5 < len(b) && b[at+3]-'0' <= 9 && b[at+4] == '\r' && b[at+5] == '\n':
			n, from = int(c)*100+int(d)*10+int(b[at+3]-'0'), at+6
		default:
			n, from = smallCount(b, at+1)
		}
		at = from + n + 2
		if from < 0 || at > len(b) || b[at-2] != '\r' || b[at-1] != '\n' || r.MaxBulk != 0 && int64(n) > r.MaxBulk {
			return false
		}
		args = append(args, b[from:at-2:at-2])
	}
	r.args = args
	r.request = b[r.from:at:at]
	r.pos, r.from = at, at
	return true
}

// Ahead appends the first arguments of requests that are still to come, up to so
// many, as long as they are ordinary: nearly always a key. It changes nothing,
// and the words are valid as long as those of Next.
func (r *Reader) Ahead(words [][]byte, most int) [][]byte {
	b, at := r.buf, r.pos
	if r.inMultibulk {
		return words
	}
	for range most {
		if at >= len(b) || b[at] != '*' {
			break
		}
		count, next := smallCount(b, at+1)
		at = next
		for i := 0; i < count && at >= 0; i++ {
			if at >= len(b) || b[at] != '$' {
				return words
			}
			var n int
			if n, at = smallCount(b, at+1); at < 0 || n > len(b)-at-2 {
				return words
			}
			if i == 1 {
				words = append(words, b[at:at+n:at+n])
			}
			at += n + 2
		}
		if at < 0 {
			break
		}
	}
	return words
}

// smallCount reads up to seven digits and a line break. next is the place
// after it, or -1 if what stands there is anything else.
func smallCount(b []byte, at int) (n, next int) {
	for i := at; i < len(b) && i < at+8; i++ {
		c := b[i]
		if c == '\r' {
			if i == at || b[at] == '0' && i > at+1 || i+1 == len(b) || b[i+1] != '\n' {
				break
			}
			return n, i + 2
		}
		if c -= '0'; c > 9 {
			break
		}
		n = n*10 + int(c)
	}
	return 0, -1
}

// multibulk goes on with a request of bulk strings. It reports true when the
// request is whole and in r.args.
func (r *Reader) multibulk() (whole bool, err error) {
	if !r.inMultibulk {
		n, state := r.length('*')
		switch {
		case state == lineTooLong:
			return false, protocolError("too big mbulk count string", "too big mbulk count string")
		case state == lineMissing:
			return false, nil
		case state == lineBad || n > math.MaxInt32:
			return false, protocolError("invalid multibulk length", "invalid mbulk count")
		case n > unauthenticatedArgs && r.Unauthenticated:
			return false, protocolError("unauthenticated multibulk length", "unauth mbulk count")
		}
		r.inMultibulk = true
		r.remaining = max(n, 0)
		r.bulk = -1
		r.spans = r.spans[:0]
	}
	for r.remaining > 0 {
		if r.bulk < 0 {
			n, state := r.length('$')
			switch {
			case state == lineTooLong:
				return false, protocolError("too big bulk count string", "too big bulk count string")
			case state == lineMissing:
				return false, nil
			case state == lineOtherKind:
				return false, protocolError("expected '$', got '"+string(r.buf[r.pos:r.pos+1])+"'",
					"expected $ but got something else")
			case state == lineBad || n < 0 || !r.Master && int64(n) > r.maxBulk():
				return false, protocolError("invalid bulk length", "invalid bulk length")
			case n > unauthenticatedBulk && r.Unauthenticated:
				return false, protocolError("unauthenticated bulk length", "unauth bulk length")
			}
			r.bulk = n
		}
		if len(r.buf)-r.pos-2 < r.bulk {
			return false, nil
		}
		from := r.pos - r.from
		r.spans = append(r.spans, span{from, from + r.bulk})
		r.pos += r.bulk + 2 // Redis does not look at these two bytes either
		r.bulk = -1
		r.remaining--
	}
	r.args = r.args[:0]
	request := r.buf[r.from:]
	for _, s := range r.spans {
		r.args = append(r.args, request[s.from:s.to:s.to])
	}
	r.spans = r.spans[:0]
	return true, nil
}

func (r *Reader) maxBulk() int64 {
	if r.MaxBulk == 0 {
		return defaultMaxBulk
	}
	return r.MaxBulk
}

type lineState uint8

const (
	lineGood      lineState = iota
	lineMissing             // not here yet
	lineTooLong             // not here yet, and too much is
	lineOtherKind           // begins with another byte
	lineBad                 // not an integer
)

// length reads a line made of a kind and an integer and, if it is good, goes
// past it. As in Redis the byte after the carriage return is not looked at.
func (r *Reader) length(kind byte) (int, lineState) {
	// Nearly every line is a kind, a few digits and a line break.
	const shortest, longest = 4, 10
	line := r.buf[r.pos:]
	if len(line) >= shortest && line[0] == kind {
		n := 0
		for i, c := range line[1:min(len(line)-1, longest)] {
			if c == '\r' && i > 0 {
				r.pos += i + 3
				return n, lineGood
			}
			c -= '0'
			if c > 9 || i == 1 && n == 0 {
				break
			}
			n = n*10 + int(c)
		}
	}
	return r.anyLength(kind)
}

func (r *Reader) anyLength(kind byte) (int, lineState) {
	line := r.buf[r.pos:]
	end := indexInText(line, '\r')
	switch {
	case end < 0 && len(line) > maxInline:
		return 0, lineTooLong
	case end < 0 || end+1 >= len(line):
		return 0, lineMissing
	case line[0] != kind:
		return 0, lineOtherKind
	}
	n, ok := number.ParseInt(line[1:end])
	if !ok || int64(int(n)) != n {
		return 0, lineBad
	}
	r.pos += end + 2
	return int(n), lineGood
}

// inline reads a request typed by hand: words, perhaps quoted, and a newline.
func (r *Reader) inline() (whole bool, err error) {
	line := r.buf[r.pos:]
	end := indexInText(line, '\n')
	if end < 0 {
		if len(line) > maxInline {
			return false, protocolError("too big inline request", "too big inline request")
		}
		return false, nil
	}
	r.pos += end + 1
	line = line[:end]
	if len(line) > 0 && line[len(line)-1] == '\r' {
		line = line[:len(line)-1]
	}
	if r.Master && len(line) > 0 {
		return false, protocolError("", "Master using the inline protocol. Desync?")
	}
	var balanced bool
	r.args, r.scratch, balanced = splitArgs(r.args[:0], r.scratch[:0], line)
	if !balanced {
		return false, protocolError("unbalanced quotes in request", "unbalanced quotes in inline request")
	}
	return true, nil
}

// indexInText is the place of c in the text before the first NUL byte, for
// Redis looks with strchr; -1 if it is not there.
func indexInText(b []byte, c byte) int {
	end := bytes.IndexByte(b, c)
	if end >= 0 && bytes.IndexByte(b[:end], 0) >= 0 {
		return -1
	}
	return end
}

// protocolError leaves the Text empty if Redis hangs up without a word.
func protocolError(text, reason string) error {
	if text != "" {
		text = "Protocol error: " + text
	}
	return &ProtocolError{Text: text, Reason: reason}
}
