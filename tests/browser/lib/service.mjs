// Both services with mails in a folder, and the hands that open them.
import assert from 'node:assert/strict';
import { watch } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

import { startIssuer } from '../../interop/lib/issuer.mjs';

const MAIL_TIMEOUT = 60_000;

/**
 * Starts `anteroom serve`, with sign-up as given and more room in its limits than a test needs;
 * `programPage` is where people get the program.
 */
export async function startService({ signUp = 'open', loginsPerMinute = 1000, programPage } = {}) {
  const mails = await mkdtemp(path.join(tmpdir(), 'anteroom-mails-'));
  const issuer = await startIssuer({
    rooms: true,
    settings: {
      ANTEROOM_LOGIN_SIGN_UP: signUp,
      ...(programPage && { ANTEROOM_PROGRAM_PAGE: programPage }),
      ANTEROOM_LIMITS_LOGINS_PER_MINUTE: String(loginsPerMinute),
      ANTEROOM_LIMITS_MAILS_PER_HOUR: '1000',
      ANTEROOM_MAIL_TRANSPORT: 'folder',
      ANTEROOM_MAIL_FROM: 'Anteroom <anteroom@example.org>',
      ANTEROOM_MAIL_FOLDER: mails,
    },
  });
  return {
    url: issuer.url,
    at: (target) => new URL(target, issuer.url).href,
    rooms: (target) => new URL(target, issuer.rooms).href,
    link: () => takeLink(mails),
    notice: (subject) => takeNotice(mails, subject),
    logIn: (email, password) => logIn(issuer.url, email, password),
    stop: async () => {
      await issuer.stop();
      await rm(mails, { recursive: true, force: true });
    },
  };
}

async function logIn(url, email, password) {
  const response = await fetch(new URL('/auth/login', url), {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ email, password }),
  });
  return { status: response.status, body: await response.json() };
}

/** The address in the only mail, which is then deleted. */
async function takeLink(folder) {
  const mail = await takeMail(folder);
  const links = linksIn(mail);
  assert.equal(links.length, 1, mail);
  return links[0];
}

/** Takes the only mail, which has this subject and leads nowhere. */
async function takeNotice(folder, subject) {
  const mail = await takeMail(folder);
  assert.ok(mail.includes(`Subject: ${subject}`), mail);
  assert.deepEqual(linksIn(mail), []);
}

/** The only mail, which is then deleted. */
async function takeMail(folder) {
  const file = path.join(folder, await firstMail(folder));
  const mail = await readFile(file, 'utf8');
  await rm(file);
  return mail;
}

function linksIn(mail) {
  const lines = unfold(mail).split(/\r?\n/);
  return lines.filter((line) => /^https?:\S+\?token=\S+$/.test(line));
}

/** The text without the line ends that quoted-printable puts into long lines. */
function unfold(mail) {
  if (!/^content-transfer-encoding: quoted-printable/im.test(mail)) return mail;
  const joined = mail.replace(/=\r?\n/g, '');
  return joined.replace(/=([0-9A-F]{2})/g, (_, hex) => String.fromCharCode(parseInt(hex, 16)));
}

/** A mail appears under its name as a whole. */
function firstMail(folder) {
  return new Promise((resolve, reject) => {
    const watcher = watch(folder);
    const settle = (done, value) => {
      clearTimeout(timeout);
      watcher.close();
      done(value);
    };
    const timeout = setTimeout(() => settle(reject, new Error('no mail')), MAIL_TIMEOUT);
    const look = () =>
      readdir(folder).then(
        (names) => {
          const mail = names.find((name) => name.endsWith('.eml'));
          if (mail) settle(resolve, mail);
        },
        (error) => settle(reject, error),
      );
    watcher.on('change', look);
    watcher.on('error', (error) => settle(reject, error));
    look();
  });
}
