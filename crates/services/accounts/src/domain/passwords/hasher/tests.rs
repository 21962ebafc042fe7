use std::{num::NonZeroUsize, sync::Arc};

use anteroom_protocol::Timestamp;
use anteroom_runtime::{ClientAddress, Clock, NoEvents};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

use super::*;

struct MidnightClock;

impl Clock for MidnightClock {
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

const ONE: HashQueueLimits = HashQueueLimits::new(NonZeroUsize::MIN);
const SOURCE: AttemptSource = AttemptSource::UnknownNetwork(ClientAddress::UNKNOWN);

fn rng() -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(1)
}

fn hasher(cost: HashCost) -> PasswordHasher {
    let metrics = Metrics::new(Arc::new(NoEvents), Arc::new(MidnightClock));
    PasswordHasher::new(cost, ONE, &metrics, &mut rng()).unwrap()
}

fn password(text: &str) -> Password {
    Password::parse(text).unwrap()
}

#[tokio::test]
async fn only_the_password_is_right_and_nobodys_is_never() {
    let hasher = hasher(cost(8, 1));
    let verifier = hasher
        .hash(password("correct horse"), SOURCE, &mut rng())
        .await
        .unwrap();
    assert!(verifier.as_str().starts_with("$argon2id$v=19$m=8,t=1,p=1$"));
    for (text, known, expected) in [
        (
            "correct horse",
            true,
            VerificationResult::Right { outdated: false },
        ),
        ("correct horsf", true, VerificationResult::Wrong),
        ("correct horse", false, VerificationResult::Wrong),
    ] {
        let verifiers = Verifiers {
            login: known.then(|| verifier.clone()),
            shadow: None,
        };
        let verified = hasher
            .verify(password(text), verifiers, SOURCE)
            .await
            .unwrap();
        assert_eq!(verified, expected, "{text}");
    }
    assert_eq!(hasher.hashes.number(), 4);
}

fn of_login(verifier: &PasswordVerifier) -> Verifiers {
    Verifiers {
        login: Some(verifier.clone()),
        shadow: None,
    }
}

#[tokio::test]
async fn one_hash_shows_whether_a_password_is_that_of_the_login_or_of_its_shadow() {
    use VerificationResult::{Right, Shadow, Wrong};
    let hasher = hasher(cost(8, 1));
    let login = hasher
        .hash(password("correct horse"), SOURCE, &mut rng())
        .await;
    let login = login.unwrap();
    let beside = async |text: &str| {
        let mut rng = rng();
        let hashed = hasher.hash_like_login(password(text), Some(login.clone()), SOURCE, &mut rng);
        hashed.await.unwrap()
    };
    let shadow = beside("strange horse").await;
    let elsewhere = hasher
        .hash_like_login(password("strange horse"), None, SOURCE, &mut rng())
        .await
        .unwrap();
    let other_salt = {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let hashed = hasher
            .hash(password("strange horse"), SOURCE, &mut rng)
            .await;
        hashed.unwrap()
    };
    assert!(
        elsewhere
            .as_str()
            .starts_with("$argon2id$v=19$m=8,t=1,p=1$")
    );
    for (text, shadow, expected) in [
        ("correct horse", Some(&shadow), Right { outdated: false }),
        ("strange horse", Some(&shadow), Shadow),
        ("another horse", Some(&shadow), Wrong),
        ("strange horse", None, Wrong),
        // A shadow beside another password: the login was changed since.
        ("strange horse", Some(&other_salt), Wrong),
    ] {
        let before = hasher.hashes.number();
        let verifiers = Verifiers {
            login: Some(login.clone()),
            shadow: shadow.cloned(),
        };
        let verified = hasher
            .verify(password(text), verifiers, SOURCE)
            .await
            .unwrap();
        assert_eq!(verified, expected, "{text}");
        assert_eq!(hasher.hashes.number() - before, 1);
    }
    // Without a confirmed login.
    for (text, shadow, expected) in [
        ("strange horse", Some(&shadow), Shadow),
        ("another horse", Some(&shadow), Wrong),
        ("strange horse", None, Wrong),
    ] {
        let before = hasher.hashes.number();
        let verifiers = Verifiers {
            login: None,
            shadow: shadow.cloned(),
        };
        let verified = hasher.verify(password(text), verifiers, SOURCE).await;
        assert_eq!(verified.unwrap(), expected, "{text}");
        assert_eq!(hasher.hashes.number() - before, 1);
    }
}

#[tokio::test]
async fn a_hash_at_another_cost_is_taken_and_said_to_be_outdated() {
    let old = hasher(cost(8, 2));
    let verifier = old
        .hash(password("correct horse"), SOURCE, &mut rng())
        .await
        .unwrap();
    for (memory, passes, outdated) in [(8, 2, false), (16, 2, true), (8, 1, true)] {
        let verified = hasher(cost(memory, passes))
            .verify(password("correct horse"), of_login(&verifier), SOURCE)
            .await;
        assert_eq!(verified.unwrap(), VerificationResult::Right { outdated });
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
            &Metrics::new(Arc::new(NoEvents), Arc::new(MidnightClock)),
            &mut rng()
        )
        .err(),
        Some(HashCostError)
    );
}
