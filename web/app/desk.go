package app

import (
	"strconv"
	"strings"
)

// A reload, a link and the way back find the page as it was left: the consoles
// with their names and signs, which of them was in front, the lines being typed,
// what the keyspace showed, the panel that was open. Of what a browser kept for us
// nothing is taken for granted.

// Desk is how the learner has arranged the page.
type Desk struct {
	Consoles []DeskConsole
	Active   int
	DB       int
	View     View
	Filter   Filter
	Panel    string // that is open; "": none
}

// DeskConsole is a console of it.
type DeskConsole struct {
	Name, Label string
	Sign        int
	Timed       bool
	Typed       string // in its line
}

// Desk is how the page is arranged; typed tells what stands in a console's line.
func (m *Model) Desk(typed func(name string) string, panel string) Desk {
	d := Desk{Active: m.Active, DB: m.DB, View: m.View, Filter: m.Filter, Panel: panel}
	for _, c := range m.Consoles {
		d.Consoles = append(d.Consoles, DeskConsole{c.Name, c.Label, c.Sign, c.Timed, typed(c.Name)})
	}
	return d
}

// Arrange is a desk to be arranged as it was, before anything is connected.
type Arrange struct{ Desk Desk }

func (m *Model) arrange(d Desk) {
	for _, kept := range d.Consoles {
		name := clipped(kept.Name, 24)
		c := m.Console(name)
		if c == nil {
			if name == "" || len(m.Consoles) >= MaxConsoles {
				continue
			}
			c = m.addConsole(name)
		}
		c.Label, c.Timed = clipped(kept.Label, 24), kept.Timed
		if kept.Sign > 0 && kept.Sign <= MaxConsoles && !m.signed(kept.Sign) {
			c.Sign = kept.Sign
		}
	}
	if d.Active >= 0 && d.Active < len(m.Consoles) {
		m.Active = d.Active
	}
	if d.View <= AsTable {
		m.View = d.View
	}
	if d.DB >= 0 && d.DB < 16 {
		m.DB = d.DB
	}
	m.Filter = d.Filter
	m.mark(PartAll)
}

func (m *Model) signed(sign int) bool {
	for _, c := range m.Consoles {
		if c.Sign == sign {
			return true
		}
	}
	return false
}

const deskVersion = "1"

// Text is the desk as the browser keeps it: fields, each on a line.
func (d Desk) Text() string {
	fields := []string{
		deskVersion, strconv.Itoa(d.Active), strconv.Itoa(d.DB), strconv.Itoa(int(d.View)),
		d.Filter.Glob, d.Filter.Type, d.Panel,
	}
	for _, c := range d.Consoles {
		fields = append(fields, c.Name, c.Label, strconv.Itoa(c.Sign), strconv.FormatBool(c.Timed), c.Typed)
	}
	var b strings.Builder
	for _, f := range fields {
		for i := range len(f) {
			switch c := f[i]; c {
			case '\\':
				b.WriteString(`\\`)
			case '\n':
				b.WriteString(`\n`)
			default:
				b.WriteByte(c)
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// ReadDesk reads what Text wrote; ok is false for anything else.
func ReadDesk(text string) (d Desk, ok bool) {
	var fields []string
	field := []byte(nil)
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			fields, field = append(fields, string(field)), nil
		case c == '\\' && i+1 < len(text):
			if i++; text[i] == 'n' {
				field = append(field, '\n')
			} else {
				field = append(field, text[i])
			}
		default:
			field = append(field, c)
		}
	}
	const head, each = 7, 5
	if len(fields) < head || fields[0] != deskVersion || (len(fields)-head)%each != 0 || len(field) > 0 {
		return Desk{}, false
	}
	number := func(s string) int {
		n, err := strconv.Atoi(s)
		if err != nil || n < 0 {
			return 0
		}
		return min(n, 255)
	}
	d = Desk{
		Active: number(fields[1]), DB: number(fields[2]), View: View(number(fields[3])),
		Filter: Filter{Glob: fields[4], Type: fields[5]}, Panel: fields[6],
	}
	for f := fields[head:]; len(f) > 0; f = f[each:] {
		d.Consoles = append(d.Consoles, DeskConsole{Name: f[0], Label: f[1], Sign: number(f[2]), Timed: f[3] == "true", Typed: f[4]})
	}
	return d, true
}
