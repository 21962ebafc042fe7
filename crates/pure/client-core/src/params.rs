//! The public params that an issuer lists.

mod comparison;
mod issuing;
mod link;
mod trusted;

use anteroom_e2ee::CertificatePublicKey;
use anteroom_protocol::{
    GenericPublicParams, GroupServerPublicParams, ParamsId, ParseError, Timestamp,
};
use http::StatusCode;

pub use self::trusted::TrustedParams;
use crate::{
    IssuerError, ParamsKind, Service, TransportFailure,
    error::clock_error,
    pins::{Params, Pin, PinSet},
    wire::{self, ParamsBody, ParamsEntry},
};

/// The time during which params issue and verify.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Validity {
    /// The first moment of the period.
    pub not_before: Timestamp,
    /// The first moment after the period; `None` if it has no end.
    pub not_after: Option<Timestamp>,
}

impl Validity {
    /// Returns whether `moment` lies in the period.
    #[must_use]
    pub fn contains(&self, moment: Timestamp) -> bool {
        self.not_before <= moment && self.not_after.is_none_or(|end| moment < end)
    }
}

/// Params with their id and period, as the issuer lists them.
#[derive(Clone, Debug)]
pub struct ListedParams<P> {
    /// Their purpose.
    pub kind: ParamsKind,
    /// The params.
    pub params: P,
    /// Their id, computed from their bytes.
    pub id: ParamsId,
    /// The time during which they issue and verify.
    pub validity: Validity,
}

/// Params without their bytes, for display and for comparison with the params of other members.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsSummary {
    /// The purpose.
    pub kind: ParamsKind,
    /// The id.
    pub id: ParamsId,
    /// The time during which they issue and verify.
    pub validity: Validity,
}

/// A change of the params under which the issuer issues, from params that this client has used to others that
/// it trusts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ParamsSwitch {
    /// The params in use at the previous request.
    pub previous: ParamsId,
    /// The params in use now.
    pub current: ParamsSummary,
}

impl<P> ListedParams<P> {
    fn summary(&self) -> ParamsSummary {
        ParamsSummary {
            kind: self.kind,
            id: self.id,
            validity: self.validity,
        }
    }

    fn is_pinned(&self, pins: &PinSet) -> bool
    where
        P: Params,
    {
        pins.pins().contains(&self.pin())
    }

    fn pin(&self) -> Pin
    where
        P: Params,
    {
        self.params.pin().of_kind(self.kind)
    }
}

/// All params that an issuer lists, before the comparison with the pins.
#[derive(Clone, Debug, Default)]
pub struct PublishedParams {
    /// The params of call-link credentials.
    pub generic: Vec<ListedParams<GenericPublicParams>>,
    /// The params of group credentials.
    pub group: Vec<ListedParams<GroupServerPublicParams>>,
    /// The params of the call-link credentials of guests.
    pub guest: Vec<ListedParams<GenericPublicParams>>,
    /// The keys of certificates.
    pub certificates: Vec<ListedParams<CertificatePublicKey>>,
    /// The issuer's time when it answered, if the answer carried it.
    pub issuer_time: Option<Timestamp>,
    /// Whether the list comes from an earlier request. Such a list does not show which params the issuer uses
    /// now.
    is_stored: bool,
    /// Whether the list is that of a guest: the params of call-link credentials are those of guests.
    is_of_guest: bool,
}

impl PublishedParams {
    pub(crate) fn parse(
        body: &ParamsBody,
        issuer_time: Option<Timestamp>,
    ) -> Result<Self, TransportFailure> {
        let mut published = Self {
            generic: Vec::new(),
            group: Vec::new(),
            guest: Vec::new(),
            certificates: Vec::new(),
            issuer_time,
            is_stored: false,
            is_of_guest: false,
        };
        for entry in &body.params {
            let named = |kind: &ParamsKind| kind.as_str() == entry.kind;
            // Later versions may add kinds: unknown ones are ignored.
            let Some(kind) = ParamsKind::ALL.into_iter().find(named) else {
                continue;
            };
            let bytes = wire::decode(&entry.public_params);
            match kind {
                ParamsKind::Generic | ParamsKind::Guest => {
                    let params = GenericPublicParams::from_bytes(&bytes?);
                    let of_kind = match kind {
                        ParamsKind::Guest => &mut published.guest,
                        _ => &mut published.generic,
                    };
                    of_kind.push(listed(kind, entry, params)?);
                }
                ParamsKind::Group => {
                    let params = GroupServerPublicParams::from_bytes(&bytes?);
                    published.group.push(listed(kind, entry, params)?);
                }
                ParamsKind::Certificates => {
                    // Credentials are good without certificates: an entry that does not parse is left out.
                    let bytes = bytes.unwrap_or_default();
                    let key = CertificatePublicKey::from_bytes(&bytes).map_err(|_| ParseError);
                    published.certificates.extend(listed(kind, entry, key).ok());
                }
            }
        }
        Ok(published)
    }

    /// Returns the list as a guest uses it: the params of call-link credentials are those of guests, and
    /// there are no others but the keys of certificates.
    #[must_use]
    pub fn for_guest(self) -> Self {
        if self.is_of_guest {
            return self;
        }
        Self {
            generic: self.guest,
            group: Vec::new(),
            guest: Vec::new(),
            is_of_guest: true,
            ..self
        }
    }

    /// Returns the kind of the params of call-link credentials.
    pub(crate) const fn generic_kind(&self) -> ParamsKind {
        match self.is_of_guest {
            true => ParamsKind::Guest,
            false => ParamsKind::Generic,
        }
    }

    /// Returns whether the list is that of a guest.
    #[must_use]
    pub const fn is_of_guest(&self) -> bool {
        self.is_of_guest
    }

    /// Returns the reason of an error: [`IssuerError::Clock`] if the clocks differ and that alone may explain
    /// the error. Untrusted params that the issuer offers are never explained by a clock.
    pub(crate) fn explained(&self, error: IssuerError, now: Timestamp) -> IssuerError {
        let may_be_clock = match &error {
            IssuerError::Untrusted { offered, .. } => offered.is_empty(),
            IssuerError::Problem(problem) => problem.status == StatusCode::BAD_REQUEST,
            IssuerError::OddDay { .. } => true,
            _ => false,
        };
        match clock_error(Service::Issuer, self.issuer_time, now) {
            Some(clock) if may_be_clock => clock,
            _ => error,
        }
    }

    /// Marks the list as stored, for later use without a request.
    pub(crate) fn stored(self) -> Self {
        Self {
            issuer_time: None,
            is_stored: true,
            ..self
        }
    }

    /// Converts the list to the issuer's JSON.
    pub(crate) fn body(&self) -> ParamsBody {
        let generic = self.generic.iter().map(entry);
        let group = self.group.iter().map(entry);
        let certificates = self.certificates.iter().map(entry);
        ParamsBody {
            params: generic.chain(group).chain(certificates).collect(),
        }
    }
}

fn entry<P: Params>(listed: &ListedParams<P>) -> ParamsEntry {
    ParamsEntry {
        id: listed.id.to_hex(),
        kind: listed.kind.as_str().to_owned(),
        not_before: listed.validity.not_before.as_secs(),
        not_after: listed.validity.not_after.map(Timestamp::as_secs),
        public_params: wire::encode(listed.params.pin().as_bytes()),
    }
}

fn listed<P: Params>(
    kind: ParamsKind,
    entry: &ParamsEntry,
    params: Result<P, ParseError>,
) -> Result<ListedParams<P>, TransportFailure> {
    let params = params.map_err(|_| TransportFailure::Malformed("server params do not parse"))?;
    let id = params.pin().id();
    if ParamsId::parse(&entry.id) != Ok(id) {
        return Err(TransportFailure::Malformed("server params have another id"));
    }
    Ok(ListedParams {
        kind,
        params,
        id,
        validity: Validity {
            not_before: Timestamp::from_secs(entry.not_before),
            not_after: entry.not_after.map(Timestamp::from_secs),
        },
    })
}

#[cfg(test)]
mod tests;
