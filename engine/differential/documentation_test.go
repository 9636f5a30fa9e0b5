package differential

import (
	"fmt"
	"strings"
	"testing"

	"everysec/engine/redistest"
	"everysec/engine/resp"
)

// ownWords are the fields of COMMAND DOCS that say in words of our own what
// Redis says in its own. newerArguments are commands that have learned options
// since 7.0.
var (
	ownWords       = map[string]bool{"summary": true, "complexity": true, "history": true, "notes": true}
	newerArguments = map[string]bool{"set": true}
)

// TestDocumentation compares what COMMAND DOCS tells of every command that
// both have: its groups, versions and the tree of its arguments.
func TestDocumentation(t *testing.T) {
	t.Parallel()
	real, address := redistest.Start(t), native(t)
	p := newPair(t, real, address, "3")
	docs := func(c *redistest.Conn) map[string]string {
		c.Send([]byte("COMMAND"), []byte("DOCS"))
		_, v := c.Receive()
		found := map[string]string{}
		for i := 0; i+1 < len(v.Elems); i += 2 {
			collectDocs(found, string(v.Elems[i].Str), v.Elems[i+1])
		}
		return found
	}
	want, got := docs(p.real), docs(p.ours)
	compared := 0
	for name, w := range want {
		g, ok := got[name]
		if !ok || newerArguments[name] {
			continue // TestRowsAreThoseOfRedis knows what there is
		}
		compared++
		if g != w {
			t.Errorf("%s\n redis-server: %s\n ours:         %s", name, w, g)
		}
	}
	if compared < 250 {
		t.Errorf("only %d commands were compared", compared)
	}
}

// collectDocs writes the documentation of a command and its subcommands as
// text, without the sentences.
func collectDocs(found map[string]string, name string, v resp.Value) {
	var b strings.Builder
	for i := 0; i+1 < len(v.Elems); i += 2 {
		switch field := string(v.Elems[i].Str); {
		case field == "subcommands":
			subs := v.Elems[i+1].Elems
			for k := 0; k+1 < len(subs); k += 2 {
				collectDocs(found, string(subs[k].Str), subs[k+1])
			}
		case !ownWords[field]:
			fmt.Fprintf(&b, "%s=%s ", field, withoutWords(v.Elems[i+1]))
		}
	}
	found[name] = b.String()
}

func withoutWords(v resp.Value) string {
	var parts []string
	switch v.Kind {
	case resp.Map:
		for i := 0; i+1 < len(v.Elems); i += 2 {
			if field := string(v.Elems[i].Str); !ownWords[field] {
				parts = append(parts, field+"="+withoutWords(v.Elems[i+1]))
			}
		}
	case resp.Array, resp.Set:
		for _, e := range v.Elems {
			parts = append(parts, withoutWords(e))
		}
	case resp.Integer:
		return fmt.Sprint(v.Int)
	default:
		return string(v.Str)
	}
	return "{" + strings.Join(parts, " ") + "}"
}
