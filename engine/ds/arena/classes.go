package arena

import "math/bits"

// Size classes: every 8 bytes to 128, then eight classes for each doubling
// (steps of 12.5% to 6.25%) to 32 KiB.
const (
	maxClassBytes = 32 << 10
	classes       = 16 + 8*8
	noClass       = 255
	maxSpanPages  = 16
)

// By class: the size of a block in units, the pages of a span, the blocks in it.
var classUnits, spanPages, spanBlocks = layOutClasses()

// classOf returns the smallest class whose blocks hold size bytes, which must
// be at most maxClassBytes.
func classOf(size int) int {
	if size <= 8 {
		return 0
	}
	n := uint32(size - 1)
	if n < 128 {
		return int(n >> 3)
	}
	e := bits.Len32(n) - 1 // 7 to 14
	return 16 + (e-7)*8 + int(n>>(e-3)&7)
}

// layOutClasses computes the tables. A span is as short as keeps the waste at
// its end within a sixteenth.
func layOutClasses() (units [classes]uint16, pages [classes]uint8, blocks [classes]uint16) {
	for c := range classes {
		size := (c + 1) * 8
		if c >= 16 {
			size = (9 + (c-16)%8) << ((c-16)/8 + 4)
		}
		best := 0
		for n := (size + pageBytes - 1) / pageBytes; n <= maxSpanPages; n++ {
			if best == 0 || (n*pageBytes%size)*best < (best*pageBytes%size)*n {
				best = n
			}
			if (best*pageBytes%size)*16 <= best*pageBytes {
				break
			}
		}
		units[c] = uint16(size >> unitShift)
		pages[c] = uint8(best)
		blocks[c] = uint16(best * pageBytes / size)
	}
	return units, pages, blocks
}
