package rdb

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math"
	"strconv"

	"everysec/engine/ds/intset"
	"everysec/engine/ds/listpack"
	"everysec/engine/ds/quicklist"
	"everysec/engine/number"
	"everysec/engine/object"
)

// decoder reads values.
type decoder struct {
	source
	store *object.Store
	// deep makes listpacks be checked for double members too, as RESTORE must.
	deep bool
	// skipped lets data of modules be stepped over, and is told their name; nil
	// if it is refused.
	skipped func(name string)
	valkey  bool // the file is one of Valkey's
	member  []byte
}

// errEmpty is a collection without elements.
var errEmpty = errors.New("empty collection")

// errSkipped is a value that was stepped over.
var errSkipped = errors.New("value of a module")

// ErrBadPayload is what RESTORE says of a value that it cannot read.
//
//lint:ignore ST1005 these are Redis's words
var ErrBadPayload = errors.New("Bad data format")

// ErrBadFooter is what RESTORE says of a payload that is damaged or too new.
var ErrBadFooter = errors.New("DUMP payload version or checksum are wrong")

// Restore reads what Dump wrote, here or in a real server.
func Restore(store *object.Store, payload []byte) (object.Value, error) {
	body, err := payloadBody(payload, store.SkipChecksums)
	if err != nil {
		return object.Value{}, err
	}
	if len(body) == 0 {
		return object.Value{}, ErrBadFooter
	}
	d := decoder{store: store, deep: true}
	// Redis does not look where the value ends: anything may stand behind it,
	// and it may reach into the checksum.
	d.source = source{file: bytes.NewReader(payload), size: int64(len(payload))}
	kind, err := d.byte()
	if err != nil {
		return object.Value{}, ErrBadPayload
	}
	v, err := d.value(kind)
	if err != nil {
		return object.Value{}, ErrBadPayload
	}
	return v, nil
}

// payloadBody checks the footer of what DUMP made and cuts it off.
func payloadBody(payload []byte, believe bool) ([]byte, error) {
	if len(payload) < footer {
		return nil, ErrBadFooter
	}
	body := payload[:len(payload)-footer]
	version := binary.LittleEndian.Uint16(payload[len(body):])
	sum := binary.LittleEndian.Uint64(payload[len(body)+2:])
	if version > MaxVersion || sum != 0 && !believe && sum != checksum(0, payload[:len(body)+2]) {
		return nil, ErrBadFooter
	}
	return body, nil
}

// RestoreFunctions reads the texts of function libraries out of a payload of
// FUNCTION DUMP. The error is what FUNCTION RESTORE replies.
func RestoreFunctions(payload []byte) (codes [][]byte, err error) {
	body, err := payloadBody(payload, false)
	if err != nil {
		return nil, err
	}
	r := source{file: bytes.NewReader(body), size: int64(len(body))}
	for r.remaining() > 0 {
		kind, err := r.byte()
		switch {
		case err != nil:
			return nil, errors.New("can not read data type")
		case kind == opFunctionGA:
			code, err := r.oldFunction()
			if err != nil {
				//lint:ignore ST1005 these are Redis's words
				return nil, errors.New("Failed loading library code")
			}
			codes = append(codes, code)
			continue
		case kind != opFunction2:
			return nil, errors.New("given type is not a function")
		}
		code, err := r.string()
		if err != nil {
			//lint:ignore ST1005 these are Redis's words
			return nil, errors.New("Failed loading library code")
		}
		codes = append(codes, append([]byte(nil), code...))
	}
	return codes, nil
}

// footer is the length of a payload's version and checksum.
const footer = 2 + 8

// value reads a value of a type. On an error nothing is kept.
func (d *decoder) value(kind byte) (object.Value, error) {
	switch kind {
	case typeString:
		b, err := d.string()
		if err != nil {
			return object.Value{}, err
		}
		return d.store.NewString(b), nil
	case typeList:
		return d.plainList()
	case typeListZiplist, typeQuicklist, typeQuicklist2:
		return d.quicklist(kind)
	case typeSet:
		return d.set()
	case typeSetIntset:
		return d.intset()
	case typeSetPacked:
		return d.packedSet()
	case typeHash:
		return d.hash()
	case typeHashPacked, typeHashZiplist, typeHashZipmap:
		lp, err := d.pairs(kind, "hash")
		if err != nil {
			return object.Value{}, err
		}
		v := d.store.HashOfListpack(lp)
		if h := d.store.Hash(&v); kind == typeHashZipmap && v.Encoding == object.ListPack && longest(lp) > d.store.Limits.HashMaxListpackValue {
			h.Convert() // of other kinds Redis looks at the number of fields only
		}
		return v, nil
	case typeHashExpiryOld, typeHashExpiry:
		if d.valkey && kind == typeHashValkey {
			return d.valkeyHash()
		}
		if d.valkey {
			break
		}
		return d.expiringHash(kind)
	case typeHashPackedExpiryOld, typeHashPackedExpiry:
		if d.valkey {
			break
		}
		return d.expiringPackedHash(kind)
	case typeZset, typeZset2:
		return d.sortedSet(kind)
	case typeZsetPacked, typeZsetZiplist:
		return d.packedSortedSet(kind)
	case typeStream, typeStream2, typeStream3:
		return d.stream(kind)
	case typeModule:
		err := d.module(false)
		if err == nil {
			err = errSkipped
		}
		return object.Value{}, err
	case typeModuleOld: // of the release candidates of Redis 4.0
		id, err := d.plainLength()
		if err == nil {
			err = d.fail("the value is of the module type '" + moduleName(id) + "', and modules cannot be loaded here")
		}
		return object.Value{}, err
	case typeStream4:
		return object.Value{}, d.fail("streams with idempotent producers (RDB version 13) cannot be loaded")
	case typeStream5:
		return object.Value{}, d.fail("streams with entries given back by XNACK (RDB version 14) cannot be loaded")
	case typeArray:
		return object.Value{}, d.fail("arrays (RDB version 14) cannot be loaded")
	}
	return object.Value{}, d.fail("values of RDB type " + strconv.Itoa(int(kind)) + " cannot be loaded")
}

// collect runs read once for each of the count elements that follow, freeing v
// if one of them is wrong.
func (d *decoder) collect(v *object.Value, n int, read func() error) (object.Value, error) {
	for range n {
		if err := read(); err != nil {
			if v.Word != 0 || v.Encoding != 0 {
				d.store.Free(v)
			}
			return object.Value{}, err
		}
	}
	return *v, nil
}

func (d *decoder) elements() (int, error) {
	n, err := d.count()
	if err == nil && n == 0 {
		err = errEmpty
	}
	return n, err
}

func (d *decoder) plainList() (object.Value, error) {
	n, err := d.elements()
	if err != nil {
		return object.Value{}, err
	}
	v := d.store.NewList()
	return d.collect(&v, n, func() error {
		b, err := d.string()
		if err == nil {
			d.store.List(&v).PushTail(b)
		}
		return err
	})
}

func (d *decoder) quicklist(kind byte) (object.Value, error) {
	n, err := 1, error(nil)
	if kind != typeListZiplist {
		n, err = d.elements()
	}
	if err != nil {
		return object.Value{}, err
	}
	v := d.store.NewList()
	list := d.store.List(&v)
	v, err = d.collect(&v, n, func() error {
		container := uint64(quicklist.Packed)
		if kind == typeQuicklist2 {
			container, err = d.plainLength()
			if err != nil {
				return err
			}
		}
		if container == uint64(quicklist.Plain) {
			b, err := d.string()
			if err == nil {
				list.AppendPlain(b)
			}
			return err
		}
		if container != uint64(quicklist.Packed) {
			return d.fail("unknown container in a quicklist")
		}
		b, err := d.packed(kind)
		if err == nil && listpack.Len(b) > 0 {
			list.AppendNode(b)
		}
		return err
	})
	if err == nil && list.Len() == 0 {
		d.store.Free(&v)
		err = errEmpty
	}
	return v, err
}

func (d *decoder) plainLength() (uint64, error) {
	n, special, err := d.length()
	if err == nil && special {
		err = d.fail("a length was expected")
	}
	return n, err
}

func (d *decoder) set() (object.Value, error) {
	n, err := d.elements()
	if err != nil {
		return object.Value{}, err
	}
	var v object.Value
	return d.collect(&v, n, func() error {
		b, err := d.string()
		if err != nil {
			return err
		}
		if v.Encoding == 0 {
			if v = d.store.NewSet(b); n > d.store.Limits.SetMaxIntsetEntries {
				d.store.Free(&v)
				v = d.store.NewHashTableSet(d.roomFor(n))
			}
		}
		if !d.store.Set(&v).Add(b) {
			return d.fail("a set holds a member twice")
		}
		return nil
	})
}

func (d *decoder) intset() (object.Value, error) {
	b, err := d.string()
	if err != nil {
		return object.Value{}, err
	}
	if intset.Validate(b, true) != nil {
		return object.Value{}, d.fail("an intset is damaged")
	}
	if intset.Len(b) == 0 {
		return object.Value{}, errEmpty
	}
	return d.store.SetOfIntset(b), nil
}

// packedSet reads the listpack of a small set of Redis 7.2, an encoding that
// sets do not have here: it becomes what adding its members makes.
func (d *decoder) packedSet() (object.Value, error) {
	b, err := d.string()
	if err != nil {
		return object.Value{}, err
	}
	if listpack.Validate(b, true) != nil {
		return object.Value{}, d.fail("the listpack of a set is damaged")
	}
	if listpack.Len(b) == 0 {
		return object.Value{}, errEmpty
	}
	v := d.store.NewSet(listpack.GetString(b, listpack.First(b), nil))
	for pos := listpack.First(b); pos >= 0; pos = listpack.Next(b, pos) {
		if !d.store.Set(&v).Add(listpack.GetString(b, pos, nil)) {
			d.store.Free(&v)
			return object.Value{}, d.fail("a set holds a member twice")
		}
	}
	return v, nil
}

func (d *decoder) hash() (object.Value, error) {
	n, err := d.elements()
	if err != nil {
		return object.Value{}, err
	}
	v := d.store.NewHash()
	if n > d.store.Limits.HashMaxListpackEntries {
		d.store.Hash(&v).Convert()
		d.store.Hash(&v).Expand(d.roomFor(n))
	}
	return d.collect(&v, n, func() error {
		field, err := d.string()
		if err != nil {
			return err
		}
		d.member = append(d.member[:0], field...)
		value, err := d.string()
		if err != nil {
			return err
		}
		if !d.store.Hash(&v).Set(d.member, value) {
			return d.fail("a hash holds a field twice")
		}
		return nil
	})
}

// longest is the number of bytes of a listpack's longest element.
func longest(lp []byte) (n int) {
	for pos := listpack.First(lp); pos >= 0; pos = listpack.Next(lp, pos) {
		if b, _, isInt := listpack.Get(lp, pos); !isInt {
			n = max(n, len(b))
		}
	}
	return n
}

// pairs reads a listpack of pairs and checks it.
func (d *decoder) pairs(kind byte, what string) ([]byte, error) {
	b, err := d.packed(kind)
	if err != nil {
		return nil, err
	}
	if listpack.Len(b)%2 != 0 {
		return nil, d.fail("the listpack of a " + what + " is damaged")
	}
	if listpack.Len(b) == 0 {
		return nil, errEmpty
	}
	if d.deep || kind == typeHashZipmap || kind == typeHashZiplist || kind == typeZsetZiplist {
		seen := make(map[string]struct{}, listpack.Len(b)/2)
		for pos := listpack.First(b); pos >= 0; pos = listpack.Next(b, listpack.Next(b, pos)) {
			name := string(listpack.GetString(b, pos, nil))
			if _, twice := seen[name]; twice {
				return nil, d.fail("a " + what + " holds a member twice")
			}
			seen[name] = struct{}{}
		}
	}
	return b, nil
}

func (d *decoder) packedSortedSet(kind byte) (object.Value, error) {
	lp, err := d.pairs(kind, "sorted set")
	if err != nil {
		return object.Value{}, err
	}
	last := math.Inf(-1)
	for pos := listpack.First(lp); pos >= 0; {
		at := listpack.Next(lp, pos)
		b, n, isInt := listpack.Get(lp, at)
		score := float64(n)
		if !isInt {
			var ok bool
			if score, ok = number.ParseDouble(b); !ok || math.IsNaN(score) {
				return object.Value{}, d.fail("a score is no number")
			}
		}
		if score < last {
			return object.Value{}, d.fail("a sorted set is not sorted")
		}
		last = score
		pos = listpack.Next(lp, at)
	}
	return d.store.SortedSetOfListpack(lp), nil
}

func (d *decoder) sortedSet(kind byte) (object.Value, error) {
	n, err := d.elements()
	if err != nil {
		return object.Value{}, err
	}
	longest := 0
	v := d.store.NewSkipList(d.roomFor(n))
	v, err = d.collect(&v, n, func() error {
		member, err := d.string()
		if err != nil {
			return err
		}
		d.member = append(d.member[:0], member...)
		longest = max(longest, len(member))
		score, err := d.score(kind)
		if err != nil {
			return err
		}
		if math.IsNaN(score) {
			return d.fail("a score is not a number")
		}
		if added, _ := d.store.SortedSet(&v).Set(d.member, score); !added {
			return d.fail("a sorted set holds a member twice")
		}
		return nil
	})
	if err == nil {
		d.store.SortedSet(&v).PackIfSmall()
	}
	return v, err
}

// score reads a score: eight bytes, or in the old form a length and digits.
func (d *decoder) score(kind byte) (float64, error) {
	if kind == typeZset2 {
		b, err := d.take(8)
		if err != nil {
			return 0, err
		}
		return math.Float64frombits(binary.LittleEndian.Uint64(b)), nil
	}
	n, err := d.byte()
	if err != nil {
		return 0, err
	}
	switch n {
	case 255:
		return math.Inf(-1), nil
	case 254:
		return math.Inf(1), nil
	case 253:
		return math.NaN(), nil
	}
	b, err := d.take(int(n))
	if err != nil {
		return 0, err
	}
	f, ok := number.ParseDouble(b)
	if !ok {
		return 0, d.fail("a score is no number")
	}
	return f, nil
}
