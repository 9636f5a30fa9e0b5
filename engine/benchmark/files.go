package benchmark

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"time"
)

// Files measures how everysec-server and redis-server write and read the same
// files. It leaves those that redis-server made in dir, as NAME.rdb and
// NAME.aof for each data set, for who wants to load them elsewhere.
func Files(root, dir string, pairs int) ([]Figure, error) {
	program, err := Build(root, dir)
	if err != nil {
		return nil, err
	}
	var figures []Figure
	for _, data := range DataSets() {
		sizes, err := fileSizes(program, dir, data)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", data.Name, err)
		}
		rates, err := fileRates(program, dir, data, pairs)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", data.Name, err)
		}
		figures = append(append(figures, rates...), sizes...)
	}
	return figures, nil
}

const (
	appendDir   = "appendonlydir"
	incremental = "appendonly.aof.1.incr.aof"
)

// fileSizes fills both servers, looks at what they write, and keeps
// redis-server's files.
func fileSizes(program, dir string, data DataSet) ([]Figure, error) {
	kinds := []string{"dump.rdb", "append-only file as written", "append-only file rewritten, RDB preamble", "append-only file rewritten, no preamble"}
	var sizes [2][]float64
	for i, program := range []string{program, "redis-server"} {
		home := filepath.Join(dir, "written")
		if err := os.RemoveAll(home); err != nil {
			return nil, err
		}
		s, err := startServer(program, home, "--appendonly", "yes", "--auto-aof-rewrite-percentage", "0")
		if err != nil {
			return nil, err
		}
		sizes[i], err = s.fileSizes(home, data)
		s.stop()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", filepath.Base(program), err)
		}
		if program == "redis-server" {
			if err := os.Rename(filepath.Join(home, "dump.rdb"), filepath.Join(dir, data.Name+".rdb")); err != nil {
				return nil, err
			}
			if err := os.Rename(filepath.Join(home, "first.aof"), filepath.Join(dir, data.Name+".aof")); err != nil {
				return nil, err
			}
		}
	}
	var figures []Figure
	for i, kind := range kinds {
		figures = append(figures, Figure{
			What: fmt.Sprintf("size, %s: %s", data.Describe(), kind), Unit: "MB",
			Value: sizes[0][i], Beside: sizes[1][i], Ratio: sizes[0][i] / sizes[1][i],
		})
	}
	return figures, nil
}

// Describe says what it is, for a line of the table.
func (d DataSet) Describe() string {
	if d.Keys == 1_000_000 {
		return "1,000,000 strings"
	}
	return fmt.Sprintf("%d keys of every type", d.Keys)
}

// fileSizes are megabytes, in the order of kinds. first.aof is the append-only
// file before it was rewritten.
func (s *process) fileSizes(home string, data DataSet) (sizes []float64, err error) {
	c, err := dial(s.address())
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if err := c.fill(data); err != nil {
		return nil, err
	}
	first := filepath.Join(home, "first.aof")
	if err := os.Link(filepath.Join(home, appendDir, incremental), first); err != nil {
		return nil, err
	}
	if _, err := c.do("SAVE"); err != nil {
		return nil, err
	}
	add := func(name string) error {
		info, err := os.Stat(name)
		if err == nil {
			sizes = append(sizes, float64(info.Size())/1e6)
		}
		return err
	}
	if err := errors.Join(add(filepath.Join(home, "dump.rdb")), add(first)); err != nil {
		return nil, err
	}
	for _, preamble := range []string{"yes", "no"} {
		if _, err := c.do("CONFIG", "SET", "aof-use-rdb-preamble", preamble); err != nil {
			return nil, err
		}
		if err := c.rewrite(); err != nil {
			return nil, err
		}
		base, err := filepath.Glob(filepath.Join(home, appendDir, "*.base.*"))
		if err != nil || len(base) != 1 {
			return nil, fmt.Errorf("after a rewrite there are the bases %q", base)
		}
		if err := add(base[0]); err != nil {
			return nil, err
		}
	}
	return sizes, nil
}

// rewrite runs BGREWRITEAOF and waits for its end, and that of the removal of
// what it replaces.
func (c *client) rewrite() error {
	if _, err := c.do("BGREWRITEAOF"); err != nil {
		return err
	}
	for {
		time.Sleep(50 * time.Millisecond)
		running, err := c.info("aof_rewrite_in_progress")
		if err != nil {
			return err
		}
		status, err := c.info("aof_last_bgrewrite_status")
		if err != nil {
			return err
		}
		if running == "0" {
			time.Sleep(300 * time.Millisecond)
			if status != "ok" {
				return errors.New("BGREWRITEAOF failed")
			}
			return nil
		}
	}
}

// fileRates has both servers load the same files, and save them again.
func fileRates(program, dir string, data DataSet, pairs int) ([]Figure, error) {
	kinds := []string{"load dump.rdb", "SAVE", "replay the append-only file"}
	var rates, perCPU [2][3][]float64
	var digests [2]string
	for round := range pairs {
		for i, program := range []string{program, "redis-server"} {
			home := filepath.Join(dir, "loaded")
			got, digest, err := data.loadAndSave(program, home, dir, round == 0)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", filepath.Base(program), err)
			}
			for k, cost := range got {
				rates[i][k] = append(rates[i][k], float64(data.Keys)/cost.wall/1e6)
				perCPU[i][k] = append(perCPU[i][k], float64(data.Keys)/cost.cpu/1e6)
			}
			if round == 0 {
				digests[i] = digest
			}
		}
	}
	if digests[0] != digests[1] {
		return nil, errors.New("the two have not loaded the same: DEBUG DIGEST differs")
	}
	var figures []Figure
	for k, kind := range kinds {
		for _, by := range []struct {
			name  string
			rates [2][3][]float64
		}{{"", rates}, {", by processor time", perCPU}} {
			ours, theirs := by.rates[0][k], by.rates[1][k]
			var ratios []float64
			for i := range ours {
				ratios = append(ratios, ours[i]/theirs[i])
			}
			figures = append(figures, Figure{
				What: fmt.Sprintf("native, %s: %s%s", data.Describe(), kind, by.name), Unit: "M keys/s", AtLeast: true,
				Value: slices.Max(ours), Median: Median(ours), Beside: slices.Max(theirs), Ratio: Median(ratios),
			})
		}
	}
	return figures, nil
}

// cost is seconds by the clock, and of the processor in all threads.
type cost struct{ wall, cpu float64 }

// loadAndSave returns what it costs from the start of a process on dump.rdb to
// its first PONG, what SAVE costs, and what it costs from the start of one on
// the append-only file; and what DEBUG DIGEST said to both, if it is asked.
func (d DataSet) loadAndSave(program, home, dir string, digest bool) (costs [3]cost, digests string, err error) {
	start := func(appendonly string) (*process, *client, cost, error) {
		begun := time.Now()
		s, err := startServer(program, home, "--appendonly", appendonly, "--auto-aof-rewrite-percentage", "0", "--enable-debug-command", "yes")
		if err != nil {
			return nil, nil, cost{}, err
		}
		took := cost{time.Since(begun).Seconds(), processSeconds(s.cmd.Process.Pid)}
		c, err := dial(s.address())
		var size string
		if err == nil {
			size, err = c.do("DBSIZE")
		}
		if err == nil && size != strconv.Itoa(d.Keys) {
			err = fmt.Errorf("DBSIZE says %s after loading %d keys", size, d.Keys)
		}
		if err == nil && digest {
			var text string
			text, err = c.do("DEBUG", "DIGEST")
			digests += text
		}
		if err != nil {
			s.stop()
			return nil, nil, cost{}, err
		}
		return s, c, took, nil
	}

	if err := place(filepath.Join(dir, d.Name+".rdb"), filepath.Join(home, "dump.rdb")); err != nil {
		return costs, "", err
	}
	s, c, took, err := start("no")
	if err != nil {
		return costs, "", err
	}
	costs[0] = took
	begun, before := time.Now(), processSeconds(s.cmd.Process.Pid)
	_, err = c.do("SAVE")
	costs[1] = cost{time.Since(begun).Seconds(), processSeconds(s.cmd.Process.Pid) - before}
	s.stop()
	if err == nil {
		err = place(filepath.Join(dir, d.Name+".aof"), filepath.Join(home, appendDir, incremental))
	}
	if err == nil {
		manifest := "file " + incremental + " seq 1 type i\n"
		err = os.WriteFile(filepath.Join(home, appendDir, "appendonly.aof.manifest"), []byte(manifest), 0o644)
	}
	if err != nil {
		return costs, "", err
	}
	if s, _, costs[2], err = start("yes"); err == nil {
		s.stop()
	}
	return costs, digests, err
}

// WriteAppendOnly writes the append-only file of a data set as redis-server
// would, to where Files would leave it.
func WriteAppendOnly(d DataSet, dir string) error {
	f, err := os.Create(filepath.Join(dir, d.Name+".aof"))
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	b := appendWords(nil, []string{"SELECT", "0"})
	w.Write(b) // Flush has the error
	d.Commands(func(words ...string) {
		b = appendWords(b[:0], words)
		w.Write(b)
	})
	return errors.Join(w.Flush(), f.Close())
}

// place copies a file to where a server looks for it, in an empty folder.
func place(from, to string) error {
	content, err := os.ReadFile(from)
	if err != nil {
		return err
	}
	if err := os.RemoveAll(filepath.Dir(to)); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(to), 0o755); err != nil {
		return err
	}
	return os.WriteFile(to, content, 0o644)
}
