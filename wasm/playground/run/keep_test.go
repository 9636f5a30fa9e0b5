package run

import (
	"bytes"
	"encoding/binary"
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
)

// A shelf keeps what a recorder hands over, as runs.js does: for each run its pieces.
type shelf struct {
	runs  [][]kept
	about []bridge.KeptRun // what the newest piece says of the run
}

type kept struct {
	data []byte
	sum  uint32
}

// keeps takes a piece; it tells whether there was one.
func (s *shelf) keeps(t *testing.T, r *Recorder, again, all bool) bool {
	t.Helper()
	p, ok := r.Keep(again, all)
	if !ok {
		return false
	}
	f := bridge.Read(p.About)
	run, offset, sum := int(f.Int()), f.Int(), uint32(f.Int())
	about := bridge.KeptRun{Version: f.Int(), Began: f.Int(), Ended: f.Int(), Inputs: f.Int(), Bytes: f.Int(), Full: f.Bool()}
	if f.Err() != nil || f.More() {
		t.Fatalf("what is said of a piece is not whole, or more: %v", f.Err())
	}
	if run == len(s.runs) {
		s.runs, s.about = append(s.runs, nil), append(s.about, about)
	}
	if offset == 0 {
		s.runs[run] = nil
	}
	for _, before := range s.runs[run] {
		offset -= int64(len(before.data))
	}
	if offset != 0 || len(p.Data) == 0 && !about.Full || len(p.Data) > keepBytes || p.Offset < 0 {
		t.Fatalf("a piece of %d bytes at %d does not follow the one before", len(p.Data), p.Offset)
	}
	s.runs[run], s.about[run] = append(s.runs[run], kept{bytes.Clone(p.Data), sum}), about
	return true
}

// pieces is a run as Found brings it.
func (s *shelf) pieces(run int) []byte {
	b := binary.LittleEndian.AppendUint32(nil, version)
	for _, p := range s.runs[run] {
		b = binary.LittleEndian.AppendUint32(b, uint32(len(p.data)))
		b = binary.LittleEndian.AppendUint32(b, p.sum)
		b = append(b, p.data...)
	}
	return b
}

// Whenever a browser is killed, what it has kept of a run plays to the same bytes as
// the run itself, up to there.
func TestARunThatWasKeptIsPlayedToTheSameBytes(t *testing.T) {
	for seed := range uint64(seeds) {
		w, s := begin(t, 400+seed), shelf{}
		sizes := map[int]int64{} // of the record, by entry
		for range 200 {
			w.live()
			w.mark()
			sizes[w.recorder.log.entries] = w.recorder.log.size
			if w.random.IntN(4) == 0 {
				s.keeps(t, w.recorder, false, w.random.IntN(2) == 0)
			}
		}
		for s.keeps(t, w.recorder, false, true) {
		}
		log, err := readKept(s.pieces(0))
		if err != nil {
			t.Fatal(err)
		}
		if is, want := *log, *w.recorder.log; is.size != want.size || is.entries != want.entries || is.inputs != want.inputs || is.began != want.began || is.wall != want.wall {
			t.Fatalf("seed %d: the run is %+v and not %+v", seed, is, want)
		}
		play(t, w.recorder, log, w.marks, nothing)
		if about := s.about[0]; about.Ended != log.wall || about.Began != log.began || about.Inputs != int64(log.inputs) || about.Bytes != log.size || about.Version != version || about.Full {
			t.Errorf("seed %d: it is said to be %+v", seed, about)
		}

		// Killed while a piece was written, or the power failed before it was.
		whole := s.pieces(0)
		for range 5 {
			torn := bytes.Clone(whole)
			at := keptHeader + w.random.IntN(len(torn)-keptHeader)
			if w.random.IntN(2) == 0 {
				torn = torn[:at]
			} else {
				torn[at] ^= 1 << w.random.IntN(8)
			}
			log, err := readKept(torn)
			if err != nil {
				if err.Error() != "nothing of this run was kept" {
					t.Fatal(err)
				}
				continue
			}
			if size, marked := sizes[log.entries]; marked && size != log.size {
				t.Errorf("seed %d: after %d entries there are %d bytes, and there were %d", seed, log.entries, log.size, size)
			}
			marks := w.marks
			for i, m := range marks {
				if m.entries > log.entries {
					marks = marks[:i]
					break
				}
			}
			play(t, w.recorder, log, marks, nothing)
		}
	}
}

// types sends one command as a client of its own.
func (w *world) types(name, line string) {
	u := w.users[0]
	c := u.conn.Connect(name)
	var words [][]byte
	for _, word := range strings.Fields(line) {
		words = append(words, []byte(word))
	}
	u.conn.Send(c, resp.AppendCommand(nil, words...))
	u.conn.Disconnect(c)
}

func TestARunInWhichNobodyDidAnythingIsNotKept(t *testing.T) {
	w, s := begin(t, 1), shelf{}
	w.types(unseen, "CONFIG GET save")
	w.pass(60_000_000)
	if s.keeps(t, w.recorder, false, true) {
		t.Error("something was kept")
	}
	w.types("redis", "SET k v")
	if !s.keeps(t, w.recorder, false, false) {
		t.Fatal("nothing is kept after a command")
	}
	if s.about[0].Inputs != 1 {
		t.Errorf("there are %d inputs", s.about[0].Inputs)
	}

	// What time alone brings is not worth a piece each second.
	for s.keeps(t, w.recorder, false, false) {
	}
	w.pass(5_000_000)
	if s.keeps(t, w.recorder, false, false) {
		t.Error("an idle server is kept every few seconds")
	}
	if !s.keeps(t, w.recorder, false, true) {
		t.Error("who leaves does not take all along")
	}
	w.pass(11_000_000)
	if !s.keeps(t, w.recorder, false, false) {
		t.Error("an idle server is not kept at all")
	}
	w.pass(1_000_000)
	w.types("redis", "GET k")
	if !s.keeps(t, w.recorder, false, false) {
		t.Error("a command waits")
	}
}

// A large file that was there at the start is handed over in pieces like all else.
func TestALargeStartIsKeptInPieces(t *testing.T) {
	w := begin(t, 1)
	w.types("redis", "DEBUG POPULATE 80000 key 100")
	w.types("redis", "SAVE")
	w.pass(1_000_000)
	other, s := beginOn(t, w), shelf{}
	other.types("redis", "SET k v")
	for s.keeps(t, other.recorder, false, false) {
	}
	if len(s.runs[0]) < 8 {
		t.Fatalf("%d bytes are %d pieces", s.about[0].Bytes, len(s.runs[0]))
	}
	// The browser has lost it all: it begins anew.
	s.runs[0] = s.runs[0][:3]
	for again := true; s.keeps(t, other.recorder, again, true); again = false {
	}
	log, err := readKept(s.pieces(0))
	if err != nil || log.entries != other.recorder.log.entries {
		t.Fatalf("%v, %v", log, err)
	}
	play(t, other.recorder, log, nil, nothing)
	// As long as the start is not there, there is nothing.
	s.runs[0] = s.runs[0][:3]
	if _, err := readKept(s.pieces(0)); err == nil || err.Error() != "nothing of this run was kept" {
		t.Errorf("a run without its start: %v", err)
	}
}

// beginOn begins on what another has stored.
func beginOn(t *testing.T, before *world) *world {
	w := begin(t, 2)
	w.Store = before.Store
	w.recorder = New(w.recorder.options)
	w.recorder.Configure(bridge.Record(nil).String("idb://test").Int(2).Int(0))
	w.recorder.Stored(w.Image(0, ""), w.wall)
	w.pass(1_000_000)
	return w
}

// Who goes on from another moment begins another run; the one that is left is kept
// to its end, and says how many inputs it had, as the new one does.
func TestABranchIsARunOfItsOwn(t *testing.T) {
	w, s := begin(t, 3), shelf{}
	for _, line := range []string{"SET a 1", "SET b 2", "SET c 3"} {
		w.types("redis", line)
		w.pass(2_000_000)
	}
	s.keeps(t, w.recorder, false, false)
	w.types("redis", "SET d 4")
	left := fingerprint(t, w.recorder.live)
	w.call(bridge.OpRunOpen, nil)
	w.seek(-1)
	var from bridge.Moment
	for n := 0; !strings.HasPrefix(from.Text, "redis: SET b 2"); n++ {
		from = w.seek(n)
	}
	w.call(bridge.OpRunBranch, nil)
	w.types("redis", "SET e 5")
	w.pass(1_000_000)
	now := fingerprint(t, w.recorder.live)
	for s.keeps(t, w.recorder, false, true) {
	}
	if len(s.runs) != 2 {
		t.Fatalf("there are %d runs", len(s.runs))
	}
	for run, want := range []struct {
		inputs int64
		print  uint64
	}{{4, left}, {3, now}} {
		log, err := readKept(s.pieces(run))
		if err != nil {
			t.Fatal(err)
		}
		if s.about[run].Inputs != want.inputs || log.inputs != int(want.inputs) {
			t.Errorf("run %d has %d inputs, and says %d", run, log.inputs, s.about[run].Inputs)
		}
		var at *stage
		play(t, w.recorder, log, nil, func(s *stage) { at = s })
		if got := fingerprint(t, at); got != want.print {
			t.Errorf("run %d ends with other data", run)
		}
	}
}

// The page asks what there is, looks at a run and saves it; where it cannot be had
// it is told why.
func TestTheShelfIsAsked(t *testing.T) {
	w, s := begin(t, 5), shelf{}
	if k, err := bridge.ReadKeptRuns(w.call(bridge.OpRunKept, nil)); err != nil || k.Keeping != bridge.KeptNowhere || len(k.Runs) != 0 {
		t.Errorf("without a shelf there is %+v, %v", k, err)
	}
	for range 100 {
		w.live()
	}
	w.types("redis", "SET k v")
	for s.keeps(t, w.recorder, false, true) {
	}
	want := fingerprint(t, w.recorder.live)

	other := begin(t, 6)
	list := bridge.KeptRuns{Keeping: bridge.KeptHere, Bytes: 7, Runs: []bridge.KeptRun{{ID: "x", Version: 1, Began: 2, Ended: 3, Inputs: 4, Bytes: 5, Kept: 6, Full: true, Left: true}}}
	var tokens []uint32
	var asked [][]byte
	other.recorder.Shelf = func(token uint32, question []byte) {
		tokens, asked = append(tokens, token), append(asked, question)
	}
	answers := make([]string, 3)
	ask := func(i int, op bridge.Op, payload bridge.Record) {
		other.users[0].conn.Control(op, payload, func(b []byte, err error) {
			if answers[i] = string(b); err != nil {
				answers[i] = "failed: " + err.Error()
			}
		})
	}
	ask(0, bridge.OpRunKept, nil)
	ask(1, bridge.OpRunSave, bridge.Record(nil).String("x"))
	ask(2, bridge.OpRunLook, bridge.Record(nil).String("x"))
	other.pass(1_000_000) // the answers take their time
	if answers[0]+answers[1]+answers[2] != "" || len(asked) != 3 || string(asked[1]) != "\x2a\x01\x00\x00\x00x" {
		t.Fatalf("%q were answered, %q asked", answers, asked)
	}
	entries := other.recorder.log.entries
	other.recorder.Found(tokens[2], s.pieces(0), "")
	other.recorder.Found(tokens[1], s.pieces(0), "")
	other.recorder.Found(tokens[0], list.Append(nil), "")
	if got, err := bridge.ReadKeptRuns([]byte(answers[0])); err != nil || len(got.Runs) != 1 || got.Runs[0] != list.Runs[0] || got.Bytes != 7 {
		t.Errorf("there is %+v, %v", got, err)
	}
	other.seek(-1)
	if got := fingerprint(t, other.recorder.past.stage); got != want {
		t.Error("the run that was kept ends with other data")
	}
	file := bridge.Read([]byte(answers[1])).Bytes()
	other.call(bridge.OpRunLoad, bridge.Record(nil).Bytes(file))
	other.seek(-1)
	if got := fingerprint(t, other.recorder.past.stage); got != want {
		t.Error("the file of the run that was kept ends with other data")
	}
	if other.recorder.log.entries != entries {
		t.Error("who looks is recorded")
	}

	pieces := s.pieces(0)
	pieces[0]++
	for _, c := range []struct {
		data    []byte
		failure string
		want    string
	}{
		{pieces, "", "this run is of version 2 of its format; version 1 can be read"},
		{nil, "", "nothing of this run was kept"},
		{nil, "this run has been forgotten", "this run has been forgotten"},
	} {
		ask(0, bridge.OpRunLook, bridge.Record(nil).String("x"))
		other.recorder.Found(tokens[len(tokens)-1], c.data, c.failure)
		if answers[0] != "failed: "+c.want {
			t.Errorf("it is answered %q and not %q", answers[0], c.want)
		}
	}
}

// A record ends where it is full, and what is kept of it with it.
func TestAFullRecordIsKeptAsFarAsItGoes(t *testing.T) {
	w, s := begin(t, 8), shelf{}
	u := w.users[0]
	c := u.conn.Connect("redis")
	value := bytes.Repeat([]byte("x"), 1<<20)
	for i := range byte(70) {
		u.conn.Send(c, resp.AppendCommand(nil, []byte("SET"), []byte{'k', '0' + i%10}, value))
		w.pass(10_000)
		for s.keeps(t, w.recorder, false, true) { // so that all is there before it is full
		}
	}
	for s.keeps(t, w.recorder, false, true) {
	}
	if about := s.about[0]; !about.Full || about.Bytes > Limit || about.Bytes < Limit-2<<20 {
		t.Errorf("the run is said to be %+v", about)
	}
	log, err := readKept(s.pieces(0))
	if err != nil || log.entries != w.recorder.log.entries || log.size != w.recorder.log.size || log.inputs != int(s.about[0].Inputs) {
		t.Errorf("%d entries of %d, %d inputs of %d, %v", log.entries, w.recorder.log.entries, log.inputs, s.about[0].Inputs, err)
	}
}
