package browsertest

import (
	"fmt"
	"strconv"
	"strings"
	"testing"
)

// Keys and values that want more than to be looked at: markup, what ends a
// quote, control characters, letters that turn the line around, bytes that are
// no text, and very much of it. In every view they are text, and nothing runs.
func TestHostileData(t *testing.T) {
	t.Parallel()
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
		const commands = [["GEOADD", "geo", "1", "1", "<img src=x onerror=harm++>"], ["SET", "big", big], ["SET", big.slice(0, 300000), "v"]];
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
	// What turns the line around is shown as escapes, but where redis-cli does not either.
	const markup = `(() => {
		const found = [...document.querySelectorAll("iframe, object, embed, base, img, svg[onload], main b, [onerror], [onload]")].map((e) => e.outerHTML.slice(0, 100));
		for (const s of document.scripts) if (!s.src && s.type !== "application/json") found.push(s.outerHTML.slice(0, 100));
		const turns = /[\u202a-\u202e\u2066-\u2069]/;
		for (const part of document.querySelectorAll("#keyspace, .log .reply, #account, #loop-text, #viewer, #panel")) if (turns.test(part.innerText)) found.push("letters that turn the line around, in " + (part.id || part.className));
		if (harm) found.push("something ran");
		return found;
	})()`
	safe := func(t *testing.T) {
		t.Helper()
		l.complain(t, "hostile", markup)
	}
	safe(t)
	t.Run("the check can fail", func(t *testing.T) {
		for _, fault := range []string{
			`<p id="fault"><b>bold</b></p>`, `<img id="fault" src="data:,">`, `<script id="fault">harm++</script>`, `<p id="fault" onload="harm++">`, "<p id='fault' class='reply'>\u202etxt</p>",
		} {
			var list []string
			l.eval(fmt.Sprintf(`(() => { document.querySelector(".log").insertAdjacentHTML("beforeend", %q); const list = %s; document.querySelector("#fault").remove(); return list })()`, fault, markup), &list)
			if len(list) == 0 {
				t.Errorf("%s is not seen", fault)
			}
		}
	})
	t.Run("each type in the inspector", func(t *testing.T) {
		l.clicks(`[data-view="list"]`)
		for _, see := range []struct{ key, text string }{
			{"h", "<script>harm++</script>"},
			{"l", `\x1b[31mred\a\b\x00nul\r\nline`},
			{"s", `\xff\xfe\xc0\x80`},
			{"z", `\xe2\x80\xaetxt.exe`},
			{"x", "<svg onload=harm++>"},
			{"geo", "<img src=x onerror=harm++>"},
			{"<img src=x onerror=harm++>", "<img src=x onerror=harm++>"},
			{`\xe2\x81\xa6a\xe2\x81\xa9`, ""},
			{`""`, ""},
			{`\xff\xfe\xc0\x80\xed\xa0\x80`, "11111111 11111110"},
			{"big", "<b><b><b>"},
		} {
			key, text := strconv.Quote(see.key), strconv.Quote(see.text)
			row := `[...document.querySelectorAll("#rows button")].find((b) => b.textContent === ` + key + `)`
			l.sees(see.key+" in the list", row)
			l.eval(row+`.click()`, nil)
			l.sees(see.key+" as text", `document.querySelector("#inspector-key").textContent === `+key+` && document.querySelector("#inspector-value").innerText.includes(`+text+`)`)
			safe(t)
			l.complain(t, see.key, wide)
		}
		l.clicks("#inspector-close")
		l.clicks(`[data-view="grid"]`)
	})
	refused := len(l.strays()) // by the check of the check
	eachView(t, l, func(t *testing.T, v view) {
		safe(t)
		// Whatever a key holds, the page stays as wide as the screen.
		var overflow float64
		l.eval(`document.documentElement.scrollWidth - innerWidth`, &overflow)
		if overflow > 0 {
			t.Errorf("the page is %v pixels wider than the screen", overflow)
		}
	})
	for _, s := range l.strays()[refused:] {
		t.Error(s)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.problems {
		if strings.Contains(p, "Exception") || strings.Contains(p, "Error") {
			t.Error(p)
		}
	}
}
