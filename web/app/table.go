package app

import (
	"math"
	"math/bits"
	"strconv"
	"strings"

	"everysec/engine/resp"
	"everysec/wasm/bridge"
	"everysec/web/words"
)

// Walk is what a SCAN has seen of the hash table so far. Its cursor counts from
// the highest bit down, so a bucket's place on the way is its number with the
// bits turned round: what lies before the cursor on that way has been visited,
// whatever size the table had meanwhile.
type Walk struct {
	Console string
	DB      int
	Start   uint64 // the cursor it began with
	Cursor  uint64 // the newest one
	Done    bool   // the cursor came back as 0
	Calls   int64
	Keys    int64 // that it returned
}

// Visited tells whether a bucket lies between the start and the cursor. It does
// not depend on how many buckets there are.
func (w *Walk) Visited(bucket uint64) bool {
	place := bits.Reverse64(bucket)
	return w != nil && place >= bits.Reverse64(w.Start) && (w.Done || place < bits.Reverse64(w.Cursor))
}

// Part is how much of the table has been visited, from 0 to 1.
func (w *Walk) Part() float64 {
	if w == nil {
		return 0
	}
	end := 1.0
	if !w.Done {
		end = float64(bits.Reverse64(w.Cursor)) / math.Exp2(64)
	}
	return max(end-float64(bits.Reverse64(w.Start))/math.Exp2(64), 0)
}

// scanned follows the cursor of a console.
func (m *Model) scanned(c *Console, args [][]byte, v resp.Value, elements int) {
	if len(args) < 2 || !strings.EqualFold(string(args[0]), "scan") || len(v.Elems) != 2 {
		return
	}
	from, err := strconv.ParseUint(string(args[1]), 10, 64)
	to, err2 := strconv.ParseUint(string(v.Elems[0].Str), 10, 64)
	if err != nil || err2 != nil {
		return
	}
	w := m.Walk
	if w == nil || from == 0 || w.Console != c.Name || w.DB != c.CLI.DB() || w.Cursor != from {
		w = &Walk{Console: c.Name, DB: c.CLI.DB(), Start: from}
		m.Walk = w
	}
	w.Cursor, w.Done = to, to == 0
	w.Calls++
	w.Keys += int64(elements - 1) // the other is the cursor
	m.table.stale = true
}

// Table is the hash table of the database that is shown.
type Table struct {
	bridge.Table
	Known bool

	db      int
	stale   bool
	asking  bool
	askedAt int64
}

// Table is the hash table as it was told last, and the walk that goes on in it
// or nil.
func (m *Model) Table() (*Table, *Walk) {
	w := m.Walk
	if w != nil && w.DB != m.DB {
		w = nil
	}
	return &m.table, w
}

// watchTable asks for the table while it is looked at: when something ran, and
// all the time while it is resized.
func (m *Model) watchTable() {
	t := &m.table
	if m.View != AsTable || m.Down || m.Loading {
		t.Known = t.Known && !m.Down && !m.Loading
		return
	}
	if t.db != m.DB {
		t.db, t.stale, t.Known = m.DB, true, false
	}
	if t.asking || !t.stale && t.Rehash < 0 && t.Known || m.Wall-t.askedAt < refresh {
		return
	}
	t.asking, t.stale, t.askedAt = true, false, m.Wall
	db := m.DB
	m.control(bridge.OpTable, bridge.Record(nil).Int(int64(db)), func(m *Model, data []byte) {
		t := &m.table
		t.asking = false
		answer, err := bridge.ReadTable(data)
		if err != nil || db != m.DB {
			return
		}
		for i := range answer.Chains {
			answer.Chains[i] = append([]byte(nil), answer.Chains[i]...)
		}
		t.Table, t.Known = answer, true
		m.mark(PartKeyspace)
	})
}

// Binary writes a bucket's number with as many digits as the table needs.
func Binary(bucket uint64, buckets int64) string {
	s := strconv.FormatUint(bucket, 2)
	return strings.Repeat("0", max(bits.Len64(uint64(max(buckets, 1))-1)-len(s), 0)) + s
}

func keyCount(n int64) string { return words.Many(n, "{n} key|{n} keys") }

// Words says what the table shows.
func (t *Table) Words(w *Walk) (table, walk string) {
	if !t.Known {
		return "", ""
	}
	size, used := t.Size[0], t.Used[0]
	if size == 0 {
		return words.Say("This database has no table yet: its first key makes one."), ""
	}
	if t.Rehash < 0 {
		table = words.Say("{buckets} for {keys}.", words.Many(size, "{n} bucket|{n} buckets"), keyCount(used))
		if len(t.Chains[0]) > 0 {
			empty, longest := int64(0), byte(0)
			for _, n := range t.Chains[0] {
				if n == 0 {
					empty++
				}
				longest = max(longest, n)
			}
			table += " " + words.Say("{n} empty, at most {keys} in one.", Count(empty), keyCount(int64(longest)))
		}
		table += " " + words.Say("No resize is under way.")
	} else {
		table = words.Say("A resize from {from} to {to} buckets is under way: {keys} to move, {moved} moved or new. Next is bucket {next}; every command moves one, and so does the server when it is idle.",
			Count(size), Count(t.Size[1]), keyCount(used), Count(t.Used[1]), Count(t.Rehash))
	}
	if w == nil {
		return table, words.Say("SCAN 0 in a console shows its cursor walk here.")
	}
	keys, calls := keyCount(w.Keys), words.Many(w.Calls, "{n} call|{n} calls")
	if w.Done {
		return table, words.Say("{console}: SCAN is through, with {keys} in {calls}.", w.Console, keys, calls)
	}
	n := max(size, t.Size[1])
	digits := Binary(w.Cursor, n)
	place := bits.Reverse64(w.Cursor) >> (64 - len(digits))
	return table, words.Say("{console}: SCAN returned {keys} in {calls} and has visited {part} % of the buckets. Next is {cursor}, in binary {digits}; it counts from the left: read backwards, {place} is number {number} of {all}.",
		w.Console, keys, calls, Number(w.Part()*100), itoa(int64(w.Cursor)), digits, Binary(place, n), itoa(int64(place)), Count(n))
}
