// Records: the fields of package bridge's Record, written and read.
import { Buffer, decoder, encoder, large } from "./bytes.js";

// Fields reads a record of package bridge.
export class Fields {
  constructor(b) {
    this.b = b;
    this.view = new DataView(b.buffer, b.byteOffset, b.byteLength);
    this.at = 0;
  }
  byte() {
    return this.b[this.at++];
  }
  number() {
    this.at += 8;
    return this.view.getFloat64(this.at - 8, true);
  }
  // What is large is no copy: the message that it came in is nobody else's.
  bytes() {
    const n = this.view.getUint32(this.at, true);
    this.at += 4 + n;
    return n > large ? this.b.subarray(this.at - n, this.at) : this.b.slice(this.at - n, this.at);
  }
  string() {
    return decoder.decode(this.bytes());
  }
}

export function record(...fields) {
  const b = new Buffer(fields.reduce((n, f) => n + (f.length ?? 0) + 8, 64));
  for (const f of fields) {
    if (typeof f === "number") {
      b.room(8);
      b.view.setFloat64(b.n, f, true);
      b.n += 8;
    } else {
      const v = typeof f === "string" ? encoder.encode(f) : f;
      b.u32(v.length);
      b.bytes(v);
    }
  }
  return b.b.subarray(0, b.n);
}

// parts is record, in which Blobs stay what they are.
export function parts(...fields) {
  const out = [];
  let from = 0;
  fields.forEach((f, i) => {
    if (!(f instanceof Blob)) return;
    out.push(record(...fields.slice(from, i)), new Uint8Array(Uint32Array.of(f.size).buffer), f);
    from = i + 1;
  });
  return [...out, record(...fields.slice(from))];
}
