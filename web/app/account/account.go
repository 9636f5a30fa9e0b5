// Package account sets side by side, after a crash, what had been acknowledged,
// what of it survived and what was lost: key by key, and write by write, each
// with the reason.
//
// The idea: the host has compared all keys, and the engine reports on the writes.
// What each knows of a key is put together here, one line at a time, as only the
// lines that are looked at are ever wanted.
package account

import (
	"slices"
	"strings"

	"everysec/engine/event"
	"everysec/wasm/bridge"
	"everysec/web/app"
	"everysec/web/words"
)

// Cell is one of the three sides of a line.
type Cell struct {
	What string // a value or a command; "": nothing is there
	Why  string // or when
}

// Line is a key or a write.
type Line struct {
	Key                          string // "" for a write
	Fate                         string // in one word
	Acknowledged, Survived, Lost Cell
}

// Sides are the lines of an account.
type Sides struct {
	keys   []bridge.KeyFate
	writes []event.CrashWrite
	order  []int32 // of the writes: those that were lost first, each newest first
	sought string
	found  struct{ keys, writes []int32 } // in keys and order; what is sought
	told   bool                           // every write is told one by one
	folder string                         // of the append-only files, with its slash
	of     map[string]*traces
}

// traces are the writes to a key, by their place in the report plus 1.
type traces struct {
	acknowledged, survived, lost, open int32 // the newest of each
	others                             int32 // that were lost, too
}

const older = "written before the writes that are told one by one"

// fates are in one word, and a sign for those who see.
var fates = [...]string{
	bridge.Survived: "survived", bridge.Reverted: "older", bridge.Lost: "lost",
	bridge.Returned: "back", bridge.Expired: "expired", bridge.Open: "open",
}

// New takes an account that is complete. It keeps what it is given.
func New(r *app.CrashReport) *Sides {
	s := &Sides{keys: r.Account.Keys, of: map[string]*traces{}}
	if r.Report == nil {
		return s
	}
	s.writes = r.Report.Writes
	told := r.Report.Acknowledged + r.Report.Unacknowledged
	s.told = int64(len(s.writes)) == told
	for _, f := range r.Report.Files {
		s.folder = f.Name[:strings.LastIndexByte(f.Name, '/')+1]
	}
	for _, lost := range [...]bool{true, false} {
		for i := range s.writes {
			if (s.writes[i].Fate == event.WriteLost) == lost {
				s.order = append(s.order, int32(i))
			}
		}
	}
	for i := range s.writes {
		w, n := &s.writes[i], int32(i)+1
		for _, key := range w.Keys {
			name := place(w.DB, key)
			t := s.of[name]
			if t == nil {
				t = &traces{}
				s.of[name] = t
			}
			first := func(place *int32) bool {
				if *place != 0 {
					return false
				}
				*place = n
				return true
			}
			if w.Fate == event.WriteSurvived {
				first(&t.survived)
			}
			switch {
			case !w.Acknowledged:
				first(&t.open)
			case w.Fate == event.WriteLost && !first(&t.lost):
				t.others++
			}
			if w.Acknowledged {
				first(&t.acknowledged)
			}
		}
	}
	return s
}

func place(db int, key string) string { return app.Count(int64(db)) + " " + key }

// Seek leaves the keys whose names have a text in them, and the writes of whose
// commands or keys it is a part. "" is a part of all.
func (s *Sides) Seek(text string) {
	s.sought, s.found.keys, s.found.writes = text, nil, nil
	if text == "" {
		return
	}
	for i := range s.keys {
		if name := string(s.keys[i].Key); strings.Contains(name, text) || strings.Contains(app.KeyName(name), text) {
			s.found.keys = append(s.found.keys, int32(i))
		}
	}
	has := func(key string) bool { return strings.Contains(key, text) }
	for _, i := range s.order {
		if w := &s.writes[i]; has(w.Command) || slices.ContainsFunc(w.Keys, has) {
			s.found.writes = append(s.found.writes, i)
		}
	}
}

// Keys is how many keys are told.
func (s *Sides) Keys() int {
	if s.sought != "" {
		return len(s.found.keys)
	}
	return len(s.keys)
}

// Writes is how many writes are told.
func (s *Sides) Writes() int {
	if s.sought != "" {
		return len(s.found.writes)
	}
	return len(s.order)
}

// Write is one line of the writes.
func (s *Sides) Write(i int) Line {
	of := s.order
	if s.sought != "" {
		of = s.found.writes
	}
	w := &s.writes[of[i]]
	l := Line{Fate: "unknown", Acknowledged: Cell{w.Command, words.Say("at {time}", app.Clock(w.At))}}
	if !w.Acknowledged {
		l.Acknowledged.Why = words.Say("at {time}, not acknowledged yet", app.Clock(w.At))
	}
	switch w.Fate {
	case event.WriteSurvived:
		l.Fate, l.Survived = "survived", Cell{"✓", s.why(w)}
	case event.WriteLost:
		l.Fate, l.Lost = "lost", Cell{"✕", s.why(w)}
	default:
		l.Survived = Cell{"?", s.why(w)}
	}
	return l
}

// why is the reason of a write's fate, with the time of its fsync. The folder of
// the files is always the same, and is left out.
func (s *Sides) why(w *event.CrashWrite) string {
	reason := w.Reason
	for _, folder := range [...]string{s.folder, w.File[:strings.LastIndexByte(w.File, '/')+1]} {
		if folder != "" {
			reason = strings.ReplaceAll(reason, folder, "")
		}
	}
	reason = words.Heard(reason)
	if w.SyncedAt != 0 && w.Fate == event.WriteSurvived {
		return words.Say("{reason}, on disk at {time}", reason, app.Clock(w.SyncedAt))
	}
	return reason
}

// Key is one line of the keys.
func (s *Sides) Key(i int) Line {
	if s.sought != "" {
		i = int(s.found.keys[i])
	}
	k := &s.keys[i]
	l := Line{Key: app.KeyName(string(k.Key)), Fate: fates[min(k.Fate, bridge.Open)]}
	if k.DB != 0 {
		l.Key = "[" + app.Count(k.DB) + "] " + l.Key
	}
	t := s.of[place(int(k.DB), string(k.Key))]
	if t == nil {
		t = &traces{}
	}
	write := func(n int32) *event.CrashWrite {
		if n == 0 {
			return nil
		}
		return &s.writes[n-1]
	}
	before := k.Before
	if k.Fate == bridge.Survived {
		before = k.After
	}
	l.Acknowledged.What = held(before)
	switch {
	case k.Fate == bridge.Returned:
		l.Acknowledged.What = words.Say("(deleted)")
	case before.Text == "" && k.Fate != bridge.Open:
		l.Acknowledged.What = words.Say("(not kept)")
	}
	if w := write(t.acknowledged); w != nil {
		l.Acknowledged.Why = words.Say("written at {time}", app.Clock(w.At))
	}

	l.Survived.What = held(k.After)
	if k.Fate == bridge.Survived {
		l.Survived.What = words.Say("✓ the same")
	}
	w := write(t.survived)
	switch {
	case k.Fate == bridge.Expired:
		l.Survived.What, l.Survived.Why = "–", words.Say("its time was up, and not because of the crash")
	case k.After.Text == "":
	case w != nil:
		l.Survived.Why = s.why(w)
	case !s.told:
		l.Survived.Why = words.Say(older)
	}
	if k.Fate == bridge.Reverted && l.Survived.What == l.Acknowledged.What {
		l.Survived.What = words.Say("{value} (not the same)", l.Survived.What) // the difference is behind what is shown
	}

	switch w := write(t.lost); {
	case k.Fate == bridge.Survived, k.Fate == bridge.Expired:
	case k.Fate == bridge.Open:
		l.Lost.What, l.Lost.Why = "–", words.Say("nothing acknowledged: its newest write had no reply yet")
		if w := write(t.open); w != nil {
			l.Lost.What = w.Command
		}
	case w != nil:
		l.Lost.What, l.Lost.Why = "✕ "+w.Command, s.why(w)
		if t.others > 0 {
			l.Lost.Why = words.Many(int64(t.others), "and {n} write before it: {reason}|and {n} writes before it: {reason}", l.Lost.Why)
		}
	case s.told:
		l.Lost = Cell{"✕", words.Say("no write that names it was lost: see the writes")}
	default:
		l.Lost = Cell{"✕", words.Say(older)}
	}
	return l
}

// held is what a key held, with the end of its life.
func held(k bridge.KeyState) string {
	if k.Text == "" || k.ExpireAt == 0 {
		return k.Text
	}
	return words.Say("{value} until {time}", k.Text, app.Clock(k.ExpireAt*1000))
}

// Keys tells of all keys what became of them, "" where there were none, and how
// many there is no line of.
func Keys(a *bridge.Account) string {
	var parts []string
	untold := -int64(len(a.Keys))
	add := func(fate bridge.Fate, counted string) {
		if n := a.Counts[fate]; n > 0 {
			untold += n
			parts = append(parts, words.Many(n, counted))
		}
	}
	add(bridge.Survived, "{n} key as it was|{n} keys as they were")
	add(bridge.Reverted, "{n} key with an older value|{n} keys with an older value")
	add(bridge.Lost, "{n} key gone|{n} keys gone")
	add(bridge.Returned, "{n} deleted key back|{n} deleted keys back")
	add(bridge.Expired, "{n} key expired|{n} keys expired")
	add(bridge.Open, "{n} key whose newest write had no reply yet|{n} keys whose newest write had no reply yet")
	if untold > 0 && len(a.Keys) > 0 {
		parts = append(parts, words.Many(untold, "{n} of them is counted, and not told one by one|{n} of them are counted, and not told one by one"))
	}
	return strings.Join(parts, " · ")
}

// Story is what there is to say of the whole: when it struck, what its seed was,
// what survived although nothing had promised it, and what nobody can tell.
func Story(r *app.CrashReport) string {
	var parts []string
	if o := r.Account.Operation; o != "" {
		parts = append(parts, words.Say("It struck at {operation}.", words.Heard(o)))
	}
	if r.Account.Kind != bridge.KillNine {
		parts = append(parts, words.Say("The seed was {seed}.", app.Count(r.Account.Seed)))
	}
	if e := r.Report; e != nil {
		if e.Unsynced > 0 {
			by := "{n} write survived without an fsync: on the disk by luck.|{n} writes survived without an fsync: on the disk by luck."
			if r.PageCacheLives() {
				by = "{n} write survived without an fsync: the page cache outlived the process.|{n} writes survived without an fsync: the page cache outlived the process."
			}
			parts = append(parts, words.Many(e.Unsynced, by))
		}
		if e.Unknown > 0 {
			parts = append(parts, words.Many(e.Unknown, "Of {n} write nobody can tell any more.|Of {n} writes nobody can tell any more."))
		}
		if e.Unacknowledged > 0 {
			parts = append(parts, words.Many(e.Unacknowledged, "{n} write had no reply yet, and counts on no side.|{n} writes had no reply yet, and count on no side."))
		}
		if e.Summarised > 0 {
			parts = append(parts, words.Many(e.Summarised, "{n} older write is counted, and not told one by one.|{n} older writes are counted, and not told one by one."))
		}
	}
	return strings.Join(parts, " ")
}

// Read tells of a file how much of it the start could read.
func Read(f event.FileRead) string {
	name := f.Name[strings.LastIndexByte(f.Name, '/')+1:]
	switch {
	case f.Found == 0:
		return words.Say("{file}: empty", name)
	case f.Read >= f.Found:
		return words.Say("{file}: {size}, all of it read", name, app.Bytes(f.Found))
	}
	return words.Say("{file}: {size} found, the last {rest} cut off", name, app.Bytes(f.Found), app.Bytes(f.Found-f.Read))
}
