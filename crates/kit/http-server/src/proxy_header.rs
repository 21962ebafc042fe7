//! The headers in which reverse proxies report the address of a client.

use std::net::{IpAddr, SocketAddr};

use http::{HeaderMap, HeaderName, header};

pub(crate) const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");

/// The header in which a reverse proxy reports the client's address. Only this header is read,
/// because a proxy forwards others as the client wrote them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ProxyHeader {
    /// `X-Forwarded-For`: addresses, separated by commas.
    #[default]
    XForwardedFor,
    /// `Forwarded` of RFC 7239: its `for` parameters.
    Forwarded,
}

/// The hops in order; `None` for a malformed one.
pub(crate) type Hops = Vec<Option<IpAddr>>;

impl ProxyHeader {
    /// Returns the hops that the headers report. A malformed header counts as one malformed hop.
    pub(crate) fn hops(self, headers: &HeaderMap) -> Hops {
        let (name, parse): (_, fn(&str) -> Option<Hops>) = match self {
            Self::XForwardedFor => (X_FORWARDED_FOR, |text| {
                Some(text.split(',').map(|hop| node(hop.trim())).collect())
            }),
            // A client can leave a quote open, so that the text that the proxy appends is inside of
            // it. A header that is malformed in any part is ignored.
            Self::Forwarded => (header::FORWARDED, forwarded_elements),
        };
        let values = headers.get_all(name).into_iter();
        let hops = values.map(|value| value.to_str().ok().and_then(parse));
        hops.flat_map(|hops| hops.unwrap_or_else(|| vec![None]))
            .collect()
    }
}

/// Parses the `for` of each element of `Forwarded` (RFC 7239, section 4); `None` if it is
/// malformed.
fn forwarded_elements(text: &str) -> Option<Hops> {
    let mut hops = Hops::new();
    let mut rest = text;
    loop {
        let mut client = None;
        loop {
            let (name, after) = rest.trim_start().split_once('=')?;
            if name.is_empty() || !name.bytes().all(is_token) {
                return None;
            }
            let (value, after) = forwarded_value(after)?;
            if name.eq_ignore_ascii_case("for") && client.replace(value).is_some() {
                return None;
            }
            rest = after.trim_start();
            match rest.strip_prefix(';') {
                Some(next) => rest = next,
                None => break,
            }
        }
        hops.push(client.and_then(|client| node(&client)));
        match rest.strip_prefix(',') {
            Some(next) => rest = next,
            None if rest.is_empty() => return Some(hops),
            None => return None,
        }
    }
}

/// Parses a token or a quoted string. Returns it and the rest of the text.
fn forwarded_value(text: &str) -> Option<(String, &str)> {
    let Some(quoted) = text.strip_prefix('"') else {
        let end = text.bytes().position(|byte| !is_token(byte));
        let (token, rest) = text.split_at(end.unwrap_or(text.len()));
        return (!token.is_empty()).then(|| (token.to_owned(), rest));
    };
    let mut value = String::new();
    let mut characters = quoted.chars();
    loop {
        match characters.next()? {
            '"' => return Some((value, characters.as_str())),
            '\\' => value.push(characters.next()?),
            character => value.push(character),
        }
    }
}

/// Returns whether the byte may be in a token (RFC 9110, section 5.6.2).
fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// Parses an address, with or without a port, with or without the brackets of IPv6.
fn node(text: &str) -> Option<IpAddr> {
    let bracketed = || text.strip_prefix('[')?.strip_suffix(']')?.parse().ok();
    text.parse()
        .ok()
        .or_else(|| text.parse().ok().map(|socket: SocketAddr| socket.ip()))
        .or_else(|| bracketed().map(IpAddr::V6))
        .map(|address| address.to_canonical())
}
