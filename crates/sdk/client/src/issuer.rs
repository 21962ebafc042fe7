//! The client of the issuer over HTTP.

use std::time::Duration;

use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, AuthSalt, CallLink, CreateCredential,
    CreateCredentialRequest, CreateCredentialRequestContext, CreateCredentialResponse, DAY,
    GenericPublicParams, GroupAuthCredential, GroupAuthCredentialResponse, Pni, Randomness, RoomId,
    Timestamp, parallel,
};
use http::{HeaderName, header};
use reqwest::{Method, RequestBuilder};
use serde::Serialize;
use url::Url;

use crate::{
    AccountInfo, Authentication, DayCredentials, DayRange, DeviceId, IssuedCredential, IssuerError,
    ListedParams, ParamsKind, PinStore, PublishedParams, RelayServer, ServiceAddress, Timeouts,
    Trust, TrustedParams, relays,
    transport::{Answer, MAX_ISSUER_ANSWER, Transport, sensitive},
    wire::{
        self, BatchBody, CallLinkAuthBody, CreateRequestBody, CredentialBody, ParamsBody,
        RelaysBody, WhoamiBody,
    },
};

/// The tolerated difference between the clocks of the issuer and of this device around a midnight or a change
/// of params.
///
/// A wider tolerance would leave the issuer a choice between two days for longer, by which it could mark
/// accounts.
pub const CLOCK_TOLERANCE: Duration = Duration::from_secs(15 * 60);

const DEGRADED: HeaderName = HeaderName::from_static("anteroom-degraded");

/// A device's client of its issuer.
///
/// Uses `https`. Plain `http` is accepted, and safe on the same host only, since every request carries the
/// device's password or a token ([`IssuerClient::is_exposed`]).
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
            && session.base_url() != transport.base()
        {
            return Err(IssuerError::BaseUrl("the login is another issuer's"));
        }
        Ok(Self {
            transport,
            authentication,
        })
    }

    /// Returns the authentication of the requests.
    #[must_use]
    pub const fn authentication(&self) -> &Authentication {
        &self.authentication
    }

    /// Returns the issuer's address.
    #[must_use]
    pub const fn base_url(&self) -> &Url {
        self.transport.base()
    }

    /// Returns whether passwords and credentials would cross a network unencrypted.
    #[must_use]
    pub fn is_exposed(&self) -> bool {
        self.transport.is_exposed()
    }

    /// Fetches the params that the issuer lists, without authentication.
    ///
    /// # Errors
    /// The request failed, or its answer is malformed.
    pub async fn published_params(&self) -> Result<PublishedParams, IssuerError> {
        let request = self.transport.request(Method::GET, &["v1", "params"])?;
        let answer = self.transport.send(request).await?;
        let body: ParamsBody = answer.json()?;
        PublishedParams::parse(&body, answer.time())
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
        let published = self.published_params().await?;
        let trusted = published.clone().trusted(pins, trust, now);
        trusted.map_err(|error| published.explained(error, now))
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
        let trusted = published.clone().trusted_for_link(link, pins, trust, now);
        trusted.map_err(|error| published.explained(error, now))
    }

    /// Fetches the account of the device.
    ///
    /// # Errors
    /// The request failed, or names another account.
    pub async fn whoami(&self) -> Result<AccountInfo, IssuerError> {
        let body: WhoamiBody = self
            .get(&["v1", "accounts", "whoami"], None)
            .await?
            .json()?;
        let aci = Aci::parse(&body.uuid).map_err(|_| IssuerError::Malformed("no account id"))?;
        let own = &self.authentication;
        if aci != own.aci() || body.device_id != own.device().number() {
            return Err(IssuerError::Malformed("it names another account or device"));
        }
        let pni = body.pni.as_deref().map(parse_pni).transpose()?;
        let salt = body.auth_credential_salt.as_deref();
        let auth_salt = salt.map(parse_salt).transpose()?;
        Ok(AccountInfo {
            aci,
            pni,
            device: DeviceId::new(body.device_id).ok_or(IssuerError::Malformed("no device id"))?,
            auth_salt,
        })
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
        let candidates = params.issuing_generic(now)?;
        let context = CreateCredentialRequestContext::new(room, randomness);
        let answer = self.request_create(&context.request()).await;
        let (response, redemption) = answer
            .and_then(|answer| check_day(answer.1, now).map(|()| answer))
            .map_err(|error| params.explained(error, now))?;
        if response.timestamp() != redemption {
            return Err(IssuerError::Malformed("a credential is for another day"));
        }
        first_verified(&candidates, redemption, |listed| {
            context
                .receive(&response, &self.authentication.aci(), &listed.params)
                .ok()
        })
        .ok_or_else(|| params.refusal(ParamsKind::Generic, now))
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
        let candidates = params.issuing_for_link(now)?;
        let refused = || params.refusal(ParamsKind::Generic, now);
        let path = ["v1", "call-link", "auth"];
        let answer = self.get(&path, Some(range)).await;
        let answer = answer.map_err(|error| explained(error, params, range, now))?;
        let body: CallLinkAuthBody = answer.json()?;
        self.receive_auth(
            &body.call_link_auth_credentials,
            range,
            &candidates,
            &refused,
        )
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
        let candidates = params.issuing_for_link(now)?;
        let refused = || params.refusal(ParamsKind::Generic, now);
        let path = ["v1", "certificate", "auth", "group"];
        let answer = self.get(&path, Some(range)).await;
        let answer = answer.map_err(|error| explained(error, params, range, now))?;
        let body: BatchBody = answer.json()?;
        if body.pni.as_deref().map(parse_pni).transpose()? != account.pni {
            return Err(IssuerError::Malformed("the batch is for another PNI"));
        }
        let auth = self.receive_auth(
            &body.call_link_auth_credentials,
            range,
            &candidates,
            &refused,
        )?;
        let degraded = answer.header(&DEGRADED).is_some() && body.credentials.is_empty();
        let group = if degraded {
            Vec::new()
        } else {
            receive_group(account, &body.credentials, range, params, now)?
        };
        let mut group = group.into_iter();
        Ok(auth
            .into_iter()
            .map(|auth| DayCredentials {
                day: auth.redemption,
                auth,
                group: group.next(),
            })
            .collect())
    }

    /// Fetches the media relays, with credentials made for this device; an empty list if there are none.
    ///
    /// # Errors
    /// The request failed, or its answer is malformed.
    pub async fn relays(&self) -> Result<Vec<RelayServer>, IssuerError> {
        let body: RelaysBody = self.get(&["v2", "calling", "relays"], None).await?.json()?;
        Ok(relays::received(body)?)
    }

    async fn request_create(
        &self,
        request: &CreateCredentialRequest,
    ) -> Result<(CreateCredentialResponse, Timestamp), IssuerError> {
        let path = ["v1", "call-link", "create-auth"];
        let request = self
            .transport
            .request(Method::POST, &path)?
            .json(&CreateRequestBody {
                create_call_link_credential_request: wire::encode(&request.to_bytes()),
            });
        let body: CredentialBody = self.send(request).await?.json()?;
        let response = CreateCredentialResponse::from_bytes(&wire::decode(&body.credential)?)
            .map_err(|_| IssuerError::Malformed("a credential does not parse"))?;
        Ok((response, Timestamp::from_secs(body.redemption_time)))
    }

    /// Sends an authenticated request without a body.
    pub(crate) async fn call(&self, method: Method, path: &[&str]) -> Result<Answer, IssuerError> {
        self.send(self.transport.request(method, path)?).await
    }

    /// Sends an authenticated request with a JSON body.
    pub(crate) async fn call_with(
        &self,
        method: Method,
        path: &[&str],
        body: &impl Serialize,
    ) -> Result<Answer, IssuerError> {
        self.send(self.transport.request(method, path)?.json(body))
            .await
    }

    async fn get(&self, path: &[&str], range: Option<DayRange>) -> Result<Answer, IssuerError> {
        let mut request = self.transport.request(Method::GET, path)?;
        if let Some(range) = range {
            request = request.query(&[
                ("redemptionStartSeconds", range.first().as_secs()),
                ("redemptionEndSeconds", range.last().as_secs()),
            ]);
        }
        self.send(request).await
    }

    /// Sends an authenticated request. If the issuer refuses the access token of a login, renews the token
    /// and sends the request once more: a request refused for its token has had no effect.
    async fn send(&self, request: RequestBuilder) -> Result<Answer, IssuerError> {
        let session = match &self.authentication {
            Authentication::Device(device) => {
                let request = signed(request, &device.authorization())?;
                return self.transport.send(request).await;
            }
            Authentication::Login(session) => session,
        };
        let again = request.try_clone();
        let authorization = session.authorization().await?;
        let answer = self
            .transport
            .exchange(signed(request, &authorization)?)
            .await?;
        match again {
            Some(again) if answer.refuses_token() => {
                let authorization = session.renewed_authorization(authorization).await?;
                self.transport.send(signed(again, &authorization)?).await
            }
            _ => answer.good(),
        }
    }

    fn receive_auth(
        &self,
        bodies: &[CredentialBody],
        range: DayRange,
        candidates: &[&ListedParams<GenericPublicParams>],
        refused: &(impl Fn() -> IssuerError + Sync),
    ) -> Result<Vec<IssuedCredential<AuthCredential>>, IssuerError> {
        check_days(bodies, range)?;
        let receive = |(body, day): &(&CredentialBody, Timestamp)| {
            let response = AuthCredentialResponse::from_bytes(&wire::decode(&body.credential)?)
                .map_err(|_| IssuerError::Malformed("a credential does not parse"))?;
            first_verified(candidates, *day, |listed| {
                response
                    .receive(&self.authentication.aci(), *day, &listed.params)
                    .ok()
            })
            .ok_or_else(refused)
        };
        let days: Vec<_> = bodies.iter().zip(range.days()).collect();
        parallel::map(&days, receive).into_iter().collect()
    }
}

fn signed(request: RequestBuilder, authorization: &str) -> Result<RequestBuilder, IssuerError> {
    Ok(request.header(header::AUTHORIZATION, sensitive(authorization)?))
}

fn receive_group(
    account: &AccountInfo,
    bodies: &[CredentialBody],
    range: DayRange,
    params: &TrustedParams,
    now: Timestamp,
) -> Result<Vec<IssuedCredential<GroupAuthCredential>>, IssuerError> {
    let candidates = params.issuing_group(now)?;
    check_days(bodies, range)?;
    let receive = |(body, day): &(&CredentialBody, Timestamp)| {
        let response = GroupAuthCredentialResponse::from_bytes(&wire::decode(&body.credential)?)
            .map_err(|_| IssuerError::Malformed("a credential does not parse"))?;
        first_verified(&candidates, *day, |listed| {
            let received = match (&account.pni, &account.auth_salt) {
                (Some(pni), _) => response.receive(&account.aci, pni, *day, &listed.params),
                (None, Some(salt)) => {
                    response.receive_without_pni(&account.aci, salt, *day, &listed.params)
                }
                (None, None) => return None,
            };
            received.ok()
        })
        .ok_or_else(|| params.refusal(ParamsKind::Group, now))
    };
    let days: Vec<_> = bodies.iter().zip(range.days()).collect();
    parallel::map(&days, receive).into_iter().collect()
}

/// Verifies against each of the params that may have issued; a credential verifies under one at most.
fn first_verified<P, C>(
    candidates: &[&ListedParams<P>],
    redemption: Timestamp,
    receive: impl Fn(&ListedParams<P>) -> Option<C>,
) -> Option<IssuedCredential<C>> {
    candidates.iter().find_map(|listed| {
        receive(listed).map(|credential| IssuedCredential {
            credential,
            redemption,
            params: listed.id,
        })
    })
}

/// Checks that the day is today's, or around a midnight that of the nearer neighbour.
fn check_day(redemption: Timestamp, now: Timestamp) -> Result<(), IssuerError> {
    let tolerance = CLOCK_TOLERANCE.as_secs();
    let days = [now, now.minus(tolerance), now.plus(tolerance)].map(Timestamp::start_of_day);
    if days.contains(&redemption) {
        return Ok(());
    }
    Err(IssuerError::OddDay {
        issuer: redemption,
        device: now.start_of_day(),
    })
}

/// Returns the reason for refused days. The clocks are the reason only if the issuer would have granted these
/// days by this device's clock: from yesterday to eight days after today.
fn explained(
    error: IssuerError,
    params: &TrustedParams,
    range: DayRange,
    now: Timestamp,
) -> IssuerError {
    let today = now.start_of_day();
    let is_due = today.minus(DAY) <= range.first() && range.last() <= today.plus(8 * DAY);
    if is_due {
        params.explained(error, now)
    } else {
        error
    }
}

/// Checks that the days are exactly the requested ones, in order.
fn check_days(bodies: &[CredentialBody], range: DayRange) -> Result<(), IssuerError> {
    let given = bodies.iter().map(|body| body.redemption_time);
    if given.eq(range.days().map(Timestamp::as_secs)) {
        return Ok(());
    }
    Err(IssuerError::Malformed("the days are not those asked for"))
}

fn parse_pni(text: &str) -> Result<Pni, IssuerError> {
    Pni::parse(text).map_err(|_| IssuerError::Malformed("no PNI"))
}

fn parse_salt(text: &str) -> Result<AuthSalt, IssuerError> {
    let bytes: [u8; 32] = wire::decode(text)?
        .try_into()
        .map_err(|_| IssuerError::Malformed("a salt has another length"))?;
    Ok(AuthSalt::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_clocks_day_is_taken_and_its_neighbour_around_midnight() {
        let midnight = 20_000 * DAY;
        let tolerance = CLOCK_TOLERANCE.as_secs();
        let cases = [
            (midnight, midnight + DAY / 2, true),
            (midnight - DAY, midnight + DAY / 2, false),
            (midnight + DAY, midnight + DAY / 2, false),
            (midnight - DAY, midnight + tolerance - 1, true),
            (midnight - DAY, midnight + tolerance, false),
            (midnight, midnight - tolerance, true),
            (midnight, midnight - tolerance - 1, false),
            (midnight + 1, midnight + DAY / 2, false),
            (0, midnight, false),
            (u64::MAX, midnight, false),
        ];
        for (redemption, now, accepted) in cases {
            let outcome = check_day(Timestamp::from_secs(redemption), Timestamp::from_secs(now));
            assert_eq!(outcome.is_ok(), accepted, "{redemption} at {now}");
        }
    }
}
