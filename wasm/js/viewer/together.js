// The files of an append-only directory, added up: what its manifest names, in the
// order in which a server loads it.
import { FileWorker } from "./file-worker.js";
import { folderOf, signature } from "./files.js";
import { summaryTables } from "./tables.js";
import { element, plural, say, size } from "./text.js";

// allFiles is what this face of the viewer is called.
export const allFiles = "All files";

export class Together {
  constructor(viewer) {
    this.viewer = viewer;
    this.root = element("div", { className: "summary", id: "viewer-together", tabIndex: 0, role: "group", aria: { label: say(allFiles) }, hidden: true });
  }

  stop() {
    this.adder?.close();
    this.adder = null;
  }

  // addUp reads the manifest and then the files that it names, one after the
  // other, in a worker of its own. What was there stays until that is done.
  async addUp() {
    this.stop();
    this.viewer.again.hidden = true;
    const { manifest } = this.viewer;
    let opened = null;
    const adder = new FileWorker(
      (state, done) => done && opened?.resolve(),
      (text) => opened?.reject(new Error(text)),
    );
    this.adder = adder;
    const tell = (text) => {
      if (!this.root.querySelector("table")) this.root.replaceChildren(element("p", { role: "status", textContent: text }));
    };
    const add = async (file) => {
      tell(say("Reading {file}…", file.name));
      const content = await this.viewer.content(file);
      await new Promise((resolve, reject) => {
        opened = { resolve, reject };
        adder.open(file.name, content, false);
      });
      return adder.ask("add");
    };
    try {
      if (manifest.ours) this.added = signature(await this.viewer.db.files(), manifest.name);
      let total = await add(manifest);
      const there = (name) => this.viewer.files.find((f) => f.name === folderOf(manifest.name) + name);
      for (const m of total.members) {
        if (this.adder !== adder) return;
        if (there(m.name)) total = await add(there(m.name));
      }
      if (this.adder !== adder) return;
      this.draw(total, there);
    } catch (e) {
      if (this.adder === adder) this.root.replaceChildren(element("p", { role: "alert", textContent: say("The files could not be added up: {why}", e.message) }));
    } finally {
      adder.close();
    }
  }

  draw(total, there) {
    const rows = total.members.map((m) => {
      const holds = [];
      if (m.keys) holds.push(plural(m.keys, "{n} key|{n} keys"));
      if (m.commands) holds.push(plural(m.commands, "{n} command|{n} commands"));
      if (m.role === "history") holds.push(say("a rewrite has replaced it: not loaded"));
      else if (!m.added) holds.push(say("missing: without it no server starts"));
      if (m.problem) holds.push(m.problem);
      const to = element("button", { type: "button", className: "key", textContent: m.name, disabled: !there(m.name), onclick: () => {
        this.viewer.show(there(m.name));
        this.viewer.bytes.focus();
      } });
      return [to, say(m.role), m.added ? size(m.size) : "", holds.join(", ") || say("nothing")];
    });
    const tables = summaryTables(total.summary, (e) => this.viewer.show(there(e.file), [e.start, e.end]), true, rows);
    if (this.viewer.manifest.left) {
      const left = this.viewer.manifest.left.join(", ");
      tables.prepend(element("p", { textContent: `${say("Without a manifest the order is guessed from the names.")}${left && ` ${say("Not added up: {files}.", left)}`}` }));
    }
    if (total.problem) tables.prepend(element("p", { className: "problem", textContent: total.problem }));
    this.root.replaceChildren(tables);
  }

  // watch adds up again when files of the running server have changed.
  watch(list) {
    const now = signature(list, this.viewer.manifest.name);
    if (now === this.added) return;
    const bytes = list.reduce((sum, f) => sum + f.size, 0);
    if (bytes <= 4 << 20) this.addUp();
    else this.viewer.again.hidden = false;
  }
}
