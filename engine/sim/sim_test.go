package sim_test

import (
	"fmt"
	"reflect"
	"runtime"
	"testing"

	"everysec/engine/sim"
)

// The first stories of the simulation, thousands of crashes; make sim goes on
// from there.
func TestStories(t *testing.T) {
	stories := uint64(150)
	if runtime.GOARCH == "wasm" {
		stories = 8
	}
	if testing.Short() {
		stories = 10
	}
	var total sim.Report
	for seed := uint64(1); seed <= stories; seed++ {
		report, failure := sim.Run(sim.Options{Seed: seed})
		total.Add(report)
		if failure != nil {
			skip, smaller := sim.Minimise(failure)
			t.Fatalf("%v\n\nwithout the actions %v: %v\ngo run ./engine/cmd/sim -story %d -v", failure, skip, smaller, seed)
		}
	}
	for policy, f := range total.By {
		if f.Rounds == 0 {
			t.Errorf("no round under %s: the stories have become too few, or too much alike", sim.PolicyNames[policy])
		}
	}
	if f := total.By[sim.Always]; f.Lossy != 0 {
		t.Errorf("always lost something acknowledged in %d rounds", f.Lossy)
	}
	if f := total.By[sim.EverySecond]; f.Lossy == 0 {
		t.Error("everysec never lost anything: no crash came at a bad moment")
	}
	t.Logf("%d rounds in %d lives, %d crashes while recovering, %d starts refused", total.Rounds, total.Lives, total.Second, total.Refused)
}

// One seed, one story.
func TestSameSeedSameStory(t *testing.T) {
	for seed := uint64(1); seed <= 5; seed++ {
		tell := func() (lines []string, report sim.Report) {
			report, _ = sim.Run(sim.Options{Seed: seed, Words: true, Trace: func(line string) { lines = append(lines, line) }})
			return lines, report
		}
		lines, report := tell()
		again, reportAgain := tell()
		if fmt.Sprint(lines) != fmt.Sprint(again) || !reflect.DeepEqual(report, reportAgain) {
			t.Errorf("story %d is another when it is told again", seed)
		}
		if plain, _ := sim.Run(sim.Options{Seed: seed}); !reflect.DeepEqual(report, plain) {
			t.Errorf("story %d is another when it is told without words", seed)
		}
	}
}
