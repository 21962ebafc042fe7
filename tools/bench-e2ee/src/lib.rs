//! The operations of the end-to-end encryption that `cargo xtask bench e2ee` measures.
//!
//! A [`Subject`] is a call with a number of members. [`Subject::prepare`] makes all that one run of an
//! [`Operation`] needs, and [`Subject::run`] is the part that is measured. The caller has the clock: the same
//! code runs natively and, with the functions of `exports`, in WebAssembly below `worker.mjs`.
//!
//! # Contract
//!
//! - The room asks for approval. Each leaf has a user id of the usual length, a name, an approval by the admin
//!   key, and a certificate chain.
//! - The group was grown one by one by the same member, so that most inner nodes of its tree are blank. This is
//!   the usual case of a call, and the dear one for commits.
//! - A user id counts as an account without being decrypted: that is the client's part.
//! - Randomness comes from a generator with a fixed seed, since a measurement protects no secret.
#![forbid(unsafe_code)]

mod call;
#[cfg(target_arch = "wasm32")]
pub mod exports;
mod frames;
mod operation;
mod room;
mod subject;

pub use self::{call::CommitLengths, operation::Operation, subject::Subject};
