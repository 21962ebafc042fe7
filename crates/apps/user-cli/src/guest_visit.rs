//! A visit with the account of a guest, by somebody without an account.
//!
//! The account is used for one visit, and nothing of it is stored. The issuer's params are pinned as for
//! others: from the second visit on they are compared.

use anteroom_client::{CredentialStore, IssuerClient, Pass, RoomsClient, Timeouts, Trust};
use anteroom_console::{context::Context, environment, failure::Failure, os, progress};
use anteroom_protocol::{CallLink, ParamsId};
use anyhow::{Context as _, anyhow};

use crate::{
    arguments::{ClientFlags, RoomFlags},
    notices,
    room_session::{CallCredentials, EXPOSED_PASS, LinkTarget, RoomService},
    session::{EXPOSED_PASSWORD, IssuerTarget, LOGIN_MISSING},
};

const AS_GUEST: &str = "Or join without an account, if the link takes guests: add --guest, and --issuer URL where no \
    issuer is known";

/// The right of a guest to use links today, and the room service.
pub(crate) struct GuestVisit {
    pub(crate) rooms: RoomsClient,
    pub(crate) credentials: CallCredentials,
}

/// Returns whether the command has no account: none is named, and nobody is logged in.
pub(crate) fn has_no_account(flags: &ClientFlags, context: &Context) -> anyhow::Result<bool> {
    let named = context.value(flags.account.as_deref(), environment::ACCOUNT)?;
    if named.is_some() || flags.password_file.is_some() {
        return Ok(false);
    }
    let target = IssuerTarget::find(flags.issuer.as_deref(), context)?;
    Ok(!target.login(&context.environment)?.is_there())
}

/// Adds the way without an account to the failure of a command that needs one.
pub(crate) fn or_as_guest(error: anyhow::Error) -> anyhow::Error {
    match error.downcast::<Failure>() {
        Ok(failure) => {
            let explanation = failure.explanation();
            match explanation
                .next
                .filter(|_| explanation.code == LOGIN_MISSING)
            {
                Some(next) => failure.next(format!("{next}. {AS_GUEST}")).into(),
                None => failure.into(),
            }
        }
        Err(error) => error,
    }
}

impl GuestVisit {
    /// Gets an account of a guest and its credentials from the issuer.
    pub(crate) async fn open(
        flags: &RoomFlags,
        link: &LinkTarget,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let service = RoomService::find(flags, Some(link), context).await?;
        let rooms = RoomsClient::new(service.address(), Timeouts::default())?;
        if rooms.is_exposed() {
            tracing::warn!("{EXPOSED_PASS}");
        }
        let credentials = progress::during(
            "Getting the account of a guest",
            credentials(&flags.client, &link.link, context),
        );
        let credentials = credentials.await;
        let credentials = credentials.context("no account of a guest is to be had")?;
        Ok(Self { rooms, credentials })
    }
}

async fn credentials(
    flags: &ClientFlags,
    link: &CallLink,
    context: &Context,
) -> anyhow::Result<CallCredentials> {
    let target = IssuerTarget::find(flags.issuer.as_deref(), context)?;
    let url = target.url()?;
    let parse = |text: &String| {
        ParamsId::parse(text).map_err(|_| anyhow!("--trust {text:?}: an id has 16 hex digits"))
    };
    let ids: Vec<ParamsId> = flags.trust.iter().map(parse).collect::<Result<_, _>>()?;
    let trust = match ids.as_slice() {
        [] => Trust::FirstUse,
        ids => Trust::Ids(ids),
    };
    let device = IssuerClient::add_guest(url, Timeouts::default()).await?;
    let issuer = IssuerClient::new(url, device, Timeouts::default())?;
    if issuer.is_exposed() {
        tracing::warn!("{EXPOSED_PASSWORD}");
    }
    let now = os::now();
    let listing = issuer.published_params().await?.for_guest();
    let params = listing.trusted(&target.pins, trust, now)?;
    notices::of_pins(&params);
    let notices = notices::of_changes(&params, now);
    // The request is that of every client: it names an identity key too.
    let mut rng = os::rng();
    let identity = CredentialStore::identity(None, &mut rng);
    let supply = issuer
        .credential_supply(&params, &identity, now, &mut rng)
        .await?;
    let today = now.start_of_day();
    let today = supply.auth.iter().find(|issued| issued.redemption == today);
    let today = today.ok_or_else(|| Failure::failed("the issuer gave no credential for today"))?;
    Ok(CallCredentials {
        pass: Pass::new(issuer.authentication().aci(), today, &params)?,
        certificate: supply.certificate.filter(|_| !link.without_certificates),
        certificate_keys: params.certificate_keys(now).copied().collect(),
        notices,
    })
}
