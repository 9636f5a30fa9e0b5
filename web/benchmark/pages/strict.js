// The least a durable write can be: one small put in a strict transaction of
// IndexedDB, one after the other, for as long as it is told.
"use strict";

const done = (request) =>
  new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });

let opening;
let sequence = 0;

onmessage = async ({ data: milliseconds }) => {
  if (!opening) {
    const request = indexedDB.open("bare", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("chunks");
    opening = done(request);
  }
  const db = await opening;
  const latencies = [];
  const start = performance.now();
  for (let now = start; now - start < milliseconds; ) {
    const tx = db.transaction("chunks", "readwrite", { durability: "strict" });
    tx.objectStore("chunks").put({ offset: 0, data: new Uint8Array(150) }, [1, sequence++]);
    await new Promise((resolve, reject) => {
      tx.oncomplete = resolve;
      tx.onabort = () => reject(tx.error);
    });
    const then = now;
    now = performance.now();
    latencies.push(now - then);
  }
  postMessage({ latencies, milliseconds: performance.now() - start });
};
