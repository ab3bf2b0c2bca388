// sharp behind a Node server: every request resizes, as services without a store of results do.
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import sharp from "sharp";

const [port, photo, stored] = process.argv.slice(2);
sharp.concurrency(1);
createServer(async (request, answer) => {
  const body = request.url === "/stored"
    ? await readFile(stored)
    : await sharp(await readFile(photo)).resize(320).webp({ quality: 80 }).toBuffer();
  answer.writeHead(200, { "content-type": "image/webp", "content-length": body.length });
  answer.end(body);
}).listen(Number(port), "127.0.0.1");
