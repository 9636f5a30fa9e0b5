// Command scaffold begins a lesson: `make lesson NAME=bitmaps`.
package main

import (
	"fmt"
	"os"

	"everysec/lessons/scaffold"
)

func main() {
	name := ""
	if len(os.Args) > 1 {
		name = os.Args[1]
	}
	file, err := scaffold.New("lessons", name)
	if err != nil {
		fmt.Fprintln(os.Stderr, "scaffold:", err)
		os.Exit(1)
	}
	fmt.Printf("%s is a lesson of its own already: look at it with `make dev`.\nEvery TODO in it is yours: go run ./lessons/cmd/lint %s\n", file, file)
}
