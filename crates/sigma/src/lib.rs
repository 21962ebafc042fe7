//! The stateful hash object and proofs of linear relations over ristretto255.
//!
//! A [`Statement`] says which equations between points hold for secret scalars; a proof shows that
//! its maker knows such scalars and shows nothing else of them. Everything the credentials of the
//! layer above do is one of these statements.
//!
//! No clock and no random source of its own: both come in as arguments.

#[macro_use]
mod redacted;

mod error;
mod point;
mod proof;
mod randomness;
mod sho;
mod statement;

pub use self::{
    error::{ParseError, VerifyError},
    point::Point,
    randomness::Randomness,
    sho::{Absorption, Flavour, HmacSha256, PlainSha256, Sho},
    statement::Statement,
};
