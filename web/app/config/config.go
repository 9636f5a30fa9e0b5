// Package config is redis.conf as a learner edits it: the settings that matter,
// each with its words, presets, and the whole of it as text. What is in force is
// what CONFIG GET says, and every change is a CONFIG SET, so that all that is
// refused is refused in Redis's own words.
package config

import (
	"strings"

	"everysec/engine/ds/order"
	"everysec/engine/resp"
)

// Setting is a parameter that matters.
type Setting struct {
	Name, Words string
	Choices     []string // nil: free text
}

// Group is settings that belong together.
type Group struct {
	Title    string
	Settings []Setting
}

var yesNo = []string{"yes", "no"}

// Groups are the settings that a learner should meet.
var Groups = []Group{
	{"Persistence", []Setting{
		{"appendonly", "Every write is added to the append only file, which a start reads again.", yesNo},
		{"appendfsync", "When the file is synced: before each reply, once a second, or when the operating system likes.", []string{"always", "everysec", "no"}},
		{"no-appendfsync-on-rewrite", "No sync while a snapshot or a rewrite is written: faster, and more is lost if the power fails then.", yesNo},
		{"save", "Pairs of seconds and changes: a snapshot is made when so many changes are so old. Empty: never.", nil},
		{"stop-writes-on-bgsave-error", "When a snapshot fails, writes are refused until one succeeds.", yesNo},
		{"rdbcompression", "Long strings in dump.rdb are compressed.", yesNo},
		{"aof-use-rdb-preamble", "A rewrite begins the append only file with a snapshot, which is read faster.", yesNo},
		{"aof-load-truncated", "A start goes on with an append only file whose end is torn, and says so in the log.", yesNo},
		{"auto-aof-rewrite-percentage", "The file is rewritten when it has grown by so many per cent. 0: never.", nil},
		{"auto-aof-rewrite-min-size", "But not while it is smaller than this.", nil},
	}},
	{"Memory and eviction", []Setting{
		{"maxmemory", "How much memory keys may take: 100mb, 1gb. 0: no limit.", nil},
		{"maxmemory-policy", "What goes when it is used up. noeviction: nothing, writes are refused.", []string{"noeviction", "allkeys-lru", "allkeys-lfu", "allkeys-random", "volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl"}},
		{"maxmemory-samples", "How many keys are looked at to find one to evict. More is more exact, and slower.", nil},
		{"lfu-decay-time", "Minutes after which the LFU counter of a key that is not used goes down by one.", nil},
		{"lfu-log-factor", "How many more hits each next step of the LFU counter takes.", nil},
		{"lazyfree-lazy-eviction", "What is evicted is freed in the background.", yesNo},
		{"lazyfree-lazy-expire", "What expires is freed in the background.", yesNo},
		{"lazyfree-lazy-user-del", "DEL works as UNLINK does.", yesNo},
	}},
	{"Slow commands", []Setting{
		{"slowlog-log-slower-than", "Commands that take longer, in microseconds, go to SLOWLOG. 0: all. -1: none.", nil},
		{"slowlog-max-len", "So many of them are kept.", nil},
		{"latency-monitor-threshold", "Events that take longer, in milliseconds, go to LATENCY. 0: none.", nil},
		{"busy-reply-threshold", "A script that runs longer, in milliseconds, lets others be told BUSY.", nil},
	}},
	{"Time and expiry", []Setting{
		{"hz", "How often in a second the server looks after itself, and for keys whose time is up.", nil},
		{"dynamic-hz", "More often when many clients are connected.", yesNo},
		{"active-expire-effort", "1 to 10: how hard it looks for keys whose time is up.", nil},
		{"timeout", "Seconds after which an idle client is disconnected. 0: never.", nil},
	}},
	{"Encodings", []Setting{
		{"hash-max-listpack-entries", "A hash with more fields becomes a hash table.", nil},
		{"hash-max-listpack-value", "And one with a longer field or value, in bytes.", nil},
		{"set-max-intset-entries", "A set of more integers becomes a hash table.", nil},
		{"zset-max-listpack-entries", "A sorted set with more members becomes a skiplist.", nil},
		{"zset-max-listpack-value", "And one with a longer member, in bytes.", nil},
		{"list-max-listpack-size", "Elements in a node of a list; negative: its size, -2 is 8 KB.", nil},
	}},
	{"Events", []Setting{
		{"notify-keyspace-events", "Which changes of keys are published: KEA is all of them. Empty: none.", nil},
	}},
}

// Preset is settings for a purpose.
type Preset struct {
	Name, Words string
	Pairs       [][2]string
}

// Presets are those of the panel.
var Presets = []Preset{
	{"Lesson default", "As this page starts: both files, synced once a second, no limit of memory.", [][2]string{
		{"appendonly", "yes"},
		{"appendfsync", "everysec"},
		{"save", "900 1 300 100"},
		{"no-appendfsync-on-rewrite", "no"},
		{"aof-load-truncated", "yes"},
		{"stop-writes-on-bgsave-error", "yes"},
		{"maxmemory", "0"},
		{"maxmemory-policy", "noeviction"},
	}},
	{"Cache", "Everything can be fetched again: nothing is written, and what was not used for long makes room.", [][2]string{
		{"appendonly", "no"},
		{"appendfsync", "everysec"},
		{"save", ""},
		{"no-appendfsync-on-rewrite", "no"},
		{"aof-load-truncated", "yes"},
		{"stop-writes-on-bgsave-error", "no"},
		{"maxmemory", "100mb"},
		{"maxmemory-policy", "allkeys-lru"},
	}},
	{"As safe as it gets", "Each reply waits for the disk, a torn file is not read silently, and nothing is evicted. A drive that lies still wins.", [][2]string{
		{"appendonly", "yes"},
		{"appendfsync", "always"},
		{"save", "900 1 300 100"},
		{"no-appendfsync-on-rewrite", "no"},
		{"aof-load-truncated", "no"},
		{"stop-writes-on-bgsave-error", "yes"},
		{"maxmemory", "0"},
		{"maxmemory-policy", "noeviction"},
	}},
}

// Values is what CONFIG GET * said.
type Values map[string]string

// ReadValues takes its reply.
func ReadValues(v resp.Value) Values {
	values := Values{}
	for i := 0; i+1 < len(v.Elems); i += 2 {
		values[string(v.Elems[i].Str)] = string(v.Elems[i+1].Str)
	}
	return values
}

// Line is a parameter as a line of redis.conf.
func Line(name, value string) string { return name + " " + quoted(value) }

// quoted keeps a value together where redis.conf would not read it as it is. A
// value of several words is several arguments there, as it is in CONFIG SET.
func quoted(value string) string {
	plain := value != "" && strings.TrimSpace(value) == value && !strings.Contains(value, "  ")
	for i := 0; i < len(value) && plain; i++ {
		c := value[i]
		plain = c >= ' ' && c < 0x7f && c != '"' && c != '\'' && c != '\\' && !(c == '#' && i == 0)
	}
	if plain {
		return value
	}
	const hexDigits = "0123456789abcdef"
	b := []byte{'"'}
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case c == '"' || c == '\\':
			b = append(b, '\\', c)
		case c >= ' ' && c < 0x7f:
			b = append(b, c)
		default:
			b = append(b, '\\', 'x', hexDigits[c>>4], hexDigits[c&15])
		}
	}
	return string(append(b, '"'))
}

// Text is the whole of redis.conf: the settings of Groups in their order, then
// all others by name.
func (v Values) Text() string {
	var b strings.Builder
	told := map[string]bool{}
	for _, g := range Groups {
		b.WriteString("# " + g.Title + "\n")
		for _, s := range g.Settings {
			if value, ok := v[s.Name]; ok {
				told[s.Name] = true
				b.WriteString(Line(s.Name, value) + "\n")
			}
		}
		b.WriteString("\n")
	}
	var rest []string
	for name := range v {
		if !told[name] {
			rest = append(rest, name)
		}
	}
	order.Ascending(rest)
	b.WriteString("# Everything else\n") // not a text
	for _, name := range rest {
		b.WriteString(Line(name, v[name]) + "\n")
	}
	return b.String()
}

// Edit is a line of the text that asks for something.
type Edit struct {
	Number      int // of the line, from 1
	Text        string
	Name, Value string
	Problem     string // why it cannot even be asked; "" if it can
	Done        bool   // it was answered
	Error       string // by Redis; "" if it was applied
}

// Edits are the lines of a text that say something else than is in force, in
// order. A line that is not there changes nothing. Lines of "save" add up, as they
// do in a file; CONFIG SET knows only all of them at once.
func (v Values) Edits(text string) (edits []Edit) {
	saves, asked := "", map[string]bool{}
	for i, line := range strings.Split(text, "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		e := Edit{Number: i + 1, Text: line}
		words, ok := resp.SplitArgs([]byte(line))
		switch {
		case !ok:
			e.Problem = "Unbalanced quotes in configuration line" // not a text
		case len(words) < 2:
			e.Name, e.Problem = string(words[0]), "wrong number of arguments" // not a text
		default:
			var values []string
			for _, w := range words[1:] {
				values = append(values, string(w))
			}
			e.Name, e.Value = strings.ToLower(string(words[0])), strings.Join(values, " ")
			if e.Name == "save" && e.Value != "" {
				saves = strings.TrimSpace(saves + " " + e.Value)
				e.Value = saves
			} else if e.Name == "save" {
				saves = ""
			}
			if is, known := v[e.Name]; known && is == e.Value && !asked[e.Name] {
				continue
			}
			asked[e.Name] = true // a later line may go back to what is in force
		}
		edits = append(edits, e)
	}
	return edits
}
