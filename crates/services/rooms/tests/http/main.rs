//! The rooms' HTTP, called through its real router over a fresh database, under a log layer that
//! fails on sensitive values.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]

mod bodies;
mod embedded;
mod groups;
mod guests;
mod headers;
mod internal;
mod joins;
mod links;
mod lobby;
mod media;
mod nodes;
mod operations;
mod pages;
mod shell;
mod statements;
mod support;
mod verifications;
