//! `POST /auth/password-reset/confirm`: sets a new password with the token of a mail.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    EmailToken, EmailTokenPurpose, Login, PasswordVerifier, TokenHash, TransactionName,
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
    Password,
    limits::RESET,
    mail::{self, DeviceCleanup},
    problems::{RESET_LINK_INVALID, RESET_VALIDATION_ERROR},
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::{
    account_limit::{RenewalCause, RenewalPermit},
    devices::{ChangeCause, DeviceChange},
    issuer::IssuerState,
};

pub(crate) enum Outcome {
    InvalidInput,
    LinkInvalid,
    Reset,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct ConfirmResetRequest {
    /// The token of the mail.
    #[schema(value_type = String, pattern = "^[A-Za-z0-9_-]{43}$", example = "oje_zg02EWkgZd8831hK3n6vLIFuGRjcxIWLVkW2BmY")]
    pub(crate) token: Secret,
    /// The new password: 8 to 64 characters.
    #[schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    pub(crate) password: Secret,
    /// Whether to keep the devices that sessions and other devices have given a password of their
    /// own.
    #[serde(default, rename = "keepDevices")]
    pub(crate) keep_devices: bool,
}

/// Sets a new password. All sessions of the account end. Devices that sessions or other devices
/// have given a password of their own are deleted, unless the request keeps them.
#[utoipa::path(
    post,
    path = "/auth/password-reset/confirm",
    tag = "login",
    request_body = ConfirmResetRequest,
    responses(
        BodyProblems,
        (status = NO_CONTENT, description = "The password is the new one."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`RESET_LINK_INVALID`, `BAD_REQUEST`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`RESET_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`RESET_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
    )
)]
pub(crate) async fn confirm_reset(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&RESET_VALIDATION_ERROR).into_response(),
        Ok(Outcome::LinkInvalid) => Problem::new(&RESET_LINK_INVALID).into_response(),
        Ok(Outcome::Reset) => StatusCode::NO_CONTENT.into_response(),
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
    match read_json::<ConfirmResetRequest>(issuer, &head.headers, body).await? {
        Some(request) => accept(issuer, client, &request).await,
        None => Ok(Outcome::InvalidInput),
    }
}

/// Applies the limit of the client's address, before all other checks. It is the limit of requests
/// for a reset, because every attempt costs a hash.
///
/// # Errors
/// 429 when the limit is reached.
pub(crate) async fn admit(issuer: &IssuerState, client: ClientAddress) -> Result<(), Problem> {
    issuer.admit(&RESET, client).await
}

/// # Errors
/// 503 or 500 when the database is unavailable.
pub(crate) async fn accept(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    request: &ConfirmResetRequest,
) -> Result<Outcome, Problem> {
    let Ok(password) = Password::parse(request.password.as_str()) else {
        return Ok(Outcome::InvalidInput);
    };
    let Some(token) = EmailToken::parse(request.token.as_str()) else {
        return Ok(Outcome::LinkInvalid);
    };
    let Some(done) = reset(issuer, client, &token, password, request.keep_devices).await? else {
        return Ok(Outcome::LinkInvalid);
    };
    let Reset { login, deleted } = done;
    issuer.authenticator.forget_sessions(&login.aci);
    for change in &deleted {
        issuer.announce(change);
    }
    if let Some(sender) = &issuer.login.mail {
        let cleanup = if request.keep_devices {
            DeviceCleanup::Kept
        } else {
            DeviceCleanup::Deleted(deleted.len())
        };
        sender.send(mail::password_changed(login.email, cleanup));
    }
    Ok(Outcome::Reset)
}

/// A completed reset.
struct Reset {
    login: Login,
    deleted: Vec<DeviceChange>,
}

/// Resets the password in one transaction, so that a link still works if its password could not be
/// stored. The link also proves the ownership of the mailbox: the address is confirmed, failures
/// are deleted, and the limits of the account are reset.
async fn reset(
    issuer: &IssuerState,
    client: ClientAddress,
    token: &EmailToken,
    password: Password,
    keeps_devices: bool,
) -> Result<Option<Reset>, Problem> {
    const LOOK_UP: TransactionName = TransactionName::new("look up reset");
    const PURPOSE: EmailTokenPurpose = EmailTokenPurpose::ResetPassword;
    let mut rng = issuer.entropy.rng();
    let source = issuer.attempt_source(client, None);
    let hashed = issuer.login.hasher.hash(password, source, &mut *rng);
    let verifier = hashed.await?;
    let hash = issuer
        .database
        .storage_keys()
        .email_token_hash(token, PURPOSE);
    let known = issuer
        .stored(async {
            let mut reader = issuer.database.read(LOOK_UP).await?;
            reader.reset_token_account(&hash, issuer.now()).await
        })
        .await?;
    let Some(aci) = known else {
        return Ok(None);
    };
    let renewal = RenewalPermit::take(issuer, RenewalCause::Reset, &aci).await;
    let change = Change {
        token: hash,
        verifier,
        keeps_devices,
        renews_limits: renewal.is_some(),
    };
    let done = change.store(issuer, &mut *rng).await;
    if let Some(renewal) = renewal
        && !matches!(done, Ok(Some(_)))
    {
        renewal.refund(issuer).await;
    }
    done
}

/// The change of a reset.
struct Change {
    token: TokenHash,
    verifier: PasswordVerifier,
    keeps_devices: bool,
    renews_limits: bool,
}

impl Change {
    /// `None` if the token is unknown, used or over.
    async fn store(
        &self,
        issuer: &IssuerState,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Option<Reset>, Problem> {
        const NAME: TransactionName = TransactionName::new("reset password");
        let now = issuer.now();
        issuer
            .stored(async {
                let mut transaction = issuer.database.begin(NAME).await?;
                let Some(aci) = transaction.take_reset_token(&self.token, now).await? else {
                    return Ok(None);
                };
                let Some(login) = transaction.login(&aci).await? else {
                    return Ok(None);
                };
                transaction.set_verifier(&aci, &self.verifier, rng).await?;
                transaction.set_verified(&aci).await?;
                transaction.clear_login_failures(&login.email, None).await?;
                transaction.end_sessions(&aci).await?;
                if self.renews_limits {
                    transaction.renew_limits(&aci).await?;
                }
                let deleted = if self.keeps_devices {
                    Vec::new()
                } else {
                    let mut changes = issuer.device_changes(&mut *transaction, now);
                    changes
                        .delete_requested(&aci, ChangeCause::Account(aci))
                        .await?
                };
                transaction.save().await?;
                Ok(Some(Reset { login, deleted }))
            })
            .await
    }
}
