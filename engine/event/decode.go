package event

import (
	"encoding/binary"
	"strconv"
)

// DecodeError says where a batch stopped making sense.
type DecodeError struct {
	Offset int
	Reason string
}

func (e *DecodeError) Error() string {
	return "event: decode: offset " + strconv.Itoa(e.Offset) + ": " + e.Reason
}

// Decode calls visit for every event of a batch in order. The event and its
// byte slices are valid only during the call: they are reused, and they alias
// data. A *DecodeError says that data is not a whole batch of this version;
// the events before the fault have been visited.
func Decode(data []byte, visit func(Event)) error {
	if len(data) == 0 {
		return nil
	}
	if data[0] != Version {
		return &DecodeError{0, "version " + strconv.Itoa(int(data[0])) + " is not " + strconv.Itoa(Version)}
	}
	d := decoder{data: data, at: 1}
	for d.at < len(d.data) {
		start := d.at
		e := d.event()
		if d.fault != "" {
			return &DecodeError{start, d.fault}
		}
		visit(e)
	}
	return nil
}

// decoder reads fields one after another and remembers the first fault, so
// that each event is a plain list of its fields.
type decoder struct {
	data  []byte
	at    int
	fault string

	keyChanged      KeyChanged
	keyRemoved      KeyRemoved
	keyspaceFlushed KeyspaceFlushed
	keyspaceSwapped KeyspaceSwapped
	durability      Durability
	commandRun      CommandRun
	clientsChanged  ClientsChanged
	job             Job
	stats           Stats
	log             Log
	overflow        Overflow
}

func (d *decoder) fail(reason string) {
	if d.fault == "" {
		d.fault = reason
	}
}

func (d *decoder) byte() byte {
	if d.at >= len(d.data) {
		d.fail("ends inside an event")
		return 0
	}
	d.at++
	return d.data[d.at-1]
}

func (d *decoder) uint() uint64 {
	v, n := binary.Uvarint(d.data[d.at:])
	if n <= 0 {
		d.fail("bad number")
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) int() int64 {
	v, n := binary.Varint(d.data[d.at:])
	if n <= 0 {
		d.fail("bad number")
		return 0
	}
	d.at += n
	return v
}

func (d *decoder) bool() bool { return d.byte() != 0 }

func (d *decoder) bytes() []byte {
	n := d.uint()
	if n > uint64(len(d.data)-d.at) {
		d.fail("length beyond the end")
		return nil
	}
	v := d.data[d.at : d.at+int(n) : d.at+int(n)]
	d.at += int(n)
	return v
}

func (d *decoder) string() string { return string(d.bytes()) }

func (d *decoder) key() ([]byte, int) {
	length := d.uint()
	key := d.bytes()
	if length > 1<<30 || int(length) < len(key) || len(key) > MaxKey {
		d.fail("bad key length")
		return nil, 0
	}
	return key, int(length)
}

// stringLike is string for one that is often the same as another.
func (d *decoder) stringLike(other string) string {
	if b := d.bytes(); string(b) != other {
		return string(b)
	}
	return other
}

func (d *decoder) crashReport() *CrashReport {
	e := &CrashReport{Kind: d.string()}
	for _, n := range []*int64{
		&e.At, &e.RecoveredAt, &e.Acknowledged, &e.Survived, &e.Lost, &e.Unknown, &e.Unsynced, &e.Unacknowledged, &e.Summarised,
	} {
		*n = d.int()
	}
	for n := d.uint(); n > 0 && d.fault == ""; n-- {
		e.Files = append(e.Files, FileRead{d.string(), d.int(), d.int()})
	}
	for n := d.uint(); n > 0 && d.fault == ""; n-- {
		w := CrashWrite{Change: d.uint(), At: d.int(), Client: d.uint(), DB: int(d.int()), Command: d.string()}
		for k := d.uint(); k > 0 && d.fault == ""; k-- {
			w.Keys = append(w.Keys, d.string())
		}
		before := CrashWrite{}
		if n := len(e.Writes); n > 0 {
			before = e.Writes[n-1]
		}
		w.Acknowledged, w.Fate, w.File = d.bool(), CrashFate(d.byte()), d.stringLike(before.File)
		w.Offset, w.Size, w.SyncedAt = d.int(), d.int(), d.int()
		w.Reason, w.Later = d.stringLike(before.Reason), d.uint()
		e.Writes = append(e.Writes, w)
	}
	return e
}

func (d *decoder) event() Event {
	switch kind(d.byte()) {
	case kindKeyChanged:
		e := &d.keyChanged
		e.DB = int(d.int())
		e.Key, e.KeyLen = d.key()
		e.Type = Type(d.byte())
		e.Encoding = Encoding(d.byte())
		e.Memory = d.int()
		e.Elements = d.int()
		e.ExpireAt = d.int()
		e.Change = d.uint()
		e.InSnapshot = d.bool()
		return e
	case kindKeyRemoved:
		e := &d.keyRemoved
		e.DB = int(d.int())
		e.Key, e.KeyLen = d.key()
		e.Reason = Reason(d.byte())
		return e
	case kindKeyspaceFlushed:
		e := &d.keyspaceFlushed
		e.DB = int(d.int())
		return e
	case kindKeyspaceSwapped:
		e := &d.keyspaceSwapped
		e.A = int(d.int())
		e.B = int(d.int())
		return e
	case kindDurability:
		e := &d.durability
		e.Now = d.int()
		e.Last = d.uint()
		e.Acknowledged = d.uint()
		e.Written = d.uint()
		e.Synced = d.uint()
		e.BufferedBytes = d.int()
		e.WrittenBytes = d.int()
		e.SyncedBytes = d.int()
		e.OldestUnsyncedAt = d.int()
		e.SnapshotChange = d.uint()
		e.SnapshotAt = d.int()
		e.SnapshotBytes = d.int()
		e.SyncInFlight = d.bool()
		e.AOFEnabled = d.bool()
		e.AsideLast = d.uint()
		e.AsideAcknowledged = d.uint()
		e.AsideWritten = d.uint()
		e.AsideSynced = d.uint()
		e.AsideSnapshot = d.uint()
		return e
	case kindCommandRun:
		e := &d.commandRun
		e.Client = d.uint()
		e.Name = d.string()
		e.Start = d.int()
		e.Duration = d.int()
		e.Waited = d.int()
		e.Preview = d.bytes()
		return e
	case kindClientsChanged:
		e := &d.clientsChanged
		e.Clients = e.Clients[:0]
		for n := d.uint(); n > 0 && d.fault == ""; n-- {
			e.Clients = append(e.Clients, Client{
				ID:    d.uint(),
				Name:  d.string(),
				DB:    int(d.int()),
				Flags: ClientFlags(d.byte()),
				Queue: d.int(),
			})
		}
		return e
	case kindJob:
		e := &d.job
		e.Kind = JobKind(d.byte())
		e.Phase = Phase(d.byte())
		e.Done = d.int()
		e.Total = d.int()
		e.Copied = d.int()
		e.Micros = d.int()
		return e
	case kindStats:
		e := &d.stats
		e.Now = d.int()
		e.Keys = d.int()
		e.WithTTL = d.int()
		e.Memory = d.int()
		e.Commands = d.int()
		e.ExpiredKeys = d.int()
		e.EvictedKeys = d.int()
		e.BlockedTotal = d.int()
		return e
	case kindLog:
		e := &d.log
		e.At = d.int()
		e.Level = Level(d.byte())
		e.Text = d.string()
		return e
	case kindOverflow:
		return &d.overflow
	case kindCrashReport:
		return d.crashReport()
	}
	d.fail("unknown kind")
	return nil
}
