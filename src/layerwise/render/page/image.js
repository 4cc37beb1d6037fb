/**
 * Pictures at the size of the screen, by the scene's own two ways of sampling: "nearest" gives an
 * output pixel the cell that its centre falls in, "area" the mean colour of all that it covers.
 */

/**
 * A picture: either class numbers with a palette, or colours of four bytes.
 * @typedef {{rows: number, columns: number, opaque: boolean,
 *   labels?: {values: Uint8Array, stride: number}, palette?: Uint32Array,
 *   colors?: Uint32Array}} Source
 * @typedef {{left: number, top: number, image: ImageData, opaque: boolean}} Patch
 */

/**
 * How output pixels along one axis are made of cells.
 * @param {number} start  where the box begins, in output pixels
 * @param {number} length  of the box
 * @param {number} count  cells along the box
 * @param {number} limit  output pixels there are
 * @param {boolean} area
 */
export function axisTaps(start, length, count, limit, area) {
  const round = area ? [Math.floor(start + 1e-6), Math.ceil(start + length - 1e-6)]
    : [Math.ceil(start - 0.5), Math.ceil(start + length - 0.5)];
  const first = Math.max(round[0], 0), end = Math.max(Math.min(round[1], limit), first);
  const cell = length / count;
  const offsets = new Int32Array(end - first + 1);
  /** @type {number[]} */
  const cells = [];
  /** @type {number[]} */
  const weights = [];
  for (let pixel = first; pixel < end; pixel++) {
    if (!area) {
      const at = Math.floor((pixel + 0.5 - start) / cell);
      cells.push(Math.min(Math.max(at, 0), count - 1));
      weights.push(1);
    } else {
      const low = Math.max(pixel, start), high = Math.min(pixel + 1, start + length);
      const from = Math.min(Math.max(Math.floor((low - start) / cell + 1e-9), 0), count - 1);
      const to = Math.min(Math.max(Math.ceil((high - start) / cell - 1e-9), from + 1), count);
      for (let i = from; i < to; i++) {
        const weight = Math.min(high, start + (i + 1) * cell) - Math.max(low, start + i * cell);
        if (weight <= 0 && to - from > 1) continue;
        cells.push(i);
        weights.push(Math.max(weight, 0));
      }
    }
    offsets[pixel - first + 1] = cells.length;
  }
  const simple = cells.length === end - first && weights.every((weight) => weight > 1 - 1e-6);
  return {
    first, length: end - first, offsets, simple,
    cells: Int32Array.from(cells), weights: Float32Array.from(weights),
  };
}

/**
 * The pixels of a picture in a box of the output.
 * @param {Source} source
 * @param {number[]} box  x, y, width, height in output pixels
 * @param {boolean} area
 * @param {[number, number]} limits  width and height of the output
 * @returns {Patch | null} null where nothing of it is in sight
 */
export function resample(source, box, area, limits) {
  const across = axisTaps(box[0], box[2], source.columns, limits[0], area);
  const down = axisTaps(box[1], box[3], source.rows, limits[1], area);
  if (!across.length || !down.length) return null;
  const image = new ImageData(across.length, down.length);
  const out = new Uint32Array(image.data.buffer);
  if (across.simple && down.simple) pick(source, across, down, out);
  else average(source, across, down, image.data);
  const opaque = source.opaque && !area || (source.opaque && whole(across) && whole(down));
  return { left: across.first, top: down.first, image, opaque };
}

/** Whether every output pixel is covered entirely. */
function whole(taps) {
  for (let i = 0; i < taps.length; i++) {
    let sum = 0;
    for (let k = taps.offsets[i]; k < taps.offsets[i + 1]; k++) sum += taps.weights[k];
    if (sum < 1 - 1e-4) return false;
  }
  return true;
}

/** One cell for every output pixel. */
function pick(source, across, down, out) {
  const { labels, palette, colors } = source;
  const cells = across.cells, width = across.length;
  for (let y = 0, o = 0; y < down.length; y++) {
    if (y > 0 && down.cells[y] === down.cells[y - 1]) {
      out.copyWithin(o, o - width, o);
      o += width;
    } else if (labels && palette) {
      const values = labels.values, row = down.cells[y] * labels.stride;
      for (let x = 0; x < width; x++) out[o++] = palette[values[row + cells[x]]];
    } else {
      const row = down.cells[y] * source.columns;
      for (let x = 0; x < width; x++) out[o++] = colors[row + cells[x]];
    }
  }
}

/** The mean of the covered cells, weighted by area, with colours scaled by their alpha. */
function average(source, across, down, data) {
  const width = across.length;
  const rows = [new Float32Array(4 * width), new Float32Array(4 * width)];
  const held = [-1, -1];
  const sum = new Float32Array(4 * width);
  for (let y = 0, o = 0; y < down.length; y++) {
    sum.fill(0);
    for (let k = down.offsets[y]; k < down.offsets[y + 1]; k++) {
      const cell = down.cells[k], weight = down.weights[k];
      let slot = held.indexOf(cell);
      if (slot < 0) {
        slot = held[0] < held[1] ? 0 : 1;
        held[slot] = cell;
        averageRow(source, cell, across, rows[slot]);
      }
      const row = rows[slot];
      for (let i = 0; i < sum.length; i++) sum[i] += weight * row[i];
    }
    for (let x = 0; x < width; x++, o += 4) {
      const alpha = sum[4 * x + 3];
      const scale = alpha > 0 ? 255 / alpha : 0;
      data[o] = sum[4 * x] * scale + 0.5;
      data[o + 1] = sum[4 * x + 1] * scale + 0.5;
      data[o + 2] = sum[4 * x + 2] * scale + 0.5;
      data[o + 3] = alpha + 0.5;
    }
  }
}

function averageRow(source, row, across, out) {
  const { labels, palette, colors } = source;
  const { cells, weights, offsets } = across;
  const start = row * (labels ? labels.stride : source.columns);
  for (let x = 0; x < across.length; x++) {
    let red = 0, green = 0, blue = 0, alpha = 0;
    for (let k = offsets[x]; k < offsets[x + 1]; k++) {
      const at = start + cells[k];
      const color = labels ? palette[labels.values[at]] : colors[at];
      const weight = weights[k] * (color >>> 24);
      red += weight * (color & 255);
      green += weight * ((color >>> 8) & 255);
      blue += weight * ((color >>> 16) & 255);
      alpha += weight;
    }
    out[4 * x] = red / 255;
    out[4 * x + 1] = green / 255;
    out[4 * x + 2] = blue / 255;
    out[4 * x + 3] = alpha;
  }
}
