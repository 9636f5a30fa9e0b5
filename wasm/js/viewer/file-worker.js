// The viewer's worker, from the page's side: it has one file, and answers what is
// asked about it.

export class FileWorker {
  #worker;
  #waiting = new Map();
  #asked = 0;
  #opened = 0;
  // told hears of the file that is being read: (state, done), failed of a text.
  constructor(told, failed) {
    this.#worker = globalThis.everysecInline?.viewer() ?? new Worker(new URL("viewer-worker.js", import.meta.url));
    this.#worker.onmessage = ({ data }) => {
      if (data.ask) {
        this.#waiting.get(data.ask)?.(data.answer);
        this.#waiting.delete(data.ask);
      } else if (data.failed !== undefined) {
        failed(data.failed);
      } else if (data.open === this.#opened) {
        this.memory = data.memory; // bytes that the module has taken
        told(data.state, data.done);
      }
    };
    if (globalThis.everysecWords) this.#worker.postMessage({ words: globalThis.everysecWords });
    this.#worker.onerror = (e) => {
      e.preventDefault();
      failed(e.message || say("viewer-worker.js could not be loaded"));
    };
  }
  // open reads a file; keep leaves the one before in its place until then.
  open(name, file, keep) {
    const transfer = file instanceof Uint8Array ? [file.buffer] : [];
    this.#worker.postMessage({ open: ++this.#opened, name, file, keep }, transfer);
  }
  ask(what, ...args) {
    return new Promise((resolve) => {
      this.#waiting.set(++this.#asked, resolve);
      this.#worker.postMessage({ ask: this.#asked, what, args });
    });
  }
  close() {
    this.#worker.terminate();
  }
}
