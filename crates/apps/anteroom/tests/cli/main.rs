//! Tests of the real binary as a process.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

mod accounts;
mod addresses;
mod backup;
mod budgets;
mod call;
mod call_ends;
mod checks;
#[expect(
    dead_code,
    clippy::panic,
    reason = "it is the device of the tests of media, which do more with it"
)]
#[path = "../../../../adapters/media/tests/media/client.rs"]
mod client;
mod colours;
mod confirmation;
mod credential;
mod damaged_links;
mod database_failures;
mod decisions;
mod degrading;
mod demo;
mod description;
mod descriptors;
mod device_events;
mod directory;
mod doctor;
mod embedded_media;
mod errors;
mod failed_creates;
mod group;
mod guests;
mod interrupted_creates;
mod json;
mod keys;
mod leaks;
mod link;
mod login;
mod media;
mod media_calls;
mod metrics;
mod mistakes;
mod next_steps;
mod operations_pages;
mod operators;
mod own_devices;
mod pages;
mod pending_start;
mod pins;
mod process;
mod readme;
mod relays;
mod roles;
mod rooms;
mod rotation;
mod sdk;
#[expect(
    dead_code,
    reason = "the tests of media do more with the keys of a device"
)]
#[path = "../../../../adapters/media/tests/media/sealing.rs"]
mod sealing;
mod secrets;
mod serve;
mod session;
mod stored_credentials;
mod terminal;
mod tls;
mod unsaid;
mod webhook;
