//! The explanations of failures of the client library.

use anteroom_client::{
    ExchangeError, IssuerError, RoomsError, Service, TransportError, TransportFailure,
    TransportFault, is_loopback,
};
use anteroom_protocol::Timestamp;
use url::Url;

use super::{
    Explanation, files,
    problem::{of_forbidden, of_problem, sources},
};

/// The next step for a service with an authority's certificate, without the verb.
pub const CERTIFICATE_OF_SERVICE: &str = "the service one with basicConstraints=CA:FALSE, \
    which openssl req -x509 does not make by itself";

/// The next step of somebody whom an admin has blocked.
pub const AFTER_THIS_CALL: &str = "Wait until this call is over: no admin can take that back, and the next call by \
    this link knows nothing of it";

pub(super) fn of_issuer(error: &IssuerError) -> Explanation {
    match error {
        IssuerError::Exchange(error) => of_exchange(error),
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
        IssuerError::Clock { with, .. } => of_clock(*with),
        IssuerError::OddDay { .. } => of_clock(Service::Issuer),
        IssuerError::Verification => Explanation::failed("credential_unverified")
            .next("Compare the ids of anteroom credential auth with another member's"),
        IssuerError::LinkParams(_) => Explanation::failed("link_params_unknown").next(
            "Compare what follows params= with the link that you were given. If it is the same, ask \
             whoever made the link which issuer it is for, and name that with --issuer",
        ),
        IssuerError::SessionEnded => {
            Explanation::refused("login_ended").next("Log in again: anteroom login")
        }
        _ => Explanation::failed("failed"),
    }
}

pub(super) fn of_rooms(error: &RoomsError, now: Timestamp) -> Explanation {
    if let Some(clock) = error.clock_cause(now) {
        return of_clock(Service::Rooms).text(format!("{clock}, and it refuses"));
    }
    match error {
        RoomsError::Exchange(error) => of_exchange(error),
        RoomsError::Problem(problem) => of_problem(problem),
        RoomsError::NoSuchLink => Explanation::refused("CALL_LINK_NOT_FOUND").next(
            "It may have been deleted, or be at another room service: name that with --rooms. If a \
             letter after key= was mistyped, it names a room that does not exist: compare it with the \
             link that you were given",
        ),
        RoomsError::Closed => {
            Explanation::refused("link_closed").next("Ask an admin of the link for a new one")
        }
        RoomsError::Refused { code, .. } if code == "presentation_invalid" => of_forbidden(code),
        RoomsError::Refused { code, .. } => of_refused_join(code),
        RoomsError::Redirected => Explanation::failed("failed")
            .next("Try again; if it stays so, tell whoever runs the room service"),
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

/// Explains a join that the room service has refused.
fn of_refused_join(code: &str) -> Explanation {
    let refused = Explanation::refused(code);
    match code {
        "full" => refused.next("Try again when somebody has left"),
        "locked" => refused
            .next("Ask somebody in the call to have an admin write /lock off, then join again"),
        "blocked" => refused.next(AFTER_THIS_CALL),
        "guests_refused" => {
            refused.next("Log in with an account (anteroom login), and join without --guest")
        }
        "too_many_devices" => {
            refused.next("Leave this call with another device of yours, and join again")
        }
        "ended" | "try_again" => refused.next("Join again"),
        "rate_limited" | "unavailable" | "overloaded" => {
            refused.next("Wait a minute, and join again")
        }
        _ => refused,
    }
}

fn of_exchange(ExchangeError { with, failure }: &ExchangeError) -> Explanation {
    match failure {
        TransportFailure::BaseUrl(_) => Explanation::failed("address_invalid")
            .next("Write it with its scheme: https://HOST, or http://HOST:PORT on this computer"),
        TransportFailure::Setup(_) => {
            Explanation::failed("tls_setup").next(files::step_at_certificates())
        }
        TransportFailure::Unreachable(cause) => of_transport(*with, cause),
        TransportFailure::TimedOut => Explanation::unreachable("timed_out").next("Try again"),
        TransportFailure::TooLarge { .. } | TransportFailure::Malformed(_) => {
            Explanation::failed("answer_malformed").next(match with {
                Service::Issuer => "Check that the address is an issuer's",
                Service::Rooms => "Check that the address is a room service's",
            })
        }
    }
}

fn of_clock(by: Service) -> Explanation {
    Explanation::failed("clock").next(format!(
        "Set the clock that is wrong, this computer's or that of {by}, and try again"
    ))
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

/// Returns the flag that names a service.
const fn flag(service: Service) -> &'static str {
    match service {
        Service::Issuer => "--issuer",
        Service::Rooms => "--rooms",
    }
}

const fn setting(service: Service) -> &'static str {
    match service {
        Service::Issuer => "issuer.public_url",
        Service::Rooms => "rooms.public_url",
    }
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
