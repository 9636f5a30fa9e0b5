// Package geohash turns positions on the Earth into numbers that are near each
// other where the positions are, so that a search around a place becomes a few
// ranges of a sorted set.
//
// Longitude and latitude are cut in halves in turn: each cut is one bit, and
// the bits of both are interleaved. A Cell of n steps has 2n bits; 26 steps
// make 52 bits, which a double holds exactly. Sums and products are rounded in
// the order in which Redis rounds them, so that the numbers are the same.
package geohash

// The part of the Earth that can be indexed, in degrees.
const (
	MaxLongitude = 180
	MaxLatitude  = 85.05112878
	// MaxSteps is how often each coordinate is cut in a score.
	MaxSteps = 26
)

// Point is a position in degrees.
type Point struct{ Longitude, Latitude float64 }

// Valid tells whether a point can be indexed.
func (p Point) Valid() bool {
	return p.Longitude >= -MaxLongitude && p.Longitude <= MaxLongitude && p.Latitude >= -MaxLatitude && p.Latitude <= MaxLatitude
}

// Cell is a rectangle of longitude and latitude.
type Cell struct {
	Bits  uint64
	Steps uint
}

// Encode is the cell of so many steps that a point lies in.
func Encode(p Point, steps uint) Cell { return encode(p, steps, MaxLatitude) }

func encode(p Point, steps uint, maxLatitude float64) Cell {
	scale := float64(uint64(1) << steps)
	latitude := (p.Latitude + maxLatitude) / (2 * maxLatitude) * scale
	longitude := (p.Longitude + MaxLongitude) / (2 * MaxLongitude) * scale
	return Cell{spread(uint32(latitude)) | spread(uint32(longitude))<<1, steps}
}

// spread puts a zero between the bits of x.
func spread(x uint32) uint64 {
	b := uint64(x)
	b = (b | b<<16) & 0x0000ffff0000ffff
	b = (b | b<<8) & 0x00ff00ff00ff00ff
	b = (b | b<<4) & 0x0f0f0f0f0f0f0f0f
	b = (b | b<<2) & 0x3333333333333333
	return (b | b<<1) & 0x5555555555555555
}

// gather undoes spread.
func gather(b uint64) uint32 {
	b &= 0x5555555555555555
	b = (b | b>>1) & 0x3333333333333333
	b = (b | b>>2) & 0x0f0f0f0f0f0f0f0f
	b = (b | b>>4) & 0x00ff00ff00ff00ff
	b = (b | b>>8) & 0x0000ffff0000ffff
	return uint32(b | b>>16)
}

// Score is the lowest score of the points in a cell.
func (c Cell) Score() uint64 { return c.Bits << (2 * (MaxSteps - c.Steps)) }

// EndScore is the lowest score behind them.
func (c Cell) EndScore() uint64 { return Cell{c.Bits + 1, c.Steps}.Score() }

// FromScore is the cell that a score stands for. Whatever the score is, there
// is one.
func FromScore(score float64) Cell { return Cell{toBits(score), MaxSteps} }

// toBits converts as a 64-bit x86 processor does in C, where it is not defined:
// it wraps around.
func toBits(f float64) uint64 {
	const half = 1 << 63
	switch {
	case f >= half && f < 2*half:
		return uint64(int64(f-half)) ^ half
	case f >= -half && f < half:
		return uint64(int64(f))
	case f >= half:
		return 0
	}
	return half
}

// area is the borders of a cell.
type area struct{ west, east, south, north float64 }

func (c Cell) area() area {
	scale := float64(uint64(1) << c.Steps)
	at := func(n float64, least, most float64) float64 {
		return least + float64(n/scale*(most-least))
	}
	x, y := gather(c.Bits>>1), gather(c.Bits)
	return area{
		west:  at(float64(x), -MaxLongitude, MaxLongitude),
		east:  at(float64(x+1), -MaxLongitude, MaxLongitude),
		south: at(float64(y), -MaxLatitude, MaxLatitude),
		north: at(float64(y+1), -MaxLatitude, MaxLatitude),
	}
}

// Center is the middle of a cell.
func (c Cell) Center() Point {
	a := c.area()
	return Point{
		Longitude: min(max((a.west+a.east)/2, -MaxLongitude), MaxLongitude),
		Latitude:  min(max((a.south+a.north)/2, -MaxLatitude), MaxLatitude),
	}
}

// neighbour is the cell so many cells to the east and to the north; at the end
// of the world it goes on at the other.
func (c Cell) neighbour(east, north int) Cell {
	const xBits, yBits = 0xaaaaaaaaaaaaaaaa, 0x5555555555555555
	step := func(bits, mask, gaps uint64, by int) uint64 {
		if by == 0 {
			return bits & mask
		}
		ones := gaps >> (64 - 2*c.Steps)
		own := bits & mask
		if by > 0 {
			own += ones + 1
		} else {
			own = own | ones
			own -= ones + 1
		}
		return own & (mask >> (64 - 2*c.Steps))
	}
	x := step(c.Bits, xBits, yBits, east)
	y := step(c.Bits, yBits, xBits, north)
	return Cell{x | y, c.Steps}
}

// AppendString appends the geohash that other programs use: eleven characters
// of five bits. Theirs goes up to the poles, so the point is encoded anew; the
// last character is always 0, for there are only 52 bits.
func (p Point) AppendString(b []byte) []byte {
	const alphabet = "0123456789bcdefghjkmnpqrstuvwxyz"
	bits := encode(p, MaxSteps, 90).Bits
	for i := range 10 {
		b = append(b, alphabet[bits>>(52-5*(i+1))&31])
	}
	return append(b, '0')
}
