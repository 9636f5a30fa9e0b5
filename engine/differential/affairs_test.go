package differential

import (
	"bytes"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/google/go-cmp/cmp"

	"everysec/engine/command"
	"everysec/engine/resp"
)

// Some replies tell of the server itself, of its clock or of chance, or in its
// own words. Of those only what can differ is left out: numbers that are
// measured, names of processes and files, sentences, and the order of hash
// tables. Errors are always compared whole.

// affair compares two replies; part is what is compared where that is a part.
type affair struct {
	same func(args []string, want, got resp.Value) bool
	part func(v resp.Value) string
}

// affairs says for such commands what must be the same in two replies of one
// kind.
var affairs = map[string]affair{
	"lastsave": {same: within(5)},
	"time": {same: func(_ []string, want, got resp.Value) bool {
		return len(got.Elems) == 2 && near(want.Elems[0], got.Elems[0], 5)
	}},
	"info":           normally(infoText),
	"lolwut":         {same: sameSize},
	"randomkey":      {same: typeOnly}, // a key by chance; that there is one is compared
	"hello":          normally(func(v resp.Value) string { return without(v, "id") }),
	"dump":           {same: sameDump},
	"client|id":      {same: typeOnly}, // the two count other connections, of tests that ask whether they are ready
	"client|info":    normally(clientLines),
	"client|list":    normally(clientLines),
	"acl|genpass":    normally(func(v resp.Value) string { return fmt.Sprint(len(v.Str), hexadecimal.Match(v.Str)) }),
	"acl|log":        normally(aclLog),
	"acl|cat":        normally(knownNames),
	"acl|list":       normally(sortedWords), // single rules in the order of a hash table
	"acl|getuser":    normally(sortedWords),
	"command":        normally(commandRows),
	"command|count":  {same: func(_ []string, want, got resp.Value) bool { return got.Int >= want.Int }}, // newer ones are here, too
	"command|docs":   normally(commandDocs),
	"command|list":   normally(knownNames),
	"command|info":   normally(commandRows),
	"memory|usage":   {same: sameUsage},
	"memory|stats":   normally(memoryStats),
	"memory|doctor":  {same: typeOnly}, // a sentence of our own
	"latency|doctor": {same: typeOnly}, // a sentence of our own
	// The allocator's own report: there is no jemalloc here.
	"memory|malloc-stats": {same: typeOnly},
	"latency|histogram":   normally(histograms),
	"slowlog|get":         normally(slowEntries),
	"slowlog|len":         {same: typeOnly}, // what took long is a matter of the machine
	// Keys with the same small number share their clock in Redis.
	"object|idletime": {same: func(_ []string, want, got resp.Value) bool { return got.Int <= want.Int+5 }},
	"object|refcount": {same: typeOnly}, // a copy of a small number is not shared in Redis
	"config|get":      normally(configuration),
}

func ownAffair(args []string) affair {
	name := strings.ToLower(args[0])
	if s := table.Lookup([]byte(name)); len(args) > 1 && s != nil && len(s.Subcommands) > 0 {
		if strings.EqualFold(args[1], "help") {
			return normally(margin)
		}
		name += "|" + strings.ToLower(args[1])
	}
	return affairs[name]
}

func normally(part func(v resp.Value) string) affair {
	return affair{func(_ []string, want, got resp.Value) bool { return part(want) == part(got) }, part}
}

// difference is what two replies differ in that are compared only in part.
func difference(args []string, want, got resp.Value) string {
	part := ownAffair(args).part
	if part == nil || want.Kind != got.Kind || part(want) == part(got) {
		return ""
	}
	return cmp.Diff(strings.Split(part(want), "\n"), strings.Split(part(got), "\n"))
}

func typeOnly([]string, resp.Value, resp.Value) bool { return true }

func number(v resp.Value) int64 {
	if v.Kind == resp.Integer {
		return v.Int
	}
	n, _ := strconv.ParseInt(string(v.Str), 10, 64)
	return n
}

func near(want, got resp.Value, limit int64) bool {
	difference := number(want) - number(got)
	return max(difference, -difference) <= limit
}

func within(limit int64) func(args []string, want, got resp.Value) bool {
	return func(_ []string, want, got resp.Value) bool { return near(want, got, limit) }
}

// isKnown tells whether redis-server 7.0.15 has a command.
var isKnown = sync.OnceValue(func() map[string]bool {
	list := map[string]bool{}
	table.Each(func(s *command.Spec) { list[s.FullName()] = !newer(s.Since) })
	return list
})

// margin is what stands at the margin of a HELP: the sentences are our own.
func margin(v resp.Value) string {
	var lines []string
	for _, e := range v.Elems {
		word, _, _ := strings.Cut(string(e.Str), " ")
		if word != "" && word != "NO-TOUCH" && word != "SETINFO" { // these are of 7.2
			lines = append(lines, describe(e))
		}
	}
	return strings.Join(lines, "\n")
}

// without is a map or a flat list of pairs, without the values of some names.
func without(v resp.Value, names ...string) string {
	var b strings.Builder
	for i := 0; i+1 < len(v.Elems); i += 2 {
		b.WriteString(describe(v.Elems[i]))
		if !slices.Contains(names, string(v.Elems[i].Str)) {
			b.WriteString(describe(v.Elems[i+1]))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var hexadecimal = regexp.MustCompile("^[0-9a-f]+$")

// sameSize: the pictures are our own, and 7.0 has none of its own version.
func sameSize(_ []string, want, got resp.Value) bool {
	const version = "Redis ver. 7.0.15\n"
	lines := strings.Count(string(want.Str), "\n")
	return strings.HasSuffix(string(got.Str), version) && (string(want.Str) == version || lines == strings.Count(string(got.Str), "\n"))
}

// measured are the fields of INFO whose values are of the machine, the process
// or the moment. All others are compared.
var measured = regexp.MustCompile(`^(redis_build_id|redis_git.*|os|monotonic_clock|multiplexing_api|atomicvar_api|gcc_version|process_id|process_supervised|run_id|` +
	`server_time_usec|uptime_in_.*|lru_clock|executable|config_file|hz|client_recent_.*|used_.*|allocator_.*|total_system_.*|rss_.*|mem_.*|` +
	`lazyfree.*|rdb_changes.*|rdb_last_save_time|rdb_last_.*|rdb_saves|total_connections_received|total_commands_processed|instantaneous_.*|total_net_.*|` +
	`expired_stale_perc|expire_cycle_.*|latest_fork_usec|total_forks|total_reads.*|total_writes.*|reply_buffer_.*|master_replid|current_.*|` +
	`expired_time_cap.*|aof_.*|keyspace_hits|keyspace_misses|total_error_replies|errorstat_.*|dump_payload_sanitizations|total_eviction_exceeded_time|db\d+|connected_clients|tcp_port|number_of_functions)$`)

// infoText is an INFO without what is measured. Statistics of commands are in
// the order of a hash table. TestCounters compares what they say, and the hits
// and misses, of which SCAN makes as many as the hashes of keys decide, and the
// errors, of which those inside a script's list are not counted here.
func infoText(v resp.Value) string {
	var lines, statistics []string
	for _, line := range strings.Split(string(v.Str), "\r\n") {
		name, value, has := strings.Cut(line, ":")
		switch {
		case strings.HasPrefix(name, "cmdstat_"), strings.HasPrefix(name, "latency_percentiles_usec_"):
			if _, command, _ := strings.Cut(name, "_"); isKnown()[strings.TrimPrefix(command, "percentiles_usec_")] {
				statistics = append(statistics, name)
			}
		case strings.HasPrefix(name, "db") && has:
			keys, _, _ := strings.Cut(value, ",avg_ttl")
			lines = append(lines, name+":"+keys)
		case measured.MatchString(name):
			lines = append(lines, name)
		default:
			lines = append(lines, line)
		}
	}
	slices.Sort(statistics)
	return strings.Join(append(lines, statistics...), "\n")
}

// ofTheMoment are the fields of a client's line that depend on who connected
// when, and on how what it sent was cut into pieces. TestClientList compares
// those of the buffers.
var ofTheMoment = regexp.MustCompile(`\b(id|addr|laddr|fd|age|idle|qbuf|qbuf-free|rbs|rbp|obl|oll|omem|tot-mem|events)=\S*`)

// noEvict is the flag that RESET takes away here.
var noEvict = regexp.MustCompile(`(flags=\S*)e`)

// withinExec is a line of a client in EXEC, whose argv-mem in redis-server is
// changed by every command before that was rewritten.
var withinExec = regexp.MustCompile(`argv-mem=\d+( multi-mem=\d+ .*cmd=exec )`)

func clientLines(v resp.Value) string {
	text := ofTheMoment.ReplaceAllString(string(v.Str), "$1=")
	return withinExec.ReplaceAllString(noEvict.ReplaceAllString(text, "$1"), "argv-mem=$1")
}

func aclLog(v resp.Value) string {
	var b strings.Builder
	for _, e := range v.Elems {
		for i := 0; i+1 < len(e.Elems); i += 2 {
			switch name := string(e.Elems[i].Str); name {
			case "age-seconds", "entry-id", "timestamp-created", "timestamp-last-updated":
				b.WriteString(name + " ")
			case "client-info":
				b.WriteString(clientLines(e.Elems[i+1]))
			default:
				b.WriteString(name + " " + describe(e.Elems[i+1]) + " ")
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// knownNames are names of commands or categories, without the newer commands.
func knownNames(v resp.Value) string {
	var names []string
	for _, e := range v.Elems {
		if name := string(e.Str); isKnown()[name] || table.Find(name) == nil {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

// commandRows are the rows of COMMAND INFO in order of their names, without
// the newer ones and the notes.
func commandRows(v resp.Value) string {
	var rows []string
	for _, row := range v.Elems {
		rows = append(rows, commandRow(row))
	}
	if len(rows) > 20 { // all of them
		slices.Sort(rows)
		rows = slices.DeleteFunc(rows, func(row string) bool { return row == "" })
	}
	return strings.Join(rows, "\n")
}

func commandRow(row resp.Value) string {
	if len(row.Elems) != 10 {
		return describe(row)
	}
	if !isKnown()[string(row.Elems[0].Str)] {
		return ""
	}
	var subcommands []string
	for _, sub := range row.Elems[9].Elems {
		if text := commandRow(sub); text != "" {
			subcommands = append(subcommands, text)
		}
	}
	slices.Sort(subcommands)
	text := ""
	for _, e := range row.Elems[:8] {
		text += describe(e)
	}
	for _, spec := range row.Elems[8].Elems {
		text += without(spec, "notes")
	}
	return text + strings.Join(subcommands, "\n")
}

func commandDocs(v resp.Value) string {
	found := map[string]string{}
	for i := 0; i+1 < len(v.Elems); i += 2 {
		collectDocs(found, string(v.Elems[i].Str), v.Elems[i+1])
	}
	var list []string
	for name, docs := range found {
		if isKnown()[name] && !newerArguments[name] {
			list = append(list, name+" "+docs)
		}
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// counted are the values of MEMORY STATS that are no measurements.
var counted = regexp.MustCompile(`^(keys.count|replication.backlog|clients.slaves|cluster.links|aof.buffer|overhead.hashtable.slot-to-keys)$`)

func memoryStats(v resp.Value) string {
	var b strings.Builder
	for i := 0; i+1 < len(v.Elems); i += 2 {
		name, value := string(v.Elems[i].Str), v.Elems[i+1]
		switch {
		case strings.HasPrefix(name, "db."):
			b.WriteString(name + " {" + memoryStats(value) + "}")
		case counted.MatchString(name):
			b.WriteString(name + " " + describe(value))
		default:
			fmt.Fprintf(&b, "%s %c", name, value.Kind)
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// sameUsage: what a string that was appended to keeps in reserve, a stream in
// its last node, which elements are looked at, and the levels of a skiplist,
// are not known here. TestMemoryFigures has narrower limits.
func sameUsage(_ []string, want, got resp.Value) bool {
	const streamNode = 4200
	return near(want, got, max(want.Int/2, streamNode))
}

func histograms(v resp.Value) string {
	var list []string
	for i := 0; i+1 < len(v.Elems); i += 2 {
		name := string(v.Elems[i].Str)
		if !isKnown()[name] {
			continue
		}
		for k := 0; k+1 < len(v.Elems[i+1].Elems); k += 2 {
			name += " " + string(v.Elems[i+1].Elems[k].Str)
		}
		list = append(list, name)
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// slowEntries: which there are is a matter of the machine, what they look like
// is not.
func slowEntries(v resp.Value) string {
	for _, e := range v.Elems {
		kinds := ""
		for _, field := range e.Elems {
			kinds += string(rune(field.Kind))
		}
		if kinds != ":::*$$" {
			return "an entry of the fields " + kinds
		}
	}
	return ""
}

// ownParameters are what each server was started with.
var ownParameters = []string{"dir", "unixsocket", "port", "logfile", "pidfile", "bind", "tcp-backlog"}

func configuration(v resp.Value) string {
	var list []string
	for i := 0; i+1 < len(v.Elems); i += 2 {
		name := string(v.Elems[i].Str)
		text := name
		if !slices.Contains(ownParameters, name) {
			text += "=" + string(v.Elems[i+1].Str)
		}
		list = append(list, text)
	}
	slices.Sort(list)
	return strings.Join(list, "\n")
}

// The types in a payload whose elements stand in the order of a hash table, or
// which hold times.
const (
	dumpedSet  = 2
	dumpedHash = 4
)

func sameDump(_ []string, want, got resp.Value) bool {
	a, b := want.Str, got.Str
	if bytes.Equal(a, b) {
		return true
	}
	if len(a) == 0 || len(b) == 0 || a[0] != b[0] {
		return false
	}
	switch kind := a[0]; {
	case kind == dumpedSet, kind == dumpedHash:
		return len(a) == len(b)
	case kind == 15 || kind >= 19: // a stream: when its consumers were seen
		return len(a) == len(b)
	}
	return false
}
