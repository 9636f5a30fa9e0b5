package vfs_test

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"everysec/engine/vfs"
)

// The transcripts in testdata are the specification of the disk: what a program
// does to it, what a crash leaves, what the next start reads. A line is an
// operation; it is followed by what is worth telling.
//
//	disk [sector=N] [capacity=N] [latency=N] [per-mib=N] [writeback=N] [platter]
//	                             a new disk; with platter one whose commits are
//	                             told, and answered by "answer" only
//	create F, open F, write F TEXT, truncate F N, close F, rename A B, remove F, mkdir D
//	sync F, syncdir D, syncall   start a sync; it is told when it is done
//	advance N                    N microseconds pass
//	answer [TEXT]                the platter says done, or fails with TEXT
//	fail N, lie on|off, hang on|off, fill N, capacity N, slow SYNC [PER-MIB]
//	cut-tail F N, flip F OFFSET MASK, rot BITS SEED
//	status, show, space          durability of all files; their content; room left
//	crash KIND SEED              goes on with the image, and tells of it
//	look KIND SEED...            only tells, of one image a seed
//	observe                      tells every moment of every operation from now on
//	crash-at MOMENT CALL NAME SKIP KIND SEED
//	                             waits for it, and goes on with the image; * is any
//	disarm                       waits no more
//	halt, attach                 the disk's end; a new one moves onto the platter
//	reload                       goes on with what the platter itself has stored
//
// TEXT may be a*700 for 700 letters, and is shown so.
func TestTranscripts(t *testing.T) {
	datadriven.Walk(t, "testdata/disk", func(t *testing.T, path string) {
		m := &machine{}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			m.out.Reset()
			for line := range strings.SplitSeq(d.Input, "\n") {
				if err := m.run(strings.Fields(line)); err != nil {
					m.tell("%s: %v", line, err)
				}
				m.tickets()
				if m.next != nil {
					m.use(m.next)
					m.next = nil
				}
			}
			return m.out.String()
		})
	})
}

// machine is a program, its disk and what it waits for.
type machine struct {
	disk    *vfs.Disk
	platter *slowPlatter
	files   map[string]vfs.File
	waiting []waiting
	out     strings.Builder
	now     int64
	next    *vfs.Disk // the image of a crash that came while the program ran
}

type waiting struct {
	what   string
	ticket vfs.Ticket
}

// slowPlatter keeps what it is told in a Content, once it is told to answer.
type slowPlatter struct {
	m       *machine
	content vfs.Content
	batch   vfs.Batch
	done    func(error)
}

func (p *slowPlatter) Commit(b vfs.Batch, done func(error)) {
	if p.done != nil {
		panic("two commits at once")
	}
	p.batch, p.done = b, done
	for _, c := range b.Changes {
		p.m.tell("    to the platter: %v", c)
	}
}

func (p *slowPlatter) answer(err error) error {
	if p.done == nil {
		return errors.New("no commit is under way")
	}
	done := p.done
	p.done = nil
	if err == nil {
		if err := p.content.Apply(p.batch); err != nil {
			return fmt.Errorf("the platter cannot apply the batch: %w", err)
		}
	}
	done(err)
	return nil
}

func (m *machine) tell(format string, args ...any) {
	fmt.Fprintf(&m.out, format+"\n", args...)
}

func (m *machine) tickets() {
	m.waiting = slices.DeleteFunc(m.waiting, func(w waiting) bool {
		if w.ticket.Done() {
			if err := w.ticket.Err(); err != nil {
				m.tell("%s failed: %v", w.what, err)
			} else {
				m.tell("%s done", w.what)
			}
		}
		return w.ticket.Done()
	})
}

func (m *machine) use(d *vfs.Disk) {
	m.disk, m.files, m.waiting = d, map[string]vfs.File{}, nil
}

func number(s string) int64 {
	n, err := strconv.ParseInt(s, 0, 64)
	if err != nil {
		panic(err)
	}
	return n
}

func (m *machine) run(words []string) error {
	if len(words) == 0 {
		return nil
	}
	arg := func(i int) string {
		if i < len(words) {
			return words[i]
		}
		return ""
	}
	switch words[0] {
	case "disk":
		m.create(words[1:])
	case "create", "open":
		mode := vfs.Write
		if words[0] == "create" {
			mode |= vfs.Create
		}
		f, err := m.disk.OpenFile(arg(1), mode)
		m.files[arg(1)] = f
		return err
	case "write":
		n, err := m.files[arg(1)].Write(text(arg(2)))
		if err != nil {
			m.tell("wrote %d bytes", n)
		}
		return err
	case "truncate":
		return m.files[arg(1)].Truncate(number(arg(2)))
	case "close":
		return m.files[arg(1)].Close()
	case "rename":
		m.files[arg(2)] = m.files[arg(1)]
		return m.disk.Rename(arg(1), arg(2))
	case "remove":
		return m.disk.Remove(arg(1))
	case "mkdir":
		return m.disk.MakeDir(arg(1))
	case "sync":
		m.waiting = append(m.waiting, waiting{"sync " + arg(1), m.files[arg(1)].Sync()})
	case "syncdir":
		m.waiting = append(m.waiting, waiting{"syncdir " + arg(1), m.disk.SyncDir(arg(1))})
	case "syncall":
		m.waiting = append(m.waiting, waiting{"syncall", m.disk.SyncAll()})
	case "advance":
		m.now += number(arg(1))
		m.disk.Advance(m.now)
	case "answer":
		if arg(1) != "" {
			return m.platter.answer(errors.New(strings.Join(words[1:], " ")))
		}
		return m.platter.answer(nil)
	case "fail":
		m.disk.FailSyncs(int(number(arg(1))))
	case "lie":
		m.disk.LieAboutSyncs(arg(1) == "on")
	case "hang":
		m.disk.HangSyncs(arg(1) == "on")
	case "rot":
		for _, f := range m.disk.Rot(int(number(arg(1))), uint64(number(arg(2)))) {
			m.tell("    %s: the bit %#02x of byte %d flipped", f.Name, f.Mask, f.Offset)
		}
	case "observe":
		m.disk.Observe(func(op vfs.Operation, moment vfs.Moment) {
			m.tell("    %v %d %v", moment, op.Number, op)
		})
	case "crash-at":
		return m.crashAt(arg)
	case "disarm":
		m.tell("waited: %v", m.disk.Disarm())
	case "fill":
		m.disk.Fill(number(arg(1)))
	case "capacity":
		m.disk.SetCapacity(number(arg(1)))
	case "slow":
		m.disk.SetLatency(vfs.Latency{Sync: number(arg(1)), PerMiB: number("0" + arg(2))})
	case "halt": // the power is off
		m.disk.Halt()
	case "cut-tail":
		return m.disk.TruncateTail(arg(1), number(arg(2)))
	case "flip":
		return m.disk.FlipByte(arg(1), number(arg(2)), byte(number(arg(3))))
	case "status":
		m.status()
	case "space":
		m.tell("%d used, %d free", m.disk.Used(), m.disk.Free())
	case "show":
		m.show(m.disk)
	case "crash":
		image := m.disk.Image(kind(arg(1)), uint64(number(arg(2))))
		m.account(image)
		m.show(image)
		m.use(image)
	case "look":
		for _, seed := range words[2:] {
			m.tell("seed %s:", seed)
			image := m.disk.Image(kind(arg(1)), uint64(number(seed)))
			m.account(image)
			m.show(image)
		}
	case "attach":
		m.platter.done = nil
		m.waiting = []waiting{{"attach", m.disk.Attach(m.platter)}}
	case "reload":
		d, err := vfs.Load(m.platter.content, vfs.Options{Platter: m.platter})
		if err != nil {
			return err
		}
		m.platter.done = nil // whoever waited for it is gone
		m.use(d)
		m.show(d)
	default:
		return errors.New("no such operation")
	}
	return nil
}

// crashAt lets the image take over at a moment to come.
func (m *machine) crashAt(arg func(int) string) error {
	any := func(s string) string {
		if s == "*" {
			return ""
		}
		return s
	}
	p := vfs.CrashPoint{Name: any(arg(3)), Skip: int(number(arg(4)))}
	for p.Moment = vfs.Before; strings.ReplaceAll(p.Moment.String(), " ", "-") != arg(1); p.Moment++ {
	}
	for c := vfs.CallCreate; c <= vfs.CallSyncDir && arg(2) != "*"; c <<= 1 {
		if slices.Contains(strings.Split(arg(2), "|"), c.String()) {
			p.Call |= c
		}
	}
	return m.disk.CrashAt(p, kind(arg(5)), uint64(number(arg(6))), func(image *vfs.Disk, at vfs.Operation) {
		m.tell("%s, %s operation %d, %v:", arg(5), strings.Replace(arg(1), "in-flight", "in the middle of", 1), at.Number, at)
		m.account(image)
		m.show(image)
		m.next = image
	})
}

func kind(s string) vfs.Kind {
	for k := vfs.ProcessKill; k <= vfs.BitRot; k++ {
		if k.String() == s {
			return k
		}
	}
	panic("no such crash: " + s)
}

func (m *machine) create(words []string) {
	o := vfs.Options{}
	m.platter, m.now = nil, 0
	for _, w := range words {
		key, value, _ := strings.Cut(w, "=")
		switch key {
		case "sector":
			o.Sector = number(value)
		case "capacity":
			o.Capacity = number(value)
		case "latency":
			o.Latency.Sync = number(value)
		case "per-mib":
			o.Latency.PerMiB = number(value)
		case "writeback":
			o.Writeback = number(value)
		case "platter":
			m.platter = &slowPlatter{m: m}
			o.Platter = m.platter
		default:
			panic("no such option: " + w)
		}
	}
	m.use(vfs.New(o))
}

func (m *machine) status() {
	for _, s := range m.disk.Files() {
		notes := ""
		if s.InFlight {
			notes += ", in flight"
		}
		if !s.NameSynced {
			notes += ", name not synced"
		}
		m.tell("    %s: %d written, %d synced%s", s.Name, s.Written, s.Synced, notes)
	}
}

func (m *machine) account(image *vfs.Disk) {
	for _, a := range image.Accounts() {
		m.tell("    %s: %d written, %d synced, %d survived: %s", a.Name, a.Written, a.Synced, a.Survived, a.What)
	}
}

func (m *machine) show(d *vfs.Disk) {
	for _, s := range d.Files() {
		b, err := vfs.ReadFile(d, s.Name)
		if err != nil {
			m.tell("    %s: %v", s.Name, err)
			continue
		}
		m.tell("    %s holds %s", s.Name, shown(b))
	}
}

// text is the bytes that a*700 stands for, and s itself if it is nothing such.
func text(s string) []byte {
	var out []byte
	for part := range strings.SplitSeq(s, "+") {
		letter, count, ok := strings.Cut(part, "*")
		if n, err := strconv.Atoi(count); ok && err == nil {
			out = append(out, bytes.Repeat([]byte(letter), n)...)
		} else {
			out = append(out, part...)
		}
	}
	return out
}

// shown is the opposite of text.
func shown(b []byte) string {
	var parts []string
	for len(b) > 0 {
		n := 1
		for n < len(b) && b[n] == b[0] {
			n++
		}
		letter := strings.Trim(strconv.Quote(string(b[:1])), `"`)
		if b[0] == 0 {
			letter = "zero"
		}
		if n < 4 && b[0] != 0 {
			if k := len(parts); k > 0 && !strings.Contains(parts[k-1], "*") {
				parts[k-1] += strings.Repeat(letter, n)
			} else {
				parts = append(parts, strings.Repeat(letter, n))
			}
		} else {
			parts = append(parts, fmt.Sprintf("%s*%d", letter, n))
		}
		b = b[n:]
	}
	if len(parts) == 0 {
		return "nothing"
	}
	return strings.Join(parts, "+")
}
