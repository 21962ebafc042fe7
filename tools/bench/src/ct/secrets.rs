//! The secrets of one class of samples, and the operations on them.

use std::hint::black_box;

use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, CallLinkSecretParams, CreateCredential,
    CreateCredentialRequestContext, CreateCredentialResponse, DAY, GenericSecretParams,
    GroupAuthCredential, GroupAuthCredentialResponse, GroupMasterKey, GroupSecretParams,
    GroupSendEndorsementsResponse, GroupServerSecretParams, Mode, Pni, Randomness, RoomId, RootKey,
    ServiceId, Timestamp, UidCiphertext,
};
use anyhow::{Result, bail};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};

const TODAY: Timestamp = Timestamp::from_secs(20_000 * DAY);
/// Members of the group that is endorsed.
const MEMBERS: usize = 3;

/// The secrets of all parties, and the values made from them.
pub(super) struct Secrets {
    params: GenericSecretParams,
    group_params: GroupServerSecretParams,
    aci: Aci,
    pni: Pni,
    room_id: RoomId,
    link: CallLinkSecretParams,
    group: GroupSecretParams,
    context: CreateCredentialRequestContext,
    create: CreateCredential,
    auth: AuthCredential,
    for_group: GroupAuthCredential,
}

/// The public inputs. They are new in every sample of both classes, since the time may depend on public
/// values.
pub(super) enum PublicInput {
    Nothing,
    Create(CreateCredentialResponse),
    Auth(AuthCredentialResponse),
    Group(GroupAuthCredentialResponse),
    Members(Vec<UidCiphertext>),
    Endorsements(Vec<ServiceId>, GroupSendEndorsementsResponse),
}

impl Secrets {
    /// Creates the secrets and derived values from a seed.
    pub(super) fn of(seed: u64) -> Result<Self> {
        let rng = &mut ChaCha20Rng::seed_from_u64(seed);
        let params = GenericSecretParams::generate(Mode::Standard, Randomness::random(rng));
        let group_params =
            GroupServerSecretParams::generate(Randomness::random(rng), Randomness::random(rng));
        let (aci, pni) = (Aci::random(rng), Pni::random(rng));
        let root_key = RootKey::generate_v0(rng);
        let room_id = root_key.room_id();
        let context = CreateCredentialRequestContext::new(&room_id, Randomness::random(rng));
        let request = context.request();
        let created = request.issue(&aci, TODAY, &params, Randomness::random(rng))?;
        let create = context.receive(&created, &aci, params.public_params())?;
        let issued = AuthCredentialResponse::issue(&aci, TODAY, &params, Randomness::random(rng))?;
        let auth = issued.receive(&aci, TODAY, params.public_params())?;
        let randomness = Randomness::random(rng);
        let issued =
            GroupAuthCredentialResponse::issue(&aci, &pni, TODAY, &group_params, randomness)?;
        let for_group = issued.receive(&aci, &pni, TODAY, group_params.public_params())?;
        let mut master_key = [0; 32];
        rng.fill_bytes(&mut master_key);
        let secrets = Self {
            params,
            group_params,
            aci,
            pni,
            room_id,
            link: root_key.secret_params(),
            group: GroupSecretParams::derive(&GroupMasterKey::from_bytes(master_key)),
            context,
            create,
            auth,
            for_group,
        };
        // The first execution of each operation computes tables that stay.
        for operation in Operation::ALL {
            secrets.run(operation, &secrets.public(operation, rng)?, rng)?;
        }
        Ok(secrets)
    }

    /// Creates new public inputs of an operation.
    pub(super) fn public(
        &self,
        operation: Operation,
        rng: &mut ChaCha20Rng,
    ) -> Result<PublicInput> {
        let Self {
            params,
            group_params,
            aci,
            pni,
            ..
        } = self;
        let randomness = Randomness::random(rng);
        Ok(match operation {
            Operation::CreateReceive => {
                let request = self.context.request();
                PublicInput::Create(request.issue(aci, TODAY, params, randomness)?)
            }
            Operation::AuthReceive => PublicInput::Auth(AuthCredentialResponse::issue(
                aci, TODAY, params, randomness,
            )?),
            Operation::GroupReceive => PublicInput::Group(GroupAuthCredentialResponse::issue(
                aci,
                pni,
                TODAY,
                group_params,
                randomness,
            )?),
            Operation::EndorseIssue => PublicInput::Members(self.members(rng).1),
            Operation::EndorseReceive => {
                let (members, ciphertexts) = self.members(rng);
                let response = self.endorse(&ciphertexts, randomness)?;
                PublicInput::Endorsements(members, response)
            }
            Operation::CreateIssue
            | Operation::CreatePresent
            | Operation::AuthIssue
            | Operation::AuthPresent
            | Operation::GroupIssue
            | Operation::GroupPresent
            | Operation::Control => PublicInput::Nothing,
        })
    }

    /// Executes an operation once.
    pub(super) fn run(
        &self,
        operation: Operation,
        public: &PublicInput,
        rng: &mut ChaCha20Rng,
    ) -> Result<()> {
        let Self {
            params,
            group_params,
            aci,
            pni,
            ..
        } = self;
        let randomness = Randomness::random(rng);
        match (operation, public) {
            (Operation::CreateIssue, _) => {
                let request = self.context.request();
                black_box(request.issue(aci, TODAY, params, randomness)?);
            }
            (Operation::CreateReceive, PublicInput::Create(response)) => {
                let params = params.public_params();
                black_box(self.context.receive(response, aci, params)?);
            }
            (Operation::CreatePresent, _) => {
                let (params, room) = (params.public_params(), &self.room_id);
                black_box(
                    self.create
                        .present(aci, room, params, &self.link, randomness)?,
                );
            }
            (Operation::AuthIssue, _) => {
                black_box(AuthCredentialResponse::issue(
                    aci, TODAY, params, randomness,
                )?);
            }
            (Operation::AuthReceive, PublicInput::Auth(response)) => {
                black_box(response.receive(aci, TODAY, params.public_params())?);
            }
            (Operation::AuthPresent, _) => {
                let (params, link) = (params.public_params(), &self.link);
                black_box(self.auth.present(aci, TODAY, params, link, randomness)?);
            }
            (Operation::GroupIssue, _) => {
                black_box(GroupAuthCredentialResponse::issue(
                    aci,
                    pni,
                    TODAY,
                    group_params,
                    randomness,
                )?);
            }
            (Operation::GroupReceive, PublicInput::Group(response)) => {
                let params = group_params.public_params();
                black_box(response.receive(aci, pni, TODAY, params)?);
            }
            (Operation::GroupPresent, _) => {
                let params = group_params.public_params();
                black_box(self.for_group.present(params, &self.group, randomness)?);
            }
            (Operation::EndorseIssue, PublicInput::Members(members)) => {
                black_box(self.endorse(members, randomness)?);
            }
            (Operation::EndorseReceive, PublicInput::Endorsements(members, response)) => {
                let params = group_params.public_params();
                black_box(response.receive(members, TODAY, &self.group, params)?);
            }
            (Operation::Control, _) => {
                // Work that depends on a bit of a secret.
                let odd = self
                    .room_id
                    .as_bytes()
                    .first()
                    .is_some_and(|byte| byte & 1 == 1);
                for _ in 0..if odd { 3 } else { 2 } {
                    black_box(self.link.encrypt(&self.aci.into()));
                }
            }
            _ => bail!("{} lacks what it takes", operation.name()),
        }
        Ok(())
    }

    /// Returns other members of the group, with their ciphertexts.
    fn members(&self, rng: &mut ChaCha20Rng) -> (Vec<ServiceId>, Vec<UidCiphertext>) {
        let members: Vec<ServiceId> = (0..MEMBERS).map(|_| Aci::random(rng).into()).collect();
        let ciphertexts = members
            .iter()
            .map(|id| self.group.encrypt_service_id(id))
            .collect();
        (members, ciphertexts)
    }

    fn endorse(
        &self,
        members: &[UidCiphertext],
        randomness: Randomness,
    ) -> Result<GroupSendEndorsementsResponse> {
        let expiration = GroupSendEndorsementsResponse::default_expiration(TODAY);
        let params = &self.group_params;
        Ok(GroupSendEndorsementsResponse::issue(
            members, expiration, params, randomness,
        )?)
    }
}

/// The operations on secrets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Operation {
    CreateIssue,
    CreateReceive,
    CreatePresent,
    AuthIssue,
    AuthReceive,
    AuthPresent,
    GroupIssue,
    GroupReceive,
    GroupPresent,
    EndorseIssue,
    EndorseReceive,
    Control,
}

impl Operation {
    pub(super) const ALL: [Self; 12] = [
        Self::CreateIssue,
        Self::CreateReceive,
        Self::CreatePresent,
        Self::AuthIssue,
        Self::AuthReceive,
        Self::AuthPresent,
        Self::GroupIssue,
        Self::GroupReceive,
        Self::GroupPresent,
        Self::EndorseIssue,
        Self::EndorseReceive,
        Self::Control,
    ];

    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::CreateIssue => "create_issue",
            Self::CreateReceive => "create_receive",
            Self::CreatePresent => "create_present",
            Self::AuthIssue => "auth_issue",
            Self::AuthReceive => "auth_receive",
            Self::AuthPresent => "auth_present",
            Self::GroupIssue => "group_issue",
            Self::GroupReceive => "group_receive",
            Self::GroupPresent => "group_present",
            Self::EndorseIssue => "endorse_issue",
            Self::EndorseReceive => "endorse_receive",
            Self::Control => "control",
        }
    }
}
