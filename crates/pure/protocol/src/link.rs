//! The text of a call link (call-links.md).

mod error;
mod fragment;
mod surroundings;

use std::net::Ipv4Addr;

use zeroize::Zeroizing;

pub use self::error::{KeyDamage, LinkError, LinkMember};
use crate::{LinkAdminKey, ParamsId, RootKey};

const SCHEME: &str = "https://";
const PLAIN_SCHEME: &str = "http://";
const PATH: &str = "/call/";
/// The encoding of `#` that some programs write into a link.
const ENCODED_HASH: &str = "%23";

/// A call link: `https://HOST/call/#key=<root key>&cert=0&admin=<key>&params=<id>`, where all but `key` may be
/// missing. All secrets are in the fragment, which a browser does not transmit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLink {
    /// The host of the link with its port, and the path of the room service if it has one, such as
    /// `example.org/rooms`. Empty if the link was given as a bare key.
    pub host: String,
    /// Whether the link begins with `http`: that of a loopback host which serves without TLS, so that
    /// a browser on the same machine opens it. It has no effect at any other host.
    pub is_plain: bool,
    /// The room's secret.
    pub root_key: RootKey,
    /// The id of the server params under which the link was made. The client that opens the link compares it
    /// with the params of the issuer: this detects a server that serves one person under a key of their own.
    pub params: Option<ParamsId>,
    /// Whether people come without the issuer's certificates (`cert=0`), so that nobody can prove to
    /// outsiders who was there. It stands before `params`: a link that was cut off does not lose it alone.
    pub without_certificates: bool,
    /// The public key of the room's admins, under which members verify who was let in; `None` for a link whose
    /// lobby is the room service's word alone. It stands before `params` for the same reason.
    pub admin: Option<LinkAdminKey>,
}

impl CallLink {
    /// Parses a link of any host, with or without `params` and with unknown further members, or the bare text
    /// of a root key.
    ///
    /// White space, brackets, quotation marks and a punctuation mark around a pasted link are ignored, the
    /// scheme may be in capitals, and `http` for a loopback host, and `%23` is read as `#`. Everything else
    /// must be exact: a link without its `params` would open without the comparison, so any text that may be
    /// the rest of that member is an error.
    ///
    /// # Errors
    /// The damage. [`LinkError::NotALink`] for a text that is no link at all.
    pub fn parse(text: &str) -> Result<Self, LinkError> {
        let text = surroundings::strip(text)?;
        if is_other_address(text) {
            return Err(LinkError::OtherAddress);
        }
        let Some((rest, is_plain)) = without_scheme(text) else {
            return Self::parse_bare(text);
        };
        let (address, members) = split_fragment(rest).ok_or(LinkError::NoFragment)?;
        let host = address
            .strip_suffix(PATH)
            .or_else(|| address.strip_suffix(PATH.trim_end_matches('/')))
            .filter(|place| is_place(place))
            .ok_or(LinkError::Address)?;
        let members = fragment::parse(members)?;
        Ok(Self {
            host: in_lower_case(host),
            is_plain,
            root_key: members.key,
            params: members.params,
            without_certificates: members.without_certificates,
            admin: members.admin,
        })
    }

    /// Whether a text can be the host of a link: a host with its port, with a path or without.
    #[must_use]
    pub fn is_host(text: &str) -> bool {
        is_place(text)
    }

    /// The link.
    #[must_use]
    pub fn to_url(&self) -> Zeroizing<String> {
        let is_plain = self.is_plain && is_of_this_machine(&self.host);
        let scheme = if is_plain { PLAIN_SCHEME } else { SCHEME };
        let key = self.root_key.to_text();
        let mut url = Zeroizing::new(String::with_capacity(192 + self.host.len()));
        for part in [scheme, &self.host, PATH, "#key=", &key] {
            url.push_str(part);
        }
        if self.without_certificates {
            url.push_str("&cert=0");
        }
        if let Some(admin) = self.admin {
            url.push_str("&admin=");
            url.push_str(&admin.to_text());
        }
        if let Some(params) = self.params {
            url.push_str("&params=");
            url.push_str(&params.to_hex());
        }
        url
    }

    fn parse_bare(text: &str) -> Result<Self, LinkError> {
        if text.contains("://") {
            return Err(LinkError::Scheme);
        }
        if text.contains(['#', '=', '&', '/']) || text.contains(ENCODED_HASH) {
            return Err(LinkError::Part);
        }
        match RootKey::parse(text) {
            Ok(root_key) => Ok(Self {
                host: String::new(),
                is_plain: false,
                root_key,
                params: None,
                without_certificates: false,
                admin: None,
            }),
            Err(_) if is_like_a_key(text) => Err(LinkError::BareKey(KeyDamage::of(text))),
            Err(_) => Err(LinkError::NotALink),
        }
    }
}

/// Returns whether a text is an address without any part of a call link.
fn is_other_address(text: &str) -> bool {
    let text = Zeroizing::new(text.to_ascii_lowercase());
    let is_of_link = |part: &&str| text.contains(*part);
    text.contains("://")
        && !["/call", "key=", "key%3d", "params="]
            .iter()
            .any(is_of_link)
}

/// The link without its scheme, and whether that is `http`, which only a link to the reader's own
/// machine may have.
fn without_scheme(text: &str) -> Option<(&str, bool)> {
    let has = |scheme: &str| {
        let (start, rest) = text.split_at_checked(scheme.len())?;
        start.eq_ignore_ascii_case(scheme).then_some(rest)
    };
    let plain = || has(PLAIN_SCHEME).filter(|rest| is_of_this_machine(rest));
    let encrypted = has(SCHEME).map(|rest| (rest, false));
    encrypted.or_else(|| plain().map(|rest| (rest, true)))
}

/// Returns whether a host with its path starts with a loopback address or `localhost`.
fn is_of_this_machine(place: &str) -> bool {
    let end = place.find(['/', '#']).unwrap_or(place.len());
    let Some((authority, _)) = place.split_at_checked(end) else {
        return false;
    };
    if let Some(host) = authority.strip_prefix('[') {
        return host.split(']').next() == Some("::1");
    }
    let host = authority.split(':').next().unwrap_or_default();
    let is_loopback = |address: Ipv4Addr| address.is_loopback();
    host.eq_ignore_ascii_case("localhost") || host.parse().is_ok_and(is_loopback)
}

fn split_fragment(text: &str) -> Option<(&str, &str)> {
    let plain = text.split_once('#');
    let encoded = text.split_once(ENCODED_HASH);
    match (plain, encoded) {
        (Some(plain), Some(encoded)) if encoded.0.len() < plain.0.len() => Some(encoded),
        (Some(plain), _) => Some(plain),
        (None, encoded) => encoded,
    }
}

/// Returns whether a text is a host, with a path or without.
fn is_place(text: &str) -> bool {
    let is_odd = |character: char| {
        character.is_whitespace() || character.is_control() || "?@\\%<>\"".contains(character)
    };
    let is_part = |part: &str| !part.is_empty() && part != "." && part != "..";
    !text.contains(is_odd) && text.split('/').all(is_part)
}

/// Converts the host to lower case. The path stays as it is.
fn in_lower_case(place: &str) -> String {
    match place.split_once('/') {
        Some((host, path)) => format!("{}/{path}", host.to_ascii_lowercase()),
        None => place.to_ascii_lowercase(),
    }
}

/// Returns whether a text has the groups of a key, whether they are correct or not.
fn is_like_a_key(text: &str) -> bool {
    let is_of_key = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    text.bytes().all(is_of_key) && text.bytes().filter(|byte| *byte == b'-').count() >= 3
}
