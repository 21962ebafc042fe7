// The operations of the protocol, done by the npm client. `ours.mjs` has the same operations with
// the same arguments, done by Anteroom: byte strings are `Uint8Array`, ids are text, times are
// seconds. A refusal is a thrown error. What needs randomness draws it, unless it is given.
import { Aci, Pni, ServiceId } from '@signalapp/libsignal-client';
import {
  AuthCredentialPresentation,
  AuthCredentialWithPni,
  AuthCredentialWithPniResponse,
  CallLinkAuthCredential,
  CallLinkAuthCredentialPresentation,
  CallLinkAuthCredentialResponse,
  CallLinkPublicParams,
  CallLinkSecretParams,
  ClientZkAuthOperations,
  ClientZkGroupCipher,
  CreateCallLinkCredential,
  CreateCallLinkCredentialPresentation,
  CreateCallLinkCredentialRequest,
  CreateCallLinkCredentialRequestContext,
  CreateCallLinkCredentialResponse,
  GenericServerPublicParams,
  GenericServerSecretParams,
  GroupMasterKey,
  GroupPublicParams,
  GroupSecretParams,
  GroupSendDerivedKeyPair,
  GroupSendEndorsement,
  GroupSendEndorsementsResponse,
  GroupSendFullToken,
  ServerPublicParams,
  ServerSecretParams,
  ServerZkAuthOperations,
  UuidCiphertext,
} from '@signalapp/libsignal-client/zkgroup.js';

import { bytes } from './values.mjs';

export const name = 'npm client';

const date = (seconds) => new Date(seconds * 1000);
const aciOf = (text) => Aci.fromUuid(text);
const pniOf = (text) => Pni.fromUuid(text);
const serviceIdOf = (text) => ServiceId.parseFromServiceIdString(text);
const bytesOf = (value) => Uint8Array.from(value);
const genericOf = (secret) =>
  secret instanceof GenericServerSecretParams ? secret : new GenericServerSecretParams(secret);

// ---- server params ----------------------------------------------------------------------------

/** Generic server params of a mode: `{secret, public}`. */
export async function genericParams(mode, randomness = bytes(32)) {
  const generated = GenericServerSecretParams.generateWithRandom(randomness).serialize();
  const secret = bytesOf(generated);
  // The first byte is the mode; the key after it is any key.
  secret[0] = mode === 'standard' ? 1 : 0;
  return genericPublic(secret);
}

/** The public part of given generic secret params. */
export async function genericPublic(secret) {
  const params = new GenericServerSecretParams(secret);
  return { secret, public: params.getPublicParams().serialize() };
}

/** Generic secret params ready for use: `createIssue` and `authIssue` take them in place of bytes. */
export async function parsedGeneric(secret) {
  return new GenericServerSecretParams(secret);
}

/** Group server params: `{secret, public}`. The secret form is this implementation's own. */
export async function groupServerParams(randomness = bytes(32)) {
  const secret = ServerSecretParams.generateWithRandom(randomness);
  return { secret: secret.serialize(), public: secret.getPublicParams().serialize() };
}

// ---- call links -------------------------------------------------------------------------------

/** What a 16-byte root key derives: `{secret, public}`. */
export async function callLinkParams(rootKey) {
  const secret = CallLinkSecretParams.deriveFromRootKey(rootKey);
  return { secret: secret.serialize(), public: secret.getPublicParams().serialize() };
}

export async function encryptForCallLink({ callLink, aci }) {
  return new CallLinkSecretParams(callLink).encryptUserId(aciOf(aci)).serialize();
}

export async function decryptForCallLink({ callLink, ciphertext }) {
  const id = new CallLinkSecretParams(callLink).decryptUserId(new UuidCiphertext(ciphertext));
  return id.getServiceIdString();
}

// ---- create credential ------------------------------------------------------------------------

export async function createRequest({ roomId, randomness = bytes(32) }) {
  const context = CreateCallLinkCredentialRequestContext.forRoomIdWithRandom(roomId, randomness);
  return { context: context.serialize(), request: context.getRequest().serialize() };
}

export async function createIssue({ request, aci, timestamp, secret, randomness = bytes(32) }) {
  return new CreateCallLinkCredentialRequest(request)
    .issueCredentialWithRandom(aciOf(aci), timestamp, genericOf(secret), randomness)
    .serialize();
}

export async function createReceive({ context, response, aci, params }) {
  return new CreateCallLinkCredentialRequestContext(context)
    .receive(
      new CreateCallLinkCredentialResponse(response),
      aciOf(aci),
      new GenericServerPublicParams(params),
    )
    .serialize();
}

export async function createPresent({ credential, roomId, aci, params, callLink, randomness }) {
  return new CreateCallLinkCredential(credential)
    .presentWithRandom(
      roomId,
      aciOf(aci),
      new GenericServerPublicParams(params),
      new CallLinkSecretParams(callLink),
      randomness ?? bytes(32),
    )
    .serialize();
}

export async function createVerify({ presentation, roomId, now, secret, callLinkPublic }) {
  new CreateCallLinkCredentialPresentation(presentation).verify(
    roomId,
    new GenericServerSecretParams(secret),
    new CallLinkPublicParams(callLinkPublic),
    date(now),
  );
}

// ---- call-link auth credential ----------------------------------------------------------------

export async function authIssue({ aci, redemption, secret, randomness = bytes(32) }) {
  return CallLinkAuthCredentialResponse.issueCredentialWithRandom(
    aciOf(aci),
    redemption,
    genericOf(secret),
    randomness,
  ).serialize();
}

export async function authReceive({ response, aci, redemption, params }) {
  return new CallLinkAuthCredentialResponse(response)
    .receive(aciOf(aci), redemption, new GenericServerPublicParams(params))
    .serialize();
}

export async function authPresent({ credential, aci, redemption, params, callLink, randomness }) {
  return new CallLinkAuthCredential(credential)
    .presentWithRandom(
      aciOf(aci),
      redemption,
      new GenericServerPublicParams(params),
      new CallLinkSecretParams(callLink),
      randomness ?? bytes(32),
    )
    .serialize();
}

export async function authVerify({ presentation, now, secret, callLinkPublic }) {
  new CallLinkAuthCredentialPresentation(presentation).verify(
    new GenericServerSecretParams(secret),
    new CallLinkPublicParams(callLinkPublic),
    date(now),
  );
}

/** The encrypted user id that an auth presentation carries. */
export async function authUserId({ presentation }) {
  return new CallLinkAuthCredentialPresentation(presentation).getUserId().serialize();
}

// ---- groups -----------------------------------------------------------------------------------

/** What a 32-byte master key derives: `{secret, public, groupId}`. */
export async function groupParams(masterKey) {
  const secret = GroupSecretParams.deriveFromMasterKey(new GroupMasterKey(masterKey));
  const publicParams = secret.getPublicParams();
  return {
    secret: secret.serialize(),
    public: publicParams.serialize(),
    groupId: publicParams.getGroupIdentifier().serialize(),
  };
}

export async function encryptServiceId({ group, serviceId }) {
  return new ClientZkGroupCipher(new GroupSecretParams(group))
    .encryptServiceId(serviceIdOf(serviceId))
    .serialize();
}

export async function decryptServiceId({ group, ciphertext }) {
  return new ClientZkGroupCipher(new GroupSecretParams(group))
    .decryptServiceId(new UuidCiphertext(ciphertext))
    .getServiceIdString();
}

export async function encryptBlob({ group, plaintext }) {
  return new ClientZkGroupCipher(new GroupSecretParams(group)).encryptBlob(plaintext);
}

export async function decryptBlob({ group, ciphertext }) {
  return new ClientZkGroupCipher(new GroupSecretParams(group)).decryptBlob(ciphertext);
}

/** With a `pni`, or without one and then with the account's `salt`. */
export async function groupIssue({ aci, pni, salt, redemption, secret, randomness = bytes(32) }) {
  const server = new ServerZkAuthOperations(new ServerSecretParams(secret));
  const account = aciOf(aci);
  const response = pni
    ? server.issueAuthCredentialWithPniZkcWithRandom(randomness, account, pniOf(pni), redemption)
    : server.issueAuthCredentialZkcWithoutPniWithRandom(randomness, account, salt, redemption);
  return response.serialize();
}

export async function groupReceive({ response, aci, pni, salt, redemption, params }) {
  const client = new ClientZkAuthOperations(new ServerPublicParams(params));
  const parsed = new AuthCredentialWithPniResponse(response);
  const credential = pni
    ? client.receiveAuthCredentialWithPniAsServiceId(aciOf(aci), pniOf(pni), redemption, parsed)
    : client.receiveAuthCredentialWithoutPni(aciOf(aci), salt, redemption, parsed);
  return credential.serialize();
}

export async function groupPresent({ credential, params, group, randomness = bytes(32) }) {
  return new ClientZkAuthOperations(new ServerPublicParams(params))
    .createAuthCredentialWithPniPresentationWithRandom(
      randomness,
      new GroupSecretParams(group),
      new AuthCredentialWithPni(credential),
    )
    .serialize();
}

export async function groupVerify({ presentation, now, secret, groupPublic }) {
  new ServerZkAuthOperations(new ServerSecretParams(secret)).verifyAuthCredentialPresentation(
    new GroupPublicParams(groupPublic),
    new AuthCredentialPresentation(presentation),
    date(now),
  );
}

/** The encrypted ids that a group presentation carries: `{aci, pni}`. */
export async function groupUserIds({ presentation }) {
  const parsed = new AuthCredentialPresentation(presentation);
  return {
    aci: parsed.getUuidCiphertext().serialize(),
    pni: parsed.getPniCiphertext().serialize(),
  };
}

// ---- endorsements -----------------------------------------------------------------------------

export async function endorsementsIssue({
  ciphertexts,
  expiration,
  secret,
  randomness = bytes(32),
}) {
  const key = GroupSendDerivedKeyPair.forExpiration(
    date(expiration),
    new ServerSecretParams(secret),
  );
  const members = ciphertexts.map((bytes) => new UuidCiphertext(bytes));
  return GroupSendEndorsementsResponse.issueWithRandom(members, key, randomness).serialize();
}

/** One endorsement per member, in the members' order. */
export async function endorsementsReceive({ response, members, now, group, params }) {
  const parsed = new GroupSendEndorsementsResponse(response);
  const received = parsed.receiveWithServiceIds(
    members.map(serviceIdOf),
    serviceIdOf(members[0]),
    new GroupSecretParams(group),
    new ServerPublicParams(params),
    date(now),
  );
  return {
    endorsements: received.endorsements.map((endorsement) => endorsement.serialize()),
    expiration: parsed.getExpiration().getTime() / 1000,
  };
}

export async function endorsementsCombine({ endorsements }) {
  return GroupSendEndorsement.combine(
    endorsements.map((bytes) => new GroupSendEndorsement(bytes)),
  ).serialize();
}

export async function endorsementsRemove({ endorsement, remove }) {
  return new GroupSendEndorsement(endorsement)
    .byRemoving(new GroupSendEndorsement(remove))
    .serialize();
}

export async function endorsementToken({ endorsement, group, expiration }) {
  return new GroupSendEndorsement(endorsement)
    .toFullToken(new GroupSecretParams(group), date(expiration))
    .serialize();
}

export async function tokenVerify({ token, members, now, secret }) {
  const parsed = new GroupSendFullToken(token);
  const key = GroupSendDerivedKeyPair.forExpiration(
    parsed.getExpiration(),
    new ServerSecretParams(secret),
  );
  parsed.verify(members.map(serviceIdOf), key, date(now));
}
