package stream

import (
	"iter"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/rax"
)

// A group remembers how far it has read, and which entries its consumers were
// given and have not acknowledged. Such a pending entry is one block that two
// trees lead to: the group's and its consumer's.

// UnknownRead is a group's Read when it cannot be known.
const UnknownRead = -1

// Group is a handle on a group of a stream.
type Group struct {
	s   Stream
	ref arena.Ref
	*group
}

type group struct {
	pending   rax.Tree // by ID: Refs of pending entries
	consumers rax.Tree // by name: Refs of consumers

	Last ID    // last-delivered-id
	Read int64 // entries-read: how many of those ever added; UnknownRead if not known

	name blob
}

// blob is a name: a block with its bytes. It has none when it is empty.
type blob struct {
	ref  arena.Ref
	size uint32
}

func newBlob(a *arena.Arena, b []byte) blob {
	if len(b) == 0 {
		return blob{}
	}
	r := a.Alloc(len(b))
	copy(a.Bytes(r), b)
	return blob{r, uint32(len(b))}
}

func (b blob) bytes(a *arena.Arena) []byte {
	if b.size == 0 {
		return nil
	}
	return a.Slice(b.ref, 0, int(b.size))
}

func (b blob) free(a *arena.Arena) {
	if b.size != 0 {
		a.Free(b.ref)
	}
}

// Consumer is a handle on a consumer of a group.
type Consumer struct {
	g   Group
	ref arena.Ref
	*consumer
}

type consumer struct {
	pending rax.Tree // by ID: Refs of pending entries
	Seen    int64    // Unix milliseconds of its last command
	name    blob
}

// Pending is an entry that was delivered and not acknowledged.
type Pending struct {
	g  Group
	ID ID
	*pending
}

type pending struct {
	Time     int64  // of the last delivery, Unix milliseconds
	Count    uint64 // of deliveries
	consumer arena.Ref
	_        uint32
}

const (
	groupBytes    = 64
	consumerBytes = 32
	pendingBytes  = 24
)

func (s Stream) openGroup(r arena.Ref) Group { return Group{s, r, arena.At[group](s.a, r)} }

func (g Group) open(r arena.Ref) Consumer { return Consumer{g, r, arena.At[consumer](g.s.a, r)} }

// GroupCount is the number of groups.
func (s Stream) GroupCount() int { return s.groups.Len() }

// Group finds a group.
func (s Stream) Group(name []byte) (Group, bool) {
	v, ok := s.groups.Find(s.a, name)
	if !ok {
		return Group{}, false
	}
	return s.openGroup(arena.Ref(v)), true
}

// Groups are all groups in the order of their names.
func (s Stream) Groups() iter.Seq[Group] {
	return func(yield func(Group) bool) {
		var it rax.Iterator
		it.Start(s.a, &s.groups)
		for ok := it.First(); ok; ok = it.Next() {
			if !yield(s.openGroup(arena.Ref(it.Value()))) {
				return
			}
		}
	}
}

// AddGroup makes a group; added is false when there is one of that name.
func (s Stream) AddGroup(name []byte, last ID, read int64) (g Group, added bool) {
	defer s.account(s.a.Used())
	if g, there := s.Group(name); there {
		return g, false
	}
	r := s.a.Alloc(groupBytes)
	g = s.openGroup(r)
	*g.group = group{Last: last, Read: read, name: newBlob(s.a, name)}
	s.groups.Insert(s.a, name, uint64(r))
	return g, true
}

// RemoveGroup removes a group with all it knows.
func (s Stream) RemoveGroup(g Group) {
	defer s.account(s.a.Used())
	s.groups.Remove(s.a, g.Name())
	g.free()
}

func (g Group) free() {
	a := g.s.a
	g.pending.Free(a, func(v uint64) { a.Free(arena.Ref(v)) })
	g.consumers.Free(a, func(v uint64) { g.open(arena.Ref(v)).free() })
	g.name.free(a)
	a.Free(g.ref)
}

// Name of the group; it aliases the arena.
func (g Group) Name() []byte { return g.name.bytes(g.s.a) }

// ConsumerCount is the number of consumers.
func (g Group) ConsumerCount() int { return g.consumers.Len() }

// Consumer finds a consumer.
func (g Group) Consumer(name []byte) (Consumer, bool) {
	v, ok := g.consumers.Find(g.s.a, name)
	if !ok {
		return Consumer{}, false
	}
	return g.open(arena.Ref(v)), true
}

// Consumers are all consumers in the order of their names.
func (g Group) Consumers() iter.Seq[Consumer] {
	return func(yield func(Consumer) bool) {
		var it rax.Iterator
		it.Start(g.s.a, &g.consumers)
		for ok := it.First(); ok; ok = it.Next() {
			if !yield(g.open(arena.Ref(it.Value()))) {
				return
			}
		}
	}
}

// AddConsumer makes a consumer seen at that time; added is false when there is
// one of that name.
func (g Group) AddConsumer(name []byte, seen int64) (c Consumer, added bool) {
	defer g.s.account(g.s.a.Used())
	if c, there := g.Consumer(name); there {
		return c, false
	}
	a := g.s.a
	r := a.Alloc(consumerBytes)
	c = g.open(r)
	*c.consumer = consumer{Seen: seen, name: newBlob(a, name)}
	g.consumers.Insert(a, name, uint64(r))
	return c, true
}

// RemoveConsumer removes a consumer with what was pending for it.
func (g Group) RemoveConsumer(c Consumer) {
	defer g.s.account(g.s.a.Used())
	a := g.s.a
	var it rax.Iterator
	it.Start(a, &c.pending)
	for ok := it.First(); ok; ok = it.Next() {
		g.pending.Remove(a, it.Key())
		a.Free(arena.Ref(it.Value()))
	}
	g.consumers.Remove(a, c.Name())
	c.free()
}

func (c Consumer) free() {
	c.pending.Free(c.g.s.a, nil)
	c.name.free(c.g.s.a)
	c.g.s.a.Free(c.ref)
}

// Name of the consumer; it aliases the arena.
func (c Consumer) Name() []byte { return c.name.bytes(c.g.s.a) }

// PendingCount is how many entries are pending for the consumer.
func (c Consumer) PendingCount() int { return c.pending.Len() }

// PendingTree is how many keys and nodes the radix tree of these has.
func (c Consumer) PendingTree() (keys, nodes int) { return c.pending.Len(), c.pending.Nodes() }

// Pending are those for the consumer, from one ID to another. The current one
// may be changed, none may be added or removed.
func (c Consumer) Pending(from, to ID) iter.Seq[Pending] { return c.g.walk(&c.pending, from, to) }

// PendingCount is how many entries are pending in the group.
func (g Group) PendingCount() int { return g.pending.Len() }

// PendingTree is how many keys and nodes the radix tree of these has.
func (g Group) PendingTree() (keys, nodes int) { return g.pending.Len(), g.pending.Nodes() }

// Pending are those of the group, from one ID to another. The current one may
// be changed or removed, none may be added.
func (g Group) Pending(from, to ID) iter.Seq[Pending] { return g.walk(&g.pending, from, to) }

func (g Group) walk(t *rax.Tree, from, to ID) iter.Seq[Pending] {
	return func(yield func(Pending) bool) {
		var it rax.Iterator
		it.Start(g.s.a, t)
		key, count := from.Key(), t.Len()
		for ok := it.SeekGE(key[:]); ok; {
			p := g.openPending(it.Key(), it.Value())
			if p.ID.Compare(to) > 0 || !yield(p) {
				return
			}
			if t.Len() == count {
				ok = it.Next()
				continue
			}
			count = t.Len()
			key = p.ID.Key()
			ok = it.SeekGE(key[:])
		}
	}
}

func (g Group) openPending(key []byte, v uint64) Pending {
	return Pending{g, IDOf(key), arena.At[pending](g.s.a, arena.Ref(v))}
}

// PendingOf finds a pending entry.
func (g Group) PendingOf(id ID) (Pending, bool) {
	key := id.Key()
	v, ok := g.pending.Find(g.s.a, key[:])
	if !ok {
		return Pending{}, false
	}
	return g.openPending(key[:], v), true
}

// LastPending is the greatest ID that is pending.
func (g Group) LastPending() (id ID, ok bool) {
	var it rax.Iterator
	it.Start(g.s.a, &g.pending)
	if !it.Last() {
		return ID{}, false
	}
	return IDOf(it.Key()), true
}

// Consumer is the one that the entry is pending for.
func (p Pending) Consumer() Consumer { return p.g.open(p.consumer) }

// AddPending makes an entry pending that is not yet.
func (g Group) AddPending(id ID, c Consumer, time int64, count uint64) Pending {
	defer g.s.account(g.s.a.Used())
	a := g.s.a
	r := a.Alloc(pendingBytes)
	*arena.At[pending](a, r) = pending{Time: time, Count: count, consumer: c.ref}
	key := id.Key()
	g.pending.Insert(a, key[:], uint64(r))
	c.pending.Insert(a, key[:], uint64(r))
	return g.openPending(key[:], uint64(r))
}

// Assign makes a pending entry that of another consumer.
func (p Pending) Assign(c Consumer) {
	if p.consumer == c.ref {
		return
	}
	defer p.g.s.account(p.g.s.a.Used())
	a := p.g.s.a
	key := p.ID.Key()
	v, _ := p.Consumer().pending.Remove(a, key[:])
	c.pending.Insert(a, key[:], v)
	p.consumer = c.ref
}

// Acknowledge takes an entry out of those pending and tells whether it was
// among them.
func (g Group) Acknowledge(id ID) bool {
	p, ok := g.PendingOf(id)
	if !ok {
		return false
	}
	defer g.s.account(g.s.a.Used())
	a := g.s.a
	key := id.Key()
	p.Consumer().pending.Remove(a, key[:])
	v, _ := g.pending.Remove(a, key[:])
	a.Free(arena.Ref(v))
	return true
}

// Referenced tells whether some group still has to read or acknowledge an entry.
func (s Stream) Referenced(id ID) bool {
	for g := range s.Groups() {
		if _, waits := g.PendingOf(id); waits || id.Compare(g.Last) > 0 {
			return true
		}
	}
	return false
}

// Forget takes an entry out of what is pending in all groups and tells whether
// it was in some.
func (s Stream) Forget(id ID) bool {
	defer s.account(s.a.Used())
	return s.forget(id)
}

// forget is Forget inside a change that counts the memory itself.
func (s Stream) forget(id ID) (any bool) {
	for g := range s.Groups() {
		bytes := s.bytes
		if g.Acknowledge(id) {
			any = true
		}
		s.bytes = bytes
	}
	return any
}

// hasTombstones tells whether entries may have been deleted after an ID that
// is less than the last.
func (s Stream) hasTombstones(after ID) bool {
	return s.Length > 0 && s.First.Compare(s.MaxDeleted) <= 0 && after.Compare(s.MaxDeleted) <= 0 && s.MaxDeleted != ID{}
}

// ReadUpTo is how many of all entries ever added have an ID up to this one,
// UnknownRead where deleted ones make that unknowable.
func (s Stream) ReadUpTo(id ID) int64 {
	last := id.Compare(s.Last)
	switch {
	case s.Added == 0:
		return 0
	case s.Length == 0 && last <= 0, last == 0:
		return int64(s.Added)
	case last > 0:
		return UnknownRead
	}
	if (s.MaxDeleted == ID{}) || s.MaxDeleted.Compare(s.First) < 0 {
		switch id.Compare(s.First) {
		case -1:
			return int64(s.Added - s.Length)
		case 0:
			return int64(s.Added - s.Length + 1)
		}
	}
	return UnknownRead
}

// Lag is how many entries the group has not been given yet; ok is false when
// deleted ones make that unknowable.
func (g Group) Lag() (lag int64, ok bool) {
	s := g.s
	read := g.Read
	switch {
	case s.Added == 0:
		return 0, true
	case read == UnknownRead || s.hasTombstones(g.Last):
		read = s.ReadUpTo(g.Last)
	}
	return int64(s.Added) - read, read != UnknownRead
}

// Deliver notes that the group was given an entry, if it is later than those
// before, and tells whether it was.
func (g Group) Deliver(id ID) bool {
	if id.Compare(g.Last) <= 0 {
		return false
	}
	switch s := g.s; {
	case g.Read != UnknownRead && !s.hasTombstones(id):
		g.Read++
	case s.Added != 0:
		g.Read = s.ReadUpTo(id)
	}
	g.Last = id
	return true
}
