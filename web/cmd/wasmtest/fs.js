// Files for Go tests in a page: each call becomes a request to the program
// that opened the page. Output that must be written at once (a panic's) is
// kept in order with the rest and sent before the page ends.
"use strict";

const encode = (b) => {
  let s = "";
  for (let i = 0; i < b.length; i += 0x8000) s += String.fromCharCode(...b.subarray(i, i + 0x8000));
  return btoa(s);
};
const decode = (s) => Uint8Array.from(atob(s), (c) => c.charCodeAt(0));

let output = Promise.resolve();

async function ask(op, args) {
  const response = await fetch("/fs", { method: "POST", body: JSON.stringify({ op, ...args }) });
  const answer = await response.json();
  if (answer.code) throw Object.assign(new Error(answer.code), { code: answer.code });
  return answer;
}

// call answers in the style of node: callback(error, result).
const call = (callback, op, args, result = () => undefined) =>
  ask(op, args).then(
    (a) => callback(null, result(a)),
    (e) => callback(e),
  );

const stat = (a) => ({ ...a.stat, isDirectory: () => a.stat.dir });

globalThis.fs = {
  constants: { O_WRONLY: 1, O_RDWR: 2, O_CREAT: 64, O_EXCL: 128, O_TRUNC: 512, O_APPEND: 1024, O_DIRECTORY: 65536 },
  writeSync(fd, b) {
    const data = encode(b);
    output = output.then(() => ask("write", { fd, data }));
    return b.length;
  },
  write(fd, b, offset, length, position, callback) {
    const data = encode(b.subarray(offset, offset + length));
    const send = () => call(callback, "write", { fd, data, at: position, atEnd: position === null }, (a) => a.n);
    output = output.then(send);
  },
  read(fd, b, offset, length, position, callback) {
    call(callback, "read", { fd, length, at: position, atEnd: position === null }, (a) => {
      const data = decode(a.data);
      b.set(data, offset);
      return data.length;
    });
  },
  open: (path, flags, mode, callback) => call(callback, "open", { path, flags, mode }, (a) => a.n),
  close: (fd, callback) => call(callback, "close", { fd }),
  fstat: (fd, callback) => call(callback, "fstat", { fd }, stat),
  stat: (path, callback) => call(callback, "stat", { path }, stat),
  lstat: (path, callback) => call(callback, "lstat", { path }, stat),
  readdir: (path, callback) => call(callback, "readdir", { path }, (a) => a.names ?? []),
  mkdir: (path, mode, callback) => call(callback, "mkdir", { path, mode }),
  rmdir: (path, callback) => call(callback, "rmdir", { path }),
  unlink: (path, callback) => call(callback, "unlink", { path }),
  rename: (path, to, callback) => call(callback, "rename", { path, to }),
  ftruncate: (fd, at, callback) => call(callback, "ftruncate", { fd, at }),
  truncate: (path, at, callback) => call(callback, "truncate", { path, at }),
  fsync: (fd, callback) => callback(null),
  chmod: (path, mode, callback) => callback(null),
  fchmod: (fd, mode, callback) => callback(null),
  utimes: (path, a, m, callback) => callback(null),
};
for (const name of ["chown", "fchown", "lchown", "link", "symlink", "readlink"]) {
  globalThis.fs[name] = (...args) => args.at(-1)(Object.assign(new Error(name), { code: "ENOSYS" }));
}

// play runs the test binary and resolves with its exit code.
globalThis.play = async ({ argv, env, cwd }) => {
  globalThis.process = {
    getuid: () => 0, getgid: () => 0, geteuid: () => 0, getegid: () => 0, getgroups: () => [],
    pid: 1, ppid: 1, umask: () => 0, cwd: () => cwd, chdir() {},
  };
  const go = new Go();
  go.argv = argv;
  go.env = env;
  let code = 0;
  go.exit = (c) => (code = c);
  const { instance } = await WebAssembly.instantiateStreaming(fetch("/test.wasm"), go.importObject);
  try {
    await go.run(instance);
  } catch (e) {
    globalThis.fs.writeSync(2, new TextEncoder().encode(`${e}\n`));
    code = 2;
  }
  await output;
  return code;
};
