// The npm client is served by the running issuer: `anteroom serve`, over HTTP, with an account
// that `anteroom account add` made.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import * as ours from '../lib/ours.mjs';
import * as theirs from '../lib/theirs.mjs';
import { issuingParams, json, startIssuer } from '../lib/issuer.mjs';
import {
  DAY,
  MODES,
  base64,
  bytes,
  extensions,
  flips,
  hex,
  refused,
  rootKey,
  today,
  truncations,
  unbase64,
  uuid,
} from '../lib/values.mjs';

for (const mode of MODES) {
  describe(`an issuer in ${mode} mode`, () => {
    let issuer;
    let params;
    let keys;
    let account;
    let plain;

    before(async () => {
      // More ranges are asked for than an honest device needs.
      const settings = { ANTEROOM_LIMITS_BATCHES_CAPACITY: '1000' };
      issuer = await startIssuer({ mode, settings });
      params = await issuingParams(issuer.url);
      const all = await ours.issuerKeys({ data: issuer.data, now: today() });
      keys = {
        generic: all.find((key) => key.kind === 'generic' && key.mode === mode).secret,
        group: all.find((key) => key.kind === 'group').secret,
      };
      account = await issuer.addAccount({ pni: true });
      plain = await issuer.addAccount({ pni: false });
    });
    after(() => issuer?.stop());

    test('publishes params that the npm client takes', async () => {
      assert.equal(params.generic.length, 225);
      assert.equal(params.generic[0], mode === 'standard' ? 1 : 0);
      assert.equal(params.group.length, 673);
      const { params: listed } = await fetch(new URL('/v1/params', issuer.url)).then(json);
      assert.deepEqual(listed.filter(({ issuing }) => issuing).map(({ kind }) => kind).sort(), [
        'certificates',
        'generic',
        'group',
        'guest',
      ]);
    });

    test('gives a create credential that the npm client receives and presents', async () => {
      const roomId = bytes(32);
      const callLink = await theirs.callLinkParams(rootKey());
      const { context, request } = await theirs.createRequest({ roomId });
      const before = today();
      const { credential: sent, redemptionTime } = await account.createAuth(request).then(json);
      assert.ok([before, today()].includes(redemptionTime), `${redemptionTime}`);
      const response = unbase64(sent);
      assert.equal(response.length, 465);

      const receive = (changes) =>
        theirs.createReceive({
          context,
          response,
          aci: account.uuid,
          params: params.generic,
          ...changes,
        });
      const credential = await receive();
      const presentation = await theirs.createPresent({
        credential,
        roomId,
        aci: account.uuid,
        params: params.generic,
        callLink: callLink.secret,
      });
      assert.equal(presentation.length, 537);
      const verify = (changes) => ({
        presentation,
        roomId,
        now: redemptionTime,
        secret: keys.generic,
        callLinkPublic: callLink.public,
        ...changes,
      });
      for (const verifier of [ours, theirs]) {
        await verifier.createVerify(verify());
        await refused(() => verifier.createVerify(verify({ roomId: bytes(32) })), 'another room');
      }

      await refused(() => receive({ aci: plain.uuid }), 'received by another account');
      const stranger = await theirs.genericParams(mode);
      await refused(() => receive({ params: stranger.public }), 'received under another key');
      for (const tampered of flips(response)) {
        await refused(() => receive({ response: tampered.message }), tampered.what);
      }
      for (const tampered of truncations(response)) {
        await refused(() => receive({ response: tampered.message }), tampered.what);
      }
    });

    test('gives equal credentials to the requests of one day, and new ones each time', async () => {
      const { request } = await theirs.createRequest({ roomId: bytes(32) });
      const first = await account.createAuth(request).then(json);
      const second = await account.createAuth(request).then(json);
      assert.equal(first.redemptionTime, second.redemptionTime);
      assert.notEqual(first.credential, second.credential);
    });

    test('refuses requests with a wrong length or an undecodable point', async () => {
      const { request } = await theirs.createRequest({ roomId: bytes(32) });
      const undecodable = Uint8Array.from(request).fill(0xff, 1, 33);
      const version = Uint8Array.from(request).fill(1, 0, 1);
      for (const { what, message } of [
        ...truncations(request),
        ...extensions(request),
        { what: 'a point that is none', message: undecodable },
        { what: 'an unknown version', message: version },
      ]) {
        const response = await account.createAuth(message);
        assert.equal(response.status, 400, what);
        const problem = await response.json();
        assert.equal(problem.code, 'CALL_LINK_INVALID_REQUEST', what);
        assert.equal(problem.detail, 'Invalid call-link credential request.', what);
      }
    });

    test('serves nobody without the right password', async () => {
      const { request } = await theirs.createRequest({ roomId: bytes(32) });
      const basic = (name, password) =>
        `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;
      for (const authorization of [
        basic(account.uuid, plain.password),
        basic(uuid(), account.password),
        basic(`${account.uuid}.2`, account.password),
        'Bearer nothing',
      ]) {
        const response = await account.send('/v1/call-link/create-auth', {
          method: 'POST',
          headers: { authorization, 'content-type': 'application/json' },
          body: JSON.stringify({ createCallLinkCredentialRequest: base64(request) }),
        });
        assert.equal(response.status, 401);
        assert.equal((await response.json()).code, 'CALL_LINK_UNAUTHORIZED');
      }
    });

    test('gives the same call-link auth credentials alone and in the batch', async () => {
      const [first, last] = [today(), today() + 7 * DAY];
      const alone = await account.authBatch(first, last);
      const batch = await account.groupBatch(first, last);
      for (const { callLinkAuthCredentials } of [alone, batch]) {
        assert.deepEqual(
          callLinkAuthCredentials.map(({ redemptionTime }) => redemptionTime),
          Array.from({ length: 8 }, (_, index) => first + index * DAY),
        );
        for (const { credential, redemptionTime: redemption } of callLinkAuthCredentials) {
          await useAuthCredential({ response: unbase64(credential), redemption });
        }
      }
    });

    async function useAuthCredential({ response, redemption }) {
      assert.equal(response.length, 361);
      const receive = (changes) =>
        theirs.authReceive({
          response,
          aci: account.uuid,
          redemption,
          params: params.generic,
          ...changes,
        });
      await refused(() => receive({ redemption: redemption + DAY }), 'received for a wrong day');
      await refused(() => receive({ aci: plain.uuid }), 'received by another account');
      const credential = await receive();
      const callLink = await theirs.callLinkParams(rootKey());
      const presentation = await theirs.authPresent({
        credential,
        aci: account.uuid,
        redemption,
        params: params.generic,
        callLink: callLink.secret,
      });
      assert.equal(presentation.length, 505);
      for (const verifier of [ours, theirs]) {
        await verifier.authVerify({
          presentation,
          now: redemption,
          secret: keys.generic,
          callLinkPublic: callLink.public,
        });
      }
      const ciphertext = await ours.authUserId({ presentation });
      assert.equal(
        await ours.decryptForCallLink({ callLink: callLink.secret, ciphertext }),
        account.uuid,
      );
    }

    test('gives call-link auth credentials in which no bit may flip', async () => {
      const { callLinkAuthCredentials } = await account.authBatch(today(), today());
      const [{ credential, redemptionTime: redemption }] = callLinkAuthCredentials;
      for (const tampered of [...flips(unbase64(credential)), ...truncations(unbase64(credential))]) {
        await refused(
          () =>
            theirs.authReceive({
              response: tampered.message,
              aci: account.uuid,
              redemption,
              params: params.generic,
            }),
          tampered.what,
        );
      }
    });

    for (const pni of [true, false]) {
      test(`gives group credentials to an account ${pni ? 'with' : 'without'} a PNI`, async () => {
        const holder = pni ? account : plain;
        const me = await holder.whoami();
        assert.deepEqual([me.uuid, me.pni, me.deviceId], [holder.uuid, holder.pni, holder.deviceId]);
        const identity = pni ? { pni: holder.pni } : { salt: unbase64(me.authCredentialSalt) };
        if (pni) assert.equal(me.authCredentialSalt, undefined);

        const [first, last] = [today() - DAY, today() + 6 * DAY];
        const batch = await holder.groupBatch(first, last);
        assert.equal(batch.pni, holder.pni);
        assert.equal(batch.credentials.length, 8);
        const group = await theirs.groupParams(bytes(32));
        for (const { credential: sent, redemptionTime: redemption } of batch.credentials) {
          const response = unbase64(sent);
          assert.equal(response.length, 425);
          const receive = (changes) =>
            theirs.groupReceive({
              response,
              aci: holder.uuid,
              ...identity,
              redemption,
              params: params.group,
              ...changes,
            });
          await refused(() => receive({ redemption: redemption + DAY }), 'received for a wrong day');
          await refused(() => receive({ aci: uuid() }), 'received by another account');
          await refused(() => receive({ pni: uuid() }), 'received with another PNI');
          const credential = await receive();
          const presentation = await theirs.groupPresent({
            credential,
            params: params.group,
            group: group.secret,
          });
          await ours.groupVerify({
            presentation,
            now: redemption,
            secret: keys.group,
            groupPublic: group.public,
          });
          const ids = await ours.groupUserIds({ presentation });
          assert.equal(
            await ours.decryptServiceId({ group: group.secret, ciphertext: ids.aci }),
            holder.uuid,
          );
        }
      });
    }

    test('endorses the members of a group so that the npm client may send to them', async () => {
      const group = await theirs.groupParams(bytes(32));
      const members = [account.uuid, plain.uuid, uuid()];
      const [now, expiration] = [today(), today() + 2 * DAY];
      const ciphertexts = await Promise.all(
        members.map((serviceId) => theirs.encryptServiceId({ group: group.secret, serviceId })),
      );
      const { endorsements } = await theirs.endorsementsReceive({
        response: await ours.endorsementsIssue({ ciphertexts, expiration, secret: keys.group }),
        members,
        now,
        group: group.secret,
        params: params.group,
      });
      const token = await theirs.endorsementToken({
        endorsement: await theirs.endorsementsCombine({ endorsements }),
        group: group.secret,
        expiration,
      });
      await ours.tokenVerify({ token, members, now, secret: keys.group });
    });

    test('gives group credentials in which no bit may flip', async () => {
      const { credentials } = await account.groupBatch(today(), today());
      const [{ credential, redemptionTime: redemption }] = credentials;
      for (const tampered of flips(unbase64(credential))) {
        await refused(
          () =>
            theirs.groupReceive({
              response: tampered.message,
              aci: account.uuid,
              pni: account.pni,
              redemption,
              params: params.group,
            }),
          tampered.what,
        );
      }
    });

    test('refuses ranges that are not day-aligned, too far or too long', async () => {
      const day = today();
      for (const [first, last] of [
        [day + 1, day + DAY],
        [day, day + DAY + 1],
        [day - 3 * DAY, day],
        [day + DAY, day],
        [day, day + 8 * DAY],
        [day + 9 * DAY, day + 10 * DAY],
      ]) {
        const query = new URLSearchParams({
          redemptionStartSeconds: first,
          redemptionEndSeconds: last,
        });
        for (const path of ['/v1/certificate/auth/group', '/v1/call-link/auth']) {
          const response = await account.send(`${path}?${query}`);
          assert.equal(response.status, 400, `${path} ${first - day} ${last - day}`);
          assert.equal((await response.json()).code, 'GROUP_CRED_INVALID_RANGE');
        }
      }
    });

    test('does not send its params again to whoever has them', async () => {
      const first = await fetch(new URL('/v1/params', issuer.url));
      const etag = first.headers.get('etag');
      assert.ok(etag);
      await first.arrayBuffer();
      const second = await fetch(new URL('/v1/params', issuer.url), {
        headers: { 'if-none-match': etag },
      });
      assert.equal(second.status, 304);
      assert.equal(hex((await issuingParams(issuer.url)).generic), hex(params.generic));
    });
  });
}
