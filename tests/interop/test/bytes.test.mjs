// Byte for byte: from the same inputs and the same randomness both make the same messages, for
// values that nobody wrote down before.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as ours from '../lib/ours.mjs';
import * as theirs from '../lib/theirs.mjs';
import { DAY, MODES, bytes, hex, rootKey, today, uuid } from '../lib/values.mjs';

const ROUNDS = 8;

/** What both make of it, if it is the same. */
async function both(what, make) {
  const [mine, other] = await Promise.all([make(ours), make(theirs)]);
  const shown = (made) =>
    made instanceof Uint8Array
      ? hex(made)
      : Object.fromEntries(Object.entries(made).map(([key, value]) => [key, hex(value)]));
  assert.deepEqual(shown(mine), shown(other), what);
  return mine;
}

for (const mode of MODES) {
  test(`${mode} call-link credentials`, async () => {
    for (let round = 0; round < ROUNDS; round += 1) {
      const key = bytes(32);
      const params = await both('params', (side) => side.genericParams(mode, key));
      const { secret: callLink } = await ours.callLinkParams(rootKey());
      const [roomId, aci, day] = [bytes(32), uuid(), today() + round * DAY];

      let randomness = bytes(32);
      const { context, request } = await both('request', (side) =>
        side.createRequest({ roomId, randomness }),
      );
      randomness = bytes(32);
      const created = await both('create response', (side) =>
        side.createIssue({ request, aci, timestamp: day, secret: params.secret, randomness }),
      );
      let credential = await both('create credential', (side) =>
        side.createReceive({ context, response: created, aci, params: params.public }),
      );
      randomness = bytes(32);
      await both('create presentation', (side) =>
        side.createPresent({
          credential,
          roomId,
          aci,
          params: params.public,
          callLink,
          randomness,
        }),
      );

      randomness = bytes(32);
      const issued = await both('auth response', (side) =>
        side.authIssue({ aci, redemption: day, secret: params.secret, randomness }),
      );
      credential = await both('auth credential', (side) =>
        side.authReceive({ response: issued, aci, redemption: day, params: params.public }),
      );
      randomness = bytes(32);
      await both('auth presentation', (side) =>
        side.authPresent({
          credential,
          aci,
          redemption: day,
          params: params.public,
          callLink,
          randomness,
        }),
      );
    }
  });
}

test('group credentials and endorsements', async () => {
  for (let round = 0; round < ROUNDS; round += 1) {
    const key = bytes(32);
    const mine = await ours.groupServerParams(key);
    const other = await theirs.groupServerParams(key);
    const secretOf = (side) => (side === ours ? mine.secret : other.secret);
    // The entries before the credential key and the endorsement key are each one's own.
    assert.equal(hex(mine.public.slice(-256)), hex(other.public.slice(-256)));
    const params = mine.public;
    const { secret: group } = await ours.groupParams(bytes(32));
    const [aci, redemption] = [uuid(), today() + round * DAY];

    for (const identity of [{ pni: uuid() }, { salt: bytes(32) }]) {
      let randomness = bytes(32);
      const response = await both('group response', (side) =>
        side.groupIssue({ aci, ...identity, redemption, secret: secretOf(side), randomness }),
      );
      const credential = await both('group credential', (side) =>
        side.groupReceive({ response, aci, ...identity, redemption, params }),
      );
      randomness = bytes(32);
      await both('group presentation', (side) =>
        side.groupPresent({ credential, params, group, randomness }),
      );
    }

    const members = Array.from({ length: round + 1 }, (_, index) =>
      index % 3 === 2 ? `PNI:${uuid()}` : uuid(),
    );
    const ciphertexts = await Promise.all(
      members.map((serviceId) =>
        both('ciphertext', (side) => side.encryptServiceId({ group, serviceId })),
      ),
    );
    const [now, expiration] = [today(), today() + 2 * DAY];
    const randomness = bytes(32);
    const response = await both('endorsements', (side) =>
      side.endorsementsIssue({ ciphertexts, expiration, secret: secretOf(side), randomness }),
    );
    const received = await both('received', async (side) => {
      const { endorsements } = await side.endorsementsReceive({
        response,
        members,
        now,
        group,
        params,
      });
      return Object.fromEntries(endorsements.entries());
    });
    const endorsements = Object.values(received);
    const endorsement = await both('combined', (side) =>
      side.endorsementsCombine({ endorsements }),
    );
    await both('token', (side) => side.endorsementToken({ endorsement, group, expiration }));
  }
});
