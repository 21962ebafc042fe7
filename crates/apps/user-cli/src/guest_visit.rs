//! A visit with the account of a guest, by somebody without an account.
//!
//! The account is used for one visit, and nothing of it is stored. The issuer's params are pinned as for
//! others: from the second visit on they are compared.

use anteroom_client::{DayRange, IssuerClient, Pass, RoomsClient, Timeouts, Trust};
use anteroom_console::{context::Context, environment, failure::Failure, os, progress};
use anteroom_protocol::ParamsId;
use anyhow::{Context as _, anyhow};

use crate::{
    arguments::{ClientFlags, RoomFlags},
    notices,
    room_session::{EXPOSED_PASS, LinkTarget, RoomService},
    session::{EXPOSED_PASSWORD, IssuerTarget},
};

/// The right of a guest to use links today, and the room service.
pub(crate) struct GuestVisit {
    pub(crate) rooms: RoomsClient,
    pub(crate) pass: Pass,
    /// The messages about the issuer's params.
    pub(crate) notices: Vec<String>,
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
        let pass = progress::during(
            "Getting the account of a guest",
            pass(&flags.client, context),
        );
        let (pass, notices) = pass.await.context("no account of a guest is to be had")?;
        Ok(Self {
            rooms,
            pass,
            notices,
        })
    }
}

async fn pass(flags: &ClientFlags, context: &Context) -> anyhow::Result<(Pass, Vec<String>)> {
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
    let week = DayRange::week_from(now);
    let issued = issuer.auth_credentials(week, &params, now).await?;
    let today = now.start_of_day();
    let today = issued.iter().find(|issued| issued.redemption == today);
    let today = today.ok_or_else(|| Failure::failed("the issuer gave no credential for today"))?;
    let pass = Pass::new(issuer.authentication().aci(), today, &params)?;
    Ok((pass, notices))
}
