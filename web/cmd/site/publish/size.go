package publish

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Limit is how many bytes a first visit may download, compressed with brotli.
const Limit = 1_200_000

// laterOnly are files that no first visit asks for.
var laterOnly = []string{"everysec.d.ts", "everysec.names.txt", "icon-192.png", "icon-512.png", "course.css", "course.js", "embed.css", "embed.d.ts", "embed.js", "embedding.js", "framed.js", "theme.js", "language.js", "panels.css", "viewer.js", "viewer-worker.js", "viewer.wasm"}

// Size prints what a first visit to a built site downloads, and fails above Limit.
func Size(dir string, w io.Writer) error {
	var total, apart, later int64
	partNames := partNames()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".br") {
			return err
		}
		name, err := filepath.Rel(dir, strings.TrimSuffix(path, ".br"))
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if slices.Contains(viewerFiles, name) {
			later += info.Size()
		}
		if slices.Contains(partNames, name) {
			apart += info.Size()
			fmt.Fprintf(w, "%9d  %s, when it is first used\n", info.Size(), name)
			return nil
		}
		if slices.Contains(laterOnly, name) || strings.HasPrefix(name, folder) || strings.HasPrefix(name, embedding) || strings.HasPrefix(name, "words-") {
			return nil
		}
		total += info.Size()
		fmt.Fprintf(w, "%9d  %s\n", info.Size(), name)
		return nil
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "%9d  more of parts, fetched when the page has been whole for a while, to work without a network\n", apart)
	fmt.Fprintf(w, "%9d  more when a file is first looked into\n", later)
	fmt.Fprintf(w, "%9d  bytes of brotli for a first visit, of %d\n", total, Limit)
	if total > Limit {
		return errors.New("the first visit is too large")
	}
	return nil
}
