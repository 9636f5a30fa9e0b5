// Runs before anything else on the page, and does nothing but begin what takes
// longest: the worker and the module. everysec.js goes on from here.
window.everysecEarly = { worker: new Worker("worker.js"), module: WebAssembly.compileStreaming(fetch("everysec.wasm")) };
window.everysecEarly.module.catch(() => {}); // everysec.js tries again
