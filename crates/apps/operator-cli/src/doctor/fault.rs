//! The findings for a service that does not answer.

use anteroom_client::{TransportFailure, TransportFault};
use anteroom_console::explanation::CERTIFICATE_OF_SERVICE;
use anteroom_server::checks::Finding;

use super::endpoint::Endpoint;

impl Endpoint {
    pub(super) fn failure(&self, error: &TransportFailure, host: &str) -> Finding {
        let url = &self.url;
        match error {
            TransportFailure::Setup(cause) | TransportFailure::Unreachable(cause) => self
                .of_fault(cause.fault(), host)
                .unwrap_or_else(|| self.unanswered(error)),
            TransportFailure::BaseUrl(why) => Finding::problem(
                "public URL",
                format!("{url} cannot be used: {why}"),
                format!("set {} to a URL such as https://id.example", self.setting),
            ),
            _ => self.unanswered(error),
        }
    }

    fn unanswered(&self, error: &TransportFailure) -> Finding {
        Finding::problem(
            "HTTP",
            format!("{} does not answer: {error}", self.url),
            "look into the log of the proxy and of the service",
        )
    }

    /// Returns the finding for a fault of TLS or of the certificate; `None` for any other fault.
    fn of_fault(&self, fault: &TransportFault, host: &str) -> Option<Finding> {
        let (url, name, setting) = (&self.url, self.name(), self.setting);
        let (what, next) = match fault {
            TransportFault::PlainHttp => (
                format!("{url} does not speak TLS"),
                "give the proxy a certificate, or set issuer.tls and rooms.tls".to_owned(),
            ),
            TransportFault::Encrypted => (
                format!("{url} does not speak plain HTTP"),
                format!("write https:// in {setting}"),
            ),
            TransportFault::CertificateExpired => (
                format!("the certificate of {name} for {host} has expired"),
                format!("renew the certificate for {host}"),
            ),
            TransportFault::CertificateNotYetValid => (
                format!("the certificate of {name} for {host} is not valid yet"),
                "set the clock of this machine, or that of the one that made the certificate"
                    .to_owned(),
            ),
            TransportFault::OtherName(names) => {
                return Some(self.other_name(names, host));
            }
            TransportFault::UnknownAuthority => (
                format!("the certificate of {name} for {host} comes from an unknown authority"),
                "get one from a public authority, with its whole chain, or have clients trust \
                 this one"
                    .to_owned(),
            ),
            TransportFault::OfAuthority => (
                format!(
                    "the certificate of {name} for {host} is made for an authority, not for a \
                     service"
                ),
                format!("give {CERTIFICATE_OF_SERVICE}"),
            ),
            _ => return None,
        };
        Some(Finding::problem("TLS", what, next))
    }

    fn other_name(&self, names: &[String], host: &str) -> Finding {
        let (name, setting) = (self.name(), self.setting);
        let names_text = match names {
            [] => "another name".to_owned(),
            names => names.join(", "),
        };
        if self.is_public {
            return Finding::problem(
                "TLS",
                format!("the certificate of {name} is not for {host}, but for {names_text}"),
                format!("get a certificate for {host}"),
            );
        }
        // A certificate for the public name is not valid for the listener's address.
        let first = names.first().map_or("NAME", String::as_str);
        Finding::problem(
            "public URL",
            format!("{setting} is not set, and the certificate of {name} is for {names_text}"),
            format!("set {setting} to https://{first}, with the port if it is not 443"),
        )
    }
}
