//! The issuer's HTTP, called through its real router over a fresh database, under a log layer that
//! fails on sensitive values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod authentication;
mod batches;
mod bearer;
mod cookies;
mod create_auth;
mod devices;
mod failures;
mod hostile;
mod identities;
mod login;
mod login_events;
mod login_lock;
mod login_work;
mod outcomes;
mod pages;
mod params;
mod passwords;
mod raw;
mod relays;
mod resend;
mod scripts;
mod sessions;
mod shell;
mod sign_up;
mod support;
