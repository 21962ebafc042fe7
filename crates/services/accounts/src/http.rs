//! The endpoints and pages of accounts.

pub(crate) mod admission;
pub(crate) mod authentication;
pub(crate) mod confirm_reset;
pub(crate) mod cookie;
pub(crate) mod devices;
pub(crate) mod guests;
pub(crate) mod json;
pub(crate) mod jwks;
pub(crate) mod logout;
pub(crate) mod logout_all;
pub(crate) mod pages;
pub(crate) mod problems;
pub(crate) mod refresh;
pub(crate) mod refusals;
pub(crate) mod request_reset;
pub(crate) mod resend;
pub(crate) mod responses;
pub(crate) mod router;
pub(crate) mod session_proof;
pub(crate) mod sign_in;
pub(crate) mod sign_up;
pub(crate) mod tokens;
pub(crate) mod user_agent;
pub(crate) mod verify_email;
pub(crate) mod whoami;
