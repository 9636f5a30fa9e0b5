package server

import "everysec/engine/config"

// A host may copy a Server as it lies in memory, value for value, with its disk
// and its clients, to come back to this moment later. What is here is what such
// a copy cannot have by itself: functions, and the stacks of scripts.

// Rest gives back the stack that no script uses at the moment, and tells whether
// all that the server keeps can be copied.
func (s *Server) Rest() bool {
	if s.busy != nil {
		return false
	}
	s.abandonScript()
	w := s.scripts.world
	return w == nil || !w.Keeps()
}

// Surround gives a copy its surroundings: it has none yet.
func (s *Server) Surround(stopwatch func() int64) {
	s.stopwatch = stopwatch
	s.space.FieldsExpired = s.fieldsExpired
	s.config.Includes = func(pattern string) ([]config.Included, error) { return includes(s.fs, pattern) }
}
