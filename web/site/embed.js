// <everysec-playground>: a lesson with its server in a frame, for a page of any
// origin. embed.d.ts has the types, embed/ a worked example, wasm/js/framed.js the
// other side. This is a plain script, which needs no permission to come from
// another origin:
//
//   <script src="https://HOST/everysec/embed.js" defer></script>
//   <everysec-playground lesson="locks" step="token"></everysec-playground>
//
// Page and frame talk by messages. Each takes only what comes from the other's
// window and from the other's origin, and names that origin when it sends.
"use strict";

{
  const site = new URL(".", document.currentScript.src);

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(`
    :host { display: block; height: 560px; max-width: 100%; }
    :host([hidden]) { display: none; }
    iframe { display: block; width: 100%; height: 100%; border: 1px solid #848e97; border-radius: 5px; box-sizing: border-box; }
  `);

  class Playground extends HTMLElement {
    static observedAttributes = ["lesson", "lang", "config", "seed", "full", "step"];
    #frame = null;
    #asked = new Map();
    #next = 1;
    #begun = null; // {resolve, reject} of ready
    #isReady = false;
    #hear = (e) => this.#take(e);

    constructor() {
      super();
      this.attachShadow({ mode: "open" }).adoptedStyleSheets = [sheet];
      this.#begin();
    }

    connectedCallback() {
      addEventListener("message", this.#hear);
      this.#show();
    }

    disconnectedCallback() {
      removeEventListener("message", this.#hear);
      this.#end("the element was removed");
      this.#frame.remove();
      this.#frame = null;
    }

    attributeChangedCallback(name, before, now) {
      if (!this.#frame || before === now) return;
      if (name === "step") this.goTo(now).catch(() => {}); // a frame that has gone by now
      else {
        this.#end("another lesson took its place");
        this.#show();
      }
    }

    command(...args) {
      return this.#ask("command", args);
    }
    pipeline(commands) {
      return this.#ask("pipeline", [commands]);
    }
    crash(kind, options) {
      return this.#ask("crash", [kind, options]);
    }
    restart() {
      return this.#ask("restart", []);
    }
    state() {
      return this.#ask("state", []);
    }
    goTo(step) {
      return this.#ask("goTo", [step]);
    }

    #begin() {
      this.ready = new Promise((resolve, reject) => (this.#begun = { resolve, reject }));
      this.ready.catch(() => {}); // who waits for it is told
    }

    // A frame that goes answers nothing any more.
    #end(why) {
      const error = new Error(why);
      for (const { reject } of this.#asked.values()) reject(error);
      this.#asked.clear();
      this.#begun.reject(error);
      this.#isReady = false;
      this.#begin();
    }

    #show() {
      const lesson = this.getAttribute("lesson");
      const lang = this.getAttribute("lang");
      const folder = lesson ? `lessons/${encodeURIComponent(lesson)}/${lang && lang !== "en" ? `${encodeURIComponent(lang)}/` : ""}` : "";
      const url = new URL(folder, site);
      url.searchParams.set("embed", location.origin);
      if (this.hasAttribute("full")) url.searchParams.set("full", "");
      if (this.hasAttribute("seed")) url.searchParams.set("seed", this.getAttribute("seed"));
      // As in redis.conf, a line or a semicolon between two.
      for (const line of (this.getAttribute("config") ?? "").split(/[\n;]/)) {
        const [directive, ...value] = line.trim().split(/\s+/);
        if (directive) url.searchParams.set(`config.${directive}`, value.join(" "));
      }
      url.hash = this.getAttribute("step") ?? "";
      const frame = document.createElement("iframe");
      frame.title = this.getAttribute("title") ?? "Everysec: a lesson, and its Redis server";
      frame.loading = this.getAttribute("loading") === "eager" ? "eager" : "lazy";
      frame.allow = "clipboard-write";
      frame.src = url;
      this.shadowRoot.replaceChildren(frame);
      this.#frame = frame;
    }

    async #ask(what, args) {
      await this.ready;
      return new Promise((resolve, reject) => {
        const id = this.#next++;
        this.#frame.contentWindow.postMessage({ everysec: "ask", id, what, args }, site.origin);
        this.#asked.set(id, { resolve, reject });
      });
    }

    #take({ source, origin, data }) {
      if (source !== this.#frame?.contentWindow || origin !== site.origin) return;
      switch (data?.everysec) {
        case "ready":
          if (this.#isReady) this.#end("the frame shows another lesson now");
          this.#isReady = true;
          this.#begun.resolve();
          this.dispatchEvent(new CustomEvent("ready"));
          break;
        case "progress":
          this.dispatchEvent(new CustomEvent("progress", { detail: { lesson: data.lesson, step: data.step, steps: data.steps, done: data.done } }));
          break;
        case "answer": {
          const asked = this.#asked.get(data.id);
          this.#asked.delete(data.id);
          if (data.error) asked?.reject(Object.assign(new Error(data.error.message), { name: data.error.name, code: data.error.code }));
          else asked?.resolve(data.value);
        }
      }
    }
  }

  if (!customElements.get("everysec-playground")) customElements.define("everysec-playground", Playground);
}
