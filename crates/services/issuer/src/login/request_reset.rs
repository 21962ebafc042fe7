//! `POST /auth/password-reset`: requests a mail with a link to set a new password.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_runtime::ClientAddress;
use anteroom_store::{Email, EmailToken, EmailTokenPurpose, TransactionName};
use async_trait::async_trait;
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::StatusCode;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    limits::RESET,
    mail::{self, RESET_LIFETIME},
    mail_limits::MailKind,
    mail_request::{self, Outcome},
    problems::RESET_VALIDATION_ERROR,
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::{issuer::IssuerState, job_queue::Job};

#[derive(Deserialize, ToSchema)]
pub(crate) struct ResetRequest {
    /// The address of the account.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    pub(crate) email: Secret,
}

/// Requests a new password. If the address has an account, a mail explains the next step. The
/// answer is sent before anything depends on the account.
#[utoipa::path(
    post,
    path = "/auth/password-reset",
    tag = "login",
    request_body = ResetRequest,
    responses(
        BodyProblems,
        (status = ACCEPTED, description = "If the address has an account, a mail is on its way."),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`RESET_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`RESET_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`UNAVAILABLE`, also where no mail is set up; `OVERLOADED`"),
    )
)]
pub(crate) async fn request_reset(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&RESET_VALIDATION_ERROR).into_response(),
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
    admit(issuer, client).await?;
    let (head, body) = request.into_parts();
    match read_json::<ResetRequest>(issuer, &head.headers, body).await? {
        Some(request) => accept(issuer, client, &request).await,
        None => Ok(Outcome::InvalidInput),
    }
}

/// Applies the limit of the client's address, before all other checks.
///
/// # Errors
/// 429 when the limit is reached.
pub(crate) async fn admit(issuer: &IssuerState, client: ClientAddress) -> Result<(), Problem> {
    issuer.admit(&RESET, client).await
}

/// Accepts a request. A later job ([`crate::job_queue`]) does all work that depends on the
/// account.
///
/// # Errors
/// No mail, a full queue, and 503 or 500 when the database is unavailable.
pub(crate) async fn accept(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    request: &ResetRequest,
) -> Result<Outcome, Problem> {
    mail_request::accept(issuer, client, MailKind::Reset, &request.email, |email| {
        PasswordResetJob { email }
    })
    .await
}

/// Sends a link to the address if it has an account, and a decoy otherwise.
struct PasswordResetJob {
    email: Email,
}

#[async_trait]
impl Job for PasswordResetJob {
    async fn run(&mut self, issuer: &IssuerState) -> Result<(), Problem> {
        const NAME: TransactionName = TransactionName::new("ask for password reset");
        const PURPOSE: EmailTokenPurpose = EmailTokenPurpose::ResetPassword;
        let token = EmailToken::random(&mut *issuer.entropy.rng());
        let keys = issuer.database.storage_keys();
        let hash = keys.email_token_hash(&token, PURPOSE);
        let expires = issuer.now().plus(RESET_LIFETIME);
        let is_known = issuer
            .stored(async {
                let mut transaction = issuer.database.begin(NAME).await?;
                let known = transaction.login_by_email(&self.email).await?;
                let known = known.filter(|(_, account)| !account.disabled);
                match &known {
                    Some((login, _)) => {
                        transaction
                            .add_reset_token(&hash, &login.aci, expires)
                            .await?;
                    }
                    // Writes as much for all other addresses, so that the next request waits as
                    // long.
                    None => transaction.add_decoy_token(&hash, expires).await?,
                }
                transaction.save().await?;
                Ok(known.is_some())
            })
            .await?;
        if let Some(sender) = &issuer.login.mail {
            let url = &issuer.login.settings.public_url;
            let mail = is_known.then(|| mail::reset(self.email.clone(), url, &token));
            sender.send_or_decoy(&self.email, mail);
        }
        Ok(())
    }
}
