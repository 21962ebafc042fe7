//! Keyed-verification anonymous credentials and endorsements.
//!
//! # Contract
//!
//! The construction is Chase, Perrin, Zaverucha, "The Signal Private Group System" (eprint 2019/1416),
//! sections 3 to 5. A credential is a MAC `(t, U, V)` over points `M0 ... M(n-1)` that represent attributes.
//! The holder of the key issues and verifies it; the holder of the credential presents it in zero knowledge,
//! any number of times, and two presentations cannot be linked. The code keeps the paper's letters. Section
//! numbers in the modules refer to the project's specification of the protocol.
//!
//! - **Input**: keys, attribute points, and randomness as an argument. No clock is read.
//! - **Output**: credentials and presentations that were verified before they are returned, so that a faulty
//!   computation reveals no key.
//! - **Errors**: one opaque error for bytes that do not parse, one for what does not verify. No function
//!   panics on an input.
//! - **Time**: operations on secrets run in constant time; a function or a comment says where variable time
//!   is used, on public values only.
//!
//! # Parts
//!
//! - [`KeyPair`] and [`PublicKey`]: the issuer's key.
//! - [`Issuance`] and [`BlindIssuanceResponse`]: issuing, with all attributes in the clear or the last
//!   one blinded.
//! - [`AttributeKey`] and [`Ciphertext`]: attributes encrypted for a presentation.
//! - [`PresentationStatement`]: presenting and verifying.
//! - [`endorsements`]: a server's endorsements of encrypted members, cheap to verify.
//! - [`parallel`]: independent computations, spread over cores with the feature of that name.
//! - [`codec`]: strict reading and writing of the byte layouts.

mod blind_issuance;
mod cache;
pub mod codec;
mod credential;
mod encryption;
pub mod endorsements;
#[cfg(test)]
mod faults;
mod issuance;
mod key;
mod mac_point;
pub mod parallel;
mod presentation;
mod system;

pub use anteroom_sigma::redacted_debug;
pub use anteroom_sigma::{ParseError, Point, Randomness, Sho, VerifyError};

pub use self::{
    blind_issuance::{BlindIssuanceResponse, BlindedPoint, BlindingKey},
    credential::{Credential, public_attributes, public_day},
    encryption::{AttributeKey, Ciphertext, Domain},
    issuance::{
        ISSUANCE_3, ISSUANCE_5, Issuance, IssuanceResponse, Recipient, UnprovenCredential,
        issue_all,
    },
    key::{KeyPair, Mode, PublicKey},
    presentation::{
        PRESENTATION_3, PRESENTATION_4, PRESENTATION_5, PresentationContext, PresentationProof,
        PresentationStatement,
    },
    system::static_table_bytes,
};
