// Which files there are to look into: those of the running server, which stand in a
// folder, and those that were chosen or dropped.

export const folderOf = (name) => name.slice(0, name.lastIndexOf("/") + 1);

// oursWith are the files of the server that stand in the folder of one of them,
// if that is an append-only directory.
export function oursWith(list, name) {
  const folder = folderOf(name);
  const ours = list.filter((f) => folder && folderOf(f.name) === folder).map((f) => ({ name: f.name, ours: true }));
  return ours.sort(byName);
}

// guessed stands in for the manifest of files that were given without it: their
// names, as redis-server gives them, tell the order. null where they do not.
export function guessed(files) {
  const parts = files.flatMap((file) => {
    const [, series, number, kind] = /^(\S+)\.(\d{1,15})\.(base\.rdb|base\.aof|incr\.aof)$/.exec(file.name) ?? [];
    return series ? [{ file, series, number: Number(number), base: kind !== "incr.aof" }] : [];
  });
  if (parts.length < 2 || parts.some((p) => p.series !== parts[0].series)) return null;
  parts.sort((a, b) => b.base - a.base || a.number - b.number);
  const newest = parts.findLast((p) => p.base);
  const folder = folderOf(parts[0].file.name);
  const lines = parts.map((p) => `file ${p.file.name.slice(folder.length)} seq ${p.number} type ${p === newest ? "b" : p.base ? "h" : "i"}\n`); // not a text
  const left = files.filter((f) => !parts.some((p) => p.file === f)).map((f) => f.name.slice(f.name.lastIndexOf("/") + 1));
  return { name: `${folder}guessed.manifest`, blob: new Blob(lines), left };
}

export const byName = (a, b) => a.name.localeCompare(b.name, "en", { numeric: true });

export const signature = (list, name) => list.filter((f) => folderOf(f.name) === folderOf(name)).map((f) => `${f.name} ${f.size}`).join();

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
