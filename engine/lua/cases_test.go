package lua_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"everysec/engine/lua"
	"everysec/engine/resp"
)

// A diffCase is one script with its keys and arguments.
type diffCase struct {
	name       string
	script     string
	keys, args []string
	protocol   int
}

// readCases reads scripts parted by lines of "---". Lines that start with
// "#keys", "#args" or "#resp3" before the script set it up.
func readCases(t testing.TB, file string) []diffCase {
	t.Helper()
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var cases []diffCase
	line := 1
	for _, part := range strings.Split(string(b), "\n---\n") {
		c := diffCase{name: fmt.Sprintf("%s:%d", filepath.Base(file), line), protocol: 2}
		line += strings.Count(part, "\n") + 2
		for strings.HasPrefix(part, "#") && !strings.HasPrefix(part, "#!") {
			head, rest, _ := strings.Cut(part, "\n")
			words := strings.Fields(head)
			switch words[0] {
			case "#keys":
				c.keys = words[1:]
			case "#args":
				c.args = words[1:]
			case "#resp3":
				c.protocol = 3
			default:
				t.Fatalf("%s: unknown header %q", c.name, head)
			}
			part = rest
		}
		c.script = strings.TrimSuffix(part, "\n")
		cases = append(cases, c)
	}
	return cases
}

func bytesOf(list []string) [][]byte {
	var out [][]byte
	for _, s := range list {
		out = append(out, []byte(s))
	}
	return out
}

// evalHere answers EVAL with the engine.
func evalHere(e *lua.Engine, h lua.Host, c diffCase) []byte {
	w := &resp.Writer{Protocol: c.protocol}
	sha, err := e.Load([]byte(c.script))
	if err != nil {
		w.Error(err.Error())
		return w.Bytes()
	}
	e.Run(h, sha, bytesOf(c.keys), bytesOf(c.args), w)
	return w.Bytes()
}
