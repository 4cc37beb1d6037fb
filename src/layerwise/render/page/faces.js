/**
 * A turned grid of cells as a picture: the faces towards the viewer, the farthest first.
 *
 * The projection is orthographic. A grid (slice, row, column) stands with columns to the right,
 * rows downwards and slices away from a viewer at turn 0; the viewer walks around its upright axis
 * by `turn` and looks down on it from `height` (both in degrees). Cells are cubes of side 1.
 */

/** The code of a cell that is not there. */
export const EMPTY = 65535;
/** Samples that faces are wider on each side, so that rounding leaves no gap between two. */
const OVERLAP = 1e-6;

/** Right, down and into the picture, each as column, row, slice. */
export function axesOf(turn, height) {
  const [one, other] = [turn, height].map((angle) => (angle * Math.PI) / 180);
  const sine = Math.sin(one), cosine = Math.cos(one), up = Math.sin(other), level = Math.cos(other);
  return [
    [cosine, 0, sine], [sine * up, level, -cosine * up], [-sine * level, up, cosine * level],
  ];
}

/**
 * How a grid's corner 0 and its three edges lie in a picture.
 * @param {number[]} shape  slices, rows, columns
 * @param {number[]} middle  where the grid's middle is
 * @returns {number[][]} the corner and the edges along columns, rows and slices, each x and y
 */
export function cornersOf(shape, axes, cell, middle) {
  const edges = [0, 1, 2].map((axis) => [axes[0][axis] * cell, axes[1][axis] * cell]);
  const corner = [0, 1].map((part) => middle[part]
    - edges.reduce((sum, edge, axis) => sum + (edge[part] * shape[2 - axis]) / 2, 0));
  return [corner, ...edges];
}

/**
 * The faces that look at the viewer, from far to near: column, row and slice of a face's corner,
 * its axis, its code, one after the other.
 * @param {Uint16Array} codes
 * @param {number[]} shape
 * @param {number[]} into
 * @param {number[][] | null} eighth  first and end of the slices, rows, columns that are cut away
 */
export function facesOf(codes, shape, into, eighth) {
  const [slices, rows, columns] = shape;
  const step = into.map((way) => (way < 0 ? -1 : 1));
  const side = [columns, rows, slices], stride = [1, columns, rows * columns];
  const isCut = eighth ? (x, y, z) => z >= eighth[0][0] && z < eighth[0][1] && y >= eighth[1][0]
    && y < eighth[1][1] && x >= eighth[2][0] && x < eighth[2][1] : () => false;
  let faces = new Int32Array(1 << 16), found = 0;
  const at = [0, 0, 0];
  for (let k = 0; k < slices; k++) {
    at[2] = step[2] < 0 ? k : slices - 1 - k;
    for (let j = 0; j < rows; j++) {
      at[1] = step[1] < 0 ? j : rows - 1 - j;
      const row = at[2] * stride[2] + at[1] * columns;
      for (let i = 0; i < columns; i++) {
        const x = step[0] < 0 ? i : columns - 1 - i, code = codes[row + x];
        if (code === EMPTY) continue;
        at[0] = x;
        if (eighth && isCut(x, at[1], at[2])) continue;
        for (let axis = 0; axis < 3; axis++) {
          const next = at[axis] - step[axis];
          if (next >= 0 && next < side[axis]
            && codes[row + x - step[axis] * stride[axis]] !== EMPTY) {
            if (!eighth) continue;
            const beside = [at[0], at[1], at[2]];
            beside[axis] = next;
            if (!isCut(beside[0], beside[1], beside[2])) continue;
          }
          if (found + 5 > faces.length) {
            const more = new Int32Array(2 * faces.length);
            more.set(faces);
            faces = more;
          }
          faces[found] = x + (axis === 0 && step[0] < 0 ? 1 : 0);
          faces[found + 1] = at[1] + (axis === 1 && step[1] < 0 ? 1 : 0);
          faces[found + 2] = at[2] + (axis === 2 && step[2] < 0 ? 1 : 0);
          faces[found + 3] = axis;
          faces[found + 4] = code;
          found += 5;
        }
      }
    }
  }
  return faces.subarray(0, found);
}

/**
 * Fill faces into an array of samples.
 * @param {Int32Array} faces
 * @param {number[][]} corners
 * @param {Uint32Array} colors  of 3 · code + axis
 * @param {Uint32Array} samples
 * @param {number} width
 * @param {number} height
 */
export function drawFaces(faces, corners, colors, samples, width, height) {
  const [[x0, y0], ...edges] = corners;
  const [[cx, cy], [rx, ry], [sx, sy]] = edges;
  for (let at = 0; at < faces.length; at += 5) {
    const column = faces[at], row = faces[at + 1], slice = faces[at + 2], axis = faces[at + 3];
    const x = x0 + column * cx + row * rx + slice * sx;
    const y = y0 + column * cy + row * ry + slice * sy;
    const ax = axis === 0 ? rx : cx, ay = axis === 0 ? ry : cy;
    const bx = axis === 2 ? rx : sx, by = axis === 2 ? ry : sy;
    const size = ax * by - ay * bx;
    if (Math.abs(size) < 1e-9) continue; // seen edge on
    const top = y + Math.min(0, ay) + Math.min(0, by), bottom = y + Math.max(0, ay) + Math.max(0, by);
    const start = Math.max(Math.ceil(top - 0.5 - OVERLAP), 0);
    const end = Math.min(Math.ceil(bottom - 0.5 + OVERLAP), height);
    const color = colors[3 * faces[at + 4] + axis];
    const hasFirst = Math.abs(by) > 1e-12, hasSecond = Math.abs(ay) > 1e-12;
    const firstSlope = bx / by, firstWidth = size / by, secondSlope = ax / ay, secondWidth = size / ay;
    for (let line = start; line < end; line++) {
      const down = line + 0.5 - y;
      // Within the face both shares of its edges are 0 to 1; each bounds the line.
      let low = -1e9, high = 1e9;
      if (hasFirst) {
        const p = down * firstSlope, q = p + firstWidth;
        low = p < q ? p : q;
        high = p < q ? q : p;
      }
      if (hasSecond) {
        const p = down * secondSlope, q = p - secondWidth;
        low = Math.max(low, p < q ? p : q);
        high = Math.min(high, p < q ? q : p);
      }
      const left = line * width + Math.max(Math.ceil(x + low - 0.5 - OVERLAP), 0);
      const right = line * width + Math.min(Math.ceil(x + high - 0.5 + OVERLAP), width);
      for (let sample = left; sample < right; sample++) samples[sample] = color;
    }
  }
}

/**
 * Pixels as the mean of two by two samples, which are clear or opaque.
 * @param {Uint32Array} samples
 * @param {Uint32Array} pixels
 * @param {number} width  of the pixels
 * @param {number} height
 */
export function mixSamples(samples, pixels, width, height) {
  const bytes = new Uint8Array(samples.buffer, samples.byteOffset, 4 * samples.length);
  const out = new Uint8Array(pixels.buffer, pixels.byteOffset, 4 * pixels.length);
  for (let i = 0; i < height; i++) {
    for (let j = 0, to = i * width, from = 4 * i * width; j < width; j++, to++, from += 2) {
      const a = samples[from], b = samples[from + 1];
      const c = samples[from + 2 * width], d = samples[from + 2 * width + 1];
      if (a === b && a === c && a === d) {
        pixels[to] = a;
        continue;
      }
      const known = (a ? 1 : 0) + (b ? 1 : 0) + (c ? 1 : 0) + (d ? 1 : 0), one = 4 * from;
      for (let part = 0; part < 3; part++) {
        const total = bytes[one + part] + bytes[one + 4 + part] + bytes[one + 8 * width + part]
          + bytes[one + 8 * width + 4 + part];
        out[4 * to + part] = Math.floor((total + (known >> 1)) / known);
      }
      out[4 * to + 3] = (255 * known + 2) >> 2;
    }
  }
}
