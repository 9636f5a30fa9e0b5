package chart

import "math"

// Registers draws values from 0 up to 63 as shades, in as many columns as rows.
func Registers(m *Image, t Theme, values []byte) {
	m.Fill(t.Surface)
	side := int(math.Ceil(math.Sqrt(float64(len(values)))))
	px := min(m.W, m.H) / max(side, 1)
	if px < 1 {
		return
	}
	most := byte(1)
	for _, v := range values {
		most = max(most, v)
	}
	for i, v := range values {
		if v > 0 {
			m.Rect(i%side*px, i/side*px, px, px, Mix(t.Surface, t.Ink, 0.25+0.75*float64(v)/float64(most)))
		}
	}
	m.Frame(0, 0, side*px, side*px, 1, t.Rule)
}

// Frame is a part of the earth on an image: degrees are lengths, longer ones
// from west to east the nearer to the equator.
type Frame struct {
	West, North float64 // degrees, of the upper left corner
	X, Y        float64 // pixels in a degree
	Step        float64 // degrees from one line of the graticule to the next
}

// NewFrame shows all points, given as longitude and latitude, in w by h pixels.
func NewFrame(points [][2]float64, w, h int) Frame {
	west, east, south, north := 180.0, -180.0, 90.0, -90.0
	for _, p := range points {
		west, east = min(west, p[0]), max(east, p[0])
		south, north = min(south, p[1]), max(north, p[1])
	}
	if len(points) == 0 {
		west, east, south, north = -180, 180, -85, 85
	}
	const least = 0.01 // degrees: a kilometre
	narrow := max(math.Cos((south+north)/2*math.Pi/180), 0.05)
	f := Frame{Y: min(float64(w)/max((east-west)*narrow*1.4, least), float64(h)/max((north-south)*1.4, least))}
	f.X = f.Y * narrow
	f.West = (west+east)/2 - float64(w)/f.X/2
	f.North = (south+north)/2 + float64(h)/f.Y/2
	across := min(float64(w), float64(h)*1.5) / f.X
	for _, f.Step = range []float64{30, 20, 10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002} {
		if across/f.Step >= 2.5 {
			break
		}
	}
	return f
}

// XY is where a point lies.
func (f Frame) XY(longitude, latitude float64) (x, y float64) {
	return (longitude - f.West) * f.X, (f.North - latitude) * f.Y
}

// Meridians and Parallels are the lines of the graticule on w by h pixels.
func (f Frame) Meridians(w int) (degrees []float64) {
	return f.lines(max(f.West, -180), min(f.West+float64(w)/f.X, 180))
}

// Parallels are those from west to east.
func (f Frame) Parallels(h int) (degrees []float64) {
	return f.lines(max(f.North-float64(h)/f.Y, -90), min(f.North, 90))
}

func (f Frame) lines(from, to float64) (degrees []float64) {
	for i := math.Ceil(from / f.Step); i*f.Step <= to && len(degrees) < 100; i++ {
		degrees = append(degrees, i*f.Step)
	}
	return degrees
}

// Places draws the graticule and a dot for each point.
func Places(m *Image, t Theme, f Frame, scale float64, points [][2]float64) {
	m.Fill(t.Surface)
	thick := max(int(scale+0.5), 1)
	for _, d := range f.Meridians(m.W) {
		x, _ := f.XY(d, 0)
		m.Rect(int(x), 0, thick, m.H, t.Rule)
	}
	for _, d := range f.Parallels(m.H) {
		_, y := f.XY(0, d)
		m.Rect(0, int(y), m.W, thick, t.Rule)
	}
	r := 3 * scale
	for _, p := range points {
		x, y := f.XY(p[0], p[1])
		for row := -int(r); row <= int(r); row++ {
			half := int(math.Sqrt(max(r*r-float64(row*row), 0)))
			m.Rect(int(x)-half, int(y)+row, 2*half+1, 1, t.Ink)
		}
	}
}
