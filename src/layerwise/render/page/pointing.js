/** Answers a pointer or a keyboard cursor over a picture with the true numbers of its cell. */

import { numbersOf } from "./document.js";

/**
 * @typedef {import("./document.js").Reading} Reading
 * @typedef {{reading: Reading, row: number, column: number}} Cell
 */

const MOST_CLASSES = 8;

/** The readings of one layout, and the cell that is pointed at. */
export class Readings {
  /**
   * @param {import("./document.js").Film} film
   * @param {import("./canvas.js").Sources} sources
   */
  constructor(film, sources) {
    this.sources = sources;
    this.entries = film.readings.map((reading) => ({
      ...reading,
      column_values: numbersOf(reading.column_values),
      row_values: numbersOf(reading.row_values),
    }));
  }

  /**
   * The cell under a point of the scene; null where nothing can be read.
   * @param {number} x
   * @param {number} y
   * @returns {Cell | null}
   */
  at(x, y) {
    for (const reading of this.entries) {
      const [left, top, width, height] = reading.box;
      const column = Math.floor(((x - left) / width) * reading.columns);
      const row = Math.floor(((y - top) / height) * reading.rows);
      if (column >= 0 && row >= 0 && column < reading.columns && row < reading.rows) {
        return snapped(reading, row, column);
      }
    }
    return null;
  }

  /**
   * The cell so many rows and columns from another, inside the same picture.
   * @param {Cell} cell
   */
  moved(cell, rows, columns) {
    const { reading } = cell, step = reading.step;
    const row = Math.min(Math.max(cell.row + rows * step, 0), reading.rows - 1);
    const column = Math.min(Math.max(cell.column + columns * step, 0), reading.columns - 1);
    const beside = this.entries[this.entries.indexOf(reading) + Math.sign(columns)];
    if (beside?.isWindow && columns && column === cell.column) { // on to the next picture's edge
      return snapped(
        beside, Math.min(row, beside.rows - 1), columns > 0 ? 0 : beside.columns - 1);
    }
    return snapped(reading, row, column);
  }

  /** The cell in the middle of the first picture that can be read. */
  middle() {
    const reading = this.entries[0];
    return reading ? snapped(reading, reading.rows >> 1, reading.columns >> 1) : null;
  }

  /**
   * Whole per cent of every class at a cell.
   * @param {Cell} cell
   * @returns {Promise<number[]>}
   */
  async percent({ reading, row, column }) {
    const kept = Math.ceil(reading.columns / reading.step);
    const at = 4 * (Math.floor(row / reading.step) * kept + Math.floor(column / reading.step));
    const planes = await Promise.all(
      reading.percent.map((picture) => this.sources.pictures.pixels(picture)));
    return planes.map((plane) => plane[at]);
  }
}

function snapped(reading, row, column) {
  const step = reading.step;
  return {
    reading, row: Math.floor(row / step) * step, column: Math.floor(column / step) * step,
  };
}

/**
 * What a cell holds right now, by the image of classes in the reading's box; where that box shows
 * something else, by one with as many rows and columns elsewhere in the picture. Replayed images
 * are of classes; others are if their palette has one entry a class, and one for none at most.
 * @param {import("./canvas.js").Painter} painter
 * @param {number} stop
 * @param {(import("./image.js").Source | null)[]} sources
 * @param {Cell} cell
 * @returns {{color: string, label: number, chips: string[]} | null}
 */
export function shownAt(painter, stop, sources, { reading, row, column }) {
  if (reading.told) return reading.told(sources.volume);
  let best = null, rank = 0;
  painter.film.stops[stop].marks.forEach((index, order) => {
    const mark = painter.mark(index), source = sources[order];
    if (mark.kind !== "image" || !source) return;
    const entries = painter.sources.palettes[mark.palette]?.length ?? Infinity;
    const classed = source.labels || entries <= reading.classes.length + 1;
    const here = mark.box.every((length, i) => Math.abs(length - reading.box[i]) <= 0.5);
    const alike = source.rows === reading.rows && source.columns === reading.columns;
    const value = here && classed ? 3 : alike && classed ? 2 : here ? 1 : 0;
    if (value && value >= rank) [best, rank] = [{ mark, source }, value];
  });
  if (!best) return null;
  const { mark, source } = best;
  const palette = rank > 1 ? painter.sources.palettes[mark.palette] : null;
  const y = Math.floor(((row + 0.5) / reading.rows) * source.rows);
  const x = Math.floor(((column + 0.5) / reading.columns) * source.columns);
  const chips = reading.classes.map((_, i) => (palette ? cssOf(palette.pixels[i]) : ""));
  if (source.labels) {
    const label = source.labels.values[y * source.labels.stride + x];
    return { color: cssOf(source.palette[label]), label, chips };
  }
  const color = source.colors[y * source.columns + x];
  const label = palette ? palette.pixels.subarray(0, palette.length).indexOf(color) : -1;
  return { color: cssOf(color), label, chips };
}

/** A canvas pixel as CSS. */
export function cssOf(pixel) {
  return `rgb(${pixel & 255} ${(pixel >>> 8) & 255} ${(pixel >>> 16) & 255}`
    + ` / ${(pixel >>> 24) / 255})`;
}

/** What the page's language writes before the fraction of a number. */
const POINT = (0.5).toLocaleString(document.documentElement.lang || "en").charAt(1);

/**
 * Three significant digits, with a true minus, as the page's language writes them.
 * @param {number} value
 */
export function short(value) {
  const rounded = Number(value.toPrecision(3));
  return String(rounded).replaceAll("-", "−").replace(".", POINT);
}

/**
 * Fill the card with what is known of a cell.
 * @param {HTMLElement} card
 * @param {Cell} cell
 * @param {number[]} percent
 * @param {{color: string, label: number, chips: string[]} | null} shown
 * @param {string} stopLabel
 * @param {Object<string, string>} words
 */
export function fillCard(card, cell, percent, shown, stopLabel, words) {
  const { reading, row, column } = cell;
  card.replaceChildren();
  const step = reading.step;
  for (const [name, value] of reading.axes ?? [
    [reading.column_axis, reading.column_values[Math.floor(column / step)]],
    [reading.row_axis, reading.row_values[Math.floor(row / step)]],
  ]) {
    const line = add(card, "div", "axis");
    add(line, "span", "", String(name));
    add(line, "b", "", short(Number(value)));
  }
  const classes = add(card, "div", "classes");
  const order = percent.map((_, i) => i).sort((a, b) => percent[b] - percent[a] || a - b);
  const reached = percent.some((value) => value > 0);
  if (!reached) add(classes, "div", "quiet", words.unreached);
  for (const [place, i] of (reached ? order.slice(0, MOST_CLASSES) : []).entries()) {
    const line = add(classes, "div", place === 0 ? "likeliest" : "");
    if (shown?.chips[i]) chip(line, shown.chips[i]);
    add(line, "span", "name", reading.classes[i]);
    add(line, "span", "", `${percent[i]} %`);
  }
  if (reached && reading.caption) add(classes, "div", "quiet", reading.caption);
  const rest = order.length - MOST_CLASSES;
  if (reached && rest > 0) add(classes, "div", "quiet", words.more.replace("{count}", String(rest)));
  if (shown) {
    const line = add(add(card, "div", "classes"), "div", "");
    add(line, "span", "name quiet", stopLabel);
    chip(line, shown.color);
    const name = reading.classes[shown.label];
    if (name !== undefined) add(line, "span", "", name);
    else if (shown.label >= 0) add(line, "span", "quiet", words.unclassified);
  }
  if (step > 1) {
    add(card, "div", "quiet", words.every.replaceAll("{step}", String(step)));
  }
}

function chip(parent, color) {
  add(parent, "i", "").style.background = color;
}

/** A new element at the end of another. */
export function add(parent, tag, className, text = "") {
  const element = document.createElement(tag);
  if (className) element.className = className;
  if (text) element.textContent = text;
  parent.append(element);
  return element;
}

/**
 * Put the card near a point of the window, and wholly inside the window; below or above some
 * places (left, top, right, bottom) that it would else cover, if there is room.
 * @param {HTMLElement} card
 * @param {number[][]} [clear]
 */
export function placeCard(card, x, y, clear = []) {
  const gap = 18, margin = 8;
  const { width, height } = card.getBoundingClientRect();
  let left = x + gap, top = y + gap;
  if (left + width > innerWidth - margin) left = x - gap - width;
  if (top + height > innerHeight - margin) top = y - gap - height;
  const covers = (box) => box[0] < left + width && box[2] > left
    && box[1] < top + height && box[3] > top;
  if (clear.some(covers)) {
    const below = Math.max(y, ...clear.map((box) => box[3])) + gap;
    const above = Math.min(y, ...clear.map((box) => box[1])) - gap - height;
    if (below + height <= innerHeight - margin) top = below;
    else if (above >= margin) top = above;
  }
  left = Math.max(Math.min(left, innerWidth - margin - width), margin);
  top = Math.max(Math.min(top, innerHeight - margin - height), margin);
  card.style.left = `${left}px`;
  card.style.top = `${top}px`;
}
