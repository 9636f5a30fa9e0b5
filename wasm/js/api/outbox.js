// The outbox: frames of one microtask leave in one message, and a hundred
// commands of one client are one frame.
import { large } from "./bytes.js";
import { INPUT, header } from "./frames.js";
import { Commands } from "./resp.js";

const channel = 4; // what a batch begins with

// What is given to its then runs as soon as the caller has finished.
const settled = Promise.resolve();

// write writes the head of a frame of so many bytes.
function write(out, length, kind, arg, id) {
  out.view.setUint32(out.n, length, true);
  out.view.setUint32(out.n + 4, kind | (arg << 8), true);
  out.view.setUint32(out.n + 8, id, true);
  out.n += header;
}

export class Outbox {
  #post;
  #out = new Commands(4096);
  #inputAt = -1; // where the last frame begins, if more input can go into it
  #inputOf = 0;
  #queued = false;
  #send = () => this.#flush();

  // post gets an array and how much of it is meant. It is ours again when post
  // returns, unless it is given away.
  constructor(post) {
    this.#post = post;
    this.#out.n = channel;
  }

  frame(kind, arg, id, data = new Uint8Array(0)) {
    if (data.length > large) {
      // It leaves alone, behind what waits.
      this.#flush();
      const alone = new Commands(channel + header + data.length);
      alone.n = channel;
      write(alone, header + data.length, kind, arg, id);
      alone.bytes(data);
      this.#post(alone.b, alone.n, true);
      return;
    }
    const at = this.#out.n;
    this.#head(kind, arg, id);
    this.#out.bytes(data);
    this.#out.view.setUint32(at, this.#out.n - at, true);
    this.#later();
  }

  // gathered is frame, for data in parts of which some may be Blobs: gather gets it
  // as it is.
  gathered(kind, arg, id, data, gather) {
    this.#flush();
    const head = new Commands(channel + header);
    head.n = channel;
    write(head, data.reduce((n, part) => n + (part.size ?? part.length), header), kind, arg, id);
    gather([head.b, ...data]);
  }

  // input puts commands into the frame that is being written for this client.
  input(client, commands) {
    const out = this.#out;
    const before = out.n;
    if (this.#inputAt < 0 || this.#inputOf !== client) {
      this.#head(INPUT, 0, client);
      this.#inputAt = before;
      this.#inputOf = client;
    }
    const start = out.n;
    try {
      for (const c of commands) out.command(c);
    } catch (e) {
      out.n = start; // nothing of a call that throws is sent
      throw e;
    } finally {
      out.view.setUint32(this.#inputAt, out.n - this.#inputAt, true);
    }
    this.#later();
  }

  // clear forgets what has not left.
  clear() {
    this.#out.n = channel;
    this.#inputAt = -1;
  }

  #head(kind, arg, id) {
    this.#out.room(header);
    write(this.#out, header, kind, arg, id);
    this.#inputAt = -1;
  }

  #later() {
    if (this.#queued) return;
    this.#queued = true;
    settled.then(this.#send);
  }

  #flush() {
    this.#queued = false; // a promise of it that is still to come finds nothing
    const out = this.#out;
    if (out.n === channel) return;
    const { n } = out;
    this.clear();
    if (out.b.length > 1 << 20) {
      this.#out = new Commands(4096);
      this.#out.n = channel;
    }
    this.#post(out.b, n);
  }
}
