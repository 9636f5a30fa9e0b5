// Command everysec-check says whether a server would load a file, and repairs
// the end of an append-only file:
//
//	everysec-check rdb dump.rdb
//	everysec-check aof [--fix] appendonlydir/appendonly.aof.manifest
//
// It ends with 0 for a valid file, also one it has repaired, and with 1 for
// any other, as redis-check-rdb and redis-check-aof do.
package main

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"everysec/engine/aof"
	"everysec/engine/rdb"
	"everysec/engine/vfs/osfs"
)

const usage = `Usage: everysec-check rdb <file.rdb>
       everysec-check aof [--fix] <file.manifest | file.aof>
`

func main() { os.Exit(run(os.Args[1:], os.Stdout)) }

// run does what the command line says and returns the exit code.
func run(args []string, out io.Writer) int {
	fix := false
	var words []string
	for _, a := range args {
		if a == "--fix" {
			fix = true
		} else {
			words = append(words, a)
		}
	}
	if len(words) != 2 || words[0] != "rdb" && words[0] != "aof" || words[0] == "rdb" && fix {
		fmt.Fprint(out, usage)
		return 1
	}
	// A manifest names files beside it, so the directory is what is opened.
	dir, name := filepath.Split(words[1])
	disk, err := osfs.Open(filepath.Clean(dir), nil)
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	defer disk.Close()
	if words[0] == "rdb" {
		err = checkRDB(disk, name, out)
	} else {
		err = checkAOF(disk, name, fix, out)
	}
	if err != nil {
		fmt.Fprintln(out, err)
		return 1
	}
	return 0
}

func checkRDB(disk *osfs.FS, name string, out io.Writer) error {
	f, err := disk.OpenFile(name, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	summary, err := rdb.Check(f, f.Size(), name)
	printSummary(&summary, out)
	if err != nil {
		fmt.Fprintf(out, "The last key that was read is %q\n", summary.LastKey)
		return err
	}
	if rest := f.Size() - summary.End; rest > 0 {
		return fmt.Errorf("read RDB %s at offset %d: %d bytes follow the end of the snapshot", name, summary.End, rest)
	}
	fmt.Fprintf(out, "%s is valid\n", name)
	return nil
}

func printSummary(s *rdb.Summary, out io.Writer) {
	fmt.Fprintf(out, "RDB version %d\n", s.Version)
	for _, field := range slices.Sorted(maps.Keys(s.Fields)) {
		fmt.Fprintf(out, "  %s: %q\n", field, s.Fields[field])
	}
	var types []string
	for _, t := range slices.Sorted(maps.Keys(s.Types)) {
		types = append(types, fmt.Sprint(s.Types[t], " ", t))
	}
	kinds := ""
	if len(types) > 0 {
		kinds = " (" + strings.Join(types, ", ") + ")"
	}
	fmt.Fprintf(out, "%d keys%s, %d with an expiry, %d bytes read\n", s.Keys, kinds, s.Expiring, s.End)
}

func checkAOF(disk *osfs.FS, name string, fix bool, out io.Writer) error {
	report := aof.Report{}
	if strings.HasSuffix(name, ".manifest") {
		report = aof.Check(disk, name)
	} else {
		report.Files = []aof.FileReport{aof.CheckFile(disk, name)}
	}
	if report.Problem != nil {
		return report.Problem
	}
	for i := range report.Files {
		printFile(&report.Files[i], out)
	}
	bad := report.Damaged()
	if bad == nil {
		fmt.Fprintln(out, "All AOF files are valid")
		return nil
	}
	fmt.Fprintln(out, bad.Problem)
	lost := bad.Size - bad.ValidUpTo
	switch {
	case !bad.Repairable() && !bad.Last:
		return errors.New("not the last file: cutting it would take commands from the middle of history, so it cannot be fixed")
	case !bad.Repairable():
		return errors.New("this part cannot be fixed")
	case !fix:
		return fmt.Errorf("--fix would cut off the last %d bytes", lost)
	}
	ticket, err := aof.Repair(disk, bad)
	if err != nil {
		return err
	}
	if err := wait(ticket); err != nil {
		return err
	}
	fmt.Fprintf(out, "Successfully truncated AOF %s: %d bytes cut off, %d left\n", bad.Name, lost, bad.ValidUpTo)
	return nil
}

func printFile(r *aof.FileReport, out io.Writer) {
	preamble := ""
	if r.Preamble > 0 {
		preamble = fmt.Sprintf(", of which %d are an RDB snapshot", r.Preamble)
	}
	state := "valid"
	if r.Problem != nil {
		state = "NOT valid"
	}
	fmt.Fprintf(out, "%s: %s, %d commands, %d of %d bytes are good%s\n", r.Name, state, r.Commands, r.ValidUpTo, r.Size, preamble)
}
