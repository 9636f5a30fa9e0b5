// A client: one connection, whose replies come in the order of its commands.
import { EngineError, ReplyError } from "./errors.js";
import { Listeners } from "./listeners.js";
import { Replies } from "./resp.js";

const subscribing = new Set(["SUBSCRIBE", "PSUBSCRIBE", "SSUBSCRIBE", "UNSUBSCRIBE", "PUNSUBSCRIBE", "SUNSUBSCRIBE"]);
const pushKinds = new Set([
  "message", "pmessage", "smessage", "subscribe", "psubscribe", "ssubscribe", "unsubscribe", "punsubscribe", "sunsubscribe",
]);

export class Client {
  #db;
  #replies = new Replies();
  #waiting = []; // {resolve, reject, left, values, confirm}
  #head = 0;
  #subscribed = false;
  #listeners = new Listeners();
  #failed = null;

  constructor(db, id, name) {
    this.#db = db;
    this.id = id;
    this.name = name;
  }

  // command sends one command. An error reply rejects.
  command(...args) {
    return new Promise((resolve, reject) => {
      this.#send([args], { resolve, reject, left: 1, values: null, confirm: this.#confirms(args) });
    });
  }

  // pipeline sends commands together. Error replies are values among the others.
  pipeline(commands) {
    if (commands.length === 0) return Promise.resolve([]);
    return new Promise((resolve, reject) => {
      this.#send(commands, { resolve, reject, left: commands.length, values: [], confirm: 0 });
    });
  }

  // A subscription is not answered but confirmed, once for each channel.
  #confirms(args) {
    const name = String(args[0]).toUpperCase();
    if (!subscribing.has(name)) return 0;
    this.#subscribed = true;
    return Math.max(args.length - 1, 1);
  }

  #send(commands, entry) {
    if (this.#failed) return entry.reject(this.#failed);
    try {
      this.#db._input(this.id, commands);
    } catch (e) {
      return entry.reject(e);
    }
    this.#waiting.push(entry);
  }

  // on("push", fn) gets what the server sends unasked; on("close", fn) the end.
  on(event, fn) {
    return this.#listeners.add(event, fn);
  }

  close() {
    this.#fail(new EngineError("CLOSED", "the client was closed"));
    this.#db._disconnect(this.id);
  }

  _receive(data, closed) {
    this.#replies.feed(data);
    while (!this.#replies.empty) {
      const v = this.#replies.next();
      if (v === undefined) break;
      this.#deliver(v, this.#replies.push);
    }
    if (closed) this.#fail(new EngineError("CLOSED", "the server closed the connection"));
  }

  #deliver(v, push) {
    if (push || (this.#subscribed && Array.isArray(v) && pushKinds.has(v[0]))) {
      const confirmation = v[0].endsWith("subscribe");
      if (confirmation && v[0].endsWith("unsubscribe") && v[2] === 0) this.#subscribed = false;
      this.#listeners.call("push", v);
      if (!confirmation) return;
      const entry = this.#waiting[this.#head];
      if (!entry?.confirm || --entry.confirm > 0) return;
      this.#next();
      entry.resolve(v);
      return;
    }
    const entry = this.#waiting[this.#head];
    if (!entry) {
      this.#listeners.call("push", v); // MONITOR
      return;
    }
    if (entry.values) {
      entry.values.push(v);
      if (--entry.left > 0) return;
      this.#next();
      entry.resolve(entry.values);
      return;
    }
    this.#next();
    if (v instanceof ReplyError) entry.reject(v);
    else entry.resolve(v);
  }

  #next() {
    this.#waiting[this.#head++] = undefined;
    if (this.#head === this.#waiting.length) {
      this.#waiting = [];
      this.#head = 0;
    }
  }

  #fail(error) {
    if (this.#failed) return;
    this.#failed = error;
    for (const entry of this.#waiting.slice(this.#head)) entry.reject(error);
    this.#waiting = [];
    this.#head = 0;
    this.#listeners.call("close", error);
  }

  _lost(why) {
    this.#fail(new EngineError("LOST", why));
  }
}
