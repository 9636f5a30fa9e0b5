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
package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"everysec/engine/aof"
	"everysec/engine/rdb"
	"everysec/engine/vfs"
	"everysec/engine/vfs/osfs"
)

const usage = `Usage: everysec-check rdb <file.rdb>
       everysec-check aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>
`

func main() { os.Exit(run(os.Args[1:], os.Stdin, os.Stdout, time.Now())) }

// run does what the command line says and returns the exit code.
func run(args []string, in io.Reader, out io.Writer, now time.Time) int {
	c := check{in: bufio.NewReader(in), out: out, now: now.UnixMilli()}
	var name string
	switch {
	case len(args) == 2 && (args[0] == "rdb" || args[0] == "aof"):
		name = args[1]
	case len(args) == 3 && args[0] == "aof" && args[1] == "--fix":
		name, c.fix = args[2], true
	case len(args) == 4 && args[0] == "aof" && args[1] == "--truncate-to-timestamp":
		until, err := strconv.ParseInt(args[2], 10, 64)
		if err != nil {
			fmt.Fprintln(out, "Invalid timestamp, aborting...")
			return 1
		}
		name, c.until = args[3], until
	default:
		fmt.Fprint(out, usage)
		return 1
	}
	// A manifest names files beside it, so the directory is what is opened.
	dir, base := filepath.Split(name)
	c.path = name
	disk, err := osfs.Open(filepath.Clean(dir), nil)
	if err == nil {
		c.disk = disk
		defer disk.Close()
		if args[0] == "rdb" {
			err = c.snapshot(base)
		} else {
			err = c.appendOnly(base)
		}
	}
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	return 0
}

// check is one run. A method that returns an error has not yet said it.
type check struct {
	disk  *osfs.FS
	in    *bufio.Reader
	out   io.Writer
	path  string // as it was given
	now   int64  // Unix milliseconds
	fix   bool
	until int64 // Unix seconds, 0 for no limit
}

func (c *check) say(format string, values ...any) { fmt.Fprintf(c.out, format+"\n", values...) }

// at says what was found where. It may be of the file: nothing in it shall reach
// a terminal as it is.
func (c *check) at(offset int64, what string) { c.say("[offset %d] %s", offset, printable(what)) }

func printable(s string) string {
	quoted := strconv.QuoteToASCII(s)
	return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(quoted[1 : len(quoted)-1])
}

// refusal is an error in redis-check-aof's words.
type refusal string

func (r refusal) Error() string { return string(r) }

func refuse(format string, values ...any) error { return refusal(fmt.Sprintf(format, values...)) }

// open opens a file that was named, and not a directory.
func (c *check) open(name string) (vfs.File, error) {
	info, err := c.disk.Stat(name)
	if err != nil {
		return nil, refuse("Cannot open file %s: %v", c.path, err)
	}
	if info.Dir {
		return nil, refuse("Cannot read file: %s: it is a directory", c.path)
	}
	f, err := c.disk.OpenFile(name, 0)
	if err != nil {
		return nil, refuse("Cannot open file %s: %v", c.path, err)
	}
	return f, nil
}

func (c *check) snapshot(name string) error {
	c.at(0, "Checking RDB file "+c.path)
	f, err := c.open(name)
	if err != nil {
		return err
	}
	defer f.Close()
	summary, err := rdb.Check(f, f.Size(), name, c.now, c.at)
	c.sayRDB(&summary, err)
	if err != nil {
		return refuse("RDB is not valid")
	}
	if rest := f.Size() - summary.End; rest > 0 {
		c.at(summary.End, fmt.Sprintf("%d bytes follow, which no server reads", rest))
	}
	return nil
}

// sayRDB says what redis-check-rdb says at the end.
func (c *check) sayRDB(s *rdb.Summary, err error) {
	if err == nil {
		c.at(s.End, `\o/ RDB looks OK! \o/`)
	} else {
		offset, reason, info := s.Problem(err)
		c.say("--- RDB ERROR DETECTED ---")
		c.at(offset, reason)
		for _, line := range info {
			c.say("[additional info] %s", printable(line))
		}
	}
	c.say("[info] %d keys read", s.Keys)
	c.say("[info] %d expires", s.Expiring)
	c.say("[info] %d already expired", s.Expired)
	var kinds []string
	for _, kind := range slices.Sorted(maps.Keys(s.Types)) {
		kinds = append(kinds, fmt.Sprint(s.Types[kind], " ", kind))
	}
	if len(kinds) > 0 {
		c.say("[info] RDB version %d: %s", s.Version, strings.Join(kinds, ", "))
	}
	if s.Types["module"] > 0 || len(s.Modules) > 0 {
		c.say("[info] what modules have left is not looked into, and no server without them loads it")
	}
}

func (c *check) appendOnly(name string) error {
	f, err := c.open(name)
	if err != nil {
		return err
	}
	head := make([]byte, min(f.Size(), 64<<10))
	_, err = f.ReadAt(head, 0)
	f.Close()
	if err != nil && err != io.EOF {
		return refuse("Cannot read file: %s: %v", c.path, err)
	}
	checker := aof.Checker{FS: c.disk, Now: c.now, Until: c.until, Say: c.at}
	if !aof.IsManifest(head) && !strings.HasSuffix(name, ".manifest") {
		c.say("Start checking Old-Style AOF")
		return c.file(&checker, aof.NamedFile{Name: name, Last: true}, "")
	}
	c.say("Start checking Multi Part AOF")
	files, err := checker.Files(name)
	if err != nil {
		return err
	}
	increments := false
	for _, file := range files {
		kind := "INCR "
		if file.Base {
			kind = "BASE "
		} else if !increments {
			increments = true
			c.say("Start to check INCR files.")
		}
		if err := c.file(&checker, file, kind); err != nil {
			return err
		}
	}
	c.say("All AOF files and manifest are valid")
	return nil
}

// file checks one file of commands and cuts its end where that is asked for.
func (c *check) file(checker *aof.Checker, file aof.NamedFile, kind string) error {
	name := filepath.Base(file.Name)
	if kind == "" {
		name = c.path
	}
	preamble, err := c.hasPreamble(file.Name)
	if err != nil {
		return err
	}
	if file.Base {
		c.say("Start to check BASE AOF (%s format).", map[bool]string{true: "RDB", false: "RESP"}[preamble])
	}
	if preamble {
		c.at(0, "Checking RDB file "+name)
	}
	r := checker.File(file.Name)
	r.Last = file.Last
	if r.RDB != nil {
		var bad error
		if r.Preamble == 0 {
			bad = r.Problem
		}
		c.sayRDB(r.RDB, bad)
		if bad != nil {
			return refuse("RDB preamble of AOF file is not sane, aborting.")
		}
		c.say("RDB preamble is OK, proceeding with AOF tail...")
	}
	if r.Size == 0 && r.Problem == nil {
		c.say("%sAOF %s is empty", kind, name)
		return nil
	}
	var later *aof.Later
	if errors.As(r.Problem, &later) {
		return c.cutLater(&r, later, kind, name)
	}
	offset, expected, located := aof.Expected(r.Problem)
	if r.Problem != nil && !located {
		return r.Problem
	}
	if located {
		c.say("0x%16x: %s", offset, expected)
	}
	lost := r.Size - r.ValidUpTo
	if lost == 0 && c.until != 0 {
		c.say("Truncate nothing in AOF %s to timestamp %d", name, c.until)
		c.say("%sAOF %s is valid", kind, name)
		return nil
	}
	c.say("AOF analyzed: filename=%s, size=%d, ok_up_to=%d, ok_up_to_line=%d, diff=%d", name, r.Size, r.ValidUpTo, r.Lines+1, lost)
	switch {
	case r.Problem == nil:
		c.say("%sAOF %s is valid", kind, name)
		return nil
	case !c.fix:
		return refuse("AOF %s is not valid. Use the --fix option to try fixing it.", name)
	case !r.Last:
		return refuse("Failed to truncate AOF %s because it is not the last file", name)
	}
	c.say("This will shrink the AOF %s from %d bytes, with %d bytes, to %d bytes", name, r.Size, lost, r.ValidUpTo)
	fmt.Fprint(c.out, "Continue? [y/N]: ")
	if answer, _ := c.in.ReadString('\n'); !strings.HasPrefix(strings.ToLower(answer), "y") {
		return refuse("Aborting...")
	}
	if err := c.cut(&r); err != nil {
		return err
	}
	c.say("Successfully truncated AOF %s", name)
	return nil
}

func (c *check) hasPreamble(name string) (bool, error) {
	f, err := c.open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	return aof.HasPreamble(f), nil
}

// cutLater cuts what is of a later time than was asked for.
func (c *check) cutLater(r *aof.FileReport, later *aof.Later, kind, name string) error {
	path := name
	if kind != "" {
		path = filepath.Join(filepath.Dir(c.path), name)
	}
	switch {
	case later.Offset == 0:
		return refuse("AOF %s has nothing before timestamp %d, aborting...", path, c.until)
	case !r.Last:
		return refuse("Failed to truncate AOF %s to timestamp %d to offset %d because it is not the last file.\n"+
			"If you insist, delete all files after it and their lines in the manifest, and run this again.", path, c.until, later.Offset)
	}
	if err := c.cut(r); err != nil {
		return err
	}
	c.say("Successfully truncated AOF %s to timestamp %d", name, c.until)
	return nil
}

func (c *check) cut(r *aof.FileReport) error {
	ticket, err := aof.Repair(c.disk, r)
	if err != nil {
		return err
	}
	return wait(ticket)
}
