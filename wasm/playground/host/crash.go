package host

import (
	"bytes"
	"cmp"
	"errors"

	commands "everysec/engine/command"
	"everysec/engine/crashreport"
	"everysec/engine/ds/order"
	"everysec/engine/event"
	"everysec/engine/vfs"
	"everysec/wasm/bridge"
)

// A crash is accounted for twice: in writes and in keys.
//
// Keys: every key's digest is taken before the crash and after recovery, and
// the two sorted lists are merged. Writes: the engine reports on them, as the
// host outlives it and hands on what the dead one knew.

// before is what was true at the moment of a crash.
type before struct {
	account bridge.Account
	keys    []keyState
	names   []byte            // all keys, end to end
	held    map[string]string // what some of the keys held, by nameIn; see told
}

type keyState struct {
	at, n    int // in names
	db       int
	digest   uint64
	expireAt int64 // milliseconds, 0: never
}

// crash ends the server now.
func (h *Host) crash(kind bridge.CrashKind, seed uint64) bridge.Record {
	h.drainAll() // its last log lines above all
	h.fallen = h.fell(kind, seed, h.disk.Image(vfs.Kind(kind), seed), h.engine.Acknowledged())
	h.fall()
	return h.last.Append(nil)
}

// fallen is a crash that has happened on the disk, and that the host has still
// to draw the consequences of.
type fallen struct {
	before before
	died   *crashreport.Crash
	image  *vfs.Disk
}

// fell notes what is true at the moment of a crash. acknowledged is the newest
// change whose reply has left.
func (h *Host) fell(kind bridge.CrashKind, seed uint64, image *vfs.Disk, acknowledged uint64) *fallen {
	f := &fallen{image: image, died: h.engine.Crash(vfs.Kind(kind).String(), image.Accounts())}
	f.before.keys, f.before.names = h.keys()
	f.before.held = h.told(f)
	journal, d := f.died.Journal, h.engine.Durability()
	if !h.engine.Loading() { // else it has written nothing, and what is told is what its predecessor did
		f.died.Acknowledged = min(f.died.Acknowledged, acknowledged)
	}
	account := bridge.Account{
		Kind: kind, Seed: int64(seed), SurvivedWrites: -1, LostWrites: -1, At: d.Now,
		Acknowledged: journal.Acknowledged(f.died.Acknowledged),
	}
	if !h.engine.Loading() {
		synced, written := d.Synced, d.Written
		if !d.AOFEnabled {
			synced, written = d.SnapshotChange, d.SnapshotChange
		}
		account.Unsynced = account.Acknowledged - journal.Acknowledged(min(synced, f.died.Acknowledged))
		account.Unwritten = account.Acknowledged - journal.Acknowledged(min(written, f.died.Acknowledged))
	}
	f.before.account = account
	return f
}

// fall puts the image in the place of the disk, and the server down.
func (h *Host) fall() {
	f := h.fallen
	h.fallen = nil
	h.died = f.died
	h.engine.Abandon()
	h.engine = nil
	h.drop()
	h.disk.Halt()
	h.disk = f.image
	if h.platter != nil {
		h.disk.Attach(h.platter)
	}
	h.before, h.last = &f.before, f.before.account
	h.failure = "crashed"
	h.tell(bridge.NoticeCrashed, "")
	h.disarmed(h.last.Append(nil), nil)
}

// restart starts the server again; if it went down by a crash the answer is
// the account, as soon as everything has been loaded.
func (h *Host) restart(c *channel, call uint32, more ...[2]string) {
	if h.disk == nil {
		h.fail(c, call, errors.New("no store is open yet"))
		return
	}
	b := h.before
	h.before = nil
	h.disarm()
	if h.engine != nil { // it is ended as by SHUTDOWN NOSAVE
		h.died = h.engine.Crash(crashreport.Exit, nil)
	}
	h.drop()
	h.start(more...)
	answer := func() {
		account := bridge.Account{}
		if b != nil {
			h.settle(b)
			account = b.account
			h.last = account
			if !account.Complete {
				h.before = b // it would not start: the account is made when it does
			}
		}
		account.Error = h.failure
		h.answer(h.channel(c.id), call, account.Append(nil))
	}
	if h.engine == nil {
		answer()
		return
	}
	h.afterLoad = append(h.afterLoad, answer)
}

// settle completes an account after recovery.
func (h *Host) settle(b *before) {
	a := &b.account
	if h.engine == nil {
		return
	}
	a.Complete = true
	keys, names := h.keys()
	now := h.now() / 1000
	var other []bridge.KeyFate
	open := map[string]bool{} // keys whose newest write nobody was told of
	if report, ok := h.engine.CrashEvent(bridge.MaxWrites); ok {
		a.Acknowledged, a.SurvivedWrites, a.LostWrites = report.Acknowledged, report.Survived, report.Lost
		var batch event.Batch
		batch.CrashReport(&report)
		a.Report = batch.Bytes()
		for i := range report.Writes {
			for _, key := range report.Writes[i].Keys {
				if !report.Writes[i].Acknowledged {
					open[nameIn(report.Writes[i].DB, key)] = true
				}
			}
		}
	}
	aside := int64(bridge.LoadDB(len(h.engine.Space().DBs)))
	note := func(old, k *keyState, fate bridge.Fate) { // one of the two may be nil
		key := bridge.KeyFate{}
		if k != nil {
			key.DB, key.Key, key.After.ExpireAt = int64(k.db), k.key(names), k.expireAt
		} else {
			key.DB, key.Key = int64(old.db), old.key(b.names)
		}
		if fate != bridge.Survived && fate != bridge.Expired && open[nameIn(int(key.DB), string(key.Key))] {
			fate = bridge.Open
		}
		a.Counts[fate]++
		key.Fate = fate
		if aside > 0 && key.DB == aside {
			a.Aside[fate]++
		}
		list := &a.Keys
		if fate == bridge.Survived {
			list = &other
		}
		if len(*list) == bridge.MaxFates {
			return
		}
		if k != nil {
			key.After.Text = h.holds(k.db, key.Key)
		}
		if old != nil && fate != bridge.Survived {
			key.Before = bridge.KeyState{Text: b.held[nameIn(old.db, string(key.Key))], ExpireAt: old.expireAt}
		}
		*list = append(*list, key)
	}
	i, k := 0, 0
	for i < len(b.keys) || k < len(keys) {
		order := 0
		switch {
		case i == len(b.keys):
			order = 1
		case k == len(keys):
			order = -1
		default:
			order = compare(&b.keys[i], b.names, &keys[k], names)
		}
		switch {
		case order < 0:
			old := &b.keys[i]
			fate := bridge.Lost
			if old.expireAt != 0 && old.expireAt <= now {
				fate = bridge.Expired
			}
			note(old, nil, fate)
			i++
		case order > 0:
			note(nil, &keys[k], bridge.Returned)
			k++
		default:
			fate := bridge.Survived
			if b.keys[i].digest != keys[k].digest || b.keys[i].expireAt != keys[k].expireAt {
				fate = bridge.Reverted
			}
			note(&b.keys[i], &keys[k], fate)
			i, k = i+1, k+1
		}
	}
	a.Keys = append(a.Keys, other[:min(len(other), bridge.MaxFates-len(a.Keys))]...)
}

// told is what the keys hold of which an account may have to tell: all, or, if
// they are very many, those of the newest writes.
func (h *Host) told(f *fallen) map[string]string {
	held := map[string]string{}
	hold := func(db int, key []byte) {
		if text := h.holds(db, key); text != "" {
			held[nameIn(db, string(key))] = text
		}
	}
	if len(f.before.keys) <= bridge.MaxFates {
		for i := range f.before.keys {
			k := &f.before.keys[i]
			hold(k.db, k.key(f.before.names))
		}
		return held
	}
	report := crashreport.New(f.died, crashreport.Recovery{})
	for w := range commands.CrashWrites(h.engine.Table(), report) {
		for _, key := range w.Keys {
			hold(w.DB, key)
		}
		if len(held) >= bridge.MaxFates {
			break
		}
	}
	return held
}

// nameIn is a key with its database.
func nameIn(db int, key string) string { return decimal(uint32(db)) + " " + key }

func (k *keyState) key(names []byte) []byte { return names[k.at : k.at+k.n] }

func compare(a *keyState, inA []byte, b *keyState, inB []byte) int {
	return cmp.Or(cmp.Compare(a.db, b.db), bytes.Compare(a.key(inA), b.key(inB)))
}

// keys is every key, sorted.
func (h *Host) keys() (keys []keyState, names []byte) {
	space := h.engine.Space()
	for _, db := range space.DBs {
		for node := range db.Keys.All() {
			key, e := db.KeyOf(node), db.EntryOf(node)
			keys = append(keys, keyState{
				at: len(names), n: len(key), db: db.ID,
				digest: digest(space.Objects, &e.Value), expireAt: e.ExpireAt,
			})
			names = append(names, key...)
		}
	}
	order.By(keys, func(a, b keyState) int { return compare(&a, names, &b, names) })
	return keys, names
}
