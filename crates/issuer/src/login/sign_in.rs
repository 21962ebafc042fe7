//! `POST /auth/login`: a session for email and password.

use std::sync::Arc;

use anteroom_protocol::{Aci, Timestamp};
use anteroom_service::{ClientAddress, Problem, ProblemDocument};
use anteroom_store::{
    Account, DeviceId, DeviceName, DeviceNameError, Email, Login, LoginFailures, PasswordVerifier,
    RefreshToken, Session, SessionId, TransactionName,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Password,
    attempt::{Refusal, refused_after_all, refused_at_once},
    hasher::Verified,
    problems::{
        ACCOUNT_DISABLED, ACCOUNT_LOCKED, EMAIL_NOT_VERIFIED, INVALID_CREDENTIALS,
        VALIDATION_ERROR, refused,
    },
    session,
    wire::{Secret, TokenResponse, read_json, tokens},
};
use crate::{
    devices::{
        self, DeviceChange, TOO_MANY_DEVICES,
        registration::{self, NewDevice, Registration},
    },
    issuer::Core,
};

/// What can come of a request.
enum Outcome {
    InvalidInput,
    DeviceNameRefused(DeviceNameError),
    /// The account is there only if the email has one.
    Locked(Option<Aci>),
    Disabled(Option<Aci>),
    InvalidCredentials(Option<Aci>),
    EmailNotVerified(Option<Aci>),
    TooManyDevices,
    SignedIn(Box<SignedIn>),
}

struct SignedIn {
    session: Session,
    refresh: RefreshToken,
    email: Email,
    changes: Vec<DeviceChange>,
}

#[derive(Deserialize, ToSchema)]
struct LoginRequest {
    /// In any case; spaces around it do not count.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    email: Secret,
    /// 8 to 64 characters.
    #[schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    password: Secret,
    /// Whether the session goes on for 30 days without use instead of 7.
    #[serde(default)]
    remember_me: bool,
    /// The device of an earlier login, or a number for a new one; a free one if it is left out.
    #[serde(rename = "deviceId")]
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 1)]
    device_id: Option<u32>,
    /// The name of the device: one line of 1 to 100 characters.
    #[serde(rename = "deviceName")]
    #[schema(value_type = Option<String>, max_length = 100, example = "Ann's laptop")]
    device_name: Option<Secret>,
}

/// A request as it is understood.
struct Attempt {
    email: Email,
    password: Password,
    remember: bool,
    device: NewDevice,
}

/// Starts a session.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "login",
    request_body = LoginRequest,
    responses(
        (status = OK, body = TokenResponse, description = "The tokens of the session."),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_DISPLAY_NAME_TOO_LONG`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_INVALID_CREDENTIALS`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_ACCOUNT_DISABLED`, `LOGIN_EMAIL_NOT_VERIFIED`"),
        (status = CONFLICT, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_LIMIT_REACHED`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`LOGIN_VALIDATION_ERROR`, `DEVICE_DISPLAY_NAME_INVALID`"),
        (status = LOCKED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_ACCOUNT_LOCKED`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
        (status = SERVICE_UNAVAILABLE, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`UNAVAILABLE`, `OVERLOADED`"),
    )
)]
pub(crate) async fn sign_in(
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VALIDATION_ERROR).into_response(),
        Ok(Outcome::DeviceNameRefused(error)) => {
            Problem::new(devices::name_problem(error)).into_response()
        }
        Ok(Outcome::Locked(aci)) => {
            issuer.emit_login("login.locked", aci.as_ref(), |event| event);
            Problem::new(&ACCOUNT_LOCKED).into_response()
        }
        Ok(Outcome::Disabled(aci)) => {
            let reason = "disabled";
            issuer.emit_login("login.failed", aci.as_ref(), |event| {
                event.with("reason", reason)
            });
            Problem::new(&ACCOUNT_DISABLED).into_response()
        }
        Ok(Outcome::InvalidCredentials(aci)) => {
            let reason = "invalid_credentials";
            issuer.emit_login("login.failed", aci.as_ref(), |event| {
                event.with("reason", reason)
            });
            refused(&INVALID_CREDENTIALS).into_response()
        }
        Ok(Outcome::EmailNotVerified(aci)) => {
            issuer.emit_login("login.unverified", aci.as_ref(), |event| event);
            Problem::new(&EMAIL_NOT_VERIFIED).into_response()
        }
        Ok(Outcome::TooManyDevices) => Problem::new(&TOO_MANY_DEVICES).into_response(),
        Ok(Outcome::SignedIn(signed_in)) => {
            let SignedIn {
                session,
                refresh,
                email,
                changes,
            } = *signed_in;
            issuer.emit_login("login.success", Some(&session.aci), |event| {
                event.with("device_id", session.device.as_u32())
            });
            for change in &changes {
                issuer.announce(change);
            }
            tokens(&issuer, &session, &refresh, &email)
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// What is not about this endpoint: too many requests, a body of another type or size, and what is
/// gone for now.
async fn decide(
    issuer: &Core,
    client: ClientAddress,
    request: Request,
) -> Result<Outcome, Problem> {
    let size = issuer.login.settings.limits.login;
    issuer.admit("login", size, client).await?;
    let (head, body) = request.into_parts();
    let Some(request) = read_json::<LoginRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    let mut attempt = match understand(&request) {
        Ok(attempt) => attempt,
        Err(refusal) => return Ok(refusal),
    };
    attempt.device.address = issuer.address(client);

    let (failures, known) = look_up(issuer, &attempt.email).await?;
    let account = known.as_ref().map(|(_, account)| account);
    let login = known.as_ref().map(|(login, _)| login);
    let aci = account.map(|account| account.aci);
    if let Some(refusal) = refused_at_once(&failures, account, issuer.now()) {
        return Ok(because(refusal, aci));
    }
    let verifier = login.map(|login| login.verifier.clone());
    let verified = issuer
        .login
        .hasher
        .verify(attempt.password.clone(), verifier)
        .await?;
    match (refused_after_all(login, verified), login) {
        (Some(Refusal::Wrong), _) | (None, None) => {
            count_failure(issuer, &attempt.email, aci).await
        }
        (Some(refusal), _) => Ok(because(refusal, aci)),
        (None, Some(login)) => open(issuer, attempt, login, verified).await,
    }
}

fn understand(request: &LoginRequest) -> Result<Attempt, Outcome> {
    let invalid = || Outcome::InvalidInput;
    let email = Email::parse(request.email.as_str()).map_err(|_| invalid())?;
    let password = Password::parse(request.password.as_str()).map_err(|_| invalid())?;
    let id = match request.device_id {
        Some(number) => Some(DeviceId::new(number).ok_or_else(invalid)?),
        None => None,
    };
    let name = match &request.device_name {
        Some(text) => Some(DeviceName::parse(text.as_str()).map_err(Outcome::DeviceNameRefused)?),
        None => None,
    };
    Ok(Attempt {
        email,
        password,
        remember: request.remember_me,
        device: NewDevice {
            id,
            name,
            password: None,
            address: None,
        },
    })
}

fn because(refusal: Refusal, aci: Option<Aci>) -> Outcome {
    match refusal {
        Refusal::Locked => Outcome::Locked(aci),
        Refusal::Disabled => Outcome::Disabled(aci),
        Refusal::Wrong => Outcome::InvalidCredentials(aci),
        Refusal::Unverified => Outcome::EmailNotVerified(aci),
    }
}

async fn look_up(
    issuer: &Core,
    email: &Email,
) -> Result<(LoginFailures, Option<(Login, Account)>), Problem> {
    const NAME: TransactionName = TransactionName::new("look up login");
    let now = issuer.now();
    issuer
        .stored(async {
            let mut reader = issuer.database.read(NAME).await?;
            let failures = reader.login_failures(email, now).await?;
            Ok((failures, reader.login_by_email(email).await?))
        })
        .await
}

/// Counts a wrong password, for an email without an account just the same.
///
/// Others may have failed meanwhile: the lock decides once more, where writers come one after the
/// other. So no more passwords are tried before a lock than it allows, however many come at once.
async fn count_failure(issuer: &Core, email: &Email, aci: Option<Aci>) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("count failed login");
    let now = issuer.now();
    let policy = issuer.login.settings.lock;
    let was_locked = issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let before = transaction.login_failures(email, now).await?;
            transaction.note_login_failure(email, now, policy).await?;
            transaction.save().await?;
            Ok(before.is_locked(now))
        })
        .await?;
    Ok(if was_locked {
        Outcome::Locked(aci)
    } else {
        Outcome::InvalidCredentials(aci)
    })
}

/// The password was right: failures are forgotten, the device is registered and the session begins,
/// all or nothing.
async fn open(
    issuer: &Core,
    attempt: Attempt,
    login: &Login,
    verified: Verified,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("log in");
    let Attempt {
        email,
        password,
        remember,
        device,
    } = attempt;
    let mut rng = issuer.entropy.rng();
    let stronger = match verified {
        Verified::Right { outdated: true } => {
            Some(issuer.login.hasher.hash(password, &mut *rng).await?)
        }
        Verified::Right { outdated: false } | Verified::Wrong => None,
    };
    let keys = issuer.database.service_keys();
    let now = issuer.now();
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let failures = transaction.login_failures(&email, now).await?;
            let current = transaction.login_by_email(&email).await?;
            if let Some(refusal) = overtaken(&failures, current.as_ref(), &login.verifier, now) {
                return Ok(because(refusal, Some(login.aci)));
            }
            transaction.clear_login_failures(&email).await?;
            if let Some(verifier) = &stronger {
                transaction
                    .set_verifier(&login.aci, verifier, &mut *rng)
                    .await?;
            }
            let mut changes = issuer.device_changes(&mut *transaction, now);
            let registered =
                registration::register(&mut changes, &keys, &login.aci, &device, now, &mut *rng);
            let Some(Registration { device, changes }) = registered.await? else {
                return Ok(Outcome::TooManyDevices);
            };
            let session = Session {
                id: SessionId::random(&mut *rng),
                aci: login.aci,
                device,
                remember,
                created: now,
                expires: session::expires(remember, now),
            };
            let refresh = RefreshToken::random(&mut *rng);
            let hash = keys.refresh_token_hash(&refresh);
            transaction.add_session(&session, &hash).await?;
            transaction.save().await?;
            Ok(Outcome::SignedIn(Box::new(SignedIn {
                session,
                refresh,
                email,
                changes,
            })))
        })
        .await
}

/// What has changed while the password was verified: a lock, a new password, a disabled account.
fn overtaken(
    failures: &LoginFailures,
    current: Option<&(Login, Account)>,
    verifier: &PasswordVerifier,
    now: Timestamp,
) -> Option<Refusal> {
    let account = current.map(|(_, account)| account);
    let is_same = current.is_some_and(|(login, _)| login.verifier.as_str() == verifier.as_str());
    refused_at_once(failures, account, now).or((!is_same).then_some(Refusal::Wrong))
}
