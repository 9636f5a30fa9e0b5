package server

// The active expire cycle deletes expired keys that nobody asks for. As in
// Redis it looks at some keys of a database, and again as long as more than a
// tenth of them had expired, until its time is up: a slow cycle with every
// cron, a fast one before each sleep if the slow one did not get far enough.
// Redis measures the time; here every key is charged what it takes, so that a
// run replays. A million keys that expire at once never hold the thread longer
// than the effort allows.

type cycle int

const (
	slowCycle cycle = iota
	fastCycle
)

// What a key costs, in nanoseconds: to look at it, to delete it and say so.
const (
	sampleWork = 250
	expireWork = 2000
)

// expiring is the state of the cycle, and what INFO says of it.
type expiring struct {
	db        int   // where the next cycle begins
	outOfTime bool  // the last cycle was
	lastFast  int64 // microseconds
	// stale estimates the share of keys that have expired and are still there.
	stale    float64
	timeCaps int64 // cycles that ran out of time
	work     int64 // nanoseconds
	begun    int64 // the stopwatch when a key began to go
}

// expireEffort is what active-expire-effort, 1 to 10, amounts to.
type expireEffort struct {
	keys       int   // looked at in one go
	fast       int64 // nanoseconds of a fast cycle
	slow       int64 // percent of the time between crons, for a slow one
	acceptable int   // percent of expired keys not to bother about
}

func (s *Server) expireEffort() expireEffort {
	effort := s.config.ActiveExpireEffort - 1
	return expireEffort{20 + 5*effort, 1_000_000 + 250_000*int64(effort), 25 + 2*int64(effort), 10 - effort}
}

func (s *Server) activeExpireCycle(kind cycle) {
	if s.space.KeepExpired {
		return
	}
	x, effort := &s.expiring, s.expireEffort()
	limit := effort.slow * 10_000_000 / int64(s.hz())
	if kind == fastCycle {
		if !x.outOfTime && x.stale*100 < float64(effort.acceptable) || s.now < x.lastFast+effort.fast/1000*2 {
			return
		}
		x.lastFast, limit = s.now, effort.fast
	}
	x.outOfTime = false
	begun := s.begin()
	totalSampled, totalExpired, work := 0, 0, int64(0)
	for range s.space.DBs {
		db := s.space.DBs[x.db]
		x.db = (x.db + 1) % len(s.space.DBs)
		for rounds := 1; db.Volatile() > 0; rounds++ {
			sampled, expired := db.ExpireSample(effort.keys)
			totalSampled, totalExpired = totalSampled+sampled, totalExpired+expired
			work += int64(sampled)*sampleWork + int64(expired)*expireWork
			if rounds%16 == 0 && work > limit {
				x.outOfTime = true
				x.timeCaps++
				break
			}
			if sampled == 0 || expired*100/sampled <= effort.acceptable {
				break
			}
		}
		if x.outOfTime {
			break
		}
		db.ExpireFieldsSample(int((limit - work) / expireWork / 16))
	}
	x.work += work
	current := 0.0
	if totalSampled > 0 {
		current = float64(totalExpired) / float64(totalSampled)
	}
	x.stale = current*0.05 + x.stale*0.95
	s.ended("expire-cycle", begun)
	s.flushUnit()
}

// KeyExpiring measures how long a deletion takes.
func (s *Server) KeyExpiring(done bool) {
	if done {
		s.ended("expire-del", s.expiring.begun)
	} else {
		s.expiring.begun = s.begin()
	}
}

// SetActiveExpire is DEBUG SET-ACTIVE-EXPIRE.
func (s *Server) SetActiveExpire(on bool) { s.activeExpire = on }

// hz is how often a second cron runs: more often where there are so many
// clients that each run would have to look at more than 200 of them.
func (s *Server) hz() int {
	const clientsPerRun, most = 200, 500
	hz := max(s.config.Hz, 1)
	if s.config.DynamicHz {
		for len(s.order)/hz > clientsPerRun && hz < most {
			hz = min(hz*2, most)
		}
	}
	return hz
}
