// Acknowledged writes on a store in IndexedDB: clients that each wait for the
// reply before they write again.
import { open } from "/everysec.js";

const strict = new Worker("strict.js");
strict.onerror = (e) => { throw e; };

// summary is what a sample comes to: writes a second, latencies in milliseconds.
function summary({ latencies, milliseconds }) {
  latencies.sort((a, b) => a - b);
  const at = (part) => latencies[Math.min(Math.floor(latencies.length * part), latencies.length - 1)];
  return { rate: latencies.length / milliseconds * 1000, p50: at(0.5), p99: at(0.99) };
}

const bare = (milliseconds) =>
  new Promise((resolve) => {
    strict.onmessage = ({ data }) => resolve(summary(data));
    strict.postMessage(milliseconds);
  });

const value = "x".repeat(100);

// written lets every client write for so long.
async function written(clients, milliseconds) {
  const latencies = [];
  const start = performance.now();
  const write = async (client, n) => {
    for (let i = n, now = start; now - start < milliseconds; i += clients.length) {
      await client.command("SET", "key:" + String(i % 10000).padStart(12, "0"), value);
      const then = now;
      now = performance.now();
      latencies.push(now - then);
    }
  };
  await Promise.all(clients.map(write));
  return summary({ latencies, milliseconds: performance.now() - start });
}

// durable measures one policy with so many clients, in turn with bare
// transactions if they are wanted beside.
async function durable({ config, clients: n, samples, milliseconds, beside }) {
  const db = await open({ store: `idb://${Object.values(config).join("-")}-${n}`, config, seed: 1 });
  const { store, storeText } = await db.state();
  if (store !== "indexeddb") throw new Error(`the store is in ${store}: ${storeText}`);
  for (const [directive, value] of Object.entries(config)) {
    const [, is] = await db.command("CONFIG", "GET", directive);
    if (is !== value) throw new Error(`${directive} is ${is}`);
  }
  const clients = Array.from({ length: n }, () => db.connect());
  await written(clients, milliseconds);
  const ours = [];
  const bares = [];
  for (let s = 0; s < samples; s++) {
    if (beside) bares.push(await bare(milliseconds));
    ours.push(await written(clients, milliseconds));
  }
  await db.close();
  return { ours, bare: bares };
}

window.measure = { durable };
