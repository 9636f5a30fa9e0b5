// The viewer: the file that is looked into, its bytes, its keys and its summary.
import { FileWorker } from "./file-worker.js";
import { folderOf, guessed, oursWith } from "./files.js";
import { Keys } from "./keys.js";
import { Rows } from "./rows.js";
import { summaryTables } from "./tables.js";
import { count, element, hex, offsetOf, plural, say, size } from "./text.js";
import { Together, allFiles } from "./together.js";

export class Viewer {
  state = null;
  file = null; // {name, blob} of a file that was given, {name, ours} of one of the running server
  files = [];
  synced = Infinity;
  width = 16; // bytes in a row
  cursor = 0;
  trip = 0; // counts the places that somebody has gone to
  moves = Promise.resolve(); // of the cursor, one after the other
  hovered = null; // an offset
  marked = null; // [start, end) of an entry that is shown
  window = { from: 0, to: 0, bytes: [], parts: [], partOf: [] };
  constructor(db, open) {
    this.db = db;
    this.together = new Together(this, open);
    this.build();
    this.worker = null;
  }

  build() {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(viewerStyle); // viewer.css, which the build puts here
    document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];
    const button = (text, title, onclick) => element("button", { type: "button", textContent: text, title, onclick });
    this.title = element("h2", { id: "viewer-title" });
    this.facts = element("p", { className: "facts", id: "viewer-facts", role: "status" });
    this.which = element("select", { title: say("Which of the files") });
    this.which.setAttribute("aria-label", say("Which of the files"));
    this.which.onchange = () => this.show(this.files[this.which.selectedIndex]);
    const neighbour = (text, label, by) => {
      const b = button(text, label, () => this.turn(by));
      b.setAttribute("aria-label", label);
      return b;
    };
    this.turns = element("span", { className: "turns" }, neighbour("‹", say("Previous file"), -1), this.which, neighbour("›", say("Next file"), 1));
    this.views = [allFiles, "Bytes", "Summary"].map((name) => button(say(name), "", () => this.view(name)));
    this.again = button(say("Read again"), say("The file has changed"), () => (this.together.root.hidden ? this.load(true) : this.together.addUp()));
    this.again.hidden = true;
    this.closing = button(say("Close"), say("Escape"), () => this.close());
    this.closing.id = "viewer-close";
    this.progress = element("progress", { max: 1, hidden: true });
    this.progress.setAttribute("aria-label", say("How much of the file has been read"));
    this.cancel = button(say("Cancel"), say("Stop reading"), () => this.close());
    this.cancel.hidden = true;
    this.problem = element("div", { className: "problem", role: "alert", hidden: true, tabIndex: 0 });

    this.keys = new Keys(this);
    this.bytes = element("div", {
      className: "bytes", id: "viewer-bytes", tabIndex: 0, role: "application",
      aria: { roledescription: say("bytes of a file"), label: say("Bytes. Arrow keys move by byte, Page Up and Page Down by page, N and P to the next and previous record, K to the key's line, G to the field for an offset."), describedby: "viewer-meaning" },
    });
    this.where = element("span", { className: "where" });
    this.what = element("p", { className: "what", id: "viewer-meaning", role: "status" });
    this.owner = element("span", { className: "owner" });
    this.steps = element("span", { className: "steps-between" },
      button(say("‹ record"), say("Previous record (P)"), () => this.step("previous")), button(say("record ›"), say("Next record (N)"), () => this.step("next")));
    this.meaning = element("div", { className: "meaning" }, element("p", {}, this.where, this.owner, this.steps), this.what);
    this.offset = element("input", { id: "viewer-offset", placeholder: say("1234 or 0x4d2"), size: 12, spellcheck: false, autocapitalize: "none", autocomplete: "off", enterKeyHint: "go", aria: { describedby: "viewer-offset-wrong" } });
    this.wrong = element("span", { className: "wrong", id: "viewer-offset-wrong", role: "status" });
    this.jump = element("form", { className: "jump", onsubmit: (e) => this.jumps(e) },
      element("label", { htmlFor: "viewer-offset", textContent: say("Offset") }), this.offset, element("button", { textContent: say("Go"), title: say("Go to this byte (Enter; G in the bytes leads here)") }), this.wrong);
    this.about = element("div", { className: "about" }, this.facts, this.jump);
    this.hex = element("div", { className: "looked" }, this.keys.root, element("div", { className: "dump" }, this.bytes, this.meaning));
    this.summary = element("div", { className: "summary", id: "viewer-summary", tabIndex: 0, role: "group", aria: { label: say("Summary") }, hidden: true });
    this.root = element("section", { className: "viewer", id: "viewer", aria: { labelledby: "viewer-title" } },
      element("header", {}, this.title, this.turns, element("span", { className: "faces" }, ...this.views), this.progress, this.cancel, this.again, this.closing),
      this.about, this.problem, this.hex, this.summary, this.together.root);

    this.byteRows = new Rows(this.bytes, 20, (from, n) => this.drawBytes(from, n));
    new ResizeObserver(() => this.fit()).observe(this.bytes);
    this.listen();
  }

  listen() {
    this.root.addEventListener("keydown", (e) => {
      if (e.key === "Escape") this.close();
    });
    const offsetOf = (e) => {
      const at = e.target.closest?.("[data-at]")?.dataset.at;
      return at === undefined ? null : Number(at);
    };
    this.bytes.addEventListener("pointermove", (e) => this.hover(offsetOf(e)));
    this.bytes.addEventListener("pointerleave", () => this.hover(null));
    this.bytes.addEventListener("click", (e) => {
      const at = offsetOf(e);
      if (at !== null) this.goTo(at);
    });
    this.bytes.addEventListener("focus", () => this.meant());
    this.bytes.addEventListener("keydown", (e) => this.key(e));
    this.offset.oninput = () => this.isWrong("");
    this.offset.onkeydown = (e) => {
      if (e.key !== "Escape") return;
      e.stopPropagation();
      this.isWrong("");
      this.bytes.focus();
    };
  }

  // ---- files --------------------------------------------------------------

  // look shows one of these files.
  look(files, first = files[0]) {
    this.opener = document.activeElement;
    this.together.root.replaceChildren(); // it was of other files
    this.list(files, first);
    document.querySelector("main").prepend(this.root);
    document.body.dataset.viewing = "";
    document.querySelector('.tabs [data-tab="watch"]').click(); // where it is on a phone
    clearInterval(this.watching);
    this.watching = setInterval(() => this.watch(), 500);
    this.show(first);
    this.closing.focus();
  }

  // list offers files to go from one to the next, and what they are together.
  list(files, file) {
    this.files = files;
    this.manifest = files.length > 1 ? (files.find((f) => f.name.endsWith(".manifest")) ?? guessed(files)) : null;
    const folder = folderOf(file.name); // said once, in the title, if it is that of all
    const short = (name) => (files.every((f) => f.name.startsWith(folder)) ? name.slice(folder.length) : name);
    this.which.replaceChildren(...files.map((f) => new Option(short(f.name), f.name)));
    this.which.selectedIndex = files.findIndex((f) => f.name === file.name);
    this.turns.hidden = files.length < 2;
    this.views[0].hidden = !this.manifest;
  }

  // turn goes to the next file, or the one before; after the last comes the first.
  turn(by) {
    const { length } = this.files;
    this.show(this.files[(this.which.selectedIndex + by + length) % length]);
  }

  // show opens a file; wanted are the bytes of it that are to be shown.
  show(file, wanted = null) {
    this.file = file;
    this.wanted = wanted;
    this.which.selectedIndex = this.files.indexOf(file);
    this.state = null;
    this.cursor = 0;
    this.stay();
    this.marked = this.hovered = null;
    this.synced = Infinity;
    this.offset.value = "";
    this.isWrong("");
    this.title.textContent = file.name;
    this.facts.textContent = "";
    this.troubled = false;
    delete this.root.dataset.done;
    this.forget();
    this.byteRows.setTotal(0);
    this.keys.clear();
    this.view("Bytes");
    this.load(false);
  }

  // load reads the file; keep shows the old one until that is done.
  async load(keep) {
    const file = this.file;
    this.again.hidden = true;
    this.loading = true;
    try {
      const [list, content] = await Promise.all([file.ours && this.db.files(), this.content(file)]);
      if (file.ours) {
        const entry = list.find((f) => f.name === file.name);
        this.synced = entry ? Math.min(entry.synced, content.length) : Infinity;
      }
      if (this.file !== file) return;
      this.worker ??= new FileWorker(
        (state, done) => this.told(state, done),
        (text) => this.failed(text),
      );
      this.keep = keep && this.state !== null;
      this.worker.open(file.name, content, this.keep);
    } catch (e) {
      if (this.file === file) this.failed(e.message);
    }
  }

  async content(file) {
    return file.ours ? (await this.db.readFile(file.name)).slice() : file.blob;
  }

  failed(text) {
    this.loading = false;
    this.progress.hidden = this.cancel.hidden = true;
    this.troubled = true;
    this.problem.hidden = !this.together.root.hidden;
    this.problem.replaceChildren(element("p", { textContent: say("{file} could not be looked into: {why}", this.file.name, text) }));
    this.worker?.close(); // whatever it was, a new one begins anew
    this.worker = null;
    this.stay();
  }

  told(state, done) {
    const slow = !done && state.size > 1 << 20;
    this.progress.hidden = this.cancel.hidden = !slow || this.keep;
    this.progress.value = state.size ? state.read / state.size : 1;
    if (!done && this.keep) return;
    const follow = this.keep && this.byteRows.top + this.byteRows.visible >= this.byteRows.total;
    this.state = state;
    this.digits = Math.max(6, (state.size - 1).toString(16).length);
    this.cursor = Math.min(this.cursor, Math.max(0, state.size - 1));
    this.forget();
    this.byteRows.setTotal(Math.ceil(state.size / this.width));
    if (follow) this.byteRows.scrollTo(Infinity);
    this.tell();
    if (done) {
      this.loading = false;
      if (!this.summary.hidden) this.drawSummary();
      if (this.wanted) this.goToEntry(...this.wanted);
      this.wanted = null;
    }
    this.keys.told(state, done);
    this.root.dataset.done = done;
  }

  // tell writes what is known of the whole file.
  tell() {
    const { state } = this;
    const words = [state.kind === "unknown" ? say("unknown kind") : state.kind, size(state.size)];
    if (state.entries) words.push(state.kind === "AOF" ? plural(state.entries, "{n} command or key|{n} commands and keys") : plural(state.entries, "{n} key|{n} keys"));
    if (!state.done) words.push(say("{size} read", size(state.read)));
    if (this.file.ours) {
      const behind = state.size - Math.min(this.synced, state.size);
      words.push(behind ? say("{size} only in the page cache", size(behind)) : say("all of it on the disk"));
    } else {
      words.push(say("it stays on this machine"));
    }
    const text = words.join(", ");
    if (this.facts.textContent !== text) this.facts.textContent = text;
    const { problem } = state;
    this.troubled = Boolean(problem);
    this.problem.hidden = !problem || !this.together.root.hidden;
    if (problem) {
      const go = element("button", { type: "button", textContent: say("Offset {n}", count(problem.offset)), onclick: () => this.goTo(Math.min(problem.offset, state.size - 1)) });
      this.problem.replaceChildren(element("p", {}, go, ` ${problem.reason}`), ...problem.info.map((line) => element("p", { textContent: line })));
    }
    this.keys.tell(state);
  }

  // watch looks whether a file of the running server has changed.
  async watch() {
    const { file } = this;
    if (!file?.ours || this.loading || document.hidden) return;
    const list = await this.db.files().catch(() => null);
    if (!list || this.loading || !this.state || this.file !== file) return; // it was closed, or shows another
    const files = oursWith(list, this.file.name);
    if (files.length && String(files.map((f) => f.name)) !== String(this.files.map((f) => f.name))) this.list(files, this.file);
    if (!this.together.root.hidden) return this.manifest ? this.together.watch(list) : this.view("Bytes");
    const entry = list.find((f) => f.name === this.file.name);
    if (!entry) {
      this.facts.textContent = say("The server no longer has this file; this is how it was.");
      return;
    }
    if (entry.size !== this.state.size) {
      if (entry.size <= 4 << 20) this.load(true);
      else this.again.hidden = false; // a large one holds the engine while it is copied
    } else if (entry.synced !== this.synced) {
      this.synced = entry.synced;
      this.tell();
      this.byteRows.refresh();
      this.meant();
    }
  }

  close() {
    clearInterval(this.watching);
    this.together.stop();
    this.worker?.close();
    this.worker = this.file = null;
    this.root.remove();
    delete document.body.dataset.viewing;
    if (this.opener?.isConnected) this.opener.focus();
    else document.querySelector("#file-rows button")?.focus();
  }

  view(name) {
    const summary = name === "Summary";
    const all = name === allFiles;
    this.hex.hidden = this.jump.hidden = name !== "Bytes";
    this.summary.hidden = !summary;
    this.about.hidden = all;
    this.problem.hidden = all || !this.troubled;
    this.title.textContent = all ? say(allFiles) : this.file.name;
    if (all) this.together.addUp();
    else if (!this.together.root.hidden) this.together.stop();
    this.together.root.hidden = !all;
    for (const b of this.views) b.setAttribute("aria-pressed", String(b.textContent === say(name)));
    if (summary) this.drawSummary();
    else this.byteRows.refresh();
  }

  // ---- bytes --------------------------------------------------------------

  forget() {
    this.window = { from: 0, to: 0, bytes: [], parts: [], partOf: [] };
    this.keys.forget();
    this.version = (this.version ?? 0) + 1;
  }

  // fetch makes the window hold the bytes of these rows, and pages around them.
  async fetch(from, to) {
    const { state } = this;
    const margin = Math.max(to - from, 256);
    const begin = Math.max(0, from - margin);
    const end = Math.min(state.size, to + margin);
    const version = this.version;
    if (this.fetching === `${begin}-${version}` || !this.worker) return;
    this.fetching = `${begin}-${version}`;
    const answer = await this.worker.ask("parts", begin, end);
    this.fetching = null;
    if (version !== this.version) return;
    const bytes = answer.hex.match(/../g) ?? [];
    const partOf = new Array(bytes.length).fill(-1);
    answer.parts.forEach((p, i) => partOf.fill(i, Math.max(0, p.at - begin), Math.max(0, Math.min(bytes.length, p.at + p.length - begin))));
    this.window = { from: begin, to: begin + bytes.length, bytes, parts: answer.parts, partOf };
    this.byteRows.refresh();
    this.meant();
  }

  partAt(offset) {
    const w = this.window;
    return offset >= w.from && offset < w.to ? w.parts[w.partOf[offset - w.from]] : undefined;
  }

  drawBytes(fromRow, rows) {
    if (!this.state) return this.byteRows.body.replaceChildren();
    const { width, window: w, state } = this;
    const from = fromRow * width;
    const to = Math.min(state.size, (fromRow + Math.max(rows, 0)) * width);
    if (from < w.from || to > w.to) this.fetch(from, to);
    const body = this.byteRows.body;
    while (body.children.length > rows) body.lastChild.remove();
    while (body.children.length < rows) body.append(this.newRow());
    const here = this.partAt(this.hovered ?? this.cursor);
    const [start, end] = this.marked ?? [0, 0];
    for (let r = 0; r < rows; r++) {
      const row = body.children[r];
      const [offset, cells, text, said] = row.children;
      const at = from + r * width;
      offset.textContent = hex(at, this.digits);
      const edge = this.synced >= at && this.synced < Math.min(at + width, state.size);
      let means = edge ? say("▲ the disk has it up to here") : "";
      for (let i = 0; i < width; i++) {
        const cell = cells.children[i];
        const letter = text.children[i];
        const byte = at + i;
        const known = byte >= w.from && byte < w.to;
        if (byte >= state.size || !known) {
          cell.textContent = letter.textContent = byte < state.size ? "··" : "";
          if (byte < state.size) letter.textContent = " ";
          cell.className = letter.className = "";
          delete cell.dataset.at;
          delete letter.dataset.at;
          continue;
        }
        const value = w.bytes[byte - w.from];
        const code = parseInt(value, 16);
        const index = w.partOf[byte - w.from];
        const part = w.parts[index];
        const classes = [];
        if (part) {
          classes.push(part.data ? "data" : "form");
          if ((part.at + part.length) % 2) classes.push("odd");
          if (part === here) classes.push("same");
          if (part.name === "unread") classes.push("unread");
          if (part.at === byte) {
            classes.push("first");
            const { brief } = part;
            if (brief) means += `${means ? " · " : ""}${brief}`;
          }
        }
        if (byte >= start && byte < end) classes.push("marked");
        if (byte >= this.synced) classes.push("unsynced");
        if (byte === this.synced) classes.push("watermark");
        if (byte === this.cursor) classes.push("cursor");
        cell.textContent = value;
        letter.textContent = code < 32 || code > 126 ? "." : String.fromCharCode(code);
        cell.className = letter.className = classes.join(" ");
        cell.dataset.at = letter.dataset.at = byte;
      }
      row.classList.toggle("beyond", this.synced <= at && at - width < this.synced && this.synced < state.size);
      said.textContent = means;
    }
  }

  // fit chooses how many bytes a row has.
  fit() {
    const wanted = this.bytes.clientWidth < 480 ? 8 : 16;
    if (!this.bytes.clientWidth || wanted === this.width) return;
    const first = this.byteRows.top * this.width;
    this.width = wanted;
    this.byteRows.body.replaceChildren();
    this.byteRows.setTotal(Math.ceil((this.state?.size ?? 0) / wanted));
    this.byteRows.scrollTo(Math.floor(first / wanted));
  }

  newRow() {
    const cells = () => Array.from({ length: this.width }, () => element("i"));
    return element("div", { className: "row" }, element("span", { className: "offset" }), element("span", { className: "cells" }, ...cells()),
      element("span", { className: "text" }, ...cells()), element("span", { className: "means" }));
  }

  hover(offset) {
    if (this.hovered === offset) return;
    this.hovered = offset;
    this.byteRows.refresh();
    this.meant();
  }

  goTo(offset) {
    this.trip++;
    this.put(offset);
  }

  // inTurn makes a movement from where the cursor is, once those before it have
  // ended: the worker is asked where a record or a key begins. Whoever has gone to a
  // place meanwhile stays there.
  inTurn(move) {
    const { trip } = this;
    const here = () => trip === this.trip;
    this.moves = this.moves.then(() => here() && move(here));
  }

  // ask asks the worker about the file; there is no answer if another is shown by then.
  async ask(...question) {
    const { file } = this;
    const answer = await this.worker.ask(...question);
    return this.file === file && this.state ? answer : null;
  }

  // stay gives up the movements that have not ended.
  stay() {
    this.trip++;
    this.moves = Promise.resolve();
  }

  put(offset, mark = true) {
    if (!this.state?.size) return;
    this.cursor = Math.max(0, Math.min(offset, this.state.size - 1));
    this.hovered = null;
    if (mark) this.marked = null;
    this.view("Bytes");
    this.byteRows.reveal(Math.floor(this.cursor / this.width), 2);
    this.byteRows.refresh();
    this.meant();
  }

  // jumps goes to the offset that was written, or says why it cannot.
  jumps(e) {
    e.preventDefault();
    if (!this.state) return;
    const offset = offsetOf(this.offset.value, this.state.size);
    if (typeof offset === "string") {
      this.isWrong(offset);
      return this.writeOffset();
    }
    this.isWrong("");
    this.goTo(offset);
    this.bytes.focus();
  }

  writeOffset() {
    this.offset.focus();
    this.offset.select();
  }

  isWrong(text) {
    this.wrong.textContent = text;
    this.offset.setAttribute("aria-invalid", String(text !== ""));
  }

  step(to) {
    this.inTurn(async (here) => {
      const r = await this.worker?.ask("record", this.cursor);
      if (here() && r?.[to] >= 0) this.put(r[to]);
    });
  }

  key(e) {
    const page = this.byteRows.visible * this.width;
    const moves = (column) => ({
      ArrowLeft: -1, ArrowRight: 1, ArrowUp: -this.width, ArrowDown: this.width, PageUp: -page, PageDown: page,
      Home: e.ctrlKey ? -Infinity : -column, End: e.ctrlKey ? Infinity : this.width - 1 - column,
    });
    if (e.altKey || e.metaKey) return;
    if (e.key in moves(0)) {
      this.inTurn(() => {
        const to = this.cursor + moves(this.cursor % this.width)[e.key];
        if (to >= 0 || !Number.isFinite(to) || e.key === "PageUp") this.put(to, false);
      });
    } else if (e.ctrlKey) {
      return;
    } else if (e.key === "n" || e.key === "N") this.step("next");
    else if (e.key === "p" || e.key === "P") this.step("previous");
    else if (e.key === "k" || e.key === "K") this.reveal();
    else if (e.key === "g" || e.key === "G") this.writeOffset();
    else return;
    e.preventDefault();
  }

  // reveal goes from a byte to the line of its key.
  async reveal() {
    const part = this.partAt(this.cursor);
    if (!part || part.entry < 0) return;
    const found = await this.ask("entry", part.entry);
    if (!(found?.place >= 0)) return;
    this.marked = [found.entry.start, found.entry.end];
    this.byteRows.refresh();
    this.keys.reveal(found.place);
  }

  // meant says what the byte under the pointer, or else at the cursor, means.
  meant() {
    const at = this.hovered ?? this.cursor;
    const part = this.partAt(at);
    if (!this.state?.size) {
      this.where.textContent = this.what.textContent = this.owner.textContent = "";
      if (this.state?.done) this.what.textContent = say("The file is empty.");
      return;
    }
    const value = this.window.bytes[at - this.window.from] ?? "";
    const place = `${count(at)} = 0x${hex(at, 1)}`;
    this.where.textContent = value ? say("byte {offset}, value {value}", place, `0x${value}`) : say("byte {offset}", place);
    const where = at >= this.synced ? ` — ${say("in the page cache only: a power cut may take it")}` : "";
    const text = part ? `${part.name}${part.says ? `: ${part.says}` : ""}${part.how ? `, ${part.how}` : ""}${part.length > 1 ? ` (${plural(part.length, "{n} byte|{n} bytes")})` : ""}${where}` : this.state.done ? "" : say("not read yet");
    if (this.what.textContent !== text) this.what.textContent = text;
    if (part?.entry !== this.owned) {
      this.owned = part?.entry;
      this.owner.textContent = "";
      if (part && part.entry >= 0) {
        this.worker?.ask("entry", part.entry).then((found) => {
          if (found && this.owned === part.entry) this.owner.textContent = found.entry.expires ? say("of {key}, expires {time}", found.entry.label, found.entry.expires) : say("of {key}", found.entry.label);
        });
      }
    }
  }

  // mark shows the bytes of a line of the list.
  mark(line) {
    this.marked = [line.start, line.end];
    this.byteRows.reveal(Math.floor(line.start / this.width), 2);
    this.byteRows.refresh();
  }

  // lead goes to them.
  lead(line) {
    this.cursor = line.start;
    this.hovered = null;
    this.mark(line);
    this.meant();
  }

  // ---- summary ------------------------------------------------------------

  async drawSummary() {
    if (!this.worker || !this.state) return;
    const s = await this.ask("summary");
    if (!s) return;
    this.summary.replaceChildren(summaryTables(s, (e) => this.goToEntry(e.start, e.end), this.state.done));
  }

  goToEntry(start, end) {
    this.goTo(start);
    this.marked = [start, end];
    this.byteRows.refresh();
    this.bytes.focus();
  }
}
