package browsertest

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

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
			const store = openStore("idb://test", { taken: () => taken++ });
			const outcome = (p) => p.then(() => "", (e) => e.name);
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

	random := rapid.Custom(func(rt *rapid.T) []step {
		return rapid.SliceOfN(rapid.Custom(func(rt *rapid.T) step {
			return step{
				op:   rapid.IntRange(0, 6).Draw(rt, "op"),
				file: rapid.IntRange(0, 3).Draw(rt, "file"),
				size: rapid.IntRange(0, 3000).Draw(rt, "size"),
			}
		}), 120, 120).Draw(rt, "steps")
	})
	for _, s := range random.Example(7) {
		s.run(t, disk)
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
	b := launch(t, t.TempDir(), storeSite(t))
	b.run(navigate(b.origin + "/"))
	b.image(`store.open()`)
	for _, c := range []struct{ name, harm string }{
		{"its own number is unknown", `meta.put({version: 99, epoch: 1}, "format")`},
		{"a chunk of no file", `tx.objectStore("chunks").put({offset: 0, data: new Uint8Array([1, 2, 3])}, [77, 1]); meta.put({version: 1, epoch: 1}, "format")`},
	} {
		b.eval(`(async () => {
			const db = await done2(indexedDB.open("everysec:test"));
			const tx = db.transaction(["meta", "chunks"], "readwrite");
			const meta = tx.objectStore("meta");
			`+c.harm+`;
			await new Promise((r) => (tx.oncomplete = r));
			db.close();
			function done2(q) { return new Promise((r) => (q.onsuccess = () => r(q.result))); }
		})()`, nil)
		b.run(navigate(b.origin + "/"))
		im := b.image(`store.open()`)
		if im.State != idb.Unknown || im.Text == "" {
			t.Errorf("%s: state %v, %q", c.name, im.State, im.Text)
		}
		if raw := b.image(`store.ask(4)`); raw.State != idb.Raw || len(raw.Blobs) == 0 {
			t.Errorf("%s: nothing to download: %+v", c.name, raw)
		}
	}
	b.image(`store.ask(3)`)
	b.run(navigate(b.origin + "/"))
	if im := b.image(`store.open()`); im.State != idb.Kept {
		t.Errorf("after erasing: %v, %q", im.State, im.Text)
	}
}

// Two tabs: the second is told, may take over, and the first can then write
// nothing any more.
func TestOneTabOwnsTheStore(t *testing.T) {
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
