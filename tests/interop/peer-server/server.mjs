// A minimal issuer that answers with the npm client's own server side: the same endpoints as
// Anteroom's issuer, over HTTP, for the tests (and comparisons) of Anteroom's client.
//
// As a program: `node server.mjs [--mode legacy|standard] [--port N] [--without-pni]` prints one
// line of JSON, `{"url", "account": {"uuid","pni","deviceId","password"}}`, and serves until it is
// told to stop.
import { createHash, timingSafeEqual } from 'node:crypto';
import { createServer } from 'node:http';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

import * as theirs from '../lib/theirs.mjs';
import { DAY, base64, bytes, hex, today, unbase64, uuid } from '../lib/values.mjs';

/** Faults that a client must notice, by name: each changes how a credential is made. */
export const FAULTS = [
  'another key',
  'another mode',
  'another account',
  'another day',
  'an odd day',
  'a flipped bit',
  'a byte more',
];

/**
 * Starts a server on a free port of the loopback address.
 *
 * @param mode the mode of the generic params, `legacy` or `standard`
 * @param withPni whether the account has a phone-number id
 * @param fault one of {@link FAULTS}, or nothing
 */
export async function startPeerServer({ mode = 'standard', port = 0, withPni = true, fault } = {}) {
  const account = {
    uuid: uuid(),
    pni: withPni ? uuid() : null,
    deviceId: 1,
    password: Buffer.from(bytes(24)).toString('base64url'),
  };
  const keys = { generic: await theirs.genericParams(mode), group: await theirs.groupServerParams() };
  const state = { account, salt: bytes(32), keys, used: keys, mode, fault, requests: [] };
  if (fault === 'another key') {
    state.used = {
      generic: await theirs.genericParams(mode),
      group: await theirs.groupServerParams(),
    };
  } else if (fault === 'another mode') {
    const other = mode === 'legacy' ? 'standard' : 'legacy';
    state.used = { ...keys, generic: await theirs.genericParams(other) };
  }
  // Parsed once, as a server does it.
  const generic = await theirs.parsedGeneric(state.used.generic.secret);
  state.used = { ...state.used, generic: { ...state.used.generic, secret: generic } };

  const server = createServer((request, response) => {
    answer(state, request)
      .catch((error) => problem(500, 'INTERNAL', error.message))
      .then(({ status, headers, body }) => {
        const text = JSON.stringify(body);
        response.writeHead(status, {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(text),
          ...headers,
        });
        response.end(text);
      });
  });
  await new Promise((resolve) => server.listen(port, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    account,
    keys,
    /** `METHOD /path` of every request so far. */
    requests: state.requests,
    close() {
      server.closeAllConnections();
      return new Promise((resolve) => server.close(resolve));
    },
  };
}

async function answer(state, request) {
  const url = new URL(request.url, 'http://localhost');
  const route = `${request.method} ${url.pathname}`;
  state.requests.push(route);
  if (route === 'GET /v1/params') return ok({ params: listed(state.keys) });
  if (!authenticated(state.account, request.headers.authorization)) {
    return problem(401, 'UNAUTHORIZED', 'Authentication required.', {
      'www-authenticate': 'Basic realm="peer", charset="UTF-8"',
    });
  }
  switch (route) {
    case 'GET /v1/accounts/whoami':
      return ok(whoami(state));
    case 'POST /v1/call-link/create-auth':
      return createAuth(state, await json(request));
    case 'GET /v1/call-link/auth':
      return ok({ callLinkAuthCredentials: await authCredentials(state, days(url)) });
    case 'GET /v1/certificate/auth/group':
      return ok({
        credentials: await groupCredentials(state, days(url)),
        callLinkAuthCredentials: await authCredentials(state, days(url)),
        pni: state.account.pni,
      });
    default:
      return problem(404, 'NOT_FOUND', 'No such resource.');
  }
}

function listed(keys) {
  const entry = (kind, publicParams, version) => ({
    id: hex(createHash('sha256').update(publicParams).digest().subarray(0, 8)),
    kind,
    version,
    notBefore: 0,
    notAfter: null,
    issuing: true,
    publicParams: base64(publicParams),
  });
  return [
    entry('generic', keys.generic.public, keys.generic.public[0]),
    entry('group', keys.group.public, keys.group.public[0]),
  ];
}

function whoami({ account, salt }) {
  const { password: _, ...shown } = account;
  return account.pni ? shown : { ...shown, authCredentialSalt: base64(salt) };
}

function authenticated(account, header) {
  const names = [account.uuid, `${account.uuid}.${account.deviceId}`];
  const digest = (text) => createHash('sha256').update(text).digest();
  return names.some((name) => {
    const expected = `Basic ${Buffer.from(`${name}:${account.password}`).toString('base64')}`;
    return timingSafeEqual(digest(expected), digest(header ?? ''));
  });
}

async function createAuth(state, body) {
  const timestamp = stated(state, today());
  let credential;
  try {
    credential = await theirs.createIssue({
      request: unbase64(body.createCallLinkCredentialRequest),
      aci: holder(state),
      timestamp,
      secret: state.used.generic.secret,
    });
  } catch {
    return problem(400, 'CALL_LINK_INVALID_REQUEST', 'Invalid call-link credential request.');
  }
  return ok({ credential: sent(state, credential), redemptionTime: timestamp });
}

function authCredentials(state, range) {
  return Promise.all(
    range.map(async (day) => ({
      credential: sent(
        state,
        await theirs.authIssue({
          aci: holder(state),
          redemption: attested(state, day),
          secret: state.used.generic.secret,
        }),
      ),
      redemptionTime: stated(state, day),
    })),
  );
}

function groupCredentials(state, range) {
  const { pni } = state.account;
  return Promise.all(
    range.map(async (day) => ({
      credential: sent(
        state,
        await theirs.groupIssue({
          aci: holder(state),
          ...(pni ? { pni } : { salt: state.salt }),
          redemption: attested(state, day),
          secret: state.used.group.secret,
        }),
      ),
      redemptionTime: stated(state, day),
    })),
  );
}

/** The days of a range, both ends included. */
function days(url) {
  const bound = (name) => Number(url.searchParams.get(name));
  const [first, last] = [bound('redemptionStartSeconds'), bound('redemptionEndSeconds')];
  return Array.from({ length: (last - first) / DAY + 1 }, (_, index) => first + index * DAY);
}

// ---- faults -----------------------------------------------------------------------------------

const holder = ({ account, fault }) => (fault === 'another account' ? uuid() : account.uuid);

/** The day that the response states. */
function stated({ fault }, day) {
  if (fault === 'an odd day') return day + 3600;
  return fault === 'another day' ? day + 30 * DAY : day;
}

/** The day that a batch's credential is for, if not the stated one. */
const attested = ({ fault }, day) => (fault === 'another day' ? day + 30 * DAY : day);

function sent({ fault }, credential) {
  const message = Uint8Array.from(credential);
  if (fault === 'a flipped bit') message[message.length - 1] ^= 1;
  return base64(fault === 'a byte more' ? [...message, 0] : message);
}

// ---- HTTP -------------------------------------------------------------------------------------

const ok = (body) => ({ status: 200, headers: {}, body });

function problem(status, code, detail, headers = {}) {
  return {
    status,
    headers: { 'content-type': 'application/problem+json', ...headers },
    body: { type: `urn:anteroom:problem:${code}`, title: code, status, detail, code },
  };
}

async function json(request) {
  const parts = [];
  for await (const part of request) parts.push(part);
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch {
    return {};
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const { values } = parseArgs({
    options: {
      mode: { type: 'string', default: 'standard' },
      port: { type: 'string', default: '0' },
      'without-pni': { type: 'boolean', default: false },
    },
  });
  const { url, account } = await startPeerServer({
    mode: values.mode,
    port: Number(values.port),
    withPni: !values['without-pni'],
  });
  console.log(JSON.stringify({ url, account }));
}
