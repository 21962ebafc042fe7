// Every role of the protocol, played by either implementation: whoever issues, whoever holds the
// credential and whoever verifies it, the others understand it.
import assert from 'node:assert/strict';
import { test } from 'node:test';

import * as ours from '../lib/ours.mjs';
import * as theirs from '../lib/theirs.mjs';
import { DAY, MODES, bytes, hex, rootKey, today, uuid } from '../lib/values.mjs';

const BOTH = [ours, theirs];

/** All ways to give so many roles to the two implementations, but for all roles to theirs. */
function* casts(roles) {
  for (let choice = 0; choice < 2 ** roles - 1; choice += 1) {
    yield Array.from({ length: roles }, (_, role) => BOTH[(choice >> role) & 1]);
  }
}

const named = (cast) => cast.map(({ name }) => name).join(', ');

for (const mode of MODES) {
  for (const keeper of BOTH) {
    test(`the ${mode} generic params that ${keeper.name} makes are the same to both`, async () => {
      const made = await keeper.genericParams(mode);
      assert.equal(made.secret.length, 385);
      assert.equal(made.public.length, 225);
      assert.equal(made.secret[0], mode === 'standard' ? 1 : 0);
      for (const reader of BOTH) {
        const read = await reader.genericPublic(made.secret);
        assert.equal(hex(read.public), hex(made.public), reader.name);
      }
    });
  }

  for (const cast of casts(5)) {
    const [keeper, issuer, requester, presenter, verifier] = cast;
    test(`${mode} create credential: key, issue, request, present, verify by ${named(cast)}`, async () => {
      const params = await keeper.genericParams(mode);
      const callLink = await requester.callLinkParams(rootKey());
      const [roomId, aci, timestamp] = [bytes(32), uuid(), today()];

      const { context, request } = await requester.createRequest({ roomId });
      const response = await issuer.createIssue({
        request,
        aci,
        timestamp,
        secret: params.secret,
      });
      assert.equal(response.length, 465);
      const credential = await requester.createReceive({
        context,
        response,
        aci,
        params: params.public,
      });
      assert.equal(credential.length, 105);
      const presentation = await presenter.createPresent({
        credential,
        roomId,
        aci,
        params: params.public,
        callLink: callLink.secret,
      });
      assert.equal(presentation.length, 537);
      await verifier.createVerify({
        presentation,
        roomId,
        now: timestamp,
        secret: params.secret,
        callLinkPublic: callLink.public,
      });
    });
  }

  for (const cast of casts(5)) {
    const [keeper, issuer, receiver, presenter, verifier] = cast;
    test(`${mode} auth credential: key, issue, receive, present, verify by ${named(cast)}`, async () => {
      const params = await keeper.genericParams(mode);
      const callLink = await receiver.callLinkParams(rootKey());
      const [aci, redemption] = [uuid(), today()];

      const response = await issuer.authIssue({ aci, redemption, secret: params.secret });
      assert.equal(response.length, 361);
      const credential = await receiver.authReceive({
        response,
        aci,
        redemption,
        params: params.public,
      });
      assert.equal(credential.length, 97);
      const presentation = await presenter.authPresent({
        credential,
        aci,
        redemption,
        params: params.public,
        callLink: callLink.secret,
      });
      assert.equal(presentation.length, 505);
      await verifier.authVerify({
        presentation,
        now: redemption,
        secret: params.secret,
        callLinkPublic: callLink.public,
      });
      const ciphertext = await verifier.authUserId({ presentation });
      for (const reader of BOTH) {
        const id = await reader.decryptForCallLink({ callLink: callLink.secret, ciphertext });
        assert.equal(id, aci, reader.name);
      }
    });
  }
}

test('a root key derives the same call-link params for both', async () => {
  const key = rootKey();
  const [mine, other] = await Promise.all(BOTH.map((side) => side.callLinkParams(key)));
  assert.equal(hex(mine.secret), hex(other.secret));
  assert.equal(hex(mine.public), hex(other.public));
});

test('an id is encrypted to the same bytes by both', async () => {
  const [callLink, aci] = [await ours.callLinkParams(rootKey()), uuid()];
  const [mine, other] = await Promise.all(
    BOTH.map((side) => side.encryptForCallLink({ callLink: callLink.secret, aci })),
  );
  assert.equal(hex(mine), hex(other));
});

test('a master key derives the same group for both', async () => {
  const key = bytes(32);
  const [mine, other] = await Promise.all(BOTH.map((side) => side.groupParams(key)));
  for (const part of ['secret', 'public', 'groupId']) {
    assert.equal(hex(mine[part]), hex(other[part]), part);
  }
});

for (const writer of BOTH) {
  test(`both read the ids and blobs that ${writer.name} encrypts for a group`, async () => {
    const group = await writer.groupParams(bytes(32));
    const [aci, pni] = [uuid(), `PNI:${uuid()}`];
    const plaintext = bytes(100);
    const blob = await writer.encryptBlob({ group: group.secret, plaintext });
    for (const reader of BOTH) {
      for (const serviceId of [aci, pni]) {
        const ciphertext = await writer.encryptServiceId({ group: group.secret, serviceId });
        assert.equal(
          await reader.decryptServiceId({ group: group.secret, ciphertext }),
          serviceId,
          reader.name,
        );
      }
      const read = await reader.decryptBlob({ group: group.secret, ciphertext: blob });
      assert.equal(hex(read), hex(plaintext), reader.name);
    }
  });
}

// The secret form of the group server params is each implementation's own, so one of the two keeps
// the key, and with it issues and verifies.
for (const withPni of [true, false]) {
  for (const cast of casts(3)) {
    const [server, receiver, presenter] = cast;
    const account = withPni ? 'with a PNI' : 'without a PNI';
    test(`group auth credential ${account}: serve, receive, present by ${named(cast)}`, async () => {
      const params = await server.groupServerParams();
      assert.equal(params.public.length, 673);
      const group = await receiver.groupParams(bytes(32));
      const [aci, redemption] = [uuid(), today()];
      const identity = withPni ? { pni: uuid() } : { salt: bytes(32) };

      const response = await server.groupIssue({
        aci,
        ...identity,
        redemption,
        secret: params.secret,
      });
      assert.equal(response.length, 425);
      const credential = await receiver.groupReceive({
        response,
        aci,
        ...identity,
        redemption,
        params: params.public,
      });
      assert.equal(credential.length, 265);
      const presentation = await presenter.groupPresent({
        credential,
        params: params.public,
        group: group.secret,
      });
      assert.equal(presentation.length, 633);
      await server.groupVerify({
        presentation,
        now: redemption,
        secret: params.secret,
        groupPublic: group.public,
      });

      const seen = [];
      for (const reader of BOTH) {
        const ids = await reader.groupUserIds({ presentation });
        const read = (ciphertext) => reader.decryptServiceId({ group: group.secret, ciphertext });
        assert.equal(await read(ids.aci), aci, reader.name);
        seen.push(await read(ids.pni));
      }
      assert.equal(seen[0], seen[1]);
      if (withPni) assert.equal(seen[0], `PNI:${identity.pni}`);
    });
  }
}

for (const cast of casts(3)) {
  const [server, receiver, sender] = cast;
  test(`endorsements: serve, receive, send by ${named(cast)}`, async () => {
    const params = await server.groupServerParams();
    const group = await receiver.groupParams(bytes(32));
    const members = [uuid(), uuid(), `PNI:${uuid()}`, uuid()];
    const [now, expiration] = [today(), today() + 2 * DAY];
    const secret = params.secret;

    const ciphertexts = await Promise.all(
      members.map((serviceId) => receiver.encryptServiceId({ group: group.secret, serviceId })),
    );
    const response = await server.endorsementsIssue({ ciphertexts, expiration, secret });
    const received = await receiver.endorsementsReceive({
      response,
      members,
      now,
      group: group.secret,
      params: params.public,
    });
    assert.equal(received.expiration, expiration);
    assert.equal(received.endorsements.length, members.length);

    const token = (endorsement) =>
      sender.endorsementToken({ endorsement, group: group.secret, expiration });
    for (const [index, endorsement] of received.endorsements.entries()) {
      const alone = await token(endorsement);
      await server.tokenVerify({ token: alone, members: [members[index]], now, secret });
    }
    const everyone = await sender.endorsementsCombine({ endorsements: received.endorsements });
    await server.tokenVerify({ token: await token(everyone), members, now, secret });
    const others = await sender.endorsementsRemove({
      endorsement: everyone,
      remove: received.endorsements[0],
    });
    await server.tokenVerify({
      token: await token(others),
      members: members.slice(1),
      now,
      secret,
    });
  });
}
