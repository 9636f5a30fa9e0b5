// The page's start: early.js has begun the worker and the download; here the
// engine is opened, and the same module becomes the page's user interface.
import { open } from "./everysec.js";

if (globalThis.everysecElsewhere) await new Promise(() => {}); // this page is being left
const { options, show } = globalThis.everysecEarly;

const status = (text) => {
  const place = document.querySelector("[data-everysec-status]");
  if (place) place.textContent = text;
};

// What the page says in another language, lines of English, a tab, and that: see
// web/words. Without it the page speaks English.
const speaking = (async () => {
  const { words } = globalThis.everysecLesson ?? document.querySelector("meta[name=everysec]").dataset;
  if (words) globalThis.everysecWords = words.includes("\t") ? words : await (await fetch(words)).text();
})().catch((e) => console.error(e));

// everysecSay is a text in the page's language, with values in its places, which
// the English names in their order; plural is one that counts, count a number.
let said = null;
const lang = document.documentElement.lang;
const other = (english) => {
  said ??= new Map((globalThis.everysecWords ?? "").split("\n").map((line) => line.split("\t")));
  return said.get(english) ?? english;
};
const fill = (text, english, values) => {
  const places = [...new Set(english.match(/\{\w+\}/g))];
  return text.replace(/\{\w+\}/g, (place) => values[places.indexOf(place)] ?? place);
};
const say = (english, ...values) => fill(other(english), english, values);
globalThis.everysecSay = Object.assign(say, {
  count: (n, digits = 0) => n.toLocaleString(lang, { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  plural(n, english, ...values) {
    const forms = other(english).split("|");
    const rules = new Intl.PluralRules(lang);
    const categories = ["zero", "one", "two", "few", "many", "other"].filter((c) => rules.resolvedOptions().pluralCategories.includes(c));
    values.splice([...new Set(english.match(/\{\w+\}/g))].indexOf("{n}"), 0, say.count(n));
    return fill(forms[categories.indexOf(rules.select(n))] ?? forms.at(-1), english, values);
  },
});

const opening = open(options);

// window.everysec is the instance as soon as it answers; everysecReady waits.
window.everysecReady = opening.then((db) => (window.everysec = db));

// This script runs before the page has been read to its end (async): the
// download must not wait for the lesson's text. The user interface must.
const parsed = new Promise((resolve) => {
  if (document.readyState !== "loading") resolve();
  else document.addEventListener("DOMContentLoaded", resolve, { once: true });
});

// On a phone the parts of the page can be gone through before the engine is there.
parsed.then(() => {
  const tabs = [...document.querySelectorAll(".tabs [data-tab]")];
  for (const tab of tabs) {
    tab.addEventListener("click", () => {
      document.body.dataset.tab = tab.dataset.tab;
      for (const other of tabs) other.removeAttribute("aria-current");
      tab.setAttribute("aria-current", "true");
    });
  }
});

// What looks into files is fetched when somebody first wants it: everysecLook
// takes the name of a file of the server, or files that were chosen or dropped.
globalThis.everysecLook = async (what) => {
  const note = document.getElementById("look-note");
  try {
    const viewer = globalThis.everysecInline ? globalThis.everysecViewer : await import("./viewer.js");
    await viewer.look(await opening, what, open);
  } catch (e) {
    note.textContent = say("The viewer could not be opened: {why}", e.message);
  }
};

function takeFiles() {
  const look = document.getElementById("look");
  look.addEventListener("change", () => {
    globalThis.everysecLook([...look.files]);
    look.value = "";
  });
  const files = (e) => e.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (e) => files(e) && e.preventDefault());
  addEventListener("drop", (e) => {
    if (!files(e)) return;
    e.preventDefault();
    globalThis.everysecLook(e.dataTransfer);
  });
}

async function startPage() {
  const db = await opening;
  // Laying the page out and starting the interface take a while, on this
  // thread: who has waited for the engine gets an answer before.
  await db.state();
  show();
  await parsed;
  takeFiles();
  globalThis.everysecChannel = db.attach({});
  const go = new Go();
  go.base = import.meta.url;
  // The engine's imports are there for the linker; this role calls none.
  go.importObject.everysec = { post() {}, commit() {}, ask() {}, keep() {}, shelf() {}, stopwatch: () => performance.now() * 1000 };
  const instance = await go.begin(await db.module);
  await speaking;
  globalThis.everysecPart = go.part;
  instance.exports.page();
  go._resume(); // Go's scheduler
  const frame = new URLSearchParams(location.search).get("embed");
  if (frame !== null && !globalThis.everysecInline) {
    const { converse } = await import("./framed.js");
    converse(db, frame || location.origin);
  }
  const idle = globalThis.requestIdleCallback ?? ((f) => setTimeout(f, 500)); // Safari has none
  idle(() => {
    document.documentElement.classList.add("whole");
    if (options.store.startsWith("idb:")) offline().catch(() => {}); // a page that keeps nothing need not be kept
  });
  await go.running;
}

// offline lets the page be there without a network the next time, and tells when
// a newer one is ready. It is used when the learner says so, and not before.
async function offline() {
  const workers = navigator.serviceWorker;
  if (!workers || globalThis.everysecInline || !location.protocol.startsWith("http")) return;
  const registration = await workers.register(new URL("service-worker.js", import.meta.url));
  // The panels' looks, the viewer and the lessons, too: the next visit may have no network.
  workers.ready.then(({ active }) => active.postMessage(`keep the rest, lessons first in ${document.documentElement.lang}`)); // not a text
  const box = document.getElementById("update");
  const offer = (fresh) => {
    if (!fresh || !workers.controller) return; // the first one is no update
    box.hidden = false;
    document.getElementById("update-later").onclick = () => (box.hidden = true);
    document.getElementById("update-now").onclick = () => {
      workers.addEventListener("controllerchange", () => location.reload(), { once: true });
      fresh.postMessage("take over"); // not a text
    };
  };
  offer(registration.waiting);
  registration.addEventListener("updatefound", () => {
    const fresh = registration.installing;
    fresh.addEventListener("statechange", () => fresh.state === "installed" && offer(fresh));
  });
}

startPage().catch((e) => {
  console.error(e);
  status(say("The page could not start: {why}", e.message));
});
