//! Slow password hashes, on threads that may block and limited in number.

use std::num::NonZeroU32;

use anteroom_runtime::{Count, Metrics};
use anteroom_store::PasswordVerifier;
use argon2::{
    Algorithm, Argon2, CustomizedPasswordHasher as _, Params, PasswordHash, PasswordHasher as _,
    Version,
};
use rand_core::CryptoRng;
use tracing::Span;
use zeroize::Zeroizing;

use crate::domain::{
    failure::Failure,
    passwords::{
        attempt_source::AttemptSource,
        hash_queue::{HashQueue, HashQueueLimits},
        password::Password,
    },
};

/// The cost of one hash with Argon2id (RFC 9106).
///
/// The default is the first choice of OWASP's Password Storage Cheat Sheet: 19 MiB, 2 passes, 1
/// lane.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashCost {
    /// The memory in KiB, at least 8.
    pub memory_kib: NonZeroU32,
    /// The number of passes over the memory.
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
    /// Hashes a new password on the calling thread, which takes a while. It is for tools; a service
    /// has a [`PasswordHasher`].
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

/// The error for a cost that Argon2 does not allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("Argon2 does not allow this cost")]
pub struct HashCostError;

/// Hashes and verifies passwords.
///
/// Each hash takes [`HashCost::memory_kib`] of memory and a core. A bounded number waits for a
/// bounded time. Further clients are told to try again.
pub struct PasswordHasher {
    argon2: Argon2<'static>,
    /// The verifier for passwords without an account: it causes the same work, and no password
    /// matches it.
    nobody: PasswordVerifier,
    queue: HashQueue,
    hashes: Count,
}

/// The result of a verification.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum VerificationResult {
    Wrong,
    /// The password is right.
    Right {
        /// Whether its hash has another cost than new ones.
        outdated: bool,
    },
    /// The password is that of a shadow of a sign-up, which gives no access.
    Shadow,
}

/// The stored hashes that one computed hash is compared with.
#[derive(Default)]
pub(crate) struct Verifiers {
    /// The verifier of the login, if its address is confirmed or its account disabled.
    pub(crate) login: Option<PasswordVerifier>,
    /// The verifier of a sign-up with the address. Beside a login it comes from
    /// [`PasswordHasher::hash_like_login`].
    pub(crate) shadow: Option<PasswordVerifier>,
}

impl PasswordHasher {
    /// Creates a hasher with this cost and these numbers of hashes.
    ///
    /// # Errors
    /// [`HashCostError`].
    pub fn new(
        cost: HashCost,
        limits: HashQueueLimits,
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
            queue: HashQueue::new(limits),
            hashes: metrics.count(
                "password_hashes",
                "Passwords that were hashed with Argon2id",
            ),
        })
    }

    /// Hashes a new password.
    ///
    /// # Errors
    /// 503 when too many hashes wait, 500 when the hash fails.
    pub(crate) async fn hash(
        &self,
        password: Password,
        source: AttemptSource,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<PasswordVerifier, Failure> {
        let salt = salt(rng);
        let work = move |argon2: &Argon2<'_>| hash(argon2, password.as_bytes(), &salt);
        self.run_queued(source, work).await?.ok_or_else(failed)
    }

    /// Hashes a password that is verified together with that of an existing login: with the same
    /// salt and cost, so that one hash decides both. Without a login it does the same as
    /// [`Self::hash`].
    ///
    /// # Errors
    /// 503 when too many hashes wait, 500 when the hash fails.
    pub(crate) async fn hash_like_login(
        &self,
        password: Password,
        login: Option<PasswordVerifier>,
        source: AttemptSource,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<PasswordVerifier, Failure> {
        let Some(login) = login else {
            return self.hash(password, source, rng).await;
        };
        let work = move |argon2: &Argon2<'_>| {
            let stored = PasswordHash::new(login.as_str()).ok()?;
            as_text(&hash_like(argon2, password.as_bytes(), &stored)?)
        };
        self.run_queued(source, work).await?.ok_or_else(failed)
    }

    /// Verifies a password. A password without a verifier is wrong, after the same work.
    ///
    /// # Errors
    /// 503 when too many hashes wait, 500 when the hash fails.
    pub(crate) async fn verify(
        &self,
        password: Password,
        verifiers: Verifiers,
        source: AttemptSource,
    ) -> Result<VerificationResult, Failure> {
        let Verifiers { login, shadow } = verifiers;
        let right_without_login = match (&login, &shadow) {
            (Some(_), _) => None,
            (None, Some(_)) => Some(VerificationResult::Shadow),
            (None, None) => Some(VerificationResult::Wrong),
        };
        let login = login
            .or_else(|| shadow.clone())
            .unwrap_or_else(|| self.nobody.clone());
        let work =
            move |argon2: &Argon2<'_>| verify(argon2, password.as_bytes(), &login, shadow.as_ref());
        let verified = self.run_queued(source, work).await?;
        Ok(match (verified, right_without_login) {
            (VerificationResult::Right { .. }, Some(instead)) => instead,
            _ => verified,
        })
    }

    async fn run_queued<T: Send + 'static>(
        &self,
        source: AttemptSource,
        work: impl FnOnce(&Argon2<'_>) -> T + Send + 'static,
    ) -> Result<T, Failure> {
        let permit = self.queue.acquire(source).await?;
        self.hashes.add(1);
        let (argon2, span) = (self.argon2.clone(), Span::current());
        let done = tokio::task::spawn_blocking(move || {
            let _permit = permit;
            span.in_scope(|| work(&argon2))
        });
        done.await.map_err(|_| {
            tracing::error!("a password's hash panicked or was cut off");
            Failure::Internal
        })
    }
}

fn failed() -> Failure {
    tracing::error!("a password could not be hashed");
    Failure::Internal
}

fn salt(rng: &mut (dyn CryptoRng + Send)) -> [u8; 16] {
    let mut salt = [0; 16];
    rng.fill_bytes(&mut salt);
    salt
}

fn hash(argon2: &Argon2<'_>, password: &[u8], salt: &[u8]) -> Option<PasswordVerifier> {
    as_text(&argon2.hash_password_with_salt(password, salt).ok()?)
}

/// Returns the hash as a PHC string, which contains the cost.
fn as_text(hash: &PasswordHash) -> Option<PasswordVerifier> {
    PasswordVerifier::new(Zeroizing::new(hash.to_string())).ok()
}

/// Hashes with the salt and the cost of a stored hash.
fn hash_like(argon2: &Argon2<'_>, password: &[u8], stored: &PasswordHash) -> Option<PasswordHash> {
    let params = Params::try_from(stored).ok()?;
    let algorithm = Some(stored.algorithm.as_str());
    argon2
        .hash_password_customized(
            password,
            stored.salt.as_ref()?,
            algorithm,
            stored.version,
            params,
        )
        .ok()
}

fn verify(
    argon2: &Argon2<'_>,
    password: &[u8],
    login: &PasswordVerifier,
    shadow: Option<&PasswordVerifier>,
) -> VerificationResult {
    let Ok(stored) = PasswordHash::new(login.as_str()) else {
        tracing::error!("a stored password verifier cannot be read");
        return VerificationResult::Wrong;
    };
    let Some(offered) = hash_like(argon2, password, &stored) else {
        tracing::error!("a stored password verifier cannot be used");
        return VerificationResult::Wrong;
    };
    // `==` of these outputs takes constant time.
    let is_login = offered.hash.is_some() && offered.hash == stored.hash;
    let is_shadow = shadow
        .and_then(|shadow| PasswordHash::new(shadow.as_str()).ok())
        .is_some_and(|shadow| is_same_input(&shadow, &stored) && offered.hash == shadow.hash);
    match (is_login, is_shadow) {
        (true, _) => VerificationResult::Right {
            outdated: is_outdated(argon2.params(), &stored),
        },
        (false, true) => VerificationResult::Shadow,
        (false, false) => VerificationResult::Wrong,
    }
}

/// Returns whether equal passwords have equal hashes.
fn is_same_input(one: &PasswordHash, other: &PasswordHash) -> bool {
    one.algorithm == other.algorithm
        && one.version == other.version
        && one.params == other.params
        && one.salt == other.salt
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
mod tests;
