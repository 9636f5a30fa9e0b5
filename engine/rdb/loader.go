package rdb

import (
	"encoding/binary"
	"io"
	"math"
	"strconv"

	"everysec/engine/object"
)

// Handler takes what a file holds, in the file's order. An error stops the
// loading and is returned as an *Error with its place.
type Handler interface {
	Objects() *object.Store
	Aux(key, value []byte) error
	Function(code []byte) error
	SelectDB(id int) error
	ResizeDB(keys, volatile int) error
	// Entry is a key with its value, which the handler owns from now on.
	// expireAt is Unix milliseconds, 0 for none. key is valid during the call.
	Entry(key []byte, v object.Value, expireAt int64) error
	// Empty is a key whose collection has no element: it is skipped, as in Redis.
	Empty(key []byte)
}

// Loader reads an RDB file in slices.
type Loader struct {
	decoder
	handler  Handler
	version  int
	header   bool
	expireAt int64
	use      Use
	promised int64 // keys that room was made for
	key      []byte
	doing    string // in redis-check-rdb's words
	kind     int    // the type of the value that is being read, -1 for none
	unsummed bool   // the file says that its writer made no checksum
	trusting bool   // nobody asks for the checksum

	see     func(Span) // is shown what was read, nil if nobody looks
	op      byte
	valueAt int64
	loaded  *Loaded // what see is told of the value that was read last
	db      int
}

// NewLoader reads the size bytes of a file; name is for errors.
func NewLoader(file io.ReaderAt, size int64, name string, h Handler) *Loader {
	l := &Loader{handler: h, use: unknownUse, doing: "start", kind: -1}
	l.source = source{file: file, size: size, name: name, check: true}
	l.store = h.Objects()
	return l
}

// Use is what the file says of the use of the key that the handler is given.
func (l *Loader) Use() Use { return l.use }

// Offset is how far the file has been read. After the end it is where the RDB
// part ends, which in an append-only file is not the end of the file.
func (l *Loader) Offset() int64 { return l.at }

// Version is the version in the file's header, 0 before it was read.
func (l *Loader) Version() int { return l.version }

// Trust leaves the checksum of the file alone, as "rdbchecksum no" does.
func (l *Loader) Trust() { l.trusting, l.check = true, false }

// Unsummed tells at the end that the writer of the file made no checksum.
func (l *Loader) Unsummed() bool { return l.unsummed }

// Next reads about budget bytes and tells whether the end was reached.
func (l *Loader) Next(budget int64) (done bool, err error) {
	if !l.header {
		if err := l.readHeader(); err != nil {
			return false, err
		}
	}
	for until := l.at + budget; l.at < until; {
		from := l.at
		done, err := l.item()
		if err == nil && l.see != nil {
			l.show(from)
		}
		if done || err != nil {
			return done, err
		}
	}
	return false, nil
}

func (l *Loader) readHeader() error {
	b, err := l.take(9)
	if err != nil {
		return err
	}
	digits := b[5:]
	if l.valkey = string(b[:6]) == "VALKEY"; l.valkey {
		digits = b[6:]
	} else if string(b[:5]) != "REDIS" {
		return &Error{l.name, 0, "wrong signature: this is not an RDB file", "Wrong signature trying to load DB from file"}
	}
	at := l.at - int64(len(digits))
	version, ok := decimal(digits)
	switch {
	case !ok, version < 1:
		return l.failAt(at, "can't handle RDB format version "+strconv.Quote(string(digits)))
	case l.valkey && version != valkeyVersion:
		return l.failAt(at, "can't handle RDB format version "+strconv.Quote(string(digits))+" of Valkey: only 80, of Valkey 9.0, is known")
	case !l.valkey && version > MaxVersion:
		return &Error{
			l.name, at, "can't handle RDB format version " + strconv.Quote(string(digits)) + ": the newest that is known is " + strconv.Itoa(MaxVersion),
			"Can't handle RDB format version " + strconv.Itoa(version),
		}
	}
	l.version, l.header = version, true
	if l.see != nil {
		l.see(Span{Length: l.at, What: "header"})
	}
	return nil
}

func decimal(digits []byte) (n int, ok bool) {
	for _, c := range digits {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// item reads one opcode with what belongs to it.
func (l *Loader) item() (done bool, err error) {
	l.doing = "read-type"
	op, err := l.byte()
	if err != nil {
		return false, err
	}
	l.op = op
	switch op {
	case opEOF:
		return true, l.readChecksum()
	case opSelectDB:
		l.doing = "read-len"
		id, err := l.plainLength()
		if err != nil {
			return false, err
		}
		l.db = int(min(id, 1<<30))
		return false, l.located(l.at, l.handler.SelectDB(l.db))
	case opResizeDB:
		l.doing = "read-len"
		keys, err := l.plainLength()
		if err != nil {
			return false, err
		}
		volatile, err := l.plainLength()
		if err != nil {
			return false, err
		}
		// Only a hint, and from outside: never make room for more keys, all
		// databases together, than the rest of the file could hold.
		most := uint64(max(l.remaining()/3-l.promised, 0))
		keys, volatile = min(keys, most), min(volatile, most)
		l.promised += int64(keys)
		return false, l.handler.ResizeDB(int(keys), int(volatile))
	case opAux:
		return false, l.readAux()
	case opExpireMs:
		l.doing = "read-expire"
		b, err := l.take(8)
		if err != nil {
			return false, err
		}
		switch l.expireAt = int64(binary.LittleEndian.Uint64(b)); l.expireAt {
		case -1: // to Redis it is no time
			l.expireAt = 0
		case 0: // long past, which 0 would not say
			l.expireAt = 1
		}
		return false, nil
	case opExpire:
		l.doing = "read-expire"
		b, err := l.take(4)
		if err != nil {
			return false, err
		}
		if l.expireAt = int64(int32(binary.LittleEndian.Uint32(b))) * 1000; l.expireAt == 0 {
			l.expireAt = 1
		}
		return false, nil
	case opIdle:
		idle, err := l.plainLength()
		l.use.Idle = int64(min(idle, math.MaxInt64))
		return false, err
	case opFreq:
		counter, err := l.byte()
		l.use.Frequency = int64(counter)
		return false, err
	case opFunction2:
		l.doing = "read-functions"
		code, err := l.string()
		if err != nil {
			return false, err
		}
		return false, l.located(l.at, l.handler.Function(code))
	case opModuleAux:
		l.doing = "read-module-aux"
		return false, l.module(true)
	case opSlotInfo:
		for range 3 {
			if _, err := l.plainLength(); err != nil {
				return false, err
			}
		}
		return false, nil
	case opFunctionGA:
		l.doing = "read-functions"
		code, err := l.oldFunction()
		if err != nil {
			return false, err
		}
		return false, l.located(l.at, l.handler.Function(code))
	case opKeyMeta:
		if l.valkey {
			return false, l.failAt(l.at-1, "a slot that was being imported (Valkey 9) cannot be loaded")
		}
		return false, l.failAt(l.at-1, "the file holds metadata that a module has given a key (RDB version 13), and modules cannot be loaded here")
	case opUpdate:
		if l.valkey {
			return false, l.failAt(l.at-1, "commands of a save without a fork (Valkey) cannot be loaded")
		}
	}
	if op > typeArray || op == 8 {
		return false, l.failAt(l.at-1, "the RDB type or opcode "+strconv.Itoa(int(op))+" is unknown: the file is damaged, or newer than version "+strconv.Itoa(MaxVersion))
	}
	return false, l.entry(op)
}

// oldFunction reads a library as the release candidates of Redis 7.0 wrote it:
// its name and engine, a description or none, and a text that does not say them.
func (r *source) oldFunction() ([]byte, error) {
	name, err := r.string()
	if err != nil {
		return nil, err
	}
	name = append([]byte(nil), name...)
	engine, err := r.string()
	if err != nil {
		return nil, err
	}
	code := append(append([]byte("#!"), engine...), " name="...)
	code = append(append(code, name...), '\n')
	described, _, err := r.length()
	if err == nil && described != 0 {
		_, err = r.string()
	}
	if err != nil {
		return nil, err
	}
	text, err := r.string()
	return append(code, text...), err
}

func (l *Loader) readAux() error {
	l.doing = "read-aux"
	name, err := l.string()
	if err != nil {
		return err
	}
	l.key = append(l.key[:0], name...)
	value, err := l.string()
	if err != nil {
		return err
	}
	return l.handler.Aux(l.key, value)
}

func (l *Loader) entry(kind byte) error {
	l.doing, l.kind = "read-key", int(kind)
	name, err := l.string()
	if err != nil {
		return err
	}
	l.key = append(l.key[:0], name...)
	l.doing = "read-object-value"
	at := l.at
	l.valueAt, l.loaded = at, nil
	v, err := l.value(kind)
	switch err {
	case nil:
		err = l.located(at, l.handler.Entry(l.key, v, l.expireAt))
	case errSkipped:
		err = nil
		l.handler.(*checker).count(l.key, "module", l.expireAt)
	case errEmpty:
		// Redis before 7 could write collections without elements; they are
		// skipped, as Redis does. redis-check-rdb takes one for the end.
		if err = nil; l.deep {
			return l.fail("a collection without elements, which a server skips")
		}
		l.handler.Empty(l.key)
	default:
		return err
	}
	l.expireAt, l.use, l.kind = 0, unknownUse, -1
	return err
}

// located gives an error of the handler its place in the file.
func (l *Loader) located(at int64, err error) error {
	if err == nil {
		return nil
	}
	if e, is := err.(*Error); is {
		e.Name, e.Offset = l.name, at
		return e
	}
	return &Error{Name: l.name, Offset: at, Reason: err.Error()}
}

// readChecksum reads and compares the checksum; 0 means the writer made none.
func (l *Loader) readChecksum() error {
	if l.version < 5 {
		return nil
	}
	l.doing = "check-sum"
	want := l.crc
	l.check = false
	b, err := l.take(8)
	if err != nil {
		return err
	}
	if l.trusting {
		return nil
	}
	got := binary.LittleEndian.Uint64(b)
	l.unsummed = got == 0
	if got != 0 && got != want && !l.store.SkipChecksums {
		said, is := strconv.FormatUint(got, 16), strconv.FormatUint(want, 16)
		return &Error{
			l.name, l.at - 8, "wrong checksum: the file says " + said + ", its content gives " + is,
			"Wrong RDB checksum expected: (" + is + ") but got (" + said + "). Aborting now.",
		}
	}
	return nil
}
