// Control: what can be asked of the engine's host besides commands, and what it
// answers; package bridge has the same numbers in the same order.
import { decodeEvents } from "./events.js";
import { Fields } from "./records.js";

export const op = {
  state: 1, pause: 2, resume: 3, speed: 4, advance: 5, crash: 6, restart: 7, files: 8, readFile: 9,
  importRDB: 10, exportZip: 11, erase: 12, takeOver: 13, copy: 14, rawStore: 15, resync: 16, freeSpace: 17, warm: 18,
  disk: 24, disarm: 25, fault: 26, replace: 28, bringBack: 29,
  step: 40, runSave: 42, runLoad: 44, runSeek: 46, runBranch: 52, runKept: 53, runForget: 55,
};

const phases = ["down", "loading", "running", "waiting"];
const stores = ["memory", "indexeddb", "waiting"];
const crashes = { "kill-9": 0, "power-loss": 1, "power-loss-torn": 2, "bit-rot": 3 };
const moments = ["now", "during-fsync", "before-rename", "after-rename", "before-write", "after-write", "operation"];
const faults = ["none", "lying-fsync", "failed-fsync", "hung-fsync", "slow-fsync", "full-disk"];
const crashNames = Object.keys(crashes);
const fates = ["survived", "reverted", "lost", "returned", "expired", "open"];

export function readState(b) {
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

export function readAccount(b) {
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
  for (let n = f.number(); n > 0; n--) {
    const key = { db: f.number(), key: f.string(), fate: fates[f.byte()] };
    for (const when of ["before", "after"]) {
      const state = { value: f.string(), expireAt: f.number() };
      key[when] = state.value === "" ? null : state;
    }
    account.keys.push(key);
  }
  decodeEvents(f.bytes(), (name, report) => (account.report = report));
  account.at = f.number() / 1000;
  account.unsynced = f.number();
  account.unwritten = f.number();
  account.operation = f.string();
  return account;
}

export function readDisk(b) {
  const f = new Fields(b);
  const armed = { is: f.byte() === 1, kind: crashNames[f.byte()], seed: f.number(), at: moments[f.byte()], left: f.number() };
  const disk = { armed: null, lyingFsync: f.byte() === 1, failedFsyncs: f.number(), hungFsync: f.byte() === 1, slowFsync: f.number() / 1000, free: f.number() };
  if (disk.free < 0) disk.free = Infinity;
  if (armed.is) disk.armed = { kind: armed.kind, seed: armed.seed, at: armed.at === "operation" ? armed.left : armed.at };
  return disk;
}

const keepings = ["nowhere", "later", "here", "unkept"];

export function readKept(b) {
  const f = new Fields(b);
  const kept = { keeping: keepings[f.byte()], bytes: f.number(), why: f.string(), runs: [] };
  for (let n = f.number(); n > 0; n--) {
    kept.runs.push({
      id: f.string(),
      version: f.number(),
      began: f.number() / 1000,
      ended: f.number() / 1000,
      inputs: f.number(),
      bytes: f.number(),
      kept: f.number(),
      full: f.byte() === 1,
      left: f.byte() === 1,
    });
  }
  return kept;
}

// crashAt and faultOf are what those operations are told.
export function crashAt(kind, at, seed) {
  const moment = moments.indexOf(typeof at === "number" ? "operation" : at);
  if (!(kind in crashes)) throw new TypeError(`no such crash: ${kind}`);
  if (moment < 0) throw new TypeError(`no such moment: ${at}`);
  const b = new Uint8Array(18);
  const view = new DataView(b.buffer);
  b[0] = crashes[kind];
  view.setFloat64(1, seed, true);
  b[9] = moment;
  view.setFloat64(10, typeof at === "number" ? at : 1, true);
  return b;
}

export function faultOf(what, value) {
  if (!faults.includes(what)) throw new TypeError(`no such fault: ${what}`);
  const b = new Uint8Array(9);
  b[0] = faults.indexOf(what);
  const amount = what === "slow-fsync" ? value * 1000 : value === Infinity ? -1 : Number(value);
  new DataView(b.buffer).setFloat64(1, amount, true);
  return b;
}
