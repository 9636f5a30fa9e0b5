// The beginning of the worker, before everything else: the module is fetched
// and compiled here, for the page's own thread is busy with its text. A worker
// called "again" takes the place of one that died, and is given the module.
self.everysecModule =
  self.name === "again"
    ? null
    : WebAssembly.compileStreaming(fetch("everysec.wasm")).catch(async () => {
        // A server that sends another content type, or a browser without streaming.
        const response = await fetch("everysec.wasm");
        if (!response.ok) throw new Error(`everysec.wasm: ${response.status} ${response.statusText}`);
        return WebAssembly.compile(await response.arrayBuffer());
      });
self.everysecModule?.catch(() => {}); // worker.js tells the page
