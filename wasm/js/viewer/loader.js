// What a server has after it has loaded files: a server of its own loads them, in a
// worker that nobody else sees, and writes down what it has.

export class Loader {
  #server = null;
  // open starts a server; ours is the page's, whose clock may be ahead.
  constructor(open, ours) {
    this.open = open;
    this.ours = ours;
  }

  // load takes the bytes of files by their names in the data directory, and gives
  // those of a snapshot. It fails as the start of a server would.
  async load(files, clock) {
    this.#server ??= this.open({ store: "memory:", config: { save: "" } });
    const server = await this.#server;
    if (clock) {
      const [there, here] = await Promise.all([this.ours.state(), server.state()]);
      if (there.now > here.now) await server.clock.advance(there.now - here.now);
    }
    await server.importFiles(files);
    await server.command("SAVE");
    return server.readFile("dump.rdb");
  }

  close() {
    this.#server?.then((server) => server.close(), () => {});
    this.#server = null;
  }
}
