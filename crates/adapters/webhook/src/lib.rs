//! Sends events to a webhook.
//!
//! # Contract
//!
//! - Every event becomes a file in a folder (the spool) before it is sent. The file is removed when
//!   the receiver has answered with a 2xx. Waiting events survive a restart and a crash.
//! - Events are sent in order, one at a time, at least once. A receiver that needs each exactly
//!   once can use `Webhook-Id`.
//! - The spool is bounded. A full one drops new events and counts them.
//! - Every request is signed under a shared secret, in `Webhook-Signature`.
//! - [`WebhookSink`] never blocks and never fails for a caller. [`SpoolWriter`] writes events from
//!   another process.

mod delivery;
mod settings;
mod signature;
mod sink;
mod spool;
mod spool_writer;

pub use anteroom_runtime::Backoff;

pub use self::{
    settings::{WebhookError, WebhookSecret, WebhookSettings, check_url},
    sink::WebhookSink,
    spool_writer::SpoolWriter,
};
