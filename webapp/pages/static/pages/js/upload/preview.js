// A small local picture of a file, to show before the server has one.

const WIDTH = 480;
const MOST_BYTES = 24 * 1024 * 1024;
let before = Promise.resolve();

// Returns the address of a small picture; null where the browser does not know the type, or
// would need too much memory for it. One after the other, for the same reason.
export function previewOf(file) {
  before = before.then(() => (file.size > MOST_BYTES ? null : make(file)));
  return before;
}

async function make(file) {
  try {
    const bitmap = await createImageBitmap(file, { resizeWidth: WIDTH, resizeQuality: "medium" });
    const canvas = document.createElement("canvas");
    [canvas.width, canvas.height] = [bitmap.width, bitmap.height];
    canvas.getContext("2d").drawImage(bitmap, 0, 0);
    bitmap.close();
    const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/webp", 0.75));
    return URL.createObjectURL(blob);
  } catch {
    return null;
  }
}
