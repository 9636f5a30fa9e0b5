package run

import (
	"encoding/binary"
	"errors"
	"maps"
	"strings"
	"unsafe"

	"everysec/engine/event"
	"everysec/engine/phrase"
	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/wasm/playground/host"
)

// past is a run that is looked back on: its log up to some entry, a stage that
// has been played so far, and the moments found on the way.
type past struct {
	log         *Log
	end         int    // entries that count
	fingerprint uint64 // of a file; 0: it is not from one
	warning     string

	stage   *stage
	glance  host.Glance       // of the stage
	clients map[uint64]string // their names, as they connected
	spoiled bool              // the stage has seen what its log does not hold
	last    happening         // by the entry that was played last
	found   int               // how many entries have been looked at for moments
	moments []moment

	keyframes
	since int64 // microseconds of playing since a keyframe, or the start
	base  int   // the entry of that keyframe
}

// moment is the state after an entry that brought more than time.
type moment struct {
	played int
	kinds  bridge.Kinds
}

type happening struct {
	text  string
	kinds bridge.Kinds
}

// slice is how long a call may play, in microseconds: the page shows how far it
// is, and the thread has other things to do.
const slice = 60_000

func (r *Recorder) operation(op bridge.Op, payload []byte, wall int64) (result bridge.Record, err error) {
	f := bridge.Read(payload)
	switch op {
	case bridge.OpRunState:
	case bridge.OpRunSave:
		fingerprint, err := r.end().host.Fingerprint()
		return bridge.Record(nil).Bytes(r.log.file(fingerprint)), err
	case bridge.OpRunOpen:
		if r.past == nil || r.past.log != r.log {
			if r.past = r.closed; r.past == nil || r.past.log != r.log {
				r.past = r.lookAt(r.log)
			}
		}
		r.closed = nil
		r.past.end = r.log.entries
	case bridge.OpRunLoad:
		log, fingerprint, err := readFile(append([]byte(nil), f.Bytes()...))
		if err != nil {
			return nil, err
		}
		r.past = r.lookAt(log)
		r.past.fingerprint = fingerprint
	case bridge.OpRunBefore:
		if r.before == nil {
			return nil, errors.New("no run has been left")
		}
		r.past = r.lookAt(r.before)
	case bridge.OpRunClose:
		if r.past != nil && r.past.log == r.log {
			r.past.rest()
			r.closed = r.past
		}
		r.past = nil
	default:
		if r.past == nil {
			return nil, errors.New("no run is looked back on")
		}
		return r.lookBack(op, f, wall)
	}
	if f.Err() != nil {
		return nil, f.Err()
	}
	return r.state(), nil
}

func (r *Recorder) state() bridge.Record {
	return bridge.RunState{Bytes: r.log.size, Limit: Limit, Full: r.log.full, Before: r.before != nil}.Append(nil)
}

// lookAt looks back on a run.
func (r *Recorder) lookAt(log *Log) *past {
	return &past{log: log, end: log.entries, keyframes: newKeyframes(r.every)}
}

// rest keeps of a past what is wanted when it is opened again.
func (p *past) rest() { p.stage, p.from = nil, nil }

// cut is keyframes.cut, for the moments, too.
func (p *past) cut(played int, log *Log) {
	p.keyframes.cut(played, log)
	p.log, p.end, p.found = log, played, min(p.found, played)
	for n := len(p.moments); n > 0 && p.moments[n-1].played > played; n-- {
		p.moments = p.moments[:n-1]
	}
}

// end is a stage at the end of the record: the present, where that is not full.
func (r *Recorder) end() *stage {
	if !r.log.full {
		return r.live
	}
	p := r.lookAt(r.log)
	_, _ = p.play(r, p.end, func() bool { return true })
	return p.stage
}

func (r *Recorder) lookBack(op bridge.Op, f *bridge.Fields, wall int64) (bridge.Record, error) {
	p := r.past
	switch op {
	case bridge.OpRunSeek:
		return p.seek(r, int(f.Int()))
	case bridge.OpRunMarks:
		return p.marks(int(f.Int())), nil
	}
	if p.stage == nil {
		return nil, errors.New("no moment has been asked for")
	}
	switch op {
	case bridge.OpRunKeys:
		var b event.Batch
		db, cursor, more := p.stage.host.LookAtKeys(&b, int(f.Int()), uint64(f.Int()))
		return bridge.Record(nil).Int(int64(db)).Int(int64(cursor)).Bool(more).Bytes(b.Encode(nil)), nil
	case bridge.OpRunAsk:
		return p.stage.host.Ask(bridge.Op(f.Byte()), f.Bytes())
	case bridge.OpRunTell:
		return bridge.Record(nil).Bytes(p.tell(f.Bytes())), nil
	case bridge.OpRunBranch:
		if p.spoiled { // by questions, which are no part of the run
			if _, err := p.play(r, p.stage.in.played, func() bool { return true }); err != nil {
				return nil, err
			}
		}
		r.branch(p.stage, wall)
		return r.live.host.Ask(bridge.OpState, nil)
	}
	return nil, errors.New("unknown operation")
}

// set sets the stage from which an entry is played with the least effort. A
// keyframe at the entry itself is of no use: what it brought is to be told.
func (p *past) set(r *Recorder, to int) {
	usable := p.stage != nil && !p.spoiled && p.stage.in.played <= to
	f := p.before(to)
	if usable && (f == nil || f.in.played <= p.stage.in.played) {
		return
	}
	p.since, p.base, p.spoiled, p.last = 0, 0, false, happening{}
	if f != nil {
		p.base = f.in.played
		if p.stage = p.restore(r, f); p.stage != nil {
			p.glance, p.clients = f.glance, maps.Clone(f.clients)
			return
		}
	}
	p.stage = r.stage(&reader{log: p.log})
	p.glance, p.clients, p.from = p.stage.host.Glance(), map[uint64]string{}, map[unsafe.Pointer]*block{}
}

// keep makes a keyframe of the stage, if one is due.
func (p *past) keep(r *Recorder, now int64) {
	played := p.stage.in.played
	if f := p.before(played + 1); f != nil && f.in.played > p.base { // passed
		p.since, p.base = 0, f.in.played
	}
	if !p.due(played, p.since) {
		return
	}
	if p.add(p.stage, p.glance, p.clients, p.since) {
		p.since, p.base = 0, played
		p.cost = r.options.Stopwatch() - now
	} else {
		p.since -= p.every / 4 // something is under way that cannot be copied: soon
	}
}

// checkEvery is how many entries are played between two looks at the watch, or
// how many bytes: one entry may bring thousands of commands.
const (
	checkEvery      = 16
	checkEveryBytes = 32 << 10
)

// play goes to the state after so many entries: from where the stage is, from a
// keyframe, or from the beginning. It tells whether it has arrived; goOn is asked
// whether it shall go on.
func (p *past) play(r *Recorder, to int, goOn func() bool) (arrived bool, err error) {
	p.set(r, to)
	in := p.stage.in
	played, offset, watch := in.played, in.offset, r.options.Stopwatch()
	for in.played < to {
		if in.played-played >= checkEvery || in.offset-offset >= checkEveryBytes {
			now := r.options.Stopwatch()
			p.since += now - watch
			p.keep(r, now)
			played, offset, watch = in.played, in.offset, r.options.Stopwatch()
			if !goOn() {
				return false, nil
			}
		}
		e, err := p.stage.play()
		if err != nil {
			return false, err
		}
		after := p.stage.host.Glance()
		p.last.text, p.last.kinds = after.Since(&p.glance)
		p.glance = after
		if e.kind == input {
			p.heard(e.body, in.played == to)
		}
		if in.played > p.found {
			p.found = in.played
			if p.last.kinds != 0 {
				p.moments = append(p.moments, moment{in.played, p.last.kinds})
			}
		}
		if in.strayed && p.warning == "" {
			p.warning = phrase.Sprintf("This Everysec does not play the run as it was recorded, from input %d of %d on: it was another version.", in.played, p.end)
		}
	}
	return true, nil
}

// heard notes what a batch from the page brings: clients, commands, jumps of
// time. What the page's own client and a background load send are no moments.
func (p *past) heard(message []byte, tell bool) {
	if len(message) < channelBytes {
		return
	}
	channel := uint64(binary.LittleEndian.Uint32(message)) << 32
	for rest := message[channelBytes:]; len(rest) > 0; {
		f, after, err := bridge.Next(rest)
		if err != nil {
			return
		}
		rest = after
		client := channel | uint64(f.ID)
		switch f.Kind {
		case bridge.KindConnect:
			p.clients[client] = string(f.Data)
		case bridge.KindDisconnect:
			delete(p.clients, client)
		case bridge.KindInput:
			if name := p.clients[client]; name != unseen && !strings.HasPrefix(name, background) {
				text := ""
				if tell {
					text = name + ": " + firstCommand(f.Data)
				}
				p.last.add(bridge.MomentCommands, text)
			}
		case bridge.KindControl:
			switch bridge.Op(f.Arg) {
			case bridge.OpAdvance:
				p.last.add(bridge.MomentOther, "time jumps forward")
			case bridge.OpFreeSpace, bridge.OpFault:
				p.last.add(bridge.MomentOther, "the disk is set up otherwise")
			case bridge.OpDisarm:
				p.last.add(bridge.MomentOther, "no crash is waited for any more")
			}
		}
	}
}

// unseen is the name of the page's own client, which asks for what is shown.
const unseen = "page"

// background is how the names of a load's clients begin.
const background = "load-"

func (h *happening) add(k bridge.Kinds, text string) {
	h.kinds |= k
	switch {
	case text == "":
	case h.text == "":
		h.text = text
	case len(h.text) < 300:
		h.text = text + "; " + h.text
	}
}

// firstCommand is the first command of an input, and how much more there is.
func firstCommand(input []byte) string {
	v, n, err := resp.Parse(input)
	if err != nil || n == 0 || len(v.Elems) == 0 {
		return "a piece of a command"
	}
	text := ""
	for _, word := range v.Elems {
		if text != "" {
			text += " "
		}
		if text += string(word.Str); len(text) > 120 {
			text = text[:120] + "..."
			break
		}
	}
	more := 0
	for n < len(input) && more < 100_000 {
		_, size, err := resp.Parse(input[n:])
		if err != nil || size == 0 {
			break
		}
		n += size
		more++
	}
	if more > 0 {
		text += phrase.Sprintf(" and %d more", more)
	}
	return text
}

// seek plays towards a moment and describes it, or how far it is.
func (p *past) seek(r *Recorder, number int) (bridge.Record, error) {
	to := p.end
	if number >= 0 && number < len(p.moments) {
		to = p.moments[number].played
	}
	begun := r.options.Stopwatch()
	arrived, err := p.play(r, to, func() bool { return r.options.Stopwatch()-begun < slice })
	if err != nil {
		return nil, err
	}
	m := bridge.Moment{
		Played: int64(p.stage.in.played), Total: int64(to), Reached: arrived,
		Number: int64(number), Last: int64(len(p.moments) - 1),
	}
	if arrived {
		if number < 0 || number >= len(p.moments) {
			m.Number = m.Last
		}
		if p.fingerprint != 0 && to == p.end && p.warning == "" {
			if is, err := p.stage.host.Fingerprint(); err != nil || is != p.fingerprint {
				p.warning = "This Everysec does not play the run as it was recorded: it ends with other data than it did."
			}
		}
		m.Text, m.Kinds, m.Warning = p.last.text, p.last.kinds, p.warning
		if state, err := p.stage.host.Ask(bridge.OpState, nil); err == nil {
			m.State, _ = bridge.ReadState(state)
		}
		var b event.Batch
		p.stage.host.Look(&b)
		m.Events = b.Encode(nil)
	}
	return m.Append(nil), nil
}

// marks tells what happened in each nth of the moments.
func (p *past) marks(n int) bridge.Record {
	n = min(max(n, 1), 4096)
	kinds := make([]bridge.Kinds, n)
	for i, m := range p.moments {
		kinds[i*n/len(p.moments)] |= m.kinds
	}
	record := bridge.Record(nil).Int(int64(n))
	for _, k := range kinds {
		record = record.Int(int64(k))
	}
	return record
}

// askers is the channel of questions to the past.
const askers = 1<<32 - 1

// tell runs commands at the moment. The stage is of no use for anything else
// afterwards.
func (p *past) tell(input []byte) (replies []byte) {
	s := p.stage
	p.spoiled, s.in.still = true, true
	s.hear = func(batch []byte) {
		if binary.LittleEndian.Uint32(batch) != askers {
			return
		}
		for rest := batch[channelBytes:]; len(rest) > 0; {
			f, after, err := bridge.Next(rest)
			if err != nil {
				return
			}
			if rest = after; f.Kind == bridge.KindOutput {
				replies = append(replies, f.Data...)
			}
		}
	}
	message := binary.LittleEndian.AppendUint32(nil, askers)
	const client = 1
	message = bridge.Append(message, bridge.Frame{Kind: bridge.KindConnect, ID: client, Data: []byte(unseen)})
	message = bridge.Append(message, bridge.Frame{Kind: bridge.KindInput, ID: client, Data: input})
	message = bridge.Append(message, bridge.Frame{Kind: bridge.KindDisconnect, ID: client})
	s.host.Exec(message, s.in.wall)
	s.hear = nil
	return replies
}
