//! Sends events to a webhook.
//!
//! Every event becomes a file in a folder (the spool) before it is sent, and the file goes when the
//! receiver has answered with a 2xx: what waits survives a restart and a crash. Events are sent in
//! order, one at a time, at least once; a receiver that wants each once goes by `Webhook-Id`. The
//! folder is bounded: when it is full, what comes last is dropped and counted.

mod delivery;
mod settings;
mod signature;
mod sink;
mod spool;
mod spool_writer;

pub use self::{
    settings::{Backoff, WebhookError, WebhookSecret, WebhookSettings, check_url},
    sink::WebhookSink,
    spool_writer::SpoolWriter,
};
