//! The authentication of requests.
//!
//! All methods lead to an account and one of its devices. Every missing or wrong credential gets
//! the same answer, after the same work.

use std::{sync::Arc, time::Duration};

use anteroom_protocol::Aci;
use anteroom_runtime::{ClientAddress, dependency_wait};
use anteroom_store::{
    AccountDevice, Device, DeviceId, DeviceUse, PasswordHash, Session, SessionId, TransactionName,
};
use zeroize::Zeroizing;

use crate::{
    domain::{
        callers::{
            caller::{Caller, SignInTime},
            caller_cache::{CacheLookup, CacheReservation, CallerKey},
            device_use_writer::SessionExtension,
            identities::TokenIdentity,
            identity::IdentityVerifier,
        },
        devices::announcement::announce,
        failure::{Failure, in_time},
        tokens::{access_token::AccessClaims, session::extension},
    },
    state::AccountsState,
};

/// The time after which the database counts as unavailable.
const LOOK_UP_TIMEOUT: Duration = Duration::from_secs(3);

/// The credentials of a request, not verified.
pub(crate) enum Credentials {
    /// A device and its password.
    Device {
        aci: Aci,
        device: DeviceId,
        password: Zeroizing<String>,
    },
    /// A bearer token.
    Bearer(Zeroizing<String>),
    /// None, or malformed ones.
    Nothing,
}

/// Authenticates a request from a client: `None` if the credentials are missing or wrong.
///
/// # Errors
/// Those of the database, if the caller is not cached.
pub(crate) async fn authenticate(
    accounts: &Arc<AccountsState>,
    credentials: &Credentials,
    client: ClientAddress,
) -> Result<Option<Caller>, Failure> {
    let request = CallerRequest {
        accounts,
        device_use: accounts.device_use(client),
    };
    match credentials {
        Credentials::Device {
            aci,
            device,
            password,
        } => request.device(aci, *device, password).await,
        Credentials::Bearer(token) => request.bearer(token).await,
        Credentials::Nothing => {
            // Does the same work as for a wrong password, and ignores its result.
            let nobody = Aci::from_bytes([0; 16]);
            let _ = request.device(&nobody, DeviceId::PRIMARY, "").await;
            Ok(None)
        }
    }
}

/// A request whose caller is looked up.
struct CallerRequest<'a> {
    accounts: &'a Arc<AccountsState>,
    /// The use of a device that the request is.
    device_use: DeviceUse,
}

impl CallerRequest<'_> {
    async fn device(
        &self,
        aci: &Aci,
        device: DeviceId,
        password: &str,
    ) -> Result<Option<Caller>, Failure> {
        const NAME: TransactionName = TransactionName::new("authenticate");
        let database = &self.accounts.storage.database;
        let keys = database.storage_keys();
        let offered = keys.password_hash(aci, device, password);
        let reservation = self.accounts.caller_cache.reservation(CallerKey::Device {
            account: keys.account_index(aci),
            device,
            password: *offered.as_bytes(),
        });
        let found = database.account_with_device(NAME, aci, device);
        let found = match in_time(LOOK_UP_TIMEOUT, found).await {
            Ok(found) => found,
            Err(gone) => return self.cached_or(&reservation, gone),
        };
        let nothing = PasswordHash::from_bytes([0; 32]);
        let stored = found
            .as_ref()
            .map_or(&nothing, |row| &row.device.password_hash);
        let matches = offered.matches(stored);
        Ok(match found {
            Some(row) if matches && !row.account.disabled => {
                Some(self.cache_device(&reservation, row, SignInTime::Never))
            }
            _ => self.refuse(&reservation),
        })
    }

    async fn bearer(&self, token: &str) -> Result<Option<Caller>, Failure> {
        let tokens = self.accounts.tokens.current();
        if let Some(verifier) = &self.accounts.login.identities
            && !tokens.claims_to_be_ours(token)
        {
            return self.identity(&**verifier, token).await;
        }
        self.session(tokens.verify(token, self.device_use.at)).await
    }

    /// Authenticates a session. Does the same work without claims, and returns `None` then.
    async fn session(&self, claims: Option<AccessClaims>) -> Result<Option<Caller>, Failure> {
        const NAME: TransactionName = TransactionName::new("authenticate session");
        let id = claims.map_or(SessionId::from_bytes([0; 16]), |claims| claims.session);
        let cache = &self.accounts.caller_cache;
        let reservation = cache.reservation(CallerKey::Session(id));
        let found = async {
            let mut reader = self.accounts.storage.database.read(NAME).await?;
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
        let is_on = self.accounts.now() < session.expires && !found.account.disabled;
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
        let device = &found.device;
        Ok(Some(self.cache(
            &reservation,
            caller,
            device,
            Some(session),
        )))
    }

    /// Authenticates an identity at a provider. Announces the changes of devices that the token has
    /// caused.
    async fn identity(
        &self,
        verifier: &dyn IdentityVerifier,
        token: &str,
    ) -> Result<Option<Caller>, Failure> {
        let identity = dependency_wait(TokenIdentity::verify(verifier, token)).await;
        let keys = self.accounts.storage.database.storage_keys();
        let key = CallerKey::Identity(keys.identity_index(&identity.name));
        let reservation = self.accounts.caller_cache.reservation(key);
        let found = identity.find(self.accounts, &self.device_use);
        let (found, changes) = match in_time(LOOK_UP_TIMEOUT, found).await {
            Ok(look_up) => look_up,
            Err(gone) if identity.is_known => return self.cached_or(&reservation, gone),
            Err(_) => return Ok(None),
        };
        let caller = match found {
            Some(row) if identity.is_known && !row.account.disabled => {
                let sign_in = identity.issued.map_or(SignInTime::Unknown, SignInTime::At);
                Some(self.cache_device(&reservation, row, sign_in))
            }
            _ => self.refuse(&reservation),
        };
        announce(self.accounts, &changes);
        Ok(caller)
    }

    fn refuse(&self, reservation: &CacheReservation) -> Option<Caller> {
        self.accounts.caller_cache.remove(reservation);
        None
    }

    /// Returns the cached caller, unless the session has ended by time.
    fn cached_or(
        &self,
        reservation: &CacheReservation,
        gone: Failure,
    ) -> Result<Option<Caller>, Failure> {
        let now = self.accounts.now();
        match self.accounts.caller_cache.get(reservation, now) {
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
    ) -> Caller {
        let caller = Caller {
            account: row.account,
            device: row.device.id,
            device_added: row.device.created,
            session: None,
            sign_in,
        };
        self.cache(reservation, caller, &row.device, None)
    }

    /// Caches a caller, and starts to write the use of the device.
    fn cache(
        &self,
        reservation: &CacheReservation,
        caller: Caller,
        device: &Device,
        session: Option<&Session>,
    ) -> Caller {
        let extension = session.and_then(|session| {
            let end = extension(session, self.device_use.at)?;
            Some(SessionExtension {
                session: session.id,
                end,
            })
        });
        let expires = match &extension {
            Some(extension) => Some(extension.end),
            None => session.map(|session| session.expires),
        };
        let AccountsState {
            storage,
            caller_cache,
            device_use_writer,
            ..
        } = &**self.accounts;
        caller_cache.insert(reservation, caller.clone(), expires);
        let aci = &caller.account.aci;
        device_use_writer.note(storage, aci, device, self.device_use, extension);
        caller
    }
}
