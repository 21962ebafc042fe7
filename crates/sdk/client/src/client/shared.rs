//! The credentials and the clients that clones of a client share.

use anteroom_protocol::{CallLink, Timestamp};
use parking_lot::Mutex;

use crate::{
    Authentication, CertificatePublicKey, ClientOptions, CredentialStore, DeviceCertificate, Error,
    IssuerClient, IssuerError, Pass, ReplayMemory, RoomsClient, TrustedParams,
};

/// The state that clones of a client share.
pub(super) struct Shared {
    pub(super) issuer: IssuerClient,
    pub(super) options: ClientOptions,
    pub(super) replays: ReplayMemory,
    /// `None` after the issuer has refused the account.
    pub(super) credentials: Mutex<Option<CredentialStore>>,
    /// Held while a link is created: no other creation may show the same room.
    pub(super) creation: tokio::sync::Mutex<()>,
    pub(super) failure: Mutex<Option<IssuerError>>,
    /// The error because of which the last renewal brought no certificate.
    pub(super) certificate_failure: Mutex<Option<IssuerError>>,
    /// The error because of which the last join of an admin did not renew the policy.
    pub(super) policy_failure: Mutex<Option<Error>>,
}

impl Shared {
    /// Creates the state with the stored credentials of the account. Fetches credentials if there is none for
    /// today.
    pub(super) async fn connect(
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
            certificate_failure: Mutex::new(None),
            policy_failure: Mutex::new(None),
        };
        if !shared.has_credentials()? {
            shared.renew().await?;
        }
        Ok(shared)
    }

    /// Applies a change to the credentials; `None` if there are none.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut CredentialStore) -> T) -> Option<T> {
        self.credentials.lock().as_mut().map(change)
    }

    /// Returns whether there is a credential for today under trusted params.
    pub(super) fn has_credentials(&self) -> Result<bool, IssuerError> {
        let found = self.with_params(|store, params, now| store.pass(params, now).is_some());
        Ok(found?.unwrap_or_default())
    }

    /// Fetches the issuer's params, the week's credentials and those for creating links. Drops the present
    /// credentials if the issuer does not know the account any more.
    pub(super) async fn renew(&self) -> Result<(), IssuerError> {
        let renewed = self.fetch().await;
        if renewed.as_ref().is_err_and(IssuerError::is_signed_out) {
            *self.credentials.lock() = None;
        }
        renewed
    }

    pub(super) async fn fetch(&self) -> Result<(), IssuerError> {
        let options = &self.options;
        let listing = self.issuer.published_params().await?;
        let listing = match options.guest {
            true => listing.for_guest(),
            false => listing,
        };
        let now = options.system.now();
        let params = listing.clone();
        let params = params.trusted(&*options.pins, options.trust(), now)?;
        let mut rng = options.system.rng();
        let identity = CredentialStore::identity(self.credentials.lock().as_ref(), &mut *rng);
        let mut supply = self
            .issuer
            .credential_supply(&params, &identity, now, &mut *rng)
            .await?;
        *self.certificate_failure.lock() = supply.certificate_failure.take();
        let mut credentials = self.credentials.lock();
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

    pub(super) fn pass(&self, link: &CallLink) -> Result<Pass, Error> {
        let (now, options) = (self.options.system.now(), &self.options);
        let credentials = self.credentials.lock();
        let store = credentials.as_ref().ok_or(Error::NoCredential)?;
        let listing = store.listing().clone();
        let params = listing.trusted_for_link(link, &*options.pins, options.trust(), now)?;
        store.pass(&params, now).ok_or(Error::NoCredential)
    }

    /// Returns the certificate of the device for the calls of a link; `None` if there is none that holds, or
    /// the link is another issuer's.
    pub(super) fn certificate(
        &self,
        link: &CallLink,
    ) -> Result<Option<DeviceCertificate>, IssuerError> {
        let (now, options) = (self.options.system.now(), &self.options);
        let credentials = self.credentials.lock();
        let Some(store) = credentials.as_ref() else {
            return Ok(None);
        };
        let listing = store.listing().clone();
        match listing.trusted_for_link(link, &*options.pins, options.trust(), now) {
            Ok(params) => Ok(store.certificate(link, &params, now).cloned()),
            Err(IssuerError::LinkParams(_)) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Returns the trusted keys whose certificates hold now.
    pub(super) fn certificate_keys(&self) -> Result<Vec<CertificatePublicKey>, IssuerError> {
        let found = self.with_params(|_, params, now| {
            let keys = params.certificate_keys(now);
            keys.copied().collect()
        });
        Ok(found?.unwrap_or_default())
    }

    /// Reads the credentials under their params as they are trusted now; `None` if there are none.
    fn with_params<T>(
        &self,
        read: impl FnOnce(&CredentialStore, &TrustedParams, Timestamp) -> T,
    ) -> Result<Option<T>, IssuerError> {
        let (now, options) = (self.options.system.now(), &self.options);
        let credentials = self.credentials.lock();
        let Some(store) = credentials.as_ref() else {
            return Ok(None);
        };
        let listing = store.listing().clone();
        let params = listing.trusted(&*options.pins, options.trust(), now)?;
        Ok(Some(read(store, &params, now)))
    }

    /// The room service at this address, unless the options name another.
    pub(super) fn rooms_at(&self, url: &str) -> Result<RoomsClient, Error> {
        let url = self.options.rooms.as_deref().unwrap_or(url);
        let mut rooms = RoomsClient::new(url, self.options.timeouts)?;
        rooms.replays = self.replays.clone();
        Ok(rooms)
    }
}
