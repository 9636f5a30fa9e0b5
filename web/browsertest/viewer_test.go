package browsertest

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"everysec/engine/redistest"
	"everysec/web/app"
	"everysec/web/cmd/site/publish"
)

// looksInto opens a file of the running server, from the list of files.
func (l learner) looksInto(name string) {
	l.t.Helper()
	button := `#file-rows button[name="view"][value="` + name + `"]`
	l.sees("the file "+name, "document.querySelector('"+button+"')")
	l.clicks(button)
	l.readToTheEnd(name)
}

func (l learner) readToTheEnd(name string) {
	l.t.Helper()
	l.sees(name+" has been read", `document.querySelector("#viewer")?.dataset.done === "true" && document.querySelector("#viewer-title").textContent === "`+name+`" && document.querySelectorAll("#viewer .row i[data-at]").length`)
}

func (l learner) text(selector string) (text string) {
	l.t.Helper()
	l.eval(`document.querySelector('`+selector+`').innerText`, &text)
	return text
}

// byteAt is where a byte is on the screen.
func (l learner) byteAt(offset int) (x, y float64) {
	l.t.Helper()
	var at []float64
	l.eval(fmt.Sprintf(`(() => { const r = document.querySelector('#viewer .cells i[data-at="%d"]').getBoundingClientRect(); return [r.x + r.width / 2, r.y + r.height / 2]; })()`, offset), &at)
	return at[0], at[1]
}

func (l learner) hovers(x, y float64) {
	l.t.Helper()
	l.run(chromedp.MouseEvent(input.MouseMoved, x, y))
}

func (l learner) means(what string) {
	l.t.Helper()
	l.sees("the byte means "+what, `document.querySelector("#viewer-meaning").textContent.includes(`+"`"+what+"`"+`)`)
}

// The snapshot of the running server: with the pointer, with the keyboard, and
// from a key to its bytes.
func TestTheSnapshotIsLookedInto(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", `SET user:1 Ada EX 500`)
	l.types("redis", `HSET user:2 name Grace`)
	l.types("redis", "SAVE")
	l.answer("redis", "SAVE", []string{"OK"})
	l.looksInto("dump.rdb")
	if facts := l.text("#viewer-facts"); !strings.Contains(facts, "2 keys") || !strings.Contains(facts, "all of it on the disk") {
		t.Errorf("%s", facts)
	}
	l.hovers(l.byteAt(6))
	l.means(`version: RDB version "0010" (4 bytes)`)
	l.hovers(l.byteAt(9))
	l.means("opcode: 0xfa: a field about the file")

	// Tab leads from the buttons to the keys and to the bytes.
	l.clicks("#viewer-search")
	l.presses("user:1", false)
	l.sees("one key", `document.querySelectorAll("#viewer .line").length === 1 && document.querySelector("#viewer .found").textContent === "1 match"`)
	l.presses(kb.Enter+kb.ArrowDown, false)
	l.sees("the key is chosen, and its bytes are marked", `document.querySelector("#viewer .line[aria-selected=true]") && document.querySelector("#viewer .cells .cursor.marked")`)
	l.presses(kb.Enter, false)
	l.means("opcode: 0xfc: when the key that follows expires, in milliseconds")
	l.presses(kb.ArrowRight, false)
	l.means("expiry: 20")
	l.presses("n", false)
	l.means("type: 0x00: a key and its value, string")
	l.presses("pp"+kb.ArrowLeft, false)
	var focus string
	if l.eval(`document.activeElement.id`, &focus); focus != "viewer-bytes" {
		t.Errorf("the focus is at %q", focus)
	}

	// G leads to the field for an offset, and what is none is said to be none.
	// A key that the page takes must type nothing into the field that it leads to.
	leads := func() {
		t.Helper()
		l.run(input.DispatchKeyEvent(input.KeyDown).WithKey("g").WithText("g"), input.DispatchKeyEvent(input.KeyUp).WithKey("g"))
		l.sees("the field", `document.activeElement.id === "viewer-offset" && !document.activeElement.value.includes("g")`)
	}
	leads()
	for _, wrong := range []struct{ typed, said string }{
		{"far", "An offset is a number, as 1234 or 0x4d2"},
		{"1f", "Hexadecimal begins with 0x: 0x1f"},
		{"99,999", "The last byte is "},
	} {
		l.presses(wrong.typed+kb.Enter, false)
		l.sees(wrong.typed+" is wrong", `document.querySelector("#viewer-offset-wrong").textContent.startsWith("`+wrong.said+`") && document.activeElement.matches("#viewer-offset[aria-invalid=true]")`)
	}
	for _, right := range []struct {
		typed string
		at    int
	}{{"0x9", 9}, {"5", 5}} {
		l.presses(right.typed+kb.Enter, false)
		l.sees(right.typed, fmt.Sprintf(`document.querySelector("#viewer .cells .cursor")?.dataset.at === "%d" && document.activeElement.id === "viewer-bytes" && !document.querySelector("#viewer-offset-wrong").textContent`, right.at))
		leads()
	}
	l.presses(kb.Escape, false)
	l.presses(kb.Escape, false)
	l.sees("the viewer is gone", `!document.querySelector("#viewer") && !("viewing" in document.body.dataset)`)
}

// Where a record begins the viewer's worker says, and it may take its time: what is
// pressed meanwhile is done from there, and who has gone elsewhere stays there.
func TestKeysDoNotWaitForTheBytes(t *testing.T) {
	t.Parallel()
	l := learner{launch(t, t.TempDir(), site(t))}
	l.before(`{
			const real = Worker;
			globalThis.held = null; // messages of the viewer's worker, while it is late
			globalThis.late = () => { held = []; };
			globalThis.comes = () => { const all = held; held = null; for (const f of all) f(); };
			globalThis.Worker = class extends real {
				constructor(...a) { super(...a); this.viewer = String(a[0]).includes("viewer"); }
				set onmessage(f) { super.onmessage = this.viewer ? (e) => (held ? held.push(() => f(e)) : f(e)) : f; }
			};
		}`)
	l.goes("/?store=memory:&seed=7")
	l.eval(`everysec.pipeline([["SET", "a", "1"], ["SET", "b", "2"], ["SET", "c", "3"]])`, nil)
	l.looksInto("appendonlydir/appendonly.aof.1.incr.aof")
	at := func(want int) {
		t.Helper()
		l.sees(fmt.Sprint("the cursor is at ", want), fmt.Sprintf(`document.querySelector("#viewer .cells .cursor")?.dataset.at === "%d"`, want))
	}
	// SELECT 0 has 23 bytes, and each SET 27.
	l.eval(`document.querySelector("#viewer-bytes").focus()`, nil)
	at(0)
	l.eval(`late()`, nil)
	l.presses("nnn"+kb.ArrowRight+"p"+kb.ArrowDown, false)
	l.eval(`comes()`, nil)
	at(50 + 16)
	l.eval(`late()`, nil)
	l.presses("pp", false)
	l.run(input.DispatchKeyEvent(input.KeyDown).WithKey("g").WithText("g"), input.DispatchKeyEvent(input.KeyUp).WithKey("g"))
	l.presses("0x9"+kb.Enter, false)
	at(9)
	l.eval(`comes(), new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))`, nil)
	at(9)
	// So in the list of keys, where the viewer may be closed meanwhile, too.
	l.eval(`document.querySelector("#viewer-keys").focus(), late()`, nil)
	l.presses(kb.ArrowDown+kb.ArrowDown+kb.ArrowDown+kb.Enter+kb.ArrowRight, false)
	l.eval(`comes()`, nil)
	at(50 + 1)
	l.eval(`late()`, nil)
	l.presses("n", false)
	l.clicks("#viewer-close")
	l.eval(`comes()`, nil)
	l.looksInto("appendonlydir/appendonly.aof.1.incr.aof")
	l.sees("the keys", `document.querySelectorAll("#viewer .line").length === 4`)
	l.eval(`document.querySelector("#viewer-bytes").focus()`, nil)
	l.presses("n", false)
	at(23)
}

// On a German page the bytes mean what they mean in German; what somebody has put
// there is left as it is.
func TestBytesMeanItInGerman(t *testing.T) {
	t.Parallel()
	l := arriveAt(t, "/lessons/keys-and-values/de/")
	l.types("redis", `SET key bytes EX 500`)
	l.types("redis", "SAVE")
	l.answer("redis", "SAVE", []string{"OK"})
	l.looksInto("dump.rdb")
	for _, test := range []struct {
		offset  int
		meaning string
	}{
		{0, "Signatur: das ist eine RDB-Datei: REDIS (5 Byte)"},
		{6, `Version: RDB-Version "0010" (4 Byte)`},
		{9, "Opcode: 0xfa: ein Feld über die Datei"},
		{10, "Länge (Feld): 9 Byte, in 6 Bits eines Bytes"},
		{11, `Feld: "redis-ver" (9 Byte)`},
	} {
		l.hovers(l.byteAt(test.offset))
		l.means(test.meaning)
	}
	l.sees("in brief", `document.querySelector("#viewer .row .means").textContent.includes("Signatur das ist eine RDB-Datei: REDIS · Version RDB-Version")`)
	l.clicks("#viewer .line")
	l.presses(kb.Enter, false)
	l.sees("the expiry", `document.querySelector("#viewer-meaning").textContent.startsWith("Opcode: 0xfc: wann der folgende Schlüssel abläuft")`)
	for _, p := range l.problems {
		t.Error(p)
	}
}

// The append-only file grows while it is looked at, and a line shows up to where
// the disk has it.
func TestTheWatermarkMovesThroughTheFile(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.types("redis", "SET a 1")
	l.looksInto("appendonlydir/appendonly.aof.1.incr.aof")
	l.sees("all is on the disk", `document.querySelector("#viewer-facts").textContent.includes("all of it on the disk")`)
	l.types("redis", "CONFIG SET appendfsync no")
	l.answer("redis", "CONFIG SET appendfsync no", []string{"OK"})
	l.types("redis", "SET b 2")
	l.sees("the new bytes are in the page cache", `document.querySelector("#viewer-facts").textContent.includes("only in the page cache") && document.querySelectorAll("#viewer .cells .unsynced").length === 27`)
	l.sees("a line", `document.querySelectorAll("#viewer .cells .watermark").length === 1 && document.querySelector("#viewer .row.beyond")`)
	var at int
	l.eval(`Number(document.querySelector("#viewer .cells .watermark").dataset.at)`, &at)
	l.hovers(l.byteAt(at))
	l.means("command: of 3 words (4 bytes) — in the page cache only")
	l.types("redis", "CONFIG SET appendfsync always")
	l.types("redis", "SET c 3")
	l.sees("the disk has it", `document.querySelectorAll("#viewer .cells .unsynced").length === 0 && document.querySelector("#viewer-facts").textContent.includes("all of it on the disk")`)
}

// Files of a real server, whole and damaged, stay on this machine: nothing is
// asked of the network, and the running server keeps what it has.
func TestAProductionFileIsLookedInto(t *testing.T) {
	t.Parallel()
	real := redistest.Start(t)
	c := real.Dial(t)
	for i := range 300 {
		c.Do("SET", fmt.Sprint("session:", i), strings.Repeat("x", i), "EX", "5000")
	}
	c.Do("RPUSH", "<img src=x onerror=alert(1)>", "<b>", "\xff\x00")
	c.Do("ZADD", "board", "1.5", "ada")
	c.Do("SAVE")
	file, err := os.ReadFile(filepath.Join(real.Dir, "dump.rdb"))
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write := func(name string, data []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, data, 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	l := arrive(t)
	l.types("redis", "SET mine 1")
	give := func(paths ...string) {
		t.Helper()
		l.run(chromedp.SetUploadFiles("#look", paths, chromedp.ByQuery))
	}
	// redis-server writes its keys in another order each time: the cut is in the
	// middle of one, so that there are bytes that cannot be read.
	middle := len(file)/2 + strings.Index(string(file[len(file)/2:]), "session:") + 4
	whole, cut := write("production.rdb", file), write("cut.rdb", file[:middle])
	give(whole)
	l.readToTheEnd("production.rdb")
	if facts := l.text("#viewer-facts"); !strings.Contains(facts, "302 keys") || !strings.Contains(facts, "it stays on this machine") {
		t.Errorf("%s", facts)
	}
	l.clicks("#viewer .faces button:last-child")
	l.sees("the summary", `document.querySelectorAll("#viewer-summary table").length > 5`)
	summary := l.text("#viewer-summary")
	for _, want := range []string{"redis-ver", "7.0.15", "session:", "quicklist", "within a day", "300"} {
		if !strings.Contains(summary, want) {
			t.Errorf("the summary lacks %q:\n%s", want, summary)
		}
	}
	// From the largest key to its bytes.
	l.clicks("#viewer-summary .key")
	l.sees("its bytes", `document.querySelector("#viewer .cells .marked")`)

	give(cut, whole)
	l.readToTheEnd("cut.rdb")
	said := l.text("#viewer .problem")
	out, _ := exec.Command("redis-check-rdb", cut).CombinedOutput()
	doing := regexp.MustCompile(`While doing: \S+`).FindString(string(out))
	if !strings.Contains(said, "unexpected end of the file") || doing == "" || !strings.Contains(said, doing) {
		t.Errorf("the viewer says %s; redis-check-rdb says %s", said, out)
	}
	l.clicks("#viewer .problem button")
	l.means("unread: unexpected end of the file")
	l.run(chromedp.SetValue(`#viewer header select`, "production.rdb", chromedp.ByQuery))
	l.readToTheEnd("production.rdb")
	l.sees("no problem", `document.querySelector("#viewer .problem").hidden`)
	var value string
	if l.eval(`everysec.command("GET", "mine")`, &value); value != "1" {
		t.Errorf("the server's own key is %q", value)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.requests {
		if !strings.HasPrefix(r, l.origin) {
			t.Errorf("a request: %s", r)
		}
	}
	for _, p := range l.problems {
		t.Error(p)
	}
}

// What is dropped onto the page is looked into, and not loaded.
func TestFilesAreDropped(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.eval(`(() => {
		const drop = new DataTransfer();
		drop.items.add(new File(["file appendonly.aof.1.incr.aof seq 1 type i\n"], "appendonly.aof.manifest"));
		drop.items.add(new File(["*1\r\n$4\r\nPING\r\n*x"], "appendonly.aof.1.incr.aof"));
		const over = new DragEvent("dragover", { bubbles: true, cancelable: true, dataTransfer: drop });
		document.querySelector("#consoles").dispatchEvent(over);
		if (!over.defaultPrevented) throw new Error("files may not be dropped");
		document.querySelector("#consoles").dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer: drop }));
	})()`, nil)
	l.readToTheEnd("appendonly.aof.1.incr.aof")
	if said := l.text("#viewer .problem"); !strings.Contains(said, `Expected \r\n, got`) || !strings.Contains(said, "ok_up_to=14") {
		t.Errorf("%s", said)
	}
	l.run(chromedp.SetValue(`#viewer header select`, "appendonly.aof.manifest", chromedp.ByQuery))
	l.readToTheEnd("appendonly.aof.manifest")
	l.means(`an increment, file "appendonly.aof.1.incr.aof"`)
	l.clicks("#viewer .faces button:first-child") // together they are an append-only directory
	l.sees("the total", `document.querySelector("#viewer-together table")?.innerText.includes("1 command, Expected") && document.querySelector("#viewer-together").innerText.includes("PING")`)
}

// Without the manifest the names tell what belongs together; what is no part of
// it is said not to be added up.
func TestFilesWithoutAManifestAreAddedUp(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	l.eval(`(() => {
		const incr = (n, text) => new File([text], "appendonly.aof." + n + ".incr.aof");
		everysecLook([incr(10, "*2\r\n$4\r\nINCR\r\n$3\r\nb:1\r\n"), incr(9, "*2\r\n$4\r\nINCR\r\n$3\r\na:1\r\n"), new File(["REDIS0010"], "dump.rdb")]);
	})()`, nil)
	l.readToTheEnd("appendonly.aof.9.incr.aof")
	l.clicks("#viewer .faces button:first-child")
	l.sees("the total", `document.querySelectorAll("#viewer-together table").length > 3`)
	together := l.text("#viewer-together")
	for _, want := range []string{"has 2 keys.", "Without a manifest the order is guessed from the names.", "dump.rdb\tsnapshot\t9 B\t0 keys, not loaded", "a:\t1", "b:\t1"} {
		if !strings.Contains(together, want) {
			t.Errorf("the total lacks %q:\n%s", want, together)
		}
	}
	if a, b := strings.Index(together, "aof.9.incr"), strings.Index(together, "aof.10.incr"); a < 0 || b < a {
		t.Errorf("the order is another:\n%s", together)
	}
	l.eval(`everysecLook([new File(["REDIS0010"], "dump.rdb"), new File(["REDIS0010"], "other.rdb")])`, nil)
	l.sees("nothing to add up", `document.querySelector("#viewer .faces button").hidden`)
}

// What a real server has after its start is what the viewer says of its files: the
// newest value of each key, from the append-only directory and not from the
// dump.rdb beside it, and with a damaged base nothing.
func TestTheWholeIsWhatAServerLoads(t *testing.T) {
	t.Parallel()
	real := redistest.Start(t, "--appendonly", "yes")
	c := real.Dial(t)
	c.Do("SET", "stale:1", "x")
	c.Do("SAVE")
	c.Do("DEL", "stale:1")
	for i := range 200 {
		c.Do("RPUSH", fmt.Sprint("queue:", i), "a", strings.Repeat("b", i))
		c.Do("SET", fmt.Sprint("session:", i), "x", "EX", "5000")
	}
	c.Do("BGREWRITEAOF")
	for !strings.Contains(string(c.Do("INFO", "persistence")), "aof_rewrite_in_progress:0") {
		time.Sleep(10 * time.Millisecond)
	}
	for i := range 150 {
		c.Do("DEL", fmt.Sprint("queue:", i))
	}
	c.Do("SADD", "<i>:1", "1", "2")
	real.Stop()
	paths, err := filepath.Glob(filepath.Join(real.Dir, "appendonlydir", "*"))
	if err != nil || len(paths) != 3 {
		t.Fatalf("%v, %v", paths, err)
	}
	paths = append(paths, filepath.Join(real.Dir, "dump.rdb"))
	l := arrive(t)
	whole := func(paths ...string) string {
		t.Helper()
		l.run(chromedp.SetUploadFiles("#look", paths, chromedp.ByQuery))
		l.readToTheEnd(filepath.Base(paths[0]))
		l.clicks("#viewer .faces button:first-child")
		l.sees("the whole", `document.querySelector("#viewer-together p.together")`)
		return l.text("#viewer-together")
	}
	tells := func(text string, wants ...string) {
		t.Helper()
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("the whole lacks %q:\n%s", want, text)
			}
		}
	}
	text := whole(paths...)
	tells(text, "has 251 keys.", "With appendonly no it loads the snapshot alone", "dump.rdb\tsnapshot", "1 key, not loaded: the append-only files win",
		"session:\t200", "queue:\t50", "<i>:\t1", "list quicklist\t50", "set intset\t1", "within a day\t200", "DEL\t150")
	if strings.Contains(text, "stale:") {
		t.Errorf("the dump.rdb that no server loads is summed up:\n%s", text)
	}
	// Before Redis 7 there was one append-only file.
	dir := t.TempDir()
	old, snapshot := filepath.Join(dir, "appendonly.aof"), filepath.Join(dir, "dump.rdb")
	if err := errors.Join(os.WriteFile(old, []byte("*3\r\n$3\r\nSET\r\n$3\r\nk:1\r\n$1\r\nv\r\n*3\r\n$3\r\nSET\r\n$3\r\nk:1\r\n$1\r\nw\r\n"), 0o644), os.WriteFile(snapshot, []byte("REDIS0010\xff"), 0o644)); err != nil {
		t.Fatal(err)
	}
	tells(whole(old, snapshot), "has 1 key.", "as before Redis 7", "k:\t1", "SET\t2")
	// With a damaged base nothing is loaded, and that is said.
	for _, path := range paths {
		if strings.HasSuffix(path, ".base.rdb") {
			if err := os.Truncate(path, 300); err != nil {
				t.Fatal(err)
			}
		}
	}
	tells(whole(paths...), "No server starts on these files: ", "unexpected end of the file")
}

// The files of the running server's appendonlydir are added up, and one leads to
// the next.
func TestAnAppendOnlyDirectoryIsAddedUp(t *testing.T) {
	t.Parallel()
	l := arrive(t)
	for _, line := range []string{"SET user:1 Ada EX 500", "RPUSH queue:mail a b c", "BGREWRITEAOF", "SET later:1 x"} {
		l.types("redis", line)
	}
	l.sees("the new base", `document.querySelector('#file-rows button[value="appendonlydir/appendonly.aof.2.base.rdb"]')`)
	l.looksInto("appendonlydir/appendonly.aof.2.base.rdb")
	l.clicks(`#viewer [aria-label="Next file"]`)
	l.readToTheEnd("appendonlydir/appendonly.aof.2.incr.aof")
	l.clicks(`#viewer [aria-label="Next file"]`)
	l.readToTheEnd("appendonlydir/appendonly.aof.manifest")
	l.clicks(`#viewer [aria-label="Previous file"]`)
	l.readToTheEnd("appendonlydir/appendonly.aof.2.incr.aof")

	l.clicks("#viewer .faces button:first-child")
	l.sees("the total", `document.querySelectorAll("#viewer-together table").length > 7`)
	together := l.text("#viewer-together")
	for _, want := range []string{"has 3 keys.", "appendonly.aof.2.base.rdb\tbase", "2 keys", "appendonly.aof.2.incr.aof\tincrement", "queue:\t1", "within an hour\t1", "later:\t1", "SET \"later:1\""} {
		if !strings.Contains(together, want) {
			t.Errorf("the total lacks %q:\n%s", want, together)
		}
	}
	// What is written meanwhile is added, and from a key it goes to its bytes.
	l.eval(`everysec.command("SET", "meanwhile:1", "x")`, nil)
	l.sees("the new command", `document.querySelector("#viewer-together").textContent.includes("meanwhile:")`)
	l.eval(`[...document.querySelectorAll("#viewer-together .key")].find((b) => b.textContent === '"queue:mail"').focus()`, nil)
	l.presses(kb.Enter, false)
	l.readToTheEnd("appendonlydir/appendonly.aof.2.base.rdb")
	l.sees("its bytes", `document.querySelector("#viewer .cells .cursor.marked") && document.activeElement.id === "viewer-bytes"`)
}

// The page asks for the viewer when it is first wanted, and it is there without a
// network from then on.
func TestTheViewerComesWhenItIsWanted(t *testing.T) {
	t.Parallel()
	s := newHost(t, publish.Handler(dist))
	l := learner{launch(t, t.TempDir(), s.url)}
	l.open("/?config.appendfsync=always")
	l.eval(kept, nil)
	l.open("/?config.appendfsync=always") // now the service worker answers
	l.types("redis", "SET k v")
	asked := func() int { return l.count(&l.requests, "viewer") }
	if n := asked(); n != 0 {
		t.Errorf("%d requests for the viewer before it is wanted", n)
	}
	l.looksInto("appendonlydir/appendonly.aof.1.incr.aof")
	if asked() == 0 {
		t.Error("no request for the viewer has been seen")
	}
	s.serve(nil)
	l.open("/?config.appendfsync=always")
	l.looksInto("appendonlydir/appendonly.aof.1.incr.aof")
}

// largeFiles writes a dump.rdb and an append-only file of 64 MB each, with keys of
// two prefixes, and tells how many each has.
func largeFiles(t *testing.T, dir string) (files [2]string, keys [2]int) {
	t.Helper()
	const size = 64 << 20
	value := strings.Repeat("v", 100)
	snapshot := bytes.NewBuffer(make([]byte, 0, size+1000))
	snapshot.WriteString("REDIS0010")
	for ; snapshot.Len() < size; keys[0]++ {
		key := fmt.Sprintf("user:%d", keys[0])
		fmt.Fprintf(snapshot, "\x00%c%s%c%c%s", len(key), key, 0x40, len(value), value)
	}
	snapshot.WriteString("\xff\x00\x00\x00\x00\x00\x00\x00\x00") // without a checksum
	log := bytes.NewBuffer(make([]byte, 0, size+1000))
	for ; log.Len() < size; keys[1]++ {
		key := fmt.Sprintf("session:%d", keys[1])
		fmt.Fprintf(log, "*3\r\n$3\r\nSET\r\n$%d\r\n%s\r\n$%d\r\n%s\r\n", len(key), key, len(value), value)
	}
	for i, content := range []*bytes.Buffer{snapshot, log} {
		files[i] = filepath.Join(dir, []string{"dump.rdb", "appendonly.aof"}[i])
		if err := os.WriteFile(files[i], content.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return files, keys
}

// Files of 64 MB: a screen of each exists, the last byte is one key away, bytes and
// keys say what they are as in a small file, and both together are what a server
// would load.
func TestLargeFilesAreLookedInto(t *testing.T) {
	t.Parallel()
	files, keys := largeFiles(t, t.TempDir())
	l := arrive(t)
	l.run(chromedp.SetUploadFiles("#look", files[:], chromedp.ByQuery))
	for i, file := range []struct {
		name, last, value, prefix string
		back, keys                int // how many bytes before the last one the value ends
	}{
		{"appendonly.aof", "end of the word", `argument 2: "vvv`, "session:", 2, keys[1]},
		{"dump.rdb", "checksum: 0: none was made", `value: "vvv`, "user:", 9, keys[0]},
	} {
		if i > 0 {
			l.clicks(`#viewer [aria-label="Next file"]`)
		}
		l.readToTheEnd(file.name)
		l.clicks("#viewer-bytes")
		l.presses(kb.End, true)
		l.means(file.last)
		size := 0
		l.sees("the last byte", `document.querySelector("#viewer .cells .cursor")`)
		if l.eval(`Number(document.querySelector("#viewer .cells .cursor").dataset.at) + 1`, &size); size < 64<<20 {
			t.Errorf("%s: the last byte is %d", file.name, size-1)
		}
		l.hovers(l.byteAt(size - 1 - file.back))
		l.means(file.value)
		l.presses(strings.Repeat(kb.ArrowLeft, file.back), false)
		l.presses("k", false)
		l.sees("its line", `document.activeElement.id === "viewer-keys" && document.querySelector("#viewer .line[aria-selected=true]")?.textContent.includes("`+file.prefix+fmt.Sprint(file.keys-1)+`")`)
		l.presses(kb.Home, false)
		l.sees("the first key, and its bytes", `document.querySelector("#viewer .line[aria-selected=true]")?.textContent.includes("`+file.prefix+`0") && document.querySelector('#viewer .cells [data-at="30"].marked')`)
		var at []float64
		l.eval(`(() => { const r = document.querySelectorAll("#viewer .line")[5].getBoundingClientRect(); return [r.x + 20, r.y + r.height / 2]; })()`, &at)
		l.hovers(at[0], at[1])
		l.sees("the bytes of the key under the pointer", `[...document.querySelectorAll("#viewer .text i.marked")].map((i) => i.textContent).join("").includes("`+file.prefix+`5")`)
		var elements int
		if l.eval(`document.querySelectorAll("#viewer *").length`, &elements); elements > 6000 {
			t.Errorf("%s: %d elements", file.name, elements)
		}
		l.clicks("#viewer .faces button:last-child")
		l.sees("its summary", `document.querySelector("#viewer-summary").innerText.includes("`+file.prefix+`\t`+app.Count(int64(file.keys))+`")`)
	}
	l.clicks("#viewer .faces button:first-child")
	l.sees("the whole", `document.querySelector("#viewer-together p.together")`)
	for _, want := range []string{"has " + app.Count(int64(keys[1])) + " keys.", app.Count(int64(keys[0])) + " keys, not loaded"} {
		if text := l.text("#viewer-together"); !strings.Contains(text, want) {
			t.Errorf("the whole lacks %q:\n%.500s", want, text)
		}
	}
	for _, p := range l.problems {
		t.Error(p)
	}
}
