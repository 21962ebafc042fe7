//! The media server with real sockets: devices over str0m on the loopback interface.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::print_stdout, reason = "a test prints times between packets")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod bystanders;
mod calls;
mod floods;
mod hostile;
mod insiders;
mod meeting;
mod paths;
mod tcp;
