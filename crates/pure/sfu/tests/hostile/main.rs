//! Hostile devices: floods within the protocols, and changed bytes of everything that a device sends: offers, checks of
//! paths, handshakes, packets, reports and wishes, through the whole way of a call's media.
//!
//! Each target takes what real devices send, changes some of it, and looks now and then whether the others still
//! hear each other. The run is the same each time; `ANTEROOM_FUZZ_CASES` is the number of cases of each target.
//! A panic in our code fails. One in the code of connections ends a call and no more (the caller contains it): it is
//! printed with its bytes, and fails too, so that nobody misses it.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a target prints its cases")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod call;
mod dice;
mod floods;
mod handshakes;
mod offers;
mod plain_crypto;
mod streams;
mod target;
mod wishes;
