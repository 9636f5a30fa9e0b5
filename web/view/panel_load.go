//go:build js && wasm

package view

import (
	"slices"
	"strconv"
	"strings"
	"syscall/js"

	"everysec/web/app"
	"everysec/web/app/load"
	"everysec/web/chart"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// loadPanel is the background load with its latencies; fills (panel_load_fill.go); and
// experiments that are worth a look while it runs (panel_load_try.go). What a load is
// stands in package load.
type loadPanel struct {
	p    *Page
	box  *node
	tick js.Func
	beat js.Value // the timer of tick; undefined: nothing goes on
	n    int64    // counts ticks

	run, kept                      *load.Load // that runs; whose latencies are shown
	rate, clients, mix, keys, size *node
	shares                         [load.Kinds]*node
	settings, start, status, badge *node
	retryAt                        int64 // when a connection is tried again
	points                         []load.Point
	causes                         []load.Cause
	walls                          []load.Wall
	always                         []load.Stretch // when each write waited for the disk
	strict                         bool           // does so now
	seen                           int64          // commands of the loop that were looked at
	said                           int64          // the newest wall that was told
	list, rows                     *node
	table                          *node
	picture                        *canvas
	theme                          chart.Theme // of the picture
	listed                         string
	stale                          bool // something to draw, though no load runs
	fill                           filler
	experiments                    []*node
	note                           *node
	repair                         *node
	where                          *node // which database they work in
	trial                          trial
}

func (l *loadPanel) build(p *Page, box *node) {
	l.p, l.box = p, box
	l.tick = js.FuncOf(func(js.Value, []js.Value) any { l.beats(); return nil })
	p.taker = l.take
	l.buildLoad(box)
	l.buildExperiments(box)
	l.buildFill(box)
}

// field is a control with its label.
func (*loadPanel) field(text string, control *node) *node {
	return create("label", "field").add(create("span", "").say(text), control)
}

func (*loadPanel) choice(values ...string) *node {
	n := create("select", "")
	for _, v := range values {
		n.add(create("option", "").say(v))
	}
	return n
}

func (*loadPanel) number(value, least, most int) *node {
	n := create("input", "").set("type", "number").set("inputmode", "numeric").set("min", strconv.Itoa(least)).set("max", strconv.Itoa(most))
	n.v.Set("value", strconv.Itoa(value))
	return n
}

// read is the number in a control; what is no number is 0.
func (*loadPanel) read(n *node) int {
	v, _ := strconv.Atoi(strings.ReplaceAll(strings.TrimSpace(n.v.Get("value").String()), ",", ""))
	return v
}

func (l *loadPanel) buildLoad(box *node) {
	d := load.Default()
	l.rate = l.number(d.Rate, 1, load.MaxRate)
	l.clients = l.number(d.Clients, 1, load.MaxClients)
	l.keys = l.number(d.Keys, 1, load.MaxKeys)
	l.size = l.number(d.Size, 1, load.MaxSize)
	var names []string
	for _, m := range load.Mixes {
		names = append(names, m.Name)
	}
	l.mix = l.choice(append(names, "as below")...)
	l.mix.on("change", func(*dom.BasicEvent) {
		if i := l.mix.v.Get("selectedIndex").Int(); i < len(load.Mixes) {
			for k, share := range load.Mixes[i].Mix {
				l.shares[k].v.Set("value", strconv.Itoa(share))
			}
		}
	})
	shares := create("div", "fields")
	for k := range l.shares {
		l.shares[k] = l.number(d.Mix[k], 0, 100)
		l.shares[k].on("input", func(*dom.BasicEvent) { l.mix.v.Set("selectedIndex", len(load.Mixes)) })
		shares.add(l.field(load.KindNames[k], l.shares[k]))
	}
	l.settings = create("fieldset", "").add(
		create("legend", "sr").say("What the load does"),
		create("div", "fields").add(
			l.field("Commands a second", l.rate), l.field("Clients", l.clients), l.field("Mix", l.mix),
			l.field("Keys of each type", l.keys), l.field("Bytes of a value", l.size)),
		create("details", "").add(create("summary", "").say("Share of each command"), shares))
	l.where = create("span", "").set("id", "load-where")
	l.start = button("Start the load", "", l.toggle).set("id", "load-start")
	l.start.class("primary", true)
	l.status = create("p", "").set("id", "load-status")
	l.picture = newCanvas(create("canvas", "latencies").set("role", "img").set("id", "load-chart").set("aria-label", words.Say("Latencies: no load has run yet.")))
	l.list = create("ul", "walls").set("id", "load-walls").set("aria-label", words.Say("Walls, newest first"))
	l.rows = create("tbody", "")
	head := create("tr", "")
	for _, name := range []string{"s ago", "commands", "p50", "p99", "p99.9", "longest"} {
		head.add(create("th", "").set("scope", "col").say(name))
	}
	l.table = create("details", "").set("id", "load-table").add(
		create("summary", "").say("The last minute as a table"),
		create("table", "").add(create("thead", "").add(head), l.rows))
	l.table.on("toggle", func(*dom.BasicEvent) { l.stale = true })
	box.add(
		create("p", "aside").add(create("span", "").say("Clients that send by the clock, whether they have been answered or not, so that everybody who has to wait is seen."), create("span", "").setText(" "), l.where),
		create("div", "watching").add(create("p", "row").add(l.start, l.status), l.picture.node),
		create("p", "aside").say("Thick line: median. Thin: 99th percentile; dotted: 99.9th; top of the band: the longest. Each tenth of a second, by when its commands were due; at most 3 % too high. Hatched: a wall."),
		create("details", "").set("id", "load-settings").add(create("summary", "").say("Rate, clients, mix"), l.settings),
		l.table,
		l.list) // it grows, and pushes nothing away
}

func (l *loadPanel) toggle() {
	if l.run != nil {
		l.halt()
	} else {
		l.begin()
	}
}

func (l *loadPanel) begin() {
	s := load.Settings{Rate: l.read(l.rate), Clients: l.read(l.clients), Keys: l.read(l.keys), Size: l.read(l.size), Seed: 1}
	for k := range l.shares {
		s.Mix[k] = max(l.read(l.shares[k]), 0)
	}
	l.run = load.New(s, wall())
	l.kept = l.run
	s = l.run.Settings
	for i, control := range []*node{l.rate, l.clients, l.keys, l.size} {
		control.v.Set("value", strconv.Itoa([]int{s.Rate, s.Clients, s.Keys, s.Size}[i]))
	}
	l.walls, l.causes, l.always, l.said = nil, nil, nil, wall()
	l.seen = l.p.model.Loop.Added
	if l.badge == nil {
		l.badge = button("", "", func() { l.p.panels.show(l.p, "load") }).set("id", "load-badge")
		l.p.loop.figures.v.Call("after", l.badge.v)
	}
	l.settings.set("disabled", "")
	l.start.say("Stop the load")
	l.wake()
	l.p.perform(app.Say{Text: words.Say("The load runs")})
}

func (l *loadPanel) halt() {
	l.watch(wall())
	for _, id := range l.run.Connections() {
		l.p.conn.Disconnect(id)
	}
	l.run = nil
	l.settings.unset("disabled")
	l.start.say("Start the load")
	l.status.setText("")
	l.badge.show(false)
	l.p.perform(app.Say{Text: words.Say("The load has been stopped")})
}

// wake starts the timer.
func (l *loadPanel) wake() {
	if !l.beat.Truthy() {
		l.beat = js.Global().Call("setInterval", l.tick, load.Tick/1000)
	}
}

func (l *loadPanel) beats() {
	l.n++
	now := wall()
	if l.run != nil {
		l.connect(now)
		for _, s := range l.run.Tick(now) {
			l.p.conn.Send(s.Client, s.Data)
		}
		if l.n%10 == 0 {
			l.watch(now)
		}
	}
	if l.trial.Experiment != nil && l.n%5 == 0 {
		l.goOn(now)
	}
	if l.run == nil && l.trial.Experiment == nil {
		js.Global().Call("clearInterval", l.beat)
		l.beat = js.Undefined()
	}
}

// connect gives clients that have none a connection, as soon as somebody answers.
func (l *loadPanel) connect(now int64) {
	m := l.p.model
	if m.Down || m.Loading || now < l.retryAt {
		return
	}
	for i := l.run.Missing(); i >= 0; i = l.run.Missing() {
		l.retryAt = now + 500_000
		id := l.p.conn.Connect(load.Name(i))
		l.p.conn.Send(id, l.run.Connected(i, id, m.LoadDB()))
	}
}

// take is what the server sent to one of our clients.
func (l *loadPanel) take(client uint32, data []byte, closed bool) bool {
	if l.fill.Filling != nil && client == l.fill.client {
		l.filled(data, closed)
		return true
	}
	if l.run == nil {
		return false
	}
	left := l.p.conn.Left
	if left == 0 {
		left = wall()
	}
	server, ours := l.run.Receive(client, data, left)
	if server != 0 {
		l.p.dispatch(app.Background{Client: server})
	}
	if ours && closed {
		l.run.Closed(client)
	}
	return ours
}

// watch looks for walls, and for the commands that made them.
func (l *loadPanel) watch(now int64) {
	m := l.p.model
	loop := &m.Loop
	fresh := min(max(loop.Added-l.seen, 0), int64(len(loop.Runs)))
	l.seen = loop.Added
	for _, r := range loop.Runs[len(loop.Runs)-int(fresh):] {
		if r.Duration >= load.Felt {
			l.causes = append(l.causes, load.Cause{Command: cut(app.Command(&r), 40), From: m.Real(r.Start), Held: r.Duration})
		}
	}
	const window = load.Span * load.Interval
	l.causes = slices.DeleteFunc(l.causes, func(c load.Cause) bool { return c.From+c.Held < now-window-load.Edge })
	strict := m.Settings["appendfsync"] == "always" && m.Settings["appendonly"] == "yes"
	if n := len(l.always); strict && l.strict {
		l.always[n-1].To = now
	} else if strict {
		l.always = append(l.always, load.Stretch{From: now - 500_000, To: now}) // it is known late: the answer waits, too
	}
	l.strict = strict
	l.points = l.run.Series.Points(l.points[:0], 0, now)
	if len(l.points) > 0 {
		since := int64(0) // nothing has been forgotten yet
		if now-l.run.Began() > window-load.Edge {
			since = l.points[0].From + load.Edge
		}
		l.walls = load.Keep(l.walls, load.Walls(l.points, l.causes, l.always), since)
	}
	for i := range l.walls {
		w := &l.walls[i]
		if w.Cause.Held > 0 && w.Cause.From > l.said && w.To < now-300_000 {
			l.said = w.Cause.From
			l.p.perform(app.Say{Text: w.Text()})
		}
	}
	s := l.run.Series.Over(now-1_000_000, now, now)
	text := words.Say("load on")
	if s.Sent > 0 {
		text = words.Say("load: p99 {time}", app.Span(s.P99))
	} else if s.Refused > 0 {
		text = words.Say("load: no server")
	}
	l.badge.show(true)
	l.badge.setText(text)
}

func (l *loadPanel) draw(p *Page, dirty app.Part) {
	slow := int64(6)
	if p.keyspace.calm {
		slow = 60
	}
	if dirty == app.PartAll {
		l.stale = true
		l.estimate()
	}
	if dirty&app.PartConfig != 0 {
		l.drawWhere()
		l.estimate()
	}
	if l.fill.Filling != nil {
		l.drawFill()
	}
	l.repair.show(p.model.Disk.SyncMicros > 0)
	if l.run == nil && p.every(30) {
		w, h := l.picture.size()
		l.stale = l.stale || w != l.picture.w || h != l.picture.h || l.theme != p.keyspace.theme
	}
	if l.run == nil && !l.stale || !l.stale && !p.every(slow) {
		return
	}
	l.stale = false
	now := p.model.Wall
	if l.run == nil && len(l.points) > 0 {
		now = l.points[len(l.points)-1].From + load.Interval
	}
	l.drawChart(p, now)
	l.drawWalls()
	if l.run != nil {
		l.drawStatus(now)
	}
	if l.table.v.Get("open").Bool() && (p.every(60) || l.run == nil || l.rows.v.Get("childElementCount").Int() == 0) {
		l.drawTable(now)
	}
}

// drawWhere says where the keys of the load are, and what they count in.
func (l *loadPanel) drawWhere() {
	if db := l.p.model.LoadDB(); db > 0 {
		l.where.setText(words.Say("Their keys, {prefix}…, are in database {database}: what they do counts in no lesson.", load.Prefix, strconv.Itoa(db)))
	} else {
		l.where.setText(words.Say("Their keys, {prefix}…, are among yours, as this server has one database: what they do counts in lessons and accounts.", load.Prefix))
	}
}

func (l *loadPanel) drawStatus(now int64) {
	s := l.run.Series.Over(now-1_000_000, now, now)
	text := ""
	switch {
	case s.Sent > 0:
		text = words.Say("p50 {p50}, p99 {p99}, longest {longest} in the last second", app.Span(s.P50), app.Span(s.P99), app.Span(s.Max))
	case s.Refused > 0:
		text = words.Many(s.Refused, "Nobody answers: {n} command in the last second|Nobody answers: {n} commands in the last second")
	}
	if clients, since := l.run.Waiting(); clients > 0 && now-since > 100_000 {
		text += "; " + words.Many(int64(clients), "{n} client waits, the first for {time}|{n} clients wait, the first for {time}", app.Span(now-since))
	}
	if l.run.Errors > 0 {
		text += "; " + words.Many(l.run.Errors, "{n} error|{n} errors")
		if l.run.LastError != "" {
			text += ", " + words.Say("the last: {error}", cut(l.run.LastError, 60))
		}
	}
	if l.run.Late > 200_000 {
		text += "; " + words.Say("the page itself was busy for up to {time}", app.Span(l.run.Late))
	}
	l.status.setText(text)
}

func (l *loadPanel) drawChart(p *Page, now int64) {
	c := l.picture
	if !c.fit() {
		return
	}
	k := &p.keyspace
	l.theme = k.theme
	px := func(css float64) int { return int(css*c.scale + 0.5) }
	// An interval is a pixel wide at least.
	window := int64(load.Span * load.Interval)
	if float64(c.w) < load.Span*1.5*c.scale {
		window /= 2
	}
	a := chart.Axes{
		From: now - window, To: now,
		Left: px(46), Right: c.w - px(4), Top: px(34), Bottom: c.h - px(22),
	}
	latencies := make([]chart.Latency, len(l.points))
	for i, q := range l.points {
		latencies[i] = chart.Latency{At: q.From, P50: q.P50, P99: q.P99, P999: q.P999, Max: q.Max, Unserved: q.Refused+q.Lost > 0}
	}
	var walls []chart.Stretch
	for i := range l.walls {
		w := &l.walls[i]
		if w.Cause.Held > 0 {
			walls = append(walls, chart.Stretch{From: w.Cause.From, To: max(w.Cause.From+w.Cause.Held, w.Cause.From+1)})
		} else {
			walls = append(walls, chart.Stretch{From: w.From, To: w.To})
		}
	}
	chart.Latencies(&c.image, k.theme, c.scale, a, load.Interval, latencies, walls)
	c.put(0, c.h)
	c.pen(10, k.family, k.faint)
	for _, d := range chart.Decades {
		c.write(d.Name, float64(px(2)), float64(a.Y(d.Micros)+px(3)))
	}
	for ago := window / 1_000_000; ago > 0; ago -= 10 {
		c.write("-"+strconv.FormatInt(ago, 10)+" s", float64(a.X(now-ago*1_000_000)), float64(c.h-px(3)))
	}
	c.write(words.Say("now"), float64(a.Right-px(20)), float64(c.h-px(3)))
	letter := c.pen(11, k.family, k.ink)
	ends := [2]float64{}
	for i := range l.walls {
		w := &l.walls[i]
		if walls[i].To < a.From || w.Label() == "" {
			continue
		}
		label := cut(w.Label(), 28)
		width := letter * float64(len([]rune(label)))
		x := min(float64(max(a.X(walls[i].From), a.Left)), float64(a.Right)-width)
		for row := range ends {
			if x >= ends[row] {
				c.write(label, x, float64(px(12+14*float64(row))))
				ends[row] = x + width + float64(px(8))
				break
			}
		}
	}
	if len(l.points) == 0 {
		c.write(words.Say("no load yet"), float64(a.Left+px(12)), float64(a.Top+px(18)))
	}
	text := words.Say("Latencies: no load has run yet.")
	if len(l.points) > 0 {
		text = words.Many(int64(len(l.walls)), "Latencies on a scale of powers of ten, of the last {time}. {n} wall, in the list below; the figures are in the table.|Latencies on a scale of powers of ten, of the last {time}. {n} walls, in the list below; the figures are in the table.", app.Span(window))
	}
	c.node.set("aria-label", text)
}

// drawWalls lists them, newest first.
func (l *loadPanel) drawWalls() {
	var texts []string
	for i := len(l.walls) - 1; i >= 0 && len(texts) < 8; i-- {
		texts = append(texts, l.walls[i].Text())
	}
	if key := strings.Join(texts, "\n"); key != l.listed {
		l.listed = key
		l.list.empty()
		for _, text := range texts {
			l.list.add(create("li", "").setText(text))
		}
	}
}

func (l *loadPanel) drawTable(now int64) {
	l.rows.empty()
	if l.kept == nil {
		l.rows.add(create("tr", "").add(create("td", "").set("colspan", "6").say("No load has run yet.")))
		return
	}
	const step = 5_000_000
	for ago := int64(0); ago < load.Span*load.Interval; ago += step {
		s := l.kept.Series.Over(now-ago-step, now-ago, now)
		if s.Sent == 0 {
			continue
		}
		row := create("tr", "").add(create("th", "").set("scope", "row").setText(strconv.FormatInt(ago/1_000_000, 10) + "–" + strconv.FormatInt((ago+step)/1_000_000, 10)))
		for _, text := range []string{app.Count(s.Sent), app.Span(s.P50), app.Span(s.P99), app.Span(s.P999), app.Span(s.Max)} {
			row.add(create("td", "").setText(text))
		}
		l.rows.add(row)
	}
}
