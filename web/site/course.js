// The map of the course: how far the learner has come in each lesson, where to
// go on, and the progress as a file. Lessons save it, one text for each, which
// begins with "done 3 8" (steps) and "at STEP".
const prefix = "everysec.progress.";
const map = document.getElementById("course");
const by = (id) => document.getElementById(id);
const words = (name, ...values) => map.dataset[name].replace(/%(\d)/g, (_, n) => values[n - 1]);
const say = (text) => (by("progress-said").textContent = text);

// Where storage is forbidden there is no progress.
const storage = (() => {
  try {
    return localStorage;
  } catch {
    return null;
  }
})();
const known = () => Object.keys(storage ?? {}).filter((key) => key.startsWith(prefix));

function draw() {
  const go = by("course-go");
  const last = storage?.getItem("everysec.at");
  for (const item of map.querySelectorAll("[data-lesson]")) {
    const { lesson, count } = item.dataset;
    const [, done, , at] = /^done (\d+) (\d+)\nat (.*)/.exec(storage?.getItem(prefix + lesson) ?? "") ?? [];
    const link = item.querySelector("a");
    link.hash = at ?? "";
    item.dataset.state = done === undefined ? "new" : Number(done) >= Number(count) ? "done" : "begun";
    item.querySelector(".state").textContent = words(item.dataset.state === "begun" ? "steps" : item.dataset.state, done, count);
    if (lesson === last && done !== undefined) {
      go.href = link.href;
      go.textContent = `${go.dataset.continue} ${link.textContent}`;
    }
  }
}

by("progress-save").addEventListener("click", () => {
  const progress = Object.fromEntries(known().map((key) => [key.slice(prefix.length), storage.getItem(key)]));
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([JSON.stringify({ everysec: 1, at: storage?.getItem("everysec.at"), progress }, null, 1)], { type: "application/json" }));
  link.download = "everysec-progress.json";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  say(words("saved"));
});

by("progress-load").addEventListener("change", async ({ target }) => {
  try {
    const file = JSON.parse(await target.files[0].text());
    if (file.everysec !== 1) throw new Error("another file");
    const lessons = Object.entries(file.progress).filter(([id, text]) => /^[a-z0-9-]{1,60}$/.test(id) && typeof text === "string" && text.length < 100_000);
    for (const [id, text] of lessons) storage.setItem(prefix + id, text);
    if (lessons.some(([id]) => id === file.at)) storage.setItem("everysec.at", file.at);
    say(words("right", lessons.length));
  } catch {
    say(words("wrong"));
  }
  target.value = "";
  draw();
});

by("progress-forget").addEventListener("click", () => {
  for (const key of known()) storage.removeItem(key);
  storage?.removeItem("everysec.at");
  say(words("forgotten"));
  draw();
});

addEventListener("pageshow", draw);
addEventListener("hashchange", draw);
draw();
