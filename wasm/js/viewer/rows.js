import { element } from "./text.js";

// Rows is a scrolled list of rows of one height, of which only those on the
// screen exist. Browsers cannot make an element of any height: beyond mostPixels
// the scroll bar counts in larger steps, and wheel and keys still go row by row.
const mostPixels = 8_000_000;

export class Rows {
  top = 0; // the first row shown
  total = 0;
  constructor(box, rowHeight, draw) {
    this.box = box;
    this.rowHeight = rowHeight;
    this.draw = draw;
    this.body = element("div", { className: "rows" });
    this.spacer = element("div", { className: "spacer", role: "presentation" }, this.body);
    box.append(this.spacer);
    box.addEventListener("scroll", () => {
      if (this.moved !== box.scrollTop) this.top = this.#rowAt(box.scrollTop);
      this.moved = -1;
      this.refresh();
    });
    box.addEventListener(
      "wheel",
      (e) => {
        if (!this.scaled || e.ctrlKey) return;
        e.preventDefault();
        this.scrollTo(this.top + Math.sign(e.deltaY) * Math.max(1, Math.round(Math.abs(e.deltaY) / this.rowHeight)));
      },
      { passive: false },
    );
    this.observer = new ResizeObserver(() => this.refresh());
    this.observer.observe(box);
  }
  get visible() {
    return Math.max(1, Math.floor(this.box.clientHeight / this.rowHeight));
  }
  get scaled() {
    return this.total * this.rowHeight > mostPixels;
  }
  get #room() {
    return Math.max(1, Math.min(this.total * this.rowHeight, mostPixels) - this.box.clientHeight);
  }
  get #last() {
    return Math.max(0, this.total - this.visible);
  }
  #rowAt(pixels) {
    return this.scaled ? Math.round((pixels / this.#room) * this.#last) : Math.floor(pixels / this.rowHeight);
  }
  setTotal(total) {
    this.total = total;
    this.spacer.style.height = `${Math.max(Math.min(total * this.rowHeight, mostPixels), 1)}px`;
    this.top = Math.min(this.top, this.#last);
    this.refresh();
  }
  scrollTo(row) {
    this.top = Math.max(0, Math.min(row, this.#last));
    this.box.scrollTop = this.scaled ? (this.top / Math.max(1, this.#last)) * this.#room : this.top * this.rowHeight;
    this.moved = this.box.scrollTop;
    this.refresh();
  }
  // reveal brings a row onto the screen, with a few around it.
  reveal(row, around = 1) {
    if (row < this.top + around) this.scrollTo(row - around);
    else if (row > this.top + this.visible - 1 - around) this.scrollTo(row - this.visible + 1 + around);
  }
  refresh() {
    if (this.queued) return;
    this.queued = true;
    requestAnimationFrame(() => {
      this.queued = false;
      this.draw(this.top, Math.min(this.visible + 1, this.total - this.top));
    });
  }
}
