// What a page can get out of everysec.js, and out of a bare worker.
import { open } from "/everysec.js";

window.everysecReady = open({ store: "memory:", seed: 1 });
const db = await window.everysecReady;
const echo = new Worker("echo.js");

// Every message that leaves the page is counted, so that "a hundred a message"
// is a fact.
let messages = 0;
const post = Worker.prototype.postMessage;
Worker.prototype.postMessage = function (...args) {
  messages++;
  return post.apply(this, args);
};

const key = (i) => "key:" + String(i % 10000).padStart(12, "0");

// A member is used again and again, so that a collection keeps its size.
const commands = {
  SET: () => (i) => ["SET", key(i), "x".repeat(100)],
  GET: () => (i) => ["GET", key(i)],
  HSET: (n) => (i) => ["HSET", "hash:" + n, "member:" + ((i * 7919) % n), "value:" + i],
  ZADD: (n) => (i) => ["ZADD", "zset:" + n, String((i * 31) % n), "member:" + ((i * 7919) % n)],
  LPUSH: (n) => (i) => ["LPUSH", "list:" + n, "member:" + (i % n)],
};

const turn = () => new Promise((r) => setTimeout(r, 0));

// pipelined keeps several messages of 100 commands under way and returns
// commands a second, sample by sample.
async function pipelined(name, size, samples, messagesEach = 20) {
  const make = commands[name](size);
  let i = 0;
  const hundred = () => Array.from({ length: 100 }, () => make(i++));
  for (let n = size; n > 0; n -= 100) for (const v of await db.pipeline(hundred())) if (v instanceof Error) throw v;
  for (let k = 0; k < 200; k++) await db.pipeline(hundred()); // warm
  const rates = [];
  const before = messages;
  for (let s = 0; s < samples; s++) {
    const work = Array.from({ length: messagesEach }, hundred);
    const start = performance.now();
    let next = 0;
    const run = async () => {
      while (next < work.length) await db.pipeline(work[next++]);
    };
    const runners = [];
    for (let k = 0; k < 4; k++) {
      runners.push(run());
      await null; // its own microtask, its own message
      await null;
    }
    await Promise.all(runners);
    rates.push((messagesEach * 100) / (performance.now() - start) / 1e3);
    await turn();
  }
  return { rates, perMessage: (samples * messagesEach * 100) / (messages - before) };
}

// oneAtATime waits for each reply, beside a bare echo of as many bytes. Where
// the system lets the two threads run makes a factor of three, and changes
// every few hundred milliseconds: beside rows of each, both are asked in turn,
// so that they meet the same state of the machine.
async function oneAtATime(samples, each = 200) {
  let arrived;
  echo.onmessage = () => arrived();
  const ping = () =>
    new Promise((resolve) => {
      arrived = resolve;
      const b = new ArrayBuffer(64);
      echo.postMessage(b, [b]);
    });
  const get = (i) => db.command("GET", key(i));
  const took = async (ask, n) => {
    const start = performance.now();
    for (let i = 0; i < n; i++) await ask(i);
    return performance.now() - start;
  };
  const turns = { ours: [], bare: [] };
  const rows = { ours: [], bare: [] };
  for (let s = -100; s < samples; s++) {
    let ours = 0;
    let bare = 0;
    for (let i = 0; i < each; i++) {
      ours += await took(get, 1);
      bare += await took(ping, 1);
    }
    const oursRow = await took(get, each);
    const bareRow = await took(ping, each);
    if (s < 0) continue; // until the browser has compiled both as well as it will
    const thousands = (ms) => each / ms; // a second
    turns.ours.push(thousands(ours));
    turns.bare.push(thousands(bare));
    rows.ours.push(thousands(oursRow));
    rows.bare.push(thousands(bareRow));
  }
  return { turns, rows };
}

window.measure = { pipelined, oneAtATime };
