package publish

import (
	"bytes"
	"image"
	"image/color"
	"image/png"
)

// The icon as PNG, for systems that take no SVG: the same three lanes as
// web/site/icon.svg on a square that may be cut to any shape, so that all of it
// lies within the inner four fifths.

var (
	iconGround  = color.NRGBA{0x16, 0x19, 0x1d, 255}
	iconMemory  = color.NRGBA{0xff, 0x8a, 0x5c, 255}
	iconWritten = color.NRGBA{0xe8, 0xb5, 0x3a, 255}
	iconFaint   = color.NRGBA{0x55, 0x48, 0x26, 255} // written at 30% on the ground
	iconDisk    = color.NRGBA{0x6a, 0xa9, 0xff, 255}
)

// iconAt is the colour at a place in the drawing of 32 by 32.
func iconAt(x, y float64) color.NRGBA {
	if x < 7 || x >= 25 {
		return iconGround
	}
	along := x - 7
	switch {
	case y >= 6 && y < 10.5: // dashes around nothing: only in memory
		edge := y < 7.4 || y >= 9.1
		if edge && int(along/1.5)%2 == 0 || !edge && (along < 1.4 || along >= 16.6) {
			return iconMemory
		}
	case y >= 13.75 && y < 18.25: // stripes: written
		for _, from := range []float64{0, 6, 12} {
			if d := along - from - (18.25 - y); d >= -1.4 && d < 1.4 {
				return iconWritten
			}
		}
		return iconFaint
	case y >= 21.5 && y < 26: // full: on disk
		return iconDisk
	}
	return iconGround
}

// iconPNG draws it with size pixels a side.
func iconPNG(size int) ([]byte, error) {
	const fine = 4 // samples a pixel and direction
	picture := image.NewNRGBA(image.Rect(0, 0, size, size))
	for py := range size {
		for px := range size {
			var r, g, b int
			for s := range fine * fine {
				c := iconAt(
					(float64(px)+(float64(s%fine)+0.5)/fine)*32/float64(size),
					(float64(py)+(float64(s/fine)+0.5)/fine)*32/float64(size))
				r, g, b = r+int(c.R), g+int(c.G), b+int(c.B)
			}
			picture.SetNRGBA(px, py, color.NRGBA{uint8(r / fine / fine), uint8(g / fine / fine), uint8(b / fine / fine), 255})
		}
	}
	var out bytes.Buffer
	err := png.Encode(&out, picture)
	return out.Bytes(), err
}
