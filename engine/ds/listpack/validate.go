package listpack

import (
	"encoding/binary"
	"strconv"

	"everysec/engine/phrase"
)

// Validate checks a listpack from outside: its header and end and, if deep,
// every entry, so that walking it in either direction stays inside. It finds
// fault with exactly what Redis's own check does.
func Validate(b []byte, deep bool) error {
	if len(b) < headerSize+1 {
		return phrase.Errorf("listpack: %d bytes are too few", len(b))
	}
	if total := binary.LittleEndian.Uint32(b); int64(total) != int64(len(b)) {
		return phrase.Errorf("listpack: header says %d bytes, there are %d", total, len(b))
	}
	if b[len(b)-1] != end {
		return phrase.Errorf("listpack: offset %d: no end byte", len(b)-1)
	}
	if !deep {
		return nil
	}
	n, pos := 0, headerSize
	for b[pos] != end {
		next, err := validateEntry(b, pos)
		if err != nil {
			return err
		}
		n, pos = n+1, next
	}
	if pos != len(b)-1 {
		return phrase.Errorf("listpack: offset %d: end byte before the end", pos)
	}
	if count := headerCount(b); count != unknownCount && count != n {
		return phrase.Errorf("listpack: header says %d entries, there are %d", count, n)
	}
	return nil
}

// validateEntry returns the offset behind the entry at pos.
func validateEntry(b []byte, pos int) (int, error) {
	c := b[pos]
	if c > 0xF4 {
		return 0, phrase.Errorf("listpack: offset %d: unknown encoding 0x%s", pos, strconv.FormatUint(uint64(c), 16))
	}
	lengthBytes := 1
	switch {
	case c >= 0xE0 && c < 0xF0:
		lengthBytes = 2
	case c == 0xF0:
		lengthBytes = 5
	}
	last := len(b) - 1
	if last-pos < lengthBytes {
		return 0, phrase.Errorf("listpack: offset %d: entry without its length", pos)
	}
	size := encodedSize(b[pos:])
	backBytes := backLengthBytes(size)
	if last-pos < size+backBytes {
		return 0, phrase.Errorf("listpack: offset %d: entry of %d bytes reaches over the end", pos, size)
	}
	next := pos + size + backBytes
	if back, n := backLength(b, next); back != size || n == 0 {
		return 0, phrase.Errorf("listpack: offset %d: entry of %d bytes says %d at its end", pos, size, back)
	}
	return next, nil
}
