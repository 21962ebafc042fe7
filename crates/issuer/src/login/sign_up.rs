//! `POST /auth/signup`: a login for an email address, once its owner confirms it.

use std::sync::Arc;

use anteroom_protocol::{Aci, AuthSalt, Timestamp};
use anteroom_service::{ClientAddress, Problem, ProblemDocument};
use anteroom_store::{
    Account, Email, EmailToken, EmailTokenPurpose, InviteCode, IssuerRepository, Login,
    PasswordVerifier, PendingSignUp, StoreError, TransactionName,
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
    Password, SignUp,
    limits::SIGN_UP,
    mail::{self, Letter, Mailbox, VERIFY_LIFETIME},
    problems::{INVITE_INVALID, SIGN_UP_CLOSED, SIGN_UP_VALIDATION_ERROR},
    responses::BodyProblems,
    wire::{Secret, read_json},
};
use crate::issuer::Core;

/// The outcomes of a request.
pub(crate) enum Outcome {
    InvalidInput,
    Closed,
    InvalidInvite,
    /// A mail says how to go on. What it says depends on whether the address has an account: the
    /// answer does not.
    Accepted,
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct SignUpRequest {
    /// In any case; spaces around it do not count. At most 255 characters.
    #[schema(value_type = String, pattern = r"^\s*\S{1,253}@\S{1,253}\s*$", example = "ann@example.org")]
    pub(crate) email: Secret,
    /// 8 to 64 characters.
    #[schema(value_type = String, min_length = 8, max_length = 192, example = "correct horse battery staple")]
    pub(crate) password: Secret,
    /// Needed where sign-up is by invitation.
    #[serde(rename = "inviteCode")]
    #[schema(value_type = Option<String>)]
    pub(crate) invite_code: Option<Secret>,
}

/// Asks for an account. A mail says how to go on, whether the address has one already or not.
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
    State(issuer): State<Arc<Core>>,
    client: ClientAddress,
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
/// Problems that are not this endpoint's own: too many requests, a body of another type or size, and
/// a database that is gone for now.
async fn decide(
    issuer: &Core,
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

/// The limit of the client's address, which comes before everything else.
///
/// # Errors
/// Too many requests came from there.
pub(crate) async fn admit(issuer: &Core, client: ClientAddress) -> Result<(), Problem> {
    issuer.admit(&SIGN_UP, client).await
}

/// Whether anybody can sign up here, if only with an invite code. Without mail nobody can.
pub(crate) fn is_open(issuer: &Core) -> bool {
    issuer.login.settings.sign_up != SignUp::Closed && issuer.login.mail.is_some()
}

/// # Errors
/// A database that is gone for now.
pub(crate) async fn accept(
    issuer: &Core,
    client: ClientAddress,
    request: &SignUpRequest,
) -> Result<Outcome, Problem> {
    let mailbox = match &issuer.login.mail {
        Some(mailbox) if is_open(issuer) => mailbox,
        _ => return Ok(Outcome::Closed),
    };
    let email = Email::parse(request.email.as_str());
    let password = Password::parse(request.password.as_str());
    let (Ok(email), Ok(password)) = (email, password) else {
        return Ok(Outcome::InvalidInput);
    };
    let invite = match issuer.login.settings.sign_up {
        SignUp::Open | SignUp::Closed => None,
        SignUp::Invite => {
            let code = request.invite_code.as_ref();
            match code.and_then(|code| InviteCode::parse(code.as_str().trim())) {
                Some(code) => Some(code),
                None => return Ok(Outcome::InvalidInvite),
            }
        }
    };
    let mut rng = issuer.entropy.rng();
    let applicant = issuer.applicant(client, None);
    let hashed = issuer.login.hasher.hash(password, applicant, &mut *rng);
    let verifier = hashed.await?;
    let application = Application {
        email,
        verifier,
        invite,
        now: issuer.now(),
    };
    match application.store(issuer, &mut *rng).await? {
        Stored::InvalidInvite => Ok(Outcome::InvalidInvite),
        Stored::Yes(letter) => {
            post(&**mailbox, letter);
            Ok(Outcome::Accepted)
        }
    }
}

fn post(mailbox: &dyn Mailbox, letter: Option<Letter>) {
    if let Some(letter) = letter {
        mailbox.post(letter);
    }
}

struct Application {
    email: Email,
    verifier: PasswordVerifier,
    invite: Option<InviteCode>,
    now: Timestamp,
}

enum Stored {
    InvalidInvite,
    /// With the mail to send, if there is room for one.
    Yes(Option<Letter>),
}

/// The state of an address before its mail.
enum Taken {
    /// It has an account that it is no sign-up for.
    Confirmed,
    /// It is to be confirmed.
    Waiting {
        aci: Aci,
        /// Whether nobody has signed up with it before.
        is_first: bool,
    },
}

impl Application {
    /// All or nothing. The invite code is used up for a known address too: otherwise its owner could
    /// ask which addresses are known.
    async fn store(
        self,
        issuer: &Core,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Stored, Problem> {
        const NAME: TransactionName = TransactionName::new("sign up");
        let keys = issuer.database.service_keys();
        issuer
            .stored(async {
                let mut transaction = issuer.database.begin(NAME).await?;
                if let Some(code) = &self.invite {
                    let hash = keys.invite_hash(code);
                    if !transaction.take_invite(&hash, self.now).await? {
                        return Ok(Stored::InvalidInvite);
                    }
                }
                // After the code: who has none takes no mail away from an address.
                if !issuer.admit_mail("sign-up mail", &self.email).await {
                    // Nothing is saved, so the code is good for another time.
                    return Ok(Stored::Yes(None));
                }
                let token = EmailToken::random(&mut *rng);
                let url = &issuer.login.settings.public_url;
                let letter = match self.take_in(&mut *transaction, &mut *rng).await? {
                    Taken::Confirmed => mail::known(self.email, url),
                    Taken::Waiting { aci, is_first } => {
                        let purpose = EmailTokenPurpose::VerifyEmail;
                        let sign_up = PendingSignUp {
                            token: keys.email_token_hash(&token, purpose),
                            aci,
                            verifier: self.verifier,
                            expires: self.now.plus(VERIFY_LIFETIME),
                        };
                        transaction.add_sign_up(&sign_up, rng).await?;
                        mail::verify(self.email, url, &token, is_first)
                    }
                };
                transaction.save().await?;
                Ok(Stored::Yes(Some(letter)))
            })
            .await
    }

    /// An address that nobody has confirmed yet can be signed up with again and again: each
    /// sign-up waits with a password of its own, and the mail that is opened decides which. So who
    /// signs up with the address of somebody else, before or after its owner does, does not have
    /// the password of what the owner confirms with the owner's mail.
    async fn take_in(
        &self,
        transaction: &mut dyn IssuerRepository,
        rng: &mut (dyn CryptoRng + Send),
    ) -> Result<Taken, StoreError> {
        if let Some((login, account)) = transaction.login_by_email(&self.email).await? {
            return Ok(if login.verified || account.disabled {
                Taken::Confirmed
            } else {
                Taken::Waiting {
                    aci: login.aci,
                    is_first: false,
                }
            });
        }
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
        Ok(Taken::Waiting {
            aci,
            is_first: true,
        })
    }
}
