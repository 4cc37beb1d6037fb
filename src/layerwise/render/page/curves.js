/**
 * Many curves that keep their places while their widths and colours change: how far each pixel is
 * from each curve is worked out once, and a picture is then mixed from that, as the files' is.
 */

/** Curves in a mark below which the browser's own strokes are fast enough. */
const FEWEST = 500;
/** Pixels near curves beyond which a sheet would take too much memory. */
const MOST_PIXELS = 24e6;
/** Pixels' distances are kept in rings of half a pixel, so that a thin stroke reads few of them. */
const RING = 0.5;
const TOLERANCE = 0.03;
/** Milliseconds of a sheet's making after which the page may do something else. */
const PART_MS = 8;

/** The sheets of one film, the one used last of each run of points. */
export class CurveSheets {
  /**
   * @param {import("./document.js").Film} film
   * @param {(index: number) => Object<string, any>} unpacked  a mark of the film, unpacked
   */
  constructor(film, unpacked) {
    this.film = film;
    this.unpacked = unpacked;
    /**
     * @type {Map<number, {size: string, sheet: CurveSheet | null | undefined,
     *   making?: Promise<void>}>}
     */
    this.byRun = new Map();
    /** The marks of many curves whose points are a part of a run, by that run. */
    this.marks = new Map();
    film.marks.forEach((mark, index) => {
      if (mark.kind !== "curves" || !(mark.points.count >= FEWEST)) return;
      const { run } = mark.points;
      this.marks.set(run, [...(this.marks.get(run) ?? []), index]);
    });
    // One picture alone is drawn sooner than its sheet is made.
    for (const [run, marks] of this.marks) if (marks.length < 2) this.marks.delete(run);
  }

  /** Whether the film has such curves. */
  get isUsed() {
    return this.marks.size > 0;
  }

  /**
   * The sheet of a mark on a canvas of that size; null where there is none: it is not worth one,
   * or it is not ready. From the second picture of that size on it is made, bit by bit, while the
   * browser draws the curves.
   */
  find(written, width, height) {
    const run = written.points.run;
    if (!this.marks.has(run)) return null;
    const size = `${width} ${height}`;
    const kept = this.byRun.get(run);
    if (kept?.size !== size) {
      this.byRun.set(run, { size, sheet: undefined });
      return null;
    }
    if (kept.sheet === undefined) kept.making ??= this.make(run, kept, width, height);
    return kept.sheet ?? null;
  }

  async make(run, kept, width, height) {
    const marks = this.marks.get(run).map((index) => this.unpacked(index));
    const sheet = sheetOf(marks, width, height, width / this.film.size[0]);
    if (sheet) {
      const steps = sheet.make();
      for (let end = performance.now() + PART_MS; !steps.next().done;) {
        if (performance.now() < end) continue;
        await new Promise((resolve) => setTimeout(resolve));
        if (this.byRun.get(run) !== kept) return; // the canvas has another size by now
        end = performance.now() + PART_MS;
      }
    }
    kept.sheet = sheet;
  }

  /** When all sheets that are being made are ready. */
  async ready() {
    await Promise.all([...this.byRun.values()].map(({ making }) => making));
  }
}

/** A sheet for all those marks, or null where it would be too large. */
function sheetOf(marks, width, height, scale) {
  const longest = marks.reduce((one, other) => (other.count > one.count ? other : one));
  let widest = 0;
  for (const { widths } of marks) for (const width of widths) widest = Math.max(widest, width);
  const reach = Math.max(widest * scale, 1) / 2 + 0.5;
  const points = Float64Array.from(longest.points, (length) => length * scale);
  let expected = 0;
  for (let at = 0; at < points.length; at += 8) {
    for (let i = 0; i < 6; i += 2) {
      expected += Math.hypot(
        points[at + i + 2] - points[at + i], points[at + i + 3] - points[at + i + 1]);
    }
    expected += 2 * reach;
  }
  expected *= 2 * reach;
  // Only where curves can be: they stay within the hull of their points.
  const low = [width, height], high = [0, 0];
  for (let at = 0; at < points.length; at++) {
    low[at & 1] = Math.min(low[at & 1], Math.floor(points[at] - reach));
    high[at & 1] = Math.max(high[at & 1], Math.ceil(points[at] + reach));
  }
  const [left, top] = low.map((least) => Math.max(least, 0));
  const wide = Math.min(high[0], width) - left, tall = Math.min(high[1], height) - top;
  // A place must fit into the 24 bits that an entry has for it.
  if (expected > MOST_PIXELS || wide < 1 || tall < 1 || wide * tall > 1 << 24) return null;
  for (let at = 0; at < points.length; at++) points[at] -= at & 1 ? top : left;
  return new CurveSheet(points, reach, { left, top, width: wide, height: tall }, expected);
}

/** How far pixels are from curves that stand still. */
class CurveSheet {
  /**
   * @param {Float64Array} points  (curve, x0 y0 x1 y1 x2 y2 x3 y3), in pixels
   * @param {number} reach  the farthest that a pixel can be from a curve and be covered
   * @param {{left: number, top: number, width: number, height: number}} box  of the canvas, that
   *   the points are relative to
   * @param {number} most  how many pixels there can be, about
   */
  constructor(points, reach, { left, top, width, height }, most) {
    this.left = left;
    this.top = top;
    this.reach = reach;
    this.width = width;
    this.rings = Math.ceil(reach / RING);
    this.height = height;
    /** @type {ImageData | undefined} */
    this.image = undefined;
    const count = points.length / 8;
    /** Where each ring of each curve begins among the pixels. */
    this.starts = new Uint32Array(count * this.rings + 1);
    /** A pixel's place times 256, and its distance in parts of the reach, 255 at most. */
    this.entries = new Uint32Array(Math.ceil(most) + 1024);
    this.points = points;
  }

  /** Fills the sheet, a curve at a step. */
  *make() {
    const { points, reach, width, height, starts } = this;
    const nearest = new Float32Array(width * height).fill(Infinity);
    const touched = [];
    const sizes = new Uint32Array(this.rings), count = points.length / 8;
    let used = 0;
    for (let i = 0; i < count; i++) {
      yield;
      touched.length = 0;
      trace(points.subarray(8 * i, 8 * i + 8), reach, width, height, nearest, touched);
      if (used + touched.length > this.entries.length) this.grow(used + touched.length);
      sizes.fill(0);
      const ringOf = (place) => Math.min(Math.floor(nearest[place] / RING), this.rings - 1);
      for (const place of touched) sizes[ringOf(place)]++;
      for (let ring = 0; ring < this.rings; ring++) {
        this.starts[i * this.rings + ring] = used;
        used += sizes[ring];
        sizes[ring] = used - sizes[ring];
      }
      for (const place of touched) {
        const at = sizes[ringOf(place)]++;
        this.entries[at] = (place << 8) | Math.round(nearest[place] * 255 / reach);
        nearest[place] = Infinity;
      }
    }
    starts[count * this.rings] = used;
  }

  /** @param {number} least */
  grow(least) {
    const entries = new Uint32Array(2 * least);
    entries.set(this.entries);
    this.entries = entries;
  }

  /**
   * Mix the curves of a mark into what is on a canvas.
   * @param {CanvasRenderingContext2D} context
   * @param {number[] | null} ground  the colour that is all there is on it so far, if it is one:
   *   then it need not be read back, which would take as long as a third of the curves
   */
  paint(context, mark, scale, ground) {
    const { left, top, width, height } = this;
    this.image ??= context.createImageData(width, height);
    const image = ground ? this.image : context.getImageData(left, top, width, height);
    const pixels = new Uint32Array(image.data.buffer);
    if (ground) pixels.fill(0xff000000 | (ground[2] << 16) | (ground[1] << 8) | ground[0]);
    const { widths, colors } = mark;
    for (let place = 0; place < mark.count; place++) {
      const i = mark.order ? mark.order[place] : place;
      const color = colors.length === 4 ? 0 : 4 * i;
      let radius = (widths.length === 1 ? widths[0] : widths[i]) * scale / 2;
      let strength = colors[color + 3];
      if (!(radius > 0) || strength === 0) continue;
      if (radius < 0.5) {
        strength *= 2 * radius;
        radius = 0.5;
      }
      this.mix(pixels, i, radius + 0.5, strength * 256 / 255,
        colors[color] | (colors[color + 2] << 16), colors[color + 1] << 8);
    }
    context.putImageData(image, this.left, this.top);
  }

  /** Mix one curve: `full` of 256 is what a pixel moves towards the colour where it is covered. */
  mix(pixels, i, reach, full, redBlue, green) {
    const { entries, starts } = this;
    const rings = Math.min(Math.ceil(reach / RING), this.rings);
    const end = starts[i * this.rings + rings];
    // Whole numbers of 1 / 4096, since they are faster.
    const most = Math.round(full * 4096) + 2048, near = Math.round(full * reach * 4096) + 2048;
    const fall = Math.round(full * this.reach / 255 * 4096);
    for (let at = starts[i * this.rings]; at < end; at++) {
      const entry = entries[at];
      let weight = near - Math.imul(fall, entry & 255);
      if (weight < 4096) continue;
      weight = (weight < most ? weight : most) >> 12;
      const place = entry >>> 8, old = pixels[place], rest = 256 - weight;
      const outer = Math.imul(old & 0xff00ff, rest) + Math.imul(redBlue, weight) + 0x800080;
      const inner = Math.imul(old & 0xff00, rest) + Math.imul(green, weight) + 0x8000;
      pixels[place] = 0xff000000 | ((outer >>> 8) & 0xff00ff) | ((inner >>> 8) & 0xff00);
    }
  }
}

/** Leave in `nearest` how far pixels are from a curve, those within reach, and list them. */
function trace(curve, reach, width, height, nearest, touched) {
  const [x0, y0, x1, y1, x2, y2, x3, y3] = curve;
  const bend = 6 * Math.max(
    Math.hypot(x0 - 2 * x1 + x2, y0 - 2 * y1 + y2), Math.hypot(x1 - 2 * x2 + x3, y1 - 2 * y2 + y3));
  const pieces = Math.min(Math.max(Math.ceil(Math.sqrt(bend / (8 * TOLERANCE))), 1), 512);
  let fromX = x0, fromY = y0;
  for (let piece = 1; piece <= pieces; piece++) {
    const t = piece / pieces, s = 1 - t;
    const a = s * s * s, b = 3 * s * s * t, c = 3 * s * t * t, d = t * t * t;
    const toX = a * x0 + b * x1 + c * x2 + d * x3, toY = a * y0 + b * y1 + c * y2 + d * y3;
    const isEnd = piece === 1 || piece === pieces;
    near(fromX, fromY, toX - fromX, toY - fromY, isEnd ? reach : 0.5, reach, width, height,
      nearest, touched);
    [fromX, fromY] = [toX, toY];
  }
}

/** The same for a straight piece, up to `past` beyond its ends. */
function near(x, y, dx, dy, past, reach, width, height, nearest, touched) {
  const length = Math.hypot(dx, dy), known = length > 1e-9;
  const ux = known ? dx / length : 1, uy = known ? dy / length : 0;
  const high = y + Math.min(-past * uy, (length + past) * uy) - reach * Math.abs(ux);
  const low = y + Math.max(-past * uy, (length + past) * uy) + reach * Math.abs(ux);
  const side = Math.abs(uy) > 1e-9 ? reach / Math.abs(uy) : Infinity;
  const one = Math.abs(ux) > 1e-9 ? -past / ux : -Infinity;
  const other = Math.abs(ux) > 1e-9 ? (length + past) / ux : Infinity;
  const lean = Math.abs(ux) > 1e-9 ? uy / ux : 0, tilt = Math.abs(uy) > 1e-9 ? ux / uy : 0;
  const last = Math.min(Math.floor(low - 0.5), height - 1);
  for (let row = Math.max(Math.ceil(high - 0.5), 0); row <= last; row++) {
    const down = row + 0.5 - y;
    const start = x + Math.max(down * tilt - side, Math.min(one, other) - down * lean);
    const stop = x + Math.min(down * tilt + side, Math.max(one, other) - down * lean);
    const end = Math.min(Math.floor(stop - 0.5), width - 1);
    for (let column = Math.max(Math.ceil(start - 0.5), 0); column <= end; column++) {
      const across = column + 0.5 - x, along = across * ux + down * uy;
      const beyond = along < 0 ? along : along > length ? along - length : 0;
      const off = down * ux - across * uy;
      const distance = beyond ? Math.sqrt(off * off + beyond * beyond) : Math.abs(off);
      if (distance >= reach) continue;
      const place = row * width + column, before = nearest[place];
      if (distance >= before) continue;
      if (before === Infinity) touched.push(place);
      nearest[place] = distance;
    }
  }
}
