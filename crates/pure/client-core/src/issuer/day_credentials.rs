//! The credentials for the days of a range, and the certificate of the device.

use anteroom_e2ee::{IdentityKey, SignedCertificate};
use anteroom_protocol::{
    Aci, AuthCredential, AuthCredentialResponse, DAY, GenericPublicParams, GroupAuthCredential,
    GroupAuthCredentialResponse, ParseError, Timestamp, parallel,
};
use anteroom_wire::issuer::{CallLinkAuthResponse, DayCredential, GroupAuthResponse};
use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderName, Method};

use super::{
    account::{AccountInfo, parse_pni},
    verification::{check_days, first_verified},
};
use crate::{
    Answer, DayCredentials, DayRange, DeviceCertificate, IssuedCredential, IssuerError,
    ListedParams, ParamsKind, Request, TransportFailure, TrustedParams, pins::Params,
};

const DEGRADED: HeaderName = HeaderName::from_static("anteroom-degraded");
const IDENTITY_KEY: HeaderName = HeaderName::from_static("anteroom-identity-key");

/// A request for the credentials of a range of days, and the state that the verification of its answer needs.
#[derive(Debug)]
pub struct DayCredentialsExchange<'a> {
    range: DayRange,
    params: &'a TrustedParams,
    candidates: Vec<&'a ListedParams<GenericPublicParams>>,
    now: Timestamp,
    identity: Option<&'a IdentityKey>,
}

impl<'a> DayCredentialsExchange<'a> {
    /// Creates the exchange.
    ///
    /// # Errors
    /// No params that may issue now are trusted.
    pub fn new(
        range: DayRange,
        params: &'a TrustedParams,
        now: Timestamp,
    ) -> Result<Self, IssuerError> {
        Ok(Self {
            range,
            params,
            candidates: params.issuing_for_link(now)?,
            now,
            identity: None,
        })
    }

    /// Asks for a certificate of the device with this identity key, in [`Self::auth_request`].
    #[must_use]
    pub const fn with_identity(mut self, identity: &'a IdentityKey) -> Self {
        self.identity = Some(identity);
        self
    }

    /// Returns the request for call-link credentials alone, one for each day, and for the certificate.
    ///
    /// # Errors
    /// Never: the text of a key fits a header.
    pub fn auth_request(&self) -> Result<Request, TransportFailure> {
        let request = self.request(&["v1", "call-link", "auth"]);
        match self.identity {
            Some(identity) => {
                let key = URL_SAFE_NO_PAD.encode(identity.public().as_bytes());
                request.with_secret(IDENTITY_KEY, &key)
            }
            None => Ok(request),
        }
    }

    /// Returns the request for call-link and group credentials, one of each for each day.
    #[must_use]
    pub fn batch_request(&self) -> Request {
        self.request(&["v1", "certificate", "auth", "group"])
    }

    fn request(&self, path: &[&str]) -> Request {
        Request::new(Method::GET, path)
            .with_query("redemptionStartSeconds", self.range.first().as_secs())
            .with_query("redemptionEndSeconds", self.range.last().as_secs())
    }

    /// Returns the reason for refused days. The clocks are the reason only if the issuer would have granted
    /// these days by this device's clock: from yesterday to eight days after today.
    #[must_use]
    pub fn explained(&self, error: IssuerError) -> IssuerError {
        let (today, range) = (self.now.start_of_day(), self.range);
        let is_due = today.minus(DAY) <= range.first() && range.last() <= today.plus(8 * DAY);
        if is_due {
            self.params.explained(error, self.now)
        } else {
            error
        }
    }

    /// Reads the answer to [`Self::auth_request`] of an account.
    ///
    /// # Errors
    /// The answer is malformed, days are missing or unexpected, or a credential does not verify.
    pub fn read_auth(
        &self,
        answer: &Answer,
        aci: &Aci,
    ) -> Result<Vec<IssuedCredential<AuthCredential>>, IssuerError> {
        let body: CallLinkAuthResponse = answer.json()?;
        self.receive_auth(&body.call_link_auth_credentials, aci)
    }

    /// Reads the certificate in the answer to [`Self::auth_request`]; `None` if it was not asked for, or the
    /// issuer has no key of certificates.
    ///
    /// # Errors
    /// The answer is malformed, the certificate is for another day or another kind of account, or it does not
    /// verify.
    pub fn read_certificate(
        &self,
        answer: &Answer,
        aci: &Aci,
    ) -> Result<Option<DeviceCertificate>, IssuerError> {
        let body: CallLinkAuthResponse = answer.json()?;
        let Some((identity, bytes)) = self.identity.zip(body.certificate) else {
            return Ok(None);
        };
        let signed = SignedCertificate::parse(bytes.as_bytes())
            .map_err(|_| TransportFailure::Malformed("a certificate does not parse"))?;
        let candidates = self.params.issuing_certificates(self.now)?;
        let received = candidates.iter().find_map(|listed| {
            let issuer = (listed.id, &listed.params);
            DeviceCertificate::verified(signed.clone(), identity, issuer, aci, self.now).ok()
        });
        let kind = ParamsKind::Certificates;
        let received = received.ok_or_else(|| self.params.refusal(kind, self.now))?;
        // Another day than everybody's would mark this device in front of the members of its calls.
        if received.last_day() != self.range.last() {
            let what = "the certificate's last day is not that asked for";
            return Err(TransportFailure::Malformed(what).into());
        }
        // Everybody in a call would take an account for a guest, or a guest for an account.
        if received.certificate().content().is_guest != self.params.is_of_guest() {
            let what = "the certificate is for another kind of account";
            return Err(TransportFailure::Malformed(what).into());
        }
        Ok(Some(received))
    }

    /// Reads the answer to [`Self::batch_request`]. While the issuer works without its group params the days
    /// come without group credentials.
    ///
    /// # Errors
    /// The answer is malformed, days are missing or unexpected, or a credential does not verify.
    pub fn read_batch(
        &self,
        answer: &Answer,
        aci: &Aci,
        account: &AccountInfo,
    ) -> Result<Vec<DayCredentials>, IssuerError> {
        let body: GroupAuthResponse = answer.json()?;
        if body.pni.as_deref().map(parse_pni).transpose()? != account.pni {
            return Err(TransportFailure::Malformed("the batch is for another PNI").into());
        }
        let auth = self.receive_auth(&body.call_link_auth_credentials, aci)?;
        let degraded = answer.header(&DEGRADED).is_some() && body.credentials.is_empty();
        let group = if degraded {
            Vec::new()
        } else {
            self.receive_group(account, &body.credentials)?
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

    fn receive_auth(
        &self,
        bodies: &[DayCredential],
        aci: &Aci,
    ) -> Result<Vec<IssuedCredential<AuthCredential>>, IssuerError> {
        let parse = AuthCredentialResponse::from_bytes;
        let kind = self.params.generic_kind();
        let candidates = &self.candidates;
        self.receive(kind, bodies, candidates, parse, |response, day, params| {
            response.receive(aci, day, params).ok()
        })
    }

    fn receive_group(
        &self,
        account: &AccountInfo,
        bodies: &[DayCredential],
    ) -> Result<Vec<IssuedCredential<GroupAuthCredential>>, IssuerError> {
        let candidates = self.params.issuing_group(self.now)?;
        let parse = GroupAuthCredentialResponse::from_bytes;
        let kind = ParamsKind::Group;
        self.receive(kind, bodies, &candidates, parse, |response, day, params| {
            let received = match (&account.pni, &account.auth_salt) {
                (Some(pni), _) => response.receive(&account.aci, pni, day, params),
                (None, Some(salt)) => response.receive_without_pni(&account.aci, salt, day, params),
                (None, None) => return None,
            };
            received.ok()
        })
    }

    /// Verifies the credential of each day under the params that may have issued it.
    fn receive<P: Params + Sync, R, C: Send>(
        &self,
        kind: ParamsKind,
        bodies: &[DayCredential],
        candidates: &[&ListedParams<P>],
        parse: impl Fn(&[u8]) -> Result<R, ParseError> + Sync,
        receive: impl Fn(&R, Timestamp, &P) -> Option<C> + Sync,
    ) -> Result<Vec<IssuedCredential<C>>, IssuerError> {
        check_days(bodies, self.range)?;
        let days: Vec<_> = bodies.iter().zip(self.range.days()).collect();
        let received = parallel::map(&days, |(body, day)| {
            let response = parse(body.credential.as_bytes())
                .map_err(|_| TransportFailure::Malformed("a credential does not parse"))?;
            first_verified(candidates, *day, |listed| {
                receive(&response, *day, &listed.params)
            })
            .ok_or_else(|| self.params.refusal(kind, self.now))
        });
        received.into_iter().collect()
    }
}

#[cfg(test)]
mod tests;
