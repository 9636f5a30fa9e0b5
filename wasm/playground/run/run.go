// Package run keeps the record of a run, and plays it.
//
// The idea: a host is a function of what comes in. So a run is the list of
// that: every call with its bytes and its time, and every answer of the
// stopwatch. Nothing else is left to chance: the store's transactions end by a
// call, and everything random comes from the seed in the settings. Played on
// another host the list gives the same bytes, in memory and in the files, up to
// any moment; and a host that has been played to a moment can take the place of
// the present one, and go on from there.
//
// Writing it down is one copy of what came in. Past moments are played in this
// same instance, beside the present host, whose record, code and memory are at
// hand here: nothing is sent anywhere, and a branch is an exchange of two hosts.
package run

import (
	"encoding/binary"
	"errors"

	"everysec/engine/command"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
	"everysec/wasm/playground/host"
)

// Recorder is a host with a record. Its methods are those of host.Host.
type Recorder struct {
	options host.Options
	live    *stage
	log     *Log
	before  *Log // of the run that the last branch left; nil: none
	past    *past
	closed  *past // was closed last, if it is of this log: to be opened again
	every   int64 // microseconds of playing between two keyframes, at first

	// The store counts the transactions of all hosts, each host its own.
	sent    uint32
	flights map[uint32]uint32

	// Shelf is asked what is kept of runs that are over: an operation, and its
	// payload. Found brings the answer. Nil: nothing is kept.
	Shelf func(token uint32, question []byte)
	asked map[uint32]question
	token uint32
	own   map[uint64]bool // the page's own clients
	keep  keeper
}

// stage is a host and what is around it: the world, or a log.
type stage struct {
	host *host.Host
	in   *reader      // nil: the world
	hear func([]byte) // gets what a played host posts; nil: nobody
}

// New returns a recorder whose host has nothing yet: Configure and Stored begin.
func New(o host.Options) *Recorder {
	r := &Recorder{options: o, log: &Log{}, flights: map[uint32]uint32{}, every: keyframeEvery, asked: map[uint32]question{}, own: map[uint64]bool{}}
	r.keep.logs = []*Log{r.log}
	r.live = r.stage(nil)
	return r
}

func (r *Recorder) stage(in *reader) *stage {
	s := &stage{in: in}
	s.host = host.New(r.around(s))
	return s
}

// around is what is around the host of a stage.
func (r *Recorder) around(s *stage) host.Options {
	return host.Options{
		Post: func(batch []byte) {
			switch {
			case s.in == nil:
				r.options.Post(batch)
			case s.hear != nil:
				s.hear(batch)
			}
		},
		Commit: func(transaction uint32, ops []byte) {
			if s.in == nil {
				r.sent++
				r.flights[r.sent] = transaction
				r.options.Commit(r.sent, ops)
			}
		},
		Ask: func(what idb.Ask) {
			if s.in == nil {
				r.options.Ask(what)
			}
		},
		Stopwatch: func() int64 {
			if s.in != nil {
				return s.in.reading()
			}
			v := r.options.Stopwatch()
			r.log.read(v)
			return v
		},
	}
}

// Configure takes the page's settings, which it keeps: the store's name, the
// seed, pairs of directive and value, and perhaps the pairs of a lesson.
func (r *Recorder) Configure(settings []byte) {
	r.log.begin(configured, 0, settings, true, 0)
	r.live.host.Configure(readSettings(settings))
	r.log.end()
}

func readSettings(b []byte) host.Settings {
	f := bridge.Read(b)
	s := host.Settings{Store: f.String(), Seed: uint64(f.Int()), Config: f.Pairs()}
	if f.More() {
		s.Lesson = f.Pairs()
	}
	if f.More() {
		s.Held = f.String()
	}
	return s
}

// Stored is host.Host's. The image is kept.
func (r *Recorder) Stored(image []byte, wall int64) {
	r.log.begin(stored, 0, image, true, wall)
	r.live.host.Stored(image, wall)
	r.log.end()
}

// Exec is host.Host's. What is asked of the record itself is no part of it.
func (r *Recorder) Exec(message []byte, wall int64) {
	message, own := divide(message)
	if own == nil || brings(message) {
		r.log.begin(input, 0, message, false, wall)
		if does(message, r.own) && !r.log.full {
			r.log.inputs++
		}
		r.live.host.Exec(message, wall)
		r.log.end()
	}
	for _, f := range own {
		r.operate(message[:channelBytes], f, wall)
	}
}

const channelBytes = 4

// isOwn tells whether a frame is for the recorder.
func isOwn(f *bridge.Frame) bool {
	return f.Kind == bridge.KindControl && bridge.Op(f.Arg) >= bridge.OpRunState
}

// divide takes out of a batch what is for the recorder.
func divide(message []byte) (others []byte, own []bridge.Frame) {
	others = message
	for at := channelBytes; at < len(message); {
		f, rest, err := bridge.Next(message[at:])
		if err != nil {
			break // the host says so
		}
		next := len(message) - len(rest)
		switch {
		case isOwn(&f):
			if own == nil {
				others = append([]byte(nil), message[:at]...)
			}
			own = append(own, f)
		case own != nil:
			others = append(others, message[at:next]...)
		}
		at = next
	}
	return others, own
}

// brings tells whether a batch says more than when it was sent.
func brings(message []byte) bool {
	if len(message) != channelBytes+bridge.TimeSize {
		return len(message) > channelBytes
	}
	f, _, err := bridge.Next(message[channelBytes:])
	return err != nil || f.Kind != bridge.KindSent
}

// Tick is host.Host's.
func (r *Recorder) Tick(wall int64) {
	r.log.begin(ticked, 0, nil, false, wall)
	r.live.host.Tick(wall)
	r.log.end()
}

// Committed is host.Host's. What a host began that has been left is nobody's.
func (r *Recorder) Committed(transaction uint32, failure string, wall int64) {
	number, known := r.flights[transaction]
	if !known {
		return
	}
	delete(r.flights, transaction)
	r.log.begin(committed, number, []byte(failure), false, wall)
	r.live.host.Committed(number, failure, wall)
	r.log.end()
}

// Taken is host.Host's.
func (r *Recorder) Taken(why string, wall int64) {
	r.log.begin(taken, 0, []byte(why), false, wall)
	r.live.host.Taken(why, wall)
	r.log.end()
}

// Delay is host.Host's.
func (r *Recorder) Delay() int64 { return r.live.host.Delay() }

// play plays the next entry of a stage's log. What it was is valid until the
// next call.
func (s *stage) play() (entry, error) {
	e, err := s.in.next()
	if err != nil {
		return e, err
	}
	switch e.kind {
	case configured:
		s.host.Configure(readSettings(e.body))
	case stored:
		s.host.Stored(e.body, e.wall)
	case input:
		s.host.Exec(e.body, e.wall)
	case ticked:
		s.host.Tick(e.wall)
	case committed:
		s.host.Committed(e.transaction, string(e.body), e.wall)
	case taken:
		s.host.Taken(string(e.body), e.wall)
	case branched:
		s.host.Settle()
		s.host.Branch(readPresent(e.body), e.wall)
	}
	return e, s.in.end()
}

func appendPresent(p host.Present) bridge.Record {
	r := bridge.Record(nil).String(p.Name).String(p.Text).Byte(uint8(p.Store)).Bool(p.Unknown).Int(int64(len(p.Channels)))
	for _, id := range p.Channels {
		r = r.Int(int64(id))
	}
	return r
}

func readPresent(b []byte) host.Present {
	f := bridge.Read(b)
	p := host.Present{Name: f.String(), Text: f.String(), Store: bridge.Store(f.Byte()), Unknown: f.Bool()}
	for n := f.Int(); n > 0 && f.More(); n-- {
		p.Channels = append(p.Channels, uint32(f.Int()))
	}
	return p
}

// branch makes a stage that has been played to a moment the present one.
func (r *Recorder) branch(s *stage, wall int64) {
	left, present := r.live, r.live.host.Present()
	left.host.Leave()
	left.in = &reader{log: &Log{}} // nobody hears it any more
	clear(r.flights)

	played := s.in.played
	r.before, r.log = r.log, s.in.prefix()
	if r.past.log != r.before {
		r.closed = nil
	} else {
		r.past.rest()
		r.past.cut(played, r.log)
		r.closed = r.past
	}
	r.past = nil
	r.keep.logs = append(r.keep.logs, r.log)
	s.host.Settle()
	s.in, s.hear, r.live = nil, nil, s
	r.log.begin(branched, 0, appendPresent(present), false, wall)
	s.host.Branch(present, wall)
	r.log.end()
}

// attempt does what needs code that is fetched when it is first wanted.
func (r *Recorder) attempt(do func() (bridge.Record, error)) (result bridge.Record, err error) {
	defer func() {
		if absent := recover(); absent == any(command.ErrAbsent) {
			err = errors.New("the code that plays runs could not be fetched")
		} else if absent != nil {
			panic(absent)
		}
	}()
	return do()
}

// operate does what is asked of the record.
func (r *Recorder) operate(channel []byte, f bridge.Frame, wall int64) {
	q := question{bridge.Op(f.Arg), binary.LittleEndian.Uint32(channel), f.ID}
	if r.ask(q, f.Data) {
		return
	}
	result, err := r.attempt(func() (bridge.Record, error) { return r.operation(q.op, f.Data, wall) })
	r.answer(q, result, err)
}

func (r *Recorder) answer(q question, result bridge.Record, err error) {
	answer := bridge.Frame{Kind: bridge.KindResult, ID: q.id, Data: result}
	if err != nil {
		answer.Kind, answer.Data = bridge.KindFailure, []byte(err.Error())
	}
	r.options.Post(bridge.Append(binary.LittleEndian.AppendUint32(nil, q.channel), answer))
}
