package host

import (
	"errors"
	"hash/crc32"

	"everysec/engine/event"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
	"everysec/wasm/idb"
)

// A host whose inputs were recorded can be played again to any moment of its
// past (package run). Here is what that needs of it: to be looked at without a
// trace, and to become the present.

// Look puts the state of the engine, without its keys, into a batch.
func (h *Host) Look(b *event.Batch) {
	if h.engine != nil {
		h.engine.Look(b)
	}
}

// LookAtKeys puts some keys into a batch, from a cursor of a database on, and
// returns where to go on; 0: all databases have been seen, or there is no engine.
func (h *Host) LookAtKeys(b *event.Batch, db int, cursor uint64) (int, uint64, bool) {
	if h.engine == nil || db < 0 || db >= len(h.engine.Space().DBs) {
		return 0, 0, false
	}
	for room := resyncKeys; room > 0 && db < len(h.engine.Space().DBs); {
		room -= max(h.engine.Space().DBs[db].Len(), 16)
		if cursor = h.engine.Resync(b, db, cursor, resyncKeys); cursor == 0 {
			db++
		}
	}
	return db, cursor, db < len(h.engine.Space().DBs)
}

// Ask answers an operation that only looks.
func (h *Host) Ask(op bridge.Op, payload []byte) ([]byte, error) {
	if h.disk == nil {
		return nil, errors.New("no store is open yet")
	}
	f := bridge.Read(payload)
	result, err := h.read(op, f)
	if err == nil {
		err = f.Err()
	}
	return result, err
}

// Fingerprint is a checksum of all that is in the files and in memory. Two runs
// that have the same are the same, as far as anybody can see.
func (h *Host) Fingerprint() (uint64, error) {
	if h.disk == nil {
		return 0, nil
	}
	crc := uint32(0)
	for _, f := range h.files() {
		data, err := vfs.ReadFile(h.disk, f.Name)
		if err != nil {
			return 0, err
		}
		crc = crc32.Update(crc, crc32.IEEETable, bridge.Record(nil).String(f.Name).Int(f.Size).Int(f.Synced))
		crc = crc32.Update(crc, crc32.IEEETable, data)
	}
	sum := uint64(0)
	if h.engine != nil {
		space := h.engine.Space()
		for _, db := range space.DBs {
			for node := range db.Keys.All() {
				e := db.EntryOf(node)
				sum += mix(mix(digest(space.Objects, &e.Value), db.KeyOf(node)), bridge.Record(nil).Int(int64(db.ID)).Int(e.ExpireAt))
			}
		}
	}
	return sum<<32 ^ sum ^ uint64(crc), nil
}

// Present is what does not come with a host that takes another's place.
type Present struct {
	Name, Text string
	Store      bridge.Store
	Unknown    bool
	Channels   []uint32 // that have to hear of it
}

// Present tells it.
func (h *Host) Present() Present {
	p := Present{Name: h.settings.Store, Text: h.storeText, Store: h.store, Unknown: h.unknown}
	if p.Store == bridge.StoreWaiting {
		p.Store = bridge.StoreMemory
	}
	for _, c := range h.order {
		p.Channels = append(p.Channels, c.id)
	}
	return p
}

// Leave ends a host whose place another takes: its clients are closed, and
// whoever waits for an answer is not left alone.
func (h *Host) Leave() {
	h.disarm()
	h.drop()
	h.failure = "another run took its place"
	h.settled()
	for _, a := range h.asked {
		h.fail(h.channel(a.channel), a.call, errors.New(h.failure))
	}
	h.asked = nil
	h.finish()
}

// Settle ends what the store still had to do at this moment of the past, as if
// it had succeeded.
func (h *Host) Settle() {
	if h.disk != nil {
		h.disk.Disarm()
	}
	h.armed, h.aside = nil, nil // whoever waits for that crash is not here
	for more := h.disk != nil; more; more = h.disk.Land() {
		if h.platter != nil {
			h.platter.Settle()
		}
	}
}

// Branch makes this moment the present, after Settle: engine time goes on from
// here, the store holds these files from now on, and the clients of that time
// are gone. Whoever is connected to this host is told to ask for everything.
func (h *Host) Branch(p Present, wall int64) {
	h.clock.mark(h.wall)
	h.clock.wall, h.wall = wall, wall
	for _, c := range h.order {
		for _, client := range sorted(c.clients) {
			if h.engine != nil {
				h.engine.Disconnect(h.now(), c.clients[client])
			}
		}
		clear(c.clients)
		c.credit, c.events, c.held, c.resync = 0, nil, 0, nil
		c.reset()
	}
	clear(h.owners)
	h.asked, h.standing = nil, nil

	h.settings.Store, h.store, h.storeText, h.unknown = p.Name, p.Store, p.Text, p.Unknown
	switch {
	case h.disk == nil:
	case h.store == bridge.StoreIndexedDB:
		if h.platter == nil {
			h.platter = idb.New(h.options.Commit)
		}
		h.disk.Attach(h.platter)
	case h.platter != nil:
		h.platter.Abandon()
	}
	for _, id := range p.Channels {
		h.channel(id)
	}
	h.tell(bridge.NoticeRun, "")
	h.finish()
}
