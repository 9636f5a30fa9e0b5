package browsertest

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// What everysec.d.ts promises to authors, each promise as an expression and
// what it yields. They run in one page, in this order.
func TestTheJavaScriptAPI(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	b.open("/?store=memory:&seed=42")
	b.eval(`window.code = (p) => p.then(() => "no error", (e) => e.name + " " + e.code + ": " + e.message)`, nil)
	for _, c := range []struct {
		promise, expression string
		want                any
	}{
		{"strings come back", `everysec.command("SET", "k", "größe")`, "OK"},
		{"as UTF-8", `everysec.command("GET", "k")`, "größe"},
		{"numbers are sent in decimal", `everysec.command("INCRBY", "n", 41).then(() => everysec.command("INCR", "n"))`, 42.0},
		{"large integers are exact", `everysec.command("INCRBY", "big", "9007199254740993").then(String)`, "9007199254740993"},
		{
			"bytes stay bytes",
			`everysec.command("SET", "raw", new Uint8Array([255, 0, 13, 10])).then(() => everysec.command("GET", "raw")).then((v) => v instanceof Uint8Array && [...v])`,
			[]any{255.0, 0.0, 13.0, 10.0},
		},
		{"nothing is null", `everysec.command("GET", "missing")`, nil},
		{"long values arrive whole", `everysec.command("SET", "long", "x".repeat(3e6)).then(() => everysec.command("GET", "long")).then((v) => v.length)`, 3e6},
		{"an error rejects with its code", `code(everysec.command("LPUSH", "k", "1"))`, "ReplyError WRONGTYPE: WRONGTYPE Operation against a key holding the wrong kind of value"},
		{"a command needs a name", `code(everysec.command())`, "TypeError undefined: a command without a name"},
		{"an argument that is nothing is a mistake", `code(everysec.command("SET", "k", undefined))`, "TypeError undefined: a command's argument is undefined"},
		{"and the connection goes on", `everysec.command("PING")`, "PONG"},
		{
			"a pipeline answers in order, errors among the others",
			`everysec.pipeline([["SET", "a", "1"], ["LPUSH", "a", "x"], ["GET", "a"]]).then((v) => [v[0], v[1].code, v[2]])`,
			[]any{"OK", "WRONGTYPE", "1"},
		},
		{"an empty pipeline is answered", `everysec.pipeline([])`, []any{}},
		{"RESP3 maps are Maps", `(async () => { const c = everysec.connect("three"); await c.command("HELLO", 3); await c.command("HSET", "h", "f", "v"); return [...await c.command("HGETALL", "h")] })()`, []any{[]any{"f", "v"}}},
		{
			"each client has its own transaction",
			`(async () => {
				const a = everysec.connect("a"), b = everysec.connect("b");
				await a.command("MULTI");
				return [await a.command("SET", "t", "1"), await b.command("GET", "t"), await a.command("EXEC"), await b.command("GET", "t")];
			})()`,
			[]any{"QUEUED", nil, []any{"OK"}, "1"},
		},
		{
			"messages are pushed, confirmations answer SUBSCRIBE",
			`(async () => {
				const c = everysec.connect("listener");
				const seen = new Promise((r) => c.on("push", (m) => m[0] === "message" && r(m)));
				const confirmed = await c.command("SUBSCRIBE", "news", "sport");
				return [confirmed, await everysec.command("PUBLISH", "news", "hello"), await seen];
			})()`,
			[]any{[]any{"subscribe", "sport", 2.0}, 1.0, []any{"message", "news", "hello"}},
		},
		{
			"a closed client says so",
			`(async () => { const c = everysec.connect("brief"); await c.command("PING"); c.close(); return code(c.command("PING")); })()`,
			"EngineError CLOSED: the client was closed",
		},
		{
			"QUIT is answered before the end",
			`(async () => { const c = everysec.connect("q"); const ended = new Promise((r) => c.on("close", (e) => r(e.code))); return [await c.command("QUIT"), await ended]; })()`,
			[]any{"OK", "CLOSED"},
		},
		{
			"engine time obeys",
			`(async () => {
				await everysec.clock.pause();
				await everysec.command("SET", "lock", "token", "NX", "PX", 30000);
				await everysec.clock.advance(29999);
				const held = await everysec.command("EXISTS", "lock");
				await everysec.clock.advance(2);
				const gone = await everysec.command("EXISTS", "lock");
				const { paused } = await everysec.clock.resume();
				return [held, gone, paused];
			})()`,
			[]any{1.0, 0.0, false},
		},
		{
			"a power cut is accounted for, and the default client comes back",
			`(async () => {
				await everysec.command("CONFIG", "SET", "appendfsync", "always");
				await everysec.command("FLUSHALL");
				await everysec.command("SET", "kept", "1");
				const before = await everysec.crash("power-loss", 7);
				const down = (await everysec.state()).phase;
				const after = await everysec.restart();
				return [before.complete, down, after.complete, after.lostWrites, after.counts.survived, after.keys[0].key, await everysec.command("GET", "kept")];
			})()`,
			[]any{false, "down", true, 0.0, 1.0, "kept", "1"},
		},
		{"no such crash is refused", `code(everysec.crash("meteor"))`, "TypeError undefined: no such crash: meteor"},
		{
			"files are listed, read, taken away and brought back",
			`(async () => {
				await everysec.command("SAVE");
				const names = (await everysec.files()).map((f) => f.name);
				const rdb = await everysec.readFile("dump.rdb");
				const zip = await everysec.exportZip();
				await everysec.command("FLUSHALL");
				const { phase } = await everysec.importRDB(rdb);
				return [names.includes("dump.rdb"), String.fromCharCode(...rdb.subarray(0, 5)), String.fromCharCode(...zip.subarray(0, 2)), phase, await everysec.command("GET", "kept")];
			})()`,
			[]any{true, "REDIS", "PK", "running", "1"},
		},
		{
			"a bad file changes nothing",
			`(async () => [await everysec.importRDB(new Uint8Array([1, 2, 3])).then(() => "imported", (e) => e.code), await everysec.command("GET", "kept")])()`,
			[]any{"HOST", "1"},
		},
		{
			"a file that the browser holds is read by the worker, and a bad one changes nothing",
			`(async () => {
				const rdb = new Blob([await everysec.readFile("dump.rdb")]);
				const bad = await everysec.importRDB(new Blob(["no dump"])).then(() => "imported", (e) => e.code);
				await everysec.command("SET", "kept", "2");
				const { phase } = await everysec.importFiles({ "dump.rdb": rdb });
				return [bad, phase, await everysec.command("GET", "kept")];
			})()`,
			[]any{"HOST", "running", "1"},
		},
		{
			"an append only file takes the place of everything, and that is undone",
			`(async () => {
				const aof = new TextEncoder().encode("*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$7\r\nfromAOF\r\n$1\r\n5\r\n");
				const { phase } = await everysec.importAOF(aof);
				const loaded = await everysec.pipeline([["GET", "fromAOF"], ["EXISTS", "kept"]]);
				await everysec.undo();
				return [phase, ...loaded, ...(await everysec.pipeline([["EXISTS", "fromAOF"], ["GET", "kept"]])), await code(everysec.undo())];
			})()`,
			[]any{"running", "5", 0.0, 0.0, "1", "EngineError HOST: there is nothing to bring back"},
		},
		{
			"a zip takes the place of everything, packed or not",
			`(async () => {
				const ours = await everysec.exportZip();
				await everysec.command("SET", "later", "1");
				await everysec.importZip(ours);
				const found = await everysec.pipeline([["EXISTS", "later"], ["GET", "kept"]]);
				await everysec.importZip(Uint8Array.from(atob("` + packedZip(t) + `"), (c) => c.charCodeAt(0)));
				found.push(...(await everysec.pipeline([["GET", "packed"], ["EXISTS", "kept"]])));
				await everysec.undo();
				return [...found, await everysec.command("GET", "kept"), await code(everysec.importZip(new Uint8Array(40)))];
			})()`,
			[]any{0.0, "1", strings.Repeat("x", 200), 0.0, "1", "EngineError HOST: this is no zip"},
		},
		{
			"changes and durability are told",
			`(async () => {
				const heard = {};
				const both = new Promise((r) => {
					const check = () => heard.change && heard.durability && r();
					everysec.on("change", (e) => { if (e.key === "told") { heard.change = e; check(); } });
					everysec.on("durability", (e) => { if (heard.change && e.synced >= heard.change.change) { heard.durability = true; check(); } });
				});
				await everysec.command("RPUSH", "told", "a", "b");
				await both;
				const { type, encoding, elements, db, expireAt } = heard.change;
				return [type, encoding, elements, db, expireAt];
			})()`,
			[]any{"list", "quicklist", 2.0, 0.0, 0.0},
		},
		{"warming up leaves no trace", `everysec.warm(1000).then(() => everysec.command("DBSIZE"))`, 2.0},
		{"another engine beside this one is another world", `(async () => {
			const { open } = await import("./everysec.js");
			const other = await open({ store: "memory:", config: { appendonly: "no" } });
			const size = await other.command("DBSIZE");
			const aof = await other.command("CONFIG", "GET", "appendonly");
			await other.close();
			return [size, aof, await code(other.command("PING"))];
		})()`, []any{0.0, []any{"appendonly", "no"}, "EngineError LOST: the engine is closed"}},
	} {
		var got any
		b.eval(c.expression, &got)
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s\n%s", c.promise, c.expression, diff)
		}
	}
}

// packedZip is a zip of a data directory with an append only file that is
// deflated, in base64.
func packedZip(t *testing.T) string {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for name, text := range map[string]string{
		"appendonlydir/appendonly.aof":          "*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n*3\r\n$3\r\nSET\r\n$6\r\npacked\r\n$200\r\n" + strings.Repeat("x", 200) + "\r\n",
		"appendonlydir/appendonly.aof.manifest": "file appendonly.aof seq 1 type b\n",
	} {
		w, err := z.Create(name)
		if err == nil {
			_, err = w.Write([]byte(text))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return base64.StdEncoding.EncodeToString(out.Bytes())
}
