package main

import (
	"slices"

	"everysec/engine/benchmark"
)

// looks times the viewer on files of 64 MB, from the moment at which they are given
// to it: until the first bytes are on the screen, and until all has been read.
func looks(url string) ([]benchmark.Figure, error) {
	b, err := launch(url)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := b.open("/?store=memory:&seed=7"); err != nil {
		return nil, err
	}
	err = b.eval(`
		const value = "v".repeat(100);
		const key = (i) => "user:" + String(i).padStart(7, "0");
		const records = {
			"dump.rdb": (i) => "\x00\x0c" + key(i) + "\x40\x64" + value,
			"appendonly.aof": (i) => "*3\r\n$3\r\nSET\r\n$12\r\n" + key(i) + "\r\n$100\r\n" + value + "\r\n",
		};
		globalThis.made = {};
		for (const [name, record] of Object.entries(records)) {
			const parts = name === "dump.rdb" ? ["REDIS0010"] : [];
			for (let i = 0, bytes = 0; bytes < 64 << 20; ) {
				let part = "";
				for (const end = i + 5000; i < end; i++) part += record(i);
				parts.push(part);
				bytes += part.length;
			}
			if (name === "dump.rdb") parts.push(new Uint8Array([255, 0, 0, 0, 0, 0, 0, 0, 0]));
			made[name] = new File(parts, name);
		}
		globalThis.looks = async (name) => {
			const frame = () => new Promise(requestAnimationFrame);
			const begun = performance.now();
			let first = 0;
			everysecLook([made[name]]);
			for (;;) {
				await frame();
				const viewer = document.querySelector("#viewer");
				if (viewer?.querySelector("h2").textContent !== name) continue;
				if (!first && viewer.querySelector(".row i[data-at]")?.textContent) first = performance.now() - begun;
				if (viewer.dataset.done === "true") break;
			}
			if (!document.querySelector("#viewer .problem").hidden) throw new Error(document.querySelector("#viewer .problem").textContent);
			const all = performance.now() - begun;
			document.querySelector("#viewer-close").click();
			return [first, all];
		};
		everysecReady.then(() => looks("dump.rdb")).then(() => {}) // the viewer is fetched by this`, nil)
	if err != nil {
		return nil, err
	}
	var figures []benchmark.Figure
	for _, name := range []string{"dump.rdb", "appendonly.aof"} {
		var first, all []float64
		for range 3 {
			var ms []float64
			if err := b.eval(`looks("`+name+`")`, &ms); err != nil {
				return nil, err
			}
			first, all = append(first, ms[0]), append(all, ms[1]/1000)
		}
		figures = append(figures,
			benchmark.Figure{What: "viewer, " + name + " of 64 MB, first bytes on the screen", Unit: "ms", Value: slices.Min(first), Median: benchmark.Median(first)},
			benchmark.Figure{What: "viewer, " + name + " of 64 MB, all of it read", Unit: "s", Value: slices.Min(all), Median: benchmark.Median(all)})
	}
	return figures, nil
}
