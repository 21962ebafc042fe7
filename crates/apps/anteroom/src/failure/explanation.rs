//! The failures of the client library and of links: their code, exit status and next step.

use std::error::Error;

use anteroom_accounts::Password;
use anteroom_client::{
    IssuerError, Problem, RoomsError, Service, TransportError, TransportFault, is_loopback,
};
use anteroom_protocol::{LinkError, Timestamp};
use anteroom_runtime::Clock as _;
use anteroom_store::{EmailError, KeyError, NewEmailError};
use url::Url;

use super::{Failure, files};
use crate::{exit_status::ExitStatus, os::OsClock};

/// The next step for a service with an authority's certificate, without the verb.
pub(crate) const CERTIFICATE_OF_SERVICE: &str = "the service one with basicConstraints=CA:FALSE, \
    which openssl req -x509 does not make by itself";

/// The command line's explanation of an error.
pub(super) struct Explanation {
    pub(super) code: String,
    pub(super) status: ExitStatus,
    /// The sentence that replaces the error and its causes if those would mislead.
    pub(super) text: Option<String>,
    pub(super) next: Option<String>,
}

impl Explanation {
    /// Whether it says more than that something failed.
    pub(super) fn is_closer(&self) -> bool {
        self.next.is_some() || self.code != ExitStatus::Failed.code()
    }

    /// The explanation of an error, without its causes.
    pub(super) fn of(error: &(dyn Error + 'static)) -> Option<Self> {
        if let Some(failure) = error.downcast_ref::<Failure>() {
            return Some(Self {
                code: failure.code.to_owned(),
                status: failure.status,
                text: None,
                next: failure.next.clone(),
            });
        }
        if let Some(error) = error.downcast_ref() {
            return Some(of_issuer(error));
        }
        if let Some(error) = error.downcast_ref() {
            return Some(of_rooms(error, OsClock.now()));
        }
        if let Some(problem) = error.downcast_ref() {
            return Some(of_problem(problem));
        }
        if error.is::<EmailError>() || error.is::<NewEmailError>() {
            return Some(of_email());
        }
        if let Some(error) = error.downcast_ref() {
            return Some(files::of_store(error));
        }
        if let Some(error) = error.downcast_ref::<KeyError>() {
            return Some(files::of_key(*error));
        }
        if let Some(error) = error.downcast_ref() {
            return Some(files::of_io(error));
        }
        error.downcast_ref::<LinkError>().map(of_link)
    }

    const fn new(code: String, status: ExitStatus) -> Self {
        Self {
            code,
            status,
            text: None,
            next: None,
        }
    }

    pub(super) fn failed(code: &str) -> Self {
        Self::new(code.to_owned(), ExitStatus::Failed)
    }

    fn refused(code: &str) -> Self {
        Self::new(code.to_owned(), ExitStatus::Refused)
    }

    fn unreachable(code: &str) -> Self {
        Self::new(code.to_owned(), ExitStatus::Unreachable)
    }

    pub(super) fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub(super) fn text(mut self, text: impl Into<String>) -> Self {
        self.text = Some(text.into());
        self
    }
}

fn of_issuer(error: &IssuerError) -> Explanation {
    match error {
        IssuerError::BaseUrl(_) => of_base_url(),
        IssuerError::Setup(_) => of_setup(),
        IssuerError::Unreachable(cause) => of_transport(Service::Issuer, cause),
        IssuerError::TimedOut => Explanation::unreachable("timed_out").next("Try again"),
        IssuerError::TooLarge { .. } | IssuerError::Malformed(_) => {
            Explanation::failed("answer_malformed").next("Check that the address is an issuer's")
        }
        IssuerError::Problem(problem) => of_problem(problem),
        IssuerError::Untrusted { offered, .. } if offered.is_empty() => {
            Explanation::failed("params_missing")
                .next("Tell whoever runs the issuer: anteroom keys list there shows what is there")
        }
        IssuerError::Untrusted { offered, .. } => {
            let flags: Vec<String> = offered.iter().map(|id| format!("--trust {id}")).collect();
            let next = format!(
                "Then run anteroom credential renew once with {}",
                flags.join(" ")
            );
            Explanation::failed("params_untrusted").next(next)
        }
        IssuerError::Clock { .. } | IssuerError::OddDay { .. } => of_clock(Service::Issuer),
        IssuerError::RoomsClock { .. } => of_clock(Service::Rooms),
        IssuerError::Verification => Explanation::failed("credential_unverified")
            .next("Compare the ids of anteroom credential auth with another member's"),
        IssuerError::LinkParams(_) => Explanation::failed("link_params_unknown"),
        IssuerError::SessionEnded => {
            Explanation::refused("login_ended").next("Log in again: anteroom login")
        }
        _ => Explanation::failed("failed"),
    }
}

fn of_rooms(error: &RoomsError, now: Timestamp) -> Explanation {
    if let Some(clock) = error.clock_cause(now) {
        return of_clock(Service::Rooms).text(format!("{clock}, and it refuses"));
    }
    match error {
        RoomsError::BaseUrl(_) => of_base_url(),
        RoomsError::Setup(_) => of_setup(),
        RoomsError::Unreachable(cause) => of_transport(Service::Rooms, cause),
        RoomsError::TimedOut => Explanation::unreachable("timed_out").next("Try again"),
        RoomsError::TooLarge { .. } | RoomsError::Malformed(_) => {
            Explanation::failed("answer_malformed")
                .next("Check that the address is a room service's")
        }
        RoomsError::Problem(problem) => of_problem(problem),
        RoomsError::NoSuchLink => Explanation::refused("CALL_LINK_NOT_FOUND").next(
            "It may have been deleted, or be at another room service: name that with --rooms",
        ),
        RoomsError::Closed => {
            Explanation::refused("link_closed").next("Ask an admin of the link for a new one")
        }
        RoomsError::Refused { code, .. } if code == "presentation_invalid" => of_forbidden(code),
        RoomsError::Refused { code, .. } if code == "full" => {
            Explanation::refused(code).next("Try again when somebody has left")
        }
        RoomsError::Refused { code, .. } => Explanation::refused(code),
        RoomsError::Lost => Explanation::unreachable("lost").next("Join again"),
        RoomsError::NameTooLong { .. } => {
            Explanation::failed("name_too_long").next("Choose a shorter name")
        }
        RoomsError::MessageTooLong(_) => {
            Explanation::failed("message_too_long").next("Send it in parts")
        }
        RoomsError::ReplayStore(_) => Explanation::failed("failed").next(
            "Put the key of that file back, or remove the file: then messages of calls that are on \
             now may be heard again",
        ),
        RoomsError::OtherRoom | RoomsError::Presentation => {
            Explanation::failed("credential_unusable").next("Fetch another one: use --fetch")
        }
        _ => Explanation::failed("failed"),
    }
}

fn of_base_url() -> Explanation {
    Explanation::failed("address_invalid")
        .next("Write it with its scheme: https://HOST, or http://HOST:PORT on this computer")
}

fn of_email() -> Explanation {
    Explanation::failed("email_invalid").next("Check what was typed, such as ann@mail.example")
}

fn of_setup() -> Explanation {
    Explanation::failed("tls_setup").next(files::step_at_certificates())
}

/// Returns the flag that names a service.
const fn flag(service: Service) -> &'static str {
    match service {
        Service::Issuer => "--issuer",
        Service::Rooms => "--rooms",
    }
}

/// The places from which the address of a service may have come.
const fn sources(service: Service) -> &'static str {
    match service {
        Service::Issuer => "--issuer, ANTEROOM_ISSUER_URL or the login",
        Service::Rooms => "the link, --rooms or ANTEROOM_ROOMS_URL",
    }
}

const fn setting(service: Service) -> &'static str {
    match service {
        Service::Issuer => "issuer.public_url",
        Service::Rooms => "rooms.public_url",
    }
}

fn of_transport(service: Service, error: &TransportError) -> Explanation {
    let (place, flag, sources) = (error.place(), flag(service), sources(service));
    match error.fault() {
        TransportFault::NothingListens => {
            Explanation::unreachable("nothing_listens").next(step_at_silence(service, place))
        }
        TransportFault::UnknownHost => Explanation::unreachable("host_unknown").next(format!(
            "Check the network, and the name, which comes from {sources}"
        )),
        TransportFault::PlainHttp => Explanation::unreachable("speaks_http").next(format!(
            "On this computer or a network that you trust, use {flag} http://{place}; if that \
             fails too, another program listens at this port"
        )),
        TransportFault::Encrypted => Explanation::unreachable("speaks_https").next(format!(
            "Use {flag} https://{place}; if that fails too, another program listens at this port"
        )),
        TransportFault::Closed => Explanation::unreachable("unreachable").next(format!(
            "Try again; if it stays so, another program listens at this port, or a proxy in \
             between fails: check the address, which comes from {sources}"
        )),
        TransportFault::UnknownAuthority => Explanation::unreachable("authority_unknown").next(
            files::step_at_authority(),
        ),
        TransportFault::OfAuthority => Explanation::unreachable("certificate_of_authority")
            .next(format!("Give {CERTIFICATE_OF_SERVICE}")),
        TransportFault::OtherName(names) => {
            let setting = setting(service);
            let name = names.first().map_or("NAME", String::as_str);
            let port = place.rsplit_once(':').map_or("PORT", |(_, port)| port);
            Explanation::unreachable("certificate_name").next(format!(
                "Use {flag} https://{name}:{port}, or set {setting} to the URL with that name where \
                 the service runs"
            ))
        }
        TransportFault::CertificateExpired | TransportFault::CertificateNotYetValid => Explanation::unreachable("certificate_time").next(
            "Check the clock of this computer; if it is right, the service needs a new certificate",
        ),
        _ => Explanation::unreachable("unreachable").next(format!(
            "Check the network, and the address, which comes from {sources}"
        )),
    }
}

/// The next step where nothing listens: only on this computer can the user start a service.
fn step_at_silence(service: Service, place: &str) -> String {
    let is_here = Url::parse(&format!("http://{place}")).is_ok_and(|url| is_loopback(&url));
    if is_here {
        let flag = flag(service);
        return format!("Start it with anteroom serve, or name another address with {flag}");
    }
    let sources = sources(service);
    format!(
        "Check the address, which comes from {sources}; if it is right, tell whoever runs {service}"
    )
}

fn of_problem(problem: &Problem) -> Explanation {
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
            Password::MIN_CHARACTERS,
            Password::MAX_CHARACTERS
        )),
        (401, _) if problem.by == Service::Issuer => Explanation::refused(code)
            .text(format!(
                "the issuer does not know this device: the account or the device's password is \
                 wrong, or the device was deleted ({status} {code})"
            ))
            .next("Check --account and the password, or log in again: anteroom login"),
        (403, "ROOM_PASSKEY_WRONG") => Explanation::refused(code)
            .next("Ask an admin of the link for its passkey: anteroom link show LINK --passkey"),
        (409, "CALL_ON") => {
            Explanation::refused(code).next("End the call first: anteroom call end LINK")
        }
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

/// Explains a refused presentation. The refusal must not trigger a fetch: together with the issuer the room
/// service could tell by the time of the fetch which account it refused.
fn of_forbidden(code: &str) -> Explanation {
    Explanation::refused(code).next(
        "If the server params were replaced since the last renewal, use anteroom credential renew \
         and come back some hours later, or --fetch at once",
    )
}

fn of_clock(by: Service) -> Explanation {
    Explanation::failed("clock").next(format!(
        "Set the clock that is wrong, this computer's or that of {by}, and try again"
    ))
}

fn of_link(error: &LinkError) -> Explanation {
    if *error == LinkError::OtherAddress {
        return Explanation::failed("link_unknown")
            .next("Paste the whole call link in quotes; anteroom link list shows your own");
    }
    Explanation::failed("link_damaged").next(
        "Copy the whole link again; in a shell write it in quotes, since an & ends the command",
    )
}

/// Returns the refusal without the waiting time, which the next step contains.
fn without_wait(problem: &Problem) -> String {
    let mut problem = problem.clone();
    problem.retry_after = None;
    problem.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_under_a_wrong_clock_names_both_clocks_and_no_other_step() {
        let now = Timestamp::from_secs(1_764_201_600);
        for (time, is_clock) in [
            (Some(now.plus(2 * 86_400)), true),
            (Some(now.minus(2 * 86_400)), true),
            (Some(now), false),
            (None, false),
        ] {
            let error = RoomsError::Refused {
                code: "presentation_invalid".to_owned(),
                message: String::new(),
                time,
            };
            let found = of_rooms(&error, now);
            assert_eq!(found.code == "clock", is_clock, "{time:?}");
            let next = found.next.unwrap();
            assert_eq!(next.starts_with("Set the clock"), is_clock, "{next}");
            if is_clock {
                let text = found.text.unwrap();
                assert_eq!(text.matches(" GMT").count(), 2, "{text}");
            }
        }
    }

    #[test]
    fn only_on_this_computer_is_the_user_told_to_start_a_service() {
        for (place, is_here) in [
            ("127.0.0.1:8080", true),
            ("localhost:8080", true),
            ("[::1]:8080", true),
            ("id.example:443", false),
            ("192.0.2.1:8080", false),
            ("", false),
        ] {
            for service in [Service::Issuer, Service::Rooms] {
                let next = step_at_silence(service, place);
                assert_eq!(next.starts_with("Start it"), is_here, "{place}: {next}");
                let others = next.ends_with(&format!("tell whoever runs {service}"));
                assert_eq!(others, !is_here, "{place}: {next}");
            }
        }
    }
}
