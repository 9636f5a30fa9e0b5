package browsertest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// prompt waits for what stands before the cursor.
func (l learner) prompt(name, want string) {
	l.t.Helper()
	l.sees("the prompt is "+want, `document.querySelector('`+console(name)+` .entry .prompt').textContent === "`+want+`"`)
}

// A torn file, a start that refuses, the tool, its question, and what is left: as
// somebody does it who has never seen this page and knows Redis.
func TestTheCheckToolAtTheConsole(t *testing.T) {
	t.Parallel()
	l := arriveAt(t, "/lessons/recovery/")
	screen := func() (text string) {
		l.eval(`document.querySelector('`+console("redis")+` .log').innerText`, &text)
		return text
	}
	l.types("redis", "MSET a 1 b 2")
	l.answer("redis", "MSET a 1 b 2", []string{"OK"})
	l.types("redis", "SET c 3")
	l.answer("redis", "SET c 3", []string{"OK"})
	l.types("redis", "redis-check-aof dump.rdb")
	l.answer("redis", "redis-check-aof dump.rdb", []string{"(error) ERR unknown command <*>"})
	l.types("redis", "!crash kill-9")
	l.sees("the server is down", `document.body.dataset.server === "down"`)
	l.prompt("redis", "not connected> ")

	l.types("redis", "ls appendonlydir")
	l.answer("redis", "ls appendonlydir", []string{"appendonly.aof.1.base.rdb", "appendonly.aof.1.incr.aof", "appendonly.aof.manifest"})
	l.types("redis", "truncate -s -3 appendonlydir/*.incr.aof")
	l.types("redis", "redis-server --aof-load-truncated no")
	l.sees("the start refuses, in Redis's words", `document.querySelector('`+console("redis")+` .log').innerText.includes("# Unexpected end of file reading the append only file appendonly.aof.1.incr.aof. You can: 1) Make a backup")`)
	l.prompt("redis", "$ ")
	if !strings.Contains(screen(), "* DB loaded from base file appendonly.aof.1.base.rdb") {
		t.Errorf("not the whole log:\n%s", screen())
	}

	// Tab knows the tool, and the files a directory at a time.
	l.enters("redis-check-a")
	l.presses(kb.Tab, false)
	l.has("redis", "redis-check-aof")
	l.enters(" --fix app")
	l.presses(kb.Tab, false)
	l.has("redis", "redis-check-aof --fix appendonlydir/")
	l.enters("appendonly.aof.m")
	l.presses(kb.Tab, false)
	l.has("redis", "redis-check-aof --fix appendonlydir/appendonly.aof.manifest")
	l.enters(kb.Enter)
	l.prompt("redis", "Continue? [y/N]: ")
	if dir := os.Getenv("SHELL_SHOTS"); dir != "" {
		l.shots(dir, "asks")
	}
	l.enters("n" + kb.Enter)
	l.sees("no means no", `document.querySelector('`+console("redis")+` .log').innerText.includes("Aborting...")`)
	l.prompt("redis", "$ ")
	l.types("redis", "redis-check-aof --fix appendonlydir/appendonly.aof.manifest")
	l.prompt("redis", "Continue? [y/N]: ")
	l.enters("y" + kb.Enter)
	l.sees("it is cut", `document.querySelector('`+console("redis")+` .log').innerText.includes("Successfully truncated AOF appendonly.aof.1.incr.aof")`)
	l.types("redis", "redis-server --aof-load-truncated no")
	l.sees("the server is up", `document.body.dataset.server === "running"`)
	l.types("redis", "MGET a b c")
	l.answer("redis", "MGET a b c", []string{`1) "1"`, `2) "2"`, "3) (nil)"})
	l.sees("the account of the crash has the loss", `document.querySelector("#account")?.innerText.includes("lost") || document.body.innerText.includes("1 lost")`)
	if dir := os.Getenv("SHELL_SHOTS"); dir != "" {
		l.shots(dir, "up")
	}
}

// enters types at the cursor.
func (l learner) enters(text string) {
	l.t.Helper()
	l.run(chromedp.SendKeys(console("redis")+" .entry input", text, chromedp.ByQuery))
}

func (l learner) shots(dir, name string) {
	for _, look := range []string{"light", "dark"} {
		l.prefers("prefers-color-scheme", look)
		l.shoot(filepath.Join(dir, name+"-desktop-"+look+".png"), 1)
		l.size(390, 844)
		l.clicks(`.tabs [data-tab="work"]`)
		l.shoot(filepath.Join(dir, name+"-phone-"+look+".png"), 1)
		l.size(1440, 900)
	}
}
