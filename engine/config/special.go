package config

import (
	"slices"
	"strconv"
	"strings"

	"everysec/engine/number"
	"everysec/engine/phrase"
)

// The directives with a form of their own.

var errSave error = reason("Invalid save parameters")

// parseSavePoints parses pairs of seconds and changes.
func parseSavePoints(words []string) ([]SavePoint, error) {
	if len(words) == 1 && words[0] == "" {
		return nil, nil
	}
	if len(words)%2 != 0 {
		return nil, errSave
	}
	var points []SavePoint
	for i := 0; i < len(words); i += 2 {
		seconds, err := strconv.ParseInt(words[i], 10, 32)
		changes, err2 := strconv.ParseInt(words[i+1], 10, 32)
		if err != nil || err2 != nil || seconds < 1 || changes < 0 {
			return nil, errSave
		}
		points = append(points, SavePoint{seconds, changes})
	}
	return points, nil
}

func saveParameter() Parameter {
	return Parameter{
		Name: "save", Default: "3600 1 300 100 60 10000", Several: true,
		get: func(c *Config) string {
			words := make([]string, len(c.SavePoints))
			for i, p := range c.SavePoints {
				words[i] = phrase.Sprintf("%d %d", p.Seconds, p.Changes)
			}
			return strings.Join(words, " ")
		},
		set: func(c *Config, words []string) error {
			points, err := parseSavePoints(words)
			if err == nil {
				c.SavePoints = points
			}
			return err
		},
		lines: func(c *Config) []fileLine {
			if len(c.SavePoints) == 0 {
				return []fileLine{{`save ""`, true}}
			}
			var lines []fileLine
			for _, p := range c.SavePoints {
				lines = append(lines, fileLine{phrase.Sprintf("save %d %d", p.Seconds, p.Changes), true})
			}
			return lines
		},
	}
}

// notifyLetters are the classes of notify-keyspace-events in the order in
// which Redis prints them.
var notifyLetters = []struct {
	letter byte
	class  NotifyClass
}{
	{'g', NotifyGeneric},
	{'$', NotifyString},
	{'l', NotifyList},
	{'s', NotifySet},
	{'h', NotifyHash},
	{'z', NotifySortedSet},
	{'x', NotifyExpired},
	{'e', NotifyEvicted},
	{'t', NotifyStream},
	{'d', NotifyModule},
	{'n', NotifyNew},
}

// ParseNotify parses the letters of notify-keyspace-events.
func ParseNotify(letters string) (NotifyClass, error) {
	var all NotifyClass
next:
	for i := range len(letters) {
		switch letters[i] {
		case 'A':
			all |= NotifyAll
			continue
		case 'K':
			all |= NotifyKeyspace
			continue
		case 'E':
			all |= NotifyKeyevent
			continue
		case 'm':
			all |= NotifyKeyMiss
			continue
		}
		for _, l := range notifyLetters {
			if l.letter == letters[i] {
				all |= l.class
				continue next
			}
		}
		return 0, reason("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
	}
	return all, nil
}

// String is the letters that CONFIG GET prints. As in Redis 7.0 "n" is not
// shown beside "A".
func (n NotifyClass) String() string {
	var letters []byte
	if n&NotifyAll == NotifyAll {
		letters = append(letters, 'A')
	} else {
		for _, l := range notifyLetters {
			if n&l.class != 0 {
				letters = append(letters, l.letter)
			}
		}
	}
	for _, l := range []struct {
		letter byte
		class  NotifyClass
	}{{'K', NotifyKeyspace}, {'E', NotifyKeyevent}, {'m', NotifyKeyMiss}} {
		if n&l.class != 0 {
			letters = append(letters, l.letter)
		}
	}
	return string(letters)
}

func notifyParameter() Parameter {
	return Parameter{
		Name: "notify-keyspace-events", quoted: true,
		get: func(c *Config) string { return c.Notify.String() },
		set: one(func(c *Config, value string) error {
			n, err := ParseNotify(value)
			if err == nil {
				c.Notify = n
			}
			return err
		}),
		lines: func(c *Config) []fileLine {
			return []fileLine{{"notify-keyspace-events " + quote(c.Notify.String()), c.Notify != 0}}
		},
	}
}

var syncPolicies = []string{"everysec", "always", "no"} // by SyncPolicy

// String is the policy as redis.conf spells it.
func (p SyncPolicy) String() string { return syncPolicies[p] }

func appendFsyncParameter() Parameter {
	return Parameter{
		Name: "appendfsync", Default: "everysec",
		get: func(c *Config) string { return c.AppendFsync.String() },
		set: one(func(c *Config, value string) error {
			i, err := choose(syncPolicies, value)
			if err == nil {
				c.AppendFsync = SyncPolicy(i)
			}
			return err
		}),
	}
}

// hzParameter takes any number but keeps it between 1 and 500.
func hzParameter() Parameter {
	p := integer("hz", "10", 0, maxInt, func(c *Config) *int { return &c.Hz })
	set := p.set
	p.set = func(c *Config, words []string) error {
		err := set(c, words)
		c.Hz = min(max(c.Hz, 1), 500)
		return err
	}
	return p
}

// fileName is a text that must not contain a directory.
func fileName(name, value string, field func(c *Config) *string) Parameter {
	p := text(name, value, field)
	p.set = one(func(c *Config, value string) error {
		if strings.Contains(value, "/") {
			return reason(name + " can't be a path, just a filename")
		}
		*field(c) = value
		return nil
	})
	return p
}

// dirName is a file name that must not be empty.
func dirName(name, value string, field func(c *Config) *string) Parameter {
	p := fileName(name, value, field)
	set := p.set
	p.set = func(c *Config, words []string) error {
		if len(words) == 1 && words[0] == "" {
			return reason(name + " can't be empty")
		}
		return set(c, words)
	}
	return p
}

var bufferClasses = []string{"normal", "slave", "pubsub"}

const (
	bufferLimits       = "client-output-buffer-limit"
	bufferLimitDefault = "normal 0 0 0 slave 268435456 67108864 60 pubsub 33554432 8388608 60"
)

// bufferLimitParameter keeps the three limits of each class of clients; what
// is not named stays as it is.
func bufferLimitParameter() Parameter {
	return Parameter{
		Name: bufferLimits, Several: true,
		Default: bufferLimitDefault,
		get:     func(c *Config) string { return c.kept[bufferLimits] },
		set: func(c *Config, words []string) error {
			if len(words) == 1 && words[0] == "" {
				return nil
			}
			if len(words)%4 != 0 {
				return reason("Wrong number of arguments in buffer limit configuration.")
			}
			limits := strings.Fields(c.kept[bufferLimits])
			if len(limits) == 0 {
				limits = make([]string, 4*len(bufferClasses))
			}
			for i := 0; i < len(words); i += 4 {
				class := strings.ToLower(words[i])
				if class == "replica" {
					class = "slave"
				}
				at := slices.Index(bufferClasses, class)
				if at < 0 {
					return reason("Invalid client class specified in buffer limit configuration.")
				}
				hard, ok := ParseMemory(words[i+1])
				soft, ok2 := ParseMemory(words[i+2])
				seconds, err := strconv.ParseInt(words[i+3], 10, 64)
				if !ok || !ok2 || err != nil || seconds < 0 {
					return reason("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
				}
				limits[4*at] = class
				limits[4*at+1] = strconv.FormatInt(hard, 10)
				limits[4*at+2] = strconv.FormatInt(soft, 10)
				limits[4*at+3] = strconv.FormatInt(seconds, 10)
			}
			c.kept[bufferLimits] = strings.Join(limits, " ")
			for i := range c.BufferLimits {
				var n [3]int64
				for j := range n {
					n[j], _ = strconv.ParseInt(limits[4*i+1+j], 10, 64) // written above; not there yet: 0
				}
				c.BufferLimits[i] = BufferLimit{n[0], n[1], n[2]}
			}
			return nil
		},
		lines: func(c *Config) []fileLine {
			limits, defaults := strings.Fields(c.kept[bufferLimits]), strings.Fields(bufferLimitDefault)
			var lines []fileLine // the first class takes the place of whatever class stood there
			for i := 0; i+3 < len(limits); i += 4 {
				class := limits[i]
				if class == "slave" {
					class = "replica"
				}
				hard, _ := ParseMemory(limits[i+1])
				soft, _ := ParseMemory(limits[i+2])
				lines = append(lines, fileLine{
					phrase.Sprintf("%s %s %s %s %s", bufferLimits, class, formatMemory(hard), formatMemory(soft), limits[i+3]),
					!slices.Equal(limits[i:i+4], defaults[i:i+4]),
				})
			}
			return lines
		},
	}
}

// checkedList is a kept list whose words canonical checks and rewrites.
func checkedList(name, value string, canonical func(words []string) ([]string, error)) Parameter {
	p := keptList(name, value)
	p.set = func(c *Config, words []string) error {
		words, err := canonical(words)
		if err == nil {
			c.kept[name] = strings.Join(words, " ")
		}
		return err
	}
	return p
}

func oomScoreParameter() Parameter {
	return checkedList("oom-score-adj-values", "0 200 800", func(words []string) ([]string, error) {
		if len(words) != 3 {
			return nil, errWordCount
		}
		for _, w := range words {
			if n, err := strconv.Atoi(w); err != nil || n < -2000 || n > 2000 {
				return nil, reason("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
			}
		}
		return words, nil
	})
}

func trimZeros(s string) string { return strings.TrimSuffix(strings.TrimRight(s, "0"), ".") }

func percentilesParameter() Parameter {
	const name = "latency-tracking-info-percentiles"
	p := checkedList(name, "50 99 99.9", func(words []string) ([]string, error) {
		if len(words) == 1 && words[0] == "" {
			return nil, nil
		}
		var list []string
		for _, w := range words {
			f, ok := number.ParseDouble([]byte(w))
			switch {
			case !ok:
				return nil, reason("Invalid " + name + " parameters")
			case f < 0 || f > 100:
				return nil, reason(name + " parameters should sit between [0.0,100.0]")
			}
			list = append(list, trimZeros(strconv.FormatFloat(f, 'f', 6, 64)))
		}
		return list, nil
	})
	p.always = true
	return p.used()
}

// titleParameter is the name of the process, with variables in braces.
func titleParameter() Parameter {
	const name = "proc-title-template"
	var errTitle error = reason("template format is invalid or contains unknown variables")
	p := keep(name, "{title} {listen-addr} {server-mode}", func(value string) (string, error) {
		empty := true
		for rest := value; rest != ""; {
			before, after, braces := strings.Cut(rest, "{")
			empty = empty && before == ""
			if rest = after; !braces {
				break
			}
			if strings.HasPrefix(rest, "{") { // a brace itself
				rest, empty = rest[1:], false
				continue
			}
			variable, after, closed := strings.Cut(rest, "}")
			rest = after
			switch variable {
			case "listen-addr", "server-mode", "port", "tls-port":
				empty = false
			case "title", "unixsocket", "config-file": // may be nothing
			default:
				closed = false
			}
			if !closed {
				return "", errTitle
			}
		}
		if empty {
			return "", errTitle
		}
		return value, nil
	})
	p.quoted = true
	return p
}

// backlogParameter has a least size, to which less is rounded up.
func backlogParameter() Parameter {
	const least = 16384
	p := keep("repl-backlog-size", "1048576", func(value string) (string, error) {
		n, err := parseMemory(value, 1, maxLong)
		return strconv.FormatInt(max(n, least), 10), err
	})
	p.memory = true
	return p
}

var shutdownWords = []string{"default", "save", "nosave", "now", "force"}

// shutdownParameter is a set of SHUTDOWN's options, printed in Redis's order.
func shutdownParameter(name string) Parameter {
	p := checkedList(name, "default", func(words []string) ([]string, error) {
		var has [5]bool
		for _, w := range words {
			i, err := choose(shutdownWords, w)
			if err != nil {
				return nil, err
			}
			has[i] = true
		}
		if has[1] && has[2] {
			return nil, reason("shutdown options SAVE and NOSAVE can't be used simultaneously")
		}
		has[0] = has == [5]bool{0: has[0]}
		var list []string
		for i, w := range shutdownWords {
			if has[i] {
				list = append(list, w)
			}
		}
		return list, nil
	})
	return p.used()
}

// fixedWhenRunning refuses a change at run time of what only the host could
// change, with the reason that Redis gives when the system refuses.
func fixedWhenRunning(p Parameter, why string) Parameter {
	set := p.set
	p.set = func(c *Config, words []string) error {
		before := p.get(c)
		if err := set(c, words); err != nil {
			return err
		}
		if c.running && p.get(c) != before {
			return reason(why)
		}
		return nil
	}
	return p
}

func hostnameParameter() Parameter {
	p := keptText("cluster-announce-hostname", "")
	set := p.set
	p.set = func(c *Config, words []string) error {
		for _, r := range strings.Join(words, " ") {
			if r != '-' && r != '.' && (r < '0' || r > '9') && (r|0x20 < 'a' || r|0x20 > 'z') {
				return reason("Hostnames may only contain alphanumeric characters, hyphens or dots")
			}
		}
		return set(c, words)
	}
	return p
}

func defragParameter() Parameter {
	p := keptBool("activedefrag", "no")
	set := p.set
	p.set = func(c *Config, words []string) error {
		if len(words) == 1 && strings.EqualFold(words[0], "yes") {
			return reason("Active defragmentation cannot be enabled: it requires a Redis server compiled with a modified Jemalloc like the one shipped by default with the Redis source distribution")
		}
		return set(c, words)
	}
	return p
}
