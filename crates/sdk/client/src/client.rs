//! The client of both services for one account.

mod creation;
mod error;
mod options;
mod own_link;
mod renewal;

use std::{
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use anteroom_protocol::{Aci, AdminPasskey, CallLink};
use tokio::task::AbortHandle;
use url::Url;

pub use self::{
    error::Error,
    options::ClientOptions,
    own_link::{OwnLink, parse_passkey},
};
use crate::{
    Authentication, CallSession, CredentialStore, IssuerClient, IssuerError, JoinOptions, Pass,
    Peek, RoomsClient, call::ReplayMemory, transport::is_loopback,
};

/// The client of both services for one account. Holds its credentials and visits room services with them.
///
/// [`Client::connect`] fetches the credentials of a week, and three for creating links, as every client does.
/// Visits present them and request nothing from the issuer: together with the room service it could tell by
/// the time of a request which room the account visits. Therefore a client connects once, at a time that is
/// independent of visits, and renews its credentials in the background once a day at a random time. A program
/// that starts for each visit stores its [`Client::credentials`] and passes them to the next start
/// ([`ClientOptions::credentials`]).
///
/// Clones share one client. The background renewals end when the last clone is dropped.
#[derive(Clone)]
pub struct Client {
    shared: Arc<Shared>,
    /// Ends the background renewals on drop.
    _renewal: Arc<RenewalTask>,
}

struct Shared {
    issuer: IssuerClient,
    options: ClientOptions,
    replays: ReplayMemory,
    /// `None` after the issuer has refused the account.
    credentials: Mutex<Option<CredentialStore>>,
    /// Held while a link is created: no other creation may show the same room.
    creation: tokio::sync::Mutex<()>,
    failure: Mutex<Option<IssuerError>>,
}

struct RenewalTask(AbortHandle);

impl Drop for RenewalTask {
    fn drop(&mut self) {
        self.0.abort();
    }
}

impl Client {
    /// Connects to the issuer at `issuer`, such as `https://issuer.example`, with a device's password
    /// ([`DeviceCredentials`](crate::DeviceCredentials)) or a login ([`LoginSession`](crate::LoginSession)).
    ///
    /// Must be called within a tokio runtime.
    ///
    /// # Errors
    /// The issuer cannot be reached, refuses the account, or its credentials do not verify.
    pub async fn connect(
        issuer: &str,
        authentication: impl Into<Authentication>,
    ) -> Result<Self, Error> {
        Self::connect_with(issuer, authentication, ClientOptions::default()).await
    }

    /// Connects with options: stored credentials, pins of an earlier process, and others.
    ///
    /// # Errors
    /// As [`Self::connect`].
    pub async fn connect_with(
        issuer: &str,
        authentication: impl Into<Authentication>,
        options: ClientOptions,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared::connect(issuer, authentication, options).await?);
        let task = tokio::spawn(renewal::keep_renewing(Arc::downgrade(&shared)));
        Ok(Self {
            shared,
            _renewal: Arc::new(RenewalTask(task.abort_handle())),
        })
    }

    /// Returns the client of the issuer alone, for devices, relays and other resources of the account.
    #[must_use]
    pub fn issuer(&self) -> &IssuerClient {
        &self.shared.issuer
    }

    /// Returns the current credentials, to be sealed and stored; `None` after the issuer has refused the
    /// account. [`Self::create_link`] consumes one of them: store them again after it.
    #[must_use]
    pub fn credentials(&self) -> Option<CredentialStore> {
        self.shared.credentials().clone()
    }

    /// Fetches credentials now. The client renews them once a day by itself; both services together can tell
    /// by the time of a fetch which room is visited soon after it.
    ///
    /// # Errors
    /// The issuer cannot be reached, refuses, or its credentials do not verify.
    pub async fn renew(&self) -> Result<(), Error> {
        Ok(self.shared.renew().await?)
    }

    /// Takes the error of the last background renewal, if it failed. The client repeats the renewal some
    /// hours later.
    #[must_use]
    pub fn take_renewal_failure(&self) -> Option<IssuerError> {
        self.shared.take_failure()
    }

    /// Returns today's right to use a link, for calls of [`RoomsClient`].
    ///
    /// # Errors
    /// [`Error::NoCredential`]; [`IssuerError::LinkParams`] if the link was made under other params than the
    /// issuer's.
    pub fn pass(&self, link: &CallLink) -> Result<Pass, Error> {
        self.shared.pass(link)
    }

    /// Returns a client of the room service of a link.
    ///
    /// # Errors
    /// [`Error::NoRoomService`] for a bare key; [`crate::RoomsError::BaseUrl`] if the address cannot be used.
    pub fn rooms(&self, link: &CallLink) -> Result<RoomsClient, Error> {
        if self.shared.options.rooms.is_none() && link.host.is_empty() {
            return Err(Error::NoRoomService);
        }
        self.shared.rooms_at(&address(&link.host))
    }

    /// Joins the call of a link, or its lobby. The first event is
    /// [`CallEvent::Joined`](crate::CallEvent::Joined).
    ///
    /// # Errors
    /// As [`Self::pass`] and [`RoomsClient::join`].
    pub async fn join(&self, link: &CallLink) -> Result<CallSession, Error> {
        self.join_as(link, None).await
    }

    /// Joins the call of a link as an admin.
    ///
    /// # Errors
    /// As [`Self::join`].
    pub async fn join_as_admin(
        &self,
        link: &CallLink,
        passkey: &AdminPasskey,
    ) -> Result<CallSession, Error> {
        self.join_as(link, Some(passkey.clone())).await
    }

    /// Reads the state of a link's call without joining it; `None` if no call is running.
    ///
    /// # Errors
    /// As [`Self::pass`] and [`RoomsClient::peek`].
    pub async fn peek(&self, link: &CallLink) -> Result<Option<Peek>, Error> {
        let pass = self.pass(link)?;
        let mut rng = self.shared.options.system.rng();
        let rooms = self.rooms(link)?;
        Ok(rooms.peek(&link.root_key, &pass, &mut *rng).await?)
    }

    /// Returns the id of the account.
    #[must_use]
    pub fn aci(&self) -> Aci {
        self.shared.issuer.authentication().aci()
    }

    async fn join_as(
        &self,
        link: &CallLink,
        passkey: Option<AdminPasskey>,
    ) -> Result<CallSession, Error> {
        let options = JoinOptions {
            room: link.root_key.clone(),
            pass: self.pass(link)?,
            passkey,
            name: self.shared.options.name.clone(),
        };
        let rng = self.shared.options.system.rng();
        Ok(self.rooms(link)?.join(options, rng).await?)
    }
}

impl Shared {
    /// Creates the state with the stored credentials of the account. Fetches credentials if there is none for
    /// today.
    async fn connect(
        issuer: &str,
        authentication: impl Into<Authentication>,
        mut options: ClientOptions,
    ) -> Result<Self, IssuerError> {
        let issuer = IssuerClient::new(issuer, authentication, options.timeouts)?;
        let aci = issuer.authentication().aci();
        let stored = options.credentials.take();
        let shared = Self {
            issuer,
            replays: match options.replays.take() {
                Some(store) => ReplayMemory::with_store(store),
                None => ReplayMemory::default(),
            },
            options,
            credentials: Mutex::new(stored.filter(|stored| stored.aci() == aci)),
            creation: tokio::sync::Mutex::default(),
            failure: Mutex::new(None),
        };
        if !shared.has_credentials()? {
            shared.renew().await?;
        }
        Ok(shared)
    }

    fn credentials(&self) -> MutexGuard<'_, Option<CredentialStore>> {
        locked(&self.credentials)
    }

    /// Applies a change to the credentials; `None` if there are none.
    fn change<T>(&self, change: impl FnOnce(&mut CredentialStore) -> T) -> Option<T> {
        self.credentials().as_mut().map(change)
    }

    fn note_failure(&self, failure: IssuerError) {
        *locked(&self.failure) = Some(failure);
    }

    fn take_failure(&self) -> Option<IssuerError> {
        locked(&self.failure).take()
    }

    /// Returns whether there is a credential for today under trusted params.
    fn has_credentials(&self) -> Result<bool, IssuerError> {
        let (now, options) = (self.options.system.now(), &self.options);
        let credentials = self.credentials();
        let Some(store) = credentials.as_ref() else {
            return Ok(false);
        };
        let listing = store.listing().clone();
        let params = listing.trusted(&*options.pins, options.trust(), now)?;
        Ok(store.pass(&params, now).is_some())
    }

    /// Fetches the issuer's params, the week's credentials and those for creating links. Drops the present
    /// credentials if the issuer does not know the account any more.
    async fn renew(&self) -> Result<(), IssuerError> {
        let renewed = self.fetch().await;
        if renewed.as_ref().is_err_and(IssuerError::is_signed_out) {
            *self.credentials() = None;
        }
        renewed
    }

    async fn fetch(&self) -> Result<(), IssuerError> {
        let options = &self.options;
        let listing = self.issuer.published_params().await?;
        let now = options.system.now();
        let params = listing
            .clone()
            .trusted(&*options.pins, options.trust(), now)
            .map_err(|error| listing.explained(error, now))?;
        let mut rng = options.system.rng();
        let supply = self
            .issuer
            .credential_supply(&params, now, &mut *rng)
            .await?;
        let mut credentials = self.credentials();
        match credentials.as_mut() {
            Some(store) => store.renew(listing, supply, now, &mut *rng),
            None => {
                let aci = self.issuer.authentication().aci();
                let store = CredentialStore::new(aci, listing, supply, now, &mut *rng);
                *credentials = Some(store);
            }
        }
        Ok(())
    }

    fn pass(&self, link: &CallLink) -> Result<Pass, Error> {
        let (now, options) = (self.options.system.now(), &self.options);
        let credentials = self.credentials();
        let store = credentials.as_ref().ok_or(Error::NoCredential)?;
        let listing = store.listing().clone();
        let params = listing.trusted_for_link(link, &*options.pins, options.trust(), now)?;
        store.pass(&params, now).ok_or(Error::NoCredential)
    }

    /// The room service at this address, unless the options name another.
    fn rooms_at(&self, url: &str) -> Result<RoomsClient, Error> {
        let url = self.options.rooms.as_deref().unwrap_or(url);
        let mut rooms = RoomsClient::new(url, self.options.timeouts)?;
        rooms.replays = self.replays.clone();
        Ok(rooms)
    }
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Client(..)")
    }
}

/// Returns the address of the room service that a link names.
fn address(host: &str) -> String {
    let secure = format!("https://{host}");
    let is_here = Url::parse(&secure).is_ok_and(|url| is_loopback(&url));
    if is_here {
        format!("http://{host}")
    } else {
        secure
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::{address, creation::host_of};

    #[test]
    fn the_host_of_a_link_is_one_that_a_link_can_name() {
        for (address, expected) in [
            ("https://rooms.example/", Some(("rooms.example", false))),
            ("http://127.0.0.1:8081", Some(("127.0.0.1:8081", true))),
            (
                "https://example.org/rooms",
                Some(("example.org/rooms", false)),
            ),
            ("https://example.org/a%20b", None),
            ("https://example.org/a//b", None),
            ("rooms.example", None),
        ] {
            let host = host_of(address).ok();
            let host = host
                .as_ref()
                .map(|(host, is_plain)| (host.as_str(), *is_plain));
            assert_eq!(host, expected, "{address}");
        }
    }

    #[test]
    fn a_links_host_is_asked_over_https_and_this_machine_over_http() {
        for (host, expected) in [
            ("rooms.example", "https://rooms.example"),
            ("example.org/rooms", "https://example.org/rooms"),
            ("10.0.0.7:8081", "https://10.0.0.7:8081"),
            ("localhost.example", "https://localhost.example"),
            ("127.0.0.1:8081", "http://127.0.0.1:8081"),
            ("localhost:8081/rooms", "http://localhost:8081/rooms"),
            ("[::1]:8081", "http://[::1]:8081"),
        ] {
            assert_eq!(address(host), expected);
        }
    }
}
