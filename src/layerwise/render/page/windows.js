/** Tells how a cell of an output came from its window: the products written out, and their sum. */

import { numbersOf } from "./document.js";
import { add, short } from "./pointing.js";

/** Channels that are written out. */
const MOST_TABLES = 4;
/** Numbers of a window up to which they are written. */
const LARGEST_WINDOW = 49;

/**
 * The readings of a film's outputs: like those of other grids, each with what it came from.
 * @param {import("./document.js").Film} film
 * @param {import("./canvas.js").Sources} sources
 */
export function windowReadings(film, sources) {
  return (film.windows ?? []).map((reading) => {
    const array = (value) => value && { data: numbersOf(value, sources.bytes), shape: value.shape };
    const [rows, columns] = reading.output.shape;
    return {
      ...reading, rows, columns, step: 1, output: array(reading.output),
      planes: array(reading.planes), kernel: array(reading.kernel), isWindow: true,
    };
  });
}

/** The places (row, column) of the input that a cell's window touches, in reading order. */
function touched({ reading, row, column }) {
  const { window: [tall, wide], stride, dilation } = reading, places = [];
  for (let y = 0; y < tall; y++) {
    for (let x = 0; x < wide; x++) {
      places.push([row * stride[0] + y * dilation[0], column * stride[1] + x * dilation[1]]);
    }
  }
  return places;
}

/**
 * Where the window of a cell lies on the pictures of its input: x, y, width, height in the scene.
 * @param {import("./pointing.js").Cell} cell
 */
export function windowBoxes(cell) {
  const { reading } = cell, places = touched(cell);
  const [, rows, columns] = reading.planes.shape;
  const isWhole = reading.dilation.every((step) => step === 1);
  const [first, last] = [places[0], places[places.length - 1]];
  return reading.sources.flatMap(([x, y, width, height]) => {
    const [wide, tall] = [width / columns, height / rows];
    const box = ([top, left], [bottom, right]) => [
      x + left * wide, y + top * tall, (right - left + 1) * wide, (bottom - top + 1) * tall];
    return isWhole ? [box(first, last)] : places.map((place) => box(place, place));
  });
}

/**
 * What each channel of the input gives a cell.
 * @returns {{channel: number, seen: number[], weights: number[], products: number[],
 *   share: number}[]}
 */
export function windowShares(cell) {
  const { reading } = cell, [channels, rows, columns] = reading.planes.shape;
  const places = touched(cell);
  return Array.from({ length: channels }, (_, channel) => {
    const seen = places.map(
      ([row, column]) => reading.planes.data[(channel * rows + row) * columns + column]);
    const from = channel * places.length;
    const weights = reading.kernel
      ? [...reading.kernel.data.subarray(from, from + places.length)] : [];
    const products = weights.map((weight, at) => weight * seen[at]);
    const share = products.reduce((sum, product) => sum + product, 0);
    return { channel, seen, weights, products, share };
  });
}

/**
 * Fill the card with a cell's window, its products and their sum.
 * @param {HTMLElement} card
 * @param {import("./pointing.js").Cell} cell
 * @param {Object<string, string>} words
 */
export function fillWindow(card, cell, words) {
  const { reading, row, column } = cell, wide = reading.window[1];
  card.replaceChildren();
  const heading = add(card, "div", "axis");
  const place = words.place.replace("{row}", String(row + 1));
  add(heading, "span", "", place.replace("{column}", String(column + 1)));
  const value = short(reading.output.data[row * reading.columns + column]);
  add(heading, "b", "", value);
  const shares = windowShares(cell), isWritten = reading.window[0] * wide <= LARGEST_WINDOW;
  if (reading.kind === "sum") {
    shares.sort((one, other) => Math.abs(other.share) - Math.abs(one.share));
    shares.slice(0, MOST_TABLES).sort((one, other) => one.channel - other.channel)
      .forEach((share) => addProducts(card, reading, share, isWritten));
    const others = shares.slice(MOST_TABLES);
    const sums = add(card, "div", "classes");
    if (others.length) {
      const rest = others.reduce((sum, { share }) => sum + share, 0);
      addFact(sums, words.others.replace("{count}", String(others.length)), short(rest));
    }
    if (reading.bias !== null) addFact(sums, words.bias, short(reading.bias));
    addFact(sums, reading.value_name, value);
    return;
  }
  const { seen } = shares[0], best = Math.max(...seen);
  if (isWritten) {
    addTable(add(card, "div", "kernels classes"), seen.map(brief), wide,
      reading.kind === "max" ? seen.indexOf(best) : -1);
  }
  addFact(add(card, "div", "classes"), reading.value_name, value);
}

/** A channel's window × kernel = products, and what they add up to. */
function addProducts(card, reading, { channel, seen, weights, products, share }, isWritten) {
  const own = add(card, "div", "classes"), name = reading.names[channel];
  if (name) addFact(own, name, short(share));
  if (!isWritten) return;
  const written = reading.written.length ? reading.written : weights.map(brief);
  const wide = reading.window[1], line = add(own, "div", "kernels");
  addTable(line, seen.map(brief), wide);
  add(line, "span", "", "×");
  addTable(line, written.map((number) => number.replaceAll("-", "−")), wide);
  add(line, "span", "", "=");
  addTable(line, products.map(brief), wide);
}

/** A number of a table: a whole one as it is, any other to two digits. */
function brief(value) {
  return short(Number.isInteger(value) ? value : Number(value.toPrecision(2)));
}

/** Numbers row by row, one of them perhaps marked. */
function addTable(parent, numbers, wide, marked = -1) {
  const cells = add(parent, "section", "");
  cells.style.gridTemplateColumns = `repeat(${wide}, auto)`;
  numbers.forEach((number, at) => add(cells, at === marked ? "b" : "span", "", number));
}

function addFact(parent, name, value) {
  const line = add(parent, "div", "axis");
  add(line, "span", "", name);
  add(line, "b", "", value);
}
