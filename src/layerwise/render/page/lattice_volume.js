/**
 * The layers of a lattice network with slices, computed from its recipe bit for bit.
 *
 * A cell has six neighbours; one beyond the edge is the cell itself. In layer L every cell draws
 * three random bits (a, b, c), code a + 2b + 4c: 0 up, 1 right, 2 down, 3 left, 4 the slice before,
 * 5 the slice behind; 6 and 7 keep its state. The bits are those of `lattice.js` with row r of
 * slice z as row z·rows + r.
 */

import { LatticeReplay } from "./lattice.js";

/** A lattice network with slices that is run again, layer by layer, as far as asked. */
export class VolumeReplay extends LatticeReplay {
  /** @param {Object<string, any>} recipe */
  constructor(recipe) {
    // To everything but the rule itself, slices are more rows; its third bit is that of lazy ones.
    super({ ...recipe, rows: recipe.slices * recipe.rows, lazy: true });
    this.slices = recipe.slices;
    this.rowsOfSlice = recipe.rows;
  }

  /**
   * One application of the rule to all cells at once.
   * @param {boolean} fill
   * @param {boolean} anchors
   */
  apply(fill, anchors) {
    const { slices, rowsOfSlice, words, size, planes, state, next, anchored } = this;
    const [first, second, third] = this.bits;
    const lastWord = (this.columns - 1) >>> 5, edge = 1 << ((this.columns - 1) & 31);
    const page = rowsOfSlice * words;
    for (let row = 0; row < slices * rowsOfSlice; row++) {
      const inSlice = row % rowsOfSlice;
      const up = inSlice > 0 ? -words : 0, down = inSlice + 1 < rowsOfSlice ? words : 0;
      const before = row >= rowsOfSlice ? -page : 0;
      const behind = row + rowsOfSlice < slices * rowsOfSlice ? page : 0;
      for (let word = 0; word <= lastWord; word++) {
        const at = row * words + word;
        const a = first[at], b = second[at], c = third[at];
        let changes = ~(b & c);
        if (fill) changes &= ~state[planes * size + at];
        if (anchors) changes &= ~anchored[at];
        const level = changes & ~c, across = changes & c;
        const fromUp = ~(a | b) & level, fromRight = a & ~b & level;
        const fromDown = ~a & b & level, fromLeft = a & b & level;
        const fromBefore = ~a & across, fromBehind = a & across, stays = ~changes;
        for (let i = at, plane = 0; plane <= planes; plane++, i += size) {
          const here = state[i];
          const left = (here << 1) | (word > 0 ? state[i - 1] >>> 31 : here & 1);
          let right = (here >>> 1) | (word < lastWord ? state[i + 1] << 31 : 0);
          if (word === lastWord) right = (right & ~edge) | (here & edge);
          next[i] = (here & stays) | (state[i + up] & fromUp) | (right & fromRight)
            | (state[i + down] & fromDown) | (left & fromLeft)
            | (state[i + before] & fromBefore) | (state[i + behind] & fromBehind);
        }
      }
    }
  }
}
