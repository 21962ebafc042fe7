//! `POST /auth/verify-email/resend`: the mail of a sign-up once more.

use std::sync::Arc;

use anteroom_protocol::Timestamp;
use anteroom_service::{ClientAddress, Problem, ProblemDocument, problems};
use anteroom_store::{
    Email, EmailToken, EmailTokenPurpose, IssuerRepository, Login, PendingSignUp, ServiceKeys,
    StoreError, TransactionName,
};
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
    problems::VERIFY_VALIDATION_ERROR,
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::issuer::Core;

/// The outcomes of a request.
pub(crate) enum Outcome {
    InvalidInput,
    /// If a sign-up waits for the address, a mail is on its way. The answer does not say.
    Accepted,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ResendRequest {
    /// The address of the sign-up.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    pub(crate) email: Secret,
}

/// Asks for the mail of a sign-up once more. The link of the mail before ends.
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
    issuer: &Core,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    issuer.admit(&RESEND, client).await?;
    let (head, body) = request.into_parts();
    match read_json::<ResendRequest>(issuer, &head.headers, body).await? {
        Some(request) => accept(issuer, &request).await,
        None => Ok(Outcome::InvalidInput),
    }
}

/// # Errors
/// A database that is gone for now.
pub(crate) async fn accept(issuer: &Core, request: &ResendRequest) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("resend verification");
    let Ok(email) = Email::parse(request.email.as_str()) else {
        return Ok(Outcome::InvalidInput);
    };
    let Some(mailbox) = &issuer.login.mail else {
        tracing::warn!("a verification mail was asked for, but no mail is set up");
        return Err(Problem::new(&problems::UNAVAILABLE));
    };
    let has_room = issuer.admit_mail("verification mail", &email).await;
    let mut rng = issuer.entropy.rng();
    let again = Renewal {
        token: EmailToken::random(&mut *rng),
        keys: issuer.database.service_keys(),
        public_url: issuer.login.settings.public_url.clone(),
        now: issuer.now(),
    };
    let letter = issuer
        .stored(async {
            // A transaction that may write also for other addresses: it takes as long.
            let mut transaction = issuer.database.begin(NAME).await?;
            let known = transaction.login_by_email(&email).await?;
            let waiting =
                known.filter(|(login, account)| has_room && !login.verified && !account.disabled);
            let letter = match waiting {
                Some((login, _)) => Some(again.renew(&mut *transaction, login, &mut *rng).await?),
                None => None,
            };
            transaction.save().await?;
            Ok(letter)
        })
        .await?;
    if let Some(letter) = letter {
        mailbox.post(letter);
    }
    Ok(Outcome::Accepted)
}

/// A new link in place of the one of an earlier mail.
struct Renewal {
    token: EmailToken,
    keys: Arc<ServiceKeys>,
    public_url: String,
    now: Timestamp,
}

impl Renewal {
    /// The link confirms the password of the only sign-up that waits. Where several wait, or none
    /// any more, nobody can tell which password is the owner's: then the mail has the owner choose
    /// one, which confirms the address too.
    async fn renew(
        self,
        transaction: &mut dyn IssuerRepository,
        login: Login,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Letter, StoreError> {
        let Self {
            token,
            keys,
            public_url,
            now,
        } = self;
        let hash = |purpose| keys.email_token_hash(&token, purpose);
        let Some(verifier) = transaction.take_only_sign_up(&login.aci, now).await? else {
            let expires = now.plus(RESET_LIFETIME);
            let hash = hash(EmailTokenPurpose::ResetPassword);
            transaction
                .add_reset_token(&hash, &login.aci, expires)
                .await?;
            return Ok(mail::verify_by_reset(login.email, &public_url, &token));
        };
        let sign_up = PendingSignUp {
            token: hash(EmailTokenPurpose::VerifyEmail),
            aci: login.aci,
            verifier,
            expires: now.plus(VERIFY_LIFETIME),
        };
        transaction.add_sign_up(&sign_up, rng).await?;
        Ok(mail::verify_again(login.email, &public_url, &token))
    }
}
