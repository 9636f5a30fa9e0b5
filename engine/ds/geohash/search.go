package geohash

import "math"

const (
	earthRadius = 6372797.560856 // metres, the quadratic mean
	halfWay     = 20037726.37    // metres, half of the equator
	degree      = math.Pi / 180
)

// Distance is the way in metres over a sphere, by the haversine formula.
func Distance(p, q Point) float64 { return haversine(p, q, sin, cos, asin) }

// roughly is Distance with a few of its last bits wrong, and faster.
func roughly(p, q Point) float64 { return haversine(p, q, math.Sin, math.Cos, math.Asin) }

func haversine(p, q Point, sin, cos, asin func(float64) float64) float64 {
	x1, y1 := p.Longitude*degree, p.Latitude*degree
	x2, y2 := q.Longitude*degree, q.Latitude*degree
	u := sin((y2 - y1) / 2)
	v := sin((x2 - x1) / 2)
	return 2 * earthRadius * asin(math.Sqrt(float64(u*u)+float64(float64(float64(cos(y1)*cos(y2))*v)*v)))
}

// Shape is what is searched: a circle, or a box when Box is set. Lengths are
// in units of so many metres.
type Shape struct {
	Center        Point
	Box           bool
	Radius        float64
	Width, Height float64
	Unit          float64
}

// Contains tells whether a point lies in the shape, and how far from its
// centre, in metres.
func (s *Shape) Contains(p Point) (distance float64, inside bool) {
	if s.Box {
		if beyond(p, Point{s.Center.Longitude, p.Latitude}, s.Width*s.Unit/2) ||
			beyond(p, Point{p.Longitude, s.Center.Latitude}, s.Height*s.Unit/2) {
			return 0, false
		}
		return Distance(s.Center, p), true
	}
	radius := s.Radius * s.Unit
	if surelyBeyond(roughly(s.Center, p), radius) {
		return 0, false
	}
	distance = Distance(s.Center, p)
	return distance, !(distance > radius)
}

func beyond(p, q Point, limit float64) bool {
	return surelyBeyond(roughly(p, q), limit) || Distance(p, q) > limit
}

func surelyBeyond(rough, limit float64) bool { return rough > limit+limit*1e-9+1e-3 }

// Cells are up to nine cells that cover the shape, its own first, in the order
// in which they are to be searched. Some of them may be equal.
func (s *Shape) Cells() []Cell {
	bounds, radius := s.bounds()
	steps := stepsFor(radius, s.Center.Latitude)
	own := Encode(s.Center, steps)
	if steps > 1 && (own.neighbour(0, 1).area().north < bounds.north ||
		own.neighbour(0, -1).area().south > bounds.south ||
		own.neighbour(1, 0).area().east < bounds.east ||
		own.neighbour(-1, 0).area().west > bounds.west) {
		// Nine cells do not reach far enough: larger ones.
		steps--
		own = Encode(s.Center, steps)
	}
	north, south, east, west := true, true, true, true
	if steps >= 2 {
		a := own.area()
		south = !(a.south < bounds.south)
		north = !(a.north > bounds.north)
		west = !(a.west < bounds.west)
		east = !(a.east > bounds.east)
	}
	cells := append(make([]Cell, 0, 9), own)
	for _, d := range [8]struct {
		east, north int
		wanted      bool
	}{
		{0, 1, north},
		{0, -1, south},
		{1, 0, east},
		{-1, 0, west},
		{1, 1, north && east},
		{-1, 1, north && west},
		{1, -1, south && east},
		{-1, -1, south && west},
	} {
		if d.wanted {
			cells = append(cells, own.neighbour(d.east, d.north))
		}
	}
	return cells
}

// bounds is a rectangle around the shape, and radius, in metres, reaches from
// its centre to the farthest point of it.
func (s *Shape) bounds() (b area, radius float64) {
	height, width := s.Radius, s.Radius
	radius = s.Radius
	if s.Box {
		height, width = s.Height/2, s.Width/2
		radius = math.Sqrt(float64(width*width) + float64(height*height))
	}
	height *= s.Unit
	width *= s.Unit
	x, y := s.Center.Longitude, s.Center.Latitude
	up := height / earthRadius / degree
	// A degree of longitude is shorter away from the equator: the edge there
	// decides.
	edge := y + up
	if y < 0 {
		edge = y - up
	}
	side := width / earthRadius / cos(edge*degree) / degree
	return area{west: x - side, east: x + side, south: y - up, north: y + up}, radius * s.Unit
}

// stepsFor is how small cells may be for nine of them to cover a radius in
// metres; towards the poles they have to be larger.
func stepsFor(radius, latitude float64) uint {
	if radius == 0 {
		return MaxSteps
	}
	steps := 1
	for ; radius < halfWay; radius *= 2 {
		steps++
	}
	steps -= 2
	if latitude = math.Abs(latitude); latitude > 66 {
		steps--
		if latitude > 80 {
			steps--
		}
	}
	return uint(min(max(steps, 1), MaxSteps))
}
