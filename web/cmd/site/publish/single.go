package publish

import (
	"archive/zip"
	"bytes"
	"cmp"
	"encoding/base64"
	"fmt"
	"html"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/web/site"
)

// The site to take along: as one HTML file that a double click opens, without
// a server and without a network, and as a zip for any host.

const (
	downloads   = "download/"
	singleName  = downloads + "everysec.html"
	archiveName = downloads + "everysec-site.zip"
)

// inlineScript makes the worker out of the page itself. A page from file:// may
// fetch nothing, so the module goes to the worker in a message.
const inlineScript = `globalThis.everysecInline = (() => {
  const text = (id) => document.getElementById(id).textContent;
  const unpack = async (id) => {
    const packed = Uint8Array.from(atob(text(id)), (c) => c.charCodeAt(0));
    return new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"))).arrayBuffer();
  };
  const start = (id, name) => {
    const url = URL.createObjectURL(new Blob([text(id + "-worker")], { type: "text/javascript" }));
    const worker = new Worker(url, { name });
    if (name !== "again") {
      unpack(id + "-wasm").then((wasm) => worker.postMessage({ wasm }, [wasm]), (e) => worker.dispatchEvent(new ErrorEvent("error", { message: e.message })));
    }
    return worker;
  };
  return { worker: (name) => start("everysec", name), viewer: () => start("viewer", "inline") };
})();
`

// inlineLesson takes the lesson that ?lesson= names, in the language that ?lang=
// names or that was chosen before, out of its template before any program looks
// at the page.
const inlineLesson = `{
  const wishes = new URLSearchParams(location.search);
  let lang = wishes.get("lang");
  try {
    lang ??= localStorage.getItem("everysec.language");
  } catch {}
  const words = document.getElementById("words-" + lang)?.textContent;
  const english = document.documentElement.lang;
  let lesson = document.querySelector("meta[name=everysec]").dataset;
  if (words) {
    document.documentElement.lang = lang;
    for (const e of [...document.body.children]) if (!/^(SCRIPT|TEMPLATE)$/.test(e.tagName)) e.remove();
    const page = document.querySelector('template[data-page="' + lang + '"]');
    document.title = page.dataset.title;
    document.body.prepend(page.content);
  }
  const id = wishes.get("lesson");
  const named = (more) => id && document.querySelector('template[data-lesson="' + CSS.escape(id) + '"]' + more);
  const original = named(":not([data-lang])");
  const chosen = (words && named('[data-lang="' + lang + '"]')) || original;
  if (chosen) {
    document.title = chosen.dataset.title;
    lesson = original.dataset;
    const section = chosen.content.getElementById("lesson");
    if (chosen.dataset.foreign) {
      // The text is in English, what belongs to the page is not.
      const said = new Map(words.split("\n").map((line) => line.split("\t")));
      const { dataset, children } = original.content.getElementById("lesson");
      section.dataset.encoded = dataset.encoded;
      section.prepend(children[0]);
      section.firstChild.lang = english;
      for (const e of section.firstChild.querySelectorAll("[data-word]")) {
        e.lang = lang;
        e.textContent = said.get(e.textContent) ?? e.textContent;
      }
    }
    for (const name of ["steps", "lesson"]) document.getElementById(name).replaceWith(chosen.content.getElementById(name));
  }
  globalThis.everysecLesson = { store: lesson.store, config: lesson.config, words };
  for (const a of document.querySelectorAll(".languages a")) a.search = (id ? "?lesson=" + id + "&" : "?") + "lang=" + a.hreflang;
  if (wishes.has("lang")) for (const a of document.querySelectorAll('a[href^="?lesson="]')) a.search += "&lang=" + lang;
}
`

// inlineCourse is the page of the first lesson, and what lies behind it: the
// other lessons, each in a template, the map, and all that in other languages.
func (b *Builder) inlineCourse() (page, course []byte, err error) {
	list, err := b.lessons()
	if err != nil {
		return nil, nil, err
	}
	tongues, err := markdown.Translations(filepath.Join(b.Root, "lessons"), list)
	if err != nil {
		return nil, nil, err
	}
	var out bytes.Buffer
	articles := ""
	for _, lang := range languages() {
		in := tongue{lang, list, tongues[lang]}
		url := func(lesson, step string) string { return anchored("?lesson="+lesson, step) }
		languages := others(lang, func(lang string) string { return "?lang=" + cmp.Or(lang, "en") })
		listed, err := site.List(site.Course{
			Lang: lang, First: url(list[0].ID, ""), Back: "#lesson", Languages: languages,
			Phases: site.Phased(in.lessons(), func(l *lessons.Lesson) string { return url(l.ID, "") }, in.foreign),
		})
		if err != nil {
			return nil, nil, err
		}
		for i := range list {
			p, err := pageOf(in, i, url)
			if err != nil {
				return nil, nil, err
			}
			p.Course, p.Languages = "#course", languages
			if lang == "" {
				articles += string(p.HTML)
			}
			if i == 0 && lang == "" {
				if page, err = site.Index(p); err != nil {
					return nil, nil, err
				}
				out.Write(listed)
				continue
			}
			if i == 0 {
				whole, err := site.Index(p)
				if err != nil {
					return nil, nil, err
				}
				_, body, _ := strings.Cut(string(whole), "<body")
				_, body, _ = strings.Cut(body, ">")
				body, _, _ = strings.Cut(body, "<noscript>")
				fmt.Fprintf(&out, "<template data-page=\"%s\" data-title=\"%s\">%s%s</template>\n", lang, html.EscapeString(p.Lesson.Title), body, listed)
				continue
			}
			more := ""
			if lang != "" {
				more = ` data-lang="` + lang + `"`
			}
			if p.Foreign != "" { // the text is in the English template
				p.HTML = nil
				more += ` data-foreign="` + p.Foreign + `"`
			}
			parts, err := site.Parts(p)
			if err != nil {
				return nil, nil, err
			}
			if p.Foreign != "" {
				parts = encodedData.ReplaceAll(parts, nil)
			}
			fmt.Fprintf(&out, "<template data-lesson=\"%s\" data-title=\"%s\" data-store=\"%s\" data-config=\"%s\"%s>%s</template>\n",
				p.Lesson.ID, html.EscapeString(p.Lesson.Title), p.Store, html.EscapeString(p.Config()), more, parts)
		}
		if lang != "" {
			text, err := site.CatalogueWith(lang, articles)
			if err != nil {
				return nil, nil, err
			}
			fmt.Fprintf(&out, "<script type=\"text/plain\" id=\"words-%s\">%s</script>\n", lang, endTag.ReplaceAllString(string(text), ""))
		}
	}
	return page, out.Bytes(), nil
}

// inlineDownload stands in the worker where download.js does otherwise.
const inlineDownload = `self.everysecModule =
  self.name === "again"
    ? null
    : new Promise((resolve) => {
        addEventListener("message", function hear({ data }) {
          if (!data?.wasm) return;
          removeEventListener("message", hear);
          resolve(WebAssembly.compile(data.wasm));
        });
      });
self.everysecModule?.catch(() => {}); // worker.js tells the page
`

var (
	linkTag     = regexp.MustCompile(`<link rel="(?:preload|manifest|apple-touch-icon)"[^>]*>\n`)
	scriptTag   = regexp.MustCompile(`<script[^>]* src="[^"]*"></script>\n`)
	styleTag    = regexp.MustCompile(`<link rel="stylesheet"[^>]*>`)
	sheetData   = regexp.MustCompile(` data-sheet="[^"]*"`)
	encodedData = regexp.MustCompile(` data-encoded="[^"]*"`)
	alternate   = regexp.MustCompile(`<link rel="alternate"[^>]*>\n`)
	iconTag     = regexp.MustCompile(`<link rel="icon"[^>]*>`)
	endTag      = regexp.MustCompile(`(?i)<(/script|!--)`)
)

// single makes the page with everything in it out of the site's files and of the
// sources; whole is the module before it was split. Its scripts are allowed by
// their hashes: no other runs in it.
func (b *Builder) single(files map[string][]byte, runtime string, whole []byte) ([]byte, error) {
	sources := map[string]string{}
	for _, name := range []string{"early.js", "boot.js", "viewer-worker.js"} {
		var err error
		if sources[name], err = b.source("wasm/js/" + name); err != nil {
			return nil, err
		}
	}
	worker, err := b.worker(inlineDownload, runtime)
	if err != nil {
		return nil, err
	}
	texts := map[string]string{}
	for _, script := range []struct {
		name string
		make func(name string) ([]byte, error)
	}{
		{"early.js", func(name string) ([]byte, error) {
			return minified(name, inlineLesson+inlineScript+string(files["language.js"])+sources[name]+"\n"+string(files["theme.js"]))
		}},
		{"boot.js", func(name string) ([]byte, error) {
			return b.bundled(name, sources[name]+"\n"+runtime, nil, "./viewer.js", "./framed.js") // which it does not ask for here
		}},
		{"worker.js", func(name string) ([]byte, error) { return minified(name, worker) }},
		{"course.js", func(name string) ([]byte, error) { return files[name], nil }},
		{"viewer.js", func(string) ([]byte, error) {
			return b.viewerScript("inline.js", `import { look } from "./viewer.js"; globalThis.everysecViewer = { look };`)
		}},
		{"viewer-worker.js", func(name string) ([]byte, error) { return minified(name, runtime+"\n"+sources[name]) }},
	} {
		text, err := script.make(script.name)
		if err != nil {
			return nil, err
		}
		texts[script.name] = endTag.ReplaceAllString(string(text), `<\$1`) // "</script" ends a script even within a string
	}
	early, module := texts["early.js"], texts["boot.js"]
	style := string(files["style.css"]) + string(files["panels.css"]) + string(files["course.css"])

	text, course, err := b.inlineCourse()
	if err != nil {
		return nil, err
	}
	page := string(text)
	page = linkTag.ReplaceAllString(page, "")
	page = scriptTag.ReplaceAllString(page, "")
	page = alternate.ReplaceAllString(page, "")
	once := func(tag *regexp.Regexp, with string) error {
		if len(tag.FindAllString(page, -1)) != 1 {
			return fmt.Errorf("index.html has no one place for %s", tag)
		}
		page = tag.ReplaceAllLiteralString(page, with)
		return nil
	}
	policy := fmt.Sprintf("default-src 'none'; script-src %s %s %s %s 'wasm-unsafe-eval'; worker-src blob:; style-src %s; img-src data: blob:; base-uri 'none'; form-action 'none'",
		allowed(early), allowed(module), allowed(texts["viewer.js"]), allowed(texts["course.js"]), allowed(style))
	icon := "data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(files["icon.svg"])
	for _, err := range []error{
		once(iconTag, `<meta http-equiv="Content-Security-Policy" content="`+policy+`">`+"\n"+`<link rel="icon" href="`+icon+`" type="image/svg+xml">`),
		once(sheetData, ""),
		once(styleTag, "<style>"+style+"</style>"),
	} {
		if err != nil {
			return nil, err
		}
	}
	body, end, found := strings.Cut(page, "</body>")
	if !found {
		return nil, fmt.Errorf("index.html has no end")
	}
	var out bytes.Buffer
	out.WriteString(body)
	out.Write(course)
	fmt.Fprintf(&out, "<script type=\"text/plain\" id=\"everysec-worker\">%s</script>\n", texts["worker.js"])
	fmt.Fprintf(&out, "<script type=\"text/plain\" id=\"everysec-wasm\">%s</script>\n", base64.StdEncoding.EncodeToString(gzipped(whole)))
	fmt.Fprintf(&out, "<script type=\"text/plain\" id=\"viewer-worker\">%s</script>\n", texts["viewer-worker.js"])
	fmt.Fprintf(&out, "<script type=\"text/plain\" id=\"viewer-wasm\">%s</script>\n", base64.StdEncoding.EncodeToString(gzipped(files["viewer.wasm"])))
	fmt.Fprintf(&out, "<script type=\"module\">%s</script>\n<script type=\"module\">%s</script>\n", texts["viewer.js"], texts["course.js"])
	fmt.Fprintf(&out, "<script>%s</script>\n<script type=\"module\">%s</script>\n</body>%s", early, module, end)
	return out.Bytes(), nil
}

// allowed is an inline text's place in a Content-Security-Policy.
func allowed(text string) string { return "'sha256-" + Digest([]byte(text)) + "'" }

// archived is the site as a zip, the same bytes for the same files.
func archived(files map[string][]byte) ([]byte, error) {
	names := make([]string, 0, len(files))
	for name := range files {
		if name != archiveName {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	var out bytes.Buffer
	z := zip.NewWriter(&out)
	for _, name := range names {
		w, err := z.Create("everysec/" + name)
		if err != nil {
			return nil, err
		}
		if _, err := w.Write(files[name]); err != nil {
			return nil, err
		}
	}
	err := z.Close()
	return out.Bytes(), err
}
