package differential

import (
	"flag"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
)

var record = flag.Bool("record", false, "write the replies of redis-server into the transcripts")

// TestTranscripts plays the families' transcripts on the real server: what
// they expect of us is what it answers. Files under testdata/ours hold what
// the real server of this version does not have, and are not played.
func TestTranscripts(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../commands/*/testdata/*.txt")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d transcripts found (%v)", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimPrefix(strings.ReplaceAll(file, "/testdata/", "/"), "../commands/"), func(t *testing.T) {
			t.Parallel()
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			steps, err := servertest.ParseTranscript(string(text))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			r := redistest.Start(t, "--databases", "16")
			clients, ids := map[string]*redistest.Conn{}, map[string]string{}
			replies := map[int]string{}
			for _, step := range steps {
				if step.Advance > 0 {
					time.Sleep(time.Duration(step.Advance) * time.Millisecond)
					continue
				}
				c := clients[step.Client]
				if c == nil {
					c = r.Dial(t)
					clients[step.Client] = c
					c.Send([]byte("CLIENT"), []byte("ID"))
					_, v := c.Receive()
					ids[step.Client] = strconv.FormatInt(v.Int, 10)
				}
				if step.RESP3 {
					c.Do("HELLO", "3")
					continue
				}
				if !step.Listen {
					words, ok := resp.SplitArgs([]byte(servertest.WithIDs(step.Command, func(name string) string { return ids[name] })))
					if !ok {
						t.Fatalf("%s:%d: unbalanced quotes", file, step.Line)
					}
					c.Send(words...)
				}
				got := servertest.NoReply
				if step.Reply != servertest.NoReply && !*record || c.Waits(70*time.Millisecond) {
					_, v := c.Receive()
					got = servertest.Format(v)
				}
				replies[step.Line] = got
				if got != step.Reply && !*record {
					t.Errorf("%s:%d: %s\nredis-server answers:\n%s\nthe transcript has:\n%s", file, step.Line, step.Command, got, step.Reply)
				}
			}
			if *record {
				rewrite(t, file, string(text), replies)
			}
		})
	}
}

// rewrite puts replies under their commands.
func rewrite(t *testing.T, file, text string, replies map[int]string) {
	t.Helper()
	var out []string
	skipping := false
	for i, line := range strings.Split(strings.TrimSuffix(text, "\n"), "\n") {
		reply, isCommand := replies[i+1]
		switch {
		case isCommand:
			out = append(out, line, reply)
			skipping = true
		case line == "" || strings.HasPrefix(line, "@ ") || strings.HasPrefix(line, "#"):
			skipping = false
			out = append(out, line)
		case !skipping:
			out = append(out, line)
		}
	}
	if err := os.WriteFile(file, []byte(strings.Join(out, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}
