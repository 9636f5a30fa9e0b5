package bridge

import (
	"bytes"
	"errors"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestFramesSurviveABatch(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := rapid.SliceOf(rapid.Custom(func(t *rapid.T) Frame {
			return Frame{
				Kind: Kind(rapid.Byte().Draw(t, "kind")),
				Arg:  rapid.Byte().Draw(t, "arg"),
				ID:   rapid.Uint32().Draw(t, "id"),
				Data: rapid.SliceOf(rapid.Byte()).Draw(t, "data"),
			}
		})).Draw(t, "frames")
		var batch []byte
		for _, f := range want {
			batch = Append(batch, f)
		}
		for i, f := range want {
			got, rest, err := Next(batch)
			if err != nil {
				t.Fatalf("frame %d: %v", i, err)
			}
			if got.Kind != f.Kind || got.Arg != f.Arg || got.ID != f.ID || !bytes.Equal(got.Data, f.Data) {
				t.Fatalf("frame %d: got %v, want %v", i, got, f)
			}
			batch = rest
		}
		if len(batch) != 0 {
			t.Fatalf("%d bytes left", len(batch))
		}
	})
}

func TestMalformedBatchesAreRefused(t *testing.T) {
	whole := Append(nil, Frame{Kind: KindInput, ID: 1, Data: []byte("PING\r\n")})
	for _, c := range []struct {
		name  string
		batch []byte
	}{
		{"half a header", whole[:7]},
		{"half the data", whole[:len(whole)-1]},
		{"a length below the header's", []byte{11, 0, 0, 0, 3, 0, 0, 0, 1, 0, 0, 0}},
		{"a length beyond all bounds", []byte{255, 255, 255, 255, 3, 0, 0, 0, 1, 0, 0, 0}},
	} {
		if f, _, err := Next(c.batch); err == nil {
			t.Errorf("%s: read as %v", c.name, f)
		}
	}
}

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	state := State{
		Now: 1_700_000_000_123_456, Wall: 1_700_000_001_000_000, Speed: 0.25, Paused: true, Phase: PhaseRunning,
		Store: StoreIndexedDB, StoreText: "full", Name: "orders", Seed: 42, Error: "no",
	}
	if got, err := ReadState(state.Append(nil)); err != nil || got != state {
		t.Errorf("state: %+v, %v", got, err)
	}
	files := []File{{"appendonlydir/appendonly.aof.manifest", 88, 88}, {"dump.rdb", 104, 0}}
	if got, err := ReadFiles(AppendFiles(nil, files)); err != nil || cmp.Diff(files, got) != "" {
		t.Errorf("files: %v, %v", got, err)
	}
	content := FileContent{Synced: 3, Data: []byte("REDIS0010")}
	if got, err := ReadFileContent(content.Append(nil)); err != nil || cmp.Diff(content, got) != "" {
		t.Errorf("content: %v, %v", got, err)
	}
	disk := Disk{Armed: true, Kind: BitRot, Seed: 3, Moment: AtOperation, Left: 4, Lying: true, Failing: 5, Hung: true, SyncMicros: 6, Free: -1}
	if got, err := ReadDisk(disk.Append(nil)); err != nil || got != disk {
		t.Errorf("disk: %+v, %v", got, err)
	}
	account := Account{
		Kind: PowerCutTorn, Seed: 7, Acknowledged: 10, Complete: true, SurvivedWrites: 8, LostWrites: 2,
		Counts: [6]int64{5, 1, 2, 0, 1, 3},
		Keys:   []KeyFate{{Key: []byte("a"), Fate: Lost, Before: KeyState{`"1"`, 5}}, {DB: 3, Key: []byte("b"), Fate: Reverted, Before: KeyState{Text: "2"}, After: KeyState{`list of 1: "x"`, 7}}},
		Error:  "x",
		Report: []byte{1, 12},
		At:     9, Unsynced: 2, Unwritten: 1, Operation: "sync dump.rdb",
	}
	if got, err := ReadAccount(account.Append(nil)); err != nil || cmp.Diff(account, got) != "" {
		t.Errorf("account: %v, %v", got, err)
	}
}

func TestNumbersThatAreNoIntegersAreBounded(t *testing.T) {
	for v, want := range map[float64]int64{
		math.NaN(): 0, math.Inf(1): math.MaxInt64, math.Inf(-1): math.MinInt64, -2.9: -2, 1 << 53: 1 << 53,
	} {
		if got := Read(Record(nil).Number(v)).Int(); got != want {
			t.Errorf("%v: got %d, want %d", v, got, want)
		}
	}
}

// A loopback is a worker that records requests and answers when told to.
type loopback struct {
	requests []Frame
	*Conn
}

func newLoopback() *loopback {
	l := &loopback{}
	l.Conn = NewConn(func(batch []byte) {
		for len(batch) > 0 {
			f, rest, err := Next(batch)
			if err != nil {
				panic(err)
			}
			f.Data = bytes.Clone(f.Data)
			l.requests, batch = append(l.requests, f), rest
		}
	}, nil)
	return l
}

func TestOutputReachesItsClientUntilItIsClosed(t *testing.T) {
	l := newLoopback()
	var got []string
	l.OnOutput = func(client uint32, data []byte, closed bool) {
		s := string(data)
		if closed {
			s += " and closed"
		}
		got = append(got, s)
	}
	a, b := l.Connect("worker-A"), l.Connect("worker-B")
	if a == b {
		t.Fatal("two clients share an id")
	}
	l.Send(a, []byte("QUIT\r\n"))
	l.Disconnect(b)
	batch := AppendOutput(nil, a, []byte("+OK\r\n"), true)
	batch = AppendOutput(batch, a, []byte("after the end"), false)
	batch = AppendOutput(batch, b, []byte("after hanging up"), false)
	if err := l.Receive(batch); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"+OK\r\n and closed"}, got); diff != "" {
		t.Error(diff)
	}
	if l.Send(a, []byte("PING\r\n")) {
		t.Error("a closed client can still send")
	}
	var kinds []Kind
	for _, f := range l.requests {
		kinds = append(kinds, f.Kind)
	}
	if diff := cmp.Diff([]Kind{KindConnect, KindConnect, KindInput, KindDisconnect}, kinds); diff != "" {
		t.Error(diff)
	}
}

func TestEachCallIsAnsweredOnce(t *testing.T) {
	l := newLoopback()
	var log []string
	call := func(name string) uint32 {
		l.Control(OpState, nil, func(result []byte, err error) {
			if err != nil {
				log = append(log, name+": "+err.Error())
				return
			}
			log = append(log, name+" = "+string(result))
		})
		return l.requests[len(l.requests)-1].ID
	}
	first, second, third := call("first"), call("second"), call("third")
	batch := Append(nil, Frame{Kind: KindFailure, ID: second, Data: []byte("no such file")})
	batch = Append(batch, Frame{Kind: KindResult, ID: first, Data: []byte("1")})
	batch = Append(batch, Frame{Kind: KindResult, ID: first, Data: []byte("again")})
	batch = Append(batch, Frame{Kind: KindResult, ID: 99, Data: []byte("nobody's")})
	if err := l.Receive(batch); err != nil {
		t.Fatal(err)
	}
	l.Lost("out of memory")
	_ = third
	want := []string{"second: no such file", "first = 1", "third: the engine stopped before it answered: out of memory"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Error(diff)
	}
}

func TestLosingTheEngineClosesEveryClient(t *testing.T) {
	l := newLoopback()
	var closed []uint32
	l.OnOutput = func(client uint32, _ []byte, end bool) {
		if end {
			closed = append(closed, client)
		}
	}
	a, b := l.Connect("a"), l.Connect("b")
	l.Lost("gone")
	if diff := cmp.Diff([]uint32{a, b}, closed); diff != "" {
		t.Error(diff)
	}
	var err error
	l.Control(OpState, nil, func(_ []byte, e error) { err = e })
	l.Lost("again")
	if !errors.Is(err, ErrLost) {
		t.Errorf("got %v", err)
	}
	if c := l.Connect("c"); c == a || c == b {
		t.Error("an id is used twice")
	}
}

// Who is told that the engine is lost asks again and connects again: that is for
// the next one, which neither call nor client was lost with.
func TestWhatIsAskedWhenTheEngineIsLostIsForTheNext(t *testing.T) {
	l := newLoopback()
	failed, closed := 0, 0 // at most ten times: a mistake should not fill the memory
	var ask func([]byte, error)
	ask = func(_ []byte, err error) {
		if failed++; failed < 10 {
			l.Control(OpState, nil, ask)
		}
	}
	var again uint32
	l.OnOutput = func(uint32, []byte, bool) {
		if closed++; closed < 10 {
			again = l.Connect("again")
		}
	}
	l.Control(OpState, nil, ask)
	l.Connect("first")
	l.requests = nil
	l.Lost("gone")
	if failed != 1 || closed != 1 {
		t.Errorf("one call and one client were lost, and %d failed, %d were closed", failed, closed)
	}
	if n := len(l.requests); n != 2 || l.requests[0].Kind != KindControl || l.requests[1].Kind != KindConnect {
		t.Errorf("the next engine gets %d requests: %+v", n, l.requests)
	}
	if !l.Send(again, []byte("PING")) {
		t.Error("the new client is closed")
	}
}

// No engine follows: it is said once, who asks or connects later hears it, too, and
// nothing is sent to nobody.
func TestAfterTheLastEngineEverythingFails(t *testing.T) {
	l := newLoopback()
	var notices []Notice
	l.OnNotice = func(kind Notice, _ string) { notices = append(notices, kind) }
	var closed []uint32
	l.OnOutput = func(client uint32, _ []byte, end bool) {
		if end {
			closed = append(closed, client)
		}
	}
	var errs []error
	heard := func(_ []byte, err error) { errs = append(errs, err) }
	first := l.Connect("first")
	l.Control(OpState, nil, heard)
	l.requests = nil
	l.Over("it dies at every start")
	l.Over("the engine is closed")
	l.Control(OpState, nil, heard)
	second := l.Connect("second")
	if l.Send(second, []byte("PING")) {
		t.Error("a client can send")
	}
	if diff := cmp.Diff([]uint32{first, second}, closed); diff != "" {
		t.Error(diff)
	}
	if len(errs) != 2 || !errors.Is(errs[0], ErrLost) || !errors.Is(errs[1], ErrLost) || errs[1].Error() != "the engine stopped before it answered: it dies at every start" {
		t.Errorf("the calls were told %q", errs)
	}
	if diff := cmp.Diff([]Notice{NoticeOver}, notices); diff != "" {
		t.Error(diff)
	}
	if len(l.requests) != 0 {
		t.Errorf("sent to nobody: %+v", l.requests)
	}
}

func TestRequestsMadeTogetherTravelTogether(t *testing.T) {
	var batches [][]byte
	var queued []func()
	c := NewConn(func(b []byte) { batches = append(batches, bytes.Clone(b)) }, func(f func()) { queued = append(queued, f) })
	id := c.Connect("a")
	for range 100 {
		c.Send(id, []byte("PING\r\n"))
	}
	if len(batches) != 0 || len(queued) != 1 {
		t.Fatalf("%d batches before the microtask, %d microtasks", len(batches), len(queued))
	}
	queued[0]()
	c.Flush()
	if len(batches) != 1 {
		t.Fatalf("%d batches", len(batches))
	}
	n := 0
	for b := batches[0]; len(b) > 0; n++ {
		var err error
		if _, b, err = Next(b); err != nil {
			t.Fatal(err)
		}
	}
	if n != 101 {
		t.Errorf("%d frames, want 101", n)
	}
}

// FuzzReceive: no batch, however wrong, panics or is read beyond its end.
func FuzzReceive(f *testing.F) {
	f.Add(Append(nil, Frame{Kind: KindOutput, ID: 1, Data: []byte("+OK\r\n")}))
	f.Add(Append(nil, Frame{Kind: KindResult, ID: 1, Data: State{Name: "x"}.Append(nil)}))
	f.Add(Append(nil, Frame{Kind: KindResult, ID: 1, Data: Account{Keys: []KeyFate{{Key: []byte("k"), Fate: Lost}}}.Append(nil)}))
	f.Fuzz(func(t *testing.T, batch []byte) {
		c := NewConn(func([]byte) {}, nil)
		c.Connect("a")
		c.Control(OpState, nil, func(b []byte, _ error) {
			_, _ = ReadState(b)
			_, _ = ReadFiles(b)
			_, _ = ReadFileContent(b)
			_, _ = ReadAccount(b)
		})
		c.OnOutput = func(uint32, []byte, bool) {}
		c.OnEvents = func([]byte) {}
		_ = c.Receive(batch)
	})
}
