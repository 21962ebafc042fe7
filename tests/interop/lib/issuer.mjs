// The product itself: the `anteroom` program, started on a free port with a data folder of its
// own, and asked over HTTP.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { watch } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

import { anteroom } from './binaries.mjs';
import { unbase64 } from './values.mjs';

const START_TIMEOUT = 60_000;
const STOP_TIMEOUT = 30_000;

/** Media on free ports of this machine alone. */
const MEDIA = { ANTEROOM_MEDIA_LISTEN: '127.0.0.1', ANTEROOM_MEDIA_PORT: '0' };

const run = promisify(execFile);

/**
 * Starts an issuer whose generic params are of the given mode, with these settings besides, and on
 * request a room service in the same process.
 */
export async function startIssuer({ mode = 'standard', settings = {}, rooms = false } = {}) {
  const data = await mkdtemp(path.join(tmpdir(), 'anteroom-interop-'));
  const role = rooms ? ['all', '--rooms-listen', '127.0.0.1:0'] : ['issuer'];
  const serve = ['serve', '--role', ...role, '--issuer-listen', '127.0.0.1:0', '--data', data];
  const server = spawn(anteroom(), serve, {
    env: { ...process.env, ...MEDIA, ANTEROOM_ISSUE_MODE: mode, ...settings },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let log = '';
  server.stderr.on('data', (chunk) => (log += chunk));
  const ended = new Promise((resolve) => server.once('exit', resolve));

  const stop = async () => {
    server.kill('SIGTERM');
    const deadline = setTimeout(() => server.kill('SIGKILL'), STOP_TIMEOUT);
    const code = await ended;
    clearTimeout(deadline);
    await rm(data, { recursive: true, force: true });
    assert.equal(code, 0, `anteroom did not end well:\n${log}`);
  };

  try {
    const listed = await Promise.race([
      listening(data),
      ended.then((code) => Promise.reject(new Error(`anteroom ended with ${code}:\n${log}`))),
    ]);
    const url = listed.issuer;
    return { url, rooms: listed.rooms, data, stop, addAccount: (options) => addAccount(data, url, options) };
  } catch (error) {
    server.kill('SIGKILL');
    await rm(data, { recursive: true, force: true });
    throw new Error(`anteroom did not start:\n${log}`, { cause: error });
  }
}

/** The services' addresses, once the server has written them. */
async function listening(data) {
  const file = path.join(data, 'listen.json');
  const read = async () => {
    try {
      return JSON.parse(await readFile(file, 'utf8'));
    } catch (error) {
      if (error.code === 'ENOENT') return undefined;
      throw error;
    }
  };
  return new Promise((resolve, reject) => {
    const watcher = watch(data);
    const settle = (done, value) => {
      clearTimeout(timeout);
      watcher.close();
      done(value);
    };
    const timeout = setTimeout(
      () => settle(reject, new Error('no listen.json')),
      START_TIMEOUT,
    );
    const look = () =>
      read().then(
        (listed) => listed && settle(resolve, listed),
        (error) => settle(reject, error),
      );
    watcher.on('change', look);
    watcher.on('error', (error) => settle(reject, error));
    look();
  });
}

async function addAccount(data, url, { pni }) {
  const arguments_ = ['account', 'add', '--data', data, '--json', ...(pni ? ['--pni'] : [])];
  const { stdout } = await run(anteroom(), arguments_);
  const account = JSON.parse(stdout);
  return { ...account, ...requests(url, account) };
}

/** What an account asks of its issuer. */
function requests(url, { uuid, deviceId, password }) {
  const authorization = `Basic ${Buffer.from(`${uuid}.${deviceId}:${password}`).toString('base64')}`;
  const send = (target, options = {}) =>
    fetch(new URL(target, url), {
      ...options,
      headers: { authorization, ...options.headers },
    });
  const range = (first, last) =>
    new URLSearchParams({ redemptionStartSeconds: first, redemptionEndSeconds: last });
  return {
    send,
    whoami: () => send('/v1/accounts/whoami').then(json),
    groupBatch: (first, last) =>
      send(`/v1/certificate/auth/group?${range(first, last)}`).then(json),
    authBatch: (first, last) => send(`/v1/call-link/auth?${range(first, last)}`).then(json),
    createAuth: (request) =>
      send('/v1/call-link/create-auth', {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({
          createCallLinkCredentialRequest: Buffer.from(request).toString('base64'),
        }),
      }),
  };
}

/** The params that make credentials at the moment: `{generic, group}`. */
export async function issuingParams(url) {
  const { params } = await fetch(new URL('/v1/params', url)).then(json);
  const of = (kind) => {
    const entry = params.find((listed) => listed.kind === kind && listed.issuing);
    return unbase64(entry.publicParams);
  };
  return { generic: of('generic'), group: of('group') };
}

/** The body of a success. */
export async function json(response) {
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text);
}
