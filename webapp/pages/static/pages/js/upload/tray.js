// The tray: a line per upload, and what they come to together.
import { onSettled } from "../live.js";
import { previewOf } from "./preview.js";

const SETTLED = {
  added: ["ready", "Added"],
  ready: ["ready", "Ready"],
  failed: ["failed", "Stored, but the smaller sizes could not be made"],
  rejected: ["failed", "Not a picture that can be read"],
};
const plural = (count, word) => `${count} ${word}${count === 1 ? "" : "s"}`;

export class Tray {
  #rows = new Map();
  #element = document.getElementById("tray");
  #list = document.getElementById("tray-list");

  constructor() {
    onSettled((id, state) => this.settle(id, state));
    document.getElementById("tray-close").addEventListener("click", () => this.#close());
    document.getElementById("tray-retry").addEventListener("click", () => {
      for (const upload of this.#retryable) this.onRetry(upload);
    });
  }

  show(upload) {
    const row = this.#rows.get(upload) ?? this.#add(upload);
    row.dataset.phase = upload.phase;
    row.toggleAttribute("data-final", Boolean(upload.final));
    row.querySelector(".upload-note").textContent = upload.note;
    row.querySelector("progress").value = upload.sent;
    if (upload.phase === "sending") this.#showPreview(upload, row);
    if (upload.image) this.#link(upload, row);
    if (upload.phase === "refused") this.#list.prepend(row); // where it is seen
    if (upload.phase === "cancelled") this.#remove(upload);
    this.#summarize();
  }

  #add(upload) {
    const row = document.getElementById("tray-row").content.firstElementChild.cloneNode(true);
    row.querySelector(".upload-name").textContent = upload.file.name;
    row.querySelector(".upload-cancel").addEventListener("click", () => this.#dismiss(upload));
    row.querySelector(".upload-retry").addEventListener("click", () => this.onRetry(upload));
    this.#rows.set(upload, row);
    this.#list.append(row);
    this.#element.hidden = false;
    return row;
  }

  #dismiss(upload) {
    if (["waiting", "sending", "refused"].includes(upload.phase)) this.onCancel(upload);
    else this.#remove(upload);
    this.#summarize();
  }

  #remove(upload) {
    this.#rows.get(upload)?.remove();
    this.#rows.delete(upload);
  }

  async #showPreview(upload, row) {
    if (upload.preview) return;
    upload.preview = previewOf(upload.file);
    const source = await upload.preview;
    if (!source) return;
    const picture = new Image();
    picture.alt = "";
    picture.src = source;
    row.querySelector(".upload-picture").replaceChildren(picture);
  }

  #link(upload, row) {
    const name = row.querySelector(".upload-name");
    if (name.tagName === "A") return;
    const link = Object.assign(document.createElement("a"), {
      className: name.className,
      href: `/i/${upload.image.id}`,
      textContent: name.textContent,
    });
    name.replaceWith(link);
  }

  settle(id, state) {
    for (const upload of this.#rows.keys()) {
      if (upload.image?.id !== id || !SETTLED[state]) continue;
      [upload.phase, upload.note] = SETTLED[state];
      this.show(upload);
    }
  }

  #in(...phases) {
    return [...this.#rows.keys()].filter(({ phase }) => phases.includes(phase));
  }

  get #retryable() {
    return this.#in("refused").filter(({ final }) => !final);
  }

  #summarize() {
    const uploads = [...this.#rows.keys()];
    const going = this.#in("waiting", "sending").length;
    const refused = this.#in("refused").length;
    const done = uploads.length - going - refused;
    const total = uploads.reduce((sum, { file }) => sum + file.size, 0);
    const sent = uploads.reduce((sum, { file, sent: part }) => sum + part * file.size, 0);
    const said = going ? `Adding ${plural(going, "picture")}…` : `${plural(done, "picture")} added`;
    document.getElementById("tray-title").textContent = refused ? `${said}, ${refused} not` : said;
    const progress = document.getElementById("tray-progress");
    progress.hidden = !going;
    progress.value = total ? sent / total : 0;
    document.getElementById("tray-retry").hidden = this.#retryable.length < 2;
    if (!uploads.length) this.#element.hidden = true;
  }

  // Closing hides what is done; what is still going on goes on, and shows up again.
  #close() {
    for (const upload of this.#in("stored", "ready", "failed")) this.#remove(upload);
    for (const upload of this.#in("refused")) this.onCancel(upload);
    this.#element.hidden = true;
  }
}
