//! A stateful hash object (section 1).
//!
//! The state is a 32-byte chaining value `cv`. An [`Absorption`] takes data in and ends with a ratchet, which
//! replaces `cv`; [`Sho::squeeze`] returns output and replaces `cv` too. Only a ratcheted object may be
//! squeezed. The borrow checker enforces this: an open absorption borrows the object.

use core::marker::PhantomData;

use curve25519_dalek::{RistrettoPoint, Scalar};
use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use zeroize::{Zeroize, Zeroizing};

const OUTPUT: u8 = 1;
const RATCHET: u8 = 2;

/// The hash function of a hash object: one of the two constructions of section 1.
pub trait Flavour {
    /// The state of an absorption.
    type Hasher;
    /// Starts an absorption.
    fn start(cv: &[u8; 32]) -> Self::Hasher;
    /// Adds data to an absorption.
    fn feed(hasher: &mut Self::Hasher, data: &[u8]);
    /// Ends an absorption and returns the next chaining value.
    fn finish(hasher: Self::Hasher) -> [u8; 32];
    /// The state before every output block under one `cv`.
    type KeyedState;
    /// Computes that state, once for all blocks.
    fn keyed(cv: &[u8; 32]) -> Self::KeyedState;
    /// Hashes `number` under `cv` for the purpose `domain`: an output block or the next `cv`.
    fn derive(keyed: &Self::KeyedState, number: u64, domain: u8) -> [u8; 32];
}

/// The flavour with HMAC-SHA256, used in nearly all places.
#[derive(Clone, Copy, Debug)]
pub enum HmacSha256 {}

impl Flavour for HmacSha256 {
    type Hasher = Hmac<Sha256>;

    fn start(cv: &[u8; 32]) -> Self::Hasher {
        // A key of at most one block is padded with zeros: this is HMAC under `cv` itself.
        let mut block = Zeroizing::new([0; 64]);
        let (head, _) = block.split_at_mut(32);
        head.copy_from_slice(cv);
        Hmac::new((&*block).into())
    }

    fn feed(hasher: &mut Self::Hasher, data: &[u8]) {
        hasher.update(data);
    }

    fn finish(mut hasher: Self::Hasher) -> [u8; 32] {
        hasher.update(&[0]);
        hasher.finalize().into_bytes().into()
    }

    type KeyedState = Hmac<Sha256>;

    fn keyed(cv: &[u8; 32]) -> Self::KeyedState {
        Self::start(cv)
    }

    fn derive(keyed: &Self::KeyedState, number: u64, domain: u8) -> [u8; 32] {
        let mut hasher = keyed.clone();
        hasher.update(&number.to_be_bytes());
        hasher.update(&[domain]);
        hasher.finalize().into_bytes().into()
    }
}

/// The flavour with plain SHA-256, used for the system points only.
#[derive(Clone, Copy, Debug)]
pub enum PlainSha256 {}

impl Flavour for PlainSha256 {
    type Hasher = Sha256;

    fn start(cv: &[u8; 32]) -> Self::Hasher {
        Sha256::new().chain_update([0; 64]).chain_update(cv)
    }

    fn feed(hasher: &mut Self::Hasher, data: &[u8]) {
        Digest::update(hasher, data);
    }

    fn finish(hasher: Self::Hasher) -> [u8; 32] {
        Sha256::digest(Digest::finalize(hasher)).into()
    }

    type KeyedState = [u8; 32];

    fn keyed(cv: &[u8; 32]) -> Self::KeyedState {
        *cv
    }

    fn derive(keyed: &Self::KeyedState, number: u64, domain: u8) -> [u8; 32] {
        Sha256::new()
            .chain_update([0; 63])
            .chain_update([domain])
            .chain_update(keyed)
            .chain_update(number.to_be_bytes())
            .finalize()
            .into()
    }
}

/// A stateful hash object, wiped on drop.
pub struct Sho<F: Flavour = HmacSha256> {
    cv: [u8; 32],
    flavour: PhantomData<F>,
}

impl Sho {
    /// Creates an object of the HMAC flavour under a label.
    #[must_use]
    pub fn new(label: &[u8]) -> Self {
        Self::labelled(label)
    }

    /// Creates an object of the HMAC flavour with `data` absorbed under `label`: the notation `SHO(label,
    /// data)`.
    #[must_use]
    pub fn of(label: &[u8], data: &[u8]) -> Self {
        Self::labelled(label).with(data)
    }
}

impl Sho<PlainSha256> {
    /// Creates an object of the plain SHA-256 flavour under a label.
    #[must_use]
    pub fn plain(label: &[u8]) -> Self {
        Self::labelled(label)
    }
}

impl<F: Flavour> Sho<F> {
    fn labelled(label: &[u8]) -> Self {
        let blank = Self {
            cv: [0; 32],
            flavour: PhantomData,
        };
        blank.with(label)
    }

    /// Absorbs `data` and ratchets.
    #[must_use]
    pub fn with(mut self, data: &[u8]) -> Self {
        self.absorb_and_ratchet(data);
        self
    }

    /// Absorbs `data` and ratchets.
    pub fn absorb_and_ratchet(&mut self, data: &[u8]) {
        self.absorb(data).ratchet();
    }

    /// Starts an absorption with `data`. It has no effect until it is ratcheted.
    pub fn absorb(&mut self, data: &[u8]) -> Absorption<'_, F> {
        let hasher = F::start(&self.cv);
        Absorption { sho: self, hasher }.and(data)
    }

    /// Fills `output` and ratchets.
    pub fn squeeze(&mut self, output: &mut [u8]) {
        let keyed = F::keyed(&self.cv);
        for (block, number) in output.chunks_mut(32).zip(0..) {
            let full = Zeroizing::new(F::derive(&keyed, number, OUTPUT));
            for (to, from) in block.iter_mut().zip(full.iter()) {
                *to = *from;
            }
        }
        self.cv = F::derive(&keyed, output.len() as u64, RATCHET);
    }

    /// Squeezes `N` bytes.
    #[must_use]
    pub fn squeeze_array<const N: usize>(&mut self) -> [u8; N] {
        let mut output = [0; N];
        self.squeeze(&mut output);
        output
    }

    /// Squeezes a point of unknown discrete logarithm.
    #[must_use]
    pub fn point(&mut self) -> RistrettoPoint {
        RistrettoPoint::from_uniform_bytes(&self.squeeze_array())
    }

    /// Squeezes a scalar.
    #[must_use]
    pub fn scalar(&mut self) -> Scalar {
        Scalar::from_bytes_mod_order_wide(&Zeroizing::new(self.squeeze_array()))
    }
}

impl<F: Flavour> Clone for Sho<F> {
    fn clone(&self) -> Self {
        Self {
            cv: self.cv,
            flavour: PhantomData,
        }
    }
}

impl<F: Flavour> Drop for Sho<F> {
    fn drop(&mut self) {
        self.cv.zeroize();
    }
}

crate::redacted_debug!(impl [F: Flavour] Sho<F>);

/// An open absorption. The parts of its input are concatenated; only the ratchet ends the input.
#[must_use = "an absorption counts only once it is ratcheted"]
pub struct Absorption<'s, F: Flavour> {
    sho: &'s mut Sho<F>,
    hasher: F::Hasher,
}

impl<F: Flavour> Absorption<'_, F> {
    /// Adds data.
    pub fn and(mut self, data: &[u8]) -> Self {
        F::feed(&mut self.hasher, data);
        self
    }

    /// Ends the input and replaces the chaining value.
    pub fn ratchet(self) {
        self.sho.cv = F::finish(self.hasher);
    }
}

crate::redacted_debug!(impl [F: Flavour] Absorption<'_, F>);
