// A summary of a file as tables: its keys by type, encoding, prefix and expiry, and
// the largest of them.
import { count, element, plural, say, size } from "./text.js";

// summaryTables are a summary; go leads to an entry. members are the files that it
// is of, if it is of several.
export function summaryTables(s, go, done, members = []) {
  const tables = [];
  const table = (title, heads, rows) => {
    if (!rows.length) return;
    const cell = (tag, v) => (v instanceof Node ? element(tag, {}, v) : element(tag, { textContent: v }));
    tables.push(element("section", {}, element("h3", { textContent: say(title) }), element("table", {},
      element("thead", {}, element("tr", {}, ...heads.map((h) => element("th", { textContent: say(h), scope: "col" })))),
      element("tbody", {}, ...rows.map((row) => element("tr", {}, ...row.map((v) => cell("td", v))))))));
  };
  // A bar says what part of the whole a line has; the figure stands beside it.
  const bar = (text, part) => {
    const e = element("span", { className: "bar", textContent: text });
    e.style.setProperty("--part", `${Math.round(part * 1000) / 10}%`);
    return e;
  };
  const most = (groups, of) => Math.max(1, ...groups.map((g) => g[of]));
  const weighed = (title, first, groups, of = "memory") => {
    const whole = most(groups, of);
    const keys = of === "memory";
    table(title, [first, keys ? "keys" : "times", keys ? "memory" : "in the file", ...(keys ? ["in the file"] : [])],
      groups.map((g) => [g.name, count(g.count), bar(size(g[of]), g[of] / whole), ...(keys ? [size(g.bytes)] : [])]));
  };
  const facts = [];
  if (s.version) facts.push([say("RDB version"), String(s.version)]);
  if (s.keys) facts.push([say("keys"), count(s.keys)], [say("memory, as MEMORY USAGE adds up"), size(s.memory)]);
  if (s.commandSum) facts.push([say("commands"), count(s.commandSum)]);
  if (s.from) facts.push([say("written from"), s.from], [say("to"), s.to]);
  table("Loaded in this order", ["file", "is", "size", "holds"], members);
  table(members.length ? "Together" : "File", ["fact", "value"], [...facts, ...s.fields]);
  table("Function libraries", ["first line"], s.functions.map((f) => [f]));
  weighed("Types", "type", s.types);
  weighed("Encodings", "type and encoding", s.encodings);
  if (s.databases.length > 1) weighed("Databases", "database", s.databases);
  weighed("By prefix", "prefix", s.prefixes);
  const times = most(s.expiries, "count");
  table("Expiry", ["expires", "keys"], s.expiries.map((g) => [say(g.name), bar(count(g.count), g.count / times)]));
  weighed("Commands", "command", s.commands, "bytes");
  weighed("Commands by prefix of their first key", "prefix", s.touched, "bytes");
  table("Largest", ["key or command", "type", "elements", s.keys ? "memory" : "in the file"], s.biggest.map((e) => {
    const to = element("button", { type: "button", className: "key", textContent: e.label, title: e.file ?? "", onclick: () => go(e) });
    return [to, e.command ? say("command") : `${e.type}${e.encoding === e.type ? "" : ` ${e.encoding}`}`, count(e.elements), size(e.command ? e.end - e.start : e.memory)]; // not a text
  }));
  if (!tables.length) tables.push(element("p", { textContent: done ? say("Nothing to add up.") : say("Still reading…") }));
  return element("div", {}, ...tables);
}
