// The viewer's worker: it owns one Go instance, ../viewer, with the bytes of one
// file, and answers what viewer.js asks of it. Go's runtime, wasm_exec.js, stands
// before this text in the built file.
//
// Messages from the page: {open: number, name, file: a File or Uint8Array, keep},
// {ask: number, what, args}; before them {words: a catalogue} where the page speaks
// another language, and {wasm} where nothing can be fetched.
// Messages to the page: {open, state, done, memory in bytes} while a file is being read,
// {open, failed: text}, {ask, answer}.
"use strict";

{
  const go = new Go();
  const encoder = new TextEncoder();
  const decoder = new TextDecoder();
  let exports = null;
  let opening = 0; // the number of the file that is wanted
  let asked = false; // there is a file that questions can be about
  let dead = "";
  let speaking = null; // a catalogue that comes

  const given = new Promise((resolve) => {
    addEventListener("message", function hear({ data }) {
      if (!data.wasm) return;
      removeEventListener("message", hear);
      resolve(data.wasm);
    });
  });
  const module = self.name === "inline" ? given.then(WebAssembly.compile) : load();

  async function load() {
    const response = await fetch("viewer.wasm");
    if (!response.ok) throw new Error(`viewer.wasm: ${response.status} ${response.statusText}`);
    return WebAssembly.compile(await response.arrayBuffer());
  }

  let lastWords = "";
  globalThis.fs.writeSync = (fd, b) => {
    lastWords = (lastWords + decoder.decode(b)).slice(-4000);
    return b.length;
  };
  go.exit = () => {
    dead = lastWords.split("\n").find((line) => /^(panic|fatal error|runtime):/.test(line)) ?? "the viewer ended";
  };

  const ready = module.then(async (m) => {
    const instance = await WebAssembly.instantiate(m, go.importObject);
    go.run(instance);
    exports = instance.exports;
  });

  const memory = (at, n) => new Uint8Array(exports.mem.buffer, at >>> 0, n);

  // call runs an export; one that has failed leaves nonsense behind.
  function call(name, ...args) {
    if (dead) throw new Error(dead);
    const result = exports[name](...args);
    if (dead) throw new Error(dead);
    return result;
  }

  const answer = (n) => JSON.parse(decoder.decode(memory(call("out"), n)));

  // put writes a text and returns its length in bytes.
  function put(text) {
    return encoder.encodeInto(text, memory(call("text"), 4096)).written;
  }

  const turn = new MessageChannel();
  const next = () => new Promise((resolve) => {
    turn.port1.onmessage = resolve;
    turn.port2.postMessage(0);
  });

  // open reads a file in slices of about 30 ms, so that questions are answered
  // and a newer file can take its place meanwhile.
  async function open({ open: id, name, file, keep }) {
    opening = id;
    await ready;
    await speaking;
    if (!keep) {
      call("drop"); // so that two large files are never there together
      asked = false;
    }
    const size = file.size ?? file.length;
    let at = call("reserve", size) >>> 0;
    if (file.stream) {
      const reader = file.stream().getReader();
      for (let n = 0; ; ) {
        const { done, value } = await reader.read();
        if (opening !== id) return reader.cancel();
        if (done) {
          if (n !== size) throw new Error(`${name} changed while it was read`);
          break;
        }
        memory(at + n, value.length).set(value);
        n += value.length;
      }
    } else {
      memory(at, size).set(file);
    }
    const failed = call("open", put(name), Date.now(), keep ? 1 : 0);
    if (failed) throw new Error(answer(failed).error);
    asked = true;
    let budget = 64 << 10;
    let told = 0;
    for (;;) {
      const begun = performance.now();
      const done = call("step", budget);
      const took = performance.now() - begun;
      budget = Math.min(Math.max(budget * (took < 15 ? 2 : took > 60 ? 0.5 : 1), 16 << 10), 16 << 20);
      if (done || begun - told > 100) {
        told = begun;
        postMessage({ open: id, state: answer(call("state")), done: Boolean(done), memory: exports.mem.buffer.byteLength });
      }
      if (done) return;
      await next();
      if (opening !== id) return;
    }
  }

  const questions = {
    parts: (from, to) => call("parts", from, to),
    record: (offset) => call("record", offset),
    lines: (from, n) => call("lines", from, n),
    entry: (i) => call("entry", i),
    summary: () => call("summary"),
    add: () => call("add"),
    list: (text, order) => call("list", put(text), order),
  };

  // speak gives the module the page's language, before the first file.
  async function speak(catalogue) {
    await ready;
    const content = encoder.encode(catalogue);
    memory(call("reserve", content.length), content.length).set(content);
    call("speak");
  }

  addEventListener("message", async ({ data }) => {
    try {
      if (data.words !== undefined) speaking = speak(data.words);
      if (data.open) await open(data);
      else if (data.ask && asked) postMessage({ ask: data.ask, answer: answer(questions[data.what](...data.args)) });
    } catch (e) {
      postMessage({ open: data.open ?? opening, failed: dead || e.message });
    }
  });
}
