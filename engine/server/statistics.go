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
	connections, rejectedConnections, evictedClients int64
	reads, writes                                    int64 // of connections, as Redis counts system calls
	replyShrinks, replyExpands                       int64
	commands                                         int64
	netInput, netOutput                              int64
	monitors                                         int
	calls                                            []callStatistics // by command.Spec.Row
	errors                                           map[string]int64 // by the first word of the reply
	lastError                                        string           // the newest
	errorReplies                                     int64
	unexpectedErrors                                 int64 // of commands in an append-only file
	peakMemory                                       int64

	// rates over the last 16 samples, one a cron run
	samples    [3]rate
	lastSample int64
}

type callStatistics struct {
	calls, microseconds, rejected, failed int64
	levels                                *command.LatencyLevels // nil until the first call
}

// tookLevel counts a call in the histogram.
func (c *callStatistics) tookLevel(level int) {
	if c.levels == nil {
		c.levels = new(command.LatencyLevels)
	}
	c.levels[level]++
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

// errorReply counts an error under its first word, or under ERR where that
// does not end early enough.
func (st *statistics) errorReply(text string) {
	st.errorReplies++
	code, _, found := strings.Cut(text[:min(len(text), maxErrorCode+1)], " ")
	if !found {
		code = "ERR"
	}
	if _, known := st.errors[code]; known || len(st.errors) < maxErrorCodes {
		st.errors[strings.Clone(code)]++
	}
	st.lastError = strings.Clone(text[:min(len(text), 256)])
}

// Scripts can make up codes: they are not remembered without end.
const (
	maxErrorCodes = 1000
	maxErrorCode  = 30
)

// failure counts the error that a reply is, unless it is one that a script
// has passed on: before is how many errors there were before the command.
func (st *statistics) failure(reply []byte, before int64) {
	end := 1
	for end < len(reply) && reply[end] != '\r' {
		end++
	}
	if text := string(reply[1:end]); before == st.errorReplies || !strings.HasPrefix(text, st.lastError) {
		st.errorReply(text)
	}
}

// ResetStatistics is CONFIG RESETSTAT.
func (s *Server) ResetStatistics() {
	s.stats.reset()
	s.aside.reset()
	s.space.Hits, s.space.Misses, s.space.ExpiredKeys, s.space.ExpiredFields = 0, 0, 0, 0
	s.aof.delayedSyncs, s.aof.rewrites, s.rdb.saves = 0, 0, 0
	s.aof.rewriteFailures, s.aof.rewriteRetryAt = 0, 0 // as in Redis the next one need not wait
	s.expiring.stale, s.expiring.timeCaps, s.expiring.work = 0, 0, 0
	s.eviction.keys, s.eviction.over, s.eviction.overBefore = 0, false, 0
}

func (s *Server) eventStats() event.Stats {
	st := event.Stats{Now: s.now, Memory: s.UsedMemory(), Commands: s.stats.commands, ExpiredKeys: s.space.ExpiredKeys, EvictedKeys: s.eviction.keys}
	for _, db := range s.space.DBs {
		st.Keys += int64(db.Len())
		st.WithTTL += int64(db.Volatile())
	}
	return st
}

// noteSlow puts a command that took long into the slow log.
func (s *Server) noteSlow(ctx *command.Context, spec *command.Spec, args [][]byte, duration int64) {
	limit := s.config.SlowlogLogSlowerThan
	if limit < 0 || duration < limit || spec.Flags&command.SkipSlowlog != 0 {
		return
	}
	e := command.SlowEntry{At: s.now / 1000000, Duration: duration, Address: ctx.Client.Address, Name: ctx.Client.Name}
	if ctx.InScript {
		e.Address = "?:0" // the client of scripts has none
	}
	const maxArgs, maxBytes = 32, 128
	args = redacted(spec, args)
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
	s.slowlog.Add(e, s.config.SlowlogMaxLen)
}

// redacted puts "(redacted)" in the place of passwords, for MONITOR and the
// slow log.
func redacted(spec *command.Spec, args [][]byte) [][]byte {
	var hide []int
	from := func(first int) {
		for i := first; i < len(args); i++ {
			hide = append(hide, i)
		}
	}
	switch spec.FullName() {
	case "auth":
		from(1)
	case "hello":
		for i := 2; i+2 < len(args); i++ {
			if command.Is(args[i], "AUTH") {
				hide = append(hide, i+1, i+2)
				i += 2
			}
		}
	case "config|set":
		for i := 2; i+1 < len(args); i += 2 {
			switch strings.ToLower(string(args[i])) {
			case "requirepass", "masterauth", "masteruser", "tls-key-file-pass", "tls-client-key-file-pass":
				hide = append(hide, i+1)
			}
		}
	case "acl|setuser", "acl|getuser", "acl|deluser":
		from(2)
	case "migrate":
		for i := 6; i < len(args); i++ {
			switch {
			case command.Is(args[i], "AUTH") && i+1 < len(args):
				hide = append(hide, i+1)
			case command.Is(args[i], "AUTH2") && i+2 < len(args):
				hide = append(hide, i+1, i+2)
			}
		}
	}
	if hide == nil {
		return args
	}
	shown := slices.Clone(args)
	for _, i := range hide {
		shown[i] = []byte("(redacted)")
	}
	return shown
}

// noteLatency keeps a duration in milliseconds that passes the threshold of
// the latency monitor.
func (s *Server) noteLatency(event string, milliseconds int64) {
	if limit := s.config.LatencyMonitorThreshold; limit != 0 && milliseconds >= limit {
		s.latency.Add(event, s.now/1000000, milliseconds)
	}
}

// begin and ended measure what the latency monitor asks for by the host's
// stopwatch.
func (s *Server) begin() (begun int64) {
	if s.config.LatencyMonitorThreshold == 0 || s.stopwatch == nil {
		return 0
	}
	return s.stopwatch()
}

func (s *Server) ended(event string, begun int64) {
	if begun != 0 {
		s.noteLatency(event, (s.stopwatch()-begun)/1000)
	}
}

// SlowLog is the log of SLOWLOG, Latency the spikes of LATENCY.
func (s *Server) SlowLog() *command.SlowLog        { return &s.slowlog }
func (s *Server) Latency() *command.LatencyMonitor { return &s.latency }

// Durations is how long the calls of a command took; nil if it was never
// called.
func (s *Server) Durations(spec *command.Spec) *command.LatencyLevels {
	s.readStopwatch() // what was measured together
	return s.stats.calls[spec.Row()].levels
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
