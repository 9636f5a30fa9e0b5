//go:build js && wasm

package view

import (
	"strconv"
	"strings"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/console"
	"everysec/web/words"
)

// A long reply is folded: its beginning, and buttons for the rest, which is
// printed only when it is wanted. What is unfolded stands in chunks that the
// browser lays out only where they are seen, so that a hundred thousand lines
// scroll like ten, and are still text.

const (
	foldLines  = 200 // replies up to this many lines, and foldBytes, are shown whole
	foldBytes  = 24 << 10
	firstLines = 60
	firstBytes = 4 << 10
	moreLines  = 1000
	chunkLines = 250
	chunkBytes = 16 << 10
	mostLines  = 1_000_000 // of elements: a browser lays out no more
)

func long(text string) bool {
	return len(text) > foldBytes || len(text) > foldLines && strings.Count(text, "\n") >= foldLines
}

type fold struct {
	p                *Page
	root, foot, note *node
	reply            *console.Long
	rest             rest
	buf              []byte
	shown            int // chunks
	working          bool
}

// rest is what is not shown yet: of a long reply by elements, of a text by lines.
type rest interface {
	Append(dst []byte, count, bytes int) []byte
	Done() bool
}

// lines reads a text.
type lines struct {
	text string
	left int // lines
}

func (l *lines) Done() bool { return l.text == "" }

// Append appends at most so many lines and bytes. A line longer than that goes on
// in the next piece.
func (l *lines) Append(dst []byte, count, bytes int) []byte {
	end := 0
	for shown := 0; shown < count && end < len(l.text); shown++ {
		n := strings.IndexByte(l.text[end:], '\n') + 1
		if n == 0 {
			n = len(l.text) - end
		}
		if end+n > bytes {
			if end == 0 {
				end = min(n, bytes)
				for end < len(l.text) && l.text[end]&0xc0 == 0x80 {
					end++
				}
			}
			break
		}
		end += n
	}
	dst = append(dst, l.text[:end]...)
	l.left -= strings.Count(l.text[:end], "\n")
	l.text = l.text[end:]
	return dst
}

func newFold(p *Page, root *node, b *app.Block) *fold {
	f := &fold{p: p, root: root, reply: b.Long, note: create("span", "")}
	if b.Long != nil {
		f.rest = b.Long.Read()
	} else {
		f.rest = &lines{b.Text, strings.Count(b.Text, "\n") + 1}
	}
	f.foot = create("div", "fold").add(f.note)
	for _, b := range [][2]string{{"more", "Show 1,000 more"}, {"all", "Show all"}, {"copy", "Copy the whole reply"}} {
		f.foot.add(create("button", "").set("type", "button").set("name", b[0]).say(b[1]))
	}
	root.add(f.foot)
	f.show(firstLines, firstBytes)
	f.draw()
	return f
}

// show appends a chunk of at most so many lines or elements, and bytes.
func (f *fold) show(count, bytes int) {
	f.buf = f.rest.Append(f.buf[:0], count, bytes)
	text := strings.TrimSuffix(string(f.buf), "\n")
	if f.shown > 0 && f.reply != nil {
		text = strings.TrimPrefix(text, "\n")
	}
	f.shown++
	chunk := create("div", "chunk").setText(text)
	chunk.style("--lines", strconv.Itoa(strings.Count(text, "\n")+1))
	f.root.v.Call("insertBefore", chunk.v, f.foot.v)
}

// more shows so many more, a slice in each frame.
func (f *fold) more(count int, log *node, then func()) {
	if f.working {
		return
	}
	f.working = true
	log.set("aria-busy", "true")
	count = min(count, f.limit())
	asked := count
	end := func() {
		f.working = false
		log.unset("aria-busy")
		f.draw()
		then()
	}
	f.p.begin(words.Say("showing the reply"), func() (float64, bool) {
		if count > 0 && !f.done() {
			f.show(min(count, chunkLines), chunkBytes)
			count -= chunkLines
		}
		if count > 0 && !f.done() {
			if r, ok := f.rest.(*console.Reader); ok && asked >= f.reply.Elements/2 {
				return r.Part(), false
			}
			return 1 - float64(count)/float64(asked), false
		}
		end()
		return 1, true
	}, end)
}

// limit is how many more may be shown.
func (f *fold) limit() int {
	if r, ok := f.rest.(*console.Reader); ok {
		return max(mostLines-r.Elements(), 0)
	}
	return mostLines
}

func (f *fold) done() bool { return f.rest.Done() }

func (f *fold) draw() {
	if f.done() {
		f.foot.show(false)
		return
	}
	switch r := f.rest.(type) {
	case *lines:
		f.note.setText("… " + words.Many(int64(r.left), "{n} more line, {size}|{n} more lines, {size}", app.Bytes(int64(len(r.text)))))
	case *console.Reader:
		whole := f.reply.Elements
		if whole < 2 {
			size := float64(f.reply.Size())
			f.note.setText("… " + words.Say("{part} of {whole} shown; all of it is kept", app.Bytes(int64(r.Part()*size)), app.Bytes(int64(size))))
			break
		}
		text := words.Say("{n} of {all} elements shown; all of them are kept", app.Count(int64(r.Elements())), app.Count(int64(whole)))
		if f.limit() == 0 {
			text = words.Say("{n} of {all} elements shown, as many as a page can hold; a copy has all of them", app.Count(int64(r.Elements())), app.Count(int64(whole)))
			for _, b := range f.foot.all(`[name="more"], [name="all"]`) {
				b.show(false)
			}
		}
		f.note.setText("… " + text)
	}
}

// copy copies the whole reply, shown or not.
func (f *fold) copy(whole string, said func(string)) {
	if f.reply == nil {
		copyText(js.ValueOf(whole), said)
		return
	}
	r := f.reply.Read()
	f.p.copying(func(dst []byte) ([]byte, float64, bool) {
		text := r.Append(dst, 1<<30, 256<<10)
		return text, r.Part(), r.Done()
	}, said)
}
