package viewer_test

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"everysec/web/viewer"
)

// What the viewer says of any byte of any file, beside numbers, dates and what users
// have put there, is of its vocabulary, which every catalogue has.
func TestEveryMeaningIsInTheVocabulary(t *testing.T) {
	all := files(t)
	all["nothing"] = []byte("neither")
	all["appendonly.aof.manifest"] = []byte("file a.base.rdb seq 1 type b\nfile a.incr.aof seq 1 type i\nfile old seq 1 type h\n# a comment\n")
	for _, pattern := range []string{"../../engine/rdb/testdata/*", "../../engine/aof/testdata/*"} {
		names, err := filepath.Glob(pattern)
		if err != nil || len(names) == 0 {
			t.Fatalf("%s: %q, %v", pattern, names, err)
		}
		for _, name := range names {
			data, err := os.ReadFile(name)
			if err != nil {
				t.Fatal(err)
			}
			all[name] = data
		}
	}
	letters, hex := regexp.MustCompile(`[a-z]{2,}`), regexp.MustCompile(`^0x[0-9a-f]+$`)
	missing := map[string]bool{}
	n := 0
	for name, data := range all {
		for _, p := range whole(t, open(t, name, data)) {
			texts := []string{p.Name, p.How}
			if !p.Data && p.Name != "unread" {
				texts = append(texts, p.Says)
			}
			for _, text := range texts {
				if _, known := viewer.Meant(text); !known && text != "" && text[0] != '"' && letters.MatchString(text) && !hex.MatchString(text) {
					missing[text] = true
				}
				n++
			}
		}
	}
	if n < 5000 {
		t.Errorf("only %d texts", n)
	}
	for text := range missing {
		t.Errorf("%q is not in the vocabulary: add it to Meanings", text)
	}
}
