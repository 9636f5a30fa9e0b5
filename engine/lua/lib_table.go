package lua

import "strings"

func (s *state) openTable() {
	tb := s.newTable(0, 0)
	s.library(tb, []libFunc{
		{"concat", tableConcat},
		{"foreach", tableForeach},
		{"foreachi", tableForeachi},
		{"getn", tableGetn},
		{"maxn", tableMaxn},
		{"insert", tableInsert},
		{"remove", tableRemove},
		{"setn", tableSetn},
		{"sort", tableSort},
	})
	s.globals.setField("table", value{o: tb})
}

func tableConcat(t *thread, args []value) []value {
	sep := ""
	if !arg(args, 2).isNil() {
		sep = t.checkString(args, 2)
	}
	tb := t.checkTable(args, 1)
	i := int64(int32(t.optInteger(args, 3, 1)))
	var last int64
	if arg(args, 4).isNil() {
		last = int64(tb.length())
	} else {
		last = int64(t.checkInt(args, 4))
	}
	size := 0
	for j := i; j <= last; j++ {
		v := tb.getInt(int(j))
		s, ok := v.toStr()
		if !ok {
			t.fault("invalid value (" + v.typeName() + ") at index " + formatNumber(float64(j)) + " in table for 'concat'")
		}
		size += len(s)
		if j < last {
			size += len(sep)
		}
		t.checkSize(size)
		t.s.spend(t, 1)
	}
	t.s.charge(t, size)
	var sBuf strings.Builder
	sBuf.Grow(size)
	for ; i <= last; i++ {
		s, _ := tb.getInt(int(i)).toStr()
		sBuf.WriteString(s)
		if i < last {
			sBuf.WriteString(sep)
		}
	}
	return t.one(stringValue(sBuf.String()))
}

func tableForeach(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	f := t.checkFunction(args, 2)
	for key := nilValue; ; {
		k, v, _, more, ok := tb.next(key)
		if !ok {
			t.runError("invalid key to 'next'")
		}
		if !more {
			return nil
		}
		t.s.spend(t, 1)
		if r := t.call1(f, k, v); !r.isNil() {
			return t.one(r)
		}
		key = k
	}
}

func tableForeachi(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	n := tb.length()
	f := t.checkFunction(args, 2)
	for i := 1; i <= n; i++ {
		t.s.spend(t, 1)
		if r := t.call1(f, integer(i), tb.getInt(i)); !r.isNil() {
			return t.one(r)
		}
	}
	return nil
}

func tableGetn(t *thread, args []value) []value {
	return t.one(integer(t.checkTable(args, 1).length()))
}

func tableMaxn(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	t.s.spend(t, (len(tb.arr)+len(tb.node))>>3)
	highest := 0.0
	for i := 0; ; {
		k, _, next, more := tb.at(i)
		if !more {
			return t.one(number(highest))
		}
		if k.isNumber() && k.n > highest {
			highest = k.n
		}
		i = next
	}
}

func tableSetn(t *thread, args []value) []value {
	t.checkTable(args, 1)
	t.fault("'setn' is obsolete")
	return nil
}

func tableInsert(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	e := tb.length() + 1
	switch len(args) {
	case 2:
		t.rawSetInt(tb, e, args[1])
	case 3:
		pos := t.checkInt(args, 2)
		if pos > e {
			e = pos
		}
		for i := e; i > pos; i-- {
			t.s.spend(t, 1)
			t.rawSetInt(tb, i, tb.getInt(i-1))
		}
		t.rawSetInt(tb, pos, args[2])
	default:
		t.fault("wrong number of arguments to 'insert'")
	}
	return nil
}

func tableRemove(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	e := tb.length()
	pos := int(int32(t.optInteger(args, 2, int64(e))))
	if !(1 <= pos && pos <= e) {
		return nil
	}
	v := tb.getInt(pos)
	for ; pos < e; pos++ {
		t.s.spend(t, 1)
		t.rawSetInt(tb, pos, tb.getInt(pos+1))
	}
	t.rawSetInt(tb, e, nilValue)
	return t.one(v)
}

func tableSort(t *thread, args []value) []value {
	tb := t.checkTable(args, 1)
	n := tb.length()
	s := &sorter{t: t, tb: tb}
	if !arg(args, 2).isNil() {
		s.less = t.checkFunction(args, 2)
	}
	s.sort(1, n)
	return nil
}

// A sorter is the quicksort of Lua 5.1. Its exact steps matter: they decide
// the order of equal elements and when a bad comparison is noticed.
type sorter struct {
	t    *thread
	tb   *table
	less value
}

func (s *sorter) before(a, b value) bool {
	s.t.s.spend(s.t, 1)
	if s.less.isNil() {
		return s.t.lessThan(a, b)
	}
	return s.t.call1(s.less, a, b).truthy()
}

func (s *sorter) at(i int) value     { return s.tb.getInt(i) }
func (s *sorter) put(i int, v value) { s.t.rawSetInt(s.tb, i, v) }

func (s *sorter) swap(i, j int) {
	a, b := s.at(i), s.at(j)
	s.put(i, b)
	s.put(j, a)
}

func (s *sorter) sort(low, high int) {
	for low < high {
		if s.before(s.at(high), s.at(low)) {
			s.swap(low, high)
		}
		if high-low == 1 {
			return
		}
		middle := (low + high) / 2
		if s.before(s.at(middle), s.at(low)) {
			s.swap(middle, low)
		} else if s.before(s.at(high), s.at(middle)) {
			s.swap(middle, high)
		}
		if high-low == 2 {
			return
		}
		pivot := s.at(middle)
		s.swap(middle, high-1)
		i, j := low, high-1
		for {
			for i++; s.before(s.at(i), pivot); i++ {
				if i > high {
					s.t.fault("invalid order function for sorting")
				}
			}
			for j--; s.before(pivot, s.at(j)); j-- {
				if j < low {
					s.t.fault("invalid order function for sorting")
				}
			}
			if j < i {
				break
			}
			s.swap(i, j)
		}
		s.swap(high-1, i)
		// The smaller part by recursion, the larger by the loop.
		if i-low < high-i {
			s.sort(low, i-1)
			low = i + 1
		} else {
			s.sort(i+1, high)
			high = i - 1
		}
	}
}
