// Every state that a page can be in, and how a person gets there.
import { randomUUID } from 'node:crypto';

const PASSWORD = 'correct horse';

/** Addresses of people who do not write Latin letters, or who have a lot to write. */
export const LONG = `a-name-that-is-longer-than-any-screen-and-goes-on-from-there@${'sub.'.repeat(20)}example.org`;
export const RIGHT_TO_LEFT = 'שרה.כהן@דוגמה.example';

export const SCENES = {
  start: async (page, { open }) => {
    await page.goto(open.at('/'));
  },
  'start-invite': async (page, { invite }) => {
    await page.goto(invite.at('/'));
  },
  'start-closed': async (page, { closed }) => {
    await page.goto(closed.at('/'));
  },
  rooms: async (page, { open }) => {
    await page.goto(open.rooms('/'));
  },
  call: async (page, { open }) => {
    await page.goto(open.rooms('/call/#key=gtdr-bsnz-qrbq-nfkg-czbq-qgdm-sttm-tnkf'));
  },
  'call-program': async (page, { invite }) => {
    await page.goto(invite.rooms('/call/#key=gtdr-bsnz-qrbq-nfkg-czbq-qgdm-sttm-tnkf'));
  },
  'sign-up': async (page, { open }) => {
    await page.goto(open.at('/account/signup'));
  },
  'sign-up-invite': async (page, { invite }) => {
    await page.goto(invite.at('/account/signup?invite=abcdefgh'));
  },
  'sign-up-wrong': async (page, { open }) => {
    await page.goto(open.at('/account/signup'));
    await submit(page, { email: 'ann.example.org', password: 'short' });
  },
  'sign-up-wrong-invite': async (page, { invite }) => {
    await page.goto(invite.at('/account/signup'));
    await submit(page, { email: 'ann@example.org', password: PASSWORD, invite: 'no such code' });
  },
  'sign-up-closed': async (page, { closed }) => {
    await page.goto(closed.at('/account/signup'));
  },
  'sign-up-sent': async (page, { open }) => {
    await signUp(page, open, 'ann@example.org');
    await open.link();
  },
  'sign-up-sent-long': async (page, { open }) => {
    await signUp(page, open, LONG);
    await open.link();
  },
  'sign-up-sent-right-to-left': async (page, { open }) => {
    await signUp(page, open, RIGHT_TO_LEFT);
    await open.link();
  },
  verify: async (page, { open }) => {
    await signUp(page, open, someone());
    await page.goto(await open.link());
  },
  'verify-done': async (page, { open }) => {
    await signUp(page, open, someone());
    await page.goto(await open.link());
    await press(page);
  },
  'verify-again': async (page, { open }) => {
    await page.goto(open.at('/account/verify?token=used-up'));
    await press(page);
  },
  reset: async (page, { open }) => {
    await page.goto(open.at('/account/reset'));
  },
  'reset-wrong': async (page, { open }) => {
    await page.goto(open.at('/account/reset'));
    await submit(page, { email: LONG.replace('@', ' at ') });
  },
  'reset-sent': async (page, { open }) => {
    await page.goto(open.at('/account/reset'));
    await submit(page, { email: 'nobody@example.org' });
  },
  'reset-confirm': async (page, { open }) => {
    await page.goto(open.at('/account/reset/confirm?token=a-token'));
  },
  'reset-confirm-wrong': async (page, { open }) => {
    await page.goto(open.at('/account/reset/confirm?token=a-token'));
    await submit(page, { password: 'short' });
  },
  'reset-confirm-again': async (page, { open }) => {
    await page.goto(open.at('/account/reset/confirm?token=used-up'));
    await submit(page, { password: PASSWORD });
  },
  'reset-done': async (page, { open }) => {
    const email = someone();
    await signUp(page, open, email);
    await page.goto(await open.link());
    await press(page);
    await page.goto(open.at('/account/reset'));
    await submit(page, { email });
    await page.goto(await open.link());
    await submit(page, { password: PASSWORD });
    await open.notice('Your password was changed');
  },
};

const someone = () => `${randomUUID()}@example.org`;

async function signUp(page, service, email) {
  await page.goto(service.at('/account/signup'));
  await submit(page, { email, password: PASSWORD });
}

/** Fills the form in and sends it as it is, also what the browser would rather not send. */
async function submit(page, fields) {
  for (const [name, value] of Object.entries(fields)) await page.locator(`#${name}`).fill(value);
  await page.locator('form').evaluate((form) => {
    form.noValidate = true;
  });
  await press(page);
}

async function press(page) {
  await page.getByRole('button').click();
  await page.waitForLoadState();
}
