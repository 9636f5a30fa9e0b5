// Listeners are functions that want to hear of events, by the event's name.
export class Listeners {
  #map = new Map();
  add(event, fn) {
    if (!this.#map.has(event)) this.#map.set(event, new Set());
    this.#map.get(event).add(fn);
    return () => this.#map.get(event).delete(fn);
  }
  has(...events) {
    return events.some((e) => this.#map.get(e)?.size > 0);
  }
  call(event, ...args) {
    for (const fn of this.#map.get(event) ?? []) {
      try {
        fn(...args);
      } catch (e) {
        reportError(e); // a listener's mistake is not the engine's
      }
    }
  }
}
