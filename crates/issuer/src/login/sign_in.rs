//! `POST /auth/login`: a session for email and password.

use std::sync::Arc;

use anteroom_protocol::Timestamp;
use anteroom_service::{ClientAddress, Problem, ProblemDocument};
use anteroom_store::{
    Account, DeviceId, DeviceName, DeviceNameError, DeviceOrigin, Email, Login, LoginFailures,
    PasswordVerifier, RefreshToken, Session, SessionId, StoreError, TransactionName,
};
use axum::{
    extract::{Request, State},
    response::{IntoResponse as _, Response},
};
use http::HeaderMap;
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    Applicant, Password,
    attempt::{Refusal, refused_after_all, refused_at_once},
    cookie,
    events::{self, Source},
    hasher::Verified,
    limits::LOGIN,
    password_check::{PasswordClaim, RightPassword, check},
    problems::VALIDATION_ERROR,
    refusals::{RefusedAttempt, answer},
    responses::BodyProblems,
    session,
    wire::{Delivery, Grant, Secret, TokenResponse, read_json, tokens},
};
use crate::{
    devices::{
        self, DeviceChange,
        registration::{self, NewDevice, Registration},
    },
    issuer::Core,
};

/// The outcomes of a request.
enum Outcome {
    InvalidInput,
    DeviceNameRefused(DeviceNameError),
    Refused(RefusedAttempt),
    SignedIn(Box<Grant>, Vec<DeviceChange>),
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
    #[schema(value_type = Option<String>, min_length = 1, example = "Ann's laptop")]
    device_name: Option<Secret>,
    /// The last refresh token that the device `deviceId` got, whether its session goes on or not:
    /// it shows that the device is known, so that neither locks of its network nor failures
    /// elsewhere concern it. Without the member, the cookie is looked at.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
    /// Whether the refresh token comes as a cookie that scripts cannot read, and not in the body.
    #[serde(default)]
    cookie: bool,
}

/// A request as it is understood.
struct Attempt {
    email: Email,
    password: Password,
    remember: bool,
    device: NewDevice,
    /// The last refresh token of the device, if it shows one.
    proof: Option<RefreshToken>,
    delivery: Delivery,
}

/// Starts a session.
#[utoipa::path(
    post,
    path = "/auth/login",
    tag = "login",
    request_body = LoginRequest,
    responses(
        BodyProblems,
        (status = OK, body = TokenResponse, description = "The tokens of the session.",
            headers(("Set-Cookie" = String,
                description = "The refresh token, where `cookie` asks for it."))),
        (status = BAD_REQUEST, body = ProblemDocument, content_type = "application/problem+json",
            description = "`DEVICE_DISPLAY_NAME_TOO_LONG`, `BAD_REQUEST`"),
        (status = UNAUTHORIZED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_INVALID_CREDENTIALS`"),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_ACCOUNT_DISABLED`, `LOGIN_EMAIL_NOT_VERIFIED`: only after the \
                           right password"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json",
            description = "`LOGIN_VALIDATION_ERROR`, `DEVICE_DISPLAY_NAME_INVALID`"),
        (status = LOCKED, body = ProblemDocument, content_type = "application/problem+json",
            description = "`LOGIN_ACCOUNT_LOCKED`",
            headers(("Retry-After" = u64, description = "Seconds until the lock ends."))),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`LOGIN_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
    )
)]
pub(crate) async fn sign_in(
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
    request: Request,
) -> Response {
    let source = Source::new(client, request.headers());
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VALIDATION_ERROR).into_response(),
        Ok(Outcome::DeviceNameRefused(error)) => {
            Problem::new(devices::name_problem(error)).into_response()
        }
        Ok(Outcome::Refused(attempt)) => answer(&issuer, &source, attempt).into_response(),
        Ok(Outcome::SignedIn(grant, changes)) => {
            issuer.note_network(client);
            events::success(&issuer, &source, &grant.email, &grant.session);
            for change in &changes {
                issuer.announce(change);
            }
            tokens(&issuer, &grant)
        }
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
    issuer.admit(&LOGIN, client).await?;
    let (head, body) = request.into_parts();
    let Some(request) = read_json::<LoginRequest>(issuer, &head.headers, body).await? else {
        return Ok(Outcome::InvalidInput);
    };
    let mut attempt = match understand(&request, &head.headers) {
        Ok(attempt) => attempt,
        Err(refusal) => return Ok(refusal),
    };
    attempt.device.address = issuer.address(client);

    let claim = PasswordClaim {
        email: &attempt.email,
        password: attempt.password.clone(),
        device: attempt.device.id,
        proof: attempt.proof.as_ref(),
        client,
    };
    match check(issuer, claim).await? {
        Ok(right) => open(issuer, attempt, right).await,
        Err(refused) => Ok(Outcome::Refused(refused)),
    }
}

fn understand(request: &LoginRequest, headers: &HeaderMap) -> Result<Attempt, Outcome> {
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
    let proof = match (id, &request.refresh_token) {
        (None, _) => None,
        (Some(_), Some(token)) => RefreshToken::parse(token.as_str()),
        (Some(_), None) => cookie::shown(headers),
    };
    Ok(Attempt {
        email,
        password,
        remember: request.remember_me,
        device: NewDevice {
            id,
            name,
            origin: DeviceOrigin::Login,
            password: None,
            address: None,
            caller: None,
        },
        proof,
        delivery: if request.cookie {
            Delivery::Cookie
        } else {
            Delivery::Body
        },
    })
}

/// The verifier of a right password whose own is of another cost than new ones.
async fn hash_anew(
    issuer: &Core,
    password: Password,
    verified: Verified,
    applicant: Applicant,
) -> Result<Option<PasswordVerifier>, Problem> {
    match verified {
        Verified::Right { outdated: true } => {
            let mut rng = issuer.entropy.rng();
            let hasher = &issuer.login.hasher;
            let hashed = hasher.hash(password, applicant, &mut *rng);
            Ok(Some(hashed.await?))
        }
        Verified::Right { outdated: false } | Verified::Shadow | Verified::Wrong => Ok(None),
    }
}

/// The password was right: failures are forgotten, the device is registered and the session begins,
/// all or nothing.
async fn open(issuer: &Core, attempt: Attempt, right: RightPassword) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("log in");
    let Attempt {
        email,
        password,
        remember,
        device,
        proof: _,
        delivery,
    } = attempt;
    let RightPassword {
        login,
        origin,
        verified,
        applicant,
    } = right;
    let hashed_anew = hash_anew(issuer, password, verified, applicant).await?;
    let mut rng = issuer.entropy.rng();
    let keys = issuer.database.service_keys();
    let (now, policy) = (issuer.now(), issuer.login.settings.lock);
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            let failures = transaction
                .login_failures(&email, &origin, now, policy)
                .await?;
            let current = transaction.login_by_email(&email).await?;
            if let Some(refusal) = overtaken(&failures, current.as_ref(), &login.verifier, now) {
                let refused = RefusedAttempt::new(email, Some(&login), refusal, failures);
                return Ok(Outcome::Refused(refused));
            }
            transaction
                .clear_login_failures(&email, Some(&origin))
                .await?;
            if let Some(verifier) = &hashed_anew {
                transaction
                    .set_verifier(&login.aci, verifier, &mut *rng)
                    .await?;
            }
            let mut changes = issuer.device_changes(&mut *transaction, now);
            let registered =
                registration::register(&mut changes, &keys, &login.aci, &device, now, &mut *rng);
            // Where there are too many, another one gives way.
            let Some(Registration { device, changes }) = registered.await? else {
                return Err(StoreError::InvalidValue {
                    table: "devices",
                    column: "device_id",
                });
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
            let grant = Grant {
                session,
                refresh,
                email,
                issued: now,
                delivery,
            };
            Ok(Outcome::SignedIn(Box::new(grant), changes))
        })
        .await
}

/// The refusal by a change that came while the password was verified: a lock, a new password, a disabled account.
fn overtaken(
    failures: &LoginFailures,
    current: Option<&(Login, Account)>,
    verifier: &PasswordVerifier,
    now: Timestamp,
) -> Option<Refusal> {
    let known = current.map(|(login, account)| (login, account));
    let is_same = current.is_some_and(|(login, _)| login.verifier.as_str() == verifier.as_str());
    let verified = if is_same {
        Verified::Right { outdated: false }
    } else {
        Verified::Wrong
    };
    refused_at_once(failures, now).or_else(|| refused_after_all(known, verified))
}
