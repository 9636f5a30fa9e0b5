// Events: what happened in the engine, in the packed form of package event.
import { decoder } from "./bytes.js";
import { EngineError } from "./errors.js";

const types = ["string", "list", "set", "zset", "hash", "", "stream"];
const encodings = ["raw", "int", "hashtable", "", "", "", "intset", "skiplist", "embstr", "quicklist", "stream", "listpack"];
const reasons = ["deleted", "expired", "evicted", "renamed"];

// Varints reads the fields of package event. Numbers above 2^53 lose precision.
class Varints {
  constructor(b) {
    this.b = b;
    this.at = 0;
  }
  get more() {
    return this.at < this.b.length;
  }
  byte() {
    return this.b[this.at++];
  }
  bool() {
    return this.byte() !== 0;
  }
  uint() {
    let v = 0;
    for (let scale = 1; ; scale *= 128) {
      const c = this.b[this.at++];
      v += (c & 127) * scale;
      if (!(c & 128)) return v;
    }
  }
  int() {
    const v = this.uint();
    return v % 2 === 0 ? v / 2 : -(v + 1) / 2;
  }
  bytes() {
    const n = this.uint();
    this.at += n;
    return this.b.subarray(this.at - n, this.at);
  }
  string() {
    return decoder.decode(this.bytes());
  }
  strings() {
    return Array.from({ length: this.uint() }, () => this.string());
  }
}

// Each kind of event: its name and its fields in order, as package event has
// them. A key is its length, then its first 256 bytes.
const events = [
  null,
  ["change", { db: "int", key: "key", type: types, encoding: encodings, memory: "int", elements: "int", expireAt: "int", change: "uint", inSnapshot: "bool" }],
  ["remove", { db: "int", key: "key", reason: reasons }],
  ["flush", { db: "int" }],
  ["swap", { a: "int", b: "int" }],
  ["durability", {
    now: "int", last: "uint", acknowledged: "uint", written: "uint", synced: "uint",
    bufferedBytes: "int", writtenBytes: "int", syncedBytes: "int", oldestUnsyncedAt: "int",
    snapshotChange: "uint", snapshotAt: "int", snapshotBytes: "int", syncInFlight: "bool", aofEnabled: "bool",
    asideLast: "uint", asideAcknowledged: "uint", asideWritten: "uint", asideSynced: "uint", asideSnapshot: "uint",
  }],
  ["command", { client: "uint", name: "string", start: "int", duration: "int", waited: "int", preview: "text" }],
  ["clients", { clients: { id: "uint", name: "string", db: "int", flags: "byte", queue: "int" } }],
  ["job", { kind: ["bgsave", "rewrite", "load", "lazyfree"], phase: ["started", "running", "finished", "failed"], done: "int", total: "int", copied: "int", micros: "int" }],
  ["stats", { now: "int", keys: "int", withTTL: "int", memory: "int", commands: "int", expiredKeys: "int", evictedKeys: "int", blockedTotal: "int" }],
  ["log", { at: "int", level: ["debug", "verbose", "notice", "warning"], text: "string" }],
  ["overflow", {}],
  ["crash-report", {
    kind: "string", at: "int", recoveredAt: "int", acknowledged: "int", survived: "int", lost: "int", unknown: "int",
    unsynced: "int", unacknowledged: "int", summarised: "int",
    files: { name: "string", found: "int", read: "int" },
    writes: {
      change: "uint", time: "int", client: "uint", db: "int", command: "string", keys: "strings", acknowledged: "bool",
      fate: ["lost", "survived", "unknown"], file: "string", offset: "int", size: "int", syncedAt: "int", reason: "string", later: "uint",
    },
  }],
];
export const eventNames = events.filter(Boolean).map(([name]) => name);

function readEvent(v, fields) {
  const e = {};
  for (const [field, type] of Object.entries(fields)) {
    if (Array.isArray(type)) e[field] = type[v.byte()];
    else if (typeof type === "object") e[field] = Array.from({ length: v.uint() }, () => readEvent(v, type));
    else if (type === "key") {
      e.keyLength = v.uint();
      e.key = v.string();
    } else e[field] = type === "text" ? v.string() : v[type]();
  }
  return e;
}

export function decodeEvents(b, emit) {
  if (b.length === 0) return;
  if (b[0] !== 1) throw new EngineError("PROTOCOL", `events of version ${b[0]}`);
  const v = new Varints(b);
  v.at = 1;
  while (v.more) {
    const [name, fields] = events[v.byte()];
    emit(name, readEvent(v, fields));
  }
}
