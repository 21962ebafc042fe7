//! The subject Anteroom, called as a user of the `protocol` crate does.

use std::{
    hint::black_box,
    sync::Arc,
    time::{Duration, Instant},
};

use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, AuthPresentation, BatchCredentials,
    CallLinkPublicParams, CallLinkSecretParams, CreateCredential, CreateCredentialRequest,
    CreateCredentialRequestContext, CreateCredentialResponse, CreatePresentation, CredentialBatch,
    DAY, GenericSecretParams, GroupAuthCredential, GroupAuthCredentialResponse,
    GroupAuthPresentation, GroupIdentity, GroupMasterKey, GroupPublicParams, GroupSecretParams,
    GroupSendEndorsementsResponse, GroupServerSecretParams, HOUR, Mode, Pni, Randomness, RoomId,
    RootKey, ServiceId, Timestamp, UidCiphertext, parallel,
};
use anyhow::{Context as _, Result};
use rand_chacha::{
    ChaCha20Rng,
    rand_core::{Rng, SeedableRng},
};
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::{operation::Operation, subject::Subject};

const DAYS: usize = 8;
/// Members of the group whose endorsements are issued.
const MEMBERS: usize = 1_000;
/// Any day.
const TODAY: Timestamp = Timestamp::from_secs(20_000 * DAY);

/// A server, a client, and all that passes between them.
pub(super) struct AnteroomSubject {
    /// The thread pool of all operations: one thread by default.
    threads: Arc<ThreadPool>,
    rng: ChaCha20Rng,
    params: GenericSecretParams,
    group_params: GroupServerSecretParams,
    link: CallLinkSecretParams,
    link_public: CallLinkPublicParams,
    group: GroupSecretParams,
    group_public: GroupPublicParams,
    aci: Aci,
    pni: Pni,
    room_id: RoomId,
    create: CreateExchange,
    auth: AuthExchange,
    for_group: GroupExchange,
    batch: BatchCredentials,
    members: Vec<ServiceId>,
    ciphertexts: Vec<UidCiphertext>,
    endorsements: Option<GroupSendEndorsementsResponse>,
}

struct CreateExchange {
    context: CreateCredentialRequestContext,
    request: CreateCredentialRequest,
    response: CreateCredentialResponse,
    credential: CreateCredential,
    presentation: CreatePresentation,
}

struct AuthExchange {
    response: AuthCredentialResponse,
    credential: AuthCredential,
    presentation: AuthPresentation,
}

struct GroupExchange {
    response: GroupAuthCredentialResponse,
    credential: GroupAuthCredential,
    presentation: GroupAuthPresentation,
}

/// Returns the days of the batch.
fn week() -> [Timestamp; DAYS] {
    let mut day = TODAY;
    [(); DAYS].map(|()| {
        let this = day;
        day = day.plus(DAY);
        this
    })
}

impl AnteroomSubject {
    pub(super) fn new(mode: Mode) -> Result<Self> {
        // Any seed serves, since the measurement protects no secret.
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let params = GenericSecretParams::generate(mode, Randomness::random(&mut rng));
        let group_params = GroupServerSecretParams::generate(
            Randomness::random(&mut rng),
            Randomness::random(&mut rng),
        );
        let root_key = RootKey::generate_v0(&mut rng);
        let link = root_key.secret_params();
        let room_id = root_key.room_id();
        let mut master_key = [0; 32];
        rng.fill_bytes(&mut master_key);
        let group = GroupSecretParams::derive(&GroupMasterKey::from_bytes(master_key));
        let aci = Aci::random(&mut rng);
        let pni = Pni::random(&mut rng);

        let context = CreateCredentialRequestContext::new(&room_id, Randomness::random(&mut rng));
        let request = context.request();
        let response = request.issue(&aci, TODAY, &params, Randomness::random(&mut rng))?;
        let credential = context.receive(&response, &aci, params.public_params())?;
        let presentation = credential.present(
            &aci,
            &room_id,
            params.public_params(),
            &link,
            Randomness::random(&mut rng),
        )?;
        let create = CreateExchange {
            context,
            request,
            response,
            credential,
            presentation,
        };

        let response =
            AuthCredentialResponse::issue(&aci, TODAY, &params, Randomness::random(&mut rng))?;
        let credential = response.receive(&aci, TODAY, params.public_params())?;
        let presentation = credential.present(
            &aci,
            TODAY,
            params.public_params(),
            &link,
            Randomness::random(&mut rng),
        )?;
        let auth = AuthExchange {
            response,
            credential,
            presentation,
        };

        let response = GroupAuthCredentialResponse::issue(
            &aci,
            &pni,
            TODAY,
            &group_params,
            Randomness::random(&mut rng),
        )?;
        let credential = response.receive(&aci, &pni, TODAY, group_params.public_params())?;
        let presentation = credential.present(
            group_params.public_params(),
            &group,
            Randomness::random(&mut rng),
        )?;
        let for_group = GroupExchange {
            response,
            credential,
            presentation,
        };

        let members: Vec<ServiceId> = (0..MEMBERS).map(|_| Aci::random(&mut rng).into()).collect();
        let ciphertexts = members
            .iter()
            .map(|id| group.encrypt_service_id(id))
            .collect();
        let mut ours = Self {
            threads: threads(1)?,
            rng,
            link_public: link.public_params(),
            params,
            group_params,
            link,
            group_public: group.public_params(),
            group,
            aci,
            pni,
            room_id,
            create,
            auth,
            for_group,
            batch: BatchCredentials {
                call_links: Vec::new(),
                groups: Vec::new(),
            },
            members,
            ciphertexts,
            endorsements: None,
        };
        ours.batch = ours.issue_batch()?;
        ours.endorsements = Some(ours.endorse()?);
        Ok(ours)
    }

    /// Sets the number of threads of the following operations.
    pub(super) fn use_threads(&mut self, count: usize) -> Result<()> {
        self.threads = threads(count)?;
        Ok(())
    }

    fn randomness(&mut self) -> Randomness {
        Randomness::random(&mut self.rng)
    }

    fn run(&mut self, operation: Operation) -> Result<()> {
        match operation {
            Operation::CreateRequest => {
                let randomness = self.randomness();
                let context = CreateCredentialRequestContext::new(&self.room_id, randomness);
                black_box(context.request());
            }
            Operation::CreateIssue => {
                let randomness = self.randomness();
                let request = &self.create.request;
                black_box(request.issue(&self.aci, TODAY, &self.params, randomness)?);
            }
            Operation::CreateReceive => {
                let CreateExchange {
                    context, response, ..
                } = &self.create;
                black_box(context.receive(response, &self.aci, self.params.public_params())?);
            }
            Operation::CreatePresent => {
                let randomness = self.randomness();
                black_box(self.create.credential.present(
                    &self.aci,
                    &self.room_id,
                    self.params.public_params(),
                    &self.link,
                    randomness,
                )?);
            }
            Operation::CreateVerify => self.create.presentation.verify(
                &self.room_id,
                TODAY.plus(HOUR),
                &self.params,
                &self.link_public,
            )?,
            Operation::AuthIssue => {
                let randomness = self.randomness();
                let (aci, params) = (&self.aci, &self.params);
                black_box(AuthCredentialResponse::issue(
                    aci, TODAY, params, randomness,
                )?);
            }
            Operation::AuthReceive => {
                let params = self.params.public_params();
                black_box(self.auth.response.receive(&self.aci, TODAY, params)?);
            }
            Operation::AuthPresent => {
                let randomness = self.randomness();
                black_box(self.auth.credential.present(
                    &self.aci,
                    TODAY,
                    self.params.public_params(),
                    &self.link,
                    randomness,
                )?);
            }
            Operation::AuthVerify => {
                let now = TODAY.plus(HOUR);
                let presentation = &self.auth.presentation;
                presentation.verify(now, &self.params, &self.link_public)?;
            }
            Operation::GroupIssue => {
                let randomness = self.randomness();
                black_box(GroupAuthCredentialResponse::issue(
                    &self.aci,
                    &self.pni,
                    TODAY,
                    &self.group_params,
                    randomness,
                )?);
            }
            Operation::GroupReceive => {
                black_box(self.for_group.response.receive(
                    &self.aci,
                    &self.pni,
                    TODAY,
                    self.group_params.public_params(),
                )?);
            }
            Operation::GroupPresent => {
                let randomness = self.randomness();
                let params = self.group_params.public_params();
                let credential = &self.for_group.credential;
                black_box(credential.present(params, &self.group, randomness)?);
            }
            Operation::GroupVerify => self.for_group.presentation.verify(
                TODAY.plus(HOUR),
                &self.group_params,
                &self.group_public,
            )?,
            Operation::BatchIssue => {
                black_box(self.issue_batch()?);
            }
            Operation::BatchReceive => self.receive_batch()?,
            Operation::EndorseIssue => {
                black_box(self.endorse()?);
            }
            Operation::EndorseReceive => self.receive_endorsements()?,
        }
        Ok(())
    }

    fn issue_batch(&mut self) -> Result<BatchCredentials> {
        let batch = CredentialBatch {
            aci: &self.aci,
            call_links: &self.params,
            groups: Some((&self.group_params, GroupIdentity::Pni(&self.pni))),
        };
        Ok(batch.issue(&week(), &mut self.rng)?)
    }

    fn receive_batch(&self) -> Result<()> {
        let groups: Vec<_> = self.batch.groups.iter().zip(week()).collect();
        let call_links: Vec<_> = self.batch.call_links.iter().zip(week()).collect();
        let params = self.group_params.public_params();
        for received in parallel::map(&groups, |(response, day)| {
            response.receive(&self.aci, &self.pni, *day, params)
        }) {
            black_box(received?);
        }
        let params = self.params.public_params();
        for received in parallel::map(&call_links, |(response, day)| {
            response.receive(&self.aci, *day, params)
        }) {
            black_box(received?);
        }
        Ok(())
    }

    fn endorse(&mut self) -> Result<GroupSendEndorsementsResponse> {
        let randomness = self.randomness();
        let (members, params) = (&self.ciphertexts, &self.group_params);
        let expiration = GroupSendEndorsementsResponse::default_expiration(TODAY);
        Ok(GroupSendEndorsementsResponse::issue(
            members, expiration, params, randomness,
        )?)
    }

    fn receive_endorsements(&self) -> Result<()> {
        let response = self.endorsements.as_ref().context("not endorsed yet")?;
        let params = self.group_params.public_params();
        black_box(response.receive(&self.members, TODAY, &self.group, params)?);
        Ok(())
    }
}

impl Subject for AnteroomSubject {
    fn time(&mut self, operation: Operation, iterations: u32) -> Result<Duration> {
        let threads = Arc::clone(&self.threads);
        threads.install(|| {
            let start = Instant::now();
            for _ in 0..iterations {
                self.run(operation)?;
            }
            Ok(start.elapsed())
        })
    }
}

fn threads(count: usize) -> Result<Arc<ThreadPool>> {
    let pool = ThreadPoolBuilder::new().num_threads(count).build()?;
    Ok(Arc::new(pool))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_works_in_both_modes() {
        for mode in [Mode::Legacy, Mode::Standard] {
            let mut ours = AnteroomSubject::new(mode).unwrap();
            for operation in Operation::ALL {
                ours.time(operation, 1).unwrap();
            }
        }
    }
}
