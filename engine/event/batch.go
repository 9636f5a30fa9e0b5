package event

import "encoding/binary"

// Version is the first byte of an encoded batch. A reader refuses any other.
const Version = 1

// Batch is a list of events, kept in its binary form from the start: adding
// one allocates nothing once the buffer has grown. The zero Batch is empty.
//
// The form: a version byte, then for each event its kind and its fields, as
// varints (zigzag where a field may be negative) and length-prefixed bytes.
type Batch struct {
	buf   []byte
	count int
}

// Len is the number of events.
func (b *Batch) Len() int { return b.count }

// Size is the number of bytes of the binary form.
func (b *Batch) Size() int { return len(b.buf) }

// Reset empties the batch and keeps its memory.
func (b *Batch) Reset() { b.buf, b.count = b.buf[:0], 0 }

// Encode appends the binary form to dst.
func (b *Batch) Encode(dst []byte) []byte {
	if b.count == 0 {
		return append(dst, Version)
	}
	return append(dst, b.buf...)
}

// Bytes is the binary form, valid until the batch is changed. It is empty for
// an empty batch, which Decode also takes.
func (b *Batch) Bytes() []byte { return b.buf }

func (b *Batch) open(k kind) {
	if len(b.buf) == 0 {
		b.buf = append(b.buf, Version)
	}
	b.buf = append(b.buf, byte(k))
	b.count++
}

func (b *Batch) uint(v uint64) { b.buf = binary.AppendUvarint(b.buf, v) }
func (b *Batch) int(v int64)   { b.buf = binary.AppendVarint(b.buf, v) }
func (b *Batch) byte(v byte)   { b.buf = append(b.buf, v) }

func (b *Batch) bool(v bool) {
	if v {
		b.buf = append(b.buf, 1)
	} else {
		b.buf = append(b.buf, 0)
	}
}

func (b *Batch) bytes(v []byte) {
	b.uint(uint64(len(v)))
	b.buf = append(b.buf, v...)
}

func (b *Batch) string(v string) {
	b.uint(uint64(len(v)))
	b.buf = append(b.buf, v...)
}

// key writes a key cut at MaxKey. length is the whole length; 0 stands for
// len(key), so that an owner of a whole key need not repeat it.
func (b *Batch) key(key []byte, length int) {
	length = max(length, len(key))
	if len(key) > MaxKey {
		key = key[:MaxKey]
	}
	b.uint(uint64(length))
	b.bytes(key)
}

// KeyChanged adds an event. Keys longer than MaxKey are cut here.
func (b *Batch) KeyChanged(e KeyChanged) {
	b.open(kindKeyChanged)
	b.int(int64(e.DB))
	b.key(e.Key, e.KeyLen)
	b.byte(byte(e.Type))
	b.byte(byte(e.Encoding))
	b.int(e.Memory)
	b.int(e.Elements)
	b.int(e.ExpireAt)
	b.uint(e.Change)
	b.bool(e.InSnapshot)
}

// KeyRemoved adds an event.
func (b *Batch) KeyRemoved(e KeyRemoved) {
	b.open(kindKeyRemoved)
	b.int(int64(e.DB))
	b.key(e.Key, e.KeyLen)
	b.byte(byte(e.Reason))
}

// KeyspaceFlushed adds an event.
func (b *Batch) KeyspaceFlushed(e KeyspaceFlushed) {
	b.open(kindKeyspaceFlushed)
	b.int(int64(e.DB))
}

// KeyspaceSwapped adds an event.
func (b *Batch) KeyspaceSwapped(e KeyspaceSwapped) {
	b.open(kindKeyspaceSwapped)
	b.int(int64(e.A))
	b.int(int64(e.B))
}

// Durability adds an event.
func (b *Batch) Durability(e Durability) {
	b.open(kindDurability)
	b.int(e.Now)
	b.uint(e.Last)
	b.uint(e.Acknowledged)
	b.uint(e.Written)
	b.uint(e.Synced)
	b.int(e.BufferedBytes)
	b.int(e.WrittenBytes)
	b.int(e.SyncedBytes)
	b.int(e.OldestUnsyncedAt)
	b.uint(e.SnapshotChange)
	b.int(e.SnapshotAt)
	b.int(e.SnapshotBytes)
	b.bool(e.SyncInFlight)
	b.bool(e.AOFEnabled)
	b.uint(e.AsideLast)
	b.uint(e.AsideAcknowledged)
	b.uint(e.AsideWritten)
	b.uint(e.AsideSynced)
	b.uint(e.AsideSnapshot)
}

// CommandRun adds an event.
func (b *Batch) CommandRun(e CommandRun) {
	b.open(kindCommandRun)
	b.uint(e.Client)
	b.string(e.Name)
	b.int(e.Start)
	b.int(e.Duration)
	b.int(e.Waited)
	b.bytes(e.Preview)
}

// ClientsChanged adds an event.
func (b *Batch) ClientsChanged(e ClientsChanged) {
	b.open(kindClientsChanged)
	b.uint(uint64(len(e.Clients)))
	for i := range e.Clients {
		c := &e.Clients[i]
		b.uint(c.ID)
		b.string(c.Name)
		b.int(int64(c.DB))
		b.byte(byte(c.Flags))
		b.int(c.Queue)
	}
}

// Job adds an event.
func (b *Batch) Job(e Job) {
	b.open(kindJob)
	b.byte(byte(e.Kind))
	b.byte(byte(e.Phase))
	b.int(e.Done)
	b.int(e.Total)
	b.int(e.Copied)
	b.int(e.Micros)
}

// Stats adds an event.
func (b *Batch) Stats(e Stats) {
	b.open(kindStats)
	b.int(e.Now)
	b.int(e.Keys)
	b.int(e.WithTTL)
	b.int(e.Memory)
	b.int(e.Commands)
	b.int(e.ExpiredKeys)
	b.int(e.EvictedKeys)
	b.int(e.BlockedTotal)
}

// Log adds an event.
func (b *Batch) Log(e Log) {
	b.open(kindLog)
	b.int(e.At)
	b.byte(byte(e.Level))
	b.string(e.Text)
}

// Overflow adds an event.
func (b *Batch) Overflow(Overflow) { b.open(kindOverflow) }

// CrashReport adds an event.
func (b *Batch) CrashReport(e *CrashReport) {
	b.open(kindCrashReport)
	b.string(e.Kind)
	for _, n := range []int64{
		e.At, e.RecoveredAt, e.Acknowledged, e.Survived, e.Lost, e.Unknown, e.Unsynced, e.Unacknowledged, e.Summarised,
	} {
		b.int(n)
	}
	b.uint(uint64(len(e.Files)))
	for _, f := range e.Files {
		b.string(f.Name)
		b.int(f.Found)
		b.int(f.Read)
	}
	b.uint(uint64(len(e.Writes)))
	for i := range e.Writes {
		w := &e.Writes[i]
		b.uint(w.Change)
		b.int(w.At)
		b.uint(w.Client)
		b.int(int64(w.DB))
		b.string(w.Command)
		b.uint(uint64(len(w.Keys)))
		for _, key := range w.Keys {
			b.string(key)
		}
		b.bool(w.Acknowledged)
		b.byte(byte(w.Fate))
		b.string(w.File)
		b.int(w.Offset)
		b.int(w.Size)
		b.int(w.SyncedAt)
		b.string(w.Reason)
		b.uint(w.Later)
	}
}

// Add adds any event; the methods above do it without an interface.
func (b *Batch) Add(e Event) {
	switch e := e.(type) {
	case *KeyChanged:
		b.KeyChanged(*e)
	case *KeyRemoved:
		b.KeyRemoved(*e)
	case *KeyspaceFlushed:
		b.KeyspaceFlushed(*e)
	case *KeyspaceSwapped:
		b.KeyspaceSwapped(*e)
	case *Durability:
		b.Durability(*e)
	case *CommandRun:
		b.CommandRun(*e)
	case *ClientsChanged:
		b.ClientsChanged(*e)
	case *Job:
		b.Job(*e)
	case *Stats:
		b.Stats(*e)
	case *Log:
		b.Log(*e)
	case *Overflow:
		b.Overflow(*e)
	case *CrashReport:
		b.CrashReport(e)
	}
}
