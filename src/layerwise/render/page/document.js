/**
 * The written scene as a page reads it: arrays, pictures and palettes out of their JSON form.
 * The form itself is described in scene.schema.json.
 */

/**
 * @typedef {number[] | number[][] | {dtype: string, shape: number[], base64: string}} ArrayValue
 * @typedef {{time: number, rest: number, label: string, marks: number[]}} Stop
 * @typedef {{box: number[], rows: number, columns: number, step: number, column_axis: string,
 *   row_axis: string, column_values: ArrayValue, row_values: ArrayValue, classes: string[],
 *   percent: number[], caption: string}} Reading
 * @typedef {{size: number[], duration: number, ground: number[], title: string,
 *   description: string, chapters: {stop: number, name: string}[], poster: number,
 *   stops: Stop[], marks: Object<string, any>[], readings: Reading[]}} Film
 * @typedef {Film & {portrait: Film | null, palettes: ArrayValue[],
 *   runs: ArrayValue[], pictures: {rows: number, columns: number, png: string}[],
 *   replays: Object<string, any>}} SceneDocument
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
 * An array in one run of numbers, rows first.
 * @param {ArrayValue} value
 * @returns {ArrayLike<number>}
 */
export function numbersOf(value) {
  if (Array.isArray(value)) return /** @type {number[]} */ (value.flat(Infinity));
  const type = ARRAY_TYPES[value.dtype.slice(1)];
  if (!type) throw new Error(`Unknown array type ${value.dtype}`);
  const numbers = new type(bytesOf(value.base64).buffer);
  return value.dtype.endsWith("8") && value.dtype[1] !== "f"
    ? Float64Array.from(/** @type {any} */ (numbers), Number)
    : /** @type {ArrayLike<number>} */ (numbers);
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
  /** @param {SceneDocument["pictures"]} entries */
  constructor(entries) {
    this.entries = entries;
    /** @type {Map<number, Promise<Uint8ClampedArray>>} */
    this.decoded = new Map();
  }

  /**
   * A picture's pixels, four bytes each.
   * @param {number} index
   * @returns {Promise<Uint8ClampedArray>}
   */
  pixels(index) {
    let pixels = this.decoded.get(index);
    if (!pixels) {
      pixels = decodePicture(this.entries[index]);
      this.decoded.set(index, pixels);
    }
    return pixels;
  }
}

/** @param {SceneDocument["pictures"][number]} entry */
async function decodePicture(entry) {
  const file = new Blob([bytesOf(entry.png)], { type: "image/png" });
  const bitmap = await createImageBitmap(file, { colorSpaceConversion: "none" });
  const canvas = document.createElement("canvas");
  canvas.width = entry.columns;
  canvas.height = entry.rows;
  const context = canvas.getContext("2d", { willReadFrequently: true });
  if (!context) throw new Error("This browser has no 2-D canvas");
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return context.getImageData(0, 0, entry.columns, entry.rows).data;
}
