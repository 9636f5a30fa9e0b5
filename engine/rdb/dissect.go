package rdb

import (
	"encoding/binary"
	"math"
	"strconv"

	"everysec/engine/ds/listpack"
	"everysec/engine/lzf"
)

// Where a walk says which item a byte belongs to, a dissection says what the
// byte itself is: an opcode, a length and its form, the back length of a
// listpack's entry. It reads a single item again, as the loader has read it,
// and makes texts only for the bytes that somebody looks at.

// Part is a piece of an item that means one thing.
type Part struct {
	Offset, Length int64 // bytes, from the beginning of the item
	// Name is what it is, such as "opcode" or "length of the key"; Says is what
	// it says, with strings quoted and cut to maxQuoted bytes; How is how it says
	// that, where there are several ways.
	Name, Says, How string
	// Data tells what users have put there from what the format needs.
	Data bool
}

// Dialect is what must be known of a file to understand an item of it.
type Dialect struct {
	Version int
	Valkey  bool
}

const maxQuoted = 200

// Dissect shows the parts of an item that have bytes from one offset on and
// before another. An item is the header of a file, or what begins with an opcode
// or a type. They follow each other without a gap, up to the end of what can be
// understood; behind it there is at most one more, "unread".
func Dissect(item []byte, of Dialect, from, to int64, see func(Part)) {
	d := dissector{b: item, end: len(item), from: int(max(from, 0)), to: int(min(to, int64(len(item)))), see: see, of: of}
	if string(item[:min(5, len(item))]) == "REDIS" || string(item[:min(6, len(item))]) == "VALKEY" {
		d.header()
	} else {
		d.item()
	}
	d.stop, d.end = false, len(item)
	if n := len(item) - d.at; n > 0 && d.at < d.to {
		d.part(n, "unread", "this could not be understood")
	}
}

type dissector struct {
	b        []byte
	at, end  int // of what is read; end is that of the string that is looked into
	from, to int
	stop     bool // nobody looks at the rest, or it cannot be understood
	see      func(Part)
	of       Dialect
}

// has tells whether n bytes follow, and stops if they do not.
func (d *dissector) has(n uint64) bool {
	if d.at >= d.to || n > uint64(d.end-d.at) {
		d.stop = true
	}
	return !d.stop
}

// seen tells whether somebody looks at the next n bytes.
func (d *dissector) seen(n int) bool { return d.at < d.to && d.at+n > d.from }

func (d *dissector) part(n int, name, says string) { d.piece(n, name, says, "", false) }

func (d *dissector) show(n int, name, says string, data bool) { d.piece(n, name, says, "", data) }

func (d *dissector) piece(n int, name, says, how string, data bool) {
	if n > 0 && d.seen(n) {
		d.see(Part{int64(d.at), int64(n), name, says, how, data})
	}
	d.at += n
}

// data shows n bytes that users have put there.
func (d *dissector) data(n int, name string) {
	if n > 0 && d.seen(n) {
		d.show(n, name, Quote(d.b[d.at:d.at+n]), true)
	} else {
		d.at += n
	}
}

// Quote is bytes as text in quotes, cut to what fits on a line.
func Quote(b []byte) string {
	if len(b) > maxQuoted {
		return strconv.Quote(string(b[:maxQuoted])) + "… " + itoa(int64(len(b))) + " bytes"
	}
	return strconv.Quote(string(b))
}

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

// inBytes is a size: "1 byte", "2 bytes".
func inBytes(n uint64) string {
	if n == 1 {
		return "1 byte"
	}
	return utoa(n) + " bytes"
}

func utoa(n uint64) string { return strconv.FormatUint(n, 10) }

func hexByte(c byte) string {
	const digits = "0123456789abcdef"
	return "0x" + string([]byte{digits[c>>4], digits[c&15]})
}

// bytes shows n bytes of a fixed size and returns them, nil if there are not so many.
func (d *dissector) bytes(n int, name string, says func(b []byte) string) []byte {
	if !d.has(uint64(n)) {
		return nil
	}
	b := d.b[d.at : d.at+n]
	if d.seen(n) {
		d.piece(n, name, says(b), "", false)
	} else {
		d.at += n
	}
	return b
}

// form reads a length in any of its forms, which takes n bytes; special is set
// for an encoded string.
func (d *dissector) form() (value uint64, n int, special bool) {
	if !d.has(1) {
		return 0, 0, false
	}
	switch c := d.b[d.at]; {
	case c>>6 == length6:
		return uint64(c), 1, false
	case c>>6 == length14 && d.has(2):
		return uint64(c&0x3f)<<8 | uint64(d.b[d.at+1]), 2, false
	case c>>6 == lengthSpecial:
		return uint64(c & 0x3f), 1, true
	case c == length32 && d.has(5):
		return uint64(binary.BigEndian.Uint32(d.b[d.at+1:])), 5, false
	case c == length64 && d.has(9):
		return binary.BigEndian.Uint64(d.b[d.at+1:]), 9, false
	}
	d.stop = true
	return 0, 0, false
}

var formSays = [...]string{1: "in 6 bits of one byte", 2: "in 14 bits of two bytes", 5: "in 32 bits behind 0x80", 9: "in 64 bits behind 0x81"}

// number shows a length or whatever else is written as one.
func (d *dissector) number(name string, says func(n uint64) string) uint64 {
	value, n, special := d.form()
	if d.stop || special {
		d.stop = true
		return 0
	}
	if d.seen(n) {
		text := ""
		if says != nil {
			text = says(value) + ": "
		}
		d.piece(n, name, text+utoa(value), formSays[n], false)
	} else {
		d.at += n
	}
	return value
}

// string shows a string in any of its forms. inside, if it is set, shows what is
// in it, where it is not compressed.
func (d *dissector) string(name string, inside func()) {
	value, n, special := d.form()
	if d.stop {
		return
	}
	if special {
		d.encoded(name, value)
		return
	}
	if d.seen(n) {
		d.piece(n, "length of the "+name, inBytes(value), formSays[n], false)
	} else {
		d.at += n
	}
	if value == 0 || !d.has(value) {
		return
	}
	if inside == nil || d.at+int(value) <= d.from {
		d.data(int(value), name)
		return
	}
	outer := d.end
	d.end = d.at + int(value)
	inside()
	if d.at < d.end && !d.stop {
		d.stop = true
	}
	d.end = outer
}

func (d *dissector) encoded(name string, form uint64) {
	switch form {
	case specialInt8, specialInt16, specialInt32:
		size := 1 << form
		d.part(1, "form of the "+name, "a string of digits, as an integer of "+itoa(int64(8*size))+" bits")
		if d.has(uint64(size)) {
			d.show(size, name, `"`+itoa(little(d.b[d.at:d.at+size]))+`"`, true)
		}
	case specialLZF:
		d.part(1, "form of the "+name, "a string compressed with LZF")
		packed := d.number("compressed length", nil)
		full := d.number("length of the "+name, nil)
		if !d.stop && d.has(packed) {
			d.compressed(int(packed), full, name)
		}
	default:
		d.stop = true
	}
}

// compressed shows what LZF has made of a string: runs of bytes as they are,
// and references to what has been before.
func (d *dissector) compressed(n int, full uint64, name string) {
	if !d.seen(n) {
		d.at += n
		return
	}
	var text []byte
	if full <= 16<<20 && full/bestRatio <= uint64(n) {
		text = make([]byte, full)
		if lzf.Decompress(text, d.b[d.at:d.at+n]) != nil {
			d.stop = true
			return
		}
	}
	quote := func(from, n int) string {
		if n > len(text)-from {
			return itoa(int64(n)) + " bytes"
		}
		return Quote(text[from : from+n])
	}
	out := 0
	for end := d.at + n; d.at < end && d.at < d.to; {
		c := int(d.b[d.at])
		if c < 32 {
			if c+2 > end-d.at {
				d.stop = true
				return
			}
			d.part(1, "LZF", inBytes(uint64(c+1))+" of the "+name+", as they are, come next")
			if d.seen(c + 1) {
				d.show(c+1, name, quote(out, c+1), true)
			} else {
				d.at += c + 1
			}
			out += c + 1
			continue
		}
		size, copied := 2, c>>5
		if copied == 7 {
			size = 3
		}
		if size > end-d.at {
			d.stop = true
			return
		}
		if copied == 7 {
			copied += int(d.b[d.at+1])
		}
		copied += 2
		if d.seen(size) {
			back := c&31<<8 | int(d.b[d.at+size-1]) + 1
			d.show(size, "LZF", inBytes(uint64(copied))+" again, from "+itoa(int64(back))+" back: "+quote(out, copied), true)
		} else {
			d.at += size
		}
		out += copied
	}
}

// little is an integer of up to eight bytes, the lowest first, with a sign.
func little(b []byte) int64 {
	n := int64(0)
	for i, c := range b {
		n |= int64(c) << (8 * i)
	}
	unused := 64 - 8*len(b)
	return n << unused >> unused
}

func littleUnsigned(b []byte) uint64 {
	n := uint64(0)
	for i, c := range b {
		n |= uint64(c) << (8 * i)
	}
	return n
}

// Date is Unix milliseconds as people write them, in UTC.
func Date(ms int64) string {
	if ms < -1<<47 || ms > 1<<48 {
		return itoa(ms) + " ms since 1970"
	}
	days, rest := ms/86_400_000, ms%86_400_000
	if rest < 0 {
		days, rest = days-1, rest+86_400_000
	}
	// Years that begin in March, in eras of 400 of them.
	days += 719_468
	era := days / 146_097
	if days < 0 {
		era = (days - 146_096) / 146_097
	}
	day := days - era*146_097
	year := (day - day/1460 + day/36_524 - day/146_096) / 365
	day -= 365*year + year/4 - year/100
	month := (5*day + 2) / 153
	date := day - (153*month+2)/5 + 1
	year += era * 400
	if month += 3; month > 12 {
		month -= 12
		year++
	}
	two := func(n int64) string {
		if n < 10 {
			return "0" + itoa(n)
		}
		return itoa(n)
	}
	s := itoa(year) + "-" + two(month) + "-" + two(date) + " " + two(rest/3_600_000) + ":" + two(rest/60_000%60) + ":" + two(rest/1000%60)
	if rest %= 1000; rest != 0 {
		s += "." + itoa(1000 + rest)[1:]
	}
	return s + " UTC"
}

func saysDate(b []byte) string {
	return Date(int64(binary.LittleEndian.Uint64(b)))
}

func saysInteger(b []byte) string { return itoa(little(b)) }

func saysSize(b []byte) string { return utoa(littleUnsigned(b)) }

func saysID(b []byte) string {
	return utoa(binary.BigEndian.Uint64(b)) + "-" + utoa(binary.BigEndian.Uint64(b[8:]))
}

func (d *dissector) header() {
	n := 5
	if d.b[0] == 'V' {
		n = 6
	}
	d.bytes(n, "signature", func(b []byte) string { return "this is an RDB file: " + string(b) })
	d.bytes(9-n, "version", func(b []byte) string { return "RDB version " + Quote(b) })
}

func (d *dissector) opcode(name string) {
	d.part(1, "opcode", hexByte(d.b[d.at])+": "+name)
}

func (d *dissector) item() {
	if !d.has(1) {
		return
	}
	switch op := d.b[d.at]; op {
	case opEOF:
		d.opcode("the end of the data")
		if d.of.Version >= 5 {
			d.bytes(8, "checksum", func(b []byte) string {
				if n := binary.LittleEndian.Uint64(b); n != 0 {
					return "CRC-64 of all bytes before it: " + strconv.FormatUint(n, 16)
				}
				return "0: none was made"
			})
		}
	case opSelectDB:
		d.opcode("the keys that follow are of a database")
		d.number("database", nil)
	case opResizeDB:
		d.opcode("how many keys the database has")
		d.number("keys", nil)
		d.number("keys that expire", nil)
	case opAux:
		d.opcode("a field about the file")
		d.string("field", nil)
		d.string("value", nil)
	case opExpireMs:
		d.opcode("when the key that follows expires, in milliseconds")
		d.bytes(8, "expiry", saysDate)
	case opExpire:
		d.opcode("when the key that follows expires, in seconds")
		d.bytes(4, "expiry", func(b []byte) string { return Date(little(b) * 1000) })
	case opIdle:
		d.opcode("how long the key that follows has not been used (LRU)")
		d.number("idle seconds", nil)
	case opFreq:
		d.opcode("how often the key that follows is used (LFU)")
		d.bytes(1, "frequency", func(b []byte) string { return "a logarithmic counter: " + itoa(int64(b[0])) })
	case opFunction2:
		d.opcode("a library of functions")
		d.string("code", nil)
	case opFunctionGA:
		d.opcode("a library of functions, as before Redis 7.0 came out")
		d.string("name", nil)
		d.string("engine", nil)
		if d.number("has a description", nil) != 0 {
			d.string("description", nil)
		}
		d.string("code", nil)
	case opModuleAux:
		d.opcode("data of a module beside the keys")
		d.number("module type", func(n uint64) string { return moduleName(n) })
		d.number("piece", nil)
		d.number("when", func(uint64) string { return "before or after the keys" })
		d.pieces()
	case opSlotInfo:
		d.opcode("how many keys a slot of a cluster has")
		d.number("slot", nil)
		d.number("keys", nil)
		d.number("keys that expire", nil)
	default:
		name := TypeName(op)
		if name == "unknown" {
			d.stop = true
			return
		}
		d.part(1, "type", hexByte(op)+": a key and its value, "+name)
		d.string("key", nil)
		d.value(op)
	}
}

// each shows the elements that a number announces.
func (d *dissector) each(name string, show func()) {
	for n := d.number(name, nil); n > 0 && !d.stop; n-- {
		show()
	}
}

func (d *dissector) value(kind byte) {
	switch kind {
	case typeString:
		d.string("value", nil)
	case typeList:
		d.each("number of elements", func() { d.string("element", nil) })
	case typeSet:
		d.each("number of members", func() { d.string("member", nil) })
	case typeHash:
		d.each("number of fields", func() {
			d.string("field", nil)
			d.string("value", nil)
		})
	case typeZset, typeZset2:
		d.each("number of members", func() {
			d.string("member", nil)
			if kind == typeZset2 {
				d.bytes(8, "score", func(b []byte) string {
					return strconv.FormatFloat(math.Float64frombits(binary.LittleEndian.Uint64(b)), 'g', -1, 64) + ", a double"
				})
				return
			}
			d.digits()
		})
	case typeSetIntset:
		d.string("set", d.intset)
	case typeSetPacked:
		d.string("set", func() { d.listpack(names("member")) })
	case typeHashPacked:
		d.string("hash", func() { d.listpack(names("field", "value")) })
	case typeZsetPacked:
		d.string("sorted set", func() { d.listpack(names("member", "score")) })
	case typeHashZipmap:
		d.string("hash", d.zipmap)
	case typeListZiplist:
		d.string("list", func() { d.ziplist(names("element")) })
	case typeHashZiplist:
		d.string("hash", func() { d.ziplist(names("field", "value")) })
	case typeZsetZiplist:
		d.string("sorted set", func() { d.ziplist(names("member", "score")) })
	case typeQuicklist:
		d.each("number of nodes", func() { d.string("node", func() { d.ziplist(names("element")) }) })
	case typeQuicklist2:
		d.each("number of nodes", func() {
			if d.number("container", func(n uint64) string {
				if n == 1 {
					return "a node with one large element"
				}
				return "a node that is a listpack"
			}) == 1 {
				d.string("element", nil)
				return
			}
			d.string("node", func() { d.listpack(names("element")) })
		})
	case typeStream, typeStream2, typeStream3:
		d.stream(kind)
	case typeHashExpiryOld, typeHashExpiry:
		d.expiringHash(kind)
	case typeHashPackedExpiryOld, typeHashPackedExpiry:
		if kind == typeHashPackedExpiry {
			d.bytes(8, "first expiry of a field", saysDate)
		}
		d.string("hash", func() { d.listpack(names("field", "value", "expiry")) })
	case typeModule:
		d.number("module type", func(n uint64) string { return moduleName(n) })
		d.pieces()
	default:
		d.stop = true
	}
}

func (d *dissector) expiringHash(kind byte) {
	if kind == typeHashExpiry {
		d.bytes(8, "first expiry of a field", saysDate)
	}
	d.each("number of fields", func() {
		if !d.of.Valkey {
			d.number("expiry", func(n uint64) string {
				switch {
				case n == 0:
					return "none"
				case kind == typeHashExpiry:
					return "milliseconds behind the first, plus 1"
				}
				return Date(int64(min(n, math.MaxInt64)))
			})
		}
		d.string("field", nil)
		d.string("value", nil)
		if d.of.Valkey {
			d.bytes(8, "expiry", func(b []byte) string {
				if n := little(b); n != -1 {
					return Date(n)
				}
				return "none"
			})
		}
	})
}

// digits shows a score as it was written before version 8.
func (d *dissector) digits() {
	if !d.has(1) {
		return
	}
	switch n := d.b[d.at]; n {
	case 253, 254, 255:
		d.part(1, "score", [...]string{"not a number", "inf", "-inf"}[n-253])
	default:
		d.part(1, "length of the score", itoa(int64(n))+" digits")
		if d.has(uint64(n)) {
			d.data(int(n), "score")
		}
	}
}

// pieces shows what a module has written.
func (d *dissector) pieces() {
	for !d.stop {
		switch d.number("piece", func(n uint64) string {
			if n <= moduleString {
				return [...]string{"the end", "a signed integer", "an unsigned integer", "a float", "a double", "a string"}[n]
			}
			return "unknown"
		}) {
		case moduleEnd:
			return
		case moduleSigned, moduleCount:
			d.number("integer", nil)
		case moduleFloat:
			d.bytes(4, "float", func(b []byte) string {
				return strconv.FormatFloat(float64(math.Float32frombits(binary.LittleEndian.Uint32(b))), 'g', -1, 32)
			})
		case moduleDouble:
			d.bytes(8, "double", func(b []byte) string {
				return strconv.FormatFloat(math.Float64frombits(binary.LittleEndian.Uint64(b)), 'g', -1, 64)
			})
		case moduleString:
			d.string("string", nil)
		default:
			d.stop = true
		}
	}
}

// A namer says what the next entry of a listpack or ziplist is, whose value is n
// if it is an integer.
type namer func(n int64) string

// names repeat.
func names(of ...string) namer {
	i := -1
	return func(int64) string {
		i = (i + 1) % len(of)
		return of[i]
	}
}

func (d *dissector) intset() {
	width := d.bytes(4, "width", func(b []byte) string { return inBytes(littleUnsigned(b)) + " for each integer" })
	d.bytes(4, "number of members", saysSize)
	if width == nil {
		return
	}
	switch n := int(binary.LittleEndian.Uint32(width)); n {
	case 2, 4, 8:
		for d.at < d.end && d.has(uint64(n)) {
			if d.seen(n) {
				d.show(n, "member", saysInteger(d.b[d.at:d.at+n]), true)
			} else {
				d.at += n
			}
		}
	default:
		d.stop = true
	}
}

func (d *dissector) listpack(name namer) {
	if listpack.Validate(d.b[d.at:d.end], true) != nil {
		d.stop = true
		return
	}
	d.bytes(4, "listpack", func(b []byte) string { return inBytes(littleUnsigned(b)) + " in all" })
	d.bytes(2, "number of entries", func(b []byte) string {
		if n := littleUnsigned(b); n != math.MaxUint16 {
			return utoa(n)
		}
		return "65535 or more: they must be counted"
	})
	lp := d.b[:d.end] // positions are offsets in the item
	for !d.stop && d.at < d.end-1 {
		word, n, isInt := listpack.Get(lp, d.at)
		called := name(n)
		c, next := lp[d.at], listpackNext(lp, d.at)
		head, body := 1, len(word)
		switch {
		case isInt && c < 0x80:
		case isInt && c < 0xe0:
			head = 2
		case isInt:
			body = [...]int{2, 3, 4, 8}[c&0x0f-1]
		case c >= 0xe0 && c < 0xf0:
			head = 2
		case c == 0xf0:
			head = 5
		}
		if d.at >= d.to {
			d.stop = true
			return
		}
		if !d.seen(next - d.at) {
			d.at = next
			continue
		}
		if isInt && body == 0 {
			d.piece(head, called, itoa(n), [...]string{"in 7 bits", "in 13 bits"}[head-1], true)
		} else {
			says := inBytes(uint64(body))
			if isInt {
				says = "an integer of " + itoa(int64(8*body)) + " bits"
			}
			d.part(head, "form of the "+called, says)
			if isInt {
				d.show(body, called, itoa(n), true)
			} else {
				d.data(body, called)
			}
		}
		d.part(next-d.at, "back length", "the entry has "+inBytes(uint64(head+body))+": for who reads backwards")
	}
	if !d.stop {
		d.part(1, "end of the listpack", "0xff")
	}
}

// listpackNext is the offset behind an entry, also behind the last.
func listpackNext(lp []byte, pos int) int {
	if next := listpack.Next(lp, pos); next >= 0 {
		return next
	}
	return len(lp) - 1
}

func (d *dissector) ziplist(name namer) {
	d.bytes(4, "ziplist", func(b []byte) string { return inBytes(littleUnsigned(b)) + " in all" })
	d.bytes(4, "tail", func(b []byte) string { return "the last entry begins " + saysSize(b) + " bytes from the start" })
	d.bytes(2, "number of entries", saysSize)
	for !d.stop && d.at < d.end-1 {
		n := 1
		if d.b[d.at] == 0xfe {
			n = 5
		}
		d.bytes(n, "length before", func(b []byte) string {
			return "the entry before has " + inBytes(littleUnsigned(b[len(b)/5:]))
		})
		if !d.has(1) {
			return
		}
		called := name(0)
		c := d.b[d.at]
		head, size := 1, uint64(0)
		switch {
		case c>>6 == 0:
			size = uint64(c & 0x3f)
		case c>>6 == 1 && d.has(2):
			head, size = 2, uint64(c&0x3f)<<8|uint64(d.b[d.at+1])
		case c == 0x80 && d.has(5):
			head, size = 5, uint64(binary.BigEndian.Uint32(d.b[d.at+1:]))
		default:
			width, ok := integerSize(c)
			if !ok || d.stop {
				d.stop = true
				return
			}
			if width == 0 {
				d.piece(1, called, itoa(int64(c&0x0f)-1), "in 4 bits", true)
				continue
			}
			d.part(1, "form of the "+called, "an integer of "+itoa(8*width)+" bits")
			if d.has(uint64(width)) {
				d.show(int(width), called, saysInteger(d.b[d.at:d.at+int(width)]), true)
			}
			continue
		}
		d.part(head, "form of the "+called, inBytes(size))
		if d.has(size) {
			d.data(int(size), called)
		}
	}
	d.bytes(1, "end of the ziplist", func(b []byte) string { return hexByte(b[0]) })
}

func (d *dissector) zipmap() {
	d.bytes(1, "zipmap", func(b []byte) string {
		if b[0] < 254 {
			return itoa(int64(b[0])) + " fields"
		}
		return "254 or more fields: they must be counted"
	})
	for value := false; !d.stop && d.at < d.end-1; value = !value {
		name := "field"
		if value {
			name = "value"
		}
		n := 1
		if d.b[d.at] == 254 {
			n = 5
		}
		b := d.bytes(n, "length of the "+name, func(b []byte) string { return inBytes(littleUnsigned(b[len(b)/5:])) })
		if b == nil {
			return
		}
		size, unused := littleUnsigned(b[len(b)/5:]), []byte{0}
		if value {
			if unused = d.bytes(1, "unused", func(b []byte) string { return inBytes(uint64(b[0])) + " behind the value are not used" }); unused == nil {
				return
			}
		}
		if d.has(size) {
			d.data(int(size), name)
		}
		if n := int(unused[0]); n > 0 && d.has(uint64(n)) {
			d.part(n, "unused", "")
		}
	}
	d.bytes(1, "end of the zipmap", func(b []byte) string { return hexByte(b[0]) })
}

func (d *dissector) id(name string) {
	d.number(name+", milliseconds", func(n uint64) string { return Date(int64(min(n, math.MaxInt64))) })
	d.number(name+", sequence number", nil)
}

func (d *dissector) stream(kind byte) {
	d.each("number of nodes", func() {
		d.string("first ID of the node", func() { d.bytes(16, "first ID of the node", saysID) })
		d.string("node", func() { d.listpack(streamNames()) })
	})
	d.number("number of entries", nil)
	d.id("last ID")
	if kind != typeStream {
		d.id("first ID")
		d.id("highest deleted ID")
		d.number("entries ever added", nil)
	}
	d.each("number of groups", func() {
		d.string("group", nil)
		d.id("last ID delivered")
		if kind != typeStream {
			d.number("entries read", nil)
		}
		d.each("number of pending entries", func() {
			d.bytes(16, "pending ID", saysID)
			d.bytes(8, "delivered at", saysDate)
			d.number("deliveries", nil)
		})
		d.each("number of consumers", func() {
			d.string("consumer", nil)
			d.bytes(8, "seen at", saysDate)
			if kind == typeStream3 {
				d.bytes(8, "active at", saysDate)
			}
			d.each("number of its pending entries", func() { d.bytes(16, "pending ID", saysID) })
		})
	})
}

// streamNames follows a node of a stream: counts and the names of fields that
// most entries have in common, then the entries, each with flags, what its ID
// differs by, fields and values, and how many entries of the listpack it takes.
func streamNames() namer {
	const sameFields = 2
	common, left, at, same := int64(0), int64(0), 0, false
	return func(n int64) string {
		at++
		switch at {
		case 1:
			return "entries"
		case 2:
			return "deleted entries"
		case 3:
			common, left = n, n
			return "number of common fields"
		case 4:
			if left > 0 {
				left--
				at--
				return "common field"
			}
			return "end of the common fields"
		case 5:
			same = n&sameFields != 0
			switch {
			case n&1 != 0 && same:
				return "flags: deleted, common fields"
			case n&1 != 0:
				return "flags: deleted"
			case same:
				return "flags: common fields"
			}
			return "flags"
		case 6:
			return "ID, milliseconds behind the first"
		case 7:
			if left = common; !same {
				at = 8 // its own fields are counted next
			} else {
				at = 20
			}
			return "ID, sequence number behind the first"
		case 9:
			left, at = 2*n, 10
			return "number of fields"
		case 11:
			if left > 0 {
				left--
				at = 10
				if left%2 == 1 {
					return "field"
				}
				return "value"
			}
		case 21:
			if left > 0 {
				left--
				at = 20
				return "value"
			}
		}
		at = 4
		return "number of listpack entries"
	}
}

// ItemKey is the first string of an item: the key behind a type, the code of a
// library, the name of a field. It is nil if it cannot be read.
func ItemKey(item []byte) []byte {
	key, _ := ItemPair(item)
	return key
}

// ItemPair are the first two strings of an item, nil where they cannot be read.
func ItemPair(item []byte) (first, second []byte) {
	if len(item) == 0 {
		return nil, nil
	}
	d := dissector{b: item, at: 1, end: len(item), to: len(item)}
	first = d.text()
	return first, d.text()
}

// text is the string that follows.
func (d *dissector) text() []byte {
	value, n, special := d.form()
	if d.stop {
		return nil
	}
	d.at += n
	packed := value
	switch {
	case special && value == specialLZF:
		packed, n, special = d.form()
		d.at += n
		full, n, special2 := d.form()
		d.at += n
		if special || special2 || !d.has(packed) || full/bestRatio > packed {
			return nil
		}
		b := make([]byte, full)
		if lzf.Decompress(b, d.b[d.at:d.at+int(packed)]) != nil {
			return nil
		}
		d.at += int(packed)
		return b
	case special && value <= specialInt32:
		size := 1 << value
		if !d.has(uint64(size)) {
			return nil
		}
		d.at += size
		return strconv.AppendInt(nil, little(d.b[d.at-size:d.at]), 10)
	case special:
		d.stop = true
		return nil
	}
	if value == 0 {
		return []byte{}
	}
	if !d.has(value) {
		return nil
	}
	d.at += int(value)
	return d.b[d.at-int(value) : d.at]
}
