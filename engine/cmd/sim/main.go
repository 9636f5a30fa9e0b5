// Command sim tells stories of servers, clients, faults and crashes, and holds
// what comes back after every crash against what was promised. It prints what it
// has seen, and at the first broken promise the command that tells that story
// again.
//
//	go run ./engine/cmd/sim [-seed 1] [-rounds 100000]
//	go run ./engine/cmd/sim -story 4711 [-skip 3,8-20] [-v]
//	go run ./engine/cmd/sim -breaks [-only NAME]
package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"everysec/engine/sim"
)

func main() {
	seed := flag.Uint64("seed", 1, "seed of the first story; the next ones have those after it")
	rounds := flag.Int("rounds", 100000, "crash-and-recover rounds to run at least")
	workers := flag.Int("workers", runtime.NumCPU(), "stories to tell at a time")
	limit := flag.Duration("time", 0, "end after this time even if rounds are missing; 0: never")
	story := flag.Uint64("story", 0, "tell this story only")
	skip := flag.String("skip", "", "actions of the story to leave out: 3,8-20")
	verbose := flag.Bool("v", false, "print what happens in the story")
	minimise := flag.Bool("minimise", true, "look for actions that a failure does not need")
	mistakes := flag.Bool("breaks", false, "show that the simulation catches mistakes made on purpose, each within -rounds")
	only := flag.String("only", "", "of these, those with this in their name")
	flag.Parse()
	var failure *sim.Failure
	var err error
	switch {
	case *mistakes:
		err = runBreaks(*rounds, *only)
	case given("story"):
		failure, err = one(*story, *skip, *verbose)
	default:
		failure = many(*seed, *rounds, *workers, *limit, *minimise)
	}
	switch {
	case err != nil:
		fmt.Fprintln(os.Stderr, "sim:", err)
		os.Exit(2)
	case failure != nil:
		fmt.Println(failure)
		os.Exit(1)
	}
}

func given(name string) bool {
	is := false
	flag.Visit(func(f *flag.Flag) { is = is || f.Name == name })
	return is
}

// one tells a single story, in words.
func one(seed uint64, skip string, verbose bool) (*sim.Failure, error) {
	o := sim.Options{Seed: seed, Words: true}
	var err error
	if o.Skip, err = parseSkip(skip); err != nil {
		return nil, err
	}
	if verbose {
		o.Trace = func(line string) { fmt.Println(line) }
	}
	report, failure := sim.Run(o)
	fmt.Printf("story %d: %d lives, %d rounds\n", seed, report.Lives, report.Rounds)
	return failure, nil
}

// many tells stories until there have been enough rounds.
func many(seed uint64, rounds, workers int, limit time.Duration, minimise bool) *sim.Failure {
	var (
		mu     sync.Mutex
		total  sim.Report
		failed *sim.Failure
		next   atomic.Uint64
		group  sync.WaitGroup
	)
	next.Store(seed)
	debug.SetGCPercent(400) // lives are short and leave little behind
	begun := time.Now()
	for range workers {
		group.Go(func() {
			for {
				mu.Lock()
				enough := total.Rounds >= rounds || failed != nil || limit > 0 && time.Since(begun) > limit
				mu.Unlock()
				if enough {
					return
				}
				report, failure := sim.Run(sim.Options{Seed: next.Add(1) - 1})
				mu.Lock()
				total.Add(report)
				if failure != nil && (failed == nil || failure.Seed < failed.Seed) {
					failed = failure
				}
				mu.Unlock()
			}
		})
	}
	group.Wait()
	took := time.Since(begun)
	fmt.Printf("stories %d to %d: %d lives, %d rounds in %v, %.0f a second with %d workers\n",
		seed, next.Load()-1, total.Lives, total.Rounds, took.Round(10*time.Millisecond), float64(total.Rounds)/took.Seconds(), workers)
	fmt.Printf("crashes during recovery: %d; starts refused for a reason that the crash explains: %d\n", total.Second, total.Refused)
	for policy, f := range total.By {
		fmt.Printf("%-9s %8d rounds, %7d lost something acknowledged, at worst %.3f s; %.3f s where syncs take up to 1.5 s; %.3f s with faults\n",
			sim.PolicyNames[policy], f.Rounds, f.Lossy, seconds(f.WorstQuick), seconds(f.Worst), seconds(f.WorstFaulty))
	}
	if failed == nil {
		return nil
	}
	fmt.Printf("\nBROKEN PROMISE in story %d\n", failed.Seed)
	skip, smaller := map[int]bool(nil), failed
	if minimise {
		skip, smaller = sim.Minimise(failed)
	}
	fmt.Printf("again: go run ./engine/cmd/sim -story %d", failed.Seed)
	if len(skip) > 0 {
		fmt.Printf(" -skip %s", formatSkip(skip))
	}
	fmt.Println(" -v")
	return smaller
}

func seconds(microseconds int64) float64 { return float64(microseconds) / 1e6 }

func parseSkip(text string) (map[int]bool, error) {
	skip := map[int]bool{}
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		from, to, isRange := strings.Cut(part, "-")
		if !isRange {
			to = from
		}
		a, err := strconv.Atoi(from)
		if err != nil {
			return nil, fmt.Errorf("-skip %s: %v", part, err)
		}
		b, err := strconv.Atoi(to)
		if err != nil {
			return nil, fmt.Errorf("-skip %s: %v", part, err)
		}
		for ; a <= b; a++ {
			skip[a] = true
		}
	}
	return skip, nil
}

func formatSkip(skip map[int]bool) string {
	var list []int
	for n := range skip {
		list = append(list, n)
	}
	slices.Sort(list)
	var parts []string
	for i := 0; i < len(list); {
		j := i
		for j+1 < len(list) && list[j+1] == list[j]+1 {
			j++
		}
		part := strconv.Itoa(list[i])
		if j > i {
			part += "-" + strconv.Itoa(list[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}
