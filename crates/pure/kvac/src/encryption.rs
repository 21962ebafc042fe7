//! Encrypted attributes (section 3.3). The encryption is deterministic, so that equal attributes under one
//! key are recognised, and can be proven inside a presentation.

use anteroom_sigma::{Basis, ParseError, Point, Sho, VerifyError};
use curve25519_dalek::{RistrettoPoint, Scalar};
use zeroize::{Zeroize, Zeroizing};

use crate::{
    codec::{Encoding, Reader},
    system::tabled,
};

/// The generators of one kind of attribute. Different generators make the keys and ciphertexts of one kind
/// useless in another.
pub struct Domain {
    pub(crate) g_a1: Point,
    pub(crate) g_a2: Point,
    /// Both generators, for sums in variable time.
    pub(crate) basis: Basis,
}

impl Domain {
    /// Returns the size of the domain's tables in bytes.
    #[must_use]
    pub const fn table_bytes(&self) -> usize {
        self.g_a1.table_bytes() + self.g_a2.table_bytes() + self.basis.table_bytes()
    }

    /// Derives the generators from a label. Called for constants only: the tables are never freed.
    #[must_use]
    pub fn derive(label: &[u8]) -> Self {
        let mut sho = Sho::of(label, b"");
        let mut next = || tabled(sho.point().into());
        let (g_a1, g_a2) = (next(), next());
        Self {
            g_a1,
            g_a2,
            basis: Basis::new(&[g_a1, g_a2]),
        }
    }

    /// Reads a key `a1 || a2 || A` for these generators.
    ///
    /// # Errors
    /// A part is not canonical, or `A` does not match the scalars.
    pub fn read(&self, reader: &mut Reader<'_>) -> Result<AttributeKey, ParseError> {
        let key = AttributeKey::new(self, reader.read()?, reader.read()?);
        // The comparison of bytes need not be in constant time, since `A` is public.
        if reader.read::<[u8; 32]>()? == *key.public.encoding() {
            Ok(key)
        } else {
            Err(ParseError)
        }
    }
}

anteroom_sigma::redacted_debug!(Domain);

/// A key pair `a1, a2` with `A = a1*G_a1 + a2*G_a2`. Wiped on drop.
#[derive(Clone)]
pub struct AttributeKey {
    pub(crate) a1: Scalar,
    pub(crate) a2: Scalar,
    public: Point,
}

impl AttributeKey {
    /// Squeezes `a1`, then `a2`.
    #[must_use]
    pub fn squeeze(domain: &Domain, sho: &mut Sho) -> Self {
        let (a1, a2) = (sho.scalar(), sho.scalar());
        Self::new(domain, a1, a2)
    }

    /// Writes `a1 || a2 || A`.
    pub fn write(&self, bytes: &mut Vec<u8>) {
        self.a1.write(bytes);
        self.a2.write(bytes);
        self.public.write(bytes);
    }

    /// Returns the public part `A`.
    #[must_use]
    pub const fn public(&self) -> &Point {
        &self.public
    }

    /// Encrypts an attribute: `E_A1 = a1*M1`, `E_A2 = a2*E_A1 + M2`.
    #[must_use]
    pub fn encrypt(&self, [m1, m2]: &[RistrettoPoint; 2]) -> Ciphertext {
        let e_a1 = m1 * self.a1;
        let e_a2 = e_a1 * self.a2 + m2;
        Ciphertext {
            e_a1: e_a1.into(),
            e_a2: e_a2.into(),
        }
    }

    /// Returns `E_A1` alone, which identifies the attribute.
    #[must_use]
    pub fn encrypt_first(&self, m1: &RistrettoPoint) -> RistrettoPoint {
        m1 * self.a1
    }

    /// Returns `M2 = E_A2 - a2*E_A1`. The caller decodes a value from it and must then [check](Self::check)
    /// the value.
    ///
    /// # Errors
    /// `E_A1` is the basepoint.
    pub fn decrypt_second(&self, ciphertext: &Ciphertext) -> Result<RistrettoPoint, VerifyError> {
        if ciphertext.e_a1 == Point::BASE {
            return Err(VerifyError);
        }
        Ok(ciphertext.e_a2.element() - ciphertext.e_a1.times(&self.a2))
    }

    /// Returns whether a ciphertext's first half belongs to `M1`, in constant time.
    #[must_use]
    pub fn check(&self, ciphertext: &Ciphertext, m1: &RistrettoPoint) -> subtle::Choice {
        use subtle::ConstantTimeEq;
        (m1 * self.a1).ct_eq(ciphertext.e_a1.element())
    }

    /// Returns `1 / a1`.
    pub(crate) fn inverse(&self) -> Zeroizing<Scalar> {
        Zeroizing::new(self.a1.invert())
    }

    fn new(domain: &Domain, a1: Scalar, a2: Scalar) -> Self {
        let public = domain.g_a1.times(&a1) + domain.g_a2.times(&a2);
        Self {
            a1,
            a2,
            public: public.into(),
        }
    }
}

impl Drop for AttributeKey {
    fn drop(&mut self) {
        self.a1.zeroize();
        self.a2.zeroize();
    }
}

anteroom_sigma::redacted_debug!(AttributeKey);

/// An encrypted attribute `E_A1 || E_A2`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Ciphertext {
    pub(crate) e_a1: Point,
    pub(crate) e_a2: Point,
}

anteroom_sigma::redacted_debug!(Ciphertext);
crate::encoding!(Ciphertext: e_a1, e_a2);

impl Ciphertext {
    /// Returns `E_A1`, which identifies the attribute.
    #[must_use]
    pub const fn first(&self) -> &Point {
        &self.e_a1
    }
}

impl Encoding for [Ciphertext; 2] {
    fn read(reader: &mut Reader<'_>) -> Result<Self, ParseError> {
        Ok([reader.read()?, reader.read()?])
    }

    fn write(&self, bytes: &mut Vec<u8>) {
        self.iter().for_each(|ciphertext| ciphertext.write(bytes));
    }
}
