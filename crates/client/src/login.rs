//! Signing in with an email address and a password.
//!
//! [`LoginClient`] asks the issuer for a session; [`LoginSession`] keeps it going. A session has an
//! access token, which is good for 15 minutes and stands in every request, and a refresh token, which
//! is good for one renewal: it is exchanged for a new pair. A refresh token that is shown again gets
//! the same pair for 10 seconds, and ends the session after that, since one of the two who showed it
//! must be a thief. So the holder of a session has to see to it that
//! - one renewal is under way at a time, in this process ([`LoginSession`]) and in all others that
//!   share the session ([`SessionStore::lock`]), and each starts with the newest token;
//! - the new refresh token is stored before the old one is forgotten, by a write that happens as a
//!   whole or not at all;
//! - a renewal that has begun goes on to its end, even if nobody waits for it any more.
//!
//! What an end of the process means, or of the machine, by when it comes:
//!
//! | when | what is stored | what the issuer takes | what follows |
//! |---|---|---|---|
//! | before the request arrives | the old token | the old token | nothing: the next renewal works |
//! | after the issuer has exchanged it, before the new one is stored | the old token | the new token | within 10 seconds the next renewal gets the new token once more; later it ends the session: the user signs in again |
//! | after the new one is stored | the new token | the new token | nothing |
//!
//! The second row is also what a lost answer means. After the 10 seconds the issuer cannot tell the
//! owner, who lost the answer, from a thief. Nothing but the session is lost, and its device stays the
//! same at the next login.

mod client;
mod session;
mod store;
mod tokens;
mod wire;

pub use self::{
    client::LoginClient,
    session::LoginSession,
    store::{LockedSession, MemorySession, SessionStore, SessionStoreError},
    tokens::{SessionTokens, SignIn, SignedIn},
};
