// sharp as a peer of ./run bench image, on one thread and without its cache.
//
// usage: node sharp.mjs measure usual|best ROUNDS FILE    CPU ms a picture, one number
//        node sharp.mjs write usual|best FOLDER FILE      the sizes as FOLDER/CODE.jpg
//        node sharp.mjs version
import { createRequire } from "node:module";
import { readFileSync, writeFileSync } from "node:fs";
import path from "node:path";

// Installed beside the build: package.json and package-lock.json say what.
const require = createRequire(path.resolve(process.env.SHARP_HOME, "package.json"));
const sharp = require("sharp");
sharp.concurrency(1);
sharp.cache(false);

const QUALITY = Number(process.env.QUALITY ?? 82);
const SIZES = [["b", 1024], ["-", 500], ["m", 240], ["t", 100], ["s", 75]];
const BOX = { fit: "inside", withoutEnlargement: true };

const wanted = (longest) => SIZES.filter(([code, side]) => code !== "b" || longest > side);

function reduced(picture, code, side) {
  return code === "s" ? picture.resize(side, side, { fit: "cover" })
                      : picture.resize(side, side, BOX);
}

// What most programs do: every size by itself from the file.
async function usual(bytes) {
  const { width, height } = await sharp(bytes).metadata();
  const sizes = {};
  for (const [code, side] of wanted(Math.max(width, height))) {
    sizes[code] = await reduced(sharp(bytes).rotate(), code, side)
      .jpeg({ quality: QUALITY }).toBuffer();
  }
  return sizes;
}

// The best that can be had of it: decoded once, each size from the raw pixels of the one before.
async function best(bytes) {
  const { width, height } = await sharp(bytes).metadata();
  let { data, info } = await sharp(bytes).rotate().resize(1024, 1024, BOX).raw()
    .toBuffer({ resolveWithObject: true });
  const sizes = {};
  for (const [code, side] of wanted(Math.max(width, height))) {
    const raw = { width: info.width, height: info.height, channels: info.channels };
    const source = () => sharp(data, { raw });
    if (code === "b") {
      sizes[code] = await source().jpeg({ quality: QUALITY }).toBuffer();
    } else if (code === "s") {
      sizes[code] = await reduced(source(), code, side).jpeg({ quality: QUALITY }).toBuffer();
    } else {
      const next = await reduced(source(), code, side).raw().toBuffer({ resolveWithObject: true });
      ({ data, info } = next);
      const made = { width: info.width, height: info.height, channels: info.channels };
      sizes[code] = await sharp(data, { raw: made }).jpeg({ quality: QUALITY }).toBuffer();
    }
  }
  return sizes;
}

const ways = { usual, best };
const [task, way, argument, file] = process.argv.slice(2);
if (task === "version") {
  console.log(`${sharp.versions.sharp} (libvips ${sharp.versions.vips})`);
} else if (task === "measure") {
  const bytes = readFileSync(file);
  for (let i = 0; i < 2; ++i) await ways[way](bytes);
  const before = process.cpuUsage();
  for (let i = 0; i < Number(argument); ++i) await ways[way](bytes);
  const used = process.cpuUsage(before);
  console.log((used.user + used.system) / 1000 / Number(argument));
} else {
  const sizes = await ways[way](readFileSync(file));
  for (const [code, bytes] of Object.entries(sizes)) {
    writeFileSync(path.join(argument, `${code}.jpg`), bytes);
  }
}
