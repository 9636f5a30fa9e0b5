//go:build js && wasm

package view

import (
	"strconv"
	"syscall/js"

	"everysec/web/chart"
)

// canvas is an image of ours on the page, as many pixels as the screen has.
type canvas struct {
	node    *node
	context js.Value
	image   chart.Image
	scale   float64
	array   js.Value // Uint8ClampedArray
	data    js.Value // ImageData on it
	w, h    int
}

func newCanvas(n *node) *canvas {
	return &canvas{node: n, context: n.v.Call("getContext", "2d", map[string]any{"alpha": false})}
}

// size is that of the element now, in pixels of the screen.
func (c *canvas) size() (w, h int) {
	c.scale = js.Global().Get("devicePixelRatio").Float()
	w = int(c.node.v.Get("clientWidth").Float()*c.scale + 0.5)
	h = int(c.node.v.Get("clientHeight").Float()*c.scale + 0.5)
	return w, h
}

// fit gives the image the size of the element. It reports false while the
// element is not visible.
func (c *canvas) fit() bool {
	w, h := c.size()
	if w == 0 || h == 0 {
		return false
	}
	if w != c.w || h != c.h {
		c.w, c.h = w, h
		c.node.v.Set("width", w)
		c.node.v.Set("height", h)
		c.array = js.Global().Get("Uint8ClampedArray").New(w * h * 4)
		c.data = js.Global().Get("ImageData").New(c.array, w, h)
	}
	c.image.Resize(w, h)
	return true
}

// put shows the rows of the image from one up to, not including, another.
func (c *canvas) put(from, to int) {
	if to <= from {
		return
	}
	row := c.w * 4
	js.CopyBytesToJS(c.array.Call("subarray", from*row, to*row), c.image.Pix[from*row:to*row])
	c.context.Call("putImageData", c.data, 0, 0, 0, from, c.w, to-from)
}

// pen sets what text is written with; size in CSS pixels. It returns the width
// of a letter.
func (c *canvas) pen(size float64, family, color string) float64 {
	c.context.Set("textBaseline", "alphabetic")
	c.context.Set("font", strconv.FormatFloat(size*c.scale, 'f', 1, 64)+"px "+family)
	c.context.Set("fillStyle", color)
	return c.context.Call("measureText", "m").Get("width").Float()
}

func (c *canvas) write(text string, x, y float64) { c.context.Call("fillText", text, x, y) }
