package app_test

import (
	"strings"
	"testing"

	"everysec/engine/event"
	"everysec/web/app"

	"github.com/google/go-cmp/cmp"
)

// The background load's commands take the thread as any others do, but are not
// the learner's: they neither fill what is remembered nor count in a lesson.
func TestTheBackgroundLoadIsNotTheLearners(t *testing.T) {
	p := newPage(t)
	p.do(app.Background{Client: 40})
	p.do(app.Background{Client: 41})
	var events []event.Event
	for i := range int64(5000) {
		events = append(events, &event.CommandRun{Client: 40, Name: "get", Start: 1_000_000 + i*1000, Duration: 3})
	}
	// One step: the learner's KEYS, and behind it what the load sent before and meanwhile.
	events = append(events,
		&event.CommandRun{Client: 7, Name: "keys", Start: 7_000_000, Duration: 500_000, Preview: []byte("*")},
		&event.CommandRun{Client: 40, Name: "get", Start: 7_000_000, Duration: 5, Waited: 10_000},
		&event.CommandRun{Client: 8, Name: "ping", Start: 7_000_000, Duration: 1},
		&event.CommandRun{Client: 41, Name: "get", Start: 7_600_000, Duration: 5, Waited: 20_000},
		&event.CommandRun{Client: 41, Name: "get", Start: 7_600_000, Duration: 5, Waited: 300},
	)
	p.events(events...)
	l := &p.model.Loop
	if len(l.Runs) != 2 || l.Added != 2 || l.Slowest(0).Name != "keys" {
		t.Errorf("%d runs are the learner's", len(l.Runs))
	}
	if r := l.Runs[1]; r.Name != "ping" || r.Start != 7_500_005 || r.Waited != 500_005 {
		t.Errorf("behind KEYS: %+v", r)
	}
	if n := len(l.Load); n != 502 {
		t.Errorf("%d slots of the load", n)
	}
	// What another step ran waited for itself.
	p.events(&event.CommandRun{Client: 40, Name: "get", Start: 7_610_000, Duration: 5, Waited: 5_000})
	want := []app.Wait{{Client: 40, From: 6_990_000, To: 7_500_000}, {Client: 41, From: 7_580_000, To: 7_600_000}, {Client: 40, From: 7_605_000, To: 7_610_000}}
	if diff := cmp.Diff(want, l.Waits); diff != "" {
		t.Error(diff)
	}
	if clients, longest := l.Queued(6_000_000); clients != 2 || longest != 510_000 {
		t.Errorf("%d clients waited, at most %d", clients, longest)
	}
	if got := p.model.About(&l.Runs[0]); got != "KEYS *: held 500 ms, 0.0 s ago; 2 clients waited behind it, up to 510 ms" {
		t.Error(got)
	}
}

// A wall is remembered while the lane shows it, however many short waits the
// load makes after it; and it is told behind which command everybody waited.
func TestAWallIsRememberedWhileItIsShown(t *testing.T) {
	p := newPage(t)
	const clients = 50
	for i := range uint64(clients) {
		p.do(app.Background{Client: 40 + i})
	}
	p.events(&event.CommandRun{Client: 7, Name: "keys", Start: 1_000_000, Duration: 900_000, Preview: []byte("*")})
	for i := range uint64(clients) {
		p.events(&event.CommandRun{Client: 40 + i, Name: "get", Start: 1_900_000 + int64(i), Duration: 1, Waited: 850_000})
	}
	for at := int64(2_000_000); at < 9_000_000; at += 10_000 {
		for i := range uint64(clients) {
			p.events(&event.CommandRun{Client: 40 + i, Name: "get", Start: at + int64(i), Duration: 1, Waited: 1500})
		}
	}
	l := &p.model.Loop
	if n := len(l.Waits); n > 3*app.MaxRuns {
		t.Errorf("%d waits are remembered", n)
	}
	if waited, longest := l.Queued(1_000_000); waited != clients || longest < 850_000 {
		t.Errorf("%d clients waited, at most %d", waited, longest)
	}
	if waited, longest := l.Queued(5_000_000); waited == 0 || longest != 1500 {
		t.Errorf("later: %d clients waited, at most %d", waited, longest)
	}
	if got := p.model.About(&l.Runs[0]); !strings.HasSuffix(got, " ago; 50 clients waited behind it, up to 850 ms") {
		t.Error(got)
	}
	if slot, ok := l.SlotAt(5_003_000, 50_000); !ok || p.model.AboutSlot(slot) != "background load: held at most 1 µs a command, 0.0 s ago" {
		t.Errorf("%+v %v", slot, ok)
	}
	if _, ok := l.SlotAt(1_500_000, 50_000); ok {
		t.Error("the load ran while KEYS did")
	}
}
