package rdb

import (
	"encoding/binary"
	"math"

	"everysec/engine/ds/listpack"
	"everysec/engine/object"
)

// Hashes whose fields expire. The earliest time stands in front, so that a
// reader need not look for it, and the others count from it on, 0 being no
// time at all.

// maxFieldExpiry is the latest time that Redis gives a field: 48 bits.
const maxFieldExpiry = 1<<48 - 2

// expiry writes the time of a field in a hash whose first goes at first.
func (w *Writer) expiry(at, first int64) {
	if at == 0 {
		w.length(0)
	} else {
		w.length(uint64(at-first) + 1)
	}
}

// firstExpiry reads the time in front of a hash.
func (d *decoder) firstExpiry() (uint64, error) {
	b, err := d.take(8)
	if err != nil {
		return 0, err
	}
	first := binary.LittleEndian.Uint64(b)
	if first > maxFieldExpiry+1 {
		return 0, d.fail("the time of a hash field is out of range")
	}
	return first, nil
}

func (d *decoder) expiringHash(kind byte) (object.Value, error) {
	first, err := uint64(0), error(nil)
	if kind == typeHashExpiry {
		if first, err = d.firstExpiry(); err != nil {
			return object.Value{}, err
		}
	}
	n, err := d.elements()
	if err != nil {
		return object.Value{}, err
	}
	v, h := d.newExpiringHash(n)
	return d.collect(v, n, func() error {
		at, err := d.plainLength()
		if err != nil {
			return err
		}
		if kind == typeHashExpiry && at != 0 {
			at += first - 1
		}
		field, err := d.string()
		if err != nil {
			return err
		}
		d.member = append(d.member[:0], field...)
		value, err := d.string()
		if err != nil {
			return err
		}
		return d.expiringField(h, d.member, value, at)
	})
}

// newExpiringHash has room for n fields; one whose fields expire is a hashtable.
func (d *decoder) newExpiringHash(n int) (*object.Value, object.HashView) {
	v := d.store.NewHash()
	h := d.store.Hash(&v)
	h.Convert()
	h.Expand(d.roomFor(n))
	return &v, h
}

// expiringField adds a field with its time to a hash.
func (d *decoder) expiringField(h object.HashView, field, value []byte, at uint64) error {
	if at > maxFieldExpiry {
		return d.fail("the time of a hash field is out of range")
	}
	if !h.Set(field, value) {
		return d.fail("a hash holds a field twice")
	}
	if at != 0 {
		h.SetExpiry(field, int64(at))
	}
	return nil
}

// valkeyHash reads a hash of Valkey 9: each field with its value and its time, -1
// for none.
func (d *decoder) valkeyHash() (object.Value, error) {
	n, err := d.elements()
	if err != nil {
		return object.Value{}, err
	}
	v, h := d.newExpiringHash(n)
	return d.collect(v, n, func() error {
		field, err := d.string()
		if err != nil {
			return err
		}
		d.member = append(d.member[:0], field...)
		value, err := d.string()
		if err != nil {
			return err
		}
		value = append([]byte(nil), value...)
		b, err := d.take(8)
		if err != nil {
			return err
		}
		at := binary.LittleEndian.Uint64(b)
		if at == math.MaxUint64 {
			at = 0
		} else if at == 0 {
			at = 1 // it has long passed, which 0 would not say
		}
		return d.expiringField(h, d.member, value, at)
	})
}

// expiringPackedHash reads a listpack of fields, values and times.
func (d *decoder) expiringPackedHash(kind byte) (object.Value, error) {
	if kind == typeHashPackedExpiry {
		if _, err := d.firstExpiry(); err != nil {
			return object.Value{}, err
		}
	}
	lp, err := d.string()
	if err != nil {
		return object.Value{}, err
	}
	if listpack.Validate(lp, true) != nil || listpack.Len(lp)%3 != 0 {
		return object.Value{}, d.fail("the listpack of a hash is damaged")
	}
	if listpack.Len(lp) == 0 {
		return object.Value{}, errEmpty
	}
	v := d.store.NewHash()
	h := d.store.Hash(&v)
	pos := listpack.First(lp)
	return d.collect(&v, listpack.Len(lp)/3, func() error {
		field := listpack.GetString(lp, pos, nil)
		pos = listpack.Next(lp, pos)
		value := listpack.GetString(lp, pos, nil)
		pos = listpack.Next(lp, pos)
		_, at, isInt := listpack.Get(lp, pos)
		pos = listpack.Next(lp, pos)
		if !isInt || at < 0 {
			return d.fail("the time of a hash field is no number")
		}
		return d.expiringField(h, field, value, uint64(at))
	})
}
