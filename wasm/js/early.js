// Runs before anything else on the page, and does nothing but begin what takes
// longest: the worker, which fetches the module and starts the server.
// everysec.js goes on from here. The URL says what a page wants to differ:
// ?store=memory: keeps nothing, ?config.appendfsync=always and the like set
// directives, ?seed= the chance. ?embed shows the lesson and its console alone and
// keeps nothing, whoever frames it; with ?full the rest is there, too. ?present shows
// both large.
early: {
  if (globalThis.everysecElsewhere) break early; // see language.js
  const worker = globalThis.everysecInline?.worker("") ?? new Worker(new URL("worker.js", document.currentScript.src));
  const lesson = globalThis.everysecLesson ?? document.querySelector("meta[name=everysec]").dataset;
  const wishes = new URLSearchParams(location.search);
  const config = {};
  for (const [name, value] of wishes) {
    if (name.startsWith("config.")) config[name.slice("config.".length)] = value;
  }
  const options = {
    store: wishes.has("embed") ? "memory:" : wishes.get("store") ?? `idb://${lesson.store}`,
    seed: wishes.has("seed") ? Number(wishes.get("seed")) : Math.floor(Math.random() * 2 ** 48),
    config,
    lesson: lesson.config.trim().split("\n").map((line) => [/^\S*/.exec(line)[0], line.replace(/^\S* ?/, "")]),
  };
  try {
    options.ended = localStorage.getItem(`everysec.visit ${options.store}`); // see store.js
  } catch {
    // storage is forbidden here
  }

  // A browser starts a worker from this thread, too, and lets it work on few
  // cores; the first layout of the lesson would take both for a good while. It
  // waits for the engine's first answer, but never for long.
  const root = document.documentElement;
  for (const look of ["embed", "full", "present"]) if (wishes.has(look)) root.dataset[look] = "";
  const show = () => {
    if (!root.style.display) return;
    root.style.display = "";
    // A browser has looked for it already, and found nothing to scroll to.
    if (location.hash) toStep(location.hash.slice(1), "instant");
  };
  // toStep brings a step to the top of the lesson, and moves nothing else:
  // scrollIntoView takes along a page that frames this one.
  const toStep = (window.everysecToStep = (id, behavior) => {
    const [lesson, step] = ["lesson", id].map((name) => document.getElementById(name));
    if (!step) return;
    root.classList.add("whole"); // heights that are only guessed would miss it
    lesson.scrollBy({ top: step.getBoundingClientRect().top - lesson.getBoundingClientRect().top - 12, behavior });
  });
  root.style.display = "none";
  setTimeout(show, 200);
  setTimeout(() => root.classList.add("whole"), 3000); // where no engine comes; boot.js knows better
  worker.addEventListener("error", show, { once: true });

  const heard = []; // what the worker said before anybody listened
  worker.onmessage = worker.onerror = (e) => heard.push(e);
  worker.postMessage({ start: options });
  window.everysecEarly = { worker, options, heard, show };
}
