//! The requests to the issuer and the reading of its answers.
//!
//! Requests but those of [`params`] and [`guests`] are authenticated: the caller adds the header
//! ([`Request::with_secret`](crate::Request::with_secret)). Readers take [good](crate::Answer::good) answers,
//! and return an error for a malformed one.

pub mod account;
pub mod create_credential;
pub mod day_credentials;
pub mod devices;
pub mod guests;
pub mod params;
pub mod relays;
mod verification;
