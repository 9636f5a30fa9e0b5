// The platter in IndexedDB, as the worker's JavaScript sees it. It is written
// here and not in Go so that the files are read while the wasm is still on
// its way. Package idb documents the records that cross.
//
// A database "everysec:NAME" has four object stores:
//   meta    "format" -> {version, epoch}
//   inodes  id -> {dir, size}; the size of a file is this or the end of its
//           last chunk, whichever is larger, so that an append writes no inode
//   names   [parent, name] -> inode
//   chunks  [inode, sequence] -> {offset, data}; where two overlap the later
//           counts, so nothing is ever rewritten whole
//
// One tab owns a store through a Web Lock. A lock can be stolen (that is what
// taking over is), and the old owner hears of it late; so every owner counts
// the epoch up, and every transaction checks that the epoch is still its own.
"use strict";

// Record writes the fields of package bridge's Record.
class Record {
  constructor() {
    this.parts = [];
    this.size = 0;
  }
  push(part) {
    this.parts.push(part);
    this.size += part.length;
    return this;
  }
  byte(v) {
    return this.push(Uint8Array.of(v));
  }
  number(v) {
    const b = new Uint8Array(8);
    new DataView(b.buffer).setFloat64(0, v, true);
    return this.push(b);
  }
  bytes(v) {
    const b = new Uint8Array(4);
    new DataView(b.buffer).setUint32(0, v.length, true);
    return this.push(b).push(v);
  }
  string(v) {
    return this.bytes(new TextEncoder().encode(v));
  }
  join() {
    const all = new Uint8Array(this.size);
    let at = 0;
    for (const part of this.parts) {
      all.set(part, at);
      at += part.length;
    }
    return all;
  }
}

// Fields reads them back.
class Fields {
  constructor(b) {
    this.b = b;
    this.view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    this.at = 0;
  }
  get more() {
    return this.at < this.b.length;
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
    return this.b.slice(this.at - n, this.at); // a copy: IndexedDB would clone the whole buffer of a view
  }
  string() {
    return new TextDecoder().decode(this.bytes());
  }
}

const openStore = (() => {
  const format = 1;
  const root = 1;

  // What the image begins with; package idb has the same numbers.
  const kept = 0; // in IndexedDB, ours
  const memory = 1; // nowhere
  const busy = 2; // another tab's
  const unknown = 3; // a format we do not know, or broken
  const raw = 4; // named blobs instead of files, for a download

  // Calls of ask; package playground has the same numbers.
  const takeOver = 1;
  const copy = 2;
  const erase = 3;
  const download = 4;

  // What opcode the changes of package vfs have.
  const opFormat = 1;
  const opCreate = 2;
  const opWrite = 3;
  const opTruncate = 4;
  const opFree = 5;
  const opLink = 6;
  const opUnlink = 7;
  const opRename = 8;

  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const finished = (tx) =>
    new Promise((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error ?? new DOMException("the transaction was aborted", "AbortError"));
    });

  const under = (inode) => IDBKeyRange.bound([inode, 0], [inode, Infinity]);

  // An image without files.
  const bare = (state, text) => new Record().byte(state).string(text).number(0).number(0);

  // migrations[n] brings a database from version n to n+1. It runs inside the
  // upgrade's transaction, so a failure leaves the old version as it was.
  const migrations = [
    (db, tx) => {
      db.createObjectStore("meta").put({ version: 1, epoch: 0 }, "format");
      db.createObjectStore("inodes");
      db.createObjectStore("names");
      db.createObjectStore("chunks");
    },
  ];

  return function openStore(url, events) {
    const name = url.startsWith("idb://") ? url.slice("idb://".length) : null;
    const lockName = `everysec:${name}`;
    let db = null;
    let release = () => {};
    let epoch = 0;
    let sequence = 1;
    let owner = false;

    function lost() {
      if (!owner) return;
      owner = false;
      events.taken();
    }

    // own takes the lock; it says whether it got it.
    function own(options) {
      return new Promise((resolve, reject) => {
        navigator.locks
          .request(lockName, options, (lock) => {
            resolve(lock !== null);
            return lock && new Promise((r) => (release = r));
          })
          .catch((e) => {
            if (owner) lost(); // stolen
            else if (e.name === "AbortError" || e.name === "TimeoutError") resolve(false);
            else reject(e);
          });
      });
    }

    async function connect() {
      const request = indexedDB.open(`everysec:${name}`, format);
      request.onupgradeneeded = ({ oldVersion }) => {
        for (let v = oldVersion; v < format; v++) migrations[v](request.result, request.transaction);
      };
      request.onblocked = () => {};
      db = await done(request);
      // A newer page wants to change the format: let it.
      db.onversionchange = () => {
        db.close();
        lost();
      };
      db.onclose = lost;
    }

    async function load(claim) {
      const mode = claim ? "readwrite" : "readonly";
      const tx = db.transaction(["meta", "inodes", "names", "chunks"], mode, { durability: "strict" });
      const end = finished(tx);
      end.catch(() => {});
      const [meta, inodeKeys, inodes, nameKeys, names, chunkKeys, chunks] = await Promise.all([
        done(tx.objectStore("meta").get("format")),
        done(tx.objectStore("inodes").getAllKeys()),
        done(tx.objectStore("inodes").getAll()),
        done(tx.objectStore("names").getAllKeys()),
        done(tx.objectStore("names").getAll()),
        done(tx.objectStore("chunks").getAllKeys()),
        done(tx.objectStore("chunks").getAll()),
      ]);
      if (meta?.version !== format) {
        tx.abort();
        throw new DOMException(`the store has format ${meta?.version}, this page knows ${format}`, "VersionError");
      }
      if (claim) {
        epoch = meta.epoch + 1;
        tx.objectStore("meta").put({ ...meta, epoch }, "format");
      }
      const files = new Map();
      inodeKeys.forEach((id, i) => files.set(id, { ...inodes[i], chunks: [] }));
      chunkKeys.forEach(([id, n], i) => {
        sequence = Math.max(sequence, n + 1);
        const file = files.get(id);
        if (!file) throw new DOMException(`a chunk of inode ${id}, which does not exist`, "DataError");
        file.chunks.push(chunks[i]);
        file.size = Math.max(file.size, chunks[i].offset + chunks[i].data.length);
      });
      if (claim) await end;
      const image = new Record();
      image.number(files.size);
      for (const [id, file] of files) {
        image.number(id).byte(file.dir ? 1 : 0).number(file.size).number(file.chunks.length);
        for (const c of file.chunks) image.number(c.offset).bytes(c.data);
      }
      image.number(nameKeys.length);
      nameKeys.forEach(([parent, entry], i) => image.number(parent).string(entry).number(names[i]));
      return image;
    }

    // image puts a state before what load returned.
    const image = (state, text, content) => new Record().byte(state).string(text).push(content.join()).join();

    async function claim(options) {
      if (!(await own(options))) return bare(busy, "another tab owns this store").join();
      try {
        if (!db) await connect();
        const content = await load(true);
        owner = true;
        return image(kept, "", content);
      } catch (e) {
        release();
        if (e.name === "VersionError" || e.name === "DataError" || e.name === "NotFoundError") {
          return bare(unknown, e.message).join();
        }
        return bare(memory, `IndexedDB does not work here: ${e.message}`).join();
      }
    }

    async function open() {
      if (name === null) return bare(memory, "").join();
      if (!globalThis.indexedDB || !navigator.locks) {
        return bare(memory, "this browser gives the page no IndexedDB").join();
      }
      await connect().catch(() => (db = null)); // claim tries again and says why not
      const first = await claim({ ifAvailable: true });
      if (first[0] !== busy) return first;
      // A page that is being reloaded holds the lock a moment longer.
      return claim({ signal: AbortSignal.timeout(700) });
    }

    // blobs is everything that is stored, understood or not.
    async function blobs() {
      const out = new Record().byte(raw).string("");
      const list = [];
      const any = db ?? (await done(indexedDB.open(`everysec:${name}`)));
      for (const store of any.objectStoreNames) {
        const tx = any.transaction(store);
        const [keys, values] = await Promise.all([
          done(tx.objectStore(store).getAllKeys()),
          done(tx.objectStore(store).getAll()),
        ]);
        keys.forEach((key, i) => {
          const path = `${store}/${JSON.stringify(key).replace(/[^\w.,-]/g, "_")}`;
          const data = values[i]?.data;
          if (data instanceof Uint8Array) list.push([path, data]);
          list.push([`${path}.json`, new TextEncoder().encode(JSON.stringify({ ...values[i], data: undefined, key }))]);
        });
      }
      if (any !== db) any.close();
      out.number(list.length);
      for (const [path, data] of list) out.string(path).bytes(data);
      return out.join();
    }

    async function ask(what) {
      switch (what) {
        case takeOver:
          return claim({ steal: true });
        case copy: {
          if (!db) await connect();
          return image(memory, "this is a copy; what you change here is not kept", await load(false));
        }
        case erase:
          db?.close();
          db = null;
          owner = false;
          release();
          await done(indexedDB.deleteDatabase(`everysec:${name}`));
          return claim({ ifAvailable: true });
        case download:
          return blobs();
      }
    }

    // cut removes what stands at or after size. The pieces that reach across
    // are shortened, the others stay as they are.
    async function cut(chunks, inode, size) {
      let cursor = await done(chunks.openCursor(under(inode)));
      while (cursor) {
        const { offset, data } = cursor.value;
        if (offset >= size) cursor.delete();
        else if (offset + data.length > size) cursor.update({ offset, data: data.slice(0, size - offset) });
        const next = done(cursor.request);
        cursor.continue();
        cursor = await next;
      }
    }

    // commit makes a batch durable, whole or not at all.
    async function commit(ops) {
      if (!owner) throw new DOMException("another tab owns this store now", "InvalidStateError");
      const tx = db.transaction(["meta", "inodes", "names", "chunks"], "readwrite", { durability: "strict" });
      const end = finished(tx);
      end.catch(() => {});
      const meta = tx.objectStore("meta");
      const inodes = tx.objectStore("inodes");
      const names = tx.objectStore("names");
      const chunks = tx.objectStore("chunks");
      const check = done(meta.get("format")).then((m) => {
        if (m.epoch === epoch) return;
        tx.abort();
        lost();
      });
      check.catch(() => {});
      const f = new Fields(ops);
      while (f.more) {
        switch (f.byte()) {
          case opFormat:
            inodes.clear();
            names.clear();
            chunks.clear();
            break;
          case opCreate: {
            const id = f.number();
            inodes.put({ dir: f.byte() === 1, size: 0 }, id);
            break;
          }
          case opWrite: {
            const id = f.number();
            const offset = f.number();
            chunks.put({ offset, data: f.bytes() }, [id, sequence++]);
            break;
          }
          case opTruncate: {
            const id = f.number();
            const size = f.number();
            await cut(chunks, id, size);
            inodes.put({ dir: false, size }, id);
            break;
          }
          case opFree: {
            const id = f.number();
            inodes.delete(id);
            chunks.delete(under(id));
            break;
          }
          case opLink: {
            const parent = f.number();
            const entry = f.string();
            names.put(f.number(), [parent, entry]);
            break;
          }
          case opUnlink: {
            const parent = f.number();
            names.delete([parent, f.string()]);
            break;
          }
          case opRename: {
            const parent = f.number();
            const entry = f.string();
            const newParent = f.number();
            const newEntry = f.string();
            names.delete([parent, entry]);
            names.put(f.number(), [newParent, newEntry]);
            break;
          }
        }
      }
      await end; // no tx.commit(): the epoch's check must still be able to abort
    }

    function close() {
      owner = false;
      db?.close();
      release();
    }

    return { open, ask, commit, close };
  };
})();
