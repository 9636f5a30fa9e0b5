//go:build js && wasm

package view

import (
	"strconv"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/app/load"
	"everysec/web/words"
)

// trial is an experiment that is being prepared.
type trial struct {
	*load.Experiment
	asked, answered bool  // whether what it needs is there
	there           bool  // it is, or is being filled in
	at              int64 // when it is typed; 0: not known yet
}

func (l *loadPanel) buildExperiments(box *node) {
	list := create("ul", "experiments")
	for i := range load.Experiments {
		e := &load.Experiments[i]
		b := button(e.Name, "", func() { l.try(e) })
		l.experiments = append(l.experiments, b)
		look := create("span", "").set("id", "look-"+strconv.Itoa(i)).say(e.Look)
		list.add(create("li", "").add(b.set("aria-describedby", "look-"+strconv.Itoa(i)), look))
	}
	l.note = create("span", "").set("role", "status").set("id", "load-note")
	l.repair = button("Make the disk quick again", "", func() { l.slowDown(0) }).set("id", "load-repair")
	l.repair.show(false)
	box.add(create("h3", "").say("What is a wall, and what is none"),
		create("p", "aside").say("Each starts the load if it does not run, fills what it needs, and types a command into the active console. Watch the chart."),
		create("p", "row").add(l.note, l.repair), list)
}

func (l *loadPanel) try(e *load.Experiment) {
	if m := l.p.model; m.Down || m.Loading {
		l.note.say("The server does not run.")
		return
	}
	if l.run == nil {
		l.begin()
	}
	l.trial = trial{Experiment: e}
	l.wake()
}

// goOn does the next step of an experiment: the fill, a second of load alone,
// and the command.
func (l *loadPanel) goOn(now int64) {
	t, m := &l.trial, l.p.model
	switch {
	case m.Down || m.Loading:
		l.trial = trial{}
		l.note.say("The server does not run.")
	case l.fill.Filling != nil:
		l.note.setText(words.Say("Filling: {n} of {all}", app.Count(int64(l.fill.Done)), app.Count(int64(l.fill.Count))))
	case t.Needs.Count > 0 && !t.asked:
		t.asked = true
		question := []string{"DBSIZE"}
		if t.Needs.Kind == load.OneSet {
			question = []string{"SCARD", t.Needs.Prefix}
		}
		e := t.Experiment
		l.p.dispatch(app.Ask{Words: question, Then: func(_ *app.Model, v resp.Value) {
			if t.Experiment == e {
				t.answered, t.there = true, v.Int >= int64(e.Needs.Count)
			}
		}})
	case t.Needs.Count > 0 && !t.answered:
	case t.Needs.Count > 0 && !t.there:
		t.there = true
		l.beginFill(t.Needs)
	case t.at == 0:
		t.at = now + 1_500_000
		l.note.say("The load runs alone for a moment…")
	case now >= t.at:
		if c := l.free(); c == nil {
			l.note.say("No console can type it: each waits, listens, is in a transaction or in another database.")
		} else {
			l.slowDown(t.Sync)
			for _, line := range t.Lines {
				l.p.dispatch(app.Submit{Console: c.Name, Line: line, At: now})
			}
			l.note.setText(words.Say("Typed into {console}: {command}", c.Title(), t.Lines[len(t.Lines)-1]))
		}
		l.trial = trial{}
	}
}

// free is a console whose prompt is ready for a command to database 0: the
// active one, if it is; else nil or another.
func (l *loadPanel) free() (found *app.Console) {
	m := l.p.model
	for i, c := range m.Consoles {
		cli := c.CLI
		if c.Frozen || cli.Busy() || cli.Listening() || cli.InMulti() || cli.DB() != 0 || !cli.Connected() {
			continue
		}
		if found == nil || i == m.Active {
			found = c
		}
	}
	return found
}

func (l *loadPanel) slowDown(micros int64) {
	if micros > 0 || l.p.model.Disk.SyncMicros > 0 {
		l.p.dispatch(app.SetFault{What: bridge.SlowSync, Value: micros})
	}
}
