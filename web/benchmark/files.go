package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"everysec/engine/benchmark"
)

// placed is a file in a store, with the address it comes from or its text.
type placed struct {
	Name string `json:"name"`
	From string `json:"from,omitempty"`
	Text string `json:"text,omitempty"`
}

// dumped and appended are the files of a data set as redis-server wrote them.
func dumped(d benchmark.DataSet) []placed {
	return []placed{{Name: "dump.rdb", From: "/bench/files/" + d.Name + ".rdb"}}
}

func appended(d benchmark.DataSet) []placed {
	const folder, name = "appendonlydir/", "appendonly.aof.1.incr.aof"
	return []placed{
		{Name: folder + name, From: "/bench/files/" + d.Name + ".aof"},
		{Name: folder + "appendonly.aof.manifest", Text: "file " + name + " seq 1 type i\n"},
	}
}

// openOn starts an engine in a new browser on an IndexedDB that holds files,
// and returns the milliseconds until all was read and loaded.
func openOn(url string, files []placed, keys int, appendonly string) (*browser, float64, error) {
	b, err := launch(url)
	if err != nil {
		return nil, 0, err
	}
	list, err := json.Marshal(files)
	if err == nil {
		err = b.open("/bench/inside.html")
	}
	if err == nil {
		err = b.eval(`caller()("place", {url: "idb://bench", files: `+string(list)+`})`, new(any))
	}
	var started struct{ Reading, Loading float64 }
	if err == nil {
		options := `{url: "idb://bench", config: {appendonly: "` + appendonly + `", save: "", "auto-aof-rewrite-percentage": "0"}}`
		err = b.eval(`engine(`+options+`).then((call) => { window.call = call; return started; })`, &started)
	}
	var size struct{ Reply string }
	if err == nil {
		err = b.eval(`call("ask", {words: ["DBSIZE"]})`, &size)
	}
	if err == nil && size.Reply != fmt.Sprintf(":%d\r\n", keys) {
		err = fmt.Errorf("DBSIZE says %q after loading %d keys", size.Reply, keys)
	}
	if err != nil {
		b.close()
		return nil, 0, err
	}
	return b, started.Reading + started.Loading, nil
}

// rates measures files natively beside redis-server, and then has the engine
// in the browser load those of redis-server, from IndexedDB, and save them to
// there.
func rates(url, root, dir string, pairs int) ([]benchmark.Figure, error) {
	figures, err := benchmark.Files(root, dir, pairs)
	if err != nil {
		return nil, err
	}
	for _, data := range benchmark.DataSets() {
		var loads, saves, replays []float64
		for range min(pairs, 3) {
			perSecond := func(milliseconds float64) float64 { return float64(data.Keys) / milliseconds / 1e3 }
			b, took, err := openOn(url, dumped(data), data.Keys, "no")
			if err != nil {
				return nil, err
			}
			var saved struct {
				Reply        string
				Milliseconds float64
			}
			err = b.eval(`call("ask", {words: ["SAVE"]})`, &saved)
			b.close()
			if err != nil {
				return nil, err
			}
			if saved.Reply != "+OK\r\n" {
				return nil, fmt.Errorf("SAVE: %q", saved.Reply)
			}
			loads, saves = append(loads, perSecond(took)), append(saves, perSecond(saved.Milliseconds))
			b, took, err = openOn(url, appended(data), data.Keys, "yes")
			if err != nil {
				return nil, err
			}
			b.close()
			replays = append(replays, perSecond(took))
		}
		for _, f := range []struct {
			what string
			got  []float64
		}{
			{"load dump.rdb", loads}, {"SAVE", saves}, {"replay the append-only file", replays},
		} {
			figures = append(figures, benchmark.Figure{
				What: "browser, IndexedDB, " + data.Describe() + ": " + f.what, Unit: "M keys/s", AtLeast: true,
				Value: slices.Max(f.got), Median: benchmark.Median(f.got),
			})
		}
	}
	return figures, nil
}

// holds measures how long a snapshot of a million keys holds the engine in the
// browser, while a client goes on writing a hundred thousand keys a second.
func holds(url, dir string) ([]benchmark.Figure, error) {
	data := benchmark.DataSets()[0]
	if _, err := os.Stat(filepath.Join(dir, data.Name+".aof")); err != nil { // "files" has not run before
		if err := benchmark.WriteAppendOnly(data, dir); err != nil {
			return nil, err
		}
	}
	kinds := []struct{ command, running string }{
		{"BGSAVE", "rdb_bgsave_in_progress"},
		{"BGREWRITEAOF", "aof_rewrite_in_progress"},
	}
	const rounds = 3
	with, without := make([][]float64, len(kinds)), make([][]float64, len(kinds))
	for range rounds {
		b, _, err := openOn(url, appended(data), data.Keys, "yes")
		if err != nil {
			return nil, err
		}
		for i, kind := range kinds {
			during, milliseconds, err := b.hold(data, fmt.Sprintf(`{words: [%q], running: %q}`, kind.command, kind.running))
			beside := 0.0
			if err == nil {
				beside, _, err = b.hold(data, fmt.Sprintf(`{milliseconds: %f}`, milliseconds))
			}
			if err != nil {
				b.close()
				return nil, err
			}
			with[i], without[i] = append(with[i], during), append(without[i], beside)
		}
		b.close()
	}
	var figures []benchmark.Figure
	for i, kind := range kinds {
		figures = append(figures, benchmark.HoldFigures("browser, "+data.Describe(), kind.command, 15, with[i], without[i])...)
	}
	native, err := benchmark.Holds(data, rounds)
	return append(figures, native...), err
}

// hold calls the worker's hold and returns the milliseconds of processor time
// of the longest task meanwhile, and how long all of it took by the clock.
func (b *browser) hold(data benchmark.DataSet, options string) (longest, milliseconds float64, err error) {
	if err := b.eval(fmt.Sprintf(`call("prepareHold", {keys: %d})`, data.Keys), new(any)); err != nil {
		return 0, 0, err
	}
	var got struct {
		Longest, Milliseconds, Written float64
		What                           string
	}
	longest, err = b.longest(func() error { return b.eval(`call("hold", `+options+`)`, &got) })
	fmt.Fprintf(os.Stderr, "%s: held %.1f ms, by the clock %+v\n", options, longest, got)
	return longest, got.Milliseconds, err
}
