package server

import (
	"slices"
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/event"
)

// statistics are the counters of INFO that belong to no one else.
type statistics struct {
	connections, rejectedConnections int64
	commands                         int64
	netInput, netOutput              int64
	monitors                         int
	calls                            []callStatistics // by command.Spec.Row
	errors                           map[string]int64 // by the first word of the reply
	errorReplies                     int64
	peakMemory                       int64

	// rates over the last 16 samples, one a cron run
	samples    [3]rate
	lastSample int64
}

type callStatistics struct {
	calls, microseconds, rejected, failed int64
}

// rate is an instantaneous metric: the mean of the last samples a second.
type rate struct {
	last   int64
	values [16]int64
	next   int
}

func (r *rate) add(total, elapsed int64) {
	if elapsed > 0 {
		r.values[r.next] = (total - r.last) * 1000000 / elapsed
		r.next = (r.next + 1) % len(r.values)
	}
	r.last = total
}

func (r *rate) mean() int64 {
	sum := int64(0)
	for _, v := range r.values {
		sum += v
	}
	return sum / int64(len(r.values))
}

func (st *statistics) init(rows int) {
	st.calls = make([]callStatistics, rows)
	st.errors = map[string]int64{}
}

// reset is CONFIG RESETSTAT.
func (st *statistics) reset() {
	monitors, rows := st.monitors, len(st.calls)
	*st = statistics{monitors: monitors}
	st.init(rows)
}

func (st *statistics) sample(now int64, s *Server) {
	elapsed := now - st.lastSample
	if elapsed < 100000 {
		return
	}
	st.lastSample = now
	st.samples[0].add(st.commands, elapsed)
	st.samples[1].add(st.netInput, elapsed)
	st.samples[2].add(st.netOutput, elapsed)
	st.peakMemory = max(st.peakMemory, s.UsedMemory())
}

func (st *statistics) ran(spec *command.Spec, duration int64, failed bool) {
	c := &st.calls[spec.Row()]
	c.calls++
	c.microseconds += duration
	if failed {
		c.failed++
	}
}

func (st *statistics) rejected(spec *command.Spec) { st.calls[spec.Row()].rejected++ }

// errorReply counts an error under its first word.
func (st *statistics) errorReply(text string) {
	st.errorReplies++
	code, _, _ := strings.Cut(text, " ")
	st.errors[code]++
}

// ResetStatistics is CONFIG RESETSTAT.
func (s *Server) ResetStatistics() {
	s.stats.reset()
	s.space.Hits, s.space.Misses, s.space.ExpiredKeys = 0, 0, 0
	s.aof.delayedSyncs = 0
}

// UsedMemory is the bytes that keys and values, clients' buffers and the
// append-only buffer occupy. What the Go runtime needs beside them is not in
// it.
func (s *Server) UsedMemory() int64 {
	total := s.space.Arena.Used() + int64(cap(s.aof.buffer)) + fixedMemory
	for _, db := range s.space.DBs {
		total += db.Overhead()
	}
	for _, c := range s.order {
		total += int64(c.writer.Len()) + int64(c.reader.MemoryUsage())
	}
	return total
}

// fixedMemory stands for the tables every server has: commands, configuration.
const fixedMemory = 800 << 10

func (s *Server) eventStats() event.Stats {
	st := event.Stats{Now: s.now, Memory: s.UsedMemory(), Commands: s.stats.commands, ExpiredKeys: s.space.ExpiredKeys}
	for _, db := range s.space.DBs {
		st.Keys += int64(db.Len())
		st.WithTTL += int64(db.Volatile())
	}
	return st
}

// slowlog is the log of commands that took long by the host's stopwatch.
type slowlog struct {
	entries []SlowCommand // newest first
	nextID  int64
}

// SlowCommand is one entry of SLOWLOG.
type SlowCommand struct {
	ID, At, Duration int64 // At in Unix seconds, Duration in microseconds
	Args             [][]byte
	Address, Name    string
}

func (l *slowlog) note(s *Server, ctx *command.Context, args [][]byte, duration int64) {
	limit := s.config.SlowlogLogSlowerThan
	if limit < 0 || duration < limit || ctx.Spec.Flags&command.SkipSlowlog != 0 {
		return
	}
	e := SlowCommand{ID: l.nextID, At: s.now / 1000000, Duration: duration, Address: ctx.Client.Address, Name: ctx.Client.Name}
	l.nextID++
	const maxArgs, maxBytes = 32, 128
	for i, a := range args {
		if i == maxArgs-1 && len(args) > maxArgs {
			e.Args = append(e.Args, []byte("... ("+strconv.Itoa(len(args)-i)+" more arguments)"))
			break
		}
		if len(a) > maxBytes {
			a = append(slices.Clone(a[:maxBytes]), "... ("+strconv.Itoa(len(a)-maxBytes)+" more bytes)"...)
		}
		e.Args = append(e.Args, slices.Clone(a))
	}
	l.entries = slices.Insert(l.entries, 0, e)
	if int64(len(l.entries)) > s.config.SlowlogMaxLen {
		l.entries = l.entries[:s.config.SlowlogMaxLen]
	}
}

func itoa[T int | int64](n T) string { return strconv.FormatInt(int64(n), 10) }

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// appendQuoted appends a word as MONITOR and the log show it: in quotes, with
// escapes for what is not printable.
func appendQuoted(dst, b []byte) []byte {
	const hex = "0123456789abcdef"
	dst = append(dst, '"')
	for _, c := range b {
		switch c {
		case '\\', '"':
			dst = append(dst, '\\', c)
		case '\n':
			dst = append(dst, `\n`...)
		case '\r':
			dst = append(dst, `\r`...)
		case '\t':
			dst = append(dst, `\t`...)
		case '\a':
			dst = append(dst, `\a`...)
		case '\b':
			dst = append(dst, `\b`...)
		default:
			if c >= 0x20 && c < 0x7f {
				dst = append(dst, c)
			} else {
				dst = append(dst, '\\', 'x', hex[c>>4], hex[c&15])
			}
		}
	}
	return append(dst, '"')
}
