// The engine's worker, from the page's side: it is started, before anybody calls
// open if need be, it is replaced when it dies, and it has channels.
import { fromText, u32 } from "./bytes.js";
import { EngineError } from "./errors.js";
import { INPUT, kindAt } from "./frames.js";

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

// An engine that dies within a minute may have died of its files, and then each that
// follows would, too: after so many deaths the next one comes without a server.
const minute = 60_000; // in milliseconds
const enough = 3;

// Engine is one worker with its channels. When the engine dies a new worker
// takes its place, on the same files.
export class Engine {
  constructor(options) {
    this.options = options;
    this.channels = new Map();
    this.nextChannel = 0;
    this.deaths = 0;
    this.closed = false;
    this.module = new Promise((resolve) => (this.compiled = resolve));
    this.ready = new Promise((resolve, reject) => (this.opened = { resolve, reject }));
    this.ready.catch(() => {});
    prepare();
    if (prepared.options && !alike(prepared.options, options)) {
      prepared.worker.terminate();
      prepared = { worker: newWorker() };
    }
    this.start(prepared.worker, null, prepared.heard);
    prepared = null;
    const on = (event, f) => globalThis.addEventListener?.(event, f);
    on("pagehide", () => this.remember("."));
    on("pageshow", () => this.remember("")); // it was not the end
    // What is not kept yet of the record of the run is kept before the page goes.
    for (const event of ["beforeunload", "pagehide"]) on(event, () => this.leaving());
    globalThis.document?.addEventListener("visibilitychange", () => document.hidden && this.leaving());
  }
  // module is given to a worker that takes another's place; heard is what one
  // has said that early.js started; held is why it should start no server.
  start(worker, module, heard, held = "") {
    this.worker = worker;
    this.held = held;
    this.since = performance.now();
    this.lived = false;
    worker.onmessage = ({ data }) => {
      const batch = typeof data === "string" ? fromText(data) : data instanceof ArrayBuffer ? new Uint8Array(data) : null;
      if (batch) {
        this.channels.get(u32(batch, 0))?.receive(batch.subarray(4));
      } else if (data.ready) {
        this.lived = true;
        this.last = data.module;
        this.visit = data.visit;
        this.remember("");
        this.compiled(data.module);
        this.opened.resolve();
      } else if (data.unkept !== undefined) {
        for (const c of this.channels.values()) c.unkept(data.unkept);
      } else if (data.unloadable !== undefined) {
        this.end(data.unloadable, "LOAD");
      } else if (data.fatal !== undefined) {
        if (data.trace) console.error(data.trace);
        this.died(data.fatal);
      }
    };
    worker.onerror = (e) => {
      e.preventDefault();
      this.died(e.message || "worker.js could not be loaded");
    };
    if (!heard) worker.postMessage({ start: held ? { ...this.options, held } : this.options, module });
    for (const e of heard ?? []) (e.type === "error" ? worker.onerror : worker.onmessage)(e);
  }
  leaving() {
    this.worker.postMessage({ leaving: true });
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
    // Even without a server, and at once: there is nothing left to try.
    if (this.held && !this.lived) return this.end(`the engine dies at every start: ${why}`);
    if (performance.now() - this.since > minute) this.deaths = 0;
    const held = ++this.deaths >= enough ? why : "";
    this.start(newWorker(this.last ? "again" : ""), this.last, null, held);
    for (const c of this.channels.values()) c.lost(why);
  }
  end(why, code = "FATAL") {
    this.closed = true;
    this.worker.terminate();
    this.opened.reject(new EngineError(code, why));
    for (const c of this.channels.values()) c.lost(why);
  }
  // channel gives one user of the engine frames of its own.
  channel(handlers) {
    const id = this.nextChannel++;
    this.channels.set(id, handlers);
    return {
      // A batch is a channel and frames: the first n bytes of batch, which is
      // the caller's again when this returns, unless it is given away: then it is
      // not copied. See worker.js for its two forms.
      post: (batch, n, given = false) => {
        if (this.closed) return handlers.lost("the engine is closed");
        for (let i = 0; i < 4; i++) batch[i] = id >>> (8 * i);
        if (n <= 512) {
          if (kindAt(batch, 8) === INPUT) stayAwake();
          this.worker.postMessage(String.fromCharCode.apply(null, batch.subarray(0, n)));
        } else {
          const buffer = given && n === batch.buffer.byteLength ? batch.buffer : batch.buffer.slice(0, n);
          this.worker.postMessage(buffer, [buffer]);
        }
      },
      // gather is post of a batch in parts, of which the worker reads those that
      // are Blobs.
      gather: (parts) => {
        if (this.closed) return handlers.lost("the engine is closed");
        new DataView(parts[0].buffer).setUint32(0, id, true);
        this.worker.postMessage({ parts });
      },
    };
  }
}
