// Bytes: numbers out of them, texts into them, and an array that grows.

export const encoder = new TextEncoder();
export const decoder = new TextDecoder();

export const u32 = (b, at) => (b[at] | (b[at + 1] << 8) | (b[at + 2] << 16) | (b[at + 3] << 24)) >>> 0;

// large is from how many bytes on a copy is worth avoiding.
export const large = 1 << 20;

// bytesOf is what somebody gave, as an array of bytes, without a copy of one.
export const bytesOf = (given) => (given instanceof Uint8Array ? given : new Uint8Array(given));

// fromText is a batch that came as a string.
export function fromText(text) {
  const b = new Uint8Array(text.length);
  for (let i = 0; i < b.length; i++) b[i] = text.charCodeAt(i);
  return b;
}

// Buffer is a byte array that grows.
export class Buffer {
  constructor(size = 1024) {
    this.b = new Uint8Array(size);
    this.view = new DataView(this.b.buffer);
    this.n = 0;
  }
  room(n) {
    if (this.n + n <= this.b.length) return;
    const grown = new Uint8Array(Math.max(this.b.length * 2, this.n + n));
    grown.set(this.b.subarray(0, this.n));
    this.b = grown;
    this.view = new DataView(grown.buffer);
  }
  bytes(v) {
    this.room(v.length);
    this.b.set(v, this.n);
    this.n += v.length;
  }
  u32(v) {
    this.room(4);
    this.view.setUint32(this.n, v, true);
    this.n += 4;
  }
}
