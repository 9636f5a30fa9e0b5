package app_test

import (
	"strings"
	"testing"

	"everysec/engine/ds/hyperloglog"
	"everysec/engine/event"
	"everysec/web/app"

	"github.com/google/go-cmp/cmp"
)

// inspects opens the inspector on a key k of a type, and returns what the page
// has asked for.
func (p *page) inspects(typ event.Type, elements int64) string {
	p.t.Helper()
	p.events(&event.KeyChanged{Key: []byte("k"), KeyLen: 1, Type: typ, Elements: elements, Change: 3})
	p.sent = nil
	name := "k"
	p.do(app.Select{Key: &name})
	return p.asks()
}

// asks is what was sent since it was last called.
func (p *page) asks() string {
	s := strings.ReplaceAll(strings.Join(p.sent, "; "), "page: ", "")
	p.sent = nil
	return s
}

func TestTheInspectorReadsEachType(t *testing.T) {
	for _, test := range []struct {
		typ         event.Type
		asks, reply string
		want        []app.Row
		more        int64
	}{
		{event.String, "GETRANGE k 0 2047", "$3|a\xffb|", []app.Row{{Value: `a\xffb`}}, 97},
		{event.List, "LRANGE k 0 49", "*2|$1|x|$1|y|", []app.Row{{Name: "0", Value: "x"}, {Name: "1", Value: "y"}}, 98},
		{event.Hash, "HSCAN k 0 COUNT 50", "*2|$1|0|*2|$1|f|$1|v|", []app.Row{{Name: "f", Value: "v"}}, 99},
		{event.Set, "SSCAN k 0 COUNT 50", "*2|$1|0|*1|$1|m|", []app.Row{{Value: "m"}}, 99},
		{
			event.SortedSet, "ZRANGE k 0 0 WITHSCORES; ZRANGE k -1 -1 WITHSCORES; ZRANGE k 0 49 WITHSCORES",
			"*2|$1|m|$3|1.5|*2|$1|z|$1|6|*2|$1|m|$3|1.5|",
			[]app.Row{{Name: "0", Value: "m", Note: "1.5", Bar: 0.25, Barred: true}},
			99,
		},
		{
			event.Stream, "XINFO STREAM k FULL COUNT 10; XREVRANGE k + - COUNT 50",
			"*0|*1|*2|$3|1-1|*2|$1|f|$1|v|",
			[]app.Row{{Name: "1-1", Value: "f v"}},
			99,
		},
	} {
		t.Run(test.typ.String(), func(t *testing.T) {
			p := newPage(t)
			if got := p.inspects(test.typ, 100); got != test.asks {
				t.Fatalf("asked %q", got)
			}
			p.reply("page", test.reply)
			in := p.model.Inspector
			if diff := cmp.Diff(test.want, in.Value); diff != "" || in.More != test.more {
				t.Errorf("more %d\n%s", in.More, diff)
			}
			p.events(&event.KeyRemoved{Key: []byte("k")})
			if !in.Gone {
				t.Error("the inspector does not notice that the key has gone")
			}
		})
	}
}

func TestAValueIsReadPageByPage(t *testing.T) {
	fifty := func(element string) string { return strings.Repeat(element, 50) }
	for _, test := range []struct {
		typ         event.Type
		first       string // reply
		next, again string // asked for the second page, and then for the first
	}{
		{event.List, "*50|" + fifty("$1|x|"), "LRANGE k 50 99", "LRANGE k 0 49"},
		{event.Set, "*2|$2|48|*50|" + fifty("$1|x|"), "SSCAN k 48 COUNT 50", "SSCAN k 0 COUNT 50"},
		{event.Stream, "*0|*50|" + fifty("*2|$3|7-1|*2|$1|f|$1|v|"), "XINFO STREAM k FULL COUNT 10; XREVRANGE k (7-1 - COUNT 50", "XINFO STREAM k FULL COUNT 10; XREVRANGE k + - COUNT 50"},
		{event.String, "$2048|" + strings.Repeat("x", 2048) + "|", "GETRANGE k 2048 4095", "GETRANGE k 0 2047"},
	} {
		p := newPage(t)
		p.inspects(test.typ, 5000)
		p.reply("page", test.first)
		in := p.model.Inspector
		if in.Earlier() || !in.Later() {
			t.Errorf("%v: on the first page, earlier %v, later %v", test.typ, in.Earlier(), in.Later())
		}
		p.do(app.InspectPage{})
		if got := p.asks(); got != test.next {
			t.Errorf("%v: asked %q for the second page", test.typ, got)
		}
		p.reply("page", test.first)
		if !in.Earlier() {
			t.Errorf("%v: there is no way back", test.typ)
		}
		p.do(app.InspectPage{Back: true})
		if got := p.asks(); got != test.again {
			t.Errorf("%v: asked %q on the way back", test.typ, got)
		}
	}
}

func TestFieldsTellTheirTimeToLive(t *testing.T) {
	p := newPage(t)
	p.inspects(event.Hash, 2)
	p.reply("page", "*2|$1|0|*4|$1|f|$1|v|$1|g|$1|w|")
	if got := p.asks(); got != "HPTTL k FIELDS 2 f g" {
		t.Fatalf("asked %q", got)
	}
	p.reply("page", "*2|:-1|:8200|")
	want := []app.Row{{Name: "f", Value: "v"}, {Name: "g", Value: "w", Note: "expires in 8.2 s"}}
	if diff := cmp.Diff(want, p.model.Inspector.Value); diff != "" {
		t.Error(diff)
	}
}

func TestAStringIsShownAsWhatItLooksLike(t *testing.T) {
	h := hyperloglog.New()
	for _, e := range []string{"a", "b", "c"} {
		h, _, _ = h.Add([]byte(e), 3000)
	}
	for _, test := range []struct {
		name, value string
		as          app.Form
	}{
		{"text", "hello", app.AsText},
		{"text of another language", "\u0436\u0443\u043a", app.AsText},
		{"SETBIT k 7 1", "\x01", app.AsBits},
		{"SETBIT k 4000 1", strings.Repeat("\x00", 500) + "\x80", app.AsBits},
		{"compressed", strings.Repeat("\x9f\x8b\xc1\xff", 50), app.AsHex},
		{"PFADD", string(h), app.AsRegisters},
		{"empty", "", app.AsText},
	} {
		p := newPage(t)
		p.inspects(event.String, int64(len(test.value)))
		p.reply("page", "$"+app.Count(int64(len(test.value)))+"|"+test.value+"|")
		in := p.model.Inspector
		if in.As != test.as {
			t.Errorf("%s is shown as %s", test.name, in.As)
		}
		if test.as == app.AsRegisters && (in.HLL == nil || !strings.Contains(in.Note, "16,384 registers, sparse, runs of equal registers as opcodes: 3 above zero") || !strings.HasSuffix(in.Note, "estimate 3 elements.")) {
			t.Errorf("%s: %s", test.name, in.Note)
		}
		p.do(app.InspectAs{Form: app.AsHex})
		p.reply("page", "$5|hello|")
		if got := in.Value[0].Value; !strings.HasPrefix(got, "68656c6c 6f") || !strings.HasSuffix(got, "  hello") {
			t.Errorf("%s as hex: %q", test.name, got)
		}
	}
	p := newPage(t)
	p.inspects(event.String, 5)
	p.reply("page", "$5|\x80\x00\x01\x00\x03|")
	want := []app.Row{{Name: "0", Value: "10000000 00000000 00000001 00000000", Note: "2 set"}, {Name: "32", Value: "00000011", Note: "2 set"}}
	if diff := cmp.Diff(want, p.model.Inspector.Value); diff != "" {
		t.Error(diff)
	}
}

func TestScoresOfGEOADDAreAMap(t *testing.T) {
	p := newPage(t)
	p.inspects(event.SortedSet, 2)
	cities := "*4|$6|London|$16|2163506882749724|$5|Paris|$16|3663832752681684|"
	p.reply("page", "*0|*0|"+cities)
	in := p.model.Inspector
	if in.As != app.AsPlaces || len(in.Points) != 2 || in.Points[1].Name != "Paris" {
		t.Fatalf("shown as %s: %v", in.As, in.Points)
	}
	if p := in.Points[1]; p.Latitude < 48.8 || p.Latitude > 48.9 || p.Longitude < 2.3 || p.Longitude > 2.4 {
		t.Errorf("Paris lies at %v", p.Point)
	}
	p.asks()
	p.do(app.InspectAs{Form: app.AsRanks})
	p.reply("page", "*0|*0|"+cities)
	if in.Points != nil || in.Value[0].Note != "2163506882749724" {
		t.Errorf("as ranks: %v", in.Value)
	}
}

func TestAStreamTellsItsGroups(t *testing.T) {
	p := newPage(t)
	p.inspects(event.Stream, 3)
	p.reply("page", "*2|$6|groups|*1|*12|$4|name|$7|readers|$17|last-delivered-id|$3|3-1|$12|entries-read|:3|$3|lag|:0|$9|pel-count|:2|"+
		"$9|consumers|*1|*8|$4|name|$3|ann|$9|seen-time|:5|$9|pel-count|:2|$7|pending|*2|*3|$3|1-1|:5|:1|*3|$3|2-1|:5|:4|"+"*0|")
	want := []app.Row{
		{Name: "group readers", Value: "last delivered 3-1, 2 pending, lag 0"},
		{Name: "– ann", Value: "2 pending: 1-1 (delivered 1 time), 2-1 (delivered 4 times)"},
	}
	if diff := cmp.Diff(want, p.model.Inspector.Groups); diff != "" {
		t.Error(diff)
	}
}

// A key that changes all the time is read ten times a second, not more often.
func TestABusyKeyIsNotAskedForAllTheTime(t *testing.T) {
	p := newPage(t)
	p.inspects(event.List, 1)
	n := 0
	for frame := range 60 {
		p.events(&event.KeyChanged{Key: []byte("k"), KeyLen: 1, Type: event.List, Elements: 1, Change: uint64(4 + frame)})
		p.reply("page", "*1|$1|x|")
		p.do(app.Frame{Wall: 2_000_000 + int64(frame)*16_667})
		if p.asks() != "" {
			n++
		}
	}
	if n < 8 || n > 11 {
		t.Errorf("asked %d times in a second", n)
	}
}

func TestAnEndlessNameSaysWhyItHasNoValue(t *testing.T) {
	p := newPage(t)
	name := strings.Repeat("x", event.MaxKey)
	p.events(&event.KeyChanged{Key: []byte(name), KeyLen: 300_000, Type: event.String, Elements: 1})
	p.sent = nil
	p.do(app.Select{Key: &name})
	if got := p.asks(); got != "" || !strings.Contains(p.model.Inspector.Note, "293 KB") {
		t.Errorf("asked %q, and says %q", got, p.model.Inspector.Note)
	}
}
