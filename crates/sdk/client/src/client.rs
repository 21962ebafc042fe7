//! The client of both services for one account.

mod creation;
mod options;
mod renewal;
mod shared;

use std::sync::Arc;

use anteroom_protocol::{Aci, CallLink, redacted_debug};
use tokio::task::AbortHandle;
use url::Url;

pub use self::options::ClientOptions;
use self::shared::Shared;
use crate::{
    AdminRights, Authentication, CallMember, CallSession, CallStatements, CertificatePublicKey,
    CredentialStore, DeviceCertificate, DeviceSecret, Error, IssuerClient, IssuerError,
    JoinOptions, LinkAdmin, OwnDevice, Pass, Peek, RoomStatements, RoomsClient, is_loopback,
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
        self.shared.credentials.lock().clone()
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
        self.shared.failure.lock().take()
    }

    /// Takes the error because of which the last renewal brought no certificate of this device, such as
    /// [`IssuerError::Untrusted`] for a key of certificates that is not pinned. The credentials are good
    /// without it.
    #[must_use]
    pub fn take_certificate_failure(&self) -> Option<IssuerError> {
        self.shared.certificate_failure.lock().take()
    }

    /// Takes the error because of which the last [`Self::join_as_admin`] did not renew the policy of its room.
    #[must_use]
    pub fn take_policy_failure(&self) -> Option<Error> {
        self.shared.policy_failure.lock().take()
    }

    /// Returns today's right to use a link, for calls of [`RoomsClient`].
    ///
    /// # Errors
    /// [`Error::NoCredential`]; [`IssuerError::LinkParams`] if the link was made under other params than the
    /// issuer's.
    pub fn pass(&self, link: &CallLink) -> Result<Pass, Error> {
        self.shared.pass(link)
    }

    /// Returns the certificate of this device for the members of a link's calls, with the identity key that
    /// signs the device's member keys; `None` if the link leaves certificates out or names params that the
    /// issuer does not list, or there is no certificate that holds. Whoever sees it can prove to outsiders that the account was there.
    ///
    /// # Errors
    /// The pins cannot be read or written.
    pub fn certificate(&self, link: &CallLink) -> Result<Option<DeviceCertificate>, Error> {
        Ok(self.shared.certificate(link)?)
    }

    /// Returns the issuer's keys under which the certificates of others are verified
    /// ([`CertificateChain::verify`](crate::CertificateChain::verify)).
    ///
    /// # Errors
    /// The pins cannot be read or written.
    pub fn certificate_keys(&self) -> Result<Vec<CertificatePublicKey>, Error> {
        Ok(self.shared.certificate_keys()?)
    }

    /// Returns a client of the room service of a link.
    ///
    /// # Errors
    /// [`Error::NoRoomService`] for a bare key; [`crate::TransportFailure::BaseUrl`] if the address cannot be used.
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

    /// Joins the call of a link as an admin. Renews the policy of the room first, if it is about to end; the
    /// join does not depend on that ([`Self::take_policy_failure`]).
    ///
    /// # Errors
    /// As [`Self::join`].
    pub async fn join_as_admin(
        &self,
        link: &CallLink,
        rights: &AdminRights,
    ) -> Result<CallSession, Error> {
        let (admin, pass) = (self.admin(link, rights)?, self.pass(link)?);
        let system = &self.shared.options.system;
        let mut rng = system.rng();
        let renewed = admin.renew_policy(&pass, system.now(), &mut *rng).await;
        *self.shared.policy_failure.lock() = renewed.err();
        self.join_as(link, Some(rights)).await
    }

    /// Returns the admin of a link, who changes it and signs the policy of its room.
    ///
    /// # Errors
    /// As [`Self::rooms`].
    pub fn admin(&self, link: &CallLink, rights: &AdminRights) -> Result<LinkAdmin, Error> {
        let statements = self.shared.options.statements.clone();
        let (rooms, link, rights) = (self.rooms(link)?, link.clone(), rights.clone());
        Ok(LinkAdmin::new(rooms, link, rights, statements))
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
        rights: Option<&AdminRights>,
    ) -> Result<CallSession, Error> {
        let shared = &self.shared.options;
        let room = link.root_key.room_id();
        let statements = RoomStatements::load(link, &*shared.statements)?;
        let member = self.member(link, statements.as_ref(), rights)?;
        let own = OwnDevice::new(link, self.aci(), member.key());
        let options = JoinOptions {
            room: link.root_key.clone(),
            pass: self.pass(link)?,
            passkey: rights.map(|rights| rights.passkey(&room)),
            name: shared.name.clone(),
            member: Some(member),
        };
        let (rooms, system) = (self.rooms(link)?, shared.system.clone());
        let names_admin = link.admin.is_some();
        let call = rooms.join_at(options, names_admin, system.rng(), system);
        let call = call.await?;
        let Some(statements) = statements else {
            return Ok(call);
        };
        let statements = CallStatements::new(link, statements, Some(own), rights);
        let statements = match shared.device {
            Some(_) => statements,
            None => statements.with_passing_device(),
        };
        Ok(call.with_statements(statements, shared.statements.clone(), shared.system.clone()))
    }

    /// Returns the identity of this device in a call of a link: of its own for each visit without a device
    /// secret.
    fn member(
        &self,
        link: &CallLink,
        statements: Option<&RoomStatements>,
        rights: Option<&AdminRights>,
    ) -> Result<CallMember, Error> {
        let options = &self.shared.options;
        let device = match &options.device {
            Some(device) => device.clone(),
            None => DeviceSecret::random(&mut *options.system.rng()),
        };
        let mut member =
            CallMember::new(&device, link)?.with_certificate_keys(self.certificate_keys()?);
        if let Some(statements) = statements {
            member = member.with_statements(statements, options.system.now());
        }
        if let Some(rights) = rights {
            member = member.with_rights(rights);
        }
        if let Some(certificate) = self.certificate(link)? {
            member = member.with_certificate(&certificate);
        }
        Ok(member)
    }
}

redacted_debug!(Client);

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

#[cfg(test)]
mod tests {
    use super::address;

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
