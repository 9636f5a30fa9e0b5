package browsertest

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// The promise of each policy, kept by killing the whole browser with SIGKILL at
// random moments of writing, rewriting, saving and starting, and comparing what
// the next one finds with what the page was told. make kills does it for longer.
//
// Every client of a round appends 0, 1, 2 ... to lists of its own, each as soon
// as the last is acknowledged; every second client appends to two lists in one
// transaction. A counter in the page stamps what is sent and what is
// acknowledged, so that it is known which writes came before which others.
func TestAKilledBrowserLosesOnlyWhatThePolicyAllows(t *testing.T) {
	t.Parallel()
	kills, seed := number(t, "KILLS", 3), number(t, "SEED", uint64(time.Now().UnixNano())%1e9)
	t.Logf("make kills KILLS=%d SEED=%d does it again, as far as timing lets it", kills, seed)
	for i, p := range []policy{
		{name: "always", query: "appendfsync=always", loses: false},
		{name: "everysec", query: "appendfsync=everysec", loses: true},
		{name: "no", query: "appendfsync=no", loses: true, longer: true},
		{name: "RDB only", query: "appendonly=no&config.save=", saves: true, loses: true},
		{name: "RDB only, save points", query: "appendonly=no&config.save=1+1", snapshots: true, loses: true, longer: true},
	} {
		if p.longer && kills < 4 {
			continue // the same files as others: the longer run has it
		}
		t.Run(p.name, func(t *testing.T) {
			r := run{t: t, policy: p, random: rand.New(rand.NewPCG(seed, uint64(i))), profile: t.TempDir(), origin: site(t)}
			r.start()
			for n := range kills {
				r.round()
				if n%20 == 19 || n == kills-1 {
					t.Log(r.figures.String())
				}
			}
			r.b.kill()
			if r.figures.acknowledged < enough*int(kills) {
				t.Errorf("only %d writes were acknowledged: the test says little", r.figures.acknowledged)
			}
			if p.saves && r.figures.survived == r.figures.acknowledged {
				t.Error("everything survived without an AOF: the disk of this test is no disk")
			}
		})
	}
}

// enough writes are acknowledged before a kill that says something.
const enough = 10

// number is an environment variable, or else the default.
func number(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

type policy struct {
	name, query string
	saves       bool // only what SAVE and BGSAVE have saved survives
	snapshots   bool // only what save points have saved survives
	loses       bool // an acknowledged write may be lost
	longer      bool // only in a longer run
}

// run is one profile that is killed again and again.
type run struct {
	t       *testing.T
	policy  policy
	random  *rand.Rand
	profile string
	origin  string
	b       *browser
	rounds  int
	figures figures
}

type figures struct {
	kills, starting, busy  int // in all; during a start; during a rewrite or snapshot
	acknowledged, survived int
	unacknowledged         int // survived, and the test had not been told yet
	worstWrites            int
	worst                  time.Duration
}

func (f *figures) String() string {
	return fmt.Sprintf("%d kills (%d during a rewrite or snapshot) and %d more during the start after it; %d writes acknowledged, %d of them survived, %d lost; most lost by one kill: %d writes, the oldest acknowledged %.2f s before it; %d survived whose acknowledgement the test had not heard of",
		f.kills, f.busy, f.starting, f.acknowledged, f.survived, f.acknowledged-f.survived, f.worstWrites, f.worst.Seconds(), f.unacknowledged)
}

// told is what the page has been told by the server.
type told struct {
	Rows    [][5]int64 // client, number, stamp when sent, stamp when acknowledged, milliseconds since 1970
	Stamp   int64
	Durable int64      // stamp: what was acknowledged by then is on disk, as far as the page knows
	Busy    string     // the rewrite or snapshot under way
	Saves   [][2]int64 // stamps before and after SAVE or BGSAVE; 0: not answered
	Error   string
}

// load begins the writing of a round.
const load = `((round, clients, seed, policy) => {
	const random = () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
	const sleep = (ms) => new Promise((r) => setTimeout(r, ms));
	let stamp = 0, durable = 0, busy = "", rows = [], error = "";
	const saves = [], seen = [], heard = []; // heard: engine time and stamp of acknowledgements
	everysec.on("job", (j) => (busy = j.phase === "started" || j.phase === "running" ? j.kind : ""));
	// An event may be older than acknowledgements that came before it: what was
	// acknowledged by the event's own time is on disk as soon as change is.
	everysec.on("durability", (d) => {
		let then = 0;
		while (heard.length && heard[0][0] < d.now - 5000) then = heard.shift()[1];
		if (then) seen.push([d.acknowledged, then]);
		const onDisk = policy === "aof" ? d.synced : d.snapshotChange;
		while (seen.length && seen[0][0] <= onDisk) durable = seen.shift()[1];
	});
	(function tell() {
		report(JSON.stringify({ Rows: rows, Stamp: stamp, Durable: durable, Busy: busy, Saves: saves, Error: error }));
		rows = [];
		setTimeout(tell, 4);
	})();
	const write = async (c) => {
		const client = everysec.connect("writer " + c);
		const a = "a:" + round + ":" + c, b = "b:" + round + ":" + c;
		for (let i = 0; ; i++) {
			const value = i + ":" + "x".repeat(c % 3 === 2 ? random() * 3000 : 0);
			const sent = ++stamp;
			if (c % 2) await client.pipeline([["MULTI"], ["RPUSH", a, value], ["RPUSH", b, value], ["EXEC"]]);
			else await client.command("RPUSH", a, value);
			rows.push([c, i, sent, ++stamp, Date.now()]);
			heard.push([(performance.timeOrigin + performance.now()) * 1000, stamp]);
		}
	};
	const disturb = async () => {
		const client = everysec.connect("disturber");
		for (;;) {
			await sleep(random() * 900);
			if (policy === "aof") await client.command("BGREWRITEAOF").catch(() => {}); // one may be under way
			if (policy === "saves") {
				const save = [++stamp, 0];
				saves.push(save);
				await client.command(random() < 0.5 ? "SAVE" : "BGSAVE").catch(() => {});
				save[1] = ++stamp;
			}
		}
	};
	// Something to rewrite and to save, which takes a while.
	everysec.command("DEBUG", "POPULATE", String(Math.floor(random() * 30000)), "ballast", "300");
	for (let c = 0; c < clients; c++) write(c).catch((e) => (error = String(e)));
	if (policy !== "rdb") disturb().catch((e) => (error = String(e)));
})`

// found tells how far the lists of a round go; it throws if they hold anything
// but 0, 1, 2 ..., or half a transaction.
const found = `(async (round, clients) => {
	const lengths = [];
	for (let c = 0; c < clients; c++) {
		const [a, b] = await everysec.pipeline(["a:", "b:"].map((k) => ["LRANGE", k + round + ":" + c, "0", "-1"]));
		a.forEach((v, i) => { if (parseInt(v) !== i) throw new Error("client " + c + " wrote " + i + " and there is " + v); });
		if (c % 2 ? JSON.stringify(a) !== JSON.stringify(b) : b.length) throw new Error("client " + c + ": half a transaction: " + a.length + " and " + b.length);
		lengths.push(a.length);
	}
	await everysec.command("FLUSHALL");
	const is = Object.fromEntries((await everysec.pipeline(["appendonly", "appendfsync"].map((d) => ["CONFIG", "GET", d]))));
	if (is.appendonly === "no") await everysec.command("SAVE");
	else {
		// Under the policy no, nothing would ever be synced.
		await everysec.command("CONFIG", "SET", "appendfsync", "everysec");
		await everysec.command("WAITAOF", "1", "0", "0");
		await everysec.command("CONFIG", "SET", "appendfsync", is.appendfsync);
	}
	return lengths;
})`

// start launches a browser on the files, now and then with another one before
// it that is killed while it starts.
func (r *run) start() {
	path := "/?store=idb://kill&config." + r.policy.query
	if r.rounds > 0 && r.random.IntN(3) == 0 {
		first := launch(r.t, r.profile, r.origin)
		first.run(chromedp.Evaluate(fmt.Sprintf("location = %q; true", r.origin+path), nil))
		time.Sleep(time.Duration(r.random.Int64N(int64(700 * time.Millisecond))))
		first.kill()
		r.figures.starting++
	}
	r.b = launch(r.t, r.profile, r.origin)
	r.b.run(runtime.AddBinding("report"))
	r.b.open(path)
	var refusal string
	r.b.eval(`(async () => {
		for (;;) {
			const state = await everysec.state();
			if (state.phase === "running") return state.store === "indexeddb" ? "" : state.storeText;
			if (state.phase !== "loading") return state.phase + ": " + state.error;
			await new Promise((r) => setTimeout(r, 5));
		}
	})()`, &refusal)
	if refusal != "" {
		r.t.Fatalf("round %d: the server does not start on what the kill left: %s", r.rounds, refusal)
	}
}

// round writes, kills, starts again and compares.
func (r *run) round() {
	t := r.t
	t.Helper()
	r.rounds++
	clients := 1 + r.random.IntN(6)
	kind := "aof"
	switch {
	case r.policy.saves:
		kind = "saves"
	case r.policy.snapshots:
		kind = "rdb"
	}
	var all told
	r.b.mu.Lock()
	r.b.reported = func(payload string) {
		var more told
		if err := json.Unmarshal([]byte(payload), &more); err != nil {
			t.Error(err)
			return
		}
		more.Rows = append(all.Rows, more.Rows...)
		all = more
	}
	r.b.mu.Unlock()
	r.b.eval(fmt.Sprintf("%s(%d, %d, %d, %q); true", load, r.rounds, clients, r.random.Int32(), kind), nil)
	time.Sleep(100*time.Millisecond + time.Duration(r.random.Int64N(int64(3*time.Second))))
	r.b.mu.Lock()
	// A slow machine has not written much by then.
	for end := time.Now().Add(time.Minute); len(all.Rows) < enough && time.Now().Before(end); {
		r.b.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
		r.b.mu.Lock()
	}
	r.b.kill()
	killed := time.Now()
	r.b.reported = nil
	r.b.mu.Unlock()
	r.figures.kills++
	if all.Busy != "" {
		r.figures.busy++
	}
	if all.Error != "" {
		t.Fatalf("round %d: writing: %s", r.rounds, all.Error)
	}
	r.start()
	var lengths []int64
	r.b.eval(fmt.Sprintf("%s(%d, %d)", found, r.rounds, clients), &lengths)
	r.compare(&all, lengths, killed)
}

// compare holds what was told against what is there.
func (r *run) compare(all *told, lengths []int64, killed time.Time) {
	t := r.t
	fail := func(format string, args ...any) {
		t.Helper()
		t.Errorf("round %d: %s", r.rounds, fmt.Sprintf(format, args...))
	}
	told := make([]int64, len(lengths))
	var lost int
	var oldest time.Duration
	var newest int64 // stamp when the newest of the survivors was sent, or before
	firstLost := int64(1 << 60)
	afterAck := make([]int64, len(lengths)) // stamp of the newest acknowledgement
	for _, row := range all.Rows {
		c, i, sent, acknowledged, at := row[0], row[1], row[2], row[3], row[4]
		told[c] = i + 1
		afterAck[c] = acknowledged
		r.figures.acknowledged++
		if i < lengths[c] {
			r.figures.survived++
			newest = max(newest, sent)
			continue
		}
		lost++
		firstLost = min(firstLost, acknowledged)
		oldest = max(oldest, killed.Sub(time.UnixMilli(at)))
		switch {
		case !r.policy.loses:
			fail("client %d's write %d was acknowledged and is lost", c, i)
		case acknowledged <= all.Durable:
			fail("client %d's write %d was known to be on disk and is lost", c, i)
		}
	}
	for c, n := range lengths {
		if n > told[c] {
			r.figures.unacknowledged += int(n - told[c])
			newest = max(newest, afterAck[c]) // it was sent after that
		}
	}
	// What came back is a prefix of what happened: nothing that was acknowledged
	// before something else that survived was sent is missing.
	if firstLost < newest {
		fail("a write acknowledged at %d is lost, one sent at %d or later is there", firstLost, newest)
	}
	if r.policy.saves {
		r.snapshot(all, firstLost, newest, fail)
	}
	if lost > 0 {
		r.figures.worstWrites = max(r.figures.worstWrites, lost)
		r.figures.worst = max(r.figures.worst, oldest)
	}
}

// snapshot finds the SAVE or BGSAVE whose image this is: all that was
// acknowledged before it was sent, nothing that was sent after its reply.
func (r *run) snapshot(all *told, firstLost, newest int64, fail func(string, ...any)) {
	if newest == 0 {
		return // as before the round; that no snapshot had been finished then is checked by Durable
	}
	unheard := [2]int64{all.Stamp, 0} // one that was sent after the last word
	if !slices.ContainsFunc(append(all.Saves, unheard), func(s [2]int64) bool {
		return firstLost > s[0] && (s[1] == 0 || newest < s[1])
	}) {
		fail("the first lost write was acknowledged at %d, the newest survivor sent at %d or later: no snapshot of %v is like that",
			firstLost, newest, strings.TrimSpace(fmt.Sprint(all.Saves)))
	}
}
