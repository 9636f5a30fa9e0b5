package timeline

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"strings"
	"testing"

	"everysec/engine/commands"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
	"everysec/wasm/idb/idbtest"
	"everysec/wasm/playground/host"
	"everysec/wasm/playground/run"
	"everysec/web/app"
)

// page is the whole page but for what is drawn: the model, the line, and a real
// server behind them, whose store keeps nothing.
type page struct {
	t          *testing.T
	model      *app.Model
	line       *Line
	conn       *bridge.Conn
	recorder   *run.Recorder
	wall       int64
	dispatcher app.Dispatcher
	credit     bool // one is outstanding
	files      map[string][]byte
	said       []string
}

func newPage(t *testing.T) *page {
	p := &page{t: t, wall: 1_700_000_000_000_000, model: app.New(commands.Families()[0]), files: map[string][]byte{}}
	p.recorder = run.New(host.Options{
		Post: func(batch []byte) {
			if err := p.conn.Receive(bytes.Clone(batch[4:])); err != nil {
				t.Error(err)
			}
		},
		Commit:    func(uint32, []byte) {},
		Ask:       func(idb.Ask) {},
		Stopwatch: func() int64 { return p.wall },
	})
	p.conn = bridge.NewConn(func(batch []byte) {
		p.recorder.Exec(append(binary.LittleEndian.AppendUint32(nil, 1), batch...), p.wall)
	}, nil)
	p.conn.OnOutput = func(client uint32, data []byte, closed bool) {
		p.do(app.Output{Client: client, Data: bytes.Clone(data), Closed: closed, At: p.wall})
	}
	p.conn.OnEvents = func(batch []byte) {
		p.credit = false
		p.do(app.Events{Batch: bytes.Clone(batch)})
	}
	p.conn.OnNotice = func(kind bridge.Notice, text string) {
		p.credit = false
		p.do(app.Noticed{Kind: kind, Text: text})
	}
	p.dispatcher = app.Dispatcher{Model: p.model, Conn: p.conn, Page: p.perform}
	p.line = &Line{Do: p.dispatcher.Perform, Dispatch: p.do}
	p.recorder.Configure(bridge.Record(nil).String("memory:").Int(7).Int(0))
	p.recorder.Stored((&idbtest.Store{}).Image(idb.Memory, ""), p.wall)
	p.do(app.Boot{Wall: p.wall})
	p.pass(1000)
	return p
}

func (p *page) do(m app.Message) { p.dispatcher.Dispatch(m) }

func (p *page) perform(effect app.Effect) {
	switch e := effect.(type) {
	case app.Download:
		p.files[e.Name] = e.Data
	case app.Invoke: // run.save, which the page asks of the JavaScript API
		which := bridge.Record(nil)
		for _, id := range e.Arguments {
			which = which.String(id.(string))
		}
		p.conn.Control(e.Op, which, func(data []byte, err error) {
			p.do(e.Answer(nil, err))
			if err == nil {
				p.files[e.Name] = bytes.Clone(bridge.Read(data).Bytes())
			}
		})
	case app.Say:
		p.said = append(p.said, e.Text)
	}
}

// pass lets milliseconds pass, a frame at a time.
func (p *page) pass(milliseconds int64) {
	for range milliseconds / 10 {
		p.wall += 10_000
		p.recorder.Tick(p.wall)
		p.do(app.Frame{Wall: p.wall})
		p.line.Check(p.model)
		if !p.credit {
			p.credit = true
			p.conn.Credit(1)
		}
	}
}

func (p *page) types(line string) {
	p.do(app.Submit{Console: "redis", Line: line, At: p.wall})
	p.pass(100)
}

// keys is the keyspace that the page shows.
func (p *page) keys() string {
	var names []string
	for _, c := range p.model.Keyspace().Cells {
		if c.Live {
			names = append(names, c.Key)
		}
	}
	slices.Sort(names)
	return strings.Join(names, " ")
}

func (p *page) shows(what, keys string) {
	p.t.Helper()
	if got := p.keys(); got != keys {
		p.t.Errorf("%s: the keyspace is %q and not %q (%s; %s)", what, got, keys, p.line.Where(), p.line.Moment.Text)
	}
}

// find goes back to the newest moment whose text begins with words.
func (p *page) find(words string) {
	p.t.Helper()
	for n := p.line.Moment.Last; n >= 0; n-- {
		p.line.Want(p.model, n)
		p.pass(20)
		if strings.HasPrefix(p.line.Moment.Text, words) {
			return
		}
	}
	p.t.Fatalf("no moment begins with %q", words)
}

func TestThePastIsShownAndLeft(t *testing.T) {
	p := newPage(t)
	p.types("SET a 1")
	p.pass(2500)
	p.types("SET b 2")
	p.types("DEL a")
	p.shows("now", "b")
	p.line.Open()
	p.pass(20)
	if !p.line.Known || p.line.Past || len(p.line.Marks) == 0 {
		t.Fatalf("the run was not gone through: %+v", p.line)
	}

	p.find("redis: SET b 2")
	p.shows("before the DEL", "a b")
	before := p.model.Durability
	p.find("redis: SET a 1")
	p.shows("the beginning", "a")
	d := p.model.Durability
	if d.Acknowledged != before.Acknowledged-1 || d.WrittenBytes >= before.WrittenBytes || !p.model.InPast() || !p.model.Host.Paused || p.model.Stats.Keys != 1 {
		t.Errorf("the past shows %+v", d)
	}
	if got := p.line.Where(); !strings.HasSuffix(got, " ago") || !strings.Contains(got, app.Clock(p.line.Moment.State.Now)) {
		t.Errorf("it is said to be %q", got)
	}

	// Questions are asked of that moment, commands go nowhere.
	name := "a"
	p.do(app.Select{Key: &name})
	p.pass(300)
	if in := p.model.Inspector; in == nil || len(in.Value) != 1 || in.Value[0].Value != "1" {
		t.Errorf("the inspector of the past shows %+v", in)
	}
	p.types("SET c 3")
	if p.model.Notice == nil || !strings.Contains(p.model.Notice.Text, "past") {
		t.Errorf("a command in the past: %+v", p.model.Notice)
	}
	p.do(app.DismissNotice{})
	p.do(app.Paste{Console: "redis", Lines: []string{"SET c 4", "SET c 5"}})
	if p.model.Notice == nil || !strings.Contains(p.model.Notice.Text, "past") {
		t.Errorf("a paste into the past: %+v", p.model.Notice)
	}

	p.line.Back(p.model)
	p.pass(500)
	p.shows("now again", "b")
	if p.model.InPast() || p.model.Host.Paused || p.line.Past {
		t.Errorf("the present does not go on: %+v", p.model.Host)
	}
	if in := p.model.Inspector; in != nil && !in.Gone {
		t.Errorf("a is gone, and its inspector shows %+v", in.Value)
	}
	p.types("SET d 4")
	p.shows("it lives", "b d")
}

func TestABranchAndBack(t *testing.T) {
	p := newPage(t)
	p.types("SET a 1")
	p.types("SET b 2")
	p.line.Open()
	p.pass(20)
	p.find("redis: SET a 1")
	p.line.Branch()
	p.pass(1500)
	p.shows("the branch", "a")
	if p.model.InPast() || p.model.Down || p.model.Loading {
		t.Fatal("the branch does not run")
	}
	p.types("PING") // as redis-cli does, it connects anew
	p.types("SET other 3")
	p.shows("the branch goes on", "a other")
	if !p.line.Run.Before {
		t.Fatal("the run before is not kept")
	}
	p.line.Undo()
	p.pass(1500)
	p.shows("the run before", "a b")
	p.types("PING")
	p.types("SET c 3")
	p.shows("it goes on", "a b c")
}

func TestARunIsSavedAndLookedAtElsewhere(t *testing.T) {
	p := newPage(t)
	for i := range 5 {
		p.types(fmt.Sprintf("SET key:%d v", i))
	}
	p.do(app.Crash{Kind: bridge.PowerCut})
	p.pass(100)
	p.do(app.Restart{})
	p.pass(500)
	p.line.Save()
	p.pass(20)
	if len(p.files) != 1 {
		t.Fatal("nothing was saved")
	}
	before := p.keys()
	other := newPage(t)
	other.types("SET mine 1")
	for name, data := range p.files {
		if !strings.HasPrefix(name, "run-") || !strings.HasSuffix(name, ".everysec") {
			t.Errorf("the file is called %s", name)
		}
		other.line.Load(name, data)
		other.pass(200)
		if other.line.Moment.Warning != "" {
			t.Error(other.line.Moment.Warning)
		}
	}
	other.shows("its end", before)
	other.find("redis: SET key:3")
	other.shows("its middle", "key:0 key:1 key:2 key:3")
	other.line.Back(other.model)
	other.pass(200)
	other.shows("our own again", "mine")

	other.line.Load("broken.everysec", []byte("no run"))
	other.pass(100)
	if n := other.model.Notice; n == nil || !strings.Contains(n.Text, "not the file of a run") {
		t.Errorf("a broken file: %+v", n)
	}
	other.line.Step()
	other.pass(50)
	if other.line.Stepped == "" {
		t.Error("after a failure nothing can be asked")
	}
}

// What happens in the present ends the look at the past.
func TestThePresentCallsBack(t *testing.T) {
	p := newPage(t)
	p.types("SET a 1")
	p.types("SET b 2")
	p.line.Open()
	p.pass(20)
	p.find("redis: SET a 1")
	p.conn.Control(bridge.OpCrash, bridge.Record(nil).Byte(uint8(bridge.KillNine)).Int(1), nil)
	p.pass(50)
	if p.model.InPast() || p.line.Past || !p.model.Down {
		t.Error("the crash is not seen")
	}
}

// What the browser has of earlier runs is told, looked at, saved and forgotten.
func TestEarlierRunsAreThere(t *testing.T) {
	p := newPage(t)
	p.line.Open()
	p.pass(20)
	if text := p.line.Outlives(); text != "This page keeps nothing: the run goes with it." || len(p.line.Kept.Runs) != 0 {
		t.Errorf("%q, %v", text, p.line.Kept)
	}
	const minute = 60_000_000
	kept := bridge.KeptRuns{Keeping: bridge.KeptHere, Bytes: 2048, Runs: []bridge.KeptRun{
		{ID: "left", Began: p.wall - 9*minute, Ended: p.wall, Inputs: 1, Bytes: 10, Kept: 10, Left: true},
		{ID: "b", Began: p.wall - 30*minute, Ended: p.wall - 20*minute, Inputs: 7, Bytes: 50_000, Kept: 20_000},
		{ID: "a", Began: p.wall - 300*minute, Ended: p.wall - 200*minute, Inputs: 7, Bytes: 64 << 20, Kept: 64 << 20, Full: true},
	}}
	var asked []string
	p.recorder.Shelf = func(token uint32, question []byte) {
		op, f := bridge.Op(question[0]), bridge.Read(question[1:])
		switch op {
		case bridge.OpRunForget:
			for n := f.Int(); n > 0; n-- {
				id := f.String()
				asked = append(asked, "forget "+id)
				kept.Runs = slices.DeleteFunc(kept.Runs, func(k bridge.KeptRun) bool { return k.ID == id })
			}
			fallthrough
		case bridge.OpRunKept:
			p.recorder.Found(token, kept.Append(nil), "")
		default:
			asked = append(asked, map[bridge.Op]string{bridge.OpRunLook: "look ", bridge.OpRunSave: "save "}[op]+f.String())
			p.recorder.Found(token, nil, "this run has been forgotten")
		}
	}
	p.line.Open()
	p.pass(20)
	var says []string
	for i := range p.line.Kept.Runs {
		says = append(says, p.line.Title(i)+": "+p.line.About(i, p.wall))
	}
	want := []string{
		"The run that was left for another moment: 1 input in 9 min, ended at " + app.Clock(p.wall-20_000) + ", 0.0 s ago.",
		"The run before this page was opened: 7 inputs in 10 min, ended at " + app.Clock(p.wall-20_000-20*minute) + ", 20 min ago. It ended before the browser had it all: 19.5 KB of 48.8 KB are here.",
		"A run before that: 7 inputs in 100 min, ended at " + app.Clock(p.wall-20_000-200*minute) + ", 3 h ago. Its record was full before it ended.",
	}
	for i := range want {
		if i >= len(says) || says[i] != want[i] {
			t.Errorf("it says %q and not %q", says, want)
			break
		}
	}
	if text := p.line.Outlives(); !strings.HasPrefix(text, "Of this run the browser has 2,048 B by now: ") {
		t.Error(text)
	}
	runs := slices.Clone(p.line.Kept.Runs)
	p.line.LookAt(runs[1])
	p.line.SaveKept(runs[2])
	p.pass(20)
	if n := p.model.Notice; n == nil || n.Text != "this run has been forgotten" || p.line.Past || len(p.files) != 0 {
		t.Errorf("a run that is gone: %v, %v, %v", n, p.line.Past, p.files)
	}
	p.line.Forget(runs[0], runs[1])
	p.pass(20)
	if got := strings.Join(asked, "; "); got != "look b; save a; forget left; forget b" || len(p.line.Kept.Runs) != 1 || p.line.Title(0) != "The run before this page was opened" {
		t.Errorf("asked %s, %v is left", got, p.line.Kept.Runs)
	}
	for keeping, says := range map[bridge.Keeping]string{
		bridge.KeptLater: "As soon as something is done the browser keeps this run, too.",
		bridge.Unkept:    "The browser does not keep this run, and it goes with this tab: no",
	} {
		p.line.Kept = bridge.KeptRuns{Keeping: keeping, Why: "no"}
		if text := p.line.Outlives(); text != says {
			t.Errorf("%d: %s", keeping, text)
		}
	}
}
