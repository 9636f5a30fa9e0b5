package aof

import (
	"errors"
	"io"
	"path"
	"strconv"

	"everysec/engine/rdb"
	"everysec/engine/vfs"
)

// FileReport says how much of one file is valid.
type FileReport struct {
	Name      string
	Size      int64 // bytes
	ValidUpTo int64 // bytes up to the end of the last whole command, or transaction
	Commands  int64 // among them; the RDB part of a file has none
	Preamble  int64 // bytes of the RDB part, 0 if there is none
	// Problem is nil for a valid file, *Truncated for one cut short, *Corrupt
	// or *rdb.Error for a damaged one, else why it cannot be read.
	Problem error
	// Last: no file after it holds anything, so cutting it loses only the end
	// of history and not its middle.
	Last bool
}

// Repairable tells whether cutting the file at ValidUpTo makes the append-only
// file loadable: what comes behind is lost.
func (r *FileReport) Repairable() bool {
	var cut *Truncated
	var bad *Corrupt
	return r.Last && (errors.As(r.Problem, &cut) || errors.As(r.Problem, &bad))
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
	text, err := vfs.ReadFile(fs, manifest)
	if err != nil {
		return Report{Problem: err}
	}
	m, err := ParseManifest(manifest, text)
	if err != nil {
		return Report{Problem: err}
	}
	var names []string
	if m.Base != nil {
		names = append(names, m.Base.Name)
	}
	for _, incr := range m.Incr {
		names = append(names, incr.Name)
	}
	last := 0
	for i := range names {
		names[i] = path.Join(path.Dir(manifest), names[i])
		info, err := fs.Stat(names[i])
		if err != nil {
			return Report{Problem: &ManifestError{manifest, i + 1, "the file cannot be read: " + err.Error()}}
		}
		if info.Size > 0 {
			last = i
		}
	}
	var report Report
	for i, name := range names {
		file := CheckFile(fs, name)
		file.Last = i >= last
		report.Files = append(report.Files, file)
		if file.Problem != nil {
			break
		}
	}
	return report
}

// CheckFile reads one file of commands, perhaps after an RDB part, as if it
// were the last.
func CheckFile(fs vfs.FS, name string) FileReport {
	r := FileReport{Name: name, Last: true}
	f, err := fs.OpenFile(name, 0)
	if err != nil {
		r.Problem = err
		return r
	}
	defer f.Close()
	r.Size = f.Size()
	var magic [5]byte
	if n, _ := f.ReadAt(magic[:], 0); n == len(magic) && string(magic[:]) == "REDIS" {
		summary, err := rdb.Check(f, r.Size, name)
		if err != nil {
			r.Problem = err
			return r
		}
		r.Preamble, r.ValidUpTo = summary.End, summary.End
	}
	reader := NewReader(f, r.Preamble, r.Size, name)
	multi := false
	for {
		args, err := reader.Next()
		if err == io.EOF {
			if multi {
				r.Problem = &Truncated{name, r.ValidUpTo, r.Size}
			}
			return r
		}
		if err != nil {
			r.Problem = reader.ZeroTail(err)
			return r
		}
		switch word := string(args[0]); {
		case equalFold(word, "multi"):
			if multi {
				r.Problem = &Corrupt{name, reader.LastOffset(), "MULTI inside MULTI"}
				return r
			}
			multi = true
		case equalFold(word, "exec"):
			if !multi {
				r.Problem = &Corrupt{name, reader.LastOffset(), "EXEC without MULTI"}
				return r
			}
			multi = false
		}
		r.Commands++
		if !multi {
			r.ValidUpTo = reader.Offset()
		}
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
