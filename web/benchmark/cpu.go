package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// A machine that does other things beside makes every wall-clock figure worse
// than the program is. The time a worker's thread really ran does not have
// that fault, and Linux tells it.

// workerSeconds is the processor time that all workers of a browser have used;
// 0 where the system does not tell.
func workerSeconds(browser int) float64 {
	children := map[int][]int{}
	stats, _ := filepath.Glob("/proc/[0-9]*/stat")
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		// The name before the last bracket may hold anything.
		fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(path)))
		if parent, err := strconv.Atoi(fields[1]); err == nil {
			children[parent] = append(children[parent], pid)
		}
	}
	total := 0.0
	for queue := []int{browser}; len(queue) > 0; queue = queue[1:] {
		queue = append(queue, children[queue[0]]...)
		tasks, _ := filepath.Glob("/proc/" + strconv.Itoa(queue[0]) + "/task/*/comm")
		for _, path := range tasks {
			name, err := os.ReadFile(path)
			if err != nil || !strings.HasPrefix(string(name), "DedicatedWorker") {
				continue
			}
			text, err := os.ReadFile(filepath.Join(filepath.Dir(path), "schedstat"))
			if err != nil {
				continue
			}
			if ran, _, ok := strings.Cut(string(text), " "); ok {
				nanoseconds, _ := strconv.ParseFloat(ran, 64)
				total += nanoseconds / 1e9
			}
		}
	}
	return total
}
