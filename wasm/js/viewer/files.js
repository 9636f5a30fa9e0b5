// Which files there are to look into: those of the running server, which stand in a
// folder, and those that were chosen or dropped.

export const folderOf = (name) => name.slice(0, name.lastIndexOf("/") + 1);

// oursWith are the files of the server that belong with one of them: those of the
// append-only directory, and the snapshots beside it.
export function oursWith(list, name) {
  const folder = folderOf(list.find((f) => f.name.endsWith(".manifest"))?.name ?? name);
  const belongs = (n) => folder && (folderOf(n) === folder || isSnapshot(n));
  const ours = list.filter((f) => belongs(name) && belongs(f.name)).map((f) => ({ name: f.name, ours: true }));
  return ours.sort(byName);
}

const isSnapshot = (name) => name.endsWith(".rdb") && !folderOf(name);

// guessed stands in for the manifest of files that were given without it: their
// names, as redis-server gives them, tell the order, and one appendonly.aof is, as
// before Redis 7, all there is. null where they do not tell.
export function guessed(files) {
  const parts = files.flatMap((file) => {
    const [, series, number, kind] = /^(\S+)\.(\d{1,15})\.(base\.rdb|base\.aof|incr\.aof)$/.exec(file.name) ?? [];
    return series ? [{ file, series, number: Number(number), base: kind !== "incr.aof" }] : [];
  });
  const whole = files.filter((f) => /^\S+\.aof$/.test(f.name));
  if (!parts.length && whole.length === 1) parts.push({ file: whole[0], series: "", number: 1, base: true });
  if (!parts.length || parts.some((p) => p.series !== parts[0].series)) return null;
  parts.sort((a, b) => b.base - a.base || a.number - b.number);
  const newest = parts.findLast((p) => p.base);
  const folder = folderOf(parts[0].file.name);
  const lines = parts.map((p) => `file ${p.file.name.slice(folder.length)} seq ${p.number} type ${p === newest ? "b" : p.base ? "h" : "i"}\n`); // not a text
  return { name: `${folder}guessed.manifest`, blob: new Blob(lines), alone: parts[0].series === "" };
}

export const byName = (a, b) => a.name.localeCompare(b.name, "en", { numeric: true });

// signature says whether any of these files has changed.
export const signature = (list, files) => list.filter((f) => files.some((of) => of.name === f.name)).map((f) => `${f.name} ${f.size}`).join();

// collect finds the files of a folder, such as appendonlydir.
export async function collect(entry, path, found) {
  if (entry instanceof File) {
    found.push({ name: entry.name, blob: entry });
  } else if (entry.isFile) {
    const blob = await new Promise((resolve, reject) => entry.file(resolve, reject));
    found.push({ name: path + blob.name, blob });
  } else {
    const reader = entry.createReader();
    for (;;) {
      const some = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
      if (!some.length || found.length > 1000) return;
      for (const e of some) await collect(e, `${path}${entry.name}/`, found);
    }
  }
}
