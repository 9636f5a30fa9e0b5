package run

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/engine/resp"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
	"everysec/wasm/idb/idbtest"
	"everysec/wasm/playground/host"
)

// A world is what is around a recorder in a browser, with all its whims: a
// stopwatch that shows anything, a store that ends its transactions when it
// likes and sometimes fails, users who do what comes to their minds.
type world struct {
	t        *testing.T
	random   *rand.Rand
	recorder *Recorder
	wall     int64
	watch    int64
	idbtest.Store
	transactions []transaction
	asked        []idb.Ask

	users  []*user
	posted uint64 // a hash of all that was posted
	marks  []mark
}

type transaction struct {
	number uint32
	ops    []byte
}

// mark is a moment that is remembered.
type mark struct {
	entries             int
	fingerprint, posted uint64
}

// user is a channel.
type user struct {
	conn    *bridge.Conn
	clients []uint32
	closed  map[uint32]bool
	output  []byte
	notices []bridge.Notice
}

func begin(t *testing.T, seed uint64, config ...[2]string) *world {
	t.Helper()
	w := &world{t: t, random: rand.New(rand.NewPCG(seed, 1)), wall: 1_700_000_000_000_000}
	w.recorder = New(host.Options{
		Post: w.post,
		Commit: func(n uint32, ops []byte) {
			w.transactions = append(w.transactions, transaction{n, bytes.Clone(ops)})
		},
		Ask:       func(what idb.Ask) { w.asked = append(w.asked, what) },
		Stopwatch: func() int64 { w.watch = max(w.watch, w.wall) + w.random.Int64N(9); return w.watch },
	})
	for id := range 2 {
		u := &user{closed: map[uint32]bool{}}
		u.conn = bridge.NewConn(func(batch []byte) {
			message := append(binary.LittleEndian.AppendUint32(nil, uint32(id)), batch...)
			w.recorder.Exec(message, w.wall)
			for i := range message {
				message[i] = 0xee // it is the caller's again
			}
		}, nil)
		u.conn.OnOutput = func(client uint32, data []byte, closed bool) {
			u.output = append(u.output, data...)
			u.closed[client] = u.closed[client] || closed
		}
		u.conn.OnNotice = func(kind bridge.Notice, _ string) { u.notices = append(u.notices, kind) }
		w.users = append(w.users, u)
	}
	settings := bridge.Record(nil).String("idb://test").Int(int64(seed)).Int(int64(len(config)))
	for _, pair := range config {
		settings = settings.String(pair[0]).String(pair[1])
	}
	w.recorder.Configure(settings)
	w.recorder.Stored(w.Image(idb.Kept, ""), w.wall)
	w.pass(100_000)
	return w
}

// hash goes on with a hash.
func hash(h uint64, b []byte) uint64 {
	f := fnv.New64a()
	f.Write(binary.LittleEndian.AppendUint64(nil, h))
	f.Write(b)
	return f.Sum64()
}

func (w *world) post(batch []byte) {
	w.posted = hash(w.posted, batch)
	if err := w.users[binary.LittleEndian.Uint32(batch)].conn.Receive(bytes.Clone(batch[channelBytes:])); err != nil {
		w.t.Error(err)
	}
}

// pass lets time pass, and the store do what it has to.
func (w *world) pass(micros int64) {
	for end := w.wall + micros; w.wall < end; {
		w.wall = min(end, w.wall+min(max(w.recorder.Delay(), 1), 20_000))
		w.recorder.Tick(w.wall)
		w.store("")
	}
}

func (w *world) store(failure string) {
	for len(w.transactions) > 0 {
		t := w.transactions[0]
		w.transactions = w.transactions[1:]
		if failure == "" {
			w.Apply(w.t, t.ops)
		}
		w.recorder.Committed(t.number, failure, w.wall)
	}
	for len(w.asked) > 0 {
		w.asked = w.asked[1:]
		w.recorder.Stored(w.Image(idb.Kept, ""), w.wall)
	}
}

func (w *world) mark() {
	w.t.Helper()
	w.marks = append(w.marks, mark{w.recorder.log.entries, fingerprint(w.t, w.recorder.live), w.posted})
}

func fingerprint(t *testing.T, s *stage) uint64 {
	t.Helper()
	v, err := s.host.Fingerprint()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// live does something at random.
func (w *world) live() {
	u := w.users[w.random.IntN(len(w.users))]
	control := func(op bridge.Op, payload bridge.Record) { u.conn.Control(op, payload, nil) }
	switch n := w.random.IntN(100); {
	case n < 8 || len(u.clients) == 0:
		u.clients = append(u.clients, u.conn.Connect([]string{"redis", "worker-A", unseen}[w.random.IntN(3)]))
	case n < 10:
		u.conn.Disconnect(u.clients[w.random.IntN(len(u.clients))])
	case n < 60:
		var data []byte
		for range 1 + w.random.IntN(4) {
			data = resp.AppendCommand(data, w.words()...)
		}
		if w.random.IntN(10) == 0 {
			data = data[:w.random.IntN(len(data))] // the rest never comes, or makes no sense
		}
		u.conn.Send(u.clients[w.random.IntN(len(u.clients))], data)
	case n < 70:
		u.conn.Credit(1)
	case n < 86:
		w.pass(w.random.Int64N(400_000))
	case n < 88:
		w.store("QuotaExceededError: no room")
	case n < 90:
		control(bridge.OpPause+bridge.Op(w.random.IntN(2)), nil)
	case n < 91:
		control(bridge.OpSpeed, bridge.Record(nil).Number([]float64{0.1, 1, 10, 100}[w.random.IntN(4)]))
	case n < 93:
		control(bridge.OpAdvance, bridge.Record(nil).Int(w.random.Int64N(5_000_000)))
	case n < 94:
		control(bridge.OpResync, nil)
	case n < 96:
		control(bridge.OpStep, nil)
	case n < 98:
		control(bridge.OpCrash, bridge.Record(nil).Byte(uint8(w.random.IntN(3))).Int(w.random.Int64N(1000)))
		if w.random.IntN(3) > 0 {
			w.pass(w.random.Int64N(100_000))
		}
		control(bridge.OpRestart, nil)
		w.pass(50_000)
	case n < 99 && w.random.IntN(3) == 0:
		control(bridge.OpCrash, bridge.Record(nil).Byte(uint8(w.random.IntN(3))).Int(w.random.Int64N(1000)).Byte(uint8(w.random.IntN(7))).Int(1+w.random.Int64N(20)))
	case n < 99 && w.random.IntN(2) == 0:
		control(bridge.OpFault, bridge.Record(nil).Byte(uint8(w.random.IntN(5))).Int(w.random.Int64N(3)))
	case n < 99:
		control(bridge.OpFreeSpace, bridge.Record(nil).Int(w.random.Int64N(100_000)-1))
	default:
		control([]bridge.Op{bridge.OpErase, bridge.OpCopy, bridge.OpExport, bridge.OpTakeOver}[w.random.IntN(4)], nil)
	}
}

func (w *world) words() [][]byte {
	key := fmt.Sprintf("k%d", w.random.IntN(40))
	lines := []string{
		"SET " + key + " " + strings.Repeat("v", w.random.IntN(300)),
		fmt.Sprintf("SET %s v PX %d", key, 1+w.random.IntN(3000)), "INCR n", "GET " + key, "DEL " + key,
		fmt.Sprintf("RPUSH l%s %d", key, w.random.IntN(1000)), "LPOP l" + key, "HSET h" + key + " f" + key + " v", fmt.Sprintf("ZADD z %d %s", w.random.IntN(100), key),
		"SADD s " + key, "SPOP s", "XADD x * f " + key, "PFADD p " + key, "BLPOP nowhere 1", "BLPOP l" + key + " 2", "MULTI", "EXEC",
		"EVAL redis.call('INCR','n')return(redis.call('TIME')) 0", "EVAL local(t)=0;for(i)=1,100000(do)t=t+i(end)return(t) 0",
		"BGSAVE", "BGREWRITEAOF", "SAVE", "CONFIG SET appendfsync always", "CONFIG SET appendfsync everysec", "CONFIG SET latency-monitor-threshold 1",
		"CONFIG SET maxmemory 1500000", "CONFIG SET maxmemory-policy allkeys-random", "INFO", "INFO commandstats", "SLOWLOG GET", "CONFIG SET slowlog-log-slower-than 1",
		"RANDOMKEY", "SRANDMEMBER s", "SCAN 0", "CLIENT LIST", "SUBSCRIBE ch", "PUBLISH ch hello", "MONITOR", "DEBUG SLEEP 0.2", "DEBUG DIGEST", "DEBUG POPULATE 500", "SHUTDOWN NOSAVE",
		"EXPIRE " + key + " 1", "FLUSHALL", "SWAPDB 0 1", "SELECT 1", "SELECT 0", "MEMORY USAGE " + key, "OBJECT ENCODING " + key, "WATCH " + key,
	}
	var words [][]byte
	for _, word := range strings.Fields(lines[w.random.IntN(len(lines))]) {
		words = append(words, []byte(strings.NewReplacer("(", " ", ")", " ").Replace(word)))
	}
	return words
}

// play plays a log, and looks at each of the marks; look is called after every
// entry.
func play(t *testing.T, r *Recorder, log *Log, marks []mark, look func(s *stage)) {
	t.Helper()
	s := r.stage(&reader{log: log})
	posted := uint64(0)
	s.hear = func(batch []byte) { posted = hash(posted, batch) }
	for s.in.played < log.entries {
		if _, err := s.play(); err != nil {
			t.Fatal(err)
		}
		if s.in.strayed {
			t.Fatalf("entry %d: the stopwatch is read more or less often", s.in.played)
		}
		look(s)
		for len(marks) > 0 && marks[0].entries == s.in.played {
			if got := fingerprint(t, s); got != marks[0].fingerprint {
				t.Fatalf("entry %d: other data", s.in.played)
			}
			if posted != marks[0].posted {
				t.Fatalf("entry %d: something else was posted", s.in.played)
			}
			marks = marks[1:]
		}
	}
	if len(marks) > 0 {
		t.Fatalf("%d marks were not met", len(marks))
	}
}

func nothing(*stage) {}

const seeds = 8

// Played again, a run gives the same bytes: in memory, in the files, to the page.
func TestARunIsPlayedToTheSameBytes(t *testing.T) {
	for seed := range uint64(seeds) {
		w := begin(t, seed)
		for range 300 {
			w.live()
			w.mark()
		}
		play(t, w.recorder, w.recorder.log, w.marks, nothing)
		play(t, w.recorder, w.recorder.log, w.marks, func(s *stage) {
			var b event.Batch
			s.host.Look(&b)
			for db, cursor, more := 0, uint64(0), true; more; {
				db, cursor, more = s.host.LookAtKeys(&b, db, cursor)
			}
			for _, op := range []bridge.Op{bridge.OpState, bridge.OpFiles, bridge.OpExport, bridge.OpTable} {
				_, _ = s.host.Ask(op, bridge.Record(nil).Int(0))
			}
		})
	}
}

// call makes an operation and returns its result, which is there at once.
func (w *world) call(op bridge.Op, payload bridge.Record) []byte {
	w.t.Helper()
	var result []byte
	var failure error
	done := false
	w.users[0].conn.Control(op, payload, func(b []byte, err error) { result, failure, done = bytes.Clone(b), err, true })
	if !done || failure != nil {
		w.t.Fatalf("operation %d: %v, answered: %v", op, failure, done)
	}
	return result
}

// seek goes to a moment.
func (w *world) seek(number int) bridge.Moment {
	w.t.Helper()
	for {
		m, err := bridge.ReadMoment(w.call(bridge.OpRunSeek, bridge.Record(nil).Int(int64(number))))
		if err != nil {
			w.t.Fatal(err)
		}
		if m.Reached {
			if m.Warning != "" {
				w.t.Fatal(m.Warning)
			}
			return m
		}
	}
}

// A saved run ends as it did, on a machine that knows nothing but the file.
func TestASavedRunEndsAsItDid(t *testing.T) {
	for seed := range uint64(seeds / 2) {
		w := begin(t, 100+seed)
		for range 200 {
			w.live()
		}
		want := fingerprint(t, w.recorder.live)
		file := bridge.Read(w.call(bridge.OpRunSave, nil)).Bytes()

		other := begin(t, 999)
		other.users[1].conn.Connect("redis")
		other.call(bridge.OpRunLoad, bridge.Record(nil).Bytes(file))
		other.seek(-1)
		if got := fingerprint(t, other.recorder.past.stage); got != want {
			t.Fatalf("seed %d: the run ends with other data", seed)
		}
		other.call(bridge.OpRunBranch, nil)
		for _, u := range other.users {
			if last := u.notices[len(u.notices)-1]; last != bridge.NoticeRun {
				t.Errorf("a page was told %d", last)
			}
		}
		if !other.users[1].closed[1] {
			t.Error("the client of the run before is still connected")
		}
		other.goesOn()
	}
}

// goesOn checks that a branch lives: commands are answered, the store holds
// what the disk does, and all of it can be played again.
func (w *world) goesOn() {
	w.t.Helper()
	u := w.users[1]
	state, err := bridge.ReadState(w.call(bridge.OpState, nil))
	if err != nil {
		w.t.Fatal(err)
	}
	if state.Paused {
		w.call(bridge.OpResume, nil)
	}
	if state.Phase == bridge.PhaseDown {
		u.conn.Control(bridge.OpRestart, nil, nil)
	}
	w.call(bridge.OpFault, bridge.Record(nil).Byte(uint8(bridge.NoFault)).Int(0))
	w.pass(40_000_000)
	u.output = nil
	c := u.conn.Connect("redis")
	u.conn.Send(c, resp.AppendCommand(nil, []byte("SET"), []byte("present"), []byte("here")))
	w.pass(40_000_000)
	if got := string(u.output); got != "+OK\r\n" {
		w.t.Fatalf("a SET after the branch is answered %q", got)
	}
	w.mark()
	play(w.t, w.recorder, w.recorder.log, nil, nothing)

	disk, err := vfs.Load(w.Content, vfs.Options{})
	if err != nil {
		w.t.Fatal(err)
	}
	files, err := bridge.ReadFiles(w.call(bridge.OpFiles, nil))
	if err != nil {
		w.t.Fatal(err)
	}
	named := map[string]bool{}
	for _, f := range files {
		named[f.Name] = true
		has, err := bridge.ReadFileContent(w.call(bridge.OpReadFile, bridge.Record(nil).String(f.Name)))
		if err != nil {
			w.t.Fatal(err)
		}
		data, err := vfs.ReadFile(disk, f.Name)
		if f.Synced > 0 && (err != nil || !bytes.HasPrefix(data, has.Data[:f.Synced])) {
			w.t.Errorf("%s: the store holds %d bytes, %d are synced (%v)", f.Name, len(data), f.Synced, err)
		}
	}
	for _, f := range disk.Files() {
		if !named[f.Name] {
			w.t.Errorf("the store still holds %s", f.Name)
		}
	}
}

// Any moment can be looked at, in any order, and be gone on from; what was left
// can be gone back to.
func TestAMomentBecomesThePresent(t *testing.T) {
	for seed := range uint64(seeds / 2) {
		w := begin(t, 200+seed)
		for range 150 {
			w.live()
			w.mark()
		}
		end := fingerprint(t, w.recorder.live)
		w.call(bridge.OpRunOpen, nil)
		last := w.seek(-1)
		if got := fingerprint(t, w.recorder.past.stage); got != end {
			t.Fatalf("seed %d: the end is not the present", seed)
		}
		at := map[int]uint64{}
		for range 12 {
			n := w.random.IntN(int(last.Last) + 1)
			m := w.seek(n)
			print := fingerprint(t, w.recorder.past.stage)
			if was, seen := at[n]; seen && was != print {
				t.Fatalf("seed %d: moment %d is another one now", seed, n)
			}
			at[n] = print
			if m.Number != int64(n) || m.Text == "" && m.Kinds&bridge.MomentCommands == 0 {
				t.Errorf("seed %d: moment %d is %+v", seed, n, m)
			}
			if w.random.IntN(2) == 0 && m.State.Phase == bridge.PhaseRunning {
				// It may hold the thread, load or refuse; to ask must not change what the moment is.
				w.call(bridge.OpRunTell, bridge.Record(nil).Bytes(resp.AppendCommand(nil, []byte("INCR"), []byte("n"))))
				w.seek(n)
				if fingerprint(t, w.recorder.past.stage) != print {
					t.Fatalf("seed %d: a command at moment %d has changed it", seed, n)
				}
			}
		}
		n := w.random.IntN(int(last.Last) + 1)
		w.seek(n)
		w.call(bridge.OpRunBranch, nil)
		w.goesOn()

		w.call(bridge.OpRunBefore, nil)
		w.seek(-1)
		if got := fingerprint(t, w.recorder.past.stage); got != end {
			t.Fatalf("seed %d: the run that was left ends otherwise", seed)
		}
		w.call(bridge.OpRunBranch, nil)
		w.goesOn()
	}
}

func TestMomentsAreTold(t *testing.T) {
	w := begin(t, 1)
	u := w.users[1]
	c := u.conn.Connect("redis")
	u.conn.Send(c, resp.AppendCommand(nil, []byte("SET"), []byte("k"), []byte("v"), []byte("PX"), []byte("5000")))
	u.conn.Send(u.conn.Connect("load-1"), resp.AppendCommand(nil, []byte("GET"), []byte("background")))
	u.conn.Send(u.conn.Connect(unseen), resp.AppendCommand(nil, []byte("GET"), []byte("background")))
	w.pass(1_500_000)
	u.conn.Control(bridge.OpPause, nil, nil)
	u.conn.Control(bridge.OpStep, nil, nil)
	u.conn.Control(bridge.OpStep, nil, nil)
	u.conn.Control(bridge.OpCrash, bridge.Record(nil).Byte(uint8(bridge.PowerCut)).Int(1), nil)
	w.call(bridge.OpRunOpen, nil)
	last := w.seek(-1)
	var texts []string
	for n := range last.Last + 1 {
		texts = append(texts, w.seek(int(n)).Text)
	}
	got := strings.Join(texts, "\n")
	for _, want := range []string{
		"a client connects\nredis: SET k v PX 5000",
		"an fsync has ended: 1 more write is on the disk",
		"engine time stands still\n",
		"1 key has expired",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is missing in:\n%s", want, got)
		}
	}
	if strings.Contains(got, "background") {
		t.Errorf("what nobody typed is a moment:\n%s", got)
	}
	if !strings.HasSuffix(got, "the server is gone") {
		t.Errorf("the end is missing in:\n%s", got)
	}
}

// Whatever is done to a file, it is refused with words, or played to an end.
func TestADamagedFileIsRefused(t *testing.T) {
	w := begin(t, 5)
	for range 60 {
		w.live()
	}
	file := bridge.Read(w.call(bridge.OpRunSave, nil)).Bytes()
	refused := func(what string, b []byte, words string) {
		t.Helper()
		_, _, err := readFile(b)
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", what, err)
		}
	}
	refused("nothing", nil, "not the file of a run")
	refused("another file", []byte(strings.Repeat("REDIS0011", 9)), "not the file of a run")
	newer := bytes.Clone(file)
	newer[len(magic)] = 9
	refused("a newer version", newer, "version 9")
	for range 200 {
		b := bytes.Clone(file)
		at := 16 + w.random.IntN(len(b)-16)
		b[at] ^= 1 << w.random.IntN(8)
		refused("a flipped bit", b, "checksum at offset")
	}
	// The same with a checksum that fits.
	for range 200 {
		l, _, err := readFile(bytes.Clone(file))
		if err != nil {
			t.Fatal(err)
		}
		chunk := l.chunks[0]
		l.chunks[0] = chunk[:w.random.IntN(len(chunk))]
		s := w.recorder.stage(&reader{log: l})
		for s.in.played < l.entries && err == nil {
			_, err = s.play()
		}
		if err == nil || !strings.Contains(err.Error(), "damaged: entry") || !strings.Contains(err.Error(), "offset") {
			t.Fatalf("cut at %d: %v", len(l.chunks[0]), err)
		}
	}
}

// A record that is full ends, and says so; the run goes on, and what was recorded
// can be played and saved.
func TestAFullRecordEnds(t *testing.T) {
	w := begin(t, 6)
	c := w.users[1].conn.Connect("redis")
	value := bytes.Repeat([]byte("x"), 4<<20)
	send := func(i int) {
		w.users[1].conn.Send(c, resp.AppendCommand(nil, []byte("SET"), fmt.Appendf(nil, "k%d", i%3), value))
		w.pass(20_000)
	}
	i := 0
	var entries int
	var last uint64
	for ; !w.recorder.log.full; i++ {
		entries, last = w.recorder.log.entries, fingerprint(t, w.recorder.live)
		send(i)
	}
	state, err := bridge.ReadRunState(w.call(bridge.OpRunState, nil))
	if err != nil || !state.Full || state.Bytes > Limit || state.Bytes < Limit-8<<20 {
		t.Errorf("%d bytes are recorded: %+v (%v)", w.recorder.log.size, state, err)
	}
	if w.recorder.log.entries != entries {
		t.Fatalf("%d entries, and not %d: something was recorded after the end", w.recorder.log.entries, entries)
	}
	w.users[1].output = nil
	send(i)
	if got := string(w.users[1].output); got != "+OK\r\n" {
		t.Errorf("after the end of the record the server answers %q", got)
	}
	w.call(bridge.OpRunLoad, bridge.Record(nil).Bytes(bridge.Read(w.call(bridge.OpRunSave, nil)).Bytes()))
	w.seek(-1)
	if got := fingerprint(t, w.recorder.past.stage); got != last {
		t.Error("the record does not end where it ended")
	}
}
