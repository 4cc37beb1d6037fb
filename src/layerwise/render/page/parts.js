/** The parts of a picture that can be pointed at, and opened where there is more in them. */

import { add } from "./pointing.js";

/**
 * @typedef {{box: number[], name: string, lines: string[], inside: number | null,
 *   stops?: number[]}} Part
 */

/** The parts of one layout of a scene. */
export class Parts {
  /** @param {import("./document.js").Film} film */
  constructor(film) {
    /** @type {Part[]} */
    this.entries = film.parts ?? [];
  }

  /**
   * The innermost part under a point of the scene, by its number; null where there is none.
   * @param {number} x
   * @param {number} y
   * @returns {number | null}
   */
  at(x, y) {
    let best = null;
    this.entries.forEach(({ box }, number) => {
      const holds = x >= box[0] && y >= box[1] && x <= box[0] + box[2] && y <= box[1] + box[3];
      if (holds && (best === null || area(box) <= area(this.entries[best].box))) best = number;
    });
    return best;
  }

  /** Whether there is more in a part. */
  opens(number) {
    return this.entries[number].inside !== null;
  }

  /** At which of its own stops what is in a part opens, at a stop of this picture. */
  stopIn(number, stop) {
    return this.entries[number].stops?.[stop] ?? 0;
  }

  /** The stop of this picture, nearest to one, that belongs to a stop of what is in a part. */
  stopAround(number, stop, inner) {
    const stops = this.entries[number].stops ?? [];
    let nearest = stop, least = Infinity;
    stops.forEach((own, at) => {
      if (own === inner && Math.abs(at - stop) < least) [nearest, least] = [at, Math.abs(at - stop)];
    });
    return nearest;
  }

  /** The part nearest to another in a direction; itself where there is none. */
  moved(number, down, on) {
    const from = middle(this.entries[number].box);
    let best = number, nearest = Infinity;
    this.entries.forEach(({ box }, candidate) => {
      const to = middle(box), way = [to[0] - from[0], to[1] - from[1]];
      const along = way[0] * Math.sign(on) + way[1] * Math.sign(down);
      const aside = Math.abs(on ? way[1] : way[0]);
      if (candidate === number || along <= 1 || along + 2 * aside >= nearest) return;
      [best, nearest] = [candidate, along + 2 * aside];
    });
    return best;
  }

  /**
   * Fill the card with what is known of a part.
   * @param {HTMLElement} card
   * @param {number} number
   * @param {Object<string, string>} words
   */
  fill(card, number, words) {
    const { name, lines } = this.entries[number];
    card.replaceChildren();
    add(card, "div", "title", name);
    for (const line of lines) add(card, "div", "quiet", line);
    if (this.opens(number)) add(card, "div", "classes", words.open);
  }
}

function area(box) {
  return box[2] * box[3];
}

function middle(box) {
  return [box[0] + box[2] / 2, box[1] + box[3] / 2];
}
