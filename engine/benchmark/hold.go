package benchmark

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"

	"everysec/engine/benchmark/threadtime"
	"everysec/engine/server"
	"everysec/engine/vfs/osfs"
)

// Holds measures how long a snapshot of a data set holds the engine's thread
// natively, on real files, while a client goes on writing: the longest step
// during it, and the longest in as many steps without. Steps are measured by
// the processor time of the thread: the clock would count what the system gives
// to other programs.
func Holds(data DataSet, rounds int) ([]Figure, error) {
	kinds := []struct{ command, running string }{
		{"BGSAVE", "rdb_bgsave_in_progress:1"},
		{"BGREWRITEAOF", "aof_rewrite_in_progress:1"},
	}
	with, without := make([][]float64, len(kinds)), make([][]float64, len(kinds))
	for range rounds {
		l, err := newLoop(data)
		if err != nil {
			return nil, err
		}
		for i, kind := range kinds {
			longest, steps, err := l.hold(kind.command, kind.running, 0)
			if err != nil {
				return nil, err
			}
			beside, _, err := l.hold("", "", steps)
			if err != nil {
				return nil, err
			}
			with[i], without[i] = append(with[i], longest), append(without[i], beside)
		}
		if err := l.close(); err != nil {
			return nil, err
		}
	}
	var figures []Figure
	for i, kind := range kinds {
		figures = append(figures, HoldFigures("native, "+data.Describe(), kind.command, 5, with[i], without[i])...)
	}
	return figures, nil
}

// HoldFigures are the lines of one kind of snapshot: milliseconds, the worst of
// all rounds and not the best. The bar is for what the snapshot adds in a round.
func HoldFigures(where, command string, bar float64, with, without []float64) []Figure {
	adds := make([]float64, len(with))
	for i := range with {
		adds[i] = max(with[i]-without[i], 0)
	}
	what := where + ": longest hold while a client writes, "
	line := func(rest string, rounds []float64, bar float64) Figure {
		return Figure{What: what + rest, Unit: "ms", Value: slices.Max(rounds), Median: Median(rounds), Bar: bar}
	}
	return []Figure{
		line("during "+command, with, 0),
		line("as long without", without, 0),
		line("so "+command+" adds", adds, bar),
	}
}

// loop is an engine with real files in this process.
type loop struct {
	dir    string
	disk   *osfs.FS
	server *server.Server
	client uint64
	inputs [][]byte // each writes 100 keys that are there
}

func newLoop(data DataSet) (*loop, error) {
	dir, err := os.MkdirTemp("", "everysec-hold")
	if err != nil {
		return nil, err
	}
	l := &loop{dir: dir}
	if l.disk, err = osfs.Open(dir, nil); err != nil {
		return nil, err
	}
	begun := time.Now()
	l.server, err = server.Open(time.Now().UnixMicro(), server.Options{
		FS: l.disk, Config: [][2]string{{"appendonly", "yes"}, {"save", ""}, {"auto-aof-rewrite-percentage", "0"}},
		Stopwatch: func() int64 { return time.Since(begun).Microseconds() },
	})
	if err != nil {
		return nil, err
	}
	for l.server.Loading() || l.server.Held() {
		l.step()
	}
	l.client = l.server.Connect(time.Now().UnixMicro(), "127.0.0.1:1")
	var batch []byte
	inBatch, total := 0, 0
	data.Commands(func(words ...string) {
		batch = appendWords(batch, words)
		if inBatch++; inBatch < 100 {
			return
		}
		inBatch = 0
		if total++; total%50 == 1 { // some stay, to be written again
			l.inputs = append(l.inputs, slices.Clone(batch))
		}
		l.server.Receive(l.client, batch)
		l.step()
		batch = batch[:0]
	})
	return l, nil
}

func (l *loop) step() string {
	l.server.Step(time.Now().UnixMicro())
	var out []byte
	for _, id := range l.server.OutputReady() {
		b, _ := l.server.Output(id)
		if id == l.client {
			out = b
		}
	}
	return string(out)
}

// hold returns the milliseconds of the longest step from a command to the end
// of what it begins, or of so many steps.
func (l *loop) hold(command, running string, steps int) (longest float64, n int, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	input := appendWords(nil, []string{command})
	for n = 0; command != "" || n < steps; n++ {
		if n > 0 || command == "" {
			input = l.inputs[n*7919%len(l.inputs)]
		}
		if n == 0 || !l.server.Held() { // as a client that waits for its replies
			l.server.Receive(l.client, input)
		}
		clock, begun := time.Now(), threadtime.Used()
		out := l.step()
		// In a virtual machine the clock of the processor may run ahead: no step has
		// used more than has passed.
		took := min(threadtime.Used()-begun, time.Since(clock))
		longest = max(longest, float64(took.Microseconds())/1000)
		if strings.HasPrefix(out, "-") {
			return 0, n, fmt.Errorf("%s: %q", command, out)
		}
		if command != "" && n%20 == 10 && !strings.Contains(string(l.server.Info([]string{"persistence"})), running) {
			break
		}
		// A hundred thousand writes a second: a batch a millisecond.
		time.Sleep(time.Millisecond)
	}
	return longest, n, nil
}

func (l *loop) close() error {
	for l.server.Held() {
		l.step()
	}
	err := l.disk.Close()
	_ = os.RemoveAll(l.dir) // a temporary folder
	return err
}
