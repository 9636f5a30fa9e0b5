package app_test

import (
	"strings"
	"testing"

	"everysec/lessons"
	"everysec/web/app"
)

func (b *browser) enters(line string) {
	b.t.Helper()
	b.do(app.Submit{Console: "redis", Line: line})
	for range 10 {
		b.frame()
	}
}

// shows wants a text on the screen behind the newest such prompt and line.
func (b *browser) shows(line string, texts ...string) {
	b.t.Helper()
	screen := b.model.Console("redis").Text()
	at := strings.LastIndex(screen, line+"\n")
	for _, text := range texts {
		if at < 0 || !strings.Contains(screen[at:], text) {
			b.t.Fatalf("behind %q there is no %q:\n%s", line, text, screen)
		}
	}
}

// A server that refuses to start leaves a shell, with its log, in which the files
// are checked and mended; and the account of the crash waits for the start that
// succeeds.
func TestARefusedStartLeavesAShell(t *testing.T) {
	b := openBrowser(t, &lessons.Lesson{ID: "x", Title: "x", Phase: 1})
	prompt := func() string { return b.model.Console("redis").CLI.Prompt() }
	b.enters("MSET a 1 b 2")
	b.enters("SET c 3")
	b.enters("redis-check-rdb dump.rdb")
	b.shows("redis-check-rdb dump.rdb", "ERR unknown command") // a server hears it
	b.enters("!crash kill-9")
	b.enters("GET a")
	b.shows("not connected> GET a", "Connection refused")
	b.enters("cp -r appendonlydir copy")
	b.enters("truncate -s -4 appendonlydir/*.incr.aof")
	b.enters("ls nowhere")
	b.shows("$ ls nowhere", "cannot access 'nowhere'")
	for range 2 { // it refuses as often as it is started, and says so each time
		b.enters("redis-server --aof-load-truncated no")
		b.until("it refuses", func() bool { return strings.HasPrefix(prompt(), "$") })
		b.shows("$ redis-server --aof-load-truncated no", "* DB loaded from base file", "# Unexpected end of file reading the append only file appendonly.aof.1.incr.aof. You can: 1)", "No server runs")
		if n := strings.Count(b.model.Console("redis").Text()[strings.LastIndex(b.model.Console("redis").Text(), "$ redis-server"):], "# Unexpected end"); n != 1 {
			t.Errorf("it says so %d times", n)
		}
	}
	if text := b.model.Notice.Text; strings.Contains(text, "You can") || !strings.Contains(text, "at offset") {
		t.Errorf("the notice says %q", text)
	}
	const fix = "redis-check-aof --fix appendonlydir/appendonly.aof.manifest"
	b.enters(fix)
	if prompt() != "Continue? [y/N]: " || b.model.Console("redis").CLI.Busy() {
		t.Fatalf("it does not ask: %q", prompt())
	}
	b.do(app.Interrupt{Console: "redis"})
	b.frame()
	if b.shows("$ "+fix, "^C"); prompt() != "$ " {
		t.Errorf("after Ctrl-C the prompt is %q", prompt())
	}
	// What was given up may still answer, and nobody listens.
	b.do(app.Submit{Console: "redis", Line: "ls appendonlydir"})
	b.do(app.Interrupt{Console: "redis"})
	b.enters("ls dump.rdb")
	b.shows("$ ls dump.rdb", "cannot access 'dump.rdb'")
	if screen := b.model.Console("redis").Text(); strings.Contains(screen[strings.LastIndex(screen, "$ ls dump.rdb"):], "manifest") {
		t.Errorf("a late answer was shown:\n%s", screen)
	}
	b.enters(fix)
	b.enters("")
	b.shows("$ "+fix, "Aborting...")
	b.do(app.Submit{Console: "redis", Line: fix}) // the answer is typed ahead
	b.enters("y")
	b.shows("Continue? [y/N]: y", "Successfully truncated", "All AOF files and manifest are valid")
	b.enters(fix)
	b.shows("$ "+fix, "All AOF files and manifest are valid")
	b.enters("redis-server --aof-load-truncated")
	b.shows("$ redis-server --aof-load-truncated", "options come in pairs")
	b.enters("redis-server --aof-load-truncated no")
	b.until("it starts", func() bool { return !b.model.Down && !b.model.Loading })
	b.enters("MGET a b c")
	b.shows("> MGET a b c", "1) \"1\"\n2) \"2\"\n3) (nil)")
	if b.model.Notice != nil {
		t.Errorf("it still says %q", b.model.Notice.Text)
	}
	if a := b.model.Crashed.Account; !a.Complete || a.LostWrites != 1 || b.model.Crashed.LostKeys() != 1 {
		t.Errorf("the account: %+v", a)
	}
}

// Tab knows the shell's words, options and files.
func TestTabAtTheShell(t *testing.T) {
	b := openBrowser(t, &lessons.Lesson{ID: "x", Title: "x", Phase: 1})
	offers := func(line string) string {
		var all []string
		for _, o := range b.model.Console("redis").CLI.Complete(line) {
			all = append(all, o.Word)
		}
		return strings.Join(all, " ")
	}
	if got := offers("redis-"); got != "" {
		t.Errorf("while a server runs: %q", got)
	}
	b.enters("SET a 1")
	b.enters("SAVE")
	b.enters("!crash kill-9")
	b.until("the files are known", func() bool { return len(b.model.Files) == 4 })
	for line, want := range map[string]string{
		"redis-": "redis-check-aof redis-check-rdb redis-server", "l": "ls", "redis-check-aof --": "--fix",
		"redis-check-aof ": "appendonlydir/ dump.rdb", "redis-check-aof appendonlydir/appendonly.aof.m": "appendonlydir/appendonly.aof.manifest",
		"redis-check-aof --fix appendonlydir/": "appendonlydir/appendonly.aof.1.base.rdb appendonlydir/appendonly.aof.1.incr.aof appendonlydir/appendonly.aof.manifest",
		"redis-check-rdb d":                    "dump.rdb", "redis-check-rdb x": "", "GE": "",
	} {
		if got := offers(line); got != want {
			t.Errorf("%q: %q, not %q", line, got, want)
		}
	}
	if hint := b.model.Console("redis").CLI.Hint("redis-check-rdb"); hint != " <rdb-file-name>" {
		t.Errorf("the hint is %q", hint)
	}
}
