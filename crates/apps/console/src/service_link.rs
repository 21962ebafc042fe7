//! Service links: the variables with which Kubernetes and Docker describe the services of a cluster to a
//! container. Those of a service called `anteroom` or `anteroom-issuer` look like settings.

use std::net::SocketAddr;

const PROTOCOLS: [&str; 3] = ["TCP", "UDP", "SCTP"];

/// Returns whether a variable is a service link, by its name or, if a setting may have that name, by its
/// value.
pub(crate) fn is_service_link(name: &str, value: &str) -> bool {
    if name.ends_with("_SERVICE_HOST")
        || name.ends_with("_SERVICE_PORT")
        || name.contains("_SERVICE_PORT_")
    {
        return true;
    }
    if let Some((_, port)) = name.rsplit_once("_PORT_") {
        return is_port(port);
    }
    name.ends_with("_PORT") && is_url(value)
}

/// Returns `8080_TCP`, or one of its parts: `8080_TCP_ADDR`.
fn is_port(text: &str) -> bool {
    let mut parts = text.split('_');
    let number = parts.next().is_some_and(|part| part.parse::<u16>().is_ok());
    let protocol = parts.next().is_some_and(|part| PROTOCOLS.contains(&part));
    let part = matches!(parts.next(), None | Some("PROTO" | "PORT" | "ADDR"));
    number && protocol && part && parts.next().is_none()
}

/// Returns whether a text is a URL such as `tcp://10.0.0.1:8080`.
fn is_url(text: &str) -> bool {
    text.split_once("://").is_some_and(|(protocol, address)| {
        PROTOCOLS
            .iter()
            .any(|known| known.eq_ignore_ascii_case(protocol))
            && address.parse::<SocketAddr>().is_ok()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn service_links_are_told_from_settings() {
        for (name, value, expected) in [
            ("ANTEROOM_SERVICE_HOST", "10.0.0.1", true),
            ("ANTEROOM_SERVICE_PORT", "8080", true),
            ("ANTEROOM_SERVICE_PORT_HTTP", "8080", true),
            ("ANTEROOM_PORT", "tcp://10.0.0.1:8080", true),
            ("ANTEROOM_PORT", "udp://[fd00::1]:3478", true),
            ("ANTEROOM_PORT_8080_TCP", "tcp://10.0.0.1:8080", true),
            ("ANTEROOM_PORT_8080_TCP_PROTO", "tcp", true),
            ("ANTEROOM_PORT_8080_TCP_PORT", "8080", true),
            ("ANTEROOM_PORT_8080_TCP_ADDR", "10.0.0.1", true),
            ("ANTEROOM_PORT_9_SCTP_ADDR", "10.0.0.1", true),
            ("ANTEROOM_ISSUER_SERVICE_HOST", "10.0.0.1", true),
            ("ANTEROOM_ISSUER_PORT", "tcp://10.0.0.1:8080", true),
            ("ANTEROOM_ISSUER_PORT_8080_TCP_ADDR", "10.0.0.1", true),
            // The service link of anteroom-mail-smtp has the name of a setting.
            ("ANTEROOM_MAIL_SMTP_PORT", "tcp://10.0.0.1:25", true),
            ("ANTEROOM_MAIL_SMTP_PORT", "25", false),
            ("ANTEROOM_MAIL_SMTP_PORT", "tcp://mail:25", false),
            ("ANTEROOM_PORT", "8080", false),
            ("ANTEROOM_PORT", "", false),
            ("ANTEROOM_PORT_8080", "1", false),
            ("ANTEROOM_PORT_X_TCP", "1", false),
            ("ANTEROOM_PORT_8080_TCP_NAME", "1", false),
            ("ANTEROOM_PORT_8080_TCP_ADDR_X", "1", false),
            ("ANTEROOM_SERVICE", "x", false),
            ("ANTEROOM_HOST", "10.0.0.1", false),
            ("ANTEROOM_COLOUR", "tcp://10.0.0.1:8080", false),
            ("ANTEROOM_ISSUER_LISTEN", "127.0.0.1:8080", false),
        ] {
            assert_eq!(is_service_link(name, value), expected, "{name}={value}");
        }
    }
}
