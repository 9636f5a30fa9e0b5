package rdb

import (
	"encoding/binary"
	"testing"

	"everysec/engine/ds/arena"
	"everysec/engine/ds/listpack"
	"everysec/engine/object"
)

func payloadOf(body []byte) []byte {
	b := binary.LittleEndian.AppendUint16(append([]byte(nil), body...), Version)
	return binary.LittleEndian.AppendUint64(b, checksum(0, b))
}

// The four forms of a hash whose fields expire, as Redis 7.4 lays them out.
func TestFormsOfExpiringHashes(t *testing.T) {
	const at = 1700000009999
	moment := binary.LittleEndian.AppendUint64(nil, at)
	length := binary.BigEndian.AppendUint64([]byte{0x81}, at)
	lp := listpack.New()
	for _, word := range []string{"b", "2", "1700000009999", "a", "1", "0"} {
		lp = listpack.Append(lp, []byte(word))
	}
	join := func(parts ...[]byte) (body []byte) {
		for _, p := range parts {
			body = append(body, p...)
		}
		return body
	}
	a, b := []byte("\x01a\x011"), []byte("\x01b\x012")
	for name, body := range map[string][]byte{
		"22": join([]byte{22, 2}, []byte{0}, a, length, b),
		"23": join([]byte{23, byte(len(lp))}, lp),
		"24": join([]byte{24}, moment, []byte{2, 0}, a, []byte{1}, b),
		"25": join([]byte{25}, moment, []byte{byte(len(lp))}, lp),
	} {
		store := object.NewStore(arena.New(), 1)
		v, err := Restore(store, payloadOf(body))
		if err != nil {
			t.Errorf("type %s: %v", name, err)
			continue
		}
		h := store.Hash(&v)
		value, _ := h.Get([]byte("b"))
		if h.Len() != 2 || string(value) != "2" || h.Expiry([]byte("a")) != 0 || h.Expiry([]byte("b")) != at {
			t.Errorf("type %s: %d fields, b = %s until %d", name, h.Len(), value, h.Expiry([]byte("b")))
		}
		again, err := Restore(store, Dump(nil, store, &v))
		if err != nil || store.Hash(&again).Expiry([]byte("b")) != at {
			t.Errorf("type %s: written again: %v", name, err)
		}
		used := store.Arena.Used()
		store.Free(&again)
		store.Free(&v)
		if store.Arena.Used() >= used || store.Arena.Used() > 64 {
			t.Errorf("type %s: %d bytes are left of %d", name, store.Arena.Used(), used)
		}
	}
}

func FuzzExpiringHash(f *testing.F) {
	f.Add(byte(24), append(binary.LittleEndian.AppendUint64(nil, 1700000000000), "\x02\x00\x01a\x011\x05\x01b\x012"...))
	f.Add(byte(22), []byte("\x01\x05\x01b\x012"))
	lp := listpack.New()
	for _, word := range []string{"b", "2", "1700000009999"} {
		lp = listpack.Append(lp, []byte(word))
	}
	f.Add(byte(23), append([]byte{byte(len(lp))}, lp...))
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		store := object.NewStore(arena.New(), 1)
		before := store.Arena.Used()
		v, err := Restore(store, payloadOf(append([]byte{22 + kind&3}, body...)))
		if err != nil {
			if used := store.Arena.Used(); used != before {
				t.Fatalf("%d bytes are kept of what was refused", used-before)
			}
			return
		}
		if again, err := Restore(store, Dump(nil, store, &v)); err != nil {
			t.Fatalf("what was written cannot be read: %v", err)
		} else {
			store.Free(&again)
		}
		store.Free(&v)
	})
}
