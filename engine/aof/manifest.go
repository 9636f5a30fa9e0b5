// Package aof is the append-only file of Redis 7: a manifest that names one
// base file and the increments after it, and commands in RESP.
package aof

import (
	"bytes"
	"slices"
	"strconv"
	"strings"

	"everysec/engine/resp"
)

// FileInfo is one line of a manifest.
type FileInfo struct {
	Name     string
	Sequence int64
}

// Manifest says which files are the append-only file, oldest first. History
// are files that a rewrite has replaced and that may be removed.
type Manifest struct {
	Base    *FileInfo
	Incr    []FileInfo
	History []FileInfo

	// The highest sequence numbers given out so far.
	BaseSequence, IncrSequence int64
}

// ManifestError says what is wrong with a manifest, beginning with Redis's words.
type ManifestError struct {
	Name   string
	Line   int    // from 1
	Offset int64  // of the line
	Text   string // of the line, where showing it helps
	Reason string
}

func (e *ManifestError) Error() string {
	text := "read manifest " + e.Name + " line " + strconv.Itoa(e.Line) + " at offset " + strconv.FormatInt(e.Offset, 10) + ": " + e.Reason
	if e.Text != "" {
		text += " >>> " + strconv.Quote(e.Text)
	}
	return text
}

// What Redis says of a manifest that it refuses.
const (
	badFormat   = "Invalid AOF manifest file format"
	badType     = "Unknown AOF file type"
	secondBase  = "Found duplicate base file information"
	badOrder    = "Found a non-monotonic sequence number"
	notAName    = "File can't be a path, just a filename"
	emptyFile   = "Found an empty AOF manifest"
	lineTooLong = "The AOF manifest file contains too long line"
)

// RedisReason is what redis-server says of it.
func (e *ManifestError) RedisReason() string {
	for _, reason := range [...]string{badFormat, badType, secondBase, badOrder, notAName, emptyFile, lineTooLong} {
		if strings.HasPrefix(e.Reason, reason) {
			return reason
		}
	}
	return e.Reason
}

// maxLine is the longest line that Redis accepts in a manifest.
const maxLine = 1024

// ParseManifest reads a manifest; name is for errors.
func ParseManifest(name string, text []byte) (Manifest, error) {
	var m Manifest
	if len(text) == 0 {
		return m, &ManifestError{Name: name, Line: 1, Reason: emptyFile}
	}
	offset := int64(0)
	for number := 1; len(text) > 0; number++ {
		line, rest, found := bytes.Cut(text, []byte("\n"))
		at := offset
		offset += int64(len(text) - len(rest))
		text = rest
		trimmed := strings.TrimSpace(string(line))
		fail := func(reason string) (Manifest, error) {
			return Manifest{}, &ManifestError{name, number, at, trimmed[:min(len(trimmed), 200)], reason}
		}
		if !found {
			return fail(lineTooLong + ", or it has no end")
		}
		if len(line) > maxLine {
			return fail(lineTooLong)
		}
		if trimmed == "" {
			return fail(badFormat + ": the line is empty")
		}
		if trimmed[0] == '#' {
			continue
		}
		info, kind, reason := parseLine([]byte(trimmed))
		if reason != "" {
			return fail(reason)
		}
		switch kind {
		case "b":
			if m.Base != nil {
				return fail(secondBase)
			}
			m.Base = &info
			m.BaseSequence = max(m.BaseSequence, info.Sequence)
		case "i":
			if n := len(m.Incr); n > 0 && m.Incr[n-1].Sequence >= info.Sequence {
				return fail(badOrder + ": increments are not in order")
			}
			m.Incr = append(m.Incr, info)
			m.IncrSequence = max(m.IncrSequence, info.Sequence)
		case "h":
			m.History = append(m.History, info)
			// Its number is not given out again: it would be removed with the file.
			if strings.HasSuffix(info.Name, ".incr.aof") {
				m.IncrSequence = max(m.IncrSequence, info.Sequence)
			} else {
				m.BaseSequence = max(m.BaseSequence, info.Sequence)
			}
		default:
			return fail(badType + " " + strconv.Quote(kind))
		}
	}
	return m, nil
}

func parseLine(line []byte) (info FileInfo, kind, reason string) {
	words, ok := resp.SplitArgs(line)
	if !ok || len(words) < 6 || len(words)%2 != 0 {
		return info, "", badFormat + ": the line is not made of names and values"
	}
	for i := 0; i < len(words); i += 2 {
		value := string(words[i+1])
		switch strings.ToLower(string(words[i])) {
		case "file":
			info.Name = value
			if value == "" || strings.ContainsAny(value, "/\\") {
				return info, "", notAName
			}
			if len(quoteName(value)) > maxLine-64 {
				return info, "", badFormat + ": the file name is too long" // to be written in one line
			}
		case "seq":
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil || n <= 0 {
				return info, "", badFormat + ": the sequence number " + strconv.Quote(value) + " is not a positive integer"
			}
			info.Sequence = n
		case "type":
			kind = value
		}
	}
	if info.Name == "" || info.Sequence == 0 || kind == "" {
		return info, "", badFormat + ": file, seq and type are needed"
	}
	return info, kind, ""
}

// Format is the manifest as Redis writes it.
func (m Manifest) Format() []byte {
	var b []byte
	line := func(f FileInfo, kind string) {
		b = append(b, "file "...)
		b = append(b, quoteName(f.Name)...)
		b = append(b, " seq "...)
		b = strconv.AppendInt(b, f.Sequence, 10)
		b = append(b, " type "...)
		b = append(b, kind...)
		b = append(b, '\n')
	}
	if m.Base != nil {
		line(*m.Base, "b")
	}
	for _, f := range m.History {
		line(f, "h")
	}
	for _, f := range m.Incr {
		line(f, "i")
	}
	return b
}

// quoteName puts a name with unusual bytes in the quotes that SplitArgs reads.
func quoteName(name string) string {
	plain := true
	for i := range len(name) {
		if c := name[i]; c <= ' ' || c > '~' || c == '"' || c == '\'' || c == '\\' || c == '#' {
			plain = false
		}
	}
	if plain && name != "" {
		return name
	}
	const hex = "0123456789abcdef"
	quoted := []byte{'"'}
	for i := range len(name) {
		switch c := name[i]; {
		case c == '"' || c == '\\':
			quoted = append(quoted, '\\', c)
		case c < ' ' || c > '~':
			quoted = append(quoted, '\\', 'x', hex[c>>4], hex[c&15])
		default:
			quoted = append(quoted, c)
		}
	}
	return string(append(quoted, '"'))
}

// Clone is a copy that can be changed and, if its writing fails, forgotten.
func (m Manifest) Clone() Manifest {
	c := m
	if m.Base != nil {
		base := *m.Base
		c.Base = &base
	}
	c.Incr = slices.Clone(m.Incr)
	c.History = slices.Clone(m.History)
	return c
}

// NewIncr adds the next increment and returns its name.
func (m *Manifest) NewIncr(filename string) string {
	m.IncrSequence++
	name := filename + "." + strconv.FormatInt(m.IncrSequence, 10) + ".incr.aof"
	m.Incr = append(m.Incr, FileInfo{name, m.IncrSequence})
	return name
}

// NewBase puts a new base in the place of the old one, which becomes history,
// and returns its name.
func (m *Manifest) NewBase(filename string, preamble bool) string {
	m.BaseSequence++
	if m.Base != nil {
		m.History = append(m.History, *m.Base)
	}
	suffix := ".base.aof"
	if preamble {
		suffix = ".base.rdb"
	}
	name := filename + "." + strconv.FormatInt(m.BaseSequence, 10) + suffix
	m.Base = &FileInfo{name, m.BaseSequence}
	return name
}

// RetireIncr makes all increments but the newest keep ones history.
func (m *Manifest) RetireIncr(keep int) {
	n := max(len(m.Incr)-keep, 0)
	m.History = slices.Concat(m.Incr[:n], m.History) // before the old base, as in Redis
	m.Incr = slices.Clone(m.Incr[n:])
}
