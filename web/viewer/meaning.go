package viewer

import (
	"strings"

	"everysec/web/words"
)

// Meanings is the vocabulary of what bytes mean, as packages rdb and aof and this one
// say it, with places for what differs. It is what a catalogue has to have.
var Meanings = []string{
	// Pieces of others, and what stands for itself.
	"{value}: {meaning}", "{n} byte", "{n} bytes", "{n} digits", "{n} fields", "{n} ms since 1970", "argument {n}", "of {n} word", "of {n} words",
	"key", "value", "field", "member", "element", "score", "set", "hash", "sorted set", "list", "node", "expiry", "string", "integer", "float", "double",
	"name", "engine", "code", "description", "group", "consumer", "entries", "deleted entries", "common field", "word", "line", "bytes", "time", "annotation",
	"unread", "unused", "none", "unknown", "not a number",
	// What a piece is.
	"signature", "version", "opcode", "type", "checksum", "database", "keys", "keys that expire", "idle seconds", "frequency", "has a description",
	"module type", "piece", "when", "slot", "width", "tail", "container", "listpack", "ziplist", "zipmap", "flags", "flags: deleted", "flags: common fields",
	"flags: deleted, common fields", "back length", "length before", "compressed length", "length of the {what}", "length of a word", "form of the {what}",
	"number of elements", "number of members", "number of fields", "number of nodes", "number of entries", "number of groups", "number of pending entries",
	"number of consumers", "number of its pending entries", "number of common fields", "number of listpack entries", "end of the listpack", "end of the ziplist",
	"end of the zipmap", "end of the common fields", "end of the word", "end of the line", "name of the command", "command", "first expiry of a field",
	"first ID of the node", "last ID", "first ID", "highest deleted ID", "last ID delivered", "{id}, milliseconds", "{id}, sequence number",
	"ID, milliseconds behind the first", "ID, sequence number behind the first", "entries ever added", "entries read", "pending ID", "delivered at", "deliveries",
	"seen at", "active at",
	// What it says.
	"this is an RDB file: {name}", "RDB version {version}", "the end of the data", "the keys that follow are of a database", "how many keys the database has",
	"a field about the file", "when the key that follows expires, in milliseconds", "when the key that follows expires, in seconds",
	"how long the key that follows has not been used (LRU)", "how often the key that follows is used (LFU)", "a library of functions",
	"a library of functions, as before Redis 7.0 came out", "data of a module beside the keys", "how many keys a slot of a cluster has",
	"a key and its value, {type}", "CRC-64 of all bytes before it", "0: none was made", "a logarithmic counter", "before or after the keys",
	"a string of digits, as an integer of {n} bits", "an integer of {n} bits", "a string compressed with LZF", "{length} of the {what}, as they are, come next",
	"{length} again, from {n} back: {value}", "{length} for each integer", "{length} in all", "65535 or more: they must be counted", "254 or more fields: they must be counted",
	"the entry has {length}: for who reads backwards", "the entry before has {length}", "the last entry begins {n} bytes from the start",
	"{length} behind the value are not used", "a node with one large element", "a node that is a listpack", "milliseconds behind the first, plus 1",
	"the end", "a signed integer", "an unsigned integer", "a float", "a double", "a string", "{number}, a double",
	"this could not be understood", "what follows was written from {time} on", "this is no RDB file, no append-only file and no manifest",
	"the base, file {file}, number {n}: it is loaded first", "an increment, file {file}, number {n}: loaded after the base, in this order",
	"history, file {file}: a rewrite has replaced it, and it may be removed", "a comment",
	// How it says it.
	"in 6 bits of one byte", "in 14 bits of two bytes", "in 32 bits behind 0x80", "in 64 bits behind 0x81", "in 4 bits", "in 7 bits", "in 13 bits",
}

// plain are the meanings without a place.
var plain = func() map[string]bool {
	m := map[string]bool{}
	for _, s := range Meanings {
		m[s] = true
	}
	return m
}()

// Meant is a meaning in the page's language; what is no meaning, such as a number, a
// date or somebody's text, is left as it is, and known is false.
func Meant(text string) (said string, known bool) {
	if text == "" || text[0] == '"' {
		return text, false
	}
	if plain[text] {
		return words.Say(text), true
	}
	best, found := "", []string(nil)
	for _, english := range Meanings {
		if len(english) > len(best) && strings.IndexByte(english, '{') >= 0 {
			if values := words.Fit(english, text); values != nil {
				best, found = english, values
			}
		}
	}
	if found == nil {
		return text, false
	}
	for i := range found {
		found[i], _ = Meant(found[i])
	}
	return words.Say(best, found...), true
}

// inBrief is what stands beside a row: what a part says, and nothing of those that
// only say how long another is.
func (p *Part) inBrief() string {
	says := p.Says
	switch {
	case p.Name == "opcode":
		_, says, _ = strings.Cut(says, ": ")
		says, _ = Meant(says)
		return says
	case p.Name == "type":
		return says[strings.LastIndex(says, ", ")+len(", "):]
	case !p.Data:
		for _, of := range [...]string{"length ", "form ", "back length", "end of ", "LZF", "compressed length"} {
			if strings.HasPrefix(p.Name, of) {
				return ""
			}
		}
		says, _ = Meant(says)
	}
	name, _ := Meant(p.Name)
	if says == "" {
		return name
	}
	return name + " " + says
}
