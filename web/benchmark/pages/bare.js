// The least a page with a worker can do: one question, one answer.
const worker = new Worker("echo.js");
window.everysecReady = new Promise((resolve) => {
  worker.onmessage = () => resolve({ command: async () => "PONG" });
});
worker.postMessage("PING");
