// A summary of a file as tables: its keys by type, encoding, prefix and expiry, and
// the largest of them.
import { count, element, say, size } from "./text.js";

// summaryTables are all that a summary tells; go leads to an entry.
export function summaryTables(s, go, done) {
  const t = new Tables();
  t.add("File", ["fact", "value"], [...facts(s), ...s.fields]);
  t.libraries(s);
  t.keys(s);
  t.commands(s);
  t.largest("Largest", s, go);
  return t.root(done ? say("Nothing to add up.") : say("Still reading…"));
}

// facts are its figures.
export function facts(s) {
  const list = [];
  if (s.version) list.push([say("RDB version"), String(s.version)]);
  if (s.keys) list.push([say("keys"), count(s.keys)], [say("memory, as MEMORY USAGE adds up"), size(s.memory)]);
  if (s.commandSum) list.push([say("commands"), count(s.commandSum)]);
  if (s.from) list.push([say("written from"), s.from], [say("to"), s.to]);
  return list;
}

// Tables are tables that are made one after the other; one without rows is none.
export class Tables {
  list = [];

  add(title, heads, rows) {
    if (!rows.length) return;
    const cell = (tag, v) => (v instanceof Node ? element(tag, {}, v) : element(tag, { textContent: v }));
    this.list.push(element("section", {}, element("h3", { textContent: say(title) }), element("table", {},
      element("thead", {}, element("tr", {}, ...heads.map((h) => element("th", { textContent: say(h), scope: "col" })))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((v) => cell("td", v))))))));
  }

  libraries(s) {
    this.add("Function libraries", ["first line"], s.functions.map((f) => [f]));
  }

  // keys are counted; inFile tells what they take in a file, too.
  keys(s, inFile = true) {
    const counted = (title, first, groups) => {
      const whole = most(groups, "memory");
      this.add(title, [first, "keys", "memory", ...(inFile ? ["in the file"] : [])],
        groups.map((g) => [g.name, count(g.count), bar(size(g.memory), g.memory / whole), ...(inFile ? [size(g.bytes)] : [])]));
    };
    counted("Types", "type", s.types);
    counted("Encodings", "type and encoding", inFile ? s.encodings : s.encodings.map((g) => ({ ...g, name: g.name.split(",")[0] })));
    if (s.databases.length > 1) counted("Databases", "database", s.databases);
    counted("By prefix", "prefix", s.prefixes);
    const times = most(s.expiries, "count");
    this.add("Expiry", ["expires", "keys"], s.expiries.map((g) => [say(g.name), bar(count(g.count), g.count / times)]));
  }

  commands(s) {
    const counted = (title, first, groups) => {
      const whole = most(groups, "bytes");
      this.add(title, [first, "times", "in the file"], groups.map((g) => [g.name, count(g.count), bar(size(g.bytes), g.bytes / whole)]));
    };
    counted("Commands", "command", s.commands);
    counted("Commands by prefix of their first key", "prefix", s.touched);
  }

  // largest are the largest entries; go leads to one, where there is one to go to.
  largest(title, s, go) {
    this.add(title, ["key or command", "type", "elements", s.keys ? "memory" : "in the file"], s.biggest.map((e) => {
      const name = go ? element("button", { type: "button", className: "key", textContent: e.label, title: e.file ?? "", onclick: () => go(e) }) : e.label;
      return [name, e.command ? say("command") : `${e.type}${e.encoding === e.type ? "" : ` ${e.encoding}`}`, count(e.elements), size(e.command ? e.end - e.start : e.memory)]; // not a text
    }));
  }

  root(otherwise = "") {
    return element("div", {}, ...(this.list.length ? this.list : [element("p", { textContent: otherwise })]));
  }
}

const most = (groups, of) => Math.max(1, ...groups.map((g) => g[of]));

// A bar says what part of the whole a line has; the figure stands beside it.
function bar(text, part) {
  const e = element("span", { className: "bar", textContent: text });
  e.style.setProperty("--part", `${Math.round(part * 1000) / 10}%`);
  return e;
}
