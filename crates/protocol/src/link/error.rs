//! Faults of the text of a link. No error holds a part of the text: all of it may be
//! secret.

use std::fmt;

/// Letters of a root key of version 0.
const SHORTEST_KEY: usize = 32;
/// Letters of a root key of version 1.
const LONGEST_KEY: usize = 42;

/// A member of a link's fragment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkMember {
    /// `key=`: the root key.
    Key,
    /// `params=`: the id of the server params.
    Params,
}

impl LinkMember {
    /// The name in the fragment.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Key => "key",
            Self::Params => "params",
        }
    }
}

impl fmt::Display for LinkMember {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.name())
    }
}

/// The fault of a root key's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyDamage {
    /// Letters are missing.
    Short,
    /// There are letters too many.
    Long,
    /// A character is percent-encoded.
    Encoded,
    /// There are capital letters.
    Capitals,
    /// There are characters that no key has.
    Characters,
    /// The groups are of other sizes, or no generator makes such a key.
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

/// Why a text is not taken for a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LinkError {
    /// The text is neither a link nor anything like a root key.
    #[error("that is no link and no root key")]
    NotALink,
    /// The link begins with another scheme.
    #[error("the link is damaged: it must begin with https://")]
    Scheme,
    /// The text is a piece of a link.
    #[error("the link is damaged: it must begin with https://, copy all of it")]
    Part,
    /// The link goes elsewhere than to `/call/` at a host.
    #[error("the link is damaged: between https:// and # there must be a host and /call/")]
    Address,
    /// There is no `#`.
    #[error("the link is damaged: all that comes after /call/ is missing, copy all of it")]
    NoFragment,
    /// A program has shortened the link to show it.
    #[error("the link is damaged: it was shortened and ends in dots, copy all of it")]
    Shortened,
    /// Nothing stands before, after or between two `&`.
    #[error("the link is damaged: something is missing next to an &, copy all of it")]
    Gap,
    /// There is no `key=`.
    #[error("the link is damaged: it has no key=, copy all of it")]
    NoKey,
    /// A member is there twice: two readers could take different ones.
    #[error("the link is damaged: it has {0} more than once, ask for it anew")]
    Repeated(LinkMember),
    /// A member has nearly the name or the value of a known one. To ignore it could be to lose it.
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
    /// `params=` is not an id.
    #[error(
        "the link is damaged: params= must be followed by exactly 16 of the digits 0-9 and a-f, \
         copy all of it"
    )]
    Params,
}
