//! The authentication of requests.
//!
//! All methods lead to an account and one of its devices. Every missing or wrong credential gets
//! the same answer, after the same work.

use std::{sync::Arc, time::Duration};

use anteroom_protocol::Aci;
use anteroom_runtime::{Clock, Entropy, dependency_wait};
use anteroom_store::{
    AccountDevice, AddressPseudonym, Device, DeviceId, DeviceUse, IssuerDatabase, PasswordHash,
    Session, SessionId, TransactionName,
};

use crate::domain::{
    callers::{
        caller::{Caller, SignInTime},
        caller_cache::{CacheLookup, CacheReservation, CallerCache, CallerKey},
        credentials::Credentials,
        device_use_writer::{DeviceUseWriter, SessionExtension},
        identities::Identities,
    },
    devices::changes::DeviceChange,
    failure::{Failure, in_time},
    tokens::{access_token::AccessClaims, session::extension, token_source::TokenSource},
};

/// The time after which the database counts as unavailable.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(3);

/// Authenticates requests.
pub(crate) struct Authenticator {
    pub(crate) database: Arc<dyn IssuerDatabase>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) tokens: Arc<TokenSource>,
    pub(crate) identities: Option<Identities>,
    /// The code that deletes a device or ends a session removes it from here too, so that it is
    /// not accepted while the database is unavailable.
    pub(crate) caller_cache: CallerCache,
    pub(crate) device_use_writer: DeviceUseWriter,
}

impl Authenticator {
    /// Returns the caller; `None` if the credentials are missing or wrong. Adds the changes of
    /// devices that a provider's token has caused, which the caller of this method must announce in
    /// any case.
    ///
    /// # Errors
    /// Those of the database, if the caller is not cached.
    pub(crate) async fn authenticate(
        &self,
        credentials: &Credentials,
        address: Option<AddressPseudonym>,
        entropy: &dyn Entropy,
        changes: &mut Vec<DeviceChange>,
    ) -> Result<Option<Caller>, Failure> {
        let device_use = DeviceUse {
            at: self.clock.now(),
            address,
        };
        match credentials {
            Credentials::Device {
                aci,
                device,
                password,
            } => self.device(aci, *device, password, device_use).await,
            Credentials::Bearer(token) => self.bearer(token, device_use, entropy, changes).await,
            Credentials::Nothing => {
                // Does the same work as for a wrong password, and ignores its result.
                let nobody = Aci::from_bytes([0; 16]);
                let _ = self
                    .device(&nobody, DeviceId::PRIMARY, "", device_use)
                    .await;
                Ok(None)
            }
        }
    }

    async fn device(
        &self,
        aci: &Aci,
        device: DeviceId,
        password: &str,
        device_use: DeviceUse,
    ) -> Result<Option<Caller>, Failure> {
        let keys = self.database.storage_keys();
        let offered = keys.password_hash(aci, device, password);
        let reservation = self.caller_cache.reservation(CallerKey::Device {
            account: keys.account_index(aci),
            device,
            password: *offered.as_bytes(),
        });
        match self.look_up_device(aci, device).await {
            Ok(found) => {
                let nothing = PasswordHash::from_bytes([0; 32]);
                let stored = found
                    .as_ref()
                    .map_or(&nothing, |row| &row.device.password_hash);
                let matches = offered.matches(stored);
                match found {
                    Some(row) if matches && !row.account.disabled => Ok(Some(self.cache_device(
                        &reservation,
                        row,
                        SignInTime::Never,
                        device_use,
                    ))),
                    _ => Ok(self.refuse(&reservation)),
                }
            }
            Err(gone) => self.cached_or(&reservation, gone),
        }
    }

    async fn bearer(
        &self,
        token: &str,
        device_use: DeviceUse,
        entropy: &dyn Entropy,
        changes: &mut Vec<DeviceChange>,
    ) -> Result<Option<Caller>, Failure> {
        let tokens = self.tokens.current();
        if let Some(identities) = &self.identities
            && !tokens.claims_to_be_ours(token)
        {
            let found = self.identity(identities, token, device_use, entropy, changes);
            return found.await;
        }
        self.session(tokens.verify(token, device_use.at), device_use)
            .await
    }

    /// Authenticates a session. Does the same work without claims, and returns `None` then.
    async fn session(
        &self,
        claims: Option<AccessClaims>,
        device_use: DeviceUse,
    ) -> Result<Option<Caller>, Failure> {
        const NAME: TransactionName = TransactionName::new("authenticate session");
        let id = claims.map_or(SessionId::from_bytes([0; 16]), |claims| claims.session);
        let reservation = self.caller_cache.reservation(CallerKey::Session(id));
        let found = async {
            let mut reader = self.database.read(NAME).await?;
            reader.session_caller(&id).await
        };
        let found = match in_time(LOOK_UP_TIMEOUT, found).await {
            Ok(found) => found,
            Err(gone) if claims.is_some() => return self.cached_or(&reservation, gone),
            Err(_) => return Ok(None),
        };
        let (Some(claims), Some(found)) = (claims, found) else {
            return Ok(self.refuse(&reservation));
        };
        let session = &found.session;
        let is_same = session.aci == claims.aci
            && session.device == claims.device
            && found.account.aci == claims.aci;
        let is_on = self.clock.now() < session.expires && !found.account.disabled;
        if !(is_same && is_on) {
            return Ok(self.refuse(&reservation));
        }
        let caller = Caller {
            account: found.account,
            device: session.device,
            device_added: found.device.created,
            session: Some(session.id),
            sign_in: SignInTime::At(session.created),
        };
        let session = Some(&found.session);
        Ok(Some(self.cache_caller(
            &reservation,
            caller,
            &found.device,
            session,
            device_use,
        )))
    }

    async fn identity(
        &self,
        identities: &Identities,
        token: &str,
        device_use: DeviceUse,
        entropy: &dyn Entropy,
        changes: &mut Vec<DeviceChange>,
    ) -> Result<Option<Caller>, Failure> {
        let identity = dependency_wait(identities.verify(token)).await;
        let index = self.database.storage_keys().identity_index(&identity.name);
        let reservation = self.caller_cache.reservation(CallerKey::Identity(index));
        let found = identities.find(&*self.database, &identity, &device_use, entropy);
        let found = in_time(LOOK_UP_TIMEOUT, found).await.map(|look_up| {
            changes.extend(look_up.changes);
            look_up.found
        });
        match found {
            Ok(Some(row)) if identity.is_known && !row.account.disabled => {
                let sign_in = identity.issued.map_or(SignInTime::Unknown, SignInTime::At);
                Ok(Some(self.cache_device(
                    &reservation,
                    row,
                    sign_in,
                    device_use,
                )))
            }
            Ok(_) => Ok(self.refuse(&reservation)),
            Err(gone) if identity.is_known => self.cached_or(&reservation, gone),
            Err(_) => Ok(None),
        }
    }

    async fn look_up_device(
        &self,
        aci: &Aci,
        device: DeviceId,
    ) -> Result<Option<AccountDevice>, Failure> {
        const NAME: TransactionName = TransactionName::new("authenticate");
        let found = self.database.account_with_device(NAME, aci, device);
        in_time(LOOK_UP_TIMEOUT, found).await
    }

    fn refuse(&self, reservation: &CacheReservation) -> Option<Caller> {
        self.caller_cache.remove(reservation);
        None
    }

    /// Returns the cached caller, unless the session has ended by time.
    fn cached_or(
        &self,
        reservation: &CacheReservation,
        gone: Failure,
    ) -> Result<Option<Caller>, Failure> {
        match self.caller_cache.get(reservation, self.clock.now()) {
            CacheLookup::Known(caller) => Ok(Some(caller)),
            CacheLookup::Expired => Ok(None),
            CacheLookup::Unknown => Err(gone),
        }
    }

    fn cache_device(
        &self,
        reservation: &CacheReservation,
        row: AccountDevice,
        sign_in: SignInTime,
        device_use: DeviceUse,
    ) -> Caller {
        let caller = Caller {
            account: row.account,
            device: row.device.id,
            device_added: row.device.created,
            session: None,
            sign_in,
        };
        self.cache_caller(reservation, caller, &row.device, None, device_use)
    }

    fn cache_caller(
        &self,
        reservation: &CacheReservation,
        caller: Caller,
        device: &Device,
        session: Option<&Session>,
        device_use: DeviceUse,
    ) -> Caller {
        let extension = session.and_then(|session| {
            let end = extension(session, device_use.at)?;
            Some(SessionExtension {
                session: session.id,
                end,
            })
        });
        let expires = match &extension {
            Some(extension) => Some(extension.end),
            None => session.map(|session| session.expires),
        };
        self.caller_cache
            .insert(reservation, caller.clone(), expires);
        self.device_use_writer
            .note(&caller.account.aci, device, device_use, extension);
        caller
    }
}
