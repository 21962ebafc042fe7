//! The requests of a renewal.

use anteroom_client_core::issuer::day_credentials::DayCredentialsExchange;
use anteroom_protocol::{Randomness, RootKey, Timestamp};
use rand_core::CryptoRng;

use super::IssuerClient;
use crate::{
    CredentialSupply, DayRange, IdentityKey, IssuerError, SPARE_LINKS, SpareLink, TrustedParams,
};

impl IssuerClient {
    /// Fetches the credentials of a renewal: in one request a week of auth credentials and the certificate of
    /// the device with this identity key ([`CredentialStore::identity`](crate::CredentialStore::identity)),
    /// then [`SPARE_LINKS`] create credentials for newly generated root keys.
    ///
    /// An error among the create credentials ends the fetch; the supply then carries the credentials fetched
    /// so far and the error. An error of the certificate leaves the certificate out.
    ///
    /// # Errors
    /// As [`IssuerClient::auth_credentials`].
    pub async fn credential_supply(
        &self,
        params: &TrustedParams,
        identity: &IdentityKey,
        now: Timestamp,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<CredentialSupply, IssuerError> {
        let week = DayRange::week_from(now);
        let exchange = DayCredentialsExchange::new(week, params, now)?.with_identity(identity);
        let answer = self.send(exchange.auth_request()?).await;
        let answer = answer.map_err(|error| exchange.explained(error))?;
        let aci = self.authentication.aci();
        let mut supply = CredentialSupply {
            auth: exchange.read_auth(&answer, &aci)?,
            identity: Some(identity.clone()),
            ..CredentialSupply::default()
        };
        match exchange.read_certificate(&answer, &aci) {
            Ok(certificate) => supply.certificate = certificate,
            Err(error) => supply.certificate_failure = Some(error),
        }
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
