package play_test

import (
	"testing"

	"everysec/lessons/markdown"
	"everysec/lessons/play"
)

// Every transcript and every check that needs no fact of a host holds on a
// real redis-server too.
func TestLessonsOnRedis(t *testing.T) {
	t.Parallel()
	all, err := markdown.Load("..")
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range all {
		t.Run(l.ID, func(t *testing.T) {
			t.Parallel()
			w, err := play.StartRedis(l, t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			defer w.Close()
			report, err := play.Play(l.ID+"/lesson.md", l, w)
			for _, f := range report.Failures {
				t.Error(f)
			}
			if err != nil {
				t.Fatal(err)
			}
			t.Logf("%d commands, %d replies compared, %d actions, %d verdicts; %d lines and %d items only the engine can play", report.Commands, report.Replies, report.Actions, report.Verdicts, report.Skipped, report.Unjudged)
			if report.Replies < report.Skipped {
				t.Errorf("only %d replies compared, and %d lines skipped: a lesson should hold on a real server wherever it can", report.Replies, report.Skipped)
			}
		})
	}
}
