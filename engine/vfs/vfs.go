// Package vfs is the disk as the engine sees it.
//
// The idea: between a program and the disk stands the page cache. A Write
// returns as soon as the bytes are in the cache, and only a finished Sync says
// that they are on the disk. The name of a file is not part of the file: it
// belongs to the directory, and only a finished SyncDir makes a create, rename
// or remove last. Whoever wants a file to survive a power cut therefore needs
// both, File.Sync for the bytes and FS.SyncDir for the name.
//
// Nothing here blocks. A sync hands back a Ticket that is asked again later,
// because the engine runs on one thread and must go on serving meanwhile.
//
// Disk is the disk in memory, with faults and crashes; package osfs is the
// native one. Neither may be used by two goroutines at once.
package vfs

import (
	"errors"
	"io"
	"path"
	"strconv"
	"strings"
)

// Mode says what OpenFile is to do. The zero Mode opens for reading only.
type Mode uint8

const (
	Write     Mode = 1 << iota // writing and truncating are allowed; reading always is
	Create                     // create the file if the name does not exist
	Truncate                   // cut an existing file to length 0; needs Write
	Exclusive                  // with Create: fail with ErrExist if the name exists
)

// FS is one data directory. Names are slash paths relative to it; "." is the
// directory itself. A name that leads outside fails with ErrInvalid.
type FS interface {
	OpenFile(name string, mode Mode) (File, error)

	// Rename replaces an existing file at newName, atomically: whoever looks,
	// even after a power cut, finds the old file or the new one. Which of the
	// two is certain only after SyncDir. An existing directory is not replaced.
	Rename(oldName, newName string) error

	// Remove removes a file or an empty directory. Open Files of it go on
	// working until they are closed.
	Remove(name string) error

	// MakeDir creates one directory; its parent must exist.
	MakeDir(name string) error

	// ReadDir lists a directory, sorted by name.
	ReadDir(name string) ([]Info, error)
	Stat(name string) (Info, error)

	// SyncDir makes the names in this directory durable: those created,
	// renamed and removed so far. It says nothing about the bytes in the files,
	// nor about the directory's own name in its parent.
	SyncDir(name string) Ticket
}

// File is an open file. After Close every method but Name fails.
type File interface {
	// Name is the name the file was opened with; a Rename does not change it.
	Name() string

	// Write appends p at the end of the file. On an error n bytes were written
	// all the same: a full disk takes what fits and returns ErrNoSpace.
	Write(p []byte) (n int, err error)

	// ReadAt is io.ReaderAt: fewer bytes than asked come with io.EOF.
	ReadAt(p []byte, off int64) (n int, err error)

	// Size is the length in bytes, 0 after Close.
	Size() int64

	// Truncate sets the length; a longer file is filled with zeros.
	Truncate(size int64) error

	// Sync makes all bytes written so far, and the length, durable, but not the
	// file's name (FS.SyncDir). After a failed Sync the bytes it should have
	// saved are given up: as on Linux the next Sync does not try them again
	// and may succeed. Whoever sees an error must write them anew.
	Sync() Ticket

	// Close does not sync, and does not cancel a Sync under way.
	Close() error
}

// Ticket is a sync under way. Err is nil until Done.
type Ticket interface {
	Done() bool
	Err() error
}

// Info describes a name: its last element, and bytes for a file. ID tells two
// files apart whatever their names are, also in the image of a crash; 0: the
// file system does not tell.
type Info struct {
	Name string
	ID   uint64
	Size int64
	Dir  bool
}

// The causes an error of this package can be asked for with errors.Is.
var (
	ErrNotExist = errors.New("no such file or directory")
	ErrExist    = errors.New("file exists")
	ErrNoSpace  = errors.New("no space left on device")
	ErrIO       = errors.New("input/output error")
	ErrClosed   = errors.New("file already closed")
	ErrInvalid  = errors.New("invalid argument")
	ErrReadOnly = errors.New("file not open for writing")
	ErrIsDir    = errors.New("is a directory")
	ErrNotDir   = errors.New("not a directory")
	ErrNotEmpty = errors.New("directory not empty")
)

// PathError says what failed, on which file, and where in it.
type PathError struct {
	Op     string
	Name   string
	Offset int64 // bytes from the start of the file; -1 if the operation has none
	Err    error
}

func (e *PathError) Error() string { return e.What() + ": " + e.Err.Error() }

// What is the error without its cause.
func (e *PathError) What() string {
	at := ""
	if e.Offset >= 0 {
		at = " at offset " + strconv.FormatInt(e.Offset, 10)
	}
	return e.Op + " " + strconv.Quote(e.Name) + at
}

func (e *PathError) Unwrap() error { return e.Err }

// CleanName gives the one spelling of a name ("." for the root), or ErrInvalid
// if it is absolute, leads outside, or holds a NUL or a backslash.
func CleanName(name string) (string, error) {
	if strings.HasPrefix(name, "/") || strings.ContainsAny(name, "\x00\\") {
		return "", ErrInvalid
	}
	clean := path.Clean(name)
	if clean == ".." || strings.HasPrefix(clean, "../") {
		return "", ErrInvalid
	}
	return clean, nil
}

type finished struct{ err error }

func (f finished) Done() bool { return true }
func (f finished) Err() error { return f.err }

// Finished is a Ticket that is done.
func Finished(err error) Ticket { return finished{err} }

// ReadFile reads a whole file.
func ReadFile(fs FS, name string) ([]byte, error) {
	f, err := fs.OpenFile(name, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	b := make([]byte, f.Size())
	n, err := f.ReadAt(b, 0)
	if err == io.EOF {
		err = nil // the file may have been cut since Size
	}
	return b[:n], err
}
