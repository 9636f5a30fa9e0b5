package app

import (
	"iter"
	"slices"
	"strings"
	"time"

	"everysec/engine/resp"
	"everysec/lessons"
	"everysec/wasm/bridge"
)

// What a line of a lesson that begins with "!" does.

// act does it; the line after it waits until it is done.
func (m *Model) act(r *run, a *lessons.Action) {
	l, line := m.Lesson, r.at
	done := func(m *Model) {
		r.busy = false
		r.state(l, line, Played)
		m.mark(PartLesson)
	}
	until := func(ready func(m *Model) bool) {
		r.wait = func(m *Model) bool {
			if !ready(m) {
				return false
			}
			done(m)
			return true
		}
	}
	state := func(m *Model, data []byte) {
		m.hostState(data)
		done(m)
	}
	// Behind a flood the engine does not tell of every command, until its events
	// have been fetched.
	told := func(m *Model) {
		done(m)
		at := m.Wall + 100_000
		r.wait = func(m *Model) bool { return m.Wall >= at }
	}
	r.busy = true
	switch a.Verb {
	case lessons.Crash:
		crash := Crash{Kind: bridge.CrashKind(slices.Index(lessons.Crashes[:], a.Crash)), Seed: a.Seed, N: a.Operation}
		if crash.Moment = bridge.CrashMoment(slices.Index(lessons.Moments[:], a.Moment)); a.Operation > 0 {
			crash.Moment = bridge.AtOperation
		}
		if m.Down {
			done(m)
			return
		}
		if crash.Moment != bridge.Now { // the lines that follow bring it about
			m.crash(crash, nil)
			done(m)
			return
		}
		m.crash(crash, func(m *Model) {
			done(m)
			// Long enough to be seen. Nothing can happen meanwhile: the server is down.
			up := m.Wall + 700_000
			r.wait = func(m *Model) bool { return m.Wall >= up }
		})
	case lessons.Restart:
		if !a.Refused {
			m.restart(pairs(a.Options), done)
			return
		}
		expect := r.lines[line].Expect
		m.restart(pairs(a.Options), func(m *Model) {
			r.busy = false
			r.wait = func(m *Model) bool {
				if m.Down && !m.refused.printed {
					return false
				}
				state := Played
				if !m.Down || !lessons.Match(expect, m.refused.log) {
					state = Differs
				}
				r.state(l, line, state)
				m.mark(PartLesson)
				return true
			}
		})
	case lessons.ClockAdvance:
		m.control(bridge.OpAdvance, bridge.Record(nil).Int(a.By.Microseconds()), state)
	case lessons.ClockPause:
		m.control(bridge.OpPause, nil, state)
	case lessons.ClockResume:
		m.control(bridge.OpResume, nil, state)
	case lessons.Pause, lessons.Resume:
		if c := m.openConsole(a.Console); c != nil {
			m.freeze(c, a.Verb == lessons.Pause)
		}
		done(m)
	case lessons.KillClient:
		if c := m.Console(a.Console); c != nil {
			m.hangUp(c)
			c.CLI.Closed()
			m.mark(PartConsoles)
		}
		done(m)
	case lessons.FillUp:
		m.flood(a.Fill.Commands(), 0, 0, told)
	case lessons.Traffic:
		m.flood(a.Load.Commands(), a.Load.Count, a.Load.Over, told)
	case lessons.Load:
		m.control(bridge.OpImport, bridge.Record(nil).Bytes(l.Extra(a.File)), func(m *Model, data []byte) {
			m.filesStale = true
			state(m, data)
		})
	case lessons.DiskHang, lessons.DiskAnswer:
		m.hang(a.Verb == lessons.DiskHang, done)
		m.askDisk()
	case lessons.WaitBackground:
		m.pollBackground(r, done)
	case lessons.WaitSynced:
		r.busy = false
		at := m.Wall + 100_000 // by then what was written before is known here
		until(func(m *Model) bool {
			d := &m.Durability // a background load is never all on the disk
			return m.Wall >= at && d.Synced-d.AsideSynced >= d.Last-d.AsideLast
		})
	default:
		done(m)
	}
}

// fillBatch is how many commands of a fill travel together: enough that the
// crossing does not matter, few enough that the page goes on drawing.
const fillBatch = 2000

// flood sends commands. If they come over a while of engine time, the clock
// jumps a little after each batch.
func (m *Model) flood(commands iter.Seq[[]string], count int, over time.Duration, done func(m *Model)) {
	next, stop := iter.Pull(commands)
	batch, leap := fillBatch, int64(0)
	if over > 0 {
		parts := int(over/time.Second) + 1
		batch = min(count/parts+1, fillBatch)
		leap = over.Microseconds() * int64(batch) / int64(count)
	}
	var more func(m *Model)
	more = func(m *Model) {
		sent := 0
		for sent < batch {
			words, ok := next()
			if !ok {
				break
			}
			sent++
			var then func(m *Model, v resp.Value)
			if sent == batch {
				then = func(m *Model, _ resp.Value) {
					if leap == 0 {
						more(m)
						return
					}
					m.control(bridge.OpAdvance, bridge.Record(nil).Int(leap), func(m *Model, data []byte) {
						m.hostState(data)
						more(m)
					})
				}
			}
			m.ask(0, then, words...)
		}
		if sent < batch {
			stop()
			m.ask(0, func(m *Model, _ resp.Value) { done(m) }, "PING")
		}
	}
	more(m)
}

// pollBackground waits until no child is at work, as a learner would by INFO.
func (m *Model) pollBackground(r *run, done func(m *Model)) {
	m.printed("INFO persistence", func(m *Model, reply string) {
		idle := strings.Contains(reply, "rdb_bgsave_in_progress:0") && strings.Contains(reply, "aof_rewrite_in_progress:0") &&
			strings.Contains(reply, "aof_rewrite_scheduled:0")
		if idle || m.Down {
			done(m)
			return
		}
		r.busy = false
		again := m.Wall + 60_000
		r.wait = func(m *Model) bool {
			if m.Wall < again {
				return false
			}
			r.busy, r.wait = true, nil
			m.pollBackground(r, done)
			return false
		}
	})
}
