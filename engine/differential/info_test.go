package differential_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"everysec/engine/redistest"
	"everysec/engine/servertest"
)

// INFO has the sections and fields of redis-server 7.0.15, in its order.
func TestInfoFields(t *testing.T) {
	t.Parallel()
	redis := redistest.Start(t).Dial(t)
	ours := servertest.New(t).Client()
	for _, sections := range [][]string{
		nil,
		{"all"},
		{"everything"},
		{"default"},
		{"server"},
		{"CLIENTS"},
		{"memory"},
		{"persistence"},
		{"stats"},
		{"replication"},
		{"cpu"},
		{"modules"},
		{"errorstats"},
		{"cluster"},
		{"keyspace"},
		{"commandstats"},
		{"latencystats"},
		{"nosuch"},
		{"server", "nosuch", "cpu"},
		{"keyspace", "cpu", "default"},
		{"commandstats", "errorstats", "commandstats"},
	} {
		args := append([]string{"INFO"}, sections...)
		for _, prepare := range []string{"CONFIG RESETSTAT", "SET k v", "GET k", "LPUSH k v", "NOSUCH", "EVAL error() 0", "SET a"} {
			redis.Do(strings.Fields(prepare)...)
			ours.Text(prepare)
		}
		theirs := string(redis.Do(args...))
		_, theirs, _ = strings.Cut(theirs, "\r\n") // the length
		if diff := cmp.Diff(fields(theirs), fields(string(ours.Do(args...).Str))); diff != "" {
			t.Errorf("%v (-redis +ours)\n%s", args, diff)
		}
	}
}

// fields is the names of an INFO, and the values that do not depend on time
// and place.
func fields(info string) string {
	var b strings.Builder
	lines := strings.Split(strings.TrimSpace(info), "\r\n")
	// The statistics of commands are in an order of chance in Redis.
	for i := 0; i < len(lines); i++ {
		end := i
		for end < len(lines) && (strings.HasPrefix(lines[end], "cmdstat_") || strings.HasPrefix(lines[end], "latency_percentiles_")) {
			end++
		}
		slices.Sort(lines[i:end])
		i = max(end-1, i)
	}
	for _, line := range lines {
		name, value, _ := strings.Cut(line, ":")
		b.WriteString(name)
		switch {
		case strings.HasPrefix(name, "errorstat_"), strings.HasPrefix(name, "db"), name == "role", name == "redis_mode",
			name == "maxmemory_policy", name == "total_error_replies", name == "keyspace_hits", name == "redis_version", name == "maxclients":
			b.WriteString(":" + value)
		case strings.HasPrefix(name, "cmdstat_"):
			parts := strings.Split(value, ",")
			b.WriteString(":" + parts[0] + "," + parts[3] + "," + parts[4])
		}
		b.WriteString("\n")
	}
	return b.String()
}
