// Large files that are on their way, kept by the browser, so that they go on after a reload.
import { isResumable, keyOf } from "./tus.js";

const KEPT_MS = 24 * 60 * 60 * 1000; // as long as the service keeps what has arrived

// Survives a reload and is another one in each tab, which would otherwise send the same files.
function tab() {
  sessionStorage.tab ??= Array.from(crypto.getRandomValues(new Uint32Array(4)), (n) => n.toString(36)).join("");
  return sessionStorage.tab;
}

export async function keep(upload) {
  if (!isResumable(upload)) return;
  const { file, album, kind } = upload;
  const entry = { file, album, kind, key: keyOf(upload), tab: tab(), at: Date.now() };
  upload.kept = await inStore("readwrite", (store) => store.put(entry, keyOf(upload))).then(() => true, () => false);
}

export function forget(upload) {
  if (isResumable(upload)) inStore("readwrite", (store) => store.delete(keyOf(upload))).catch(() => {});
}

// Resolves with what this tab was sending when it was left. What nobody will send any more is removed.
export async function kept() {
  const entries = await inStore("readonly", (store) => store.getAll()).catch(() => []);
  const isOver = (entry) => entry.key !== keyOf(entry) || entry.at < Date.now() - KEPT_MS;
  for (const { key } of entries.filter(isOver)) {
    inStore("readwrite", (store) => store.delete(key)).catch(() => {});
  }
  return entries.filter((entry) => !isOver(entry) && entry.tab === tab());
}

async function inStore(mode, act) {
  const database = await opened();
  try {
    const transaction = database.transaction("files", mode);
    const request = act(transaction.objectStore("files"));
    await new Promise((resolve, reject) => {
      transaction.oncomplete = resolve;
      transaction.onabort = () => reject(transaction.error);
    });
    return request.result;
  } finally {
    database.close();
  }
}

const opened = () =>
  new Promise((resolve, reject) => {
    const request = indexedDB.open("shoebox-uploads", 1);
    request.onupgradeneeded = () => request.result.createObjectStore("files");
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
  });
