package host

import (
	"strings"
	"testing"

	"everysec/wasm/bridge"
)

// What was erased is brought back as it was: files, what of them is synced, and
// what was only in memory. And the store holds it again.
func TestACleanSlateIsUndone(t *testing.T) {
	p := open(t, [2]string{"appendonly", "no"}, [2]string{"save", ""})
	c := p.conn.Connect("redis")
	p.do(c, "SET saved 1")
	p.do(c, "SAVE")
	p.do(c, "SET in-memory-only 1")
	p.pass(1_000_000)
	fingerprint := func() uint64 {
		t.Helper()
		print, err := p.host.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		return print
	}
	before := fingerprint()
	if _, err := p.call(bridge.OpErase, nil); err != nil || !p.closed[c] {
		t.Fatalf("%v, closed %v", err, p.closed[c])
	}
	c = p.conn.Connect("redis")
	if got := p.do(c, "DBSIZE"); got != ":0\r\n" {
		t.Errorf("after erasing: %q", got)
	}
	p.do(c, "SET other 1")
	if _, err := p.call(bridge.OpBringBack, nil); err != nil {
		t.Fatal(err)
	}
	if fingerprint() != before || !p.closed[c] {
		t.Error("something else came back")
	}
	if got := p.do(p.conn.Connect("redis"), "GET in-memory-only"); got != "$1\r\n1\r\n" {
		t.Errorf("after bringing back: %q", got)
	}
	if _, err := p.call(bridge.OpBringBack, nil); err == nil {
		t.Error("it is brought back twice")
	}
	// A power cut now finds the snapshot, and nothing of the time between.
	_, after := p.crash(bridge.PowerCut, 1)
	if fates := fatesOf(after); fates["0:saved"] != bridge.Survived || fates["0:in-memory-only"] != bridge.Lost {
		t.Errorf("%+v", after)
	}
}

// An append-only directory is taken whole, and refused where a file is missing.
func TestFilesTakeThePlaceOfAllOthers(t *testing.T) {
	p := open(t)
	p.do(p.conn.Connect("redis"), "SET old 1")
	aof := "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$3\r\nnew\r\n$1\r\n2\r\n"
	manifest := "file appendonly.aof.1.incr.aof seq 1 type i\n"
	replace := func(files ...string) error {
		r := bridge.Record(nil).Int(int64(len(files) / 2))
		for _, f := range files {
			r = r.String(f)
		}
		_, err := p.call(bridge.OpReplace, r)
		return err
	}
	if err := replace("appendonlydir/appendonly.aof.manifest", manifest); err == nil {
		t.Error("a manifest without its file was taken")
	}
	if err := replace("../escape", "x"); err == nil {
		t.Error("a name that leads outside was taken")
	}
	old := func(what, want string) {
		t.Helper()
		if got := p.do(p.conn.Connect("redis"), "EXISTS old"); got != want {
			t.Errorf("%s: %q", what, got)
		}
	}
	old("after what was refused", ":1\r\n")
	if err := replace("appendonlydir/appendonly.aof.1.incr.aof", aof, "appendonlydir/appendonly.aof.manifest", manifest); err != nil {
		t.Fatal(err)
	}
	if got := p.do(p.conn.Connect("redis"), "GET new"); !strings.HasSuffix(got, "\r\n2\r\n") {
		t.Errorf("the new key: %q", got)
	}
	old("after the others came", ":0\r\n")
	if _, err := p.call(bridge.OpBringBack, nil); err != nil {
		t.Fatal(err)
	}
	old("brought back", ":1\r\n")
}
