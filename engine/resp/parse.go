package resp

import (
	"bytes"
	"errors"
	"strconv"

	"everysec/engine/number"
	"everysec/engine/phrase"
)

// Kind is the first byte of a reply on the wire.
type Kind byte

// The kinds of RESP2 and RESP3.
const (
	SimpleString   Kind = '+'
	SimpleError    Kind = '-'
	Integer        Kind = ':'
	BulkString     Kind = '$'
	Array          Kind = '*'
	Null           Kind = '_'
	Boolean        Kind = '#'
	Double         Kind = ','
	BigNumber      Kind = '('
	BulkError      Kind = '!'
	VerbatimString Kind = '='
	Map            Kind = '%'
	Set            Kind = '~'
	Push           Kind = '>'
	Attribute      Kind = '|'
)

// Value is one reply. Str holds strings, errors, big numbers, and the text of
// doubles; it aliases what was parsed.
type Value struct {
	Kind       Kind
	Str        []byte
	Int        int64
	Float      float64
	Bool       bool
	Null       bool    // $-1, *-1 and _
	Format     string  // of a verbatim string: txt, mkd
	Elems      []Value // of a map: key, value, key, value
	Attributes []Value // name, value, name, value: what stood before the reply
}

// IsError reports whether the reply is an error.
func (v Value) IsError() bool { return v.Kind == SimpleError || v.Kind == BulkError }

// Limits of what Parse takes from a peer it does not trust.
const (
	maxDepth    = 128
	maxElements = 1<<31 - 1
)

// errIncomplete is how the parser says "not enough bytes" to itself.
var errIncomplete = errors.New("incomplete")

// Parse reads one reply from the start of b and returns its length n.
// n == 0 without an error: it is not whole yet. Memory stays in proportion to
// len(b), whatever lengths b claims.
//
// Parse begins anew each time, so feed it in large pieces.
func Parse(b []byte) (v Value, n int, err error) {
	p := parser{b: b}
	v, err = p.value(0)
	if err == errIncomplete {
		return Value{}, 0, nil
	}
	if err != nil {
		return Value{}, 0, p.misplaced(err)
	}
	return v, p.pos, nil
}

// misplaced says where an error is.
func (p *parser) misplaced(err error) error { return phrase.Errorf("resp: offset %d: %w", p.pos, err) }

type parser struct {
	b   []byte
	pos int
}

func (p *parser) value(depth int) (Value, error) {
	if depth > maxDepth {
		return Value{}, errors.New("nested too deeply")
	}
	var attributes []Value
	for {
		v, count, err := p.token()
		if err != nil {
			return Value{}, err
		}
		elems := []Value(nil)
		if v.holds() {
			if elems, err = p.elements(count, depth); err != nil {
				return Value{}, err
			}
		}
		if v.Kind != Attribute {
			v.Elems, v.Attributes = elems, attributes
			return v, nil
		}
		attributes = append(attributes, elems...)
	}
}

// holds tells whether a value is an aggregate.
func (v *Value) holds() bool {
	switch v.Kind {
	case Array, Set, Push, Map, Attribute:
		return !v.Null
	}
	return false
}

// token reads a value without those it holds, or an attribute: count of them
// follow.
func (p *parser) token() (v Value, count int, err error) {
	line, err := p.line()
	if err != nil {
		return v, 0, err
	}
	if len(line) == 0 {
		return v, 0, errors.New("empty line")
	}
	v = Value{Kind: Kind(line[0])}
	text := line[1:]
	switch v.Kind {
	case SimpleString, SimpleError:
		v.Str = text
	case Integer:
		ok := false
		if v.Int, ok = parseInteger(text); !ok {
			return v, 0, errors.New("bad integer " + quoted(text))
		}
	case Null:
		v.Null = true
		if len(text) > 0 {
			return v, 0, errors.New("bad null " + quoted(text))
		}
	case Boolean:
		v.Bool = string(text) == "t"
		if !v.Bool && string(text) != "f" {
			return v, 0, errors.New("bad boolean " + quoted(text))
		}
	case Double:
		v.Str = text
		f, n := number.Strtod(text)
		if n == 0 || n != len(text) {
			return v, 0, errors.New("bad double " + quoted(text))
		}
		v.Float = f
	case BigNumber:
		v.Str = text
		if !isBigNumber(text) {
			return v, 0, errors.New("bad big number " + quoted(text))
		}
	case BulkString, BulkError, VerbatimString:
		if v.Kind == BulkString && string(text) == "-1" {
			v.Null = true
			return v, 0, nil
		}
		v, err = p.bulk(v, text)
		return v, 0, err
	case Array, Set, Push, Map, Attribute:
		if v.Kind == Array && string(text) == "-1" {
			v.Null = true
			return v, 0, nil
		}
		limit, each := maxElements, 1
		if v.Kind == Map || v.Kind == Attribute {
			limit, each = maxElements/2, 2
		}
		count, err = length(text, limit)
		return v, count * each, err
	default:
		return v, 0, errors.New("unknown kind " + quoted(line[:1]))
	}
	return v, 0, nil
}

func (p *parser) bulk(v Value, text []byte) (Value, error) {
	n, err := length(text, defaultMaxBulk)
	if err != nil {
		return v, err
	}
	if len(p.b)-p.pos < n+2 {
		return v, errIncomplete
	}
	v.Str = p.b[p.pos : p.pos+n : p.pos+n]
	if p.b[p.pos+n] != '\r' || p.b[p.pos+n+1] != '\n' {
		return v, errors.New("no line break after a bulk string")
	}
	p.pos += n + 2
	if v.Kind == VerbatimString {
		if len(v.Str) < 4 || v.Str[3] != ':' {
			return v, errors.New("verbatim string without a format")
		}
		v.Format, v.Str = string(v.Str[:3]), v.Str[4:]
	}
	return v, nil
}

func (p *parser) elements(n, depth int) ([]Value, error) {
	const shortest = 3 // "_\r\n": n elements cannot be in fewer bytes
	if n > (len(p.b)-p.pos)/shortest {
		// Not whole, but what is there may be wrong already.
		for range n {
			if _, err := p.value(depth + 1); err != nil {
				return nil, err
			}
		}
		return nil, errIncomplete
	}
	elems := make([]Value, 0, min(n, 16)) // a claim costs no memory
	for range n {
		v, err := p.value(depth + 1)
		if err != nil {
			return nil, err
		}
		elems = append(elems, v)
	}
	return elems, nil
}

// line returns the bytes before the next \r\n and goes past it.
func (p *parser) line() ([]byte, error) {
	rest := p.b[p.pos:]
	end := bytes.IndexByte(rest, '\n')
	if end < 0 {
		return nil, errIncomplete
	}
	if end == 0 || rest[end-1] != '\r' {
		return nil, errors.New("line without a carriage return")
	}
	p.pos += end + 1
	return rest[: end-1 : end-1], nil
}

func length(text []byte, limit int) (int, error) {
	n, ok := number.ParseInt(text)
	if !ok || n < 0 || n > int64(limit) {
		return 0, errors.New("bad length " + quoted(text))
	}
	return int(n), nil
}

// parseInteger takes what the protocol allows and Redis does not write: a plus.
func parseInteger(text []byte) (int64, bool) {
	if len(text) > 1 && text[0] == '+' && text[1] != '-' {
		text = text[1:]
	}
	return number.ParseInt(text)
}

func isBigNumber(text []byte) bool {
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	for _, c := range text {
		if c-'0' > 9 {
			return false
		}
	}
	return len(text) > 0
}

func quoted(b []byte) string {
	const most = 32
	if len(b) > most {
		return strconv.Quote(string(b[:most])) + "..."
	}
	return strconv.Quote(string(b))
}
