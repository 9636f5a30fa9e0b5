package host

import (
	"archive/zip"
	"bytes"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
	"everysec/wasm/idb/idbtest"
)

// A page is a host with one user and a store that takes its time: transactions
// end when the test lets time pass.
type page struct {
	t    *testing.T
	host *Host
	conn *bridge.Conn
	wall int64

	watch int64 // the stopwatch

	idbtest.Store
	transactions []transaction
	failure      string // of every transaction
	asked        []idb.Ask
	commits      int

	output  map[uint32][]byte
	closed  map[uint32]bool
	notices []string
	events  []event.Event
}

type transaction struct {
	number uint32
	ops    []byte
}

const startTime = 1_700_000_000_000_000

func newPage(t *testing.T, settings Settings) *page {
	t.Helper()
	p := &page{t: t, wall: startTime, output: map[uint32][]byte{}, closed: map[uint32]bool{}}
	p.host = New(Options{
		Post: func(b []byte) {
			if err := p.conn.Receive(bytes.Clone(b[channelBytes:])); err != nil {
				t.Error(err)
			}
		},
		Commit: func(n uint32, ops []byte) {
			p.transactions = append(p.transactions, transaction{n, bytes.Clone(ops)})
		},
		Ask:       func(what idb.Ask) { p.asked = append(p.asked, what) },
		Stopwatch: func() int64 { return p.watch },
	})
	p.conn = bridge.NewConn(func(batch []byte) {
		p.host.Exec(append([]byte{7, 0, 0, 0}, batch...), p.wall)
	}, nil)
	p.conn.OnOutput = func(client uint32, data []byte, closed bool) {
		p.output[client] = append(p.output[client], data...)
		p.closed[client] = p.closed[client] || closed
	}
	p.conn.OnNotice = func(kind bridge.Notice, text string) {
		p.notices = append(p.notices, fmt.Sprintf("%d %s", kind, text))
	}
	p.conn.OnEvents = func(batch []byte) {
		if err := event.Decode(bytes.Clone(batch), func(e event.Event) {
			switch e := e.(type) {
			case *event.KeyChanged:
				c := *e
				p.events = append(p.events, &c)
			case *event.Durability:
				c := *e
				p.events = append(p.events, &c)
			case *event.CommandRun:
				c := *e
				p.events = append(p.events, &c)
			}
		}); err != nil {
			t.Error(err)
		}
	}
	p.host.Configure(settings)
	return p
}

// open starts the page on a store of its own.
func open(t *testing.T, config ...[2]string) *page {
	t.Helper()
	p := newPage(t, Settings{Store: "idb://test", Seed: 42, Config: config})
	p.host.Stored(p.Image(idb.Kept, ""), p.wall)
	p.pass(100_000)
	return p
}

// pass lets real time pass, in microseconds, and the store finish what it has
// begun.
func (p *page) pass(micros int64) {
	end := p.wall + micros
	for p.wall < end {
		for len(p.transactions) > 0 {
			t := p.transactions[0]
			p.transactions = p.transactions[1:]
			if p.failure == "" {
				p.Apply(p.t, t.ops)
				p.commits++
			}
			p.host.Committed(t.number, p.failure, p.wall)
		}
		p.wall = min(end, p.wall+min(max(p.host.Delay(), 1), 10_000))
		p.host.Tick(p.wall)
	}
}

// do sends a line to a client and returns the reply, in RESP, once it is there.
func (p *page) do(client uint32, line string) string {
	p.t.Helper()
	var args [][]byte
	for _, word := range strings.Fields(line) {
		args = append(args, []byte(word))
	}
	p.output[client] = nil
	if !p.conn.Send(client, resp.AppendCommand(nil, args...)) {
		p.t.Fatalf("%s: the client is closed", line)
	}
	for range 100 {
		if len(p.output[client]) > 0 {
			return string(p.output[client])
		}
		p.pass(10_000)
	}
	p.t.Fatalf("%s: no reply", line)
	return ""
}

// call makes a control and returns its result once it is there.
func (p *page) call(op bridge.Op, payload bridge.Record) ([]byte, error) {
	p.t.Helper()
	var result []byte
	var failure error
	done := false
	p.conn.Control(op, payload, func(b []byte, err error) { result, failure, done = bytes.Clone(b), err, true })
	for range 200 {
		if done {
			return result, failure
		}
		p.pass(10_000)
	}
	p.t.Fatalf("operation %d is not answered", op)
	return nil, nil
}

func must[T any](t *testing.T) func(b []byte, err error) func(read func([]byte) (T, error)) T {
	t.Helper()
	return func(b []byte, err error) func(read func([]byte) (T, error)) T {
		return func(read func([]byte) (T, error)) T {
			t.Helper()
			if err != nil {
				t.Fatal(err)
			}
			v, err := read(b)
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
	}
}

func (p *page) state() bridge.State {
	p.t.Helper()
	return must[bridge.State](p.t)(p.call(bridge.OpState, nil))(bridge.ReadState)
}

func TestWhatWasSyncedIsThereAfterAReload(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.do(c, "SET durable 1")
	p.pass(2_500_000)
	p.do(c, "SET fresh 1")
	again := newPage(t, Settings{Store: "idb://test", Seed: 43})
	again.Content = p.Content
	again.host.Stored(again.Image(idb.Kept, ""), again.wall)
	again.pass(100_000)
	c = again.conn.Connect("redis")
	if got := again.do(c, "MGET durable fresh"); got != "*2\r\n$1\r\n1\r\n$-1\r\n" {
		t.Errorf("after a reload: %q", got)
	}
}

// After hosts that died a server waits to be asked for; its files are there
// meanwhile, and who comes later hears why.
func TestAHeldHostStartsWhenItIsTold(t *testing.T) {
	p := open(t)
	p.do(p.conn.Connect("redis"), "SET k 1")
	p.pass(2_500_000)
	again := newPage(t, Settings{Store: "idb://test", Held: "out of memory"})
	again.Content = p.Content
	again.host.Stored(again.Image(idb.Kept, ""), again.wall)
	again.pass(100_000)
	c := again.conn.Connect("redis")
	if !again.closed[c] {
		t.Error("a client is let in")
	}
	if s := again.state(); s.Phase != bridge.PhaseDown || s.Error == "" {
		t.Errorf("%+v", s)
	}
	const why = "18 The engine died again and again (out of memory), perhaps of these files"
	if len(again.notices) != 1 || !strings.HasPrefix(again.notices[0], why) {
		t.Errorf("told %q", again.notices)
	}
	if files, err := again.call(bridge.OpFiles, nil); err != nil || !bytes.Contains(files, []byte("appendonly.aof.1.incr.aof")) {
		t.Errorf("the files are %q, %v", files, err)
	}
	if _, err := again.call(bridge.OpRestart, bridge.Record(nil).Int(0)); err != nil {
		t.Fatal(err)
	}
	again.pass(100_000)
	if got := again.do(again.conn.Connect("redis"), "GET k"); got != "$1\r\n1\r\n" {
		t.Errorf("then replied %q", got)
	}
	if again.host.standing != nil {
		t.Errorf("who comes now is told %q", again.host.standing.text)
	}
	if _, after := again.crash(bridge.KillNine, 1); after.Counts[bridge.Survived] != 1 {
		t.Errorf("a crash later: %+v", after)
	}
}

// Where nothing outlives a host there is nothing that the next could die of.
func TestWhatIsOnlyInMemoryHoldsNoHost(t *testing.T) {
	p := newPage(t, Settings{Store: "memory:", Held: "out of memory"})
	p.host.Stored(p.Image(idb.Memory, ""), p.wall)
	p.pass(100_000)
	if got := p.do(p.conn.Connect("redis"), "PING"); got != "+PONG\r\n" {
		t.Errorf("replied %q", got)
	}
}

func TestUnderAlwaysNoReplyBeforeTheTransactionEnds(t *testing.T) {
	p := open(t, [2]string{"appendfsync", "always"})
	c := p.conn.Connect("redis")
	p.conn.Send(c, resp.AppendCommand(nil, []byte("SET"), []byte("k"), []byte("v")))
	if got := p.output[c]; len(got) != 0 {
		t.Errorf("replied %q while the transaction runs", got)
	}
	if len(p.transactions) != 1 {
		t.Fatalf("%d transactions", len(p.transactions))
	}
	p.pass(20_000)
	if got := string(p.output[c]); got != "+OK\r\n" {
		t.Errorf("then replied %q", got)
	}
}

// Everything that waits goes into one transaction.
func TestSyncsGatherIntoOneTransaction(t *testing.T) {
	p := open(t, [2]string{"appendfsync", "always"})
	var clients []uint32
	for range 50 {
		clients = append(clients, p.conn.Connect("c"))
	}
	before := p.commits
	for i, c := range clients {
		p.conn.Send(c, resp.AppendCommand(nil, []byte("SET"), fmt.Appendf(nil, "k%d", i), []byte("v")))
	}
	p.pass(50_000)
	for _, c := range clients {
		if got := string(p.output[c]); got != "+OK\r\n" {
			t.Errorf("client %d: %q", c, got)
		}
	}
	if n := p.commits - before; n > 4 {
		t.Errorf("50 clients took %d transactions", n)
	}
}

func fatesOf(a bridge.Account) map[string]bridge.Fate {
	m := map[string]bridge.Fate{}
	for _, k := range a.Keys {
		m[fmt.Sprintf("%d:%s", k.DB, k.Key)] = k.Fate
	}
	return m
}

func (p *page) crash(kind bridge.CrashKind, seed int64) (before, after bridge.Account) {
	p.t.Helper()
	before = must[bridge.Account](p.t)(p.call(bridge.OpCrash, bridge.Record(nil).Byte(uint8(kind)).Int(seed)))(bridge.ReadAccount)
	if s := p.state(); s.Phase != bridge.PhaseDown {
		p.t.Errorf("after the crash the server is in phase %d", s.Phase)
	}
	after = must[bridge.Account](p.t)(p.call(bridge.OpRestart, nil))(bridge.ReadAccount)
	return before, after
}

func TestTheAccountOfAKillNine(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	for i := range 10 {
		p.do(c, fmt.Sprintf("SET key:%d v", i))
	}
	before, after := p.crash(bridge.KillNine, 1)
	if before.Acknowledged != 10 || before.Complete {
		t.Errorf("before the restart: %+v", before)
	}
	if !p.closed[c] {
		t.Error("the client is still connected")
	}
	if !after.Complete || after.SurvivedWrites != 10 || after.LostWrites != 0 || after.Counts != [6]int64{bridge.Survived: 10} {
		t.Errorf("the page cache outlives the process, but: %+v", after)
	}
}

func TestTheAccountOfAPowerCut(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	for _, line := range []string{"SET stays 1", "SET reverts old", "SET returns 1", "SET expires 1 PX 5000", "HSET hash f v", "SELECT 3", "SET other 1", "SELECT 0"} {
		p.do(c, line)
	}
	p.pass(2_500_000)
	// From here on nothing reaches the disk: the power fails before the next second is over.
	for _, line := range []string{"SET reverts new", "DEL returns", "SET goes 1", "HSET hash g w"} {
		p.conn.Send(c, resp.AppendCommand(nil, splitLine(line)...))
	}
	var account bridge.Account
	for seed := int64(1); ; seed++ {
		// Among the images of a power cut is one that keeps none of it.
		im := p.host.disk.Image(vfs.PowerCut, uint64(seed))
		if im.WrittenBytes("appendonlydir/appendonly.aof.1.incr.aof") == p.host.disk.SyncedBytes("appendonlydir/appendonly.aof.1.incr.aof") {
			must[bridge.Account](t)(p.call(bridge.OpCrash, bridge.Record(nil).Byte(uint8(bridge.PowerCut)).Int(seed)))(bridge.ReadAccount)
			break
		}
		if seed == 100 {
			t.Fatal("no seed loses everything")
		}
	}
	p.pass(6_000_000)
	account = must[bridge.Account](t)(p.call(bridge.OpRestart, nil))(bridge.ReadAccount)
	want := map[string]bridge.Fate{
		"0:stays": bridge.Survived, "0:reverts": bridge.Reverted, "0:returns": bridge.Returned,
		"0:expires": bridge.Expired, "0:goes": bridge.Lost, "0:hash": bridge.Reverted, "3:other": bridge.Survived,
	}
	if diff := cmp.Diff(want, fatesOf(account)); diff != "" {
		t.Error(diff)
	}
	// What each of them held, and holds now.
	held := map[string]string{}
	for _, k := range account.Keys {
		held[string(k.Key)] = k.Before.Text + " -> " + k.After.Text
	}
	if diff := cmp.Diff(map[string]string{
		"stays": ` -> "1"`, "reverts": `"new" -> "old"`, "returns": ` -> "1"`, "expires": `"1" -> `, "goes": `"1" -> `,
		"hash": `hash of 2: "f" "v" "g" "w" -> hash of 1: "f" "v"`, "other": ` -> "1"`,
	}, held); diff != "" {
		t.Error(diff)
	}
	if account.LostWrites != 4 || account.SurvivedWrites != account.Acknowledged-4 {
		t.Errorf("four writes were lost: %+v", account)
	}
	if account.Counts != [6]int64{2, 2, 1, 1, 1} {
		t.Errorf("counts %v", account.Counts)
	}
	p.pass(3_000_000)
	if diff := cmp.Diff(files(t, p.host.disk), storedFiles(t, p.Content)); diff != "" {
		t.Errorf("the store does not hold what the disk does (-disk +store):\n%s", diff)
	}
}

// What a key held is told in a few words, whatever it was.
func TestWhatAKeyHoldsInWords(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	for _, test := range []struct{ line, want string }{
		{"SET k 41", `"41"`},
		{"SET k " + strings.Repeat("x", 41), `"` + strings.Repeat("x", 40) + `"…`},
		{"RPUSH k a b c", `list of 3: "a" "b" "c"`},
		{"RPUSH k " + strings.Repeat("element ", 50), `list of 50: "element" "element" "element" "element" …`},
		{"SADD k 1 2", `set of 2: "1" "2"`},
		{"HSET k name " + strings.Repeat("y", 30), `hash of 1: "name" "` + strings.Repeat("y", 20) + `"…`},
		{"ZADD k 2 b 1 a", `zset of 2: "a" "b"`},
		{"XADD k * level info", "stream of 1"},
	} {
		p.do(c, "DEL k")
		p.do(c, test.line)
		if got := p.host.holds(0, []byte("k")); got != test.want {
			t.Errorf("%s: %s, want %s", test.line, got, test.want)
		}
	}
	if got := p.host.holds(0, []byte("none")); got != "" {
		t.Errorf("no key: %s", got)
	}
}

func splitLine(line string) (args [][]byte) {
	for _, w := range strings.Fields(line) {
		args = append(args, []byte(w))
	}
	return args
}

func files(t *testing.T, d *vfs.Disk) map[string]string {
	t.Helper()
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

func storedFiles(t *testing.T, c vfs.Content) map[string]string {
	t.Helper()
	d, err := vfs.Load(c, vfs.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return files(t, d)
}

// Without an AOF everything since the last snapshot is lost, and counted.
func TestTheAccountWithoutAnAOF(t *testing.T) {
	p := open(t, [2]string{"appendonly", "no"}, [2]string{"save", ""})
	c := p.conn.Connect("redis")
	for i := range 3 {
		p.do(c, fmt.Sprintf("SET saved:%d v", i))
	}
	p.do(c, "SAVE")
	for i := range 4 {
		p.do(c, fmt.Sprintf("SET unsaved:%d v", i))
	}
	_, after := p.crash(bridge.PowerCut, 9)
	var report *event.CrashReport
	if err := event.Decode(after.Report, func(e event.Event) { report = e.(*event.CrashReport) }); err != nil || report == nil {
		t.Fatalf("there is no report: %v", err)
	}
	fates := [3]int64{}
	for _, w := range report.Writes {
		if w.Acknowledged {
			fates[w.Fate]++
		}
	}
	if fates != [3]int64{event.WriteLost: after.LostWrites, event.WriteSurvived: after.SurvivedWrites} {
		t.Errorf("write by write it is another account: %v", fates)
	}
	if after.Acknowledged != 7 || after.LostWrites != 4 || after.SurvivedWrites != 3 {
		t.Errorf("%+v", after)
	}
	if after.Counts != [6]int64{bridge.Survived: 3, bridge.Lost: 4} {
		t.Errorf("counts %v", after.Counts)
	}
}

// Whatever the crash, what is lost and what survives is all there was, and
// under "always" nothing is lost.
func TestNoCrashBreaksItsPromise(t *testing.T) {
	for _, policy := range []string{"always", "everysec", "no"} {
		for kind := bridge.KillNine; kind <= bridge.PowerCutTorn; kind++ {
			for seed := range int64(6) {
				t.Run(fmt.Sprintf("%s, kind %d, seed %d", policy, kind, seed), func(t *testing.T) {
					p := open(t, [2]string{"appendfsync", policy})
					c := p.conn.Connect("redis")
					for i := range 30 {
						p.do(c, fmt.Sprintf("SET key:%d v%d", i%20, i))
					}
					_, a := p.crash(kind, seed)
					if a.Error != "" {
						// A middle full of zeros is refused, as Redis refuses it.
						if policy == "always" || kind != bridge.PowerCut {
							t.Fatalf("recovery failed: %s", a.Error)
						}
						return
					}
					if a.SurvivedWrites+a.LostWrites != a.Acknowledged || a.Acknowledged != 30 {
						t.Errorf("%d survived, %d lost of %d", a.SurvivedWrites, a.LostWrites, a.Acknowledged)
					}
					if policy == "always" || kind == bridge.KillNine {
						if a.LostWrites != 0 || a.Counts != [6]int64{bridge.Survived: 20} {
							t.Errorf("lost after all: %d, %v", a.LostWrites, a.Counts)
						}
					}
					if total := a.Counts[0] + a.Counts[1] + a.Counts[2]; total != 20 {
						t.Errorf("%d of 20 keys are accounted for", total)
					}
				})
			}
		}
	}
}

func TestEngineTimeObeysThePage(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("worker-A")
	p.do(c, "SET lock token PX 30000")
	call := func(op bridge.Op, payload bridge.Record) bridge.State {
		t.Helper()
		return must[bridge.State](t)(p.call(op, payload))(bridge.ReadState)
	}
	s := call(bridge.OpPause, nil)
	p.pass(60_000_000)
	if got := p.do(c, "EXISTS lock"); got != ":1\r\n" {
		t.Errorf("time stood still, and the lock is %q", got)
	}
	if later := p.state(); later.Now != s.Now || !later.Paused {
		t.Errorf("paused at %d, now %d", s.Now, later.Now)
	}
	call(bridge.OpAdvance, bridge.Record(nil).Int(29_000_000))
	if got := p.do(c, "PTTL lock"); got != ":"+decimal(30000-29000-uint32((s.Now-startTime-100_000)/1000))+"\r\n" {
		t.Errorf("29 s later: %q", got)
	}
	call(bridge.OpAdvance, bridge.Record(nil).Int(2_000_000))
	if got := p.do(c, "EXISTS lock"); got != ":0\r\n" {
		t.Errorf("31 s later: %q", got)
	}
	call(bridge.OpResume, nil)
	s = call(bridge.OpSpeed, bridge.Record(nil).Number(10))
	wall := p.wall
	p.pass(1_000_000)
	if got := p.state(); got.Now-s.Now != 10*(p.wall-wall) {
		t.Errorf("at ten times the speed %d µs became %d", p.wall-wall, got.Now-s.Now)
	}
	if _, err := p.call(bridge.OpSpeed, bridge.Record(nil).Number(-1)); err == nil {
		t.Error("time ran backwards")
	}
}

func TestFilesCanBeReadAndTakenAway(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.do(c, "SET k v")
	p.do(c, "SAVE")
	list := must[[]bridge.File](t)(p.call(bridge.OpFiles, nil))(bridge.ReadFiles)
	var names []string
	for _, f := range list {
		names = append(names, f.Name)
		content := must[bridge.FileContent](t)(p.call(bridge.OpReadFile, bridge.Record(nil).String(f.Name)))(bridge.ReadFileContent)
		if int64(len(content.Data)) != f.Size {
			t.Errorf("%s: %d bytes, listed with %d", f.Name, len(content.Data), f.Size)
		}
	}
	want := []string{"dump.rdb", "appendonlydir/appendonly.aof.1.base.rdb", "appendonlydir/appendonly.aof.1.incr.aof", "appendonlydir/appendonly.aof.manifest"}
	if diff := cmp.Diff(want, names, cmpopts.SortSlices(func(a, b string) bool { return a < b })); diff != "" {
		t.Error(diff)
	}
	if _, err := p.call(bridge.OpReadFile, bridge.Record(nil).String("../etc/passwd")); err == nil {
		t.Error("a file outside was read")
	}
	b, err := p.call(bridge.OpExport, nil)
	if err != nil {
		t.Fatal(err)
	}
	data := bridge.Read(b).Bytes()
	z, err := zip.NewReader(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range z.File {
		r, err := entry.Open()
		if err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(r) // checks the checksum, too
		if err != nil {
			t.Fatal(err)
		}
		want, err := vfs.ReadFile(p.host.disk, entry.Name)
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s differs in the zip (%v)", entry.Name, err)
		}
	}
	if len(z.File) != len(list) {
		t.Errorf("%d files in the zip, %d on the disk", len(z.File), len(list))
	}
}

func TestAnImportedFileReplacesEverythingAndABadOneNothing(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.do(c, "SET from-the-file 1")
	p.do(c, "SAVE")
	rdb, err := vfs.ReadFile(p.host.disk, "dump.rdb")
	if err != nil {
		t.Fatal(err)
	}
	p.do(c, "FLUSHALL")
	p.do(c, "SET here 1")

	if _, err := p.call(bridge.OpImport, bridge.Record(nil).Bytes([]byte("REDIS0010 and then nonsense"))); err == nil {
		t.Error("nonsense was imported")
	}
	if got := p.do(c, "EXISTS here"); got != ":1\r\n" {
		t.Errorf("after a bad import: %q", got)
	}
	s := must[bridge.State](t)(p.call(bridge.OpImport, bridge.Record(nil).Bytes(rdb)))(bridge.ReadState)
	if s.Phase != bridge.PhaseRunning {
		t.Errorf("phase %d: %s", s.Phase, s.Error)
	}
	p.pass(500_000)
	_, a := p.crash(bridge.PowerCut, 3) // it is durable: in an AOF of its own
	if a.Error != "" {
		t.Fatal(a.Error)
	}
	c = p.conn.Connect("redis")
	if got := p.do(c, "KEYS *"); got != "*1\r\n$13\r\nfrom-the-file\r\n" {
		t.Errorf("after an import: %q", got)
	}
}

func TestEraseStartsEmpty(t *testing.T) {
	p := open(t)
	p.do(p.conn.Connect("redis"), "SET k v")
	p.pass(2_000_000)
	must[bridge.State](t)(p.call(bridge.OpErase, nil))(bridge.ReadState)
	p.pass(2_000_000)
	if got := p.do(p.conn.Connect("redis"), "DBSIZE"); got != ":0\r\n" {
		t.Errorf("DBSIZE %q", got)
	}
	if diff := cmp.Diff(files(t, p.host.disk), storedFiles(t, p.Content)); diff != "" {
		t.Error(diff)
	}
}

func TestASecondTabWaitsForADecision(t *testing.T) {
	p := newPage(t, Settings{Store: "idb://test"})
	p.host.Stored(p.Image(idb.Busy, "another tab owns this store"), p.wall)
	if s := p.state(); s.Phase != bridge.PhaseWaiting || s.Store != bridge.StoreWaiting {
		t.Errorf("%+v", s)
	}
	if c := p.conn.Connect("redis"); !p.closed[c] {
		t.Error("a client was let in")
	}
	if _, err := p.call(bridge.OpCrash, bridge.Record(nil).Byte(0).Int(1)); err == nil {
		t.Error("what does not run cannot crash")
	}
	answered := false
	p.conn.Control(bridge.OpTakeOver, nil, func(b []byte, err error) { answered = err == nil })
	if diff := cmp.Diff([]idb.Ask{idb.TakeOver}, p.asked); diff != "" {
		t.Fatal(diff)
	}
	p.host.Stored(p.Image(idb.Kept, ""), p.wall)
	p.pass(100_000)
	if !answered {
		t.Error("taking over is not answered")
	}
	if got := p.do(p.conn.Connect("redis"), "PING"); got != "+PONG\r\n" {
		t.Errorf("PING %q", got)
	}
}

// A tab whose store another one took over says so and goes on in memory: it
// writes nothing to the store, and nothing it does waits for it.
func TestATabWhoseStoreWasTakenGoesOnInMemory(t *testing.T) {
	p := open(t, [2]string{"appendfsync", "always"})
	client := p.conn.Connect("redis")
	p.do(client, "SET k v")
	commits := p.commits
	p.host.Taken("another tab took over this store", p.wall)
	if got := strings.Join(p.notices, "\n"); !strings.Contains(got, fmt.Sprint(bridge.NoticeStoreTaken, " another tab took over this store")) {
		t.Errorf("notices: %s", got)
	}
	if got := p.do(client, "SET k w"); got != "+OK\r\n" {
		t.Errorf("writing: %q", got)
	}
	if _, err := p.call(bridge.OpCrash, bridge.Record(nil).Byte(uint8(bridge.PowerCut)).Int(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := p.call(bridge.OpRestart, bridge.Record(nil).Int(0)); err != nil {
		t.Fatal(err)
	}
	if got := p.do(p.conn.Connect("redis"), "GET k"); got != "$1\r\nw\r\n" {
		t.Errorf("after a crash: %q", got)
	}
	if p.commits != commits || len(p.transactions) > 0 {
		t.Error("it still writes to the store")
	}
	if s := p.state(); s.Store != bridge.StoreMemory {
		t.Errorf("%+v", s)
	}
}

// A store that takes nothing more is a disk that is full or broken: writes are
// refused, and accepted again when it does.
func TestAStoreThatFailsIsSaidAndServed(t *testing.T) {
	for _, c := range []struct {
		failure string
		notice  bridge.Notice
		reply   string
	}{
		{"QuotaExceededError: the quota is used up", bridge.NoticeStoreFull, "-MISCONF Errors writing to the AOF file: No space left on device\r\n"},
		{"AbortError: the connection was lost", bridge.NoticeStoreFailed, "-MISCONF Errors writing to the AOF file: Input/output error\r\n"},
	} {
		p := open(t)
		client := p.conn.Connect("redis")
		p.failure = c.failure
		p.do(client, "SET k v")
		p.pass(3_000_000)
		if got := strings.Join(p.notices, "\n"); !strings.Contains(got, fmt.Sprint(c.notice, " ")) || !strings.Contains(got, c.failure) {
			t.Errorf("%s: notices: %s", c.failure, got)
		}
		if got := p.do(client, "GET k"); got != "$1\r\nv\r\n" {
			t.Errorf("%s: reading: %q", c.failure, got)
		}
		if got := p.do(client, "SET k w"); got != c.reply {
			t.Errorf("%s: writing: %q", c.failure, got)
		}
		p.failure = ""
		p.do(client, "BGREWRITEAOF") // by itself it would try again in a minute or more
		p.pass(3_000_000)
		if got := p.do(client, "SET k x"); got != "+OK\r\n" {
			t.Errorf("%s: writing when there is room again: %q", c.failure, got)
		}
		if got := strings.Join(p.notices, "\n"); !strings.Contains(got, fmt.Sprint(bridge.NoticeStoreSaves, " ")) {
			t.Errorf("%s: notices: %s", c.failure, got)
		}
		p.pass(3_000_000)
		again := newPage(t, Settings{Store: "idb://test"})
		again.Content = p.Content
		again.host.Stored(again.Image(idb.Kept, ""), again.wall)
		again.pass(100_000)
		if got := again.do(again.conn.Connect("redis"), "GET k"); got != "$1\r\nx\r\n" {
			t.Errorf("%s: after a reload: %q", c.failure, got)
		}
	}
}

// The image of a crash that cannot be stored is brought again by the next commit.
func TestTheImageOfACrashIsStoredInTheEnd(t *testing.T) {
	p := open(t, [2]string{"appendfsync", "everysec"})
	client := p.conn.Connect("redis")
	p.do(client, "SET k v")
	p.pass(3_000_000)
	p.failure = "QuotaExceededError: the quota is used up"
	if _, err := p.call(bridge.OpCrash, bridge.Record(nil).Byte(uint8(bridge.PowerCut)).Int(1)); err != nil {
		t.Fatal(err)
	}
	p.pass(100_000)
	p.failure = ""
	if _, err := p.call(bridge.OpRestart, bridge.Record(nil).Int(0)); err != nil {
		t.Fatal(err)
	}
	p.do(p.conn.Connect("redis"), "SET k w")
	p.pass(3_000_000)
	again := newPage(t, Settings{Store: "idb://test"})
	again.Content = p.Content
	again.host.Stored(again.Image(idb.Kept, ""), again.wall)
	again.pass(100_000)
	if got := again.do(again.conn.Connect("redis"), "GET k"); got != "$1\r\nw\r\n" {
		t.Errorf("after a reload: %q", got)
	}
}

func TestAStoreOfAnotherFormatIsServedFromMemory(t *testing.T) {
	p := newPage(t, Settings{Store: "idb://test"})
	p.state()
	p.host.Stored(p.Image(idb.Unknown, "format 99"), p.wall)
	p.pass(100_000)
	if s := p.state(); s.Store != bridge.StoreMemory || s.StoreText != "format 99" {
		t.Errorf("%+v", s)
	}
	if got := strings.Join(p.notices, "\n"); !strings.Contains(got, fmt.Sprint(bridge.NoticeStoreUnknown, " format 99")) {
		t.Errorf("notices: %s", got)
	}
	p.do(p.conn.Connect("redis"), "SET k v")
	if len(p.transactions) != 0 {
		t.Error("the unknown store was written to")
	}
	// The page's own program starts after the server: it must hear of it, too.
	if !strings.Contains(string(p.host.channel(99).out), "format 99") {
		t.Error("who comes later is not told")
	}
}

// One credit, one batch; a reader without credit is owed, not forgotten.
func TestEventsComeWhenAskedFor(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.conn.Credit(1)
	p.events = nil
	p.do(c, "SET k 1")
	if len(p.events) != 0 {
		t.Errorf("%d events without credit", len(p.events))
	}
	p.conn.Credit(1)
	var changes int
	for _, e := range p.events {
		if k, ok := e.(*event.KeyChanged); ok && string(k.Key) == "k" {
			changes++
		}
	}
	if changes != 1 {
		t.Errorf("%d changes of k after one credit", changes)
	}
}

// What the last server had to tell comes before the word that the next one is
// ready, even to a page that has not asked for it yet: it would take it for the
// next one's.
func TestNoEventOutlivesItsServer(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.conn.Credit(1) // it reads, and then is too busy to ask for more
	for range 20 {
		p.do(c, "INCR n")
	}
	told := p.conn.OnNotice
	p.conn.OnNotice = func(kind bridge.Notice, text string) {
		if kind == bridge.NoticeReady {
			p.events = nil
		}
		told(kind, text)
	}
	p.crash(bridge.PowerCut, 1)
	p.pass(100_000)
	p.conn.Credit(1)
	newest := uint64(0)
	for _, e := range p.events {
		if d, ok := e.(*event.Durability); ok {
			newest = max(newest, d.Last)
		}
	}
	if newest == 0 || newest >= 20 {
		t.Errorf("the new server has made %d changes, it seems", newest)
	}
}

// Input that the worker could not look at for a while has waited since it was
// sent, and a page that tells when it sends is told when the reply left.
func TestInputWaitsFromTheMomentItWasSent(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.do(c, "PING")
	if p.conn.Left != 0 {
		t.Errorf("a page without a clock was told %d", p.conn.Left)
	}
	p.conn.Credit(1)
	p.pass(200_000)
	late := int64(150_000)
	p.conn.Clock = func() int64 { return p.wall - late }
	p.watch = p.wall + 4000
	p.do(c, "ECHO late")
	if p.conn.Left != p.watch {
		t.Errorf("the reply left at %d, not at %d", p.conn.Left, p.watch)
	}
	late = -5000 // clocks of two threads may differ
	p.do(c, "ECHO early")
	p.events = nil
	p.conn.Credit(1)
	waited := map[string]int64{}
	for _, e := range p.events {
		if r, ok := e.(*event.CommandRun); ok {
			waited[string(r.Preview)] = r.Waited
		}
	}
	if diff := cmp.Diff(map[string]int64{"late": 150_000, "early": 0}, waited); diff != "" {
		t.Error(diff)
	}
}

func TestAResynchronisationDescribesEveryKey(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	const keys = resyncKeys + 500
	var in []byte
	for i := range keys {
		in = resp.AppendCommand(in, []byte("SET"), fmt.Appendf(nil, "key:%d", i), []byte("v"))
	}
	p.conn.Send(c, in)
	p.do(c, "SELECT 5")
	p.do(c, "SET last v")
	if _, err := p.call(bridge.OpResync, nil); err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for range 40 {
		p.events = nil
		p.conn.Credit(1)
		for _, e := range p.events {
			if k, ok := e.(*event.KeyChanged); ok {
				seen[fmt.Sprintf("%d:%s", k.DB, k.Key)] = true
			}
		}
	}
	if len(seen) != keys+1 || !seen["5:last"] {
		t.Errorf("%d of %d keys were described", len(seen), keys+1)
	}
}

func TestShutdownIsToldAndRestartWorks(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.do(c, "SET k v")
	p.conn.Send(c, resp.AppendCommand(nil, []byte("SHUTDOWN")))
	p.pass(1_000_000)
	if !p.closed[c] || p.state().Phase != bridge.PhaseDown {
		t.Fatalf("closed %v, %+v", p.closed[c], p.state())
	}
	if d := p.host.Delay(); d != math.MaxInt64 && d < 1000 {
		t.Errorf("a server that is down is asked for again in %d µs", d)
	}
	a := must[bridge.Account](t)(p.call(bridge.OpRestart, nil))(bridge.ReadAccount)
	if a.Error != "" || a.Complete {
		t.Errorf("%+v", a)
	}
	if got := p.do(p.conn.Connect("redis"), "GET k"); got != "$1\r\nv\r\n" {
		t.Errorf("GET %q", got)
	}
}

func TestAConfigurationFileIsRead(t *testing.T) {
	p := open(t)
	if err := put(p.host.disk, ConfigName, []byte("appendonly yes\nappendfsync everysec\n")); err != nil {
		t.Fatal(err)
	}
	p.crash(bridge.KillNine, 1)
	c := p.conn.Connect("redis")
	p.do(c, "CONFIG SET appendfsync always")
	if got := p.do(c, "CONFIG REWRITE"); got != "+OK\r\n" {
		t.Fatalf("CONFIG REWRITE %q", got)
	}
	p.crash(bridge.KillNine, 1)
	if got := p.do(p.conn.Connect("redis"), "CONFIG GET appendfsync"); !strings.Contains(got, "always") {
		t.Errorf("after a restart: %q", got)
	}
}

// The first CONFIG REWRITE makes the file.
func TestAConfigurationFileIsMade(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	p.do(c, "CONFIG SET appendfsync always")
	if got := p.do(c, "CONFIG REWRITE"); got != "+OK\r\n" {
		t.Fatalf("CONFIG REWRITE %q", got)
	}
	p.crash(bridge.KillNine, 1)
	c = p.conn.Connect("redis")
	if got := p.do(c, "CONFIG GET appendfsync"); !strings.Contains(got, "always") {
		t.Errorf("after a restart: %q", got)
	}
	if got := p.do(c, "CONFIG GET save"); !strings.Contains(got, "900 1 300 100") {
		t.Errorf("after a restart: %q", got)
	}
}

func TestWarmingLeavesNoTrace(t *testing.T) {
	p := open(t)
	b, err := p.call(bridge.OpWarm, bridge.Record(nil).Int(2000))
	if err != nil || bridge.Read(b).Int() != 2000 {
		t.Fatalf("%v, %v", b, err)
	}
	if got := p.do(p.conn.Connect("redis"), "DBSIZE"); got != ":0\r\n" {
		t.Errorf("DBSIZE %q", got)
	}
}

// FuzzExec: whatever a page sends, the host answers or ignores it.
func FuzzExec(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0})
	f.Add(bridge.Append([]byte{0, 0, 0, 0}, bridge.Frame{Kind: bridge.KindConnect, ID: 1}))
	f.Add(bridge.Append([]byte{0, 0, 0, 0}, bridge.Frame{Kind: bridge.KindControl, Arg: uint8(bridge.OpCrash), ID: 1, Data: make([]byte, 9)}))
	f.Add(bridge.Append([]byte{1, 0, 0, 0}, bridge.Frame{Kind: bridge.KindCredit, ID: 3}))
	f.Fuzz(func(t *testing.T, message []byte) {
		h := New(Options{
			Post: func([]byte) {}, Commit: func(uint32, []byte) {}, Ask: func(idb.Ask) {},
			Stopwatch: func() int64 { return 0 },
		})
		h.Configure(Settings{Store: "memory:"})
		h.Stored(bridge.Record(nil).Byte(uint8(idb.Memory)).String("").Int(0).Int(0), startTime)
		h.Exec(message, startTime+1)
		h.Tick(startTime + 1_000_000)
	})
}

// The table is told as it stands, bucket by bucket. With engine time standing
// still a resize goes on with each command only, and is seen.
func TestTheHashTableIsTold(t *testing.T) {
	p := open(t)
	c := p.conn.Connect("redis")
	table := func(db int64) bridge.Table {
		return must[bridge.Table](t)(p.call(bridge.OpTable, bridge.Record(nil).Int(db)))(bridge.ReadTable)
	}
	if got := table(0); got.Size != [2]int64{} || got.Rehash != -1 {
		t.Errorf("of an empty database: %+v", got)
	}
	if _, err := p.call(bridge.OpPause, nil); err != nil {
		t.Fatal(err)
	}
	var moved []int64
	for i := range 40 {
		p.do(c, "SET "+string(rune('A'+i))+" v")
		got := table(0)
		sum := int64(0)
		for _, chains := range got.Chains {
			for _, n := range chains {
				sum += int64(n)
			}
		}
		if int64(len(got.Chains[0])) != got.Size[0] || int64(len(got.Chains[1])) != got.Size[1] || sum != int64(i)+1 || got.Used[0]+got.Used[1] != sum {
			t.Errorf("after %d keys: %+v", i+1, got)
		}
		if got.Rehash >= 0 {
			moved = append(moved, got.Rehash)
		}
	}
	steps := 0
	for i := 1; i < len(moved); i++ {
		if moved[i] > moved[i-1] {
			steps++
		}
	}
	if steps < 5 {
		t.Errorf("no resize was seen to go on: %d", moved)
	}
	if got := table(3); got.Used != [2]int64{} {
		t.Errorf("database 3: %+v", got)
	}
	if got := table(99); got.Size != [2]int64{} {
		t.Errorf("a database that is not there: %+v", got)
	}
}
