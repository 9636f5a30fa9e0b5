package app

import (
	"slices"

	"everysec/engine/event"
	"everysec/web/words"
)

// Loop is what the one thread did last.
type Loop struct {
	Runs  []event.CommandRun // newest last, without those of the background load
	Added int64              // how many there have been
	Load  []Slot             // what the background load did, newest last
	Waits []Wait             // its clients' waiting, newest last
	page  uint64             // the page's own client, whose questions are not the learner's
	load  map[uint64]bool    // the clients of the background load
	step  int64              // the moment at which the newest commands arrived together
	busy  int64              // how long they have held the thread

	stepWaits int // how many waits there were before them
}

// Slot is a hundredth of a second of the background load. A load runs so many
// commands that they would push the learner's out of what is remembered.
type Slot struct {
	At      int64 // engine time of its first command
	Longest int64 // microseconds
}

const slotMicros = 10_000

// Wait is a time in which a client of the background load waited for its turn.
type Wait struct {
	Client   uint64
	From, To int64
}

// MaxRuns is how many commands the loop remembers.
const MaxRuns = 2048

// add takes a command. All that ran in one step of the engine bear its moment,
// so each is put behind those that ran before it, and waited for them.
func (l *Loop) add(e *event.CommandRun) {
	c := *e
	if c.Start != l.step {
		l.Waits = longestOf(l.Waits, c.Start-waitsFor)
		l.step, l.busy, l.stepWaits = c.Start, 0, len(l.Waits)
	}
	c.Waited += l.busy
	c.Start += l.busy
	l.busy += c.Duration
	if l.load[c.Client] {
		l.addLoad(&c)
		return
	}
	l.Added++
	c.Preview = append([]byte(nil), e.Preview...)
	l.Runs = newest(append(l.Runs, c))
}

// newest keeps the end of a list that grows.
func newest[T any](list []T) []T {
	if len(list) >= 2*MaxRuns {
		list = append(list[:0], list[len(list)-MaxRuns:]...)
	}
	return list
}

// longestOf leaves out waits that are over since a moment and, of more than are
// remembered, the short ones: what is seen is a wall, and not what comes after it.
func longestOf(waits []Wait, since int64) []Wait {
	if len(waits) < 2*MaxRuns {
		return waits
	}
	waits = slices.DeleteFunc(waits, func(w Wait) bool { return w.To < since })
	for least := int64(10_000); len(waits) > MaxRuns; least *= 2 {
		waits = slices.DeleteFunc(waits, func(w Wait) bool { return w.To-w.From < least })
	}
	return waits
}

// waitsFor is for how long a wait is remembered at least: the lane shows less.
const waitsFor = 12_000_000

// background makes a client one of the load's.
func (l *Loop) background(client uint64) {
	if l.load == nil {
		l.load = map[uint64]bool{}
	}
	l.load[client] = true
}

func (l *Loop) addLoad(c *event.CommandRun) {
	if n := len(l.Load); n > 0 && c.Start < l.Load[n-1].At+slotMicros {
		l.Load[n-1].Longest = max(l.Load[n-1].Longest, c.Duration)
	} else {
		l.Load = newest(append(l.Load, Slot{c.Start, c.Duration}))
	}
	if c.Waited < waitMicros {
		return
	}
	// What a client sent while it waited has waited with it.
	from := c.Start - c.Waited
	for i := len(l.Waits) - 1; i >= l.stepWaits; i-- {
		if w := &l.Waits[i]; w.Client == c.Client {
			w.From, w.To = min(w.From, from), max(w.To, c.Start)
			return
		}
	}
	l.Waits = append(l.Waits, Wait{c.Client, from, c.Start})
}

// waitMicros is what counts as waiting.
const waitMicros = 1000

// Behind is how many clients waited at once for what ran from one engine time to
// another, and how long the one that waited longest.
func (l *Loop) Behind(from, to int64) (clients int, longest int64) {
	var seen []uint64
	each := func(client uint64, begin, end int64) {
		if begin >= to || end <= from {
			return
		}
		longest = max(longest, end-begin)
		if !slices.Contains(seen, client) {
			seen = append(seen, client)
		}
	}
	for i := len(l.Waits) - 1; i >= 0; i-- {
		each(l.Waits[i].Client, l.Waits[i].From, l.Waits[i].To)
	}
	for i := len(l.Runs) - 1; i >= 0; i-- {
		if r := &l.Runs[i]; r.Waited >= waitMicros && !l.Own(r) {
			each(r.Client, r.Start-r.Waited, r.Start)
		}
	}
	return len(seen), longest
}

// Queued is the longest wait that ended since an engine time, and how many
// clients waited then.
func (l *Loop) Queued(since int64) (clients int, longest int64) {
	from, to := int64(0), int64(0)
	each := func(begin, end int64) {
		if end >= since && end-begin > to-from {
			from, to = begin, end
		}
	}
	for i := range l.Waits {
		each(l.Waits[i].From, l.Waits[i].To)
	}
	for i := range l.Runs {
		if r := &l.Runs[i]; r.Waited >= waitMicros && !l.Own(r) {
			each(r.Start-r.Waited, r.Start)
		}
	}
	if to == from {
		return 0, 0
	}
	return l.Behind(from, to)
}

// About is a command in a line.
func (m *Model) About(r *event.CommandRun) string {
	command, ago := Command(r), Age(max(m.Now()-r.Start, 0))
	if m.Loop.Own(r) {
		command = words.Say("{command}, asked by the page itself", command)
	}
	text := words.Say("{command}: held {time}, {ago} ago", command, Span(r.Duration), ago)
	if r.Waited > 0 {
		text = words.Say("{command}: held {time}, waited {waited}, {ago} ago", command, Span(r.Duration), Span(r.Waited), ago)
	}
	if r.Duration < waitMicros {
		return text
	}
	if clients, longest := m.Loop.Behind(r.Start, r.Start+r.Duration); clients > 0 {
		text += "; " + words.Many(int64(clients), "{n} client waited behind it, up to {time}|{n} clients waited behind it, up to {time}", Span(longest))
	}
	return text
}

// AboutSlot is a moment of the background load in a line.
func (m *Model) AboutSlot(s Slot) string {
	return words.Say("background load: held at most {time} a command, {ago} ago", Span(s.Longest), Age(max(m.Now()-s.At, 0)))
}

// SlotAt is the load's moment nearest to an engine time, of those that are not
// further away than some microseconds.
func (l *Loop) SlotAt(at, near int64) (best Slot, ok bool) {
	for i := len(l.Load) - 1; i >= 0 && l.Load[i].At >= at-near; i-- {
		away := max(l.Load[i].At-at, at-l.Load[i].At)
		if away <= near {
			best, ok, near = l.Load[i], true, away
		}
	}
	return best, ok
}

// Own tells whether the page itself asked, and not the learner.
func (l *Loop) Own(r *event.CommandRun) bool { return r.Client == l.page }

// Slowest is the learner's command that held the thread longest since an engine time.
func (l *Loop) Slowest(since int64) *event.CommandRun {
	var best *event.CommandRun
	for i := len(l.Runs) - 1; i >= 0 && l.Runs[i].Start+l.Runs[i].Duration >= since; i-- {
		if !l.Own(&l.Runs[i]) && (best == nil || l.Runs[i].Duration > best.Duration) {
			best = &l.Runs[i]
		}
	}
	return best
}
