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

// The keyboard of a console: redis-cli's line editor on top of the browser's.

func (t *terminal) line() string { return t.input.v.Get("value").String() }

// cut is the line before and behind the cursor; what is selected is left out.
func (t *terminal) cut() (before, after string) {
	line := t.line()
	return line[:byteAt(line, t.input.v.Get("selectionStart").Int())], line[byteAt(line, t.input.v.Get("selectionEnd").Int()):]
}

// byteAt is where the browser's position n, in units of UTF-16, is in s.
func byteAt(s string, n int) int {
	for i, r := range s {
		if n <= 0 {
			return i
		}
		n--
		if r > 0xffff {
			n--
		}
	}
	return len(s)
}

// units is the length of s as the browser counts.
func units(s string) (n int) {
	for _, r := range s {
		n++
		if r > 0xffff {
			n++
		}
	}
	return n
}

// setLine writes the line, with the cursor between its two parts.
func (t *terminal) setLine(before, after string) {
	v := t.input.v
	at := units(before)
	v.Set("value", before+after)
	v.Call("setSelectionRange", at, at)
	if after == "" {
		v.Set("scrollLeft", v.Get("scrollWidth")) // brings the end of a long line into view
	}
	t.drawHint()
	t.inquire()
}

// inquire asks the engine for its parameters when the line has come to be about
// them: others may have changed them since the last time.
func (t *terminal) inquire() {
	c := t.model()
	about := c != nil && t.search == nil && c.CLI.Commands.AboutParameters(t.line())
	if about && !t.inquired {
		t.page.dispatch(app.AskParameters{Then: func(bool) { t.drawHint() }})
	}
	t.inquired = about
}

// edited follows a change that the browser made.
func (t *terminal) edited() {
	t.completion, t.spent = completion{}, false
	t.offers.show(false)
	if t.search != nil {
		t.search.Type(t.line())
	}
	t.drawHint()
	t.inquire()
}

// key reports whether it has dealt with a key.
func (t *terminal) key(e js.Value) bool {
	c := t.model()
	if c == nil || e.Get("isComposing").Bool() {
		return false
	}
	control := e.Get("ctrlKey").Bool() && !e.Get("altKey").Bool() && !e.Get("metaKey").Bool()
	key := e.Get("key").String()
	return t.press(c, key, control, e.Get("shiftKey").Bool())
}

func (t *terminal) press(c *app.Console, key string, control, shift bool) bool {
	if control {
		key = "^" + key
	}
	if t.search != nil && !t.searching(key) {
		return strings.Contains(obeyed+leaves, " "+key+" ")
	}
	switch key {
	case "Enter":
		line := t.line()
		t.clearLine()
		t.submit(line)
		t.toEnd()
	case "ArrowUp", "^p":
		t.setLine(c.CLI.History().Up(t.line()), "")
	case "ArrowDown", "^n":
		t.setLine(c.CLI.History().Down(t.line()), "")
	case "Tab":
		return t.complete(c, shift)
	case "F1":
		t.about.toggle(t)
	case "Escape":
		switch {
		case t.completion.offers != nil:
			t.setLine(t.completion.from, "")
			t.edited()
		case t.about.open():
			t.about.toggle(t)
		default:
			return false
		}
	case "^r":
		t.draft = t.line()
		t.search = c.CLI.History().Search()
		t.input.set("aria-label", words.Say(words.Say("Search the history")))
		t.setLine("", "")
		t.edited()
		t.drawState()
		t.drawSearch()
	case "^c":
		// Ctrl-C copies when something is selected.
		if selection() != "" {
			return false
		}
		t.clearLine()
		t.page.dispatch(app.Interrupt{Console: t.name})
	case "^l":
		t.page.dispatch(app.ClearConsole{Name: t.name})
	default:
		if !control || shift {
			return false
		}
		before, after := t.cut()
		before, after, ok := console.Edit(before, after, key[1:])
		if !ok {
			return false
		}
		t.setLine(before, after)
		t.edited()
	}
	return true
}

// obeyed are the keys of a search, and leaves those that end it with what was
// found, to be edited.
const (
	obeyed = " ^r ^s Escape ^g ^c "
	leaves = " Tab ArrowRight End ArrowUp ArrowDown ^e ^a "
)

// searching deals with a key during a search, and reports whether that is over
// and the key still to be obeyed.
func (t *terminal) searching(key string) bool {
	switch {
	case key == "^r":
		t.search.Older()
	case key == "^s":
		t.search.Newer()
	case key == "Escape" || key == "^g" || key == "^c":
		t.endSearch(t.draft)
		return false
	case key == "Enter" || strings.Contains(leaves, " "+key+" "):
		t.endSearch(t.search.Line())
		return key == "Enter"
	default:
		return false
	}
	t.drawSearch()
	return false
}

func (t *terminal) clearLine() {
	t.setLine("", "")
	t.edited()
}

// pressed answers the row of keys below the screen.
func (t *terminal) pressed(e js.Value) {
	c, b := t.model(), e.Get("target").Call("closest", "button")
	if c == nil || b.IsNull() {
		return
	}
	key, text := b.Get("dataset").Get("key"), b.Get("dataset").Get("text")
	if text.Type() == js.TypeString {
		before, after := t.cut()
		t.setLine(before+text.String(), after)
		t.edited()
	} else if left := key.String() == "ArrowLeft"; t.search == nil && (left || key.String() == "ArrowRight") {
		before, after := t.cut()
		t.setLine(console.Move(before, after, left))
	} else {
		t.press(c, key.String(), len(key.String()) == 1, false)
	}
	t.focus()
}

const searchPrompt = "(reverse-i-search) "

func (t *terminal) drawSearch() {
	t.drawHint()
	text := t.search.Line()
	if t.search.Failed() {
		text = words.Say("Not found. {line}", text)
	}
	t.say(text)
}

// endSearch leaves the search with a line to edit.
func (t *terminal) endSearch(line string) {
	t.search = nil
	t.setLine(line, "")
	t.edited()
	t.drawState()
}

// completion is what Tab goes through.
type completion struct {
	offers []console.Offer
	at     int // len(offers): what was typed
	from   string
}

// complete goes through what Tab offers. With nothing typed, or pressed again
// with nothing to offer, Tab leaves the line as it does everywhere.
func (t *terminal) complete(c *app.Console, back bool) bool {
	k := &t.completion
	if k.offers == nil {
		from := t.line()
		if back || strings.TrimSpace(from) == "" {
			return false
		}
		if c.CLI.Commands.LacksParameters(from) {
			return t.learn(c, from)
		}
		offers := c.CLI.Complete(from)
		if len(offers) == 0 {
			// In redis-cli Tab never goes anywhere; here it must not hold people back.
			if t.spent {
				return false
			}
			t.spent = true
			t.say(words.Say("Nothing to complete. Tab again leaves the line."))
			return true
		}
		*k = completion{offers, len(offers), from}
	}
	n := len(k.offers) + 1
	if back {
		k.at = (k.at + n - 1) % n
	} else {
		k.at = (k.at + 1) % n
	}
	line := k.from // after the last offer, what was typed
	if k.at < len(k.offers) {
		line = k.offers[k.at].Line
		t.say(words.Say("{word}, {n} of {all}", k.offers[k.at].Word, strconv.Itoa(k.at+1), strconv.Itoa(len(k.offers))))
	}
	t.setLine(line, "")
	t.drawOffers()
	return true
}

// learn asks the engine for its parameters, and completes the line if it is
// still there when they come. It reports whether they may come.
func (t *terminal) learn(c *app.Console, from string) bool {
	waits := true
	t.page.dispatch(app.AskParameters{Then: func(told bool) {
		if waits = told; told && t.line() == from && t.completion.offers == nil {
			t.complete(c, false)
		}
	}})
	return waits
}

// drawOffers lists what there is to choose from, around what is chosen.
func (t *terminal) drawOffers() {
	const most = 24
	k := &t.completion
	t.offers.empty()
	t.offers.show(len(k.offers) > 1)
	from := max(0, min(k.at-most/2, len(k.offers)-most))
	for i := from; i < min(from+most, len(k.offers)); i++ {
		word := create("span", "").setText(k.offers[i].Word)
		word.class("chosen", i == k.at)
		t.offers.add(word, create("span", "").setText("  "))
	}
	if rest := len(k.offers) - from - most; rest > 0 {
		t.offers.add(create("span", "").setText("… " + words.Say("{n} more", strconv.Itoa(rest))))
	}
	if len(k.offers) > 1 {
		t.toEnd()
	}
}

// paste enters all lines but the last, in order: a line waits for the reply to
// the one before it.
func (t *terminal) paste(e js.Value) {
	text := strings.ReplaceAll(e.Get("clipboardData").Call("getData", "text").String(), "\r\n", "\n")
	if !strings.Contains(text, "\n") || t.search != nil {
		return
	}
	e.Call("preventDefault")
	before, after := t.cut()
	lines := strings.Split(before+text, "\n")
	t.page.dispatch(app.Paste{Console: t.name, Lines: lines[:len(lines)-1], At: wall()})
	t.setLine(lines[len(lines)-1], after)
	t.edited()
}

func (t *terminal) drawHint() {
	c, line := t.model(), t.line()
	if c == nil {
		return
	}
	hint := c.CLI.Hint(line)
	if t.search != nil {
		hint = "': " + t.search.Line()
		if t.search.Failed() {
			hint += "  " + words.Say("(not found)")
		}
	}
	// A line that has been scrolled sideways has no room behind it.
	if hint != "" && t.input.v.Get("scrollLeft").Int() > 0 {
		hint = ""
	}
	t.ghost.setText(line)
	t.hint.setText(hint)
	t.about.draw(t)
}
