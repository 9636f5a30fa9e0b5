package app_test

import (
	"strings"
	"testing"

	"everysec/lessons"
	"everysec/wasm/bridge"
	"everysec/web/app"
)

// types enters a line and waits until the console takes another.
func (b *browser) types(line string) {
	b.t.Helper()
	c := b.model.Console("redis")
	before := c.CLI.Finished()
	b.do(app.Submit{Console: "redis", Line: line})
	b.until(line, func() bool { return c.CLI.Finished() > before })
}

// A crash that waits is seen, strikes at its moment, and is accounted for: of
// what the dead server would have said nothing is on the screen.
func TestACrashThatWaitsForTheNextWrite(t *testing.T) {
	b := openBrowser(t, nil)
	b.types("CONFIG SET appendfsync always")
	b.types("SET a 1")
	b.do(app.Crash{Kind: bridge.PowerCut, Moment: bridge.AfterWrite, Seed: 3})
	b.until("it is seen", func() bool { return b.model.Disk.Armed })
	if got := b.model.DiskLine(); got != "Armed: Power cut after the next write" {
		t.Errorf("%q", got)
	}
	b.do(app.Submit{Console: "redis", Line: "SET b 2"})
	b.until("it strikes", func() bool { return b.model.Down && b.model.Crashed != nil })
	if got := b.screen(); strings.Count(got, "OK") != 2 || !strings.Contains(got, "SET b 2\nError: Server closed the connection") {
		t.Errorf("screen:\n%s", got)
	}
	if got := b.model.Crashed.Before(); !strings.HasPrefix(got, "It struck at write appendonlydir/appendonly.aof.1.incr.aof. 1 write had been acknowledged.") {
		t.Errorf("%q", got)
	}
	b.until("nothing is armed", func() bool { return !b.model.Disk.Armed })
	b.do(app.Restart{})
	b.until("the account is complete", func() bool { return b.model.Crashed.Account.Complete })
	if r := b.model.Crashed; r.LostKeys() != 0 || r.Account.Acknowledged != 1 || r.Account.SurvivedWrites != 1 {
		t.Errorf("%+v", r.Account)
	}
}

func TestACrashIsDisarmedAndTheDiskRepaired(t *testing.T) {
	b := openBrowser(t, nil)
	b.do(app.Crash{Kind: bridge.KillNine, Moment: bridge.AtOperation, N: 22})
	b.do(app.SetFault{What: bridge.SlowSync, Value: 2_000_000})
	b.until("both are seen", func() bool { return b.model.Disk.Armed && b.model.Disk.SyncMicros > 0 })
	if got := b.model.DiskLine(); !strings.Contains(got, "kill -9 before the 2") || !strings.HasSuffix(got, " disk operation from now · fsync takes 2.00 s longer") {
		t.Errorf("%q", got)
	}
	b.do(app.Disarm{})
	b.do(app.SetFault{})
	b.until("neither is", func() bool { return b.model.DiskLine() == "" })
	if n := b.model.Notice; n != nil {
		t.Errorf("a notice: %q", n.Text)
	}
	b.types("SET a 1")
}

func TestOrdinals(t *testing.T) {
	for n, want := range map[int64]string{1: "1st", 2: "2nd", 3: "3rd", 4: "4th", 11: "11th", 12: "12th", 21: "21st", 113: "113th", 1002: "1,002nd"} {
		if got := app.Ordinal(n); got != want {
			t.Errorf("%d: %q", n, got)
		}
	}
}

// The names in lessons are those of the bridge, in its order.
func TestLessonsAndBridgeAgreeOnCrashes(t *testing.T) {
	if len(lessons.Crashes) != int(bridge.BitRot)+1 || len(lessons.Moments) != int(bridge.AtOperation) {
		t.Errorf("%d crashes, %d moments", len(lessons.Crashes), len(lessons.Moments))
	}
}
