//! Keyed-verification anonymous credentials and endorsements.
//!
//! The construction is Chase, Perrin, Zaverucha, "The Signal Private Group System" (eprint
//! 2019/1416), sections 3 to 5. A credential is a MAC `(t, U, V)` over points `M0 ... M(n-1)` that
//! stand for attributes. Who holds the key issues and verifies it; who holds the credential shows
//! it in zero knowledge, as often as wanted, without two showings being linkable.
//!
//! - [`KeyPair`] and [`PublicKey`]: the issuer's key.
//! - [`Issuance`] and [`BlindIssued`]: issuing, with all attributes in the clear or the last one
//!   blinded.
//! - [`AttributeKey`] and [`Ciphertext`]: attributes encrypted for a presentation.
//! - [`Presentation`]: showing and verifying.
//! - [`endorsements`]: a server's signature on encrypted members, cheap to verify.
//! - [`parallel`]: work on many things, spread over cores with the feature of that name.
//! - [`codec`]: strict reading and writing of the layouts.
//!
//! The letters are the paper's.

mod blind_issuance;
pub mod codec;
mod credential;
mod encryption;
pub mod endorsements;
#[cfg(test)]
mod faults;
mod issuance;
mod key;
mod memo;
pub mod parallel;
mod presentation;
mod source;
mod system;

pub use anteroom_sigma::redacted_debug;
pub use anteroom_sigma::{ParseError, Point, Randomness, Sho, VerifyError};

pub use self::{
    blind_issuance::{BlindIssued, BlindedPoint, BlindingKey},
    credential::{Credential, public_attributes, public_day},
    encryption::{AttributeKey, Ciphertext, Domain},
    issuance::{Account, Begun, ISSUANCE_3, ISSUANCE_5, Issuance, Issued, issue_all},
    key::{KeyPair, Mode, PublicKey},
    presentation::{
        PRESENTATION_3, PRESENTATION_4, PRESENTATION_5, Presentation, Presented, Shown,
    },
    system::static_table_bytes,
};
