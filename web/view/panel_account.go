//go:build js && wasm

package view

import (
	"strconv"

	"everysec/web/app"
	"everysec/web/app/account"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// accountPanel is what comes with the account of a crash: what was acknowledged,
// what survived and what was lost, side by side, and what the start has read. It
// stands in the account, and is fetched with the panels.
//
// There may be a hundred thousand lines. A few are shown, and buttons for more; those
// come a chunk a frame, and the browser lays out only the chunks that are seen. A
// field finds one among them.
type accountPanel struct {
	sides           *account.Sides
	byKey, byWrite  *node
	keys, files     *node
	story, wide     *node
	table, foot     *node
	more, all, note *node
	writes          bool // they are shown, and not the keys
	shown, wanted   int  // lines
	heads           *node
	find, found     *node // what is sought, and how many have it
}

const (
	firstSides = 10
	moreSides  = 1000
	mostSides  = 10_000 // that come at once
	chunkSides = 50
)

func (a *accountPanel) build(p *Page, box *node) {
	choice := func(text string, writes bool) *node {
		n := button(text, "", func() {
			a.writes = writes
			a.begin()
		})
		return n
	}
	a.byKey, a.byWrite = choice("Key by key", false), choice("Write by write", true)
	a.keys = create("p", "aside").set("id", "account-keys-said")
	a.find = create("input", "").set("type", "search").set("id", "account-find").set("spellcheck", "false").set("autocapitalize", "none").set("autocomplete", "off")
	a.find.set("placeholder", words.Say("Find a key")).set("aria-label", words.Say("Find a key")).set("aria-controls", "account-table")
	a.find.on("input", func(*dom.BasicEvent) {
		a.sides.Seek(a.find.v.Get("value").String())
		a.begin()
	})
	a.story = create("p", "aside").set("id", "account-story")
	a.table = create("div", "sides").set("id", "account-table").set("role", "table").set("tabindex", "0")
	a.note = create("span", "")
	a.more = button("Show 1,000 more", "", func() { a.show(moreSides) })
	a.all = button("Show all", "", func() { a.show(1 << 30) })
	a.found = create("span", "aside").set("role", "status")
	a.foot = create("p", "fold").add(a.note, a.more, a.all)
	a.files = create("ul", "read").set("id", "account-files").set("aria-label", words.Say("What the start has read"))
	a.heads = a.row("columnheader", "acknowledged", "survived", "lost")
	a.heads.class("sr", true)
	a.wide = create("button", "").say("Wide").set("type", "button").set("id", "account-wide")
	a.wide.set("title", words.Say("With the log of the start beside it"))
	a.wide.on("click", func(*dom.BasicEvent) {
		on := p.body.data("account") != "wide"
		a.wide.set("aria-pressed", strconv.FormatBool(on))
		if on {
			p.body.set("data-account", "wide")
		} else {
			p.body.unset("data-account")
		}
	})
	p.durability.closeAccount.v.Call("before", a.wide.v)
	box.add(
		a.story,
		create("div", "choice-line").add(create("div", "views").set("role", "group").set("aria-label", words.Say("Side by side")).add(a.byKey, a.byWrite), a.find, a.found, a.keys),
		a.table, a.foot, a.files,
	)
}

// row is a line of the table with texts of ours.
func (a *accountPanel) row(role string, texts ...string) *node {
	row := create("div", "side").set("role", "row")
	for _, text := range texts {
		row.add(create("span", "").set("role", role).say(text))
	}
	return row
}

// draw shows another account.
func (a *accountPanel) draw(r *app.CrashReport) {
	a.sides = account.New(r)
	a.wide.set("aria-pressed", "false")
	a.story.setText(account.Story(r))
	a.keys.setText(account.Keys(&r.Account))
	a.find.v.Set("value", "")
	a.find.show(a.sides.Keys()+a.sides.Writes() > firstSides)
	a.files.empty()
	if r.Report != nil {
		for _, f := range r.Report.Files {
			a.files.add(create("li", "").setText(account.Read(f)))
		}
	}
	a.byWrite.show(a.sides.Writes() > 0)
	a.writes = a.sides.Keys() == 0 && a.sides.Writes() > 0
	a.begin()
}

func (a *accountPanel) total() int {
	if a.writes {
		return a.sides.Writes()
	}
	return a.sides.Keys()
}

// begin shows the first lines.
func (a *accountPanel) begin() {
	a.byKey.set("aria-pressed", strconv.FormatBool(!a.writes))
	a.byWrite.set("aria-pressed", strconv.FormatBool(a.writes))
	a.table.empty()
	a.table.add(create("div", "").set("role", "rowgroup").add(a.heads))
	label := "Key by key: acknowledged, survived, lost"
	if a.writes {
		label = "Write by write: acknowledged, survived, lost"
	}
	a.table.set("aria-label", words.Say(label)).set("aria-rowcount", strconv.Itoa(a.total()+1))
	found := ""
	if a.find.v.Get("value").String() != "" {
		found = words.Many(int64(a.total()), "{n} match|{n} matches")
	}
	a.found.setText(found)
	a.shown, a.wanted = 0, 0
	a.show(firstSides)
	a.grow()
}

// show wants so many more lines.
func (a *accountPanel) show(n int) { a.wanted = min(a.wanted+n, a.total()) }

// grow is called in each frame, and adds a chunk of the lines that are wanted.
func (a *accountPanel) grow() {
	lines := min(a.wanted-a.shown, chunkSides)
	if lines <= 0 && a.shown != 0 {
		return
	}
	chunk := create("div", "chunk").set("role", "rowgroup")
	chunk.style("--lines", strconv.Itoa(lines))
	for range lines {
		chunk.add(a.line(a.shown))
		a.shown++
	}
	a.table.add(chunk)
	rest := a.total() - a.shown
	a.foot.show(rest > 0)
	a.all.show(rest > moreSides && rest <= mostSides)
	a.more.setText(words.Many(int64(min(rest, moreSides)), "Show {n} more|Show {n} more"))
	a.note.setText(words.Many(int64(rest), "… {n} more|… {n} more"))
}

func (a *accountPanel) line(i int) *node {
	var l account.Line
	if a.writes {
		l = a.sides.Write(i)
	} else {
		l = a.sides.Key(i)
	}
	row := create("div", "side").set("role", "row").set("data-fate", l.Fate).set("aria-rowindex", strconv.Itoa(i+2))
	first := create("div", "").set("role", "rowheader").set("data-side", "acknowledged")
	if l.Key != "" {
		first.add(create("strong", "").setText(l.Key))
	}
	row.add(cell(first, l.Acknowledged))
	row.add(cell(create("div", "").set("role", "cell").set("data-side", "survived").set("data-label", words.Say("survived")), l.Survived))
	row.add(cell(create("div", "").set("role", "cell").set("data-side", "lost").set("data-label", words.Say("lost")), l.Lost))
	return row
}

func cell(n *node, c account.Cell) *node {
	if c.What != "" {
		n.add(create("span", "what").setText(c.What))
	}
	if c.Why != "" {
		n.add(create("span", "why").setText(c.Why))
	}
	if c == (account.Cell{}) && n.data("side") != "acknowledged" {
		n.set("data-empty", "")
		n.add(create("span", "what").setText("–"))
	}
	return n
}
