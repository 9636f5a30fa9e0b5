package aof

import (
	"bytes"
	"errors"
	"io"
	"path"
	"strconv"

	"everysec/engine/rdb"
	"everysec/engine/vfs"
)

// Checker reads append-only files as a server would and keeps nothing.
type Checker struct {
	FS  vfs.FS
	Now int64 // Unix milliseconds, for which keys of an RDB part have expired
	// Until is a time in Unix seconds: a file is valid only up to the first
	// annotation that tells a later one. 0: all of it.
	Until int64
	// Say, if it is set, is told what redis-check-rdb says while it reads an RDB
	// part, with the number of bytes read.
	Say func(offset int64, what string)
}

// FileReport says how much of one file is valid.
type FileReport struct {
	Name      string
	Size      int64 // bytes
	ValidUpTo int64 // bytes up to the end of the last whole command, or transaction
	Commands  int64 // among them; the RDB part of a file has none
	Lines     int64 // read, as Reader.Lines counts them
	Preamble  int64 // bytes of the RDB part, 0 if there is none
	RDB       *rdb.Summary
	// Problem is nil for a valid file, *Truncated for one cut short, *Later for one
	// that goes on after the time asked for, *Corrupt or *rdb.Error for a damaged
	// one, else why it cannot be read.
	Problem error
	// Last: no file after it holds anything, so cutting it loses only the end
	// of history and not its middle.
	Last bool
}

// Later is the first annotation with a time after the one that was asked for.
type Later struct {
	Name   string
	Offset int64
	Time   int64 // Unix seconds
}

func (e *Later) Error() string {
	return "read AOF " + e.Name + ": what follows from offset " + strconv.FormatInt(e.Offset, 10) +
		" on is of a later time, " + strconv.FormatInt(e.Time, 10)
}

// Repairable tells whether cutting the file at ValidUpTo makes the append-only
// file loadable: what comes behind is lost.
func (r *FileReport) Repairable() bool {
	var cut *Truncated
	var bad *Corrupt
	var later *Later
	return r.Last && (errors.As(r.Problem, &cut) || errors.As(r.Problem, &bad) || errors.As(r.Problem, &later))
}

// Report says how much of an append-only file is valid.
type Report struct {
	Files []FileReport
	// Problem is about the manifest, or nil; then there may be no Files.
	Problem error
}

// Valid tells whether a server would start from these files as they are.
func (r *Report) Valid() bool { return r.Problem == nil && r.Damaged() == nil }

// Damaged is the first file that is not valid, or nil.
func (r *Report) Damaged() *FileReport {
	for i := range r.Files {
		if r.Files[i].Problem != nil {
			return &r.Files[i]
		}
	}
	return nil
}

// Check reads all files that a manifest names, up to the first bad one.
func Check(fs vfs.FS, manifest string) Report {
	c := Checker{FS: fs}
	files, err := c.Files(manifest)
	report := Report{Problem: err}
	for _, f := range files {
		file := c.File(f.Name)
		file.Last = f.Last
		report.Files = append(report.Files, file)
		if file.Problem != nil {
			break
		}
	}
	return report
}

// NamedFile is a file that a manifest names.
type NamedFile struct {
	Name string // with its directory
	Base bool
	Last bool // no file after it holds anything
}

// Files are those that a manifest names, in the order in which they are loaded.
func (c *Checker) Files(manifest string) ([]NamedFile, error) {
	text, err := vfs.ReadFile(c.FS, manifest)
	if err != nil {
		return nil, err
	}
	m, err := ParseManifest(manifest, text)
	if err != nil {
		return nil, err
	}
	var files []NamedFile
	if m.Base != nil {
		files = append(files, NamedFile{Name: m.Base.Name, Base: true})
	}
	for _, incr := range m.Incr {
		files = append(files, NamedFile{Name: incr.Name})
	}
	last := 0
	for i := range files {
		files[i].Name = path.Join(path.Dir(manifest), files[i].Name)
		info, err := c.FS.Stat(files[i].Name)
		if err != nil {
			return nil, &ManifestError{Name: manifest, Line: i + 1, Reason: "the file cannot be read: " + err.Error()}
		}
		if info.Size > 0 {
			last = i
		}
	}
	for i := range files {
		files[i].Last = i >= last
	}
	return files, nil
}

// IsManifest tells whether a file is a manifest: its first line that is no
// comment begins with "file".
func IsManifest(text []byte) bool {
	for len(text) > 0 && text[0] == '#' {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	return bytes.HasPrefix(text, []byte("file"))
}

// File reads one file of commands, perhaps after an RDB part, as if it were the
// last.
func (c *Checker) File(name string) FileReport {
	r := FileReport{Name: name, Last: true}
	f, err := c.FS.OpenFile(name, 0)
	if err != nil {
		r.Problem = err
		return r
	}
	defer f.Close()
	r.Size = f.Size()
	if HasPreamble(f) {
		summary, err := rdb.Check(f, r.Size, name, c.Now, c.Say)
		r.RDB = &summary
		if err != nil {
			r.Problem = err
			return r
		}
		r.Preamble, r.ValidUpTo = summary.End, summary.End
	}
	reader := NewReader(f, r.Preamble, r.Size, name)
	if c.Until != 0 {
		reader.annotation = c.notAfter(name)
	}
	r.Problem = r.read(reader)
	r.Lines = reader.Lines()
	return r
}

// HasPreamble tells whether a file begins with a snapshot in RDB form.
func HasPreamble(file io.ReaderAt) bool {
	var magic [6]byte
	n, _ := file.ReadAt(magic[:], 0)
	return n == len(magic) && (string(magic[:5]) == "REDIS" || string(magic[:]) == "VALKEY")
}

func (r *FileReport) read(reader *Reader) error {
	t := transactions{name: r.Name, valid: r.ValidUpTo}
	for {
		_, err := t.next(reader)
		r.ValidUpTo = t.valid
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		r.Commands++
	}
}

// transactions watches that MULTI and EXEC belong together: a file is valid up
// to the end of a whole transaction only.
type transactions struct {
	name  string
	multi bool
	valid int64 // bytes
}

func (t *transactions) next(reader *Reader) ([][]byte, error) {
	args, err := reader.Next()
	if err == io.EOF {
		if t.multi {
			return nil, &Truncated{t.name, t.valid, reader.size, reader.size, "Reached EOF before reading EXEC for MULTI"}
		}
		t.valid = reader.Offset() // an annotation may be the last
		return nil, err
	}
	if err != nil {
		if !t.multi {
			t.valid = reader.Offset()
		}
		return nil, reader.ZeroTail(err)
	}
	begins := false
	switch word := string(args[0]); {
	case equalFold(word, "multi"):
		if t.multi {
			return nil, &Corrupt{t.name, reader.wordOffset(), "Unexpected MULTI"}
		}
		t.multi, begins = true, true
	case equalFold(word, "exec"):
		if !t.multi {
			t.valid = reader.LastOffset()
			return nil, &Corrupt{t.name, reader.wordOffset(), "Unexpected EXEC"}
		}
		t.multi = false
	}
	if !t.multi {
		t.valid = reader.Offset()
	} else if begins {
		t.valid = reader.LastOffset() // behind annotations
	}
	return args, nil
}

// Expected is where redis-check-aof finds a problem, and its words for it; ok is
// false if the problem is another one.
func Expected(problem error) (offset int64, reason string, ok bool) {
	var cut *Truncated
	var bad *Corrupt
	switch {
	case errors.As(problem, &cut):
		return cut.Offset, cut.Reason, true
	case errors.As(problem, &bad):
		return bad.Offset, bad.Reason, true
	}
	return 0, "", false
}

// notAfter ends the reading at the first annotation with a later time.
func (c *Checker) notAfter(name string) func(line []byte, at int64) error {
	return func(line []byte, at int64) error {
		digits, is := bytes.CutPrefix(line, []byte("#TS:"))
		if !is {
			return nil
		}
		seconds, err := strconv.ParseInt(string(digits), 10, 64)
		switch {
		case err != nil:
			return &Corrupt{name, at, "Invalid timestamp annotation"}
		case seconds > c.Until:
			return &Later{name, at, seconds}
		}
		return nil
	}
}

func equalFold(word, lower string) bool {
	if len(word) != len(lower) {
		return false
	}
	for i := range len(word) {
		if word[i]|0x20 != lower[i] {
			return false
		}
	}
	return true
}

// Repair cuts a damaged last file to its valid part. It is done when the
// ticket is.
func Repair(fs vfs.FS, r *FileReport) (vfs.Ticket, error) {
	if !r.Repairable() {
		return nil, errors.New("repair AOF " + r.Name + ": only the end of the last file can be cut off")
	}
	f, err := fs.OpenFile(r.Name, vfs.Write)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if size := f.Size(); size != r.Size {
		return nil, errors.New("repair AOF " + r.Name + ": the file has " + strconv.FormatInt(size, 10) +
			" bytes and had " + strconv.FormatInt(r.Size, 10) + " when it was checked")
	}
	if err := f.Truncate(r.ValidUpTo); err != nil {
		return nil, err
	}
	return f.Sync(), nil
}
