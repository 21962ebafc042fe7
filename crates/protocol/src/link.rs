//! The link itself (call-links.md).

use zeroize::Zeroizing;

use crate::{ParamsId, ParseError, RootKey};

const PATH: &str = "/call/";

/// `https://HOST/call/#key=<root key>&params=<id>`: all secrets stand in the fragment, which a
/// browser sends to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallLink {
    /// Where the link points; empty if it was given as a bare key.
    pub host: String,
    /// The room's secret.
    pub root_key: RootKey,
    /// The server params the link was made under. Who opens the link compares them with what the
    /// issuer gives: a server that hands out a key of its own to one person is found out.
    pub params: Option<ParamsId>,
}

impl CallLink {
    /// Parses a link of any host, with or without `params` and with unknown further members, or
    /// the bare text of a root key.
    ///
    /// # Errors
    /// Anything else.
    pub fn parse(text: &str) -> Result<Self, ParseError> {
        let Some(rest) = text.strip_prefix("https://") else {
            return Ok(Self {
                host: String::new(),
                root_key: RootKey::parse(text)?,
                params: None,
            });
        };
        let (host, fragment) = rest.split_once('#').ok_or(ParseError)?;
        let host = host
            .strip_suffix(PATH)
            .or_else(|| host.strip_suffix(PATH.trim_end_matches('/')))
            .ok_or(ParseError)?;
        if host.is_empty() || host.contains(['/', '?', ' ']) {
            return Err(ParseError);
        }
        let mut root_key = None;
        let mut params = None;
        for member in fragment.split('&') {
            match member.split_once('=') {
                Some(("key", text)) => set_once(&mut root_key, RootKey::parse(text)?)?,
                Some(("params", text)) => set_once(&mut params, ParamsId::parse(text)?)?,
                _ => {}
            }
        }
        Ok(Self {
            host: host.to_owned(),
            root_key: root_key.ok_or(ParseError)?,
            params,
        })
    }

    /// The link.
    #[must_use]
    pub fn to_url(&self) -> Zeroizing<String> {
        let key = self.root_key.to_text();
        let mut url = Zeroizing::new(String::with_capacity(128 + self.host.len()));
        for part in ["https://", &self.host, PATH, "#key=", &key] {
            url.push_str(part);
        }
        if let Some(params) = self.params {
            url.push_str("&params=");
            url.push_str(&params.to_hex());
        }
        url
    }
}

/// A member given twice is refused: two readers could take different ones.
fn set_once<T>(place: &mut Option<T>, value: T) -> Result<(), ParseError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(ParseError),
    }
}
