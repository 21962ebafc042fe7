//! One-time tokens: those of password resets and sign-ups, and invites.

use anteroom_protocol::{Aci, DAY};
use rand::{SeedableRng, rngs::StdRng};

use super::{Fixture, IssuerBackend, NOW, concurrency::in_parallel, login, verifier};
use crate::{
    ConfirmOutcome, EmailToken, EmailTokenPurpose, InviteCode, PendingSignUp, StoreError,
    StoredLifetimes, TokenHash,
};

pub(super) fn hash(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

/// The longest lifetimes of rows.
pub(super) const LIFETIMES: StoredLifetimes = StoredLifetimes {
    lock: 900,
    session: 7 * DAY,
    remembered_session: 30 * DAY,
    sign_up: DAY,
    reset: 3_600,
};

/// Returns a sign-up with this password that can be confirmed for 10 s.
pub(super) fn pending(aci: Aci, token: u8, password: &str) -> PendingSignUp {
    PendingSignUp {
        token: hash(token),
        aci,
        verifier: verifier(password),
        expires: NOW.plus(10),
    }
}

pub async fn a_reset_works_once_and_in_time<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[]).await;
    let absent = fixture.account();
    let end = NOW.plus(10);
    let keys = fixture.database.storage_keys();
    let token = EmailToken::random(&mut fixture.rng);
    // A token has another hash for another purpose.
    assert_ne!(
        keys.email_token_hash(&token, EmailTokenPurpose::VerifyEmail),
        keys.email_token_hash(&token, EmailTokenPurpose::ResetPassword)
    );
    let mut repository = fixture.begin().await;
    let aci = &account.aci;
    // A newer token replaces the first.
    for token in [1, 2] {
        repository
            .add_reset_token(&hash(token), aci, end)
            .await
            .unwrap();
    }
    for (token, now, expected) in [
        (1, NOW, None),
        (2, end, None),
        (2, end.minus(1), Some(*aci)),
        (2, NOW, None),
    ] {
        // A look at it uses nothing up.
        let known = repository.reset_token_account(&hash(token), now).await;
        assert_eq!(known.unwrap(), expected);
        let taken = repository.take_reset_token(&hash(token), now).await;
        assert_eq!(taken.unwrap(), expected);
    }
    let refused = repository.add_reset_token(&hash(3), &absent.aci, end).await;
    assert!(
        matches!(refused, Err(StoreError::AccountMissing)),
        "{refused:?}"
    );
}

pub async fn of_parallel_uses_of_a_token_one_wins<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let account = fixture.added(&[]).await;
    let mut rng = StdRng::seed_from_u64(2);
    let mut repository = fixture.begin().await;
    let end = NOW.plus(10);
    repository
        .add_login(&login(account.aci, "ann@example.com"), &mut rng)
        .await
        .unwrap();
    repository
        .add_sign_up(&pending(account.aci, 1, "$password"), &mut rng)
        .await
        .unwrap();
    repository.add_invite(&hash(2), NOW, end).await.unwrap();
    repository
        .add_reset_token(&hash(3), &account.aci, end)
        .await
        .unwrap();
    repository.save().await.unwrap();
    let taken = in_parallel(&fixture, move |database, _| async move {
        let mut rng = StdRng::seed_from_u64(3);
        let mut repository = database.begin(super::TEST).await.unwrap();
        let sign_up = repository.confirm_sign_up(&hash(1), NOW, &mut rng).await;
        let reset = repository.take_reset_token(&hash(3), NOW).await.unwrap();
        let invite = repository.take_invite(&hash(2), NOW).await.unwrap();
        repository.save().await.unwrap();
        let confirmed = matches!(sign_up.unwrap(), ConfirmOutcome::Confirmed(_));
        [confirmed, reset.is_some(), invite]
    })
    .await;
    for at in 0..3 {
        assert_eq!(taken.iter().filter(|taken| taken[at]).count(), 1);
    }
}

pub async fn an_invite_works_once_and_in_time<B: IssuerBackend>() {
    let mut fixture = Fixture::<B>::new().await;
    let keys = fixture.database.storage_keys();
    let code = keys.invite_hash(&InviteCode::random(&mut fixture.rng));
    let mut repository = fixture.begin().await;
    let end = NOW.plus(DAY);
    repository.add_invite(&code, NOW, end).await.unwrap();
    for (now, expected) in [(end, false), (end.minus(1), true), (NOW, false)] {
        assert_eq!(repository.take_invite(&code, now).await.unwrap(), expected);
    }
}

pub async fn an_invite_that_a_clock_ahead_has_made_lasts_as_long_as_its_maker_said<
    B: IssuerBackend,
>() {
    for (after, is_good) in [(7 * DAY - 1, true), (7 * DAY, false)] {
        let fixture = Fixture::<B>::new().await;
        let ahead = NOW.plus(300 * DAY);
        let mut repository = fixture.begin().await;
        let end = ahead.plus(7 * DAY);
        repository.add_invite(&hash(1), ahead, end).await.unwrap();
        repository.purge_expired(NOW, &LIFETIMES).await.unwrap();
        let now = NOW.plus(after);
        let taken = repository.take_invite(&hash(1), now).await.unwrap();
        assert_eq!(taken, is_good, "{after}");
    }
}
