// Where each copy of an image lies, as the API knows it.
import { getJson } from "../api.js";
import { localMoment } from "./times.js";

const STATES = { absent: "missing", unreachable: "does not answer" };

function text({ zone, role, state, check, verified_at: at }) {
  const checked = at ? `verified ${localMoment(at)}` : check ? "length checked" : "found";
  return [`zone ${zone}`, role, STATES[state] ?? checked].join(" · ");
}

const isHeld = ({ state }) => state === "present";

async function show(section) {
  const list = section.querySelector(".replicas");
  const row = section.querySelector("template").content.firstElementChild;
  try {
    const { positions } = await getJson(section.dataset.replicas);
    const held = positions.filter(isHeld);
    const shown = positions.filter((position) => isHeld(position) || position.role === "home");
    const zones = new Set(held.map(({ zone }) => zone)).size;
    section.querySelector("[data-replicas-count]").textContent =
      `${held.length} in ${zones} zone${zones === 1 ? "" : "s"}`;
    list.replaceChildren(...shown.map((position) => line(row, position)));
  } catch (error) {
    const item = row.cloneNode(true);
    item.querySelector("span").textContent = error.message;
    list.replaceChildren(item);
  }
}

function line(row, position) {
  const item = row.cloneNode(true);
  item.className = isHeld(position) ? "held" : "missing";
  item.querySelector("strong").textContent = position.shard;
  item.querySelector("span").textContent = text(position);
  return item;
}

const showAll = (root) => root.querySelectorAll("[data-replicas]").forEach(show);

showAll(document);
document.addEventListener("refreshed", (event) => {
  if (event.target.matches("[data-replicas]")) show(event.target);
});
