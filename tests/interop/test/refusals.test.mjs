// What either implementation refuses of the other: the wrong key, account, day, room, link, group
// or mode, a moment outside the window, any flipped bit and any wrong length.
import { test } from 'node:test';

import * as ours from '../lib/ours.mjs';
import * as theirs from '../lib/theirs.mjs';
import {
  DAY,
  HOUR,
  MODES,
  bytes,
  extensions,
  flips,
  refused,
  rootKey,
  today,
  truncations,
  uuid,
} from '../lib/values.mjs';

const PAIRS = [
  { server: ours, client: theirs },
  { server: theirs, client: ours },
];

/** A server and an account's create credential for a room, with everything that was sent. */
async function createExchange({ server, client, mode }) {
  const params = await server.genericParams(mode);
  const callLink = await client.callLinkParams(rootKey());
  const [roomId, aci, timestamp] = [bytes(32), uuid(), today()];
  const { context, request } = await client.createRequest({ roomId });
  const response = await server.createIssue({ request, aci, timestamp, secret: params.secret });
  const credential = await client.createReceive({ context, response, aci, params: params.public });
  const present = (changes = {}) =>
    client.createPresent({
      credential,
      roomId,
      aci,
      params: params.public,
      callLink: callLink.secret,
      ...changes,
    });
  const verify = (presentation, changes = {}) =>
    server.createVerify({
      presentation,
      roomId,
      now: timestamp,
      secret: params.secret,
      callLinkPublic: callLink.public,
      ...changes,
    });
  const receive = (changes) =>
    client.createReceive({ context, response, aci, params: params.public, ...changes });
  const issue = (changes) =>
    server.createIssue({ request, aci, timestamp, secret: params.secret, ...changes });
  const made = { params, callLink, roomId, aci, timestamp, request, response, credential };
  return { ...made, issue, receive, present, verify };
}

async function authExchange({ server, client, mode }) {
  const params = await server.genericParams(mode);
  const callLink = await client.callLinkParams(rootKey());
  const [aci, redemption] = [uuid(), today()];
  const response = await server.authIssue({ aci, redemption, secret: params.secret });
  const receive = (changes = {}) =>
    client.authReceive({ response, aci, redemption, params: params.public, ...changes });
  const credential = await receive();
  const present = (changes = {}) =>
    client.authPresent({
      credential,
      aci,
      redemption,
      params: params.public,
      callLink: callLink.secret,
      ...changes,
    });
  const verify = (presentation, changes = {}) =>
    server.authVerify({
      presentation,
      now: redemption,
      secret: params.secret,
      callLinkPublic: callLink.public,
      ...changes,
    });
  return { params, callLink, aci, redemption, response, credential, receive, present, verify };
}

async function groupExchange({ server, client, identity }) {
  const params = await server.groupServerParams();
  const group = await client.groupParams(bytes(32));
  const [aci, redemption] = [uuid(), today()];
  const response = await server.groupIssue({ aci, ...identity, redemption, secret: params.secret });
  const receive = (changes = {}) =>
    client.groupReceive({
      response,
      aci,
      ...identity,
      redemption,
      params: params.public,
      ...changes,
    });
  const credential = await receive();
  const present = (changes = {}) =>
    client.groupPresent({ credential, params: params.public, group: group.secret, ...changes });
  const verify = (presentation, changes = {}) =>
    server.groupVerify({
      presentation,
      now: redemption,
      secret: params.secret,
      groupPublic: group.public,
      ...changes,
    });
  return { params, group, aci, redemption, response, credential, receive, present, verify };
}

async function endorsementExchange({ server, client }) {
  const params = await server.groupServerParams();
  const group = await client.groupParams(bytes(32));
  const members = [uuid(), uuid(), uuid()];
  const [now, expiration] = [today(), today() + 2 * DAY];
  const ciphertexts = await Promise.all(
    members.map((serviceId) => client.encryptServiceId({ group: group.secret, serviceId })),
  );
  const response = await server.endorsementsIssue({
    ciphertexts,
    expiration,
    secret: params.secret,
  });
  const receive = (changes = {}) =>
    client.endorsementsReceive({
      response,
      members,
      now,
      group: group.secret,
      params: params.public,
      ...changes,
    });
  const { endorsements } = await receive();
  const token = await client.endorsementToken({
    endorsement: await client.endorsementsCombine({ endorsements }),
    group: group.secret,
    expiration,
  });
  const verify = (changes = {}) =>
    server.tokenVerify({ token, members, now, secret: params.secret, ...changes });
  return { params, group, members, now, expiration, response, token, receive, verify };
}

/**
 * Refused with any flipped bit and any wrong length. The npm client overlooks bytes behind a
 * message, Anteroom does not: those are only tried where Anteroom reads.
 */
async function refusedWhenTampered({ what, message, reader, use }) {
  const longer = reader === ours ? [...extensions(message)] : [];
  for (const tampered of [...flips(message), ...truncations(message), ...longer]) {
    await refused(() => use(tampered.message), `${what}, ${tampered.what}`);
  }
}

for (const { server, client } of PAIRS) {
  const between = `${server.name} serves, ${client.name} asks`;

  for (const mode of MODES) {
    const other = mode === 'legacy' ? 'standard' : 'legacy';

    test(`${mode} create credential, what is wrong is refused (${between})`, async () => {
      const it = await createExchange({ server, client, mode });
      const stranger = await server.genericParams(mode);
      const otherMode = await server.genericParams(other);
      const otherLink = await client.callLinkParams(rootKey());

      await refused(() => it.receive({ params: stranger.public }), 'received under another key');
      await refused(() => it.receive({ params: otherMode.public }), 'received in another mode');
      await refused(() => it.receive({ aci: uuid() }), 'received by another account');
      const foreign = await client.createRequest({ roomId: it.roomId });
      await refused(() => it.receive({ context: foreign.context }), 'received for another request');
      const odd = await it.issue({ timestamp: it.timestamp + 1 }).catch(() => undefined);
      if (odd) await refused(() => it.receive({ response: odd }), 'received with an odd time');

      const presentation = await it.present();
      await it.verify(presentation);
      const refusedOf = (shown, changes, what) =>
        refused(() => it.verify(shown, changes), `verified ${what}`);
      await refusedOf(presentation, { roomId: bytes(32) }, 'for another room');
      await refusedOf(presentation, { secret: stranger.secret }, 'under another key');
      await refusedOf(presentation, { secret: otherMode.secret }, 'in another mode');
      await refusedOf(presentation, { callLinkPublic: otherLink.public }, 'for another link');
      await refusedOf(presentation, { now: it.timestamp - 1 }, 'before its day');
      await refusedOf(presentation, { now: it.timestamp + 30 * HOUR }, 'after 30 hours');
      await it.verify(presentation, { now: it.timestamp + 30 * HOUR - 1 });

      for (const [what, changes] of [
        ['made for another account', { aci: uuid() }],
        ['made under another key', { params: stranger.public }],
        ['made for another link', { callLink: otherLink.secret }],
      ]) {
        await refused(async () => it.verify(await it.present(changes)), `presentation ${what}`);
      }
      const room = { roomId: bytes(32) };
      await refused(
        async () => it.verify(await it.present(room), room),
        'presentation for a room that the credential was not made for',
      );
    });

    test(`${mode} create credential, what is tampered with is refused (${between})`, async () => {
      const it = await createExchange({ server, client, mode });
      const presentation = await it.present();
      await refusedWhenTampered({
        what: 'request',
        message: it.request,
        reader: server,
        use: async (request) => it.receive({ response: await it.issue({ request }) }),
      });
      await refusedWhenTampered({
        what: 'response',
        message: it.response,
        reader: client,
        use: (response) => it.receive({ response }),
      });
      await refusedWhenTampered({
        what: 'credential',
        message: it.credential,
        reader: client,
        use: async (credential) => it.verify(await it.present({ credential })),
      });
      await refusedWhenTampered({
        what: 'presentation',
        message: presentation,
        reader: server,
        use: it.verify,
      });
    });

    test(`${mode} auth credential, what is wrong is refused (${between})`, async () => {
      const it = await authExchange({ server, client, mode });
      const stranger = await server.genericParams(mode);
      const otherMode = await server.genericParams(other);
      const otherLink = await client.callLinkParams(rootKey());

      await refused(() => it.receive({ params: stranger.public }), 'received under another key');
      await refused(() => it.receive({ params: otherMode.public }), 'received in another mode');
      await refused(() => it.receive({ aci: uuid() }), 'received by another account');
      await refused(() => it.receive({ redemption: it.redemption + DAY }), 'received for a wrong day');
      await refused(() => it.receive({ redemption: it.redemption + 1 }), 'received for an odd time');

      const presentation = await it.present();
      await it.verify(presentation);
      const refusedWith = (changes, what) =>
        refused(() => it.verify(presentation, changes), `verified ${what}`);
      await refusedWith({ secret: stranger.secret }, 'under another key');
      await refusedWith({ secret: otherMode.secret }, 'in another mode');
      await refusedWith({ callLinkPublic: otherLink.public }, 'for another link');
      await refusedWith({ now: it.redemption - DAY - 1 }, 'too early');
      await refusedWith({ now: it.redemption + 2 * DAY + 1 }, 'too late');
      await it.verify(presentation, { now: it.redemption - DAY });
      await it.verify(presentation, { now: it.redemption + 2 * DAY });

      for (const [what, changes] of [
        ['made for another account', { aci: uuid() }],
        ['made for another day', { redemption: it.redemption + DAY }],
        ['made under another key', { params: stranger.public }],
        ['made for another link', { callLink: otherLink.secret }],
      ]) {
        await refused(async () => it.verify(await it.present(changes)), `presentation ${what}`);
      }
    });

    test(`${mode} auth credential, what is tampered with is refused (${between})`, async () => {
      const it = await authExchange({ server, client, mode });
      const presentation = await it.present();
      await refusedWhenTampered({
        what: 'response',
        message: it.response,
        reader: client,
        use: (response) => it.receive({ response }),
      });
      await refusedWhenTampered({
        what: 'credential',
        message: it.credential,
        reader: client,
        use: async (credential) => it.verify(await it.present({ credential })),
      });
      await refusedWhenTampered({
        what: 'presentation',
        message: presentation,
        reader: server,
        use: it.verify,
      });
    });
  }

  for (const identity of [{ pni: uuid() }, { salt: bytes(32) }]) {
    const account = identity.pni ? 'with a PNI' : 'without a PNI';

    test(`group auth credential ${account}, what is wrong is refused (${between})`, async () => {
      const it = await groupExchange({ server, client, identity });
      const stranger = await server.groupServerParams();
      const otherGroup = await client.groupParams(bytes(32));

      await refused(() => it.receive({ params: stranger.public }), 'received under another key');
      await refused(() => it.receive({ aci: uuid() }), 'received by another account');
      await refused(() => it.receive({ redemption: it.redemption + DAY }), 'received for a wrong day');
      await refused(() => it.receive({ redemption: it.redemption + 1 }), 'received for an odd time');
      if (identity.pni) {
        await refused(() => it.receive({ pni: uuid() }), 'received with another PNI');
        await refused(() => it.receive({ pni: undefined, salt: bytes(32) }), 'received without PNI');
      } else {
        await refused(() => it.receive({ salt: bytes(32) }), 'received with another salt');
        await refused(() => it.receive({ pni: uuid() }), 'received with a PNI');
      }

      const presentation = await it.present();
      await it.verify(presentation);
      const refusedWith = (changes, what) =>
        refused(() => it.verify(presentation, changes), `verified ${what}`);
      await refusedWith({ secret: stranger.secret }, 'under another key');
      await refusedWith({ groupPublic: otherGroup.public }, 'for another group');
      await refusedWith({ now: it.redemption - DAY - 1 }, 'too early');
      await refusedWith({ now: it.redemption + 2 * DAY + 1 }, 'too late');
      await it.verify(presentation, { now: it.redemption - DAY });
      await it.verify(presentation, { now: it.redemption + 2 * DAY });
      for (const [what, changes] of [
        ['made under another key', { params: stranger.public }],
        ['made for another group', { group: otherGroup.secret }],
      ]) {
        await refused(async () => it.verify(await it.present(changes)), `presentation ${what}`);
      }
    });

    test(`group auth credential ${account}, what is tampered with is refused (${between})`, async () => {
      const it = await groupExchange({ server, client, identity });
      const presentation = await it.present();
      await refusedWhenTampered({
        what: 'response',
        message: it.response,
        reader: client,
        use: (response) => it.receive({ response }),
      });
      await refusedWhenTampered({
        what: 'presentation',
        message: presentation,
        reader: server,
        use: it.verify,
      });
    });
  }

  test(`endorsements, what is wrong is refused (${between})`, async () => {
    const it = await endorsementExchange({ server, client });
    const stranger = await server.groupServerParams();
    const otherGroup = await client.groupParams(bytes(32));

    await refused(() => it.receive({ params: stranger.public }), 'received under another key');
    await refused(() => it.receive({ group: otherGroup.secret }), 'received for another group');
    await refused(
      () => it.receive({ members: [...it.members.slice(1), uuid()] }),
      'received for other members',
    );
    await refused(() => it.receive({ members: it.members.slice(1) }), 'received for fewer members');
    await refused(() => it.receive({ now: it.expiration - 2 * HOUR + 1 }), 'received too late');
    await refused(() => it.receive({ now: it.expiration - 7 * DAY - 1 }), 'received too early');
    await it.receive({ now: it.expiration - 2 * HOUR });
    await it.receive({ now: it.expiration - 7 * DAY });

    await it.verify();
    await it.verify({ now: it.expiration });
    await refused(() => it.verify({ now: it.expiration + 1 }), 'verified after its end');
    await refused(() => it.verify({ secret: stranger.secret }), 'verified under another key');
    await refused(() => it.verify({ members: it.members.slice(1) }), 'verified for fewer members');
    await refused(() => it.verify({ members: [...it.members, uuid()] }), 'verified for more members');
  });

  test(`endorsements, what is tampered with is refused (${between})`, async () => {
    const it = await endorsementExchange({ server, client });
    await refusedWhenTampered({
      what: 'response',
      message: it.response,
      reader: client,
      use: (response) => it.receive({ response }),
    });
    await refusedWhenTampered({
      what: 'token',
      message: it.token,
      reader: server,
      use: (token) => it.verify({ token }),
    });
  });
}
