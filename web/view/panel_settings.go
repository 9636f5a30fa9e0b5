//go:build js && wasm

package view

import (
	"strconv"

	"everysec/engine/resp"
	"everysec/web/app"
	"everysec/web/app/config"
	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// settingsPanel is redis.conf, as controls and as text.
type settingsPanel struct {
	values    config.Values
	controls  map[string]*settingControl
	preset    *node
	text      *node
	edited    bool // the text is the learner's, and not what is in force
	result    *node
	results   *node
	edits     []config.Edit
	asked     bool
	discarded *node
}

type settingControl struct{ input, line, problem *node }

func (s *settingsPanel) build(p *Page, box *node) {
	s.controls = map[string]*settingControl{}
	presets := create("div", "presets").set("role", "group").set("aria-label", words.Say("Presets"))
	for i := range config.Presets {
		preset := &config.Presets[i]
		presets.add(create("div", "").add(
			button(preset.Name, "", func() { s.applyPreset(p, preset) }), create("p", "aside").say(preset.Words)))
	}
	s.preset = create("p", "").set("role", "status").set("id", "settings-preset")
	box.add(presets, s.preset)
	for _, g := range config.Groups {
		group := create("details", "group")
		group.add(create("summary", "").say(g.Title))
		for _, setting := range g.Settings {
			group.add(s.control(p, setting))
		}
		box.add(group)
	}
	wrap(box.v.Call("querySelector", "details")).v.Set("open", true)

	s.text = create("textarea", "conf").set("id", "settings-text").set("rows", "18").set("spellcheck", "false")
	s.text.set("autocomplete", "off").set("autocapitalize", "none").set("aria-label", "redis.conf").set("wrap", "off")
	s.text.on("input", func(*dom.BasicEvent) {
		s.edited = true
		s.discarded.v.Set("disabled", false)
	})
	s.discarded = button("Discard", "Show what is in force again", func() {
		s.edited = false
		s.edits = nil
		s.drawResults()
		s.ask(p)
	})
	s.result = create("p", "").set("role", "status").set("id", "settings-result")
	s.results = create("ul", "lines").set("id", "settings-lines")
	box.add(
		create("h3", "").say("The whole of redis.conf"),
		create("p", "aside").say("What is in force now. Change lines and apply them: each is a CONFIG SET, and what Redis refuses it refuses in its own words. A line that is not there changes nothing."),
		s.text,
		create("p", "actions").add(
			button("Apply the lines that differ", "", func() { s.applyText(p) }), s.discarded,
			button("CONFIG REWRITE", "Write what is in force into redis.conf, which the next start reads", func() { s.rewrite(p) }),
		), s.result, s.results,
	)
}

func (s *settingsPanel) control(p *Page, setting config.Setting) *node {
	c := &settingControl{line: create("code", ""), problem: create("p", "refused").set("role", "alert")}
	if setting.Choices == nil {
		c.input = create("input", "").set("type", "text").set("autocomplete", "off").set("spellcheck", "false").set("autocapitalize", "none")
	} else {
		c.input = create("select", "")
		for _, choice := range setting.Choices {
			c.input.add(create("option", "").setText(choice))
		}
	}
	c.input.set("data-directive", setting.Name)
	c.input.on("change", func(*dom.BasicEvent) {
		s.set(p, func(m *app.Model, failure string) { c.problem.setText(failure) }, [2]string{setting.Name, c.input.v.Get("value").String()})
	})
	s.controls[setting.Name] = c
	box := labelled(setting.Name, c.input, setting.Words)
	return box.add(create("p", "conf-line").add(c.line), c.problem)
}

// set asks for changes, and then for what is in force.
func (s *settingsPanel) set(p *Page, then func(m *app.Model, failure string), pairs ...[2]string) {
	command := []string{"CONFIG", "SET"}
	for _, pair := range pairs {
		command = append(command, pair[0], pair[1])
	}
	p.dispatch(app.Ask{Words: command, Then: func(m *app.Model, v resp.Value) {
		failure := ""
		if v.IsError() {
			failure = string(v.Str)
		}
		then(m, failure)
		m.ConfigChanged()
	}})
}

func (s *settingsPanel) applyPreset(p *Page, preset *config.Preset) {
	s.set(p, func(_ *app.Model, failure string) {
		text := words.Say("{preset} is in force:", words.Say(preset.Name))
		for _, pair := range preset.Pairs {
			text += "\n" + config.Line(pair[0], pair[1])
		}
		if failure != "" {
			text = words.Say("{preset} was refused: {why}", words.Say(preset.Name), failure)
		}
		s.preset.setText(text)
	}, preset.Pairs...)
}

// applyText asks for each line of its own, in order.
func (s *settingsPanel) applyText(p *Page) {
	s.edits = s.values.Edits(s.text.v.Get("value").String())
	for i := range s.edits {
		e := &s.edits[i]
		if e.Problem != "" {
			e.Done, e.Error = true, e.Problem
			continue
		}
		s.set(p, func(_ *app.Model, failure string) {
			e.Done, e.Error = true, failure
			s.drawResults()
		}, [2]string{e.Name, e.Value})
	}
	s.drawResults()
}

func (s *settingsPanel) rewrite(p *Page) {
	p.dispatch(app.Ask{Words: []string{"CONFIG", "REWRITE"}, Then: func(m *app.Model, v resp.Value) {
		text := words.Say("redis.conf is written: the next start reads it.")
		if v.IsError() {
			text = string(v.Str)
		}
		s.result.setText(text)
		m.ConfigChanged()
	}})
}

func (s *settingsPanel) drawResults() {
	s.results.empty()
	refused, waiting := int64(0), int64(0)
	for i := range s.edits {
		e := &s.edits[i]
		sign, state, fate := "✓", "applied", "applied"
		switch {
		case !e.Done:
			waiting++
			sign, state, fate = "…", "asked", "asked"
		case e.Error != "":
			refused++
			sign, state, fate = "✕", "refused", e.Error
		}
		li := create("li", "").set("data-fate", state)
		s.results.add(li.add(create("span", "fate").setText(sign), create("span", "aside").setText(words.Say("line {n}", strconv.Itoa(e.Number))+" "),
			create("code", "").setText(e.Text), create("span", "word").setText(" "+words.Say(fate))))
	}
	text := ""
	switch n := int64(len(s.edits)); {
	case n == 0 && s.edited:
		text = words.Say("Every line says what is in force.")
	case n > 0 && waiting == 0:
		text = words.Many(n-refused, "{n} line was applied, {refused} refused.|{n} lines were applied, {refused} refused.", app.Count(refused))
		s.edited = refused > 0
	}
	s.result.setText(text)
}

// ask reads what is in force.
func (s *settingsPanel) ask(p *Page) {
	if s.asked {
		return
	}
	s.asked = true
	p.dispatch(app.Ask{Words: []string{"CONFIG", "GET", "*"}, Then: func(_ *app.Model, v resp.Value) {
		s.asked = false
		if v.IsError() {
			return
		}
		s.values = config.ReadValues(v)
		for name, c := range s.controls {
			value := s.values[name]
			c.line.setText(config.Line(name, value))
			if c.input.v.Call("matches", ":focus").Bool() && c.problem.text != "" {
				continue // what was refused can be mended
			}
			c.input.property("value", value)
		}
		if !s.edited {
			s.text.property("value", s.values.Text())
		}
		s.discarded.v.Set("disabled", !s.edited)
	}})
}

func (s *settingsPanel) draw(p *Page, dirty app.Part) {
	if dirty&app.PartConfig != 0 && !p.model.Down && !p.model.Loading && !p.model.InPast() {
		s.ask(p)
	}
}
