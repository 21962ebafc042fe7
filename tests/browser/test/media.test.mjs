// Three pages in one call: cameras in three layers, a screen and tones, every frame sealed with the keys of a
// group. Each page decodes the others' pictures in the right tiles, and hears their tones; one of them has no
// UDP.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { setTimeout as wait } from 'node:timers/promises';

import { startCall } from '../lib/media_pages.mjs';

/** The time after which the test fails that waits for something. */
const PATIENCE = 45_000;

const CAMERA = { width: 960, height: 540, rate: 10, noise: 60 };
const DEVICES = [16, 32, 48];
const COLOURS = { 16: [200, 40, 40], 32: [40, 160, 40], 48: [40, 40, 200] };
const SCREEN = { colour: [200, 200, 40], width: 640, height: 360, rate: 5, noise: 10 };
const TONES = { 16: 500, 32: 900, 48: 1700 };
const CAMERA_CONTEXT = 1;
const SCREEN_CONTEXT = 2;

let call;
const pages = [];

before(async () => {
  call = await startCall();
  const now = Math.floor(Date.now() / 1000);
  const keys = await call.ask('group', { devices: DEVICES, now });
  for (const [place, device] of DEVICES.entries()) {
    const camera = { ...CAMERA, colour: COLOURS[device] };
    const sending = { camera, tone: TONES[device], ...(place === 0 && { screen: SCREEN }) };
    // The last one is in a network that carries no UDP.
    const route = place === 2 ? 'tcp' : 'direct';
    pages.push(await call.join(device, sending, { route, keys: keys[place] }));
  }
});

after(() => call?.stop());

/** Waits until something is so, and fails with the last state. */
async function until(what, look) {
  const deadline = Date.now() + PATIENCE;
  for (;;) {
    const { done, state } = await look();
    if (done) return;
    if (Date.now() > deadline) assert.fail(`${what}: ${JSON.stringify(state)}`);
    await wait(100);
  }
}

function isNear(colour, expected) {
  return colour?.every((part, place) => Math.abs(part - expected[place]) < 60);
}

test('each page shows the cameras of the others in their tiles', async () => {
  await Promise.all(
    pages.map(async (page) => {
      const others = DEVICES.filter((device) => device !== page.device);
      await page.view(others.map((device) => ({ device, source: 'camera', height: 135 })));
      await until(`the tiles of ${page.device}`, async () => {
        const tiles = await page.tiles();
        const done = others.every((device, place) => {
          const tile = tiles[page.mids.slots[place]];
          const leaf = DEVICES.indexOf(device);
          const isOf = tile.leaf === leaf && tile.context === CAMERA_CONTEXT;
          return isOf && tile.frames > 10 && isNear(tile.colour, COLOURS[device]);
        });
        return { done, state: { tiles, slots: page.slots() } };
      });
    }),
  );
});

test('each page hears the tones of the others, and not its own', async () => {
  for (const page of pages) {
    const missing = new Set(DEVICES.filter((device) => device !== page.device));
    await until(`the tones at ${page.device}`, async () => {
      const heard = await page.tones(Object.values(TONES));
      assert.ok(!heard.includes(TONES[page.device]), `${page.device} hears itself`);
      for (const device of DEVICES) if (heard.includes(TONES[device])) missing.delete(device);
      return { done: missing.size === 0, state: [...missing] };
    });
  }
});

test('a slot goes from a camera to a screen and to the largest layer', async () => {
  const [sharer, viewer] = pages;
  const [slot] = viewer.mids.slots;
  for (const [source, height, context, colour] of [
    ['screen', 360, SCREEN_CONTEXT, SCREEN.colour],
    ['camera', 540, CAMERA_CONTEXT, COLOURS[sharer.device]],
  ]) {
    await viewer.view([{ device: sharer.device, source, height }]);
    await until(`the ${source}`, async () => {
      const { [slot]: tile } = await viewer.tiles();
      const done = tile.context === context && tile.height === height && isNear(tile.colour, colour);
      return { done, state: tile };
    });
  }
});

test('the page without UDP is connected over TCP, and the others over UDP', async () => {
  const protocols = await Promise.all(pages.map(async (page) => (await page.measure()).path.protocol));
  assert.deepEqual(protocols, ['udp', 'udp', 'tcp']);
});
