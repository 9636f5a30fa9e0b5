package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"everysec/engine/sim/breaks"
)

// runBreaks builds the simulation with each mistake in the engine and tells how
// soon it is caught. It fails if one is not. only is part of a name.
func runBreaks(rounds int, only string) error {
	dir, err := os.MkdirTemp("", "breaks")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	var missed []error
	for _, b := range breaks.All {
		if !strings.Contains(b.Name, only) {
			continue
		}
		if err := runBreak(dir, &b, rounds); err != nil {
			fmt.Println("NOT CAUGHT:", err)
			missed = append(missed, err)
		}
	}
	return errors.Join(missed...)
}

func runBreak(dir string, b *breaks.Break, rounds int) error {
	source, err := os.ReadFile(b.File)
	if err != nil {
		return err
	}
	broken, err := b.Apply(string(source))
	if err != nil {
		return err
	}
	original, err := filepath.Abs(b.File)
	if err != nil {
		return err
	}
	mutant, overlay, binary := filepath.Join(dir, "mutant.go"), filepath.Join(dir, "overlay.json"), filepath.Join(dir, "sim")
	replace, err := json.Marshal(map[string]any{"Replace": map[string]string{original: mutant}})
	if err != nil {
		return err
	}
	if err := errors.Join(os.WriteFile(mutant, []byte(broken), 0o600), os.WriteFile(overlay, replace, 0o600)); err != nil {
		return err
	}
	if out, err := exec.Command("go", "build", "-overlay", overlay, "-o", binary, "./engine/cmd/sim").CombinedOutput(); err != nil {
		return fmt.Errorf("%s: does not build: %v\n%s", b.Name, err, out)
	}
	begun := time.Now()
	run := exec.Command(binary, "-rounds", fmt.Sprint(rounds), "-minimise=false")
	out, err := run.Output()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return fmt.Errorf("%s: nothing was seen in %d rounds", b.Name, rounds)
	case !errors.As(err, &exit) || exit.ExitCode() != 1:
		return fmt.Errorf("%s: %v\n%s", b.Name, err, out)
	}
	fmt.Printf("caught: %s\n  %s, %.1f s\n  %s\n", b.Name, field(out, "stories "), time.Since(begun).Seconds(), field(out, "seed "))
	return nil
}

// field is the line of an output that begins with a word, cut short.
func field(out []byte, begin string) string {
	for line := range bytes.Lines(out) {
		if text := strings.TrimSpace(string(line)); strings.HasPrefix(text, begin) {
			return text[:min(len(text), 180)]
		}
	}
	return ""
}
