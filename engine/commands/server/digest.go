package server

import (
	"encoding/binary"
	"math"
	"strconv"

	"everysec/engine/ds/stream"
	"everysec/engine/keyspace"
	"everysec/engine/object"
	"everysec/engine/sha1"
)

// digest is what DEBUG DIGEST sums data up in, as a real server does, so that
// two servers can be compared: SHA-1 of the parts, put together by exclusive
// or where the order means nothing (keys of a database, members of a set) and
// by hashing again where it does (a list, a field and its value).
type digest [20]byte

// hexadecimal is how a digest is replied.
func (d *digest) hexadecimal() string {
	const digits = "0123456789abcdef"
	text := make([]byte, 0, 2*len(d))
	for _, c := range d {
		text = append(text, digits[c>>4], digits[c&15])
	}
	return string(text)
}

// unordered adds a part whose place among others means nothing.
func (d *digest) unordered(part []byte) {
	sum := sha1.Sum(part)
	for i := range d {
		d[i] ^= sum[i]
	}
}

// ordered adds a part after those before it.
func (d *digest) ordered(part []byte) {
	d.unordered(part)
	*d = sha1.Sum(d[:])
}

// number adds a 32-bit number, most significant byte first.
func (d *digest) number(n uint32) {
	var b [4]byte
	binary.BigEndian.PutUint32(b[:], n)
	d.ordered(b[:])
}

// value adds a value and whether it expires, but not when.
func (d *digest) value(store *object.Store, e *keyspace.Entry) {
	v := &e.Value
	d.number(uint32(v.Type))
	switch v.Type {
	case object.String:
		d.ordered(store.StringBytes(v))
	case object.List:
		for _, element := range store.List(v).Forward(0) {
			d.ordered(element)
		}
	case object.Set:
		for member := range store.Set(v).All() {
			d.unordered(member)
		}
	case object.SortedSet:
		store.SortedSet(v).Ascend(0, func(member []byte, score float64) bool {
			var one digest
			one.ordered(member)
			one.ordered(scoreText(score))
			d.unordered(one[:])
			return true
		})
	case object.Hash:
		for field, value := range store.Hash(v).All() {
			var one digest
			one.ordered(field)
			one.ordered(value)
			d.unordered(one[:])
		}
	case object.Stream:
		var it stream.Iterator
		it.Start(store.Stream(v), stream.ID{}, stream.MaxID, false)
		for it.Next() {
			id := strconv.AppendUint(nil, it.ID.Ms, 10)
			d.ordered(strconv.AppendUint(append(id, '.'), it.ID.Seq, 10))
			for it.Fields > 0 {
				field, value := it.Field()
				d.ordered(field)
				d.ordered(value)
			}
		}
	}
	if e.ExpireAt != 0 {
		d.unordered([]byte("!!expire!!"))
	}
}

// scoreText is a score as C prints it with %.17g.
func scoreText(score float64) []byte {
	switch {
	case math.IsInf(score, 1):
		return []byte("inf")
	case math.IsInf(score, -1):
		return []byte("-inf")
	}
	return strconv.AppendFloat(nil, score, 'g', 17, 64)
}

// datasetDigest is the digest of all databases that are not empty.
func datasetDigest(s *keyspace.Space) digest {
	var all digest
	for _, db := range s.DBs {
		if db.Len() == 0 {
			continue
		}
		all.number(uint32(db.ID))
		for node := range db.Keys.All() {
			var one digest
			one.ordered(db.KeyOf(node))
			one.value(s.Objects, db.EntryOf(node))
			all.unordered(one[:])
		}
	}
	return all
}
