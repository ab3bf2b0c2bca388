// Pictures come in by their link, too: the service fetches them, also when the page is left.
import { csrfToken, getJson, problemText } from "../api.js";
import { pause } from "../live.js";

const IMPORTS_URL = "/api/v1/imports";
const LOOK_MS = 500;
const LOOK_MOST_MS = 5000;
// Another time the answer may be another one.
const MAY_CHANGE = new Set(["fetch-failed", "not-fetched", "quota-exceeded"]);

// The link that a text is, or null.
export function linkOf(text) {
  const link = text.trim();
  return /^https?:\/\/\S+$/i.test(link) && URL.canParse(link) ? link : null;
}

function nameOf(link) {
  const { host, pathname } = new URL(link);
  const last = pathname.split("/").pop() || host;
  try {
    return decodeURIComponent(last);
  } catch {
    return last;
  }
}

export class Links {
  // `onChange` and `onStored` as those of the queue of files.
  constructor({ onChange, onStored }) {
    this.onChange = onChange;
    this.onStored = onStored;
  }

  add(link, { album, kind }) {
    this.#run({ link, album, kind, file: { name: nameOf(link) }, preview: Promise.resolve(null) });
  }

  // What was asked for is fetched all the same; it is only told no more.
  cancel(upload) {
    this.#change(upload, { phase: "cancelled" });
  }

  retry(upload) {
    this.#run(upload);
  }

  async #run(upload) {
    this.#change(upload, { phase: "sending", sent: 0, note: "Asking for it", image: null, final: false });
    try {
      await this.#follow(upload, await this.#ask(upload));
    } catch (error) {
      this.#refuse(upload, error.message);
    }
  }

  async #ask({ link, album, kind }) {
    const headers = { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": csrfToken() };
    const body = JSON.stringify({ url: link, album, kind });
    const response = await fetch(IMPORTS_URL, { method: "POST", headers, body });
    if (response.ok) return response.json();
    throw new Error(problemText(response.status, await response.text()));
  }

  async #follow(upload, asked) {
    for (let wait = LOOK_MS; !asked.ended_at; wait = Math.min(wait * 1.2, LOOK_MOST_MS)) {
      this.#change(upload, { note: asked.reason ? `Trying again: ${asked.reason}` : "Being fetched" });
      await pause(wait);
      if (upload.phase === "cancelled") return;
      asked = await getJson(`${IMPORTS_URL}/${asked.id}`);
    }
    if (asked.image) this.#stored(upload, asked.image);
    else this.#refuse(upload, asked.reason || "It was deleted meanwhile.", !MAY_CHANGE.has(asked.code));
  }

  #stored(upload, image) {
    const note = image.duplicate ? "You have this picture already" : "Stored, being prepared";
    this.#change(upload, { phase: image.state === "ready" ? "ready" : "stored", note, sent: 1, image });
    this.onStored(upload);
  }

  #refuse(upload, note, final = false) {
    if (upload.phase !== "cancelled") this.#change(upload, { phase: "refused", note, final });
  }

  #change(upload, values) {
    Object.assign(upload, values);
    this.onChange(upload);
  }
}
