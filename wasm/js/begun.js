// The Go program in the module ran already when the site was built, up to where
// it waits; see web/cmd/site/publish/begun.go. What it had of JavaScript by
// then, the module lists by name. Returns as go.run does, and Go is then waiting.
Go.prototype.begun = function (module, instance) {
  const running = this.run(instance);
  const [listed] = WebAssembly.Module.customSections(module, "begun");
  const paths = listed ? new TextDecoder().decode(listed).split("\n") : [];
  for (const path of paths) {
    const value = path.split(".").reduce((of, name) => of?.[name], globalThis);
    this._ids.set(value, this._values.length);
    this._values.push(value);
    this._goRefCounts.push(Infinity);
  }
  return running;
};
