// The database: what open returns.
import { bytesOf, decoder, encoder, u32 } from "./bytes.js";
import { Client } from "./client.js";
import { crashAt, faultOf, op, readAccount, readDisk, readKept, readState } from "./control.js";
import { EngineError } from "./errors.js";
import { decodeEvents, eventNames } from "./events.js";
import { CONNECT, CONTROL, CREDIT, DISCONNECT, EVENTS, FAILURE, INPUT, NOTICE, OUTPUT, RESULT, header, kindAt, notices } from "./frames.js";
import { Listeners } from "./listeners.js";
import { Outbox } from "./outbox.js";
import { Fields, parts, record } from "./records.js";
import { unzip } from "./zip.js";

export class Database {
  #engine;
  #outbox;
  #clients = new Map();
  #nextClient = 1;
  #calls = new Map();
  #nextCall = 1;
  #listeners = new Listeners();
  #own = null;
  #reading = false;
  #persisted = false;
  #attached = [];
  #gather;

  constructor(engine, options) {
    this.#engine = engine;
    this.options = options;
    const channel = engine.channel({
      receive: (b) => this.#receive(b),
      lost: (why) => this.#lost(why),
      unkept: (why) => this.#notice("run-unkept", why),
    });
    this.#outbox = new Outbox(channel.post);
    this.#gather = channel.gather;
    this.clock = {
      pause: () => this.#state(op.pause),
      resume: () => this.#state(op.resume),
      speed: (factor) => this.#state(op.speed, record(factor)),
      advance: (milliseconds) => this.#state(op.advance, record(milliseconds * 1000)),
      step: () => this.#call(op.step).then((b) => new Fields(b).string()),
    };
    this.run = {
      save: (id) => this.#call(op.runSave, id && record(id)).then((b) => new Fields(b).bytes()),
      load: (bytes) => this.#load(bytes),
      kept: () => this.#call(op.runKept).then(readKept),
      forget: (...ids) => this.#call(op.runForget, record(ids.length, ...ids)).then(readKept),
    };
  }

  // A run is played in slices to its end, which then becomes the present.
  async #load(bytes) {
    await this.#call(op.runLoad, record(bytesOf(bytes)));
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
    this.#outbox.frame(CONNECT, 0, client.id, encoder.encode(name));
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

  async crash(kind = "power-loss", options = {}) {
    const { at = "now", seed = Math.floor(Math.random() * 2 ** 32) } = typeof options === "number" ? { seed: options } : options;
    return readAccount(await this.#call(op.crash, crashAt(kind, at, seed)));
  }

  disarm() {
    return this.#call(op.disarm).then(readDisk);
  }

  disk() {
    return this.#call(op.disk).then(readDisk);
  }

  async fault(what, value = 1) {
    return readDisk(await this.#call(op.fault, faultOf(what, value)));
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
    return this.#bring(op.importRDB, bytes);
  }

  importFiles(files) {
    const entries = Object.entries(files);
    return this.#bring(op.replace, entries.length, ...entries.flat());
  }

  importAOF(bytes) {
    const name = "appendonly.aof";
    return this.importFiles({ [`appendonlydir/${name}`]: bytes, [`appendonlydir/${name}.manifest`]: encoder.encode(`file ${name} seq 1 type b\n`) });
  }

  async importZip(bytes) {
    return this.importFiles(await unzip(bytes));
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
      lost: (why) => handlers.onlost?.(why, this.#engine.closed),
      unkept() {}, // the database tells all
    });
    handlers.send = (frames) => {
      if (kindAt(frames, 4) === INPUT) this.#persist();
      const batch = new Uint8Array(4 + frames.length);
      batch.set(frames, 4);
      channel.post(batch, batch.length, true);
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

  // A file that is a Blob is read by the worker: nothing of it passes this thread.
  #bring(what, ...given) {
    const fields = given.map((f) => (f instanceof ArrayBuffer ? bytesOf(f) : f));
    if (!fields.some((f) => f instanceof Blob)) return this.#state(what, record(...fields));
    return new Promise((resolve, reject) => {
      const id = this.#nextCall++;
      this.#calls.set(id, { resolve, reject });
      this.#outbox.gathered(CONTROL, what, id, parts(...fields), this.#gather);
    }).then(readState);
  }

  #call(what, payload) {
    return new Promise((resolve, reject) => {
      const id = this.#nextCall++;
      this.#calls.set(id, { resolve, reject });
      this.#outbox.frame(CONTROL, what, id, payload);
    });
  }

  // Clients call these two.
  _input(client, commands) {
    this.#outbox.input(client, commands);
    this.#persist();
  }

  _disconnect(client) {
    if (this.#clients.delete(client)) this.#outbox.frame(DISCONNECT, 0, client);
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
    this.#notice("store-volatile", "The browser does not promise to keep these files: it may remove them when its disk fills up, and at the end of a private window it does. Export saves a copy.");
  }

  // #notice tells everybody in this page something that no engine has said.
  #notice(kind, text) {
    this.#listeners.call("notice", { kind, text });
    const data = encoder.encode(text);
    const frame = new Uint8Array(header + data.length);
    new DataView(frame.buffer).setUint32(0, frame.length, true);
    frame[4] = NOTICE;
    frame[5] = notices.indexOf(kind);
    frame.set(data, header);
    for (const handlers of this.#attached) handlers.onmessage?.(frame);
  }

  // Events are asked for one batch at a time, and only if somebody listens.
  #read() {
    if (this.#reading || !this.#listeners.has(...eventNames)) return;
    this.#reading = true;
    this.#outbox.frame(CREDIT, 0, 1);
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
          decodeEvents(data, (name, detail) => this.#listeners.call(name, detail));
          break;
        case NOTICE: {
          const notice = notices[arg];
          this.#listeners.call("notice", { kind: notice, text: decoder.decode(data) });
          events ||= notice === "run"; // what is outstanding was asked of another host
          if (notice === "crashed") this.#listeners.call("crash");
          if (notice === "ready") this.#listeners.call("ready");
        }
      }
    }
    if (events) {
      this.#reading = false;
      // One batch a frame is as often as anybody can look.
      if (globalThis.requestAnimationFrame && !globalThis.document?.hidden) requestAnimationFrame(() => this.#read());
      else setTimeout(() => this.#read(), 100);
    }
  }

  #lost(why) {
    this.#outbox.clear();
    this.#reading = false;
    const calls = [...this.#calls.values()];
    const clients = [...this.#clients.values()];
    this.#calls.clear();
    this.#clients.clear();
    for (const c of calls) c.reject(new EngineError("LOST", why));
    for (const c of clients) c._lost(why);
    this.#listeners.call("notice", { kind: this.#engine.closed ? "over" : "fatal", text: why });
    this.#listeners.call("fatal", why);
    if (!this.#engine.closed) this.#read();
  }
}
