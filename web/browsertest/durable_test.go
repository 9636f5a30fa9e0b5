package browsertest

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A reload is a recovery: the tab is gone like a machine without power, and
// what was synced is there again.
func TestAReloadRecovers(t *testing.T) {
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=idb://reload&config.appendfsync=always")
	b.eval(`everysec.pipeline([["SET", "string", "v"], ["RPUSH", "list", "a", "b"], ["HSET", "hash", "f", "1"], ["SET", "brief", "x", "EX", "1000"]])`, nil)
	b.open("/?store=idb://reload&config.appendfsync=always")
	var got []any
	b.eval(`everysec.pipeline([["GET", "string"], ["LRANGE", "list", "0", "-1"], ["HGETALL", "hash"], ["GET", "brief"]])`, &got)
	want := []any{"v", []any{"a", "b"}, []any{"f", "1"}, "x"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	var ttl int
	b.eval(`everysec.command("TTL", "brief")`, &ttl)
	if ttl < 900 || ttl > 1000 {
		t.Errorf("time to live after a reload: %d s", ttl)
	}
}

// writer sets key after key and keeps in the page what was acknowledged, and
// when. Each write waits for its reply, so the acknowledged keys are 0..n-1.
const writer = `
	window.acknowledged = [];
	(async () => {
		for (let i = 0; ; i++) {
			await everysec.command("SET", "key:" + i, String(i));
			acknowledged.push(Date.now());
		}
	})().catch(() => {});
	true; // and not the promise, which has no end
`

// The promise of each policy, kept by killing the whole browser in the middle
// of writing and looking at what the next one finds.
func TestAKilledBrowserLosesOnlyWhatThePolicyAllows(t *testing.T) {
	for _, policy := range []struct {
		name, query string
		before      string        // run once some keys are there
		window      time.Duration // what may be lost of the newest; 0: nothing
		onlyBefore  bool          // nothing after "before" may survive
	}{
		{name: "always", query: "&config.appendfsync=always"},
		// Redis starts a sync each second and lets one take a while.
		{name: "everysec", query: "&config.appendfsync=everysec", window: 2 * time.Second},
		{name: "no AOF", query: "&config.appendonly=no&config.save=", before: `everysec.command("SAVE")`, onlyBefore: true},
	} {
		t.Run(policy.name, func(t *testing.T) {
			profile, origin := t.TempDir(), site(t)
			path := "/?store=idb://kill" + policy.query
			b := launch(t, profile, origin)
			b.open(path)
			b.eval(writer, nil)
			time.Sleep(1500 * time.Millisecond)
			saved := 0
			if policy.before != "" {
				b.eval(`new Promise((r) => setTimeout(() => r(acknowledged.length), 0))`, &saved)
				b.eval(policy.before, nil)
			}
			time.Sleep(1500 * time.Millisecond)
			// The page's word just before the end is what it was promised.
			var times []float64
			b.eval(`acknowledged`, &times)
			b.kill()
			killed := float64(time.Now().UnixMilli())
			if len(times) < 100 {
				t.Fatalf("only %d writes were acknowledged: the test says nothing", len(times))
			}

			again := launch(t, profile, origin)
			again.open(path)
			var values []any
			again.eval(fmt.Sprintf(`everysec.command("MGET", ...Array.from({length: %d}, (_, i) => "key:" + i))`, len(times)), &values)
			survived := 0
			for i, v := range values {
				switch {
				case v == fmt.Sprint(i):
					if survived < i {
						t.Fatalf("key:%d survived and key:%d, older, did not", i, survived)
					}
					survived = i + 1
				case v != nil:
					t.Errorf("key:%d is %v", i, v)
				}
			}
			t.Logf("%d acknowledged, %d survived", len(times), survived)
			allowed := len(times)
			for allowed > 0 && policy.window > 0 && times[allowed-1] > killed-float64(policy.window.Milliseconds()) {
				allowed--
			}
			if policy.onlyBefore {
				allowed = saved
			}
			if survived < allowed {
				t.Errorf("%d of %d acknowledged writes survived, the policy promises %d", survived, len(times), allowed)
			}
			if policy.onlyBefore && survived == len(times) {
				t.Error("everything survived without an AOF: the disk of this test is no disk")
			}
		})
	}
}
