// Package timeline is the panel of time without its drawing: the moments of the
// run, which of them is shown, and the run as a file.
//
// The idea: the worker has the record and plays it; here is only what has been
// asked for. One question is under way at a time, and when it is answered the
// newest wish is the next: so a slider that is dragged is followed as fast as
// runs are played, and no faster.
package timeline

import (
	"strings"

	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/words"
)

// Line is what the panel shows.
type Line struct {
	Do       func(app.Effect)
	Dispatch func(app.Message)

	Run     bridge.RunState
	Moment  bridge.Moment  // the newest that was reached; its Events are not kept
	Marks   []bridge.Kinds // what happened in each of as many pieces of the run
	End     int64          // engine time at the end
	Known   bool           // all that was Open has been gone through once
	Past    bool           // a moment is shown, not the present
	Name    string         // of the file that the run is from; "": it is this page's
	Played  float64        // how much of what was asked for is played; 1: all
	Stepped string         // what the last step brought
	Kept    bridge.KeptRuns

	wanted int64
	asking bool
	show   bool // what is wanted is to be seen, and not only gone through
	branch bool // and to become the present
	resume bool // engine time ran before
	shown  int  // moments so far, so that keys of an older one are not taken for new ones
}

// end is the wish for the end of the run.
const end = -1

func (l *Line) control(op bridge.Op, payload bridge.Record, then func(m *app.Model, data []byte)) {
	l.Do(app.Control{Op: op, Payload: payload, Then: then, Else: func(*app.Model) { l.asking, l.branch = false, false }})
}

// Open goes through the run of this page, up to now, and asks for those before it.
func (l *Line) Open() {
	l.open(bridge.OpRunOpen, nil, "", false)
	l.control(bridge.OpRunKept, nil, l.kept)
}

func (l *Line) kept(_ *app.Model, data []byte) {
	if kept, err := bridge.ReadKeptRuns(data); err == nil {
		l.Kept = kept
	}
}

// LookAt goes through a run that was kept, and shows its end.
func (l *Line) LookAt(k bridge.KeptRun) {
	l.open(bridge.OpRunLook, bridge.Record(nil).String(k.ID), words.Say("the run of {time}", app.Clock(k.Ended)), true)
}

// SaveKept takes a run home that was kept.
func (l *Line) SaveKept(k bridge.KeptRun) { l.Dispatch(app.SaveRun{ID: k.ID, Ended: k.Ended}) }

// Forget has runs that were kept be there no more.
func (l *Line) Forget(runs ...bridge.KeptRun) {
	ids := bridge.Record(nil).Int(int64(len(runs)))
	for _, k := range runs {
		ids = ids.String(k.ID)
	}
	l.control(bridge.OpRunForget, ids, l.kept)
}

// Load goes through a run from a file, and shows its end.
func (l *Line) Load(name string, data []byte) {
	l.open(bridge.OpRunLoad, bridge.Record(nil).Bytes(data), name, true)
}

// Undo makes the run that was left by a branch the present again.
func (l *Line) Undo() {
	l.branch = true
	l.open(bridge.OpRunBefore, nil, "the run before", true)
}

func (l *Line) open(op bridge.Op, payload bridge.Record, name string, show bool) {
	l.control(op, payload, func(_ *app.Model, data []byte) {
		s, err := bridge.ReadRunState(data)
		if err != nil || op == bridge.OpRunOpen && l.show { // somebody has begun to look back
			return
		}
		l.Run, l.Name = s, name
		l.wanted, l.show = end, show
		l.ask()
	})
}

// Want shows a moment. The last one of this page's run is now.
func (l *Line) Want(m *app.Model, number int64) {
	number = min(max(number, 0), l.Moment.Last)
	if !l.Past && l.isNow(number) {
		return
	}
	if !l.Past && !m.InPast() {
		l.hold(m)
	}
	l.wanted, l.show = number, true
	l.ask()
}

// isNow tells whether a moment is the present: the last one of this page's run,
// as long as that is recorded.
func (l *Line) isNow(number int64) bool {
	return l.Name == "" && !l.Run.Full && number == l.Moment.Last
}

// Wanted is the moment that is asked for, or the one that is shown.
func (l *Line) Wanted() int64 {
	if l.asking && l.show && l.wanted != end {
		return l.wanted
	}
	return l.Moment.Number
}

// hold lets engine time stand while somebody looks back.
func (l *Line) hold(m *app.Model) {
	if !m.Host.Paused {
		l.resume = true
		l.Dispatch(app.ClockPause{Paused: true})
	}
}

func (l *Line) ask() {
	if l.asking {
		return
	}
	l.asking = true
	number := l.wanted
	l.control(bridge.OpRunSeek, bridge.Record(nil).Int(number), func(m *app.Model, data []byte) {
		l.asking = false
		l.answered(m, number, data)
	})
}

func (l *Line) answered(m *app.Model, number int64, data []byte) {
	moment, err := bridge.ReadMoment(data)
	if err != nil {
		return
	}
	if !moment.Reached {
		l.Played = float64(moment.Played) / float64(max(moment.Total, 1))
	}
	if !moment.Reached || l.wanted != number {
		l.ask()
		return
	}
	l.Played = 1
	events := append([]byte(nil), moment.Events...)
	moment.Events = nil
	l.Moment = moment
	if number == end {
		l.Known, l.End = true, moment.State.Now
		l.askMarks()
	}
	switch {
	case l.branch:
		l.Branch()
	case l.show && l.isNow(moment.Number):
		l.Back(m)
	case l.show:
		if !l.Past && !m.InPast() {
			l.hold(m)
		}
		l.Past = true
		l.shown++
		l.Dispatch(app.ShowPast{State: moment.State, Events: events, Foreign: l.Name != ""})
		l.askKeys(l.shown, 0, 0)
	}
}

func (l *Line) askKeys(shown int, db, cursor int64) {
	l.control(bridge.OpRunKeys, bridge.Record(nil).Int(db).Int(cursor), func(_ *app.Model, data []byte) {
		f := bridge.Read(data)
		db, cursor, more, events := f.Int(), f.Int(), f.Bool(), f.Bytes()
		if f.Err() != nil || !l.Past || l.shown != shown {
			return
		}
		l.Dispatch(app.PastKeys{Events: append([]byte(nil), events...)})
		if more {
			l.askKeys(shown, db, cursor)
		}
	})
}

// Pieces is into how many the picture of a long run is divided.
const Pieces = 400

func (l *Line) askMarks() {
	n := min(l.Moment.Last+1, Pieces)
	l.control(bridge.OpRunMarks, bridge.Record(nil).Int(n), func(_ *app.Model, data []byte) {
		f := bridge.Read(data)
		l.Marks = l.Marks[:0]
		for n := f.Int(); n > 0 && f.More(); n-- {
			l.Marks = append(l.Marks, bridge.Kinds(f.Int()))
		}
	})
}

// Back goes back to now. Engine time runs again if it did.
func (l *Line) Back(m *app.Model) {
	if m.InPast() {
		l.Dispatch(app.LeavePast{})
	}
	l.left()
	l.Open()
}

// left is the end of looking back, whoever ended it.
func (l *Line) left() {
	l.Past, l.show = false, false
	if l.resume {
		l.resume = false
		l.Dispatch(app.ClockPause{})
	}
}

// Check follows what the page did without us: something happened in the present,
// and that is what it shows.
func (l *Line) Check(m *app.Model) {
	if l.Past && !m.InPast() {
		l.left()
		l.Open()
	}
}

// Close ends all: the worker lets go of what it has played.
func (l *Line) Close(m *app.Model) {
	if m.InPast() {
		l.Dispatch(app.LeavePast{})
	}
	l.left()
	l.Known = false
	l.control(bridge.OpRunClose, nil, func(*app.Model, []byte) {})
}

// Branch makes the moment the present.
func (l *Line) Branch() {
	l.branch = false
	l.control(bridge.OpRunBranch, nil, func(*app.Model, []byte) {
		l.Past, l.show, l.resume = false, false, false
		l.Open()
	})
}

// Save takes the run of this page home.
func (l *Line) Save() { l.Dispatch(app.SaveRun{}) }

// Step lets engine time go on to what it brings next.
func (l *Line) Step() {
	l.control(bridge.OpStep, nil, func(_ *app.Model, data []byte) {
		l.Stepped = said(bridge.Read(data).String())
		l.Do(app.Say{Text: l.Stepped})
		l.Dispatch(app.ClockAdvance{}) // tells the page what time it is
	})
}

// Where is which moment is shown, and when it was.
func (l *Line) Where() string {
	if !l.Known {
		return words.Say("the run is gone through")
	}
	if !l.Past && l.Run.Full {
		return words.Say("now; the record ends at {time}", app.Clock(l.End))
	}
	if !l.Past {
		return words.Many(l.Moment.Last+1, "now, after {n} moment|now, after {n} moments")
	}
	n, all, at := app.Count(l.Moment.Number+1), app.Count(l.Moment.Last+1), app.Clock(l.Moment.State.Now)
	ago := max(l.End-l.Moment.State.Now, 0)
	switch {
	case l.Name != "" && ago == 0:
		return words.Say("moment {n} of {all}, {time}, the end of {file}", n, all, at, l.Name)
	case l.Name != "":
		return words.Say("moment {n} of {all}, {time}, {ago} before the end of {file}", n, all, at, app.Age(ago), l.Name)
	}
	return words.Say("moment {n} of {all}, {time}, {ago} ago", n, all, at, app.Age(ago))
}

// said is what the worker tells of a moment, in the language of the page: one
// thing after the other.
func said(text string) string {
	parts := strings.Split(text, "; ")
	for i := range parts {
		parts[i] = words.Heard(parts[i])
	}
	return strings.Join(parts, "; ")
}

// What is what happened at the moment.
func (l *Line) What() string { return said(app.Text([]byte(l.Moment.Text))) }

// Keeps says what of the run is kept.
func (l *Line) Keeps() string {
	if l.Run.Full {
		return words.Say("The record is full, with {size}: the run goes on without it. Who goes on from an earlier moment cannot come back to what was not recorded. A new record begins when the page is loaded again.", app.Bytes(l.Run.Bytes))
	}
	return words.Say("Everything that came in since the page was loaded: {size} of {limit}.", app.Bytes(l.Run.Bytes), app.Bytes(l.Run.Limit))
}

// Outlives says whether the run outlives the page.
func (l *Line) Outlives() string {
	switch k := &l.Kept; k.Keeping {
	case bridge.KeptLater:
		return words.Say("As soon as something is done the browser keeps this run, too.")
	case bridge.KeptHere:
		return words.Say("Of this run the browser has {size} by now: it is about a second behind, more while much comes in. After a reload, or when the browser was killed, the run is found here, up to there. The last three of each lesson stay, 128 MB of all.", app.Bytes(k.Bytes))
	case bridge.Unkept:
		return words.Say("The browser does not keep this run, and it goes with this tab: {why}", words.Heard(k.Why))
	}
	return words.Say("This page keeps nothing: the run goes with it.")
}

// Title says which of the runs that were kept one is.
func (l *Line) Title(i int) string {
	runs := l.Kept.Runs
	switch {
	case runs[i].Left:
		return words.Say("The run that was left for another moment")
	case i == 0 || runs[i-1].Left:
		return words.Say("The run before this page was opened")
	}
	return words.Say("A run before that")
}

// About says what is known of it.
func (l *Line) About(i int, wall int64) string {
	k := &l.Kept.Runs[i]
	text := words.Many(k.Inputs, "{n} input in {span}, ended at {time}, {ago} ago.|{n} inputs in {span}, ended at {time}, {ago} ago.",
		app.Age(max(k.Ended-k.Began, 0)), app.Clock(k.Ended), app.Age(max(wall-k.Ended, 0)))
	if k.Kept < k.Bytes {
		text += " " + words.Say("It ended before the browser had it all: {size} of {all} are here.", app.Bytes(k.Kept), app.Bytes(k.Bytes))
	}
	if k.Full {
		text += " " + words.Say("Its record was full before it ended.")
	}
	return text
}
