// What a picture looks like until it is there: its main colour, and its ThumbHash as a blur.
// Set by script, as the page's policy allows no style in the page itself.
// Source: ThumbHash, Evan Wallace, https://evanw.github.io/thumbhash/

const SIDE = 32;

// The low frequencies that are kept, the mean left out: pairs of across and down.
function frequencies(across, down) {
  const kept = [];
  for (let y = 0; y < down; y++)
    for (let x = y ? 0 : 1; x * down < across * (down - y); x++) kept.push([x, y]);
  return kept;
}

function channelReader(bytes, start) {
  let at = 0;
  const nibble = () => (bytes[start + (at >> 1)] >> ((at++ & 1) << 2)) & 15;
  return (mean, scale, across, down) => {
    const terms = frequencies(across, down).map(([x, y]) => [x, y, (nibble() / 7.5 - 1) * scale]);
    // Given the cosines of a place, the value there.
    return (alongX, alongY) =>
      terms.reduce((sum, [x, y, term]) => sum + 2 * term * alongX[x] * alongY[y], mean);
  };
}

function read(bytes) {
  const first = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
  const second = bytes[3] | (bytes[4] << 8);
  const transparent = first >> 23;
  const landscape = second >> 15;
  const most = transparent ? 5 : 7;
  const across = Math.max(3, landscape ? most : second & 7);
  const down = Math.max(3, landscape ? second & 7 : most);
  const channel = channelReader(bytes, transparent ? 6 : 5);
  return {
    ratio: across / down,
    light: channel((first & 63) / 63, ((first >> 18) & 31) / 31, across, down),
    yellow: channel(((first >> 6) & 63) / 31.5 - 1, (1.25 * ((second >> 3) & 63)) / 63, 3, 3),
    red: channel(((first >> 12) & 63) / 31.5 - 1, (1.25 * ((second >> 9) & 63)) / 63, 3, 3),
    alpha: transparent ? channel((bytes[5] & 15) / 15, (bytes[5] >> 4) / 15, 5, 5) : () => 1,
  };
}

const cosines = (at, length) => Array.from({ length: 7 }, (_, n) => Math.cos((Math.PI / length) * (at + 0.5) * n));

function paint(text) {
  const { ratio, light, yellow, red, alpha } = read(Uint8Array.from(atob(text), (c) => c.charCodeAt(0)));
  const canvas = document.createElement("canvas");
  canvas.width = Math.round(ratio > 1 ? SIDE : SIDE * ratio);
  canvas.height = Math.round(ratio > 1 ? SIDE / ratio : SIDE);
  const context = canvas.getContext("2d");
  const picture = context.createImageData(canvas.width, canvas.height);
  for (let y = 0, at = 0; y < canvas.height; y++) {
    const alongY = cosines(y, canvas.height);
    for (let x = 0; x < canvas.width; x++, at += 4) {
      const alongX = cosines(x, canvas.width);
      const [l, p, q] = [light, yellow, red].map((channel) => channel(alongX, alongY));
      const b = l - (2 / 3) * p;
      const r = (3 * l - b + q) / 2;
      picture.data.set([r, r - q, b, alpha(alongX, alongY)].map((value) => 255 * value), at);
    }
  }
  context.putImageData(picture, 0, 0);
  return canvas.toDataURL();
}

function show(element) {
  const { placeholder, colour } = element.dataset;
  const image = element.querySelector("img");
  element.removeAttribute("data-placeholder");
  if (!image || image.complete) return;
  element.style.background = `${colour} url(${paint(placeholder)}) center / cover`;
  // A transparent picture would let it through.
  image.addEventListener("load", () => (element.style.background = ""), { once: true });
}

const showAll = (root) => root.querySelectorAll("[data-placeholder]").forEach(show);

showAll(document);
document.addEventListener("htmx:load", (event) => showAll(event.target));
