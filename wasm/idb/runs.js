// The records of runs in IndexedDB, as the worker's JavaScript sees them. Package
// run makes the pieces and reads them; here they are only kept.
//
// The database "everysec.runs" is that of all stores and tabs. It has two object
// stores:
//   runs    id -> what is known of a run: {store, visit, number, version, began,
//           ended, inputs, bytes, full, kept}
//   pieces  [id, offset] -> {data, sum}
//
// A run belongs to the visit that makes it, which holds a Web Lock as long as it
// lives: so two tabs do not touch each other's, and a run whose visit is gone is
// over. Of those that are over only some stay: see few.
//
// A piece and what is known of its run are one transaction. It is not flushed: a
// browser that is killed has it all the same, and after a power cut the sum of each
// piece tells whether it is whole. Nothing here happens before somebody has done
// something, or asks.
"use strict";

const openRuns = (() => {
  const format = 1;
  const name = "everysec.runs";

  // How many runs that are over are kept of a store, of all, and how many bytes.
  const few = 3;
  const many = 24;
  const room = 128 << 20;

  // Whether this run is kept, and what is asked; package bridge has the numbers.
  const nowhere = 0;
  const later = 1;
  const here = 2;
  const unkept = 3;
  const runSave = 42;
  const runLook = 54;
  const runForget = 55;

  const { failure, done, finished } = idbEvents; // of store.js

  const noRoom = "the browser has no room left, and keeps the files";
  const newer = "a newer version of this page has kept runs here";
  const explained = (e) => ({ QuotaExceededError: noRoom, VersionError: newer })[e.name] ?? `${e.name}: ${e.message}`;

  const piecesOf = (id) => IDBKeyRange.bound([id, 0], [id, Infinity]);
  const lockOf = (visit) => `${name} ${visit}`;

  // lost is called when the run is not kept any more, with the reason.
  return function openRuns(store, lost) {
    const visit = crypto.getRandomValues(new Uint32Array(2)).join("-");
    const idOf = (number) => `${visit}-${number}`;
    let db = null;
    let keeping = store.startsWith("idb:") ? later : nowhere;
    let why = "";
    let current = -1; // the run that grows
    let kept = 0; // bytes of it

    async function open() {
      if (db) return;
      if (!globalThis.indexedDB) throw failure("NotSupportedError", "IndexedDB is not there");
      const request = indexedDB.open(name, format);
      request.onupgradeneeded = () => ["runs", "pieces"].forEach((s) => request.result.createObjectStore(s));
      const opened = await done(request);
      opened.onversionchange = () => {
        opened.close();
        db = null;
      };
      opened.onclose = () => (db = null); // somebody has cleared the site's data
      db = opened;
    }

    const begin = (mode) => db.transaction(["runs", "pieces"], mode, { durability: "relaxed" });

    // over are the runs that are over, the newest first. The one before the last
    // branch is over, too, but stays while its visit lives.
    async function over() {
      await open();
      const locks = new Set((await navigator.locks.query()).held.map((lock) => lock.name));
      const tx = begin("readonly");
      const [ids, runs] = await Promise.all([done(tx.objectStore("runs").getAllKeys()), done(tx.objectStore("runs").getAll())]);
      return runs
        .map((run, i) => ({ ...run, id: ids[i] }))
        .filter((run) => (run.visit === visit ? run.number < current : !locks.has(lockOf(run.visit))))
        .sort((a, b) => b.ended - a.ended);
    }

    async function forget(ids) {
      if (ids.length === 0) return;
      const tx = begin("readwrite");
      for (const id of ids) {
        tx.objectStore("runs").delete(id);
        tx.objectStore("pieces").delete(piecesOf(id));
      }
      await finished(tx);
    }

    // thin makes room for one run more.
    async function thin() {
      let all = 0;
      let bytes = 0;
      const of = new Map();
      const spare = (await over()).filter((run) => {
        if (run.visit === visit) return run.number < current - 1;
        const n = (of.get(run.store) ?? 0) + 1;
        of.set(run.store, n);
        return n > few || ++all > many || (bytes += run.kept) > room;
      });
      await forget(spare.map((run) => run.id));
    }

    // makeRoom forgets all runs that are over; it tells whether there were any.
    async function makeRoom() {
      const ids = (await over()).map((run) => run.id);
      await forget(ids);
      return ids.length > 0;
    }

    // giveWay makes room for the files, which matter more than any run.
    async function giveWay() {
      if (!(await makeRoom()) && keeping === here) await drop(noRoom);
    }

    // drop keeps nothing of this run any more.
    async function drop(reason) {
      keeping = unkept;
      why = reason;
      lost(why);
      if (db) await forget([idOf(current)]);
    }

    // pieceOf is a piece with what package run says about it.
    function pieceOf(about, data) {
      const f = new Fields(about);
      const [number, offset, sum, version, began, ended, inputs, bytes] = Array.from({ length: 8 }, () => f.number());
      return { number, offset, sum, version, began, ended, inputs, bytes, full: f.byte() === 1, data };
    }

    // keep keeps a piece. It returns whether the record has to begin anew, because
    // what was kept of it is gone.
    async function keep({ number, offset, sum, data, ...run }) {
      try {
        if (!db && offset > 0) return true;
        await open();
        if (number !== current) {
          if (current < 0) await new Promise((resolve) => navigator.locks.request(lockOf(visit), () => (resolve(), new Promise(() => {}))));
          current = number;
          await thin();
        }
        await write(idOf(number), offset, { data, sum }, { store, visit, number, ...run, kept: offset + data.length });
        if (keeping === unkept) await forget([idOf(number)]); // it gave way meanwhile
        else keeping = here;
        kept = offset + data.length;
      } catch (e) {
        if (keeping !== unkept) await drop(explained(e)).catch(() => {});
      }
      return false;
    }

    async function write(id, offset, piece, run) {
      try {
        const tx = begin("readwrite");
        const end = finished(tx);
        if (offset === 0) tx.objectStore("pieces").delete(piecesOf(id));
        tx.objectStore("pieces").put(piece, [id, offset]);
        tx.objectStore("runs").put(run, id);
        tx.commit?.(); // it is not to wait for a page that is being left
        await end;
      } catch (e) {
        if (e.name !== "QuotaExceededError" || !(await makeRoom())) throw e;
        await write(id, offset, piece, run);
      }
    }

    // answer answers a question of package run, with arrays that belong together.
    async function answer(question) {
      const f = new Fields(question);
      const what = f.byte();
      if (what === runLook || what === runSave) return read(f.string());
      if (what === runForget) {
        const mine = new Set((await over()).map((run) => run.id));
        await forget(Array.from({ length: f.number() }, () => f.string()).filter((id) => mine.has(id)));
      }
      let trouble = why;
      const all = await over().catch((e) => ((trouble ||= explained(e)), []));
      const runs = all.filter((run) => run.store === store);
      const list = new Record().byte(trouble && keeping ? unkept : keeping).number(kept).string(trouble).number(runs.length);
      for (const { id, version, began, ended, inputs, bytes, kept, full, visit: whose } of runs) {
        list.string(id).number(version).number(began).number(ended).number(inputs).number(bytes).number(kept);
        list.byte(full ? 1 : 0).byte(whose === visit ? 1 : 0);
      }
      return list.parts;
    }

    // read is a run with its pieces, up to the first that is missing.
    async function read(id) {
      await open();
      const tx = begin("readonly");
      const [run, offsets, pieces] = await Promise.all([
        done(tx.objectStore("runs").get(id)),
        done(tx.objectStore("pieces").getAllKeys(piecesOf(id))),
        done(tx.objectStore("pieces").getAll(piecesOf(id))),
      ]);
      if (!run) throw failure("NotFoundError", "this run has been forgotten");
      const u32 = (...numbers) => new Uint8Array(Uint32Array.from(numbers).buffer);
      const parts = [u32(run.version)];
      let end = 0;
      for (const [i, { data, sum }] of pieces.entries()) {
        if (offsets[i][1] !== end) break;
        end += data.length;
        parts.push(u32(data.length, sum), data);
      }
      return parts;
    }

    return {
      answer,
      pieceOf,
      keep,
      giveWay,
      get wanted() {
        return keeping === later || keeping === here;
      },
    };
  };
})();
