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
mod secrets;
mod serve;
mod session;
mod stored_credentials;
mod terminal;
mod tls;
mod unsaid;
mod webhook;
