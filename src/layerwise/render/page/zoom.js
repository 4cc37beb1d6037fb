/** Magnifies a picture and moves it: by wheel, two fingers, dragging, buttons and keys. */

import { WHOLE } from "./canvas.js";

const MOST = 24;
const STEP = 1.5;
/** Pixels that a pointer moves before it drags instead of pointing. */
const SLACK = 4;
/** How much of the picture's width or height a part fills when it opens. */
const FULL = 0.7;
/** The magnification from which on a part opens even if it is smaller. */
const ENOUGH = 8;
/** Milliseconds after a part was opened or left in which a wheel that still turns does nothing. */
const CALM_MS = 500;

/** What part of a player's picture is shown. */
export class Zoom {
  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.player = player;
    this.view = WHOLE;
    /** @type {Map<number, number[]>} pointers that are down, and where */
    this.pointers = new Map();
    this.isDragging = false;
    this.calmUntil = 0;
    this.listen();
  }

  listen() {
    const { canvas } = this.player;
    canvas.addEventListener("wheel", (event) => {
      const { isAlone } = this.player;
      if (!event.ctrlKey && !event.metaKey && (!isAlone || this.player.scrolls)) return;
      event.preventDefault();
      const lines = event.deltaMode === 1 ? 16 : 1, quick = event.ctrlKey ? 0.01 : 0.002;
      this.by(Math.exp(-event.deltaY * lines * quick), event.clientX, event.clientY);
    }, { passive: false });
    canvas.addEventListener("pointerdown", (event) => {
      this.pointers.set(event.pointerId, [event.clientX, event.clientY]);
      this.isDragging = false;
    });
    canvas.addEventListener("pointermove", (event) => this.move(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, (event) => this.pointers.delete(event.pointerId));
    }
  }

  /** Drag with one pointer, magnify with two. @param {PointerEvent} event */
  move(event) {
    const before = this.pointers.get(event.pointerId);
    if (!before) return;
    const after = [event.clientX, event.clientY];
    if (this.pointers.size === 2) {
      const other = [...this.pointers].find(([id]) => id !== event.pointerId)[1];
      const far = (one) => Math.hypot(one[0] - other[0], one[1] - other[1]);
      this.by(far(after) / Math.max(far(before), 1),
        (after[0] + other[0]) / 2, (after[1] + other[1]) / 2);
    } else if (this.view.zoom > 1) {
      const way = [after[0] - before[0], after[1] - before[1]];
      if (!this.isDragging && Math.hypot(...way) < SLACK) return;
      if (!this.isDragging) this.player.canvas.setPointerCapture(event.pointerId);
      this.isDragging = true;
      this.pan(-way[0], -way[1]);
    }
    this.pointers.set(event.pointerId, after);
  }

  /** Magnify by a factor, around a place of the window, or the picture's middle. */
  by(factor, x, y) {
    const { player, view } = this;
    if (performance.now() < this.calmUntil) return;
    if (factor < 1 && view.zoom <= 1 && player.around.length) {
      player.close();
      return;
    }
    const box = player.canvas.getBoundingClientRect();
    const at = player.toScene(x ?? box.left + box.width / 2, y ?? box.top + box.height / 2);
    const zoom = Math.min(Math.max(view.zoom * factor, 1), MOST), change = view.zoom / zoom;
    this.show({
      zoom, x: at[0] - (at[0] - view.x) * change, y: at[1] - (at[1] - view.y) * change,
    });
    if (factor > 1) this.openAt(at);
  }

  /** Open the part at a place of the scene, if it fills the picture by now. */
  openAt([x, y]) {
    const { parts, film } = this.player.layout, number = parts.at(x, y);
    if (number === null || !parts.opens(number)) return;
    const [, , width, height] = parts.entries[number].box, { zoom } = this.view;
    const filled = Math.max((width * zoom) / film.size[0], (height * zoom) / film.size[1]);
    if (filled >= FULL || zoom >= ENOUGH) this.player.open(number);
  }

  /** Another picture is shown. */
  changed() {
    this.view = WHOLE;
    this.calmUntil = performance.now() + CALM_MS;
    this.player.canvas.classList.remove("zoomed");
    this.player.moved();
  }

  /** Move on by so many pixels of the window. */
  pan(x, y) {
    const scale = this.player.windowScale();
    this.show({ ...this.view, x: this.view.x + x / scale, y: this.view.y + y / scale });
  }

  /** Show a box of the scene, as large as it can be. */
  onto([x, y, width, height]) {
    const [wide, high] = this.player.film.size;
    const zoom = Math.min(Math.max(Math.min(wide / width, high / height) * 0.9, 1), MOST);
    this.show({ zoom, x: x + width / 2 - wide / zoom / 2, y: y + height / 2 - high / zoom / 2 });
  }

  /** @param {import("./canvas.js").View} view  brought back into the picture */
  show({ zoom, x, y }) {
    const [width, height] = this.player.film.size;
    const into = (at, length) => Math.min(Math.max(at, 0), length - length / zoom);
    this.view = zoom <= 1 ? WHOLE : { zoom, x: into(x, width), y: into(y, height) };
    this.player.canvas.classList.toggle("zoomed", zoom > 1);
    this.player.moved();
  }

  /** Do what a control or a key says. */
  act(name) {
    const box = this.player.canvas.getBoundingClientRect();
    const [x, y] = { left: [-1, 0], right: [1, 0], up: [0, -1], down: [0, 1] }[name] ?? [0, 0];
    if (name === "in") this.by(STEP);
    else if (name === "out") this.by(1 / STEP);
    else if (name === "reset") {
      while (this.player.around.length) this.player.close();
      this.show(WHOLE);
    }
    else this.pan((x * box.width) / 8, (y * box.height) / 8);
  }
}
