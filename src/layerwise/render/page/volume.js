/** Draws a grid in three dimensions: turned, and three slices through it; answers what is where. */

import { axesOf, cornersOf, drawFaces, EMPTY, facesOf, mixSamples } from "./faces.js";
import { resample } from "./image.js";
import { cssOf } from "./pointing.js";

/** Opacity of the lines that say where the other two slices are. */
const CROSS = 0.45;
const FONT = '"Layerwise Sans", sans-serif';
/** The least and the most that a reader can look down, in degrees. */
const LOWEST = 0, HIGHEST = 85;

/** The picture of a grid in one layout of a film. */
export class VolumePicture {
  /**
   * @param {Object<string, any>} volume  as it is written
   * @param {import("./volume_cells.js").VolumeCells} cells
   */
  constructor(volume, cells) {
    this.volume = volume;
    this.cells = cells;
    this.canvas = document.createElement("canvas");
    this.key = "";
    /** Samples a pixel, across and down: 1 while something moves. */
    this.finer = 2;
    /** @type {{codes: Uint16Array | null, key: string, faces: Int32Array}} */
    this.faces = { codes: null, key: "", faces: new Int32Array(0) };
  }

  /** From where the grid is seen at a stop: turn and height in degrees. */
  seenFrom(stop) {
    const { volume, cells } = this;
    const height = Math.min(Math.max(volume.height + cells.height, LOWEST), HIGHEST);
    return { turn: volume.turns[stop] + cells.turn, height };
  }

  /** The first and the end of the slices, rows and columns that are cut away; null for none. */
  eighth(stop, axes) {
    const { volume, cells } = this;
    if (stop < volume.cut_from) return null;
    return cells.position.map((at, axis) =>
      (axes[2][2 - axis] < 0 ? [at + 1, volume.shape[axis]] : [0, at]));
  }

  /**
   * @param {CanvasRenderingContext2D} context  scaled to the scene's lengths
   * @param {import("./volume_cells.js").Prepared} shown
   * @param {number} scale
   * @param {{zoom: number, x: number, y: number}} view
   * @param {(mark: Object<string, any>) => void} draw  draws a mark of the scene
   */
  paint(context, shown, scale, view, draw) {
    const { volume } = this, { stop } = shown;
    const seen = this.seenFrom(stop), axes = axesOf(seen.turn, seen.height);
    const eighth = this.eighth(stop, axes);
    const said = stop < volume.cut_from ? volume.seen : volume.seen_cut;
    const degrees = (angle) => String(Math.round(angle)).replace("-", "−");
    const turn = ((seen.turn + 180) % 360 + 360) % 360 - 180;
    draw(this.text(volume.seen_at,
      said.replace("{turn}", degrees(turn)).replace("{height}", degrees(seen.height))));
    const [behind, before] = this.edges(axes, eighth);
    draw(segments(behind, 1, volume.hairline));
    this.paintGrid(context, shown, scale, view, seen, axes, eighth);
    draw(segments(before, 1, volume.hairline));
    this.arrows(context, axes).forEach(draw);
    this.paintCuts(context, shown, scale, view, draw);
  }

  text(at, string, anchor = "start") {
    const { size, grey } = this.volume;
    return { kind: "text", at, string, size, color: grey, weight: 400, anchor, family: "sans" };
  }

  /** Where points (column, row, slice) of the grid are in the scene. */
  placed(axes, point) {
    const { volume } = this, [x, y, width, height] = volume.grid;
    const away = point.map((at, axis) => at - volume.shape[2 - axis] / 2);
    const along = (way) => volume.cell * way.reduce((sum, part, axis) => sum + part * away[axis], 0);
    return [x + width / 2 + along(axes[0]), y + height / 2 + along(axes[1])];
  }

  paintGrid(context, shown, scale, view, seen, axes, eighth) {
    const { volume, canvas } = this, [x, y, wide, high] = volume.grid;
    const { width, height } = context.canvas;
    const left = Math.max(Math.round((x - view.x) * scale), 0);
    const top = Math.max(Math.round((y - view.y) * scale), 0);
    const right = Math.min(Math.round((x + wide - view.x) * scale), width);
    const bottom = Math.min(Math.round((y + high - view.y) * scale), height);
    if (right <= left || bottom <= top) return;
    const cut = eighth ? String(eighth) : "", { codes, shaded } = shown.turned;
    const octant = axes[2].map(Math.sign).join();
    if (this.faces.codes !== codes || this.faces.key !== cut + octant) {
      const faces = facesOf(codes, volume.shape, axes[2], eighth);
      this.faces = { codes, key: cut + octant, faces };
      this.key = "";
    }
    const key = [left, top, right, bottom, scale, view.x, view.y, seen.turn, seen.height, this.finer];
    if (this.key !== key.join()) {
      this.key = key.join();
      const { finer } = this, size = [right - left, bottom - top];
      canvas.width = size[0];
      canvas.height = size[1];
      const image = new ImageData(size[0], size[1]);
      const pixels = new Uint32Array(image.data.buffer);
      const samples = finer === 1 ? pixels : new Uint32Array(pixels.length * finer * finer);
      const middle = [((x + wide / 2 - view.x) * scale - left) * finer,
        ((y + high / 2 - view.y) * scale - top) * finer];
      const corners = cornersOf(volume.shape, axes, volume.cell * scale * finer, middle);
      drawFaces(this.faces.faces, corners, shaded, samples, size[0] * finer, size[1] * finer);
      if (finer === 2) mixSamples(samples, pixels, size[0], size[1]);
      canvas.getContext("2d").putImageData(image, 0, 0);
    }
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(canvas, left, top);
    context.restore();
  }

  /** The edges of the grid behind and before its cells, x0 y0 x1 y1 one after the other. */
  edges(axes, eighth) {
    const side = [...this.volume.shape].reverse(), into = axes[2];
    const near = side.map((length, axis) => (into[axis] < 0 ? length : 0));
    const far = side.map((length, axis) => (into[axis] < 0 ? 0 : length));
    const planes = eighth
      ? [...eighth].reverse().map(([first, end], axis) => (into[axis] < 0 ? first : end)) : near;
    const behind = [], before = [];
    const add = (to, axis, from, end, one, other) => {
      const ends = [[], []];
      [from, end].forEach((at, number) => {
        ends[number][axis] = at;
        ends[number][(axis + 1) % 3] = one;
        ends[number][(axis + 2) % 3] = other;
      });
      to.push(...this.placed(axes, ends[0]), ...this.placed(axes, ends[1]));
    };
    for (let axis = 0; axis < 3; axis++) {
      const [b, c] = [(axis + 1) % 3, (axis + 2) % 3];
      add(behind, axis, near[axis], far[axis], far[b], far[c]);
      add(before, axis, near[axis], far[axis], far[b], near[c]);
      add(before, axis, near[axis], far[axis], near[b], far[c]);
      add(before, axis, planes[axis], far[axis], near[b], near[c]);
      if (!eighth) continue;
      add(before, axis, planes[axis], near[axis], planes[b], planes[c]);
      add(before, axis, planes[axis], near[axis], planes[b], near[c]);
      add(before, axis, planes[axis], near[axis], near[b], planes[c]);
    }
    return [behind, before];
  }

  /** Where the three axes go, with their names. */
  arrows(context, axes) {
    const { volume } = this, { arrow, size } = volume, lines = [], marks = [];
    const tips = [0, 1, 2].map((axis) => [0, 1].map(
      (part) => (volume.rising[axis] ? 1 : -1) * axes[part][axis] * arrow));
    const isLeft = tips.map((tip) => tip[0] < -0.35 * arrow);
    context.font = `400 ${size}px ${FONT}`;
    // Names to the left of the arrows need room there.
    const needed = tips.map((tip, axis) => (isLeft[axis]
      ? context.measureText(volume.names[axis]).width - tip[0] + 8 : 0));
    const x = Math.max(volume.arrows[0], volume.grid[0] + Math.max(...needed)), y = volume.arrows[1];
    tips.forEach((tip, axis) => {
      const length = Math.max(Math.hypot(...tip), 1e-9);
      const along = [tip[0] / length, tip[1] / length], end = [x + tip[0], y + tip[1]];
      lines.push(x, y, ...end);
      if (length > 12) {
        for (const way of [-1, 1]) {
          lines.push(...end, end[0] - 9 * along[0] - way * 4 * along[1],
            end[1] - 9 * along[1] + way * 4 * along[0]);
        }
      }
      const at = [end[0] + (isLeft[axis] ? -8 : 8), end[1] + 0.34 * size];
      marks.push(this.text(at, volume.names[axis], isLeft[axis] ? "end" : "start"));
    });
    return [segments(lines, 1.5, volume.grey), ...marks];
  }

  /** Each slice: its axis, rows, columns, the cell in a row and a column, the lines in it. */
  cuts() {
    const [slices, rows, columns] = this.volume.shape, [depth, row, column] = this.cells.position;
    const cell = (z, y, x) => (z * rows + y) * columns + x;
    return [
      { axis: 0, down: 1, across: 2, rows, columns, at: (i, j) => cell(depth, i, j),
        cross: [column, row], position: (i, j) => [depth, i, j] },
      { axis: 2, down: 1, across: 0, rows, columns: slices, at: (i, j) => cell(j, i, column),
        cross: [depth, row], position: (i, j) => [j, i, column] },
      { axis: 1, down: 0, across: 2, rows: slices, columns,
        at: (i, j) => cell(slices - 1 - i, row, j), cross: [column, slices - 1 - depth],
        position: (i, j) => [slices - 1 - i, row, j] },
    ];
  }

  paintCuts(context, shown, scale, view, draw) {
    const { volume } = this, { codes, colors } = shown.cut;
    const blank = new Uint32Array(new Uint8Array(volume.unclassified).buffer)[0];
    this.cuts().forEach(({ axis, rows, columns, at, cross }, number) => {
      const [x, y, width, height] = volume.boxes[number];
      const pixels = new Uint32Array(rows * columns);
      for (let i = 0, to = 0; i < rows; i++) {
        for (let j = 0; j < columns; j++, to++) pixels[to] = colors[codes[at(i, j)]] ?? blank;
      }
      const place = [x - view.x, y - view.y, width, height].map((length) => length * scale);
      const source = { rows, columns, opaque: true, colors: pixels };
      const patch = resample(source, place, false, [context.canvas.width, context.canvas.height]);
      draw(this.text([x, volume.captions_at], volume.captions[axis][this.cells.position[axis]]));
      if (patch) context.putImageData(patch.image, patch.left, patch.top);
      draw({
        kind: "rectangles", count: 1, boxes: [x - 0.5, y - 0.5, width + 1, height + 1],
        fill: [0, 0, 0, 0], radii: [0], stroke: volume.hairline, stroke_widths: [1],
      });
      const right = x + ((cross[0] + 0.5) / columns) * width;
      const down = y + ((cross[1] + 0.5) / rows) * height;
      draw(segments([right, y, right, y + height, x, down, x + width, down], 1,
        [...volume.ink.slice(0, 3), Math.round(255 * CROSS)]));
    });
  }

  /** The number of the slice at a place of the scene, and the cell in it; null where none is. */
  cutAt(x, y) {
    const cuts = this.cuts();
    for (const [number, [left, top, width, height]] of this.volume.boxes.entries()) {
      const { rows, columns } = cuts[number];
      const column = Math.floor(((x - left) / width) * columns);
      const row = Math.floor(((y - top) / height) * rows);
      if (column >= 0 && row >= 0 && column < columns && row < rows) return { number, row, column };
    }
    return null;
  }

  /**
   * The cell of the turned grid that is seen at a place of the scene: slice, row and column.
   * The way into the picture goes from cell to cell (Amanatides & Woo 1987).
   * @param {import("./volume_cells.js").Prepared} shown
   * @returns {number[] | null}
   */
  cellAt(x, y, { turned, stop }) {
    const { volume } = this, [left, top, width, height] = volume.grid;
    const seen = this.seenFrom(stop), axes = axesOf(seen.turn, seen.height);
    const eighth = this.eighth(stop, axes), side = [...volume.shape].reverse();
    const right = (x - left - width / 2) / volume.cell, down = (y - top - height / 2) / volume.cell;
    const start = side.map((length, axis) =>
      length / 2 + right * axes[0][axis] + down * axes[1][axis]);
    const into = axes[2].map((way) => (Math.abs(way) < 1e-9 ? 1e-9 : way));
    const ways = into.map((way, axis) => [-start[axis] / way, (side[axis] - start[axis]) / way]);
    let way = Math.max(...ways.map((ends) => Math.min(...ends)));
    const end = Math.min(...ways.map((ends) => Math.max(...ends)));
    while (way < end) {
      const at = start.map((from, axis) => Math.min(Math.max(
        Math.floor(from + (way + 1e-7) * into[axis]), 0), side[axis] - 1));
      const cell = [at[2], at[1], at[0]];
      const isCut = eighth?.every(([first, last], axis) => cell[axis] >= first && cell[axis] < last);
      const code = turned.codes[(cell[0] * side[1] + cell[1]) * side[0] + cell[2]];
      if (!isCut && code !== EMPTY) return cell;
      way = Math.min(...at.map((place, axis) =>
        (place + (into[axis] > 0 ? 1 : 0) - start[axis]) / into[axis])) + 1e-7;
    }
    return null;
  }

  /** The box around a cell of the turned grid. */
  boxOf(cell, stop) {
    const seen = this.seenFrom(stop), axes = axesOf(seen.turn, seen.height);
    const corners = [0, 1, 2, 3, 4, 5, 6, 7].map((corner) => this.placed(axes,
      [cell[2] + (corner & 1), cell[1] + ((corner >> 1) & 1), cell[0] + (corner >> 2)]));
    const [x, y] = [0, 1].map((part) => Math.min(...corners.map((place) => place[part])));
    const [right, bottom] = [0, 1].map((part) => Math.max(...corners.map((place) => place[part])));
    return [x, y, right - x, bottom - y];
  }

  /** Whether a place of the scene belongs to the turned grid. */
  isGrid(x, y) {
    const [left, top, width, height] = this.volume.grid;
    return x >= left && y >= top && x <= left + width && y <= top + height;
  }
}

/** Straight strokes as a mark. */
function segments(ends, width, color) {
  return { kind: "segments", count: ends.length / 4, ends, widths: [width], colors: color };
}

/** Answers a pointer or a keyboard cursor over the slices, as `Readings` does over pictures. */
export class VolumeReadings {
  /**
   * @param {VolumePicture} picture
   * @param {() => import("./volume_cells.js").Prepared | null} shown  what is on the screen
   */
  constructor(picture, shown) {
    this.picture = picture;
    this.shown = shown;
  }

  /** What is told of a cell, by its slice, row and column. */
  reading(position, more) {
    const { volume } = this.picture, [, rows, columns] = volume.shape;
    const values = [volume.slice_values, volume.row_values, volume.column_values];
    const at = (position[0] * rows + position[1]) * columns + position[2];
    return {
      step: 1, classes: volume.classes, caption: volume.caption,
      // Columns, rows and slices, in the order in which the data has them.
      axes: [2, 1, 0].map((axis) => [volume.axes[axis], values[axis][position[axis]]]),
      told: (shown) => this.told(shown, at), at, ...more,
    };
  }

  /** @returns {any} a cell of a slice */
  cell(number, row, column) {
    const cut = this.picture.cuts()[number], { rows, columns } = cut;
    const box = this.picture.volume.boxes[number];
    const reading = this.reading(cut.position(row, column), { box, rows, columns, number });
    return { reading, row, column };
  }

  at(x, y) {
    const found = this.picture.cutAt(x, y), shown = this.shown();
    if (found) return this.cell(found.number, found.row, found.column);
    const cell = shown && this.picture.isGrid(x, y) ? this.picture.cellAt(x, y, shown) : null;
    if (!cell) return null;
    const box = this.picture.boxOf(cell, shown.stop);
    return { reading: this.reading(cell, { box, rows: 1, columns: 1, turns: true }), row: 0, column: 0 };
  }

  moved({ reading, row, column }, rows, columns) {
    if (reading.turns) return this.middle();
    const into = (place, count) => Math.min(Math.max(place, 0), count - 1);
    return this.cell(reading.number, into(row + rows, reading.rows),
      into(column + columns, reading.columns));
  }

  middle() {
    const { rows, columns } = this.picture.cuts()[0];
    return this.cell(0, rows >> 1, columns >> 1);
  }

  percent({ reading }) {
    return this.picture.cells.percent(reading.at);
  }

  /** What a cell holds at the stop that is shown. */
  told({ labels }, at) {
    const { colors } = this.picture.cells.classTables;
    const chips = [...colors].map(cssOf), { unclassified } = this.picture.volume;
    const color = chips[labels[at]] ?? `rgb(${unclassified.slice(0, 3).join(" ")})`;
    return { color, label: labels[at], chips };
  }
}
