// Everysec for JavaScript: a Redis-compatible server in a worker of this page.
// See everysec.d.ts for what each call promises. No dependency; everything is
// fetched from beside this file. Its parts are in api/, in reading order: errors,
// bytes, resp, events; frames, records, control, outbox; engine, client, database.
// The build makes one file of them.
import { Database } from "./api/database.js";
import { Engine } from "./api/engine.js";

export { prepare } from "./api/engine.js";
export { EngineError, ReplyError } from "./api/errors.js";

// open starts a server and resolves when it answers.
export async function open(options = {}) {
  const seed = options.seed ?? Math.floor(Math.random() * 2 ** 48);
  const engine = new Engine({ store: options.store ?? "memory:", seed, config: options.config ?? {}, lesson: options.lesson });
  const db = new Database(engine, { ...options, seed });
  if (options.onNotice) db.on("notice", options.onNotice);
  await engine.ready;
  return db;
}
