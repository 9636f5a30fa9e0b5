// A zip: the directory at its end says where each file is; those that are packed
// the browser unpacks.
import { decoder } from "./bytes.js";
import { EngineError } from "./errors.js";

// unzip is the files of a zip, by name.
export async function unzip(bytes) {
  const b = new Uint8Array(bytes);
  const view = new DataView(b.buffer);
  const short = (at) => view.getUint16(at, true);
  const long = (at) => view.getUint32(at, true);
  let end = b.length - 22;
  while (end >= 0 && long(end) !== 0x06054b50) end--;
  if (end < 0) throw new EngineError("HOST", "this is no zip");
  const files = {};
  let at = long(end + 16);
  for (let n = short(end + 10); n > 0; n--) {
    const name = decoder.decode(b.subarray(at + 46, at + 46 + short(at + 28)));
    const local = long(at + 42);
    const from = local + 30 + short(local + 26) + short(local + 28);
    const data = b.subarray(from, from + long(at + 20));
    if (!name.endsWith("/")) files[name] = short(at + 10) === 0 ? data : await inflated(data);
    at += 46 + short(at + 28) + short(at + 30) + short(at + 32);
  }
  return files;
}

const inflated = (data) => new Response(new Blob([data]).stream().pipeThrough(new DecompressionStream("deflate-raw"))).arrayBuffer();
