// Pictures come in by drop, paste or file picker, from anywhere on a page.
import { tileArrive } from "./arrive.js";
import { kept } from "./kept.js";
import { Queue } from "./queue.js";
import { Tray } from "./tray.js";

// A picture of the page itself that is dragged around comes with "Files", too.
let ownDrag = false;
const hasFiles = (transfer) => !ownDrag && [...(transfer?.types ?? [])].includes("Files");

function wanted() {
  return {
    album: document.getElementById("upload-album").value.trim(),
    kind: document.querySelector("[name=upload-kind]:checked").value,
  };
}

function start() {
  const tray = new Tray();
  const queue = new Queue({
    onChange: (upload) => tray.show(upload),
    onStored: async (upload) => {
      if (!(await tileArrive(upload))) tray.settle(upload.image.id, "added");
    },
  });
  tray.onCancel = (upload) => queue.cancel(upload);
  tray.onRetry = (upload) => queue.retry(upload);

  const add = (files) => {
    document.getElementById("upload-dialog").close();
    queue.add([...files], wanted());
  };
  listenPicker(add);
  listenDrop(add);
  document.addEventListener("paste", (event) => {
    if (event.clipboardData.files.length) add(event.clipboardData.files);
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
