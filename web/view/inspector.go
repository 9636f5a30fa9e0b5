//go:build js && wasm

package view

import (
	"strconv"

	"everysec/web/app"
)

func (k *keyspace) drawInspector(m *app.Model) {
	in := m.Inspector
	k.inspector.show(in != nil)
	if in == nil {
		k.inspected = ""
		return
	}
	type fact struct{ name, value string }
	facts := []fact{{"type", in.Type}, {"encoding", in.Encoding}, {"memory", app.Bytes(in.Memory)}}
	unit := "elements"
	if in.Type == "string" {
		unit = "length"
	}
	facts = append(facts, fact{unit, app.Count(in.Elements)})
	life := "none"
	if in.ExpireAt != 0 {
		life = app.Age(max(in.ExpireAt-m.Now()/1000, 0) * 1000)
	}
	facts = append(facts, fact{"time to live", life}, fact{"durability", in.Durable.Words()}, fact{"write", "no. " + app.Count(int64(in.Change))})
	if in.Gone {
		facts = []fact{{"this key", "does not exist any more"}}
	}
	signature := in.Key + strconv.FormatInt(in.More, 10)
	for _, f := range facts {
		signature += "\x00" + f.value
	}
	for _, r := range in.Value {
		signature += "\x00" + r.Name + "\x00" + r.Value
	}
	if signature == k.inspected {
		return
	}
	k.inspected = signature
	k.key.setText(app.KeyName(in.Key))
	k.facts.empty()
	for _, f := range facts {
		k.facts.add(create("div", "").add(create("dt", "").setText(f.name), create("dd", "").setText(f.value)))
	}
	k.value.empty()
	more := ""
	if !in.Gone {
		for _, r := range in.Value {
			row := create("tr", "")
			if r.Name != "" {
				row.add(create("th", "").setText(r.Name))
			}
			k.value.add(row.add(create("td", "").setText(r.Value)))
		}
		if in.More > 0 {
			more = "and " + app.Count(in.More) + " more"
		}
	}
	k.valueMore.setText(more)
}
