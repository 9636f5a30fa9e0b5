// The two kinds of error that a caller meets.

// ReplyError is an error the server replied. code is its first word.
export class ReplyError extends Error {
  constructor(text) {
    super(text);
    this.name = "ReplyError";
    this.code = text.split(" ", 1)[0];
  }
}

// EngineError is everything else that can go wrong.
export class EngineError extends Error {
  constructor(code, text) {
    super(text);
    this.name = "EngineError";
    this.code = code;
  }
}
