//! `POST /auth/signup`: creates a login for an email address, which its owner has to confirm.

use std::sync::Arc;

use anteroom_http_server::{Problem, ProblemDocument, RequestClient};
use anteroom_protocol::{Aci, AuthSalt, Timestamp};
use anteroom_runtime::ClientAddress;
use anteroom_store::{
    Account, Email, EmailToken, EmailTokenPurpose, InviteCode, IssuerRepository, Login,
    PasswordVerifier, PendingSignUp, ShadowSignUp, StoreError, TransactionName,
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
    AttemptSource, Password, SignUp,
    limits::SIGN_UP,
    mail::{self, OutgoingMail, VERIFY_LIFETIME},
    mail_limits::MailKind,
    problems::{INVITE_INVALID, SIGN_UP_CLOSED, SIGN_UP_VALIDATION_ERROR},
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::{issuer::IssuerState, job_queue::Job};

pub(crate) enum Outcome {
    InvalidInput,
    Closed,
    InvalidInvite,
    /// A mail explains the next step. Its text depends on whether the address has an account. The
    /// answer does not.
    Accepted,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignUpRequest {
    /// In upper or lower case. Spaces around it are ignored. At most 255 characters.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    pub(crate) email: Secret,
    /// 8 to 64 characters.
    #[schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    pub(crate) password: Secret,
    /// Required where sign-up is by invitation.
    #[serde(rename = "inviteCode")]
    #[schema(value_type = Option<String>)]
    pub(crate) invite_code: Option<Secret>,
}

/// Requests an account. A mail explains the next step, with or without an account of the address.
/// The answer is sent before anything depends on the account.
#[utoipa::path(
    post,
    path = "/auth/signup",
    tag = "login",
    request_body = SignUpRequest,
    responses(
        BodyProblems,
        (status = ACCEPTED, description = "A mail is on its way."),
        (status = FORBIDDEN, body = ProblemDocument, content_type = "application/problem+json",
            description = "`SIGNUP_CLOSED`, `SIGNUP_INVITE_INVALID`"),
        (status = UNPROCESSABLE_ENTITY, body = ProblemDocument,
            content_type = "application/problem+json", description = "`SIGNUP_VALIDATION_ERROR`"),
        (status = TOO_MANY_REQUESTS, body = ProblemDocument,
            content_type = "application/problem+json", description = "`SIGNUP_RATE_LIMITED`",
            headers(("Retry-After" = u64, description = "Seconds until the next request."))),
    )
)]
pub(crate) async fn sign_up(
    State(issuer): State<Arc<IssuerState>>,
    RequestClient(client): RequestClient,
    request: Request,
) -> Response {
    match decide(&issuer, client, request).await {
        Ok(Outcome::InvalidInput) => Problem::new(&SIGN_UP_VALIDATION_ERROR).into_response(),
        Ok(Outcome::Closed) => Problem::new(&SIGN_UP_CLOSED).into_response(),
        Ok(Outcome::InvalidInvite) => Problem::new(&INVITE_INVALID).into_response(),
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
    match read_json::<SignUpRequest>(issuer, &head.headers, body).await? {
        Some(request) => accept(issuer, client, &request).await,
        None => Ok(Outcome::InvalidInput),
    }
}

/// Applies the limit of the client's address, before all other checks.
///
/// # Errors
/// 429 when the limit is reached.
pub(crate) async fn admit(issuer: &IssuerState, client: ClientAddress) -> Result<(), Problem> {
    issuer.admit(&SIGN_UP, client).await
}

/// Returns whether sign-up is possible, with or without an invite code. Without mail it is not.
pub(crate) fn is_open(issuer: &IssuerState) -> bool {
    issuer.login.settings.sign_up != SignUp::Closed && issuer.login.mail.is_some()
}

/// Accepts a request. Decides only by the request itself: its shape, its invite code and the
/// limits. A later job ([`crate::job_queue`]) does the rest.
///
/// # Errors
/// A full queue, and 503 or 500 when the database is unavailable.
pub(crate) async fn accept(
    issuer: &Arc<IssuerState>,
    client: ClientAddress,
    request: &SignUpRequest,
) -> Result<Outcome, Problem> {
    if !is_open(issuer) {
        return Ok(Outcome::Closed);
    }
    let email = Email::parse_new(request.email.as_str());
    let password = Password::parse(request.password.as_str());
    let (Ok(email), Ok(password)) = (email, password) else {
        return Ok(Outcome::InvalidInput);
    };
    let reservation = issuer.job_queue.reserve(client)?;
    let admitted = match issuer.login.settings.sign_up {
        SignUp::Open | SignUp::Closed => {
            issuer.check_database().await?;
            issuer.admit_mail(MailKind::SignUp, &email, client).await
        }
        SignUp::Invite => {
            let code = request.invite_code.as_ref();
            let code = code.and_then(|code| InviteCode::parse(code.as_str().trim()));
            let Some(code) = code else {
                return Ok(Outcome::InvalidInvite);
            };
            match use_invite(issuer, &code, &email, client).await? {
                InviteOutcome::Invalid => return Ok(Outcome::InvalidInvite),
                InviteOutcome::Unused => false,
                InviteOutcome::Used => true,
            }
        }
    };
    if admitted {
        issuer.start(reservation, SignUpJob { email, password });
    }
    Ok(Outcome::Accepted)
}

/// The outcome of an invite code.
enum InviteOutcome {
    Invalid,
    /// The code stays valid, because no mail may be sent to the address.
    Unused,
    Used,
}

/// Uses the code, also for a known address: its owner could otherwise find out which addresses are
/// known. The limits of mails are checked after the code, so that a client without a code uses up
/// no mail of an address. They are checked before the code is saved as used, and count the request
/// also if that fails.
async fn use_invite(
    issuer: &IssuerState,
    code: &InviteCode,
    email: &Email,
    client: ClientAddress,
) -> Result<InviteOutcome, Problem> {
    const NAME: TransactionName = TransactionName::new("use invite");
    let hash = issuer.database.storage_keys().invite_hash(code);
    let now = issuer.now();
    issuer
        .stored(async {
            let mut transaction = issuer.database.begin(NAME).await?;
            if !transaction.take_invite(&hash, now).await? {
                return Ok(InviteOutcome::Invalid);
            }
            if !issuer.admit_mail(MailKind::SignUp, email, client).await {
                return Ok(InviteOutcome::Unused);
            }
            transaction.save().await?;
            Ok(InviteOutcome::Used)
        })
        .await
}

/// Stores a sign-up and sends its mail.
struct SignUpJob {
    email: Email,
    password: Password,
}

#[async_trait]
impl Job for SignUpJob {
    /// Causes one hash and one write for every address.
    async fn run(&mut self, issuer: &IssuerState) -> Result<(), Problem> {
        const LOOK_UP: TransactionName = TransactionName::new("look up sign-up");
        let known = issuer
            .stored(async {
                let mut reader = issuer.database.read(LOOK_UP).await?;
                reader.login_by_email(&self.email).await
            })
            .await?;
        let confirmed = known.filter(|(login, account)| is_confirmed(login, account));
        let mut rng = issuer.entropy.rng();
        let beside = confirmed.map(|(login, _)| login.verifier);
        let hasher = &issuer.login.hasher;
        let verifier = hasher
            .hash_like_login(self.password.clone(), beside, AttemptSource::Job, &mut *rng)
            .await?;
        let application = Application {
            email: self.email.clone(),
            verifier,
            now: issuer.now(),
        };
        let mail = application.store(issuer, &mut *rng).await?;
        if let Some(sender) = &issuer.login.mail {
            sender.send(mail);
        }
        Ok(())
    }
}

/// Returns whether a sign-up with the address leaves its account unchanged.
pub(super) fn is_confirmed(login: &Login, account: &Account) -> bool {
    login.verified || account.disabled
}

struct Application {
    email: Email,
    verifier: PasswordVerifier,
    now: Timestamp,
}

impl Application {
    /// Stores the sign-up in one transaction.
    ///
    /// An unconfirmed address can be signed up with repeatedly. Each sign-up has a password of its
    /// own, and the mail that is opened decides which of them is used. A stranger who signs up with
    /// an address, before or after its owner does, thus does not have the password that the owner
    /// confirms with the owner's mail.
    ///
    /// A shadow of the sign-up is stored for every address. The shadow alone decides the answer to
    /// a login with the password of the sign-up, so that the answer does not show whether the
    /// address is confirmed.
    async fn store(
        self,
        issuer: &IssuerState,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<OutgoingMail, Problem> {
        const NAME: TransactionName = TransactionName::new("sign up");
        let keys = issuer.database.storage_keys();
        let url = &issuer.login.settings.public_url;
        issuer
            .stored(async {
                let mut transaction = issuer.database.begin(NAME).await?;
                let expires = self.now.plus(VERIFY_LIFETIME);
                let known = transaction.login_by_email(&self.email).await?;
                let (aci, is_first) = match &known {
                    Some((login, _)) => (login.aci, false),
                    None => (self.add_account(&mut *transaction, &mut *rng).await?, true),
                };
                let shadow = ShadowSignUp {
                    aci,
                    verifier: self.verifier.clone(),
                    expires,
                };
                transaction.add_shadow_sign_up(&shadow, &mut *rng).await?;
                if known.is_some_and(|(login, account)| is_confirmed(&login, &account)) {
                    transaction.save().await?;
                    return Ok(mail::known(self.email, url));
                }
                let token = EmailToken::random(&mut *rng);
                let purpose = EmailTokenPurpose::VerifyEmail;
                let sign_up = PendingSignUp {
                    token: keys.email_token_hash(&token, purpose),
                    aci,
                    verifier: self.verifier,
                    expires,
                };
                transaction.add_sign_up(&sign_up, rng).await?;
                transaction.save().await?;
                Ok(mail::verify(self.email, url, &token, is_first))
            })
            .await
    }

    async fn add_account(
        &self,
        transaction: &mut dyn IssuerRepository,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Aci, StoreError> {
        let aci = Aci::random(&mut *rng);
        let account = Account::new(aci, None, AuthSalt::random(&mut *rng), self.now);
        transaction.add_account(&account, rng).await?;
        let login = Login {
            aci,
            email: self.email.clone(),
            verifier: self.verifier.clone(),
            verified: false,
            created: self.now,
        };
        transaction.add_login(&login, rng).await?;
        Ok(aci)
    }
}
