// Command everysec-check says whether a server would load a file, and repairs
// the end of an append-only file:
//
//	everysec-check rdb dump.rdb
//	everysec-check aof [--fix] appendonlydir/appendonly.aof.manifest
//	everysec-check aof --truncate-to-timestamp 1700000000 appendonlydir/appendonly.aof.manifest
//
// It takes what redis-check-rdb and redis-check-aof take, says what they say and
// ends with their codes: 0 for a valid file, also one it has repaired, and 1 for
// any other. It asks before it cuts, and reads y from the standard input.
// Package checktool is what it does.
package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"everysec/engine/checktool"
	"everysec/engine/vfs"
	"everysec/engine/vfs/osfs"
)

const usage = `Usage: everysec-check rdb <file.rdb>
       everysec-check aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>
`

var tools = map[string]string{"rdb": checktool.RDB, "aof": checktool.AOF}

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, time.Now())) }

// run does what the command line says and returns the exit code.
func run(args []string, in io.Reader, out io.Writer, now time.Time) int {
	if len(args) == 0 || tools[args[0]] == "" || !checktool.Understands(tools[args[0]], args[1:]) {
		fmt.Fprint(out, usage)
		return 1
	}
	lines := bufio.NewReader(in)
	var disk *osfs.FS
	defer func() {
		if disk != nil {
			disk.Close()
		}
	}()
	return checktool.Run(checktool.Host{
		// A manifest names files beside it, so the directory is what is opened.
		Open: func(name string) (vfs.FS, string, error) {
			dir, base := filepath.Split(name)
			var err error
			if disk, err = osfs.Open(filepath.Clean(dir), nil); err != nil {
				return nil, "", err
			}
			return disk, base, nil
		},
		Now: now.UnixMilli(),
		Say: func(text string) { fmt.Fprint(out, text) },
		Ask: func(question string) (string, bool) {
			fmt.Fprint(out, question)
			answer, _ := lines.ReadString('\n') // none is no y
			return answer, true
		},
		Wait: wait,
	}, tools[args[0]], args[1:])
}
