/**
 * The exact class probabilities of a lattice network with slices after any number of fuzzy layers.
 *
 * T layers average a map T times over neighbours: ⅛ of each of the six, ¼ of the cell itself. With
 * the edge rule "beyond the edge the neighbour is the cell itself" cosines are the eigenvectors of
 * that average, so that T layers cost no more than one: each coefficient times its eigenvalue to
 * the power T. Coefficients whose powers are below 1e−18 are left out.
 */

/** Probability of being classified below which the filled grid decides. */
const TRACE_OF_EVIDENCE = 1e-12;
const NEGLIGIBLE = 1e-18;
/** So many layers are averaged one by one sooner than by cosines. */
const SOONER_STEPPED = 24;
/** Milliseconds of computing after which the page gets a turn. */
const BREATH_MS = 24;

/** @returns {Float64Array} the orthonormal cosines of a side: (frequency, place) */
export function cosines(side) {
  const table = new Float64Array(side * side);
  for (let k = 0; k < side; k++) {
    const scale = Math.sqrt((k ? 2 : 1) / side);
    for (let i = 0; i < side; i++) {
      table[k * side + i] = scale * Math.cos((Math.PI * k * (2 * i + 1)) / (2 * side));
    }
  }
  return table;
}

/**
 * Sums over the middle axis of an array (outer, side, inner) by a table (frequency, place): its
 * first `count` frequencies, or with `back` its places from so many frequencies.
 * @param {Float64Array} values
 * @param {number[]} shape  outer, length of the axis, inner
 * @param {Float64Array} table
 * @param {number} side  of the table
 * @param {number} count  how many of the other kind come out
 * @param {boolean} back
 */
export function transformed(values, [outer, length, inner], table, side, count, back) {
  const out = new Float64Array(outer * count * inner);
  for (let o = 0; o < outer; o++) {
    for (let k = 0; k < count; k++) {
      const to = (o * count + k) * inner;
      for (let j = 0; j < length; j++) {
        const factor = back ? table[j * side + k] : table[k * side + j];
        const from = (o * length + j) * inner;
        if (inner === 1) out[to] += factor * values[from];
        else for (let i = 0; i < inner; i++) out[to + i] += factor * values[from + i];
      }
    }
  }
  return out;
}

/** Gives the page a turn when computing has taken long. */
export class Breath {
  constructor() {
    this.since = performance.now();
  }

  async take() {
    if (performance.now() - this.since < BREATH_MS) return;
    await new Promise((resolve) => setTimeout(resolve));
    this.since = performance.now();
  }
}

/** The probabilities of one network. */
export class Diffusion {
  /**
   * @param {number[]} shape  slices, rows, columns
   * @param {Object<string, any>} recipe
   * @param {Uint8Array} first  what the fuzzy layers begin from: a class for each cell, 255 for none
   * @param {Uint8Array} filled  the filled grid
   * @param {Uint8Array | null} anchors  1 for cells that never change
   */
  constructor(shape, recipe, first, filled, anchors) {
    this.shape = shape;
    this.classes = recipe.classes;
    this.recipe = recipe;
    this.first = first;
    this.filled = filled;
    this.anchors = anchors;
    this.tables = shape.map(cosines);
    /** @type {Float64Array[] | null} */
    this.spectra = null;
    /** The latest maps, to go on from. @type {{layer: number, maps: Float64Array[]} | null} */
    this.latest = null;
  }

  /** For each class 1 where a cell has it in the beginning. */
  hot() {
    const maps = Array.from({ length: this.classes }, () => new Float64Array(this.first.length));
    this.first.forEach((label, cell) => {
      if (label < maps.length) maps[label][cell] = 1;
    });
    return maps;
  }

  /**
   * The probabilities after so many layers: for each class one number a cell.
   * @param {number} layers
   * @param {() => boolean} isWanted
   * @returns {Promise<Float64Array[] | null>} null if they are no longer wanted
   */
  async after(layers, isWanted = () => true) {
    const breath = new Breath(), { latest } = this;
    const from = latest && latest.layer <= layers ? latest : { layer: 0, maps: this.hot() };
    const isNear = layers - from.layer <= SOONER_STEPPED;
    const maps = isNear || this.anchors ? await this.step(from, layers, breath, isWanted)
      : await this.spread(layers, breath, isWanted);
    if (maps) this.latest = { layer: layers, maps };
    return maps && this.conditional(maps);
  }

  async spread(layers, breath, isWanted) {
    const { shape, tables } = this;
    if (!this.spectra) {
      const spectra = [];
      for (let values of this.hot()) {
        for (let axis = 0; axis < 3; axis++) {
          values = transformed(values, around(shape, axis), tables[axis], shape[axis],
            shape[axis], false);
          await breath.take();
          if (!isWanted()) return null;
        }
        spectra.push(values);
      }
      this.spectra = spectra;
    }
    const kept = shape.map((side) => keptCosines(side, layers));
    const powers = this.powers(kept, layers);
    const maps = [];
    for (const spectrum of this.spectra) {
      let values = new Float64Array(powers.length), sizes = [...kept], to = 0;
      for (let z = 0; z < kept[0]; z++) {
        for (let y = 0; y < kept[1]; y++) {
          const from = (z * shape[1] + y) * shape[2];
          for (let x = 0; x < kept[2]; x++, to++) values[to] = spectrum[from + x] * powers[to];
        }
      }
      for (let axis = 0; axis < 3; axis++) {
        values = transformed(values, around(sizes, axis), tables[axis], shape[axis], shape[axis],
          true);
        sizes[axis] = shape[axis];
        await breath.take();
        if (!isWanted()) return null;
      }
      for (let i = 0; i < values.length; i++) values[i] = Math.min(Math.max(values[i], 0), 1);
      maps.push(values);
    }
    return maps;
  }

  /** Each kept coefficient's eigenvalue to that power. */
  powers(kept, layers) {
    const angles = kept.map((count, axis) =>
      Float64Array.from({ length: count }, (_, k) => Math.cos((Math.PI * k) / this.shape[axis])));
    const powers = new Float64Array(kept[0] * kept[1] * kept[2]);
    let to = 0;
    for (const one of angles[0]) {
      for (const two of angles[1]) {
        for (const three of angles[2]) {
          powers[to++] = ((one + two + three) / 4 + 0.25) ** layers;
        }
      }
    }
    return powers;
  }

  async step({ layer, maps }, layers, breath, isWanted) {
    for (let at = layer; at < layers; at++) {
      maps = maps.map((map) => this.averaged(map));
      await breath.take();
      if (!isWanted()) return null;
    }
    return maps;
  }

  /** One average over neighbours; anchored cells keep theirs. */
  averaged(map) {
    const [slices, rows, columns] = this.shape, page = rows * columns;
    const out = new Float64Array(map.length);
    for (let z = 0; z < slices; z++) {
      const before = z > 0 ? -page : 0, behind = z + 1 < slices ? page : 0;
      for (let y = 0; y < rows; y++) {
        const up = y > 0 ? -columns : 0, down = y + 1 < rows ? columns : 0;
        const first = z * page + y * columns, last = first + columns - 1;
        let left = map[first], here = left;
        for (let at = first; at <= last; at++) {
          const right = map[at < last ? at + 1 : at];
          out[at] = 0.25 * here + 0.125 * (left + right + map[at + up] + map[at + down]
            + map[at + before] + map[at + behind]);
          left = here;
          here = right;
        }
      }
    }
    if (this.anchors) for (let i = 0; i < out.length; i++) if (this.anchors[i]) out[i] = map[i];
    return out;
  }

  /** Probabilities given that a cell has a class; without evidence those of the filled grid. */
  conditional(maps) {
    const { recipe, filled } = this;
    const trace = recipe.restart ? TRACE_OF_EVIDENCE : 0;
    const out = maps.map((map, k) => {
      const share = trace * recipe.error * recipe.frequencies[k], own = trace * (1 - recipe.error);
      const mixed = new Float64Array(map.length);
      for (let i = 0; i < mixed.length; i++) mixed[i] = map[i] + share + (filled[i] === k ? own : 0);
      return mixed;
    });
    const total = out[0].slice();
    for (const mixed of out.slice(1)) for (let i = 0; i < total.length; i++) total[i] += mixed[i];
    for (const mixed of out) for (let i = 0; i < total.length; i++) mixed[i] /= total[i];
    return out;
  }
}

/** An array's shape as what lies outside an axis, the axis, and what lies inside. */
function around(shape, axis) {
  const product = (sides) => sides.reduce((one, other) => one * other, 1);
  return [product(shape.slice(0, axis)), shape[axis], product(shape.slice(axis + 1))];
}

/** How many cosines of a side still count after so many layers. */
function keptCosines(side, layers) {
  let count = 1;
  while (count < side
    && ((3 + Math.cos((Math.PI * count) / side)) / 4) ** layers > NEGLIGIBLE) count += 1;
  return count;
}
