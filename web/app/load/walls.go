package load

import (
	"everysec/engine/ds/order"
	"everysec/web/app"
	"everysec/web/words"
)

// Cause is a command that held the thread, in real time.
type Cause struct {
	Command string
	From    int64
	Held    int64
}

// Wall is a stretch in which the load had to wait.
type Wall struct {
	From, To int64 // from the first that waited to the reply of the last
	Longest  int64 // the longest wait
	Cause    Cause // Held is 0 if no command explains it
	Fsync    bool  // none does, but under "always" the thread waits for the disk

	last int64 // the newest point that belongs to it
}

// Text is the wall in a sentence.
func (w *Wall) Text() string {
	waited := app.Span(w.Longest)
	switch {
	case w.Cause.Held > 0:
		return words.Say("{command} held the thread for {time}: the load waited up to {longest}.", w.Cause.Command, app.Span(w.Cause.Held), waited)
	case w.Fsync:
		return words.Say("Every write waits for fsync (appendfsync always), and the thread with it: the load waited up to {longest}.", waited)
	}
	return words.Say("No command held the thread so long: the server did work of its own, or the browser was busy, and the load waited up to {longest}.", waited)
}

// Label is the wall in a word or two; "" where nothing explains it.
func (w *Wall) Label() string {
	switch {
	case w.Cause.Held > 0:
		return w.Cause.Command + " " + app.Span(w.Cause.Held)
	case w.Fsync:
		return "fsync"
	}
	return ""
}

const (
	// Felt is from when on a command that held the thread may make a wall. On a
	// machine where waiting is usual it takes more, up to surely.
	Felt   = 4_000
	surely = 25_000
	// unexplained is the same for a wait that no command explains. It is more:
	// browsers and their collectors stop for some milliseconds, too.
	unexplained = 50_000
	// syncGap is how far apart waits for the disk may lie and still be one wall.
	syncGap = 1_000_000
)

// Stretch is the time from one moment to another.
type Stretch struct{ From, To int64 }

// Walls finds what made the load wait, oldest first: each command that held the
// thread and was felt, and long waits that none explains. At the times at which
// each write waits for the disk, under "always", these are waits for the disk.
func Walls(points []Point, causes []Cause, always []Stretch) (walls []Wall) {
	explained := make([]bool, len(points))
	stands := min(max(Felt, 2*usual(points)), surely)
	for _, c := range causes {
		if c.Held < stands {
			continue
		}
		w := Wall{Cause: c}
		for i := range points {
			// What was due before may have waited for it, too.
			p := &points[i]
			if p.From > c.From+c.Held || p.From+max(p.Max, Interval) < c.From {
				continue
			}
			explained[i] = true
			w.extend(p)
		}
		if w.Longest >= c.Held/3 && w.Longest > 0 {
			walls = append(walls, w)
		}
	}
	var open *Wall
	for i := range points {
		p := &points[i]
		fsync := waitsForDisk(always, p.From)
		least, gap := int64(unexplained), int64(Interval)
		if fsync {
			least, gap = Felt, syncGap
		}
		if explained[i] || p.Max < least {
			continue
		}
		if open == nil || open.Fsync != fsync || p.From > max(open.To, open.last+gap) {
			walls = append(walls, Wall{Fsync: fsync})
			open = &walls[len(walls)-1]
		}
		open.extend(p)
	}
	for i := range walls { // by time: few, and nearly in order
		for j := i; j > 0 && walls[j].start() < walls[j-1].start(); j-- {
			walls[j], walls[j-1] = walls[j-1], walls[j]
		}
	}
	return walls
}

func waitsForDisk(always []Stretch, at int64) bool {
	for _, s := range always {
		if s.From < at+Interval && at < s.To {
			return true
		}
	}
	return false
}

// usual is the median of what 99 of a hundred commands wait at most.
func usual(points []Point) int64 {
	if len(points) == 0 {
		return 0
	}
	waits := make([]int64, len(points))
	for i := range points {
		waits[i] = points[i].P99
	}
	order.Ascending(waits)
	return waits[len(waits)/2]
}

func (w *Wall) extend(p *Point) {
	if w.From == 0 {
		w.From = p.From
	}
	w.last = max(w.last, p.From)
	w.To = max(w.To, p.From+p.Max)
	w.Longest = max(w.Longest, p.Max)
}

func (w *Wall) start() int64 {
	if w.Cause.Held > 0 {
		return w.Cause.From
	}
	return w.From
}

// Edge is how long before the first point the causes of walls are to be known,
// and how near to it no new wall is believed: what made it may be forgotten.
const Edge = 10_000_000

// Keep puts what was found among the newest points behind the walls that are
// known and began before a moment, up to which points or causes may be
// forgotten. A known one that still lasts goes on.
func Keep(known, found []Wall, since int64) []Wall {
	n := 0
	for n < len(known) && known[n].start() < since {
		n++
	}
	known = known[:n:n]
	for _, w := range found {
		if w.start() >= since {
			known = append(known, w)
			continue
		}
		fresh := true
		for i := range known[:n] {
			k := &known[i]
			if w.start() > k.To || k.start() > w.To {
				continue
			}
			fresh = false
			if k.Fsync && w.Fsync {
				k.To, k.Longest, k.last = max(k.To, w.To), max(k.Longest, w.Longest), max(k.last, w.last)
			}
		}
		if fresh && (w.Cause.Held > 0 || w.Fsync) {
			known = append(known, w)
		}
	}
	return known[max(0, len(known)-maxWalls):]
}

const maxWalls = 20
