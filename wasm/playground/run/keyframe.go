package run

import (
	"bytes"
	"maps"
	"math"
	"slices"
	"unsafe"

	"everysec/wasm/playground/graph"
	"everysec/wasm/playground/host"
)

// A look back plays the run from its start, which takes the longer, the longer
// the run. So on the way copies of the host are kept, keyframes: who goes back
// plays from the nearest one. A keyframe is the host as it lay in memory, so what
// is played from it is what is played from the start, to the byte.
//
// They stand about as far apart as it takes some time to play, and share what has
// not changed from one to the next. When they are too many or too large every
// other goes.

const (
	keyframeEvery = 40_000    // microseconds of playing between two, at first
	keyframeNear  = 160_000   // between two where somebody goes back a long way
	keyframeCost  = 4         // times what it takes to make one is at least between two
	keyframeMost  = 128       // are kept
	keyframeBytes = 384 << 20 // have all of them together at most
)

type keyframe struct {
	host    *host.Host // is never played, only copied
	in      reader
	glance  host.Glance
	clients map[uint64]string

	since  int64 // microseconds of playing from the one before
	used   int   // the newest of a number that counts on
	own    int64 // bytes that are no blocks
	blocks map[unsafe.Pointer]*block
}

// block is a large piece of memory of one keyframe or more.
type block struct {
	bytes []byte // nil: of a page that never changes
	size  int64
	uses  int
}

// keyframes are those of one run, in order.
type keyframes struct {
	frames []*keyframe
	every  int64
	bytes  int64
	limit  int64 // of bytes
	// from has the block that a piece of the stage's memory was equal to once.
	from  map[unsafe.Pointer]*block
	pages map[unsafe.Pointer]*block
	cost  int64 // microseconds to make the last one
	clock int   // counts uses
}

func newKeyframes(every int64) keyframes {
	return keyframes{every: every, limit: keyframeBytes, from: map[unsafe.Pointer]*block{}, pages: map[unsafe.Pointer]*block{}}
}

func start(piece []byte) unsafe.Pointer { return unsafe.Pointer(unsafe.SliceData(piece)) }

// after is the number of the first keyframe that is not before an entry.
func (k *keyframes) after(played int) int {
	i, _ := slices.BinarySearchFunc(k.frames, played, func(f *keyframe, played int) int { return f.in.played - played })
	return i
}

// before is the last keyframe before an entry; nil: there is none.
func (k *keyframes) before(played int) *keyframe {
	if i := k.after(played); i > 0 {
		return k.frames[i-1]
	}
	return nil
}

// due tells whether there shall be a keyframe after so much playing since the
// last one: at the end of what has been played, and within a gap that is long.
func (k *keyframes) due(played int, since int64) bool {
	every := k.every
	if k.after(played) < len(k.frames) {
		every = max(min(every, keyframeNear), every/4) + every/4
	}
	return since >= max(every, keyframeCost*k.cost)
}

// use notes that a keyframe is of use now.
func (k *keyframes) use(f *keyframe) { k.clock++; f.used = k.clock }

// add keeps a copy of a stage. It tells whether it could.
func (k *keyframes) add(s *stage, glance host.Glance, clients map[uint64]string, since int64) bool {
	f := &keyframe{in: *s.in, glance: glance, clients: maps.Clone(clients), since: since, blocks: map[unsafe.Pointer]*block{}}
	shared := int64(0)
	copied, total, err := s.host.Copy(host.Options{}, func(piece []byte) []byte {
		b := k.from[start(piece)]
		if b == nil || !bytes.Equal(b.bytes, piece) {
			b = &block{bytes: graph.Bare(piece), size: int64(len(piece))}
			k.from[start(piece)] = b
		}
		f.blocks[start(b.bytes)] = b
		shared += int64(len(piece))
		return b.bytes
	}, func(page unsafe.Pointer, size int) {
		b := k.pages[page]
		if b == nil {
			b = &block{size: int64(size)}
			k.pages[page] = b
		}
		f.blocks[page] = b
	}, k.limit)
	if err != nil {
		return false
	}
	f.host, f.own = copied, total-shared
	k.bytes += f.own
	for _, b := range f.blocks {
		if b.uses++; b.uses == 1 {
			k.bytes += b.size
		}
	}
	i := k.after(f.in.played)
	if i < len(k.frames) {
		k.frames[i].since = max(k.frames[i].since-since, 0)
	}
	k.frames = slices.Insert(k.frames, i, f)
	k.use(f)
	k.thin()
	return true
}

// thin takes keyframes away until they are few and small enough: those whose
// neighbours are nearest.
func (k *keyframes) thin() {
	few := keyframeMost
	if len(k.frames) > keyframeMost {
		few = keyframeMost / 2
		k.every *= 2
	}
	for len(k.frames) > few || k.bytes > k.limit && len(k.frames) > 0 {
		k.drop(k.least())
	}
}

// least is the keyframe that is missed least: without it the gap is shortest. The
// one that was used last is spared, where somebody is about to take more steps.
func (k *keyframes) least() (least int) {
	shortest := int64(math.MaxInt64)
	for i, f := range k.frames {
		gap := f.since
		if i+1 < len(k.frames) {
			gap += k.frames[i+1].since
		}
		if gap < shortest && (f.used < k.clock || len(k.frames) == 1) {
			least, shortest = i, gap
		}
	}
	return least
}

func (k *keyframes) drop(i int) {
	f := k.frames[i]
	if i+1 < len(k.frames) {
		k.frames[i+1].since += f.since
	}
	k.frames = slices.Delete(k.frames, i, i+1)
	k.bytes -= f.own
	for at, b := range f.blocks {
		if b.uses--; b.uses == 0 {
			k.bytes -= b.size
			delete(k.pages, at)
		}
	}
	maps.DeleteFunc(k.from, func(_ unsafe.Pointer, b *block) bool { return b.uses == 0 })
}

// cut forgets what is after an entry: the run went on otherwise, in this log.
func (k *keyframes) cut(played int, log *Log) {
	for i := k.after(played + 1); i < len(k.frames); {
		k.drop(i)
	}
	for _, f := range k.frames {
		f.in.log = log
	}
}

// restore makes a stage of a keyframe; nil if that fails.
func (k *keyframes) restore(r *Recorder, f *keyframe) *stage {
	in := f.in
	s := &stage{in: &in}
	from := map[unsafe.Pointer]*block{}
	var err error
	s.host, _, err = f.host.Copy(r.around(s), func(piece []byte) []byte {
		own := graph.Bare(piece)
		if b := f.blocks[start(piece)]; b != nil {
			from[start(own)] = b
		}
		return own
	}, nil, 0)
	if err != nil {
		return nil
	}
	k.from = from
	k.use(f)
	return s
}
