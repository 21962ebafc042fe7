// What every page looks like in every state: the pictures that are part of the project, and facts
// that hold with any font.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { checkAccess } from '../lib/axe.mjs';
import { SCREENS, openPage, startBrowser } from '../lib/browser.mjs';
import { compare, reference, take } from '../lib/pictures.mjs';
import { SCENES } from '../lib/scenes.mjs';
import { startService } from '../lib/service.mjs';

/** Of these there are pictures in the dark too. */
const DARK = ['start', 'call', 'sign-up-wrong', 'verify', 'verify-again'];
/** The smallest screen that guidelines ask for: a desktop's at 400 %. */
const NARROW = { width: 320, height: 568 };
/** Pixels. */
const TAP_TARGET = 44;
const SMALLEST_TEXT = 15;
const SMALLEST_INPUT = 16;

let browser;
const services = {};

before(async () => {
  const start = async (signUp) => {
    const programPage = signUp === 'invite' ? 'https://club.example/anteroom' : undefined;
    services[signUp] = await startService({ signUp, programPage });
  };
  [browser] = await Promise.all([startBrowser(), start('open'), start('invite'), start('closed')]);
});

after(async () => {
  await browser?.close();
  await Promise.all(Object.values(services).map((service) => service.stop()));
});

async function scene(name, options) {
  const page = await openPage(browser, options);
  await SCENES[name](page, services);
  return page;
}

/** What can be measured in the page. */
function facts(page) {
  return page.evaluate(() => {
    const shown = [...document.querySelectorAll('main *')].filter(
      (element) => element.getClientRects().length > 0,
    );
    const box = (element) => {
      const { left, right, width, height } = element.getBoundingClientRect();
      const name = element.id || element.tagName.toLowerCase();
      return { name, left, right, width, height };
    };
    const size = (element) => ({ ...box(element), font: parseFloat(getComputedStyle(element).fontSize) });
    // Whoever presses the label of a box ticks it.
    const pressed = (element) => (element.matches('[type="checkbox"]') ? element.labels[0] : element);
    const targets = shown.filter((element) => element.matches('a, button, input')).map(pressed);
    return {
      wide: document.documentElement.scrollWidth,
      screen: window.innerWidth,
      boxes: shown.map(box),
      texts: shown.filter((element) => element.textContent.trim()).map(size),
      inputs: shown.filter((element) => element.matches('input')).map(size),
      targets: targets.map(box),
      labels: shown
        .filter((element) => element.matches('input'))
        .map((input) => [...input.labels].map((label) => label.textContent.trim()).join(' ')),
      headings: [...document.querySelectorAll('h1, h2, h3')].map((heading) => heading.tagName),
      mains: document.querySelectorAll('main').length,
      language: document.documentElement.lang,
      title: document.title,
      scripts: document.scripts.length,
    };
  });
}

function assertFacts(found) {
  assert.ok(found.wide <= found.screen, `${found.wide} pixels on ${found.screen}`);
  for (const box of found.boxes) {
    assert.ok(box.left >= 0 && box.right <= found.screen, JSON.stringify(box));
  }
  for (const text of found.texts) assert.ok(text.font >= SMALLEST_TEXT, JSON.stringify(text));
  // Phones zoom into fields with smaller text.
  for (const input of found.inputs) assert.ok(input.font >= SMALLEST_INPUT, JSON.stringify(input));
  for (const target of found.targets) {
    const fits = target.height >= TAP_TARGET && target.width >= TAP_TARGET;
    assert.ok(fits, JSON.stringify(target));
  }
  assert.ok(found.labels.every((label) => label.length > 0), JSON.stringify(found.labels));
  assert.match(found.headings.join(' '), /^H1( H2)*$/);
  assert.equal(found.mains, 1);
  assert.equal(found.language, 'en');
  assert.match(found.title, /^.+ · Anteroom$/);
  assert.equal(found.scripts, 0);
}

for (const name of Object.keys(SCENES)) {
  describe(name, () => {
    for (const screen of Object.keys(SCREENS)) {
      for (const scheme of ['light', 'dark']) {
        test(`on a ${screen}, ${scheme}`, async () => {
          const page = await scene(name, { screen, scheme });
          assertFacts(await facts(page));
          if (scheme === 'light' || DARK.includes(name)) {
            const file = `${name}-${screen}${scheme === 'dark' ? '-dark' : ''}`;
            const picture = await take(page, file);
            const { same, share } = compare(await reference(file, picture), picture);
            assert.ok(same, `${(100 * share).toFixed(1)} % of ${file} look different`);
          }
          assert.deepEqual(page.complaints, []);
          await page.context().close();
        });
      }
    }

    test('for people who see, hear or type differently', async () => {
      for (const scheme of ['light', 'dark']) {
        const page = await scene(name, { scheme });
        const { found, passed } = await checkAccess(page);
        assert.deepEqual(found, [], scheme);
        assert.ok(passed.includes('color-contrast'));
        await page.context().close();
      }
    });

    test('on the smallest screen, and with letters of twice the size', async () => {
      const page = await scene(name, { screen: NARROW });
      assertFacts(await facts(page));
      await page.evaluate(() => {
        document.documentElement.style.fontSize = '200%';
      });
      assertFacts(await facts(page));
      await page.context().close();
    });
  });
}

test('pictures of different things are different', async () => {
  const picture = async (target, options) => {
    const page = await openPage(browser, options);
    await page.goto(services.open.at(target));
    const taken = await page.screenshot({ caret: 'hide' });
    await page.context().close();
    return taken;
  };
  const verify = '/account/verify?token=a';
  const one = await picture(verify);
  assert.ok(compare(one, await picture(verify)).same);
  for (const [target, options] of [
    [verify, { scheme: 'dark' }],
    [verify, { screen: { width: 390, height: 843 } }],
    ['/account/reset', {}],
  ]) {
    assert.ok(!compare(one, await picture(target, options)).same, target);
  }
});
