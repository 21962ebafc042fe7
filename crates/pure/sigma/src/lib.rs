//! The stateful hash object and proofs of linear relations over ristretto255.
//!
//! # Contract
//!
//! - A [`Statement`] lists equations between points with secret scalars. [`Statement::prove`] takes the
//!   scalars (the witness) and the points and returns a proof; [`Statement::verify`] takes the proof and the
//!   points. A proof shows that its maker knows scalars that satisfy the equations, and reveals nothing else
//!   about them. All credentials of the layer above are built from such statements.
//! - The prover works in constant time in the witness and the randomness, and verifies every proof before it
//!   returns it: a fault of the processor would otherwise reveal the witness.
//! - Time is not used, and randomness is an argument ([`Randomness`]), consumed by its use.
//! - Errors are opaque: [`ParseError`] for bytes that do not parse, [`VerifyError`] for a proof that does not
//!   verify. No function panics on an input; [`Statement::new`] panics on a malformed constant, at compile
//!   time.
//!
//! The section numbers refer to the specification of the zero-knowledge protocol, whose letters the code
//! keeps.
//!
//! ```
//! use anteroom_sigma::{Point, Randomness, Statement};
//! use curve25519_dalek::Scalar;
//!
//! static KEY: Statement = Statement::new(&["Y = y*G"]);
//! let y = Scalar::from(7_u64);
//! let points = [Point::BASE, Point::BASE.times(&y).into()];
//! let randomness = Randomness::from_bytes([1; 32]);
//! let proof = KEY.prove(&[y], &points, b"message", &randomness)?;
//! KEY.verify(&proof, &points, b"message")?;
//! assert!(KEY.verify(&proof, &points, b"another message").is_err());
//! # Ok::<(), anteroom_sigma::VerifyError>(())
//! ```

#[macro_use]
mod redacted;

mod basis;
mod error;
mod parsed_proof;
mod point;
mod proof;
mod randomness;
mod sho;
mod statement;
mod transcript;

pub use self::{
    basis::Basis,
    error::{ParseError, VerifyError},
    parsed_proof::ParsedProof,
    point::Point,
    proof::{ProofCommitments, UnfinishedProof, finish_proofs},
    randomness::Randomness,
    sho::{Absorption, Flavour, HmacSha256, PlainSha256, Sho},
    statement::Statement,
};
