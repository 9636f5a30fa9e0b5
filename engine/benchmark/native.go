package benchmark

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Native runs everysec-server and redis-server beside each other under
// redis-benchmark, one after the other, pairs times each. root is the module's
// folder, for go build. Both keep nothing on disk: what is compared is the
// path of a command.
func Native(root string, pairs int) ([]Figure, error) {
	dir, err := os.MkdirTemp("", "everysec-bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	program, err := Build(root, dir)
	if err != nil {
		return nil, err
	}
	ours, err := startServer(program, filepath.Join(dir, "ours"))
	if err != nil {
		return nil, err
	}
	defer ours.stop()
	theirs, err := startServer("redis-server", filepath.Join(dir, "theirs"))
	if err != nil {
		return nil, err
	}
	defer theirs.stop()

	var figures []Figure
	for _, load := range nativeLoads() {
		f := Figure{What: "native, redis-benchmark -P 16: " + load.name, Unit: "M/s", Bar: load.bar, AtLeast: true}
		var values, beside, ratios []float64
		for range pairs {
			var rates [2]float64
			for i, s := range []*process{ours, theirs} {
				if rates[i], err = s.rate(load); err != nil {
					return nil, err
				}
			}
			values, beside = append(values, rates[0]/1e6), append(beside, rates[1]/1e6)
			ratios = append(ratios, rates[0]/rates[1])
		}
		f.Value, f.Beside, f.Ratio = slices.Max(values), slices.Max(beside), Median(ratios)
		f.Median = Median(values)
		figures = append(figures, f)
	}
	return figures, nil
}

// Build makes everysec-server in dir and returns its path. root is the module's
// folder.
func Build(root, dir string) (string, error) {
	program := filepath.Join(dir, "everysec-server")
	build := exec.Command("go", "build", "-o", program, "./engine/cmd/everysec-server")
	build.Dir, build.Stderr = root, os.Stderr
	if err := build.Run(); err != nil {
		return "", fmt.Errorf("building everysec-server: %w", err)
	}
	return program, nil
}

// nativeLoad is what redis-benchmark is asked to send.
type nativeLoad struct {
	name     string
	prepare  []string // arguments of a run before, not measured
	args     []string
	requests int
	bar      float64
}

func nativeLoads() []nativeLoad {
	const requests = 500_000
	loads := []nativeLoad{
		{name: "SET", args: []string{"-r", "100000", "SET", "key:__rand_int__", "xxx"}, requests: requests, bar: 0.6},
		{name: "GET", args: []string{"-r", "100000", "GET", "key:__rand_int__"}, requests: requests, bar: 0.6},
	}
	for _, members := range []string{"1000", "100000"} {
		for _, words := range [][]string{
			{"HSET", "hash:" + members, "field:__rand_int__", "value"},
			{"ZADD", "zset:" + members, "__rand_int__", "member:__rand_int__"},
			{"LPUSH", "list:" + members, "element:__rand_int__"},
		} {
			args := append([]string{"-r", members}, words...)
			loads = append(loads, nativeLoad{
				name: words[0] + ", " + members + " members", prepare: args, args: args, requests: requests / 2,
			})
		}
	}
	return loads
}

// process is a server that was started for this.
type process struct {
	port int
	cmd  *exec.Cmd
}

// startServer returns when the server has loaded what is in dir. Directives in
// more come after those that keep it from writing by itself.
func startServer(program, dir string, more ...string) (*process, error) {
	path, err := exec.LookPath(program)
	if err != nil {
		return nil, fmt.Errorf("the benchmark needs %s: %w", program, err)
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &process{port: l.Addr().(*net.TCPAddr).Port}
	_ = l.Close() // the port is only looked for
	directives := append([]string{"--port", strconv.Itoa(s.port), "--dir", dir, "--save", "", "--appendonly", "no"}, more...)
	s.cmd = exec.Command(path, directives...)
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	if err := answers(s.address()); err != nil {
		s.stop()
		return nil, fmt.Errorf("start %s: %w", program, err)
	}
	return s, nil
}

func (s *process) address() string { return "127.0.0.1:" + strconv.Itoa(s.port) }

func (s *process) stop() {
	_ = s.cmd.Process.Kill() // it may have ended
	_ = s.cmd.Wait()
}

// rate is requests a second.
func (s *process) rate(load nativeLoad) (float64, error) {
	if load.prepare != nil {
		if _, err := s.benchmark(load.prepare, load.requests/5); err != nil {
			return 0, err
		}
	}
	return s.benchmark(load.args, load.requests)
}

func (s *process) benchmark(args []string, requests int) (float64, error) {
	all := append([]string{"-p", strconv.Itoa(s.port), "-P", "16", "-n", strconv.Itoa(requests), "--csv"}, args...)
	cmd := exec.Command("redis-benchmark", all...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, fmt.Errorf("redis-benchmark: %w", err)
	}
	return parseRate(string(out))
}

// parseRate takes the rate out of what redis-benchmark --csv prints: a line of
// names, then "the command","requests a second",...
func parseRate(csv string) (float64, error) {
	lines := strings.Split(strings.TrimSpace(csv), "\n")
	fields := strings.Split(lines[len(lines)-1], `","`)
	if len(fields) < 2 {
		return 0, errors.New("redis-benchmark printed no rate")
	}
	return strconv.ParseFloat(strings.Trim(fields[1], `"`), 64)
}
