// The engine's worker: it owns one Go instance in the role "engine" and one
// store, and passes buffers between them and the page. download.js, the Go
// runtime's wasm_exec.js, begun.js, store.js and runs.js stand before this text in the
// built file, so that a single request starts everything.
//
// Messages from the page: {start: options, module} at once, where module is for
// a worker that takes another's place, then batches: a u32 channel followed by
// bridge frames. A batch is an ArrayBuffer; a short one is a string of as many
// characters below 256, which a browser passes on sooner. {parts} is a batch of one
// frame in pieces, of which some may be Blobs. And {leaving: true}, when it may be
// the last.
// Messages to the page: the same batches, {ready, module, visit}, {unkept: text},
// {fatal: text}, and {unloadable: text} if there is no module.
"use strict";

{
  const encoder = new TextEncoder();

  let engine = null; // the exports of the instance, once Go's main is waiting
  let dead = false;
  let memory = new Uint8Array(0);
  let waiting = []; // what the page sent before the engine was there
  let store = null;
  let runs = null;

  // Memory moves when it grows: the old buffer is then detached and empty.
  const bytes = () =>
    memory.byteLength === 0 ? (memory = new Uint8Array(engine.mem.buffer)) : memory;

  const origin = performance.timeOrigin;
  let seen = 0; // when the clock was last looked at
  const wall = () => {
    go.held = 0;
    return (origin + (seen = performance.now())) * 1000; // microseconds
  };

  function give(data) {
    const at = engine.in(data.length) >>> 0;
    bytes().set(data, at);
    return data.length;
  }

  // giveAll is give, for what is in several arrays.
  function giveAll(parts) {
    const size = parts.reduce((n, part) => n + part.length, 0);
    let at = engine.in(size) >>> 0;
    for (const part of parts) {
      bytes().set(part, at);
      at += part.length;
    }
    return size;
  }

  function giveText(text) {
    const at = engine.in(text.length) >>> 0;
    const to = bytes();
    for (let i = 0; i < text.length; i++) to[at + i] = text.charCodeAt(i);
    return text.length;
  }

  // What Go prints before it dies is the only word on why.
  let lastWords = "";
  const decoder = new TextDecoder();
  fs.writeSync = (fd, b) => {
    lastWords = (lastWords + decoder.decode(b)).slice(-8000);
    return b.length;
  };

  // After an exit, a stack overflow or a lack of memory the instance returns
  // nonsense, so nothing is asked of it again. The page starts a new worker.
  function fatal(reason) {
    if (dead) return;
    dead = true;
    engine = null;
    store?.close();
    const text = String(reason?.message ?? reason);
    const memory = /out of memory: .*\((\d+) in use\)/.exec(lastWords);
    if (memory) return postMessage({ fatal: `out of memory: the browser gave it ${(memory[1] / 2 ** 30).toFixed(1)} GB`, trace: lastWords });
    const cause = lastWords.split("\n").find((line) => /^(panic|fatal error|runtime):/.test(line));
    postMessage({ fatal: cause ? `${cause} (${text})` : text, trace: lastWords });
  }

  // call runs an export that returns the milliseconds until it wants to be
  // called again.
  function call(run) {
    if (dead || !engine) return;
    try {
      const delay = run();
      send();
      if (!dead) schedule(delay);
    } catch (e) {
      fatal(e);
    }
  }

  // What the engine posts leaves when its call has returned: a browser takes
  // several times as long to post from under WebAssembly's frames.
  const out = [];
  const short = 512;

  function send() {
    for (const batch of out) {
      if (typeof batch === "string") postMessage(batch);
      else postMessage(batch, [batch]);
    }
    out.length = 0;
  }

  // Timers of a few milliseconds are stretched to four by browsers. Where less
  // than one is left, a message to ourselves is in time, and still lets the
  // page's messages through; for longer it would be a loop that eats a core.
  const atOnce = new MessageChannel();
  let timer = 0;
  let due = Infinity;
  let posted = false;
  atOnce.port1.onmessage = () => {
    posted = false;
    tick();
  };

  function schedule(delay) {
    if (delay < 1) {
      if (!posted) {
        posted = true;
        atOnce.port2.postMessage(0);
      }
      return;
    }
    // Half a millisecond early is in time: a timer costs more than a command,
    // so none is set anew because the same moment came out a little sooner.
    const at = seen + delay;
    if (at >= due - 0.5) return;
    clearTimeout(timer);
    due = at;
    timer = delay === Infinity ? 0 : setTimeout(lateTick, Math.min(delay, 1 << 30));
  }

  // A timer also gives Go's own scheduler its turn: the collector's work runs
  // only there.
  function lateTick() {
    due = Infinity;
    if (dead) return;
    try {
      go._resume();
    } catch (e) {
      return fatal(e);
    }
    tick();
  }

  function tick() {
    call(() => engine.tick(wall()));
  }

  const go = new Go();
  go.exit = (code) => fatal(`the engine exited with code ${code}`);
  go.importObject.everysec = {
    // post sends a batch that begins with its channel.
    post: (at, n) => {
      at >>>= 0;
      if (n <= short) out.push(String.fromCharCode.apply(null, bytes().subarray(at, at + n)));
      else out.push(bytes().slice(at, at + n).buffer);
    },
    // commit hands over what the store is to make durable; see package idb.
    commit: (transaction, at, n) => {
      const ops = bytes().subarray(at >>> 0, (at >>> 0) + n);
      store.commit(ops).then(
        () => call(() => engine.committed(transaction, 0, wall())),
        (e) => {
          if (e.name === "QuotaExceededError") runs.giveWay().catch(() => {});
          call(() => engine.committed(transaction, give(encoder.encode(`${e.name}: ${e.message}`)), wall()));
        },
      );
    },
    keep: (about, n, at, size) => {
      const copy = (at, n) => bytes().slice(at >>> 0, (at >>> 0) + n);
      piece = runs.pieceOf(copy(about, n), copy(at, size));
    },
    shelf: (token, at, n) => {
      runs.answer(bytes().slice(at >>> 0, (at >>> 0) + n)).then(
        (parts) => call(() => (wall(), engine.found(token, 0, giveAll(parts)))),
        (e) => call(() => (wall(), engine.found(token, 1, give(encoder.encode(e.message))))),
      );
    },
    // ask wants something rare of the store: take over, copy, erase.
    ask: (what) => {
      answer(store.ask(what));
    },
    // No command took what its code took to come.
    stopwatch: () => (origin + performance.now() - go.held) * 1000,
  };

  // answer passes on what the store found: its state and its files.
  function answer(found) {
    found.then(
      (image) => call(() => engine.stored(give(image), wall())),
      (e) => fatal(e),
    );
  }

  // The record of the run is kept a piece at a time, and the next is looked for
  // after a second: sooner where more is left, at once where little comes in beside
  // it, but not while more comes in than can be kept up with, for whoever sends that
  // is in a hurry. Who leaves has no time.
  const often = 1000;
  const soon = 100;
  const atLeisure = 5;
  const little = 50; // bytes in a millisecond: some hundred commands a second, and what the page asks
  let piece = null;
  let next = 0;
  let keeping = false;
  let leaving = false;
  let again = false;
  let size = 0; // of the record, as of the last piece
  let looked = 0; // when that was

  async function keep() {
    if (keeping) return;
    keeping = true;
    clearTimeout(next);
    let wait;
    do {
      wait = often;
      piece = null;
      try {
        engine?.piece((again ? 1 : 0) + (leaving ? 2 : 0));
      } catch (e) {
        fatal(e);
      }
      if (!piece) {
        leaving = false;
        break;
      }
      const { offset, data, bytes } = piece;
      const grown = -size + (size = bytes);
      const passed = -looked + (looked = performance.now());
      if (offset + data.length < size && grown < 2 * data.length) wait = grown < little * passed ? atLeisure : soon;
      again = await runs.keep(piece);
    } while (leaving || again);
    keeping = false;
    if (runs.wanted && engine) next = setTimeout(keep, wait);
  }

  async function start(options, given) {
    runs = openRuns(options.store ?? "memory:", (why) => postMessage({ unkept: why }));
    store = openStore(options.store ?? "memory:", {
      taken: (why) => call(() => engine.taken(give(encoder.encode(why)), wall())),
    }, options.ended);
    // The files are read while the module is on its way.
    const opening = store.open();
    opening.catch(() => {});
    let module;
    try {
      module = given ?? (await self.everysecModule);
    } catch (e) {
      return postMessage({ unloadable: e.message });
    }
    const instance = await go.begin(module);
    go.running.catch(fatal); // Go's main waits
    if (dead) return;
    engine = instance.exports;
    const settings = new Record().string(options.store ?? "").number(options.seed ?? 0);
    for (const pairs of [Object.entries(options.config ?? {}), options.lesson ?? []]) {
      settings.number(pairs.length);
      for (const [directive, value] of pairs) settings.string(directive).string(String(value));
    }
    if (options.held) settings.string(options.held);
    const image = await opening;
    engine.configure(give(settings.join()));
    call(() => engine.stored(give(image), wall()));
    const early = waiting;
    waiting = null;
    for (const batch of early) receive(batch);
    if (dead) return;
    postMessage({ ready: true, module, visit: store.visit() });
    setTimeout(keep, often);
  }

  // A thread that has gone to sleep takes longer to wake than a command takes to
  // run. So for some turns, a tenth of a millisecond or two, this one stays
  // awake after input: who waits for each reply has sent the next by then.
  // Everysec.js does the same while it waits.
  const awake = new MessageChannel();
  let turns = 0;
  awake.port1.onmessage = () => {
    if (--turns > 0) awake.port2.postMessage(0);
  };

  function stayAwake() {
    if (turns <= 0) awake.port2.postMessage(0);
    turns = 32;
  }

  // A batch holds input of a client if its first frame does; see package bridge.
  const input = 3;
  const failure = 131;
  const isInput = (batch) => typeof batch === "string" && batch.charCodeAt(8) === input;

  function receive(batch) {
    const given = () => (typeof batch === "string" ? giveText(batch) : Array.isArray(batch) ? giveAll(batch) : give(new Uint8Array(batch)));
    call(() => engine.exec(given(), wall()));
  }

  // gather reads the files in a batch. Where one cannot be read, that is the answer.
  async function gather(parts) {
    let batch;
    try {
      batch = await Promise.all(parts.map(async (part) => (part instanceof Blob ? new Uint8Array(await part.arrayBuffer()) : part)));
    } catch (e) {
      const why = encoder.encode(e.message);
      const answer = new Uint8Array(parts[0].length + why.length);
      answer.set(parts[0]);
      answer.set(why, parts[0].length);
      const view = new DataView(answer.buffer);
      view.setUint32(4, answer.length - 4, true);
      view.setUint32(8, failure, true);
      return postMessage(answer.buffer, [answer.buffer]);
    }
    if (waiting) waiting.push(batch);
    else receive(batch);
  }

  onmessage = ({ data }) => {
    if (typeof data === "string" || data instanceof ArrayBuffer) {
      if (waiting) waiting.push(data);
      else {
        receive(data);
        if (isInput(data)) stayAwake();
      }
    } else if (data.parts) {
      gather(data.parts);
    } else if (data.leaving) {
      leaving = true;
      if (!waiting && runs.wanted) keep();
    } else if (data.start) {
      start(data.start, data.module).catch(fatal);
    }
  };
}
