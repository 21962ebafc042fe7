//! The credential for creating the link of a room.

use anteroom_protocol::{
    Aci, CreateCredential, CreateCredentialRequestContext, CreateCredentialResponse,
    GenericPublicParams, Randomness, RoomId, Timestamp,
};
use anteroom_wire::issuer::{CreateAuthRequest, DayCredential};
use http::Method;

use super::verification::{check_day, first_verified};
use crate::{
    Answer, IssuedCredential, IssuerError, ListedParams, ParamsKind, Request, TransportFailure,
    TrustedParams, wire,
};

/// The request for a credential, and the state that the verification of its answer needs. The issuer receives
/// a blinded room id.
#[derive(Debug)]
pub struct CreateCredentialExchange<'a> {
    context: CreateCredentialRequestContext,
    aci: Aci,
    params: &'a TrustedParams,
    candidates: Vec<&'a ListedParams<GenericPublicParams>>,
    now: Timestamp,
}

impl<'a> CreateCredentialExchange<'a> {
    /// Creates the exchange of an account. `randomness` blinds the request, and must be fresh for every one.
    ///
    /// # Errors
    /// No params that may issue now are trusted.
    pub fn new(
        aci: Aci,
        room: &RoomId,
        params: &'a TrustedParams,
        now: Timestamp,
        randomness: Randomness,
    ) -> Result<Self, IssuerError> {
        Ok(Self {
            candidates: params.issuing_generic(now)?,
            context: CreateCredentialRequestContext::new(room, randomness),
            aci,
            params,
            now,
        })
    }

    /// Returns the request.
    #[must_use]
    pub fn request(&self) -> Request {
        let blinded = self.context.request();
        let path = ["v1", "call-link", "create-auth"];
        Request::new(Method::POST, &path).with_json(&CreateAuthRequest {
            create_call_link_credential_request: wire::encode(&blinded.to_bytes()),
        })
    }

    /// Returns the reason of an error of the exchange.
    #[must_use]
    pub fn explained(&self, error: IssuerError) -> IssuerError {
        self.params.explained(error, self.now)
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// The answer is malformed, the day is not today's, or the credential does not verify.
    pub fn read(&self, answer: &Answer) -> Result<IssuedCredential<CreateCredential>, IssuerError> {
        let body: DayCredential = answer.json()?;
        let response = CreateCredentialResponse::from_bytes(body.credential.as_bytes())
            .map_err(|_| TransportFailure::Malformed("a credential does not parse"))?;
        let redemption = Timestamp::from_secs(body.redemption_time);
        check_day(redemption, self.now).map_err(|error| self.explained(error))?;
        if response.timestamp() != redemption {
            return Err(TransportFailure::Malformed("a credential is for another day").into());
        }
        first_verified(&self.candidates, redemption, |listed| {
            let received = self.context.receive(&response, &self.aci, &listed.params);
            received.ok()
        })
        .ok_or_else(|| self.params.refusal(ParamsKind::Generic, self.now))
    }
}
