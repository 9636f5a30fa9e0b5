// Command compare prints how much of Redis is here and what is held against a
// real redis-server: it counts, and runs the comparison. It fails where they
// differ.
//
//	go run ./engine/cmd/compare [-commands 120000] [-seed 1]
package main

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/commands"
)

func main() {
	count := flag.Int("commands", 120000, "random commands to compare")
	seed := flag.Uint64("seed", 1, "seed of the random commands")
	flag.Parse()
	if err := run(*count, *seed); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func run(count int, seed uint64) error {
	known, err := commandsOfRedis("engine/commands/testdata/redis-7.0.15.tsv")
	if err != nil {
		return err
	}
	table := command.NewTable(commands.Families()...)
	here, newer, runnable := 0, 0, map[string]bool{}
	var missing []string
	for name := range known {
		if table.Find(name) == nil {
			missing = append(missing, name)
		}
	}
	table.Each(func(s *command.Spec) {
		switch {
		case !known[s.FullName()]:
			newer++
		default:
			here++
			runnable[s.FullName()] = s.Run != nil
		}
	})
	lines, files, err := transcripts("engine/commands/*/testdata/*.txt")
	if err != nil {
		return err
	}
	entries, err := differences("engine/DIFFERENCES.md")
	if err != nil {
		return err
	}
	drawn, problem := compare(count, seed)
	sent, kinds, callable := 0, 0, 0
	for name, n := range drawn {
		sent += n
		if runnable[name] {
			kinds++
		}
	}
	for _, is := range runnable {
		if is {
			callable++
		}
	}
	row := func(what, value string) { fmt.Printf("| %s | %s |\n", what, value) }
	fmt.Print("| what | figure |\n| --- | --- |\n")
	row("commands and subcommands of redis-server 7.0.15 that are here", fmt.Sprintf("%d of %d", here, len(known)))
	row("newer ones", strconv.Itoa(newer))
	row("commands compared in the random run, of those that are no mere containers", fmt.Sprintf("%d of %d", kinds, callable))
	row("random commands compared, half in RESP2, half in RESP3", fmt.Sprintf("%d (seed %d)", sent, seed))
	row("commands in transcripts compared", fmt.Sprintf("%d in %d files", lines, files))
	row("entries in engine/DIFFERENCES.md", strconv.Itoa(entries))
	result := "none"
	if problem != nil {
		result = "some: see above"
	}
	row("differences beside them", result)
	if problem == nil && len(missing) > 0 {
		problem = fmt.Errorf("missing: %s", strings.Join(missing, " "))
	}
	return problem
}

// commandsOfRedis reads the names that a redis-server told.
func commandsOfRedis(file string) (map[string]bool, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	names := map[string]bool{}
	for _, line := range strings.Split(string(text), "\n") {
		if name, _, ok := strings.Cut(line, "\t"); ok {
			names[name] = true
		}
	}
	return names, nil
}

// transcripts counts commands: lines that begin with the name of a client and >.
func transcripts(pattern string) (lines, files int, err error) {
	paths, err := filepath.Glob(pattern)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return 0, 0, err
		}
		files++
		for _, line := range strings.Split(string(text), "\n") {
			if client, _, ok := strings.Cut(line, "> "); ok && !strings.ContainsAny(client, " \"()#") {
				lines++
			}
		}
	}
	return lines, files, err
}

// differences counts the entries of a list.
func differences(file string) (int, error) {
	text, err := os.ReadFile(file)
	return strings.Count("\n"+string(text), "\n- "), err
}

// compare sends random commands and the transcripts to both servers and tells
// how often each command was sent.
func compare(count int, seed uint64) (map[string]int, error) {
	dir, err := os.MkdirTemp("", "compare")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	figures := filepath.Join(dir, "figures")
	test := exec.Command("go", "test", "-count=1", "-timeout", "4h", "-run", "TestRandomCommands|TestTranscripts", "./engine/differential",
		"-commands", strconv.Itoa(count), "-seed", strconv.FormatUint(seed, 10), "-figures", figures)
	out, problem := test.CombinedOutput()
	if problem != nil {
		os.Stderr.Write(out)
	}
	text, err := os.ReadFile(figures)
	if err != nil {
		return nil, err
	}
	drawn := map[string]int{}
	for _, line := range strings.Split(strings.TrimSpace(string(text)), "\n") {
		name, n, _ := strings.Cut(line, " ")
		if drawn[name], err = strconv.Atoi(n); err != nil {
			return nil, fmt.Errorf("read %s: %w", figures, err)
		}
	}
	return drawn, problem
}
