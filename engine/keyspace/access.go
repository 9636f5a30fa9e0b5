package keyspace

// When a key was used last, or how often: what eviction goes by. As in Redis
// it is 24 bits a key, in Value.Clock. Under an LFU policy they are the minute
// of the last decrement and a counter of 8 bits that grows the slower, the
// higher it is; otherwise they are a clock of seconds. Switching from one to
// the other leaves nonsense that wears off, as Redis warns.

const (
	clockMax = 1<<24 - 1

	// FrequencyInitial is the counter of a new key: above 0, so that it lives
	// long enough to be used again.
	FrequencyInitial = 5
	frequencyMax     = 255
)

// Access is how uses of keys are noted.
type Access struct {
	// LFU counts uses; otherwise their time is noted.
	LFU bool
	// LogFactor is how hard the counter is to raise, DecayTime the minutes
	// without a use that lower it by one; 0: it is never lowered.
	LogFactor, DecayTime int
	// Off leaves the clocks alone, for CLIENT NO-TOUCH.
	Off bool
}

// touch notes a use.
func (s *Space) touch(e *Entry) {
	switch {
	case s.Access.Off:
	case s.Access.LFU:
		e.Value.Clock = s.minutes()<<8 | s.raised(s.decayed(e.Value.Clock))
	default:
		e.Value.Clock = s.clock()
	}
}

// newClock is the clock of a key that has just come.
func (s *Space) newClock() uint32 {
	if s.Access.LFU {
		return s.minutes()<<8 | FrequencyInitial
	}
	return s.clock()
}

// clock is Redis's LRU clock: seconds in 24 bits.
func (s *Space) clock() uint32 { return uint32(s.Now/1000) & clockMax }

// minutes is the clock of LFU, in 16 bits.
func (s *Space) minutes() uint32 { return uint32(s.Now/60000) & 0xffff }

// IdleSeconds is the time since e was last used.
func (s *Space) IdleSeconds(e *Entry) int64 {
	now, used := int64(s.clock()), int64(e.Value.Clock)
	if now < used {
		return now + clockMax - used
	}
	return now - used
}

// Frequency is the counter of e, lowered by the time that passed.
func (s *Space) Frequency(e *Entry) int { return int(s.decayed(e.Value.Clock)) }

func (s *Space) decayed(clock uint32) uint32 {
	counter, last, now := clock&0xff, clock>>8, s.minutes()
	if s.Access.DecayTime == 0 {
		return counter
	}
	elapsed := now - last
	if now < last {
		elapsed = 0xffff - last + now
	}
	if periods := elapsed / uint32(s.Access.DecayTime); periods < counter {
		return counter - periods
	}
	return 0
}

// raised adds one to a counter with a chance of one in (counter x LogFactor).
func (s *Space) raised(counter uint32) uint32 {
	if counter == frequencyMax {
		return counter
	}
	base := 0.0
	if counter > FrequencyInitial {
		base = float64(counter - FrequencyInitial)
	}
	if s.Random.Float64() < 1/(base*float64(s.Access.LogFactor)+1) {
		counter++
	}
	return counter
}

// SetUse gives a key the use that RESTORE or a file says it had, as far as the
// policy asks for it: seconds without use, or a counter; -1: not said.
func (s *Space) SetUse(e *Entry, idle, frequency int64) {
	if s.Access.LFU {
		if frequency >= 0 {
			e.Value.Clock = s.minutes()<<8 | uint32(frequency)
		}
		return
	}
	if idle < 0 {
		return
	}
	clock := int64(s.clock())
	if clock < idle { // longer than the clock goes back: half a round, as in Redis
		e.Value.Clock = uint32((clock + clockMax/2) % clockMax)
		return
	}
	e.Value.Clock = uint32(clock - idle)
}
