package run

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"testing"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
)

func always() bool { return true }

// whole is all that can be seen of a stage: every byte of its files and what the
// disk has of them, its data, and what the page asks for.
func whole(t *testing.T, s *stage) []byte {
	t.Helper()
	all := binary.LittleEndian.AppendUint64(nil, fingerprint(t, s))
	for _, op := range []bridge.Op{bridge.OpState, bridge.OpFiles, bridge.OpExport, bridge.OpTable} {
		b, err := s.host.Ask(op, bridge.Record(nil).Int(0))
		if err != nil {
			b = []byte(err.Error())
		}
		all = append(append(all, byte(op)), b...)
	}
	return all
}

// goOn plays a stage to the end of its log, and returns a hash of all that it
// posts on the way.
func goOn(t *testing.T, s *stage, entries int) (posted uint64) {
	t.Helper()
	s.hear = func(batch []byte) { posted = hash(posted, batch) }
	for s.in.played < entries {
		if _, err := s.play(); err != nil {
			t.Fatal(err)
		}
		if s.in.strayed {
			t.Fatalf("entry %d: the stopwatch is read more or less often", s.in.played)
		}
	}
	return posted
}

// A moment that is reached from a keyframe is the moment that is reached from the
// start: the same bytes in memory and in the files, and the same from there on.
func TestAKeyframeIsTheMoment(t *testing.T) {
	frames, reached := 0, 0
	for seed := range uint64(seeds) {
		w := begin(t, 300+seed)
		r := w.recorder
		r.every = 1 // as many as there can be
		for range 400 {
			w.live()
			if !r.live.host.Glance().Up && w.random.IntN(4) > 0 { // a server that is down has little to forget
				w.users[0].conn.Control(bridge.OpRestart, nil, nil)
			}
		}
		w.call(bridge.OpRunOpen, nil)
		w.seek(-1)
		p := r.past
		frames += len(p.frames)
		for range 12 {
			to := 1 + w.random.IntN(p.end)
			if p.before(to) != nil {
				reached++
			}
			p.stage = nil // from the nearest keyframe
			if _, err := p.play(r, to, always); err != nil {
				t.Fatal(err)
			}
			fromStart := r.stage(&reader{log: r.log})
			goOn(t, fromStart, to)
			if !bytes.Equal(whole(t, p.stage), whole(t, fromStart)) {
				t.Fatalf("seed %d: entry %d is another moment when it is reached from a keyframe", seed, to)
			}
			if a, b := goOn(t, p.stage, p.end), goOn(t, fromStart, p.end); a != b {
				t.Fatalf("seed %d: what is posted after entry %d differs", seed, to)
			}
			if !bytes.Equal(whole(t, p.stage), whole(t, fromStart)) {
				t.Fatalf("seed %d: the run that goes on from entry %d ends otherwise", seed, to)
			}
		}
	}
	if frames < 10*seeds || reached < 6*seeds {
		t.Errorf("only %d keyframes were made, and %d moments reached from one", frames, reached)
	}
	t.Logf("%d keyframes, %d of %d moments reached from one", frames, reached, 12*seeds)
}

// held is what the keyframes hold, counted anew.
func held(k *keyframes) (bytes int64) {
	seen := map[*block]bool{}
	for _, f := range k.frames {
		bytes += f.own
		for _, b := range f.blocks {
			if !seen[b] {
				seen[b] = true
				bytes += b.size
			}
		}
	}
	return bytes
}

// However long a run is, its keyframes are few, hold no more than the limit, and
// stand all over it; what is between two of them can be reached all the same.
func TestKeyframesAreBounded(t *testing.T) {
	w := begin(t, 7)
	r := w.recorder
	r.every = 1
	c := w.users[1].conn.Connect("redis")
	for n := range 4000 {
		w.users[1].conn.Send(c, resp.AppendCommand(nil, []byte("SET"), fmt.Appendf(nil, "k%d", n%200), bytes.Repeat([]byte{byte(n)}, 4000)))
		if n%10 == 0 {
			w.pass(100_000)
		}
	}
	for _, limit := range []int64{keyframeBytes, 20 << 20, 3 << 20, 1 << 20} {
		p := r.lookAt(r.log)
		p.limit = limit
		if _, err := p.play(r, p.end, always); err != nil {
			t.Fatal(err)
		}
		if len(p.frames) > keyframeMost || p.bytes > limit {
			t.Errorf("limit %d: %d keyframes of %d bytes", limit, len(p.frames), p.bytes)
		}
		if got := held(&p.keyframes); got != p.bytes {
			t.Errorf("limit %d: the keyframes hold %d bytes, and %d are counted", limit, got, p.bytes)
		}
		t.Logf("limit %d: %d keyframes of %d bytes", limit, len(p.frames), p.bytes)
		longest := 0
		for i := range p.frames {
			before := 0
			if i > 0 {
				before = p.frames[i-1].in.played
			}
			longest = max(longest, p.frames[i].in.played-before)
		}
		if few := len(p.frames); few > 3 && longest > 5*p.end/few {
			t.Errorf("limit %d: %d keyframes, and none in %d of %d entries", limit, few, longest, p.end)
		}
		if limit == keyframeBytes && len(p.frames) < keyframeMost/2 {
			t.Errorf("only %d keyframes", len(p.frames))
		}
		for range 20 {
			to := 1 + w.random.IntN(p.end)
			if _, err := p.play(r, to, always); err != nil || p.stage.in.played != to {
				t.Fatalf("limit %d: entry %d was not reached: %v", limit, to, err)
			}
			if got := held(&p.keyframes); got != p.bytes || got > limit {
				t.Fatalf("limit %d: after some seeks the keyframes hold %d bytes, and %d are counted", limit, got, p.bytes)
			}
		}
	}
}

// Keyframes outlive the look back, and what is common to a run and its branch.
func TestKeyframesAreKept(t *testing.T) {
	w := begin(t, 8)
	r := w.recorder
	r.every = 1
	for range 300 {
		w.live()
	}
	w.call(bridge.OpRunOpen, nil)
	last := w.seek(-1)
	frames := len(r.past.frames)
	if frames == 0 {
		t.Fatal("there are no keyframes")
	}
	w.call(bridge.OpRunClose, nil)
	for range 20 {
		w.live()
	}
	w.call(bridge.OpRunOpen, nil)
	if len(r.past.frames) != frames {
		t.Errorf("%d of %d keyframes were kept", len(r.past.frames), frames)
	}
	end := fingerprint(t, r.live)
	w.seek(-1)
	if fingerprint(t, r.past.stage) != end {
		t.Error("opened again, the run does not end with the present")
	}

	middle := last.Last / 2
	w.seek(int(middle))
	print, played := fingerprint(t, r.past.stage), r.past.stage.in.played
	w.call(bridge.OpRunBranch, nil)
	w.goesOn()
	w.call(bridge.OpRunOpen, nil)
	if i := r.past.after(played + 1); i == 0 || i != len(r.past.frames) {
		t.Errorf("after a branch at entry %d there are %d keyframes, %d of them before it", played, len(r.past.frames), i)
	}
	end = fingerprint(t, r.live)
	if w.seek(-1); fingerprint(t, r.past.stage) != end {
		t.Error("after a branch the run does not end with the present")
	}
	if w.seek(int(middle)); fingerprint(t, r.past.stage) != print {
		t.Error("after a branch the moment it left from is another one")
	}
}
