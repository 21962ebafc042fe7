//! Logins with an email address and a password, and the sessions and tokens that follow from them.

mod email;
mod failures;
mod identity;
mod repository;
mod rows;
mod session;
mod token;
mod verifier;

pub use self::{
    email::{Email, EmailError, NewEmailError},
    failures::{LockPolicy, LoginFailures, LoginOrigin},
    identity::{IdentityLink, IdentityName},
    repository::{
        IdentityReader, IdentityRepository, LoginFailureReader, LoginFailureRepository,
        LoginReader, LoginRepository, SessionReader, SessionRepository, SignUpReader,
        SignUpRepository, TokenReader, TokenRepository,
    },
    rows::{
        AccountSummary, ConfirmOutcome, Login, PendingSignUp, RotateOutcome, ShadowSignUp,
        StoredLifetimes,
    },
    session::{Session, SessionCaller, SessionId},
    token::{EmailToken, EmailTokenPurpose, InviteCode, RefreshToken, TokenHash},
    verifier::{PasswordVerifier, PasswordVerifierError},
};
