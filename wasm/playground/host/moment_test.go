package host

import (
	"bytes"
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
)

// arm asks for a crash at a moment; got is what the call is answered with.
func (p *page) arm(kind bridge.CrashKind, moment bridge.CrashMoment, n int64) (got *bridge.Account, failure *string) {
	got, failure = &bridge.Account{}, new(string)
	payload := bridge.Record(nil).Byte(uint8(kind)).Int(1).Byte(uint8(moment)).Int(n)
	p.conn.Control(bridge.OpCrash, payload, func(data []byte, err error) {
		if err != nil {
			*failure = err.Error()
			return
		}
		*got = must[bridge.Account](p.t)(bytes.Clone(data), err)(bridge.ReadAccount)
	})
	return got, failure
}

func (p *page) disk() bridge.Disk {
	p.t.Helper()
	return must[bridge.Disk](p.t)(p.call(bridge.OpDisk, nil))(bridge.ReadDisk)
}

// Whatever the moment, nothing of the step in which the server died has left:
// what was acknowledged before is accounted for, and nothing else.
func TestACrashWaitsForItsMoment(t *testing.T) {
	for _, c := range []struct {
		name      string
		kind      bridge.CrashKind
		moment    bridge.CrashMoment
		n         int64
		operation string
		survived  int64
	}{
		{"during an fsync", bridge.KillNine, bridge.DuringSync, 0, "sync appendonlydir/", 6},
		{"before a write", bridge.KillNine, bridge.BeforeWrite, 0, "write appendonlydir/", 5},
		{"after a write", bridge.KillNine, bridge.AfterWrite, 0, "write appendonlydir/", 6},
		{"at an operation", bridge.PowerCut, bridge.AtOperation, 1, "write appendonlydir/", 5},
		{"rot", bridge.BitRot, bridge.DuringSync, 0, "sync appendonlydir/", -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := open(t, [2]string{"appendfsync", "always"})
			client := p.conn.Connect("redis")
			for _, key := range []string{"a", "b", "c", "d", "e"} {
				p.do(client, "SET "+key+" 1")
			}
			account, failure := p.arm(c.kind, c.moment, c.n)
			if d := p.disk(); !d.Armed || d.Kind != c.kind || d.Moment != c.moment || account.At != 0 || *failure != "" {
				t.Fatalf("armed: %+v, answered %+v, %s", d, account, *failure)
			}
			p.output[client] = nil
			p.conn.Send(client, resp.AppendCommand(nil, []byte("SET"), []byte("f"), []byte("1")))
			p.pass(100_000)
			if string(p.output[client]) != "" || !p.closed[client] {
				t.Errorf("the dead server said %q", p.output[client])
			}
			if account.Acknowledged != 5 || account.Unsynced != 0 || !strings.HasPrefix(account.Operation, c.operation) {
				t.Errorf("the account: %+v", account)
			}
			if d := p.disk(); d.Armed {
				t.Error("it is still armed")
			}
			after := must[bridge.Account](t)(p.call(bridge.OpRestart, nil))(bridge.ReadAccount)
			if c.survived < 0 {
				return
			}
			if n := after.Counts[bridge.Survived]; n != c.survived || after.LostWrites != 0 || after.Counts[bridge.Lost] != 0 {
				t.Errorf("%d keys survived, not %d: %+v", n, c.survived, after)
			}
			if n := after.Counts[bridge.Open]; n != 6-c.survived {
				t.Errorf("%d keys were open", n)
			}
		})
	}
}

// The rename that puts a snapshot in its place, and the crash just before it:
// the old one is still there.
func TestACrashBeforeTheRename(t *testing.T) {
	p := open(t, [2]string{"appendonly", "no"}, [2]string{"save", ""})
	client := p.conn.Connect("redis")
	p.do(client, "SET old 1")
	p.do(client, "SAVE")
	p.do(client, "SET new 1")
	account, _ := p.arm(bridge.PowerCut, bridge.BeforeRename, 0)
	p.conn.Send(client, resp.AppendCommand(nil, []byte("SAVE")))
	p.pass(100_000)
	if !strings.HasPrefix(account.Operation, "rename temp-") {
		t.Fatalf("the account: %+v", account)
	}
	after := must[bridge.Account](t)(p.call(bridge.OpRestart, nil))(bridge.ReadAccount)
	if fates := fatesOf(after); fates["0:new"] != bridge.Lost || fates["0:old"] != bridge.Survived {
		t.Errorf("%+v", after)
	}
}

func TestACrashIsDisarmed(t *testing.T) {
	p := open(t)
	client := p.conn.Connect("redis")
	_, failure := p.arm(bridge.PowerCut, bridge.AfterWrite, 0)
	if d := must[bridge.Disk](t)(p.call(bridge.OpDisarm, nil))(bridge.ReadDisk); d.Armed || *failure == "" {
		t.Errorf("%+v, %q", d, *failure)
	}
	if got := p.do(client, "SET a 1"); got != "+OK\r\n" {
		t.Errorf("after it was disarmed: %q", got)
	}
	// A restart, and everything else that begins anew, disarms it, too.
	for _, op := range []bridge.Op{bridge.OpRestart, bridge.OpErase} {
		_, failure = p.arm(bridge.PowerCut, bridge.AtOperation, 1)
		if _, err := p.call(op, nil); err != nil || *failure == "" || p.disk().Armed {
			t.Errorf("operation %d: %v, %q, %+v", op, err, *failure, p.disk())
		}
	}
}

func TestFaultsOfTheDisk(t *testing.T) {
	p := open(t, [2]string{"appendfsync", "always"})
	client := p.conn.Connect("redis")
	fault := func(what bridge.Fault, value int64) bridge.Disk {
		t.Helper()
		return must[bridge.Disk](t)(p.call(bridge.OpFault, bridge.Record(nil).Byte(uint8(what)).Int(value)))(bridge.ReadDisk)
	}
	p.do(client, "SET honest 1")
	if d := fault(bridge.LyingSync, 1); !d.Lying {
		t.Errorf("%+v", d)
	}
	p.do(client, "SET believed 1")
	_, after := p.crash(bridge.PowerCut, 3)
	if fates := fatesOf(after); after.LostWrites != 1 || fates["0:believed"] != bridge.Lost || fates["0:honest"] != bridge.Survived {
		t.Errorf("after the lie: %+v", after)
	}
	if d := fault(bridge.NoFault, 0); d != (bridge.Disk{Free: -1}) {
		t.Errorf("%+v", d)
	}
	client = p.conn.Connect("redis")
	p.do(client, "CONFIG SET appendfsync everysec")
	if d := fault(bridge.FullDisk, 10); d.Free != 10 {
		t.Errorf("%+v", d)
	}
	p.do(client, "SET much "+strings.Repeat("x", 100))
	if got := p.do(client, "SET more 1"); !strings.HasPrefix(got, "-MISCONF") {
		t.Errorf("on a full disk: %q", got)
	}
	if d := fault(bridge.SlowSync, 2000); d.SyncMicros != 2000 {
		t.Errorf("%+v", d)
	}
	if d := fault(bridge.HungSync, 1); !d.Hung {
		t.Errorf("%+v", d)
	}
	if d := fault(bridge.FailedSync, 2); d.Failing != 2 {
		t.Errorf("%+v", d)
	}
	if _, err := p.call(bridge.OpFault, bridge.Record(nil).Byte(99).Int(0)); err == nil {
		t.Error("an unknown fault was taken")
	}
}
