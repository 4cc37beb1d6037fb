/** Starts the player of a standalone page with the fonts and the scene written into it. */

import { bytesOf } from "./document.js";
import { Player } from "./player.js";

/** @param {string} id  of a script element that holds JSON */
function written(id) {
  return JSON.parse(document.getElementById(id)?.textContent ?? "null");
}

async function loadFonts() {
  await Promise.all(written("fonts").map(async ({ family, weight, woff }) => {
    const font = new FontFace(family, bytesOf(woff), { weight: String(weight) });
    document.fonts.add(await font.load());
  }));
}

async function startPage() {
  const root = document.getElementById("player");
  if (!root) return;
  await loadFonts();
  root.hidden = false;
  const player = new Player(root, written("scene"));
  Object.assign(globalThis, { layerwise: player });
  await player.start(root.dataset.autoplay === "true");
}

await startPage();
