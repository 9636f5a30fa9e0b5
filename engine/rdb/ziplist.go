package rdb

import (
	"encoding/binary"

	"everysec/engine/ds/listpack"
)

// Before Redis 7 small collections were ziplists, and long ago small hashes
// zipmaps. What a file has of them becomes a listpack as it is read.

// packed reads a string that holds a listpack, or what was there before it.
func (d *decoder) packed(kind byte) ([]byte, error) {
	b, err := d.string()
	if err != nil {
		return nil, err
	}
	ok := true
	switch kind {
	case typeHashZipmap:
		b, ok = fromZipmap(b)
	case typeListZiplist, typeZsetZiplist, typeHashZiplist, typeQuicklist:
		b, ok = fromZiplist(b)
	default:
		ok = listpack.Validate(b, true) == nil
	}
	if !ok {
		return nil, d.fail("a listpack or ziplist is damaged")
	}
	return b, nil
}

// fromZiplist turns a ziplist into a listpack. Its head is its size, where its
// last element begins and how many there are (65535: more than that); an element
// is the size of the one before it, its kind and length, and its bytes.
func fromZiplist(b []byte) (lp []byte, ok bool) {
	const head = 10
	if len(b) < head+1 || int64(binary.LittleEndian.Uint32(b)) != int64(len(b)) || b[len(b)-1] != 0xff {
		return nil, false
	}
	lp = listpack.New()
	end := len(b) - 1
	last, before, n := head, 0, 0
	for at := head; at < end; n++ {
		last = at
		size := int64(b[at])
		at++
		if size == 0xfe {
			if end-at < 4 {
				return nil, false
			}
			size = int64(binary.LittleEndian.Uint32(b[at:]))
			at += 4
		}
		if size != int64(before) || at >= end {
			return nil, false
		}
		length, integer, ok := int64(0), false, true
		c := b[at]
		at++
		switch {
		case c>>6 == 0:
			length = int64(c & 0x3f)
		case c>>6 == 1 && end-at >= 1:
			length = int64(c&0x3f)<<8 | int64(b[at])
			at++
		case c == 0x80 && end-at >= 4:
			length = int64(binary.BigEndian.Uint32(b[at:]))
			at += 4
		default:
			integer = true
			length, ok = integerSize(c)
		}
		if !ok || length > int64(end-at) {
			return nil, false
		}
		word := b[at : at+int(length)]
		if integer {
			lp = listpack.AppendInt(lp, ziplistInteger(c, word))
		} else {
			lp = listpack.Append(lp, word)
		}
		at += int(length)
		before = at - last
	}
	count := binary.LittleEndian.Uint16(b[8:])
	if int64(binary.LittleEndian.Uint32(b[4:])) != int64(last) || count != 0xffff && int(count) != n {
		return nil, false
	}
	return lp, true
}

// integerSize is how many bytes follow the kind of an integer.
func integerSize(kind byte) (size int64, ok bool) {
	switch kind {
	case 0xc0:
		return 2, true
	case 0xd0:
		return 4, true
	case 0xe0:
		return 8, true
	case 0xf0:
		return 3, true
	case 0xfe:
		return 1, true
	}
	return 0, kind >= 0xf1 && kind <= 0xfd // 0 to 12, in the kind itself
}

func ziplistInteger(kind byte, b []byte) int64 {
	if len(b) == 0 {
		return int64(kind&0x0f) - 1
	}
	n := int64(0)
	for i, c := range b {
		n |= int64(c) << (8 * i)
	}
	unused := 64 - 8*len(b)
	return n << unused >> unused
}

// fromZipmap turns a zipmap into a listpack: pairs of a length and its bytes,
// where a value has the number of unused bytes behind it before it.
func fromZipmap(b []byte) (lp []byte, ok bool) {
	if len(b) < 2 || b[len(b)-1] != 0xff {
		return nil, false
	}
	lp = listpack.New()
	end := len(b) - 1
	for at, n := 1, 0; ; n++ {
		if at == end {
			return lp, n%2 == 0 && (b[0] == 254 || int(b[0]) == n/2)
		}
		length := int64(b[at])
		at++
		switch {
		case length == 255:
			return nil, false
		case length == 254:
			if end-at < 4 {
				return nil, false
			}
			length = int64(binary.LittleEndian.Uint32(b[at:]))
			at += 4
		}
		unused := int64(0)
		if n%2 == 1 {
			if at == end {
				return nil, false
			}
			unused = int64(b[at])
			at++
		}
		if length+unused > int64(end-at) {
			return nil, false
		}
		lp = listpack.Append(lp, b[at:at+int(length)])
		at += int(length + unused)
	}
}
