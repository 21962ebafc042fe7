//! The client of the issuer over HTTP.

mod devices;
mod renewal;

use anteroom_client_core::{
    Answer, Request,
    issuer::{
        account, create_credential::CreateCredentialExchange,
        day_credentials::DayCredentialsExchange, guests, params, relays,
    },
};
use anteroom_protocol::{
    AuthCredential, CallLink, CreateCredential, Randomness, RoomId, Timestamp,
};
use http::header;
use url::Url;

use crate::{
    AccountInfo, Authentication, DayCredentials, DayRange, DeviceCredentials, IssuedCredential,
    IssuerError, PinStore, PublishedParams, RelayServer, ServiceAddress, Timeouts,
    TransportFailure, Trust, TrustedParams,
    transport::{MAX_ISSUER_ANSWER, Transport},
};

/// A device's client of its issuer.
///
/// Uses `https`. Plain `http` is accepted, and safe on the same host only, since every request carries the
/// device's password or a token ([`IssuerClient::is_exposed`]).
///
/// A method that asks the issuer returns an error if the request failed or its answer is malformed.
#[derive(Debug)]
pub struct IssuerClient {
    transport: Transport,
    authentication: Authentication,
}

impl IssuerClient {
    /// Creates a client of the issuer at `base_url`, such as `https://issuer.example`.
    ///
    /// # Errors
    /// The URL cannot be used, differs from the login's, or the TLS certificates of the system cannot be
    /// read.
    pub fn new(
        base_url: impl Into<ServiceAddress>,
        authentication: impl Into<Authentication>,
        timeouts: Timeouts,
    ) -> Result<Self, IssuerError> {
        let transport = Transport::new(&base_url.into(), timeouts, MAX_ISSUER_ANSWER)?;
        let authentication = authentication.into();
        if let Authentication::Login(session) = &authentication
            && *session.base_url() != transport.base
        {
            return Err(TransportFailure::BaseUrl("the login is another issuer's").into());
        }
        Ok(Self {
            transport,
            authentication,
        })
    }

    /// Adds the account of a guest at the issuer, and returns the credentials of its device. A guest joins
    /// calls and creates no links ([`ClientOptions::guest`](crate::ClientOptions::guest)); the issuer deletes
    /// the account 30 days after its last use.
    ///
    /// # Errors
    /// The request failed; [`IssuerError::Problem`] with a code that begins with `GUESTS_` if the issuer takes
    /// no guests, or none at the moment.
    pub async fn add_guest(
        base_url: impl Into<ServiceAddress>,
        timeouts: Timeouts,
    ) -> Result<DeviceCredentials, IssuerError> {
        let transport = Transport::new(&base_url.into(), timeouts, MAX_ISSUER_ANSWER)?;
        let answer = transport.exchange(&guests::request()).await?;
        guests::read(&answer.good()?)
    }

    /// Returns the authentication of the requests.
    #[must_use]
    pub const fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// Returns the issuer's address.
    #[must_use]
    pub const fn base_url(&self) -> &Url {
        &self.transport.base
    }

    /// Returns whether passwords and credentials would cross a network unencrypted.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.transport.is_exposed()
    }

    /// Fetches the params that the issuer lists, without authentication.
    pub async fn published_params(&self) -> Result<PublishedParams, IssuerError> {
        let answer = self.transport.exchange(&params::request()).await?;
        params::read(&answer.good()?)
    }

    /// Fetches the issuer's params and compares them with the pins.
    ///
    /// # Errors
    /// As [`Self::published_params`] and [`PublishedParams::trusted`].
    pub async fn params(
        &self,
        pins: &dyn PinStore,
        trust: Trust<'_>,
        now: Timestamp,
    ) -> Result<TrustedParams, IssuerError> {
        self.published_params().await?.trusted(pins, trust, now)
    }

    /// Fetches the issuer's params and compares them with the pins and with the params the link was made
    /// under.
    ///
    /// # Errors
    /// As [`Self::published_params`] and [`PublishedParams::trusted_for_link`].
    pub async fn params_for_link(
        &self,
        link: &CallLink,
        pins: &dyn PinStore,
        trust: Trust<'_>,
        now: Timestamp,
    ) -> Result<TrustedParams, IssuerError> {
        let published = self.published_params().await?;
        published.trusted_for_link(link, pins, trust, now)
    }

    /// Fetches the account of the device.
    ///
    /// # Errors
    /// The request failed, or names another account.
    pub async fn whoami(&self) -> Result<AccountInfo, IssuerError> {
        let answer = self.send(account::request()).await?;
        let own = &self.authentication;
        account::read(&answer, own.aci(), own.device())
    }

    /// Fetches a credential for creating the link of a room. The issuer receives a blinded room id.
    ///
    /// `randomness` blinds the request, and must be fresh for every call.
    ///
    /// # Errors
    /// The request failed, the day is not the one of `now`, or the credential does not verify.
    pub async fn create_credential(
        &self,
        room: &RoomId,
        params: &TrustedParams,
        now: Timestamp,
        randomness: Randomness,
    ) -> Result<IssuedCredential<CreateCredential>, IssuerError> {
        let aci = self.authentication.aci();
        let exchange = CreateCredentialExchange::new(aci, room, params, now, randomness)?;
        let answer = self.send(exchange.request()).await;
        exchange.read(&answer.map_err(|error| exchange.explained(error))?)
    }

    /// Fetches call-link credentials alone, one for each day.
    ///
    /// # Errors
    /// The request failed, days are missing or unexpected, or a credential does not verify.
    pub async fn auth_credentials(
        &self,
        range: DayRange,
        params: &TrustedParams,
        now: Timestamp,
    ) -> Result<Vec<IssuedCredential<AuthCredential>>, IssuerError> {
        let exchange = DayCredentialsExchange::new(range, params, now)?;
        let answer = self.send(exchange.auth_request()?).await;
        let answer = answer.map_err(|error| exchange.explained(error))?;
        exchange.read_auth(&answer, &self.authentication.aci())
    }

    /// Fetches call-link and group credentials, one of each for each day.
    ///
    /// While the issuer works without its group params the days come without group credentials.
    ///
    /// # Errors
    /// The request failed, days are missing or unexpected, or a credential does not verify.
    pub async fn day_credentials(
        &self,
        account: &AccountInfo,
        range: DayRange,
        params: &TrustedParams,
        now: Timestamp,
    ) -> Result<Vec<DayCredentials>, IssuerError> {
        let exchange = DayCredentialsExchange::new(range, params, now)?;
        let answer = self.send(exchange.batch_request()).await;
        let answer = answer.map_err(|error| exchange.explained(error))?;
        exchange.read_batch(&answer, &self.authentication.aci(), account)
    }

    /// Fetches the media relays, with credentials made for this device; an empty list if there are none.
    pub async fn relays(&self) -> Result<Vec<RelayServer>, IssuerError> {
        relays::read(&self.send(relays::request()).await?)
    }

    /// Sends an authenticated request. If the issuer refuses the access token of a login, renews the token
    /// and sends the request once more: a request refused for its token has had no effect.
    async fn send(&self, request: Request) -> Result<Answer, IssuerError> {
        let session = match &self.authentication {
            Authentication::Device(device) => {
                let authorization = device.authorization();
                return self.send_as(request, &authorization).await?.good();
            }
            Authentication::Login(session) => session,
        };
        let authorization = session.authorization().await?;
        let answer = self.send_as(request.clone(), &authorization).await?;
        if !answer.refuses_token() {
            return answer.good();
        }
        let authorization = session.renewed_authorization(authorization).await?;
        self.send_as(request, &authorization).await?.good()
    }

    async fn send_as(&self, request: Request, authorization: &str) -> Result<Answer, IssuerError> {
        let request = request.with_secret(header::AUTHORIZATION, authorization)?;
        Ok(self.transport.exchange(&request).await?)
    }
}
