// Values that the tests make up, and what they ask of every implementation.
import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';

export const HOUR = 3600;
export const DAY = 86_400;
export const MODES = ['legacy', 'standard'];

export const bytes = (length) => Uint8Array.from(randomBytes(length));
export const uuid = () => randomUUID();
export const hex = (value) => Buffer.from(value).toString('hex');
export const unhex = (text) => Uint8Array.from(Buffer.from(text, 'hex'));
export const base64 = (value) => Buffer.from(value).toString('base64');
export const unbase64 = (text) => Uint8Array.from(Buffer.from(text, 'base64'));

/** The start of the current UTC day, in seconds. */
export function today() {
  const seconds = Math.floor(Date.now() / 1000);
  return seconds - (seconds % DAY);
}

/** A root key without a chunk of four equal hex digits, which the format refuses. */
export function rootKey() {
  for (;;) {
    const key = bytes(16);
    if (!hex(key).match(/.{4}/g).some((chunk) => /^(.)\1{3}$/.test(chunk))) return key;
  }
}

/** Asserts that the operation is refused, and not because the test itself is wrong. */
export async function refused(operation, what) {
  let result;
  try {
    result = await operation();
  } catch (error) {
    assert.ok(isRefusal(error), `${what}: not a refusal but ${error?.stack ?? error}`);
    return;
  }
  assert.fail(`${what}: accepted, with ${result instanceof Uint8Array ? hex(result) : result}`);
}

/** What the npm client throws instead of a refusal where a credential or a time is unusable. */
const UNUSABLE = [
  /these params are not the ones used to receive the credential/,
  /cannot convert .* to Timestamp/,
  /precision loss during conversion/,
];

/** Whether an error is the protocol's own "no" of either implementation. */
function isRefusal(error) {
  // A server that breaks down has not refused anything.
  if (/refused with 5\d\d/.test(error?.message ?? '')) return false;
  return (
    error?.name === 'Refused' ||
    error?.constructor?.name === 'LibSignalErrorBase' ||
    UNUSABLE.some((pattern) => pattern.test(error?.message ?? ''))
  );
}

/** Every copy of a message with one bit flipped, one for each byte position. */
export function* flips(message) {
  for (let position = 0; position < message.length; position += 1) {
    const flipped = Uint8Array.from(message);
    flipped[position] ^= 1 << (position % 8);
    yield { what: `bit ${position % 8} of byte ${position} flipped`, message: flipped };
  }
}

/** Copies of a message that lack something. */
export function* truncations(message) {
  yield { what: 'empty', message: new Uint8Array() };
  yield { what: 'last byte cut off', message: message.slice(0, -1) };
  yield { what: 'first byte cut off', message: message.slice(1) };
  yield { what: 'last 32 bytes cut off', message: message.slice(0, -32) };
}

/** Copies of a message with something behind it. */
export function* extensions(message) {
  yield { what: 'one byte more', message: Uint8Array.from([...message, 0]) };
  yield { what: '32 bytes more', message: Uint8Array.from([...message, ...bytes(32)]) };
  yield { what: 'twice', message: Uint8Array.from([...message, ...message]) };
}
