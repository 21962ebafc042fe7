//! The explanations of the services' answers to refused requests.

use anteroom_client::{Problem, Service};

use super::Explanation;
use crate::exit_status::ExitStatus;

/// The fewest and the most characters of a password. The issuer refuses others.
pub const PASSWORD_CHARACTERS: [usize; 2] = [8, 64];

pub(super) fn of_problem(problem: &Problem) -> Explanation {
    let status = problem.status.as_u16();
    let code = match problem.code.as_str() {
        "" => "refused",
        code => code,
    };
    match (status, code) {
        (_, "ROOM_FORBIDDEN") => of_forbidden(code),
        (401, "LOGIN_INVALID_CREDENTIALS") => Explanation::refused(code)
            .text(format!(
                "the email address or the password is wrong ({status} {code})"
            ))
            .next(
                "Try again. For a new password: where the issuer sends mails, open its page \
                 /account/reset; else ask whoever runs it for anteroom account set-password",
            ),
        (423, _) => of_lock(problem, code),
        (403, "LOGIN_EMAIL_NOT_VERIFIED") => Explanation::refused(code)
            .next("Open the link in the mail of the sign-up, and log in again"),
        // The issuer says so after the right password alone.
        (403, "LOGIN_ACCOUNT_DISABLED") => Explanation::refused(code)
            .text(format!(
                "the password is right, and the account is disabled ({status} {code})"
            ))
            .next("Ask those who run the issuer for anteroom account enable ACCOUNT"),
        (422, "LOGIN_VALIDATION_ERROR") => Explanation::failed(code).next(format!(
            "Check what was typed: a password has {} to {} characters",
            PASSWORD_CHARACTERS[0], PASSWORD_CHARACTERS[1]
        )),
        (401, _) if problem.by == Service::Issuer => Explanation::refused(code)
            .text(format!(
                "the issuer does not know this device: the account or the device's password is \
                 wrong, or the device was deleted ({status} {code})"
            ))
            .next("Check --account and the password, or log in again: anteroom login"),
        (403, "ROOM_PASSKEY_WRONG") => Explanation::refused(code).next(
            "A letter of the admin secret or passkey may be mistyped, or it is of another link: ask an \
             admin of the link for it anew, who sees it with anteroom link show LINK --secret",
        ),
        (409, "CALL_ON") => {
            Explanation::refused(code).next("End the call first: anteroom call end LINK")
        }
        (409, "CALL_END_UNSUPPORTED") => Explanation::refused(code)
            .next("End the call at the media server, or wait until it is over"),
        (403, "GUESTS_OFF" | "CALL_GUESTS_REFUSED") => Explanation::refused(code)
            .next("Log in with an account (anteroom login), and join without --guest"),
        (404, "refused" | "NOT_FOUND") => of_other_service(problem),
        (_, "refused") => of_other_service(problem),
        (429 | 503, _) => {
            let next = match problem.retry_after {
                Some(wait) => format!("Try again in {} s", wait.as_secs()),
                None => "Try again later".to_owned(),
            };
            let status = match status {
                429 => ExitStatus::Refused,
                _ => ExitStatus::Unreachable,
            };
            Explanation::new(code.to_owned(), status)
                .text(without_wait(problem))
                .next(next)
        }
        (500.., _) => Explanation::unreachable(code).next("Try again later"),
        (401 | 403 | 404 | 409 | 410, _) => Explanation::refused(code),
        _ => Explanation::failed(code),
    }
}

/// Explains a refused presentation. The refusal must not trigger a fetch: together with the issuer the room
/// service could tell by the time of the fetch which account it refused.
pub(super) fn of_forbidden(code: &str) -> Explanation {
    Explanation::refused(code).next(
        "If the server params were replaced since the last renewal, use anteroom credential renew \
         and come back some hours later, or --fetch at once",
    )
}

/// The places from which the address of a service may have come.
pub(super) const fn sources(service: Service) -> &'static str {
    match service {
        Service::Issuer => "--issuer, ANTEROOM_ISSUER_URL or the login",
        Service::Rooms => "the link, --rooms or ANTEROOM_ROOMS_URL",
    }
}

/// Explains an answer that does not come from the requested service.
fn of_other_service(problem: &Problem) -> Explanation {
    let noun = match problem.by {
        Service::Issuer => "issuer",
        Service::Rooms => "room service",
    };
    let sources = sources(problem.by);
    let status = problem.status.as_u16();
    if status >= 500 {
        return Explanation::unreachable("proxy_failed")
            .text(format!(
                "the {noun} does not answer: a program in front of it answers with {status}"
            ))
            .next("Try again later, or tell whoever runs it");
    }
    Explanation::failed("service_other")
        .text(format!(
            "there is no {noun} at this address: another program answers with {status}"
        ))
        .next(format!(
            "Check the address, which comes from {sources}: it names the {noun} with its scheme, \
             its port and its path, and each of the two services has an address of its own"
        ))
}

fn of_lock(problem: &Problem, code: &str) -> Explanation {
    let wait = problem.retry_after.map_or(String::new(), |wait| {
        let minutes = wait.as_secs().div_ceil(60);
        format!(" for another {minutes} min")
    });
    Explanation::refused(code)
        .text(format!(
            "logging in with this address is locked{wait}, after too many wrong passwords ({code})"
        ))
        .next(
            "Wait, or ask whoever runs the issuer for anteroom account unlock ACCOUNT; a reset of \
             the password unlocks it too",
        )
}

/// Returns the refusal without the waiting time, which the next step contains.
fn without_wait(problem: &Problem) -> String {
    let mut problem = problem.clone();
    problem.retry_after = None;
    problem.to_string()
}
