package server

import "everysec/engine/command"

// How long commands take, for commandstats, the slow log and the page. Reading
// the host's stopwatch costs a third of a GET in a browser, so it is read as
// seldom as the answer allows: a command begins where the last one ended, and
// brief commands are measured together, each counted with an equal share.

// group is the brief commands that ran since the stopwatch was read.
type group struct {
	brief []bool // by command.Spec.Row
	rows  [64]uint16
	n     int
}

func (g *group) init(t *command.Table) {
	g.brief = make([]bool, t.Rows())
	for _, spec := range t.All() {
		// SET lacks the flag in Redis, too, but is as brief as those that have it.
		g.brief[spec.Row()] = spec.Flags&command.Fast != 0 || spec.Name == "set"
	}
}

// measuresTogether tells whether a command need not be measured alone. One with
// many arguments may be long, and who asks for a slow log of microseconds, or
// watches every command, wants to know of each.
func (s *Server) measuresTogether(spec *command.Spec, args [][]byte) bool {
	const fewArguments, coarse = 8, 1000
	if !s.group.brief[spec.Row()] || len(args) > fewArguments || s.observed.drained && (len(s.observed.commands) < commandLimit || s.current.tellsWait(s.now)) {
		return false
	}
	limit := s.config.SlowlogLogSlowerThan
	return limit < 0 || limit >= coarse
}

// measureTogether counts a brief command, to be measured with its like.
func (s *Server) measureTogether(spec *command.Spec) {
	g := &s.group
	g.rows[g.n] = uint16(spec.Row())
	if g.n++; g.n == len(g.rows) {
		s.readStopwatch()
	}
}

// readStopwatch reads the host's stopwatch and gives the brief commands since
// the last reading their time.
func (s *Server) readStopwatch() int64 {
	if s.stopwatch == nil {
		s.countTogether(0)
		s.group.n = 0
		return 0
	}
	now := s.stopwatch()
	if g := &s.group; g.n > 0 {
		// What does not divide goes to the last: no time is lost.
		elapsed := now - s.lap
		share := elapsed / int64(g.n)
		for _, row := range g.rows[:g.n] {
			s.stats.calls[row].microseconds += share
		}
		s.stats.calls[g.rows[g.n-1]].microseconds += elapsed - share*int64(g.n)
		s.countTogether(share)
		g.n = 0
	}
	s.lap = now
	return now
}

// countTogether puts the brief commands into the histograms.
func (s *Server) countTogether(share int64) {
	g := &s.group
	if g.n == 0 || !s.config.LatencyTracking {
		return
	}
	level := command.Level(share)
	for _, row := range g.rows[:g.n] {
		s.stats.calls[row].tookLevel(level)
	}
}
