package app_test

import (
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/wasm/bridge"
	"everysec/web/app"
)

func TestACursorIsSeenToWalkBackwards(t *testing.T) {
	p := newPage(t)
	visited := func() (s string) {
		for i := range uint64(8) {
			s += string(".x"[btoi(p.model.Walk.Visited(i))])
		}
		return s
	}
	scan := func(line, reply string) {
		p.do(app.Submit{Console: "redis", Line: line})
		p.reply("redis", reply)
	}
	scan("SCAN 0 COUNT 2", "*2|$1|6|*3|$1|a|$1|b|$1|c|")
	if got := visited(); got != "x.x.x..." {
		t.Errorf("before 6, so 0, 4 and 2: %s", got)
	}
	scan("SCAN 6", "*2|$1|5|*1|$1|d|")
	if got := visited(); got != "xxx.x.x." {
		t.Errorf("before 5: %s", got)
	}
	if w := p.model.Walk; w.Calls != 2 || w.Keys != 4 || w.Part() != 5.0/8 {
		t.Errorf("%+v, %v", w, w.Part())
	}
	scan("GET a", "$1|x|")
	scan("SCAN 5", "*2|$1|0|*0|")
	if got := visited(); got != "xxxxxxxx" || p.model.Walk.Calls != 3 {
		t.Errorf("at the end: %s", got)
	}
	scan("scan 3", "*2|$1|7|*0|")
	if got := visited(); got != "...x...." {
		t.Errorf("a walk that begins at 3: %s", got)
	}
	scan("SCAN 0", "-ERR no|")
	scan("SCAN x", "-ERR invalid cursor|")
	if got := visited(); got != "...x...." {
		t.Errorf("an error is no step: %s", got)
	}
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

func TestTheTableIsAskedForWhileItIsWatched(t *testing.T) {
	p := newPage(t)
	asked := func() bool {
		for _, c := range p.asked {
			if c.Op == bridge.OpTable {
				return true
			}
		}
		return false
	}
	wall := int64(10_000_000)
	frame := func() { wall += 150_000; p.do(app.Frame{Wall: wall}) }
	if frame(); asked() {
		t.Error("asked though nobody looks")
	}
	p.do(app.ShowAs{View: app.AsTable})
	if frame(); !asked() {
		t.Fatal("not asked at first")
	}
	table := bridge.Table{Size: [2]int64{4, 8}, Used: [2]int64{3, 2}, Rehash: 1, Chains: [2][]byte{{0, 2, 1, 0}, make([]byte, 8)}}
	p.answer(bridge.OpTable, table.Append(nil))
	got, walk := p.model.Table()
	words, hint := got.Words(walk)
	if want := "A resize from 4 to 8 buckets is under way: 3 keys to move, 2 moved or new. Next is bucket 1;"; !strings.HasPrefix(words, want) {
		t.Error(words)
	}
	if !strings.HasPrefix(hint, "SCAN 0 in a console") {
		t.Error(hint)
	}
	if frame(); !asked() {
		t.Error("a resize goes on, and is not watched")
	}
	table = bridge.Table{Size: [2]int64{8, 0}, Used: [2]int64{5, 0}, Rehash: -1, Chains: [2][]byte{{0, 2, 1, 0, 1, 0, 1, 0}, nil}}
	p.answer(bridge.OpTable, table.Append(nil))
	if words, _ := got.Words(nil); words != "8 buckets for 5 keys. 4 empty, at most 2 keys in one. No resize is under way." {
		t.Error(words)
	}
	if frame(); asked() {
		t.Error("asked though nothing happened")
	}
	p.events(&event.CommandRun{Client: 9, Name: "get"})
	if frame(); !asked() {
		t.Error("a command moves a bucket, and nobody asks")
	}
	p.do(app.Submit{Console: "redis", Line: "SCAN 0"})
	p.reply("redis", "*2|$1|3|*1|$1|a|")
	if _, walk := p.model.Table(); !strings.HasSuffix(second(got.Words(walk)), "Next is 3, in binary 011; it counts from the left: read backwards, 110 is number 6 of 8.") {
		t.Error(second(got.Words(walk)))
	}
}

func second(_, s string) string { return s }
