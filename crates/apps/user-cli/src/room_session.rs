//! The client of a command that contacts the room service.

mod creation;
mod credentials;
mod link_target;
mod own_link;
mod pasted;

use std::{
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

use anteroom_client::{
    Error, RoomsClient, RoomsError, ServiceAddress, Timeouts, TransportFailure, TransportFault,
    is_loopback,
};
use anteroom_console::{
    context::Context,
    data_dir::DataDir,
    environment,
    failure::Failure,
    listen::{self, Addresses},
};
use anteroom_protocol::CallLink;
use anyhow::{anyhow, bail};

pub(crate) use self::credentials::CallCredentials;
use crate::{
    arguments::RoomFlags,
    credentials::CredentialFile,
    device_secret::CallDevice,
    links::{LinkStore, OwnLink, short_name},
    session::IssuerIdentity,
};

/// A link that was named on the command line.
pub(crate) struct LinkTarget {
    pub(crate) link: CallLink,
    /// The stored link with its admin secret, if it is one of the user's own.
    pub(crate) own: Option<OwnLink>,
}

/// A client of the room service, with the credentials of an account.
pub(crate) struct RoomSession {
    identity: Arc<IssuerIdentity>,
    credentials: CredentialFile,
    /// Whether credentials are fetched although there are stored ones. Fetched once only.
    fetch: AtomicBool,
    pub(crate) rooms: RoomsClient,
    pub(crate) service: RoomService,
}

/// The room service of a command.
pub(crate) struct RoomService {
    address: ServiceAddress,
    /// Its address, if it was named and is not the one that serves the data directory.
    pub(crate) named: Option<String>,
    /// That data directory, if the room service was not named.
    pub(crate) data: Option<PathBuf>,
    /// The public address of that data directory's room service, if its settings have one.
    pub(crate) public: Option<String>,
    /// Whether the link alone names the room service, and no certificate shows that it is there:
    /// another program of this machine could answer.
    pub(crate) is_unproven: bool,
}

/// The warning about a room service that does not show the policy of the admins.
pub(crate) const POLICY_NOT_KEPT: &str = "the room service does not keep the policy that you have signed: people who come by the link \
     take approval as the condition, or an older policy that they have seen";

/// The warning about a room service without TLS.
pub(crate) const EXPOSED_PASS: &str =
    "the credential with which you use links crosses the network in the clear: use https";

impl RoomSession {
    /// Finds the account; `link` is the link to be used, if there is one yet.
    pub(crate) async fn open(
        flags: &RoomFlags,
        link: Option<&LinkTarget>,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let service = RoomService::find(flags, link, context).await?;
        let identity = IssuerIdentity::find(&flags.client, context)?;
        let credentials = identity.credentials()?;
        let rooms = RoomsClient::new(&service.address, Timeouts::default())?;
        if rooms.is_exposed() {
            tracing::warn!("{EXPOSED_PASS}");
        }
        Ok(Self {
            identity: Arc::new(identity),
            credentials,
            fetch: AtomicBool::new(flags.fetch),
            rooms,
            service,
        })
    }

    /// Returns the secret of the account's device on this machine, for a call.
    pub(crate) fn device(&self, context: &Context) -> CallDevice {
        CallDevice::of_owner(self.credentials.owner(), &context.environment)
    }

    /// The error of a request about a link. One of the user's own that its room service does not know
    /// was there once.
    pub(crate) fn link_error(&self, named: &LinkTarget, error: RoomsError) -> anyhow::Error {
        let is_unknown = matches!(error, RoomsError::NoSuchLink);
        // Another root key of the room may lack the epoch.
        let is_own =
            |own: &&OwnLink| own.link.root_key == named.link.root_key && self.is_home_of(own);
        match named.own.as_ref().filter(is_own) {
            Some(own) if is_unknown => {
                let short = short_name(&own.link.root_key.room_id());
                Failure::new("CALL_LINK_NOT_FOUND", "this link of yours is gone")
                    .refused()
                    .with_reason(anyhow!(
                        "its room service has deleted it: an admin or whoever runs the service did \
                         so, or it had expired long ago"
                    ))
                    .next(format!(
                        "Take it out of your list with anteroom link delete {short}, and create a \
                         new one with anteroom link create"
                    ))
                    .into()
            }
            _ => error.into(),
        }
    }

    /// As [`Self::link_error`], for any error of the client.
    pub(crate) fn client_error(&self, named: &LinkTarget, error: Error) -> anyhow::Error {
        match error {
            Error::Rooms(error) => self.link_error(named, error),
            error => error.into(),
        }
    }

    /// Whether this is where a link of the user's own was created.
    pub(crate) fn is_home_of(&self, own: &OwnLink) -> bool {
        match (&self.service.named, &own.rooms) {
            (Some(url), Some(home)) => listen::is_same(url, home),
            (Some(url), None) => own.data.as_ref().is_some_and(|home| serves(home, url)),
            (None, Some(_)) => false,
            // Links of earlier versions do not contain the data directory: the user has chosen it.
            (None, None) => own.data.is_none() || own.data == self.service.data,
        }
    }
}

impl RoomService {
    /// Returns the address.
    pub(crate) const fn address(&self) -> &ServiceAddress {
        &self.address
    }

    /// Returns the named room service, the one where an own link was created, the one of the data directory,
    /// or the link's host.
    pub(crate) async fn find(
        flags: &RoomFlags,
        link: Option<&LinkTarget>,
        context: &Context,
    ) -> anyhow::Result<Self> {
        let named = context.value(flags.rooms.as_deref(), environment::ROOMS_URL)?;
        let own = link.and_then(|link| link.own.as_ref());
        let own_rooms = || own?.rooms.clone();
        if let Some(url) = named.or_else(own_rooms) {
            return Ok(Self::at(url));
        }
        if let Some(own) = own {
            check_home(own, context)?;
        }
        let data = &context.data;
        // Only the user sends the passkey of an own link elsewhere than where it was created.
        let home = own.and_then(|own| own.data.clone());
        let home = home.filter(|home| !data.is_named() && *home != data.canonical());
        let home = home.map(DataDir::new);
        let here = match &home {
            Some(home) => Addresses::read(home).map_err(|error| home_silent(home, error)),
            None => Addresses::read(data),
        };
        let data = home.as_ref().unwrap_or(data);
        let here = here.and_then(|addresses| {
            let address = addresses.rooms_address().ok_or_else(|| {
                let failure = Failure::new("service_missing", "no room service runs here");
                failure.next("Name one with --rooms")
            })?;
            Ok((address, addresses.rooms, addresses.rooms_public))
        });
        match (here, link) {
            (Ok((address, listener, public)), link) => {
                if let Some(LinkTarget { link, own: None }) = link {
                    let own = [listener.as_ref(), public.as_ref()];
                    warn_of_other_host(link, own, data);
                }
                Ok(Self {
                    address,
                    named: None,
                    data: Some(data.canonical()),
                    public,
                    is_unproven: false,
                })
            }
            (Err(_), Some(LinkTarget { link, own: None })) if !link.host.is_empty() => {
                Ok(Self::of_link(link).await)
            }
            (Err(error), _) => Err(error),
        }
    }

    fn at(url: String) -> Self {
        Self {
            named: Some(url.clone()),
            address: url.into(),
            data: None,
            public: None,
            is_unproven: false,
        }
    }

    /// The room service at a link's host. On this machine a service without a certificate is asked
    /// too: the link begins with http, or with https in the links of earlier versions.
    async fn of_link(link: &CallLink) -> Self {
        let host = &link.host;
        let plain = || Self {
            is_unproven: true,
            ..Self::at(format!("http://{host}"))
        };
        if link.is_plain {
            return plain();
        }
        let url = format!("https://{host}");
        let is_here = url.parse().is_ok_and(|url| is_loopback(&url));
        if !is_here || !lacks_tls(&url).await {
            return Self::at(url);
        }
        tracing::warn!(
            "{host} does not speak https: it is asked over http, because it is this machine"
        );
        plain()
    }
}

async fn lacks_tls(url: &str) -> bool {
    let Ok(client) = RoomsClient::new(url, Timeouts::default()) else {
        return false;
    };
    let Err(RoomsError::Exchange(error)) = client.ping().await else {
        return false;
    };
    matches!(
        error.failure,
        TransportFailure::Unreachable(cause) if *cause.fault() == TransportFault::PlainHttp
    )
}

/// Warns that a link of somebody else names another host than those of the room service that is
/// asked: that one may not know the link.
fn warn_of_other_host(link: &CallLink, own: [Option<&String>; 2], data: &DataDir) {
    let host = &link.host;
    let link_scheme = if link.is_plain { "http" } else { "https" };
    let is_own = |url: &&String| {
        let scheme = url.split_once("://").map_or("https", |(scheme, _)| scheme);
        listen::is_same(&format!("{scheme}://{host}"), url)
    };
    if host.is_empty() || own.iter().flatten().any(is_own) {
        return;
    }
    tracing::warn!(
        "the link names {host}, which is not asked: the room service of {} is. To ask there, use \
         --rooms {link_scheme}://{host}",
        data.path().display()
    );
}

/// Returns whether the room service of a data directory is the one at a URL.
fn serves(home: &Path, url: &str) -> bool {
    Addresses::read(&DataDir::new(home.to_owned())).is_ok_and(|here| {
        let mut own = [here.rooms, here.rooms_public].into_iter().flatten();
        own.any(|own| listen::is_same(&own, url))
    })
}

/// Returns the failure for an own link whose room service does not run where the link was created.
fn home_silent(home: &DataDir, error: anyhow::Error) -> anyhow::Error {
    let what = format!(
        "this link was created at the room service of {}, which is not found there",
        home.path().display()
    );
    let why = anyhow!("{}", Failure::of(error));
    Failure::new("service_missing", what)
        .with_reason(why)
        .next(
            "Start it there with anteroom serve; if it runs elsewhere now, name its data directory \
             with --data, or the room service with --rooms",
        )
        .into()
}

/// Checks that an own link says at which data directory it was created, unless one is named: its passkey
/// must not be sent to the service of a directory that was found by default.
fn check_home(own: &OwnLink, context: &Context) -> anyhow::Result<()> {
    match &own.data {
        Some(_) => Ok(()),
        None if context.data.is_named() => {
            // Links of earlier versions do not contain their data directory.
            let own = OwnLink {
                data: Some(context.data.canonical()),
                ..own.clone()
            };
            LinkStore::of_user(&context.environment)?.keep(&own)
        }
        None => bail!(
            Failure::failed("this link of yours does not say where it was created")
                .next("Name the data directory once with --data, or the room service with --rooms")
        ),
    }
}
