package host

import (
	"strconv"

	"everysec/engine/object"
)

// shownBytes is about how much of a value an account shows.
const shownBytes = 40

// holds is the beginning of what a key holds, in words; "" if there is no such key.
func (h *Host) holds(db int, key []byte) string {
	space := h.engine.Space()
	if db < 0 || db >= len(space.DBs) {
		return ""
	}
	e := space.DBs[db].Peek(key)
	if e == nil {
		return ""
	}
	return inWords(space.Objects, &e.Value)
}

// inWords is the beginning of a value: "v", or: list of 3: "a" "b" "c".
func inWords(store *object.Store, v *object.Value) string {
	if v.Type == object.String {
		return string(appendQuoted(nil, store.StringBytes(v), shownBytes))
	}
	text := append([]byte(v.Type.String()), " of "...)
	text = strconv.AppendInt(text, int64(store.Len(v)), 10)
	limit, separator := len(text)+shownBytes, ": "
	add := func(words ...[]byte) bool {
		if len(text) >= limit {
			text = append(text, " …"...)
			return false
		}
		for _, word := range words {
			text = append(text, separator...)
			text = appendQuoted(text, word, shownBytes/2)
			separator = " "
		}
		return true
	}
	switch v.Type {
	case object.List:
		for _, element := range store.List(v).Forward(0) {
			if !add(element) {
				break
			}
		}
	case object.Set:
		for member := range store.Set(v).All() {
			if !add(member) {
				break
			}
		}
	case object.Hash:
		for field, value := range store.Hash(v).All() {
			if !add(field, value) {
				break
			}
		}
	case object.SortedSet:
		store.SortedSet(v).Ascend(0, func(member []byte, _ float64) bool { return add(member) })
	}
	return string(text)
}

// appendQuoted writes a word in quotes, cut after so many bytes.
func appendQuoted(text, word []byte, most int) []byte {
	text = strconv.AppendQuote(text, string(word[:min(len(word), most)]))
	if len(word) > most {
		text = append(text, "…"...)
	}
	return text
}
