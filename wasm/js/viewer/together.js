// Files of one server, together: what it would have after loading them, and what
// they say, in the order in which it loads them.
import { FileWorker } from "./file-worker.js";
import { folderOf, signature } from "./files.js";
import { Loader } from "./loader.js";
import { Tables, facts } from "./tables.js";
import { element, plural, say, size } from "./text.js";

// allFiles is what this face of the viewer is called.
export const allFiles = "All files";

const baseName = (name) => name.slice(name.lastIndexOf("/") + 1);

export class Together {
  constructor(viewer, open) {
    this.viewer = viewer;
    this.loader = new Loader(open, viewer.db);
    this.root = element("div", { className: "summary", id: "viewer-together", tabIndex: 0, role: "group", aria: { label: say(allFiles) }, hidden: true });
  }

  stop() {
    this.loader.close();
    this.reader?.close();
    this.reader = null;
  }

  // addUp reads the manifest and then the files that it names, one after the
  // other, in a worker of its own; then a server loads them. What was there stays
  // until that is done.
  async addUp() {
    this.reader?.close();
    this.viewer.again.hidden = true;
    const { manifest, files } = this.viewer;
    let opened = null;
    const reader = new FileWorker(
      (state, done) => done && opened?.resolve(),
      (text) => opened?.reject(new Error(text)),
    );
    this.reader = reader;
    const tell = (text) => {
      if (!this.root.querySelector("table")) this.root.replaceChildren(element("p", { role: "status", textContent: text }));
    };
    const read = async (name, content, what) => {
      await new Promise((resolve, reject) => {
        opened = { resolve, reject };
        reader.open(name, content, false);
      });
      return reader.ask(what);
    };
    const directory = {};
    const add = async (file) => {
      tell(say("Reading {file}…", file.name));
      const content = await this.viewer.content(file);
      directory[file === manifest ? "appendonlydir/appendonly.aof.manifest" : `appendonlydir/${baseName(file.name)}`] =
        content instanceof Blob ? await content.arrayBuffer() : content.slice();
      return read(file.name, content, "add");
    };
    const gone = () => this.reader !== reader;
    try {
      const ours = files.some((f) => f.ours);
      if (ours) this.added = signature(await this.viewer.db.files(), files);
      let total = await add(manifest);
      const there = (name) => files.find((f) => f.name === folderOf(manifest.name) + name);
      for (const m of total.members) {
        if (gone()) return;
        if (there(m.name)) total = await add(there(m.name));
      }
      const rows = total.members.map((m) => this.member(m, there(m.name)));
      const left = [];
      let snapshots = 0;
      for (const file of files) {
        if (file === manifest || total.members.some((m) => there(m.name) === file)) continue;
        if (gone()) return;
        if (file.name.endsWith(".rdb")) {
          const content = await this.viewer.content(file);
          const bytes = content.size ?? content.length;
          rows.push(this.beside(file, bytes, await read(file.name, content, "summary")));
          snapshots++;
        } else {
          left.push(baseName(file.name));
        }
      }
      if (gone()) return;
      tell(say("A server loads them…"));
      let loaded = null;
      let failed = "";
      try {
        loaded = await read("dump.rdb", await this.loader.load(directory, ours), "summary");
      } catch (e) {
        failed = e.message;
      }
      if (!gone()) this.draw({ total, rows, left, snapshots, loaded, failed, there });
    } catch (e) {
      if (!gone()) this.root.replaceChildren(element("p", { role: "alert", textContent: say("The files could not be added up: {why}", e.message) }));
    } finally {
      reader.close();
    }
  }

  // to leads to a file.
  to(file, name) {
    return element("button", { type: "button", className: "key", textContent: name, disabled: !file, onclick: () => {
      this.viewer.show(file);
      this.viewer.bytes.focus();
    } });
  }

  // member is the line of a file that the manifest names.
  member(m, file) {
    const holds = [];
    if (m.keys) holds.push(plural(m.keys, "{n} key|{n} keys"));
    if (m.commands) holds.push(plural(m.commands, "{n} command|{n} commands"));
    if (m.role === "history") holds.push(say("a rewrite has replaced it: not loaded"));
    else if (!m.added) holds.push(say("missing: without it no server starts"));
    if (m.problem) holds.push(m.problem);
    return [this.to(file, m.name), say(m.role), m.added ? size(m.size) : "", holds.join(", ") || say("nothing")];
  }

  // beside is the line of a snapshot beside the append-only files.
  beside(file, bytes, summary) {
    const holds = [plural(summary.keys, "{n} key|{n} keys"), say("not loaded: the append-only files win")];
    return [this.to(file, baseName(file.name)), say("snapshot"), size(bytes), holds.join(", ")];
  }

  draw({ total, rows, left, snapshots, loaded, failed, there }) {
    const t = new Tables();
    t.add("Loaded in this order", ["file", "is", "size", "holds"], rows);
    const said = [];
    if (loaded) {
      said.push(loaded.keys
        ? plural(loaded.keys, "A server that starts on these files, with appendonly yes, has {n} key.|A server that starts on these files, with appendonly yes, has {n} keys.")
        : say("A server that starts on these files, with appendonly yes, has no keys."));
      t.add("After loading", ["fact", "value"], facts({ ...loaded, version: 0 }));
      t.libraries(loaded);
      t.keys(loaded, false);
      t.largest("Largest", loaded);
    } else {
      said.push(say("No server starts on these files: {why}.", failed));
      t.keys(total.summary);
    }
    if (snapshots) said.push(say("With appendonly no it loads the snapshot alone, whose own summary says what is in it."));
    t.add("What the files say", ["fact", "value"], [...facts({ ...total.summary, keys: 0 }), ...total.summary.fields]);
    t.commands(total.summary);
    t.largest("Largest in the files", total.summary, (e) => this.viewer.show(there(e.file), [e.start, e.end]));
    if (this.viewer.manifest.blob && !this.viewer.files.includes(this.viewer.manifest)) {
      said.push(this.viewer.manifest.alone ? say("Without a manifest it is an append-only file as before Redis 7.") : say("Without a manifest the order is guessed from the names."));
    }
    if (left.length) said.push(say("Not added up: {files}.", left.join(", ")));
    const root = t.root();
    root.prepend(element("p", { className: "together", textContent: said.join(" ") }));
    if (total.problem) root.prepend(element("p", { className: "problem", textContent: total.problem }));
    this.root.replaceChildren(root);
  }

  // watch adds up again when files of the running server have changed.
  watch(list) {
    const { files } = this.viewer;
    if (signature(list, files) === this.added) return;
    const bytes = list.reduce((sum, f) => sum + f.size, 0);
    if (bytes <= 4 << 20) this.addUp();
    else this.viewer.again.hidden = false;
  }
}
