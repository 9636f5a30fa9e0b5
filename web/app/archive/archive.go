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
	Data     []byte
}

var (
	errBroken = errors.New("the zip is cut off or damaged")
	errMethod = errors.New("the zip is packed or encrypted in a way that is not known here")
)

// IsZip tells whether data begins as a zip does.
func IsZip(data []byte) bool {
	return strings.HasPrefix(string(data[:min(len(data), 4)]), "PK\x03\x04")
}

// Read lists the files of a zip, without folders. Data aliases zip.
func Read(zip []byte) (entries []Entry, err error) {
	le := binary.LittleEndian
	const endSize, centralSize, localSize = 22, 46, 30
	at := len(zip) - endSize
	for at >= 0 && (string(zip[at:at+4]) != "PK\x05\x06" || int(le.Uint16(zip[at+20:])) != len(zip)-at-endSize) {
		at-- // a comment follows
	}
	if at < 0 {
		return nil, errBroken
	}
	count, next := int(le.Uint16(zip[at+10:])), int64(le.Uint32(zip[at+16:]))
	for range count {
		if next+centralSize > int64(at) || string(zip[next:next+4]) != "PK\x01\x02" {
			return nil, errBroken
		}
		c := zip[next:]
		nameSize := int64(le.Uint16(c[28:]))
		after := next + centralSize + nameSize + int64(le.Uint16(c[30:])) + int64(le.Uint16(c[32:]))
		if after > int64(at) {
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
		if local+localSize > int64(at) || string(zip[local:local+4]) != "PK\x03\x04" {
			return nil, errBroken
		}
		from := local + localSize + int64(le.Uint16(zip[local+26:])) + int64(le.Uint16(zip[local+28:]))
		if from+packed > int64(at) || !e.Deflated && packed != e.Size {
			return nil, errBroken
		}
		e.Data = zip[from : from+packed]
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
