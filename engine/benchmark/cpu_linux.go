package benchmark

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// processSeconds is the processor time that all threads of a process have used.
func processSeconds(pid int) float64 {
	total := 0.0
	threads, _ := filepath.Glob("/proc/" + strconv.Itoa(pid) + "/task/*/schedstat")
	for _, path := range threads {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it has ended
		}
		if ran, _, ok := strings.Cut(string(text), " "); ok {
			nanoseconds, _ := strconv.ParseFloat(ran, 64)
			total += nanoseconds / 1e9
		}
	}
	return total
}
