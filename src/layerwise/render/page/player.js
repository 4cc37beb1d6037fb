/** The player: time, stops, controls, keys. Drawing is the painter's, reading the readings'. */

import { Painter, Sources } from "./canvas.js";
import { Parts } from "./parts.js";
import { add, fillCard, placeCard, Readings, shownAt } from "./pointing.js";
import { Units } from "./units.js";
import { VolumeReadings } from "./volume.js";
import { VolumeHand } from "./volume_hand.js";
import { fillWindow, windowBoxes, windowReadings } from "./windows.js";
import { Zoom } from "./zoom.js";

/** Device-independent pixels for one of a tall scene's, so that its smallest text can be read. */
const READABLE = 0.7;

const SPEEDS = [0.25, 0.5, 1, 2, 4, 8];
const SPEED_NAMES = ["¼×", "½×", "1×", "2×", "4×", "8×"];
const LONGEST_FRAME_S = 0.25;
const HASH_MS = 1000;

/** Device-independent pixels of a narrow figure for one of its scene's: below, it is scrolled. */
const SMALLEST_FIGURE = 0.55;
/** Pixels of a figure's width from which on its picture is shown whole, and not the tall layout. */
const WIDE_FIGURE = 560;

/**
 * Plays one scene in one element of a page: the page's only one (its class is "whole"), which all
 * keys and the address belong to, or a figure among others, which has the keys while it has focus.
 */
export class Player {
  /**
   * @param {HTMLElement} root
   * @param {import("./document.js").SceneDocument} scene
   * @param {Object<string, string>} words  what the player says, by key
   */
  constructor(root, scene, words) {
    this.root = root;
    this.words = words;
    this.isWhole = root.classList.contains("whole");
    this.scene = scene;
    this.sources = new Sources(scene);
    this.layouts = [scene, scene.portrait].map((film) => film && this.layoutOf(film));
    /** The layouts that the one shown was opened from, outermost first: stop and opened part. */
    this.around = [];
    /** The layouts of what was opened so far, by their places in the scene. */
    this.insides = [];
    this.layout = this.layouts[0];
    this.part = (name) => root.querySelector(`[data-part="${name}"]`);
    this.canvas = this.part("canvas");
    const willReadFrequently = this.layouts.some((layout) => layout?.painter.sheets.isUsed);
    this.context = this.canvas.getContext("2d", { alpha: false, willReadFrequently });
    this.stop = 0;
    this.time = 0;
    this.speed = 1;
    this.playing = false;
    this.ticket = 0;
    this.busy = false;
    /** How many different stops were drawn so far. */
    this.drawn = 0;
    /** @type {(import("./image.js").Source | null)[] | null} */
    this.shown = null;
    /** @type {import("./pointing.js").Cell | null} */
    this.cell = null;
    /** @type {import("./units.js").Target | null} */
    this.target = null;
    /** The number of the part that is pointed at. @type {number | null} */
    this.pointed = null;
    this.pointer = [0, 0];
    this.cursor = false;
    this.hashTime = 0;
    // Before the zoom, so that who turns a grid does not move the picture.
    this.hand = this.layouts[0].painter.volume ? new VolumeHand(this) : null;
    this.zoom = new Zoom(this);
    this.build();
  }

  get film() {
    return this.layout.film;
  }

  /** What is needed to show a film, and to tell of it. */
  layoutOf(film) {
    const painter = new Painter(film, this.sources);
    const readings = painter.volume
      ? new VolumeReadings(painter.volume, () => (this.playing ? null : this.shown?.volume ?? null))
      : new Readings(film, this.sources);
    readings.entries?.push(...windowReadings(film, this.sources));
    return { film, painter, readings, units: new Units(film, this.sources), parts: new Parts(film) };
  }

  /** Whether nothing else is in sight: the page is for this picture only. */
  get isAlone() {
    return this.isWhole || document.fullscreenElement === this.root;
  }

  /** Whether the picture is higher than its place, and scrolled. */
  get scrolls() {
    return this.part("stage").classList.contains("scrolls");
  }

  /** Fill in the controls and listen to them. */
  build() {
    const { root, scene } = this;
    this.part("scrubber").max = String(scene.stops.length - 1);
    SPEEDS.forEach((speed, i) => {
      const option = add(this.part("speed"), "option", "", SPEED_NAMES[i]);
      option.value = String(speed);
      option.selected = speed === this.speed;
    });
    for (const chapter of scene.chapters.filter(({ stop }) => stop > 0)) {
      const tick = add(this.part("ticks"), "i", "");
      tick.title = chapter.name;
      tick.style.left = `${(100 * chapter.stop) / Math.max(scene.stops.length - 1, 1)}%`;
    }
    const longest = Math.max(...scene.stops.map((_, stop) => stopText(scene, stop).length), scene.title.length);
    const digits = 2 * String(scene.stops.length).length + 4;
    this.part("label").style.setProperty("--longest", `${Math.min(longest + digits, 48) * 0.76}ch`);
    if (scene.stops.length === 1) {
      root.classList.add("still");
      for (const still of ["way", "speed", "steps"]) this.part(still).hidden = true;
      if (!this.isWhole) this.part("bar").hidden = true;
    }
    if (!document.fullscreenEnabled) this.part("fullscreen").hidden = true;
    root.addEventListener("click", (event) => {
      const button = /** @type {Element} */ (event.target).closest("[data-do]");
      if (button) this.act(button.dataset.do);
    });
    this.part("scrubber").addEventListener("input", (event) => {
      this.pause();
      this.show(Number(event.target.value));
    });
    this.part("speed").addEventListener("change", (event) => {
      this.setSpeed(Number(event.target.value));
    });
    (this.isWhole ? globalThis : root).addEventListener("keydown", (event) => this.key(event));
    if (this.isWhole) addEventListener("hashchange", () => this.followHash());
    new ResizeObserver(() => this.fit()).observe(this.part("stage"));
    this.listenToPointer();
  }

  listenToPointer() {
    const { canvas } = this;
    for (const kind of ["pointermove", "pointerdown"]) {
      canvas.addEventListener(kind, (event) => {
        if (event.pointerType === "touch" && kind === "pointermove" && !event.buttons) return;
        this.cursor = false;
        this.pointAt(event.clientX, event.clientY);
      });
    }
    canvas.addEventListener("dblclick", (event) => {
      const place = this.layout.parts.at(...this.toScene(event.clientX, event.clientY));
      if (place !== null) this.open(place);
    });
    canvas.addEventListener("pointerleave", (event) => {
      if (event.pointerType !== "touch" && !this.cursor) this.pointNowhere();
    });
    addEventListener("pointerdown", (event) => {
      if (event.target !== canvas) this.pointNowhere();
    });
  }

  /** Show the first picture, and play if nothing speaks against it. */
  async start(autoplay) {
    this.fit();
    const asked = this.hashStop();
    await this.show(asked ?? (autoplay ? 0 : this.scene.poster), false);
    this.root.dataset.ready = "true";
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    if (autoplay && asked === null && !still && this.scene.stops.length > 1) this.play();
  }

  /** Choose the layout and the size of the canvas that the window asks for, and draw again. */
  fit() {
    const room = this.part("stage").getBoundingClientRect();
    const among = !this.isAlone;
    if (!room.width || (!room.height && !among)) return;
    const upright = innerHeight > innerWidth && !(among && room.width >= WIDE_FIGURE);
    const wanted = this.layouts[1] && upright ? this.layouts[1] : this.layouts[0];
    if (wanted !== this.layout && !this.around.length) {
      this.layout = wanted;
      this.zoom.changed();
      this.pointNowhere();
    }
    const ratio = devicePixelRatio || 1;
    const [width, height] = this.film.size;
    const stage = among ? { width: room.width, height: Infinity } : room;
    const whole = Math.min(stage.width / width, stage.height / height);
    // On a small screen the whole picture could not be read: then it is scrolled instead.
    const tall = this.layout === this.layouts[1];
    let readable = tall ? Math.min(stage.width / width, READABLE) : 0;
    if (among && !tall && room.width < WIDE_FIGURE) readable = SMALLEST_FIGURE;
    const scale = Math.max(whole, readable) * ratio;
    this.part("stage").classList.toggle("scrolls", !among && readable > whole);
    this.part("stage").classList.toggle("wider", among && readable > whole);
    if (among) {
      this.root.style.setProperty("--ratio",
        readable > whole ? "auto" : `${this.film.size[0]} / ${this.film.size[1]}`);
      this.part("stage").style.height = readable > whole ? `${(height * scale) / ratio}px` : "";
      stage.height = (height * scale) / ratio;
    } else this.part("stage").style.height = "";
    const pixels = [width, height].map((side) => Math.max(Math.round(side * scale), 1));
    const { canvas } = this;
    if (canvas.width !== pixels[0] || canvas.height !== pixels[1]) {
      [canvas.width, canvas.height] = pixels;
    }
    canvas.style.width = `${pixels[0] / ratio}px`;
    canvas.style.height = `${pixels[1] / ratio}px`;
    // On whole device pixels, so that the picture is not blurred by half of one.
    canvas.style.left = `${Math.max(Math.floor((stage.width * ratio - pixels[0]) / 2), 0) / ratio}px`;
    canvas.style.top = `${Math.max(Math.floor((stage.height * ratio - pixels[1]) / 2), 0) / ratio}px`;
    this.redraw();
  }

  async redraw() {
    await this.show(this.stop, false);
  }

  /**
   * Show a stop: prepare what it needs, then draw, unless another one was asked for meanwhile.
   * @param {number} stop
   * @param {boolean} moved  whether the hash should follow
   */
  async show(stop, moved = true) {
    stop = Math.min(Math.max(stop, 0), this.film.stops.length - 1);
    const ticket = ++this.ticket;
    if (!this.playing) this.time = this.film.stops[stop].time;
    const isNew = stop !== this.stop || !this.shown;
    this.stop = stop;
    this.label();
    const { painter } = this.layout;
    const slow = setTimeout(() => this.label(` ${this.words.computing}`), 250);
    this.busy = true;
    try {
      const sources = await painter.prepare(stop, () => ticket === this.ticket);
      if (!sources || ticket !== this.ticket) return;
      painter.paint(this.context, stop, sources, this.layout.units.lights(this.target),
        this.zoom.view);
      this.shown = sources;
    } finally {
      clearTimeout(slow);
      if (ticket === this.ticket) this.busy = false;
    }
    if (isNew) this.drawn += 1;
    this.drawnStop = stop;
    this.hand?.tell();
    this.root.dataset.stop = String(stop); // what is on the screen, for whoever watches the page
    this.label();
    if (moved) this.writeHash();
    if (this.cell?.reading.turns) this.pointAt(...this.pointer);
    else if (this.cell) await this.read();
    if (this.target) this.readUnit();
  }

  /**
   * Say where the film is: in the label, on the scrubber.
   * @param {string} waiting  what is said instead of the stop's number while it is not there yet
   */
  label(waiting = "") {
    const { film, stop } = this, count = film.stops.length;
    const text = stopText(film, stop);
    const after = waiting || (count > 1 ? ` ${stop + 1} / ${count}` : "");
    const label = this.part("label"), scrubber = this.part("scrubber");
    if (label.dataset.text === `${stop} ${text}${after}`) return; // a reader may be reading it out
    label.dataset.text = `${stop} ${text}${after}`;
    label.replaceChildren();
    add(label, "b", "", text || `${stop + 1}`);
    label.append(after);
    scrubber.value = String(stop);
    scrubber.setAttribute("aria-valuetext", text);
    scrubber.style.setProperty("--done", String(stop / Math.max(count - 1, 1)));
  }

  play() {
    if (this.playing || this.film.stops.length < 2) return;
    if (this.stop >= this.film.stops.length - 1) {
      this.time = 0;
    } else this.time = this.film.stops[this.stop].time;
    this.playing = true;
    this.hand?.moves(true);
    this.part("label").setAttribute("aria-live", "off"); // not every layer of a running film
    this.buttons();
    let before = performance.now();
    const tick = (now) => {
      if (!this.playing) return;
      // A picture that takes long holds the film back instead of being skipped.
      if (!this.busy) {
        this.time += Math.min((now - before) / 1000, LONGEST_FRAME_S) * this.speed;
        const stop = this.stopAt(this.time);
        if (stop !== this.stop) this.show(stop);
        if (this.time >= this.film.duration) {
          this.pause();
          return;
        }
      }
      before = now;
      requestAnimationFrame(tick);
    };
    requestAnimationFrame(tick);
  }

  pause() {
    if (!this.playing) return;
    this.playing = false;
    this.hand?.moves(false);
    this.part("label").setAttribute("aria-live", "polite");
    this.buttons();
    this.writeHash(true);
  }

  buttons() {
    this.root.classList.toggle("playing", this.playing);
    this.part("play").setAttribute("aria-label", this.playing ? this.words.pause : this.words.play);
  }

  /** The last stop that has begun at that time. */
  stopAt(time) {
    const stops = this.film.stops;
    let low = 0, high = stops.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (stops[middle].time <= time + 1e-9) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  setSpeed(speed) {
    this.speed = speed;
    this.part("speed").value = String(speed);
  }

  /** Do what a control says. */
  act(name) {
    const last = this.film.stops.length - 1;
    const go = (stop) => {
      this.pause();
      return this.show(stop);
    };
    switch (name) {
      case "play": return this.playing ? this.pause() : this.play();
      case "first": return go(0);
      case "back": return go(this.stop - 1);
      case "on": return go(this.stop + 1);
      case "last": return go(last);
      case "chapter-back": return go(this.chapter(-1));
      case "chapter-on": return go(this.chapter(1));
      case "slower":
      case "faster": {
        const at = SPEEDS.indexOf(this.speed) + (name === "faster" ? 1 : -1);
        return this.setSpeed(SPEEDS[Math.min(Math.max(at, 0), SPEEDS.length - 1)]);
      }
      case "save": return this.save();
      case "fullscreen": return this.toggleFullscreen();
      case "keys": return this.part("keys").showModal();
      case "point": return this.toggleCursor();
      case "in": case "out": case "reset": case "left": case "right": case "up": case "down":
        if (name === "reset") this.hand?.reset();
        return this.zoom.act(name);
    }
  }

  /** Where the next or the previous chapter begins. */
  chapter(way) {
    const starts = this.film.chapters.map((chapter) => chapter.stop);
    if (way > 0) return starts.find((start) => start > this.stop) ?? this.film.stops.length - 1;
    return starts.findLast((start) => start < this.stop) ?? 0;
  }

  async toggleFullscreen() {
    try {
      if (document.fullscreenElement) await document.exitFullscreen();
      else await this.root.requestFullscreen();
    } catch {
      // The browser or the frame around the page forbids it: the picture stays as it is.
    }
  }

  /** Save the picture as it would be at the scene's own size. */
  async save() {
    const { film, stop, layout } = this;
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = film.size;
    const sources = await layout.painter.prepare(stop);
    layout.painter.paint(canvas.getContext("2d", { alpha: false }), stop, sources);
    const file = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
    const link = document.createElement("a");
    link.href = URL.createObjectURL(file);
    const title = film.title.toLowerCase().replaceAll(/[^\p{L}\p{N}]+/gu, "-").replace(/^-|-$/g, "");
    link.download = `${title || "picture"}-${stop}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
  }

  /** @param {KeyboardEvent} event */
  key(event) {
    const other = event.ctrlKey || event.metaKey || event.altKey;
    if ((other && !event.getModifierState("AltGraph")) || this.part("keys").open) return;
    const target = /** @type {HTMLElement} */ (event.target);
    const arrow = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [-1, 0], ArrowDown: [1, 0] };
    if (target.tagName === "SELECT" && event.key !== "?") return;
    if (target.closest?.("button") && (event.key === " " || event.key === "Enter")) return;
    if (this.hand?.key(event)) {
      event.preventDefault();
      return;
    }
    if (this.cursor && arrow[event.key]) {
      const [rows, columns] = arrow[event.key], far = event.shiftKey ? 10 : 1;
      this.moveCursor(rows * far, columns * far);
    } else if (this.cursor && event.key === "Escape") this.toggleCursor();
    else if (event.key === "Escape" && this.around.length) this.close();
    else if (event.key === "Enter" && this.partHere() !== null) this.open(this.partHere());
    else if (event.shiftKey && arrow[event.key] && this.zoom.view.zoom > 1) {
      this.act(event.key.slice(5).toLowerCase());
    } else {
      const name = {
        " ": "play", ArrowLeft: "back", ArrowRight: "on", Home: "first", End: "last", "+": "faster",
        "=": "faster", "-": "slower", "−": "slower", "[": "chapter-back", "]": "chapter-on",
        f: "fullscreen", s: "save", p: "point", "?": "keys", i: "in", o: "out", 0: "reset",
      }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
      if (!name) return;
      this.act(name);
    }
    event.preventDefault();
  }

  /** Point at cells or units with the keyboard, or stop doing so. */
  toggleCursor() {
    const { readings, units } = this.layout;
    const cell = this.cell ?? readings.middle(), target = this.target ?? units.start();
    const part = this.layout.parts.entries.length ? this.pointed ?? 0 : null;
    this.cursor = !this.cursor && (cell !== null || target !== null || part !== null);
    this.part("card").setAttribute("aria-live", this.cursor ? "polite" : "off");
    if (!this.cursor) {
      this.pointNowhere();
      return;
    }
    [this.cell, this.target] = target ? [null, target] : [cell, null];
    this.pointed = cell || target ? null : part;
    this.moveCursor(0, 0);
  }

  /** The part that is pointed at, or that the unit pointed at stands for; null where none is. */
  partHere() {
    if (this.pointed !== null || !this.target || this.target.from !== undefined) return this.pointed;
    const [x, y, width, height] = this.layout.units.box(this.target);
    return this.layout.parts.at(x + width / 2, y + height / 2);
  }

  moveCursor(rows, columns) {
    if (this.pointed !== null) {
      const { parts } = this.layout;
      if (rows || columns) this.pointed = parts.moved(this.pointed, rows, columns);
      const { box } = parts.entries[this.pointed];
      this.pointer = this.windowPlace(box[0] + box[2], box[1] + box[3] / 2);
      this.readPart();
      return;
    }
    if (this.target) {
      const { units } = this.layout;
      this.target = rows || columns ? units.moved(this.target, rows, columns) : this.target;
      const [x, y, width, height] = units.box(this.target);
      this.pointer = this.windowPlace(x + width, y + height / 2);
      this.repaint();
      this.readUnit();
      return;
    }
    this.cell = this.layout.readings.moved(this.cell, rows, columns);
    const { reading, row, column } = this.cell;
    const [left, top, width, height] = reading.box;
    this.pointer = this.windowPlace(
      left + ((column + 0.5) / reading.columns) * width,
      top + ((row + 0.5) / reading.rows) * height);
    this.read();
  }

  /** Pixels of the window for one of the scene. */
  windowScale() {
    return (this.canvas.getBoundingClientRect().width / this.film.size[0]) * this.zoom.view.zoom;
  }

  /** Where a place of the scene is in the window. */
  windowPlace(x, y) {
    const canvas = this.canvas.getBoundingClientRect(), scale = this.windowScale();
    const { view } = this.zoom;
    return [canvas.left + scale * (x - view.x), canvas.top + scale * (y - view.y)];
  }

  /** Which place of the scene a place of the window is. */
  toScene(x, y) {
    const canvas = this.canvas.getBoundingClientRect(), scale = this.windowScale();
    const { view } = this.zoom;
    return [(x - canvas.left) / scale + view.x, (y - canvas.top) / scale + view.y];
  }

  /** Another part of the picture is shown. */
  moved() {
    const isZoomed = this.zoom.view.zoom > 1 || this.around.length > 0;
    this.root.dataset.zoom = this.zoom.view.zoom.toFixed(2);
    for (const name of ["out", "reset"]) {
      const canReset = name === "reset" && this.hand?.isMoved;
      this.root.querySelector(`[data-do="${name}"]`).disabled = !isZoomed && !canReset;
    }
    this.part("card").hidden = this.part("cell").hidden = true;
    this.repaint();
  }

  /** Point at a place of the window. */
  pointAt(x, y) {
    if (this.zoom.isDragging && this.zoom.pointers.size) return;
    const place = this.toScene(x, y);
    const { readings, units, painter } = this.layout, before = this.target;
    this.pointer = [x, y];
    this.cell = readings.at(place[0], place[1]);
    const target = this.cell ? null : units.at(place[0], place[1], painter, this.stop);
    const part = this.cell || target ? null : this.layout.parts.at(place[0], place[1]);
    this.canvas.classList.toggle("reads", this.cell !== null || target !== null);
    this.pointed = part;
    if (part !== null) {
      this.readPart();
      return;
    }
    if (!this.cell && !target) {
      this.pointNowhere();
      return;
    }
    this.target = target;
    if (JSON.stringify(before) !== JSON.stringify(target)) this.repaint();
    if (this.cell) this.read();
    else this.readUnit();
  }

  pointNowhere() {
    const wasLit = this.target !== null;
    this.cell = this.target = this.pointed = null;
    this.cursor = false;
    this.part("card").hidden = true;
    this.part("cell").hidden = true;
    if (wasLit) this.repaint();
  }

  /** Draw what is shown once more, with other links lit: at most once a frame. */
  repaint() {
    if (!this.shown || this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      const { painter, units } = this.layout;
      if (!this.shown || this.busy || this.drawnStop !== this.stop) return;
      painter.paint(this.context, this.stop, this.shown, units.lights(this.target),
        this.zoom.view);
    });
  }

  /** Show what is known of the unit or the link that is pointed at. */
  readUnit() {
    const { target } = this, { units } = this.layout;
    if (!target) return;
    const card = this.part("card");
    units.fill(card, target, this.stop, this.words);
    const part = this.partHere();
    if (part !== null && this.layout.parts.opens(part)) {
      add(card, "div", "quiet", this.words.open);
    }
    card.hidden = false;
    placeCard(card, this.pointer[0], this.pointer[1]);
    this.part("cell").hidden = true;
    if (target.from === undefined && target.row === undefined) {
      const [x, y, width, height] = units.box(target);
      this.frame(x - 4, y - 4, width + 8, height + 8);
    }
  }

  /** Show what is known of the part that is pointed at. */
  readPart() {
    const { parts } = this.layout, card = this.part("card");
    if (this.pointed === null) return;
    parts.fill(card, this.pointed, this.words);
    card.hidden = false;
    placeCard(card, this.pointer[0], this.pointer[1]);
    const [x, y, width, height] = parts.entries[this.pointed].box;
    this.frame(x, y, width, height);
  }

  /** Show what is in a part, in place of the whole. */
  open(number) {
    const { layout, stop } = this, { inside } = layout.parts.entries[number];
    if (inside === null) return;
    this.pause();
    this.around.push({ layout, stop, number });
    this.insides[inside] ??= this.layoutOf(this.scene.insides[inside]);
    this.change(this.insides[inside], layout.parts.stopIn(number, stop));
  }

  /** Go back to what the picture was opened from. */
  close() {
    const before = this.around.pop();
    if (!before) return;
    this.pause();
    const { layout, stop, number } = before;
    this.change(layout, layout.parts.stopAround(number, stop, this.stop));
  }

  change(layout, stop) {
    const hadCursor = this.cursor;
    this.pointNowhere();
    this.layout = layout;
    this.stop = stop;
    this.shown = null;
    this.root.dataset.inside = String(this.around.length);
    this.canvas.setAttribute("aria-label", layout.film.title + ". " + layout.film.description);
    this.part("scrubber").max = String(layout.film.stops.length - 1);
    this.part("ticks").hidden = this.around.length > 0; // the chapters are those of the whole
    this.zoom.changed();
    this.fit();
    if (hadCursor && (layout.parts.entries.length || layout.units.layers.length)) this.toggleCursor();
  }

  /** A frame around a box of the scene, never smaller than can be seen. */
  frame(x, y, width, height) {
    const scale = this.windowScale(), { view } = this.zoom;
    const sides = [width * scale, height * scale].map((side) => Math.max(side, 5));
    const middle = [
      this.canvas.offsetLeft + (x + width / 2 - view.x) * scale,
      this.canvas.offsetTop + (y + height / 2 - view.y) * scale,
    ];
    const mark = this.part("cell");
    mark.replaceChildren();
    mark.style.width = `${sides[0]}px`;
    mark.style.height = `${sides[1]}px`;
    mark.style.left = `${middle[0] - sides[0] / 2}px`;
    mark.style.top = `${middle[1] - sides[1] / 2}px`;
    mark.hidden = false;
  }

  /** Show what is known of the cell that is pointed at. */
  async read() {
    const cell = this.cell;
    if (!cell || !this.shown) return;
    if (cell.reading.isWindow) {
      this.readWindow(cell);
      return;
    }
    const percent = await this.layout.readings.percent(cell);
    if (cell !== this.cell || !this.shown) return;
    const shown = shownAt(this.layout.painter, this.stop, this.shown, cell);
    const card = this.part("card");
    fillCard(card, cell, percent, shown, this.film.stops[this.stop].label, this.words);
    card.hidden = false;
    placeCard(card, this.pointer[0], this.pointer[1]);
    this.markCell(cell);
  }

  /** Show how a cell of an output was computed, and light what it was computed from. */
  readWindow(cell) {
    const card = this.part("card"), scale = this.windowScale();
    fillWindow(card, cell, this.words);
    card.hidden = false;
    placeCard(card, this.pointer[0], this.pointer[1], windowBoxes(cell).map((box) => [
      ...this.windowPlace(box[0], box[1]), ...this.windowPlace(box[0] + box[2], box[1] + box[3])]));
    this.markCell(cell);
    const [left, top, width, height] = cell.reading.box, mark = this.part("cell");
    const corner = [
      left + cell.column * (width / cell.reading.columns),
      top + cell.row * (height / cell.reading.rows),
    ];
    for (const box of windowBoxes(cell)) {
      const { style } = add(mark, "i", "");
      style.left = `${(box[0] - corner[0]) * scale}px`;
      style.top = `${(box[1] - corner[1]) * scale}px`;
      style.width = `${box[2] * scale}px`;
      style.height = `${box[3] * scale}px`;
    }
  }

  /** A frame around the cell. */
  markCell({ reading, row, column }) {
    const [left, top, width, height] = reading.box;
    const size = [width / reading.columns, height / reading.rows];
    this.frame(left + column * size[0], top + row * size[1], size[0], size[1]);
  }

  /** The stop that the address asks for; null if it asks for none. */
  hashStop() {
    const found = this.isWhole && !this.around.length && /(?:^#|&)stop=(\d+)/.exec(location.hash);
    return found ? Math.min(Number(found[1]), this.film.stops.length - 1) : null;
  }

  followHash() {
    const stop = this.hashStop();
    if (stop === null || stop === this.stop) return;
    this.pause();
    this.show(stop, false);
  }

  /** Keep the stop in the address, so that a link or a reload comes back to it. */
  writeHash(now = false) {
    if (!this.isWhole || this.around.length) return; // what is opened has no address
    if (this.playing && !now && performance.now() - this.hashTime < HASH_MS) return;
    this.hashTime = performance.now();
    try {
      history.replaceState(null, "", `#stop=${this.stop}`);
    } catch {
      // A page inside a notebook's frame may have no address of its own.
    }
  }
}

/** What a stop is called: its chapter and its own label. */
function stopText(film, stop) {
  if (film.stops.length === 1 && !film.chapters.length) return film.title;
  const chapter = film.chapters.findLast((candidate) => candidate.stop <= stop);
  return [chapter?.name, film.stops[stop].label].filter(Boolean).join(" · ");
}
