//! `POST /auth/login`: starts a session with email and password.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_protocol::Timestamp;
use anteroom_runtime::ClientAddress;
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
    AttemptSource, Password,
    attempt::{Refusal, refused_after_all, refused_at_once},
    cookie,
    events::{self, RequestOrigin},
    hasher::VerificationResult,
    limits::LOGIN,
    password_check::{PasswordClaim, RightPassword, check},
    problems::VALIDATION_ERROR,
    refusals::{RefusedAttempt, answer},
    responses::BodyProblems,
    session,
    wire::{Secret, TokenGrant, TokenResponse, TokenTransport, read_json, tokens},
};
use crate::{
    devices::{
        self, DeviceChange,
        registration::{self, NewDevice, Registration},
    },
    issuer::IssuerState,
};

enum Outcome {
    InvalidInput,
    DeviceNameRefused(DeviceNameError),
    Refused(RefusedAttempt),
    SignedIn(Box<TokenGrant>, Vec<DeviceChange>),
}

#[derive(Deserialize, ToSchema)]
struct LoginRequest {
    /// In upper or lower case. Spaces around it are ignored.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    email: Secret,
    /// 8 to 64 characters.
    #[schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    password: Secret,
    /// Whether the session lasts 30 days without a use instead of 7.
    #[serde(default)]
    remember_me: bool,
    /// The device of an earlier login, or the number of a new one. Without it a free number is
    /// chosen.
    #[serde(rename = "deviceId")]
    #[schema(minimum = 1, maximum = 4_294_967_295_u32, example = 1)]
    device_id: Option<u32>,
    /// The name of the device: one line of 1 to 100 characters.
    #[serde(rename = "deviceName")]
    #[schema(value_type = Option<String>, min_length = 1, example = "Ann's laptop")]
    device_name: Option<Secret>,
    /// The last refresh token of the device `deviceId`, also after its session has ended. It shows
    /// that the device is known, so that neither locks of its network nor failures elsewhere apply
    /// to it. Without the member the cookie is used.
    #[schema(value_type = Option<String>)]
    refresh_token: Option<Secret>,
    /// Whether the refresh token is set as a cookie that scripts cannot read, instead of in the
    /// body.
    #[serde(default)]
    cookie: bool,
}

/// A parsed request.
struct Attempt {
    email: Email,
    password: Password,
    remember: bool,
    device: NewDevice,
    /// The last refresh token of the device, if the request contains it.
    proof: Option<RefreshToken>,
    transport: TokenTransport,
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
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    let origin = RequestOrigin::new(client, request.headers());
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&VALIDATION_ERROR).into_response(),
        Ok(Outcome::DeviceNameRefused(error)) => {
            Problem::new(devices::name_problem(error)).into_response()
        }
        Ok(Outcome::Refused(attempt)) => answer(&issuer, &origin, attempt).into_response(),
        Ok(Outcome::SignedIn(grant, changes)) => {
            issuer.note_network(client);
            events::success(&issuer, &origin, &grant.email, &grant.session);
            for change in &changes {
                issuer.announce(change);
            }
            tokens(&issuer, &grant)
        }
        Err(problem) => problem.into_response(),
    }
}

/// # Errors
/// Problems of every endpoint: too many requests, a body of another type or size, and an
/// unavailable database.
async fn decide(
    issuer: &IssuerState,
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
        transport: if request.cookie {
            TokenTransport::Cookie
        } else {
            TokenTransport::Body
        },
    })
}

/// Returns a new verifier for a right password whose stored one has another cost than new ones.
async fn hash_anew(
    issuer: &IssuerState,
    password: Password,
    verified: VerificationResult,
    source: AttemptSource,
) -> Result<Option<PasswordVerifier>, Problem> {
    match verified {
        VerificationResult::Right { outdated: true } => {
            let mut rng = issuer.entropy.rng();
            let hasher = &issuer.login.hasher;
            let hashed = hasher.hash(password, source, &mut *rng);
            Ok(Some(hashed.await?))
        }
        VerificationResult::Right { outdated: false }
        | VerificationResult::Shadow
        | VerificationResult::Wrong => Ok(None),
    }
}

/// Opens a session after the right password: deletes failures, registers the device and adds the
/// session, in one transaction.
async fn open(
    issuer: &IssuerState,
    attempt: Attempt,
    right: RightPassword,
) -> Result<Outcome, Problem> {
    const NAME: TransactionName = TransactionName::new("log in");
    let Attempt {
        email,
        password,
        remember,
        device,
        proof: _,
        transport,
    } = attempt;
    let RightPassword {
        login,
        origin,
        verified,
        source,
    } = right;
    let hashed_anew = hash_anew(issuer, password, verified, source).await?;
    let mut rng = issuer.entropy.rng();
    let keys = issuer.database.storage_keys();
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
            // The new device replaces another if the account has the maximum number.
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
            let grant = TokenGrant {
                session,
                refresh,
                email,
                issued: now,
                transport,
            };
            Ok(Outcome::SignedIn(Box::new(grant), changes))
        })
        .await
}

/// Returns the refusal for a change during the verification of the password: a lock, a new
/// password, a disabled account.
fn overtaken(
    failures: &LoginFailures,
    current: Option<&(Login, Account)>,
    verifier: &PasswordVerifier,
    now: Timestamp,
) -> Option<Refusal> {
    let known = current.map(|(login, account)| (login, account));
    let is_same = current.is_some_and(|(login, _)| login.verifier.as_str() == verifier.as_str());
    let verified = if is_same {
        VerificationResult::Right { outdated: false }
    } else {
        VerificationResult::Wrong
    };
    refused_at_once(failures, now).or_else(|| refused_after_all(known, verified))
}
