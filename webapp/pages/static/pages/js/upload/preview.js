// A small local picture of a file, to show before the server has one.

const WIDTH = 480;

// Returns the address of a small picture; null where the browser does not know the type.
export async function previewOf(file) {
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
