/**
 * The written scene as a page reads it: arrays, pictures and palettes out of their packed form.
 * Scenes are described in scene.schema.json, how they are packed in page_pack.py.
 */

/**
 * @typedef {number[] | number[][] | {dtype: string, shape: number[], base64: string}
 *   | {dtype: string, shape: number[], at: number, form?: string, before?: number}} ArrayValue
 * @typedef {{rows: number, columns: number, at?: number, before?: number, png?: string,
 *   stream?: number, colors?: number[], raw?: boolean}} Picture
 * @typedef {{time: number, rest: number, label: string, marks: number[]}} Stop
 * @typedef {{box: number[], rows: number, columns: number, step: number, column_axis: string,
 *   row_axis: string, column_values: ArrayValue, row_values: ArrayValue, classes: string[],
 *   percent: number[], caption: string}} Reading
 * @typedef {{size: number[], duration: number, ground: number[], title: string,
 *   description: string, chapters: {stop: number, name: string}[], poster: number,
 *   stops: Stop[], marks: Object<string, any>[], readings: Reading[], units?: any}} Film
 * @typedef {Film & {portrait: Film | null, palettes: ArrayValue[],
 *   runs: ArrayValue[], pictures: Picture[], table: number[], replays: Object<string, any>,
 *   bytes: Uint8Array, streamOf: (index: number) => Uint8Array<ArrayBuffer>}} SceneDocument
 */

/**
 * The bytes that a base64 text stands for.
 * @param {string} text
 * @returns {Uint8Array<ArrayBuffer>}
 */
export function bytesOf(text) {
  const binary = atob(text);
  const bytes = new Uint8Array(binary.length);
  for (let i = 0; i < binary.length; i++) bytes[i] = binary.charCodeAt(i);
  return bytes;
}

const ARRAY_TYPES = {
  u1: Uint8Array, i1: Int8Array, u2: Uint16Array, i2: Int16Array, u4: Uint32Array,
  i4: Int32Array, f4: Float32Array, f8: Float64Array, i8: BigInt64Array, u8: BigUint64Array,
};

/**
 * @param {Uint8Array<ArrayBuffer>} bytes  deflated by zlib
 * @returns {Promise<Uint8Array<ArrayBuffer>>}
 */
export async function inflate(bytes) {
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/**
 * A scene out of its packed form.
 * @param {string} text  base64
 * @returns {Promise<SceneDocument>}
 */
export async function unpacked(text) {
  const packed = bytesOf(text);
  const start = 4 + lengthAt(packed, 0);
  const first = await inflate(packed.subarray(4, start));
  const end = 4 + lengthAt(first, 0);
  const scene = JSON.parse(new TextDecoder().decode(first.subarray(4, end)));
  const starts = [start];
  for (const length of scene.streams) starts.push(starts[starts.length - 1] + length);
  scene.bytes = first.subarray(end);
  scene.streamOf = (index) => packed.subarray(starts[index], starts[index + 1]);
  scene.replays = withArrays(scene.replays, scene.bytes);
  return scene;
}

function lengthAt(bytes, at) {
  return new DataView(bytes.buffer, bytes.byteOffset + at, 4).getUint32(0, true);
}

/** A recipe with its arrays as numbers. */
function withArrays(value, bytes) {
  if (Array.isArray(value)) return value.map((part) => withArrays(part, bytes));
  if (value === null || typeof value !== "object") return value;
  if (value.dtype) return numbersOf(value, bytes);
  return Object.fromEntries(
    Object.entries(value).map(([name, part]) => [name, withArrays(part, bytes)]));
}

/** All runs of a scene as numbers; one may be told by what differs from one before it. */
export function runsOf(scene) {
  const whole = [];
  return scene.runs.map((value) => {
    const numbers = Array.isArray(value) || value.before === undefined
      ? undefined : addedTo(whole[value.before], stored(value, scene.bytes, true));
    whole.push(Array.isArray(value) || value.at === undefined ? null
      : numbers ?? stored(value, scene.bytes, false));
    return value.form === "thousandths" ? inThousandths(whole[whole.length - 1])
      : asNumbers(whole[whole.length - 1]) ?? numbersOf(value);
  });
}

/** Differences added to what they are from, in the same number of bits. */
function addedTo(base, changes) {
  for (let i = 0; i < changes.length; i++) changes[i] += base[i];
  return changes;
}

function inThousandths(whole) {
  const numbers = new Float32Array(whole.length);
  for (let i = 0; i < numbers.length; i++) numbers[i] = whole[i] / 1000;
  return numbers;
}

/**
 * An array in one run of numbers, rows first.
 * @param {ArrayValue | ArrayLike<number>} value
 * @param {Uint8Array} [bytes]  of the scene, where the array may be cut from them
 * @returns {ArrayLike<number>}
 */
export function numbersOf(value, bytes) {
  if (Array.isArray(value)) return /** @type {number[]} */ (value.flat(Infinity));
  if (ArrayBuffer.isView(value)) return /** @type {any} */ (value);
  if (value.at !== undefined) {
    const numbers = stored(value, bytes, false);
    return value.form === "thousandths" ? inThousandths(numbers) : asNumbers(numbers);
  }
  const type = ARRAY_TYPES[value.dtype.slice(1)];
  if (!type) throw new Error(`Unknown array type ${value.dtype}`);
  return asNumbers(new type(bytesOf(value.base64).buffer));
}

/** Numbers of 64 bits as the page's own. */
function asNumbers(numbers) {
  return numbers instanceof BigInt64Array || numbers instanceof BigUint64Array
    ? Float64Array.from(/** @type {any} */ (numbers), Number) : numbers;
}

/**
 * Numbers that are stored column by column and byte by byte; thousandths and changes are whole
 * numbers, folded.
 */
function stored({ dtype, shape, at, form }, bytes, changed) {
  const rows = shape[0], count = shape.reduce((one, other) => one * other, 1);
  const columns = rows ? count / rows : 0, isFolded = changed || form === "thousandths";
  const type = form === "thousandths" ? Int32Array : ARRAY_TYPES[dtype];
  const size = type.BYTES_PER_ELEMENT;
  const out = new Uint8Array(count * size);
  for (let plane = 0, from = at; plane < columns * size; plane++) {
    for (let i = plane; i < out.length; i += columns * size) out[i] = bytes[from++];
  }
  const numbers = new type(out.buffer);
  if (isFolded) for (let i = 0; i < count; i++) numbers[i] = (numbers[i] >>> 1) ^ -(numbers[i] & 1);
  return numbers;
}

/**
 * A palette as 256 pixels in the memory order of a canvas (red, green, blue, alpha).
 * @param {ArrayValue} value
 * @returns {{pixels: Uint32Array, bytes: Uint8Array, length: number, opaque: boolean}}
 */
export function paletteOf(value) {
  const numbers = numbersOf(value);
  const length = numbers.length / 4;
  const bytes = new Uint8Array(1024);
  bytes.set(/** @type {any} */ (numbers).slice(0, 1024));
  let opaque = true;
  for (let i = 0; i < Math.min(length, 256); i++) opaque &&= bytes[4 * i + 3] === 255;
  // An unclassified cell (255) takes the last entry of a palette that is shorter than that.
  if (length < 256) bytes.copyWithin(1020, 4 * (length - 1), 4 * length);
  return { pixels: new Uint32Array(bytes.buffer), bytes, length, opaque };
}

/** The pictures of a scene, each decoded when it is first asked for. */
export class Pictures {
  /** @param {SceneDocument} scene */
  constructor(scene) {
    this.scene = scene;
    this.entries = scene.pictures;
    this.table = Uint32Array.from(scene.table);
    /** @type {Map<number, Promise<Uint8ClampedArray>>} */
    this.decoded = new Map();
    /** Of small pictures, each pixel's place in the table. @type {Map<number, any>} */
    this.places = new Map();
  }

  /**
   * A picture's pixels, four bytes each.
   * @param {number} index
   * @returns {Promise<Uint8ClampedArray>}
   */
  pixels(index) {
    let pixels = this.decoded.get(index);
    if (!pixels) {
      pixels = this.decode(this.entries[index], index);
      this.decoded.set(index, pixels);
    }
    return pixels;
  }

  async decode(entry, index) {
    if (entry.at !== undefined) {
      const places = this.placesOf(index), colors = new Uint32Array(places.length);
      for (let i = 0; i < places.length; i++) colors[i] = this.table[places[i]];
      return new Uint8ClampedArray(colors.buffer);
    }
    if (entry.png) return decodePng(bytesOf(entry.png), entry);
    const bytes = await inflate(this.scene.streamOf(entry.stream));
    if (entry.raw) return new Uint8ClampedArray(bytes.buffer);
    if (!entry.colors) return decodePng(bytes, entry);
    const table = Uint32Array.from(entry.colors), colors = new Uint32Array(bytes.length);
    for (let i = 0; i < bytes.length; i++) colors[i] = table[bytes[i]];
    return new Uint8ClampedArray(colors.buffer);
  }

  /** Each pixel's place in the table, by way of the pictures that this one differs from. */
  placesOf(index) {
    const way = [];
    for (let at = index; at !== undefined && !this.places.has(at); at = this.entries[at].before) {
      way.push(at);
    }
    for (const at of way.reverse()) {
      const { rows, columns, at: place, before } = this.entries[at];
      const value = {
        dtype: this.table.length <= 256 ? "u1" : "u2", shape: [rows * columns], at: place,
      };
      const places = stored(value, this.scene.bytes, before !== undefined);
      this.places.set(at, before === undefined ? places
        : addedTo(this.places.get(before), places));
    }
    return this.places.get(index);
  }
}

/** @param {Picture} entry */
async function decodePng(bytes, entry) {
  const bitmap = await createImageBitmap(
    new Blob([bytes], { type: "image/png" }), { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  canvas.width = entry.columns;
  canvas.height = entry.rows;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser has no 2-D canvas");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, entry.columns, entry.rows).data;
}
