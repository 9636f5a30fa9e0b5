//go:build js && wasm

package view

import (
	"strconv"
	"strings"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/words"
)

// A long reply is folded: its beginning, and buttons for the rest. What is
// unfolded stands in chunks that the browser lays out only where they are seen,
// so that a hundred thousand lines scroll like ten, and are still text.

const (
	foldLines  = 200 // replies up to this many lines, and foldBytes, are shown whole
	foldBytes  = 24 << 10
	firstLines = 60
	firstBytes = 4 << 10
	moreLines  = 1000
	chunkLines = 250
	chunkBytes = 16 << 10
)

func long(text string) bool {
	return len(text) > foldBytes || len(text) > foldLines && strings.Count(text, "\n") >= foldLines
}

type fold struct {
	root, foot, note *node
	text             string
	at               int // what is shown of it, in bytes
	lines            int // in the rest
}

func newFold(root *node, text string) *fold {
	f := &fold{root: root, text: text, lines: strings.Count(text, "\n") + 1, note: create("span", "")}
	f.foot = create("div", "fold").add(f.note)
	for _, b := range [][2]string{{"more", "Show 1,000 more"}, {"all", "Show all"}, {"copy", "Copy the whole reply"}} {
		f.foot.add(create("button", "").set("type", "button").set("name", b[0]).say(b[1]))
	}
	root.add(f.foot)
	f.show(firstLines, firstBytes)
	f.draw()
	return f
}

// show appends a chunk of at most so many lines and bytes. A line longer than
// that goes on in the next chunk.
func (f *fold) show(lines, bytes int) (shown int) {
	end := f.at
	for shown < lines && end < len(f.text) {
		n := strings.IndexByte(f.text[end:], '\n') + 1
		if n == 0 {
			n = len(f.text) - end
		}
		if end+n-f.at > bytes {
			if end == f.at {
				end += min(n, bytes)
				for end < len(f.text) && f.text[end]&0xc0 == 0x80 {
					end++
				}
				shown++
			}
			break
		}
		end += n
		shown++
	}
	text := f.text[f.at:end]
	f.at = end
	f.lines -= strings.Count(text, "\n")
	chunk := create("div", "chunk").setText(strings.TrimSuffix(text, "\n"))
	chunk.style("--lines", strconv.Itoa(shown))
	f.root.v.Call("insertBefore", chunk.v, f.foot.v)
	return shown
}

func (f *fold) more(lines int) {
	for lines > 0 && f.at < len(f.text) {
		lines -= f.show(min(lines, chunkLines), chunkBytes)
	}
	f.draw()
}

func (f *fold) done() bool { return f.at >= len(f.text) }

func (f *fold) draw() {
	if f.done() {
		f.foot.show(false)
		return
	}
	f.note.setText("… " + words.Many(int64(f.lines), "{n} more line, {size}|{n} more lines, {size}", app.Bytes(int64(len(f.text)-f.at))))
}

// copyText puts text on the clipboard, also where only the old way is allowed.
func copyText(text string) {
	clipboard := js.Global().Get("navigator").Get("clipboard")
	if clipboard.Truthy() {
		clipboard.Call("writeText", text)
		return
	}
	area := create("textarea", "")
	area.v.Set("value", text)
	document.Get("body").Call("appendChild", area.v)
	area.v.Call("select")
	document.Call("execCommand", "copy")
	area.v.Call("remove")
}
