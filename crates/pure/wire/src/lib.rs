//! The JSON of the services: bodies and socket messages, defined once for both ends.
//!
//! # Contract
//!
//! - A service reads what a client writes and the other way round, with the same types. Members that
//!   a later version adds do not fail an older reader, unless the API says so.
//! - Secrets are wiped on drop, and no `Debug` shows them.
//! - The crate performs no I/O and knows the byte formats of `anteroom-protocol` alone.
//!
//! The feature `openapi`, off by default, adds the schemas for OpenAPI documents.

pub mod issuer;
pub mod rooms;

mod base64_text;
mod base64url_text;
mod secret;

pub use self::{base64_text::Base64, secret::Secret};

/// The header with the instance name of the process that answers `GET /health/live`.
pub const INSTANCE_HEADER: &str = "anteroom-instance";
