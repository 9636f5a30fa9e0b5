package server_test

import (
	"fmt"
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
	"everysec/engine/vfs"

	"github.com/cockroachdb/datadriven"
)

// TestCrashReports plays scenarios: what was done, how the server died, and what
// DEBUG CRASH-REPORT says then, a line for each write.
func TestCrashReports(t *testing.T) {
	datadriven.RunTest(t, "testdata/crashreports", func(t *testing.T, d *datadriven.TestData) string {
		var s *servertest.Server
		var c *servertest.Client
		var out strings.Builder
		report := func(next *servertest.Server) {
			s = next
			s.Advance(100_000)
			c = s.Client()
			out.WriteString(brief(c.Do("DEBUG", "CRASH-REPORT", "COUNT", "-1")))
		}
		for line := range strings.SplitSeq(d.Input, "\n") {
			words := strings.Fields(line)
			switch words[0] {
			case "start":
				disk := vfs.New(vfs.Options{Latency: vfs.Latency{Sync: 1000}})
				s = servertest.On(t, disk, words[1:]...)
				s.Advance(100_000)
				c = s.Client()
			case "wait":
				var ms int64
				fmt.Sscan(words[1], &ms)
				s.Advance(ms * 1000)
			case "syncs":
				s.Disk.LieAboutSyncs(words[1] == "lie")
				if words[1] == "fail" {
					s.Disk.FailSyncs(1)
				}
			case "crash":
				kind := map[string]vfs.Kind{"process-kill": vfs.ProcessKill, "power-cut": vfs.PowerCut, "torn-tail": vfs.TornTail}[words[1]]
				var seed uint64
				fmt.Sscan(words[2], &seed)
				report(s.Crash(kind, seed))
			case "exit":
				c.SendLine("SHUTDOWN NOSAVE")
				s.Advance(100_000)
				report(s.Exited())
			case "another-process":
				report(servertest.On(t, s.Disk, "appendonly", "yes"))
			default:
				c.SendLine(line)
				s.Advance(10_000)
				for {
					v, ok := c.Reply()
					if !ok {
						break
					}
					if v.IsError() {
						fmt.Fprintf(&out, "%s: %s\n", line, v.Str)
					}
				}
			}
		}
		return out.String()
	})
}

// brief is a report with a line for each write.
func brief(v resp.Value) string {
	if v.IsError() {
		return string(v.Str) + "\n"
	}
	fields := func(v resp.Value) (names []string, of map[string]resp.Value) {
		of = map[string]resp.Value{}
		for i := 0; i+1 < len(v.Elems); i += 2 {
			names = append(names, string(v.Elems[i].Str))
			of[string(v.Elems[i].Str)] = v.Elems[i+1]
		}
		return names, of
	}
	value := func(v resp.Value) string {
		switch {
		case v.Null:
			return "never"
		case v.Kind == resp.Integer && v.Int > servertest.Start/1000:
			return fmt.Sprintf("%d ms", v.Int-servertest.Start/1000)
		case v.Kind == resp.Integer:
			return fmt.Sprint(v.Int)
		}
		return string(v.Str)
	}
	var b strings.Builder
	names, of := fields(v)
	for _, name := range names {
		switch name {
		case "files":
			for _, f := range of[name].Elems {
				_, f := fields(f)
				fmt.Fprintf(&b, "read %s of %s bytes of %s\n", value(f["bytes-read"]), value(f["bytes-found"]), value(f["name"]))
			}
		case "writes":
			for _, w := range of[name].Elems {
				_, w := fields(w)
				keys := ""
				for _, k := range w["keys"].Elems {
					keys += " " + string(k.Str)
				}
				fmt.Fprintf(&b, "%s at %s: %s (keys%s)\n   %s: %s; acknowledged %s, offset %s, %s bytes, synced %s, later %s\n",
					value(w["change"]), value(w["time"]), value(w["command"]), keys, value(w["fate"]), value(w["reason"]),
					value(w["acknowledged"]), value(w["offset"]), value(w["bytes"]), value(w["synced-at"]), value(w["later"]))
			}
		default:
			fmt.Fprintf(&b, "%s %s, ", name, value(of[name]))
			if name == "recovered-at" || name == "summarised" || name == "note" {
				b.WriteString("\n")
			}
		}
	}
	return b.String()
}

// The reply is a map in RESP3, with maps in it, and their elements one after
// the other in RESP2.
func TestCrashReportReply(t *testing.T) {
	s := servertest.New(t, "appendonly", "yes")
	c := s.Client()
	c.Text("SET a 1")
	s.Advance(2_000_000)
	c.Text("SET b 2")
	c = s.Crash(vfs.ProcessKill, 0).Client()
	if v := c.Do("DEBUG", "CRASH-REPORT"); v.Kind != resp.Array || len(v.Elems) != 24 || len(v.Elems[23].Elems) != 2 {
		t.Errorf("in RESP2: %s", servertest.Format(v))
	}
	c.Do("HELLO", "3")
	v := c.Do("DEBUG", "crash-report", "COUNT", "1", "SURVIVED")
	if v.Kind != resp.Map || len(v.Elems) != 24 || len(v.Elems[23].Elems) != 1 || v.Elems[23].Elems[0].Kind != resp.Map {
		t.Errorf("in RESP3: %s", servertest.Format(v))
	}
	if v := c.Do("DEBUG", "CRASH-REPORT", "LOST"); len(v.Elems[23].Elems) != 0 {
		t.Errorf("after a kill something is lost: %s", servertest.Format(v))
	}
	for line, want := range map[string]string{
		"DEBUG CRASH-REPORT COUNT -2": "(error) ERR count should be greater than or equal to -1",
		"DEBUG CRASH-REPORT COUNT":    "(error) ERR syntax error",
		"DEBUG CRASH-REPORT MAYBE":    "(error) ERR syntax error",
	} {
		if got := c.Text(line); got != want {
			t.Errorf("%s: %s", line, got)
		}
	}
}
