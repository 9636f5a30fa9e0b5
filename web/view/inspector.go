//go:build js && wasm

package view

import (
	"strconv"

	"everysec/web/app"
	"everysec/web/chart"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// inspector is one key in detail.
type inspector struct {
	root, key, list, value, groups, note, more *node
	form, earlier, later                       *node
	picture                                    *canvas
	facts                                      [][3]*node

	// what is shown, and in what colours
	of      *app.Inspector
	version int
	gone    bool
	look    int
}

func (i *inspector) bind(p *Page) {
	i.root, i.key, i.list = byID("inspector"), byID("inspector-key"), byID("inspector-facts")
	i.value, i.groups, i.note, i.more = byID("inspector-value"), byID("inspector-groups"), byID("inspector-note"), byID("inspector-more")
	i.picture = newCanvas(byID("inspector-picture"))
	i.form = byID("inspector-form")
	i.form.on("change", func(*dom.BasicEvent) {
		p.dispatch(app.InspectAs{Form: app.Form(i.form.v.Get("value").String())})
	})
	p.click("inspector-close", func() app.Message { p.keyspace.cursor = -1; return app.Select{} })
	i.earlier = p.click("inspector-earlier", func() app.Message { return app.InspectPage{Back: true} })
	i.later = p.click("inspector-later", func() app.Message { return app.InspectPage{} })
}

func (i *inspector) draw(m *app.Model, k *keyspace) {
	in := m.Inspector
	i.root.show(in != nil)
	if in == nil {
		i.of = nil
		return
	}
	facts := inspectorFacts(m, in)
	for len(i.facts) < len(facts) {
		f := [3]*node{create("dt", ""), create("dd", ""), create("div", "")}
		i.facts = append(i.facts, f)
		i.list.add(f[2].add(f[0], f[1]))
	}
	for n, f := range i.facts {
		f[2].show(n < len(facts))
		if n < len(facts) {
			f[0].setText(facts[n][0])
			f[1].setText(facts[n][1])
		}
	}
	if i.of == in && i.version == in.Version && i.gone == in.Gone && i.look == k.look {
		return
	}
	i.of, i.version, i.gone, i.look = in, in.Version, in.Gone, k.look
	i.key.setText(app.KeyName(in.Key))
	i.value.empty()
	i.groups.empty()
	i.form.show(len(in.Forms) > 1 && !in.Gone)
	i.picture.node.show(!in.Gone && (in.HLL != nil || in.Points != nil))
	i.earlier.show(in.Earlier() && !in.Gone)
	i.later.show(in.Later() && !in.Gone)
	if in.Gone {
		i.note.setText("")
		i.more.setText("")
		return
	}
	i.note.setText(in.Note)
	i.form.empty()
	for _, f := range in.Forms {
		i.form.add(create("option", "").say(string(f)).set("value", string(f)))
	}
	i.form.v.Set("value", string(in.As))
	for _, r := range in.Value {
		row := tableRow(r)
		if r.Barred {
			bar := create("i", "")
			bar.style("--n", strconv.FormatFloat(r.Bar, 'f', 4, 64))
			row.add(create("td", "bar").add(bar))
		}
		if r.Note != "" {
			row.add(create("td", "aside").setText(r.Note))
		}
		i.value.add(row)
	}
	for _, r := range in.Groups {
		i.groups.add(tableRow(r))
	}
	more := ""
	if in.More > 0 {
		more = words.Say("and {n} more", app.Count(in.More))
	}
	i.more.setText(more)
	switch {
	case in.HLL != nil:
		i.picture.node.set("data-kind", "registers").set("aria-label", words.Say("The registers as shades, in rows of 128: {note}", in.Note))
		if i.picture.fit() {
			chart.Registers(&i.picture.image, k.theme, in.HLL[:])
			i.picture.put(0, i.picture.h)
		}
	case in.Points != nil:
		i.picture.node.set("data-kind", "map").set("aria-label", words.Say("A map of the members; their places are in the table"))
		i.drawMap(k, in)
	}
}

func tableRow(r app.Row) *node {
	row := create("tr", "")
	if r.Name != "" {
		row.add(create("th", "").set("scope", "row").setText(r.Name))
	}
	return row.add(create("td", "").setText(r.Value))
}

func inspectorFacts(m *app.Model, in *app.Inspector) [][2]string {
	if in.Gone {
		return [][2]string{{words.Say("this key"), words.Say("does not exist any more")}}
	}
	unit := "elements"
	if in.Type == "string" {
		unit = "length"
	}
	life := words.Say("none")
	if in.ExpireAt != 0 {
		life = app.Age(max(in.ExpireAt-m.Now()/1000, 0) * 1000)
	}
	facts := [][2]string{
		{words.Say("type"), in.Type},
		{words.Say("encoding"), in.Encoding},
		{words.Say("memory"), app.Bytes(in.Memory)},
		{words.Say(unit), app.Count(in.Elements)},
		{words.Say("time to live"), life},
		{words.Say("durability"), in.Durable.Words()},
		{words.Say("write"), words.Say("no. {n}", app.Count(int64(in.Change)))},
	}
	for _, t := range in.Turns {
		facts = append(facts, [2]string{words.Say("turned"), t.Words(unit)})
	}
	return facts
}

func (i *inspector) drawMap(k *keyspace, in *app.Inspector) {
	c := i.picture
	if !c.fit() {
		return
	}
	points := make([][2]float64, len(in.Points))
	for n, p := range in.Points {
		points[n] = [2]float64{p.Longitude, p.Latitude}
	}
	f := chart.NewFrame(points, c.w, c.h)
	chart.Places(&c.image, k.theme, f, c.scale, points)
	c.put(0, c.h)
	scale := c.scale
	c.pen(10, k.family, k.faint)
	for _, d := range f.Meridians(c.w) {
		x, _ := f.XY(d, 0)
		c.write(degrees(d, "E", "W"), x+3*scale, float64(c.h)-4*scale)
	}
	for _, d := range f.Parallels(c.h) {
		if _, y := f.XY(0, d); y < float64(c.h)-18*scale {
			c.write(degrees(d, "N", "S"), 3*scale, y-3*scale)
		}
	}
	if len(points) > 60 {
		return // names would cover each other
	}
	c.pen(11, k.family, k.ink)
	for n, p := range in.Points {
		x, y := f.XY(points[n][0], points[n][1])
		c.write(cut(p.Name, 18), x+6*scale, y+4*scale)
	}
}

func degrees(d float64, above, below string) string {
	letter := above
	if d < 0 {
		d, letter = -d, below
	}
	return strconv.FormatFloat(d, 'f', -1, 32) + "°" + letter
}
