package config

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestDefaultsAreThoseOfRedis70(t *testing.T) {
	c := New()
	for name, want := range map[string]string{
		"save":                       "3600 1 300 100 60 10000",
		"appendonly":                 "no",
		"appendfsync":                "everysec",
		"hash-max-listpack-entries":  "512",
		"hash-max-ziplist-entries":   "512",
		"zset-max-listpack-entries":  "128",
		"list-max-listpack-size":     "-2",
		"proto-max-bulk-len":         "536870912",
		"port":                       "6379",
		"notify-keyspace-events":     "",
		"shutdown-on-sigterm":        "default",
		"maxmemory-policy":           "noeviction",
		"client-output-buffer-limit": "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60",
		"watchdog-period":            "0",
	} {
		if got, ok := c.Value(name); !ok || got != want {
			t.Errorf("%s is %q, want %q", name, got, want)
		}
	}
}

// Every default must be accepted by its own directive and printed unchanged.
func TestEveryDefaultIsItsOwnValue(t *testing.T) {
	c := New()
	for i, p := range Parameters {
		if i > 0 && Parameters[i-1].Name >= p.Name {
			t.Errorf("%s stands after %s", p.Name, Parameters[i-1].Name)
		}
		if p.AliasOf != "" {
			if _, ok := Lookup(p.AliasOf); !ok {
				t.Errorf("%s stands for %s, which does not exist", p.Name, p.AliasOf)
			}
			continue
		}
		if got := p.get(c); got != p.Default {
			t.Errorf("%s: default %q is printed as %q", p.Name, p.Default, got)
		}
	}
}

// TestSet lists what redis-server 7.0.15 answers, error by error.
func TestSet(t *testing.T) {
	failed := func(name, reason string) string {
		return "ERR CONFIG SET failed (possibly related to argument '" + name + "') - " + reason
	}
	const integer = "argument couldn't be parsed into an integer"
	for _, test := range []struct {
		set   string // name=value, separated by "; "
		name  string
		value string // of name afterwards
		err   string
	}{
		{"nosuch=1; maxmemory=100mb", "maxmemory", "0", "ERR Unknown option or number of arguments for CONFIG SET - 'nosuch'"},
		{"maxmemory=100mb; maxmemory=1gb", "maxmemory", "0", failed("maxmemory", "duplicate parameter")},
		{"slave-read-only=yes; replica-read-only=no", "replica-read-only", "no", ""},
		{"save=1 2; hz=abc", "save", "3600 1 300 100 60 10000", failed("hz", integer)},
		{"databases=3; nosuch=2", "databases", "16", failed("databases", "can't set immutable config")},
		{"dbfilename=x", "dbfilename", "dump.rdb", failed("dbfilename", "can't set protected config")},
		{"MaxMemory=1kb", "maxmemory", "1024", ""},
		{"maxmemory=1k", "maxmemory", "1000", ""},
		{"maxmemory=2GB", "maxmemory", "2147483648", ""},
		{"maxmemory=00010b", "maxmemory", "10", ""},
		{"maxmemory=", "maxmemory", "0", ""},
		{"maxmemory=-1", "maxmemory", "0", failed("maxmemory", "argument must be a memory value")},
		{"maxmemory=1.5gb", "maxmemory", "0", failed("maxmemory", "argument must be a memory value")},
		{"maxmemory=1TB", "maxmemory", "0", failed("maxmemory", "argument must be a memory value")},
		{"proto-max-bulk-len=1", "proto-max-bulk-len", "536870912", failed("proto-max-bulk-len", "argument must be between 1048576 and 9223372036854775807 inclusive")},
		{"appendonly=maybe", "appendonly", "no", failed("appendonly", "argument must be 'yes' or 'no'")},
		{"appendonly=YES", "appendonly", "yes", ""},
		{"appendfsync=ALWAYS", "appendfsync", "always", ""},
		{"appendfsync=sometimes", "appendfsync", "everysec", failed("appendfsync", "argument(s) must be one of the following: everysec, always, no")},
		{"hz=0", "hz", "1", ""},
		{"hz=501", "hz", "500", ""},
		{"hz=05", "hz", "10", failed("hz", integer)},
		{"hz=-1", "hz", "10", failed("hz", "argument must be between 0 and 2147483647 inclusive")},
		{"port=6380", "port", "6379", failed("port", "Unable to listen on this port. Check server logs.")},
		{"port=6379", "port", "6379", ""},
		{"list-max-listpack-size=99999999999999", "list-max-listpack-size", "-2", failed("list-max-listpack-size", "argument must be between -2147483648 and 2147483647 inclusive")},
		{"save=900 1 300 10", "save", "900 1 300 10", ""},
		{"save=900 01", "save", "900 1", ""},
		{"save=900 0", "save", "900 0", ""},
		{"save=", "save", "", ""},
		{"save=900 1 300", "save", "3600 1 300 100 60 10000", failed("save", "Invalid save parameters")},
		{"save=900 1 ", "save", "3600 1 300 100 60 10000", failed("save", "Invalid save parameters")},
		{"save=0 1", "save", "3600 1 300 100 60 10000", failed("save", "Invalid save parameters")},
		{"notify-keyspace-events=KEx$", "notify-keyspace-events", "$xKE", ""},
		{"notify-keyspace-events=Kn", "notify-keyspace-events", "nK", ""},
		{"notify-keyspace-events=AKEmn", "notify-keyspace-events", "AKEm", ""},
		{"notify-keyspace-events=g$lshzxetd", "notify-keyspace-events", "A", ""},
		{"notify-keyspace-events=Z", "notify-keyspace-events", "", failed("notify-keyspace-events", "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")},
		{"client-output-buffer-limit=normal 1kb 2 3 replica 1 1 1", "client-output-buffer-limit", "normal 1024 2 3 slave 1 1 1 pubsub 33554432 8388608 60", ""},
		{"client-output-buffer-limit=normal 1 2", "hz", "10", failed("client-output-buffer-limit", "Wrong number of arguments in buffer limit configuration.")},
		{"client-output-buffer-limit=master 1 2 3", "hz", "10", failed("client-output-buffer-limit", "Invalid client class specified in buffer limit configuration.")},
		{"client-output-buffer-limit=normal 1 -2 3", "hz", "10", failed("client-output-buffer-limit", "Error in hard, soft or soft_seconds setting in buffer limit configuration.")},
		{"shutdown-on-sigint=force save", "shutdown-on-sigint", "save force", ""},
		{"shutdown-on-sigint=default save", "shutdown-on-sigint", "save", ""},
		{"shutdown-on-sigint=save nosave", "shutdown-on-sigint", "default", failed("shutdown-on-sigint", "shutdown options SAVE and NOSAVE can't be used simultaneously")},
		{"shutdown-on-sigint=", "shutdown-on-sigint", "default", failed("shutdown-on-sigint", "argument(s) must be one of the following: default, save, nosave, now, force")},
		{"latency-tracking-info-percentiles=33.333333333333 1e1", "latency-tracking-info-percentiles", "33.333333 10", ""},
		{"latency-tracking-info-percentiles=50 101", "hz", "10", failed("latency-tracking-info-percentiles", "latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")},
		{"oom-score-adj-values=1 2", "hz", "10", failed("oom-score-adj-values", "wrong number of arguments")},
		{"oom-score-adj-values=1 2 5000", "hz", "10", failed("oom-score-adj-values", "Invalid oom-score-adj-values, elements must be between -2000 and 2000.")},
		{"maxmemory-clients=5%", "maxmemory-clients", "5%", ""},
		{"maxmemory-clients=500%", "maxmemory-clients", "0", failed("maxmemory-clients", "percentage argument must be less or equal to 100")},
		{"busy-reply-threshold=1", "lua-time-limit", "1", ""},
		{"cluster-announce-hostname=a_b", "cluster-announce-hostname", "", failed("cluster-announce-hostname", "Hostnames may only contain alphanumeric characters, hyphens or dots")},
	} {
		t.Run(test.set, func(t *testing.T) {
			c := New()
			var pairs [][2]string
			for _, pair := range strings.Split(test.set, "; ") {
				name, value, _ := strings.Cut(pair, "=")
				pairs = append(pairs, [2]string{name, value})
			}
			err := c.Set(pairs)
			text := ""
			if err != nil {
				text = err.Error()
			}
			if text != test.err {
				t.Errorf("error %q, want %q", text, test.err)
			}
			if got, _ := c.Value(test.name); got != test.value {
				t.Errorf("%s is %q, want %q", test.name, got, test.value)
			}
		})
	}
}

func TestProtectedParametersCanBeAllowed(t *testing.T) {
	c := New()
	if err := c.Directive("enable-protected-configs", "yes"); err != nil {
		t.Fatal(err)
	}
	err := c.Set([][2]string{{"dbfilename", "a/b"}})
	if err == nil || !strings.HasSuffix(err.Error(), "dbfilename can't be a path, just a filename") {
		t.Errorf("error %v", err)
	}
	if err := c.Set([][2]string{{"dbfilename", "other.rdb"}}); err != nil || c.DBFilename != "other.rdb" {
		t.Errorf("dbfilename is %q, error %v", c.DBFilename, err)
	}
}

func TestGet(t *testing.T) {
	c := New()
	for _, test := range []struct {
		patterns string
		want     [][2]string
	}{
		{"MAXMEMORY", [][2]string{{"MAXMEMORY", "0"}}},
		{"maxmemory maxmemory MaxMemor?", [][2]string{{"maxmemory", "0"}}},
		{"SLAVE-PRIO*", [][2]string{{"slave-priority", "100"}}},
		{"rdb-key-save-delay", [][2]string{{"rdb-key-save-delay", "0"}}},
		{"rdb-key-*", nil},
		{"nosuch", nil},
	} {
		if diff := cmp.Diff(test.want, c.Get(strings.Fields(test.patterns))); diff != "" {
			t.Errorf("CONFIG GET %s: %s", test.patterns, diff)
		}
	}
}

func TestParse(t *testing.T) {
	for _, test := range []struct {
		name, content, err string
		save               string
	}{
		{name: "only comments", content: "# a\n\n  # b\r\n", save: "3600 1 300 100 60 10000"},
		{name: "save points add up", content: "save 900 1\nSAVE 300 10 60 5\n", save: "900 1 300 10 60 5"},
		{name: "an empty save takes away", content: "save 900 1\nsave \"\"\n", save: ""},
		{name: "save in one word", content: `save "900 1 300 10"`, save: "900 1 300 10"},
		{name: "bad value", content: "# c\nhz abc", err: "reading redis.conf, line 2: 'hz abc': argument couldn't be parsed into an integer"},
		{name: "unknown", content: "nosuch 1", err: "reading redis.conf, line 1: 'nosuch 1': Bad directive or wrong number of arguments"},
		{name: "no value", content: "hz", err: "reading redis.conf, line 1: 'hz': wrong number of arguments"},
		{name: "too many", content: "hz 1 2", err: "reading redis.conf, line 1: 'hz 1 2': wrong number of arguments"},
		{name: "quotes", content: `appendonly "yes`, err: `reading redis.conf, line 1: 'appendonly "yes': Unbalanced quotes in configuration line`},
		{name: "include", content: "include x", err: "reading redis.conf, line 1: 'include x': include is not possible here"},
		{name: "range", content: "databases 0", err: "reading redis.conf, line 1: 'databases 0': argument must be between 1 and 2147483647 inclusive"},
	} {
		t.Run(test.name, func(t *testing.T) {
			c := New()
			err := c.Parse("redis.conf", test.content)
			if test.err != "" {
				var at *FileError
				if !errors.As(err, &at) || err.Error() != test.err {
					t.Errorf("error %v, want %s", err, test.err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := c.Value("save"); got != test.save {
				t.Errorf("save is %q, want %q", got, test.save)
			}
		})
	}
}

func TestQuotedValues(t *testing.T) {
	c := New()
	if err := c.Parse("f", `requirepass "\x41\n\"b" `+"\n"+`appendfilename 'it''s'`); err == nil {
		t.Error("a quote must be followed by a space")
	}
	if want := "A\n\"b"; c.RequirePass != want {
		t.Errorf("requirepass is %q, want %q", c.RequirePass, want)
	}
}

func TestCommandLine(t *testing.T) {
	file, options, err := CommandLine([]string{"redis.conf", "--save", "900", "1", "--save", "300 10", "--appendonly", "yes", "--hz", "5"})
	if err != nil || file != "redis.conf" {
		t.Fatalf("file %q, error %v", file, err)
	}
	c := New()
	if err := c.Apply(options); err != nil {
		t.Fatal(err)
	}
	if got, _ := c.Value("save"); got != "900 1 300 10" || !c.AppendOnly || c.Hz != 5 {
		t.Errorf("save %q, appendonly %v, hz %d", got, c.AppendOnly, c.Hz)
	}
	_, options, _ = CommandLine([]string{"--save", "--port", "7000"})
	if err := c.Apply(options); err != nil || len(c.SavePoints) != 0 || c.Port != 7000 {
		t.Errorf("save points %v, port %d, error %v", c.SavePoints, c.Port, err)
	}
	if _, _, err := CommandLine([]string{"-x"}); err == nil {
		t.Error("an option begins with two dashes")
	}
	if err := New().Apply([]Option{{"hz", []string{"x"}}}); err == nil || err.Error() != "option --hz x: argument couldn't be parsed into an integer" {
		t.Errorf("error %v", err)
	}
}

func TestRewriteChangesAsLittleAsItCan(t *testing.T) {
	const before = `# my server

port 7000
save 900 1
save 300 10
# about memory
maxmemory 100mb
slave-priority 50

hz 20
hz 30
requirepass ""
`
	c := New()
	if err := c.Parse("f", before); err != nil {
		t.Fatal(err)
	}
	err := c.Set([][2]string{{"save", "60 5"}, {"maxmemory", "2048"}, {"appendonly", "yes"}, {"notify-keyspace-events", "KEx"}})
	if err != nil {
		t.Fatal(err)
	}
	const after = `# my server

port 7000
save 60 5

# about memory
maxmemory 2kb
replica-priority 50

hz 30

# Generated by CONFIG REWRITE
appendonly yes
latency-tracking-info-percentiles 50 99 99.9
notify-keyspace-events "xKE"
`
	got := c.Rewrite(before)
	if diff := cmp.Diff(after, got); diff != "" {
		t.Fatal(diff)
	}
	if again := c.Rewrite(got); again != got {
		t.Errorf("a second rewrite changed the file:\n%s", again)
	}
	if err := c.Set([][2]string{{"save", ""}, {"maxmemory", "0"}, {"requirepass", "a\"b\n"}}); err != nil {
		t.Fatal(err)
	}
	read := New()
	if err := read.Parse("f", c.Rewrite(got)); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(c.Get([]string{"*"}), read.Get([]string{"*"})); diff != "" {
		t.Errorf("the rewritten file reads back differently: %s", diff)
	}
}

func TestIncludes(t *testing.T) {
	files := map[string]string{"a.conf": "hz 20\ninclude b.conf\n", "b.conf": "hz 30\ntimeout 5", "loop": "include loop", "bad": "hz x"}
	open := func(pattern string) ([]Included, error) {
		if text, ok := files[pattern]; ok {
			return []Included{{pattern, []byte(text)}}, nil
		}
		return nil, nil
	}
	for _, test := range []struct{ text, problem string }{
		{"hz 10\ninclude a.conf\ninclude c*.conf", ""},
		{"include c.conf", "reading f, line 1: 'include c.conf': can't open config file 'c.conf'"},
		{"\ninclude bad", "reading bad, line 1: 'hz x': argument couldn't be parsed into an integer"},
		{"include loop", "reading loop, line 1: 'include loop': include is not possible here"},
		{"include a b", "reading f, line 1: 'include a b': Bad directive or wrong number of arguments"},
	} {
		c := New()
		c.Includes = open
		problem := ""
		if err := c.Parse("f", test.text); err != nil {
			problem = err.Error()
		} else if c.Hz != 30 || c.Timeout != 5 || c.File != "f" {
			t.Errorf("%q: hz %d, timeout %d, file %q", test.text, c.Hz, c.Timeout, c.File)
		}
		if problem != test.problem {
			t.Errorf("%q: %q, want %q", test.text, problem, test.problem)
		}
	}
}

func TestCloneSharesNothing(t *testing.T) {
	c := New()
	before := c.Get([]string{"*"})
	copied := c.Clone()
	if err := copied.Set([][2]string{{"save", "1 1"}, {"loglevel", "debug"}}); err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(before, c.Get([]string{"*"})) {
		t.Error("changing the clone changed the original")
	}
}

// FuzzParse: no text makes the parser panic, and what it accepts can be
// rewritten and read again.
func FuzzParse(f *testing.F) {
	f.Add("save 900 1\nhz 20\n# c\nrequirepass \"\\x00\"")
	f.Add("client-output-buffer-limit normal 1 2 3\nshutdown-on-sigint save now")
	f.Add("save \"\"\nsave 1 1\noom-score-adj-values 1 2 3\nmaxmemory 99999999999999999999gb")
	f.Fuzz(func(t *testing.T, content string) {
		c := New()
		if c.Parse("f", content) != nil {
			return
		}
		text := c.Rewrite(content)
		read := New()
		if err := read.Parse("f", text); err != nil {
			t.Fatalf("%v in\n%s", err, text)
		}
		if diff := cmp.Diff(c.Get([]string{"*"}), read.Get([]string{"*"})); diff != "" {
			t.Errorf("%s\nrewritten:\n%s", diff, text)
		}
	})
}
