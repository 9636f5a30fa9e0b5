// The example of embed/: it uses the element as any other page would.
const by = (id) => document.getElementById(id);
const redis = by("example");
const fill = (text, ...values) => text.replace(/%(\d)/g, (place, n) => values[n - 1]);
const say = (text) => (by("said").textContent = text);

// What can be copied names this very site.
const host = new URL(".", import.meta.url).href;
for (const code of document.querySelectorAll(".manual code")) {
  code.textContent = code.textContent.replaceAll("https://HOST/", host).replaceAll("https://HOST", new URL(host).origin);
}

const offer = (id, what) =>
  by(id).addEventListener("click", async () => {
    try {
      say(await what());
    } catch (e) {
      say(e.code ? e.message : `${e.name}: ${e.message}`);
    }
  });

offer("take", async () => JSON.stringify(await redis.command("SET", "lock", "worker-A", "NX", "EX", "30")));
offer("look", async () => JSON.stringify(await redis.command("TTL", "lock")));
offer("cut", async () => {
  await redis.crash("power-loss");
  const { survivedWrites, lostWrites } = await redis.restart();
  return fill(by("said").dataset.survived, survivedWrites, lostWrites);
});

let progress = null;
redis.addEventListener("progress", ({ detail }) => {
  progress = detail;
  by("at").textContent = fill(by("at").dataset.done, detail.step, detail.done.length, detail.steps.length);
});
offer("next", async () => {
  await redis.ready;
  const { steps, step } = progress;
  const next = steps[(steps.indexOf(step) + 1) % steps.length];
  await redis.goTo(next);
  return fill(by("said").dataset.here, next);
});
