package console

import (
	"strconv"
	"strings"

	"everysec/engine/resp"
)

// Output is how replies are printed, as redis-cli's options choose it.
type Output uint8

// The outputs.
const (
	Standard   Output = iota // as on a terminal; --no-raw
	Raw                      // --raw
	CSV                      // --csv
	JSON                     // --json
	QuotedJSON               // --quoted-json: JSON in ASCII
)

// Formatter prints replies as redis-cli prints them.
type Formatter struct{ Output Output }

// Append appends v with a newline at the end of each line.
func (f *Formatter) Append(dst []byte, v resp.Value) []byte {
	p := printer{output: f.Output, source: source{values: [][]resp.Value{{v}}}}
	return p.all(dst)
}

// AppendRaw appends a reply that redis-cli prints without quotes, numbers and a
// newline whatever the output (INFO, CLIENT LIST, ...).
func (f *Formatter) AppendRaw(dst []byte, v resp.Value) []byte {
	p := printer{output: Raw, bare: true, source: source{values: [][]resp.Value{{v}}}}
	return p.all(dst)
}

func (p *printer) all(dst []byte) []byte {
	for !p.done {
		dst = p.step(dst)
	}
	return dst
}

// printer prints a reply value by value: a large one is never printed in one go.
type printer struct {
	output   Output
	bare     bool // without a newline at its end
	source   source
	levels   []level
	newline  bool // to be printed before anything else
	elements int  // printed so far, counted as resp.Scanner counts them
	done     bool

	rest   []byte // of a string that is being printed
	how    escape
	behind string // what follows it
}

// level is an aggregate that is being printed.
type level struct {
	kind     resp.Kind
	count, i int  // values in it, and printed or begun
	indent   int  // of its lines, but the first
	width    int  // of the numbers before its elements
	name     bool // it is a key of a map, which in JSON has to be a string
}

// inner is where the elements of a level begin.
func (l *level) inner() int { return l.indent + l.width + 2 }

// source is where the values come from, one after the other, each before those
// it holds: from the wire, or from a tree.
type source struct {
	wire   []byte
	at     int
	values [][]resp.Value
}

func (s *source) next() (v resp.Value, count int) {
	if s.values == nil {
		v, count, n, err := resp.Head(s.wire[s.at:])
		if err != nil || n == 0 { // it has been scanned: it is whole
			return resp.Value{Kind: resp.Null, Null: true}, 0
		}
		s.at += n
		return v, count
	}
	last := len(s.values) - 1
	for len(s.values[last]) == 0 {
		s.values = s.values[:last]
		last--
	}
	v = s.values[last][0]
	s.values[last] = s.values[last][1:]
	if len(v.Elems) > 0 {
		s.values = append(s.values, v.Elems)
	}
	return v, len(v.Elems)
}

// slice is how much of a string is printed in one step.
const slice = 16 << 10

// step prints the next value, or the next part of a string.
func (p *printer) step(dst []byte) []byte {
	if p.rest != nil {
		n := min(len(p.rest), slice)
		for n < len(p.rest) && p.how <= inJSON && p.rest[n]&0xc0 == 0x80 {
			n++ // a character stays whole
		}
		dst = appendEscaped(dst, p.rest[:n], p.how)
		if p.rest = p.rest[n:]; len(p.rest) > 0 {
			return dst
		}
		p.rest = nil
		dst = text(dst, p.behind)
		return p.ended(dst)
	}
	v, count := p.source.next()
	var l *level
	name, pair := false, false
	if last := len(p.levels) - 1; last >= 0 {
		l = &p.levels[last]
		name = l.kind == resp.Map && l.i%2 == 0
		pair = l.kind == resp.Map && !name
		dst = p.before(dst, l, pair && count > 0)
		l.i++
	}
	if count > 0 {
		return p.begin(dst, v.Kind, count, name)
	}
	if !name {
		p.elements++
	}
	p.behind = ""
	if p.output == Standard {
		dst = p.terminal(dst, v)
	} else {
		dst = p.plain(dst, v, name)
	}
	if p.rest != nil {
		return dst
	}
	dst = text(dst, p.behind)
	return p.ended(dst)
}

// before prints what stands before the next value of an aggregate; lines is true
// for the value of a map that takes lines of its own.
func (p *printer) before(dst []byte, l *level, lines bool) []byte {
	pair := l.kind == resp.Map && l.i%2 == 1
	switch {
	case p.output != Standard:
		between, within := ",", ":"
		switch p.output {
		case Raw:
			between, within = "\n", " "
		case CSV:
			within = ","
		}
		if pair {
			dst = text(dst, within)
		} else if l.i > 0 {
			dst = text(dst, between)
		}
	case pair:
		p.newline = false
		dst = text(dst, " => ")
		if lines {
			dst = blanks(text(dst, "\n"), l.inner())
		}
	default:
		if l.i > 0 {
			dst = p.flush(dst)
			dst = blanks(dst, l.indent)
		}
		index, sign := l.i+1, byte(')')
		switch l.kind {
		case resp.Map:
			index, sign = l.i/2+1, '#'
		case resp.Set:
			sign = '~'
		}
		from := len(dst)
		dst = strconv.AppendInt(dst, int64(index), 10)
		if missing := l.width - (len(dst) - from); missing > 0 {
			digits := string(dst[from:])
			dst = text(blanks(dst[:from], missing), digits)
		}
		dst = append(dst, sign, ' ')
	}
	return dst
}

func (p *printer) flush(dst []byte) []byte {
	if p.newline {
		p.newline = false
		dst = text(dst, "\n")
	}
	return dst
}

func blanks(dst []byte, n int) []byte {
	for range n {
		dst = append(dst, ' ')
	}
	return dst
}

// begin opens an aggregate that holds something.
func (p *printer) begin(dst []byte, kind resp.Kind, count int, name bool) []byte {
	n := level{kind: kind, count: count, name: name && p.output >= JSON}
	if last := len(p.levels) - 1; last >= 0 {
		n.indent = p.levels[last].inner()
	}
	if kind == resp.Map {
		count = (count + 1) / 2
	}
	n.width = len(strconv.Itoa(count))
	p.levels = append(p.levels, n)
	if p.output >= JSON {
		if n.name {
			dst = text(dst, `"`)
		}
		dst = text(dst, brackets(kind)[:1])
	}
	return dst
}

func brackets(kind resp.Kind) string {
	if kind == resp.Map {
		return "{}"
	}
	return "[]"
}

// ended closes what ends with the value that has been printed.
func (p *printer) ended(dst []byte) []byte {
	p.newline = p.output == Standard
	for last := len(p.levels) - 1; last >= 0 && p.levels[last].i == p.levels[last].count; last-- {
		if p.output >= JSON {
			dst = text(dst, brackets(p.levels[last].kind)[1:])
			if p.levels[last].name {
				dst = text(dst, `"`)
			}
		}
		p.levels = p.levels[:last]
	}
	if len(p.levels) == 0 {
		p.done, p.newline = true, false
		if !p.bare {
			dst = text(dst, "\n")
		}
	}
	return dst
}

// str leaves a string to the next steps.
func (p *printer) str(s []byte, how escape, behind string) {
	if len(s) > 0 {
		p.rest, p.how = s, how
	}
	p.behind = behind
}

// terminal begins a value that holds none, as a terminal shows it.
func (p *printer) terminal(dst []byte, v resp.Value) []byte {
	switch {
	case v.Null:
		return text(dst, "(nil)")
	case v.IsError():
		dst = text(dst, "(error) ")
	}
	switch v.Kind {
	case '-', '!', '+', '=', '(': // redis-cli 7.0 gives up on big numbers; later ones print the digits
		p.str(v.Str, asItIs, "")
		return dst
	case ':':
		return strconv.AppendInt(text(dst, "(integer) "), v.Int, 10)
	case ',':
		return appendDouble(text(dst, "(double) "), v)
	case '#':
		return text(dst, boolean(v))
	case '$':
		p.str(v.Str, quoted, `"`)
		return text(dst, `"`)
	case '%':
		return text(dst, "(empty hash)")
	case '~':
		return text(dst, "(empty set)")
	case '>':
		return text(dst, "(empty push)")
	case '*':
		return text(dst, "(empty array)")
	}
	return text(dst, "(nil)")
}

// plain begins a value that holds none, raw, as CSV or as JSON, the last two of
// which differ in little. name is a key of a map, which in JSON has to be a string.
func (p *printer) plain(dst []byte, v resp.Value, name bool) []byte {
	if p.output == Raw {
		switch v.Kind {
		case '-', '!':
			p.str(v.Str, asItIs, "\n")
			return dst
		case ':':
			return strconv.AppendInt(dst, v.Int, 10)
		case ',':
			return appendDouble(dst, v)
		case '#':
			return text(dst, boolean(v))
		}
		p.str(v.Str, asItIs, "")
		return dst
	}
	csv, end := p.output == CSV, ""
	if name && !csv && (v.Null || v.IsError() || strings.IndexByte(":,(#*~>%", byte(v.Kind)) >= 0) {
		dst, end = text(dst, `"`), `"`
	}
	p.behind = end
	switch {
	case v.Null && csv:
		return text(dst, "NULL")
	case v.Null:
		return text(dst, "null")
	case v.IsError() && csv:
		dst = text(dst, "ERROR,")
	case v.IsError():
		dst = text(dst, "error:")
	}
	switch v.Kind {
	case ':':
		return strconv.AppendInt(dst, v.Int, 10)
	case ',':
		return appendDouble(dst, v)
	case '(':
		p.str(v.Str, asItIs, end)
		return dst
	case '#':
		return strconv.AppendBool(dst, v.Bool)
	case '*', '~', '>', '%':
		if csv {
			return dst
		}
		return text(dst, brackets(v.Kind))
	}
	how := inJSON
	switch p.output {
	case CSV:
		how = quoted
	case QuotedJSON:
		how = quotedInJSON
	}
	p.str(v.Str, how, `"`+end)
	return text(dst, `"`)
}

func boolean(v resp.Value) string {
	if v.Bool {
		return "(true)"
	}
	return "(false)"
}

// text appends s. As a call: in WebAssembly each append is a hundred bytes of code.
func text(dst []byte, s string) []byte { return append(dst, s...) }

// appendDouble prints the digits that came over the wire where they are kept.
func appendDouble(dst []byte, v resp.Value) []byte {
	if len(v.Str) > 0 {
		return append(dst, v.Str...)
	}
	return resp.FormatDouble(dst, v.Float)
}

// invalidation prints the push that CLIENT TRACKING sends.
func invalidation(dst []byte, v resp.Value) []byte {
	dst = text(dst, "-> invalidate: ")
	for i, key := range v.Elems[1].Elems {
		if i > 0 {
			dst = text(dst, ", ")
		}
		dst = AppendQuoted(dst, key.Str)
	}
	return append(dst, '\n')
}

// Print formats the reply to a command as a console would.
func Print(args [][]byte, v resp.Value) string {
	var f Formatter
	if printsRaw(args) {
		return string(f.AppendRaw(nil, v))
	}
	return string(f.Append(nil, v))
}
