// Package archive reads what a learner brings: a zip of a data directory, a
// dump.rdb, or an append only file.
package archive

import (
	"encoding/binary"
	"errors"
	"strings"
)

// Entry is a file of a zip.
type Entry struct {
	Name     string
	Deflated bool // Data has to be inflated, to Size bytes
	Size     int64
	Data     []byte // of Single
	From, To int64  // of Read: where the data is in the zip
}

var (
	errBroken = errors.New("the zip is cut off or damaged")
	errMethod = errors.New("the zip is packed or encrypted in a way that is not known here")
)

// IsZip tells whether data begins as a zip does.
func IsZip(data []byte) bool {
	return strings.HasPrefix(string(data[:min(len(data), 4)]), "PK\x03\x04")
}

// Read lists the files of a zip of a size, without folders. It asks for the parts
// of the zip that it looks at: the data of the files it leaves where it is.
func Read(size int64, part func(from, to int64) []byte) (entries []Entry, err error) {
	le := binary.LittleEndian
	const endSize, centralSize, localSize = 22, 46, 30
	begin := max(0, size-endSize-1<<16)
	end := part(begin, size)
	e := len(end) - endSize
	for e >= 0 && (string(end[e:e+4]) != "PK\x05\x06" || int(le.Uint16(end[e+20:])) != len(end)-e-endSize) {
		e-- // a comment follows
	}
	if e < 0 {
		return nil, errBroken
	}
	at := begin + int64(e)
	count, first := int(le.Uint16(end[e+10:])), int64(le.Uint32(end[e+16:]))
	if first > at {
		return nil, errBroken
	}
	list := part(first, at)
	for next := first; count > 0; count-- {
		if next+centralSize > at || string(list[next-first:next-first+4]) != "PK\x01\x02" {
			return nil, errBroken
		}
		c := list[next-first:]
		nameSize := int64(le.Uint16(c[28:]))
		after := next + centralSize + nameSize + int64(le.Uint16(c[30:])) + int64(le.Uint16(c[32:]))
		if after > at {
			return nil, errBroken
		}
		e := Entry{Name: string(c[centralSize : centralSize+nameSize]), Size: int64(le.Uint32(c[24:]))}
		packed, local := int64(le.Uint32(c[20:])), int64(le.Uint32(c[42:]))
		method, flags := le.Uint16(c[10:]), le.Uint16(c[8:])
		next = after
		if strings.HasSuffix(e.Name, "/") {
			continue
		}
		if method != 0 && method != 8 || flags&1 != 0 {
			return nil, errMethod
		}
		e.Deflated = method == 8
		if local+localSize > at {
			return nil, errBroken
		}
		head := part(local, local+localSize)
		from := local + localSize + int64(le.Uint16(head[26:])) + int64(le.Uint16(head[28:]))
		if string(head[:4]) != "PK\x03\x04" || from+packed > at || !e.Deflated && packed != e.Size {
			return nil, errBroken
		}
		e.From, e.To = from, from+packed
		entries = append(entries, e)
	}
	return entries, nil
}

// Place gives the files of a zip the names they have in a data directory: a
// folder around all of them goes. It is an error if a server would not look at
// any of them.
func Place(entries []Entry) error {
	around := ""
	for _, e := range entries {
		for _, known := range []string{"dump.rdb", "appendonlydir/"} {
			if i := strings.Index(e.Name, known); i > 0 && e.Name[i-1] == '/' && (around == "" || i < len(around)) {
				around = e.Name[:i]
			}
		}
	}
	found := false
	for i := range entries {
		e := &entries[i]
		e.Name = strings.TrimPrefix(e.Name, around)
		found = found || e.Name == "dump.rdb" || strings.HasPrefix(e.Name, "appendonlydir/")
	}
	if !found {
		return errors.New("there is neither a dump.rdb nor an appendonlydir in it")
	}
	return nil
}

// Single makes the files of a data directory out of one: a dump.rdb, or an
// append only file, which a server of 7.0 keeps as the base of a directory.
func Single(name string, data []byte) []Entry {
	if strings.HasSuffix(name, ".aof") || strings.HasPrefix(string(data[:min(len(data), 1)]), "*") {
		manifest := []byte("file appendonly.aof seq 1 type b\n") // not a text
		return []Entry{
			{Name: "appendonlydir/appendonly.aof", Size: int64(len(data)), Data: data},
			{Name: "appendonlydir/appendonly.aof.manifest", Size: int64(len(manifest)), Data: manifest},
		}
	}
	return []Entry{{Name: "dump.rdb", Size: int64(len(data)), Data: data}}
}
