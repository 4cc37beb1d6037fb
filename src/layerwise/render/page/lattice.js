/**
 * The layers of a lattice network, computed from its recipe bit for bit as the network did.
 *
 * A cell has four neighbours: up, right, down, left; one beyond the edge is the cell itself.
 * In layer L every cell draws a direction from random bits (a, b): (0,0) up, (1,0) right,
 * (0,1) down, (1,1) left; in lazy recipes a third bit z = 1 lets it keep its state. The bits are
 * counter-based SplitMix64: with S = mix(mix(seed) + 3·L + plane), columns 64w … 64w+63 of row r
 * read the bits of mix(S + 0x9E3779B97F4A7C15·(r·W + w + 1)), W = ⌈columns / 64⌉.
 * Numbers of 64 bits are kept as two halves of 32; states are bit-planes, 32 cells a word.
 */

import { numbersOf } from "./document.js";
import { FramesReplay, remember } from "./frames.js";

export const UNCLASSIFIED = 255;
const FIRST_SPACING = 16;
const MOST_KEYFRAME_BYTES = 96 * 2 ** 20;
const SLICE_MS = 24;

/** @typedef {import("./frames.js").Labels} Labels */

/** High half of the product of two unsigned 32-bit numbers. */
function highProduct(a, b) {
  const a0 = a & 0xffff, a1 = a >>> 16, b0 = b & 0xffff, b1 = b >>> 16;
  const middle = (Math.imul(a1, b0) >>> 0) + (Math.imul(a0, b0) >>> 16);
  const low = (Math.imul(a0, b1) >>> 0) + (middle & 0xffff);
  return (Math.imul(a1, b1) + (middle >>> 16) + (low >>> 16)) | 0;
}

/**
 * SplitMix64's finalizer.
 * @param {number} high
 * @param {number} low
 * @returns {[number, number]} high and low half
 */
export function mix64(high, low) {
  low ^= (low >>> 30) | (high << 2);
  high ^= high >>> 30;
  high = (highProduct(low, 0x1ce4e5b9) + Math.imul(high, 0x1ce4e5b9) + Math.imul(low, 0xbf58476d)) | 0;
  low = Math.imul(low, 0x1ce4e5b9);
  low ^= (low >>> 27) | (high << 5);
  high ^= high >>> 27;
  high = (highProduct(low, 0x133111eb) + Math.imul(high, 0x133111eb) + Math.imul(low, 0x94d049bb)) | 0;
  low = Math.imul(low, 0x133111eb);
  low ^= (low >>> 31) | (high << 1);
  high ^= high >>> 31;
  return [high, low];
}

/**
 * Fill `bits` with the random words of one layer and bit-plane, low half first.
 * @param {Uint32Array} bits
 * @param {[number, number]} mixedSeed
 * @param {number} layer
 * @param {number} plane
 */
export function drawBits(bits, mixedSeed, layer, plane) {
  const start = 3 * layer + plane;
  const sum = (mixedSeed[1] >>> 0) + (start % 2 ** 32);
  const carry = Math.floor(start / 2 ** 32) + (sum >= 2 ** 32 ? 1 : 0);
  let [counterHigh, counterLow] = mix64((mixedSeed[0] + carry) | 0, sum | 0);
  for (let i = 0; i < bits.length; i += 2) {
    const next = (counterLow >>> 0) + 0x7f4a7c15;
    counterHigh = (counterHigh + 0x9e3779b9 + (next >= 2 ** 32 ? 1 : 0)) | 0;
    counterLow = next | 0;
    // mix64, written out: a call that returns a pair would cost more than the arithmetic
    let high = counterHigh, low = counterLow;
    low ^= (low >>> 30) | (high << 2);
    high ^= high >>> 30;
    high = (highProduct(low, 0x1ce4e5b9) + Math.imul(high, 0x1ce4e5b9) + Math.imul(low, 0xbf58476d)) | 0;
    low = Math.imul(low, 0x1ce4e5b9);
    low ^= (low >>> 27) | (high << 5);
    high ^= high >>> 27;
    high = (highProduct(low, 0x133111eb) + Math.imul(high, 0x133111eb) + Math.imul(low, 0x94d049bb)) | 0;
    low = Math.imul(low, 0x133111eb);
    bits[i] = low ^ ((low >>> 31) | (high << 1));
    bits[i + 1] = high ^ (high >>> 31);
  }
}

/**
 * A whole number of up to 64 bits, written in decimal, as two halves.
 * @param {string | number} text
 * @returns {[number, number]}
 */
export function halves(text) {
  const value = BigInt.asUintN(64, BigInt(text));
  return [Number(value >> 32n) | 0, Number(value & 0xffffffffn) | 0];
}

/** Four bits of a word spread over four bytes, and the same with every set byte 255. */
const SPREAD = Uint32Array.from({ length: 16 }, (_, n) =>
  (n & 1) | ((n & 2) << 7) | ((n & 4) << 14) | ((n & 8) << 21));
const SPREAD_FULL = SPREAD.map((word) => Math.imul(word, 255) >>> 0);

/** A lattice network that is run again, layer by layer, as far as asked. */
export class LatticeReplay {
  /** @param {Object<string, any>} recipe */
  constructor(recipe) {
    this.rows = recipe.rows;
    this.columns = recipe.columns;
    this.lazy = Boolean(recipe.lazy);
    this.moments = recipe.moments == null ? null : numbersOf(recipe.moments);
    this.mixedSeed = mix64(...halves(recipe.seed));
    this.phases = recipe.phases.map((phase) => ({
      first: phase.first,
      fill: phase.mode === "fill",
      anchors: Boolean(phase.anchors),
      cells: phase.cells == null ? null : numbersOf(phase.cells),
      labels: phase.labels == null ? null : numbersOf(phase.labels),
    }));
    this.words = 2 * Math.ceil(this.columns / 64);
    this.size = this.rows * this.words;
    this.planes = Math.max(1, Math.ceil(Math.log2(Math.max(recipe.classes, 2))));
    // Planes of the class number, lowest bit first; the last plane says which cells have a class.
    this.state = new Uint32Array((this.planes + 1) * this.size);
    this.next = new Uint32Array(this.state.length);
    this.bits = [0, 1, 2].slice(0, this.lazy ? 3 : 2).map(() => new Uint32Array(this.size));
    this.anchored = this.maskOf(this.phases[0].cells ?? []);
    /** @type {Map<number, Uint32Array>} */
    this.keyframes = new Map();
    this.spacing = FIRST_SPACING;
    /** @type {Map<number, Labels>} */
    this.recent = new Map();
    // Layers of a rule that is not computed here are stored; copying goes on from the last of them.
    const frames = recipe.phases[0].frames;
    this.stored = frames ? new FramesReplay({ ...recipe, frames, moments: null }) : null;
    this.base = frames ? frames.length - 1 : 0;
    this.layer = this.base;
    if (!this.stored) {
      this.restart(this.phases[0].cells, this.phases[0].labels);
      this.keep();
    }
  }

  /**
   * The layer that a moment of the trace shows.
   * @param {number} moment
   */
  layerOf(moment) {
    return this.moments ? this.moments[moment] : moment;
  }

  /** @param {ArrayLike<number>} cells */
  maskOf(cells) {
    const mask = new Uint32Array(this.size);
    for (let i = 0; i < cells.length; i++) {
      const row = Math.floor(cells[i] / this.columns), column = cells[i] % this.columns;
      mask[row * this.words + (column >>> 5)] |= 1 << (column & 31);
    }
    return mask;
  }

  /**
   * Put these cells in place of the state; all others have no class.
   * @param {ArrayLike<number>} cells
   * @param {ArrayLike<number>} labels
   */
  restart(cells, labels) {
    const { state, size, planes } = this;
    state.fill(0);
    for (let i = 0; i < cells.length; i++) {
      const row = Math.floor(cells[i] / this.columns), column = cells[i] % this.columns;
      const label = labels[i];
      if (label === UNCLASSIFIED) continue;
      const at = row * this.words + (column >>> 5), bit = 1 << (column & 31);
      for (let plane = 0; plane < planes; plane++) {
        if ((label >>> plane) & 1) state[plane * size + at] |= bit;
        else state[plane * size + at] &= ~bit;
      }
      state[planes * size + at] |= bit;
    }
  }

  /** Compute the next layer from the one before it. */
  advance() {
    const layer = this.layer + 1;
    let phase = this.phases[0];
    for (const candidate of this.phases) if (candidate.first < layer) phase = candidate;
    this.bits.forEach((bits, plane) => drawBits(bits, this.mixedSeed, layer, plane));
    this.apply(phase.fill, phase.anchors && !phase.fill);
    [this.state, this.next] = [this.next, this.state];
    this.layer = layer;
    for (const candidate of this.phases) {
      if (candidate.first === layer && candidate.cells) {
        this.restart(candidate.cells, candidate.labels);
      }
    }
    if (layer % this.spacing === 0) this.keep();
  }

  /**
   * One application of the rule to all cells at once.
   * @param {boolean} fill
   * @param {boolean} anchors
   */
  apply(fill, anchors) {
    const { rows, words, size, planes, state, next, anchored } = this;
    const [first, second, third] = this.bits;
    const lastWord = (this.columns - 1) >>> 5, edge = 1 << ((this.columns - 1) & 31);
    for (let row = 0; row < rows; row++) {
      const up = row > 0 ? -words : 0, down = row + 1 < rows ? words : 0;
      for (let word = 0; word <= lastWord; word++) {
        const at = row * words + word;
        const a = first[at], b = second[at];
        let changes = -1;
        if (third) changes &= ~third[at];
        if (fill) changes &= ~state[planes * size + at];
        if (anchors) changes &= ~anchored[at];
        const fromUp = ~(a | b) & changes, fromRight = a & ~b & changes;
        const fromDown = ~a & b & changes, fromLeft = a & b & changes, stays = ~changes;
        for (let i = at, plane = 0; plane <= planes; plane++, i += size) {
          const here = state[i];
          const left = (here << 1) | (word > 0 ? state[i - 1] >>> 31 : here & 1);
          let right = (here >>> 1) | (word < lastWord ? state[i + 1] << 31 : 0);
          if (word === lastWord) right = (right & ~edge) | (here & edge);
          next[i] = (here & stays) | (state[i + up] & fromUp) | (right & fromRight)
            | (state[i + down] & fromDown) | (left & fromLeft);
        }
      }
    }
  }

  /** Remember this layer, so that going back need not begin at the start. */
  keep() {
    const most = Math.max(2, Math.floor(MOST_KEYFRAME_BYTES / this.state.byteLength));
    if (!this.keyframes.has(this.layer)) this.keyframes.set(this.layer, this.state.slice());
    while (this.keyframes.size > most) {
      this.spacing *= 2;
      for (const layer of this.keyframes.keys()) {
        if (layer % this.spacing && layer !== this.base) this.keyframes.delete(layer);
      }
    }
  }

  /**
   * Move towards a layer for some milliseconds.
   * @param {number} layer
   * @param {number} budget
   * @returns {boolean} whether it is reached
   */
  approach(layer, budget = Infinity) {
    let best = this.layer <= layer ? this.layer : -1, from = null;
    for (const [at, state] of this.keyframes) {
      if (at <= layer && at > best) [best, from] = [at, state];
    }
    if (from) {
      this.state.set(from);
      this.layer = best;
    }
    const end = performance.now() + budget;
    while (this.layer < layer) {
      if (performance.now() > end) return false;
      this.advance();
    }
    return true;
  }

  /** The classes of this layer's cells, one byte each. */
  unpack() {
    const { rows, words, size, planes, state } = this;
    const quads = new Uint32Array(rows * words * 8);
    for (let word = 0, out = 0; word < size; word++) {
      const classified = state[planes * size + word];
      for (let shift = 0; shift < 32; shift += 4, out++) {
        const known = (classified >>> shift) & 15;
        let four = SPREAD_FULL[~known & 15];
        for (let plane = 0, i = word; plane < planes; plane++, i += size) {
          four |= SPREAD[(state[i] >>> shift) & 15] << plane;
        }
        quads[out] = four;
      }
    }
    return { values: new Uint8Array(quads.buffer), stride: words * 32 };
  }

  /**
   * The classes of a layer's cells; null if they were no longer wanted before they were ready.
   * Long ways are gone in slices, so that the page stays alive.
   * @param {number} layer
   * @param {() => boolean} isWanted
   * @returns {Promise<Labels | null>}
   */
  async labels(layer, isWanted = () => true) {
    if (this.stored && layer <= this.base) return this.stored.labels(layer, isWanted);
    let labels = this.recent.get(layer);
    if (labels) return labels;
    if (this.stored && !this.keyframes.size) {
      const last = await this.stored.labels(this.base, isWanted);
      if (!last) return null;
      this.restart(Uint32Array.from(last.values.keys()), last.values);
      this.keep();
    }
    while (!this.approach(layer, SLICE_MS)) {
      await new Promise((resolve) => setTimeout(resolve));
      if (!isWanted()) return null;
    }
    labels = this.unpack();
    remember(this.recent, layer, labels);
    return labels;
  }
}
