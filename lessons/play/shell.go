package play

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"everysec/engine/checktool"
	"everysec/engine/vfs"
	"everysec/lessons"
	"everysec/lessons/shell"
)

var (
	errRuns    = errors.New("the server runs: whoever touches its files stops it first")
	errStarted = errors.New("the server started, and was expected to refuse")
)

// Shell implements World.
func (e *Engine) Shell(line string, answers []string) (string, error) {
	if e.server != nil {
		return "", errRuns
	}
	words := strings.Fields(line)
	var before map[string][]byte
	real := e.tools != "" && (words[0] == checktool.AOF || words[0] == checktool.RDB)
	if real {
		var err error
		if before, err = contents(e.disk); err != nil {
			return "", err
		}
	}
	text := ""
	for given := 0; ; given++ {
		r := shell.Run(e.disk, words, answers[:given], e.now/1000)
		text += r.Text
		if r.Question == "" {
			break
		}
		if given == len(answers) {
			return "", fmt.Errorf("%q is not answered", r.Question)
		}
		text += r.Question + answers[given] + "\n"
	}
	e.disk.SyncAll()
	for deadline := e.now + second; e.now < deadline; { // the sync ends
		e.now += second / 10
		e.disk.Advance(e.now)
	}
	if real {
		return text, e.compareTool(before, words, answers, text)
	}
	return text, nil
}

// CompareTools lets what the check tools say and leave be compared with the real
// ones, on the same files in an empty directory.
func (e *Engine) CompareTools(dir string) { e.tools = dir }

// Compared is how often that has been done.
func (e *Engine) Compared() int { return e.compared }

// What only one of the two says, or says in other words: everysec-check's own
// tests have the list.
var (
	ownWords  = regexp.MustCompile(`(?m)^(\[info\] (RDB version|what modules).*|RDB is not valid)\n`)
	rdbReason = regexp.MustCompile(`(?m)(RDB ERROR DETECTED ---\n\[offset \d+\]).*`)
)

func alike(text string) string {
	return rdbReason.ReplaceAllString(ownWords.ReplaceAllString(text, ""), "$1")
}

func (e *Engine) compareTool(files map[string][]byte, words, answers []string, ours string) error {
	e.compared++
	if err := os.RemoveAll(e.tools); err != nil {
		return err
	}
	for name, data := range files {
		file := filepath.Join(e.tools, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(file, data, 0o644); err != nil {
			return err
		}
	}
	theirs, err := typed(e.tools, words, answers)
	if err != nil {
		return err
	}
	if a, b := alike(ours), alike(theirs); a != b {
		return fmt.Errorf("%s: we say\n%s\nthe real tool says\n%s", strings.Join(words, " "), indent(a), indent(b))
	}
	after, err := contents(e.disk)
	if err != nil {
		return err
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		left, err := os.ReadFile(filepath.Join(e.tools, name))
		if err != nil || !bytes.Equal(left, after[name]) {
			return fmt.Errorf("%s: of %s we leave %d bytes, the real tool %d (%v)", strings.Join(words, " "), name, len(after[name]), len(left), err)
		}
	}
	return nil
}

func contents(disk *vfs.Disk) (map[string][]byte, error) {
	files := map[string][]byte{}
	for _, f := range disk.Files() {
		data, err := vfs.ReadFile(disk, f.Name)
		if err != nil {
			return nil, err
		}
		files[f.Name] = data
	}
	return files, nil
}

// typed runs a real program in a directory, and gives what a terminal would show.
func typed(dir string, words, answers []string) (string, error) {
	var args []string
	for _, word := range words[1:] {
		fits, err := filepath.Glob(filepath.Join(dir, word))
		if err != nil || fits == nil || !strings.Contains(word, "*") {
			args = append(args, word)
			continue
		}
		for _, name := range fits {
			rel, err := filepath.Rel(dir, name)
			if err != nil {
				return "", err
			}
			args = append(args, rel)
		}
	}
	limit, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	program := exec.CommandContext(limit, words[0], args...)
	program.Dir, program.Env = dir, append(os.Environ(), "LC_ALL=C")
	program.Stdin = strings.NewReader(strings.Join(answers, "\n") + "\n")
	out, err := program.CombinedOutput()
	if err != nil && program.ProcessState == nil {
		return "", err
	}
	text := string(out)
	for _, answer := range answers { // a terminal shows what is typed
		text = strings.Replace(text, "[y/N]: ", "[y/N]\x00: "+answer+"\n", 1)
	}
	return strings.ReplaceAll(text, "\x00", ""), nil
}

// Refuse implements World.
func (e *Engine) Refuse(options []string) (string, error) {
	e.now += starting
	e.log = nil
	if err := e.start(options); err == nil {
		return "", errStarted
	} else if e.server != nil {
		return "", err
	}
	return strings.Join(e.log, "\n") + "\n", nil
}

// Shell implements World.
func (r *Redis) Shell(line string, answers []string) (string, error) {
	if r.process != nil {
		return "", errRuns
	}
	return typed(r.dir, strings.Fields(line), answers)
}

// logHead is what stands before each line of a log: process, role and time.
var logHead = regexp.MustCompile(`(?m)^\d+:[A-Z] \d+ \w+ \d+ [0-9:.]+ `)

// Refuse implements World.
func (r *Redis) Refuse(options []string) (string, error) {
	if r.process != nil {
		return "", errRuns
	}
	log := filepath.Join(r.dir, "log")
	if err := os.Remove(log); err != nil {
		return "", err
	}
	limit, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	program := exec.CommandContext(limit, "redis-server", r.arguments(options)...)
	program.WaitDelay = time.Second
	err := program.Run()
	switch {
	case limit.Err() != nil:
		return "", errStarted
	case err == nil:
		return "", errors.New("the server ended, and was expected to refuse")
	case program.ProcessState == nil:
		return "", err
	}
	text, err := os.ReadFile(log)
	return logHead.ReplaceAllString(string(text), ""), err
}

var _, _ World = (*Engine)(nil), (*Redis)(nil)

// refuse plays a start that is to refuse, and compares its log.
func (p *player) refuse(l lessons.Line) error {
	log, err := p.world.Refuse(l.Action.Options)
	if err != nil {
		return p.broken(l.At, err)
	}
	p.report.Actions++
	if len(l.Expect) > 0 {
		p.report.Replies++
		if !lessons.Match(l.Expect, log) {
			p.failf(l.At, "%s\nexpected:\n%s\ngot:\n%s", l.Action.Source, indent(strings.Join(l.Expect, "\n")), indent(log))
		}
	}
	return nil
}
