package server

import (
	"math"

	"everysec/engine/command"
)

// The drawings of LOLWUT VERSION 5 and 6: rows of squares that fall into
// disorder, after Georg Nees, and a skyline at dusk. The pictures are this
// engine's own; their sizes, limits and last lines are Redis's.

// measures reads up to len(list) numbers and keeps each from 1 to its limit.
// It is false when the error has been sent.
func measures(c *command.Context, words [][]byte, list []measure) bool {
	for i := range min(len(words), len(list)) {
		n, ok := c.Int(words[i])
		if !ok {
			return false
		}
		list[i].value = min(max(n, 1), list[i].limit)
	}
	return true
}

type measure struct{ value, limit int64 }

// dots is a canvas of dots, eight of them in a Braille character.
type dots struct {
	width, height int
	set           []bool
}

func (d *dots) draw(x, y int) {
	if x >= 0 && x < d.width && y >= 0 && y < d.height {
		d.set[y*d.width+x] = true
	}
}

func (d *dots) line(x1, y1, x2, y2 float64) {
	steps := math.Max(math.Abs(x2-x1), math.Abs(y2-y1))
	for i := 0.0; i <= steps; i++ {
		at := i / math.Max(steps, 1)
		d.draw(int(math.Round(x1+float64(x2-x1)*at)), int(math.Round(y1+float64(y2-y1)*at)))
	}
}

// text is the canvas in Braille, whose characters number their dots oddly.
func (d *dots) text() []byte {
	bit := [4][2]rune{{0x01, 0x08}, {0x02, 0x10}, {0x04, 0x20}, {0x40, 0x80}}
	var b []byte
	for y := 0; y < d.height; y += 4 {
		for x := 0; x < d.width; x += 2 {
			character := rune(0x2800)
			for i := range 8 {
				if u, v := x+i&1, y+i>>1; u < d.width && v < d.height && d.set[v*d.width+u] {
					character |= bit[i>>1][i&1]
				}
			}
			b = append(b, string(character)...)
		}
		if y != d.height-1 { // a last row of one line of dots ends without
			b = append(b, '\n')
		}
	}
	return b
}

func squares(c *command.Context, words [][]byte) {
	m := []measure{{66, 1000}, {8, 200}, {12, 200}}
	if !measures(c, words, m) {
		return
	}
	width, perRow, perColumn := int(m[0].value)*2, int(m[1].value), int(m[2].value)
	padding := 0
	if width > 4 {
		padding = 2
	}
	side := float32(width-2*padding) / float32(perRow)
	d := dots{width: width, height: int(side*float32(perColumn) + float32(2*padding))}
	d.set = make([]bool, d.width*d.height)
	for row := range perColumn {
		disorder := math.Max(0, float64(row-1)) / float64(perColumn)
		chance := func() float64 { return (c.Random.Float64()*2 - 1) * disorder }
		for column := range perRow {
			half := float64(side) / 2
			x := float64(column)*float64(side) + float64(padding) + half + chance()*half
			y := float64(row)*float64(side) + float64(padding) + half + chance()*half
			sin, cos := math.Sincos(math.Pi/4 + chance())
			u, v := cos*half*math.Sqrt2, sin*half*math.Sqrt2
			d.line(x+u, y+v, x-v, y+u)
			d.line(x-v, y+u, x-u, y-v)
			d.line(x-u, y-v, x+v, y-u)
			d.line(x+v, y-u, x+u, y+v)
		}
	}
	c.Reply.Verbatim("txt", string(d.text())+"\nGeorg Nees - schotter, plotter on paper, 1968. Redis ver. 7.0.15\n")
}

// skyline is three rows of houses in front of each other, the farther the
// lighter, as spaces on a coloured ground.
func skyline(c *command.Context, words [][]byte) {
	m := []measure{{80, 1000}, {20, 1000}}
	if !measures(c, words, m) {
		return
	}
	columns, rows := int(m[0].value), int(m[1].value)
	shades := [4]string{"\x1b[0;97;107m \x1b[0m", "\x1b[0;37;47m \x1b[0m", "\x1b[0;90;100m \x1b[0m", "\x1b[0;30;40m \x1b[0m"}
	shade := make([]byte, columns*rows)
	for depth := 1; depth < len(shades); depth++ {
		for x := 0; x < columns; {
			top := rows * depth / (len(shades) + 1)
			top += c.Random.IntN(rows/3 + 1)
			for end := x + 3 + c.Random.IntN(8); x < end && x < columns; x++ {
				for y := top; y < rows; y++ {
					shade[y*columns+x] = byte(depth)
				}
			}
		}
	}
	var b []byte
	for i, s := range shade {
		b = append(b, shades[s]...)
		if i%columns == columns-1 {
			b = append(b, '\n')
		}
	}
	c.Reply.Verbatim("txt", string(b)+"Dedicated to the 8 bit game developers of past and present.\n"+
		"Original 8 bit image from Plaguemon by hikikomori. Redis ver. 7.0.15\n")
}
