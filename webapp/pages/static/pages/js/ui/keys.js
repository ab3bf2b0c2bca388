// Keys: "/" searches, "u" adds pictures, arrows walk the gallery, [data-key] links say their own.

const typing = (element) => element.matches?.("input, select, textarea, [contenteditable]");

function walk(event) {
  const tiles = [...document.querySelectorAll("#gallery .tile > a")];
  const at = tiles.indexOf(document.activeElement);
  if (at < 0) return false;
  const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
  const target = step ? tiles[at + step] : neighbourInNextRow(tiles, at, event.key);
  target?.focus();
  return Boolean(target);
}

function neighbourInNextRow(tiles, at, key) {
  const from = tiles[at].getBoundingClientRect();
  const below = key === "ArrowDown";
  const centre = from.left + from.width / 2;
  const boxes = tiles.map((tile) => [tile, tile.getBoundingClientRect()]);
  const others = boxes.filter(([, box]) => (below ? box.top >= from.bottom : box.bottom <= from.top));
  const rowTop = below ? others[0]?.[1].top : others.at(-1)?.[1].top;
  const row = others.filter(([, box]) => Math.abs(box.top - rowTop) < 2);
  const distance = ([, box]) => Math.abs(box.left + box.width / 2 - centre);
  return row.sort((one, other) => distance(one) - distance(other))[0]?.[0];
}

const actions = {
  "/": () => document.querySelector(".search input")?.focus(),
  u: () => document.getElementById("upload-dialog")?.showModal(),
};

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.defaultPrevented) return;
  if (event.key === "Escape" && typing(event.target)) event.target.blur();
  if (typing(event.target) || document.querySelector("dialog[open], details.menu[open]")) return;
  const link = document.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (link) link.click();
  else if (event.key.startsWith("Arrow")) {
    if (!walk(event)) return;
  } else if (actions[event.key]) actions[event.key]();
  else return;
  event.preventDefault();
});
