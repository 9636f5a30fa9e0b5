package app

import (
	"everysec/engine/ds/order"
	"everysec/engine/event"
	"everysec/engine/glob"
	"everysec/web/words"
)

// Durable says how far a key's newest write has come.
type Durable uint8

// The states, from least to most durable.
const (
	InMemory   Durable = iota // lost by kill -9
	Written                   // in the page cache: lost by a power cut
	OnDisk                    // in the synced part of the append only file
	InSnapshot                // in the last dump.rdb as it is now
)

// Words is the state in words.
func (d Durable) Words() string {
	return words.Say([...]string{"only in memory", "written, not synced", "on disk", "in the last snapshot"}[d])
}

// Short is the state in a word or two.
func (d Durable) Short() string {
	return words.Say([...]string{"memory only", "written", "on disk", "snapshot"}[d])
}

// Cell is one key as the page knows it.
type Cell struct {
	Key      string // the first event.MaxKey bytes
	KeyLen   int
	Type     event.Type
	Encoding event.Encoding
	Memory   int64
	Elements int64
	ExpireAt int64 // milliseconds since 1970; 0: never
	LifeFrom int64 // when ExpireAt was first seen, to know what part of it has passed
	Change   uint64
	Saved    bool // the engine said that the last snapshot holds it
	Live     bool
	Gone     event.Reason // why, if not Live
	GoneAt   int64        // real time in microseconds; 0: the slot is empty
	Hidden   bool         // the filter does not let it through

	folder *Folder // where it lies in the tree; nil: not known yet
}

// Life is the part of the time to live that is left, from 1 to 0; 1 for keys
// that never expire.
func (c *Cell) Life(now int64) float64 {
	if c.ExpireAt == 0 {
		return 1
	}
	total := c.ExpireAt - c.LifeFrom
	if total <= 0 {
		return 0
	}
	return min(max(float64(c.ExpireAt-now/1000)/float64(total), 0), 1)
}

// MaxCells is how many keys of a database the page keeps one by one. Beyond
// that it only counts.
const MaxCells = 131_072

// Keyspace is one database, cell by cell. A key keeps its place for as long as
// it lives, so that the eye can follow it.
type Keyspace struct {
	Cells  []Cell
	index  map[string]int32
	free   []int32
	ghosts []int32 // slots of keys that have just gone
	live   int
	beyond int // keys changed that have no cell

	filter *Filter
	root   *Folder
	turns  map[string][]Turn
	like   *Keyspace // the same database at another time: its keys stand at their places here, too
}

// Turn is a moment at which a value got another encoding.
type Turn struct {
	From, To event.Encoding
	At       int64 // engine time
	Elements int64 // what it held then
	Memory   int64
}

// Words says what happened, to a value that is measured in a unit.
func (t *Turn) Words(unit string) string {
	return words.Say("{from} → {to} at {time}, with {n} {unit} and {size}", t.From.String(), t.To.String(), Clock(t.At), Count(t.Elements), words.Say(unit), Bytes(t.Memory))
}

const maxTurns = 4096 // keys whose turns are remembered

// Turns are the changes of encoding that were seen of a key, oldest first.
func (k *Keyspace) Turns(key string) []Turn { return k.turns[key] }

// Filter says which keys are shown.
type Filter struct {
	Glob string // Redis's; "" shows all
	Type string // as TYPE prints it; "" shows all
}

// Active tells whether anything can be hidden.
func (f *Filter) Active() bool { return *f != Filter{} }

// hides judges a key by as much of its name as the page knows.
func (f *Filter) hides(c *Cell) bool {
	return f.Type != "" && f.Type != c.Type.String() || f.Glob != "" && !glob.Match([]byte(f.Glob), []byte(c.Key), false)
}

// View is how keys are shown.
type View uint8

// The views.
const (
	AsGrid View = iota
	AsMap       // a treemap
	AsTree
	AsList
	AsTable // the buckets of the hash table
)

// The learner looks at keys in another way.
type (
	// ShowAs chooses the view.
	ShowAs struct{ View View }
	// FilterKeys chooses what all views show.
	FilterKeys struct{ Filter }
	// Unfold opens or closes a folder of the tree.
	Unfold struct {
		Folder *Folder
		Open   bool
	}
	// ShowMore lists more of a folder, or of the list if Folder is nil.
	ShowMore struct{ Folder *Folder }
)

func (m *Model) look(message Message) {
	m.mark(PartKeyspace)
	switch msg := message.(type) {
	case ShowAs:
		m.View = msg.View
	case FilterKeys:
		m.Filter = msg.Filter
		m.listed = 0
		for _, k := range m.spaces {
			for i := range k.Cells {
				k.Cells[i].Hidden = m.Filter.hides(&k.Cells[i])
			}
		}
	case Unfold:
		msg.Folder.Open = msg.Open
	case ShowMore:
		if msg.Folder == nil {
			m.listed += listPage
		} else {
			msg.Folder.shown += treeFolder
		}
	}
}

// Len is the number of keys that have a cell.
func (k *Keyspace) Len() int { return k.live }

// Partial tells whether there are keys without a cell.
func (k *Keyspace) Partial() bool { return k.beyond > 0 }

// Find returns a key's cell, or nil.
func (k *Keyspace) Find(key string) *Cell {
	if i, ok := k.index[key]; ok {
		return &k.Cells[i]
	}
	return nil
}

// Slot is the place of a key in Cells, or -1.
func (k *Keyspace) Slot(key string) int {
	if i, ok := k.index[key]; ok {
		return int(i)
	}
	return -1
}

// change returns the key's cell, nil if there is no room for one.
func (k *Keyspace) change(e *event.KeyChanged, now int64) *Cell {
	i, ok := k.index[string(e.Key)]
	fresh := !ok
	if fresh {
		var old *Cell
		if k.like != nil {
			old = k.like.Find(string(e.Key))
		}
		switch {
		case old != nil:
			i = int32(k.like.Slot(string(e.Key)))
		case len(k.free) > 0:
			i = k.free[len(k.free)-1]
			k.free = k.free[:len(k.free)-1]
		case len(k.Cells) < MaxCells:
			i = int32(len(k.Cells))
			k.Cells = append(k.Cells, Cell{})
		default:
			k.beyond++
			return nil
		}
		key := string(e.Key)
		k.index[key] = i
		k.Cells[i] = Cell{Key: key, Live: true}
		if old != nil {
			k.Cells[i].ExpireAt, k.Cells[i].LifeFrom = old.ExpireAt, old.LifeFrom
		}
		k.live++
	}
	c := &k.Cells[i]
	if c.ExpireAt != e.ExpireAt {
		c.ExpireAt, c.LifeFrom = e.ExpireAt, now/1000
	}
	if !fresh && c.Type == e.Type && c.Encoding != e.Encoding {
		k.turn(c, e, now)
	}
	if fresh || c.Type != e.Type {
		c.Type = e.Type
		c.Hidden = k.filter.hides(c)
	}
	c.KeyLen, c.Encoding = e.KeyLen, e.Encoding
	c.Memory, c.Elements, c.Change, c.Saved = e.Memory, e.Elements, e.Change, e.InSnapshot
	return c
}

func (k *Keyspace) turn(c *Cell, e *event.KeyChanged, now int64) {
	if k.turns == nil {
		k.turns = map[string][]Turn{}
	}
	turns := k.turns[c.Key]
	if turns == nil && len(k.turns) >= maxTurns {
		return
	}
	if len(turns) == 4 {
		turns = append(turns[:0], turns[1:]...)
	}
	k.turns[c.Key] = append(turns, Turn{c.Encoding, e.Encoding, now, e.Elements, e.Memory})
}

// ghostTime is how long a key that has gone can still be seen.
const ghostTime = 900_000

func (k *Keyspace) remove(e *event.KeyRemoved, wall int64) {
	i, ok := k.index[string(e.Key)]
	if !ok {
		return
	}
	delete(k.index, string(e.Key))
	delete(k.turns, string(e.Key))
	k.live--
	c := &k.Cells[i]
	c.Live, c.Gone, c.GoneAt = false, e.Reason, max(wall, 1)
	k.ghosts = append(k.ghosts, i)
}

// fade frees the places of keys that went long enough ago. It reports whether
// something changed, and whether ghosts are left.
func (k *Keyspace) fade(wall int64) (changed, more bool) {
	keep := k.ghosts[:0]
	for _, i := range k.ghosts {
		if wall-k.Cells[i].GoneAt < ghostTime {
			keep = append(keep, i)
			continue
		}
		k.Cells[i] = Cell{}
		k.free = append(k.free, i)
		changed = true
	}
	k.ghosts = keep
	if changed && k.live < len(k.Cells)/4 && len(k.Cells) > 64 || k.live == 0 && len(keep) == 0 {
		k.compact()
	}
	return changed, len(keep) > 0
}

// compact closes the gaps that many deletions left.
func (k *Keyspace) compact() {
	k.like = nil
	cells := k.Cells[:0]
	k.ghosts = k.ghosts[:0]
	for _, c := range k.Cells {
		switch {
		case c.Live:
			k.index[c.Key] = int32(len(cells))
		case c.GoneAt != 0:
			k.ghosts = append(k.ghosts, int32(len(cells)))
		default:
			continue
		}
		cells = append(cells, c)
	}
	clear(k.Cells[len(cells):])
	k.Cells = cells
	k.free = k.free[:0]
}

// Shown appends the slots that the filter lets through, of keys and of their
// ghosts.
func (k *Keyspace) Shown(dst []int32) []int32 {
	for i := range k.Cells {
		if c := &k.Cells[i]; !c.Hidden && (c.Live || c.GoneAt != 0) {
			dst = append(dst, int32(i))
		}
	}
	return dst
}

// ShownLen is the number of keys that the filter lets through.
func (k *Keyspace) ShownLen() int {
	if !k.filter.Active() {
		return k.live
	}
	n := 0
	for i := range k.Cells {
		if k.Cells[i].Live && !k.Cells[i].Hidden {
			n++
		}
	}
	return n
}

const listPage = 300

// Listed are the slots of the keys in the list, by name.
func (m *Model) Listed() (slots []int32) {
	k := m.Keyspace()
	list := first{limit: listPage + m.listed}
	for i := range k.Cells {
		if k.Cells[i].Live && !k.Cells[i].Hidden {
			list.add(k.Cells[i].Key, int32(i))
		}
	}
	for _, e := range list.entries {
		slots = append(slots, e.item)
	}
	return slots
}

// Durable tells how far a key's newest write has come: its number compared
// with the watermarks.
func (m *Model) Durable(c *Cell) Durable {
	d := &m.Durability
	switch {
	case c.Saved || d.SnapshotAt != 0 && c.Change <= d.SnapshotChange:
		return InSnapshot
	case d.AOFEnabled && c.Change <= d.Synced:
		return OnDisk
	case d.AOFEnabled && c.Change <= d.Written:
		return Written
	}
	return InMemory
}

// Keyspace is the database that is shown; it is never nil.
func (m *Model) Keyspace() *Keyspace { return m.keyspace(m.DB) }

func (m *Model) keyspace(db int) *Keyspace {
	k := m.spaces[db]
	if k == nil {
		k = &Keyspace{index: map[string]int32{}, filter: &m.Filter}
		m.spaces[db] = k
	}
	return k
}

// Databases lists those that hold keys, and the one that is shown.
func (m *Model) Databases() []int {
	var out []int
	for db, k := range m.spaces {
		if k.live > 0 || db == m.DB {
			out = append(out, db)
		}
	}
	order.Ascending(out)
	return out
}
