package browsertest

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A reload is a recovery: the tab is gone like a machine without power, and
// what was synced is there again.
func TestAReloadRecovers(t *testing.T) {
	t.Parallel()
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
