// Package graph copies a graph of Go values as it lies in memory, whatever its
// types: a host with its server, its clients and its disk.
//
// The idea: everything that can be reached is walked once, and each piece of
// memory met is noted with its length. Pieces that overlap (a pointer to a field,
// two slices of one array) are one. Then each is copied, and what pointed into
// the old piece points to the same place in its copy. So what was shared stays
// shared, and nothing has to know how to copy itself.
//
// A function cannot be copied: nobody can see what it holds. One that a rule does
// not name makes the copy fail, and so does what the rules forget.
package graph

import (
	"cmp"
	"reflect"
	"slices"
	"unsafe"

	"everysec/engine/phrase"
)

// Rule says what becomes of a field that cannot be copied.
type Rule uint8

// The rules.
const (
	Refuse Rule = iota // there is no copy while it is set
	Share              // the copy has the same: it never changes, or Rules.Memory sees to it
	Forget             // the copy has none: who copies sets it anew
)

// Rules are what a copy has to know of some types.
type Rules struct {
	Fields map[string]Rule // by package, type and field, as "server.Server.stopwatch"; the others: Refuse
	Shared map[string]bool // pointer types, as "*errors.errorString": what they lead to never changes
	// Memory is called for each value of a type whose memory cannot be told from
	// its fields, in the copy: it has to go on with a copy of each piece.
	Memory map[reflect.Type]func(value unsafe.Pointer, copied func([]byte) []byte)
	// Large is asked for the copy of a piece of at least LargeBytes without
	// pointers; nil: it is made here.
	Large func(piece []byte) []byte
	// Shares is told of each Fixed value that the copy shares, and its size.
	Shares func(value unsafe.Pointer, size int)
	Limit  int64 // bytes: more are not copied
}

// Fixed is a type some of whose values never change any more.
type Fixed interface {
	Fixed() (size int, fixed bool)
}

// LargeBytes is how long a large piece is.
const LargeBytes = 4096

// piece is a stretch of memory: n values of a type.
type piece struct {
	from, to uintptr
	at       unsafe.Pointer
	of       reflect.Type
	n        int
	pointers bool
	copied   unsafe.Pointer
}

type known struct {
	at unsafe.Pointer
	of reflect.Type
}

type copier struct {
	*Rules
	shapes map[reflect.Type]*shape
	seen   map[known]int // a piece's number
	maps   map[unsafe.Pointer]reflect.Value
	pieces []piece
	whole  []piece // pieces that are in no other, in order
	starts map[unsafe.Pointer]unsafe.Pointer
	bytes  int64
	err    error
}

// shape is what is to be known of a type.
type shape struct {
	pointers bool    // the collector has to look at it
	leads    bool    // there is something to be walked
	fields   []field // of a struct: those that lead
	elem     *shape  // of an array, a slice, a pointer, a map
	key      *shape
	of       reflect.Type
	shared   bool
	fixes    bool // a pointer whose value may be Fixed
	memory   func(value unsafe.Pointer, copied func([]byte) []byte)
}

type field struct {
	offset uintptr
	shape  *shape
	name   string
	rule   Rule
}

// Copy copies what a pointer leads to, and says how many bytes that are.
func Copy[T any](p *T, rules *Rules) (copied *T, bytes int64, err error) {
	c := &copier{
		Rules: rules, shapes: map[reflect.Type]*shape{}, seen: map[known]int{},
		maps: map[unsafe.Pointer]reflect.Value{}, starts: map[unsafe.Pointer]unsafe.Pointer{},
	}
	of := c.shape(reflect.TypeFor[T]())
	c.note(unsafe.Pointer(p), of, 1, 1)
	if c.err == nil {
		c.gather()
	}
	if c.err != nil {
		return nil, c.bytes, c.err
	}
	for i := range c.whole {
		c.copy(&c.whole[i])
	}
	for i := range c.whole {
		w := &c.whole[i]
		if s := c.shape(w.of); s.leads {
			for n := range w.n {
				c.redirect(s, unsafe.Add(w.copied, uintptr(n)*w.of.Size()))
			}
		}
	}
	return (*T)(c.moved(unsafe.Pointer(p))), c.bytes, c.err
}

// shape finds out what a type is.
func (c *copier) shape(t reflect.Type) *shape {
	if s := c.shapes[t]; s != nil {
		return s
	}
	s := &shape{of: t, memory: c.Memory[t]}
	c.shapes[t] = s // before its parts: a type may lead to itself
	switch t.Kind() {
	case reflect.Pointer:
		s.pointers, s.shared = true, c.Shared[t.String()]
		if s.leads = !s.shared; s.leads {
			s.elem = c.shape(t.Elem())
			s.fixes = t.Implements(reflect.TypeFor[Fixed]())
		}
	case reflect.Slice:
		s.pointers, s.leads = true, true
		s.elem = c.shape(t.Elem())
	case reflect.Map:
		s.pointers, s.leads = true, true
		s.key, s.elem = c.shape(t.Key()), c.shape(t.Elem())
	case reflect.Array:
		s.elem = c.shape(t.Elem())
		s.pointers, s.leads = s.elem.pointers && t.Len() > 0, s.elem.leads && t.Len() > 0
	case reflect.Struct:
		for i := range t.NumField() {
			f := t.Field(i)
			of := c.shape(f.Type)
			s.pointers = s.pointers || of.pointers
			if of.leads {
				name := t.String() + "." + f.Name
				s.fields = append(s.fields, field{f.Offset, of, name, c.Fields[name]})
			}
		}
		s.leads = len(s.fields) > 0
	case reflect.Interface, reflect.Func, reflect.Chan, reflect.UnsafePointer:
		s.pointers, s.leads = true, true
	case reflect.String: // its bytes never change
		s.pointers = true
	}
	return s
}

func (c *copier) refuse(what string) {
	if c.err == nil {
		c.err = phrase.Errorf("%s cannot be copied", what)
	}
}

// note notes a piece, of which used values count, and walks it.
func (c *copier) note(at unsafe.Pointer, s *shape, n, used int) {
	size := s.of.Size() * uintptr(n)
	if at == nil || size == 0 || c.err != nil {
		return
	}
	k := known{at, s.of}
	i, seen := c.seen[k]
	begin := 0
	if seen {
		begin = c.pieces[i].n
	} else {
		i = len(c.pieces)
		c.seen[k] = i
		c.pieces = append(c.pieces, piece{from: uintptr(at), at: at, of: s.of, pointers: s.pointers})
	}
	if !s.pointers {
		used = n
	}
	p := &c.pieces[i]
	p.n, p.to = max(p.n, used), max(p.to, p.from+size)
	for j := begin; s.leads && j < used; j++ {
		c.walk(s, unsafe.Add(at, uintptr(j)*s.of.Size()), "")
	}
}

// header is how a slice lies in memory.
type header struct {
	data     unsafe.Pointer
	len, cap int
}

// walk notes what a value leads to.
func (c *copier) walk(s *shape, at unsafe.Pointer, name string) {
	switch s.of.Kind() {
	case reflect.Pointer:
		if p := *(*unsafe.Pointer)(at); !s.shared && !c.fixed(s, at, p) {
			c.note(p, s.elem, 1, 1)
		}
	case reflect.Slice:
		h := (*header)(at)
		c.note(h.data, s.elem, h.cap, h.len)
	case reflect.Struct:
		for i := range s.fields {
			f := &s.fields[i]
			to := unsafe.Add(at, f.offset)
			if f.rule == Refuse {
				c.walk(f.shape, to, f.name)
			}
		}
	case reflect.Array:
		for i := range s.of.Len() {
			c.walk(s.elem, unsafe.Add(at, uintptr(i)*s.elem.of.Size()), name)
		}
	case reflect.Map:
		c.walkMap(s, at)
	case reflect.Interface:
		v := reflect.NewAt(s.of, at).Elem()
		if v.IsNil() {
			return
		}
		switch of := c.shape(v.Elem().Type()); {
		case of.of.Kind() == reflect.Pointer:
			if !of.shared {
				c.note(v.Elem().UnsafePointer(), of.elem, 1, 1)
			}
		case of.leads:
			c.refuse(name + ", a " + of.of.String() + ",")
		}
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if *(*unsafe.Pointer)(at) != nil {
			c.refuse(name)
		}
	}
}

// fixed tells whether a pointer leads to what never changes, and is not noted.
func (c *copier) fixed(s *shape, at, p unsafe.Pointer) bool {
	if !s.fixes || p == nil {
		return false
	}
	size, fixed := reflect.NewAt(s.of, at).Elem().Interface().(Fixed).Fixed()
	if fixed && c.Shares != nil {
		c.Shares(p, size)
	}
	return fixed
}

func (c *copier) walkMap(s *shape, at unsafe.Pointer) {
	v := reflect.NewAt(s.of, at).Elem()
	if v.IsNil() {
		return
	}
	p := *(*unsafe.Pointer)(at)
	if _, seen := c.maps[p]; seen {
		return
	}
	c.maps[p] = reflect.Value{}
	c.bytes += int64(v.Len()) * int64(s.key.of.Size()+s.elem.of.Size())
	if s.key.of.Kind() == reflect.String && !s.elem.leads {
		return
	}
	key, elem := reflect.New(s.key.of), reflect.New(s.elem.of)
	for all := v.MapRange(); all.Next(); {
		key.Elem().SetIterKey(all)
		elem.Elem().SetIterValue(all)
		c.walk(s.key, key.UnsafePointer(), s.of.String())
		c.walk(s.elem, elem.UnsafePointer(), s.of.String())
	}
}

// gather finds the pieces that are in no other.
func (c *copier) gather() {
	slices.SortFunc(c.pieces, func(a, b piece) int {
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to), cmp.Compare(b.n, a.n))
	})
	for _, p := range c.pieces {
		if n := len(c.whole); n > 0 && p.from < c.whole[n-1].to {
			w := &c.whole[n-1]
			switch {
			case p.to <= w.to && !p.pointers:
			case p.to <= w.to && w.pointers && p.from+uintptr(p.n)*p.of.Size() <= w.from+uintptr(w.n)*w.of.Size():
			case !p.pointers && !w.pointers:
				w.to = p.to
				w.of, w.n = reflect.TypeFor[byte](), int(w.to-w.from)
			default:
				c.refuse("memory that is a " + w.of.String() + " and a " + p.of.String())
			}
			continue
		}
		c.whole = append(c.whole, p)
	}
	for _, w := range c.whole {
		c.bytes += int64(w.to - w.from)
	}
	c.measure()
	if c.Limit > 0 && c.bytes > c.Limit {
		c.refuse("more than the limit")
	}
}

// measure counts what Memory will copy.
func (c *copier) measure() {
	for _, w := range c.whole {
		if s := c.shape(w.of); s.memory != nil {
			for n := range w.n {
				s.memory(unsafe.Add(w.at, uintptr(n)*w.of.Size()), func(b []byte) []byte {
					c.bytes += int64(len(b))
					return b
				})
			}
		}
	}
}

func (c *copier) copy(w *piece) {
	size := int(w.to - w.from)
	if w.pointers {
		n := size / int(w.of.Size())
		to := reflect.MakeSlice(reflect.SliceOf(w.of), n, n)
		reflect.Copy(to, reflect.SliceAt(w.of, w.at, w.n))
		w.copied = to.UnsafePointer()
	} else {
		w.copied = unsafe.Pointer(unsafe.SliceData(c.bare(unsafe.Slice((*byte)(w.at), size))))
	}
	c.starts[w.at] = w.copied
}

// bare copies a piece without pointers.
func (c *copier) bare(b []byte) []byte {
	if len(b) >= LargeBytes && c.Large != nil {
		return c.Large(b)
	}
	return Bare(b)
}

// Bare copies bytes to where any type may lie.
func Bare(b []byte) []byte {
	words := make([]uint64, (len(b)+7)/8)
	to := unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(words))), len(words)*8)[:len(b)]
	copy(to, b)
	return to
}

// moved is where something stands in the copy.
func (c *copier) moved(at unsafe.Pointer) unsafe.Pointer {
	if to, found := c.starts[at]; found || at == nil {
		return to
	}
	i, found := slices.BinarySearchFunc(c.whole, uintptr(at), func(w piece, at uintptr) int { return cmp.Compare(w.from, at) })
	if !found {
		i--
	}
	if i < 0 || uintptr(at) >= c.whole[i].to {
		return at // nothing is there: an empty slice
	}
	return unsafe.Add(c.whole[i].copied, uintptr(at)-c.whole[i].from)
}

// redirect lets a copied value lead into the copy.
func (c *copier) redirect(s *shape, at unsafe.Pointer) {
	switch s.of.Kind() {
	case reflect.Pointer:
		if p := (*unsafe.Pointer)(at); !s.shared && s.elem.of.Size() > 0 {
			*p = c.moved(*p)
		}
	case reflect.Slice:
		if h := (*header)(at); h.cap > 0 && s.elem.of.Size() > 0 {
			h.data = c.moved(h.data)
		}
	case reflect.Struct:
		for i := range s.fields {
			f := &s.fields[i]
			switch to := unsafe.Add(at, f.offset); f.rule {
			case Refuse:
				c.redirect(f.shape, to)
			case Forget:
				reflect.NewAt(f.shape.of, to).Elem().SetZero()
			case Share:
				if f.shape.of.Kind() == reflect.Slice { // of what is not looked into
					v := reflect.NewAt(f.shape.of, to).Elem()
					own := reflect.MakeSlice(f.shape.of, v.Len(), v.Cap())
					reflect.Copy(own, v)
					v.Set(own)
				}
			}
		}
		if s.memory != nil {
			s.memory(at, c.bare)
		}
	case reflect.Array:
		for i := range s.of.Len() {
			c.redirect(s.elem, unsafe.Add(at, uintptr(i)*s.elem.of.Size()))
		}
	case reflect.Map:
		if p := *(*unsafe.Pointer)(at); p != nil {
			reflect.NewAt(s.of, at).Elem().Set(c.copyMap(s, at, p))
		}
	case reflect.Interface:
		v := reflect.NewAt(s.of, at).Elem()
		if v.IsNil() {
			return
		}
		if of := c.shape(v.Elem().Type()); of.of.Kind() == reflect.Pointer && !of.shared {
			v.Set(reflect.NewAt(of.of.Elem(), c.moved(v.Elem().UnsafePointer())))
		}
	}
}

func (c *copier) copyMap(s *shape, at, was unsafe.Pointer) reflect.Value {
	if m := c.maps[was]; m.IsValid() {
		return m
	}
	v := reflect.NewAt(s.of, at).Elem()
	m := reflect.MakeMapWithSize(s.of, v.Len())
	c.maps[was] = m // a map may lead to itself
	for all := v.MapRange(); all.Next(); {
		key, elem := reflect.New(s.key.of).Elem(), reflect.New(s.elem.of).Elem()
		key.SetIterKey(all)
		elem.SetIterValue(all)
		c.redirect(s.key, key.Addr().UnsafePointer())
		c.redirect(s.elem, elem.Addr().UnsafePointer())
		m.SetMapIndex(key, elem)
	}
	return m
}
