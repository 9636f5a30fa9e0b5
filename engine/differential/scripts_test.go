package differential

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"

	"everysec/engine/rdb"
	"everysec/engine/resp"
)

// Scripts are written at random from what can be told apart: commands on keys
// of their own, whose collections stay compact so that their order is known,
// and expressions of every library. A table's address and what depends on a
// hash's seed do not occur.

// scriptWriter writes one script. keys are how it names its keys: by KEYS, or
// the first parameter of a function.
type scriptWriter struct {
	g          *generator
	keys, args string
	depth      int
}

func (s *scriptWriter) n() string { return s.g.pick("0", "1", "2", "3", "-1", "7", "10", "255") }

func (s *scriptWriter) number() string {
	return s.g.pick(s.n(), s.n(), "1.5", "-0", "0.1", "1e15", "1e100", "2^53", "1/0", "-1/0", "0/0", "123456789012", "-2.5", "0x1F", "2147483648", "-2147483649", "1e-7", "3.99")
}

func (s *scriptWriter) text() string {
	return s.g.pick("''", "'a'", "'abc'", "'hello world'", "'10'", "'0x10'", "' 7 '", "'1e2'", `'\\0x'`, `'a\\nb'`, "'%d'", "'x.y.z'", "'AbC'", "'nan'", "'[1,2,{\\\"a\\\":null}]'", "'\\200\\255'",
		s.args+"[1]", "'\\1\\2\\3\\4\\5\\6\\7\\8'")
}

func (s *scriptWriter) pattern() string {
	return s.g.pick("'%a'", "'.'", "'(.)(.)'", "'%d+'", "'^a'", "'c$'", "'[a-c]'", "'[^a]'", "'%s'", "'.-b'", "'()'", "'%w*'", "'%'", "'[a'", "'(a'", "'%b()'", "'a%f[%W]'", "'%1'", "'(.)%1'", "'.*'")
}

func (s *scriptWriter) key() string { return s.keys + "[" + s.g.pick("1", "1", "2") + "]" }

// call is redis.call or pcall of something whose reply is defined.
func (s *scriptWriter) call() string {
	f := s.g.pick("redis.call", "redis.call", "redis.pcall")
	k := s.key()
	return f + "(" + s.g.pick(
		"'get',"+k, "'set',"+k+","+s.text(), "'set',"+k+","+s.number(), "'incr',"+k, "'incrbyfloat',"+k+","+s.n(), "'append',"+k+","+s.text(),
		"'del',"+k, "'exists',"+k+","+k, "'type',"+k, "'strlen',"+k, "'getrange',"+k+",0,3", "'rpush',"+k+",1,'x'", "'lrange',"+k+",0,5", "'lpop',"+k, "'llen',"+k, "'ltrim',"+k+",0,9",
		"'hset',"+k+",'f','v'", "'hset',"+k+",'g',"+s.n(), "'hgetall',"+k, "'hget',"+k+",'f'", "'hmget',"+k+",'f','nof'", "'hdel',"+k+",'f'",
		"'zadd',"+k+",1.5,'m',2,'n'", "'zrange',"+k+",0,-1,'withscores'", "'zscore',"+k+",'m'", "'zincrby',"+k+",0.25,'m'", "'zpopmin',"+k,
		"'sadd',"+k+",1,2,3", "'scard',"+k, "'sismember',"+k+",1", "'smismember',"+k+",1,9", "'setrange',"+k+",2,'zz'", "'mget',"+k+","+k,
		"'expire',"+k+",100000", "'persist',"+k, "'object','encoding',"+k, "'echo',"+s.text(), "'ping'", "'select',0", "'dbsize',1", "'nosuch'", "'get'", "'multi'", "'eval','return 1',0", "'fcall','one',0",
		"'subscribe','c'", "'publish','c','m'", "'lpush',"+k, "'setex',"+k+",'x','y'", "'rename',"+k+",'ev3'", "'config','get','nosuch'", "'script','load','x'", "'blpop',"+k+",0", "'setbit',"+k+",3,1", "'function','list'",
		"'incr',"+k, "'debug','jmap'", "'wait',0,0", "'command','count','x'", "", "{}", "nil", "'get',{}", "'set',"+k+",true", "'hello','3'", "'client','id','x'", "'object','nosuch'",
	) + ")"
}

func (s *scriptWriter) expression() string {
	if s.depth++; s.depth > 4 {
		s.depth--
		return s.g.pick(s.n(), s.text())
	}
	defer func() { s.depth-- }()
	e := s.expression
	switch s.g.r.IntN(30) {
	case 0, 1, 2, 3, 4:
		return s.call()
	case 5:
		return s.number()
	case 6:
		return s.text()
	case 7:
		return "(" + e() + s.g.pick("+", "-", "*", "/", "%", "^", "..", "==", "~=", "<", "<=", " and ", " or ") + e() + ")"
	case 8:
		return s.g.pick("not ", "-", "#") + e()
	case 9:
		return "{" + e() + "," + e() + "}"
	case 10:
		return "{" + s.g.pick("ok", "err", "double", "map", "set", "verbatim_string", "a", "n", "[1]", "[2]") + "=" + e() + "}"
	case 11:
		return s.g.pick("{verbatim_string={format='txt',string="+s.text()+"}}", "{double="+s.number()+"}", "{big_number='123'}", "{map={a="+s.n()+"}}", "{set={x=true}}", "{err='MY err'}", "{ok='FINE'}", "{1,nil,3}", "{}", "true", "false", "nil")
	case 12:
		return "tonumber(" + e() + s.g.pick("", ",10", ",16", ",2") + ")"
	case 13:
		return "type(" + e() + ")"
	case 14:
		return "string." + s.g.pick("rep("+s.text()+","+s.n()+")", "sub("+s.text()+","+s.n()+","+s.n()+")", "upper("+s.text()+")", "lower("+s.text()+")", "reverse("+s.text()+")", "len("+s.text()+")", "byte("+s.text()+","+s.n()+")", "char("+s.n()+",65)")
	case 15:
		return "{string." + s.g.pick("find", "match") + "(" + s.text() + "," + s.pattern() + s.g.pick("", ","+s.n()) + ")}"
	case 16:
		return "{string.gsub(" + s.text() + "," + s.pattern() + "," + s.g.pick("'<%0>'", "'%1'", "'x'", "{a='b'}", "string.upper", "function(a) return nil end", "'%2'", "'%'") + s.g.pick("", ","+s.n()) + ")}"
	case 17:
		return "string.format(" + s.g.pick("'%d',"+s.number(), "'%5.2f',"+s.number(), "'%g',"+s.number(), "'%s',"+s.text(), "'%q',"+s.text(), "'%x',"+s.n(), "'%c',"+s.n(), "'%e',"+s.number(), "'%10s|',"+s.text(), "'%-5d|',"+s.n(), "'%i',"+s.text(), "'%o',"+s.n(), "'%%'", "'%y',1", "'%d'", "'%.3s',"+s.text(), "'%+d',"+s.n(), "'%.20f',0.1", "'%5',1") + ")"
	case 18:
		return "table.concat({" + s.g.pick("1,2,3", "'a','b'", "", s.number()) + "}," + s.g.pick("','", "''", s.n()) + ")"
	case 19:
		return "cjson.encode(" + s.g.pick("{1,2,"+s.number()+"}", "{}", s.text(), "{a=1}", "{a={b={}}}", "nil", "true", s.number(), "{[3]=1}", "{1,nil,3}", "cjson.null", "function() end") + ")"
	case 20:
		return "cjson.decode(" + s.g.pick("'[1,2,3]'", `'{\"a\":1.5}'`, s.text(), "'[]'", "'[1,'", "'nul'", "'1e5'", `'\"\\u00e9\"'`, "'[[[]]]'", "''") + ")"
	case 21:
		return "{cmsgpack.unpack(cmsgpack.pack(" + e() + "))}"
	case 22:
		return "cmsgpack.pack(" + s.g.pick(s.number(), s.text(), "{1,2}", "{a=1}", "true", "nil", "", "{{}}", "1,2") + ")"
	case 23:
		return "{struct." + s.g.pick("unpack('>I2I4',"+s.text()+")", "unpack('<d',struct.pack('<d',"+s.number()+"))", "pack('>I2',"+s.n()+")", "pack('s',"+s.text()+")", "size('i4i8')", "pack('q',1)", "unpack('s','abc')", "pack('c0',"+s.text()+")", "unpack('B',"+s.text()+","+s.n()+")") + "}"
	case 24:
		return "bit." + s.g.pick("band("+s.number()+","+s.number()+")", "bor("+s.n()+",1,2)", "bxor("+s.number()+",5)", "bnot("+s.number()+")", "lshift("+s.n()+","+s.n()+")", "rshift("+s.number()+",3)", "arshift("+s.number()+",3)", "rol("+s.n()+",4)", "ror("+s.n()+",4)", "tohex("+s.number()+")", "bswap("+s.n()+")", "tobit("+s.number()+")", "tohex(1,"+s.n()+")", "band()", "band('x')")
	case 25:
		return "math." + s.g.pick("floor("+s.number()+")", "ceil("+s.number()+")", "max("+s.number()+","+s.number()+")", "min("+s.n()+")", "abs("+s.number()+")", "sqrt("+s.n()+")", "fmod("+s.number()+",3)", "huge", "pi", "modf("+s.number()+")", "ldexp(1,"+s.n()+")", "frexp("+s.number()+")", "max()")
	case 26:
		return "redis." + s.g.pick("sha1hex("+s.text()+")", "status_reply("+s.text()+")", "error_reply("+s.text()+")", "error_reply()", "sha1hex()", "acl_check_cmd('get','a')", "acl_check_cmd('nosuch')", "REDIS_VERSION", "REDIS_VERSION_NUM", "LOG_WARNING", "setresp(3)", "setresp(2)", "setresp(9)", "set_repl(redis.REPL_ALL)", "set_repl(77)", "log(redis.LOG_DEBUG,'x')", "log(9,'x')", "log()", "nosuch")
	case 27:
		return "select(" + s.g.pick("'#'", "1", "2", "-1", "0") + ",pcall(function() " + s.statement() + " return " + e() + " end))"
	case 28:
		return s.g.pick("nosuchglobal", "_G.nosuch", "_VERSION", "t", "t.x", "t.x.y", "t[1]", "f()", "t:m()", "("+e()+").x", "("+e()+")[1]", "#"+s.args, "#"+s.keys, "tostring("+s.number()+")", "tostring("+s.text()+")", "unpack({1,2,3})", "next({})", "rawequal(1,1)")
	}
	return s.n()
}

func (s *scriptWriter) statement() string {
	switch s.g.r.IntN(14) {
	case 0:
		return "local t={x={y=" + s.n() + "},1,2} local function f() return " + s.n() + " end "
	case 1, 2, 3:
		return "local r=" + s.call() + " "
	case 4:
		return "redis.setresp(3) "
	case 5:
		return "if " + s.expression() + " then return " + s.expression() + " end "
	case 6:
		return "for i=1," + s.n() + " do " + s.call() + " end "
	case 7:
		return "local ok,e=pcall(function() return " + s.expression() + " end) if not ok and type(e)=='table' then return {e.err,e.source or 0,e.line or 0,e.ignore_error_stats_update or 0} end "
	case 8:
		return s.g.pick("error('x')", "error({err='E x'})", "error('x',0)", "error('x',2)", "x=1", s.keys+"[1]='q'", "redis.x=1", "string.x=1", "assert(false,'m')", "assert(nil)", "local x=nil+1", "local x='a'+1", "local x={}..'a'", "local x=1<'a'") + " "
	case 9:
		return "local a={3,1,2} table.sort(a) table.insert(a," + s.n() + ") table.remove(a) "
	case 10:
		return "local a,b=1,2 while a<" + s.n() + " do a=a+1 if a==5 then break end end "
	}
	return ""
}

func (s *scriptWriter) body() string {
	var b strings.Builder
	for range s.g.r.IntN(4) {
		b.WriteString(s.statement())
	}
	if s.g.r.IntN(30) == 0 {
		b.WriteString(s.g.pick("end", "return return", "(", "local", "goto x", "x", "'", "[[", "--[[", "if", "1", "a.b:c", "for i do"))
		return b.String()
	}
	b.WriteString("return " + s.expression())
	return strings.ReplaceAll(strings.ReplaceAll(b.String(), `\\`, `\`), `\"`, `"`)
}

func script(g *generator) string {
	first := ""
	if g.r.IntN(6) == 0 {
		first = g.pick("#!lua\n", "#!lua flags=no-writes\n", "#!lua flags=allow-oom,allow-stale\n", "#!lua flags=no-cluster,allow-cross-slot-keys\n", "#!lua flags=bad\n", "#!lua nosuch\n", "#!js\n", "#!lua")
	}
	return first + (&scriptWriter{g: g, keys: "KEYS", args: "ARGV"}).body()
}

// pooled are scripts that come again and again, so that their digests are known.
var pooled = func() (list []string) {
	g := &generator{r: rand.New(rand.NewPCG(7, 7))}
	for range 30 {
		list = append(list, script(g))
	}
	return list
}()

func pooledScript(g *generator) string { return g.pick(pooled...) }

func scriptDigest(g *generator) string {
	sum := sha1.Sum([]byte(pooledScript(g)))
	digest := hex.EncodeToString(sum[:])
	switch g.r.IntN(20) {
	case 0:
		return strings.ToUpper(digest)
	case 1:
		return digest[:39]
	case 2:
		return "ffffffffffffffffffffffffffffffffffffffff"
	}
	return digest
}

func libraryName(g *generator) string { return g.pick("lib1", "lib2", "lib3", "lib4") }

func functionName(g *generator) string {
	return g.pick("fa1", "fa2", "fb1", "fb2", "fc1", "fc2", "fd1", "FA1", "Fb1", "nosuch")
}

// library is the text of a library. Most keep to names of their own.
func library(g *generator) string {
	name := libraryName(g)
	s := &scriptWriter{g: g, keys: "keys", args: "args"}
	var b strings.Builder
	b.WriteString(g.pick("#!lua name="+name+"\n", "#!lua name="+name+"\n", "#!lua name="+name+"\n", "#!lua name="+name+"\n", "#!LUA NAME="+name+"\n", "#!lua name="+name+" name=x\n", "#!lua\n", "#!js name="+name+"\n", "#!lua name=a-b\n", "#!lua name="+name+" x=1\n", "\n"))
	names := map[string][]string{"lib1": {"fa1", "fa2"}, "lib2": {"fb1", "fb2"}, "lib3": {"fc1", "fc2"}, "lib4": {"fd1", "fa1"}}[name]
	if g.r.IntN(3) == 0 {
		b.WriteString("local count=0 ")
	}
	for _, f := range names[:1+g.r.IntN(2)] {
		function := "function(keys,args) " + s.body() + " end"
		switch g.r.IntN(12) {
		case 0, 1, 2, 3, 4:
			b.WriteString("redis.register_function('" + f + "'," + function + ")\n")
		case 5, 6, 7, 8, 9:
			b.WriteString("redis.register_function{function_name='" + f + "',callback=" + function + g.pick("", ",flags={'no-writes'}", ",flags={'allow-oom','allow-stale'}", ",description='text'", ",flags={}", ",flags={'no-cluster'},description='d'") + "}\n")
		case 10:
			b.WriteString(g.pick("redis.register_function('"+f+"')", "redis.register_function()", "redis.register_function('a b',"+function+")", "redis.register_function{function_name='"+f+"'}", "redis.register_function{function_name='"+f+"',callback="+function+",x=1}", "redis.register_function('"+f+"',1)", "redis.register_function{function_name='"+f+"',callback="+function+",flags={'x'}}", "redis.register_function{1}") + "\n")
		case 11:
			b.WriteString(g.pick("x=1", "redis.call('get','a')", "string.len('a')", "redis.log(redis.LOG_DEBUG,'loading')", "local v=redis.REDIS_VERSION", "error('x')", "end", "_G.x=1", "redis.x=1", "return 1") + "\n")
		}
	}
	return b.String()
}

func functionPayload(g *generator) string {
	var codes [][]byte
	for range g.r.IntN(4) {
		codes = append(codes, []byte(library(g)))
	}
	payload := rdb.DumpFunctions(codes)
	if g.r.IntN(6) == 0 {
		payload[g.r.IntN(len(payload))] ^= 1
	}
	return string(payload)
}

var scriptShapes = splitLines(`
EVAL %script 2 %evk %evk %v %n
EVAL %script 2 %evk %evk %v
EVAL %script 1 %evk %n
EVAL %script 2 %evk %evk 10
EVAL %script %i %evk %evk %v
EVAL %pooled 2 %evk %evk %v
EVAL_RO %script 2 %evk %evk %v
EVAL_RO %pooled 1 %evk
EVALSHA %digest 2 %evk %evk %v
EVALSHA_RO %digest 2 %evk %evk %v
SCRIPT LOAD %pooled
SCRIPT LOAD %script
SCRIPT EXISTS %digest ?%digest
SCRIPT %flushscripts
SCRIPT KILL
FUNCTION LOAD ?REPLACE %library
FUNCTION LOAD REPLACE %library
FUNCTION LOAD ?REPLACE|FOO %library
FUNCTION DELETE %libname
FUNCTION LIST ?LIBRARYNAME_%libname ?WITHCODE
FUNCTION LIST LIBRARYNAME lib* ?WITHCODE
FUNCTION STATS
FUNCTION KILL
FUNCTION DUMP
FUNCTION RESTORE %payload ?APPEND|REPLACE|FLUSH|FOO
FUNCTION RESTORE %payload REPLACE
FUNCTION %flushscripts
FCALL %function 2 %evk %evk %v %n
FCALL %function 2 %evk %evk %v
FCALL %function %i %evk %v
FCALL_RO %function 2 %evk %evk %v
DEL %evk %evk
DEL ev3
`)

func flushScripts(g *generator) string { return g.pick("KILL", "KILL", "KILL", "FLUSH", "NOSUCH") }

// sameScripts compares replies whose lists have no order, and payloads.
func sameScripts(args []string, want, got resp.Value) bool {
	if len(args) > 1 && strings.EqualFold(args[1], "dump") {
		return want.Kind == got.Kind
	}
	if len(args) > 2 && strings.EqualFold(args[1], "restore") && want.IsError() && got.IsError() {
		// Of several collisions the first is told, in the order of a hash table.
		w, g := strings.Fields(string(want.Str)), strings.Fields(string(got.Str))
		if len(w) == 5 && len(g) == 5 && w[3] == "already" && w[1] == g[1] {
			return true
		}
	}
	return unorderedText(want) == unorderedText(got)
}

func unorderedText(v resp.Value) string {
	var list []string
	for _, e := range v.Elems {
		list = append(list, unorderedText(e))
	}
	slices.Sort(list)
	return fmt.Sprintf("%c%q|%d|%v[%s]", v.Kind, v.Str, v.Int, v.Null, strings.Join(list, ","))
}
