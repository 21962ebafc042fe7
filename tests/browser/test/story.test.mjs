// From a sign-up to a login, and from a forgotten password to the next: without scripts, by the
// keyboard alone, through the mails.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { SCREENS, openPage, startBrowser } from '../lib/browser.mjs';
import { startService } from '../lib/service.mjs';

let browser;
let service;

before(async () => {
  [browser, service] = await Promise.all([startBrowser(), startService()]);
});

after(async () => {
  await browser?.close();
  await service?.stop();
});

/** What has the focus, and whether that can be seen. */
function focused(page) {
  return page.evaluate(() => {
    const element = document.activeElement;
    const style = getComputedStyle(element);
    const outline = style.outlineStyle === 'solid' ? parseFloat(style.outlineWidth) : 0;
    return { name: element.id || element.tagName.toLowerCase(), outline };
  });
}

async function assertFocus(page, name) {
  // The browser hands out the focus when it first draws a page, which may be after it is loaded.
  await page.locator(`:is(#${name}, ${name}:not([id])):focus`).waitFor();
  const focus = await focused(page);
  assert.equal(focus.name, name);
  assert.ok(focus.outline >= 2, `the focus on ${name} cannot be seen`);
}

/** Types into what has the focus, and goes on to the next. */
async function type(page, field, text) {
  await assertFocus(page, field);
  await page.keyboard.insertText(text);
  await page.keyboard.press('Tab');
}

async function press(page, key) {
  await Promise.all([page.waitForNavigation(), page.keyboard.press(key)]);
}

const heading = (page) => page.getByRole('heading', { level: 1 }).textContent();

for (const screen of Object.keys(SCREENS)) {
  describe(`on a ${screen}, without scripts and without a mouse`, () => {
    // Words and an address as people of another script write them.
    const people = [
      [`ann.${screen}@example.org`, 'correct horse', 'fresh battery staple'],
      [`анна.${screen}@пример.example`, 'верный конь', 'новая скрепка'],
    ];
    for (const [email, first, second] of people) {
      test(`${email} signs up, logs in, and chooses another password`, async () => {
        const page = await openPage(browser, { screen, scripts: false });
        await page.goto(service.at('/account/signup'));
        await type(page, 'email', email);
        await type(page, 'password', first);
        await assertFocus(page, 'button');
        await press(page, 'Enter');
        assert.equal(await heading(page), 'Check your mail');
        assert.match(await page.locator('main').textContent(), new RegExp(email));
        // The sign-up is done when its mail is there.
        const confirmation = await service.link();
        assert.equal((await service.logIn(email, first)).status, 403);

        await page.goto(confirmation);
        assert.equal(await heading(page), 'Confirm your email address');
        // Opening the link was not enough.
        assert.equal((await service.logIn(email, first)).status, 403);
        await assertFocus(page, 'button');
        await press(page, 'Space');
        assert.equal(await heading(page), 'Welcome');
        const session = await service.logIn(email, first);
        assert.equal(session.status, 200);
        assert.equal(session.body.user.email, storedForm(email));

        await page.goto(service.at('/account/reset'));
        await type(page, 'email', email);
        await assertFocus(page, 'button');
        await press(page, 'Enter');
        assert.equal(await heading(page), 'Check your mail');
        const link = await service.link();
        await page.goto(link);
        assert.equal(await heading(page), 'Choose a new password');
        await type(page, 'password', second);
        await assertFocus(page, 'keep');
        await page.keyboard.press('Tab');
        await assertFocus(page, 'button');
        await press(page, 'Enter');
        assert.equal(await heading(page), 'Your password is changed');
        await service.notice('Your password was changed');
        assert.equal((await service.logIn(email, first)).status, 401);
        assert.equal((await service.logIn(email, second)).status, 200);
        await service.notice('A new device of your account');

        // The link was good for once, and the page says how to go on.
        await page.goto(link);
        await type(page, 'password', first);
        await press(page, 'Enter');
        assert.equal(await page.getByRole('alert').count(), 1);
        await page.keyboard.press('Tab');
        await assertFocus(page, 'a');
        await press(page, 'Enter');
        assert.equal(await heading(page), 'Forgot your password?');
        assert.equal((await service.logIn(email, second)).status, 200);
        await service.notice('A new device of your account');
        assert.deepEqual(page.complaints, []);
        await page.context().close();
      });
    }
  });
}

test('what is wrong is said at its field, and what was typed is still there', async () => {
  const page = await openPage(browser, { scripts: false });
  await page.goto(service.at('/account/signup'));
  const long = 'x'.repeat(65);
  await type(page, 'email', 'ann at example.org');
  await type(page, 'password', long);
  await press(page, 'Enter');
  const email = page.getByRole('textbox', { name: 'Email address' });
  assert.equal(await email.inputValue(), 'ann at example.org');
  assert.match(await page.getByRole('alert').textContent(), /check your input/);
  for (const [field, text] of [
    ['email', /does not look like an email address/],
    ['password', /too short or too long/],
  ]) {
    const input = page.locator(`#${field}`);
    assert.equal(await input.getAttribute('aria-invalid'), 'true');
    const described = (await input.getAttribute('aria-describedby')).split(' ');
    assert.match(await page.locator(`#${described[0]}`).textContent(), text);
  }
  assert.equal(await page.locator('#password').inputValue(), '');
  await page.context().close();
});

test('a password that is too short is held back before it is sent', async () => {
  const page = await openPage(browser, { scripts: false });
  await page.goto(service.at('/account/signup'));
  const requests = [];
  page.on('request', (request) => requests.push(request.url()));
  await type(page, 'email', 'ann@example.org');
  await type(page, 'password', 'short');
  await page.keyboard.press('Enter');
  await assertFocus(page, 'password');
  assert.deepEqual(requests, []);
  await page.context().close();
});

test('whoever tries too often is told to wait', async () => {
  const strict = await startService({ loginsPerMinute: 1 });
  try {
    const page = await openPage(browser, { scripts: false });
    for (const expected of ['Check your mail', 'That did not work']) {
      await page.goto(strict.at('/account/reset'));
      await type(page, 'email', 'nobody@example.org');
      await press(page, 'Enter');
      assert.equal(await heading(page), expected);
    }
    assert.match(await page.getByRole('alert').textContent(), /Please wait a moment/);
    await page.context().close();
  } finally {
    await strict.stop();
  }
});

/** Addresses are stored with the domain in its ASCII form. */
function storedForm(email) {
  const [local, domain] = email.split('@');
  return `${local}@${new URL(`http://${domain}`).hostname}`;
}
