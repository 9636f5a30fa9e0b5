package lua

import (
	"math"
	"math/bits"
	"strconv"
	"strings"
)

// structFormat walks a format of the struct library.
type structFormat struct {
	t     *thread
	rest  string
	big   bool
	align int
}

func (s *state) openStruct() {
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{{"pack", structPack}, {"unpack", structUnpack}, {"size", structSize}})
	s.globals.setField("struct", value{o: tb})
}

// next returns the next option and the bytes it takes.
func (f *structFormat) next() (opt byte, size int, ok bool) {
	if f.rest == "" || f.rest[0] == 0 {
		return 0, 0, false
	}
	opt = f.rest[0]
	f.rest = f.rest[1:]
	switch opt {
	case 'b', 'B', 'x':
		size = 1
	case 'h', 'H':
		size = 2
	case 'l', 'L', 'T', 'd':
		size = 8
	case 'f':
		size = 4
	case 'c':
		size = f.number(1)
	case 'i', 'I':
		size = f.number(4)
		if size > 32 {
			f.t.fault("integral size " + strconv.Itoa(size) + " is larger than limit of 32")
		}
	}
	return opt, size, true
}

func (f *structFormat) number(def int) int {
	if f.rest == "" || !isDigit(f.rest[0]) {
		return def
	}
	n := 0
	for f.rest != "" && isDigit(f.rest[0]) {
		d := int(f.rest[0] - '0')
		if n > math.MaxInt32/10 || n*10 > math.MaxInt32-d {
			f.t.fault("integral size overflow")
		}
		n = n*10 + d
		f.rest = f.rest[1:]
	}
	return n
}

// padding returns the bytes that align an option of this size at offset n.
func (f *structFormat) padding(n int, opt byte, size int) int {
	if size == 0 || opt == 'c' {
		return 0
	}
	size = min(size, f.align)
	return (size - n&(size-1)) & (size - 1)
}

func (f *structFormat) control(opt byte) {
	switch opt {
	case ' ':
	case '>':
		f.big = true
	case '<':
		f.big = false
	case '!':
		a := f.number(8)
		if bits.OnesCount(uint(a)) != 1 {
			f.t.fault("alignment " + strconv.Itoa(a) + " is not a power of 2")
		}
		f.align = a
	default:
		f.t.argError(1, "invalid format option '"+string([]byte{opt})+"'")
	}
}

func (f *structFormat) order(b []byte) {
	if f.big {
		for i, j := 0, len(b)-1; i < j; i, j = i+1, j-1 {
			b[i], b[j] = b[j], b[i]
		}
	}
}

func structPack(t *thread, args []value) []value {
	f := &structFormat{t: t, rest: t.checkString(args, 1), align: 1}
	var out []byte
	args = append(args[:len(args):len(args)], nilValue) // the original keeps a mark there
	n, total := 2, 0
	for {
		opt, size, ok := f.next()
		if !ok {
			return t.one(t.newString(string(out)))
		}
		pad := f.padding(total, opt, size)
		total += pad
		out = append(out, make([]byte, pad)...)
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			v := t.checkNumber(args, n)
			n++
			u := toUint64(v)
			if v < 0 {
				u = uint64(toInt64(v))
			}
			b := make([]byte, size)
			for i := range b {
				b[i] = byte(u)
				u >>= 8
			}
			f.order(b)
			out = append(out, b...)
		case 'x':
			out = append(out, 0)
		case 'f':
			u := math.Float32bits(float32(t.checkNumber(args, n)))
			n++
			b := []byte{byte(u), byte(u >> 8), byte(u >> 16), byte(u >> 24)}
			f.order(b)
			out = append(out, b...)
		case 'd':
			u := math.Float64bits(t.checkNumber(args, n))
			n++
			b := make([]byte, 8)
			for i := range b {
				b[i] = byte(u >> (8 * i))
			}
			f.order(b)
			out = append(out, b...)
		case 'c', 's':
			s := t.checkString(args, n)
			n++
			if size == 0 {
				size = len(s)
			}
			if len(s) < size {
				t.argError(n, "string too short")
			}
			out = append(out, s[:size]...)
			if opt == 's' {
				out = append(out, 0)
				size++
			}
		default:
			f.control(opt)
		}
		total += size
		t.s.spend(t, 1)
		t.checkSize(len(out) + size)
	}
}

func structUnpack(t *thread, args []value) []value {
	f := &structFormat{t: t, rest: t.checkString(args, 1), align: 1}
	data := t.checkString(args, 2)
	pos64 := t.optInteger(args, 3, 1)
	if pos64 == 0 {
		t.argError(3, "offset must be 1 or greater")
	}
	pos := int(uint64(min(uint64(pos64)-1, math.MaxInt32))) // a negative one is far away
	var out []value
	for {
		opt, size, ok := f.next()
		if !ok {
			return append(out, integer(pos+1))
		}
		pos += f.padding(pos, opt, size)
		if size > len(data) || pos > len(data)-size {
			t.argError(2, "data string too short")
		}
		if len(out)+4 > maxUnpack {
			t.fault("stack overflow (too many results)")
		}
		switch opt {
		case 'b', 'B', 'h', 'H', 'l', 'L', 'T', 'i', 'I':
			b := []byte(data[pos : pos+size])
			f.order(b)
			u := uint64(0)
			for i := len(b) - 1; i >= 0; i-- {
				u = u<<8 | uint64(b[i])
			}
			if opt < 'a' {
				out = append(out, number(float64(u)))
				break
			}
			if size < 8 && size > 0 && u&(1<<(8*size-1)) != 0 {
				u |= ^uint64(0) << (8*size - 1)
			}
			out = append(out, number(float64(int64(u))))
		case 'x':
		case 'f':
			b := []byte(data[pos : pos+4])
			f.order(b)
			u := uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
			out = append(out, number(float64(math.Float32frombits(u))))
		case 'd':
			b := []byte(data[pos : pos+8])
			f.order(b)
			u := uint64(0)
			for i := 7; i >= 0; i-- {
				u = u<<8 | uint64(b[i])
			}
			out = append(out, number(math.Float64frombits(u)))
		case 'c':
			if size == 0 {
				if len(out) == 0 {
					t.fault("format 'c0' needs a previous size")
				}
				n, ok := out[len(out)-1].toNumber()
				if !ok {
					t.fault("format 'c0' needs a previous size")
				}
				out = out[:len(out)-1]
				if !(n >= 0 && n <= float64(len(data)-pos)) {
					t.argError(2, "data string too short")
				}
				size = int(n)
			}
			out = append(out, t.part(data, data[pos:pos+size]))
		case 's':
			end := strings.IndexByte(data[pos:], 0)
			if end < 0 {
				t.fault("unfinished string in data")
			}
			size = end + 1
			out = append(out, t.part(data, data[pos:pos+end]))
		default:
			f.control(opt)
		}
		pos += size
		t.s.spend(t, 1)
	}
}

func structSize(t *thread, args []value) []value {
	f := &structFormat{t: t, rest: t.checkString(args, 1), align: 1}
	pos := 0
	for {
		opt, size, ok := f.next()
		if !ok {
			return t.one(integer(pos))
		}
		pos += f.padding(pos, opt, size)
		switch {
		case opt == 's':
			t.argError(1, "option 's' has no fixed size")
		case opt == 'c' && size == 0:
			t.argError(1, "option 'c0' has no fixed size")
		}
		if !isAlnum(opt) {
			f.control(opt)
		}
		pos += size
	}
}
