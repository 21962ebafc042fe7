//! `POST /auth/verify-email/resend`: the mail of a sign-up once more.

use std::sync::Arc;

use anteroom_protocol::Timestamp;
use anteroom_service::{ClientAddress, Problem, ProblemDocument};
use anteroom_store::{
    Email, EmailToken, EmailTokenPurpose, IssuerRepository, Login, PendingSignUp, ServiceKeys,
    ShadowSignUp, StoreError, TransactionName,
};
use async_trait::async_trait;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use rand_core::CryptoRng;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    limits::RESEND,
    mail::{self, Letter, RESET_LIFETIME, VERIFY_LIFETIME},
    mail_limits::MailKind,
    mail_request::{self, Outcome},
    problems::VERIFY_VALIDATION_ERROR,
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::{background::Job, issuer::Core};

#[derive(Deserialize, ToSchema)]
pub(crate) struct ResendRequest {
    /// The address of the sign-up.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    pub(crate) email: Secret,
}

/// Asks for the mail of a sign-up once more. The link of the mail before ends where one sign-up
/// waits for the address; where several do, those of the others go on.
#[utoipa::path(
    post,
    path = "/auth/verify-email/resend",
    tag = "login",
    request_body = ResendRequest,
    responses(
        BodyProblems,
        (status = ACCEPTED, description = "If a sign-up waits for this address, a mail is on its \
                                           way."),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`VERIFY_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`VERIFY_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`UNAVAILABLE`, also where no mail is set up; `OVERLOADED`"),
    )
)]
pub(crate) async fn resend(
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VERIFY_VALIDATION_ERROR).into_response(),
        Ok(Outcome::Accepted) => StatusCode::ACCEPTED.into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// Problems that are not this endpoint's own: too many requests, a body of another type or size, and
/// a database that is gone for now.
async fn decide(
    issuer: &Arc<Core>,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    issuer.admit(&RESEND, client).await?;
    let (head, body) = request.into_parts();
    match read_json::<ResendRequest>(issuer, &head.headers, body).await? {
        Some(request) => accept(issuer, client, &request).await,
        None => Ok(Outcome::InvalidInput),
    }
}

/// Everything that depends on the sign-up is done later ([`crate::background`]).
///
/// # Errors
/// No mail, a queue that is full, and a database that is gone for now.
pub(crate) async fn accept(
    issuer: &Arc<Core>,
    client: ClientAddress,
    request: &ResendRequest,
) -> Result<Outcome, Problem> {
    mail_request::accept(issuer, client, MailKind::Resend, &request.email, |email| {
        ResendJob { email }
    })
    .await
}

/// Mails another link to the address, if a sign-up waits for it; otherwise a decoy is posted.
struct ResendJob {
    email: Email,
}

#[async_trait]
impl Job for ResendJob {
    async fn run(&mut self, issuer: &Core) -> Result<(), Problem> {
        const NAME: TransactionName = TransactionName::new("resend verification");
        let mut rng = issuer.entropy.rng();
        let renewal = Renewal {
            token: EmailToken::random(&mut *rng),
            keys: issuer.database.service_keys(),
            public_url: &issuer.login.settings.public_url,
            now: issuer.now(),
        };
        let letter = issuer
            .stored(async {
                let mut transaction = issuer.database.begin(NAME).await?;
                let known = transaction.login_by_email(&self.email).await?;
                let waits = known
                    .as_ref()
                    .is_some_and(|(login, account)| !login.verified && !account.disabled);
                let letter = match known {
                    Some((login, _)) => {
                        renewal
                            .renew_shadow(&mut *transaction, &login, &mut *rng)
                            .await?;
                        if waits {
                            Some(renewal.renew(&mut *transaction, login, &mut *rng).await?)
                        } else {
                            None
                        }
                    }
                    None => {
                        renewal.write_decoy(&mut *transaction).await?;
                        None
                    }
                };
                transaction.save().await?;
                Ok(letter)
            })
            .await?;
        if let Some(mailbox) = &issuer.login.mail {
            mailbox.post_or_decoy(&self.email, letter);
        }
        Ok(())
    }
}

/// A new link in place of the one of an earlier mail.
struct Renewal<'a> {
    token: EmailToken,
    keys: Arc<ServiceKeys>,
    public_url: &'a str,
    now: Timestamp,
}

impl Renewal<'_> {
    /// The link confirms the password of the only sign-up that waits. Where several wait, or none
    /// any more, nobody can tell which password is the owner's: then the mail has the owner choose
    /// one, which confirms the address too.
    async fn renew(
        &self,
        transaction: &mut dyn IssuerRepository,
        login: Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Letter, StoreError> {
        let hash = |purpose| self.keys.email_token_hash(&self.token, purpose);
        let only = transaction.take_only_sign_up(&login.aci, self.now).await?;
        let Some(verifier) = only else {
            let expires = self.now.plus(RESET_LIFETIME);
            let hash = hash(EmailTokenPurpose::ResetPassword);
            transaction
                .add_reset_token(&hash, &login.aci, expires)
                .await?;
            let letter = mail::verify_by_reset(login.email, self.public_url, &self.token);
            return Ok(letter);
        };
        let sign_up = PendingSignUp {
            token: hash(EmailTokenPurpose::VerifyEmail),
            aci: login.aci,
            verifier,
            expires: self.now.plus(VERIFY_LIFETIME),
        };
        transaction.add_sign_up(&sign_up, rng).await?;
        Ok(mail::verify_again(
            login.email,
            self.public_url,
            &self.token,
        ))
    }

    /// The shadow lasts a day from now, however many sign-ups wait and whether the address is
    /// confirmed or not.
    async fn renew_shadow(
        &self,
        transaction: &mut dyn IssuerRepository,
        login: &Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<(), StoreError> {
        match transaction.shadow_sign_up(&login.aci).await? {
            Some(verifier) => {
                let shadow = ShadowSignUp {
                    aci: login.aci,
                    verifier,
                    expires: self.now.plus(VERIFY_LIFETIME),
                };
                transaction.add_shadow_sign_up(&shadow, rng).await
            }
            None => self.write_decoy(transaction).await,
        }
    }

    /// As much is written where nothing is renewed: the next request waits as long.
    async fn write_decoy(&self, transaction: &mut dyn IssuerRepository) -> Result<(), StoreError> {
        let purpose = EmailTokenPurpose::VerifyEmail;
        let hash = self.keys.email_token_hash(&self.token, purpose);
        let expires = self.now.plus(VERIFY_LIFETIME);
        transaction.add_decoy_token(&hash, expires).await
    }
}
