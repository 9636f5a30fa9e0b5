package main

import (
	"fmt"
	"os"
	"slices"

	"everysec/engine/benchmark"
)

// frames counts the animation frames of a page with 100,000 keys: while nothing
// changes, and while a thousand keys a second do, in each view. The rate of a
// bare page tells what the machine gives at that moment.
func frames(url string) ([]benchmark.Figure, error) {
	const count = `const frames = (ms) => new Promise((done) => {
		let n = 0;
		const begin = performance.now();
		const next = () => {
			const spent = performance.now() - begin;
			if (spent >= ms) done(n * 1000 / spent); else { n++; requestAnimationFrame(next); }
		};
		requestAnimationFrame(next);
	});`
	b, err := launch(url)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := b.open("/bench/bare.html"); err != nil {
		return nil, err
	}
	var bare float64
	if err := b.eval(count+`frames(2000)`, &bare); err != nil {
		return nil, err
	}
	if err := b.open("/?store=memory:&seed=7"); err != nil {
		return nil, err
	}
	err = b.eval(count+`
		globalThis.frames = frames;
		const key = (i) => "user:" + i % 97 + ":" + i;
		globalThis.change = (on) => {
			clearInterval(globalThis.changing);
			globalThis.changed = 0;
			// As many as are due: a timer is neither fine nor punctual.
			const begin = performance.now();
			if (on) globalThis.changing = setInterval(() => {
				const n = Math.floor(performance.now() - begin) - changed;
				changed += n;
				everysec.pipeline(Array.from({length: n}, () => ["SET", key(Math.random() * 100_000 | 0), "x".repeat(Math.random() * 200 | 0)]));
			}, 10);
		};
		everysecReady.then(async () => {
			for (let i = 0; i < 100_000; i += 1000) await everysec.pipeline(Array.from({length: 1000}, (_, k) => ["SET", key(i + k), "v".repeat(20)]));
			await new Promise((done) => setTimeout(done, 3000));
			return document.querySelector("#keyspace-figures").textContent;
		})`, nil)
	if err != nil {
		return nil, err
	}
	figures := []benchmark.Figure{{What: "bare page", Unit: "frames/s", Value: bare}}
	for _, view := range []string{"grid", "map", "tree", "list", "table"} {
		for _, busy := range []bool{false, true} {
			var rates []float64
			if err := b.eval(fmt.Sprintf(`document.querySelector('[data-view="%s"]').click(); change(%v); new Promise((done) => setTimeout(done, 500))`, view, busy), nil); err != nil {
				return nil, err
			}
			for range 3 {
				var rate float64
				if err := b.eval(`frames(1500)`, &rate); err != nil {
					return nil, err
				}
				rates = append(rates, rate)
			}
			var changed float64
			if err := b.eval(`changed`, &changed); err != nil {
				return nil, err
			}
			fmt.Fprintf(os.Stderr, "%s: %.0f keys changed a second\n", view, changed/5)
			what, bar := "nothing changes", 58.0 // of 60: a count over a second and a half may miss one at each end
			if busy {
				what, bar = "1,000 keys a second change", 30
			}
			figures = append(figures, benchmark.Figure{
				What: "100,000 keys, " + view + ", " + what, Unit: "frames/s", Value: slices.Max(rates), Median: benchmark.Median(rates), Bar: bar, AtLeast: true,
			})
		}
	}
	return figures, nil
}
