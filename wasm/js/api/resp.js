// RESP, the protocol of Redis's clients: commands as bytes, and replies as
// JavaScript values.
import { Buffer, decoder, encoder } from "./bytes.js";
import { EngineError, ReplyError } from "./errors.js";

const strictDecoder = new TextDecoder("utf-8", { fatal: true });

// Commands is a buffer that commands are written into.
export class Commands extends Buffer {
  // line writes a RESP header: a mark and a count.
  line(mark, n) {
    this.room(24);
    this.b[this.n++] = mark;
    if (n < 10) {
      this.b[this.n++] = 48 + n;
    } else {
      let at = this.n + (n < 100 ? 2 : n < 1000 ? 3 : String(n).length);
      this.n = at;
      for (; n > 0; n = Math.floor(n / 10)) this.b[--at] = 48 + (n % 10);
    }
    this.b[this.n++] = 13;
    this.b[this.n++] = 10;
  }
  argument(v) {
    if (typeof v === "string") {
      // Short ASCII is written here; the encoder costs more than the bytes.
      const length = v.length;
      if (length < 512) {
        const mark = this.n;
        this.line(36, length);
        this.room(length + 2);
        const { b } = this;
        let at = this.n;
        let i = 0;
        for (; i < length; i++) {
          const c = v.charCodeAt(i);
          if (c > 127) break;
          b[at++] = c;
        }
        if (i === length) {
          b[at++] = 13;
          b[at++] = 10;
          this.n = at;
          return;
        }
        this.n = mark;
      }
      v = encoder.encode(v);
    } else if (v instanceof ArrayBuffer) {
      v = new Uint8Array(v);
    } else if (!(v instanceof Uint8Array)) {
      if (v === null || v === undefined) throw new TypeError(`a command's argument is ${v}`);
      return this.argument(String(v));
    }
    this.line(36, v.length);
    this.bytes(v);
    this.room(2);
    this.b[this.n++] = 13;
    this.b[this.n++] = 10;
  }
  command(args) {
    if (args.length === 0) throw new TypeError("a command without a name");
    this.line(42, args.length);
    for (const a of args) this.argument(a);
  }
}

// Replies turns bytes into JavaScript values as they come in.
export class Replies {
  constructor() {
    this.b = new Uint8Array(0);
    this.at = 0;
  }
  feed(chunk) {
    if (this.at === this.b.length) {
      this.b = chunk;
      this.at = 0;
      return;
    }
    const rest = this.b.length - this.at;
    const all = new Uint8Array(rest + chunk.length);
    all.set(this.b.subarray(this.at));
    all.set(chunk, rest);
    this.b = all;
    this.at = 0;
  }
  // next is the next whole reply, or undefined if it has not all arrived.
  next() {
    const start = this.at;
    this.short = false;
    this.push = false;
    const v = this.value(true);
    if (!this.short) return v;
    this.at = start;
    return undefined;
  }
  get empty() {
    return this.at >= this.b.length;
  }
  text() {
    const end = this.b.indexOf(13, this.at);
    if (end < 0 || end + 1 >= this.b.length) {
      this.short = true;
      return "";
    }
    const { b } = this;
    if (end - this.at === 2 && b[this.at] === 79 && b[this.at + 1] === 75) {
      this.at = end + 2;
      return "OK";
    }
    const s = decoder.decode(b.subarray(this.at, end));
    this.at = end + 2;
    return s;
  }
  count() {
    // Nearly all counts are short: digits are read here.
    let n = 0;
    let at = this.at;
    const { b } = this;
    for (; at < b.length && at - this.at < 9; at++) {
      const d = b[at] - 48;
      if (d < 0 || d > 9) break;
      n = n * 10 + d;
    }
    if (at > this.at && at + 1 < b.length && b[at] === 13) {
      this.at = at + 2;
      return n;
    }
    const s = this.text();
    if (this.short) return 0;
    n = Number(s);
    return Number.isSafeInteger(n) ? n : BigInt(s);
  }
  blob() {
    const n = this.count();
    if (this.short) return null;
    if (n < 0) return null;
    if (this.at + n + 2 > this.b.length) {
      this.short = true;
      return null;
    }
    const v = this.b.subarray(this.at, this.at + n);
    this.at += n + 2;
    if (n < 24) {
      let s = "";
      let i = 0;
      for (; i < n && v[i] < 128; i++) s += String.fromCharCode(v[i]);
      if (i === n) return s;
    }
    try {
      return strictDecoder.decode(v);
    } catch {
      return v.slice(); // no UTF-8: bytes stay bytes
    }
  }
  list(n) {
    const a = [];
    for (let i = 0; i < n && !this.short; i++) a.push(this.value(false));
    return a;
  }
  value(top) {
    if (this.at >= this.b.length) {
      this.short = true;
      return null;
    }
    const kind = this.b[this.at++];
    switch (kind) {
      case 43: // +
        return this.text();
      case 45: // -
        return new ReplyError(this.text());
      case 58: // :
        return this.count();
      case 36: // $
        return this.blob();
      case 33: {
        // !
        const v = this.blob();
        return this.short ? null : new ReplyError(typeof v === "string" ? v : decoder.decode(v));
      }
      case 61: {
        // =
        const v = this.blob();
        return this.short ? null : v.slice(4);
      }
      case 95: // _
        this.text();
        return null;
      case 35: // #
        return this.text() === "t";
      case 44: {
        // ,
        const s = this.text();
        return s === "inf" ? Infinity : s === "-inf" ? -Infinity : Number(s);
      }
      case 40: {
        // (
        const s = this.text();
        return this.short ? null : BigInt(s);
      }
      case 42: // *
      case 62: {
        // >
        const n = this.count();
        if (this.short) return null;
        if (kind === 62 && top) this.push = true;
        return n < 0 ? null : this.list(n);
      }
      case 126: // ~
        return new Set(this.list(this.count()));
      case 37: {
        // %
        const flat = this.list(this.count() * 2);
        const map = new Map();
        for (let i = 0; i + 1 < flat.length; i += 2) map.set(flat[i], flat[i + 1]);
        return map;
      }
      case 124: {
        // | attributes are skipped
        this.list(this.count() * 2);
        return this.value(top);
      }
    }
    throw new EngineError("PROTOCOL", `a reply of kind ${kind}`);
  }
}
