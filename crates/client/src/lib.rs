//! The SDK: talks to the issuer and holds the user's secrets.
//!
//! The issuer knows who asks; it must never learn for which room, and it must not be able to mark
//! one user's credentials so that they stand out later. So this crate
//! - refuses server params that are not pinned or that the caller did not call trusted
//!   ([`PinStore`], [`Trust`]): a key of one's own for one user would be such a mark;
//! - refuses a day that is not the one the caller's clock shows: an odd day would be one too;
//! - asks for the same week of credentials whatever day is needed ([`CredentialCache`]);
//! - verifies the proof of every credential before anyone sees it.
//!
//! Time and randomness come in as arguments.
#![forbid(unsafe_code)]

mod cache;
mod credentials;
mod device;
mod error;
mod issuer;
mod params;
mod pins;
mod range;
mod transport;
mod wire;

pub use self::{
    cache::CredentialCache,
    credentials::{DayCredentials, Issued},
    device::{Account, DeviceCredentials, DeviceId},
    error::{ClientError, PinStoreError, Problem, TransportError},
    issuer::{CLOCK_TOLERANCE, IssuerClient},
    params::{Listed, PublishedParams, TrustedParams, Validity},
    pins::{MemoryPins, ParamsKind, Pin, PinStore, Trust},
    range::DayRange,
    transport::Timeouts,
};
