// sharp: each size from the source, one thread.
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import sharp from "sharp";

sharp.concurrency(1);
sharp.cache(false);
const save = {
  webp: (image) => image.webp({ quality: 80, effort: 4 }),
  jpg: (image) => image.jpeg({ quality: 82 }),
}[process.argv[2]];
const sizes = {
  1600: { width: 1600, withoutEnlargement: true },
  800: { width: 800, withoutEnlargement: true },
  320: { width: 320, withoutEnlargement: true },
  256: { width: 256, height: 256, fit: "cover" },
};

for await (const line of createInterface({ input: process.stdin })) {
  const { source, target } = JSON.parse(line);
  const before = process.cpuUsage();
  for (const [name, size] of Object.entries(sizes))
    writeFileSync(join(target, name), await save(sharp(source).rotate().resize(size)).toBuffer());
  const { user, system } = process.cpuUsage(before);
  const rss = process.resourceUsage().maxRSS / 1000;
  console.log(JSON.stringify({ cpu_ms: (user + system) / 1000, rss_mb: rss }));
}
