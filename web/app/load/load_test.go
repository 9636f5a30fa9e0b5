package load

import (
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"everysec/engine/resp"
	"everysec/engine/servertest"
)

const second = 1_000_000

// run drives a load against a server that answers at once, but for the time
// from held to free. It returns when the clock shows end.
func run(t *testing.T, s Settings, held, free, end int64) *Load {
	t.Helper()
	const begin = 1000 * second
	l := New(s, begin)
	for i := range l.clients {
		l.Connected(i, uint32(i+1), 15)
		if server, ours := l.Receive(uint32(i+1), []byte("+OK\r\n:"+itoa(int64(50+i))+"\r\n+OK\r\n"), begin); !ours || server != uint64(50+i) {
			t.Fatalf("client %d is the server's %d, %v", i, server, ours)
		}
	}
	type waiting struct {
		client  uint32
		replies int
	}
	var queue []waiting
	answer := func(at int64) {
		for _, w := range queue {
			l.Receive(w.client, []byte(strings.Repeat("+OK\r\n", w.replies)), at)
		}
		queue = queue[:0]
	}
	for now := int64(begin); now < begin+end; now += Tick {
		if now >= begin+free {
			answer(max(begin+free, now-Tick+100))
		}
		for _, send := range l.Tick(now) {
			queue = append(queue, waiting{send.Client, len(commands(t, send.Data))})
		}
		if now < begin+held || now >= begin+free {
			answer(now + 150)
		}
	}
	return l
}

func commands(t *testing.T, data []byte) (list []string) {
	t.Helper()
	var r resp.Reader
	r.Feed(data)
	for {
		args, ok, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if !ok {
			return list
		}
		words := make([]string, len(args))
		for i, a := range args {
			words[i] = string(a)
		}
		list = append(list, strings.Join(words, " "))
	}
}

// A server that is held for a second is asked all the same, and all that was
// due in that second waits for what is left of it.
func TestAHeldServerOmitsNothing(t *testing.T) {
	s := Settings{Rate: 1000, Clients: 7, Keys: 10, Size: 10, Mix: Mix{Get: 1}}
	l := run(t, s, 2*second, 3*second, 5*second)
	if l.Sent != 4991 || l.Answered != 4991 || l.Late != 0 || l.Errors != 0 {
		t.Errorf("%d sent, %d answered, %d late, %d errors", l.Sent, l.Answered, l.Late, l.Errors)
	}
	points := l.Series.Points(nil, 0, 1005*second)
	if len(points) != 50 {
		t.Fatalf("%d points", len(points))
	}
	waited := int64(0)
	for i, p := range points {
		if i > 0 && p.Sent != 100 {
			t.Errorf("%d commands were due in interval %d", p.Sent, i)
		}
		// The tenths of the wall: the first waits a second, the last a tenth.
		least, most := int64(150), int64(155)
		if i >= 20 && i < 30 {
			least, most = int64(29-i)*100_000, int64(30-i)*104_000
			waited += p.Sent
		}
		if p.P50 < least || p.P50 > most || p.P99 < p.P50 || p.P999 < p.P99 || p.Max < p.P999 || p.Max > int64(30-i)*101_000 && p.Max != 150 {
			t.Errorf("interval %d: %+v, not from %d to %d", i, p, least, most)
		}
	}
	if waited != 1000 {
		t.Errorf("%d commands waited, and not all thousand", waited)
	}
	// As one: a fifth of the commands of five seconds waited, evenly up to a second.
	all := l.Series.Over(1000*second, 1005*second, 1005*second)
	if all.Sent != 4991 || all.P50 > 155 || all.P99 < 930_000 || all.P99 > 1_000_000 || all.Max < 990_000 {
		t.Errorf("%+v", all)
	}
}

// A wall is seen while it grows.
func TestWhatWaitsCountsSoFar(t *testing.T) {
	l := run(t, Settings{Rate: 100, Clients: 3, Keys: 1, Size: 1}, second, 9*second, 3*second)
	points := l.Series.Points(nil, 1001*second, 1003*second)
	if len(points) != 20 || points[0].Open != points[0].Sent || points[0].P50 < 1_800_000 || points[10].Max < 800_000 || points[10].Max > points[0].Max {
		t.Errorf("%d points, %+v", len(points), points[0])
	}
	clients, since := l.Waiting()
	if clients != 3 || since < 1001*second || since > 1001*second+30_000 {
		t.Errorf("%d clients wait since %d", clients, since)
	}
}

// A connection that ends takes with it what waited, and what is due then finds
// no server.
func TestAServerThatGoesDown(t *testing.T) {
	l := run(t, Settings{Rate: 100, Clients: 2, Keys: 1, Size: 1}, second, 9*second, 2*second)
	for _, id := range l.Connections() {
		l.Closed(id)
	}
	if l.Missing() != 0 || l.Errors == 0 || len(l.Connections()) != 0 {
		t.Errorf("missing %d, errors %d", l.Missing(), l.Errors)
	}
	l.Tick(1002 * second)
	if out := l.Tick(1002*second + Tick); out != nil || l.Refused == 0 {
		t.Errorf("sent %v, refused %d", out, l.Refused)
	}
	p := l.Series.Over(1001*second, 1003*second, 1002*second+Tick)
	if p.Open != 0 || p.Lost != p.Sent || p.Refused != l.Refused {
		t.Errorf("%+v", p)
	}
	if data := l.Connected(0, 9, 3); commands(t, data)[0] != "CLIENT SETNAME load-1" || commands(t, data)[2] != "SELECT 3" {
		t.Errorf("%q", data)
	}
	if out := l.Tick(1002*second + 3*Tick); len(out) != 1 || out[0].Client != 9 {
		t.Errorf("sent %v", out)
	}
}

// A page that was too busy to tick is late, and says so; a page that slept
// does not send all that it slept through.
func TestAPageThatIsLate(t *testing.T) {
	l := New(Settings{Rate: 1000, Clients: 1}, 1000*second)
	l.Connected(0, 1, 15)
	l.Tick(1000 * second)
	if got := len(commands(t, l.Tick(1000*second + 200_000)[0].Data)); got != 200 || l.Late != 190_000 {
		t.Errorf("%d commands, %d late", got, l.Late)
	}
	if got := len(commands(t, l.Tick(1060 * second)[0].Data)); got != 1000 {
		t.Errorf("%d commands after a minute of sleep", got)
	}
	if l.Late < 50*second {
		t.Errorf("late by %d", l.Late)
	}
	for at := int64(1060*second + Tick); at < 1071*second; at += Tick {
		l.Tick(at)
	}
	if l.Late != 0 {
		t.Errorf("late by %d ten seconds ago, and it is still said", l.Late)
	}
	if out := l.Tick(1059 * second); out != nil {
		t.Errorf("time ran back, and %d bytes were sent", len(out[0].Data))
	}
}

// Quantiles are never too small, and too large by a 32nd at most; values above
// the range count as its end, and the maximum is exact.
func TestHistogramError(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h histogram
	var values []int64
	for range 20_000 {
		v := int64(random.Uint64() >> (38 + random.IntN(26)))
		values = append(values, v)
		h.add(v)
	}
	slices.Sort(values)
	for _, q := range []float64{0.0001, 0.1, 0.5, 0.9, 0.99, 0.999, 1} {
		want := values[max(int(q*20_000+0.999999), 1)-1]
		if got := h.quantile(q, 0, 0); got < want || float64(got) > float64(want)*(1+1.0/32) {
			t.Errorf("quantile %v: %d, and it is %d", q, got, want)
		}
	}
	last := -1
	for v := int64(0); v < 300_000_000; v += 1 + v/100 {
		b := bucket(v)
		if b < last || b >= len(h.counts) || v < 134_000_000 && upper(b) < v {
			t.Fatalf("%d is in bucket %d, up to %d, behind %d", v, b, upper(b), last)
		}
		last = b
	}
	h.add(999_000_000)
	if h.quantile(1, 0, 0) < 134_000_000 || h.most != 999_000_000 {
		t.Errorf("most %d", h.most)
	}
}

// Waiting for the disk is one wall for as long as it lasts, also where some
// moments are quicker; and it stays that when the setting is another.
func TestTheWallOfFsync(t *testing.T) {
	var points []Point
	for tenth := int64(0); tenth < 100; tenth++ {
		most := int64(60_000)
		if tenth%4 == 0 {
			most = 900
		}
		points = append(points, Point{From: tenth * Interval, Sent: 100, P50: 300, Max: most})
	}
	always := []Stretch{{20 * Interval, 60 * Interval}}
	for i := range points {
		if at := points[i].From; at < always[0].From || at >= always[0].To {
			points[i].Max = 900
		}
	}
	walls := Walls(points, nil, always)
	if len(walls) != 1 || !walls[0].Fsync || walls[0].From < 20*Interval || walls[0].To > 61*Interval || walls[0].To-walls[0].From < 37*Interval {
		t.Fatalf("%+v", walls)
	}
	// It lasts longer than what is remembered: still the same wall.
	known := Keep(nil, walls, 0)
	known = Keep(known, Walls(points[40:], nil, always), 50*Interval)
	if len(known) != 1 || known[0].From != walls[0].From || known[0].To != walls[0].To {
		t.Errorf("%+v", known)
	}
}

// The minute is all that is remembered.
func TestASeriesForgets(t *testing.T) {
	var s Series
	s.begin(0)
	for n := int64(0); n < 1500; n++ {
		s.send(n * Interval)
		s.answer(n*Interval, n)
	}
	s.answer(0, 5) // far too late: nobody knows that interval any more
	points := s.Points(nil, 0, 1500*Interval)
	if len(points) != Span || points[0].From != 900*Interval || points[0].Max != 900 || points[Span-1].Max != 1499 {
		t.Errorf("%d points from %+v", len(points), points[0])
	}
}

// The same seed draws the same commands, in the shares of the mix, and a server
// takes all of them.
func TestTheMix(t *testing.T) {
	s := Settings{Rate: 1, Clients: 1, Keys: 5, Size: 20, Seed: 3, Mix: Mix{Get: 30, Set: 10, Increment: 10, Push: 10, Rank: 10, Field: 10, Read: 20}}
	draw := func() (list []string) {
		g := newGenerator(s.Within())
		var data []byte
		for range 10_000 {
			data = g.append(data)
		}
		return commands(t, data)
	}
	list := draw()
	if !slices.Equal(list, draw()) {
		t.Error("the same seed drew other commands")
	}
	count := map[string]int{}
	c := servertest.New(t).Client()
	for _, line := range list {
		name, _, _ := strings.Cut(line, " ")
		count[name]++
		if reply := c.Text(line); strings.HasPrefix(reply, "(error)") {
			t.Fatalf("%s: %s", line, reply)
		}
	}
	for name, share := range map[string]int{"GET": 3000, "SET": 1000, "INCR": 1000, "LPUSH": 500, "RPOP": 500, "ZADD": 1000, "HSET": 1000, "LRANGE": 667, "ZRANGE": 667, "HGET": 667} {
		if got := count[name]; got < share*85/100 || got > share*115/100 {
			t.Errorf("%d times %s, not about %d", got, name, share)
		}
	}
	if keys := c.Do("DBSIZE").Int; keys < 21 || keys > 25 { // a list may be empty at the moment
		t.Errorf("%d keys, and the mix writes five types of five", keys)
	}
	if over := (Settings{Rate: 1 << 30, Clients: 1000, Keys: 1 << 30, Size: -1}).Within(); over.Rate != MaxRate || over.Clients != MaxClients || over.Keys != MaxKeys || over.Size != 1 || over.Mix != Mixes[0].Mix {
		t.Errorf("%+v", over)
	}
}

// A wall has the command that made it, and none where none held the thread so
// long; what nobody felt is no wall.
func TestWalls(t *testing.T) {
	point := func(tenth, most int64) Point {
		return Point{From: tenth * Interval, Sent: 100, P50: 150, Max: most}
	}
	points := []Point{point(0, 200), point(10, 300_000), point(11, 201_000), point(12, 101_000), point(13, 300), point(20, 700), point(30, 90_000), point(31, 200)}
	causes := []Cause{{"KEYS *", 10*Interval + 50_000, 290_000}, {"SCAN 0", 20 * Interval, 700}, {"SAVE", 13*Interval + 60_000, 5000}}
	walls := Walls(points, causes, nil)
	if len(walls) != 2 {
		t.Fatalf("%+v", walls)
	}
	if w := walls[0]; w.Cause.Command != "KEYS *" || w.Longest != 300_000 || w.From != 10*Interval || w.To != 13*Interval+1000 {
		t.Errorf("%+v", w)
	}
	if w := walls[1]; w.Cause.Held != 0 || w.Longest != 90_000 {
		t.Errorf("%+v", w)
	}
	if walls = Walls([]Point{point(1, 30_000), point(2, 30_000)}, nil, []Stretch{{Interval, 3 * Interval}}); len(walls) != 1 || walls[0].Text() != "Every write waits for fsync (appendfsync always), and the thread with it: the load waited up to 30.0 ms." {
		t.Errorf("%+v", walls)
	}
	walls = Walls(points, causes, nil)
	// Six milliseconds stand out where one is usual, and not where ten are; sixty do in any case.
	for usual, want := range map[int64]int{1000: 2, 10_000: 1, 40_000: 1} {
		some := []Point{{From: Interval, Sent: 1, P99: usual, Max: 40_000}, {From: 2 * Interval, Sent: 1, P99: usual, Max: 40_000}, {From: 3 * Interval, Sent: 1, P99: usual, Max: 300}}
		if got := Walls(some, []Cause{{"SCAN 0", Interval, 6000}, {"KEYS *", 2 * Interval, 60_000}}, nil); len(got) != want {
			t.Errorf("where %d is usual: %+v", usual, got)
		}
	}
	// Found again, and then forgotten by the points but not by the learner.
	known := Keep(nil, walls, 0)
	known = Keep(known, Walls(points, causes, nil), 0)
	known = Keep(known, Walls(points[6:], causes[:0], nil), 30*Interval)
	if len(known) != 2 || known[0].Cause.Command != "KEYS *" {
		t.Errorf("%+v", known)
	}
	// What made it is forgotten before the last who waited for it: it stays one wall.
	known = Keep(known, Walls(points[2:], nil, nil), 15*Interval)
	if len(known) != 2 || known[0].Cause.Command != "KEYS *" || known[0].Longest != 300_000 {
		t.Errorf("at the edge: %+v", known)
	}
	for n := int64(1); n <= 30; n++ {
		known = Keep(known, []Wall{{From: n << 40, To: n<<40 + 1}}, n<<40)
	}
	if len(known) != maxWalls {
		t.Errorf("%d walls", len(known))
	}
}
