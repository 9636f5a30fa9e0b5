package publish

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"everysec/lessons"
	"everysec/lessons/markdown"
	"everysec/web/site"
)

// pages adds the page, with the lesson's text in it, and what it is drawn with.
func (b *Builder) pages(files map[string][]byte) error {
	err := fs.WalkDir(site.Static(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".html" {
			return err
		}
		if files[name], err = fs.ReadFile(site.Static(), name); err == nil && (path.Ext(name) == ".css" || name == "course.js" || name == "theme.js") {
			files[name], err = minified(name, files[name])
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
	for i, l := range list {
		page, err := b.lessonPage(files, list, i, "../../")
		if err != nil {
			return err
		}
		if files[folder+l.ID+"/index.html"], err = site.Index(page); err != nil {
			return err
		}
	}
	// A newcomer begins to learn at once: the first page is the first lesson.
	first, err := b.lessonPage(files, list, 0, "")
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

// lessonPage is the page of a lesson; base leads from it to the site's root.
func (b *Builder) lessonPage(files map[string][]byte, list []*lessons.Lesson, at int, base string) (site.Page, error) {
	url := func(lesson, step string) string { return anchored(base+folder+lesson+"/", step) }
	page, err := pageOf(list, at, url)
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
