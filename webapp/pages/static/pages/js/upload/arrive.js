// A stored upload takes its place in the gallery at once, with a local picture until it is ready.
import { fetchTiles, pause, watch } from "../live.js";

const PREVIEW_MOST_MS = 700;

// Returns the state its tile is in, to be seen to become ready; null without a place on this page.
export async function tileArrive({ image, album, preview }) {
  const gallery = document.querySelector("#gallery[data-live]");
  if (!gallery || ![album, ""].includes(gallery.dataset.live)) return null;
  const source = await Promise.race([preview, pause(PREVIEW_MOST_MS)]);
  // Not sooner: what happens to a tile that is not in its place yet is not seen.
  const [tile] = await fetchTiles([image.id]);
  if (!tile) return null;
  showPreview(tile, source);
  if (!document.getElementById(tile.id)) {
    tile.classList.add("arriving");
    gallery.prepend(tile);
  }
  watch();
  return tile.dataset.state;
}

function showPreview(tile, source) {
  if (!source || tile.querySelector("img")) return;
  const picture = new Image();
  picture.alt = "";
  picture.src = source;
  tile.querySelector("a").prepend(picture);
}
