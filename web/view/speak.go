//go:build js && wasm

package view

import (
	"slices"
	"syscall/js"

	"everysec/web/words"
)

// speak makes the page say everything in its language, if boot.js has fetched
// its words.
func speak() {
	text := js.Global().Get("everysecWords")
	if text.Type() != js.TypeString {
		return
	}
	words.Use(words.Read(text.String()))
	lang := document.Get("documentElement").Get("lang")
	rules := js.Global().Get("Intl").Get("PluralRules").New(lang)
	var forms []string
	have := rules.Call("resolvedOptions").Get("pluralCategories")
	for _, form := range []string{"zero", "one", "two", "few", "many", "other"} {
		if have.Call("includes", form).Bool() {
			forms = append(forms, form)
		}
	}
	words.Form = func(n int64) int { return max(0, slices.Index(forms, rules.Call("select", n).String())) }
}
