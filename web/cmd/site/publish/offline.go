package publish

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"everysec/web/site"
)

// firstVisit are the files that the page is made of, as it asks for them, the
// page itself first: what the service worker keeps.
var firstVisit = []string{"early.js", "style.css", "everysec.js", "boot.js", "worker.js", "everysec.wasm"}

// offline fills in what the service worker keeps.
func (b *Builder) offline(files map[string][]byte) error {
	const name, list, build = "service-worker.js", "const files = [];", `const build = "";`
	kept := [][2]string{{"./", Digest(files["index.html"])}}
	for _, f := range append(firstVisit, "course.css", "course.js", "theme.js", "language.js") { // the map needs little
		kept = append(kept, [2]string{address(files, f), Digest(files[f])})
	}
	for _, f := range []string{"icon.svg", "manifest.webmanifest"} {
		kept = append(kept, [2]string{f, Digest(files[f])})
	}
	for _, f := range partNames() { // whatever the page does, it does without a network
		kept = append(kept, [2]string{address(files, f), Digest(files[f])})
	}
	var later [][2]string
	rare := append([]string{"panels.css", "framed.js"}, viewerFiles...)
	for _, lang := range site.Languages() {
		name, _, err := site.CatalogueFile(lang)
		if err != nil {
			return err
		}
		rare = append(rare, name)
	}
	for _, f := range rare {
		later = append(later, [2]string{address(files, f), Digest(files[f])})
	}
	for _, f := range slices.Sorted(maps.Keys(files)) {
		if page, ok := strings.CutSuffix(f, "/index.html"); ok && !strings.HasPrefix(f, embedding) {
			later = append(later, [2]string{page + "/", Digest(files[f])})
		}
	}
	text, err := json.Marshal(kept)
	if err != nil {
		return err
	}
	laterText, err := json.Marshal(later)
	if err != nil {
		return err
	}
	if err := exchange(files, name, "const later = [];", "const later = "+string(laterText)+";"); err != nil {
		return err
	}
	script := files[name]
	if bytes.Count(script, []byte(list)) != 1 || bytes.Count(script, []byte(build)) != 1 {
		return fmt.Errorf("%s has no place for the list of files", name)
	}
	script = bytes.Replace(script, []byte(list), append(append([]byte("const files = "), text...), ';'), 1)
	files[name], err = minified(name, strings.Replace(string(script), build, fmt.Sprintf("const build = %q;", hash(slices.Concat(text, laterText))), 1))
	return err
}

// Digest is the SHA-256 of a file, as a browser's own check of a file has it.
func Digest(data []byte) string {
	sum := sha256.Sum256(data)
	return base64.StdEncoding.EncodeToString(sum[:])
}
