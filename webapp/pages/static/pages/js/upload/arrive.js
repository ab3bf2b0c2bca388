// A stored upload takes its place in the gallery at once, with a local picture until it is ready.
import { fetchTiles, pause, watch } from "../live.js";

const PREVIEW_MOST_MS = 700;

// Returns whether it has a place on this page, where it will be seen to become ready.
export async function tileArrive({ image, album, preview }) {
  const gallery = document.querySelector("#gallery[data-live]");
  if (!gallery || ![album, ""].includes(gallery.dataset.live)) return false;
  const [tile] = await fetchTiles([image.id]);
  if (!tile) return false;
  showPreview(tile, await Promise.race([preview, pause(PREVIEW_MOST_MS)]));
  if (!document.getElementById(tile.id)) {
    tile.classList.add("arriving");
    gallery.prepend(tile);
  }
  watch();
  return true;
}

function showPreview(tile, source) {
  if (!source || tile.querySelector("img")) return;
  const picture = new Image();
  picture.alt = "";
  picture.src = source;
  tile.querySelector("a").prepend(picture);
}
