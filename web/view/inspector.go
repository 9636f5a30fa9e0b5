//go:build js && wasm

package view

import (
	"strconv"

	"everysec/web/app"
	"everysec/web/chart"

	dom "honnef.co/go/js/dom/v2"
)

// inspector is one key in detail.
type inspector struct {
	root, key, facts, value, groups, note, more *node
	form, earlier, later                        *node
	picture                                     *canvas
	shown                                       string
}

func (i *inspector) bind(p *Page) {
	i.root, i.key, i.facts = byID("inspector"), byID("inspector-key"), byID("inspector-facts")
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
		i.shown = ""
		return
	}
	facts := inspectorFacts(m, in)
	signature := in.Key + strconv.FormatInt(in.More, 10) + string(in.As) + in.Note + strconv.FormatBool(in.Earlier()) + strconv.FormatBool(k.drewDark)
	for _, f := range facts {
		signature += "\x00" + f[1]
	}
	for _, r := range in.Value {
		signature += "\x00" + r.Name + "\x00" + r.Value + "\x00" + r.Note
	}
	for _, g := range in.Groups {
		signature += "\x00" + g.Name + g.Facts
		for _, c := range g.Consumers {
			signature += "\x00" + c.Name + c.Value
		}
	}
	if signature == i.shown {
		return
	}
	i.shown = signature
	i.key.setText(app.KeyName(in.Key))
	i.facts.empty()
	for _, f := range facts {
		i.facts.add(create("div", "").add(create("dt", "").setText(f[0]), create("dd", "").setText(f[1])))
	}
	i.value.empty()
	i.groups.empty()
	i.form.show(len(in.Forms) > 1 && !in.Gone)
	i.picture.node.show(!in.Gone && (in.HLL != nil || in.Points != nil))
	i.note.setText(in.Note)
	if in.Gone {
		i.note.setText("")
		in.Value, in.Groups = nil, nil
	}
	if len(in.Forms) > 1 {
		i.form.empty()
		for _, f := range in.Forms {
			i.form.add(create("option", "").setText(string(f)))
		}
		i.form.v.Set("value", string(in.As))
	}
	bars, notes := false, false
	for _, r := range in.Value {
		bars, notes = bars || r.Barred, notes || r.Note != ""
	}
	for _, r := range in.Value {
		row := create("tr", "")
		if r.Name != "" {
			row.add(create("th", "").set("scope", "row").setText(r.Name))
		}
		row.add(create("td", "").setText(r.Value))
		if bars {
			bar := create("i", "")
			bar.style("--n", strconv.FormatFloat(r.Bar, 'f', 4, 64))
			row.add(create("td", "bar").add(bar))
		}
		if notes {
			row.add(create("td", "aside").setText(r.Note))
		}
		i.value.add(row)
	}
	for _, g := range in.Groups {
		i.groups.add(create("tr", "").add(create("th", "").set("scope", "row").setText("group "+g.Name), create("td", "").setText(g.Facts)))
		for _, c := range g.Consumers {
			i.groups.add(create("tr", "").add(create("th", "member").set("scope", "row").setText(c.Name), create("td", "").setText(c.Value)))
		}
	}
	more := ""
	if in.More > 0 {
		more = "and " + app.Count(in.More) + " more"
	}
	i.more.setText(more)
	i.earlier.show(in.Earlier() && !in.Gone)
	i.later.show(in.Later() && !in.Gone)
	switch {
	case in.Gone:
	case in.HLL != nil:
		i.picture.node.set("data-kind", "registers").set("aria-label", "The registers as shades, in rows of 128: "+in.Note)
		if i.picture.fit() {
			chart.Registers(&i.picture.image, k.theme, in.HLL[:])
			i.picture.put(0, i.picture.h)
		}
	case in.Points != nil:
		i.picture.node.set("data-kind", "map").set("aria-label", "A map of the members; their places are in the table")
		i.drawMap(k, in)
	}
}

func inspectorFacts(m *app.Model, in *app.Inspector) [][2]string {
	if in.Gone {
		return [][2]string{{"this key", "does not exist any more"}}
	}
	unit := "elements"
	if in.Type == "string" {
		unit = "length"
	}
	life := "none"
	if in.ExpireAt != 0 {
		life = app.Age(max(in.ExpireAt-m.Now()/1000, 0) * 1000)
	}
	facts := [][2]string{
		{"type", in.Type},
		{"encoding", in.Encoding},
		{"memory", app.Bytes(in.Memory)},
		{unit, app.Count(in.Elements)},
		{"time to live", life},
		{"durability", in.Durable.Words()},
		{"write", "no. " + app.Count(int64(in.Change))},
	}
	for _, t := range in.Turns {
		facts = append(facts, [2]string{"turned", t.From.String() + " → " + t.To.String() + " at " + app.Clock(t.At) +
			", with " + app.Count(t.Elements) + " " + unit + " and " + app.Bytes(t.Memory)})
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
	ctx, scale := c.context, c.scale
	ctx.Set("textBaseline", "alphabetic")
	ctx.Set("font", font(10*scale, k.family))
	ctx.Set("fillStyle", k.faint)
	for _, d := range f.Meridians(c.w) {
		x, _ := f.XY(d, 0)
		ctx.Call("fillText", degrees(d, "E", "W"), x+3*scale, float64(c.h)-4*scale)
	}
	for _, d := range f.Parallels(c.h) {
		if _, y := f.XY(0, d); y < float64(c.h)-18*scale {
			ctx.Call("fillText", degrees(d, "N", "S"), 3*scale, y-3*scale)
		}
	}
	if len(points) > 60 {
		return // names would cover each other
	}
	ctx.Set("font", font(11*scale, k.family))
	ctx.Set("fillStyle", k.ink)
	for n, p := range in.Points {
		x, y := f.XY(points[n][0], points[n][1])
		ctx.Call("fillText", cut(p.Name, 18), x+6*scale, y+4*scale)
	}
}

func degrees(d float64, above, below string) string {
	letter := above
	if d < 0 {
		d, letter = -d, below
	}
	return strconv.FormatFloat(d, 'f', -1, 32) + "°" + letter
}
