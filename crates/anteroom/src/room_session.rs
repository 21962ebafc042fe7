//! A client's side of a command that goes to the room service.

use std::io;

use anteroom_client::{DayRange, Pass, RoomsClient, Timeouts, TrustedParams};
use anteroom_protocol::CallLink;
use anteroom_service::Clock as _;
use anyhow::{Context as _, anyhow};
use zeroize::Zeroizing;

use crate::{
    cli::{LinkArgument, RoomFlags},
    data_dir::DataDir,
    environment::{self, Environment},
    links::{LinkStore, OwnLink},
    listen::Addresses,
    os::OsClock,
    session::Session,
};

/// A link that was named on the command line.
pub(crate) struct NamedLink {
    pub(crate) link: CallLink,
    /// What makes the user its admin, if it is one of their own.
    pub(crate) own: Option<OwnLink>,
}

/// A client of both services.
pub(crate) struct RoomSession {
    pub(crate) issuer: Session,
    pub(crate) rooms: RoomsClient,
    /// The room service, if it was named and is not the one that serves the data directory.
    pub(crate) named: Option<String>,
}

impl NamedLink {
    /// Takes a link, a root key, the short name of an own link, or `-` for a line of standard input.
    pub(crate) fn find(argument: &LinkArgument, store: &LinkStore) -> anyhow::Result<Self> {
        let text = match argument.link.as_str() {
            "-" => read_line()?,
            text => Zeroizing::new(text.to_owned()),
        };
        if let Ok(link) = CallLink::parse(&text) {
            let own = store.find(&link.root_key)?;
            return Ok(Self { link, own });
        }
        let own = store.by_name(&text)?.ok_or_else(|| {
            anyhow!("that is no link, no root key, and not the short name of a link of yours")
        })?;
        Ok(Self {
            link: own.link.clone(),
            own: Some(own),
        })
    }

    /// The link, if the user has its passkey.
    pub(crate) fn own(&self) -> anyhow::Result<&OwnLink> {
        self.own.as_ref().context(
            "you do not have this link's passkey: who created it has, and can give it to you for \
             `anteroom link import`",
        )
    }
}

impl RoomSession {
    /// Signs in; `link` is the link that is to be used, if there is one yet.
    pub(crate) fn open(
        flags: &RoomFlags,
        link: Option<&NamedLink>,
        data: &DataDir,
        environment: &Environment,
    ) -> anyhow::Result<Self> {
        let (url, named) = room_service(flags, link, data, environment)?;
        let rooms = RoomsClient::new(&url, Timeouts::default())?;
        if rooms.is_exposed() {
            tracing::warn!("what proves your right crosses the network in the clear: use https");
        }
        Ok(Self {
            issuer: Session::open(&flags.client, data, environment)?,
            rooms,
            named,
        })
    }

    /// Fetches a week of credentials and takes today's. The week tells the issuer nothing about the
    /// day, and nothing tells it about the room.
    pub(crate) async fn pass(&self, link: &CallLink) -> anyhow::Result<Pass> {
        let params = self.issuer.params_for_link(link).await?;
        self.pass_under(&params).await
    }

    pub(crate) async fn pass_under(&self, params: &TrustedParams) -> anyhow::Result<Pass> {
        let now = OsClock.now();
        let week = DayRange::week_from(now);
        let issued = self
            .issuer
            .client
            .auth_credentials(week, params, now)
            .await?;
        let today = issued.first().context("the issuer sent no day")?;
        Ok(Pass::new(self.issuer.aci(), today, params)?)
    }
}

fn room_service(
    flags: &RoomFlags,
    link: Option<&NamedLink>,
    data: &DataDir,
    environment: &Environment,
) -> anyhow::Result<(String, Option<String>)> {
    let named = match &flags.rooms {
        Some(url) => Some(url.clone()),
        None => environment
            .text(environment::ROOMS_URL)?
            .map(|text| text.to_string()),
    };
    let kept = || link?.own.as_ref()?.rooms.clone();
    if let Some(url) = named.or_else(kept) {
        return Ok((url.clone(), Some(url)));
    }
    let here = Addresses::read(data).and_then(|addresses| {
        addresses
            .rooms
            .context("no room service runs here: name one with --rooms")
    });
    match (here, link) {
        (Ok(url), _) => Ok((url, None)),
        (Err(_), Some(NamedLink { link, .. })) if !link.host.is_empty() => {
            let url = format!("https://{}", link.host);
            Ok((url.clone(), Some(url)))
        }
        (Err(error), _) => Err(error),
    }
}

fn read_line() -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::new());
    io::stdin()
        .read_line(&mut line)
        .context("the link cannot be read from standard input")?;
    Ok(Zeroizing::new(
        line.trim_end_matches(['\r', '\n']).to_owned(),
    ))
}
