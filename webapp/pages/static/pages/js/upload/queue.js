// Uploads, a few at a time, each on its way from waiting to stored.
import { problemText } from "../api.js";
import { forget, keep } from "./kept.js";
import { send } from "./send.js";
import { isResumable, keyOf } from "./tus.js";

const PARALLEL = 4;
const BUSY_TRIES = 5;
const BUSY_PAUSE_SECONDS = 3;
const BUSY_PAUSE_MOST_SECONDS = 600; // nobody waits longer before a page
const BUSY = new Set([429, 502, 503, 504]);
// The same file gets the same answer.
const FINAL = new Set([413, 415, 422]);

const maxBytes = () => Number(document.querySelector("meta[name=max-upload-bytes]").content);
const megabytes = (bytes) => `${(bytes / 1024 / 1024).toFixed(bytes < 10485760 ? 1 : 0)} MB`;

// Phases: waiting, sending, stored; then ready or failed. Or refused, or cancelled.
class Upload {
  constructor(file, { album, kind, kept = false }) {
    Object.assign(this, { file, album, kind, kept });
    this.reset();
  }

  get going() {
    return this.phase === "waiting" || this.phase === "sending";
  }

  reset() {
    Object.assign(this, { phase: "waiting", sent: 0, note: "Waiting", image: null, tries: 0, abort: null });
  }
}

export class Queue {
  #uploads = [];
  #running = 0;

  // `onChange(upload)` after every change; `onStored(upload)` once its image exists.
  constructor({ onChange, onStored }) {
    this.onChange = onChange;
    this.onStored = onStored;
  }

  // Whether leaving the page would end an upload.
  get busy() {
    return this.#uploads.some(({ going, kept }) => going && !kept);
  }

  add(files, options) {
    for (const file of files) {
      const upload = new Upload(file, options);
      if (this.#isUnderWay(upload)) continue;
      this.#uploads.push(upload);
      if (file.size > maxBytes()) {
        this.#refuse(upload, 413, `${megabytes(file.size)} are too many; the most is ${megabytes(maxBytes())}.`);
        continue;
      }
      if (!upload.kept) keep(upload);
      this.onChange(upload);
    }
    this.#next();
  }

  #isUnderWay(upload) {
    return isResumable(upload) && this.#uploads.some((other) => other.going && keyOf(other) === keyOf(upload));
  }

  cancel(upload) {
    upload.abort?.();
    this.#change(upload, { phase: "cancelled", note: "Cancelled" });
  }

  retry(upload) {
    upload.reset();
    this.onChange(upload);
    this.#next();
  }

  #next() {
    while (this.#running < PARALLEL) {
      const upload = this.#uploads.find(({ phase }) => phase === "waiting");
      if (!upload) return;
      this.#running += 1;
      this.#run(upload).finally(() => {
        this.#running -= 1;
        this.#next();
      });
    }
  }

  async #run(upload) {
    this.#change(upload, { phase: "sending", note: "Starting" });
    const answer = await send(upload, (sent) => {
      const note = sent < 1 ? `${Math.floor(sent * 100)} % of ${megabytes(upload.file.size)}` : "Storing the copies";
      this.#change(upload, { sent, note });
    });
    if (upload.phase === "cancelled") return;
    if (answer.status === 200 || answer.status === 201) this.#stored(upload, JSON.parse(answer.body));
    else if (BUSY.has(answer.status) && upload.tries < BUSY_TRIES) await this.#again(upload, answer);
    else this.#refuse(upload, answer.status, problemText(answer.status, answer.body));
  }

  #stored(upload, image) {
    const note = image.duplicate ? "You have this picture already" : "Stored, being prepared";
    const phase = image.duplicate && image.state === "ready" ? "ready" : "stored";
    this.#change(upload, { phase, note, sent: 1, image });
    this.onStored(upload);
  }

  async #again(upload, answer) {
    const seconds = Math.min(answer.retryAfter || BUSY_PAUSE_SECONDS, BUSY_PAUSE_MOST_SECONDS);
    upload.tries += 1;
    for (let left = seconds; left > 0 && upload.phase === "sending"; left -= 1) {
      this.#change(upload, { sent: 0, note: `Busy; trying again in ${left} s` });
      await new Promise((resolve) => setTimeout(resolve, 1000));
    }
    if (upload.phase === "sending") this.#change(upload, { phase: "waiting", note: "Waiting" });
  }

  #refuse(upload, status, note) {
    this.#change(upload, { phase: "refused", final: FINAL.has(status), note });
  }

  #change(upload, values) {
    Object.assign(upload, values);
    if (upload.image || upload.final || upload.phase === "cancelled") forget(upload);
    this.onChange(upload);
  }
}
