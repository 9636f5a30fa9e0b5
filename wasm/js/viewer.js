// Looking into files: dump.rdb and the append-only file, byte by byte. This
// module is fetched when somebody first opens a file. What the bytes mean is
// found out by viewer-worker.js; here it is drawn, and only what is on the
// screen is ever asked for. It is JavaScript and not part of the page's Go: so it
// costs a first visit nothing, and the second time a tenth of what Go would. Its
// parts are in viewer/.
//
// Whatever comes from a file reaches the page as text, never as markup.
import { byName, collect, oursWith } from "./viewer/files.js";
import { Viewer } from "./viewer/viewer.js";

let viewer = null;

// look opens a file: what is the name of one of the server's, a DataTransfer of
// files that were dropped, or a FileList. open starts another server.
export async function look(db, what, open) {
  viewer ??= new Viewer(db, open);
  if (typeof what === "string") {
    const files = oursWith(await db.files(), what);
    const file = files.find((f) => f.name === what);
    return file ? viewer.look(files, file) : viewer.look([{ name: what, ours: true }]);
  }
  const found = [];
  if (what.items) {
    // A folder is given up by the browser once this turn is over: first all are asked for.
    const entries = [...what.items].map((item) => item.webkitGetAsEntry?.() ?? item.getAsFile?.()).filter(Boolean);
    for (const entry of entries) await collect(entry, "", found);
  } else {
    for (const blob of what) found.push({ name: blob.name, blob });
  }
  found.sort(byName);
  if (found.length) viewer.look(found);
}
