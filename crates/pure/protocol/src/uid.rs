//! User ids as attributes, and their ciphertexts (section 4).

use std::sync::LazyLock;

use anteroom_kvac::{AttributeKey, Ciphertext, Domain, Point, Sho};
use curve25519_dalek::RistrettoPoint;
use sha2::Sha256;
use subtle::ConditionallySelectable;

use crate::{Aci, Pni, ServiceId, VerifyError};

const CALC_M1: &[u8] = b"Signal_ZKGroup_20200424_UID_CalcM1";
const DOMAIN: &[u8] = b"Signal_ZKGroup_20200424_Constant_UidEncryption_SystemParams_Generate";

/// The generators of uid encryption.
pub(crate) static UID_DOMAIN: LazyLock<Domain> = LazyLock::new(|| Domain::derive(DOMAIN));

/// Returns the bytes of all tables of static points together. In addition, server params in use have tables
/// of 40 KiB for each kind of credential that is presented.
#[must_use]
pub fn static_table_bytes() -> usize {
    anteroom_kvac::static_table_bytes() + UID_DOMAIN.table_bytes()
}

/// Returns the attribute points `(M1, M2)` of a user.
pub(crate) fn attribute(id: &ServiceId) -> [RistrettoPoint; 2] {
    [m1(id), m2(id)]
}

/// Returns the attribute points with their encodings, as proofs of issuance need them.
pub(crate) fn encoded_attribute(id: &ServiceId) -> [Point; 2] {
    attribute(id).map(Point::from)
}

/// Returns `M1`, which distinguishes ACI and PNI.
pub(crate) fn m1(id: &ServiceId) -> RistrettoPoint {
    match id {
        ServiceId::Aci(aci) => Sho::of(CALC_M1, aci.as_bytes()),
        ServiceId::Pni(pni) => {
            let mut binary = [1; 17];
            let (_, uuid) = binary.split_at_mut(1);
            uuid.copy_from_slice(pni.as_bytes());
            Sho::of(CALC_M1, &binary)
        }
    }
    .point()
}

/// Returns `M2`, from which the UUID can be decoded.
fn m2(id: &ServiceId) -> RistrettoPoint {
    RistrettoPoint::lizard_encode::<Sha256>(id.uuid_bytes())
}

/// A user's id encrypted under a call link's or a group's key.
///
/// The encryption is deterministic: within one link or group, a user always has the same ciphertext.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct UidCiphertext(pub(crate) Ciphertext);

anteroom_kvac::redacted_debug!(UidCiphertext);
anteroom_kvac::layout! {
    UidCiphertext[65] -> Vec<u8> = "00 || E_A1 || E_A2", version 0;
    0
}

impl UidCiphertext {
    /// Returns the part of a user id's text that identifies the user: of the hex of a ciphertext, the digits
    /// of `00 || E_A1`; of any other text, all of it.
    ///
    /// A proof always binds `E_A1`. In legacy mode its prover can shift `E_A2`: a comparison of more than
    /// this part would treat one user as many.
    #[must_use]
    pub fn user_digits(text: &str) -> &str {
        const FIRST_HALF: usize = 2 * (1 + 32);
        if text.len() == 2 * Self::LENGTH {
            text.get(..FIRST_HALF).unwrap_or(text)
        } else {
            text
        }
    }
}

/// Encrypts a user's id.
pub(crate) fn encrypt(key: &AttributeKey, id: &ServiceId) -> UidCiphertext {
    UidCiphertext(key.encrypt(&attribute(id)))
}

/// Decrypts a user's id and verifies that it is the encrypted one.
pub(crate) fn decrypt(
    key: &AttributeKey,
    UidCiphertext(ciphertext): &UidCiphertext,
) -> Result<ServiceId, VerifyError> {
    let m2 = key.decrypt_second(ciphertext)?;
    let uuid = m2.lizard_decode::<Sha256>().ok_or(VerifyError)?;
    let (aci, pni) = (
        ServiceId::Aci(Aci::from_bytes(uuid)),
        ServiceId::Pni(Pni::from_bytes(uuid)),
    );
    // Both kinds are always checked, so that the time does not reveal the kind.
    let is_aci = key.check(ciphertext, &m1(&aci));
    let is_pni = key.check(ciphertext, &m1(&pni));
    let kind = u8::conditional_select(&0, &1, is_aci) | u8::conditional_select(&0, &2, is_pni);
    match kind {
        1 => Ok(aci),
        2 => Ok(pni),
        _ => Err(VerifyError),
    }
}
