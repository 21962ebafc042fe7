//! `POST /auth/verify-email/resend`: requests the mail of a sign-up again.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_protocol::Timestamp;
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Email, EmailToken, EmailTokenPurpose, IssuerRepository, Login, PendingSignUp, ShadowSignUp,
    StorageKeys, StoreError, TransactionName,
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
    mail::{self, OutgoingMail, RESET_LIFETIME, VERIFY_LIFETIME},
    mail_limits::MailKind,
    mail_request::{self, Outcome},
    problems::VERIFY_VALIDATION_ERROR,
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::{issuer::IssuerState, job_queue::Job};

#[derive(Deserialize, ToSchema)]
pub(crate) struct ResendRequest {
    /// The address of the sign-up.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    pub(crate) email: Secret,
}

/// Requests the mail of a sign-up again. The link of the earlier mail ends if the address has one
/// unconfirmed sign-up. If it has several, the links of the others stay valid.
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
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VERIFY_VALIDATION_ERROR).into_response(),
        Ok(Outcome::Accepted) => StatusCode::ACCEPTED.into_response(),
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// Problems of every endpoint: too many requests, a body of another type or size, and an
/// unavailable database.
async fn decide(
    issuer: &Arc<IssuerState>,
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

/// Accepts a request. A later job ([`crate::job_queue`]) does all work that depends on the
/// sign-up.
///
/// # Errors
/// No mail, a full queue, and 503 or 500 when the database is unavailable.
pub(crate) async fn accept(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    request: &ResendRequest,
) -> Result<Outcome, Problem> {
    mail_request::accept(issuer, client, MailKind::Resend, &request.email, |email| {
        ResendJob { email }
    })
    .await
}

/// Sends another link to the address if it has an unconfirmed sign-up, and a decoy otherwise.
struct ResendJob {
    email: Email,
}

#[async_trait]
impl Job for ResendJob {
    async fn run(&mut self, issuer: &IssuerState) -> Result<(), Problem> {
        const NAME: TransactionName = TransactionName::new("resend verification");
        let mut rng = issuer.entropy.rng();
        let renewal = LinkRenewal {
            token: EmailToken::random(&mut *rng),
            keys: issuer.database.storage_keys(),
            public_url: &issuer.login.settings.public_url,
            now: issuer.now(),
        };
        let mail = issuer
            .stored(async {
                let mut transaction = issuer.database.begin(NAME).await?;
                let known = transaction.login_by_email(&self.email).await?;
                let waits = known
                    .as_ref()
                    .is_some_and(|(login, account)| !login.verified && !account.disabled);
                let mail = match known {
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
                Ok(mail)
            })
            .await?;
        if let Some(sender) = &issuer.login.mail {
            sender.send_or_decoy(&self.email, mail);
        }
        Ok(())
    }
}

/// A new link that replaces the one of an earlier mail.
struct LinkRenewal<'a> {
    token: EmailToken,
    keys: Arc<StorageKeys>,
    public_url: &'a str,
    now: Timestamp,
}

impl LinkRenewal<'_> {
    /// Renews the link. It confirms the password of the only unconfirmed sign-up. With several
    /// sign-ups, or none, it is unknown which password is the owner's: the mail then lets the owner
    /// set one, which confirms the address too.
    async fn renew(
        &self,
        transaction: &mut dyn IssuerRepository,
        login: Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<OutgoingMail, StoreError> {
        let hash = |purpose| self.keys.email_token_hash(&self.token, purpose);
        let only = transaction.take_only_sign_up(&login.aci, self.now).await?;
        let Some(verifier) = only else {
            let expires = self.now.plus(RESET_LIFETIME);
            let hash = hash(EmailTokenPurpose::ResetPassword);
            transaction
                .add_reset_token(&hash, &login.aci, expires)
                .await?;
            let mail = mail::verify_by_reset(login.email, self.public_url, &self.token);
            return Ok(mail);
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

    /// Renews the shadow, which lasts a day from now, whatever the number of sign-ups and whether
    /// the address is confirmed or not.
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

    /// Writes as much as a renewal does, so that the next request waits as long.
    async fn write_decoy(&self, transaction: &mut dyn IssuerRepository) -> Result<(), StoreError> {
        let purpose = EmailTokenPurpose::VerifyEmail;
        let hash = self.keys.email_token_hash(&self.token, purpose);
        let expires = self.now.plus(VERIFY_LIFETIME);
        transaction.add_decoy_token(&hash, expires).await
    }
}
