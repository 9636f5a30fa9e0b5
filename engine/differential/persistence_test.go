package differential

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"everysec/engine/redistest"
	"everysec/engine/resp"
	"everysec/engine/servertest"
	"everysec/engine/vfs"
)

// What persistence says of itself: replies, INFO persistence and the log, the
// same commands on the same files in redis-server and here.

// commandsOf is an append-only file of these lines.
func commandsOf(lines ...string) string {
	var b strings.Builder
	for _, line := range lines {
		words := strings.Fields(line)
		args := make([][]byte, len(words))
		for i, w := range words {
			args[i] = []byte(w)
		}
		b.Write(resp.AppendCommand(nil, args...))
	}
	return b.String()
}

const (
	persistenceManifest = "file a.base seq 1 type b\nfile a.incr seq 1 type i\n"
	manifestName        = "appendonlydir/appendonly.aof.manifest"
	baseName            = "appendonlydir/a.base"
	incrName            = "appendonlydir/a.incr"
)

// The header of an RDB file with auxiliary fields that are known, not known,
// and of a kind that is to be told, a key, and a list without elements.
const rdbWithFields = "REDIS0010\xfa\x08used-mem\xc2\x00\x00\x20\x00\xfa\x08aof-base\xc0\x01\xfa\x05%told\x02me\xfa\x04what\x01x" +
	"\xfe\x00\x00\x01k\x01v\x01\x05empty\x00\xff\x00\x00\x00\x00\x00\x00\x00\x00"

// One key has not been used for 100 seconds, the other one seven times or so.
const rdbWithUse = "REDIS0010\xfe\x00\xf8\x40\x64\x00\x01k\x01v\xf9\x07\x00\x01f\x01v\xff\x00\x00\x00\x00\x00\x00\x00\x00"

// Keys that expire at 0 and -1, in milliseconds and in seconds: -1 milliseconds are
// no time at all.
const rdbWithTimes = "REDIS0010\xfe\x00\xfc\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01k\x01v\xfd\x00\x00\x00\x00\x00\x01l\x01v" +
	"\xfd\xff\xff\xff\xff\x00\x01m\x01v\xfc\xff\xff\xff\xff\xff\xff\xff\xff\x00\x01n\x01v\x00\x01o\x01v\xff\x00\x00\x00\x00\x00\x00\x00\x00"

const (
	sleep    = "sleep"       // until jobs are done
	inTheWay = "in the way " // a directory, where a file is to come
)

func TestPersistenceSaysTheSame(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		config []string
		// files to begin with; a name that ends in / is a directory
		files map[string]string
		lines []string
	}{
		{"snapshots", []string{"save", "900 1000"}, nil, []string{
			"SET a 1", "SET b 2", "INFO", "SAVE", "INFO", "SET c 3", "INFO", "BGSAVE", sleep, "INFO", "DEBUG RELOAD", "INFO",
			"MULTI", "SET d 4", "BGSAVE", "EXEC", sleep, "INFO", "FLUSHALL", "INFO", "SET e 5", "FLUSHDB", "INFO",
			"CONFIG RESETSTAT", "INFO", "SHUTDOWN",
		}},
		{"a snapshot that fails", []string{"save", "900 1000"}, nil, []string{
			"SET a 1", inTheWay + "dump.rdb", "SAVE", "INFO", "SET a 2", "BGSAVE", sleep, "INFO", "SET a 3", "PING", "GET a", "EVAL return(redis.call('set','a','4')) 0",
			"BGSAVE", sleep, "INFO", "CONFIG SET stop-writes-on-bgsave-error no", "SET a 5", "DEBUG RELOAD", "DEBUG RELOAD NOSAVE",
			"SHUTDOWN", "SHUTDOWN SAVE", "SHUTDOWN FORCE",
		}},
		{"rewrites", []string{"appendonly", "yes"}, nil, []string{
			"SET a 1", "INFO", "BGREWRITEAOF", sleep, "INFO", "SET b 2", "BGREWRITEAOF", sleep, "INFO", "SAVE", "INFO",
			"MULTI", "SET c 3", "BGREWRITEAOF", "EXEC", sleep, "INFO", "DEBUG LOADAOF", "INFO", "CONFIG RESETSTAT", "INFO", "SHUTDOWN",
		}},
		{"the append-only file switched", []string{"save", "900 1000"}, nil, []string{
			"SET a 1", "CONFIG SET appendonly yes", sleep, "INFO", "SET b 2", "CONFIG SET appendonly no", "INFO",
			"BGREWRITEAOF", sleep, "INFO", "CONFIG SET appendonly yes", sleep, "INFO",
			"MULTI", "CONFIG SET appendonly no", "CONFIG SET appendonly yes", "EXEC", sleep, "INFO", "SHUTDOWN NOSAVE",
		}},
		// A number is never given out twice here, so there is a next one to fail.
		{"a rewrite that fails", []string{"appendonly", "yes"}, nil, []string{
			inTheWay + "appendonlydir/appendonly.aof.2.base.rdb", inTheWay + "appendonlydir/appendonly.aof.3.base.rdb", "SET a 1", "BGREWRITEAOF", sleep, "INFO", "SET a 2", "BGREWRITEAOF", sleep, "INFO", "CONFIG RESETSTAT", "INFO", "SHUTDOWN",
		}},
		{"files found", []string{"appendonly", "yes"}, map[string]string{
			manifestName: persistenceManifest + "file old seq 1 type h\n", baseName: commandsOf("SELECT 0", "SET a 1"), incrName: commandsOf("SELECT 0", "SET b 2"), "appendonlydir/old": "x",
		}, []string{"INFO", "DBSIZE"}},
		{"a base that is a snapshot", []string{"appendonly", "yes", "loglevel", "debug"}, map[string]string{
			manifestName: persistenceManifest, baseName: rdbWithFields, incrName: commandsOf("SELECT 0", "SET b 2", "SET c 3"),
		}, []string{"INFO", "DBSIZE"}},
		{"an empty file", []string{"appendonly", "yes"}, map[string]string{manifestName: persistenceManifest, baseName: rdbWithFields, incrName: ""}, []string{"INFO", "DBSIZE"}},
		{"dump.rdb", nil, map[string]string{"dump.rdb": rdbWithFields}, []string{"INFO", "DBSIZE", "LASTSAVE"}},
		{"a wrong checksum that nobody asks for", []string{"rdbchecksum", "no"}, map[string]string{"dump.rdb": rdbWithFields[:len(rdbWithFields)-8] + "no sum, "}, []string{"INFO", "DBSIZE"}},
		{"no checksum, and nobody asks for it", []string{"rdbchecksum", "no"}, map[string]string{"dump.rdb": rdbWithFields}, []string{"INFO", "DBSIZE"}},
		{"idle times and frequencies", nil, map[string]string{"dump.rdb": rdbWithUse}, []string{"OBJECT IDLETIME k", "OBJECT IDLETIME f", "OBJECT FREQ f"}},
		{"idle times", []string{"maxmemory-policy", "allkeys-lru"}, map[string]string{"dump.rdb": rdbWithUse}, []string{"OBJECT IDLETIME k", "OBJECT IDLETIME f"}},
		{"frequencies", []string{"maxmemory-policy", "allkeys-lfu"}, map[string]string{"dump.rdb": rdbWithUse}, []string{"OBJECT FREQ k", "OBJECT FREQ f"}},
		{"times of old", nil, map[string]string{"dump.rdb": rdbWithTimes}, []string{"INFO", "MGET k l m n o", "PEXPIRETIME n"}},
		{"a reload that merges", nil, nil, []string{
			"SET a 1", "RPUSH l x", "SAVE", "SET a 2", "SET b 2", "DEBUG RELOAD NOSAVE NOFLUSH MERGE", "MGET a b", "LRANGE l 0 -1", "INFO",
		}},
		{"an end cut short", []string{"appendonly", "yes"}, map[string]string{
			manifestName: persistenceManifest, baseName: commandsOf("SELECT 0", "SET a 1"), incrName: commandsOf("SELECT 0", "SET b 2") + "*1\r\n$4\r\nPI",
		}, []string{"INFO", "DBSIZE"}},
		{"a transaction without its end", []string{"appendonly", "yes"}, map[string]string{
			manifestName: persistenceManifest, baseName: commandsOf("SELECT 0", "SET a 1"), incrName: commandsOf("SELECT 0", "SET b 2", "MULTI", "SET c 3"),
		}, []string{"INFO", "DBSIZE"}},
		{"a single file of before 7.0", []string{"appendonly", "yes"}, map[string]string{"appendonly.aof": commandsOf("SELECT 0", "SET a 1")}, []string{"INFO", "DBSIZE"}},
		{"a single file with a snapshot", []string{"appendonly", "yes"}, map[string]string{"appendonly.aof": rdbWithFields + commandsOf("SELECT 0", "SET a 1")}, []string{"INFO", "DBSIZE"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if diff := cmp.Diff(persistenceOfRedis(t, test.config, test.files, test.lines), persistenceOfOurs(t, test.config, test.files, test.lines)); diff != "" {
				t.Errorf("-redis-server +everysec\n%s", diff)
			}
		})
	}
}

func persistenceOfRedis(t *testing.T, config []string, files map[string]string, lines []string) (said []string) {
	dir := t.TempDir()
	for name, text := range files {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(name)), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	var args []string
	for i := 0; i < len(config); i += 2 {
		args = append(args, "--"+config[i], config[i+1])
	}
	r := redistest.StartIn(t, dir, args...)
	c := r.Dial(t)
	log := func() string {
		b, err := os.ReadFile(filepath.Join(dir, "redis.log"))
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	for _, line := range lines {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, inTheWay):
			if err := os.MkdirAll(filepath.Join(dir, strings.TrimPrefix(line, inTheWay), "x"), 0o755); err != nil {
				t.Fatal(err)
			}
		case line == sleep:
			for range 50 {
				time.Sleep(250 * time.Millisecond)
				if info := string(c.Do("INFO", "persistence")); !strings.Contains(info, "in_progress:1") && !strings.Contains(info, "scheduled:1") &&
					!strings.Contains(info, "aof_pending_bio_fsync:1") {
					break
				}
			}
		case line == "INFO":
			said = append(said, persistenceInfo(string(c.Do("INFO", "persistence")))...)
		case words[0] == "SHUTDOWN" && line == lines[len(lines)-1]:
			args := [][]byte{[]byte(words[0])}
			if len(words) > 1 {
				args = append(args, []byte(words[1]))
			}
			c.Send(args...)
			for range 200 {
				if strings.Contains(log(), "bye bye") {
					break
				}
				time.Sleep(20 * time.Millisecond)
			}
		default:
			said = append(said, line+" -> "+reply(line, c.Do(words...)))
		}
	}
	if !strings.Contains(log(), "bye bye") {
		r.Stop()
	}
	// What the child of a fork says is left out: there is none here.
	entry := regexp.MustCompile(`^\d+:M \d+ \w+ \d+ [\d:.]+ ([.*#-]) (.*)$`)
	begun := false
	for _, line := range strings.Split(log(), "\n") {
		if m := entry.FindStringSubmatch(line); m != nil && (begun || !banner.MatchString(m[2])) {
			begun = true
			said = append(said, logLine(m[1], m[2])...)
		}
	}
	return said
}

// banner is what redis-server says before it comes to its files.
var banner = regexp.MustCompile(`monotonic clock|Running mode|Server initialized|WARNING|^$`)

func persistenceOfOurs(t *testing.T, config []string, files map[string]string, lines []string) (said []string) {
	disk := vfs.New(vfs.Options{})
	for name, text := range files {
		if err := disk.MakeDir(filepath.Dir(name)); err != nil && filepath.Dir(name) != "." {
			if err = disk.MakeDir(filepath.Dir(filepath.Dir(name))); err == nil {
				err = disk.MakeDir(filepath.Dir(name))
			}
			if _, there := disk.Stat(filepath.Dir(name)); there != nil {
				t.Fatal(err)
			}
		}
		f, err := disk.OpenFile(name, vfs.Write|vfs.Create)
		if err == nil {
			_, err = f.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
	}
	s := servertest.At(t, disk, time.Now().UnixMicro(), config...)
	c := s.Client()
	for _, line := range lines {
		words := strings.Fields(line)
		switch {
		case strings.HasPrefix(line, inTheWay):
			for _, name := range []string{strings.TrimPrefix(line, inTheWay), strings.TrimPrefix(line, inTheWay) + "/x"} {
				if err := disk.MakeDir(name); err != nil {
					t.Fatal(err)
				}
			}
		case line == sleep:
			s.Advance(1_000_000)
		case line == "INFO":
			said = append(said, persistenceInfo(string(c.Do("INFO", "persistence").Str))...)
		case words[0] == "SHUTDOWN" && line == lines[len(lines)-1]:
			c.Send(words...)
			s.Settle()
		default:
			said = append(said, line+" -> "+reply(line, c.Raw([]byte(commandsOf(line)))))
		}
	}
	level := []string{".", "-", "*", "#"}
	for _, line := range s.TakeLog() {
		if !strings.HasPrefix(line.Text, "Everysec starts") {
			said = append(said, logLine(level[line.Level], line.Text)...)
		}
		if n := len(said); line.Text == "Background saving error" { // the child's reason
			said = slices.Delete(said, n-2, n-1)
		}
	}
	return said
}

// reply is a reply without its frame, and without moments.
func reply(line string, raw []byte) string {
	if regexp.MustCompile(`^:\d{10}\r\n$`).Match(raw) {
		return "a moment"
	}
	if !strings.HasPrefix(line, "OBJECT IDLETIME") {
		return string(raw)
	}
	return strings.NewReplacer(":1\r\n", ":0\r\n", ":101\r\n", ":100\r\n").Replace(string(raw)) // a second may pass
}

// persistenceInfo are the fields that do not tell a moment or a size.
func persistenceInfo(info string) (fields []string) {
	const varying = "current_cow rdb_last_save_time rdb_last_cow aof_last_cow aof_current_size aof_base_size aof_pending_bio_fsync"
	for _, line := range strings.Split(info, "\r\n") {
		name, value, is := strings.Cut(line, ":")
		if !is {
			continue
		}
		if slices.ContainsFunc(strings.Fields(varying), func(v string) bool { return strings.HasPrefix(name, v) }) {
			value = "varies"
		}
		if strings.HasSuffix(name, "_time_sec") && value == "1" { // a second may pass
			value = "0"
		}
		fields = append(fields, name+":"+value)
	}
	return fields
}

var (
	numbers = regexp.MustCompile(`pid \d+|bg-\d+|: [\d.]+ seconds|RDB age \d+|created [\d.]+ Mb`)
	// Why a file could not be written: each has its words for that.
	reasons = regexp.MustCompile(`^(Background AOF rewrite failed|Write error saving DB on disk|Error moving temp DB file|Error trying to rename the temporary AOF base file).*`)
	// Of a child, and of how a signal was handled.
	onlyRedis = regexp.MustCompile(`signal handler took|Killing running AOF rewrite child|RDB.*dump|clients connected|replicas|hash slot|Accepted |Client closed|Reading from client|unix socket|Server initialized|Short read or OOM|^open "dump.rdb"|DB \d+: \d+ keys`)
)

func logLine(level, text string) []string {
	if onlyRedis.MatchString(text) {
		return nil
	}
	text = numbers.ReplaceAllString(text, "N")
	if strings.HasPrefix(text, "The server is now ready to accept connections at") { // on a socket
		text = "Ready to accept connections"
	}
	return []string{level + " " + reasons.ReplaceAllString(text, "why")}
}
