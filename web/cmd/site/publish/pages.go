package publish

import (
	"fmt"
	"io/fs"
	"path"
	"path/filepath"

	"everysec/lessons/markdown"
	"everysec/web/site"
)

// pages adds the page, with the lesson's text in it, and what it is drawn with.
func (b *Builder) pages(files map[string][]byte) error {
	err := fs.WalkDir(site.Static(), ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || name == "index.html" || name == "theme.js" { // early.js holds it
			return err
		}
		if files[name], err = fs.ReadFile(site.Static(), name); err == nil && path.Ext(name) == ".css" {
			files[name], err = minified(name, files[name])
		}
		return err
	})
	if err != nil {
		return err
	}
	list, err := markdown.Load(filepath.Join(b.Root, "lessons"))
	if err != nil {
		return err
	}
	if len(list) == 0 {
		return fmt.Errorf("no lesson in %s", filepath.Join(b.Root, "lessons"))
	}
	shown := list[0] // there is one page so far
	for _, l := range list {
		if l.ID == "production-reality" {
			shown = l
		}
	}
	html, err := markdown.HTML(shown)
	if err != nil {
		return err
	}
	for _, size := range []int{192, 512} {
		if files[fmt.Sprintf("icon-%d.png", size)], err = iconPNG(size); err != nil {
			return err
		}
	}
	page := site.Page{
		Lesson:  shown,
		HTML:    html,
		Style:   address(files, "style.css"),
		Panels:  address(files, "panels.css"),
		Early:   []string{address(files, "early.js")},
		Scripts: []string{address(files, "boot.js")},
		Preload: [][2]string{{address(files, "everysec.js"), "script"}},
	}
	if b.Download {
		page.Download = singleName
	}
	files["index.html"], err = site.Index(page)
	return err
}
