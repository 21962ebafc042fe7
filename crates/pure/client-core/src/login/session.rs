//! The tokens of a session in one process, beside the store that all processes share.

use anteroom_protocol::{Aci, redacted_debug};
use secrecy::{ExposeSecret as _, SecretString};
use zeroize::Zeroizing;

use super::tokens::{SessionGrant, SessionTokens};
use crate::{DeviceId, IssuerError, TransportFailure};

/// The tokens of a session in this process. `Debug` shows none of them.
///
/// A renewal is, under the store's lock: [`Self::begin_renewal`], and if it returns no token, the exchange of
/// [`Self::refresh_token`], [`Self::apply`], a write to the store, and [`Self::mark_stored`].
pub struct SessionState {
    aci: Aci,
    device: DeviceId,
    tokens: SessionTokens,
    /// Whether the store failed to write the tokens, and therefore has older ones.
    unsaved: bool,
}

impl SessionState {
    /// Creates the state of a session that the store has.
    #[must_use]
    pub fn new(session: SessionGrant) -> Self {
        Self {
            aci: session.aci,
            device: session.device,
            tokens: session.tokens,
            unsaved: false,
        }
    }

    /// Returns whether a stored session is of this account and device.
    #[must_use]
    pub fn is(&self, session: &SessionGrant) -> bool {
        session.aci == self.aci && session.device == self.device
    }

    /// Returns the value of the `Authorization` header with the access token; `None` if it has expired.
    #[must_use]
    pub fn authorization(&self) -> Option<Zeroizing<String>> {
        self.tokens.access.as_ref().map(bearer)
    }

    /// Returns the value of the `Authorization` header, unless it is the one that the issuer has `rejected`.
    #[must_use]
    pub fn authorization_after(&self, rejected: &str) -> Option<Zeroizing<String>> {
        let authorization = self.authorization()?;
        (authorization.as_str() != rejected).then_some(authorization)
    }

    /// Takes over the session that the store has now. Returns the value of the `Authorization` header if
    /// another process has already renewed it since the issuer has `rejected` one.
    ///
    /// # Errors
    /// [`IssuerError::SessionEnded`] if another process has signed out, or signed in as another account.
    pub fn begin_renewal(
        &mut self,
        stored: Option<SessionGrant>,
        rejected: Option<&str>,
    ) -> Result<Option<Zeroizing<String>>, IssuerError> {
        let stored = stored.filter(|stored| self.is(stored));
        let stored = stored.ok_or(IssuerError::SessionEnded)?;
        if self.unsaved {
            return Ok(None);
        }
        self.tokens = stored.tokens;
        Ok(self.authorization_after(rejected.unwrap_or_default()))
    }

    /// Returns the token for the next renewal.
    #[must_use]
    pub const fn refresh_token(&self) -> &SecretString {
        &self.tokens.refresh
    }

    /// Takes over a renewed session, which the store does not have yet.
    ///
    /// # Errors
    /// The session is of another account or device.
    pub fn apply(&mut self, renewed: &SessionGrant) -> Result<(), TransportFailure> {
        if !self.is(renewed) {
            return Err(TransportFailure::Malformed(
                "it names another account or device",
            ));
        }
        self.tokens = renewed.tokens.clone();
        self.unsaved = true;
        Ok(())
    }

    /// Marks the tokens as stored.
    pub const fn mark_stored(&mut self) {
        self.unsaved = false;
    }

    /// Returns the newest refresh token, to be ended at the issuer, of this process and the stored session.
    #[must_use]
    pub fn newest_refresh_token(&self, stored: Option<&SessionGrant>) -> SecretString {
        match stored {
            Some(stored) if !self.unsaved && self.is(stored) => stored.tokens.refresh.clone(),
            _ => self.tokens.refresh.clone(),
        }
    }
}

redacted_debug!(SessionState);

fn bearer(access: &SecretString) -> Zeroizing<String> {
    Zeroizing::new(format!("Bearer {}", access.expose_secret()))
}
