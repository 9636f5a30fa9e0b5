package differential

import "strconv"

// Strings as bits. Offsets stay small: the largest allowed would take 512 MiB
// on both sides.

func bitOffset(g *generator) string {
	switch g.r.IntN(12) {
	case 0:
		return g.pick("-1", "abc", "", "4294967296", "9223372036854775807", "#", "#-1", "#x", "+1", "#9223372036854775807", "01")
	case 1, 2:
		return "#" + strconv.Itoa(g.r.IntN(12))
	case 3:
		return strconv.Itoa(g.r.IntN(5000))
	}
	return strconv.Itoa(g.r.IntN(130))
}

func fieldType(g *generator) string {
	if g.r.IntN(15) == 0 {
		return g.pick("u64", "i65", "u0", "i0", "x8", "", "i", "u-1", "U8", "i8 ", "u08", "i8\x00")
	}
	if g.r.IntN(2) == 0 {
		return "i" + strconv.Itoa(1+g.r.IntN(64))
	}
	return "u" + strconv.Itoa(1+g.r.IntN(63))
}

func bit(g *generator) string { return g.pick("0", "0", "0", "1", "1", "1", "2", "-1", "x", "01") }

var bitShapes = splitLines(`
SETBIT %S %offset %bit
SETBIT %S %offset %bit
GETBIT %S %offset
BITCOUNT %S
BITCOUNT %S %i %i ?BIT|BYTE
BITCOUNT %S %n %n ?BIT|BYTE|FOO
BITPOS %S %bit
BITPOS %S %bit %i
BITPOS %S %bit %i %i ?BIT|BYTE
BITPOS %S %bit %n %n ?BIT|BYTE|FOO
BITOP AND|OR|XOR %S %S+
BITOP AND|OR|XOR|NOT|FOO %S %S ?%S|none9
BITFIELD %S GET %field %offset ?GET_%field_%offset
BITFIELD %S ?OVERFLOW_WRAP|OVERFLOW_SAT|OVERFLOW_FAIL SET %field %offset %n ?GET_%field_%offset
BITFIELD %S ?OVERFLOW_WRAP|OVERFLOW_SAT|OVERFLOW_FAIL INCRBY %field %offset %n ?OVERFLOW_FAIL INCRBY %field %offset %i
BITFIELD %S INCRBY|SET %field %offset %n OVERFLOW SAT|FAIL|FOO INCRBY|SET|GET %field %offset %n
BITFIELD %S
BITFIELD_RO %S GET %field %offset ?GET_%field_%offset
BITFIELD_RO %S GET|SET %field %offset %n
`)
