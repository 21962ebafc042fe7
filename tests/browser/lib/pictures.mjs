// Pictures of pages, compared so that another version of a font does not matter and another colour,
// size or place of anything does.
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { PNG } from 'pngjs';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const workspace = path.resolve(folder, '../..');
const references = path.join(folder, 'screenshots');
const actual = path.join(process.env.CARGO_TARGET_DIR ?? path.join(workspace, 'target'), 'screenshots');

/** Squares of so many pixels are compared by their mean colour: thin strokes may move in them. */
const SQUARE = 10;
/** How far the means may be apart, of 255. */
const APART = 24;
/** Which share of the squares may be further apart. */
const SHARE = 0.01;

/** Takes a picture of the screen and keeps it in `target/screenshots`. */
export async function take(page, name) {
  const picture = await page.screenshot({ animations: 'disabled', caret: 'hide' });
  await mkdir(actual, { recursive: true });
  await writeFile(path.join(actual, `${name}.png`), picture);
  return picture;
}

/** The picture that is part of the project; with `BROWSER_UPDATE=1` it becomes the one given. */
export async function reference(name, picture) {
  const file = path.join(references, `${name}.png`);
  if (process.env.BROWSER_UPDATE === '1') await writeFile(file, picture);
  return readFile(file);
}

/** Whether two pictures show the same, and what share of them differs. */
export function compare(one, other) {
  const [a, b] = [PNG.sync.read(one), PNG.sync.read(other)];
  if (a.width !== b.width || a.height !== b.height) return { same: false, share: 1 };
  let [squares, apart] = [0, 0];
  for (let top = 0; top < a.height; top += SQUARE) {
    for (let left = 0; left < a.width; left += SQUARE) {
      const [m, n] = [mean(a, left, top), mean(b, left, top)];
      squares += 1;
      if (m.some((value, channel) => Math.abs(value - n[channel]) > APART)) apart += 1;
    }
  }
  const share = apart / squares;
  return { same: share <= SHARE, share };
}

function mean(picture, left, top) {
  const right = Math.min(left + SQUARE, picture.width);
  const bottom = Math.min(top + SQUARE, picture.height);
  const sums = [0, 0, 0];
  for (let y = top; y < bottom; y += 1) {
    for (let x = left; x < right; x += 1) {
      const at = (y * picture.width + x) * 4;
      for (let channel = 0; channel < 3; channel += 1) sums[channel] += picture.data[at + channel];
    }
  }
  const pixels = (right - left) * (bottom - top);
  return sums.map((sum) => sum / pixels);
}
