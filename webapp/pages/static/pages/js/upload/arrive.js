// A stored upload takes its place in the gallery at once, with a local picture until it is ready.
import { fetchTiles, watch } from "../live.js";

export async function tileArrive({ image, preview }) {
  const gallery = document.querySelector("#gallery[data-live]");
  if (gallery && !document.getElementById(`tile-${image.id}`)) {
    const [tile] = await fetchTiles([image.id]);
    if (tile && !document.getElementById(tile.id)) {
      showPreview(tile, await preview);
      tile.classList.add("arriving");
      gallery.prepend(tile);
    }
  }
  watch();
}

function showPreview(tile, source) {
  if (!source || tile.querySelector("img")) return;
  const picture = new Image();
  picture.alt = "";
  picture.src = source;
  tile.querySelector("a").prepend(picture);
}
