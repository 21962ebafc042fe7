//! The errors of the text of a link. None contains a part of the text, since all of it may be secret.

use std::fmt;

/// The number of letters of a root key of version 0.
const SHORTEST_KEY: usize = 32;
/// The number of letters of a root key of version 1.
const LONGEST_KEY: usize = 42;

/// A member of a link's fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMember {
    /// `key=`: the root key.
    Key,
    /// `params=`: the id of the server params.
    Params,
    /// `cert=0`: people come without certificates.
    Certificates,
    /// `admin=`: the public key of the admins.
    Admin,
}

impl LinkMember {
    /// Returns the name in the fragment.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Params => "params",
            Self::Certificates => "cert",
            Self::Admin => "admin",
        }
    }
}

impl fmt::Display for LinkMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.name())
    }
}

/// The damage of a root key's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyDamage {
    /// Letters are missing.
    Short,
    /// There are too many letters.
    Long,
    /// A character is percent-encoded.
    Encoded,
    /// There are capital letters.
    Capitals,
    /// There are characters that no key contains.
    Characters,
    /// The groups have other sizes, or no generator produces the key.
    Shape,
}

impl KeyDamage {
    pub(crate) fn of(text: &str) -> Self {
        let is_capital = |byte: u8| byte.is_ascii_uppercase();
        let is_of_key = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
        if text.contains('%') {
            return Self::Encoded;
        }
        if !text.bytes().all(|byte| is_of_key(byte) || is_capital(byte)) {
            return Self::Characters;
        }
        if text.bytes().any(is_capital) {
            return Self::Capitals;
        }
        match text.bytes().filter(|byte| *byte != b'-').count() {
            0..SHORTEST_KEY => Self::Short,
            SHORTEST_KEY | LONGEST_KEY => Self::Shape,
            letters if letters < LONGEST_KEY => Self::Short,
            _ => Self::Long,
        }
    }
}

impl fmt::Display for KeyDamage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Short => "is cut off",
            Self::Long => "is too long",
            Self::Encoded => "has percent signs, so a program has encoded a part of it",
            Self::Capitals => "has capital letters",
            Self::Characters => "has characters that no key has",
            Self::Shape => "has letters or dashes in the wrong places",
        })
    }
}

/// The reason why a text does not parse as a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The text is neither a link nor similar to a root key.
    #[error("that is no link and no root key")]
    NotALink,
    /// The text is the address of something else: it has neither `/call` nor a key.
    #[error("that is the address of something else and no call link, which has /call/#key= in it")]
    OtherAddress,
    /// The link has another scheme.
    #[error(
        "the link is damaged: it must begin with https://, or with http:// if its host is this \
         computer"
    )]
    Scheme,
    /// The text is a part of a link.
    #[error(
        "the link is damaged: its beginning with https:// or http:// is missing, copy all of it"
    )]
    Part,
    /// The link leads elsewhere than to `/call/` at a host.
    #[error("the link is damaged: between :// and # there must be a host and /call/")]
    Address,
    /// There is no `#`.
    #[error("the link is damaged: all that comes after /call/ is missing, copy all of it")]
    NoFragment,
    /// A program has shortened the link for display.
    #[error("the link is damaged: it was shortened and ends in dots, copy all of it")]
    Shortened,
    /// A member of the fragment is empty: the text has an `&` at its start or end, or two in a row.
    #[error("the link is damaged: something is missing next to an &, copy all of it")]
    Gap,
    /// There is no `key=`.
    #[error("the link is damaged: it has no key=, copy all of it")]
    NoKey,
    /// A member occurs twice: two readers could use different ones.
    #[error("the link is damaged: it has {0} more than once, ask for it anew")]
    Repeated(LinkMember),
    /// A member resembles a known one in its name or value. If it were ignored, a damaged `params`, `cert` or
    /// `admin` could be lost.
    #[error(
        "the link is damaged: a part of it looks like {0} and is not written like that, \
         copy all of it or ask for it anew"
    )]
    Misspelt(LinkMember),
    /// The root key after `key=` does not parse.
    #[error("the link is damaged: its key {0}, copy all of it")]
    Key(KeyDamage),
    /// A bare root key does not parse.
    #[error("the root key is damaged: it {0}, copy all of it")]
    BareKey(KeyDamage),
    /// The value of `params=` is not an id.
    #[error(
        "the link is damaged: params= must be followed by exactly 16 of the digits 0-9 and a-f, \
         one may be missing or mistyped, copy all of it"
    )]
    Params,
    /// The value of `cert=` is not 0.
    #[error(
        "the link is damaged: cert= must be followed by exactly 0, copy all of it or ask for it anew"
    )]
    Certificates,
    /// The value of `admin=` is not a key.
    #[error(
        "the link is damaged: what follows admin= is no key, which has exactly 43 letters, digits, - and _: one \
         may be missing or mistyped, copy all of it"
    )]
    Admin,
}
