//! Signing in with an email address and a password.
//!
//! [`LoginClient`] requests a session from the issuer; [`LoginSession`] renews it. A session has an access
//! token, which is valid for 15 minutes and authenticates every request, and a refresh token, which is valid
//! for one renewal and exchanged for a new pair. A refresh token that is presented again gets the same pair
//! for 10 seconds, and ends the session after that, since one of its two holders must be a thief. Therefore
//! the holder of a session must ensure that
//! - one renewal runs at a time, in this process ([`LoginSession`]) and in all others that share the session
//!   ([`SessionStore::lock`](crate::SessionStore::lock)), and each starts with the newest token;
//! - the new refresh token is stored before the old one is dropped, by an atomic write;
//! - a started renewal runs to its end, even if its caller no longer waits for it.
//!
//! The effect of a process or machine that stops, by the moment at which it stops:
//!
//! | when | stored token | token the issuer accepts | effect |
//! |---|---|---|---|
//! | before the request arrives | the old one | the old one | none: the next renewal works |
//! | after the issuer has exchanged it, before the new one is stored | the old one | the new one | within 10 seconds the next renewal gets the new one again; later the session is over: sign in again |
//! | after the new one is stored | the new one | the new one | none |
//!
//! A lost answer has the effect of the second row. After the 10 seconds the issuer cannot tell the owner, who
//! lost the answer, from a thief. Only the session is lost: its device stays the same at the next login.

mod client;
mod memory_session;
mod session;

pub use self::{client::LoginClient, memory_session::MemorySession, session::LoginSession};
