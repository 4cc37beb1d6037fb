/** Answers a pointer or a keyboard cursor over a network with the true numbers of what is there. */

import { numbersOf } from "./document.js";
import { fillKernels, grid } from "./kernels.js";
import { add, short } from "./pointing.js";

/**
 * What is pointed at: a unit, a cell of a unit's map or of an input's picture, or a link.
 * @typedef {{layer: number, unit: number, row?: number, column?: number, from?: number}} Target
 */

/** Pixels of the scene that a pointer may be off a link. */
const NEAR = 7;
const PIECES = 16;

/** The layers of one layout of a scene, their numbers unpacked when they are first asked for. */
export class Units {
  /**
   * @param {import("./document.js").Film} film
   * @param {import("./canvas.js").Sources} sources
   */
  constructor(film, sources) {
    this.rows = film.units?.rows ?? [];
    this.bytes = sources.bytes;
    this.layers = (film.units?.layers ?? []).map((layer) => ({
      ...layer, boxes: this.array(layer.boxes), numbers: this.array(layer.numbers).data,
      bars: layer.bars && this.array(layer.bars),
    }));
  }

  /** An array with its shape; null where there is none. */
  array(value) {
    if (!value) return null;
    value.unpacked ??= { data: numbersOf(value, this.bytes), shape: value.shape };
    return value.unpacked;
  }

  /** A number of an array of rows, at a stop; undefined where there is none. */
  number(value, stop, ...place) {
    const array = this.array(value);
    if (!array) return undefined;
    let at = Math.min(this.rows[stop], array.shape[0] - 1);
    place.forEach((index, axis) => { at = at * array.shape[axis + 1] + index; });
    return array.data[at];
  }

  /** Where a unit stands: x, y, width, height. */
  box({ layer, unit }) {
    const { boxes, is_picture } = this.layers[layer];
    const at = is_picture ? 0 : 4 * unit;
    return boxes.data.subarray(at, at + 4);
  }

  /**
   * What is under a point of the scene; null where there is nothing.
   * @param {number} x
   * @param {number} y
   * @param {import("./canvas.js").Painter} painter
   * @param {number} stop
   * @returns {Target | null}
   */
  at(x, y, painter, stop) {
    for (const [layer, { boxes, bars, values }] of this.layers.entries()) {
      for (const places of [boxes, bars]) {
        for (let unit = 0; places && unit < places.shape[0]; unit++) {
          const [left, top, width, height] = places.data.subarray(4 * unit, 4 * unit + 4);
          if (x < left || y < top || x > left + width || y > top + height) continue;
          const target = { layer, unit };
          return values?.shape.length === 4 && places === boxes
            ? this.cellAt(target, x, y, painter, stop) : target;
        }
      }
    }
    return this.linkAt(x, y, painter, stop);
  }

  /** The cell of a map that is under a point, by the picture that shows it. */
  cellAt(target, x, y, painter, stop) {
    const [left, top, width, height] = this.box(target);
    const [, , rows, columns] = this.layers[target.layer].values.shape;
    for (const index of painter.film.stops[stop].marks) {
      const { kind, box } = painter.mark(index);
      if (kind !== "image" || box[0] < left - 1 || box[1] < top - 1
        || box[0] + box[2] > left + width + 1 || box[1] + box[3] > top + height + 1) continue;
      const row = Math.floor(((y - box[1]) / box[3]) * rows);
      const column = Math.floor(((x - box[0]) / box[2]) * columns);
      if (row >= 0 && column >= 0 && row < rows && column < columns) {
        return { ...target, row, column, box };
      }
    }
    return this.layers[target.layer].is_picture ? null : target;
  }

  /** The link nearest to a point, if it is near enough. */
  linkAt(x, y, painter, stop) {
    let best = null, nearest = NEAR;
    for (const index of painter.film.stops[stop].marks) {
      const mark = painter.mark(index);
      const layer = mark.indices ? this.layers.findIndex(({ site }) => site === mark.refers.site) : -1;
      if (layer < 0 || this.layers[layer].source === null) continue;
      const { points } = mark;
      for (let i = 0, at = 0; i < mark.count; i++, at += 8) {
        if (x < points[at] || x > points[at + 6]) continue;
        const [low, high] = [points[at + 1], points[at + 7]].sort((one, other) => one - other);
        if (y < low - nearest || y > high + nearest) continue;
        const away = distanceTo(points, at, x, y);
        if (away < nearest) [nearest, best] = [away, { layer, mark, i }];
      }
    }
    if (!best) return null;
    const { layer, mark, i } = best, own = this.layers[layer];
    const unit = own.numbers.indexOf(mark.indices[2 * i]);
    const from = this.layers[own.source].numbers.indexOf(mark.indices[2 * i + 1]);
    return unit < 0 || from < 0 ? null : { layer, unit, from };
  }

  /** The first unit of the last layer, where keys begin. */
  start() {
    const layer = this.layers.findLastIndex(({ is_picture }) => !is_picture);
    return layer < 0 ? null : { layer, unit: 0 };
  }

  /**
   * The unit so many down and so many layers on from another; the cell, in an input's picture.
   * @param {Target} target
   */
  moved(target, down, on) {
    const order = this.layers.map((_, i) => i)
      .sort((one, other) => this.layers[one].boxes.data[0] - this.layers[other].boxes.data[0]);
    const at = order.indexOf(target.layer);
    const layer = order[Math.min(Math.max(at + Math.sign(on), 0), order.length - 1)];
    const { boxes, is_picture, values } = this.layers[layer];
    if (is_picture) {
      const [, , rows, columns] = values?.shape ?? [1, 1, 1, 1];
      return { layer, unit: 0, row: rows >> 1, column: columns >> 1 };
    }
    if (layer === target.layer) {
      const unit = Math.min(Math.max(target.unit + down, 0), boxes.shape[0] - 1);
      return { layer, unit };
    }
    const middle = (own) => own[1] + own[3] / 2, from = middle(this.box(target));
    let best = 0;
    for (let unit = 1; unit < boxes.shape[0]; unit++) {
      const off = (candidate) => Math.abs(middle(this.box({ layer, unit: candidate })) - from);
      if (off(unit) < off(best)) best = unit;
    }
    return { layer, unit: best };
  }

  /** Which links a target lights: of which site, and whether the one at those indices is. */
  lights(target) {
    if (!target) return null;
    const { site, numbers, source } = this.layers[target.layer], own = numbers[target.unit];
    if (target.from !== undefined) {
      const other = this.layers[source].numbers[target.from];
      return [{ site, isLit: (to, from) => to === own && from === other }];
    }
    const into = this.layers[target.layer].source !== null
      ? [{ site, isLit: (to) => to === own }] : [];
    const out = this.layers.filter((layer) => layer.source === target.layer)
      .map((layer) => ({ site: layer.site, isLit: (_, from) => from === own }));
    return into.length ? into : out;
  }

  /** What a unit is called. */
  name({ layer, unit }, words) {
    const { name, names, numbers, values } = this.layers[layer];
    const text = values?.shape[2] > 1 ? words.map : words.unit; // maps have rows
    return names[unit] ?? said(text, { layer: name, unit: numbers[unit] + 1 });
  }

  /**
   * Fill the card with what is known of a target.
   * @param {HTMLElement} card
   * @param {Target} target
   */
  fill(card, target, stop, words) {
    card.replaceChildren();
    const layer = this.layers[target.layer];
    if (target.from !== undefined) this.fillLink(card, target, stop, words);
    else if (layer.is_picture) this.fillPixel(card, target, stop, words);
    else this.fillUnit(card, target, stop, words);
    if (layer.note) add(card, "div", "quiet", layer.note);
  }

  fillLink(card, { layer, unit, from }, stop, words) {
    const own = this.layers[layer], source = { layer: own.source, unit: from };
    const weight = this.number(own.weights, stop, unit, from);
    const given = this.number(this.layers[own.source].values, stop, from);
    const title = add(card, "div", "title");
    title.textContent = `${this.name(source, words)} → ${this.name({ layer, unit }, words)}`;
    if (own.sides.length) {
      fact(card, said(words.length, { sides: own.sides.join(" × ") }), told(weight, words));
      add(card, "div", "quiet", words.length_sign);
      this.fillKernel(card, layer, unit, from, stop, words);
    } else fact(card, words.weight, told(weight, words));
    if (!own.sides.length && this.array(this.layers[own.source].values)?.shape.length === 2) {
      fact(card, words.input, told(given, words));
      if (known(weight) && known(given)) {
        fact(card, words.signal, `${short(given)} × ${short(weight)} = ${short(weight * given)}`);
      }
    }
  }

  /** The numbers of the kernel between two maps, if they are here and can be written. */
  fillKernel(card, layer, unit, from, stop, words) {
    const { kernels, source } = this.layers[layer];
    if (!kernels || kernels.source !== source) return;
    const [, , count, tall, wide] = kernels.weights.shape;
    const channels = this.array(kernels.channels).data.subarray(unit * count, (unit + 1) * count);
    const channel = channels.indexOf(from);
    if (channel < 0 || wide > 7) return;
    const numbers = [];
    for (let y = 0; y < tall; y++) {
      for (let x = 0; x < wide; x++) {
        numbers.push(this.number(kernels.weights, stop, unit, channel, y, x));
      }
    }
    grid(add(card, "div", "kernels"), numbers, wide);
  }

  fillPixel(card, { layer, row, column }, stop, words) {
    const { name, values, numbers } = this.layers[layer];
    add(card, "div", "title", name);
    add(card, "div", "quiet", said(words.place, { row: row + 1, column: column + 1 }));
    for (const [channel, number] of [...numbers].entries()) {
      const value = told(this.number(values, stop, channel, row, column), words);
      fact(card, numbers.length > 1 ? said(words.channel, { channel: number + 1 }) : words.value, value);
    }
  }

  fillUnit(card, target, stop, words) {
    const { layer, unit, row, column } = target, own = this.layers[layer];
    const shape = own.values?.shape ?? [];
    const value = shape.length === 4
      ? (row === undefined ? undefined : this.number(own.values, stop, unit, row, column))
      : this.number(own.values, stop, unit);
    const heading = add(card, "div", "axis");
    add(heading, "b", "", this.name(target, words));
    if (shape.length !== 4) add(heading, "b", "", told(value, words));
    if (row !== undefined) {
      add(card, "div", "quiet", said(words.place, { row: row + 1, column: column + 1 }));
      fact(card, words.value, told(value, words));
    }
    const share = this.number(own.shares, stop, unit);
    if (known(share)) {
      fact(card, words.probability, `${(100 * share).toFixed(1)} %`);
    }
    if (own.kernels && known(value)) {
      const nameOf = (from) => (this.layers[own.kernels.source].is_picture
        ? said(words.channel, { channel: this.layers[own.kernels.source].numbers[from] + 1 })
        : this.name({ layer: own.kernels.source, unit: from }, words));
      fillKernels(card, this, target, stop, value, words, nameOf,
        (name, number) => fact(card, name, number));
    }
    if (own.terms) this.fillTerms(card, own.terms, unit, stop, value, words);
    const slope = this.number(own.slopes, stop, unit);
    if (known(slope)) fact(card, words.slope, short(slope), "classes");
  }

  /** Inputs × weights, the rest, the bias, the sum, and what becomes of it. */
  fillTerms(card, terms, unit, stop, value, words) {
    const table = add(card, "div", "terms");
    const [, , count] = terms.places.shape;
    for (let term = 0; term < count; term++) {
      const input = this.number(terms.inputs, stop, unit, term);
      const weight = this.number(terms.weights, stop, unit, term);
      const place = this.number(terms.places, stop, unit, term);
      add(table, "span", "name", inputName(terms, place, words));
      add(table, "span", "", `${short(input)} × ${short(weight)}`);
      add(table, "span", "", `= ${short(input * weight)}`);
    }
    const sums = add(card, "div", "classes");
    if (terms.total > count) {
      const rest = this.number(terms.rest, stop, unit);
      fact(sums, said(words.others, { count: terms.total - count }), short(rest));
    }
    const bias = this.number(terms.bias, stop, unit);
    if (bias !== undefined) fact(sums, words.bias, short(bias));
    const sum = this.number(terms.sums, stop, unit);
    fact(sums, words.sum, short(sum));
    if (terms.function === "identity") return;
    const name = terms.function || terms.after;
    if (name) fact(sums, terms.function ? `${name}(${short(sum)})` : name, told(value, words));
  }
}

/** What an input of a sum is called, by its place among all. */
function inputName({ source, shape, names }, place, words) {
  if (names[place]) return names[place];
  const wide = shape.filter((side) => side > 1);
  if (shape.length < 2 || wide.length < 2) return said(words.unit, { layer: source, unit: place + 1 });
  const columns = shape[shape.length - 1], rows = shape[shape.length - 2];
  const at = said(words.cell, {
    row: (Math.floor(place / columns) % rows) + 1, column: (place % columns) + 1,
  });
  const channel = Math.floor(place / (rows * columns)) + 1;
  return shape.length > 2 && shape[shape.length - 3] > 1
    ? `${said(words.channel, { channel })}, ${at}` : at;
}

function known(value) {
  return value !== undefined && !Number.isNaN(value);
}

function told(value, words) {
  return known(value) ? short(value) : words.not_kept;
}

function fact(card, name, value, className = "") {
  const own = add(card, "div", `axis ${className}`);
  add(own, "span", "", name);
  add(own, "b", "", value);
}

/** A text with its {places} filled in. */
function said(text, values) {
  return text.replaceAll(/\{(\w+)\}/g, (_, name) => String(values[name]));
}

/** How far a point is from a curve. */
function distanceTo(points, at, x, y) {
  let nearest = Infinity, fromX = points[at], fromY = points[at + 1];
  for (let piece = 1; piece <= PIECES; piece++) {
    const t = piece / PIECES, s = 1 - t;
    const a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;
    const toX = a * points[at] + b * points[at + 2] + c * points[at + 4] + d * points[at + 6];
    const toY = a * points[at + 1] + b * points[at + 3] + c * points[at + 5] + d * points[at + 7];
    const dx = toX - fromX, dy = toY - fromY, length = dx * dx + dy * dy;
    const along = length ? Math.min(Math.max(((x - fromX) * dx + (y - fromY) * dy) / length, 0), 1) : 0;
    nearest = Math.min(nearest, Math.hypot(x - fromX - along * dx, y - fromY - along * dy));
    [fromX, fromY] = [toX, toY];
  }
  return nearest;
}
