// Everysec for JavaScript: a Redis-compatible server in a worker of this page.
// See everysec.d.ts for what each call promises. No dependency; everything is
// fetched from beside this file.

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true });

// ReplyError is an error the server replied. code is its first word.
export class ReplyError extends Error {
  constructor(text) {
    super(text);
    this.name = "ReplyError";
    this.code = text.split(" ", 1)[0];
  }
}

// EngineError is everything else that can go wrong.
export class EngineError extends Error {
  constructor(code, text) {
    super(text);
    this.name = "EngineError";
    this.code = code;
  }
}

// ---- bytes ----------------------------------------------------------------

const u32 = (b, at) => (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0;

// fromText is a batch that came as a string.
function fromText(text) {
  const b = new Uint8Array(text.length);
  for (let i = 0; i < b.length; i++) b[i] = text.charCodeAt(i);
  return b;
}

// Buffer is a byte array that grows.
class Buffer {
  constructor(size = 1024) {
    this.b = new Uint8Array(size);
    this.view = new DataView(this.b.buffer);
    this.n = 0;
  }
  room(n) {
    if (this.n + n <= this.b.length) return;
    const grown = new Uint8Array(Math.max(this.b.length * 2, this.n + n));
    grown.set(this.b.subarray(0, this.n));
    this.b = grown;
    this.view = new DataView(grown.buffer);
  }
  bytes(v) {
    this.room(v.length);
    this.b.set(v, this.n);
    this.n += v.length;
  }
  u32(v) {
    this.room(4);
    this.view.setUint32(this.n, v, true);
    this.n += 4;
  }
  // line writes a RESP header: a mark and a count.
  line(mark, n) {
    this.room(24);
    this.b[this.n++] = mark;
    if (n < 10) {
      this.b[this.n++] = 48 + n;
    } else {
      let at = this.n + (n < 100 ? 2 : n < 1000 ? 3 : String(n).length);
      this.n = at;
      for (; n > 0; n = Math.floor(n / 10)) this.b[--at] = 48 + (n % 10);
    }
    this.b[this.n++] = 13;
    this.b[this.n++] = 10;
  }
  argument(v) {
    if (typeof v === "string") {
      // Short ASCII is written here; the encoder costs more than the bytes.
      const length = v.length;
      if (length < 512) {
        const mark = this.n;
        this.line(36, length);
        this.room(length + 2);
        const { b } = this;
        let at = this.n;
        let i = 0;
        for (; i < length; i++) {
          const c = v.charCodeAt(i);
          if (c > 127) break;
          b[at++] = c;
        }
        if (i === length) {
          b[at++] = 13;
          b[at++] = 10;
          this.n = at;
          return;
        }
        this.n = mark;
      }
      v = encoder.encode(v);
    } else if (v instanceof ArrayBuffer) {
      v = new Uint8Array(v);
    } else if (!(v instanceof Uint8Array)) {
      if (v === null || v === undefined) throw new TypeError(`a command's argument is ${v}`);
      return this.argument(String(v));
    }
    this.line(36, v.length);
    this.bytes(v);
    this.room(2);
    this.b[this.n++] = 13;
    this.b[this.n++] = 10;
  }
  command(args) {
    if (args.length === 0) throw new TypeError("a command without a name");
    this.line(42, args.length);
    for (const a of args) this.argument(a);
  }
}

// Replies turns bytes into JavaScript values as they come in.
class Replies {
  constructor() {
    this.b = new Uint8Array(0);
    this.at = 0;
    this.binary = false;
  }
  feed(chunk) {
    if (this.at === this.b.length) {
      this.b = chunk;
      this.at = 0;
      return;
    }
    const rest = this.b.length - this.at;
    const all = new Uint8Array(rest + chunk.length);
    all.set(this.b.subarray(this.at));
    all.set(chunk, rest);
    this.b = all;
    this.at = 0;
  }
  // next is the next whole reply, or undefined if it has not all arrived.
  next() {
    const start = this.at;
    this.short = false;
    this.push = false;
    const v = this.value(true);
    if (!this.short) return v;
    this.at = start;
    return undefined;
  }
  get empty() {
    return this.at >= this.b.length;
  }
  text() {
    const end = this.b.indexOf(13, this.at);
    if (end < 0 || end + 1 >= this.b.length) {
      this.short = true;
      return "";
    }
    const { b } = this;
    if (end - this.at === 2 && b[this.at] === 79 && b[this.at + 1] === 75) {
      this.at = end + 2;
      return "OK";
    }
    const s = decoder.decode(b.subarray(this.at, end));
    this.at = end + 2;
    return s;
  }
  count() {
    // Nearly all counts are short: digits are read here.
    let n = 0;
    let at = this.at;
    const { b } = this;
    for (; at < b.length && at - this.at < 9; at++) {
      const d = b[at] - 48;
      if (d < 0 || d > 9) break;
      n = n * 10 + d;
    }
    if (at > this.at && at + 1 < b.length && b[at] === 13) {
      this.at = at + 2;
      return n;
    }
    const s = this.text();
    if (this.short) return 0;
    n = Number(s);
    return Number.isSafeInteger(n) ? n : BigInt(s);
  }
  blob() {
    const n = this.count();
    if (this.short) return null;
    if (n < 0) return null;
    if (this.at + n + 2 > this.b.length) {
      this.short = true;
      return null;
    }
    const v = this.b.subarray(this.at, this.at + n);
    this.at += n + 2;
    if (this.binary) return v.slice();
    if (n < 24) {
      let s = "";
      let i = 0;
      for (; i < n && v[i] < 128; i++) s += String.fromCharCode(v[i]);
      if (i === n) return s;
    }
    try {
      return strictDecoder.decode(v);
    } catch {
      return v.slice(); // no UTF-8: bytes stay bytes
    }
  }
  list(n) {
    const a = [];
    for (let i = 0; i < n && !this.short; i++) a.push(this.value(false));
    return a;
  }
  value(top) {
    if (this.at >= this.b.length) {
      this.short = true;
      return null;
    }
    const kind = this.b[this.at++];
    switch (kind) {
      case 43: // +
        return this.text();
      case 45: // -
        return new ReplyError(this.text());
      case 58: // :
        return this.count();
      case 36: // $
        return this.blob();
      case 33: {
        // !
        const v = this.blob();
        return this.short ? null : new ReplyError(typeof v === "string" ? v : decoder.decode(v));
      }
      case 61: {
        // =
        const v = this.blob();
        return this.short ? null : v.slice(4);
      }
      case 95: // _
        this.text();
        return null;
      case 35: // #
        return this.text() === "t";
      case 44: {
        // ,
        const s = this.text();
        return s === "inf" ? Infinity : s === "-inf" ? -Infinity : Number(s);
      }
      case 40: {
        // (
        const s = this.text();
        return this.short ? null : BigInt(s);
      }
      case 42: // *
      case 62: {
        // >
        const n = this.count();
        if (this.short) return null;
        if (kind === 62 && top) this.push = true;
        return n < 0 ? null : this.list(n);
      }
      case 126: // ~
        return new Set(this.list(this.count()));
      case 37: {
        // %
        const flat = this.list(this.count() * 2);
        const map = new Map();
        for (let i = 0; i + 1 < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
        return map;
      }
      case 124: {
        // | attributes are skipped
        this.list(this.count() * 2);
        return this.value(top);
      }
    }
    throw new EngineError("PROTOCOL", `a reply of kind ${kind}`);
  }
}

// ---- events (package event) -------------------------------------------------

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
const eventNames = events.filter(Boolean).map(([name]) => name);

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

function decodeEvents(b, emit) {
  if (b.length === 0) return;
  if (b[0] !== 1) throw new EngineError("PROTOCOL", `events of version ${b[0]}`);
  const v = new Varints(b);
  v.at = 1;
  while (v.more) {
    const [name, fields] = events[v.byte()];
    emit(name, readEvent(v, fields));
  }
}

// ---- the worker -------------------------------------------------------------

const CONNECT = 1;
const DISCONNECT = 2;
const INPUT = 3;
// The kind of the first frame that is more than the time at which it was sent (6,
// in 20 bytes).
const kindAt = (b, at) => b[b[at] === 6 ? at + 20 : at];
const CONTROL = 4;
const CREDIT = 5;
const OUTPUT = 129;
const RESULT = 130;
const FAILURE = 131;
const EVENTS = 132;
const NOTICE = 133;

const header = 12;

const op = {
  state: 1, pause: 2, resume: 3, speed: 4, advance: 5, crash: 6, restart: 7, files: 8, readFile: 9,
  importRDB: 10, exportZip: 11, erase: 12, takeOver: 13, copy: 14, rawStore: 15, resync: 16, freeSpace: 17, warm: 18,
  disk: 24, disarm: 25, fault: 26, replace: 28, bringBack: 29,
  step: 40, runSave: 42, runLoad: 44, runSeek: 46, runBranch: 52,
};

const notices = [
  "", "ready", "down", "crashed", "store-memory", "store-busy", "store-taken", "store-unknown", "store-full", "store-failed", "fatal", "store-saves",
  "store-volatile", "run", "store-emptied", "", "state",
];
const phases = ["down", "loading", "running", "waiting"];
const stores = ["memory", "indexeddb", "waiting"];
const crashes = { "kill-9": 0, "power-loss": 1, "power-loss-torn": 2, "bit-rot": 3 };
const moments = ["now", "during-fsync", "before-rename", "after-rename", "before-write", "after-write", "operation"];
const faults = ["none", "lying-fsync", "failed-fsync", "hung-fsync", "slow-fsync", "full-disk"];
const crashNames = Object.keys(crashes);
const fates = ["survived", "reverted", "lost", "returned", "expired", "open"];

// Fields reads a record of package bridge.
class Fields {
  constructor(b) {
    this.b = b;
    this.view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    this.at = 0;
  }
  byte() {
    return this.b[this.at++];
  }
  number() {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }
  bytes() {
    const n = this.view.getUint32(this.at, true);
    this.at += 4 + n;
    return this.b.slice(this.at - n, this.at);
  }
  string() {
    return decoder.decode(this.bytes());
  }
}

function record(...fields) {
  const b = new Buffer(64);
  for (const f of fields) {
    if (typeof f === "number") {
      b.room(8);
      b.view.setFloat64(b.n, f, true);
      b.n += 8;
    } else {
      const v = typeof f === "string" ? encoder.encode(f) : f;
      b.u32(v.length);
      b.bytes(v);
    }
  }
  return b.b.subarray(0, b.n);
}

function readState(b) {
  const f = new Fields(b);
  return {
    now: f.number() / 1000,
    wall: f.number() / 1000,
    speed: f.number(),
    paused: f.byte() === 1,
    phase: phases[f.byte()],
    store: stores[f.byte()],
    storeText: f.string(),
    name: f.string(),
    seed: f.number(),
    error: f.string(),
  };
}

function readAccount(b) {
  const f = new Fields(b);
  const account = {
    kind: crashNames[f.byte()],
    seed: f.number(),
    acknowledged: f.number(),
    complete: f.byte() === 1,
    survivedWrites: f.number(),
    lostWrites: f.number(),
    counts: Object.fromEntries(fates.map((fate) => [fate, f.number()])),
    error: f.string(),
    keys: [],
    report: null,
  };
  for (let n = f.number(); n > 0; n--) account.keys.push({ db: f.number(), key: f.string(), fate: fates[f.byte()] });
  decodeEvents(f.bytes(), (name, report) => (account.report = report));
  account.at = f.number() / 1000;
  account.unsynced = f.number();
  account.unwritten = f.number();
  account.operation = f.string();
  return account;
}

function readDisk(b) {
  const f = new Fields(b);
  const armed = { is: f.byte() === 1, kind: crashNames[f.byte()], seed: f.number(), at: moments[f.byte()], left: f.number() };
  const disk = { armed: null, lyingFsync: f.byte() === 1, failedFsyncs: f.number(), hungFsync: f.byte() === 1, slowFsync: f.number() / 1000, free: f.number() };
  if (disk.free < 0) disk.free = Infinity;
  if (armed.is) disk.armed = { kind: armed.kind, seed: armed.seed, at: armed.at === "operation" ? armed.left : armed.at };
  return disk;
}

// The worker can be started before anything else is known: see prepare.
let prepared = null;

const beside = (name) => new URL(name, import.meta.url);

// A page that is a single file has the worker in itself.
const newWorker = (name = "") => globalThis.everysecInline?.worker(name) ?? new Worker(beside("worker.js"), { name });

// prepare starts a worker and its download at once, so that a page can do
// other things before it calls open. A page that cannot wait even for this
// module has begun in early.js.
export function prepare() {
  prepared ??= globalThis.everysecEarly ?? { worker: newWorker() };
  globalThis.everysecEarly = undefined;
}

const alike = (a, b) =>
  a.store === b.store && a.seed === b.seed && JSON.stringify(a.config) === JSON.stringify(b.config);

// stayAwake keeps this thread from going to sleep for some turns, a tenth of a
// millisecond or two: to be woken takes longer than most commands, whose replies
// are there by then. worker.js does the same after input.
let awake = null;
let turns = 0;
function stayAwake() {
  if (!awake) {
    awake = new MessageChannel();
    awake.port1.onmessage = () => {
      if (--turns > 0) awake.port2.postMessage(0);
    };
  }
  if (turns <= 0) awake.port2.postMessage(0);
  turns = 32;
}

// Engine is one worker with its channels. When the engine dies a new worker
// takes its place, on the same files.
class Engine {
  constructor(options) {
    this.options = options;
    this.channels = new Map();
    this.nextChannel = 0;
    this.deaths = 0;
    this.closed = false;
    this.module = new Promise((resolve) => (this.compiled = resolve));
    prepare();
    if (prepared.options && !alike(prepared.options, options)) {
      prepared.worker.terminate();
      prepared = { worker: newWorker() };
    }
    this.start(prepared.worker, null, prepared.heard);
    prepared = null;
    globalThis.addEventListener?.("pagehide", () => this.remember("."));
    globalThis.addEventListener?.("pageshow", () => this.remember("")); // it was not the end
  }
  // module is given to a worker that takes another's place; heard is what one
  // has said that early.js started.
  start(worker, module, heard) {
    this.worker = worker;
    this.ready = new Promise((resolve, reject) => {
      worker.onmessage = ({ data }) => {
        const batch = typeof data === "string" ? fromText(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : null;
        if (batch) {
          this.channels.get(u32(batch, 0))?.receive(batch.subarray(4));
        } else if (data.ready) {
          this.deaths = 0;
          this.last = data.module;
          this.visit = data.visit;
          this.remember("");
          this.compiled(data.module);
          resolve();
        } else if (data.unloadable !== undefined) {
          reject(new EngineError("LOAD", data.unloadable));
          this.end(data.unloadable);
        } else if (data.fatal !== undefined) {
          if (data.trace) console.error(data.trace);
          reject(new EngineError("FATAL", data.fatal));
          this.died(data.fatal);
        }
      };
      worker.onerror = (e) => {
        e.preventDefault();
        const text = e.message || "worker.js could not be loaded";
        reject(new EngineError("FATAL", text));
        this.died(text);
      };
      if (!heard) worker.postMessage({ start: this.options, module });
      for (const e of heard ?? []) (e.type === "error" ? worker.onerror : worker.onmessage)(e);
    });
    this.ready.catch(() => {});
  }
  // remember keeps, beside the store, which visit this is; see store.js.
  remember(end) {
    try {
      if (this.visit) localStorage.setItem(`everysec.visit ${this.options.store}`, this.visit + end);
    } catch {
      // storage is forbidden here, or this is no page
    }
  }
  died(why) {
    if (this.closed) return;
    this.worker.onmessage = this.worker.onerror = null;
    this.worker.terminate();
    // An engine that dies again and again at its start would never stop.
    if (++this.deaths > 3) return this.end(`the engine dies at every start: ${why}`);
    this.start(newWorker(this.last ? "again" : ""), this.last);
    for (const c of this.channels.values()) c.lost(why);
  }
  end(why) {
    this.closed = true;
    this.worker.terminate();
    for (const c of this.channels.values()) c.lost(why);
  }
  // channel gives one user of the engine frames of its own.
  channel(handlers) {
    const id = this.nextChannel++;
    this.channels.set(id, handlers);
    return {
      // A batch is a channel and frames: the first n bytes of batch, which is
      // the caller's again when this returns. See worker.js for its two forms.
      post: (batch, n) => {
        if (this.closed) return handlers.lost("the engine is closed");
        for (let i = 0; i < 4; i++) batch[i] = id >>> (8 * i);
        if (n <= 512) {
          if (kindAt(batch, 8) === INPUT) stayAwake();
          this.worker.postMessage(String.fromCharCode.apply(null, batch.subarray(0, n)));
        } else {
          const buffer = batch.buffer.slice(0, n);
          this.worker.postMessage(buffer, [buffer]);
        }
      },
      close: () => this.channels.delete(id),
    };
  }
}

// ---- clients ------------------------------------------------------------------

const subscribing = new Set(["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"]);
const pushKinds = new Set([
  "message", "pmessage", "smessage", "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe",
]);

class Client {
  #db;
  #replies = new Replies();
  #waiting = []; // {resolve, reject, left, values, confirm}
  #head = 0;
  #subscribed = false;
  #listeners = new Listeners();
  #failed = null;

  constructor(db, id, name) {
    this.#db = db;
    this.id = id;
    this.name = name;
  }

  // command sends one command. An error reply rejects.
  command(...args) {
    return new Promise((resolve, reject) => {
      this.#send([args], { resolve, reject, left: 1, values: null, confirm: this.#confirms(args) });
    });
  }

  // pipeline sends commands together. Error replies are values among the others.
  pipeline(commands) {
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#send(commands, { resolve, reject, left: commands.length, values: [], confirm: 0 });
    });
  }

  // A subscription is not answered but confirmed, once for each channel.
  #confirms(args) {
    const name = String(args[0]).toUpperCase();
    if (!subscribing.has(name)) return 0;
    this.#subscribed = true;
    return Math.max(args.length - 1, 1);
  }

  #send(commands, entry) {
    if (this.#failed) return entry.reject(this.#failed);
    try {
      this.#db._input(this.id, commands);
    } catch (e) {
      return entry.reject(e);
    }
    this.#waiting.push(entry);
  }

  // on("push", fn) gets what the server sends unasked; on("close", fn) the end.
  on(event, fn) {
    return this.#listeners.add(event, fn);
  }

  close() {
    this.#fail(new EngineError("CLOSED", "the client was closed"));
    this.#db._disconnect(this.id);
  }

  _receive(data, closed) {
    this.#replies.feed(data);
    while (!this.#replies.empty) {
      const v = this.#replies.next();
      if (v === undefined) break;
      this.#deliver(v, this.#replies.push);
    }
    if (closed) this.#fail(new EngineError("CLOSED", "the server closed the connection"));
  }

  #deliver(v, push) {
    if (push || (this.#subscribed && Array.isArray(v) && pushKinds.has(v[0]))) {
      const confirmation = v[0].endsWith("subscribe");
      if (confirmation && v[0].endsWith("unsubscribe") && v[2] === 0) this.#subscribed = false;
      this.#listeners.call("push", v);
      if (!confirmation) return;
      const entry = this.#waiting[this.#head];
      if (!entry?.confirm || --entry.confirm > 0) return;
      this.#next();
      entry.resolve(v);
      return;
    }
    const entry = this.#waiting[this.#head];
    if (!entry) {
      this.#listeners.call("push", v); // MONITOR
      return;
    }
    if (entry.values) {
      entry.values.push(v);
      if (--entry.left > 0) return;
      this.#next();
      entry.resolve(entry.values);
      return;
    }
    this.#next();
    if (v instanceof ReplyError) entry.reject(v);
    else entry.resolve(v);
  }

  #next() {
    this.#waiting[this.#head++] = undefined;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
  }

  #fail(error) {
    if (this.#failed) return;
    this.#failed = error;
    for (const entry of this.#waiting.slice(this.#head)) entry.reject(error);
    this.#waiting = [];
    this.#head = 0;
    this.#listeners.call("close", error);
  }

  _lost(why) {
    this.#fail(new EngineError("LOST", why));
  }
}

class Listeners {
  #map = new Map();
  add(event, fn) {
    if (!this.#map.has(event)) this.#map.set(event, new Set());
    this.#map.get(event).add(fn);
    return () => this.#map.get(event).delete(fn);
  }
  has(...events) {
    return events.some((e) => this.#map.get(e)?.size > 0);
  }
  call(event, ...args) {
    for (const fn of this.#map.get(event) ?? []) {
      try {
        fn(...args);
      } catch (e) {
        reportError(e); // a listener's mistake is not the engine's
      }
    }
  }
}

// ---- the database ---------------------------------------------------------------

// What is given to its then runs as soon as the caller has finished.
const settled = Promise.resolve();

class Database {
  #engine;
  #channel;
  #clients = new Map();
  #nextClient = 1;
  #calls = new Map();
  #nextCall = 1;
  #listeners = new Listeners();
  #own = null;
  #out = new Buffer(4096);
  #inputAt = -1; // where the last frame begins, if more input can go into it
  #inputOf = 0;
  #queued = false;
  #reading = false;
  #persisted = false;
  #attached = [];
  #send = () => this.#flush();

  constructor(engine, options) {
    this.#engine = engine;
    this.options = options;
    this.#out.n = 4; // the channel
    this.#channel = engine.channel({
      receive: (b) => this.#receive(b),
      lost: (why) => this.#lost(why),
    });
    this.clock = {
      pause: () => this.#state(op.pause),
      resume: () => this.#state(op.resume),
      speed: (factor) => this.#state(op.speed, record(factor)),
      advance: (milliseconds) => this.#state(op.advance, record(milliseconds * 1000)),
      step: () => this.#call(op.step).then((b) => new Fields(b).string()),
    };
    this.run = {
      save: () => this.#call(op.runSave).then((b) => new Fields(b).bytes()),
      load: (bytes) => this.#load(bytes),
    };
  }

  // A run is played in slices to its end, which then becomes the present.
  async #load(bytes) {
    await this.#call(op.runLoad, record(new Uint8Array(bytes)));
    for (;;) {
      const f = new Fields(await this.#call(op.runSeek, record(-1)));
      f.at += 16; // how far it is
      if (f.byte() === 0) continue;
      f.at += 24; // which moment it is
      f.bytes();
      const warning = f.string();
      return { ...(await this.#state(op.runBranch)), warning };
    }
  }

  command(...args) {
    return this.#client().command(...args);
  }

  pipeline(commands) {
    return this.#client().pipeline(commands);
  }

  connect(name = "") {
    const client = new Client(this, this.#nextClient++, name);
    this.#clients.set(client.id, client);
    this.#frame(CONNECT, 0, client.id, encoder.encode(name));
    return client;
  }

  // The database's own client comes back by itself after a crash.
  #client() {
    if (!this.#own) {
      this.#own = this.connect("everysec.js");
      this.#own.on("close", () => (this.#own = null));
    }
    return this.#own;
  }

  on(event, fn) {
    const off = this.#listeners.add(event, fn);
    this.#read();
    return off;
  }

  crash(kind = "power-loss", options = {}) {
    const { at = "now", seed = Math.floor(Math.random() * 2 ** 32) } = typeof options === "number" ? { seed: options } : options;
    const moment = moments.indexOf(typeof at === "number" ? "operation" : at);
    if (!(kind in crashes)) return Promise.reject(new TypeError(`no such crash: ${kind}`));
    if (moment < 0) return Promise.reject(new TypeError(`no such moment: ${at}`));
    const b = new Uint8Array(18);
    const view = new DataView(b.buffer);
    b[0] = crashes[kind];
    view.setFloat64(1, seed, true);
    b[9] = moment;
    view.setFloat64(10, typeof at === "number" ? at : 1, true);
    return this.#call(op.crash, b).then(readAccount);
  }

  disarm() {
    return this.#call(op.disarm).then(readDisk);
  }

  disk() {
    return this.#call(op.disk).then(readDisk);
  }

  fault(what, value = 1) {
    if (!faults.includes(what)) return Promise.reject(new TypeError(`no such fault: ${what}`));
    const b = new Uint8Array(9);
    b[0] = faults.indexOf(what);
    const amount = what === "slow-fsync" ? value * 1000 : value === Infinity ? -1 : Number(value);
    new DataView(b.buffer).setFloat64(1, amount, true);
    return this.#call(op.fault, b).then(readDisk);
  }

  restart() {
    return this.#call(op.restart).then(readAccount);
  }

  files() {
    return this.#call(op.files).then((b) => {
      const f = new Fields(b);
      const list = [];
      for (let n = f.number(); n > 0; n--) list.push({ name: f.string(), size: f.number(), synced: f.number() });
      return list;
    });
  }

  readFile(name) {
    return this.#call(op.readFile, record(name)).then((b) => {
      const f = new Fields(b);
      f.number();
      return f.bytes();
    });
  }

  importRDB(bytes) {
    return this.#state(op.importRDB, record(new Uint8Array(bytes)));
  }

  importFiles(files) {
    const entries = Object.entries(files);
    return this.#state(op.replace, record(entries.length, ...entries.flatMap(([name, bytes]) => [name, new Uint8Array(bytes)])));
  }

  importAOF(bytes) {
    const name = "appendonly.aof";
    return this.importFiles({ [`appendonlydir/${name}`]: bytes, [`appendonlydir/${name}.manifest`]: encoder.encode(`file ${name} seq 1 type b\n`) });
  }

  // The directory at a zip's end says where each file is; those that are packed
  // the browser unpacks.
  async importZip(bytes) {
    const b = new Uint8Array(bytes);
    const view = new DataView(b.buffer);
    const short = (at) => view.getUint16(at, true);
    const long = (at) => view.getUint32(at, true);
    let end = b.length - 22;
    while (end >= 0 && long(end) !== 0x06054b50) end--;
    if (end < 0) throw new EngineError("HOST", "this is no zip");
    const files = {};
    let at = long(end + 16);
    for (let n = short(end + 10); n > 0; n--) {
      const name = decoder.decode(b.subarray(at + 46, at + 46 + short(at + 28)));
      const local = long(at + 42);
      const from = local + 30 + short(local + 26) + short(local + 28);
      const data = b.subarray(from, from + long(at + 20));
      if (!name.endsWith("/")) {
        files[name] = short(at + 10) === 0 ? data : await new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();
      }
      at += 46 + short(at + 28) + short(at + 30) + short(at + 32);
    }
    return this.importFiles(files);
  }

  undo() {
    return this.#state(op.bringBack);
  }

  exportZip() {
    return this.#call(op.exportZip).then((b) => new Fields(b).bytes());
  }

  erase() {
    return this.#state(op.erase);
  }

  takeOver() {
    return this.#state(op.takeOver);
  }

  copy() {
    return this.#state(op.copy);
  }

  rawStore() {
    return this.#call(op.rawStore).then((b) => new Fields(b).bytes());
  }

  freeSpace(bytes) {
    return this.#state(op.freeSpace, record(bytes === Infinity ? -1 : bytes));
  }

  warm(commands = 20000) {
    return this.#call(op.warm, record(commands)).then(() => {});
  }

  state() {
    return this.#state(op.state);
  }

  async close() {
    this.#engine.end("the database was closed");
  }

  // attach gives another program in this page, such as the page's own user
  // interface, frames of its own on the same engine.
  attach(handlers) {
    const channel = this.#engine.channel({
      receive: (b) => handlers.onmessage?.(b),
      lost: (why) => handlers.onlost?.(why),
    });
    handlers.send = (frames) => {
      if (kindAt(frames, 4) === INPUT) this.#persist();
      const batch = new Uint8Array(4 + frames.length);
      batch.set(frames, 4);
      channel.post(batch, batch.length);
    };
    this.#attached.push(handlers);
    return handlers;
  }

  get module() {
    return this.#engine.module;
  }

  #state(what, payload) {
    return this.#call(what, payload).then(readState);
  }

  #call(what, payload = new Uint8Array(0)) {
    return new Promise((resolve, reject) => {
      const id = this.#nextCall++;
      this.#calls.set(id, { resolve, reject });
      this.#frame(CONTROL, what, id, payload);
    });
  }

  // _input puts commands into the frame that is being written for this client,
  // so that a hundred commands of one microtask are one frame in one message.
  _input(client, commands) {
    const out = this.#out;
    const before = out.n;
    if (this.#inputAt < 0 || this.#inputOf !== client) {
      this.#head(INPUT, 0, client);
      this.#inputAt = before;
      this.#inputOf = client;
    }
    const start = out.n;
    try {
      for (const c of commands) out.command(c);
    } catch (e) {
      out.n = start; // nothing of a call that throws is sent
      throw e;
    } finally {
      out.view.setUint32(this.#inputAt, out.n - this.#inputAt, true);
    }
    this.#later();
    this.#persist();
  }

  // What somebody wrote should be kept: the browser is asked not to throw the
  // store away when it wants room. If it does not promise that, it is said.
  #persist() {
    if (this.#persisted || !this.options.store?.startsWith("idb:")) return;
    this.#persisted = true;
    const storage = globalThis.navigator?.storage;
    const asked = storage?.persist ? storage.persist() : Promise.resolve(false);
    asked.catch(() => false).then((promised) => promised || this.#volatile());
  }

  #volatile() {
    const kind = notices.indexOf("store-volatile");
    const text = "The browser does not promise to keep these files: it may remove them when its disk fills up, and at the end of a private window it does. Export saves a copy.";
    this.#listeners.call("notice", { kind: notices[kind], text });
    const data = encoder.encode(text);
    const frame = new Uint8Array(header + data.length);
    new DataView(frame.buffer).setUint32(0, frame.length, true);
    frame[4] = NOTICE;
    frame[5] = kind;
    frame.set(data, header);
    for (const handlers of this.#attached) handlers.onmessage?.(frame);
  }

  _disconnect(client) {
    if (this.#clients.delete(client)) this.#frame(DISCONNECT, 0, client, new Uint8Array(0));
  }

  #head(kind, arg, id) {
    const out = this.#out;
    out.room(header);
    out.view.setUint32(out.n, header, true);
    out.view.setUint32(out.n + 4, kind | (arg << 8), true);
    out.view.setUint32(out.n + 8, id, true);
    out.n += header;
    this.#inputAt = -1;
  }

  #frame(kind, arg, id, data) {
    const at = this.#out.n;
    this.#head(kind, arg, id);
    this.#out.bytes(data);
    this.#out.view.setUint32(at, this.#out.n - at, true);
    this.#later();
  }

  #later() {
    if (this.#queued) return;
    this.#queued = true;
    settled.then(this.#send);
  }

  #flush() {
    this.#queued = false;
    const out = this.#out;
    if (out.n === 4) return;
    const n = out.n;
    out.n = 4;
    this.#inputAt = -1;
    if (out.b.length > 1 << 20) this.#out = Object.assign(new Buffer(4096), { n: 4 });
    this.#channel.post(out.b, n);
  }

  // Events are asked for one batch at a time, and only if somebody listens.
  #read() {
    if (this.#reading || !this.#listeners.has(...eventNames)) return;
    this.#reading = true;
    this.#frame(CREDIT, 0, 1, new Uint8Array(0));
  }

  #receive(b) {
    let events = false;
    for (let at = 0; at < b.length; ) {
      const n = u32(b, at);
      const kind = b[at + 4];
      const arg = b[at + 5];
      const id = u32(b, at + 8);
      const data = b.subarray(at + header, at + n);
      at += n;
      switch (kind) {
        case OUTPUT:
          this.#clients.get(id)?._receive(data, arg === 1);
          if (arg === 1) this.#clients.delete(id);
          break;
        case RESULT:
        case FAILURE: {
          const call = this.#calls.get(id);
          this.#calls.delete(id);
          if (kind === RESULT) call?.resolve(data);
          else call?.reject(new EngineError("HOST", decoder.decode(data)));
          break;
        }
        case EVENTS:
          events = true;
          this.#events(data);
          break;
        case NOTICE:
          this.#listeners.call("notice", { kind: notices[arg], text: decoder.decode(data) });
          events ||= arg === 13; // what is outstanding was asked of another host
          if (arg === 3) this.#listeners.call("crash");
          if (arg === 1) this.#listeners.call("ready");
      }
    }
    if (events) {
      this.#reading = false;
      // One batch a frame is as often as anybody can look.
      if (globalThis.requestAnimationFrame && !globalThis.document?.hidden) requestAnimationFrame(() => this.#read());
      else setTimeout(() => this.#read(), 100);
    }
  }

  #events(b) {
    decodeEvents(b, (name, detail) => this.#listeners.call(name, detail));
  }

  #lost(why) {
    this.#out.n = 4;
    this.#inputAt = -1;
    this.#reading = false;
    const calls = [...this.#calls.values()];
    const clients = [...this.#clients.values()];
    this.#calls.clear();
    this.#clients.clear();
    for (const c of calls) c.reject(new EngineError("LOST", why));
    for (const c of clients) c._lost(why);
    this.#listeners.call("notice", { kind: "fatal", text: why });
    this.#listeners.call("fatal", why);
    if (!this.#engine.closed) this.#read();
  }
}

// open starts a server and resolves when it answers.
export async function open(options = {}) {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 48);
  const engine = new Engine({ store: options.store ?? "memory:", seed, config: options.config ?? {}, lesson: options.lesson });
  const db = new Database(engine, { ...options, seed });
  if (options.onNotice) db.on("notice", options.onNotice);
  await engine.ready;
  return db;
}
