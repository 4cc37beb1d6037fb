/**
 * The layers of any label map, unpacked from stored differences: frame n is zlib-deflated bytes,
 * one a cell, of its labels XOR those of frame n − 1 (frame 0: XOR zero).
 */

import { bytesOf, inflate, numbersOf } from "./document.js";

const SPACING = 16;
const RECENT = 3;

/** @typedef {{values: Uint8Array, stride: number}} Labels  class of each cell, 255 for none */

/** A label map whose layers were stored. */
export class FramesReplay {
  /** @param {Object<string, any>} recipe */
  constructor(recipe) {
    this.rows = recipe.rows;
    this.columns = recipe.columns;
    this.frames = recipe.frames;
    this.moments = recipe.moments == null ? null : numbersOf(recipe.moments);
    /** @type {Map<number, Uint8Array>} */
    this.keyframes = new Map();
    /** @type {Map<number, Labels>} */
    this.recent = new Map();
  }

  /** @param {number} moment */
  layerOf(moment) {
    return this.moments ? this.moments[moment] : moment;
  }

  /**
   * The classes of a frame's cells; null if they were no longer wanted before they were ready.
   * @param {number} frame
   * @param {() => boolean} isWanted
   * @returns {Promise<Labels | null>}
   */
  async labels(frame, isWanted = () => true) {
    const known = this.recent.get(frame);
    if (known) return known;
    let at = -1;
    let values = new Uint8Array(this.rows * this.columns);
    for (const [kept, labels] of [
      ...this.keyframes,
      ...[...this.recent].map(([key, recent]) => /** @type {const} */ ([key, recent.values])),
    ]) {
      if (kept <= frame && kept > at) [at, values] = [kept, labels];
    }
    values = values.slice();
    while (at < frame) {
      const change = await inflate(bytesOf(this.frames[at + 1]));
      if (!isWanted()) return null;
      at += 1;
      for (let i = 0; i < values.length; i++) values[i] ^= change[i];
      if (at % SPACING === 0 && !this.keyframes.has(at)) this.keyframes.set(at, values.slice());
    }
    const labels = { values, stride: this.columns };
    remember(this.recent, frame, labels);
    return labels;
  }
}

/**
 * Keep the newest few entries of a map.
 * @param {Map<number, any>} recent
 * @param {number} key
 * @param {any} value
 */
export function remember(recent, key, value) {
  recent.set(key, value);
  if (recent.size > RECENT) recent.delete(/** @type {number} */ (recent.keys().next().value));
}
