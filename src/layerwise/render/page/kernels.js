/** Tells how a pixel of a map was computed: patch × kernel of each channel, the bias, the sum. */

import { add, short } from "./pointing.js";

const MOST_CHANNELS = 5;
/** Rows and columns of a kernel up to which its numbers are written. */
const MOST_WRITTEN = 5;

/**
 * What each channel adds at a place of a map, the largest first.
 * @param {import("./units.js").Units} units
 * @param {{layer: number, unit: number, row: number, column: number}} target
 */
export function sharesOf(units, { layer, unit, row, column }, stop) {
  const { kernels } = units.layers[layer];
  const [, , count, tall, wide] = kernels.weights.shape;
  const theirs = units.layers[kernels.source].values, shares = [];
  const channels = units.array(kernels.channels).data;
  for (let channel = 0; channel < count; channel++) {
    const from = channels[unit * count + channel];
    if (from < 0 || !theirs) continue;
    const patch = [], kernel = [];
    let share = 0;
    for (let y = 0; y < tall; y++) {
      for (let x = 0; x < wide; x++) {
        const [top, left] = [
          row * kernels.stride[0] - kernels.pads[0] + y * kernels.dilation[0],
          column * kernels.stride[1] - kernels.pads[1] + x * kernels.dilation[1],
        ];
        const [, , rows, columns] = theirs.shape;
        const inside = top >= 0 && left >= 0 && top < rows && left < columns;
        const seen = inside ? units.number(theirs, stop, from, top, left) : 0;
        const weight = units.number(kernels.weights, stop, unit, channel, y, x);
        patch.push(seen);
        kernel.push(weight);
        share += seen * weight;
      }
    }
    shares.push({ from, share, patch, kernel, wide });
  }
  return shares.sort((one, other) => Math.abs(other.share) - Math.abs(one.share));
}

/**
 * Add to a card how a map's pixel got its value.
 * @param {HTMLElement} card
 * @param {import("./units.js").Units} units
 * @param {any} target  with a row and a column
 * @param {(from: number) => string} nameOf  of a unit of the source
 * @param {(name: string, value: string) => void} fact  adds a line
 */
export function fillKernels(card, units, target, stop, value, words, nameOf, fact) {
  const { layer, unit, row, column } = target, { kernels } = units.layers[layer];
  const isKept = !Number.isNaN(units.number(kernels.weights, stop, unit, 0, 0, 0));
  if (!isKept) return;
  const shares = sharesOf(units, target, stop), shown = shares.slice(0, MOST_CHANNELS);
  const bias = units.number(kernels.bias, stop, unit);
  const sum = kernels.sums ? units.number(kernels.sums, stop, unit, row, column) : value;
  add(card, "div", "classes", `${words.patch} × ${words.kernel}`);
  shown.forEach(({ from, share, patch, kernel, wide }, place) => {
    fact(nameOf(from), short(share));
    if (place || wide > MOST_WRITTEN) return;
    const pair = add(card, "div", "kernels");
    grid(pair, patch, wide);
    add(pair, "span", "", "×");
    grid(pair, kernel, wide);
  });
  const rest = kernels.total - shown.length;
  const told = shown.reduce((total, { share }) => total + share, 0);
  const products = sum - (bias ?? 0);
  if (rest > 0) {
    const name = shown.length ? words.other_channels : words.channels;
    fact(name.replace("{count}", String(rest)), short(products - told));
  }
  if (bias !== undefined) fact(words.bias, short(bias));
  fact(words.sum, short(sum));
  if (kernels.function === "identity") return;
  const name = kernels.function || kernels.after;
  if (name) fact(kernels.function ? `${name}(${short(sum)})` : name, short(value));
}

/** The numbers of a kernel or a patch, row by row. */
export function grid(parent, numbers, wide) {
  const cells = add(parent, "section", "");
  cells.style.gridTemplateColumns = `repeat(${wide}, auto)`;
  for (const number of numbers) add(cells, "span", "", short(Number(number.toPrecision(2))));
}
