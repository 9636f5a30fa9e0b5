// Command lint tells what is wrong with lessons: file:line: what, and what to
// do about it.
//
//	lint                 every lesson below lessons/
//	lint FILE...         these
package main

import (
	"fmt"
	"os"
	"path/filepath"

	"everysec/lessons/lint"
)

func main() {
	files := os.Args[1:]
	if len(files) == 0 {
		files, _ = filepath.Glob("lessons/[0-9][0-9]-*/lesson.md") // the pattern is a good one
	}
	found, err := lint.Files("lessons", files)
	if err != nil {
		fmt.Fprintln(os.Stderr, "lint:", err)
		os.Exit(2)
	}
	for _, e := range found {
		fmt.Println(e)
	}
	if len(found) > 0 {
		os.Exit(1)
	}
}
