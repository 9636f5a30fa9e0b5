package publish

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/web/site"
)

// pages adds the page, with the lesson's text in it, and what it is drawn with.
func (b *Builder) pages(files map[string][]byte) error {
	err := fs.WalkDir(site.Static(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".html" || strings.HasPrefix(name, "words.") {
			return err
		}
		if files[name], err = fs.ReadFile(site.Static(), name); err == nil && (path.Ext(name) == ".css" || slices.Contains([]string{"course.js", "embed.js", "embedding.js", "theme.js", "language.js"}, name)) {
			files[name], err = minified(name, string(files[name]))
		}
		return err
	})
	if err != nil {
		return err
	}
	if !b.Live {
		delete(files, "live.js")
	}
	for _, size := range []int{192, 512} {
		if files[fmt.Sprintf("icon-%d.png", size)], err = iconPNG(size); err != nil {
			return err
		}
	}
	list, err := b.lessons()
	if err != nil {
		return err
	}
	tongues, err := markdown.Translations(filepath.Join(b.Root, "lessons"), list)
	if err != nil {
		return err
	}
	for _, lang := range site.Languages() {
		name, text, err := site.CatalogueFile(lang)
		if err != nil {
			return err
		}
		if names[lang] == "" {
			return fmt.Errorf("there is a words.%s, and pages.go does not know what that language calls itself", lang)
		}
		files[name] = text
	}
	for lang := range tongues {
		if !slices.Contains(site.Languages(), lang) {
			return fmt.Errorf("there are lessons in %q, and no words.%s for the page", lang, lang)
		}
	}
	for _, lang := range languages() {
		base := "../../"
		if lang != "" {
			base += "../"
		}
		in := tongue{lang, list, tongues[lang]}
		for i, l := range list {
			page, err := b.lessonPage(files, in, i, base)
			if err != nil {
				return err
			}
			if files[folder+l.ID+"/"+below(lang)+"index.html"], err = site.Index(page); err != nil {
				return err
			}
		}
		if files[folder+below(lang)+"index.html"], err = b.mapPage(files, in, base[3:]); err != nil {
			return err
		}
	}
	// A newcomer begins to learn at once: the first page is the first lesson.
	first, err := b.lessonPage(files, tongue{"", list, nil}, 0, "")
	if err != nil {
		return err
	}
	if files["index.html"], err = site.Index(first); err != nil {
		return err
	}
	for _, lang := range languages() {
		base := "../"
		if lang != "" {
			base += "../"
		}
		files[embedding+below(lang)+"index.html"], err = site.Embedding(site.Course{
			Lang:      lang,
			Base:      base,
			Map:       base + folder + below(lang),
			Style:     address(files, "style.css"),
			More:      address(files, "embed.css"),
			Early:     []string{address(files, "theme.js")},
			Scripts:   []string{address(files, "embedding.js")},
			Languages: others(lang, func(lang string) string { return base + embedding + below(lang) }),
			Download:  b.download(),
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// mapPage is the map of the course.
func (b *Builder) mapPage(files map[string][]byte, in tongue, base string) ([]byte, error) {
	url := func(l *lessons.Lesson) string { return base + folder + l.ID + "/" + below(in.lang) }
	first := base
	if in.lang != "" {
		first = url(in.list[0])
	}
	return site.Map(site.Course{
		Lang:      in.lang,
		Base:      base,
		Style:     address(files, "style.css"),
		More:      address(files, "course.css"),
		Early:     []string{address(files, "language.js"), address(files, "theme.js")},
		Scripts:   []string{address(files, "course.js")},
		Download:  b.download(),
		First:     first,
		Phases:    site.Phased(in.lessons(), url, in.foreign),
		Languages: others(in.lang, func(lang string) string { return base + folder + below(lang) }),
	})
}

// languages are those of the pages; "" is English.
func languages() []string { return append([]string{""}, site.Languages()...) }

// below is where the pages of a language stand, beside the English ones.
func below(lang string) string {
	if lang == "" {
		return ""
	}
	return lang + "/"
}

// others are a page in the other languages.
func others(lang string, url func(lang string) string) []site.Neighbour {
	var list []site.Neighbour
	for _, other := range languages() {
		if other != lang {
			list = append(list, site.Neighbour{Title: names[other], URL: url(other), Lang: cmp.Or(other, "en")})
		}
	}
	return list
}

// tongue is the course in a language: its lessons, in English where they have
// not been translated.
type tongue struct {
	lang       string
	list       []*lessons.Lesson
	translated map[string]*lessons.Lesson
}

func (t tongue) lessons() []*lessons.Lesson {
	mixed := slices.Clone(t.list)
	for i, l := range t.list {
		if other := t.translated[l.ID]; other != nil {
			mixed[i] = other
		}
	}
	return mixed
}

// foreign is the language of a lesson, if it is another.
func (t tongue) foreign(l *lessons.Lesson) string {
	if t.lang == "" || t.translated[l.ID] != nil {
		return ""
	}
	return "en"
}

// embedding is where authors of other pages read how to put a lesson into them.
const embedding = "embed/"

// folder is where the lessons are, and the map of the course.
const folder = "lessons/"

func (b *Builder) lessons() ([]*lessons.Lesson, error) {
	dir := filepath.Join(b.Root, "lessons")
	list, err := markdown.Load(dir)
	if err == nil && len(list) == 0 {
		err = fmt.Errorf("no lesson in %s", dir)
	}
	return list, err
}

func (b *Builder) download() string {
	if b.Download {
		return singleName
	}
	return ""
}

// names are what languages call themselves.
var names = map[string]string{"": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}

// lessonPage is the page of a lesson; base leads from it to the site's root.
func (b *Builder) lessonPage(files map[string][]byte, in tongue, at int, base string) (site.Page, error) {
	url := func(lesson, lang string) string { return base + folder + lesson + "/" + below(lang) }
	page, err := pageOf(in, at, func(lesson, step string) string { return anchored(url(lesson, in.lang), step) })
	page.Languages = others(in.lang, func(lang string) string { return url(page.Lesson.ID, lang) })
	page.Base, page.Course = base, base+folder+below(in.lang)
	page.Style, page.Panels = address(files, "style.css"), address(files, "panels.css")
	page.Early, page.Scripts = []string{address(files, "early.js")}, []string{address(files, "boot.js")}
	page.Preload = [][2]string{{address(files, "everysec.js"), "script"}}
	if in.lang != "" {
		name, _, err := site.CatalogueFile(in.lang)
		if err != nil {
			return page, err
		}
		page.Words = address(files, name)
		page.Preload = append(page.Preload, [2]string{page.Words, "fetch"})
	}
	page.Download = b.download()
	if b.Live {
		page.Scripts = append(page.Scripts, address(files, "live.js"))
	}
	return page, err
}

// pageOf is what does not depend on where the page is but for its links.
func pageOf(in tongue, at int, url markdown.Link) (site.Page, error) {
	list := in.lessons()
	l := list[at]
	html, err := markdown.HTML(l, url)
	page := site.Page{Lesson: l, Lang: in.lang, Foreign: in.foreign(l), HTML: html, Store: l.ID}
	if at == 0 {
		page.Store = "playground"
	}
	neighbour := func(at int) *site.Neighbour {
		if at < 0 || at >= len(list) {
			return nil
		}
		return &site.Neighbour{Title: list[at].Title, URL: url(list[at].ID, ""), Foreign: in.foreign(list[at])}
	}
	page.Previous, page.Next = neighbour(at-1), neighbour(at+1)
	return page, err
}

func anchored(url, step string) string {
	if step == "" {
		return url
	}
	return url + "#" + step
}
