// Package osfs is the native disk: real files below one directory.
//
// The idea: everything but fsync is done at once, in the thread of the engine.
// An fsync may take as long as the disk likes, so each one runs in a goroutine
// of its own and the engine, which must not block, asks its Ticket. The host is
// woken when there is something to ask for.
//
// Names cannot leave the directory, not even by a symbolic link: the operating
// system itself resolves them from there (os.Root).
package osfs

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"

	"everysec/engine/vfs"
)

// FS is a directory of the operating system. Its methods are for one goroutine.
type FS struct {
	root *os.Root
	wake func()
	open sync.WaitGroup // syncs under way
}

// Open uses the existing directory dir. wake, which may be nil, is called from
// another goroutine each time a Ticket has become done.
func Open(dir string, wake func()) (*FS, error) {
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, failure("open", dir, -1, err)
	}
	return &FS{root: root, wake: wake}, nil
}

// Close waits for the syncs under way and lets go of the directory. Files must
// be closed before.
func (f *FS) Close() error {
	f.open.Wait()
	return f.root.Close()
}

// causes are the errors of the operating system that package vfs has a word for.
var causes = []struct{ is, cause error }{
	{fs.ErrNotExist, vfs.ErrNotExist},
	{syscall.ENOTEMPTY, vfs.ErrNotEmpty}, // before EEXIST: the two may be told as one
	{fs.ErrExist, vfs.ErrExist},
	{fs.ErrClosed, vfs.ErrClosed},
	{syscall.ENOSPC, vfs.ErrNoSpace},
	{syscall.EDQUOT, vfs.ErrNoSpace},
	{syscall.EIO, vfs.ErrIO},
	{syscall.EISDIR, vfs.ErrIsDir},
	{syscall.ENOTDIR, vfs.ErrNotDir},
	{syscall.EINVAL, vfs.ErrInvalid},
	{syscall.EBADF, vfs.ErrReadOnly},
}

func failure(op, name string, off int64, err error) error {
	for _, c := range causes {
		if errors.Is(err, c.is) {
			return &vfs.PathError{Op: op, Name: name, Offset: off, Err: c.cause}
		}
	}
	var known *fs.PathError
	var link *os.LinkError
	switch { // op and name are told already
	case errors.As(err, &known):
		err = known.Err
	case errors.As(err, &link):
		err = link.Err
	}
	return &vfs.PathError{Op: op, Name: name, Offset: off, Err: err}
}

// place is the name as os.Root takes it; the data directory itself is refused
// unless root.
func place(name string, root bool) (string, error) {
	clean, err := vfs.CleanName(name)
	if err == nil && clean == "." && !root {
		err = vfs.ErrInvalid
	}
	return filepath.FromSlash(clean), err
}

// OpenFile implements vfs.FS. New files are readable by everybody, as Redis's.
func (f *FS) OpenFile(name string, mode vfs.Mode) (vfs.File, error) {
	path, err := place(name, true)
	if err == nil && mode&vfs.Truncate != 0 && mode&vfs.Write == 0 {
		err = vfs.ErrInvalid
	}
	var file *os.File
	if err == nil {
		file, err = f.root.OpenFile(path, flags(mode), 0o644)
	}
	var info fs.FileInfo
	if err == nil {
		info, err = file.Stat()
	}
	if err == nil && info.IsDir() {
		err = vfs.ErrIsDir
	}
	if err != nil {
		if file != nil {
			file.Close() // only read, nothing to lose
		}
		return nil, failure("open", name, -1, err)
	}
	return &osFile{fs: f, file: file, name: filepath.ToSlash(path), mode: mode}, nil
}

func flags(mode vfs.Mode) int {
	flag := os.O_RDONLY
	if mode&vfs.Write != 0 {
		flag = os.O_RDWR | os.O_APPEND
	}
	if mode&vfs.Create != 0 {
		flag |= os.O_CREATE
	}
	if mode&vfs.Truncate != 0 {
		flag |= os.O_TRUNC
	}
	if mode&(vfs.Create|vfs.Exclusive) == vfs.Create|vfs.Exclusive {
		flag |= os.O_EXCL
	}
	return flag
}

// Rename implements vfs.FS.
func (f *FS) Rename(oldName, newName string) error {
	from, err := place(oldName, false)
	if err == nil {
		var to string
		if to, err = place(newName, false); err == nil {
			err = f.rename(from, to)
		}
	}
	if err != nil {
		return failure("rename", oldName+" to "+newName, -1, err)
	}
	return nil
}

func (f *FS) rename(from, to string) error {
	// rename(2) would replace an empty directory; vfs.FS does not.
	if info, err := f.root.Stat(to); err == nil && info.IsDir() && from != to {
		if _, err := f.root.Stat(from); err != nil {
			return err
		}
		return vfs.ErrExist
	}
	return f.root.Rename(from, to)
}

// Remove implements vfs.FS. To free the blocks of a large file takes the system
// tens of milliseconds, and it does so when nobody has the file open any more:
// which is then a thread of its own, as in Redis, and not the caller.
func (f *FS) Remove(name string) error {
	path, err := place(name, false)
	if err == nil {
		if held := f.hold(path); held != nil {
			defer func() { go held.Close() }()
		}
		err = f.root.Remove(path)
	}
	if err != nil {
		return failure("remove", name, -1, err)
	}
	return nil
}

// hold opens a file that is large; nil for any other, and where it cannot.
func (f *FS) hold(path string) *os.File {
	const large = 1 << 20
	if info, err := f.root.Lstat(path); err != nil || !info.Mode().IsRegular() || info.Size() < large {
		return nil
	}
	file, err := f.root.Open(path)
	if err != nil {
		return nil // it is removed all the same, and no sooner
	}
	return file
}

// MakeDir implements vfs.FS.
func (f *FS) MakeDir(name string) error {
	path, err := place(name, false)
	if err == nil {
		err = f.root.Mkdir(path, 0o755)
	}
	if err != nil {
		return failure("mkdir", name, -1, err)
	}
	return nil
}

// ReadDir implements vfs.FS. A file that vanishes meanwhile is left out.
func (f *FS) ReadDir(name string) ([]vfs.Info, error) {
	dir, err := f.directory(name)
	var entries []os.DirEntry
	if err == nil {
		entries, err = dir.ReadDir(-1)
		dir.Close() // only read
	}
	if err != nil {
		return nil, failure("readdir", name, -1, err)
	}
	infos := make([]vfs.Info, 0, len(entries))
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			infos = append(infos, describe(info))
		}
	}
	slices.SortFunc(infos, func(a, b vfs.Info) int { return strings.Compare(a.Name, b.Name) })
	return infos, nil
}

func describe(info fs.FileInfo) vfs.Info {
	if info.IsDir() {
		return vfs.Info{Name: info.Name(), Dir: true}
	}
	return vfs.Info{Name: info.Name(), Size: info.Size()}
}

// directory opens a directory, and nothing else.
func (f *FS) directory(name string) (*os.File, error) {
	path, err := place(name, true)
	if err != nil {
		return nil, err
	}
	info, err := f.root.Stat(path) // before Open, which would wait on a named pipe
	if err == nil && !info.IsDir() {
		err = vfs.ErrNotDir
	}
	if err != nil {
		return nil, err
	}
	return f.root.Open(path)
}

// Stat implements vfs.FS.
func (f *FS) Stat(name string) (vfs.Info, error) {
	path, err := place(name, true)
	var info fs.FileInfo
	if err == nil {
		info, err = f.root.Stat(path)
	}
	if err != nil {
		return vfs.Info{}, failure("stat", name, -1, err)
	}
	out := describe(info)
	out.Name = filepath.Base(path)
	return out, nil
}

// SyncDir implements vfs.FS.
func (f *FS) SyncDir(name string) vfs.Ticket {
	dir, err := f.directory(name)
	if err != nil {
		return vfs.Finished(failure("syncdir", name, -1, err))
	}
	return f.start("syncdir", name, dir, func() { dir.Close() })
}

// ticket is done once the other goroutine has set outcome.
type ticket struct{ outcome atomic.Pointer[outcome] }

type outcome struct{ err error }

func (t *ticket) Done() bool { return t.outcome.Load() != nil }

func (t *ticket) Err() error {
	if o := t.outcome.Load(); o != nil {
		return o.err
	}
	return nil
}

// start runs fsync beside the engine; after it the file is let go of.
func (f *FS) start(op, name string, file *os.File, release func()) vfs.Ticket {
	t := &ticket{}
	f.open.Add(1)
	go func() {
		defer f.open.Done()
		err := file.Sync()
		release()
		if err != nil {
			err = failure(op, name, -1, err)
		}
		t.outcome.Store(&outcome{err})
		if f.wake != nil {
			f.wake()
		}
	}()
	return t
}

// osFile is an open file. The descriptor is closed when neither the engine nor
// a sync under way needs it any more.
type osFile struct {
	fs     *FS
	file   *os.File
	name   string
	mode   vfs.Mode
	closed bool

	mu    sync.Mutex
	users int // syncs under way
	gone  bool
}

func (o *osFile) Name() string { return o.name }

func (o *osFile) check(write bool) error {
	if o.closed {
		return vfs.ErrClosed
	}
	if write && o.mode&vfs.Write == 0 {
		return vfs.ErrReadOnly
	}
	return nil
}

// Write appends. os.File goes on after a short write, and after a signal, until
// all is written or there is an error, so n < len(p) always has a reason.
func (o *osFile) Write(p []byte) (n int, err error) {
	if err = o.check(true); err == nil {
		n, err = o.file.Write(p)
	}
	if err != nil {
		return n, failure("write", o.name, o.Size(), err) // where it stopped
	}
	return n, nil
}

func (o *osFile) ReadAt(p []byte, off int64) (n int, err error) {
	err = o.check(false)
	if err == nil && off < 0 {
		err = vfs.ErrInvalid
	}
	if err == nil {
		n, err = o.file.ReadAt(p, off)
	}
	if err != nil && err != io.EOF {
		return n, failure("read", o.name, off, err)
	}
	return n, err
}

// Size is 0 if the operating system cannot tell.
func (o *osFile) Size() int64 {
	if o.closed {
		return 0
	}
	info, err := o.file.Stat()
	if err != nil {
		return 0
	}
	return info.Size()
}

func (o *osFile) Truncate(size int64) error {
	err := o.check(true)
	if err == nil {
		err = o.file.Truncate(size)
	}
	if err != nil {
		return failure("truncate", o.name, size, err)
	}
	return nil
}

func (o *osFile) Sync() vfs.Ticket {
	if err := o.check(false); err != nil {
		return vfs.Finished(failure("sync", o.name, -1, err))
	}
	o.mu.Lock()
	o.users++
	o.mu.Unlock()
	return o.fs.start("sync", o.name, o.file, func() {
		o.mu.Lock()
		o.users--
		last := o.gone && o.users == 0
		o.mu.Unlock()
		if last {
			o.file.Close() // what it could report, the fsync just has
		}
	})
}

func (o *osFile) Close() error {
	if o.closed {
		return failure("close", o.name, -1, vfs.ErrClosed)
	}
	o.closed = true
	o.mu.Lock()
	o.gone = true
	busy := o.users > 0
	o.mu.Unlock()
	if busy {
		return nil
	}
	if err := o.file.Close(); err != nil {
		return failure("close", o.name, -1, err)
	}
	return nil
}
