package run

import (
	"encoding/binary"
	"hash/crc32"

	"everysec/engine/phrase"
)

// Log is the record of a run: everything that came in, in order. One entry is
//
//	kind, u8
//	real time since the entry before, in microseconds: a signed varint
//	what the kind carries
//	each reading of the stopwatch, as 1 more than its unsigned distance from
//	  the reading before, or from the entry's time; then 0
//
// in pieces that never straddle two chunks, so that none is copied twice.
type Log struct {
	chunks  [][]byte
	size    int64
	entries int
	full    bool
	inputs  int   // in which somebody did something: see does
	began   int64 // wall of the first entry that has one
	wall    int64 // of the last entry
	reading int64 // of the stopwatch, the last one
}

type kind uint8

const (
	configured kind = 1 // length, the page's settings
	stored     kind = 2 // length, an image
	input      kind = 3 // length, a channel and frames
	ticked     kind = 4
	committed  kind = 5 // transaction, length, why it failed
	taken      kind = 6 // length, why
	branched   kind = 7 // length, host.Present as a record
)

// Limit is how many bytes a log takes. It ends there, and the run goes on.
const Limit = 64 << 20

const chunkSize = 256 << 10

// zigzag makes small unsigned numbers of small signed ones.
func zigzag(v int64) uint64   { return uint64(v)<<1 ^ uint64(v>>63) }
func unzigzag(v uint64) int64 { return int64(v>>1) ^ -int64(v&1) }

// begin begins an entry; the readings and end follow. keep says that body stays
// as it is, so that a large one need not be copied.
func (l *Log) begin(k kind, transaction uint32, body []byte, keep bool, wall int64) {
	if l.full = l.full || l.size+int64(len(body)) > Limit; l.full {
		return
	}
	var b [32]byte
	b[0] = byte(k)
	head := binary.AppendUvarint(b[:1], zigzag(wall-l.wall))
	if k == committed {
		head = binary.AppendUvarint(head, uint64(transaction))
	}
	if k != ticked {
		head = binary.AppendUvarint(head, uint64(len(body)))
	}
	l.append(head)
	if keep && len(body) >= chunkSize {
		l.chunks, l.size = append(l.chunks, body[:len(body):len(body)]), l.size+int64(len(body))
	} else {
		l.append(body)
	}
	if l.wall, l.reading = wall, wall; l.began == 0 {
		l.began = wall
	}
}

// read notes a reading of the stopwatch.
func (l *Log) read(v int64) {
	if l.full {
		return
	}
	var b [binary.MaxVarintLen64]byte
	l.append(binary.AppendUvarint(b[:0], zigzag(v-l.reading)+1))
	l.reading = v
}

func (l *Log) end() {
	if !l.full {
		l.append([]byte{0})
		l.entries++
	}
}

func (l *Log) append(piece []byte) {
	n := len(l.chunks)
	if n == 0 || cap(l.chunks[n-1])-len(l.chunks[n-1]) < len(piece) {
		size := chunkSize
		if n == 0 {
			size = chunkSize / 16 // most runs are short
		}
		l.chunks = append(l.chunks, make([]byte, 0, max(size, len(piece))))
		n++
	}
	l.chunks[n-1] = append(l.chunks[n-1], piece...)
	l.size += int64(len(piece))
}

// reader plays a log.
type reader struct {
	log       *Log
	chunk, at int
	offset    int64 // of at in the whole log
	played    int   // entries
	wall      int64
	last      int64 // reading of the stopwatch
	strayed   bool  // the engine asked more or less often than it did
	still     bool  // the stopwatch stands, for who asks on the way
}

type entry struct {
	kind        kind
	transaction uint32
	body        []byte
	wall        int64
}

// prefix is a log of what has been played, which can be gone on with.
func (r *reader) prefix() *Log {
	l := &Log{size: r.offset, entries: r.played, wall: r.wall, reading: r.last}
	l.chunks = append(l.chunks, r.log.chunks[:r.chunk]...)
	if r.at > 0 {
		l.chunks = append(l.chunks, r.log.chunks[r.chunk][:r.at:r.at])
	}
	whole := (&reader{log: l}).whole()
	l.inputs, l.began = whole.inputs, whole.began
	return l
}

// whole goes through what is left of a log, up to its last whole entry, and says
// what it is; it has no chunks.
func (r *reader) whole() (l Log) {
	own := map[uint64]bool{}
	for {
		e, err := r.next()
		if err != nil || r.end() != nil {
			return l
		}
		l.size, l.entries, l.wall, l.reading = r.offset, r.played, r.wall, r.last
		if l.began == 0 {
			l.began = e.wall
		}
		if e.kind == input && does(e.body, own) {
			l.inputs++
		}
	}
}

// rest is what is left of the chunk.
func (r *reader) rest() []byte {
	for r.chunk < len(r.log.chunks)-1 && r.at == len(r.log.chunks[r.chunk]) {
		r.chunk, r.at = r.chunk+1, 0
	}
	if r.chunk == len(r.log.chunks) {
		return nil
	}
	return r.log.chunks[r.chunk][r.at:]
}

func (r *reader) take(n uint64) ([]byte, bool) {
	b := r.rest()
	if n > uint64(len(b)) {
		return nil, false
	}
	r.at, r.offset = r.at+int(n), r.offset+int64(n)
	return b[:n:n], true
}

func (r *reader) uvarint() (uint64, bool) {
	v, n := binary.Uvarint(r.rest())
	if n <= 0 {
		return 0, false
	}
	r.take(uint64(n))
	return v, true
}

// next reads the beginning of an entry.
func (r *reader) next() (e entry, err error) {
	began := r.offset
	cut := func() (entry, error) {
		return e, phrase.Errorf("the run is damaged: entry %d, at offset %d, is cut short", r.played+1, fileHeader+began)
	}
	b, ok := r.take(1)
	if !ok {
		return cut()
	}
	e.kind = kind(b[0])
	since, ok := r.uvarint()
	if !ok {
		return cut()
	}
	e.wall = r.wall + unzigzag(since)
	switch e.kind {
	case ticked:
	case committed:
		number, ok := r.uvarint()
		if !ok {
			return cut()
		}
		e.transaction = uint32(number)
		fallthrough
	case configured, stored, input, taken, branched:
		n, ok := r.uvarint()
		if !ok {
			return cut()
		}
		if e.body, ok = r.take(n); !ok {
			return cut()
		}
	default:
		return e, phrase.Errorf("the run is damaged: entry %d, at offset %d, is of the unknown kind %d", r.played+1, fileHeader+began, int(e.kind))
	}
	r.wall, r.last = e.wall, e.wall
	return e, nil
}

// reading is what the stopwatch showed.
func (r *reader) reading() int64 {
	if r.still {
		return r.last
	}
	chunk, at, offset := r.chunk, r.at, r.offset
	v, ok := r.uvarint()
	if !ok || v == 0 {
		r.chunk, r.at, r.offset, r.strayed = chunk, at, offset, true
		return r.last
	}
	r.last += unzigzag(v - 1)
	return r.last
}

// end passes over the end of an entry.
func (r *reader) end() error {
	for {
		v, ok := r.uvarint()
		if !ok {
			return phrase.Errorf("the run is damaged: entry %d has no end, at offset %d", r.played+1, fileHeader+r.offset)
		}
		if v == 0 {
			r.played++
			return nil
		}
		r.last += unzigzag(v - 1)
		r.strayed = true
	}
}

// A run as a file:
//
//	magic, 12 bytes    "everysec-run"
//	version, u8        1
//	zero, 3 bytes
//	fingerprint, u64   of the host at the end: host.Fingerprint; 0: it is not known
//	entries, u32       how many follow
//	the entries
//	checksum, u32      CRC-32 of all before it
const (
	magic       = "everysec-run"
	version     = 1
	fileHeader  = 28
	fileTrailer = 4
)

// file is the log as a file.
func (l *Log) file(fingerprint uint64) []byte {
	b := make([]byte, 0, fileHeader+l.size+fileTrailer)
	b = append(append(b, magic...), version, 0, 0, 0)
	b = binary.LittleEndian.AppendUint64(b, fingerprint)
	b = binary.LittleEndian.AppendUint32(b, uint32(l.entries))
	for _, c := range l.chunks {
		b = append(b, c...)
	}
	return binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// readFile reads what file wrote. The log aliases b.
func readFile(b []byte) (l *Log, fingerprint uint64, err error) {
	if len(b) < fileHeader+fileTrailer || string(b[:len(magic)]) != magic {
		return nil, 0, phrase.Errorf("this is not the file of a run: it does not begin with %s", magic)
	}
	if v := b[len(magic)]; v != version {
		return nil, 0, phrase.Errorf("this run is of version %d of its format; version %d can be read", int(v), version)
	}
	end := len(b) - fileTrailer
	sum := crc32.ChecksumIEEE(b[:end])
	if want := binary.LittleEndian.Uint32(b[end:]); sum != want {
		return nil, 0, phrase.Errorf("the run is damaged: the checksum at offset %d is %d and that of the bytes before it %d", end, int64(want), int64(sum))
	}
	body := b[fileHeader:end:end]
	l = &Log{chunks: [][]byte{body}, size: int64(len(body)), entries: int(binary.LittleEndian.Uint32(b[24:]))}
	return l, binary.LittleEndian.Uint64(b[16:]), nil
}
