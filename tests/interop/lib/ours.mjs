// The operations of the protocol, done by Anteroom. `theirs.mjs` has the same operations with the
// same arguments, done by the npm client. What needs randomness draws it, unless it is given.
import { ask } from './peer.mjs';
import { bytes, hex, unhex } from './values.mjs';

export const name = 'Anteroom';

/** Byte strings travel as hex. */
function encoded(value) {
  if (value instanceof Uint8Array) return hex(value);
  if (Array.isArray(value)) return value.map(encoded);
  return value;
}

function request(operation, members) {
  return ask(
    operation,
    Object.fromEntries(Object.entries(members).map(([key, value]) => [key, encoded(value)])),
  );
}

const random = () => hex(bytes(32));

/** An operation whose result is one byte string. */
async function one(operation, members) {
  return unhex(await request(operation, members));
}

/** An operation whose result is an object of byte strings. */
async function several(operation, members) {
  const result = await request(operation, members);
  return Object.fromEntries(Object.entries(result).map(([key, value]) => [key, unhex(value)]));
}

/** An operation that needs fresh randomness, where none is given. */
const fresh = (members) => ({ randomness: random(), ...members });

// ---- server params ----------------------------------------------------------------------------

export const genericParams = (mode, randomness = bytes(32)) =>
  several('call_link.generic_params', { mode, randomness });
export const genericPublic = (secret) => several('call_link.generic_public', { secret });
/** The npm client makes both keys of the given randomness. */
export const groupServerParams = (randomness) =>
  several('group.server_params', {
    credentialRandomness: randomness ?? bytes(32),
    endorsementRandomness: randomness ?? bytes(32),
  });

// ---- call links -------------------------------------------------------------------------------

/** What a 16-byte root key derives: `{secret, public, roomId}`. */
export const callLinkParams = (rootKey) => several('call_link.params', { rootKey });
export const encryptForCallLink = (members) => one('call_link.encrypt', members);
export const decryptForCallLink = (members) => request('call_link.decrypt', members);

// ---- create credential ------------------------------------------------------------------------

export const createRequest = (members) => several('call_link.create_request', fresh(members));
export const createIssue = (members) => one('call_link.create_issue', fresh(members));
export const createReceive = (members) => one('call_link.create_receive', members);
export const createPresent = (members) => one('call_link.create_present', fresh(members));
export const createVerify = (members) => request('call_link.create_verify', members);

// ---- call-link auth credential ----------------------------------------------------------------

export const authIssue = (members) => one('call_link.auth_issue', fresh(members));
export const authReceive = (members) => one('call_link.auth_receive', members);
export const authPresent = (members) => one('call_link.auth_present', fresh(members));
export const authVerify = (members) => request('call_link.auth_verify', members);
export const authUserId = (members) => one('call_link.auth_user_id', members);

// ---- groups -----------------------------------------------------------------------------------

export const groupParams = (masterKey) => several('group.params', { masterKey });
export const encryptServiceId = (members) => one('group.encrypt', members);
export const decryptServiceId = (members) => request('group.decrypt', members);

// Inside a blob, clients put the length of its padding (4 bytes, big-endian) before the plaintext
// and the padding behind it.
export const encryptBlob = ({ plaintext, ...members }) =>
  one('group.encrypt_blob', {
    ...members,
    plaintext: Uint8Array.from([0, 0, 0, 0, ...plaintext]),
    nonce: bytes(12),
  });
export async function decryptBlob(members) {
  const framed = Buffer.from(await one('group.decrypt_blob', members));
  return Uint8Array.from(framed.subarray(4, framed.length - framed.readUInt32BE(0)));
}

export const groupIssue = (members) => one('group.issue', fresh(members));
export const groupReceive = (members) => one('group.receive', members);
export const groupPresent = (members) => one('group.present', fresh(members));
export const groupVerify = (members) => request('group.verify', members);
export const groupUserIds = (members) => several('group.user_ids', members);

// ---- endorsements -----------------------------------------------------------------------------

export const endorsementsIssue = (members) => one('endorsements.issue', fresh(members));
export async function endorsementsReceive(members) {
  const { endorsements, expiration } = await request('endorsements.receive', members);
  return { endorsements: endorsements.map(unhex), expiration };
}
export const endorsementsCombine = (members) => one('endorsements.combine', members);
export const endorsementsRemove = (members) => one('endorsements.remove', members);
export const endorsementToken = (members) => one('endorsements.token', members);
export const tokenVerify = (members) => request('endorsements.verify', members);

// ---- the client and the keys of an issuer -------------------------------------------------------

const login = ({ url, account }) => ({
  url,
  account: `${account.uuid}.${account.deviceId}`,
  password: account.password,
});

/** Asks a server as Anteroom's client: `{credential, redemption, params}`. */
export async function clientCreate({ server, ...members }) {
  const issued = await request('sdk.create', fresh({ ...login(server), ...members }));
  return { ...issued, credential: unhex(issued.credential) };
}

const opened = (days) =>
  days.map(({ redemption, auth, group }) => ({
    redemption,
    auth: unhex(auth),
    group: group && unhex(group),
  }));

/** One `{redemption, auth}` for each day. */
export async function clientAuth({ server, ...members }) {
  return opened(await request('sdk.auth', { ...login(server), ...members }));
}

/** One `{redemption, auth, group}` for each day. */
export async function clientBatch({ server, ...members }) {
  return opened(await request('sdk.batch', { ...login(server), ...members }));
}

/** The secret params of a running issuer, from its data folder: `{id, kind, mode, secret}` each. */
export async function issuerKeys({ data, now }) {
  const keys = await request('keys.read', fresh({ data, now }));
  return keys.map((key) => ({ ...key, secret: unhex(key.secret) }));
}
