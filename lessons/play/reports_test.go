package play_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"everysec/lessons/markdown"
	"everysec/lessons/play"
)

const front = "---\nid: test\ntitle: Test\nphase: 1\nseed: 1\nconfig:\n  appendonly yes\n---\n"

func TestReports(t *testing.T) {
	datadriven.RunTest(t, "testdata/reports", func(t *testing.T, d *datadriven.TestData) string {
		l, err := markdown.Parse("lesson.md", []byte(front+d.Input))
		if err != nil {
			t.Fatal(err)
		}
		w, err := play.NewEngine(l)
		if err != nil {
			t.Fatal(err)
		}
		report, err := play.Play("lesson.md", l, w)
		var out strings.Builder
		for _, f := range report.Failures {
			fmt.Fprintln(&out, f)
		}
		if err != nil {
			fmt.Fprintln(&out, err)
		}
		fmt.Fprintf(&out, "%d commands, %d replies, %d actions, %d verdicts\n", report.Commands, report.Replies, report.Actions, report.Verdicts)
		return out.String()
	})
}
