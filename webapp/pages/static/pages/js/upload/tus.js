// Large files go by tus (tus.io): after a lost connection or a reload they go on where they were.
import { csrfToken, getJson } from "../api.js";
import { stateOf } from "../live.js";

const TUS_URL = "/api/v1/tus/";
const RESUMABLE_BYTES = 8 * 1024 * 1024;
const PAUSES_SECONDS = [0, 1, 2, 4, 8, 15, 15, 30];
// Lost, at another offset, in use by a request that was given up, damaged on the way.
const GO_ON = new Set([0, 409, 423, 460]);
const GONE = new Set([404, 410]);
const REFUSED = new Set([413, 415, 422]);

const pause = (seconds) => new Promise((resolve) => setTimeout(resolve, seconds * 1000));
const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

export const isResumable = ({ file }) => file.size > RESUMABLE_BYTES;

// The same file for the same place is the same upload, also after a reload.
export function keyOf({ file, album, kind }) {
  const user = document.getElementById("tray").dataset.user;
  return ["shoebox-upload", user, file.name, file.size, file.lastModified, kind, album].join(":");
}

// Resolves as `send` does.
export async function sendByTus(upload, onProgress) {
  let [failures, most] = [0, 0];
  const progress = (sent) => {
    if (sent > most) [failures, most] = [0, sent];
    onProgress(sent);
  };
  for (;;) {
    const answer = await attempt(upload, progress);
    if (upload.phase === "cancelled") cancelled(upload);
    else if (GO_ON.has(answer.status) && failures < PAUSES_SECONDS.length) {
      await pause(PAUSES_SECONDS[failures++]);
      if (upload.phase === "sending") continue;
      cancelled(upload);
    }
    return answer;
  }
}

// One go from wherever the upload is to its end.
async function attempt(upload, onProgress) {
  const { file } = upload;
  const found = await locate(upload);
  if (found.status > 201 || found.header("X-Shoebox-Image")) return concluded(upload, found);
  const offset = Number(found.header("Upload-Offset"));
  onProgress(offset / file.size);
  const headers = { "Upload-Offset": offset, "Content-Type": "application/offset+octet-stream" };
  const told = (sent) => onProgress((offset + sent) / file.size);
  return concluded(upload, await call(upload, "PATCH", upload.url, headers, file.slice(offset), told));
}

// Asks how far an upload is that was begun before, or begins it.
async function locate(upload) {
  upload.url ??= localStorage.getItem(keyOf(upload));
  const told = upload.url ? await call(upload, "HEAD", upload.url) : null;
  if (told && !GONE.has(told.status) && !(await isDeleted(told))) return told;
  const words = { filename: upload.file.name, album: upload.album, kind: upload.kind };
  const metadata = Object.entries(words).map(([name, word]) => `${name} ${base64(word)}`);
  const headers = { "Upload-Length": upload.file.size, "Upload-Metadata": metadata.join() };
  const made = await call(upload, "POST", TUS_URL, headers);
  upload.url = made.header("Location");
  if (upload.url) localStorage.setItem(keyOf(upload), upload.url);
  return made;
}

// Whether all had arrived, unheard, and the picture was deleted since.
async function isDeleted(told) {
  const id = told.header("X-Shoebox-Image");
  return id !== null && (await stateOf(id, 0).catch(() => "")) === "deleted";
}

// Turns the last answer into that of an ordinary upload.
async function concluded(upload, answer) {
  const id = answer.header("X-Shoebox-Image");
  if (REFUSED.has(answer.status)) forgetUrl(upload);
  if (!id) return answer;
  try {
    const image = await getJson(`/api/v1/images/${id}`);
    const duplicate = answer.header("X-Shoebox-Duplicate") === "true";
    forgetUrl(upload);
    return { status: 200, body: JSON.stringify({ ...image, duplicate }) };
  } catch (error) {
    return { status: error.status ?? 0, body: "" };
  }
}

function forgetUrl(upload) {
  localStorage.removeItem(keyOf(upload));
  upload.url = null;
}

function cancelled(upload) {
  if (upload.url) call({}, "DELETE", upload.url);
  forgetUrl(upload);
}

function call(upload, method, url, headers = {}, body = null, onSent = () => {}) {
  return new Promise((resolve) => {
    const request = new XMLHttpRequest();
    request.open(method, url);
    const all = { "Tus-Resumable": "1.0.0", "X-CSRFToken": csrfToken(), ...headers };
    for (const [name, value] of Object.entries(all)) request.setRequestHeader(name, value);
    if (body) request.upload.addEventListener("progress", ({ loaded }) => onSent(loaded));
    request.addEventListener("loadend", () =>
      resolve({
        status: request.status,
        body: request.responseText,
        header: (name) => request.getResponseHeader(name),
        retryAfter: Number(request.getResponseHeader("Retry-After")),
      }),
    );
    upload.abort = () => request.abort();
    request.send(body);
  });
}
