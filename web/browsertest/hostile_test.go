package browsertest

import (
	"strings"
	"testing"
)

// Keys and values that want more than to be looked at: markup, what ends a
// quote, control characters, letters that turn the line around, bytes that are
// no text, and very much of it. In every view they are text, and nothing runs.
func TestHostileData(t *testing.T) {
	l := arrive(t)
	l.eval(`(async () => {
		window.harm = 0;
		const hostile = [
			"<img src=x onerror=harm++>", "<script>harm++</script>", "\"><svg onload=harm++>", "'-harm++-'", "javascript:harm++",
			"</pre></td><iframe srcdoc='<script>parent.harm++</script>'>", "{{harm++}}", "${harm++}", "&lt;b&gt;&amp;",
			"\u202Etxt.exe\u202C", "\u2066a\u2069", "zero\u200Bwidth\uFEFF", "\x1b[31mred\x07\b\x00nul\r\nline", "a\u0300".repeat(50),
			new Uint8Array([0xff, 0xfe, 0xc0, 0x80, 0xed, 0xa0, 0x80]), "",
		];
		const big = "<b>".repeat(1 << 20);
		const commands = [["SET", "big", big], ["SET", big.slice(0, 300000), "v"]];
		for (const v of hostile) {
			commands.push(["SET", v, v], ["EXPIRE", v, "500"]);
			for (const w of hostile) commands.push(["HSET", "h", v, w], ["RPUSH", "l", w], ["SADD", "s", w], ["ZADD", "z", "1", w], ["XADD", "x", "*", v, w]);
			commands.push(["CLIENT", "SETNAME", "c" + commands.length], ["ECHO", v], ["GET", v]);
		}
		const replies = await everysec.pipeline(commands);
		const wrong = replies.filter((r) => r instanceof Error);
		if (wrong.length) throw wrong[0];
	})()`, nil)
	for _, line := range []string{
		`SET "<img src=x onerror=harm++>\x1b[31m" "<script>harm++</script>"`, `GET "<script>harm++</script>"`, `HGETALL h`, `KEYS *`,
		`<img src=x onerror=harm++>`, `EVAL "return redis.error_reply('<img src=x onerror=harm++>')" 0`, `EVAL "return {'<b>', '\xff'}" 0`,
		`CLIENT SETNAME <img/src=x/onerror=harm++>`,
	} {
		l.types("redis", line)
	}
	safe := func(t *testing.T) {
		t.Helper()
		var found []string
		l.eval(`(() => {
			const found = [...document.querySelectorAll("iframe, object, embed, base, img, svg[onload], main b, [onerror], [onload]")].map((e) => e.outerHTML.slice(0, 100));
			for (const s of document.scripts) if (!s.src && s.type !== "application/json") found.push(s.outerHTML.slice(0, 100));
			if (harm) found.push("something ran");
			return found;
		})()`, &found)
		for _, f := range found {
			t.Error(f)
		}
	}
	safe(t)
	eachView(t, l, func(t *testing.T, v view) {
		safe(t)
		// Whatever a key holds, the page stays as wide as the screen.
		var overflow float64
		l.eval(`document.documentElement.scrollWidth - innerWidth`, &overflow)
		if overflow > 0 {
			t.Errorf("the page is %v pixels wider than the screen", overflow)
		}
	})
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.problems {
		if strings.Contains(p, "Exception") || strings.Contains(p, "Error") || strings.Contains(p, "Content Security Policy") {
			t.Error(p)
		}
	}
}
