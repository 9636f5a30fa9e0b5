package browsertest

import (
	"archive/zip"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	browserdomain "github.com/chromedp/cdproto/browser"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"everysec/engine/redistest"
	"everysec/engine/resp"
)

// opens shows a panel as a person does, on a desktop or on a phone.
func (l learner) opens(name string) {
	l.t.Helper()
	l.sees("no panel on its way", `document.querySelector("#panels").ariaBusy !== "true"`)
	l.eval(`document.querySelector("#panel:not([hidden]) #panel-close")?.click()`, nil)
	l.clicks(`#panels [data-panel="` + name + `"]`)
	l.sees("the panel "+name, `document.querySelector('#panel[data-panel="`+name+`"]:not([hidden])')`)
}

// A panel is fetched when it is first wanted, leaves the console free, closes
// with Escape and gives the focus back; on a phone it is behind "More".
func TestPanelsOpenBesideTheConsole(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	var names []string
	l.eval(`[...document.querySelectorAll("#panels button")].map((b) => b.dataset.panel)`, &names)
	for _, request := range l.requests {
		if strings.Contains(request, "panels.css") {
			t.Error("the looks of the panels were fetched before a panel was opened")
		}
	}
	for _, name := range names {
		l.opens(name)
		l.sees("the focus in "+name, `document.activeElement === document.querySelector("#panel-title")`)
		l.sees("a console beside "+name, `(() => {
			const a = document.querySelector("#panel").getBoundingClientRect(), b = document.querySelector("#consoles").getBoundingClientRect();
			return a.width > 300 && a.height > 300 && (a.right <= b.left + 1 || b.right <= a.left + 1) })()`)
		l.types("redis", "PING")
		l.answer("redis", "PING", []string{"PONG"})
	}
	l.opens("files")
	l.run(chromedp.KeyEvent(kb.Escape))
	l.sees("no panel", `document.querySelector("#panel").hidden && document.activeElement.dataset.panel === "files" && document.activeElement.ariaExpanded === "false"`)

	l.size(390, 844)
	l.sees("no toolbar on a phone", `getComputedStyle(document.querySelector("#panels")).display === "none"`)
	l.clicks(`.tabs [data-tab="more"]`)
	l.opens("files")
	l.sees("the panel on the whole screen", `document.querySelector("#panel").getBoundingClientRect().width === 390`)
	l.clicks(`.tabs [data-tab="work"]`)
	l.sees("the console instead", `getComputedStyle(document.querySelector("#panel")).display === "none"`)
	l.clicks(`.tabs [data-tab="more"]`)
	l.clicks("#panel-close")
	l.sees("the buttons", `document.activeElement.dataset.panel === "files"`)
}

// A crash is chosen with its moment and seed, is seen while it waits, and can be
// disarmed; of the step in which it strikes nothing reaches the console.
func TestACrashIsChosenInItsPanel(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "CONFIG SET appendfsync always")
	l.types("redis", "SET a 1")
	l.answer("redis", "SET a 1", []string{"OK"})
	choose := func(kind, moment, seed string) {
		t.Helper()
		l.clicks(`#panel input[name="crash-kind"][value="` + kind + `"]`)
		l.eval(`(() => { const s = document.querySelector("#crash-moment"); s.value = "`+moment+`"; s.dispatchEvent(new Event("change")) })()`, nil)
		l.eval(`document.querySelector("#panel input[placeholder=drawn]").value = "`+seed+`"`, nil)
		l.clicks("#crash-strike")
	}
	l.opens("crash")
	choose("0", "1", "7")
	l.sees("it waits", `document.querySelector("#armed")?.textContent === "Armed: kill -9 in the middle of the next fsync" && document.querySelector("#status").textContent.includes("crash armed")`)
	l.clicks("#crash-disarm")
	l.sees("it does not wait any more", `document.querySelector("#armed").hidden && document.querySelector("#notice").hidden`)
	choose("1", "5", "7")
	l.sees("another waits", `document.querySelector("#armed")?.textContent === "Armed: Power cut after the next write"`)
	l.types("redis", "SET b 2")
	l.sees("the server is down", `document.body.dataset.server === "down"`)
	l.sees("where it struck", `document.querySelector("#account-summary").textContent.startsWith("It struck at write appendonlydir/appendonly.aof.1.incr.aof. 1 write had been acknowledged.")`)
	l.answer("redis", "SET b 2", []string{"Error: Server closed the connection"})
	l.clicks("#restart")
	l.sees("what came back", `document.querySelector("#account-title").textContent.includes("what came back") && document.querySelector("#account-acknowledged").textContent === "1" && document.querySelector("#account-lost").textContent === "0"`)
	l.sees("what the server wrote to its log", `document.querySelector("#account-log").textContent.includes("Ready to accept connections") && document.querySelector("#account-log").getBoundingClientRect().height > 10`)

	// A drive that lies, and the power cut that finds out.
	l.clicks("#panel .choice input")
	l.sees("it lies", `document.querySelector("#armed")?.textContent === "fsync lies"`)
	l.types("redis", "SET c 3")
	l.answer("redis", "SET c 3", []string{"OK"})
	choose("1", "0", "3")
	l.sees("the server is down again", `document.body.dataset.server === "down"`)
	l.clicks("#restart")
	l.sees("what was lost", `document.querySelector("#account-lost").textContent === "1" && document.querySelector("#account-table [data-fate=lost]")?.textContent.includes("✕ SET c 3")`)
	l.clicks("#crash-repair")
	l.sees("all is well", `document.querySelector("#armed").hidden`)
}

// What another program of the page does to the clock or to the server is seen.
func TestThePageFollowsWhatOthersDo(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.eval(`everysec.clock.pause()`, nil)
	l.sees("time stands still", `document.querySelector("#clock-pause").ariaPressed === "true"`)
	l.eval(`everysec.clock.resume()`, nil)
	l.sees("time goes on", `document.querySelector("#clock-pause").ariaPressed === "false"`)
	l.eval(`everysec.command("SET", "k", "v")`, nil)
	l.eval(`everysec.fault("slow-fsync", 20)`, nil)
	l.sees("a slow disk", `document.querySelector("#armed")?.textContent === "fsync takes 20.0 ms longer"`)
	l.eval(`globalThis.crashed = everysec.crash("power-loss", { at: "before-write", seed: 5 }), true`, nil)
	l.sees("an armed crash", `document.querySelector("#armed")?.textContent?.startsWith("Armed: Power cut before the next write")`)
	var account struct {
		Kind, Operation string
		Acknowledged    int
	}
	l.eval(`everysec.command("SET", "k", "w").catch(() => {}), crashed`, &account)
	if account.Kind != "power-loss" || account.Operation != "write appendonlydir/appendonly.aof.1.incr.aof" || account.Acknowledged != 1 {
		t.Errorf("%+v", account)
	}
	l.sees("its account", `document.querySelector("#account-title").textContent.includes("the server is down")`)
	l.eval(`everysec.restart()`, nil)
	l.sees("what came back", `document.querySelector("#account-title").textContent.includes("what came back")`)
}

// Settings are changed by controls, by presets and by lines of redis.conf, and
// what is refused is refused in Redis's own words.
func TestTheConfigurationIsChangedInItsPanel(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.opens("settings")
	l.sees("what is in force", `document.querySelector('#panel [data-directive="appendfsync"]').value === "everysec" && document.querySelector("#settings-text").value.includes("\nhz 10\n")`)
	change := func(selector, value, event string) {
		t.Helper()
		l.eval(`(() => { const e = document.querySelector('`+selector+`'); e.value = `+value+`; e.dispatchEvent(new Event("`+event+`")) })()`, nil)
	}
	change(`#panel [data-directive="appendfsync"]`, `"always"`, "change")
	l.sees("the line and the quick setting", `document.querySelector("#set-appendfsync").value === "always" && [...document.querySelectorAll("#panel .conf-line")].some((e) => e.textContent === "appendfsync always")`)
	change(`#panel [data-directive="hz"]`, `"many"`, "change")
	l.sees("Redis's own words", `[...document.querySelectorAll("#panel .refused")].some((e) => e.textContent.includes("CONFIG SET failed (possibly related to argument 'hz') - argument couldn't be parsed into an integer"))`)
	change("#settings-text", `document.querySelector("#settings-text").value.replace("hz 10", "hz 20").replace("timeout 0", "timeout <b>") + "no-such-thing 1\nlonely\n"`, "input")
	l.eval(`[...document.querySelectorAll("#panel button")].find((b) => b.textContent === "Apply the lines that differ").click()`, nil)
	l.sees("the outcome", `document.querySelector("#settings-result").textContent === "1 line was applied, 3 refused."`)
	l.sees("each line's", `(() => { const lines = [...document.querySelectorAll("#settings-lines li")].map((e) => e.textContent);
		return lines.length === 4 && /^✓line \d+ hz 20 applied$/.test(lines[0]) && lines[1].includes("timeout <b> ERR CONFIG SET failed") && lines[2].includes("no-such-thing 1 ERR Unknown option or number of arguments") && lines[3].includes("lonely wrong number of arguments") })()`)
	l.types("redis", "CONFIG GET hz")
	l.answer("redis", "CONFIG GET hz", []string{`1) "hz"`, `2) "20"`})
	l.eval(`[...document.querySelectorAll("#panel .presets button")].find((b) => b.textContent === "Cache").click()`, nil)
	l.sees("the preset", `document.querySelector("#settings-preset").textContent.includes("\nmaxmemory-policy allkeys-lru") && document.querySelector("#set-appendonly").value === "no"`)
	l.eval(`[...document.querySelectorAll("#panel button")].find((b) => b.textContent === "CONFIG REWRITE").click()`, nil)
	l.sees("its answer", `document.querySelector("#settings-result").textContent.includes("redis.conf is written")`)
	l.sees("redis.conf on the disk", `document.querySelector('#file-rows button[value="redis.conf"]')`)
}

// goneFile gives the server a file that can no longer be read when it is to be: the
// answer is a failure like any other.
func (l learner) goneFile() {
	l.t.Helper()
	name := filepath.Join(l.t.TempDir(), "dump.rdb")
	if err := os.WriteFile(name, []byte("REDIS0010"), 0o644); err != nil {
		l.t.Fatal(err)
	}
	l.eval(`document.body.append(Object.assign(document.createElement("input"), {type: "file", id: "gone"}))`, nil)
	l.run(chromedp.SetUploadFiles("#gone", []string{name}, chromedp.ByQuery))
	if err := os.Remove(name); err != nil {
		l.t.Fatal(err)
	}
	var said string
	l.eval(`(async () => {
		const said = await everysec.importRDB(document.querySelector("#gone").files[0]).then(() => "imported", (e) => e.code + " " + e.message);
		document.querySelector("#gone").remove();
		return said;
	})()`, &said)
	if !strings.HasPrefix(said, "HOST ") || !strings.Contains(said, "could not be") {
		l.t.Errorf("of a file that is gone it is said: %q", said)
	}
}

// A clean slate is undone, what was exported is imported on another page, and
// what no server can load changes nothing.
func TestEverythingIsTakenHomeAndBroughtBack(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.eval(`everysec.pipeline([["CONFIG", "SET", "appendonly", "no"], ["CONFIG", "SET", "save", ""], ["SET", "in-memory-only", "1"]])`, nil)
	l.sees("the key", `document.querySelector("#keyspace-figures").textContent.startsWith("1 key")`)
	l.opens("files")
	l.clicks("#files-erase")
	l.sees("it is gone", `document.querySelector("#files-said").textContent.startsWith("Every key") && document.querySelector("#keyspace-figures").textContent.startsWith("0 keys")`)
	l.clicks("#files-undo")
	l.sees("it is back", `document.querySelector("#files-said").textContent === "Everything is as it was." && document.querySelector("#keyspace-figures").textContent.startsWith("1 key")`)
	l.types("redis", "GET in-memory-only")
	l.answer("redis", "GET in-memory-only", []string{`"1"`})

	l.eval(`everysec.command("CONFIG", "SET", "appendonly", "yes").then(async () => {
		for (let told = ""; !(told.includes("aof_rewrite_in_progress:0") && told.includes("aof_rewrite_scheduled:0")); ) {
			await new Promise((done) => setTimeout(done, 20));
			told = await everysec.command("INFO", "persistence");
		}
	})`, nil)
	var packed string
	l.eval(`everysec.exportZip().then((b) => btoa(String.fromCharCode(...b)))`, &packed)
	zip, err := base64.StdEncoding.DecodeString(packed)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	bad, good := filepath.Join(dir, "bad.rdb"), filepath.Join(dir, "backup.zip")
	for path, data := range map[string][]byte{bad: []byte("REDIS0010 and nonsense"), good: zip} {
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	other := arrive(t)
	other.eval(`everysec.command("SET", "mine", "1")`, nil)
	other.opens("files")
	other.goneFile()
	other.run(chromedp.SetUploadFiles("#files-import", []string{bad}, chromedp.ByQuery))
	other.sees("a refusal", `document.querySelector("#files-said").textContent.startsWith("It was refused: ")`)
	other.types("redis", "GET mine")
	other.answer("redis", "GET mine", []string{`"1"`})
	other.run(chromedp.SetUploadFiles("#files-import", []string{good}, chromedp.ByQuery))
	other.sees("it is loaded", `document.querySelector("#files-said").textContent.startsWith("backup.zip has been loaded.")`)
	other.types("redis", "KEYS *")
	other.answer("redis", "KEYS *", []string{`1) "in-memory-only"`})
	other.clicks("#files-undo")
	other.sees("it is back", `document.querySelector("#files-said").textContent === "Everything is as it was."`)
	other.types("redis", "KEYS *")
	other.answer("redis", "KEYS *", []string{`1) "mine"`})
}

// everyKind are writes that make a key of every type, in more than one encoding
// and database, with a time to live, a consumer group and a library.
var everyKind = [][]string{
	{"SET", "string", "\xff\x00\r\n<b>"},
	{"SET", "number", "-17"},
	{"SET", "large", strings.Repeat("everysec ", 100_000)},
	{"SET", "expires", "v"},
	{"PEXPIREAT", "expires", "4102444800123"},
	{"RPUSH", "list", "a", "1", strings.Repeat("long", 5000), "\xfe"},
	{"SADD", "integers", "1", "2", "70000"},
	{"SADD", "set", "a", "b", "\x00"},
	{"HSET", "hash", "f", "v", "g", strings.Repeat("x", 100)},
	{"HSET", "small", "f", "1"},
	{"ZADD", "board", "1.5", "ada", "-inf", "low", "0.1", "tenth"},
	{"GEOADD", "places", "13.361389", "38.115556", "Palermo"},
	{"PFADD", "visitors", "a", "b", "c"},
	{"SETBIT", "bits", "1000", "1"},
	{"XADD", "stream", "1-1", "f", "v"},
	{"XADD", "stream", "2-1", "g", "w"},
	{"XDEL", "stream", "1-1"},
	{"XGROUP", "CREATE", "stream", "group", "0"},
	{"XREADGROUP", "GROUP", "group", "ann", "COUNT", "1", "STREAMS", "stream", ">"},
	{"FUNCTION", "LOAD", "#!lua name=lib\nredis.register_function('seven', function() return 7 end)"},
	{"EVAL", "for i = 1, 3000 do redis.call('SET', 'many:' .. i, i) redis.call('ZADD', 'many', i, 'm' .. i) end", "0"},
	{"SELECT", "3"},
	{"SET", "elsewhere", "1"},
	{"SELECT", "0"},
}

// questions are what has to be answered alike by two servers with the same state.
// How many entries a group has read is not among them: no append only file, of
// either server, holds what XREADGROUP adds to it.
var questions = append([][]string{
	{"DEBUG", "DIGEST"},
	{"DBSIZE"},
	{"SELECT", "3"},
	{"GET", "elsewhere"},
	{"DBSIZE"},
	{"SELECT", "0"},
	{"PEXPIRETIME", "expires"},
	{"GET", "string"},
	{"XPENDING", "stream", "group"},
	{"FCALL", "seven", "0"},
	{"PFCOUNT", "visitors"},
	{"LRANGE", "list", "0", "-1"},
}, func() (list [][]string) {
	for _, key := range strings.Fields("string number large list integers set hash small board places visitors bits stream many") {
		list = append(list, []string{"OBJECT", "ENCODING", key})
	}
	return list
}()...)

// asks sends commands from the page, byte for byte, and returns what they reply as
// plain does.
func (l learner) asks(commands [][]string) (replies []string) {
	l.t.Helper()
	encoded := make([][]string, len(commands))
	for i, words := range commands {
		for _, w := range words {
			encoded[i] = append(encoded[i], base64.StdEncoding.EncodeToString([]byte(w)))
		}
	}
	list, err := json.Marshal(encoded)
	if err != nil {
		l.t.Fatal(err)
	}
	l.eval(`(async () => {
		const bytes = (b) => Uint8Array.from(atob(b), (c) => c.charCodeAt(0));
		const plain = (r) => Array.isArray(r) ? "[" + r.map(plain).join(" ") + "]" : r === null ? "nil" : r instanceof Error ? "error " + r.message :
			typeof r === "number" ? String(r) : btoa(String.fromCharCode(...(typeof r === "string" ? new TextEncoder().encode(r) : r)));
		return (await everysec.connect().pipeline(`+string(list)+`.map((words) => words.map(bytes)))).map(plain);
	})()`, &replies)
	for i, r := range replies {
		if strings.HasPrefix(r, "error") {
			l.t.Fatalf("%.100q: %s", commands[i], r)
		}
	}
	return replies
}

// plain writes a reply down, its bytes in base64.
func plain(v resp.Value) string {
	switch {
	case v.Null:
		return "nil"
	case v.Kind == resp.Integer:
		return strconv.FormatInt(v.Int, 10)
	case v.Kind == resp.Array:
		list := make([]string, len(v.Elems))
		for i, e := range v.Elems {
			list[i] = plain(e)
		}
		return "[" + strings.Join(list, " ") + "]"
	case v.IsError():
		return "error " + string(v.Str)
	}
	return base64.StdEncoding.EncodeToString(v.Str)
}

// agree compares the page's server with a real one.
func (l learner) agree(real *redistest.Conn) {
	l.t.Helper()
	for i, got := range l.asks(questions) {
		v, _, err := resp.Parse(real.Do(questions[i]...))
		if err != nil {
			l.t.Fatal(err)
		}
		if want := plain(v); got != want {
			l.t.Errorf("%s:\nthe page     %.300s\nredis-server %.300s", strings.Join(questions[i], " "), got, want)
		}
	}
}

// packs makes a zip of a folder, as a person does: the folder is in it.
func packs(t *testing.T, dir, path string) {
	t.Helper()
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		inside, err := filepath.Rel(dir, name)
		if err != nil {
			return err
		}
		w, err := z.Create("data/" + filepath.ToSlash(inside)) // deflated
		if err != nil {
			return err
		}
		_, err = w.Write(data)
		return err
	})
	if err = errors.Join(err, z.Close(), os.WriteFile(path, out.Bytes(), 0o644)); err != nil {
		t.Fatal(err)
	}
}

// The zip of everything, taken from the page by its button, is the directory of
// a redis-server, which finds the same data and settings in it.
func TestARealServerLoadsWhatIsTakenHome(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		what   string
		before [][]string // the file that holds it
		finds  string
	}{
		{"a base and an increment", [][]string{{"BGREWRITEAOF"}}, "appendonlydir/appendonly.aof.2.base.rdb"},
		{"a dump.rdb alone", [][]string{{"CONFIG", "SET", "appendonly", "no"}, {"SAVE"}}, "dump.rdb"},
	} {
		t.Run(c.what, func(t *testing.T) {
			l := arrive(t)
			half := len(everyKind) / 2
			l.asks(everyKind[:half])
			if c.finds != "dump.rdb" {
				l.asks(c.before)
				l.sees("no rewrite", `document.querySelector("#job").textContent === "" && [...document.querySelectorAll("#file-rows button")].some((b) => b.value === "`+c.finds+`")`)
			}
			l.asks(everyKind[half:])
			if c.finds == "dump.rdb" {
				l.asks(c.before)
			}
			l.asks([][]string{{"CONFIG", "SET", "hash-max-listpack-entries", "77"}, {"CONFIG", "REWRITE"}})
			l.opens("files")
			home := t.TempDir()
			l.run(browserdomain.SetDownloadBehavior(browserdomain.SetDownloadBehaviorBehaviorAllow).WithDownloadPath(home))
			l.eval(exportButton+`.click()`, nil)
			var z *zip.ReadCloser
			for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
				var err error
				if z, err = zip.OpenReader(filepath.Join(home, "everysec.zip")); err == nil {
					break
				}
				if time.Now().After(deadline) {
					t.Fatal(err)
				}
			}
			defer z.Close()
			dir := t.TempDir()
			if err := os.CopyFS(dir, z); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(filepath.Join(dir, filepath.FromSlash(c.finds))); err != nil {
				t.Error(err)
			}
			real := redistest.StartIn(t, dir, filepath.Join(dir, "redis.conf")).Dial(t)
			l.agree(real)
			if got := string(real.Do("CONFIG", "GET", "hash-max-listpack-entries")); !strings.Contains(got, "77") {
				t.Errorf("redis.conf was not read: %q", got)
			}
		})
	}
}

// The directory of a redis-server, zipped, is what the page goes on with.
func TestTheDirectoryOfARealServerIsBroughtIn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ what, appendonly, last string }{
		{"an append only directory", "yes", "PING"},
		{"a dump.rdb", "no", "SAVE"},
	} {
		t.Run(c.what, func(t *testing.T) {
			server := redistest.Start(t, "--appendonly", c.appendonly, "--appendfsync", "always")
			real := server.Dial(t)
			for i, words := range everyKind {
				if raw := real.Do(words...); raw[0] == '-' {
					t.Fatalf("%q: %s", words, raw)
				}
				if i == len(everyKind)/2 && c.appendonly == "yes" {
					real.Do("BGREWRITEAOF")
					for strings.Contains(string(real.Do("INFO", "persistence")), "aof_rewrite_in_progress:1") {
						time.Sleep(10 * time.Millisecond)
					}
				}
			}
			real.Do(c.last)
			path := filepath.Join(t.TempDir(), "production.zip")
			packs(t, server.Dir, path)

			l := arrive(t)
			l.types("redis", "SET mine 1")
			l.opens("files")
			l.run(chromedp.SetUploadFiles("#files-import", []string{path}, chromedp.ByQuery))
			l.sees("it is loaded", `document.querySelector("#files-said").textContent.startsWith("production.zip has been loaded.")`)
			l.agree(real)
			l.sees("it is in the keyspace", `document.querySelector("#keyspace-figures").textContent.startsWith("3,0")`)
		})
	}
}

// The run is saved and looked at from the panel of files as from that of time.
func TestTheRunIsAFileInThePanelOfFiles(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "SET k 1")
	l.answer("redis", "SET k 1", []string{"OK"})
	l.opens("files")
	l.eval(`globalThis.blob = null; URL.createObjectURL = (b) => { globalThis.blob = b; return "blob:x"; }; HTMLAnchorElement.prototype.click = () => {}; document.querySelector("#files-run-save").click()`, nil)
	l.sees("the file", `globalThis.blob?.size > 100`)
	l.types("redis", "SET k 2")
	l.answer("redis", "SET k 2", []string{"OK"})
	l.eval(`(() => {
		const chosen = new DataTransfer(), input = document.querySelector("#files-run-load");
		chosen.items.add(new File([blob], "mine.everysec"));
		input.files = chosen.files;
		input.dispatchEvent(new Event("change"));
	})()`, nil)
	l.sees("the end of that run", `document.querySelector("#panel").dataset.panel === "time" && document.querySelector("#past:not([hidden])")?.textContent.includes("mine.everysec")`)
	l.clicks("#time-back")
	l.sees("the present", `document.querySelector("#past").hidden`)
	l.types("redis", "GET k")
	l.answer("redis", "GET k", []string{`"2"`})
}
