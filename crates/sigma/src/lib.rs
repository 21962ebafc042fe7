//! The stateful hash object and proofs of linear relations over ristretto255.
//!
//! A [`Statement`] says which equations between points hold for secret scalars; a proof shows that
//! its maker knows such scalars and shows nothing else of them. Everything the credentials of the
//! layer above do is one of these statements.
//!
//! No clock and no random source of its own: both come in as arguments.

#[macro_use]
mod redacted;

mod basis;
mod error;
mod opening;
mod point;
mod proof;
mod randomness;
mod sho;
mod statement;
mod transcript;

pub use self::{
    basis::Basis,
    error::{ParseError, VerifyError},
    opening::Opening,
    point::Point,
    proof::{Committed, Draft, seal},
    randomness::Randomness,
    sho::{Absorption, Flavour, HmacSha256, PlainSha256, Sho},
    statement::Statement,
};
