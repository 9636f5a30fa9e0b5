// The platter in IndexedDB, as the worker's JavaScript sees it. It is written
// here and not in Go so that the files are read while the wasm is still on
// its way. Package idb documents the records that cross.
//
// A database "everysec:NAME" has four object stores:
//   meta    "format" -> {version, epoch, base, staged}
//   inodes  id -> {dir, size}; the size of a file is this or the end of its
//           last chunk, whichever is larger, so that an append writes no inode
//   names   [parent, name] -> inode
//   chunks  [inode, sequence] -> {offset, data}; where two overlap the later
//           counts, so nothing is ever rewritten whole. Where a file has many
//           small ones next to each other, they are merged later
//
// An id here is base more than the disk's. Content that takes the place of all
// that is stored is too much for one transaction; it gets ids from staged on,
// and the last transaction makes that the base. A visit that ended before that
// finds the old content, and removes what is staged.
//
// One tab owns a store through a Web Lock. A lock can be stolen (that is what
// taking over is), and the old owner hears of it late; so every owner counts
// the epoch up, and every transaction checks that the epoch is still its own.
//
// Chromium keeps databases in LevelDB, which goes on writing to the log of the
// process before, right behind a record that a kill left half written. Whoever
// opens that log the next time finds it corrupt, and the browser then removes
// everything. So after a visit that did not end well, enough is written for
// LevelDB to begin another log. The page remembers beside the store how its last
// visit ended: its epoch, with a dot behind it if it ended well.
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

// idbEvents is what IndexedDB tells by events, as promises, and what they fail with.
// runs.js uses it, too.
const idbEvents = (() => {
  const failure = (name, text) => new DOMException(text, name);

  const done = (request) =>
    new Promise((resolve, reject) => {
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
    });

  const finished = (tx) =>
    new Promise((resolve, reject) => {
      tx.oncomplete = () => resolve();
      tx.onabort = () => reject(tx.error ?? failure("AbortError", "the transaction was aborted"));
    });

  return { failure, done, finished };
})();

const openStore = (() => {
  const format = 2;
  const stores = ["meta", "inodes", "names", "chunks"];

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

  // What opcode the changes of package vfs have, and the end of a format.
  const opFormat = 1;
  const opCreate = 2;
  const opWrite = 3;
  const opTruncate = 4;
  const opFree = 5;
  const opLink = 6;
  const opUnlink = 7;
  const opRename = 8;
  const opSettle = 9;

  // Chunks are merged where this many small ones follow each other, or so many
  // bytes of them.
  const smallChunk = 64 << 10;
  const mergeCount = 128;
  const mergeBytes = 1 << 20;

  // LevelDB begins another log after 4 MB. What compresses well is less, and a
  // larger value would be a file of its own.
  const logBytes = 4 << 20;
  const fillBytes = 48 << 10;

  // How long a page of an older version may take to let go of the database.
  const patience = 2000;

  const { failure, done, finished } = idbEvents;
  const broken = (text) => failure("DataError", `the store is broken: ${text}`);

  const under = (inode) => IDBKeyRange.bound([inode, 0], [inode, Infinity]);

  // Everything with ids from one up to another, in each kind of store.
  const ids = (from, to) => IDBKeyRange.bound(from, to, false, true);
  const keys = (from, to) => IDBKeyRange.bound([from], [to], false, true);

  function remove(tx, from, to) {
    tx.objectStore("inodes").delete(ids(from, to));
    tx.objectStore("names").delete(keys(from, to));
    tx.objectStore("chunks").delete(keys(from, to));
  }

  // An image without files.
  const bare = (state, text) => new Record().byte(state).string(text).number(0).number(0).join();

  // migrations[n] brings a database from version n to n+1. It runs inside the
  // upgrade's transaction, so a failure leaves the old version as it was.
  const migrations = [
    (db, tx) => {
      for (const store of stores) db.createObjectStore(store);
      tx.objectStore("meta").put({ version: 1, epoch: 0 }, "format");
    },
    // Version 1 knew no base: its ids are the disk's.
    (db, tx) => {
      if (!db.objectStoreNames.contains("meta")) return; // load says that it is broken
      const meta = tx.objectStore("meta");
      meta.get("format").onsuccess = ({ target: { result: old } }) => {
        if (old?.version === 1) meta.put({ version: 2, epoch: old.epoch, base: 0 }, "format");
      };
    },
  ];

  // run is where a file's chunks, in the order written, are to be merged.
  function run(list) {
    for (let from = 0; from < list.length; ) {
      let to = from;
      let bytes = 0;
      for (; to < list.length && to - from < 4096 && bytes < mergeBytes; to++) {
        const { offset, end } = list[to];
        if (end - offset >= smallChunk || (to > from && offset !== list[to - 1].end)) break;
        bytes += end - offset;
      }
      if (to - from >= mergeCount || bytes >= mergeBytes) return [from, to];
      from = Math.max(to, from + 1);
    }
    return null;
  }

  return function openStore(url, events, ended) {
    const name = url.startsWith("idb://") ? url.slice("idb://".length) : null;
    const database = `everysec:${name}`;
    let db = null;
    let last = Promise.resolve(); // the newest commit
    let release = () => {};
    let owner = false;
    let epoch = 0;
    let sequence = 1;
    let base = 0;
    let staged = null; // what base will be
    let top = 0; // no id is above it
    let emptied = false; // what was here is gone
    let files = new Map(); // id -> [{seq, offset, end}], the chunks in the order written

    function lost(why) {
      if (!owner) return;
      owner = false;
      events.taken(why);
    }

    // own takes the lock; it says whether it got it.
    function own(options) {
      return new Promise((resolve, reject) => {
        navigator.locks
          .request(database, options, (lock) => {
            resolve(lock !== null);
            return lock && new Promise((r) => (release = r));
          })
          .catch((e) => {
            if (owner) lost("another tab took over this store"); // stolen
            else if (e.name === "AbortError" || e.name === "TimeoutError") resolve(false);
            else reject(e);
          });
      });
    }

    // connect opens the database, and brings an older one to our format. Only
    // the owner may: it takes the database away from whoever has it open.
    function connect() {
      return new Promise((resolve, reject) => {
        const request = indexedDB.open(database, format);
        let timer = 0;
        let late = false;
        request.onblocked = () => {
          timer = setTimeout(() => {
            late = true;
            reject(failure("TimeoutError", "another tab with an older version of this page does not let go of the files; close it and reload"));
          }, patience);
        };
        request.onupgradeneeded = ({ oldVersion }) => {
          for (let v = oldVersion; v < format; v++) migrations[v](request.result, request.transaction);
        };
        request.onerror = () => reject(request.error);
        request.onsuccess = () => {
          clearTimeout(timer);
          const opened = request.result;
          if (late) return opened.close();
          opened.onversionchange = ({ newVersion }) => {
            opened.close();
            if (db !== opened) return;
            db = null;
            lost(newVersion === null ? "another tab erased this store" : "a newer version of this page, in another tab, took over this store");
          };
          opened.onclose = () => {
            if (db === opened) db = null; // the next commit opens it again
          };
          resolve(opened);
        };
      });
    }

    // peek opens whatever version there is, and creates nothing.
    function peek() {
      const request = indexedDB.open(database);
      request.onupgradeneeded = () => request.transaction.abort();
      return done(request);
    }

    // load reads the files, and takes possession of them if it is to.
    async function load(db, claim) {
      const tx = db.transaction(stores, claim ? "readwrite" : "readonly", { durability: "strict" });
      const end = finished(tx);
      end.catch(() => {});
      const meta = await done(tx.objectStore("meta").get("format"));
      if (meta?.version !== format && (claim || meta?.version !== 1)) {
        tx.abort();
        throw failure("VersionError", `the store has format ${meta?.version}, this page knows ${format}`);
      }
      const from = meta.base ?? 0;
      const to = meta.staged ?? Infinity;
      const all = (store, range) => [done(tx.objectStore(store).getAllKeys(range)), done(tx.objectStore(store).getAll(range))];
      const [inodeKeys, inodes, nameKeys, names, chunkKeys, chunks] = await Promise.all([
        ...all("inodes", ids(from, to)),
        ...all("names", keys(from, to)),
        ...all("chunks", keys(from, to)),
      ]);
      const found = new Map();
      inodeKeys.forEach((id, i) => found.set(id, { dir: inodes[i].dir, size: inodes[i].size, chunks: [], list: [] }));
      chunkKeys.forEach(([id, seq], i) => {
        const { offset, data } = chunks[i];
        const file = found.get(id);
        if (!file) throw broken(`a chunk of inode ${id}, which does not exist`);
        if (!(data instanceof Uint8Array) || !Number.isSafeInteger(offset)) throw broken(`chunk ${seq} of inode ${id} has no bytes`);
        const end = offset + data.length;
        file.chunks.push(chunks[i]);
        file.list.push({ seq, offset, end });
        file.size = Math.max(file.size, end);
      });
      if (claim) {
        if (meta.staged !== undefined) remove(tx, meta.staged, Infinity);
        epoch = meta.epoch + 1;
        base = from;
        staged = null;
        sequence = 1 + chunkKeys.reduce((max, [, seq]) => Math.max(max, seq), 0);
        top = base + 1;
        files = new Map();
        for (const [id, { list }] of found) {
          top = Math.max(top, id);
          files.set(id, list);
        }
        tx.objectStore("meta").put({ version: format, epoch, base }, "format");
        await end;
        if (meta.epoch === 0) emptied = Boolean(ended);
        else if (ended !== `${meta.epoch}.`) newLog();
        setTimeout(() => tidy(files.keys()), 1000);
      }
      const image = new Record().number(found.size);
      for (const [id, file] of found) {
        image.number(id - from).byte(file.dir ? 1 : 0).number(file.size).number(file.chunks.length);
        for (const c of file.chunks) image.number(c.offset).bytes(c.data);
      }
      image.number(nameKeys.length);
      nameKeys.forEach(([parent, entry], i) => image.number(parent - from).string(entry).number(names[i] - from));
      return image;
    }

    // newLog has LevelDB begin another log. Nothing depends on when it is flushed.
    function newLog() {
      const fillers = IDBKeyRange.bound(["filler"], ["filler", Infinity]);
      const tx = () => db.transaction("meta", "readwrite", { durability: "relaxed" }).objectStore("meta");
      try {
        const meta = tx();
        for (let n = 0; n * fillBytes <= logBytes; n++) {
          meta.put(crypto.getRandomValues(new Uint8Array(fillBytes)), ["filler", n]);
        }
        tx().delete(fillers); // in a transaction of its own, or nothing would be written
      } catch {
        // a connection that is gone: the next commit says so
      }
    }

    // image puts a state before what load returned.
    const image = (state, text, content) => new Record().byte(state).string(text).push(content.join()).join();

    async function claim(options) {
      try {
        if (!(await own(options))) return bare(busy, "another tab owns this store");
      } catch (e) {
        return nowhere(e);
      }
      return take();
    }

    // take opens the store for the owner of the lock.
    async function take() {
      try {
        if (!globalThis.indexedDB) throw failure("NotSupportedError", "it is not there");
        db ??= await connect();
      } catch (e) {
        release();
        return e.name === "VersionError" ? newer(e) : nowhere(e);
      }
      try {
        const content = await load(db, true);
        owner = true;
        return image(kept, emptied ? "The browser has lost the files of this page: it found none, and there were some. It removes them when it finds its own database damaged, or when somebody clears them." : "", content);
      } catch (e) {
        release();
        switch (e.name) {
          case "VersionError":
            return newer(e);
          case "DataError":
            return bare(unknown, e.message);
          case "NotFoundError": // an object store is missing
          case "TypeError": // a record is not what it should be
            return bare(unknown, broken(e.message).message);
        }
        return nowhere(e);
      }
    }

    const newer = (e) => bare(unknown, `these files are of a newer version of this page (${e.message})`);

    const nowhere = (e) =>
      bare(memory, `the browser keeps no files for this page; they live only as long as this tab (IndexedDB: ${e.name}: ${e.message})`);

    async function open() {
      if (name === null) return bare(memory, "");
      const first = await claim({ ifAvailable: true });
      if (first[0] !== busy) return first;
      // A page that is being reloaded holds the lock a moment longer.
      return claim({ signal: AbortSignal.timeout(700) });
    }

    // blobs is everything that is stored, understood or not.
    async function blobs() {
      const list = [];
      const any = db ?? (await peek());
      const text = (value) => new TextEncoder().encode(JSON.stringify(value));
      for (const store of any.objectStoreNames) {
        const tx = any.transaction(store);
        const [keys, values] = await Promise.all([
          done(tx.objectStore(store).getAllKeys()),
          done(tx.objectStore(store).getAll()),
        ]);
        keys.forEach((key, i) => {
          const path = `${store}/${i}-${JSON.stringify(key).replace(/[^\w.,-]/g, "_")}`;
          const value = values[i];
          const data = value?.data instanceof Uint8Array ? value.data : null;
          if (data) list.push([path, data]);
          list.push([`${path}.json`, text({ key, value: data ? { ...value, data: data.length } : value })]);
        });
      }
      if (any !== db) any.close();
      const out = new Record().byte(raw).string("").number(list.length);
      for (const [path, data] of list) out.string(path).bytes(data);
      return out.join();
    }

    async function ask(what) {
      switch (what) {
        case takeOver:
          return claim({ steal: true });
        case copy: {
          const theirs = await peek();
          try {
            return image(memory, "this is a copy; what you change here is not kept", await load(theirs, false));
          } finally {
            theirs.close();
          }
        }
        case erase:
          if (!owner && !(await own({ ifAvailable: true }))) return bare(busy, "another tab owns this store");
          owner = false;
          ended = null;
          db?.close();
          db = null;
          await done(indexedDB.deleteDatabase(database));
          return take();
        case download:
          return blobs();
      }
    }

    // reopen connects again after the browser has closed the connection, as it
    // does when its disk fails or somebody clears the site's data.
    async function reopen() {
      const opened = await connect();
      const tx = opened.transaction("meta", "readwrite", { durability: "strict" });
      const end = finished(tx);
      end.catch(() => {});
      const meta = await done(tx.objectStore("meta").get("format"));
      const emptied = meta?.epoch === 0;
      if (emptied) {
        tx.objectStore("meta").put({ version: format, epoch, base: 0 }, "format");
        base = 0;
        staged = null;
        top = 1;
        files = new Map();
      } else if (meta?.epoch !== epoch) {
        opened.close();
        lost("another tab took over this store");
        throw failure("InvalidStateError", "another tab owns this store now");
      }
      await end;
      db = opened;
      // All files are written again after a commit that has failed.
      if (emptied) throw failure("NotFoundError", "the browser had deleted the files of this site");
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

    // commit makes a batch durable, whole or not at all, after those before it. It
    // has read ops when it returns: they may be the module's own memory.
    function commit(ops) {
      const before = last;
      let batch;
      let unread;
      try {
        batch = changes(new Fields(ops));
      } catch (e) {
        unread = e;
      }
      return (last = before
        .catch(() => {})
        .then(() => {
          if (unread) throw unread;
          return transact(batch);
        }));
    }

    // changes reads a batch: of each change the operation and its fields.
    function changes(f) {
      const list = [];
      while (f.more) {
        const op = f.byte();
        switch (op) {
          case opFormat:
          case opSettle:
            list.push([op]);
            break;
          case opCreate:
            list.push([op, f.number(), f.byte() === 1]);
            break;
          case opWrite:
            list.push([op, f.number(), f.number(), f.bytes()]);
            break;
          case opTruncate:
            list.push([op, f.number(), f.number()]);
            break;
          case opFree:
            list.push([op, f.number()]);
            break;
          case opLink:
            list.push([op, f.number(), f.string(), f.number()]);
            break;
          case opUnlink:
            list.push([op, f.number(), f.string()]);
            break;
          case opRename:
            list.push([op, f.number(), f.string(), f.number(), f.string(), f.number()]);
            break;
          default:
            throw failure("DataError", `unknown change ${op}`);
        }
      }
      return list;
    }

    async function transact(batch) {
      if (!owner) throw failure("InvalidStateError", "another tab owns this store now");
      let tx;
      for (let tries = 0; !tx; tries++) {
        if (!db) await reopen();
        try {
          tx = db.transaction(stores, "readwrite", { durability: "strict" });
        } catch (e) {
          if (e.name !== "InvalidStateError" || tries > 0) throw e;
          db = null; // it is closed, and we have not heard of it yet
        }
      }
      const end = finished(tx);
      end.catch(() => {});
      let reason = null; // why we gave it up
      const giveUp = (e) => {
        reason ??= e;
        try {
          tx.abort();
        } catch {
          // it has aborted by itself, and end says why
        }
      };
      done(tx.objectStore("meta").get("format")).then(
        (meta) => {
          if (meta?.epoch === epoch) return;
          giveUp(meta ? failure("InvalidStateError", "another tab owns this store now") : broken("its format is gone"));
          if (meta) lost("another tab took over this store");
        },
        () => {}, // the transaction has failed
      );
      const after = []; // what to remember once it is durable
      try {
        await write(tx, batch, after);
      } catch (e) {
        giveUp(e);
      }
      try {
        await end; // no tx.commit(): the epoch's check must still be able to abort
      } catch (e) {
        throw e.name === "AbortError" ? reason ?? e : e;
      }
      const grown = new Set();
      for (const remember of after) remember(grown);
      tidy(grown);
    }

    // write issues the requests of a batch.
    async function write(tx, batch, after) {
      const meta = tx.objectStore("meta");
      const inodes = tx.objectStore("inodes");
      const names = tx.objectStore("names");
      const chunks = tx.objectStore("chunks");
      let from = staged ?? base;
      const id = (number) => {
        const id = from + number;
        top = Math.max(top, id);
        return id;
      };
      for (const [op, ...fields] of batch) {
        switch (op) {
          case opFormat:
            if (staged === null) staged = top + 1;
            else remove(tx, staged, Infinity); // the last attempt has failed
            from = staged;
            meta.put({ version: format, epoch, base, staged }, "format");
            break;
          case opSettle: {
            const settled = from;
            remove(tx, -Infinity, settled);
            meta.put({ version: format, epoch, base: settled }, "format");
            after.push(() => {
              base = settled;
              staged = null;
              for (const id of files.keys()) if (id < base) files.delete(id);
            });
            break;
          }
          case opCreate: {
            const inode = id(fields[0]);
            inodes.put({ dir: fields[1], size: 0 }, inode);
            after.push(() => files.set(inode, []));
            break;
          }
          case opWrite: {
            const [number, offset, data] = fields;
            const inode = id(number);
            const seq = sequence++;
            chunks.put({ offset, data }, [inode, seq]);
            after.push((grown) => {
              const list = files.get(inode) ?? [];
              files.set(inode, list);
              list.push({ seq, offset, end: offset + data.length });
              grown.add(inode);
            });
            break;
          }
          case opTruncate: {
            const inode = id(fields[0]);
            const size = fields[1];
            await cut(chunks, inode, size);
            inodes.put({ dir: false, size }, inode);
            after.push(() => {
              const list = (files.get(inode) ?? []).filter((c) => c.offset < size);
              for (const c of list) c.end = Math.min(c.end, size);
              files.set(inode, list);
            });
            break;
          }
          case opFree: {
            const inode = id(fields[0]);
            inodes.delete(inode);
            chunks.delete(under(inode));
            after.push(() => files.delete(inode));
            break;
          }
          case opLink: {
            const [parent, entry, inode] = fields;
            names.put(id(inode), [id(parent), entry]);
            break;
          }
          case opUnlink: {
            const [parent, entry] = fields;
            names.delete([id(parent), entry]);
            break;
          }
          case opRename: {
            const [parent, entry, newParent, newEntry, inode] = fields;
            names.delete([id(parent), entry]);
            names.put(id(inode), [id(newParent), newEntry]);
            break;
          }
        }
      }
    }

    // tidy merges small chunks, one run at a time: a visit that finds thousands
    // of them starts late. Nothing depends on it, so it need not be flushed.
    let tidying = false;
    async function tidy(grown) {
      if (tidying) return;
      tidying = true;
      try {
        for (const id of grown) {
          for (let list = files.get(id); owner && db && list; list = files.get(id)) {
            if (list.length < (list.look ?? mergeCount)) break;
            const found = run(list);
            if (!found) {
              list.look = list.length + mergeCount / 2; // not after every commit
              break;
            }
            await merge(id, list.slice(...found));
          }
        }
      } catch {
        // a full disk, or a connection that is gone: the next commit says so
        for (const list of files.values()) list.look = list.length + mergeCount;
      } finally {
        tidying = false;
      }
    }

    // merge makes one chunk of several that follow each other.
    async function merge(id, parts) {
      const first = parts[0];
      const last = parts[parts.length - 1];
      const tx = db.transaction(["meta", "chunks"], "readwrite", { durability: "relaxed" });
      const end = finished(tx);
      end.catch(() => {});
      const chunks = tx.objectStore("chunks");
      const range = IDBKeyRange.bound([id, first.seq], [id, last.seq]);
      const [meta, found] = await Promise.all([done(tx.objectStore("meta").get("format")), done(chunks.getAll(range))]);
      const same = found.length === parts.length && parts.every((c, i) => c.offset === found[i].offset && c.end === c.offset + found[i].data.length);
      if (meta?.epoch !== epoch || !same) {
        tx.abort();
        throw failure("AbortError", "the chunks have changed");
      }
      const data = new Uint8Array(last.end - first.offset);
      for (const c of found) data.set(c.data, c.offset - first.offset);
      chunks.delete(range);
      chunks.put({ offset: first.offset, data }, [id, last.seq]);
      await end;
      const list = files.get(id) ?? [];
      const at = list.indexOf(first);
      if (at >= 0) list.splice(at, parts.length, { seq: last.seq, offset: first.offset, end: last.end });
    }

    function close() {
      owner = false;
      db?.close();
      release();
    }

    // visit is what the page is to remember.
    const visit = () => (owner ? String(epoch) : "");

    return { open, ask, commit, close, visit };
  };
})();
