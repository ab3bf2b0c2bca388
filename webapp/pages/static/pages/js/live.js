// Images that are being prepared become ready before the reader's eyes.
//
// One request waits at a time, whatever the number of images: a browser has few connections
// to one server, and uploads need them.
import { getJson, getPage } from "./api.js";
import { localTimes } from "./ui/times.js";

const WAIT_ALONE_SECONDS = 25;
const WAIT_AMONG_OTHERS_SECONDS = 2;
const PAUSE_MS = 300;
const PAUSE_AFTER_ERROR_MS = 4000;
const PAUSE_MOST_MS = 30000;
const DECODE_MOST_MS = 4000;
const TILES_AT_ONCE = 40;
const GONE = new Set([404, 410]);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const listeners = new Set();
let watching = false;

// Calls `listener(id, state)` whenever an image is seen in a later state.
export const onSettled = (listener) => listeners.add(listener);

const waiting = () => [...document.querySelectorAll('[data-image][data-state="stored"]')];

const visible = () =>
  document.hidden
    ? new Promise((resolve) => document.addEventListener("visibilitychange", resolve, { once: true }))
    : undefined;

// Looks after everything that is being prepared, until nothing is.
export async function watch() {
  if (watching) return;
  watching = true;
  let errorPause = PAUSE_AFTER_ERROR_MS;
  while (waiting().length) {
    await visible();
    try {
      await look();
      errorPause = PAUSE_AFTER_ERROR_MS;
      await pause(PAUSE_MS);
    } catch {
      await pause(errorPause);
      errorPause = Math.min(2 * errorPause, PAUSE_MOST_MS);
    }
  }
  watching = false;
}

async function look() {
  const elements = waiting();
  const first = elements.at(-1); // the oldest: it will be ready first
  const seconds = elements.length > 1 ? WAIT_AMONG_OTHERS_SECONDS : WAIT_ALONE_SECONDS;
  const state = await stateOf(first.dataset.image, seconds);
  if (first.matches(".tile")) await refreshTiles(elements);
  else if (state !== "stored") await refreshParts(["figure", "status", "actions", "share", "copies"]);
}

async function stateOf(id, seconds) {
  try {
    return (await getJson(`/api/v1/images/${id}?wait=${seconds}`)).state;
  } catch (error) {
    if (GONE.has(error.status)) return "deleted";
    throw error;
  }
}

async function refreshTiles(elements) {
  const ids = elements.slice(-TILES_AT_ONCE).map((element) => element.dataset.image);
  const tiles = new Map((await fetchTiles(ids)).map((tile) => [tile.dataset.image, tile]));
  for (const id of ids) await refreshTile(document.getElementById(`tile-${id}`), tiles.get(id));
}

async function refreshTile(old, fresh) {
  if (!fresh) old?.remove(); // deleted meanwhile
  if (!old || !fresh || fresh.dataset.state === old.dataset.state) return;
  await decoded(fresh.querySelector("img"));
  replace(old, fresh);
  for (const listener of listeners) listener(fresh.dataset.image, fresh.dataset.state);
}

export async function fetchTiles(ids) {
  const query = new URLSearchParams(ids.map((id) => ["id", id]));
  const page = await getPage(`/tiles?${query}`);
  return [...page.querySelectorAll(".tile")].map((tile) => document.adoptNode(tile));
}

// The new picture is there before the old one goes.
async function decoded(picture) {
  if (!picture) return;
  picture.loading = "eager";
  await Promise.race([picture.decode().catch(() => undefined), pause(DECODE_MOST_MS)]);
}

function replace(old, fresh) {
  const focused = old.contains(document.activeElement);
  old.replaceWith(fresh);
  if (focused) fresh.querySelector("a")?.focus();
}

async function refreshParts(ids) {
  const page = await getPage(location.href);
  for (const id of ids) {
    const [old, fresh] = [document.getElementById(id), page.getElementById(id)];
    if (!old || !fresh) continue;
    old.replaceWith(document.adoptNode(fresh));
    localTimes(fresh);
    window.htmx?.process(fresh);
    fresh.dispatchEvent(new CustomEvent("refreshed", { bubbles: true }));
  }
  document.querySelector(".image-page").dataset.state = page.querySelector(".image-page").dataset.state;
}

watch();
document.addEventListener("htmx:load", watch);
