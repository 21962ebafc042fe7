// A link that somebody was sent, opened in a browser: what the page says, and that the secret of the
// link goes nowhere.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { openPage, startBrowser } from '../lib/browser.mjs';
import { startRecorder } from '../lib/recorder.mjs';
import { startService } from '../lib/service.mjs';

const KEY = 'gtdr-bsnz-qrbq-nfkg-czbq-qgdm-sttm-tnkf';
const PARAMS = 'fa3203c7600f720c';
const FRAGMENT = `#key=${KEY}&params=${PARAMS}`;

let browser;
let service;

before(async () => {
  [browser, service] = await Promise.all([startBrowser(), startService()]);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

for (const scripts of [true, false]) {
  for (const path of ['/call/', '/call']) {
    test(`${path} tells the link to nobody, scripts ${scripts ? 'on' : 'off'}`, async () => {
      const recorder = await startRecorder(service.rooms('/'));
      try {
        const page = await openPage(browser, { scripts });
        const requests = [];
        page.on('request', (request) => requests.push(request.url()));
        await page.goto(`${recorder.url}${path}${FRAGMENT}`);
        assert.equal(
          await page.getByRole('heading', { level: 1 }).textContent(),
          'You are invited to a call',
        );
        // The way to join is to copy the address: it is still the link.
        assert.equal(page.url(), `${recorder.url}${path}${FRAGMENT}`);
        const sent = recorder.sent();
        assert.match(sent, new RegExp(`^GET ${path} HTTP/1.1\r\n`));
        for (const secret of [KEY, PARAMS, 'key=', '%23', '#']) {
          assert.ok(!sent.includes(secret), sent);
        }
        assert.ok(!/^(referer|cookie):/im.test(sent), sent);
        // The page, its style sheet, and perhaps the browser's own look for an icon.
        const style = new URL('style.css', `${recorder.url}${path}`).href;
        const others = requests.filter((url) => !url.endsWith('/favicon.ico')).slice(1);
        assert.deepEqual(others, [style]);
        assert.deepEqual(await page.context().cookies(), []);
        assert.deepEqual(page.complaints, []);
        await page.context().close();
      } finally {
        await recorder.stop();
      }
    });
  }
}

test('the way to the program opens beside the link and is told nothing of it', async () => {
  const elsewhere = await startRecorder(service.at('/'));
  const other = await startService({ programPage: `${elsewhere.url}/` });
  try {
    const page = await openPage(browser);
    const link = other.rooms(`/call/${FRAGMENT}`);
    await page.goto(link);
    const [opened] = await Promise.all([
      page.waitForEvent('popup'),
      page.getByRole('link', { name: 'Get the program anteroom' }).click(),
    ]);
    await opened.getByRole('heading', { name: 'Accounts for private calls' }).waitFor();
    assert.equal(page.url(), link);
    const sent = elsewhere.sent();
    assert.match(sent, /^GET \/ HTTP/);
    assert.ok(!sent.includes(KEY) && !/^(referer|origin):/im.test(sent), sent);
    assert.equal(await opened.evaluate('window.opener'), null);
    await page.context().close();
  } finally {
    await other.stop();
    await elsewhere.stop();
  }
});

test('the recorder would see a secret that is sent', async () => {
  const recorder = await startRecorder(service.rooms('/'));
  try {
    const page = await openPage(browser);
    await page.goto(`${recorder.url}/call/?key=${KEY}`);
    assert.ok(recorder.sent().includes(KEY));
    await page.context().close();
  } finally {
    await recorder.stop();
  }
});

test('the start pages lead on, by the keyboard alone', async () => {
  for (const [start, ways] of [
    [service.at('/'), ['Sign up', 'Forgot your password?', 'Anteroom issuer: HTTP API']],
    [service.rooms('/'), ['Anteroom rooms: HTTP API']],
  ]) {
    for (const [index, expected] of ways.entries()) {
      const page = await openPage(browser, { scripts: false });
      await page.goto(start);
      for (let count = 0; count <= index; count += 1) await page.keyboard.press('Tab');
      await Promise.all([page.waitForNavigation(), page.keyboard.press('Enter')]);
      assert.equal(await page.getByRole('heading', { level: 1 }).textContent(), expected);
      assert.deepEqual(page.complaints, []);
      await page.context().close();
    }
  }
});
