//! Relays through the public API: real providers, name servers and a real coturn, on free ports.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod coturn;
mod hosts;
mod provider;
mod settings;
mod support;
