package command

import "slices"

// SlowLog is the log of commands that took long by the host's stopwatch.
type SlowLog struct {
	Entries []SlowEntry // newest first
	nextID  int64
}

// SlowEntry is one entry of SLOWLOG.
type SlowEntry struct {
	ID, At, Duration int64 // At in Unix seconds, Duration in microseconds
	Args             [][]byte
	Address, Name    string
}

// Add puts an entry in front and forgets those beyond limit.
func (l *SlowLog) Add(e SlowEntry, limit int64) {
	e.ID = l.nextID
	l.nextID++
	l.Entries = slices.Insert(l.Entries, 0, e)
	if int64(len(l.Entries)) > limit {
		l.Entries = l.Entries[:limit]
	}
}

// LatencyMonitor keeps the spikes of latency above latency-monitor-threshold,
// by what caused them.
type LatencyMonitor struct {
	Events []*LatencyEvent // by name
}

// LatencyEvent is one cause.
type LatencyEvent struct {
	Name    string
	Max     int64           // milliseconds, of all time
	Samples []LatencySample // oldest first, at most latencySamples
}

// LatencySample is the worst spike of a second.
type LatencySample struct {
	At, Milliseconds int64 // At in Unix seconds
}

const latencySamples = 160

// Find is the event of a name, or nil.
func (l *LatencyMonitor) Find(name string) *LatencyEvent {
	for _, e := range l.Events {
		if e.Name == name {
			return e
		}
	}
	return nil
}

// Add notes a spike at a time in Unix seconds.
func (l *LatencyMonitor) Add(name string, at, milliseconds int64) {
	e := l.Find(name)
	if e == nil {
		e = &LatencyEvent{Name: name}
		i, _ := slices.BinarySearchFunc(l.Events, name, func(e *LatencyEvent, name string) int {
			switch {
			case e.Name < name:
				return -1
			case e.Name > name:
				return 1
			}
			return 0
		})
		l.Events = slices.Insert(l.Events, i, e)
	}
	e.Max = max(e.Max, milliseconds)
	if n := len(e.Samples); n > 0 && e.Samples[n-1].At == at {
		e.Samples[n-1].Milliseconds = max(e.Samples[n-1].Milliseconds, milliseconds)
		return
	}
	if len(e.Samples) == latencySamples {
		e.Samples = append(e.Samples[:0], e.Samples[1:]...)
	}
	e.Samples = append(e.Samples, LatencySample{at, milliseconds})
}

// Remove forgets an event and tells whether there was one.
func (l *LatencyMonitor) Remove(name string) bool {
	before := len(l.Events)
	l.Events = slices.DeleteFunc(l.Events, func(e *LatencyEvent) bool { return e.Name == name })
	return len(l.Events) < before
}

// LatencyLevels is how many durations fell into each of the classes of LATENCY
// HISTOGRAM: level i is of less than 2^i * 1.024 microseconds, the last holds
// what is longer, too.
type LatencyLevels [21]int64

// Level is the class of a duration in microseconds.
func Level(microseconds int64) int {
	for i := range len(LatencyLevels{}) - 1 {
		if microseconds*1000 <= LevelLimit(i) {
			return i
		}
	}
	return len(LatencyLevels{}) - 1
}

// LevelLimit is the longest duration of a class in nanoseconds, as a histogram
// of two digits rounds it.
func LevelLimit(level int) int64 {
	base := int64(1024) << level
	return base + base>>7 - 1
}
