// The npm client's side of `cargo xtask bench zk`: reads one JSON request a line,
// `{"operation", "iterations"}`, does the operation so often in a row and answers with the
// nanoseconds that took, `{"nanoseconds"}`. The first line out names mode and operations.
//
// The objects are made once and used as a user of the package does: nothing is serialized or
// parsed again for the sake of the measurement.
import { randomBytes, randomUUID } from 'node:crypto';
import { createInterface } from 'node:readline';

import { Aci, Pni } from '@signalapp/libsignal-client';
import {
  CallLinkAuthCredentialResponse,
  CallLinkSecretParams,
  ClientZkAuthOperations,
  ClientZkGroupCipher,
  CreateCallLinkCredentialRequestContext,
  GenericServerSecretParams,
  GroupMasterKey,
  GroupSecretParams,
  GroupSendDerivedKeyPair,
  GroupSendEndorsementsResponse,
  ServerSecretParams,
  ServerZkAuthOperations,
} from '@signalapp/libsignal-client/zkgroup.js';

const DAY = 86_400;
const DAYS = 8;
const MEMBERS = 1_000;

const mode = process.argv[2] ?? 'standard';
const random = (length) => Uint8Array.from(randomBytes(length));

const seconds = Math.floor(Date.now() / 1000);
const today = seconds - (seconds % DAY);
const now = new Date(seconds * 1000);
const week = Array.from({ length: DAYS }, (_, index) => today + index * DAY);

const aci = Aci.fromUuid(randomUUID());
const pni = Pni.fromUuid(randomUUID());
const roomId = random(32);

const generated = Uint8Array.from(GenericServerSecretParams.generate().serialize());
generated[0] = mode === 'standard' ? 1 : 0;
const secret = new GenericServerSecretParams(generated);
const params = secret.getPublicParams();
const groupSecret = ServerSecretParams.generate();
const groupServer = new ServerZkAuthOperations(groupSecret);
const groupClient = new ClientZkAuthOperations(groupSecret.getPublicParams());
const group = GroupSecretParams.deriveFromMasterKey(new GroupMasterKey(random(32)));
const callLink = CallLinkSecretParams.deriveFromRootKey(random(16));
const callLinkPublic = callLink.getPublicParams();

const context = CreateCallLinkCredentialRequestContext.forRoomId(roomId);
const request = context.getRequest();

const createIssue = () => request.issueCredential(aci, today, secret);
const createResponse = createIssue();
const createReceive = () => context.receive(createResponse, aci, params);
const createCredential = createReceive();
const createPresent = () => createCredential.present(roomId, aci, params, callLink);
const createPresentation = createPresent();
const createVerify = () => createPresentation.verify(roomId, secret, callLinkPublic, now);

const issueAuth = (day) => CallLinkAuthCredentialResponse.issueCredential(aci, day, secret);
const authIssue = () => issueAuth(today);
const authResponse = authIssue();
const authReceive = () => authResponse.receive(aci, today, params);
const authCredential = authReceive();
const authPresent = () => authCredential.present(aci, today, params, callLink);
const authPresentation = authPresent();
const authVerify = () => authPresentation.verify(secret, callLinkPublic, now);

const issueGroup = (day) => groupServer.issueAuthCredentialWithPniZkc(aci, pni, day);
const groupResponse = issueGroup(today);
const groupReceive = () =>
  groupClient.receiveAuthCredentialWithPniAsServiceId(aci, pni, today, groupResponse);
const groupCredential = groupReceive();
const groupPresent = () =>
  groupClient.createAuthCredentialWithPniPresentation(group, groupCredential);
const groupPresentation = groupPresent();
const groupPublic = group.getPublicParams();
const groupVerify = () =>
  groupServer.verifyAuthCredentialPresentation(groupPublic, groupPresentation, now);

const batchIssue = () => week.map((day) => [issueGroup(day), issueAuth(day)]);
const batchResponses = batchIssue();
const batchReceive = () =>
  batchResponses.map(([forGroup, forCallLink], index) => [
    groupClient.receiveAuthCredentialWithPniAsServiceId(aci, pni, week[index], forGroup),
    forCallLink.receive(aci, week[index], params),
  ]);

const members = Array.from({ length: MEMBERS }, () => Aci.fromUuid(randomUUID()));
const cipher = new ClientZkGroupCipher(group);
const ciphertexts = members.map((member) => cipher.encryptServiceId(member));
// The end of tomorrow, or a day later if that is too near.
const end = today + 2 * DAY;
const expiration = new Date((end - seconds < 25 * 3_600 ? end + DAY : end) * 1000);
const endorseIssue = () =>
  GroupSendEndorsementsResponse.issue(
    ciphertexts,
    GroupSendDerivedKeyPair.forExpiration(expiration, groupSecret),
  );
const endorsements = endorseIssue();
const groupParams = groupSecret.getPublicParams();
const endorseReceive = () =>
  endorsements.receiveWithServiceIds(members, members[0], group, groupParams, now);

const operations = {
  create_request: () => CreateCallLinkCredentialRequestContext.forRoomId(roomId).getRequest(),
  create_issue: createIssue,
  create_receive: createReceive,
  create_present: createPresent,
  create_verify: createVerify,
  auth_issue: authIssue,
  auth_receive: authReceive,
  auth_present: authPresent,
  auth_verify: authVerify,
  group_issue: () => issueGroup(today),
  group_receive: groupReceive,
  group_present: groupPresent,
  group_verify: groupVerify,
  batch_issue: batchIssue,
  batch_receive: batchReceive,
  endorse_issue: endorseIssue,
  endorse_receive: endorseReceive,
};

const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);
answer({ mode, operations: Object.keys(operations) });
for await (const line of createInterface({ input: process.stdin })) {
  const { operation, iterations } = JSON.parse(line);
  const run = operations[operation];
  const start = process.hrtime.bigint();
  for (let count = 0; count < iterations; count += 1) run();
  answer({ nanoseconds: Number(process.hrtime.bigint() - start) });
}
