//! The issuer's HTTP, called through its real router over a fresh database, under a log layer that
//! fails on sensitive values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod account_secrecy;
mod authentication;
mod background;
mod batches;
mod bearer;
mod certificates;
mod cookies;
mod create_auth;
mod device_limit;
mod device_management;
mod device_names;
mod device_notices;
mod device_shares;
mod devices;
mod failures;
mod group_call_signaling;
mod guests;
mod hostile;
mod identities;
mod login;
mod login_events;
mod login_flood;
mod login_lock;
mod login_work;
mod mail_limits;
mod operations;
mod outcomes;
mod pages;
mod params;
mod passwords;
mod raw;
mod recent_logins;
mod relay_secrets;
mod relays;
mod resend;
mod scripts;
mod sessions;
mod shell;
mod sign_up;
mod support;
