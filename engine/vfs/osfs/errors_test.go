package osfs

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"testing"

	"everysec/engine/vfs"
)

// What the operating system says becomes a word of package vfs, with the
// operation, the file and the offset; what it has no word for stays as it is.
func TestErrorsOfTheOperatingSystem(t *testing.T) {
	for _, c := range []struct {
		told error
		want error
	}{
		{syscall.ENOSPC, vfs.ErrNoSpace},
		{syscall.EDQUOT, vfs.ErrNoSpace},
		{syscall.EIO, vfs.ErrIO},
		{syscall.ENOENT, vfs.ErrNotExist},
		{syscall.EEXIST, vfs.ErrExist},
		{syscall.ENOTEMPTY, vfs.ErrNotEmpty},
		{syscall.EISDIR, vfs.ErrIsDir},
		{syscall.ENOTDIR, vfs.ErrNotDir},
		{syscall.EINVAL, vfs.ErrInvalid},
		{syscall.EBADF, vfs.ErrReadOnly},
		{fs.ErrClosed, vfs.ErrClosed},
		{syscall.EROFS, syscall.EROFS},
		{syscall.EACCES, syscall.EACCES},
	} {
		for _, told := range []error{
			c.told,
			&fs.PathError{Op: "write", Path: "/elsewhere/aof", Err: c.told},
			&os.LinkError{Op: "rename", Old: "/elsewhere/a", New: "/elsewhere/b", Err: c.told},
		} {
			err := failure("write", "aof", 7, told)
			want := fmt.Sprintf("write \"aof\" at offset 7: %v", c.want)
			if !errors.Is(err, c.want) || err.Error() != want {
				t.Errorf("%T of %v: got %q, want %q", told, c.told, err, want)
			}
		}
	}
}
