package browsertest

import (
	"cmp"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// monkey goes about the page without a plan: it clicks whatever can be clicked,
// turns what can be turned, types what a server takes amiss, and now and then it
// has the server crash or the worker die. What it does follows from a number; when
// the page does it does not.
const monkey = `window.monkey = async (seed, steps) => {
	let state = seed;
	const below = (n) => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0, Math.floor(state / 2 ** 32 * n));
	const pick = (list) => list[below(list.length)];
	window.did ??= [];
	window.confirm = () => below(2) === 1;
	const there = (e) => !e.disabled && e.getClientRects().length > 0 && !["fill-start", "theme"].includes(e.id) && e.type !== "file";
	const all = (selector) => [...document.querySelectorAll(selector)].filter(there);
	const lines = [
		"SET k v", "SET k v EX 1", "GET k", "DEL k", "INCR n", "5 INCR n", "LPUSH l a b c", "RPOP l", "BLPOP none 1", "BLPOP none 0", "HSET h f v g w", "HGETALL h", "SADD s 1 2 x",
		"ZADD z 1 a 2 b", "XADD x * f v", "XREAD BLOCK 500 STREAMS x $", "SETBIT bits 100 1", "PFADD hll a b c", "GEOADD geo 13.36 38.11 Palermo", "MULTI", "EXEC", "DISCARD", "WATCH k",
		"SUBSCRIBE c", "PSUBSCRIBE *", "MONITOR", "PUBLISH c hello", "SELECT 3", "SELECT 0", "SELECT 99", "SWAPDB 0 3", "FLUSHALL", "FLUSHALL ASYNC", "KEYS *", "SCAN 0", "CLIENT LIST",
		"CLIENT KILL TYPE normal", "CLIENT PAUSE 300", "CLIENT REPLY OFF", "CLIENT REPLY ON", "QUIT", "HELLO 3", "HELLO 2", "RESET", "DEBUG SLEEP 0.2", "EVAL 'while true do end' 0", "SCRIPT KILL",
		"EVAL 'for i=1,3000 do redis.call(\"SET\",\"e:\"..i,i) end' 0", "SAVE", "BGSAVE", "BGREWRITEAOF", "CONFIG SET appendonly no", "CONFIG SET appendonly yes", "CONFIG SET appendfsync always",
		"CONFIG SET appendfsync everysec", "CONFIG SET maxmemory 2mb", "CONFIG SET maxmemory 0", "CONFIG REWRITE", "DEBUG RELOAD", "DEBUG LOADAOF", "SHUTDOWN", "SHUTDOWN NOSAVE", "redis-server", "ls",
		"redis-check-aof appendonlydir/appendonly.aof.manifest", "OBJECT ENCODING k", "HELP SET", "clear", "NOSUCH", "GET '", "\u202e<b>", "JSON", "LRANGE l 0 -1", "COMMAND DOCS", "LATENCY DOCTOR", "MEMORY DOCTOR",
	];
	const type = (line) => {
		const input = pick(all(".console .entry input"));
		if (!input) return;
		input.focus();
		input.value = line;
		input.dispatchEvent(new Event("input", { bubbles: true }));
		if (below(8)) key(input, "Enter");
	};
	const key = (e, key, more) => e.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
	const acts = [
		[40, () => { const e = pick(all("button")); if (!e || /^(Open|Öffnen)/.test(e.textContent)) return "-"; e.click(); return "click " + (e.id || e.name || e.className || e.dataset.panel || e.textContent).slice(0, 40) + " " + (e.value ?? ""); }],
		[6, () => { const e = pick(all("summary")); e?.click(); return "open " + e?.textContent.slice(0, 40); }],
		[8, () => { const e = pick(all("select")); if (!e) return "-"; e.selectedIndex = below(e.options.length); e.dispatchEvent(new Event("input", { bubbles: true })); e.dispatchEvent(new Event("change", { bubbles: true })); return "choose " + (e.id || e.className) + " " + e.value; }],
		[6, () => { const e = pick(all("input[type=range], input[type=number], input[type=checkbox]")); if (!e) return "-"; if (e.type === "checkbox") e.click(); else { e.value = below(e.type === "range" ? +e.max + 1 : 300); for (const n of ["input", "change"]) e.dispatchEvent(new Event(n, { bubbles: true })); } return "set " + (e.id || e.className || e.type) + " " + e.value; }],
		[4, () => { const e = pick(all("#glob, #account-find, .find input")); if (!e) return "-"; e.value = pick(["", "k*", "[", "e:1?"]); e.dispatchEvent(new Event("input", { bubbles: true })); return "find " + e.value; }],
		[30, () => { const line = pick(lines); type(line); return "type " + line; }],
		[5, () => { const e = pick(all(".console .entry input")); if (!e) return "-"; key(e, "c", { ctrlKey: true }); return "Ctrl-C"; }],
		[6, () => { const e = document.activeElement ?? document.body, k = pick(["Escape", "Tab", "ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "Home", "End", "PageDown", "Enter", " ", "F1", "?"]); key(e, k); return "key " + k; }],
		[2, () => { const kind = pick(["kill-9", "power-loss", "power-loss-torn", "bit-rot"]); everysec.crash(kind, { seed: below(9) }).catch(() => {}); return "crash " + kind; }],
		[6, () => { if (document.body.dataset.server === "down") everysec.restart().catch(() => {}); return "restart"; }],
		[2, () => { const what = pick(["none", "full-disk", "lying-fsync", "failed-fsync", "slow-fsync", "hung-fsync"]); everysec.fault(what, 5).catch(() => {}); return "fault " + what; }],
		[1, () => { if (!lastWorker.lived) return "-"; lastWorker.dies("the monkey"); return "the worker dies"; }],
		[1, () => { everysec.clock.advance(below(100000)).catch(() => {}); return "advance"; }],
		[1, () => { everysecLook(pick(["dump.rdb", "appendonlydir/appendonly.aof.manifest", "redis.conf"])).catch(() => {}); return "look"; }],
	];
	const sum = acts.reduce((n, [weight]) => n + weight, 0);
	for (let i = 0; i < steps; i++) {
		let n = below(sum);
		const [, act] = acts.find(([weight]) => (n -= weight) < 0);
		did.push(i + " " + act());
		await new Promise((done) => setTimeout(done, pick([0, 0, 1, 5, 20, 60])));
	}
};`

// Whatever somebody does, no exception is thrown, the page goes on answering, and
// there is a way back to a server that runs. MONKEY is for how long, such as 10m;
// without it one walk is taken. SEED is the first number.
func TestAMonkeyAtThePage(t *testing.T) {
	t.Parallel()
	long, err := time.ParseDuration(cmp.Or(os.Getenv("MONKEY"), "0s"))
	if err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(long)
	visits := 1
	if long > 0 {
		visits = 3
	}
	for seed := number(t, "SEED", 1); ; seed++ {
		t.Run(fmt.Sprint(seed), func(t *testing.T) { walk(t, seed, visits) })
		if t.Failed() || time.Now().After(end) {
			return
		}
	}
}

// walk goes about the page, and again after each reload.
func walk(t *testing.T, seed uint64, visits int) {
	b := launch(t, t.TempDir(), site(t))
	chromedp.ListenTarget(b.ctx, func(event any) {
		if _, is := event.(*page.EventJavascriptDialogOpening); is {
			go func() { _ = chromedp.Run(b.ctx, page.HandleJavaScriptDialog(true)) }()
		}
	})
	b.before(monkey)
	l := mortal(b)
	did := func() string {
		var list []string
		if err := l.try(`(window.did ?? []).slice(-40)`, &list); err != nil {
			return err.Error()
		}
		return strings.Join(list, "\n")
	}
	for round := range visits {
		l.running()
		var longest float64
		l.eval(fmt.Sprintf(`(async () => {
			window.did = [];
			let last = performance.now(), longest = 0;
			const watch = setInterval(() => { longest = Math.max(longest, performance.now() - last); last = performance.now(); }, 10);
			await monkey(%d, 120);
			clearInterval(watch);
			return longest;
		})()`, seed*100+uint64(round)), &longest)
		if longest > 5000 {
			t.Errorf("the page did not answer for %.0f ms:\n%s", longest, did())
		}
		for _, p := range l.problems {
			if strings.Contains(p, "exception") || strings.HasPrefix(p, "error") || strings.Contains(p, "goroutine") {
				t.Fatalf("%s\nafter\n%s", p, did())
			}
		}
		// Out of all of it again.
		if err := l.try(`(async () => {
			document.querySelector("#past:not([hidden]) button")?.click();
			const patient = (p) => Promise.race([p.catch(() => {}), new Promise((done) => setTimeout(done, 20000))]);
			await patient(everysec.disarm());
			await patient(everysec.fault("none"));
			await patient(everysec.clock.resume());
			await patient(everysec.clock.speed(1));
			if ((await everysec.state()).phase === "down") await patient(everysec.restart());
		})()`, nil); err != nil {
			t.Fatalf("%v\nafter\n%s", err, did())
		}
		var phase string
		l.eval(`everysec.state().then((s) => s.phase + " " + s.error)`, &phase)
		if strings.HasPrefix(phase, "down") { // files that bit rot has been at do not have to load
			t.Logf("%d: %s", seed, phase)
			l.eval(`everysec.erase()`, nil)
		}
		l.open("/?seed=7")
	}
	l.running()
	var reply string
	l.eval(`everysec.pipeline([["CONFIG", "SET", "maxmemory", "0"], ["SET", "last", "word"], ["GET", "last"]]).then((r) => String(r[2]))`, &reply)
	if reply != "word" {
		t.Errorf("in the end GET said %q, after\n%s", reply, did())
	}
}
