//! The requests of a renewal.

use anteroom_protocol::{Randomness, RootKey, Timestamp};
use rand_core::CryptoRng;

use super::IssuerClient;
use crate::{CredentialSupply, DayRange, IssuerError, SPARE_LINKS, SpareLink, TrustedParams};

impl IssuerClient {
    /// Fetches the credentials of a renewal: a week of auth credentials, then [`SPARE_LINKS`] create
    /// credentials for newly generated root keys.
    ///
    /// An error among the create credentials ends the fetch; the supply then carries the credentials fetched
    /// so far and the error.
    ///
    /// # Errors
    /// As [`IssuerClient::auth_credentials`].
    pub async fn credential_supply(
        &self,
        params: &TrustedParams,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CredentialSupply, IssuerError> {
        let week = DayRange::week_from(now);
        let mut supply = CredentialSupply {
            auth: self.auth_credentials(week, params, now).await?,
            ..CredentialSupply::default()
        };
        // Guests create no links.
        let spare_links = if params.is_of_guest() { 0 } else { SPARE_LINKS };
        for _ in 0..spare_links {
            let root_key = RootKey::generate_v1(rng);
            let randomness = Randomness::random(rng);
            let room = root_key.room_id();
            match self.create_credential(&room, params, now, randomness).await {
                Ok(issued) => supply.spare_links.push(SpareLink { root_key, issued }),
                Err(error) => {
                    supply.failure = Some(error);
                    break;
                }
            }
        }
        Ok(supply)
    }
}
