// The parts of a module that was split (web/cmd/site/publish/split.go), beside it
// in files: loaded in node before Go's wasm_exec_node.js.
"use strict";

const { readFileSync } = require("fs");
const { instantiate } = WebAssembly;

WebAssembly.instantiate = async (bytes, imports) => {
  const file = process.argv[2];
  let exports;
  // The module of every part imports from a name that only the first one knows.
  const first = new Proxy({}, { get: () => exports, has: () => true });
  imports.parts = {
    load(n) {
      new WebAssembly.Instance(new WebAssembly.Module(readFileSync(`${file}.${n}`)), first);
      return 1;
    },
  };
  const result = await instantiate(bytes, imports);
  exports = result.instance.exports;
  return result;
};
