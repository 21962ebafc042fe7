// The page of the HTTP API of each service: how it looks, and that everything in it is found.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccess } from '../lib/axe.mjs';
import { SCREENS, openPage, startBrowser } from '../lib/browser.mjs';
import { compare, reference, take } from '../lib/pictures.mjs';
import { startService } from '../lib/service.mjs';

/** The smallest screen that guidelines ask for: a desktop's at 400 %. */
const NARROW = { width: 320, height: 568 };
/** Pixels: WCAG 2.2 asks for no more where links stand in lists and sentences. */
const TAP_TARGET = 24;
const SMALLEST_TEXT = 15;

let browser;
let service;

before(async () => {
  [browser, service] = await Promise.all([startBrowser(), startService()]);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

const SERVICES = {
  issuer: {
    title: 'Anteroom issuer: HTTP API · Anteroom',
    at: (path) => service.at(path),
    operation: 'post-v1-call-link-create-auth',
  },
  rooms: {
    title: 'Anteroom rooms: HTTP API · Anteroom',
    at: (path) => service.rooms(path),
    operation: 'put-v1-call-link',
  },
};

function facts(page) {
  return page.evaluate(() => {
    const shown = [...document.querySelectorAll('body *')].filter(
      (element) => element.getClientRects().length > 0,
    );
    const box = (element) => {
      const { left, right, height } = element.getBoundingClientRect();
      const font = parseFloat(getComputedStyle(element).fontSize);
      return { name: element.outerHTML.slice(0, 80), left, right, height, font };
    };
    const ids = [...document.querySelectorAll('[id]')].map((element) => element.id);
    const links = [...document.querySelectorAll('a')].map((link) => link.getAttribute('href'));
    return {
      wide: document.documentElement.scrollWidth,
      screen: window.innerWidth,
      boxes: shown.map(box),
      listed: shown.filter((element) => element.matches('nav a, h3 a')).map(box),
      ids,
      links,
      headings: [...document.querySelectorAll('h1, h2, h3, h4')].map((one) => Number(one.tagName[1])),
      title: document.title,
      scripts: document.scripts.length,
      cut: shown.filter((element) => element.scrollWidth > element.clientWidth + 1 &&
        getComputedStyle(element).overflowX !== 'visible').map((element) => element.tagName),
    };
  });
}

function assertFacts(found, title) {
  assert.ok(found.wide <= found.screen, `${found.wide} pixels on ${found.screen}`);
  for (const box of found.boxes) {
    assert.ok(box.left >= 0 && box.right <= found.screen, JSON.stringify(box));
    assert.ok(box.font >= SMALLEST_TEXT, JSON.stringify(box));
  }
  for (const box of found.listed) assert.ok(box.height >= TAP_TARGET, JSON.stringify(box));
  assert.equal(new Set(found.ids).size, found.ids.length);
  for (const link of found.links) {
    assert.ok(link === 'openapi.json' || found.ids.includes(link.slice(1)), link);
  }
  assert.deepEqual(found.headings.slice(0, 2), [1, 2]);
  found.headings.reduce((above, level) => {
    assert.ok(level > 1 && level <= above + 1, `${level} after ${above}`);
    return level;
  });
  assert.equal(found.title, title);
  assert.equal(found.scripts, 0);
  assert.deepEqual(found.cut, []);
}

for (const [name, { title, at, operation }] of Object.entries(SERVICES)) {
  describe(`the page of the HTTP API: ${name}`, () => {
    for (const scheme of ['light', 'dark']) {
      for (const screen of Object.keys(SCREENS)) {
        test(`on a ${screen}, ${scheme}`, async () => {
          const page = await openPage(browser, { screen, scheme, scripts: true });
          await page.goto(at(`/docs#${operation}`));
          assertFacts(await facts(page), title);
          const file = `docs-${name}-${screen}${scheme === 'dark' ? '-dark' : ''}`;
          const picture = await take(page, file);
          const { same, share } = compare(await reference(file, picture), picture);
          assert.ok(same, `${(100 * share).toFixed(1)} % of ${file} look different`);
          assert.deepEqual(page.complaints, []);
          await page.context().close();
        });
      }

      test(`for people who see, hear or type differently, ${scheme}`, async () => {
        const page = await openPage(browser, { scheme });
        await page.goto(at('/docs'));
        const { found, passed } = await checkAccess(page);
        assert.deepEqual(found, []);
        assert.ok(passed.includes('color-contrast'));
        await page.context().close();
      });
    }

    test('on the smallest screen, and with letters of twice the size', async () => {
      const page = await openPage(browser, { screen: NARROW });
      await page.goto(at('/docs'));
      assertFacts(await facts(page), title);
      await page.evaluate(() => {
        document.documentElement.style.fontSize = '200%';
      });
      assertFacts(await facts(page), title);
      await page.context().close();
    });

    test('everything is found by the search of the browser, without scripts', async () => {
      const page = await openPage(browser, { scripts: false });
      await page.goto(at('/docs/'));
      assert.equal(page.url(), at('/docs'));
      const api = await (await fetch(at('/openapi.json'))).json();
      const text = await page.locator('main').innerText();
      for (const [path, item] of Object.entries(api.paths)) {
        for (const method of Object.keys(item)) {
          assert.ok(text.includes(`${method.toUpperCase()} ${path}`), `${method} ${path}`);
        }
      }
      for (const [shape, { properties = {} }] of Object.entries(api.components.schemas)) {
        for (const word of [shape, ...Object.keys(properties)]) assert.ok(text.includes(word), word);
      }
      await page.context().close();
    });
  });
}
