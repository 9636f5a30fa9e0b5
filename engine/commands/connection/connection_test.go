package connection_test

import (
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
)

// field finds one field of a line of CLIENT LIST.
func field(t *testing.T, line, name string) string {
	t.Helper()
	for _, pair := range strings.Fields(line) {
		if value, ok := strings.CutPrefix(pair, name+"="); ok {
			return value
		}
	}
	t.Fatalf("no field %s in %q", name, line)
	return ""
}

func TestClientInfoTellsTheTruth(t *testing.T) {
	s := servertest.New(t)
	c, other := s.Client(), s.Client()
	c.Do("HELLO", "3", "SETNAME", "worker-A")
	c.Do("SELECT", "3")
	c.Do("SUBSCRIBE", "news")
	c.Do("PSUBSCRIBE", "n*")
	c.Do("MULTI")
	c.Do("SET", "k", "12345")
	s.Advance(5_000_000)

	list := string(other.Do("CLIENT", "LIST").Str)
	lines := strings.Split(strings.TrimSuffix(list, "\n"), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d clients are listed, want 2:\n%s", len(lines), list)
	}
	for name, want := range map[string]string{
		"id": "1", "name": "worker-A", "age": "5", "idle": "5", "flags": "Px", "db": "3", "sub": "1", "psub": "1",
		"ssub": "0", "multi": "1", "multi-mem": "33", "cmd": "set", "user": "default", "redir": "-1", "resp": "3",
		"laddr": "127.0.0.1:6379",
	} {
		if got := field(t, lines[0], name); got != want {
			t.Errorf("%s=%s, want %s in %q", name, got, want, lines[0])
		}
	}
	if got := field(t, lines[1], "flags") + field(t, lines[1], "multi") + field(t, lines[1], "cmd"); got != "N-1client|list" {
		t.Errorf("the caller is %q", lines[1])
	}
	// The names of all fields, in order, are those of 7.0.15.
	var names []string
	for _, pair := range strings.Fields(lines[1]) {
		name, _, _ := strings.Cut(pair, "=")
		names = append(names, name)
	}
	const want = "id addr laddr fd name age idle flags db sub psub ssub multi qbuf qbuf-free argv-mem multi-mem " +
		"rbs rbp obl oll omem tot-mem events cmd user redir resp"
	if got := strings.Join(names, " "); got != want {
		t.Errorf("fields\n%s\nwant\n%s", got, want)
	}
	if got := string(other.Do("CLIENT", "LIST", "TYPE", "PUBSUB").Str); field(t, got, "id") != "1" {
		t.Errorf("TYPE PUBSUB lists %q", got)
	}
	if got := string(other.Do("CLIENT", "LIST", "ID", "2", "1").Str); !strings.HasPrefix(got, "id=2 ") || strings.Count(got, "\n") != 2 {
		t.Errorf("ID 2 1 lists %q", got)
	}
}

func TestClientInfoIsVerbatimInRESP3(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	c.Do("HELLO", "3")
	if v := c.Do("CLIENT", "INFO"); v.Kind != resp.VerbatimString || v.Format != "txt" {
		t.Errorf("CLIENT INFO is %q of format %q", v.Kind, v.Format)
	}
}

func TestClientKill(t *testing.T) {
	s := servertest.New(t)
	c, victim, third := s.Client(), s.Client(), s.Client()
	victim.Do("CLIENT", "SETNAME", "victim")
	if got := c.Text("CLIENT KILL ID 2"); got != "(integer) 1" {
		t.Errorf("CLIENT KILL ID 2 replied %s", got)
	}
	s.Settle()
	if _, closed := s.Output(victim.ID); !closed {
		t.Error("the killed client is still connected")
	}
	if got := string(c.Do("CLIENT", "LIST").Str); strings.Contains(got, "victim") {
		t.Errorf("the killed client is still listed: %q", got)
	}
	if got := c.Text("CLIENT KILL TYPE normal SKIPME yes"); got != "(integer) 1" {
		t.Errorf("CLIENT KILL of the others replied %s", got)
	}
	s.Settle()
	if _, closed := s.Output(third.ID); !closed {
		t.Error("the third client is still connected")
	}
	// The caller gets its reply before its connection ends.
	if got := c.Text("CLIENT KILL ID 1 SKIPME no"); got != "(integer) 1" {
		t.Errorf("CLIENT KILL of oneself replied %s", got)
	}
	if _, closed := s.Output(c.ID); !closed {
		t.Error("the caller is still connected")
	}
}

func TestClientReply(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	send := func(lines ...string) []string {
		t.Helper()
		for _, line := range lines {
			c.Send(strings.Fields(line)...)
		}
		s.Settle()
		var replies []string
		for {
			v, ok := c.Reply()
			if !ok {
				return replies
			}
			replies = append(replies, servertest.Format(v))
		}
	}
	for _, test := range []struct{ lines, want string }{
		{"CLIENT REPLY SKIP; ECHO a; ECHO b", `"b"`},
		{"CLIENT REPLY OFF; ECHO a; ECHO b", ``},
		{"CLIENT REPLY SKIP; ECHO a", ``},
		{"CLIENT REPLY ON; ECHO a", `OK; "a"`},
	} {
		if got := strings.Join(send(strings.Split(test.lines, "; ")...), "; "); got != test.want {
			t.Errorf("%s: replies %s, want %s", test.lines, got, test.want)
		}
	}
}

func TestResetIsANewConnection(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	c.Do("HELLO", "3", "SETNAME", "x")
	c.Do("SELECT", "3")
	c.Do("SUBSCRIBE", "news")
	c.Do("MULTI")
	if v := c.Do("RESET"); string(v.Str) != "RESET" {
		t.Fatalf("RESET replied %v", v)
	}
	info := string(c.Do("CLIENT", "INFO").Str)
	for name, want := range map[string]string{"name": "", "db": "0", "sub": "0", "multi": "-1", "resp": "2", "flags": "N"} {
		if got := field(t, info, name); got != want {
			t.Errorf("after RESET %s=%s, want %s", name, got, want)
		}
	}
}

func TestSetInfo(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	for _, test := range []struct{ line, want string }{
		{"CLIENT SETINFO LIB-NAME lib", "OK"},
		{"CLIENT SETINFO lib-ver 1.2", "OK"},
		{`CLIENT SETINFO LIB-NAME "a b"`, "(error) ERR lib-name cannot contain spaces, newlines or special characters."},
		{"CLIENT SETINFO nosuch x", "(error) ERR Unrecognized option 'nosuch'"},
		{"CLIENT NO-TOUCH ON", "OK"},
	} {
		if got := c.Text(test.line); got != test.want {
			t.Errorf("%s: %s, want %s", test.line, got, test.want)
		}
	}
	info := string(c.Do("CLIENT", "INFO").Str)
	if got := field(t, info, "lib-name") + " " + field(t, info, "lib-ver") + " " + field(t, info, "flags"); got != "lib 1.2 T" {
		t.Errorf("%s in %q", got, info)
	}
}

func TestHelloInRESP3(t *testing.T) {
	s := servertest.New(t)
	c := s.Client()
	v := c.Do("HELLO", "3")
	if v.Kind != resp.Map || len(v.Elems) != 14 || string(v.Elems[4].Str) != "proto" || v.Elems[5].Int != 3 {
		t.Errorf("HELLO 3 replied %v", v)
	}
}
