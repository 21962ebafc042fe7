// The pages that send and receive media, served from `media/`, and the call in which they are.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { framesModule } from '../../interop/lib/binaries.mjs';
import { startPeer } from './media_peer.mjs';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../media');

const TYPES = { '.html': 'text/html', '.mjs': 'text/javascript', '.wasm': 'application/wasm' };

/** Sound without a gesture, and connections on the loopback interface. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--autoplay-policy=no-user-gesture-required',
  '--allow-loopback-in-peer-connection',
];

/** Where the pages are served. */
export async function serveMediaPages() {
  const server = createServer(async (request, response) => {
    const name = path.basename(new URL(request.url, 'http://localhost').pathname) || 'index.html';
    try {
      const file = name === 'frames.wasm' ? framesModule() : path.join(folder, name);
      const body = await readFile(file);
      response.writeHead(200, { 'content-type': TYPES[path.extname(name)] ?? 'text/plain' });
      response.end(body);
    } catch {
      response.writeHead(404).end();
    }
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    stop: () => new Promise((resolve) => server.close(resolve)),
  };
}

/** Starts a browser for media. */
export function startMediaBrowser() {
  return chromium.launch({
    executablePath: process.env.BROWSER_CHROMIUM ?? '/usr/bin/chromium',
    args: ARGUMENTS,
  });
}

/** A call: a server, a browser and the pages that are in it. */
export async function startCall() {
  const [browser, pages] = await Promise.all([startMediaBrowser(), serveMediaPages()]);
  const slots = new Map();
  const peer = startPeer((event) => {
    if (event.event === 'slots') slots.set(event.device, event.slots);
  });
  const join = async (device, sending, { route = 'direct', audioSlots = 3, videoSlots = 4, keys } = {}) => {
    const context = await browser.newContext();
    const page = await context.newPage();
    page.on('pageerror', (error) => process.stderr.write(`page ${device}: ${error}\n`));
    await page.goto(pages.url);
    await page.waitForFunction('window.anteroom !== undefined');
    await peer.ask('join', { device, path: route });
    const options = { ...sending, audioSlots, videoSlots, keys };
    const { offer, mids } = await page.evaluate((given) => window.anteroom.begin(given), options);
    const answer = await peer.ask('offer', { device, session: 1, offer });
    await page.evaluate((sdp) => window.anteroom.answer(sdp), answer);
    const sources = ['audio', 'camera', 'screen'].filter((source) => mids[source] !== undefined);
    await peer.ask('publish', { device, sources });
    return {
      device,
      page,
      mids,
      /** Asks to see these, one in a slot: `[{ device, source, height }]`. */
      view: (wishes) => {
        const wish = (one, place) => ({ mid: mids.slots[place], ...one });
        return peer.ask('view', { device, slots: wishes.map(wish) });
      },
      /** What the server says about the slots. */
      slots: () => slots.get(device) ?? [],
      tiles: () => page.evaluate(() => window.anteroom.tiles()),
      tones: (frequencies) => page.evaluate((all) => window.anteroom.tones(all), frequencies),
      measure: () => page.evaluate(() => window.anteroom.measure()),
      shape: (ways) => peer.ask('shape', { device, ...ways }),
    };
  };
  const stop = async () => {
    await browser.close();
    await peer.stop();
    await pages.stop();
  };
  return { join, stop, ask: peer.ask };
}
