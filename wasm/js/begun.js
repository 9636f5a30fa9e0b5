// The Go program in the module ran already when the site was built, up to where
// it waits; see web/cmd/site/publish/begun.go. What it had of JavaScript by
// then, the module lists by name. begin runs it on from there and returns its
// instance; running is what go.run returns.
//
// Some of its code is in parts, see web/cmd/site/publish/split.go: each is loaded
// when one of its functions is called, and that call waits, or before it, by part.
Go.prototype.begin = async function (module) {
  const listed = (name) => {
    const [text] = WebAssembly.Module.customSections(module, name);
    return text ? new TextDecoder().decode(text).split("\n") : [];
  };
  const [id, ...parts] = listed("parts").map((line) => line.split(" "));
  // They lie beside the script, and not beside each page.
  const place = (address) => new URL(address, this.base ?? location.href);
  let exports;
  const joined = [];
  const join = (n, part) => {
    if (joined[n]) return;
    new WebAssembly.Instance(part, { [id]: exports }); // fails for a part of another build
    joined[n] = true;
  };
  const load = (n) => {
    if (joined[n]) return 1;
    const [name, address] = parts[n];
    const begun = performance.now();
    try {
      const request = new XMLHttpRequest();
      request.open("GET", place(address), false);
      request.overrideMimeType("text/plain; charset=x-user-defined"); // a page may not ask for bytes
      request.send();
      if (request.status !== 200) throw new Error(`${request.status} ${request.statusText}`);
      const text = request.responseText;
      const bytes = new Uint8Array(text.length);
      for (let i = 0; i < text.length; i++) bytes[i] = text.charCodeAt(i);
      join(n, new WebAssembly.Module(bytes));
    } catch (e) {
      console.error(`The part "${name}" could not be loaded: ${e.message}`);
      return 0;
    } finally {
      this.held += performance.now() - begun;
    }
    return 1;
  };
  this.held = 0; // for so many milliseconds calls have waited
  this.part = async (name) => {
    const n = parts.findIndex((part) => part[0] === name);
    if (n < 0 || joined[n]) return;
    const response = await fetch(place(parts[n][1]));
    if (!response.ok) throw new Error(`${response.status} ${response.statusText}`);
    join(n, await WebAssembly.compile(await response.arrayBuffer()));
  };
  this.importObject.parts = { load };
  const instance = await WebAssembly.instantiate(module, this.importObject);
  exports = instance.exports;
  this.running = this.run(instance);
  for (const path of listed("begun")) {
    const value = path.split(".").reduce((of, name) => of?.[name], globalThis);
    this._ids.set(value, this._values.length);
    this._values.push(value);
    this._goRefCounts.push(Infinity);
  }
  return instance;
};
