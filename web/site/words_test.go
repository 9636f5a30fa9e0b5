package site_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"everysec/lessons"
	"everysec/web/site"
	"everysec/web/viewer"
	"everysec/web/words"
)

// What somebody sees goes through a catalogue, and a catalogue holds nothing
// else. This finds what has been forgotten.

const howToMend = `
Each text that the page shows stands whole in the code, as words.Say("… {what} …", what)
or words.Many(n, "{n} key|{n} keys"), in the view also as node.say("…"), in JavaScript as
say("…"); and web/site/words.de has a line "English = Deutsch" for it, with the same
{places}. Who does not know German writes "English = ?": it stays English until
somebody does. What is Redis's own, a name, a selector, is no text: the line ends with
the remark "// not a text" (in HTML: translate="no").`

// text is a string that is shown, and where it stands.
type text struct{ at, english string }

func TestEveryTextIsInTheCatalogue(t *testing.T) {
	said := texts(t)
	if len(said) < 300 {
		t.Fatalf("only %d texts were found: the check looks in the wrong place", len(said))
	}
	known := map[string]bool{}
	for _, s := range said {
		known[s.english] = true
	}
	worker := source(t, "../../wasm/playground", "../../wasm/idb", "../../wasm/js", "../../lessons", "../../engine/crashreport", "../viewer", "../view", "../app", "../console")
	for _, lang := range site.Languages() {
		lines, err := site.Lines(lang)
		if err != nil {
			t.Fatal(err)
		}
		catalogue := map[string]bool{}
		missing, all := false, words.Catalogue{}
		for _, l := range lines {
			all[l[0]] = l[1]
		}
		for _, s := range told {
			if all.Heard(s) == s {
				t.Errorf("words.%s has no line for %q, which is told", lang, s)
			}
		}
		for _, l := range lines {
			catalogue[l[0]] = true
			if !known[l[0]] && !comesFrom(worker, l[0]) && !slices.ContainsFunc(told, func(s string) bool { return words.Catalogue{l[0]: "!"}.Heard(s) != s }) {
				t.Errorf("words.%s: nothing says %q any more: take the line out", lang, l[0])
			}
			if l[1] == "?" {
				t.Logf("words.%s: %q waits for a translation", lang, l[0])
			}
		}
		for _, s := range said {
			if !catalogue[s.english] {
				missing = true
				t.Errorf("%s: words.%s has no %q", s.at, lang, s.english)
			}
		}
		if missing {
			t.Log(howToMend)
		}
	}
}

// told are texts that come with their values in them, put together elsewhere:
// what a lesson does, and why a write is there or not.
var told = append(does(
	"!crash kill-9", "!crash power-loss", "!crash power-loss-torn", "!crash bit-rot", "!restart", "!restart --appendonly no", "!clock advance 31s", "!clock pause",
	"!clock resume", "!pause a", "!resume a", "!kill a", "!fill 1000 keys", "!fill 1000 fields key=h", "!fill 1000 members key=s", "!load x.rdb",
	"!traffic 1000", "!traffic 1000 over=5s", "!disk hang", "!disk answer", "!wait background", "!wait synced",
),
	"another tab took over this store; what you change here is no longer kept", "another tab erased this store; what you change here is no longer kept",
	"written to a.aof, not synced: the page cache outlived the process", "written to a.aof, not synced: on the disk by luck",
	"only in memory: no append-only file was written, and there was no snapshot",
	"an fsync has ended: 1 more write is on the disk", "an fsync has ended: 7 more writes are on the disk",
	"This Everysec does not play the run as it was recorded, from input 3 of 9 on: it was another version.",
)

// does are the words of actions.
func does(actions ...string) (out []string) {
	for _, source := range actions {
		a, err := lessons.ParseAction(source)
		if err != nil {
			panic(err)
		}
		out = append(out, a.Words())
	}
	return out
}

// comesFrom tells whether the pieces of a text between its places stand in a
// source that does not speak to people itself: the worker's, for what it tells.
func comesFrom(source, english string) bool {
	for _, piece := range place.Split(english, -1) {
		if piece = strings.TrimSpace(piece); len(piece) > 1 && !strings.Contains(source, piece) {
			return false
		}
	}
	return true
}

var place = regexp.MustCompile(`\{\w+\}`)

func source(t *testing.T, dirs ...string) string {
	var all strings.Builder
	for _, dir := range dirs {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if ext := filepath.Ext(path); err != nil || d.IsDir() || ext != ".go" && ext != ".js" || strings.HasSuffix(path, "_test.go") {
				return err
			}
			content, err := os.ReadFile(path)
			all.Write(content)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all.String()
}

func texts(t *testing.T) []text {
	var all []text
	for _, dir := range []string{"../view", "../app"} {
		err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
			if err == nil && strings.HasSuffix(path, ".go") && !strings.HasSuffix(path, "_test.go") {
				all = append(all, goTexts(t, path)...)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	scripts, err := filepath.Glob("../../wasm/js/viewer/*.js")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("the viewer's scripts: %q, %v", scripts, err)
	}
	for _, name := range append(scripts, "../../wasm/js/boot.js", "../../wasm/js/viewer.js") {
		all = append(all, scriptTexts(t, name)...)
	}
	for _, name := range []string{"index.html", "course.html", "embed.html"} {
		page, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		site.Texts(string(page), func(s string) string {
			if bare := strings.Trim(action.ReplaceAllString(s, ""), " –"); prose(bare) && !strings.HasPrefix(bare, "127.0.0.1") {
				all = append(all, text{"web/site/" + name, unescape.Replace(s)})
			}
			return s
		})
	}
	for _, title := range lessons.Phases {
		all = append(all, text{"lessons.Phases", title})
	}
	for _, s := range []string{"Run", "Show me", "Check", "Hint", "Solution", "Before you run it", "I do not know", "sent in the same instant", "I broke it: begin this step again"} {
		all = append(all, text{"lessons/markdown/html.go", s})
	}
	for _, s := range viewer.Meanings {
		if letters.MatchString(place.ReplaceAllString(s, "")) {
			all = append(all, text{"web/viewer/meaning.go", s})
		}
	}
	all = append(all, text{"web/console/hint.go", "(now {value})"})
	return append(all, text{"web/words", "1,234.5"}, text{"web/app/text.go", "{n}th"})
}

var (
	action   = regexp.MustCompile(`\{\{[^}]*\}\}`)
	unescape = strings.NewReplacer("&amp;", "&", "&lt;", "<", "&gt;", ">", "&quot;", `"`)
	letters  = regexp.MustCompile(`\pL\pL`)
	command  = regexp.MustCompile(`^[A-Z0-9 _*.,:()'"%-]+$|^[A-Z]{3,}( [A-Z]+)?( [a-z]+){1,2}$`)
	selector = regexp.MustCompile(`^"\] |^[#.\[][a-z]|^\([a-z-]+: [a-z0-9]+\)$|^input:|^[a-z]+\[| \^[a-z] `)
	sentence = regexp.MustCompile(`\pL.* .*\pL|^\W*\p{Lu}\p{Ll}|…`)
)

// own are Redis's own words, and names, which no language says otherwise.
var own = strings.Fields(`appendonly appendfsync save yes no always everysec redis redis.conf dump.rdb write() fsync()
	string list hash set zset stream --raw --csv --json --quoted-json RESP2 RESP3 Everysec`)

// prose tells whether there is anything to translate.
func prose(s string) bool {
	return letters.MatchString(s) && !command.MatchString(s) && !selector.MatchString(s) && !slices.Contains(own, s) && !slices.Contains(keys, s)
}

// keys are what the DOM calls keys.
var keys = strings.Fields("Enter Tab Home End PageUp PageDown ArrowUp ArrowDown ArrowLeft ArrowRight Delete Backspace")

// unsaid are calls whose texts nobody sees: names of elements, of the DOM, errors
// of the program.
var unsaid = []string{
	"panic", "byID", "find", "all", "closest", "create", "on", "Call", "Get", "Set", "New", "class", "style", "data", "property", "stored", "store",
	"unset", "tab", "click", "matches", "Contains", "HasPrefix", "HasSuffix", "Index", "IndexByte", "TrimPrefix", "TrimSuffix", "Cut", "Replace", "ReplaceAll",
	"NewReplacer", "Split", "ask", "addOption",
}

// spoken are attributes that are seen or heard.
var spoken = []string{"title", "aria-label", "aria-description", "aria-valuetext", "placeholder"}

func goTexts(t *testing.T, path string) (out []text) {
	files := token.NewFileSet()
	f, err := parser.ParseFile(files, path, nil, parser.ParseComments)
	if err != nil {
		t.Fatal(err)
	}
	marked := map[int]bool{} // lines that say that they hold no text
	for _, group := range f.Comments {
		for _, c := range group.List {
			if strings.Contains(c.Text, "not a text") {
				marked[files.Position(c.Pos()).Line] = true
			}
		}
	}
	literal := func(e ast.Expr) (string, bool) {
		l, ok := e.(*ast.BasicLit)
		if !ok || l.Kind != token.STRING {
			return "", false
		}
		s, err := strconv.Unquote(l.Value)
		return s, err == nil
	}
	add := func(e ast.Node, s string) {
		at := files.Position(e.Pos())
		if !marked[at.Line] {
			out = append(out, text{strings.TrimPrefix(at.String(), "../"), s})
		}
	}
	var visit func(n ast.Node) bool
	each := func(nodes ...ast.Expr) {
		for _, n := range nodes {
			ast.Inspect(n, visit)
		}
	}
	visit = func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec, *ast.StructType:
			return false
		case *ast.CaseClause: // compared, and not shown
			for _, s := range n.Body {
				ast.Inspect(s, visit)
			}
			return false
		case *ast.BinaryExpr:
			return n.Op != token.EQL && n.Op != token.NEQ
		case *ast.IndexExpr:
			each(n.X)
			return false
		case *ast.KeyValueExpr:
			each(n.Value)
			return false
		case *ast.CallExpr:
			name := ""
			switch f := n.Fun.(type) {
			case *ast.Ident:
				name = f.Name
			case *ast.SelectorExpr:
				name = f.Sel.Name
				each(f.X)
			}
			switch {
			case slices.Contains(unsaid, name):
				for _, a := range n.Args { // but there may be functions in it
					if _, ok := literal(a); !ok {
						each(a)
					}
				}
				return false
			case name == "set" && len(n.Args) == 2:
				attribute, _ := literal(n.Args[0])
				if _, ok := literal(n.Args[1]); !ok || slices.Contains(spoken, attribute) {
					each(n.Args[1])
				}
				return false
			case name == "say" || name == "setText" || name == "Say" || name == "Many":
				for i, a := range n.Args {
					s, ok := literal(a)
					switch {
					case !ok || i > 0 && name != "setText":
						each(a)
					case letters.MatchString(place.ReplaceAllString(s, "")) && !slices.Contains(own, s):
						add(a, s)
					}
				}
				if s, ok := literal(n.Args[0]); ok && (name == "Say" || name == "Many") {
					places := map[string]bool{}
					for _, p := range place.FindAllString(s, -1) {
						places[p] = p != "{n}" || name == "Say"
					}
					want := 0
					for _, counts := range places {
						if counts {
							want++
						}
					}
					given := len(n.Args) - 1
					if name == "Many" {
						t.Errorf("%s: the first argument of words.Many is the count", files.Position(n.Pos()))
					}
					if given != want {
						t.Errorf("%s: %q has %d places, and %d values are given", files.Position(n.Pos()), s, want, given)
					}
				} else if len(n.Args) > 1 && name == "Many" {
					if s, ok := literal(n.Args[1]); ok {
						add(n.Args[1], s)
						places := map[string]bool{}
						for _, p := range place.FindAllString(s, -1) {
							places[p] = true
						}
						delete(places, "{n}")
						if given := len(n.Args) - 2; given != len(places) {
							t.Errorf("%s: %q has %d places beside the count, and %d values are given", files.Position(n.Pos()), s, len(places), given)
						}
					}
					each(n.Args[2:]...)
				}
				return false
			}
			each(n.Args...)
			return false
		case *ast.BasicLit:
			if s, ok := literal(n); ok && prose(s) && sentence.MatchString(s) {
				add(n, s)
			}
		}
		return true
	}
	ast.Inspect(f, visit)
	return out
}

var (
	remark     = regexp.MustCompile(`(?m)^\s*//.*$| // .*$`)
	quoted     = regexp.MustCompile("\"((?:[^\"\\\\\n]|\\\\.)*)\"|`((?:[^`\\\\]|\\\\.)*)`")
	saysIt     = regexp.MustCompile(`\b(?:say|everysecSay|plural)\($`)
	expression = regexp.MustCompile(`\$\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}`)
)

// scriptTexts are those of a script: what it says, and what looks as if it should.
func scriptTexts(t *testing.T, path string) (out []text) {
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i, line := range strings.Split(string(content), "\n") {
		if strings.Contains(line, "// not a text") {
			continue
		}
		line = remark.ReplaceAllString(line, "")
		for _, m := range quoted.FindAllStringSubmatchIndex(line, -1) {
			s := line[m[0]+1 : m[1]-1]
			if line[m[0]] == '`' {
				s = expression.ReplaceAllString(s, "")
			}
			says := saysIt.MatchString(line[:m[0]])
			if says && letters.MatchString(s) || prose(s) && sentence.MatchString(s) {
				out = append(out, text{strings.TrimPrefix(path, "../../") + ":" + strconv.Itoa(i+1), s})
			}
		}
	}
	return out
}
