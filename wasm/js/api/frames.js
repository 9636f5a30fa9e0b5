// Frames: what page and worker pass to each other, as package bridge has it. A
// frame is a header of twelve bytes, which are its length, its kind, an argument
// and an id, and then data.

export const header = 12;

// From the page.
export const CONNECT = 1;
export const DISCONNECT = 2;
export const INPUT = 3;
export const CONTROL = 4;
export const CREDIT = 5;
const SENT = 6; // 20 bytes: when a batch was sent, before its other frames

// From the worker.
export const OUTPUT = 129;
export const RESULT = 130;
export const FAILURE = 131;
export const EVENTS = 132;
export const NOTICE = 133;

// kindAt is the kind of the first frame that is more than a time; at is where the
// very first one has its kind.
export const kindAt = (b, at) => b[b[at] === SENT ? at + 20 : at];

// The kinds of notices, by their numbers.
export const notices = [
  "", "ready", "down", "crashed", "store-memory", "store-busy", "store-taken", "store-unknown", "store-full", "store-failed", "fatal", "store-saves",
  "store-volatile", "run", "store-emptied", "run-unkept", "state", "over", "held",
];
