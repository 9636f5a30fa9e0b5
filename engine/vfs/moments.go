package vfs

import (
	"path"
	"strings"
)

// The idea of this file: a crash has a moment. Every operation that changes the
// disk has a number, and can be looked at just before it, while it is on its way
// to the platter, and just after it. Observe looks at every moment and lets the
// disk go on, as a simulation wants it that tries all of them; CrashAt waits for
// one moment and ends the disk there, as a learner wants it.

// Call is what a program can ask of a disk that changes it. They are bits, so
// that a CrashPoint can wait for any of several.
type Call uint16

const (
	CallCreate Call = 1 << iota // OpenFile with Create or Truncate
	CallWrite
	CallTruncate
	CallRename
	CallRemove
	CallMakeDir
	CallSync
	CallSyncDir
)

var callNames = [...]string{"create", "write", "truncate", "rename", "remove", "mkdir", "sync", "syncdir"}

// String names the calls, with a bar between two.
func (c Call) String() string {
	var names []string
	for i, name := range callNames {
		if c&(1<<i) != 0 {
			names = append(names, name)
		}
	}
	return strings.Join(names, "|")
}

// Operation is one call, whether it succeeds or not.
type Operation struct {
	Number  uint64 // the first on a Disk is 1
	Call    Call
	Name    string
	NewName string // of a rename
	Bytes   int64  // of a write; of a truncate, the new length
}

func (o Operation) String() string {
	if o.Call == CallRename {
		return "rename " + o.Name + " to " + o.NewName
	}
	return o.Call.String() + " " + o.Name
}

// Moment is where an operation stands.
type Moment uint8

const (
	// Before: nothing of it has happened.
	Before Moment = iota
	// InFlight, of a sync: the platter has begun with it, and the Ticket is not
	// done. Of the other calls there is no such moment: the page cache takes
	// them at once.
	InFlight
	// After: it has happened. Of a sync: its Ticket has just been done, which
	// the program does not know yet.
	After
)

var momentNames = [...]string{"before", "in flight", "after"}

func (m Moment) String() string { return momentNames[min(int(m), len(momentNames)-1)] }

// Operations is how many operations programs have begun on this Disk. An image
// goes on counting.
func (d *Disk) Operations() uint64 { return d.operations }

// Observe lets look see every moment of every operation from now on; nil ends
// it. look is called from within the operation: it may take an Image and Halt
// the Disk, but not change it, nor call the program that uses it.
func (d *Disk) Observe(look func(Operation, Moment)) { d.observer = look }

// CrashPoint is a moment to wait for.
type CrashPoint struct {
	Call   Call   // any of these; 0: any at all
	Name   string // pattern of path.Match for a name, old or new, or its last element; "": any
	Skip   int    // how many that fit pass first
	Moment Moment
}

// Points are the moments that people speak of. That of an operation by its
// number takes all but the last of them as Skip.
var Points = [...]struct {
	Name  string
	Point CrashPoint
}{
	{"during-fsync", CrashPoint{Call: CallSync, Moment: InFlight}},
	{"before-rename", CrashPoint{Call: CallRename, Moment: Before}},
	{"after-rename", CrashPoint{Call: CallRename, Moment: After}},
	{"before-write", CrashPoint{Call: CallWrite, Moment: Before}},
	{"after-write", CrashPoint{Call: CallWrite, Moment: After}},
	{"operation", CrashPoint{Moment: Before}},
}

type armed struct {
	point   CrashPoint
	kind    Kind
	seed    uint64
	crashed func(image *Disk, at Operation)
}

// CrashAt waits for a point. There the Disk ends, as by Halt, and crashed gets
// the image, from within the operation: the program must not be called any more,
// and what it still says is not to be believed. One point is waited for at a
// time, the newest; it is ErrInvalid if it can never come.
func (d *Disk) CrashAt(p CrashPoint, kind Kind, seed uint64, crashed func(image *Disk, at Operation)) error {
	_, bad := path.Match(p.Name, "")
	never := p.Moment == InFlight && p.Call != 0 && p.Call&(CallSync|CallSyncDir) == 0
	if bad != nil || never || p.Skip < 0 || p.Moment > After {
		return failure("crash at", p.Name, -1, ErrInvalid)
	}
	d.armed = &armed{p, kind, seed, crashed}
	return nil
}

// Disarm ends the waiting of CrashAt; it tells whether there was any.
func (d *Disk) Disarm() bool {
	was := d.armed != nil
	d.armed = nil
	return was
}

// Armed is the point that is waited for; its Skip has come down by those that
// passed.
func (d *Disk) Armed() (p CrashPoint, ok bool) {
	if d.armed == nil {
		return p, false
	}
	return d.armed.point, true
}

// Halted tells whether the Disk has ended, by Halt or at a CrashPoint.
func (d *Disk) Halted() bool { return d.halted }

// begin numbers an operation.
func (d *Disk) begin(call Call, name, newName string, bytes int64) Operation {
	d.operations++
	op := Operation{d.operations, call, name, newName, bytes}
	d.pass(op, Before)
	return op
}

// pass lets the observer look at a moment, and crashes if it is the one.
func (d *Disk) pass(op Operation, m Moment) {
	if d.halted || op.Number == 0 {
		return
	}
	if d.observer != nil {
		d.observer(op, m)
	}
	a := d.armed
	if d.halted || a == nil || !a.point.fits(op, m) {
		return
	}
	if a.point.Skip > 0 {
		a.point.Skip--
		return
	}
	d.armed = nil
	image := d.Image(a.kind, a.seed)
	d.Halt()
	a.crashed(image, op)
}

func (p CrashPoint) fits(op Operation, m Moment) bool {
	if m != p.Moment || p.Call != 0 && p.Call&op.Call == 0 {
		return false
	}
	return p.Name == "" || p.names(op.Name) || op.NewName != "" && p.names(op.NewName)
}

func (p CrashPoint) names(name string) bool {
	whole, _ := path.Match(p.Name, name) // CrashAt has tried the pattern
	last, _ := path.Match(p.Name, path.Base(name))
	return whole || last
}
