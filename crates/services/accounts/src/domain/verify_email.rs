//! The confirmation of a sign-up's address.

use anteroom_store::{ConfirmOutcome, EmailToken, EmailTokenPurpose, TransactionName};

use crate::domain::{
    failure::Failure,
    storage::{Storage, stored},
};

/// The outcomes of a verification.
pub(crate) enum VerifyOutcome {
    LinkInvalid,
    Verified,
    /// The same link has confirmed the address before.
    VerifiedBefore,
}

/// Confirms the address of the sign-up whose mail contains the token.
pub(crate) async fn verify_email(storage: &Storage, token: &str) -> Result<VerifyOutcome, Failure> {
    const NAME: TransactionName = TransactionName::new("verify email");
    let Some(token) = EmailToken::parse(token) else {
        return Ok(VerifyOutcome::LinkInvalid);
    };
    let keys = storage.database.storage_keys();
    let hash = keys.email_token_hash(&token, EmailTokenPurpose::VerifyEmail);
    let now = storage.now();
    let mut rng = storage.entropy.rng();
    stored(async {
        let mut transaction = storage.database.begin(NAME).await?;
        let confirmed = transaction.confirm_sign_up(&hash, now, &mut *rng).await?;
        transaction.save().await?;
        Ok(match confirmed {
            ConfirmOutcome::Confirmed(_) => VerifyOutcome::Verified,
            ConfirmOutcome::Repeated => VerifyOutcome::VerifiedBefore,
            ConfirmOutcome::Invalid => VerifyOutcome::LinkInvalid,
        })
    })
    .await
}
