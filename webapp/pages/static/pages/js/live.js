// Images that are being prepared become ready before the reader's eyes, new ones appear, and
// deleted ones go.
//
// The service tells what happens. While it does not, one request waits at a time, whatever the
// number of images: a browser has few connections to one server, and uploads need them.
import { getJson, getPage } from "./api.js";
import { isConnected, listen } from "./stream.js";
import { localTimes } from "./ui/times.js";

const WAIT_ALONE_SECONDS = 25;
const WAIT_AMONG_OTHERS_SECONDS = 2;
const PAUSE_MS = 300;
const PAUSE_AFTER_ERROR_MS = 4000;
const PAUSE_MOST_MS = 30000;
const DECODE_MOST_MS = 4000;
const TILES_AT_ONCE = 40;
const SLOW_LOOK_MS = 30000; // not every end is told as an event
const GATHER_MS = 200;
const ARRIVE_MS = 1500; // what is uploaded here has its place, with its picture, by then
const LEAVE_MS = 1000; // who deletes it here is shown the next page by then
const GONE = new Set([404, 410]);

export const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const listeners = new Set();
const changed = new Set();
const arrived = new Set();
let watching = false;
let gathering = false;
let hurry = () => undefined;

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
      if (isConnected()) await lookSlowly();
      else await look();
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

// Sooner when the service stops telling.
async function lookSlowly() {
  await Promise.race([pause(SLOW_LOOK_MS), new Promise((resolve) => (hurry = resolve))]);
  await lookAgain();
}

// What was being prepared, and what is on top, may have changed unseen.
async function lookAgain() {
  const article = document.querySelector(".image-page");
  if (article) return refreshImage(article, 0);
  const shown = [...document.querySelectorAll(".gallery .tile")].slice(0, TILES_AT_ONCE);
  await refreshTiles(shown);
  await refreshTiles(waiting());
}

export async function stateOf(id, seconds) {
  try {
    return (await getJson(`/api/v1/images/${id}?wait=${seconds}`)).state;
  } catch (error) {
    if (GONE.has(error.status)) return "deleted";
    throw error;
  }
}

async function refreshTiles(elements) {
  if (!elements.length) return;
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

function happened(event, id) {
  (event === "image.stored" ? arrived : changed).add(id);
  if (!gathering) gather();
}

// Several that come together cost one request.
async function gather() {
  gathering = true;
  await pause(GATHER_MS);
  gathering = false;
  const ids = taken(changed);
  const article = document.querySelector(".image-page");
  try {
    if (article && ids.includes(article.dataset.image)) await refreshImage(article, LEAVE_MS);
    await refreshTiles(ids.map((id) => document.getElementById(`tile-${id}`)).filter(isLive));
    if (arrived.size) await arrive();
  } catch {
    // the next look shows it
  }
}

// Not a row of the list of what was deleted.
const isLive = (element) => element?.matches(".gallery .tile");

const taken = (ids) => {
  const all = [...ids];
  ids.clear();
  return all;
};

async function refreshImage(article, grace) {
  const state = await stateOf(article.dataset.image, 0);
  if (state === article.dataset.state) return;
  await pause(state === "deleted" ? grace : 0);
  if (state !== "deleted") return refreshParts(["figure", "status", "actions", "share", "copies"]);
  const page = await getPage(location.href);
  const fresh = document.adoptNode(page.querySelector(".image-page"));
  article.replaceWith(fresh);
  localTimes(fresh);
  window.htmx?.process(fresh);
}

// New images take their place on top, where the newest of them belong.
async function arrive() {
  await pause(ARRIVE_MS);
  const gallery = document.querySelector("#gallery[data-live]");
  const ids = taken(arrived).filter((id) => !document.getElementById(`tile-${id}`));
  if (!gallery || !ids.length) return;
  const belongs = await Promise.all(ids.slice(-TILES_AT_ONCE).map((id) => isOf(gallery, id)));
  const tiles = await fetchTiles(ids.slice(-TILES_AT_ONCE).filter((_, at) => belongs[at]));
  for (const tile of tiles.reverse()) {
    if (document.getElementById(tile.id)) continue;
    tile.classList.add("arriving");
    gallery.prepend(tile);
  }
  watch();
}

async function isOf(gallery, id) {
  if (!gallery.dataset.live) return true;
  return (await getJson(`/api/v1/images/${id}`)).album === gallery.dataset.live;
}

watch();
document.addEventListener("htmx:load", watch);
if (document.querySelector("#gallery, .image-page")) {
  listen({ happened, looked: () => lookAgain().catch(() => undefined), lost: () => hurry() });
}
