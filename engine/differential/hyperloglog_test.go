package differential

import "strconv"

func hllKey(g *generator) string {
	if g.r.IntN(25) == 0 {
		return g.key(g.pick("s", "l", "none"))
	}
	return "hll" + strconv.Itoa(1+g.r.IntN(4))
}

// wound is a HyperLogLog as a client may have made it: most are corrupted.
func wound(g *generator) string {
	b := []byte("HYLL\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x80")
	if g.r.IntN(4) == 0 {
		b[g.r.IntN(len(b))] = byte(g.r.Uint32())
	}
	switch g.r.IntN(5) {
	case 0:
		return string(append(b, 0x7f, 0xff))
	case 1:
		return string(append(b, 0x90, 0x7f, 0xf0, 0x8c, 0x8b))
	}
	for range g.r.IntN(300) {
		if c := byte(g.r.Uint32()); c>>6 != 1 {
			b = append(b, c)
		} else {
			b = append(b, c&0x47, byte(g.r.Uint32()))
		}
	}
	return string(b)
}

var hllShapes = splitLines(`
PFADD %hll %f+
PFADD %hll %v+
PFADD %hll %n+
PFADD %hll %d+
PFADD %hll
PFCOUNT %hll
PFCOUNT %hll
PFCOUNT %hll %hll ?%hll
PFMERGE %hll ?%hll ?%hll
PFMERGE %hll %hll+
PFDEBUG GETREG|DECODE|ENCODING|TODENSE|FOO %hll
PFDEBUG DECODE %hll
GET %hll
STRLEN %hll
OBJECT ENCODING %hll
SET %hll %wound
SETRANGE %hll %p 1
APPEND %hll %f
DEL %hll
DEL %hll
CONFIG SET hll-sparse-max-bytes 20|40|100|3000|100000
`)
