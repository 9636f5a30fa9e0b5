package browsertest

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// backTo goes back by the keyboard to the moment whose text begins with words.
func (l learner) backTo(words string) {
	l.t.Helper()
	l.eval(`document.querySelector("#time-slider").focus()`, nil)
	for range 100 {
		var where string
		l.eval(`document.querySelector("#time-where").textContent`, &where)
		l.run(chromedp.KeyEvent(kb.ArrowLeft))
		l.sees("another moment than "+where, `document.querySelector("#time-where").textContent !== `+"`"+where+"`")
		var there bool
		if l.eval(`document.querySelector("#time-what").textContent.startsWith("`+words+`")`, &there); there {
			return
		}
	}
	l.t.Fatalf("no moment begins with %q", words)
}

func (l learner) keys(figures string) {
	l.t.Helper()
	l.sees(figures, `document.querySelector("#keyspace-figures").textContent.startsWith("`+figures+`")`)
}

// Somebody deletes a key, looks at the moment before, and goes on from there.
func TestAnEarlierMomentIsLookedAtAndGoneOnFrom(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	const kept = "/?store=idb://time"
	l.open(kept)
	for _, line := range []string{"SET a 1", "SET b 2", "LPUSH c x", "DEL a"} {
		l.types("redis", line)
	}
	l.keys("2 keys")
	l.opens("time")
	l.sees("the run", `document.querySelector("#time-slider").max > 3 && document.querySelector("#time-where").textContent.startsWith("now, after ")`)
	l.sees("nothing of the past", `document.querySelector("#past").hidden && document.querySelector("#time-back").disabled`)
	l.picture("time-now")

	l.backTo("redis: LPUSH c x")
	l.keys("3 keys")
	l.sees("that it is the past", `!document.querySelector("#past").hidden && /The past: moment \d+ of \d+, \d\d:\d\d:\d\d\.\d, .* ago/.test(document.querySelector("#past").textContent)`)
	l.sees("no prompt", `getComputedStyle(document.querySelector(".console .entry")).visibility === "hidden" && document.querySelector("#status").textContent.startsWith("a look into the past")`)
	l.run(click(`[data-view="list"]`))
	l.inspects("a")
	l.sees("its value then", `document.querySelector("#inspector-value").innerText.includes("1")`)
	l.picture("time-past")
	l.size(390, 844)
	l.clicks(`.tabs [data-tab="more"]`)
	l.picture("time-past-phone")
	l.size(1440, 900)
	l.backTo("redis: SET a 1")
	l.keys("1 key")
	l.run(chromedp.KeyEvent(kb.ArrowRight))
	l.clicks("#time-back")
	l.keys("2 keys")
	l.sees("the present", `document.querySelector("#past").hidden && document.querySelector("#clock-pause").ariaPressed === "false"`)
	l.types("redis", "GET b")
	l.answer("redis", "GET b", []string{`"2"`})

	l.backTo("redis: LPUSH c x")
	l.clicks("#time-branch")
	l.sees("the present", `document.querySelector("#past").hidden`)
	l.keys("3 keys")
	l.types("redis", "PING") // it connects anew
	l.types("redis", "GET a")
	l.answer("redis", "GET a", []string{`"1"`})
	l.types("redis", "SET d 4")
	l.keys("4 keys")
	l.sees("all on disk", `document.querySelector("#truth").textContent.includes("nothing")`)
	l.sees("the way back", `!document.querySelector("#time-undo").hidden`)
	l.open(kept)
	l.keys("4 keys") // the files are those of the branch

	l.opens("time")
	l.sees("a run of its own", `document.querySelector("#time-undo").hidden && document.querySelector("#time-where").textContent.startsWith("now, after ")`)
	var moments string
	l.eval(`document.querySelector("#time-slider").max`, &moments)
	l.types("redis", "FLUSHALL")
	l.keys("0 keys")
	l.sees("the FLUSHALL", `document.querySelector("#time-slider").max > `+moments)
	l.backTo("redis: FLUSHALL")
	l.clicks("#time-earlier")
	l.keys("4 keys")
	l.clicks("#time-branch")
	l.sees("the present", `document.querySelector("#past").hidden`)
	l.keys("4 keys")
	l.sees("the way back", `!document.querySelector("#time-undo").hidden`)
	l.clicks("#time-undo")
	l.keys("0 keys")
}

// Time is stepped from event to event.
func TestTimeIsSteppedFromEventToEvent(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.opens("time")
	l.clicks("#time-pause")
	l.sees("time stands", `document.querySelector("#time-pause").ariaPressed === "true"`)
	l.types("redis", "SET k v PX 700")
	l.keys("1 key")
	var stepped string
	for steps := 0; !strings.Contains(stepped, "1 key has expired"); steps++ {
		if steps == 500 {
			t.Fatalf("after %d steps the key has not expired: %s", steps, stepped)
		}
		// One at a time: the next would take the place of what this one says.
		l.eval(`(async () => {
			document.querySelector("#time-step").click();
			await everysec.command("PING");
			for (let i = 0; i < 2; i++) await new Promise(requestAnimationFrame);
			return document.querySelector("#time-stepped").textContent;
		})()`, &stepped)
	}
	l.keys("0 keys")
	l.eval(`(() => { const s = document.querySelector("#time-speed"); s.value = "100"; s.dispatchEvent(new Event("change")) })()`, nil)
	l.clicks("#time-pause")
	l.sees("the speed", `document.querySelector("#clock-speed").value === "100"`)
}

// A saved run, loaded into another page, ends with the same bytes.
func TestARunIsReplayedToTheSameBytes(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	var equal bool
	l.eval(`(async () => {
		const all = async () => {
			const files = {};
			for (const f of await everysec.files()) files[f.name] = String(await everysec.readFile(f.name));
			return JSON.stringify([await everysec.command("DEBUG", "DIGEST"), await everysec.command("DBSIZE"), files]);
		};
		const b = everysec.connect("b");
		await Promise.all([b.command("BLPOP", "q", "0"), everysec.command("RPUSH", "q", "job")]);
		await everysec.pipeline(Array.from({length: 3000}, (_, i) => ["SET", "k" + i % 500, "v" + i, "PX", String(100 + i)]));
		await everysec.command("EVAL", "for i = 1, 100 do redis.call('SADD', KEYS[1], math.random(1000)) end", "1", "s");
		await everysec.command("BGSAVE");
		await everysec.clock.advance(1500);
		await everysec.command("SPOP", "s", "10");
		await everysec.crash("power-loss", 7);
		await everysec.restart();
		await everysec.command("XADD", "log", "*", "f", "v");
		await everysec.clock.advance(1500);
		await everysec.clock.pause();
		const run = await everysec.run.save();
		window.wanted = await all();
		await everysec.erase();
		const state = await everysec.run.load(run);
		window.got = await all();
		return state.warning === "" && state.paused && wanted.length > 1000 && got === wanted;
	})()`, &equal)
	if !equal {
		t.Error("the replay ends with other bytes")
	}
	l.eval(`everysec.run.load(new TextEncoder().encode("no run")).then(() => false, (e) => e.message.includes("not the file of a run"))`, &equal)
	if !equal {
		t.Error("a file that is no run is not refused")
	}
}

// A step back, and a jump to anywhere, in a run of an hour with hundreds of
// thousands of commands.
func TestALongRunIsSteppedThroughAtOnce(t *testing.T) {
	l := arrive(t)
	l.eval(`(async () => {
		for (let minute = 0; minute < 60; minute++) {
			for (let batch = 0; batch < 50; batch++) {
				await everysec.pipeline(Array.from({length: 100}, (_, i) => ["SET", "key:" + (batch * 100 + i), "minute " + minute]));
			}
			await everysec.clock.advance(60_000);
		}
	})()`, nil)
	l.types("redis", "ECHO last")
	l.answer("redis", "ECHO last", []string{`"last"`})
	l.opens("time")
	l.sees("the run", `document.querySelector("#time-slider").max > 2900 && document.querySelector("#time-where").textContent.startsWith("now, after ")`)
	// wants says how long it takes until the moment is there, with its keys.
	wants := func(act string) (took float64) {
		t.Helper()
		l.eval(`new Promise((done) => {
			const where = document.querySelector("#time-where"), before = where.textContent, begun = performance.now();
			new MutationObserver((_, o) => {
				if (where.textContent === before || !/moment \d/.test(where.textContent)) return;
				o.disconnect();
				done(performance.now() - begun);
			}).observe(where, {childList: true, characterData: true, subtree: true});
			`+act+`
		})`, &took)
		return took
	}
	to := func(part string) string {
		return `const s = document.querySelector("#time-slider"); s.value = Math.floor(s.max * ` + part + `); s.dispatchEvent(new Event("input"));`
	}
	var all []float64
	for _, act := range []string{
		`document.querySelector("#time-earlier").click();`, `document.querySelector("#time-earlier").click();`, `document.querySelector("#time-earlier").click();`,
		to("0.5"), to("0.9"), to("0.3"), to("0.31"), `document.querySelector("#time-earlier").click();`, to("0.97"), to("0.7"),
	} {
		took := wants(act)
		all = append(all, took)
	}
	slices.Sort(all)
	t.Logf("milliseconds to a moment of the run: %.0f", all)
	if middle := all[len(all)/2]; middle > 700 {
		t.Errorf("half of the steps took %.0f ms and more", middle)
	}
	if longest := all[len(all)-1]; longest > 2500 {
		t.Errorf("a step took %.0f ms", longest)
	}
	l.keys("5,000 keys")
}
