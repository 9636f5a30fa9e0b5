// The page in a frame, and the page around it: what embed.js sends from there is
// done here. It is fetched only with ?embed=ORIGIN, and listens only to that origin
// and to the window that frames this one. The server it leads to is a frame's own,
// with its files in memory.
//
// Messages to here: {everysec: "ask", id, what, args}, where what is one of the
// calls below. Messages from here: {everysec: "ready"}, {everysec: "progress",
// lesson, step, steps, done}, {everysec: "answer", id, value or error}.

// told is a reply as a message can carry it: what makes an error Redis's own would
// be lost on the way.
function told(v) {
  if (v instanceof Error) return { name: v.name, code: v.code, message: v.message };
  return Array.isArray(v) ? v.map(told) : v;
}

// A link to another lesson leads there in this frame, one to a step does not move
// the page around it, and one that leads out of the course would not be at home here.
function tieLinks() {
  for (const a of document.querySelectorAll(".lesson a[href], #steps a")) {
    if (a.origin !== location.origin) Object.assign(a, { target: "_blank", rel: "noopener" });
    else if (a.pathname !== location.pathname) a.search = location.search;
    else a.addEventListener("click", (e) => (e.preventDefault(), everysecToStep(a.hash.slice(1))));
  }
}

// converse answers the page around this one, whose origin is given.
export function converse(db, origin) {
  tieLinks();
  if (parent === window || !URL.canParse(origin)) return;
  const say = (everysec, data) => parent.postMessage({ everysec, ...data }, origin);

  const steps = document.getElementById("steps");
  const links = (selector) => [...steps.querySelectorAll(selector)].map((a) => a.dataset.step);
  const { lesson } = document.querySelector("[data-lesson]").dataset;

  const calls = new Map(
    Object.entries({
      command: (...args) => db.command(...args),
      pipeline: (commands) => db.pipeline(commands),
      crash: (kind, options) => db.crash(kind, options),
      restart: () => db.restart(),
      state: () => db.state(),
      goTo: (step) => {
        if (!links("a").includes(step)) throw new TypeError(`no such step: ${step}`);
        document.querySelector('.tabs [data-tab="lesson"]').click(); // where it is on a phone
        everysecToStep(step, "instant");
      },
    }),
  );

  addEventListener("message", async ({ source, origin: from, data }) => {
    if (source !== parent || from !== origin || data?.everysec !== "ask") return;
    const { id, what, args } = data;
    try {
      if (!calls.has(what)) throw new TypeError(`no such call: ${what}`);
      say("answer", { id, value: told(await calls.get(what)(...args)) });
    } catch (e) {
      say("answer", { id, error: told(e) });
    }
  });

  let last = "";
  const progress = () => {
    const data = { lesson, step: links("a[aria-current]")[0] ?? "", steps: links("a"), done: links("a.done") };
    if (last === (last = JSON.stringify(data))) return;
    say("progress", data);
  };
  new MutationObserver(progress).observe(steps, { subtree: true, attributes: true, attributeFilter: ["class", "aria-current"] });
  say("ready");
  progress();
}
