package differential

import (
	"strconv"
	"strings"

	"everysec/engine/command"
	"everysec/engine/commands"
)

// Shapes written by hand know what makes sense; these know everything that is
// allowed. For a shape that is "@" and the name of a command its words are drawn
// from the tree of arguments in the command's row: every option, any number of
// times, in keys of any type, with numbers that no one would write.

var table = command.NewTable(commands.Families()...)

func init() {
	var list []string
	table.Each(func(s *command.Spec) {
		name := s.FullName()
		if len(s.Subcommands) > 0 && s.Run == nil || newer(s.Since) || byHand[name] != "" || neverDrawn[name] != "" {
			return
		}
		list = append(list, "@"+name)
	})
	families = append(families, list, restShapes)
}

// newer tells that 7.0 does not have it.
func newer(since string) bool { return since >= "7.1" }

// byHand are commands that only shapes written by hand draw, and why.
var byHand = map[string]string{
	"spop":                    "with a small count it takes members by chance",
	"select":                  "only two databases are compared",
	"swapdb":                  "only two databases are compared",
	"move":                    "only two databases are compared",
	"flushall":                "nothing would be left to compare",
	"flushdb":                 "nothing would be left to compare",
	"sort":                    "sets are sorted from another order",
	"sort_ro":                 "sets are sorted from another order",
	"georadius":               "STOREDIST keeps the last digit of a sine",
	"georadiusbymember":       "STOREDIST keeps the last digit of a sine",
	"geosearchstore":          "STOREDIST keeps the last digit of a sine",
	"client|tracking":         "its messages would come between replies",
	"client|kill":             "it would end its own connection",
	"client|caching":          "it needs CLIENT TRACKING",
	"acl|setuser":             "its rules are a language",
	"acl|deluser":             "its rules are a language",
	"config|set":              "one wrong directive changes everything after it",
	"function|restore":        "payloads are made of libraries",
	"replconf":                "its ACK has no reply",
	"replicaof":               "it would begin to replicate",
	"slaveof":                 "it would begin to replicate",
	"reset":                   "it changes the protocol",
	"hello":                   "it changes the protocol",
	"debug":                   "it can end the server",
	"command|getkeys":         "its words are another command",
	"command|getkeysandflags": "its words are another command",
	"acl|dryrun":              "its words are another command",
	"unsubscribe":             "a reply for each channel",
	"punsubscribe":            "a reply for each channel",
	"sunsubscribe":            "a reply for each channel",
	"shutdown":                "it ends the server",
}

// neverDrawn are commands that no random run sends, each with what tests it.
var neverDrawn = map[string]string{
	"subscribe":      "the connection answers in another way from then on: TestSubscriptions",
	"psubscribe":     "the connection answers in another way from then on: TestSubscriptions",
	"ssubscribe":     "the connection answers in another way from then on: TestSubscriptions",
	"monitor":        "the connection is one of a monitor from then on: transcripts",
	"script|debug":   "it is refused in a pipeline: transcripts",
	"pfselftest":     "redis-server's fails where hll-sparse-max-bytes is small: transcripts",
	"quit":           "it closes the connection: transcripts",
	"client|reply":   "commands would be without reply: transcripts",
	"sync":           "it begins to replicate, which this server refuses",
	"psync":          "it begins to replicate, which this server refuses",
	"bgsave":         "whether a job still runs depends on the moment: tests of engine/server and engine/rdb",
	"bgrewriteaof":   "whether a job still runs depends on the moment: tests of engine/server and engine/aof",
	"config|rewrite": "a redis-server without a file refuses it: tests of engine/config",
}

// restShapes are what byHand leaves over.
var restShapes = splitLines(`
FLUSHALL ?ASYNC|SYNC|FOO ?FOO
SWAPDB 99|-1|abc|0|1 0|1|16|x
CLIENT KILL ID 99999999 ?TYPE_normal|TYPE_foo ?SKIPME_yes|SKIPME_foo
CLIENT KILL ADDR|LADDR|USER|FOO 1.2.3.4:5
CLIENT KILL 1.2.3.4:5
CLIENT KILL TYPE pubsub|replica|slave|master
ACL SETUSER %user %rule+
ACL SETUSER %user %rule
ACL SETUSER
ACL DELUSER %user ?%user
ACL DRYRUN default|nosuch %anycommand
ACL DRYRUN %user %anycommand
ACL DRYRUN %user %anycommand
ACL SETUSER %user on >secret +@all ~* ?%rule+
ACL SETUSER %user on nopass reset on nopass %rule+
ACL GETUSER %user
AUTH %user secret
AUTH %user secret
AUTH %user %f
CONFIG GET maxmemory|*-entries|port ?nosuch
CONFIG SET nosuch 1
CONFIG SET maxmemory-samples 0|5|x|-1
FUNCTION RESTORE %payload ?FOO
REPLCONF capa|listening-port|foo %i
SLAVEOF NO ONE
RESET
HELLO %protocol
HELLO %protocol|4|1|x ?SETNAME_%f|AUTH_nosuch_x|FOO
DEBUG DIGEST-VALUE %K+
DEBUG SLEEP 0
DEBUG JMAP
DEBUG LISTPACK %K
DEBUG QUICKLIST %K ?0|1
DEBUG SDSLEN none%i
DEBUG REPLYBUFFER RESIZING|PEAK-RESET-TIME|FOO 0|1|x|NEVER
DEBUG STRUCTSIZE ?x
DEBUG HTSTATS 16|x|-1
DEBUG SET-ACTIVE-EXPIRE 1
COMMAND GETKEYS %anycommand
COMMAND GETKEYSANDFLAGS %anycommand
UNSUBSCRIBE %f
PUNSUBSCRIBE %f
SUNSUBSCRIBE %f
SHUTDOWN ABORT|FOO ?FOO
RESTORE none9 0 %dump ?REPLACE ?ABSTTL
RESTORE %K 0 %dump REPLACE
RESTORE %K %m %dump ?REPLACE ?IDLETIME_%p|FREQ_%p
DUMP %K
DUMP %stream
DUMP %S
`)

// keysOf are the words for the keys of a group's commands.
var keysOf = map[command.Group]string{
	command.GroupString: "%S", command.GroupList: "%L", command.GroupHash: "%H", command.GroupSet: "%T", command.GroupSortedSet: "%Z",
	command.GroupStream: "%stream", command.GroupHyperLogLog: "%hll", command.GroupGeo: "%geo", command.GroupBitmap: "%S", command.GroupScripting: "%evk",
}

// wordsOf are the words for arguments by their names, or by command and name.
var wordsOf = map[string]string{
	"timeout":                       "0.001|0.001|0.001|-1|abc|nan|1e300",
	"wait timeout":                  "1|1|-1|abc",
	"client|pause timeout":          "0|0|-1|abc",
	"migrate timeout":               "%n",
	"xread milliseconds":            "1|1|1|-1|abc",
	"xreadgroup milliseconds":       "1|1|1|-1|abc",
	"milliseconds":                  "%m|%m|%E",
	"seconds":                       "%e|%e|%E",
	"unix-time-seconds":             "%a|%a|%E",
	"unix-time-milliseconds":        "%A|%A|%E",
	"xclaim unix-time-milliseconds": "%streamtime",
	"min-idle-time":                 "%minidle",
	"ms":                            "%minidle",
	"ttl":                           "0|%m|-1|abc",
	"db":                            "0|1|99|-1|abc",
	"destination-db":                "0|1|99|-1|abc",
	"cursor":                        "0|%i|abc",
	"count":                         "%i|%p|%p",
	"offset":                        "%i",
	"setrange offset":               "%i|%p",
	"bit":                           "%bit",
	"setbit value":                  "%bit",
	"encoding":                      "%field",
	"increment":                     "%n", "decrement": "%n",
	"incrbyfloat increment": "%d", "hincrbyfloat increment": "%d", "zincrby increment": "%d",
	"client-id": "99999999|-1|0|abc",
	"slot":      "%p|16383|16384|-1|abc",
	"longitude": "%longitude", "latitude": "%latitude", "radius": "%radius", "width": "%radius", "height": "%radius",
	"score": "%d", "weight": "%d",
	"min": "%b", "max": "%b",
	"zrange start": "%i|%b|%x", "zrange stop": "%i|%b|%x", "zrangestore min": "%i|%b|%x", "zrangestore max": "%i|%b|%x",
	"zlexcount min": "%x", "zlexcount max": "%x", "zrangebylex min": "%x", "zrangebylex max": "%x",
	"zremrangebylex min": "%x", "zremrangebylex max": "%x", "zrevrangebylex min": "%x", "zrevrangebylex max": "%x",
	"xadd id": "%newid", "xgroup|create id": "0|$|%streamid", "xgroup|setid id": "0|$|%streamid",
	"xread id": "%streamid|%streamid|$", "xreadgroup id": ">|>|%streamid",
	"id": "%streamid", "last-id": "%streamid", "lastid": "%streamid", "max_deleted_entry_id": "%streamid",
	"xrange start": "%streamedge", "xrange end": "%streamedge", "xrevrange start": "%streamedge", "xrevrange end": "%streamedge",
	"xpending start": "%streamedge", "xpending end": "%streamedge", "xautoclaim start": "%streamedge",
	"threshold": "%i|%streamid",
	"group":     "%streamgroup", "groupname": "%streamgroup", "consumer": "%streamconsumer", "consumername": "%streamconsumer",
	"script": "%pooled", "sha1": "%digest", "function-code": "%library", "library-name": "%libname", "function": "%function",
	"library-name-pattern": "%libname|lib*|*", "serialized-value": "%dump",
	"username": "%user", "auth username": "nosuch|default", "password": "%f", "category": "read|@read|foo", "categoryname": "read|foo|@read|dangerous",
	"command": "get|set|config|config|get|foo", "command-name": "get|set|config|config|get|foo", "module-name": "foo",
	"host": "127.0.0.1", "port": "1|0|-1|abc", "section": "server|all|foo|keyspace",
	"migrate key": "none1", "type": "string|list|set|zset|hash|stream|foo",
	"operation": "AND|OR|XOR|NOT|FOO", "subcommand": "GETREG|DECODE|ENCODING|TODENSE|FOO",
	"version": "5|6|1|abc",
	"index":   "%i",
	"bits":    "%p|5|0|-1|4096|4097|abc",
	"event":   "command|foo|%f",
}

func init() {
	for word, draw := range map[string]func(g *generator) string{
		"user": func(g *generator) string { return g.pick("alice", "bob", "carol") },
		"rule": func(g *generator) string {
			return g.pick("on", "off", "+get", "-get", "+@all", "-@all", "+@read", "-@write", "+config|get", "-config|set", "+config", "+nosuch", "+@nosuch",
				"~*", "~k*", "allkeys", "resetkeys", "%R~r*", "%W~w*", "%RW~x", "%X~x", "&*", "&news.*", "allchannels", "resetchannels", "nopass", "resetpass", ">secret",
				"<secret", ">", "#zz", "reset", "(+get ~x)", "(+get", "clearselectors", "allcommands", "nocommands", "sanitize-payload", "skip-sanitize-payload", "foo", "",
				"+select|0", "+get|x", "~", "( )", "(~a*  +@write)")
		},
		"protocol": func(g *generator) string { return g.protocol },
		"dump":     dumped,
	} {
		familyWords[word] = draw
	}
	wordsOf["getbit offset"], wordsOf["setbit offset"] = "%offset", "%offset"
	wordsOf["bitfield offset"], wordsOf["bitfield_ro offset"] = "%offset", "%offset"
}

// dumped is a payload that the real server made, sometimes broken.
func dumped(g *generator) string {
	if len(g.dumps) == 0 || g.r.IntN(30) == 0 {
		return g.value()
	}
	payload := []byte(g.pick(g.dumps...))
	if g.r.IntN(6) == 0 {
		payload[g.r.IntN(len(payload))] ^= 1 << g.r.IntN(8)
	}
	return string(payload)
}

// keepDump remembers a payload.
func (g *generator) keepDump(payload []byte) {
	if len(g.dumps) < 60 {
		g.dumps = append(g.dumps, string(payload))
	} else {
		g.dumps[g.r.IntN(len(g.dumps))] = string(payload)
	}
}

var absurd = []string{
	"-1", "0", "9223372036854775807", "-9223372036854775808", "9223372036854775808", "18446744073709551615", "1e30", "1e400", "nan", "inf", "",
	"-", "+", "*", "abc", "0x10", "1.5", " 1", "-0", "99999999999999999999999999999999999999", "\x00", "NX", "COUNT", "LIMIT",
}

// drawing is one command line on its way.
type drawing struct {
	g     *generator
	spec  *command.Spec
	name  string
	args  []string
	keys  []int // positions of keys
	count int   // position of a count of what follows, or 0
	many  int   // how many there were of the last argument that may stand many times
}

// fromSyntax draws a command line by the command's row.
func (g *generator) fromSyntax(name string) []string {
	d := drawing{g: g, spec: table.Find(name), name: name}
	d.args = strings.Split(strings.ToUpper(name), "|")
	first := len(d.args)
	d.list(d.spec.Arguments)
	d.sensible()
	if g.r.IntN(8) == 0 && !hazardous[name] {
		d.damage(first)
	}
	return d.args
}

// hazardous are commands that, damaged, would wait for ever or let the servers
// hold different data.
var hazardous = map[string]bool{
	"wait": true, "blpop": true, "brpop": true, "blmove": true, "brpoplpush": true, "blmpop": true, "bzpopmin": true, "bzpopmax": true, "bzmpop": true,
	"xread": true, "xreadgroup": true, "client|pause": true, "xadd": true, "expire": true, "pexpire": true, "expireat": true, "pexpireat": true, "getex": true,
	"set": true, "setex": true, "psetex": true, "restore": true, "restore-asking": true, "setrange": true, "setbit": true, "bitfield": true, "srandmember": true, "hrandfield": true, "zrandmember": true,
	"copy": true, "migrate": true, "failover": true, "auth": true,
}

// sensible mends what would not be the same twice.
func (d *drawing) sensible() {
	lexical := strings.Contains(d.name, "lex")
	for i, a := range d.args {
		if a == "BYLEX" {
			lexical = true
		}
		if a == "*" && d.name == "xadd" {
			d.args[i] = newID(d.g)
		}
	}
	if lexical {
		for _, i := range d.keys {
			d.args[i] = d.g.key("x")
		}
	}
}

func (d *drawing) damage(first int) {
	g := d.g
	for range 1 + g.r.IntN(2) {
		i := first + g.r.IntN(len(d.args)-first+1)
		switch {
		case i == len(d.args):
			d.args = append(d.args, g.pick(absurd...))
		case g.r.IntN(3) == 0:
			d.args = append(d.args[:i:i], d.args[i+1:]...)
		case g.r.IntN(3) == 0:
			d.args = append(d.args[:i+1:i+1], d.args[i:]...)
		default:
			d.args[i] = g.pick(absurd...)
		}
	}
}

func (d *drawing) list(list []command.Argument) {
	for i := range list {
		a := &list[i]
		if newer(a.Since) || a.Optional && d.g.r.IntN(2) == 0 {
			continue
		}
		times := 1
		if a.Multiple {
			times += d.g.r.IntN(3)
			if a.Name == "id" && d.many > 0 && i > 0 && list[i-1].Multiple {
				times = d.many // XREAD: as many as keys
			}
			d.many = times
			if d.count > 0 {
				if d.g.r.IntN(12) != 0 {
					d.args[d.count] = strconv.Itoa(times)
				}
				d.count = 0
			}
		}
		for n := range times {
			if a.Token != "" && a.Type != command.ArgPureToken && (n == 0 || a.MultipleToken) {
				d.args = append(d.args, a.Token)
			}
			d.one(a)
		}
	}
}

func (d *drawing) one(a *command.Argument) {
	g := d.g
	word := ""
	switch a.Type {
	case command.ArgBlock:
		d.list(a.Arguments)
		return
	case command.ArgOneOf:
		for {
			choice := &a.Arguments[g.r.IntN(len(a.Arguments))]
			if newer(choice.Since) {
				continue
			}
			if choice.Token != "" && choice.Type != command.ArgPureToken {
				d.args = append(d.args, choice.Token)
			}
			d.one(choice)
			return
		}
	case command.ArgPureToken:
		d.args = append(d.args, a.Token)
		return
	case command.ArgKey:
		d.keys = append(d.keys, len(d.args))
		if word = wordsOf[d.name+" "+a.Name]; word == "" {
			word = keysOf[d.spec.Group]
		}
		if word == "" || word != "none1" && g.r.IntN(25) == 0 {
			word = "%K"
		}
	default:
		if strings.HasPrefix(a.Name, "num") && a.Type == command.ArgInteger && d.name != "wait" && a.Name != "num-matches" {
			d.count = len(d.args)
			word = "%p"
			break
		}
		if word = wordsOf[d.name+" "+a.Name]; word == "" {
			word = wordsOf[a.Name]
		}
		if word == "" {
			word = map[command.ArgumentType]string{
				command.ArgString: "%v|%f|%f", command.ArgInteger: "%i|%i|%n", command.ArgDouble: "%d", command.ArgPattern: "%g",
			}[a.Type]
		}
	}
	d.args = append(d.args, g.word(word)...)
}

// anyCommand is the name and the words of some command.
func (g *generator) anyCommand() []string {
	for {
		shape := g.pick(g.shapes...)
		if !strings.Contains(shape, "%anycommand") {
			return g.draw(shape)
		}
	}
}
