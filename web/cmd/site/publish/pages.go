package publish

import (
	"cmp"
	"fmt"
	"io/fs"
	"maps"
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
		if files[name], err = fs.ReadFile(site.Static(), name); err == nil && (path.Ext(name) == ".css" || name == "course.js" || name == "theme.js") {
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
	for i, l := range list {
		page, err := b.lessonPage(files, list, i, "../../", "", tongues)
		if err != nil {
			return err
		}
		if files[folder+l.ID+"/index.html"], err = site.Index(page); err != nil {
			return err
		}
	}
	for lang, translated := range tongues {
		words, err := site.Words(lang)
		if err != nil {
			return err
		}
		// Where there is no translation the links lead to English.
		mixed := slices.Clone(list)
		for i, l := range list {
			if t := translated[l.ID]; t != nil {
				mixed[i] = t
			}
		}
		for i, l := range list {
			if translated[l.ID] == nil {
				continue
			}
			page, err := b.lessonPage(files, mixed, i, "../../../", lang, tongues)
			if err != nil {
				return err
			}
			text, err := site.Index(page)
			if err != nil {
				return err
			}
			files[folder+l.ID+"/"+lang+"/index.html"] = site.Translate(text, words)
		}
	}
	// A newcomer begins to learn at once: the first page is the first lesson.
	first, err := b.lessonPage(files, list, 0, "", "", tongues)
	if err != nil {
		return err
	}
	if files["index.html"], err = site.Index(first); err != nil {
		return err
	}
	files[folder+"index.html"], err = site.Map(site.Course{
		Base:     "../",
		Style:    address(files, "style.css"),
		More:     address(files, "course.css"),
		Early:    []string{address(files, "theme.js")},
		Scripts:  []string{address(files, "course.js")},
		Download: b.download(),
		First:    "../",
		Phases:   site.Phased(list, func(l *lessons.Lesson) string { return l.ID + "/" }),
	})
	return err
}

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

// lessonPage is the page of a lesson in a language ("" is English); base leads
// from it to the site's root.
func (b *Builder) lessonPage(files map[string][]byte, list []*lessons.Lesson, at int, base, lang string, tongues map[string]map[string]*lessons.Lesson) (site.Page, error) {
	in := func(lesson, lang string) string {
		if lang != "" && tongues[lang][lesson] != nil {
			return base + folder + lesson + "/" + lang + "/"
		}
		return base + folder + lesson + "/"
	}
	page, err := pageOf(list, at, func(lesson, step string) string { return anchored(in(lesson, lang), step) })
	page.Lang = lang
	for _, other := range append([]string{""}, slices.Sorted(maps.Keys(tongues))...) {
		if id := list[at].ID; other != lang && (other == "" || tongues[other][id] != nil) {
			page.Languages = append(page.Languages, site.Neighbour{Title: names[other], URL: in(id, other), Lang: cmp.Or(other, "en")})
		}
	}
	page.Base, page.Course = base, base+folder
	page.Style, page.Panels = address(files, "style.css"), address(files, "panels.css")
	page.Early, page.Scripts = []string{address(files, "early.js")}, []string{address(files, "boot.js")}
	page.Preload = [][2]string{{address(files, "everysec.js"), "script"}}
	page.Download = b.download()
	if b.Live {
		page.Scripts = append(page.Scripts, address(files, "live.js"))
	}
	return page, err
}

// pageOf is what does not depend on where the page is but for its links.
func pageOf(list []*lessons.Lesson, at int, url markdown.Link) (site.Page, error) {
	l := list[at]
	html, err := markdown.HTML(l, url)
	page := site.Page{Lesson: l, HTML: html, Store: l.ID}
	if at == 0 {
		page.Store = "playground"
	} else {
		page.Previous = &site.Neighbour{Title: list[at-1].Title, URL: url(list[at-1].ID, "")}
	}
	if at+1 < len(list) {
		page.Next = &site.Neighbour{Title: list[at+1].Title, URL: url(list[at+1].ID, "")}
	}
	return page, err
}

func anchored(url, step string) string {
	if step == "" {
		return url
	}
	return url + "#" + step
}
