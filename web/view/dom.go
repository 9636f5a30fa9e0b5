//go:build js && wasm

package view

import (
	"syscall/js"

	"everysec/web/words"

	dom "honnef.co/go/js/dom/v2"
)

// document is set by Run: the same module also runs in a worker, which has none.
var document js.Value

// node is an element that remembers what was last written to it, so that a
// drawing that changes nothing costs no crossing. Text goes in as text only;
// nothing here can write HTML.
//
// It stands on the basic types of dom/v2 and not on its interfaces: WrapElement
// and WrapEvent keep every kind of element and event there is, with all their
// methods, in the module that a visitor downloads.
type node struct {
	*dom.BasicHTMLElement
	v       js.Value
	text    string
	written bool
	attrs   map[string]string
	funcs   []js.Func
}

// wrap gives nil for null.
func wrap(v js.Value) *node {
	if !v.Truthy() {
		return nil
	}
	basic := &dom.BasicElement{BasicNode: &dom.BasicNode{Value: v}}
	return &node{BasicHTMLElement: &dom.BasicHTMLElement{BasicElement: basic}, v: v}
}

// byID finds an element of index.html; one that is missing is a mistake in
// the page and panics at the start.
func byID(id string) *node {
	n := wrap(document.Call("getElementById", id))
	if n == nil {
		panic("view: index.html has no element #" + id) // not a text
	}
	return n
}

// find is the first element below n that matches, or nil.
func (n *node) find(selector string) *node {
	return wrap(n.v.Call("querySelector", selector))
}

func (n *node) all(selector string) []*node {
	list := n.v.Call("querySelectorAll", selector)
	out := make([]*node, list.Length())
	for i := range out {
		out[i] = wrap(list.Index(i))
	}
	return out
}

func create(tag, class string) *node {
	n := wrap(document.Call("createElement", tag))
	if class != "" {
		n.v.Set("className", class)
	}
	return n
}

func (n *node) add(children ...*node) *node {
	for _, c := range children {
		n.v.Call("appendChild", c.v)
	}
	return n
}

func (n *node) empty() { n.v.Call("replaceChildren") }

func (n *node) setText(s string) *node {
	if !n.written || n.text != s {
		n.text, n.written = s, true
		n.v.Set("textContent", s)
	}
	return n
}

// say is setText of what the page itself says, in its language.
func (n *node) say(english string) *node { return n.setText(words.Say(english)) }

func (n *node) set(name, value string) *node {
	if old, ok := n.attrs[name]; ok && old == value {
		return n
	}
	if n.attrs == nil {
		n.attrs = map[string]string{}
	}
	n.attrs[name] = value
	n.v.Call("setAttribute", name, value)
	return n
}

func (n *node) unset(name string) {
	if old, ok := n.attrs[name]; ok && old == "\x00" {
		return
	}
	if n.attrs == nil {
		n.attrs = map[string]string{}
	}
	n.attrs[name] = "\x00"
	n.v.Call("removeAttribute", name)
}

func (n *node) show(visible bool) {
	if visible {
		n.unset("hidden")
	} else {
		n.set("hidden", "")
	}
}

func (n *node) disable(disabled bool) {
	if n.v.Get("disabled").Bool() != disabled {
		n.v.Set("disabled", disabled)
	}
}

func (n *node) class(name string, on bool) {
	key, value := "class:"+name, "0"
	if on {
		value = "1"
	}
	if n.attrs[key] == value {
		return
	}
	if n.attrs == nil {
		n.attrs = map[string]string{}
	}
	n.attrs[key] = value
	n.v.Get("classList").Call("toggle", name, on)
}

// style sets a custom property. Through the object model: the page's policy
// allows no style attributes.
func (n *node) style(name, value string) {
	key := "style:" + name
	if n.attrs[key] == value {
		return
	}
	if n.attrs == nil {
		n.attrs = map[string]string{}
	}
	n.attrs[key] = value
	n.v.Get("style").Call("setProperty", name, value)
}

// property sets a property unless it holds that value; the DOM's own state
// counts, as a learner changes it too.
func (n *node) property(name, value string) {
	if n.v.Get(name).String() != value {
		n.v.Set(name, value)
	}
}

func (n *node) data(name string) string {
	v := n.v.Get("dataset").Get(name)
	if v.Type() != js.TypeString {
		return ""
	}
	return v.String()
}

// on listens. The function lives as long as the element is used: release.
func (n *node) on(event string, listener func(e *dom.BasicEvent)) {
	f := js.FuncOf(func(_ js.Value, args []js.Value) any {
		listener(&dom.BasicEvent{Value: args[0]})
		return nil
	})
	n.funcs = append(n.funcs, f)
	n.v.Call("addEventListener", event, f)
}

// release ends the listeners of an element that leaves the page.
func (n *node) release() {
	for _, f := range n.funcs {
		f.Release()
	}
	n.funcs = nil
}

// closest finds the element around an event's target that matches, or an
// undefined value.
func closest(e *dom.BasicEvent, selector string) js.Value {
	target := e.Underlying().Get("target")
	if target.Get("closest").Type() != js.TypeFunction {
		return js.Undefined()
	}
	if v := target.Call("closest", selector); !v.IsNull() {
		return v
	}
	return js.Undefined()
}

// goBytes copies an ArrayBuffer.
func goBytes(buffer js.Value) []byte {
	bytes := js.Global().Get("Uint8Array").New(buffer)
	data := make([]byte, bytes.Length())
	js.CopyBytesToGo(data, bytes)
	return data
}

// settle calls done with what a promise yields, or with the text of its failure.
func settle(promise js.Value, done func(value js.Value, failure string)) {
	var ok, bad js.Func
	release := func() {
		ok.Release()
		bad.Release()
	}
	ok = js.FuncOf(func(_ js.Value, args []js.Value) any {
		release()
		done(args[0], "")
		return nil
	})
	bad = js.FuncOf(func(_ js.Value, args []js.Value) any {
		release()
		done(js.Undefined(), js.Global().Get("String").Invoke(args[0]).String())
		return nil
	})
	promise.Call("then", ok, bad)
}

// stored reads localStorage, which may be forbidden.
func stored(key string) (value string) {
	defer func() { _ = recover() }()
	v := js.Global().Get("localStorage").Call("getItem", key)
	if v.Type() == js.TypeString {
		value = v.String()
	}
	return value
}

func store(key, value string) {
	defer func() { _ = recover() }()
	storage := js.Global().Get("localStorage")
	if value == "" {
		storage.Call("removeItem", key)
	} else {
		storage.Call("setItem", key, value)
	}
}

// wall is real time in microseconds since 1970, on the same clock as the worker.
func wall() int64 {
	p := js.Global().Get("performance")
	return int64((p.Get("timeOrigin").Float() + p.Call("now").Float()) * 1000)
}

func matches(query string) bool { return js.Global().Call("matchMedia", query).Get("matches").Bool() }

func download(name string, data []byte) {
	downloadBytes(name, jsBytes(data))
}

func jsBytes(data []byte) js.Value {
	b := js.Global().Get("Uint8Array").New(len(data))
	js.CopyBytesToJS(b, data)
	return b
}

// downloadBytes copies what is large piece by piece, or this thread would stand
// still meanwhile.
func downloadBytes(name string, b js.Value) {
	const piece = 8 << 20
	pieces, at, size := js.Global().Get("Array").New(), 0, b.Length()
	var next js.Func
	next = js.FuncOf(func(js.Value, []js.Value) any {
		part := b.Call("subarray", at, min(at+piece, size))
		pieces.Call("push", js.Global().Get("Blob").New([]any{part}))
		if at += piece; at < size {
			js.Global().Call("setTimeout", next, 0)
			return nil
		}
		next.Release()
		downloadBlob(name, js.Global().Get("Blob").New(pieces, map[string]any{"type": "application/octet-stream"}))
		return nil
	})
	next.Invoke()
}

func downloadBlob(name string, blob js.Value) {
	url := js.Global().Get("URL").Call("createObjectURL", blob)
	a := create("a", "")
	a.v.Set("href", url)
	a.v.Set("download", name)
	a.v.Call("click")
	var later js.Func
	later = js.FuncOf(func(js.Value, []js.Value) any {
		js.Global().Get("URL").Call("revokeObjectURL", url)
		later.Release()
		return nil
	})
	js.Global().Call("setTimeout", later, 10_000)
}
