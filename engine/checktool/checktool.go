// Package checktool is redis-check-rdb and redis-check-aof: whether a server would
// load a file, and the end of an append-only file cut off where it does not.
//
// It takes the arguments of the two, says what they say and ends with their
// codes. A host gives it a disk and hears what it says: a terminal (everysec-check),
// or the console of the page.
package checktool

import (
	"errors"
	"io"
	"path"
	"strconv"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/ds/order"
	"everysec/engine/phrase"
	"everysec/engine/rdb"
	"everysec/engine/vfs"
)

// The names of the tools.
const (
	RDB = "redis-check-rdb"
	AOF = "redis-check-aof"
)

// Host is what is around a tool.
type Host struct {
	// Open gives the disk that has a file of this name, and what the file is
	// called there.
	Open func(name string) (disk vfs.FS, file string, err error)
	Now  int64 // Unix milliseconds
	Say  func(text string)
	// Ask puts a question, and is answered with a line; if ok is false the tool ends
	// without a word, and can be run again when there is an answer.
	Ask func(question string) (answer string, ok bool)
	// Wait returns when a sync is done.
	Wait func(sync vfs.Ticket) error
}

// Usage says how a tool is called.
func Usage(tool string) string {
	if tool == RDB {
		return "Usage: redis-check-rdb <rdb-file-name>"
	}
	return "Usage: redis-check-aof [--fix|--truncate-to-timestamp $timestamp] <file.manifest|file.aof>"
}

// Understands tells whether a tool may be called with these arguments.
func Understands(tool string, args []string) bool {
	switch len(args) {
	case 1:
		return true
	case 2:
		return tool == AOF && args[0] == "--fix"
	case 3:
		return tool == AOF && args[0] == "--truncate-to-timestamp"
	}
	return false
}

// Unanswered is the code of a run that Host.Ask has ended.
const Unanswered = -1

var errUnanswered = errors.New("no answer yet")

// Run runs RDB or AOF with its arguments and returns the exit code: 0 for a valid
// file, also one that was repaired, and 1 for any other.
func Run(host Host, tool string, args []string) (code int) {
	c := check{Host: host}
	if !Understands(tool, args) {
		c.say("%s", Usage(tool))
		return 1
	}
	c.path, c.fix = args[len(args)-1], len(args) == 2
	if len(args) == 3 {
		until, err := strconv.ParseInt(args[1], 10, 64)
		if err != nil {
			c.say("Invalid timestamp, aborting...")
			return 1
		}
		c.until = until
	}
	disk, file, err := host.Open(c.path)
	if c.disk = disk; err == nil {
		if tool == RDB {
			err = c.snapshot(file)
		} else {
			err = c.appendOnly(file)
		}
	}
	switch err {
	case nil:
		return 0
	case errUnanswered:
		return Unanswered
	}
	c.say("%s", err.Error())
	return 1
}

// check is one run. A method that returns an error has not yet said it.
type check struct {
	Host
	disk  vfs.FS
	path  string // as it was given
	fix   bool
	until int64 // Unix seconds, 0 for no limit
}

func (c *check) say(format string, values ...any) { c.Say(phrase.Sprintf(format, values...) + "\n") }

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

func refuse(format string, values ...any) error { return refusal(phrase.Sprintf(format, values...)) }

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
	summary, err := rdb.Check(f, f.Size(), name, c.Now, c.at)
	c.sayRDB(&summary, err)
	if err != nil {
		return refuse("RDB is not valid")
	}
	if rest := f.Size() - summary.End; rest > 0 {
		c.at(summary.End, phrase.Sprintf("%d bytes follow, which no server reads", rest))
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
	for _, kind := range order.Keys(s.Types) {
		kinds = append(kinds, strconv.FormatInt(s.Types[kind], 10)+" "+kind)
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
	checker := aof.Checker{FS: c.disk, Now: c.Now, Until: c.until, Say: c.at}
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
	name := path.Base(file.Name)
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
		hex := strconv.FormatInt(offset, 16)
		c.say("0x%s%s: %s", strings.Repeat(" ", max(16-len(hex), 0)), hex, expected)
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
	answer, ok := c.Ask("Continue? [y/N]: ")
	if !ok {
		return errUnanswered
	}
	if !strings.HasPrefix(answer, "y") && !strings.HasPrefix(answer, "Y") {
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
	shown := name
	if kind != "" {
		shown = path.Join(path.Dir(c.path), name)
	}
	switch {
	case later.Offset == 0:
		return refuse("AOF %s has nothing before timestamp %d, aborting...", shown, c.until)
	case !r.Last:
		return refuse("Failed to truncate AOF %s to timestamp %d to offset %d because it is not the last file.\n"+
			"If you insist, delete all files after it and their lines in the manifest, and run this again.", shown, c.until, later.Offset)
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
	return c.Wait(ticket)
}
