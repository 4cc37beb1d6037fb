/** What the cells of a grid in three dimensions hold at each stop, and how a reader has turned it. */

import { Breath, Diffusion } from "./diffusion.js";
import { numbersOf } from "./document.js";
import { EMPTY } from "./faces.js";
import { remember } from "./frames.js";

const UNKNOWN = 255;

/**
 * @typedef {{codes: Uint16Array, colors: Uint32Array, shaded: Uint32Array}} Cells
 *   the place of each cell in a table of colours, and that table, flat and shaded by face
 * @typedef {{turned: Cells, cut: Cells, labels: Uint8Array, stop: number}} Prepared
 */

/** A volume as it is written, with its arrays as numbers. */
export function volumeOf(written, bytes) {
  return Object.fromEntries(Object.entries(written).map(
    ([name, value]) => [name, value?.dtype ? numbersOf(value, bytes) : value]));
}

/** The cells of one film, whatever its layout. */
export class VolumeCells {
  /**
   * @param {Object<string, any>} volume  as it is written
   * @param {any} replay  of its layers
   * @param {Object<string, any>} recipe
   */
  constructor(volume, replay, recipe) {
    this.volume = volume;
    this.replay = replay;
    this.recipe = recipe;
    /** Degrees that a reader has turned it by, and raised the view. */
    this.turn = 0;
    this.height = 0;
    /** Slice, row and column of the three slices. @type {number[]} */
    this.position = [...volume.position];
    this.classTables = tablesOf(volume.colors, volume);
    this.strengthTables = tablesOf(volume.strengths, volume);
    /** @type {Map<number, {codes: Uint16Array}>} */
    this.exact = new Map();
    /** @type {Promise<Diffusion | null> | null} */
    this.diffusion = null;
    /** Per cent of each class at the end. @type {Promise<Uint8Array[] | null> | null} */
    this.last = null;
  }

  /** Put everything back as the film shows it. */
  reset() {
    this.turn = this.height = 0;
    this.position = [...this.volume.position];
  }

  /**
   * What a stop shows; null if it is no longer wanted.
   * @param {number} stop
   * @param {() => boolean} isWanted
   * @returns {Promise<Prepared | null>}
   */
  async prepare(stop, isWanted) {
    const { volume } = this;
    const labels = await this.labels(this.replay.layerOf(stop), isWanted);
    if (!labels) return null;
    const run = { codes: runCodes(labels), ...this.classTables };
    const shown = async (layers) => {
      if (layers < 0) return run;
      const codes = await this.strengths(layers, isWanted);
      return codes && { codes, ...this.strengthTables };
    };
    const turned = await shown(volume.turned[stop]), cut = await shown(volume.cut[stop]);
    return turned && cut && { turned, cut, labels, stop };
  }

  /** The classes of a layer's cells, one byte each, without gaps between rows. */
  async labels(layer, isWanted) {
    const found = await this.replay.labels(layer, isWanted);
    if (!found) return null;
    const { values, stride } = found, { columns } = this.recipe;
    if (stride === columns) return values;
    const labels = new Uint8Array((values.length / stride) * columns);
    for (let row = 0, from = 0; from < values.length; row++, from += stride) {
      labels.set(values.subarray(from, from + columns), row * columns);
    }
    return labels;
  }

  /** The exact probabilities after so many fuzzy layers, as places in the table of strengths. */
  async strengths(layers, isWanted) {
    const known = this.exact.get(layers);
    if (known) return known.codes;
    const maps = await this.maps(layers, isWanted);
    if (!maps) return null;
    const codes = strengthCodes(maps, this.volume.strengths.length / 3 / maps.length);
    remember(this.exact, layers, { codes });
    return codes;
  }

  /** The exact probabilities after so many fuzzy layers, for each class one number a cell. */
  async maps(layers, isWanted) {
    this.diffusion ??= this.started();
    return (await this.diffusion).after(layers, isWanted);
  }

  async started() {
    const { recipe } = this, always = () => true;
    const filled = await this.labels(recipe.depth, always);
    const first = recipe.restart ? await this.labels(0, always) : filled;
    const fuzzy = recipe.phases[recipe.phases.length - 1];
    let anchors = null;
    if (fuzzy.anchors) {
      anchors = new Uint8Array(filled.length);
      for (const cell of recipe.phases[0].cells) anchors[cell] = 1;
    }
    return new Diffusion(this.volume.shape, recipe, first, filled, anchors);
  }

  /** Whole per cent of each class in a cell, after all fuzzy layers. */
  async percent(cell) {
    this.last ??= this.percents();
    return (await this.last).map((plane) => plane[cell]);
  }

  async percents() {
    const maps = await this.maps(this.volume.fuzzy, () => true), breath = new Breath();
    const planes = [];
    for (const map of maps) {
      planes.push(Uint8Array.from(map, (share) => Math.round(100 * share)));
      await breath.take();
    }
    return planes;
  }
}

/** A class for each cell as a place in the table of classes. */
function runCodes(labels) {
  const codes = new Uint16Array(labels.length);
  for (let i = 0; i < codes.length; i++) codes[i] = labels[i] === UNKNOWN ? EMPTY : labels[i];
  return codes;
}

/** The likeliest class of each cell and its strength, in so many steps. */
export function strengthCodes(maps, steps) {
  const codes = new Uint16Array(maps[0].length), guess = 1 / maps.length;
  const most = maps[0].slice(), likeliest = new Uint8Array(codes.length);
  maps.forEach((map, k) => {
    for (let i = 0; i < most.length; i++) {
      if (map[i] > most[i]) {
        most[i] = map[i];
        likeliest[i] = k;
      }
    }
  });
  const slope = (steps - 1) / (1 - guess);
  for (let i = 0; i < codes.length; i++) {
    const strength = Math.min(Math.max((most[i] - guess) * slope, 0), steps - 1);
    codes[i] = likeliest[i] * steps + Math.floor(strength + 0.5);
  }
  return codes;
}

/** A table of colours as canvas pixels: flat, and of each colour's three faces. */
function tablesOf(numbers, { shades }) {
  const count = numbers.length / 3;
  const colors = new Uint32Array(count), shaded = new Uint32Array(3 * count);
  const pixel = (at, shade) => [2, 1, 0].reduce(
    (whole, part) => (whole << 8) | even(numbers[3 * at + part] * shade), 255) >>> 0;
  for (let at = 0; at < count; at++) {
    colors[at] = pixel(at, 1);
    for (let face = 0; face < 3; face++) shaded[3 * at + face] = pixel(at, shades[face]);
  }
  return { colors, shaded };
}

/** The nearest whole number, the even one of two. */
function even(value) {
  const near = Math.round(value);
  return near - value === 0.5 && near % 2 ? near - 1 : near;
}
