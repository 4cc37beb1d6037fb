/** Starts the players of a page with the fonts, the words and the scenes written into it. */

import { bytesOf, unpacked } from "./document.js";
import { Player } from "./player.js";

/** @param {string} name  of a script element that holds JSON */
function written(name) {
  return JSON.parse(document.querySelector(`[data-written="${name}"]`)?.textContent ?? "null");
}

async function loadFonts() {
  await Promise.all(written("fonts").map(async ({ family, weight, woff }) => {
    const font = new FontFace(family, bytesOf(woff), { weight: String(weight) });
    document.fonts.add(await font.load());
  }));
}

/** @param {HTMLElement} root  of one player */
async function startPlayer(root, words) {
  root.hidden = false;
  const packed = document.querySelector(`[data-scene="${root.dataset.player}"]`)?.textContent ?? "";
  const player = new Player(root, await unpacked(packed), words);
  await player.start(root.dataset.autoplay === "true");
  return player;
}

/** What is in sight first, then the others, one after the other, so that reading can begin. */
function inOrderOfSight(roots) {
  const distance = (root) => {
    const { top, bottom } = root.getBoundingClientRect();
    return Math.max(top - innerHeight, -bottom, 0);
  };
  return [...roots].sort((one, other) => distance(one) - distance(other));
}

async function startPage() {
  const whole = /** @type {HTMLElement | null} */ (document.querySelector(".player.whole"));
  await loadFonts();
  const words = written("words");
  if (whole) {
    Object.assign(globalThis, { layerwise: await startPlayer(whole, words) });
    return;
  }
  const figures = {};
  Object.assign(globalThis, { layerwise: { figures } });
  for (const root of inOrderOfSight(document.querySelectorAll(".player.figure"))) {
    figures[root.dataset.player] = await startPlayer(root, words);
    await new Promise((resolve) => setTimeout(resolve));
  }
  document.documentElement.dataset.ready = "true";
}

await startPage();
