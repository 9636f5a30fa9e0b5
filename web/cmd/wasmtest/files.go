package main

import (
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"net/http"
	"os"
	"sync"
	"syscall"
)

// files answers the page's file calls, with node's names and error codes.
type files struct {
	mu   sync.Mutex
	open map[int]*os.File
	next int
}

func newFiles() *files {
	return &files{open: map[int]*os.File{0: os.Stdin, 1: os.Stdout, 2: os.Stderr}, next: 3}
}

type request struct {
	Op     string
	Path   string
	To     string
	FD     int `json:"fd"`
	Flags  int
	Mode   uint32
	Length int
	At     int64
	AtEnd  bool // no position: go on where the last call ended
	Data   []byte
}

type answer struct {
	Code  string   `json:"code,omitempty"`
	N     int      `json:"n"`
	Data  []byte   `json:"data"`
	Names []string `json:"names,omitempty"`
	Stat  *stat    `json:"stat,omitempty"`
}

type stat struct {
	Dir     bool    `json:"dir"`
	Dev     uint64  `json:"dev"`
	Ino     uint64  `json:"ino"`
	Mode    uint32  `json:"mode"`
	Nlink   uint64  `json:"nlink"`
	UID     uint32  `json:"uid"`
	GID     uint32  `json:"gid"`
	Rdev    uint64  `json:"rdev"`
	Size    int64   `json:"size"`
	Blksize int64   `json:"blksize"`
	Blocks  int64   `json:"blocks"`
	Atime   float64 `json:"atimeMs"`
	Mtime   float64 `json:"mtimeMs"`
	Ctime   float64 `json:"ctimeMs"`
}

func (f *files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var q request
	if err := json.NewDecoder(r.Body).Decode(&q); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var a answer
	if err := f.do(q, &a); err != nil {
		a.Code = code(err)
	}
	_ = json.NewEncoder(w).Encode(a) // the page may be gone
}

func (f *files) do(q request, a *answer) (err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	file := f.open[q.FD]
	switch q.Op {
	case "open":
		file, err := os.OpenFile(q.Path, q.Flags, fs.FileMode(q.Mode))
		if err != nil {
			return err
		}
		a.N = f.next
		f.open[f.next] = file
		f.next++
		return nil
	case "stat", "lstat":
		look := os.Stat
		if q.Op == "lstat" {
			look = os.Lstat
		}
		info, err := look(q.Path)
		if err == nil {
			a.Stat = describe(info)
		}
		return err
	case "readdir":
		entries, err := os.ReadDir(q.Path)
		for _, e := range entries {
			a.Names = append(a.Names, e.Name())
		}
		return err
	case "mkdir":
		return os.Mkdir(q.Path, fs.FileMode(q.Mode))
	case "rmdir", "unlink":
		return os.Remove(q.Path)
	case "rename":
		return os.Rename(q.Path, q.To)
	case "truncate":
		return os.Truncate(q.Path, q.At)
	}
	if file == nil {
		return syscall.EBADF
	}
	switch q.Op {
	case "close":
		delete(f.open, q.FD)
		return file.Close()
	case "fstat":
		info, err := file.Stat()
		if err == nil {
			a.Stat = describe(info)
		}
		return err
	case "read":
		b := make([]byte, q.Length)
		if q.AtEnd {
			a.N, err = file.Read(b)
		} else {
			a.N, err = file.ReadAt(b, q.At)
		}
		a.Data = b[:a.N]
		if err == io.EOF {
			err = nil
		}
		return err
	case "write":
		if q.AtEnd || q.FD <= 2 {
			a.N, err = file.Write(q.Data)
		} else {
			a.N, err = file.WriteAt(q.Data, q.At)
		}
		return err
	case "ftruncate":
		return file.Truncate(q.At)
	}
	return syscall.ENOSYS
}

func describe(info fs.FileInfo) *stat {
	s := &stat{Dir: info.IsDir(), Size: info.Size(), Blksize: 4096, Mtime: float64(info.ModTime().UnixMilli())}
	s.Atime, s.Ctime = s.Mtime, s.Mtime
	if sys, ok := info.Sys().(*syscall.Stat_t); ok {
		s.Dev, s.Ino, s.Mode, s.Nlink = uint64(sys.Dev), sys.Ino, uint32(sys.Mode), uint64(sys.Nlink)
		s.UID, s.GID, s.Blocks = sys.Uid, sys.Gid, sys.Blocks
	}
	return s
}

// code is an error as node calls it.
func code(err error) string {
	for _, known := range []struct {
		err  error
		name string
	}{
		{syscall.ENOENT, "ENOENT"},
		{syscall.EEXIST, "EEXIST"},
		{syscall.EACCES, "EACCES"},
		{syscall.EBADF, "EBADF"},
		{syscall.EISDIR, "EISDIR"},
		{syscall.ENOTDIR, "ENOTDIR"},
		{syscall.ENOTEMPTY, "ENOTEMPTY"},
		{syscall.EINVAL, "EINVAL"},
		{syscall.ENOSYS, "ENOSYS"},
		{os.ErrNotExist, "ENOENT"},
		{os.ErrExist, "EEXIST"},
	} {
		if errors.Is(err, known.err) {
			return known.name
		}
	}
	return "EIO"
}
