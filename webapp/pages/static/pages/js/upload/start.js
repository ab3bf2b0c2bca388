// Pictures come in by drop, paste, file picker or link, from anywhere on a page.
import { tileArrive } from "./arrive.js";
import { kept } from "./kept.js";
import { Links, linkOf } from "./links.js";
import { Queue } from "./queue.js";
import { Tray } from "./tray.js";

// A picture of the page itself that is dragged around comes with "Files", too.
let ownDrag = false;
const hasFiles = (transfer) => !ownDrag && [...(transfer?.types ?? [])].includes("Files");

const inField = ({ target }) => target.closest?.("input, textarea");
// Office programs put a picture of a text beside it: the text is meant for the field.
const isTextForField = (event) => inField(event) && event.clipboardData.types.includes("text/plain");

function wanted() {
  return {
    album: document.getElementById("upload-album").value.trim(),
    kind: document.querySelector("[name=upload-kind]:checked").value,
  };
}

function start() {
  const tray = new Tray();
  const told = {
    onChange: (upload) => tray.show(upload),
    onStored: async (upload) => {
      // Without its tile it is stored all the same; the gallery's own look brings that.
      const state = (await tileArrive(upload).catch(() => null)) ?? "added";
      const isSettled = upload.phase !== "stored"; // known before, or seen to be ready meanwhile
      if (!isSettled) tray.settle(upload.image.id, state);
    },
  };
  const [queue, links] = [new Queue(told), new Links(told)];
  const from = (upload) => (upload.link ? links : queue);
  tray.onCancel = (upload) => from(upload).cancel(upload);
  tray.onRetry = (upload) => from(upload).retry(upload);

  const dialog = document.getElementById("upload-dialog");
  const add = (files) => {
    dialog.close();
    queue.add([...files], wanted());
  };
  listenPicker(add);
  listenDrop(add);
  listenLink(dialog, (link) => links.add(link, wanted()));
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length && !isTextForField(event)) add(event.clipboardData.files);
  });
  window.addEventListener("beforeunload", (event) => {
    if (queue.busy) event.preventDefault();
  });
  kept().then((uploads) => {
    for (const { file, album, kind } of uploads) queue.add([file], { album, kind, kept: true });
  });
}

function listenPicker(add) {
  const picker = document.getElementById("upload-files");
  document.addEventListener("click", (event) => {
    if (event.target.closest?.("[data-choose]")) picker.click();
  });
  picker.addEventListener("change", () => {
    add(picker.files);
    picker.value = ""; // the same file may be chosen again
  });
}

// A link that is pasted onto the page waits in the dialog: nobody asked for it to be fetched yet.
function listenLink(dialog, add) {
  const field = document.getElementById("upload-link");
  dialog.querySelector("form").addEventListener("submit", (event) => {
    if (event.submitter?.value === "close") return;
    const link = linkOf(field.value);
    field.setCustomValidity(link ? "" : "A link begins with https:// or http://.");
    if (!link) event.preventDefault();
    if (!field.reportValidity()) return;
    field.value = "";
    add(link);
  });
  field.addEventListener("input", () => field.setCustomValidity(""));
  field.addEventListener("keydown", (event) => {
    if (event.key !== "Enter") return; // which would take the first button, the one that closes
    event.preventDefault();
    field.form.requestSubmit(dialog.querySelector("button[value=link]"));
  });
  document.addEventListener("paste", (event) => {
    const link = linkOf(event.clipboardData.getData("text/plain"));
    if (!link || event.clipboardData.files.length || inField(event)) return;
    field.value = link;
    if (!dialog.open) dialog.showModal();
    field.focus();
  });
}

function listenDrop(add) {
  const veil = document.getElementById("drop");
  let depth = 0; // entering a child comes before leaving its parent
  const show = (on) => {
    depth = on ? depth : 0;
    veil.hidden = !on;
    const { album, kind } = wanted();
    const where = album ? `to the album “${album}”` : "to your pictures";
    document.getElementById("drop-where").textContent = where + (kind === "s" ? ", signed links only" : "");
  };
  window.addEventListener("dragstart", () => (ownDrag = true));
  window.addEventListener("dragend", () => (ownDrag = false));
  window.addEventListener("dragenter", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    depth += 1;
    show(true);
  });
  window.addEventListener("dragleave", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    depth -= 1;
    if (depth <= 0) show(false);
  });
  window.addEventListener("dragover", (event) => {
    if (hasFiles(event.dataTransfer)) event.preventDefault();
  });
  window.addEventListener("drop", (event) => {
    if (!hasFiles(event.dataTransfer)) return;
    event.preventDefault();
    show(false);
    add(event.dataTransfer.files);
  });
}

if (document.getElementById("tray")) start();
