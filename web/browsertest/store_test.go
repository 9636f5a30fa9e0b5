package browsertest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/storage"
	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"everysec/engine/vfs"
	"everysec/wasm/idb"
)

// storeSite serves nothing but store.js, so that a test can do to a store what
// the page never would.
func storeSite(t *testing.T) string {
	t.Helper()
	script, err := os.ReadFile(filepath.Join("..", "..", "wasm", "idb", "store.js"))
	if err != nil {
		t.Fatal(err)
	}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/store.js" {
			w.Header().Set("Content-Type", "text/javascript")
			_, _ = w.Write(script)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, `<!doctype html><link rel="icon" href="data:,"><script src="store.js"></script><script>
			const encode = (b) => btoa(Array.from(b, (c) => String.fromCharCode(c)).join(""));
			const decode = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0));
			let taken = 0;
			const reasons = [];
			const store = openStore("idb://test", { taken: (why) => { taken++; reasons.push(why); } });
			const outcome = (p) => p.then(() => "", (e) => e.name);
			// raw runs f on the database itself, as no page does.
			const raw = (stores, f, version) => new Promise((resolve, reject) => {
				const request = indexedDB.open("everysec:test", version);
				request.onupgradeneeded = () => f(request.result, request.transaction);
				request.onerror = () => reject(request.error);
				request.onsuccess = () => {
					const db = request.result;
					if (version) return db.close(), resolve();
					const tx = db.transaction(stores, "readwrite");
					const result = f(db, tx);
					tx.oncomplete = () => { db.close(); resolve(result?.result); };
					tx.onabort = () => { db.close(); reject(tx.error); };
				};
			});
		</script>`)
	}))
	t.Cleanup(s.Close)
	return strings.Replace(s.URL, "127.0.0.1", "localhost", 1)
}

func (b *browser) image(expression string) idb.Image {
	b.t.Helper()
	var text string
	b.eval(expression+`.then(encode)`, &text)
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		b.t.Fatal(err)
	}
	im, err := idb.ReadImage(data)
	if err != nil {
		b.t.Fatal(err)
	}
	return im
}

// files is what a store's content means: every file with its bytes.
func files(t *testing.T, c vfs.Content) map[string]string {
	t.Helper()
	d, err := vfs.Load(c, vfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, f := range d.Files() {
		data, err := vfs.ReadFile(d, f.Name)
		if err != nil {
			t.Fatal(err)
		}
		got[f.Name] = string(data)
	}
	return got
}

// Whatever a disk does, after a reload IndexedDB holds exactly its durable part.
func TestIndexedDBHoldsWhatTheDiskMadeDurable(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	if im := b.image(`store.open()`); im.State != idb.Kept || len(im.Content.Inodes) != 0 {
		t.Fatalf("a new store is %+v", im)
	}
	var batches int
	var disk *vfs.Disk
	platter := idb.New(func(n uint32, ops []byte) {
		batches++
		var name string
		b.eval(`outcome(store.commit(decode("`+base64.StdEncoding.EncodeToString(ops)+`")))`, &name)
		if name != "" {
			t.Fatalf("commit: %s", name)
		}
	})
	disk = vfs.New(vfs.Options{Platter: &answering{platter}})
	crashes := 0

	random := rapid.Custom(func(rt *rapid.T) []step {
		return rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				op:   rapid.IntRange(0, 7).Draw(rt, "op"),
				file: rapid.IntRange(0, 3).Draw(rt, "file"),
				size: rapid.IntRange(0, 3000).Draw(rt, "size"),
			}
		}), 120, 120).Draw(rt, "steps")
	})
	for _, s := range random.Example(7) {
		if s.op == 7 && s.size%4 == 0 { // the image of a crash takes the place of all that is stored
			crashes++
			image := disk.Image(vfs.PowerCut, uint64(s.size))
			disk.Halt()
			image.Attach(&answering{platter})
			disk = image
		}
		s.run(t, disk)
	}
	if crashes < 2 {
		t.Errorf("only %d crashes: the steps are too tame", crashes)
	}
	if batches < 20 {
		t.Errorf("only %d transactions: the steps are too tame", batches)
	}
	want := files(t, disk.Durable())
	b.run(navigate(b.origin + "/"))
	if diff := cmp.Diff(want, files(t, b.image(`store.open()`).Content)); diff != "" {
		t.Error(diff)
	}
	if len(want) == 0 {
		t.Error("nothing is durable: the steps are too tame")
	}
}

// answering ends each commit at once: the browser has answered by then.
type answering struct{ *idb.Platter }

func (p *answering) Commit(b vfs.Batch, done func(error)) {
	p.Platter.Commit(b, func(error) {})
	done(nil)
}

type step struct{ op, file, size int }

// run does one thing to a disk; a file that is not there is none to be removed.
func (s step) run(t *testing.T, d *vfs.Disk) {
	t.Helper()
	name := fmt.Sprintf("file-%d", s.file)
	switch s.op {
	case 0, 1, 2:
		f, err := d.OpenFile(name, vfs.Write|vfs.Create)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.Write([]byte(strings.Repeat(fmt.Sprint(s.size), s.size%97+1))); err != nil {
			t.Fatal(err)
		}
		f.Sync()
		f.Close()
	case 3:
		if f, err := d.OpenFile(name, vfs.Write); err == nil {
			if err := f.Truncate(int64(s.size) % max(f.Size(), 1)); err != nil {
				t.Fatal(err)
			}
			f.Sync()
			f.Close()
		}
	case 4:
		_ = d.Rename(name, fmt.Sprintf("file-%d", (s.file+1)%4))
	case 5:
		_ = d.Remove(name)
	}
	if s.size%2 == 0 {
		d.SyncDir(".")
	}
}

func TestAStoreOfAnotherFormatIsLeftAlone(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	bytes := `tx.objectStore("chunks").put({offset: 0, data: new TextEncoder().encode("precious")}, [77, 1]);`
	good := `tx.objectStore("meta").put({version: 2, epoch: 1, base: 0}, "format"); tx.objectStore("inodes").put({dir: false, size: 0}, 77);`
	for _, c := range []struct{ name, harm, says string }{
		{"its own number is unknown", bytes + `tx.objectStore("meta").put({version: 99, epoch: 1}, "format")`, "format 99"},
		{"a chunk of no file", bytes + good + `tx.objectStore("inodes").delete(77)`, "inode 77"},
		{"a chunk without bytes", bytes + good + `tx.objectStore("chunks").put({}, [77, 2])`, "no bytes"},
		{"an inode that is none", bytes + good + `tx.objectStore("inodes").put(null, 78)`, "broken"},
		{"no number", bytes + `tx.objectStore("meta").clear()`, "undefined"},
		{"a newer page's database", `raw(null, (db, tx) => db.createObjectStore("more"), 3)`, "newer"},
		{"an object store is missing", `raw(null, (db, tx) => db.deleteObjectStore("names"), 4)`, "newer"},
	} {
		b.eval(`raw(["meta", "inodes", "chunks"], (db, tx) => {`+c.harm+`})`, nil)
		b.eval(`new Promise((r) => setTimeout(r, 50))`, nil)
		b.run(navigate(b.origin + "/"))
		im := b.image(`store.open()`)
		if im.State != idb.Unknown || !strings.Contains(im.Text, c.says) {
			t.Errorf("%s: state %v, %q", c.name, im.State, im.Text)
		}
		raw := b.image(`store.ask(4)`)
		if raw.State != idb.Raw || !slices.ContainsFunc(raw.Blobs, func(b idb.Blob) bool { return string(b.Data) == "precious" }) {
			t.Errorf("%s: the bytes cannot be downloaded: %+v", c.name, raw)
		}
	}
	if im := b.image(`store.ask(3)`); im.State != idb.Kept || len(im.Content.Inodes) != 0 {
		t.Errorf("erasing: %v, %q", im.State, im.Text)
	}
	b.run(navigate(b.origin + "/"))
	if im := b.image(`store.open()`); im.State != idb.Kept {
		t.Errorf("after erasing: %v, %q", im.State, im.Text)
	}
}

// Two tabs: the second is told, may take over, and the first can then write
// nothing any more.
func TestOneTabOwnsTheStore(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	if im := b.image(`store.open()`); im.State != idb.Kept {
		t.Fatalf("first tab: %+v", im)
	}
	second := b.tab()
	second.run(navigate(b.origin + "/"))
	if im := second.image(`store.open()`); im.State != idb.Busy {
		t.Fatalf("second tab: %+v", im)
	}
	if im := second.image(`store.ask(2)`); im.State != idb.Memory {
		t.Errorf("a copy: %+v", im)
	}
	create := base64.StdEncoding.EncodeToString(idb.AppendBatch(nil, vfs.Batch{Changes: []vfs.Change{
		{Op: vfs.OpCreate, Inode: 2},
		{Op: vfs.OpLink, Parent: vfs.RootInode, Name: "dump.rdb", Inode: 2},
	}}))
	b.eval(`store.commit(decode("`+create+`"))`, nil)
	im := second.image(`store.ask(1)`)
	if im.State != idb.Kept || len(im.Content.Names) != 1 {
		t.Fatalf("taking over: %+v", im)
	}
	var outcome string
	b.eval(`outcome(store.commit(decode("`+create+`")))`, &outcome)
	if outcome == "" {
		t.Error("the first tab still writes")
	}
	var taken int
	b.eval(`new Promise((r) => setTimeout(() => r(taken), 200))`, &taken)
	if taken != 1 {
		t.Errorf("the first tab was told %d times", taken)
	}
}

// A store as version 1 of this page left it is brought to the version of
// today, with all that is in it, and goes on from there.
func TestAStoreOfVersion1IsMigrated(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.eval(`raw(null, (db, tx) => {
		db.createObjectStore("meta").put({version: 1, epoch: 5}, "format");
		const inodes = db.createObjectStore("inodes");
		inodes.put({dir: true, size: 0}, 2);
		inodes.put({dir: false, size: 0}, 3);
		inodes.put({dir: false, size: 7}, 5);
		const names = db.createObjectStore("names");
		names.put(2, [1, "appendonlydir"]);
		names.put(3, [2, "a.aof"]);
		names.put(5, [1, "dump.rdb"]);
		const chunks = db.createObjectStore("chunks");
		const put = (inode, sequence, offset, text) => chunks.put({offset, data: new TextEncoder().encode(text)}, [inode, sequence]);
		put(3, 1, 0, "SET k ");
		put(3, 4, 6, "v");
		put(5, 2, 0, "REDIS");
		put(5, 3, 1, "edi");
	}, 1)`, nil)
	want := map[string]string{"appendonlydir/a.aof": "SET k v", "dump.rdb": "RediS\x00\x00"}
	im := b.image(`store.open()`)
	if im.State != idb.Kept {
		t.Fatalf("%v, %q", im.State, im.Text)
	}
	if diff := cmp.Diff(want, files(t, im.Content)); diff != "" {
		t.Error(diff)
	}
	var meta struct{ Version, Epoch, Base int }
	b.eval(`raw(["meta"], (db, tx) => tx.objectStore("meta").get("format"))`, &meta)
	if meta.Version != 2 || meta.Epoch != 6 || meta.Base != 0 {
		t.Errorf("the migrated store says %+v", meta)
	}
	if name := b.commit(vfs.Change{Op: vfs.OpWrite, Inode: 3, Offset: 7, Data: []byte("w")}); name != "" {
		t.Errorf("writing to it: %s", name)
	}
	want["appendonlydir/a.aof"] += "w"
	b.run(navigate(b.origin + "/"))
	if diff := cmp.Diff(want, files(t, b.image(`store.open()`).Content)); diff != "" {
		t.Errorf("after a reload: %s", diff)
	}
}

// commit is one transaction; it returns the name of the error.
func (b *browser) commit(changes ...vfs.Change) (name string) {
	b.t.Helper()
	ops := idb.AppendBatch(nil, vfs.Batch{Changes: changes})
	b.eval(`outcome(store.commit(decode("`+base64.StdEncoding.EncodeToString(ops)+`")))`, &name)
	return name
}

// newFile is a file with a name and content.
func newFile(inode uint64, name, content string) []vfs.Change {
	return []vfs.Change{
		{Op: vfs.OpCreate, Inode: inode},
		{Op: vfs.OpWrite, Inode: inode, Data: []byte(content)},
		{Op: vfs.OpLink, Parent: vfs.RootInode, Name: name, Inode: inode},
	}
}

// Content that takes the place of everything comes in many transactions: who
// looks before the last has ended finds what was there before, and nothing of
// what has been given up stays.
func TestWhatReplacesEverythingDoesSoAtOnce(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	b.commit(newFile(2, "old", "old bytes")...)
	format := func(content string) []vfs.Change {
		return append([]vfs.Change{{Op: vfs.OpFormat}}, newFile(2, "new", content)...)
	}
	stored := func() (n int) {
		b.eval(`raw(["chunks"], (db, tx) => tx.objectStore("chunks").count())`, &n)
		return n
	}
	for _, attempt := range []string{"first", "second"} {
		if name := b.commit(format(attempt)...); name != "" {
			t.Fatal(name)
		}
	}
	if n := stored(); n != 2 {
		t.Errorf("%d chunks are stored: the old file's and those of the newest attempt are two", n)
	}
	b.run(navigate(b.origin + "/"))
	if diff := cmp.Diff(map[string]string{"old": "old bytes"}, files(t, b.image(`store.open()`).Content)); diff != "" {
		t.Errorf("it ended half way: %s", diff)
	}
	if n := stored(); n != 1 {
		t.Errorf("%d chunks are left", n)
	}
	b.commit(format("third")...)
	if name := b.commit(vfs.Change{Op: vfs.OpWrite, Inode: 2, Offset: 5, Data: []byte(" bytes")}, vfs.Change{Op: idb.OpSettle}); name != "" {
		t.Fatal(name)
	}
	b.commit(vfs.Change{Op: vfs.OpWrite, Inode: 2, Offset: 11, Data: []byte("!")})
	b.run(navigate(b.origin + "/"))
	if diff := cmp.Diff(map[string]string{"new": "third bytes!"}, files(t, b.image(`store.open()`).Content)); diff != "" {
		t.Errorf("it came to its end: %s", diff)
	}
	if n := stored(); n != 3 {
		t.Errorf("%d chunks are stored, three were written", n)
	}
}

// A batch with something wrong in it leaves nothing.
func TestABatchIsStoredWholeOrNotAtAll(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	b.commit(newFile(2, "a", "before")...)
	if name := b.commit(append(newFile(3, "b", "half"), vfs.Change{Op: 77})...); name != "DataError" {
		t.Errorf("a change that does not exist: %q", name)
	}
	if name := b.commit(vfs.Change{Op: vfs.OpWrite, Inode: 2, Offset: 6, Data: []byte(" and after")}); name != "" {
		t.Errorf("the next batch: %q", name)
	}
	b.run(navigate(b.origin + "/"))
	if diff := cmp.Diff(map[string]string{"a": "before and after"}, files(t, b.image(`store.open()`).Content)); diff != "" {
		t.Error(diff)
	}
}

// Thousands of small appends do not stay thousands of chunks, whoever wrote
// them, and mean the same after they have been merged.
func TestSmallChunksAreMerged(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	b.commit(newFile(2, "a.aof", "begin ")...)
	b.eval(`(async () => {
		for (let i = 0; i < 1000; i++) {
			const text = new TextEncoder().encode(String(i).padStart(6));
			await store.commit(new Record().byte(3).number(2).number(6 + 6 * i).bytes(text).join());
		}
	})()`, nil)
	var want strings.Builder
	want.WriteString("begin ")
	for i := range 1000 {
		fmt.Fprintf(&want, "%6d", i)
	}
	few := func(when string) {
		t.Helper()
		var n int
		b.eval(`(async () => {
			for (let i = 0; i < 100; i++) {
				const n = await raw(["chunks"], (db, tx) => tx.objectStore("chunks").count());
				if (n < 200) return n;
				await new Promise((r) => setTimeout(r, 50));
			}
			return 1000000;
		})()`, &n)
		if n >= 200 {
			t.Errorf("%s: still %d chunks", when, n)
		}
		b.run(navigate(b.origin + "/"))
		if diff := cmp.Diff(map[string]string{"a.aof": want.String()}, files(t, b.image(`store.open()`).Content)); diff != "" {
			t.Errorf("%s: %s", when, diff)
		}
	}
	few("written here")
	b.eval(`raw(["chunks"], (db, tx) => {
		for (let i = 0; i < 5000; i++) tx.objectStore("chunks").put({offset: 6006 + i, data: Uint8Array.of(97 + i % 26)}, [2, 1000000 + i]);
	})`, nil)
	for i := range 5000 {
		want.WriteByte(byte('a' + i%26))
	}
	b.run(navigate(b.origin + "/"))
	if im := b.image(`store.open()`); im.State != idb.Kept {
		t.Fatal(im.Text)
	}
	few("written long ago")
}

// The browser takes its database away, as it does when its own disk fails or
// somebody clears the data of the site: what fails is said, and what comes
// after it is stored again.
func TestTheBrowserTakesTheDatabaseAway(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	b.commit(newFile(2, "a", "before")...)
	b.run(storage.ClearDataForOrigin(b.origin, "indexeddb"))
	lost := b.commit(vfs.Change{Op: vfs.OpWrite, Inode: 2, Offset: 6, Data: []byte(" lost")})
	if lost == "" {
		t.Error("a write to a database that is gone succeeded")
	}
	whole := append([]vfs.Change{{Op: vfs.OpFormat}}, append(newFile(2, "a", "before and after"), vfs.Change{Op: idb.OpSettle})...)
	if name := b.commit(whole...); name != "" {
		t.Errorf("after %s: %q", lost, name)
	}
	b.run(navigate(b.origin + "/"))
	if diff := cmp.Diff(map[string]string{"a": "before and after"}, files(t, b.image(`store.open()`).Content)); diff != "" {
		t.Error(diff)
	}
}

// A browser that is killed within a write leaves a record cut short in the log
// of its own database. The next one goes on behind it, and the one after that
// takes the log for damaged and removes everything, unless another was begun.
func TestATornRecordInTheBrowsersOwnLogCostsNothing(t *testing.T) {
	t.Parallel()
	profile, origin := t.TempDir(), site(t)
	const path = "/?store=idb://torn&config.appendfsync=always"
	logs := func() []string {
		t.Helper()
		found, err := filepath.Glob(profile + "/Default/IndexedDB/*.leveldb/*.log")
		if err != nil {
			t.Fatal(err)
		}
		return found
	}
	visit := func() *browser {
		b := launch(t, profile, origin)
		b.open(path)
		return b
	}
	b := visit()
	b.eval(`everysec.command("SET", "before", "x".repeat(3000))`, nil)
	b.eval(`everysec.command("SET", "torn", "x".repeat(3000))`, nil)
	b.kill()
	torn := logs()
	if len(torn) != 1 {
		t.Fatalf("the browser's logs are %v", torn)
	}
	info, err := os.Stat(torn[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(torn[0], info.Size()-100); err != nil {
		t.Fatal(err)
	}
	b = visit()
	b.eval(`everysec.command("SET", "after", "1")`, nil)
	for slices.Contains(logs(), torn[0]) {
		if b.ctx.Err() != nil {
			t.Fatal("the browser goes on with the log that was cut short")
		}
		time.Sleep(20 * time.Millisecond)
	}
	b.kill()
	b = visit()
	var got []any
	b.eval(`everysec.pipeline([["STRLEN", "before"], ["GET", "after"]])`, &got)
	if len(got) != 2 || got[0] != 3000.0 || got[1] != "1" {
		t.Errorf("two browsers later: %v", got)
	}
}

func TestAStoreThatTheBrowserHasEmptiedIsMissed(t *testing.T) {
	t.Parallel()
	b := launch(t, t.TempDir(), site(t))
	l := visitor(b)
	l.running()
	l.eval(`everysec.command("SET", "k", "v").then(() => everysec.command("WAITAOF", "1", "0", "0"))`, nil)
	const missed = `document.querySelector("#notice-text").textContent.includes("has lost the files")`
	l.open("/?seed=7")
	l.running()
	var before bool
	if l.eval(missed, &before); before {
		t.Error("after a reload the page misses files that are there")
	}
	l.open("/?store=memory:")
	l.run(storage.ClearDataForOrigin(l.origin, "indexeddb"))
	l.open("/?seed=7")
	l.running()
	l.sees("that files are missed", missed)
}
