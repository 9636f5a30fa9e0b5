package app

import (
	"strings"

	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/web/console"
	"everysec/web/words"
)

// refusal is a start that found something wrong in its files, or a server that
// ended by itself.
type refusal struct {
	why     string
	printed bool   // its log is on the screen
	until   int64  // the log is waited for so long
	log     string // of that start, a line each
}

// refuse notes that the server is down because of what it says.
func (m *Model) refuse(why string) {
	if why == "" || why == m.refused.why {
		return
	}
	m.refused = refusal{why: why, until: m.Wall + 1_000_000}
}

// withoutCure is why a server did not start, without what Redis says to do about
// it: that stands in the log, which the console shows.
func withoutCure(why string) string {
	why, _, _ = strings.Cut(why, ". You can: ")
	why, _, _ = strings.Cut(why, ": make a backup ")
	return why
}

// startLine begins the log of every start.
const startLine = "Everysec starts as " // not a text

// printRefusal shows the log of the start that refused, as a terminal would from
// which it was started. The log comes with the events, so perhaps a little later.
func (m *Model) printRefusal() {
	r := &m.refused
	if r.why == "" || r.printed || !m.Down || m.past != nil || len(m.Consoles) == 0 {
		return
	}
	begin := len(m.Log)
	held := m.Notice != nil && m.Notice.Kind == bridge.NoticeHeld // there was no start: the log is of the one before
	for begin > 0 && !held && !strings.HasPrefix(m.Log[begin-1].Text, startLine) {
		begin--
	}
	said := begin < len(m.Log) && m.Log[len(m.Log)-1].Level == 3
	if !said && m.Wall < r.until {
		return
	}
	var lines []string
	for _, l := range m.Log[begin:] {
		lines = append(lines, lessons.LogLine(int(l.Level), l.Text))
	}
	if !said { // it ended before it had a log
		lines = append(lines, lessons.LogLine(3, r.why))
	}
	r.printed, r.log = true, strings.Join(lines, "\n")
	m.Consoles[min(m.Active, len(m.Consoles)-1)].show([]console.Block{
		{Kind: console.Failure, Text: r.log},
		{Kind: console.Note, Text: words.Say("No server runs, so this is a shell: redis-check-aof, redis-check-rdb, ls, cp, sed and truncate work on its files, and redis-server starts it again.")},
	})
	m.mark(PartConsoles)
}

// shell is what a console runs where no server runs.
func (m *Model) shell(c *Console) *console.Shell {
	return &console.Shell{
		Commands: lessons.ShellCommands,
		Down:     func() bool { return m.Down },
		Refused:  func() bool { return m.Down && m.refused.why != "" },
		Files: func() []string {
			var names []string
			for _, f := range m.Files {
				names = append(names, f.Name)
			}
			return names
		},
		Run: func(typed, answers []string, run int) {
			cli := c.CLI
			if typed[0] == "redis-server" {
				text := ""
				if a, err := lessons.ParseAction("!restart " + strings.Join(typed[1:], " ")); err != nil {
					text = err.Error() + "\n"
				} else {
					m.restart(pairs(a.Options), nil)
				}
				cli.Ran(run, text, "")
				return
			}
			r := bridge.Record(nil)
			for _, list := range [][]string{typed, answers} {
				r = r.Int(int64(len(list)))
				for _, word := range list {
					r = r.String(word)
				}
			}
			m.control(bridge.OpShell, r, func(m *Model, data []byte) {
				f := bridge.Read(data)
				cli.Ran(run, f.String(), f.String())
				m.filesStale = true
				m.mark(PartConsoles)
			})
		},
	}
}

// pairs are the directives and values of options on a command line.
func pairs(options []string) (directives [][2]string) {
	for i := 0; i+1 < len(options); i += 2 {
		directives = append(directives, [2]string{strings.TrimPrefix(options[i], "--"), options[i+1]})
	}
	return directives
}
