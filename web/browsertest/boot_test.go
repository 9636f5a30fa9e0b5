package browsertest

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestThePageAnswersItsFirstCommand(t *testing.T) {
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=memory:")
	var reply string
	b.eval(`everysec.command("PING")`, &reply)
	if reply != "PONG" {
		t.Errorf("PING replied %q", reply)
	}
	var values []any
	b.eval(`everysec.pipeline([["SET", "k", "v"], ["GET", "k"], ["GET", "missing"]])`, &values)
	if diff := cmp.Diff([]any{"OK", "v", nil}, values); diff != "" {
		t.Error(diff)
	}
}

// The page works under its own policy, and asks nobody but its own server.
func TestThePageKeepsToItself(t *testing.T) {
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=memory:")
	b.eval(`everysec.command("PING")`, nil)
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.requests) == 0 {
		t.Fatal("no request was seen at all")
	}
	for _, url := range b.requests {
		if !strings.HasPrefix(url, b.origin+"/") && !strings.HasPrefix(url, "data:") && !strings.HasPrefix(url, "blob:") {
			t.Errorf("a request leaves the page: %s", url)
		}
	}
	for _, p := range b.problems {
		if strings.Contains(p, "Content Security Policy") {
			t.Error(p)
		}
	}
}
