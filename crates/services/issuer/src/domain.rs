//! The decisions of the issuer, apart from HTTP.

pub(crate) mod account_events;
pub(crate) mod account_limit;
pub(crate) mod certificate_params;
pub(crate) mod create_credential;
pub(crate) mod credential_batches;
pub(crate) mod failures;
pub(crate) mod issuing_params;
pub(crate) mod range;
pub(crate) mod relay_credentials;
