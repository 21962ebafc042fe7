//! The way into a call: the right to it, and the files that it changes.

use std::sync::Arc;

use anteroom_client::{
    AdminRights, CallMember, CallSession, CallStatements, CertificatePublicKey, DeviceCertificate,
    Error, JoinOptions, LinkAdmin, OperatingSystem, OwnDevice, Pass, RoomStatements, RoomsClient,
};
use anteroom_console::{
    context::Context,
    os::{self, OsEntropy},
    progress,
};
use anteroom_protocol::CallLink;
use anteroom_runtime::Entropy as _;
use anyhow::Context as _;

use crate::{
    arguments::CallEntry,
    device_secret::CallDevice,
    guest_visit::{self, GuestVisit},
    replay_counters::ReplayCountersFile,
    room_session::{CallCredentials, LinkTarget, RoomSession},
    statement_file::StatementFile,
};

/// A call that was joined. The visit lasts as long as it, so that no other one has its device meanwhile.
pub(super) struct JoinedCall {
    pub(super) call: CallSession,
    /// The messages about the link and the issuer's params.
    pub(super) notices: Vec<String>,
    pub(super) visit: Visit,
    pub(super) session: Option<RoomSession>,
}

/// Joins the call of a link under a name.
pub(super) async fn enter(
    options: &CallEntry,
    named: &LinkTarget,
    name: Option<String>,
    context: &Context,
) -> anyhow::Result<JoinedCall> {
    let is_guest = options.guest && guest_visit::has_no_account(&options.rooms.client, context)?;
    let (visit, session, notices) = if is_guest {
        let GuestVisit { rooms, credentials } =
            GuestVisit::open(&options.rooms, named, context).await?;
        let device = CallDevice::for_one_call();
        let (visit, notices) = Visit::new(rooms, credentials, None, device, context)?;
        (visit, None, notices)
    } else {
        let session = RoomSession::open(&options.rooms, Some(named), context).await;
        let session = session.map_err(guest_visit::or_as_guest)?;
        let rights = rights(options, named, &session)?;
        let credentials = session.call_credentials(&named.link).await?;
        let (rooms, device) = (session.rooms.clone(), session.device(context));
        let (visit, notices) = Visit::new(rooms, credentials, rights, device, context)?;
        (visit, Some(session), notices)
    };
    let joined = visit.enter(&named.link, name).await;
    let joined = joined.map_err(|error| match (&session, error) {
        (Some(session), error) => session.client_error(named, error),
        (None, Error::Rooms(error)) => error.into(),
        (None, error) => error.into(),
    });
    let call = joined.context("the call cannot be joined")?;
    let named = named.notice().map(ToOwned::to_owned).into_iter();
    Ok(JoinedCall {
        call,
        notices: named.chain(notices).collect(),
        visit,
        session,
    })
}

/// The right to a call, and the files that a visit changes.
pub(super) struct Visit {
    rooms: RoomsClient,
    pass: Pass,
    certificate: Option<DeviceCertificate>,
    certificate_keys: Vec<CertificatePublicKey>,
    rights: Option<AdminRights>,
    device: CallDevice,
    statements: Arc<StatementFile>,
}

impl Visit {
    /// Returns the visit, and the messages about the issuer's params.
    fn new(
        rooms: RoomsClient,
        credentials: CallCredentials,
        rights: Option<AdminRights>,
        device: CallDevice,
        context: &Context,
    ) -> anyhow::Result<(Self, Vec<String>)> {
        let received = Arc::new(ReplayCountersFile::of_user(&context.environment)?);
        let visit = Self {
            rooms: rooms.with_replay_store(received),
            pass: credentials.pass,
            certificate: credentials.certificate,
            certificate_keys: credentials.certificate_keys,
            rights,
            device,
            statements: Arc::new(StatementFile::of_user(&context.environment)?),
        };
        Ok((visit, credentials.notices))
    }

    /// Joins the call of a link.
    async fn enter(&self, link: &CallLink, name: Option<String>) -> Result<CallSession, Error> {
        self.renew_policy(link).await;
        let statements = RoomStatements::load(link, &*self.statements)?;
        let room = link.root_key.room_id();
        let keys = self.certificate_keys.iter().copied();
        let mut member = CallMember::new(&self.device.secret, link)?.with_certificate_keys(keys);
        if let Some(certificate) = &self.certificate {
            member = member.with_certificate(certificate);
        }
        if let Some(statements) = &statements {
            member = member.with_statements(statements, os::now());
        }
        if let Some(rights) = &self.rights {
            member = member.with_rights(rights);
        }
        let key = member.key();
        let joining = self.rooms.join(
            JoinOptions {
                room: link.root_key.clone(),
                pass: self.pass.clone(),
                passkey: self.rights.as_ref().map(|rights| rights.passkey(&room)),
                name,
                member: Some(member),
            },
            OsEntropy.rng(),
        );
        let call = progress::during("Joining", joining).await?;
        let Some(statements) = statements else {
            return Ok(call);
        };
        let own = OwnDevice::new(link, self.pass.aci(), key);
        let mut statements = CallStatements::new(link, statements, Some(own), self.rights.as_ref());
        if !self.device.is_stored() {
            statements = statements.with_passing_device();
        }
        Ok(call.with_statements(
            statements,
            self.statements.clone(),
            Arc::new(OperatingSystem),
        ))
    }

    /// An admin's client keeps the policy of the room from ending. The call does not depend on it.
    async fn renew_policy(&self, link: &CallLink) {
        let Some(rights) = self.rights.clone() else {
            return;
        };
        let admin = LinkAdmin::new(
            self.rooms.clone(),
            link.clone(),
            rights,
            self.statements.clone(),
        );
        let mut rng = os::rng();
        let renewed = admin.renew_policy(&self.pass, os::now(), &mut rng);
        if let Err(error) = renewed.await {
            tracing::warn!("the policy of the room is not renewed: {error}");
        }
    }
}

/// Returns the rights to join with. A link in the user's store is joined as an admin. Without an explicit
/// request the passkey is sent only to the room service where the link was created.
fn rights(
    options: &CallEntry,
    named: &LinkTarget,
    session: &RoomSession,
) -> anyhow::Result<Option<AdminRights>> {
    if options.guest {
        return Ok(None);
    }
    if options.admin {
        return Ok(Some(named.own()?.rights.clone()));
    }
    let Some(own) = &named.own else {
        return Ok(None);
    };
    if session.is_home_of(own) {
        return Ok(Some(own.rights.clone()));
    }
    tracing::warn!(
        "you join as a guest, because this is not the room service where the link was created: \
         with --admin the passkey is sent there"
    );
    Ok(None)
}
