//! The parties of the protocol, called as a user of the `protocol` crate calls them: their secrets, the
//! messages between them, and the operations on both.

use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, AuthPresentation, BatchCredentials,
    CallLinkPublicParams, CallLinkSecretParams, CreateCredential, CreateCredentialRequest,
    CreateCredentialRequestContext, CreateCredentialResponse, CreatePresentation, CredentialBatch,
    DAY, GenericSecretParams, GroupAuthCredential, GroupAuthCredentialResponse,
    GroupAuthPresentation, GroupIdentity, GroupMasterKey, GroupPublicParams, GroupSecretParams,
    GroupSendEndorsementsResponse, GroupServerSecretParams, HOUR, Mode, Pni, Randomness, RoomId,
    RootKey, ServiceId, Timestamp, UidCiphertext, parallel,
};
use anyhow::Result;
use rand_chacha::{ChaCha20Rng, rand_core::Rng};

use super::{hide::hide, operation::Operation};

/// The days of a batch of credentials.
const DAYS: u64 = 8;
/// Any day.
const TODAY: Timestamp = Timestamp::from_secs(20_000 * DAY);

/// A server, an account, a room and a group, with all that passes between them.
pub(super) struct Parties {
    secrets: Secrets,
    create: CreateCredential,
    auth: AuthCredential,
    for_group: GroupAuthCredential,
    messages: Messages,
}

/// The secrets of all parties, without credentials.
struct Secrets {
    params: GenericSecretParams,
    group_params: GroupServerSecretParams,
    link: CallLinkSecretParams,
    link_public: CallLinkPublicParams,
    group: GroupSecretParams,
    group_public: GroupPublicParams,
    aci: Aci,
    pni: Pni,
    room_id: RoomId,
    context: CreateCredentialRequestContext,
    request: CreateCredentialRequest,
}

/// The messages that operations read, which are public.
struct Messages {
    create: CreateCredentialResponse,
    create_presentation: CreatePresentation,
    auth: AuthCredentialResponse,
    auth_presentation: AuthPresentation,
    for_group: GroupAuthCredentialResponse,
    group_presentation: GroupAuthPresentation,
    batch: BatchCredentials,
    endorsed: EndorsedMembers,
}

/// Members of the group, with their endorsements.
struct EndorsedMembers {
    ids: Vec<ServiceId>,
    ciphertexts: Vec<UidCiphertext>,
    endorsements: GroupSendEndorsementsResponse,
}

impl Parties {
    /// Creates all values, with this number of members to endorse.
    pub(super) fn new(mode: Mode, members: usize, rng: &mut ChaCha20Rng) -> Result<Self> {
        let secrets = Secrets::new(mode, rng);
        let response = secrets.issue_create(rng)?;
        let create = secrets.receive_create(&response)?;
        let auth_response = secrets.issue_auth(rng)?;
        let auth = secrets.receive_auth(&auth_response, TODAY)?;
        let group_response = secrets.issue_for_group(rng)?;
        let for_group = secrets.receive_for_group(&group_response, TODAY)?;
        let messages = Messages {
            create: response,
            create_presentation: secrets.present_create(&create, rng)?,
            auth: auth_response,
            auth_presentation: secrets.present_auth(&auth, rng)?,
            for_group: group_response,
            group_presentation: secrets.present_for_group(&for_group, rng)?,
            batch: secrets.issue_batch(rng)?,
            endorsed: secrets.endorse_new(members, rng)?,
        };
        Ok(Self {
            secrets,
            create,
            auth,
            for_group,
            messages,
        })
    }

    /// Replaces the message that a client reads in an operation, or the members that a server endorses.
    pub(super) fn renew(&mut self, operation: Operation, rng: &mut ChaCha20Rng) -> Result<()> {
        let Self {
            secrets, messages, ..
        } = self;
        match operation {
            Operation::CreateReceive => messages.create = secrets.issue_create(rng)?,
            Operation::AuthReceive => messages.auth = secrets.issue_auth(rng)?,
            Operation::GroupReceive => messages.for_group = secrets.issue_for_group(rng)?,
            Operation::EndorseIssue | Operation::EndorseReceive => {
                let count = messages.endorsed.ids.len();
                messages.endorsed = secrets.endorse_new(count, rng)?;
            }
            _ => {}
        }
        Ok(())
    }

    /// Executes an operation once.
    pub(super) fn run(&self, operation: Operation, rng: &mut ChaCha20Rng) -> Result<()> {
        let Self {
            secrets, messages, ..
        } = self;
        let now = TODAY.plus(HOUR);
        match operation {
            Operation::CreateRequest => {
                let randomness = Randomness::random(rng);
                let context = CreateCredentialRequestContext::new(&secrets.room_id, randomness);
                hide(context.request());
            }
            Operation::CreateIssue => hide(secrets.issue_create(rng)?),
            Operation::CreateReceive => hide(secrets.receive_create(&messages.create)?),
            Operation::CreatePresent => hide(secrets.present_create(&self.create, rng)?),
            Operation::CreateVerify => messages.create_presentation.verify(
                &secrets.room_id,
                now,
                &secrets.params,
                &secrets.link_public,
            )?,
            Operation::AuthIssue => hide(secrets.issue_auth(rng)?),
            Operation::AuthReceive => hide(secrets.receive_auth(&messages.auth, TODAY)?),
            Operation::AuthPresent => hide(secrets.present_auth(&self.auth, rng)?),
            Operation::AuthVerify => {
                let presentation = &messages.auth_presentation;
                presentation.verify(now, &secrets.params, &secrets.link_public)?;
            }
            Operation::GroupIssue => hide(secrets.issue_for_group(rng)?),
            Operation::GroupReceive => {
                hide(secrets.receive_for_group(&messages.for_group, TODAY)?);
            }
            Operation::GroupPresent => hide(secrets.present_for_group(&self.for_group, rng)?),
            Operation::GroupVerify => {
                let presentation = &messages.group_presentation;
                presentation.verify(now, &secrets.group_params, &secrets.group_public)?;
            }
            Operation::BatchIssue => hide(secrets.issue_batch(rng)?),
            Operation::BatchReceive => secrets.receive_batch(&messages.batch)?,
            Operation::EndorseIssue => {
                hide(secrets.endorse(&messages.endorsed.ciphertexts, rng)?);
            }
            Operation::EndorseReceive => {
                let EndorsedMembers {
                    ids, endorsements, ..
                } = &messages.endorsed;
                let params = secrets.group_params.public_params();
                hide(endorsements.receive(ids, TODAY, &secrets.group, params)?);
            }
        }
        Ok(())
    }

    /// Does work that depends on a bit of a secret.
    pub(super) fn run_dependent(&self) {
        let secrets = &self.secrets;
        let first = secrets.room_id.as_bytes().first();
        let is_odd = first.is_some_and(|byte| byte & 1 == 1);
        for _ in 0..if is_odd { 3 } else { 2 } {
            hide(secrets.link.encrypt(&secrets.aci.into()));
        }
    }
}

impl Secrets {
    fn new(mode: Mode, rng: &mut ChaCha20Rng) -> Self {
        let root_key = RootKey::generate_v0(rng);
        let link = root_key.secret_params();
        let mut master_key = [0; 32];
        rng.fill_bytes(&mut master_key);
        let group = GroupSecretParams::derive(&GroupMasterKey::from_bytes(master_key));
        let room_id = root_key.room_id();
        let context = CreateCredentialRequestContext::new(&room_id, Randomness::random(rng));
        Self {
            params: GenericSecretParams::generate(mode, Randomness::random(rng)),
            group_params: GroupServerSecretParams::generate(
                Randomness::random(rng),
                Randomness::random(rng),
            ),
            link_public: link.public_params(),
            link,
            group_public: group.public_params(),
            group,
            aci: Aci::random(rng),
            pni: Pni::random(rng),
            room_id,
            request: context.request(),
            context,
        }
    }

    fn issue_create(&self, rng: &mut ChaCha20Rng) -> Result<CreateCredentialResponse> {
        let randomness = Randomness::random(rng);
        let request = &self.request;
        Ok(request.issue(&self.aci, TODAY, &self.params, randomness)?)
    }

    fn receive_create(&self, response: &CreateCredentialResponse) -> Result<CreateCredential> {
        let params = self.params.public_params();
        Ok(self.context.receive(response, &self.aci, params)?)
    }

    fn present_create(
        &self,
        credential: &CreateCredential,
        rng: &mut ChaCha20Rng,
    ) -> Result<CreatePresentation> {
        let (params, randomness) = (self.params.public_params(), Randomness::random(rng));
        Ok(credential.present(&self.aci, &self.room_id, params, &self.link, randomness)?)
    }

    fn issue_auth(&self, rng: &mut ChaCha20Rng) -> Result<AuthCredentialResponse> {
        let (aci, params, randomness) = (&self.aci, &self.params, Randomness::random(rng));
        Ok(AuthCredentialResponse::issue(
            aci, TODAY, params, randomness,
        )?)
    }

    fn receive_auth(
        &self,
        response: &AuthCredentialResponse,
        day: Timestamp,
    ) -> Result<AuthCredential> {
        Ok(response.receive(&self.aci, day, self.params.public_params())?)
    }

    fn present_auth(
        &self,
        credential: &AuthCredential,
        rng: &mut ChaCha20Rng,
    ) -> Result<AuthPresentation> {
        let (params, randomness) = (self.params.public_params(), Randomness::random(rng));
        Ok(credential.present(&self.aci, TODAY, params, &self.link, randomness)?)
    }

    fn issue_for_group(&self, rng: &mut ChaCha20Rng) -> Result<GroupAuthCredentialResponse> {
        Ok(GroupAuthCredentialResponse::issue(
            &self.aci,
            &self.pni,
            TODAY,
            &self.group_params,
            Randomness::random(rng),
        )?)
    }

    fn receive_for_group(
        &self,
        response: &GroupAuthCredentialResponse,
        day: Timestamp,
    ) -> Result<GroupAuthCredential> {
        let params = self.group_params.public_params();
        Ok(response.receive(&self.aci, &self.pni, day, params)?)
    }

    fn present_for_group(
        &self,
        credential: &GroupAuthCredential,
        rng: &mut ChaCha20Rng,
    ) -> Result<GroupAuthPresentation> {
        let (params, randomness) = (self.group_params.public_params(), Randomness::random(rng));
        Ok(credential.present(params, &self.group, randomness)?)
    }

    fn issue_batch(&self, rng: &mut ChaCha20Rng) -> Result<BatchCredentials> {
        let batch = CredentialBatch {
            aci: &self.aci,
            call_links: &self.params,
            groups: Some((&self.group_params, GroupIdentity::Pni(&self.pni))),
        };
        Ok(batch.issue(&week(), rng)?)
    }

    fn receive_batch(&self, batch: &BatchCredentials) -> Result<()> {
        let groups: Vec<_> = batch.groups.iter().zip(week()).collect();
        for received in parallel::map(&groups, |(response, day)| {
            self.receive_for_group(response, *day)
        }) {
            hide(received?);
        }
        let call_links: Vec<_> = batch.call_links.iter().zip(week()).collect();
        for received in parallel::map(&call_links, |(response, day)| {
            self.receive_auth(response, *day)
        }) {
            hide(received?);
        }
        Ok(())
    }

    fn endorse(
        &self,
        members: &[UidCiphertext],
        rng: &mut ChaCha20Rng,
    ) -> Result<GroupSendEndorsementsResponse> {
        let expiration = GroupSendEndorsementsResponse::default_expiration(TODAY);
        let (params, randomness) = (&self.group_params, Randomness::random(rng));
        Ok(GroupSendEndorsementsResponse::issue(
            members, expiration, params, randomness,
        )?)
    }

    /// Endorses new members.
    fn endorse_new(&self, count: usize, rng: &mut ChaCha20Rng) -> Result<EndorsedMembers> {
        let ids: Vec<ServiceId> = (0..count).map(|_| Aci::random(rng).into()).collect();
        let encrypted = ids.iter().map(|id| self.group.encrypt_service_id(id));
        let ciphertexts: Vec<_> = encrypted.collect();
        Ok(EndorsedMembers {
            endorsements: self.endorse(&ciphertexts, rng)?,
            ids,
            ciphertexts,
        })
    }
}

/// Returns the days of the batch.
fn week() -> Vec<Timestamp> {
    (0..DAYS).map(|day| TODAY.plus(day * DAY)).collect()
}
