/** A reader's hand on a grid in three dimensions: turns it, and moves its slices. */

import { add } from "./pointing.js";

/** Degrees for a pixel that the pointer moves, and for a key. */
const BY_PIXEL = 0.4, BY_KEY = 5;
/** Pixels that a pointer moves before it turns the grid instead of pointing at it. */
const STILL = 3;
/** Keys that move a slice on, with shift back, and their axes: column, row, slice. */
const SLICE_KEYS = { x: 2, y: 1, z: 0 };

/** Listens to the pointer on the picture, to sliders below it, and to keys. */
export class VolumeHand {
  /** @param {import("./player.js").Player} player */
  constructor(player) {
    this.player = player;
    this.cells = player.layouts[0].painter.volume.cells;
    /** What is dragged: the grid, or a slice by its number. @type {"grid" | number | null} */
    this.held = null;
    this.isTurning = false;
    this.before = [0, 0];
    this.build();
    this.listen();
  }

  get picture() {
    return this.player.layout.painter.volume;
  }

  /** Sliders for the three slices, the turn and the height, above the controls. */
  build() {
    const { player, cells } = this, { volume } = cells, words = player.words;
    const row = document.createElement("div");
    row.className = "bar hand";
    row.setAttribute("role", "group");
    row.setAttribute("aria-label", words.hand);
    player.part("bar").before(row);
    const slider = (name, low, high, value, told) => {
      const label = add(row, "label", "slider");
      const text = add(label, "span", "name", name), way = add(label, "span", "way");
      const input = /** @type {HTMLInputElement} */ (add(way, "input", ""));
      Object.assign(input, { type: "range", min: String(low), max: String(high), step: "1" });
      text.title = name;
      input.setAttribute("aria-label", name);
      const shown = add(label, "output", "");
      input.addEventListener("input", () => value.set(Number(input.value)));
      // The page's own keys stay away from the arrows of a slider.
      input.addEventListener("keydown", (event) => {
        if (/^(Arrow|Page|Home|End)/.test(event.key)) event.stopPropagation();
      });
      return () => {
        const number = value.get();
        input.value = String(number);
        input.style.setProperty("--done", String((number - low) / Math.max(high - low, 1)));
        shown.textContent = told(number);
        input.setAttribute("aria-valuetext", told(number));
      };
    };
    this.sliders = [2, 1, 0].map((axis) => slider(
      volume.axes[axis], 0, volume.shape[axis] - 1,
      { get: () => cells.position[axis], set: (at) => this.move(axis, at) },
      (at) => volume.ticks[axis][at]));
    for (const [keys, said] of [
      [[",", "."], words.keys_turn], [["X", "Y", "Z"], words.keys_slices],
    ]) {
      const line = add(player.part("keys").querySelector("dl"), "div", ""), term = add(line, "dt", "");
      for (const key of keys) {
        add(term, "kbd", "", key);
        term.append(" ");
      }
      add(line, "dd", "", said);
    }
    const whole = (angle) => Math.round(angle);
    this.sliders.push(slider(words.turn, -180, 180, {
      get: () => whole(inCircle(this.seen().turn)),
      set: (turn) => this.turn(turn - this.seen().turn, 0),
    }, degrees), slider(words.height, 0, 85, {
      get: () => whole(this.seen().height), set: (height) => this.turn(0, height - this.seen().height),
    }, degrees));
  }

  seen() {
    return this.picture.seenFrom(this.player.stop);
  }

  /** Say in the sliders how things are. */
  tell() {
    for (const tell of this.sliders) tell();
  }

  listen() {
    const { canvas } = this.player;
    canvas.addEventListener("pointerdown", (event) => this.take(event));
    canvas.addEventListener("pointermove", (event) => this.drag(event));
    for (const kind of ["pointerup", "pointercancel"]) {
      canvas.addEventListener(kind, () => this.letGo());
    }
  }

  /** @param {PointerEvent} event */
  take(event) {
    this.letGo();
    if (event.button || !event.isPrimary) return; // two fingers magnify
    const place = this.player.toScene(event.clientX, event.clientY);
    const cut = this.picture.cutAt(...place);
    if (!cut && !this.picture.isGrid(...place)) return;
    this.held = cut ? cut.number : "grid";
    this.before = [event.clientX, event.clientY];
    this.player.canvas.setPointerCapture(event.pointerId);
    if (cut) this.center(place);
  }

  /** @param {PointerEvent} event */
  drag(event) {
    const { player } = this, place = player.toScene(event.clientX, event.clientY);
    player.canvas.classList.toggle("turns", this.held === "grid"
      || (this.held === null && !event.buttons && this.picture.isGrid(...place)));
    if (this.held === null) return;
    if (this.held !== "grid") {
      this.center(place);
      return;
    }
    const way = [event.clientX - this.before[0], event.clientY - this.before[1]];
    if (!this.isTurning && Math.hypot(...way) < STILL) return;
    if (!this.isTurning) {
      this.isTurning = true;
      this.moves(true);
      player.pointNowhere();
    }
    this.before = [event.clientX, event.clientY];
    player.zoom.pointers.set(event.pointerId, this.before); // a second finger begins from here
    this.turn(-way[0] * BY_PIXEL, way[1] * BY_PIXEL);
    event.stopImmediatePropagation();
  }

  letGo() {
    if (this.isTurning) this.moves(this.player.playing);
    this.isTurning = false;
    this.held = null;
  }

  /** The two other slices through a place of the one that is held. */
  center(place) {
    const found = this.picture.cutAt(...place);
    if (found?.number !== this.held) return;
    this.cells.position = this.picture.cuts()[found.number].position(found.row, found.column);
    this.changed();
  }

  move(axis, at) {
    const position = [...this.cells.position];
    position[axis] = Math.min(Math.max(at, 0), this.cells.volume.shape[axis] - 1);
    this.cells.position = position;
    this.changed();
  }

  /** Turn the grid, and look down on it from higher. */
  turn(degrees, higher) {
    this.cells.turn += degrees;
    const height = this.seen().height;
    this.cells.height += higher;
    // What goes beyond the ends is forgotten.
    if (this.seen().height === height) this.cells.height -= higher;
    this.changed();
  }

  /** Whether anything is not as the film shows it. */
  get isMoved() {
    const { turn, height, position, volume } = this.cells;
    return Boolean(turn || height || position.some((at, axis) => at !== volume.position[axis]));
  }

  changed() {
    this.player.moved();
    this.tell();
  }

  reset() {
    this.cells.reset();
    this.changed();
  }

  /** While something moves, fewer rays will do. */
  moves(isMoving) {
    for (const layout of this.player.layouts) {
      if (layout) layout.painter.volume.finer = isMoving ? 1 : 2;
    }
    if (!isMoving) this.player.repaint();
  }

  /** Whether a key was for the grid. @param {KeyboardEvent} event */
  key(event) {
    const name = event.key.toLowerCase();
    if (event.key === "," || event.key === ".") this.turn(event.key === "," ? -BY_KEY : BY_KEY, 0);
    else if (name in SLICE_KEYS) {
      const axis = SLICE_KEYS[name];
      this.move(axis, this.cells.position[axis] + (event.shiftKey ? -1 : 1));
    } else return false;
    return true;
  }
}

/** An angle from −180 up to 180. */
function inCircle(angle) {
  return (((angle + 180) % 360) + 360) % 360 - 180;
}

function degrees(angle) {
  return `${String(angle).replace("-", "−")}°`;
}
