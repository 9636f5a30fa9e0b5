// The engine without a page: this worker calls the module's exports itself, as
// worker.js of the site does, and takes what is posted without passing it on.
"use strict";
importScripts("wasm_exec.js", "begun.js", "store.js");

const encoder = new TextEncoder();
const wall = () => (performance.timeOrigin + performance.now()) * 1000;

let engine;
let memory = new Uint8Array(0);
const bytes = () => (memory.byteLength === 0 ? (memory = new Uint8Array(engine.mem.buffer)) : memory);

let store;
let failure = null;
let posted = 0; // bytes
let last = new Uint8Array(0);
let longest = 0; // the longest time that anything held the engine, milliseconds
let longestWhat = "";

const go = new Go();
go.exit = (code) => (failure = `the engine exited with code ${code}`);
go.importObject.everysec = {
  post: (at, n) => {
    last = bytes().slice(at >>> 0, (at >>> 0) + n);
    posted += n;
  },
  commit: (transaction, at, n) => {
    const ops = bytes().subarray(at >>> 0, (at >>> 0) + n);
    store.commit(ops).then(
      () => held("committed", () => engine.committed(transaction, 0, wall())),
      (e) => (failure = String(e)),
    );
  },
  ask: () => {},
  keep: () => {},
  shelf: () => {},
  stopwatch: wall,
};

// held runs an export and remembers how long that held the engine.
function held(what, run) {
  if (failure) throw new Error(failure);
  const start = performance.now();
  const delay = run();
  const took = performance.now() - start;
  if (took > longest) {
    longest = took;
    longestWhat = what;
  }
  return delay;
}

function give(data) {
  const at = engine.in(data.length) >>> 0;
  bytes().set(data, at);
  return data.length;
}

const exec = (batch) => held("exec", () => engine.exec(give(batch), wall()));
const tick = () => held("tick", () => engine.tick(wall()));

// idle gives the engine's timers, its collector and its disk a turn.
const channel = new MessageChannel();
let resume;
channel.port1.onmessage = () => resume();
const turn = () =>
  new Promise((r) => {
    resume = r;
    channel.port2.postMessage(0);
  });
async function idle() {
  await turn();
  held("collector", () => go._resume());
}

// ---- requests ---------------------------------------------------------------

class Batch {
  constructor() {
    this.b = new Uint8Array(64 << 10);
    this.n = 4;
  }
  put(b) {
    if (this.n + b.length > this.b.length) {
      const grown = new Uint8Array((this.n + b.length) * 2);
      grown.set(this.b.subarray(0, this.n));
      this.b = grown;
    }
    this.b.set(b, this.n);
    this.n += b.length;
  }
  frame(kind, id, data) {
    const head = new Uint8Array(12);
    const view = new DataView(head.buffer);
    view.setUint32(0, 12 + data.length, true);
    head[4] = kind;
    view.setUint32(8, id, true);
    this.put(head);
    this.put(data);
  }
  get bytes() {
    return this.b.slice(0, this.n);
  }
}

const resp = (words) => `*${words.length}\r\n` + words.map((w) => `$${w.length}\r\n${w}\r\n`).join("");

function input(commands) {
  const b = new Batch();
  b.frame(3, 1, encoder.encode(commands.map(resp).join("")));
  return b.bytes;
}

// output is what a batch from the engine says to our client, as text.
function output(batch) {
  const view = new DataView(batch.buffer);
  let text = "";
  for (let at = 4; at < batch.length; ) {
    const n = view.getUint32(at, true);
    if (batch[at + 4] === 129) text += new TextDecoder().decode(batch.subarray(at + 12, at + n));
    at += n;
  }
  return text;
}

// run sends one command and returns its reply as text.
async function run(...words) {
  last = new Uint8Array(0);
  exec(input([words]));
  while (output(last) === "") {
    await idle(); // it may wait for the disk
    tick();
  }
  return output(last);
}

// start returns the milliseconds that it took to read the store, and from then
// to the first PONG, when all is loaded.
async function start({ module, config = {}, url = "memory:" }) {
  const instance = await go.begin(module);
  engine = instance.exports;
  const begun = performance.now();
  store = openStore(url, { taken: () => (failure = "the store was taken") });
  const image = await store.open();
  const read = performance.now();
  const pairs = Object.entries(config);
  const settings = new Record().string(url).number(1).number(pairs.length);
  for (const [directive, value] of pairs) settings.string(directive).string(value);
  engine.configure(give(settings.join()));
  engine.stored(give(image), wall());
  const connect = new Batch();
  connect.frame(1, 1, encoder.encode("benchmark"));
  exec(connect.bytes);
  while ((await run("PING")) !== "+PONG\r\n") await idle(); // it is still loading
  return { reading: read - begun, loading: performance.now() - read };
}

// place puts files into a store that no engine has open. Each is {name, from},
// where from is an address, or {name, text}.
async function place({ url, files }) {
  const [create, write, link] = [2, 3, 6]; // see package idb
  const root = 1;
  const to = openStore(url, { taken: () => (failure = "the store was taken") });
  await to.open();
  let inodes = root;
  const folders = new Map([["", root]]);
  for (const { name, from, text } of files) {
    const slash = name.lastIndexOf("/");
    const folder = name.slice(0, Math.max(slash, 0));
    if (!folders.has(folder)) {
      folders.set(folder, ++inodes);
      await to.commit(new Record().byte(create).number(inodes).byte(1).byte(link).number(root).string(folder).number(inodes).join());
    }
    const inode = ++inodes;
    const data = text === undefined ? new Uint8Array(await (await fetch(from)).arrayBuffer()) : encoder.encode(text);
    let ops = new Record().byte(create).number(inode).byte(0);
    const piece = 512 << 10; // as the engine's own
    for (let at = 0; at < data.length; at += piece) {
      await to.commit(ops.byte(write).number(inode).number(at).bytes(data.subarray(at, at + piece)).join());
      ops = new Record();
    }
    await to.commit(ops.byte(link).number(folders.get(folder)).string(name.slice(slash + 1)).number(inode).join());
  }
  to.close();
}

// ask runs a command and returns its reply and the milliseconds to it.
async function ask({ words }) {
  const begun = performance.now();
  const reply = await run(...words);
  return { reply, milliseconds: performance.now() - begun };
}

const field = async (name) => new RegExp(`${name}:(\\S+)`).exec(await run("INFO", "persistence"))[1];

// prepareHold makes what a client writes: keys that are there, 100 a batch.
let writes;

async function prepareHold({ keys }) {
  writes = Array.from({ length: 200 }, (_, b) =>
    input(Array.from({ length: 100 }, (_, i) => ["SET", key((b * 104729 + i * 7919) % keys), value])),
  );
  for (let n = 0; n < 100; n++) {
    tick();
    await idle();
  }
}

// hold lets a client write while a command makes files in the background, or,
// without a command, for so many milliseconds. What held the engine longest by
// the clock is told; what by processor time, only a trace can tell.
async function hold({ words, running, milliseconds = Infinity }) {
  longest = 0;
  const begun = performance.now();
  if (words) {
    const reply = await run(...words);
    if (reply[0] === "-") throw new Error(reply);
  }
  posted = 0;
  let written = 0;
  let looked = begun;
  for (;;) {
    const now = performance.now();
    if (now - begun > milliseconds) break;
    if (now - looked > 50) {
      if (words && (await field(running)) === "0") break;
      looked = now;
    }
    // A batch a millisecond, a hundred thousand writes a second, but none before
    // the last has its replies: the thread may be held for the disk.
    if (written < now - begun && posted >= written * 500) exec(writes[written++ % writes.length]);
    else tick();
    await idle();
  }
  return { longest, what: longestWhat, milliseconds: performance.now() - begun, written: written * 100 };
}

const key = (i) => "key:" + String(i).padStart(12, "0");
const value = "x".repeat(100);

// prepare makes requests of 100 commands each, and runs them until everything
// is warm; commands measures them. Each sample is calls calls.
let inputs;

async function prepare({ name }) {
  const make = { SET: (i) => ["SET", key(i % 10000), value], GET: (i) => ["GET", key(i % 10000)] }[name];
  inputs = Array.from({ length: 100 }, (_, k) => input(Array.from({ length: 100 }, (_, i) => make(k * 100 + i))));
  await commands({ samples: 20 });
}

async function commands({ samples, calls = 200 }) {
  const rates = [];
  for (let s = 0; s < samples; s++) {
    await idle();
    const start = performance.now();
    for (let c = 0; c < calls; c++) exec(inputs[c % inputs.length]);
    rates.push((calls * 100) / (performance.now() - start) / 1e3);
  }
  if (output(last)[0] === "-") throw new Error(output(last));
  return { rates, commands: samples * calls * 100 };
}

// prepareLoad makes everything warm: the browser has compiled all there is, the
// memory has grown.
let usedBefore;

const usedMemory = async () => Number(/used_memory:(\d+)/.exec(await run("INFO", "memory"))[1]);
const sets = (from, count) => input(Array.from({ length: count }, (_, k) => ["SET", key(from + k), value]));

async function prepareLoad({ each = 100 }) {
  for (let i = 0; i < 100_000; i += each) {
    exec(sets(i, each));
    if (i % 10000 === 0) await idle();
  }
  await run("FLUSHALL");
  for (let i = 0; i < 100; i++) {
    tick();
    await idle();
  }
  usedBefore = await usedMemory();
}

// load puts in keys. Like any client it waits for replies: at most ten calls
// are under way. What it waits for the disk is counted apart.
async function load({ keys, each = 100 }) {
  let spent = 0;
  let waited = 0;
  longest = 0;
  for (let from = 0; from < keys; from += 20000) {
    // Making requests is a page's work, so it is not measured, and no turn of
    // the thread is long by it.
    const inputs = [];
    for (let i = from; i < Math.min(from + 20000, keys); i += each) {
      inputs.push(sets(i, each));
      await turn();
    }
    const start = performance.now();
    posted = 0;
    for (let i = 0; i < inputs.length; i++) {
      exec(inputs[i]);
      await turn(); // each message of a page has a turn of its own
      const asked = performance.now();
      while (posted < (i - 9) * 5 * each) {
        await idle();
        tick();
      }
      waited = Math.max(waited, performance.now() - asked);
    }
    await idle();
    spent += performance.now() - start;
  }
  return { milliseconds: spent, waited, longest, what: longestWhat };
}

// afterLoad watches for so many milliseconds what holds the engine.
async function afterLoad({ keys, milliseconds }) {
  longest = 0;
  for (const end = performance.now() + milliseconds; performance.now() < end; ) {
    const delay = tick();
    await new Promise((r) => setTimeout(r, Math.min(Math.max(delay, 0), 100)));
    await idle();
  }
  const there = await run("DBSIZE");
  if (there !== `:${keys}\r\n`) throw new Error(`DBSIZE says ${there}`);
  return { perKey: ((await usedMemory()) - usedBefore) / keys, longest, what: longestWhat };
}

const calls = { start, place, ask, prepareHold, hold, prepare, commands, prepareLoad, load, afterLoad };
onmessage = async ({ data: [name, options] }) => {
  try {
    postMessage({ result: await calls[name](options) });
  } catch (e) {
    postMessage({ error: `${name}: ${e.stack ?? e}; ${failure ?? ""}` });
  }
};
