package osfs_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"everysec/engine/vfs"
	"everysec/engine/vfs/osfs"
	"everysec/engine/vfs/vfstest"
)

// start opens a directory whose host sleeps until it is woken.
func start(t *testing.T, dir string) (*osfs.FS, func(vfs.Ticket) error) {
	t.Helper()
	woken := make(chan struct{}, 1)
	fs, err := osfs.Open(dir, func() {
		select {
		case woken <- struct{}{}:
		default: // it is going to look anyway
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := fs.Close(); err != nil {
			t.Error(err)
		}
	})
	return fs, func(ticket vfs.Ticket) error {
		for !ticket.Done() {
			<-woken
		}
		return ticket.Err()
	}
}

func TestConformance(t *testing.T) {
	var wait func(vfs.Ticket) error
	vfstest.Run(t, vfstest.Host{
		Open: func(t *testing.T) vfs.FS {
			var fs vfs.FS
			fs, wait = start(t, t.TempDir())
			return fs
		},
		Wait: func(ticket vfs.Ticket) error { return wait(ticket) },
	})
}

func TestSymbolicLinksDoNotLeadOutside(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	secret := filepath.Join(outside, "secret")
	if err := os.WriteFile(secret, []byte("secret"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"file": secret, "dir": outside} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	fs, wait := start(t, dir)
	for _, name := range []string{"file", "dir/secret", "dir/new"} {
		if _, err := fs.OpenFile(name, vfs.Write|vfs.Create); err == nil {
			t.Errorf("%s was opened", name)
		}
	}
	if _, err := fs.ReadDir("dir"); err == nil {
		t.Error("a directory outside was listed")
	}
	if err := wait(fs.SyncDir("dir")); err == nil {
		t.Error("a directory outside was synced")
	}
	if left, err := os.ReadDir(outside); err != nil || len(left) != 1 {
		t.Errorf("outside there are %v, %v; want only the secret", left, err)
	}
}

func TestOpenNeedsADirectory(t *testing.T) {
	if _, err := osfs.Open(filepath.Join(t.TempDir(), "no"), nil); !errors.Is(err, vfs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, vfs.ErrNotExist)
	}
}

// What other programs wrote is seen, and they see what we write.
func TestSharesFilesWithOtherPrograms(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "dump.rdb"), []byte("REDIS0010"), 0o644); err != nil {
		t.Fatal(err)
	}
	fs, wait := start(t, dir)
	f, err := fs.OpenFile("dump.rdb", vfs.Write)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("\xfa")); err != nil {
		t.Fatal(err)
	}
	if err := wait(f.Sync()); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(filepath.Join(dir, "dump.rdb")); err != nil || string(got) != "REDIS0010\xfa" {
		t.Errorf("the file holds %q, %v", got, err)
	}
}
