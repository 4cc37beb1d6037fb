/** Draws the marks of a scene on a 2-D canvas, by the same definitions as the files. */

import { CurveSheets } from "./curves.js";
import { numbersOf, paletteOf, Pictures, runsOf } from "./document.js";
import { FramesReplay } from "./frames.js";
import { resample } from "./image.js";
import { LatticeReplay } from "./lattice.js";
import { VolumeReplay } from "./lattice_volume.js";
import { VolumePicture } from "./volume.js";
import { VolumeCells, volumeOf } from "./volume_cells.js";

/**
 * @typedef {import("./document.js").SceneDocument} SceneDocument
 * @typedef {import("./document.js").Film} Film
 * @typedef {import("./image.js").Source} Source
 * @typedef {Object<string, any>} Mark
 * @typedef {{zoom: number, x: number, y: number}} View  magnified so much, from there on
 * @typedef {{site: string, isLit: (to: number, from: number) => boolean}} Lights
 */

const FONTS = { sans: '"Layerwise Sans", sans-serif', mono: '"Layerwise Mono", monospace' };
/** The whole scene, not magnified. */
export const WHOLE = { zoom: 1, x: 0, y: 0 };
/** The opacity of lit links, and what is left of the others'. */
const LIT = Math.round(0.95 * 255), DIMMED = 0.35;
const REPLAYS = { copy: LatticeReplay, "copy in volume": VolumeReplay, frames: FramesReplay };

/** What every layout of a scene draws from: pictures, palettes and replays. */
export class Sources {
  /** @param {SceneDocument} scene */
  constructor(scene) {
    this.bytes = scene.bytes;
    this.pictures = new Pictures(scene);
    this.entries = scene.pictures;
    this.runs = runsOf(scene);
    this.palettes = scene.palettes.map((palette) => paletteOf(numbersOf(palette)));
    /** @type {Map<string, LatticeReplay | FramesReplay>} */
    this.replays = new Map();
    this.recipes = scene.replays;
  }

  /** The picture of a grid in three dimensions; its cells are the same in every layout. */
  volumePicture(written) {
    const volume = volumeOf(written, this.bytes);
    this.cells ??= new VolumeCells(volume, this.replay(volume.site), this.recipes[volume.site]);
    return new VolumePicture(volume, this.cells);
  }

  /** @param {string} site */
  replay(site) {
    let replay = this.replays.get(site);
    if (!replay) {
      const Replay = REPLAYS[this.recipes[site].rule];
      if (!Replay) throw new Error(`This page cannot replay the rule ${this.recipes[site].rule}`);
      replay = new Replay(this.recipes[site]);
      this.replays.set(site, replay);
    }
    return replay;
  }

  /**
   * An image mark's cells, computed or decoded; null if they are no longer wanted.
   * @param {Mark} mark
   * @param {() => boolean} isWanted
   * @returns {Promise<Source | null>}
   */
  async source(mark, isWanted = () => true) {
    const palette = mark.palette === undefined ? null : this.palettes[mark.palette];
    if (mark.picture === undefined) {
      const replay = this.replay(mark.refers.site);
      const labels = await replay.labels(replay.layerOf(mark.refers.moment), isWanted);
      if (!labels || !palette) return null;
      const { rows, columns } = replay;
      return { rows, columns, labels, palette: palette.pixels, opaque: palette.opaque };
    }
    const { rows, columns } = this.entries[mark.picture];
    const bytes = await this.pictures.pixels(mark.picture);
    const colors = new Uint32Array(bytes.buffer, bytes.byteOffset, rows * columns);
    let opaque = palette?.opaque ?? true;
    if (!palette) for (let i = 0; opaque && i < colors.length; i++) opaque = colors[i] >>> 24 === 255;
    return { rows, columns, colors, opaque };
  }
}

/** Draws the stops of one layout of a scene. */
export class Painter {
  /**
   * @param {Film} film
   * @param {Sources} sources
   */
  constructor(film, sources) {
    this.film = film;
    this.sources = sources;
    /** @type {Map<number, Mark>} */
    this.decoded = new Map();
    /** @type {Map<string, import("./image.js").Patch | null>} */
    this.patches = new Map();
    this.scratch = document.createElement("canvas");
    this.sheets = new CurveSheets(film, (index) => this.mark(index));
    this.volume = film.volume ? sources.volumePicture(film.volume) : null;
  }

  /** @param {number} index  of a mark, its arrays unpacked */
  mark(index) {
    let mark = this.decoded.get(index);
    if (!mark) {
      mark = unpack(this.film.marks[index], this.sources.runs);
      this.decoded.set(index, mark);
      if (this.decoded.size > 4096) this.decoded.delete(this.decoded.keys().next().value);
    }
    return mark;
  }

  /**
   * Make ready what a stop needs; null if it is no longer wanted.
   * @param {number} stop
   * @param {() => boolean} isWanted
   * @returns {Promise<(Source | null)[] | null>} a source for each mark that is an image
   */
  async prepare(stop, isWanted = () => true) {
    /** @type {(Source | null)[]} */
    const sources = [];
    for (const index of this.film.stops[stop].marks) {
      const mark = this.mark(index);
      if (mark.kind !== "image") {
        sources.push(null);
        continue;
      }
      const source = await this.sources.source(mark, isWanted);
      if (!source || !isWanted()) return null;
      sources.push(source);
    }
    if (this.volume) {
      const shown = await this.volume.cells.prepare(stop, isWanted);
      return shown && Object.assign(sources, { volume: shown });
    }
    return sources;
  }

  /**
   * Draw a stop on a whole canvas.
   * @param {CanvasRenderingContext2D} context
   * @param {number} stop
   * @param {(Source | null)[]} sources
   * @param {Lights[] | null} lights  the links that are lit; all others are dimmed
   * @param {View} view  what part of the scene is shown
   */
  paint(context, stop, sources, lights = null, view = WHOLE) {
    const { width, height } = context.canvas;
    const scale = (width / this.film.size[0]) * view.zoom;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = css(this.film.ground, 0);
    context.fillRect(0, 0, width, height);
    context.setTransform(scale, 0, 0, scale, -view.x * scale, -view.y * scale);
    this.film.stops[stop].marks.forEach((index, order) => {
      const mark = lights ? litMark(this.mark(index), lights) : this.mark(index);
      const sheet = mark.kind === "curves" && view.zoom === 1
        ? this.sheets.find(this.film.marks[index], width, height) : null;
      if (mark.kind === "image") this.paintImage(context, index, mark, sources[order], scale, view);
      else if (sheet) sheet.paint(context, mark, scale, order === 0 ? this.film.ground : null);
      else PAINTERS[mark.kind](context, mark, scale);
    });
    this.volume?.paint(context, sources.volume, scale, view,
      (mark) => PAINTERS[mark.kind](context, mark, scale));
  }

  /** @param {Source | null} source */
  paintImage(context, index, mark, source, scale, { x, y }) {
    if (!source) return;
    const { width, height } = context.canvas;
    const key = `${index} ${width} ${height} ${scale} ${x} ${y}`;
    let patch = this.patches.get(key);
    if (patch === undefined) {
      const [left, top, wide, high] = mark.box;
      const place = [left - x, top - y, wide, high].map((length) => length * scale);
      patch = resample(source, place, mark.sampling === "area", [width, height]);
    }
    this.patches.delete(key); // set again, so that the one used longest ago is dropped first
    this.patches.set(key, patch);
    if (this.patches.size > 12) this.patches.delete(this.patches.keys().next().value);
    if (!patch) return;
    if (patch.opaque) {
      context.putImageData(patch.image, patch.left, patch.top);
      return;
    }
    this.scratch.width = patch.image.width;
    this.scratch.height = patch.image.height;
    this.scratch.getContext("2d").putImageData(patch.image, 0, 0);
    context.save();
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.drawImage(this.scratch, patch.left, patch.top);
    context.restore();
  }
}

const ARRAY_WIDTHS = {
  centers: 2, ends: 4, points: 8, boxes: 4, radii: 1, widths: 1, fill: 4, stroke: 4, stroke_widths: 1,
  colors: 4,
};

/** A mark with its arrays as flat numbers and how many it has. */
function unpack(written, runs) {
  const mark = { ...written };
  for (const [name, width] of Object.entries(ARRAY_WIDTHS)) {
    const value = written[name];
    if (value === undefined) continue;
    const run = value.run === undefined ? null : runs[value.run];
    mark[name] = run
      ? (run.subarray?.(0, value.count * width) ?? run.slice(0, value.count * width))
      : numbersOf(value);
    if (["centers", "ends", "points", "boxes"].includes(name)) mark.count = mark[name].length / width;
  }
  if (mark.order) mark.order = orderOf(mark, runs);
  const indices = written.refers?.indices;
  if (indices) mark.indices = indices.run === undefined ? indices.flat() : runs[indices.run];
  return mark;
}

/** The mark with its links lit or dimmed, the lit ones last; itself if it has no such links. */
function litMark(mark, lights) {
  if (mark.kind !== "curves" || !mark.indices || mark.indices.length !== 2 * mark.count) return mark;
  const colors = new Uint8Array(4 * mark.count);
  const own = lights.filter(({ site }) => site === mark.refers.site);
  const below = [], above = [];
  for (let place = 0; place < mark.count; place++) {
    const i = mark.order ? mark.order[place] : place, from = colorAt(mark.colors, i);
    for (let part = 0; part < 4; part++) colors[4 * i + part] = mark.colors[from + part];
    const isLit = own.some((each) => each.isLit(mark.indices[2 * i], mark.indices[2 * i + 1]));
    (isLit ? above : below).push(i);
    colors[4 * i + 3] = isLit ? LIT : colors[4 * i + 3] * DIMMED;
  }
  return { ...mark, colors, order: [...below, ...above] };
}

/** Which of a mark's curves is drawn first, second and so on. */
function orderOf({ order, colors, count }, runs) {
  if (order !== "alpha") return runs[order.run];
  const alpha = (i) => colors[4 * i + 3];
  return Uint32Array.from({ length: count }, (_, i) => i).sort((one, other) =>
    alpha(one) - alpha(other) || one - other);
}

/** The i-th of a mark's numbers, or the one that stands for all. */
function one(numbers, i) {
  return numbers.length === 1 ? numbers[0] : numbers[i];
}

/** Where the i-th colour begins. */
function colorAt(numbers, i) {
  return numbers.length === 4 ? 0 : 4 * i;
}

/** @type {Map<number, string>} */
const styles = new Map();

/** A colour of four bytes as CSS, its alpha times `strength`. */
function css(color, at, strength = 1) {
  const alpha = Math.round(color[at + 3] * strength * 100) / 100;
  const key = ((color[at] * 256 + color[at + 1]) * 256 + color[at + 2]) * 65536 + alpha * 100;
  let style = styles.get(key);
  if (!style) {
    if (styles.size > 8192) styles.clear();
    style = `rgb(${color[at]} ${color[at + 1]} ${color[at + 2]} / ${(alpha / 255).toFixed(5)})`;
    styles.set(key, style);
  }
  return style;
}

function paintDiscs(context, mark, scale) {
  const least = 0.5 / scale;
  for (let i = 0; i < mark.count; i++) {
    const x = mark.centers[2 * i], y = mark.centers[2 * i + 1];
    let radius = one(mark.radii, i), strength = 1;
    if (!(radius > 0)) continue;
    if (radius < least) {
      strength = (radius / least) ** 2;
      radius = least;
    }
    const fill = colorAt(mark.fill, i), stroke = colorAt(mark.stroke, i);
    const alpha = mark.stroke[stroke + 3];
    const rim = alpha > 0 ? Math.min(Math.max(one(mark.stroke_widths, i), 0), radius) : 0;
    // Under an opaque rim the fill stops half way, so that it does not shine through at the edge.
    const inner = alpha === 255 && strength === 1 ? radius - rim / 2 : radius;
    if (mark.fill[fill + 3] > 0 && inner > 0) {
      context.fillStyle = css(mark.fill, fill, strength);
      context.beginPath();
      context.arc(x, y, inner, 0, 2 * Math.PI);
      context.fill();
    }
    if (rim > 0) {
      context.strokeStyle = css(mark.stroke, stroke, strength);
      context.lineWidth = rim;
      context.beginPath();
      context.arc(x, y, radius - rim / 2, 0, 2 * Math.PI);
      context.stroke();
    }
  }
}

function paintSegments(context, mark, scale) {
  context.lineCap = "round";
  for (let i = 0; i < mark.count; i++) {
    const color = colorAt(mark.colors, i);
    const [width, strength] = line(one(mark.widths, i), scale);
    if (!(width > 0) || mark.colors[color + 3] === 0) continue;
    const ends = mark.ends, at = 4 * i;
    const style = css(mark.colors, color, strength);
    context.beginPath();
    if (ends[at] === ends[at + 2] && ends[at + 1] === ends[at + 3]) {
      context.fillStyle = style;
      context.arc(ends[at], ends[at + 1], width / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    context.strokeStyle = style;
    context.lineWidth = width;
    context.moveTo(ends[at], ends[at + 1]);
    context.lineTo(ends[at + 2], ends[at + 3]);
    context.stroke();
  }
}

function paintCurves(context, mark, scale) {
  context.lineCap = context.lineJoin = "round";
  const { points } = mark;
  for (let place = 0; place < mark.count; place++) {
    const i = mark.order ? mark.order[place] : place;
    const color = colorAt(mark.colors, i);
    const [width, strength] = line(one(mark.widths, i), scale);
    if (!(width > 0) || mark.colors[color + 3] === 0) continue;
    const style = css(mark.colors, color, strength), at = 8 * i;
    context.beginPath();
    if (isPoint(points, at)) {
      context.fillStyle = style;
      context.arc(points[at], points[at + 1], width / 2, 0, 2 * Math.PI);
      context.fill();
      continue;
    }
    context.strokeStyle = style;
    context.lineWidth = width;
    context.moveTo(points[at], points[at + 1]);
    context.bezierCurveTo(points[at + 2], points[at + 3], points[at + 4], points[at + 5],
      points[at + 6], points[at + 7]);
    context.stroke();
  }
}

/** Whether the four points of the curve that begins there are one: a canvas would draw nothing. */
function isPoint(points, at) {
  for (let i = 2; i < 8; i++) if (points[at + i] !== points[at + (i & 1)]) return false;
  return true;
}

/** A stroke's width, at least one device pixel, and what its alpha is scaled by instead. */
function line(width, scale) {
  const device = width * scale;
  return device > 0 && device < 1 ? [1 / scale, device] : [width, 1];
}

function paintRectangles(context, mark, scale) {
  for (let i = 0; i < mark.count; i++) {
    const [x, y, width, height] = [0, 1, 2, 3].map((k) => mark.boxes[4 * i + k]);
    if (!(width > 0 && height > 0)) continue;
    const fill = colorAt(mark.fill, i), stroke = colorAt(mark.stroke, i);
    const alpha = mark.stroke[stroke + 3], most = Math.min(width, height) / 2;
    const rim = alpha > 0 ? Math.min(Math.max(one(mark.stroke_widths, i), 0), most) : 0;
    let radius = Math.min(Math.max(one(mark.radii, i), 0), most);
    if (radius * scale < 0.5) radius = 0;
    if (mark.fill[fill + 3] > 0) {
      context.fillStyle = css(mark.fill, fill);
      box(context, x, y, width, height, radius, alpha === 255 ? rim / 2 : 0);
      context.fill();
    }
    if (rim > 0) {
      context.strokeStyle = css(mark.stroke, stroke);
      context.lineWidth = rim;
      context.lineJoin = "miter";
      box(context, x, y, width, height, radius, rim / 2);
      context.stroke();
    }
  }
}

/** The path of a box with round corners, every side moved in by `inset`. */
function box(context, x, y, width, height, radius, inset) {
  const [w, h] = [Math.max(width - 2 * inset, 0), Math.max(height - 2 * inset, 0)];
  context.beginPath();
  if (radius > inset) context.roundRect(x + inset, y + inset, w, h, radius - inset);
  else context.rect(x + inset, y + inset, w, h);
}

function paintText(context, mark) {
  context.font = `${mark.weight} ${mark.size}px ${FONTS[mark.family]}`;
  context.fontKerning = "normal";
  context.textRendering = "geometricPrecision";
  context.textBaseline = "alphabetic";
  context.textAlign = mark.anchor === "middle" ? "center" : mark.anchor;
  context.fillStyle = css(mark.color, 0);
  context.fillText(mark.string.normalize("NFC"), mark.at[0], mark.at[1]);
}

const PAINTERS = {
  discs: paintDiscs, segments: paintSegments, curves: paintCurves, rectangles: paintRectangles,
  text: paintText,
};
