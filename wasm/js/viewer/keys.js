// The list of a file's keys, or of its commands: what is found of them, in the order
// that is chosen. Only the lines on the screen and some around them are here; the
// worker has all.
import { Rows } from "./rows.js";
import { element, plural, say, size } from "./text.js";

export class Keys {
  #viewer;
  #rows;
  #lines = null; // some, from #from on
  #from = -1;
  #asking = false;
  #chosen; // the place of a line
  #pointed; // the index of an entry
  #pointing = 0; // timers
  #finding = 0;
  constructor(viewer) {
    this.#viewer = viewer;
    this.search = element("input", { type: "search", placeholder: say("Find a key"), id: "viewer-search", spellcheck: false, autocapitalize: "none", autocomplete: "off" });
    this.search.setAttribute("aria-label", say("Find a key"));
    this.order = element("select", {}, ...["in file order", "largest first", "soonest to expire"].map((text) => new Option(say(text))));
    this.order.setAttribute("aria-label", say("Order of the keys"));
    this.found = element("span", { className: "found", role: "status" });
    this.list = element("div", { className: "entries", id: "viewer-keys", tabIndex: 0, role: "listbox", aria: { label: say("Keys") } });
    this.root = element("div", { className: "finder" }, element("div", { className: "find" }, this.search, this.order), this.found, this.list);
    this.#rows = new Rows(this.list, 26, (from, n) => this.#draw(from, n));
    this.#listen();
  }

  #listen() {
    const lineOf = (e) => {
      const line = e.target.closest?.("[data-entry]");
      return line ? this.#lines?.find((l) => l.index === Number(line.dataset.entry)) : null;
    };
    this.list.addEventListener("pointermove", (e) => this.#point(lineOf(e)));
    this.list.addEventListener("pointerleave", () => this.#point(null));
    this.list.addEventListener("click", (e) => this.#choose(lineOf(e)));
    this.list.addEventListener("keydown", (e) => this.#key(e));
    const soon = () => {
      clearTimeout(this.#finding);
      this.#finding = setTimeout(() => this.#find(), 120);
    };
    this.search.oninput = soon;
    this.search.onkeydown = (e) => {
      if (e.key === "Enter") this.list.focus();
      if (e.key === "Escape" && this.search.value) {
        e.stopPropagation();
        this.search.value = "";
        soon();
      }
    };
    this.order.onchange = () => this.#find();
  }

  // clear is for another file.
  clear() {
    this.search.value = this.found.textContent = "";
    this.order.selectedIndex = 0;
    this.#chosen = undefined;
    this.forget();
    this.#rows.setTotal(0);
  }

  // forget drops the lines: the file has more of them by now.
  forget() {
    this.#lines = null;
    this.#from = -1;
    this.#asking = false; // of what was asked before, the answer may never come
  }

  // told says how many there are; at the end what is looked for is looked for in all.
  told(state, done) {
    if (done && (this.search.value || this.order.selectedIndex)) this.#find();
    this.#rows.setTotal(state.listed);
  }

  // tell writes how many match.
  tell(state) {
    this.found.textContent = !state.done || state.listed === state.entries ? "" : plural(state.listed, "{n} match|{n} matches");
    this.root.hidden = state.done && state.entries === 0;
  }

  // reveal chooses the line at a place.
  reveal(place) {
    this.#chosen = place;
    this.#rows.reveal(place);
    this.#rows.refresh();
    this.list.focus();
  }

  async #find() {
    const viewer = this.#viewer;
    if (!viewer.state || !viewer.worker) return;
    const state = await viewer.ask("list", this.search.value, this.order.selectedIndex);
    if (!state) return;
    viewer.state.listed = state.listed;
    this.#lines = null;
    this.#chosen = undefined;
    this.#rows.top = 0;
    this.list.scrollTop = 0;
    this.#rows.setTotal(state.listed);
    viewer.tell();
  }

  async #draw(from, n) {
    const { body } = this.#rows;
    const viewer = this.#viewer;
    if (!viewer.state || n <= 0) return body.replaceChildren();
    const have = this.#lines && from >= this.#from && from + n <= this.#from + this.#lines.length;
    if (!have) {
      const { version } = viewer;
      if (this.#asking || !viewer.worker) return;
      this.#asking = true;
      const begin = Math.max(0, from - 50);
      const lines = await viewer.worker.ask("lines", begin, n + 100);
      this.#asking = false;
      if (version === viewer.version) {
        this.#lines = lines;
        this.#from = begin;
      }
      if (this.#rows.top !== from || version !== viewer.version) return this.#rows.refresh();
    }
    const lines = this.#lines.slice(from - this.#from, from - this.#from + n);
    while (body.children.length > lines.length) body.lastChild.remove();
    while (body.children.length < lines.length) {
      body.append(element("div", { className: "line", role: "option" }, element("span", { className: "name" }), element("span", { className: "kind" }), element("span", { className: "weight" })));
    }
    lines.forEach((l, i) => {
      const row = body.children[i];
      fill(row, l);
      row.id = `viewer-line-${from + i}`;
      row.setAttribute("aria-selected", String(from + i === this.#chosen));
      row.setAttribute("aria-posinset", from + i + 1);
      row.setAttribute("aria-setsize", viewer.state.listed);
    });
    const chosen = this.#chosen >= from && this.#chosen < from + lines.length;
    if (chosen) this.list.setAttribute("aria-activedescendant", `viewer-line-${this.#chosen}`);
    else this.list.removeAttribute("aria-activedescendant");
  }

  // #point shows the bytes of the key under the pointer.
  #point(line) {
    if (this.#pointed === line?.index) return;
    this.#pointed = line?.index;
    clearTimeout(this.#pointing);
    if (!line) return;
    this.#pointing = setTimeout(() => this.#viewer.mark(line), 60);
  }

  #choose(line) {
    if (!line) return;
    this.#viewer.stay();
    this.#chosen = this.#from + this.#lines.indexOf(line);
    this.#rows.refresh();
    this.#viewer.lead(line);
  }

  #key(e) {
    const viewer = this.#viewer;
    const page = this.#rows.visible;
    const moves = { ArrowUp: -1, ArrowDown: 1, PageUp: -page, PageDown: page, Home: -Infinity, End: Infinity };
    if (e.key === "Enter") return viewer.bytes.focus();
    if (!(e.key in moves) || !viewer.state?.listed) return;
    e.preventDefault();
    const place = Math.max(0, Math.min((this.#chosen ?? -1) + moves[e.key], viewer.state.listed - 1));
    this.#chosen = place;
    this.#rows.reveal(place, 0);
    this.#rows.refresh();
    viewer.inTurn(async (here) => {
      const [line] = (await viewer.worker?.ask("lines", place, 1)) ?? [];
      if (here() && line && place === this.#chosen) viewer.lead(line);
    });
  }
}

// fill writes one of them into its line.
function fill(row, l) {
  const [name, kind, weight] = row.children;
  name.textContent = l.label;
  const about = [l.label];
  if (l.encoding) about.push(say("{type} as {encoding}, {form} in the file", l.type, l.encoding, l.form));
  if (l.db) about.push(say("database {n}", l.db));
  if (l.expires) about.push(say("expires {time}", l.expires));
  row.title = about.join(", ");
  kind.textContent = l.command ? plural(l.elements, "{n} word|{n} words") : l.type;
  weight.textContent = size(l.command ? l.end - l.start : l.memory);
  weight.title = l.command ? say("bytes in the file") : say("bytes that MEMORY USAGE would say");
  row.dataset.entry = l.index;
}
