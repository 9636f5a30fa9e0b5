// Command benchmark prints what Everysec can do on this machine, each figure
// beside what it is compared with, measured in the same run: `make bench`.
//
// It fails where it cannot measure, never because a figure is bad: a machine
// has bad days. On a busy machine "measured" is the best of many short samples
// and "median" tells how bad the day is.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"everysec/engine/benchmark"
	"everysec/web/cmd/site/publish"
)

func main() {
	only := flag.String("only", "size,visit,inside,page,one,load,frames,durable,files,hold,looks,native", "what to measure")
	pairs := flag.Int("pairs", 5, "how often each comparison is made")
	flag.StringVar(&some, "some", "", "of the tasks only those whose names have one of these words, with semicolons between them")
	flag.Parse()
	if err := run(strings.Split(*only, ","), *pairs); err != nil {
		fmt.Fprintln(os.Stderr, "benchmark:", err)
		os.Exit(1)
	}
}

func run(only []string, pairs int) error {
	mod, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return fmt.Errorf("go env GOMOD: %w", err)
	}
	root := filepath.Dir(strings.TrimSpace(string(mod)))
	dist, err := os.MkdirTemp("", "everysec-dist")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dist)
	wanted := func(name string) bool { return slices.Contains(only, name) }
	if len(only) != 1 || !wanted("native") {
		b := publish.Builder{Root: root, Out: dist, Compress: wanted("size") || wanted("visit")}
		if err := b.Build(); err != nil {
			return err
		}
	}
	files, err := os.MkdirTemp("", "everysec-files")
	if err != nil {
		return err
	}
	defer os.RemoveAll(files)
	server, err := serve(root, dist, files)
	if err != nil {
		return err
	}
	defer server.Close()

	var figures []benchmark.Figure
	for _, part := range []struct {
		name    string
		measure func() ([]benchmark.Figure, error)
	}{
		{"size", func() ([]benchmark.Figure, error) { return size(dist) }},
		{"visit", func() ([]benchmark.Figure, error) { return visits(server.URL, pairs) }},
		{"inside", func() ([]benchmark.Figure, error) { return inside(server.URL) }},
		{"page", func() ([]benchmark.Figure, error) { return fromPage(server.URL) }},
		{"one", func() ([]benchmark.Figure, error) { return oneAtATime(server.URL) }},
		{"load", func() ([]benchmark.Figure, error) { return load(server.URL, "yes") }},
		{"load", func() ([]benchmark.Figure, error) { return load(server.URL, "no") }},
		{"frames", func() ([]benchmark.Figure, error) { return frames(server.URL) }},
		{"tasks", func() ([]benchmark.Figure, error) { return tasks(server.URL) }},
		{"durable", func() ([]benchmark.Figure, error) { return durable(server.URL) }},
		{"files", func() ([]benchmark.Figure, error) { return rates(server.URL, root, files, pairs) }},
		{"hold", func() ([]benchmark.Figure, error) { return holds(server.URL, files) }},
		{"looks", func() ([]benchmark.Figure, error) { return looks(server.URL) }},
		{"native", func() ([]benchmark.Figure, error) { return benchmark.Native(root, pairs) }},
	} {
		if !wanted(part.name) {
			continue
		}
		fmt.Fprintf(os.Stderr, "measuring: %s\n", part.name)
		more, err := part.measure()
		if err != nil {
			return fmt.Errorf("%s: %w", part.name, err)
		}
		figures = append(figures, more...)
	}
	return benchmark.Print(os.Stdout, figures)
}

func size(dist string) ([]benchmark.Figure, error) {
	var list bytes.Buffer
	err := publish.Size(dist, &list)
	lines := strings.Split(strings.TrimSpace(list.String()), "\n")
	var total float64
	if _, scan := fmt.Sscan(lines[len(lines)-1], &total); scan != nil || total == 0 {
		return nil, errors.Join(err, scan)
	}
	return []benchmark.Figure{{What: "first visit, everything, brotli", Value: total / 1e6, Unit: "MB", Bar: publish.Limit / 1e6}}, nil
}

// visits opens the page and a bare one in new browsers, in pairs.
func visits(url string, pairs int) ([]benchmark.Figure, error) {
	kinds := []struct {
		name string
		bar  float64
	}{
		{"first reply from navigation, new browser", 3.5},
		{"first reply from navigation, repeat visit", 2.5},
		{"first reply from navigation, reload of the open page", 0},
	}
	ours, bare, ratios := make([][]float64, len(kinds)), make([][]float64, len(kinds)), make([][]float64, len(kinds))
	for range pairs {
		a, err := visit(url, "/?store=memory:")
		if err != nil {
			return nil, err
		}
		b, err := visit(url, "/bench/bare.html")
		if err != nil {
			return nil, err
		}
		for i := range kinds {
			ours[i], bare[i] = append(ours[i], a[i]), append(bare[i], b[i])
			ratios[i] = append(ratios[i], a[i]/b[i])
		}
	}
	var figures []benchmark.Figure
	for i, kind := range kinds {
		figures = append(figures, benchmark.Figure{
			What: kind.name, Unit: "ms", Bar: kind.bar,
			Value: slices.Min(ours[i]), Median: benchmark.Median(ours[i]),
			Beside: slices.Min(bare[i]), Ratio: benchmark.Median(ratios[i]),
		})
	}
	return figures, nil
}

// visit returns the milliseconds to the first reply of a first visit, of the
// best of three that come back from another page, and of the best of three
// that go from the page to itself, whose code this process still has and whose
// engine it takes down meanwhile.
func visit(url, path string) (times [3]float64, err error) {
	b, err := launch(url)
	if err != nil {
		return times, err
	}
	defer b.close()
	for _, kind := range []int{0, 1, 1, 1, 2, 2, 2} {
		if kind < 2 { // what a browser does at its own start would be measured else
			if err := b.leave(); err != nil {
				return times, err
			}
		}
		var took float64
		if err := b.open(path); err != nil {
			return times, err
		}
		if err := b.eval("firstReply", &took); err != nil {
			return times, err
		}
		if times[kind] == 0 || took < times[kind] {
			times[kind] = took
		}
		// A browser stores what it compiled some seconds after it was used.
		if err := b.eval(`new Promise((r) => setTimeout(r, 5000))`, new(any)); err != nil {
			return times, err
		}
	}
	return times, nil
}

// samples are rates in millions a second.
func rate(what string, bar float64, samples []float64) benchmark.Figure {
	return benchmark.Figure{
		What: what, Unit: "M/s", Value: slices.Max(samples), Median: benchmark.Median(samples), Bar: bar, AtLeast: true,
	}
}

// inside calls the module's exports in the worker, 100 commands a call.
func inside(url string) ([]benchmark.Figure, error) {
	b, err := launch(url)
	if err != nil {
		return nil, err
	}
	defer b.close()
	var figures []benchmark.Figure
	for _, aof := range []string{"yes", "no"} {
		if err := b.open("/bench/inside.html"); err != nil {
			return nil, err
		}
		if err := b.eval(`engine({config: {appendonly: "`+aof+`"}}).then((call) => { window.call = call; })`, new(any)); err != nil {
			return nil, err
		}
		for _, name := range []string{"SET", "GET"} {
			var got struct {
				Rates    []float64
				Commands float64
			}
			if err := b.eval(`call("prepare", {name: "`+name+`"})`, new(any)); err != nil {
				return nil, err
			}
			before := b.workerSeconds()
			if err := b.eval(`call("commands", {samples: 100})`, &got); err != nil {
				return nil, err
			}
			perCPU := got.Commands / (b.workerSeconds() - before) / 1e6
			what, bar := "in the worker: "+name+", 100 a call", 2.0
			if aof == "no" {
				what, bar = what+", appendonly no", 0
			}
			f := rate(what, bar, got.Rates)
			f.PerCPU = perCPU
			figures = append(figures, f)
		}
	}
	return figures, nil
}

// fromPage uses everysec.js as a page does.
func fromPage(url string) ([]benchmark.Figure, error) {
	b, err := launch(url)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := b.open("/bench/page.html"); err != nil {
		return nil, err
	}
	if err := b.eval(`firstReply`, new(any)); err != nil {
		return nil, err
	}
	var figures []benchmark.Figure
	for _, c := range []struct {
		name string
		size int
		bar  float64
	}{
		{"SET", 10000, 0.6},
		{"GET", 10000, 0.6},
		{"HSET", 1000, 0.3},
		{"ZADD", 1000, 0.3},
		{"LPUSH", 1000, 0.3},
		{"HSET", 100000, 0.3},
		{"ZADD", 100000, 0.3},
		{"LPUSH", 100000, 0.3},
	} {
		var got struct {
			Rates      []float64
			PerMessage float64
		}
		if err := b.eval(fmt.Sprintf(`measure.pipelined(%q, %d, 100)`, c.name, c.size), &got); err != nil {
			return nil, err
		}
		what := fmt.Sprintf("from the page: %s, %.0f a message", c.name, got.PerMessage)
		if c.bar == 0.3 {
			what += fmt.Sprintf(", %d members", c.size)
		}
		figures = append(figures, rate(what, c.bar, got.Rates))
	}
	return figures, nil
}

// oneAtATime waits for each reply before the next command.
func oneAtATime(url string) ([]benchmark.Figure, error) {
	b, err := launch(url)
	if err != nil {
		return nil, err
	}
	defer b.close()
	if err := b.open("/bench/page.html"); err != nil {
		return nil, err
	}
	if err := b.eval(`firstReply`, new(any)); err != nil {
		return nil, err
	}
	type rates struct{ Ours, Bare []float64 } // thousands a second
	var one struct{ Turns, Rows rates }
	if err := b.eval(`measure.oneAtATime(100)`, &one); err != nil {
		return nil, err
	}
	const what = "from the page, one at a time, beside a bare echo"
	figure := func(what string, bar float64, r rates) benchmark.Figure {
		var ratios []float64
		for i := range r.Ours {
			ratios = append(ratios, r.Ours[i]/r.Bare[i])
		}
		return benchmark.Figure{
			What: what, Unit: "k/s", Value: slices.Max(r.Ours), Median: benchmark.Median(r.Ours),
			Beside: slices.Max(r.Bare), Ratio: benchmark.Median(ratios), Bar: bar, AtLeast: true,
		}
	}
	return []benchmark.Figure{figure(what, 0.8, one.Rows), figure(what+", each in turn", 0, one.Turns)}, nil
}

// load puts a million keys into the engine on a store in IndexedDB. With
// appendonly an automatic rewrite runs beside, as it would in Redis. How long
// the engine is held is told as for snapshots: by processor time.
func load(url string, aof string) ([]benchmark.Figure, error) {
	const rounds = 3
	var times, loading, after, waits []float64
	var perKey float64
	for range rounds {
		b, err := launch(url)
		if err != nil {
			return nil, err
		}
		var filled, left struct {
			Milliseconds, Waited, PerKey, Longest float64
			What                                  string
		}
		var during, then, used float64
		err = b.open("/bench/inside.html")
		if err == nil {
			err = b.eval(`engine({url: "idb://bench", config: {appendonly: "`+aof+`"}}).then((c) => ((call = c), call("prepareLoad", {})))`, new(any))
		}
		if err == nil {
			before := b.workerSeconds()
			during, err = b.longest(func() error { return b.eval(`call("load", {keys: 1_000_000})`, &filled) })
			used = b.workerSeconds() - before
		}
		if err == nil {
			then, err = b.longest(func() error {
				return b.eval(`call("afterLoad", {keys: 1_000_000, milliseconds: 10_000})`, &left)
			})
		}
		b.close()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(os.Stderr, "%.2f s of processor time, held %.1f ms, by the clock %+v; after %.1f ms, %+v\n", used, during, filled, then, left)
		waits = append(waits, filled.Waited)
		times, loading, after = append(times, filled.Milliseconds/1000), append(loading, during), append(after, then)
		perKey = left.PerKey
	}
	million := "1,000,000 keys in the browser, appendonly " + aof + ": "
	return []benchmark.Figure{
		{What: million + "loaded in", Unit: "s", Value: slices.Min(times), Median: benchmark.Median(times), Bar: 2.5},
		{What: million + "each", Unit: "B", Value: perKey, Bar: 220},
		{What: million + "longest hold while loading", Unit: "ms", Value: slices.Min(loading), Median: benchmark.Median(loading), Bar: 30},
		{What: million + "longest wait for the disk", Unit: "ms", Value: slices.Min(waits), Median: benchmark.Median(waits)},
		{What: million + "longest hold in 10 s after", Unit: "ms", Value: slices.Min(after), Median: benchmark.Median(after), Bar: 30},
	}, nil
}
