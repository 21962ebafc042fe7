//! A login with automatic renewal. The [module](super) describes the rules it follows.

use std::sync::Arc;

use anteroom_client_core::login::session::SessionState;
use anteroom_protocol::{Aci, redacted_debug};
use tokio::{
    sync::{Mutex, OwnedMutexGuard},
    task::{JoinError, spawn_blocking},
};
use url::Url;
use zeroize::Zeroizing;

use super::client::LoginClient;
use crate::{
    DeviceId, IssuerError, LockedSession, SessionGrant, SessionStore, SessionStoreError, SignIn,
    TransportFailure,
};

/// A session of a device, which renews its access token when the token expires. Clones share the session.
///
/// One renewal runs at a time, also over processes that share the [`SessionStore`]: the second one uses the
/// tokens that the first has stored. A started renewal runs to its end even if the future that started it is
/// dropped, as long as the runtime lives.
#[derive(Clone)]
pub struct LoginSession(Arc<Inner>);

struct Inner {
    client: LoginClient,
    aci: Aci,
    device: DeviceId,
    store: Arc<dyn SessionStore>,
    current: Arc<Mutex<SessionState>>,
}

impl LoginSession {
    /// Continues a session that was loaded from `store`.
    #[must_use]
    pub fn resume(
        client: LoginClient,
        session: SessionGrant,
        store: Arc<dyn SessionStore>,
    ) -> Self {
        Self(Arc::new(Inner {
            client,
            aci: session.aci,
            device: session.device,
            store,
            current: Arc::new(Mutex::new(SessionState::new(session))),
        }))
    }

    /// Signs in, and stores the session. Signs out of the session that was stored before, if the issuer can
    /// be reached.
    ///
    /// # Errors
    /// As [`LoginClient::sign_in`]; and [`IssuerError::Session`] if the store fails: then the new session is
    /// ended again.
    pub async fn start(
        client: LoginClient,
        attempt: &SignIn,
        store: Arc<dyn SessionStore>,
    ) -> Result<Self, IssuerError> {
        let session = client.sign_in(attempt).await?;
        let stored = async {
            let mut locked = lock(&store).await?;
            let before = locked.load()?;
            locked.replace(&session)?;
            Ok::<_, SessionStoreError>(before)
        };
        match stored.await {
            Ok(Some(before)) => {
                // A session that is not ended here expires later.
                let _ = client.sign_out(&before.tokens.refresh).await;
            }
            Ok(None) => {}
            Err(failed) => {
                let _ = client.sign_out(&session.tokens.refresh).await;
                return Err(failed.into());
            }
        }
        Ok(Self::resume(client, session, store))
    }

    /// Returns the id of the account.
    #[must_use]
    pub fn aci(&self) -> Aci {
        self.0.aci
    }

    /// Returns the number of the device.
    #[must_use]
    pub fn device(&self) -> DeviceId {
        self.0.device
    }

    /// Returns the issuer's address.
    #[must_use]
    pub fn base_url(&self) -> &Url {
        self.0.client.base_url()
    }

    /// Ends the session at the issuer and removes it from the store. Removes it also if the issuer cannot be
    /// reached: its tokens then stay valid until they expire.
    ///
    /// # Errors
    /// [`IssuerError::Session`] if the store fails; else the error of the request to the issuer, after the
    /// session was removed here.
    pub async fn sign_out(&self) -> Result<(), IssuerError> {
        self.end(false).await
    }

    /// Ends all sessions of the account at the issuer, and removes this one from the store.
    ///
    /// # Errors
    /// The error of the request to the issuer: then nothing has changed in the store.
    /// [`IssuerError::Session`] if the store fails.
    pub async fn sign_out_everywhere(&self) -> Result<(), IssuerError> {
        self.end(true).await
    }

    async fn end(&self, everywhere: bool) -> Result<(), IssuerError> {
        let (client, current) = (&self.0.client, self.0.current.lock().await);
        let mut locked = lock(&self.0.store).await?;
        let stored = locked.load()?;
        let is_others = stored.as_ref().is_some_and(|stored| !current.is(stored));
        let newest = current.newest_refresh_token(stored.as_ref());
        let ended = if everywhere {
            client.sign_out_everywhere(&newest).await
        } else {
            client.sign_out(&newest).await
        };
        // Here signing out works without the issuer. Everywhere, nothing has ended without its answer.
        if !is_others && (ended.is_ok() || !everywhere) {
            locked.remove()?;
        }
        ended
    }

    /// Returns the value of the `Authorization` header with the current access token.
    pub(crate) async fn authorization(&self) -> Result<Zeroizing<String>, IssuerError> {
        let current = Arc::clone(&self.0.current).lock_owned().await;
        match current.authorization() {
            Some(authorization) => Ok(authorization),
            None => self.renew(current, None).await,
        }
    }

    /// Returns the value of the `Authorization` header after the issuer has refused the `rejected` one.
    pub(crate) async fn renewed_authorization(
        &self,
        rejected: Zeroizing<String>,
    ) -> Result<Zeroizing<String>, IssuerError> {
        let current = Arc::clone(&self.0.current).lock_owned().await;
        match current.authorization_after(&rejected) {
            Some(renewed) => Ok(renewed),
            None => self.renew(current, Some(rejected)).await,
        }
    }

    /// Renews in a task of its own, so that a renewal continues when its caller is dropped.
    async fn renew(
        &self,
        current: OwnedMutexGuard<SessionState>,
        rejected: Option<Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, IssuerError> {
        let inner = Arc::clone(&self.0);
        tokio::spawn(async move { inner.renew(current, rejected).await })
            .await
            .map_err(interrupted)?
    }
}

impl Inner {
    async fn renew(
        &self,
        mut current: OwnedMutexGuard<SessionState>,
        rejected: Option<Zeroizing<String>>,
    ) -> Result<Zeroizing<String>, IssuerError> {
        let mut locked = lock(&self.store).await?;
        let rejected = rejected.as_deref().map(String::as_str);
        if let Some(renewed) = current.begin_renewal(locked.load()?, rejected)? {
            return Ok(renewed);
        }
        let renewed = self.client.refresh(current.refresh_token()).await?;
        current.apply(&renewed)?;
        locked.replace(&renewed)?;
        current.mark_stored();
        let authorization = current.authorization();
        Ok(authorization.ok_or(TransportFailure::Malformed("no access token"))?)
    }
}

redacted_debug!(LoginSession);

async fn lock(store: &Arc<dyn SessionStore>) -> Result<Box<dyn LockedSession>, SessionStoreError> {
    let store = Arc::clone(store);
    spawn_blocking(move || store.lock())
        .await
        .map_err(interrupted)?
}

fn interrupted(error: JoinError) -> SessionStoreError {
    SessionStoreError::with_source("the renewal of the login was interrupted", error)
}
