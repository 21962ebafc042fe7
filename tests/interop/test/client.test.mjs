// Anteroom's client, served over HTTP by a server that issues with the npm client, and by
// Anteroom's own issuer. What a server does wrong, the client must notice.
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';

import { FAULTS, startPeerServer } from '../peer-server/server.mjs';
import { startIssuer } from '../lib/issuer.mjs';
import * as ours from '../lib/ours.mjs';
import * as theirs from '../lib/theirs.mjs';
import { DAY, MODES, bytes, refused, rootKey, today, uuid } from '../lib/values.mjs';

const BOTH = [ours, theirs];

/** Whoever presents it, a credential is good for the server that issued it. */
async function presentCreate({ server, roomId, credential, redemption }) {
  const { generic } = server.keys;
  const callLink = await theirs.callLinkParams(rootKey());
  for (const presenter of BOTH) {
    const presentation = await presenter.createPresent({
      credential,
      roomId,
      aci: server.account.uuid,
      params: generic.public,
      callLink: callLink.secret,
    });
    await theirs.createVerify({
      presentation,
      roomId,
      now: redemption,
      secret: generic.secret,
      callLinkPublic: callLink.public,
    });
  }
}

async function presentAuth({ server, auth, redemption }) {
  const { generic } = server.keys;
  const callLink = await theirs.callLinkParams(rootKey());
  for (const presenter of BOTH) {
    const presentation = await presenter.authPresent({
      credential: auth,
      aci: server.account.uuid,
      redemption,
      params: generic.public,
      callLink: callLink.secret,
    });
    await theirs.authVerify({
      presentation,
      now: redemption,
      secret: generic.secret,
      callLinkPublic: callLink.public,
    });
  }
}

async function presentGroup({ server, group: credential, redemption }) {
  const { group: params } = server.keys;
  const group = await theirs.groupParams(bytes(32));
  for (const presenter of BOTH) {
    const presentation = await presenter.groupPresent({
      credential,
      params: params.public,
      group: group.secret,
    });
    await theirs.groupVerify({
      presentation,
      now: redemption,
      secret: params.secret,
      groupPublic: group.public,
    });
  }
}

for (const mode of MODES) {
  for (const withPni of [true, false]) {
    describe(`a ${mode} server of the npm client, an account ${withPni ? 'with' : 'without'} a PNI`, () => {
      let server;
      before(async () => {
        server = await startPeerServer({ mode, withPni });
      });
      after(() => server?.close());

      test('gives a create credential', async () => {
        const [roomId, now] = [bytes(32), today()];
        const { credential, redemption } = await ours.clientCreate({ server, roomId, now });
        assert.equal(redemption, now);
        await presentCreate({ server, roomId, credential, redemption });
      });

      test('gives call-link auth credentials for a week', async () => {
        const now = today();
        const days = await ours.clientAuth({ server, first: now, last: now + 7 * DAY, now });
        assert.equal(days.length, 8);
        for (const day of days) await presentAuth({ server, ...day });
      });

      test('gives both kinds of credentials for a week', async () => {
        const now = today();
        const days = await ours.clientBatch({ server, first: now, last: now + 7 * DAY, now });
        assert.equal(days.length, 8);
        for (const day of days) {
          await presentAuth({ server, ...day });
          await presentGroup({ server, ...day });
        }
      });

      test('is not served with a wrong password', async () => {
        const stranger = { ...server, account: { ...server.account, password: 'wrong' } };
        const now = today();
        await refused(
          () => ours.clientCreate({ server: stranger, roomId: bytes(32), now }),
          'a wrong password',
        );
        const nobody = { ...server, account: { ...server.account, uuid: uuid() } };
        await refused(
          () => ours.clientBatch({ server: nobody, first: now, last: now, now }),
          'an unknown account',
        );
      });

      test('is not trusted if its params are not those that the client knows', async () => {
        const other = await startPeerServer({ mode, withPni });
        try {
          const now = today();
          const { params } = await ours.clientCreate({ server: other, roomId: bytes(32), now });
          await ours.clientCreate({ server: other, roomId: bytes(32), now, trust: [params] });
          const asked = server.requests.length;
          await refused(
            () => ours.clientCreate({ server, roomId: bytes(32), now, trust: [params] }),
            'params of another server',
          );
          // A client that does not trust the params asks for nothing under them.
          assert.deepEqual(server.requests.slice(asked), ['GET /v1/params']);
        } finally {
          await other.close();
        }
      });

      test('is not believed when its day is not that of the client', async () => {
        const now = today() - 3 * DAY;
        await refused(
          () => ours.clientCreate({ server, roomId: bytes(32), now }),
          'a day that is three days off',
        );
      });
    });
  }

  for (const fault of FAULTS) {
    test(`a ${mode} server that issues with ${fault} is noticed`, async () => {
      const server = await startPeerServer({ mode, fault });
      try {
        const now = today();
        const roomId = bytes(32);
        await refused(() => ours.clientCreate({ server, roomId, now }), 'create credential');
        const range = { first: now, last: now + DAY, now };
        await refused(() => ours.clientAuth({ server, ...range }), 'auth credentials');
        await refused(() => ours.clientBatch({ server, ...range }), 'batch');
      } finally {
        await server.close();
      }
    });
  }

  test(`Anteroom's own issuer in ${mode} mode serves it, and the npm client shows what it got`, async () => {
    const issuer = await startIssuer({ mode });
    try {
      const now = today();
      const secrets = await ours.issuerKeys({ data: issuer.data, now });
      const secret = secrets.find((key) => key.kind === 'generic' && key.mode === mode)
        .secret;
      const generic = await theirs.genericPublic(secret);
      const account = await issuer.addAccount({ pni: true });
      const server = { url: issuer.url, account, keys: { generic } };
      const roomId = bytes(32);
      const { credential, redemption } = await ours.clientCreate({ server, roomId, now });
      await presentCreate({ server, roomId, credential, redemption });
      const days = await ours.clientBatch({ server, first: now, last: now + 7 * DAY, now });
      for (const day of days) await presentAuth({ server, ...day });
    } finally {
      await issuer.stop();
    }
  });
}
