package shell_test

import (
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"everysec/engine/vfs"
	"everysec/lessons"
	"everysec/lessons/shell"
)

// What a line says, its code, and what it leaves are those of the real programs.
// Where ours takes less, differs says so, and nothing must have happened.
func TestLikeTheRealPrograms(t *testing.T) {
	const whole = "*1\r\n$4\r\nPING\r\n"
	files := map[string]string{"dump.rdb": "no rdb", "dir/one.aof": whole + "*3\r\n$3\r\nSET\r\n$1\r\nk", "dir/two.txt": "a paid b paid\npaid\r\n", "dir/sub/deep": "deep"}
	for _, test := range []struct{ line, answers, differs string }{
		{"ls dir", "", ""},
		{"ls", "", ""},
		{"ls dump.rdb", "", ""},
		{"ls nothing", "", ""},
		{"ls -l", "", "no options"},
		{"cp dump.rdb copy", "", ""},
		{"cp dump.rdb dir", "", ""},
		{"cp -r dir copy", "", ""},
		{"cp -r dir dir/sub", "", "the real one begins before it says so"},
		{"cp dir copy", "", ""},
		{"cp nothing copy", "", ""},
		{"cp dump.rdb", "", "our own words"},
		{"truncate -s -3 dir/*.aof", "", ""},
		{"truncate -s 4 dump.rdb", "", ""},
		{"truncate -s 0 dump.rdb", "", ""},
		{"truncate -s -300 dump.rdb", "", "the real one empties the file"},
		{"truncate -s x dump.rdb", "", ""},
		{"truncate -s 1 nothing", "", "no file is made"},
		{"sed -i s/paid/void/ dir/two.txt", "", ""},
		{"sed -i s/paid/a-longer:word_9/ dir/two.txt", "", ""},
		{"sed -i s/paid// dir/two.txt", "", ""},
		{"sed -i s/nothing/void/ dir/two.txt", "", ""},
		{"sed -i s/p.id/void/ dir/two.txt", "", "no regular expressions"},
		{"sed -i s/paid/void/ nothing", "", ""},
		{"redis-check-aof dir/one.aof", "", ""},
		{"redis-check-aof --fix dir/*.aof", "y", ""},
		{"redis-check-aof --fix dir/one.aof", "Yes", ""},
		{"redis-check-aof --fix dir/one.aof", "n", ""},
		{"redis-check-aof", "", ""},
		{"redis-check-rdb", "", ""},
		{"redis-check-rdb nothing", "", "the real one has errno's number"},
	} {
		t.Run(test.line+" "+test.answers, func(t *testing.T) {
			disk, dir := vfs.New(vfs.Options{}), t.TempDir()
			for name, data := range files {
				put(t, disk, name, data)
				if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o755); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, name), []byte(data), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			before := left(disk)
			code, said := ours(disk, test.line, test.answers)
			program := exec.Command("sh", "-c", test.line)
			program.Dir, program.Env = dir, append(os.Environ(), "LC_ALL=C")
			program.Stdin = strings.NewReader(test.answers + "\n")
			out, err := program.CombinedOutput()
			if err != nil && program.ProcessState == nil {
				t.Fatal(err)
			}
			want := strings.ReplaceAll(string(out), "[y/N]: ", "[y/N]: "+test.answers+"\n")
			if test.differs != "" {
				if after := left(disk); code == 0 || after != before || said == want {
					t.Errorf("code %d, %q; the real one says %q; before\n%s\nafter\n%s", code, said, want, before, after)
				}
				return
			}
			if said != want || (code == 0) != (program.ProcessState.ExitCode() == 0) {
				t.Errorf("code %d:\n%s\nthe real one ends with %d:\n%s", code, said, program.ProcessState.ExitCode(), want)
			}
			if is, wanted := left(disk), leftIn(t, dir); is != wanted {
				t.Errorf("we leave\n%s\nthe real one\n%s", is, wanted)
			}
		})
	}
}

func ours(disk vfs.FS, line, answer string) (code int, said string) {
	words := strings.Fields(line)
	r := shell.Run(disk, words, nil, 1_700_000_000_000)
	said = r.Text
	if r.Question != "" {
		said += r.Question + answer + "\n"
		r = shell.Run(disk, words, []string{answer}, 1_700_000_000_000)
		said += r.Text
	}
	return r.Code, said
}

func put(t *testing.T, disk *vfs.Disk, name, data string) {
	t.Helper()
	for i := range name {
		if name[i] == '/' {
			_ = disk.MakeDir(name[:i]) // it may be there
		}
	}
	f, err := disk.OpenFile(name, vfs.Write|vfs.Create)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte(data)); err != nil {
		t.Fatal(err)
	}
}

func left(disk *vfs.Disk) (all string) {
	for _, f := range disk.Files() {
		data, _ := vfs.ReadFile(disk, f.Name)
		all += f.Name + ": " + string(data) + "\n"
	}
	return all
}

func leftIn(t *testing.T, dir string) string {
	t.Helper()
	disk := vfs.New(vfs.Options{})
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(name)
		rel, _ := filepath.Rel(dir, name)
		put(t, disk, path.Clean(filepath.ToSlash(rel)), string(data))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return left(disk)
}

// What a console offers is what there is.
func TestEveryShellCommandIsKnown(t *testing.T) {
	for _, c := range lessons.ShellCommands {
		r := shell.Run(vfs.New(vfs.Options{}), []string{c[0]}, nil, 0)
		if known := r.Text != c[0]+": command not found\n"; known == (c[0] == "redis-server") { // that one the page starts
			t.Errorf("%s: %q", c[0], r.Text)
		}
	}
}
