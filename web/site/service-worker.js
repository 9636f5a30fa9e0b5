// The page without a network. A build is a list of files, each with its hash;
// this worker keeps one whole build, looked at byte for byte, and answers with
// it. It never fetches a newer file for a page of an older build: what is new
// comes as another build, waits until somebody says yes, and then takes over as
// a whole. The data is not touched here; it lies in IndexedDB.
"use strict";

// [address, SHA-256 in base64] of every file, the page itself first. The build fills it in.
const files = [];
// The same of files that a first visit does not wait for: they are kept when they
// are used, and all of them once the page has nothing to do. The lessons are
// among them; their addresses end with a slash.
const later = [];
const build = "";

// Several sites may live on one origin, each under a path of its own.
const ours = `everysec ${new URL(registration.scope).pathname} `;
const cacheName = ours + build;

async function keep(cache, [address, sum]) {
  // A hash in the address makes the browser's own cache as good as the server.
  const response = await fetch(address, { cache: address.includes("?") ? "default" : "no-cache" });
  if (!response.ok) throw new Error(`${address}: ${response.status}`);
  const body = await response.clone().arrayBuffer();
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", body));
  if (btoa(String.fromCharCode(...digest)) !== sum) throw new Error(`${address} is not of this build`);
  await cache.put(address, response);
}

// Who has used such a file of an older build has it of a newer one, too.
const used = (address) => caches.match(address, { ignoreSearch: true });

addEventListener("install", (event) => {
  event.waitUntil(
    (async () => {
      const cache = await caches.open(cacheName);
      try {
        const wanted = await Promise.all(later.map(([address]) => used(address)));
        await Promise.all([...files, ...later.filter((_, i) => wanted[i])].map((file) => keep(cache, file)));
      } catch (e) {
        await caches.delete(cacheName); // all or nothing; the browser tries again
        throw e;
      }
    })(),
  );
});

// The build before stays: a page of it may still run in another tab, and may
// want to start its worker again.
addEventListener("activate", (event) => {
  event.waitUntil(
    (async () => {
      const names = (await caches.keys()).filter((name) => name.startsWith(ours) && name !== cacheName);
      await Promise.all(names.slice(0, -1).map((name) => caches.delete(name)));
    })(),
  );
});

const isPage = ([address]) => address.endsWith("/");
const language = ([address]) => /\/([a-z]{2})\/$/.exec(address)?.[1] ?? "en";

addEventListener("message", (event) => {
  if (event.data === "take over") skipWaiting();
  const [, spoken] = /^keep the rest, lessons first in (.*)/.exec(event.data) ?? [];
  if (spoken) event.waitUntil(keepRest(spoken));
});

// One after the other, so that they are in nobody's way; lessons in languages that
// are not spoken come last.
async function keepRest(spoken) {
  const last = (file) => isPage(file) && language(file) !== spoken;
  for (const file of [...later].sort((a, b) => last(a) - last(b))) await kept(file).catch(() => {}); // the next visit tries again
}

async function kept(file) {
  const cache = await caches.open(cacheName);
  if (!(await cache.match(file[0]))) await keep(cache, file);
  return cache.match(file[0]);
}

async function answer(request, name) {
  if (name === "" || name === "index.html") {
    const page = await caches.match(files[0][0], { cacheName });
    if (page) return page;
  } else if (isPage([name])) {
    const page = later.find(([address]) => address === name);
    const answer = page && (await kept(page).catch(() => null)); // of another build: as the network has it
    if (answer) return answer;
  } else if (new URL(request.url).search) {
    const old = await caches.match(request); // of this build or of the one before
    if (old) return old;
    const file = later.find(([address]) => new URL(address, registration.scope).href === request.url);
    if (file) return kept(file);
  }
  try {
    return await fetch(request);
  } catch (e) {
    const old = await caches.match(request, { cacheName, ignoreSearch: true });
    if (old) return old;
    throw e;
  }
}

addEventListener("fetch", (event) => {
  const { request } = event;
  if (request.method !== "GET" || !request.url.startsWith(registration.scope)) return;
  const name = new URL(request.url).pathname.slice(new URL(registration.scope).pathname.length);
  event.respondWith(answer(request, name));
});
