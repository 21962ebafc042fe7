//! The answers to refused attempts.

use std::sync::Arc;

use anteroom_http_server::Problem;
use anteroom_runtime::RetryAfter;

use crate::{
    domain::login::{
        events::RequestOrigin,
        recent::NotRecent,
        refusals::{Refusal, RefusedAttempt, report},
    },
    http::problems::{
        ACCOUNT_DISABLED, ACCOUNT_LOCKED, EMAIL_NOT_VERIFIED, INVALID_CREDENTIALS, RATE_LIMITED,
        RECENT_REQUIRED, VALIDATION_ERROR, refused,
    },
    state::AccountsState,
};

/// Reports a refused attempt, and returns the answer.
pub(crate) fn answer(
    accounts: &Arc<AccountsState>,
    origin: &RequestOrigin,
    attempt: RefusedAttempt,
) -> Problem {
    let problem = match attempt.refusal {
        Refusal::Locked => {
            let problem = Problem::new(&ACCOUNT_LOCKED);
            match attempt.failures.locked_until {
                Some(end) => {
                    let left = end.as_secs().saturating_sub(accounts.now().as_secs());
                    problem.retry_after(RetryAfter::from_secs(left))
                }
                None => problem,
            }
        }
        Refusal::Wrong => refused(&INVALID_CREDENTIALS),
        Refusal::Disabled => Problem::new(&ACCOUNT_DISABLED),
        Refusal::Unverified => Problem::new(&EMAIL_NOT_VERIFIED),
    };
    report(accounts, origin, attempt);
    problem
}

/// Returns the answer to a change without a recent login.
pub(crate) fn not_recent(
    accounts: &Arc<AccountsState>,
    origin: &RequestOrigin,
    reason: NotRecent,
) -> Problem {
    match reason {
        NotRecent::Required => Problem::new(&RECENT_REQUIRED),
        NotRecent::InvalidInput => Problem::new(&VALIDATION_ERROR),
        NotRecent::RateLimited(after) => Problem::new(&RATE_LIMITED).retry_after(after),
        NotRecent::Refused(attempt) => answer(accounts, origin, attempt),
    }
}
