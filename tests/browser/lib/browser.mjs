// Debian's Chromium, and the screens that people have.
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

const folder = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Nothing but the page under test: no start-up screens, no requests of the browser's own. */
const ARGUMENTS = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--force-device-scale-factor=1',
  '--font-render-hinting=none',
  '--disable-lcd-text',
];

export const SCREENS = {
  phone: { width: 390, height: 844 },
  desktop: { width: 1280, height: 900 },
};

/** Starts the browser, with a profile that is new and goes with it. */
export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.BROWSER_CHROMIUM ?? '/usr/bin/chromium',
    args: ARGUMENTS,
    env: { ...process.env, FONTCONFIG_FILE: path.join(folder, 'fonts.conf') },
  });
}

/** A page of its own on a screen; `scripts` says whether any script could run in it. */
export async function openPage(browser, { screen = 'phone', scheme = 'light', scripts = true } = {}) {
  const context = await browser.newContext({
    viewport: typeof screen === 'string' ? SCREENS[screen] : screen,
    colorScheme: scheme,
    javaScriptEnabled: scripts,
    reducedMotion: 'reduce',
    locale: 'en-GB',
  });
  const page = await context.newPage();
  // What the policy of the pages forbids, and what is not there, is said on the console.
  page.complaints = [];
  page.on('console', (message) => {
    if (message.type() === 'error' && !/status of [45]\d\d/.test(message.text())) {
      page.complaints.push(message.text());
    }
  });
  page.on('requestfailed', (request) => page.complaints.push(`failed: ${request.url()}`));
  return page;
}
