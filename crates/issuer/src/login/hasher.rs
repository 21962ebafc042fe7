//! Slow hashes of passwords, away from the async threads and never too many at once.

use std::num::NonZeroU32;

use anteroom_service::{Count, Metrics, Problem, problems};
use anteroom_store::PasswordVerifier;
use argon2::{
    Algorithm, Argon2, Params, PasswordHash, PasswordHasher as _, PasswordVerifier as _, Version,
};
use rand_core::CryptoRng;
use zeroize::Zeroizing;

use super::{Applicant, HashPlaces, Password, hash_queue::HashQueue};

/// The cost of one hash with Argon2id (RFC 9106).
///
/// The default is the first choice of OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1
/// lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// Memory in KiB, 8 at least.
    pub memory_kib: NonZeroU32,
    /// Passes over it.
    pub passes: NonZeroU32,
}

impl Default for HashCost {
    fn default() -> Self {
        Self {
            memory_kib: const { NonZeroU32::new(19 * 1024).unwrap() },
            passes: const { NonZeroU32::new(2).unwrap() },
        }
    }
}

impl HashCost {
    /// Hashes a new password on the spot, which takes a while: for tools. A service has a
    /// [`PasswordHasher`].
    ///
    /// # Errors
    /// [`HashCostError`].
    pub fn hash(
        self,
        password: &Password,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<PasswordVerifier, HashCostError> {
        hash(&self.argon2()?, password.as_bytes(), &salt(rng)).ok_or(HashCostError)
    }

    fn argon2(self) -> Result<Argon2<'static>, HashCostError> {
        let params = Params::new(self.memory_kib.get(), self.passes.get(), 1, None)
            .map_err(|_| HashCostError)?;
        Ok(Argon2::new(Algorithm::Argon2id, Version::V0x13, params))
    }
}

/// A cost that Argon2 does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Argon2 does not allow this cost")]
pub struct HashCostError;

/// Hashes and verifies passwords.
///
/// Each hash takes [`HashCost::memory_kib`] of memory and a core. A bounded number waits in turn for
/// a bounded time; clients that come when too many wait are told to try again.
pub struct PasswordHasher {
    argon2: Argon2<'static>,
    /// The verifier of passwords without an account: the same work, and no password is
    /// the right one.
    nobody: PasswordVerifier,
    queue: HashQueue,
    hashes: Count,
}

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verified {
    /// Another password.
    Wrong,
    /// The password.
    Right {
        /// Whether it was hashed at another cost than new ones are.
        outdated: bool,
    },
}

impl PasswordHasher {
    /// Hashes at this cost, as many passwords at a time as there are places.
    ///
    /// # Errors
    /// [`HashCostError`].
    pub fn new(
        cost: HashCost,
        places: HashPlaces,
        metrics: &Metrics,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Self, HashCostError> {
        let argon2 = cost.argon2()?;
        let mut secret = Zeroizing::new([0; 32]);
        rng.fill_bytes(secret.as_mut_slice());
        let nobody = hash(&argon2, secret.as_slice(), &salt(rng)).ok_or(HashCostError)?;
        Ok(Self {
            argon2,
            nobody,
            queue: HashQueue::new(places),
            hashes: metrics.count(
                "password_hashes",
                "Passwords that were hashed with Argon2id",
            ),
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// 503 when too many wait, 500 when the hash fails.
    pub(crate) async fn hash(
        &self,
        password: Password,
        applicant: Applicant,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<PasswordVerifier, Problem> {
        let salt = salt(rng);
        let argon2 = self.argon2.clone();
        let hashed = self
            .in_turn(applicant, move || hash(&argon2, password.as_bytes(), &salt))
            .await?;
        hashed.ok_or_else(|| {
            tracing::error!("a password could not be hashed");
            Problem::new(&problems::INTERNAL)
        })
    }

    /// Verifies a password; one that has no verifier is wrong, after the same work.
    ///
    /// # Errors
    /// 503 when too many wait, 500 when the hash fails.
    pub(crate) async fn verify(
        &self,
        password: Password,
        verifier: Option<PasswordVerifier>,
        applicant: Applicant,
    ) -> Result<Verified, Problem> {
        let is_known = verifier.is_some();
        let verifier = verifier.unwrap_or_else(|| self.nobody.clone());
        let argon2 = self.argon2.clone();
        let verified = self
            .in_turn(applicant, move || {
                verify(&argon2, password.as_bytes(), verifier.as_str())
            })
            .await?;
        Ok(if is_known { verified } else { Verified::Wrong })
    }

    async fn in_turn<T: Send + 'static>(
        &self,
        applicant: Applicant,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, Problem> {
        let permit = self.queue.turn(applicant).await?;
        self.hashes.add(1);
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            work()
        });
        done.await.map_err(|_| {
            tracing::error!("a password's hash panicked or was cut off");
            Problem::new(&problems::INTERNAL)
        })
    }
}

fn salt(rng: &mut (dyn CryptoRng + Send)) -> [u8; 16] {
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    salt
}

/// As a PHC string, which says the cost.
fn hash(argon2: &Argon2<'_>, password: &[u8], salt: &[u8]) -> Option<PasswordVerifier> {
    let hash = argon2.hash_password_with_salt(password, salt).ok()?;
    PasswordVerifier::new(Zeroizing::new(hash.to_string())).ok()
}

/// At the cost that the verifier names.
fn verify(argon2: &Argon2<'_>, password: &[u8], verifier: &str) -> Verified {
    let Ok(stored) = PasswordHash::new(verifier) else {
        tracing::error!("a stored password verifier cannot be read");
        return Verified::Wrong;
    };
    match argon2.verify_password(password, &stored) {
        Ok(()) => Verified::Right {
            outdated: is_outdated(argon2.params(), &stored),
        },
        Err(_) => Verified::Wrong,
    }
}

fn is_outdated(wanted: &Params, stored: &PasswordHash) -> bool {
    let version = Some(u32::from(Version::V0x13));
    let is_same_algorithm =
        stored.algorithm == Algorithm::Argon2id.ident() && stored.version == version;
    let cost = |params: &Params| (params.m_cost(), params.t_cost(), params.p_cost());
    let is_same_cost = Params::try_from(stored).is_ok_and(|stored| cost(&stored) == cost(wanted));
    !(is_same_algorithm && is_same_cost)
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroUsize, sync::Arc};

    use anteroom_protocol::Timestamp;
    use anteroom_service::{ClientAddress, Clock, NoEvents};
    use rand_chacha::ChaCha20Rng;
    use rand_core::SeedableRng as _;

    use super::*;

    struct Midnight;

    impl Clock for Midnight {
        fn now(&self) -> Timestamp {
            Timestamp::from_secs(0)
        }
    }

    fn cost(memory_kib: u32, passes: u32) -> HashCost {
        HashCost {
            memory_kib: NonZeroU32::new(memory_kib).unwrap(),
            passes: NonZeroU32::new(passes).unwrap(),
        }
    }

    const ONE: HashPlaces = HashPlaces::new(NonZeroUsize::MIN);
    const APPLICANT: Applicant = Applicant::UnknownNetwork(ClientAddress::UNKNOWN);

    fn rng() -> ChaCha20Rng {
        ChaCha20Rng::seed_from_u64(1)
    }

    fn hasher(cost: HashCost) -> PasswordHasher {
        let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(Midnight));
        PasswordHasher::new(cost, ONE, &metrics, &mut rng()).unwrap()
    }

    fn password(text: &str) -> Password {
        Password::parse(text).unwrap()
    }

    #[tokio::test]
    async fn only_the_password_is_right_and_nobodys_is_never() {
        let hasher = hasher(cost(8, 1));
        let verifier = hasher
            .hash(password("correct horse"), APPLICANT, &mut rng())
            .await
            .unwrap();
        assert!(verifier.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
        for (text, known, expected) in [
            ("correct horse", true, Verified::Right { outdated: false }),
            ("correct horsf", true, Verified::Wrong),
            ("correct horse", false, Verified::Wrong),
        ] {
            let verifier = known.then(|| verifier.clone());
            let verified = hasher
                .verify(password(text), verifier, APPLICANT)
                .await
                .unwrap();
            assert_eq!(verified, expected, "{text}");
        }
        assert_eq!(hasher.hashes.number(), 4);
    }

    #[tokio::test]
    async fn a_hash_at_another_cost_is_taken_and_said_to_be_outdated() {
        let old = hasher(cost(8, 2));
        let verifier = old
            .hash(password("correct horse"), APPLICANT, &mut rng())
            .await
            .unwrap();
        for (memory, passes, outdated) in [(8, 2, false), (16, 2, true), (8, 1, true)] {
            let verified = hasher(cost(memory, passes))
                .verify(password("correct horse"), Some(verifier.clone()), APPLICANT)
                .await;
            assert_eq!(verified.unwrap(), Verified::Right { outdated });
        }
    }

    #[test]
    fn the_default_cost_is_the_recommended_one() {
        let hash = hash(&hasher(HashCost::default()).argon2, b"x", &[1; 16]).unwrap();
        assert!(hash.as_str().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"));
        assert_eq!(
            PasswordHasher::new(
                cost(7, 1),
                ONE,
                &Metrics::new(Arc::new(NoEvents), Arc::new(Midnight)),
                &mut rng()
            )
            .err(),
            Some(HashCostError)
        );
    }
}
