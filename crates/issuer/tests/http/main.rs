//! The issuer's HTTP, called through its real router over a fresh database, under a log layer that
//! fails on sensitive values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod authentication;
mod batches;
mod create_auth;
mod failures;
mod params;
mod relays;
mod shell;
mod support;
