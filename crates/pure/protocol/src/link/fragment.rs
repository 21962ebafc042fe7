//! The members of a link's fragment.

use zeroize::Zeroizing;

use super::{KeyDamage, LinkError, LinkMember};
use crate::{LinkAdminKey, ParamsId, RootKey};

/// The maximum length of a name whose distance to a known one is computed, in letters.
const LONGEST_NAME: usize = 16;

pub(super) struct Members {
    pub(super) key: RootKey,
    pub(super) params: Option<ParamsId>,
    pub(super) without_certificates: bool,
    pub(super) admin: Option<LinkAdminKey>,
}

/// Parses the known members and ignores the others, unless they may be damaged known ones.
pub(super) fn parse(fragment: &str) -> Result<Members, LinkError> {
    if fragment.is_empty() {
        return Err(LinkError::NoKey);
    }
    let mut key = None;
    let mut params = None;
    let mut certificates = None;
    let mut admin = None;
    for member in fragment.split('&') {
        match member.split_once('=') {
            Some(("key", text)) => {
                let parsed = RootKey::parse(text);
                let parsed = parsed.map_err(|_| LinkError::Key(KeyDamage::of(text)))?;
                set_once(&mut key, parsed, LinkMember::Key)?;
            }
            Some(("params", text)) => {
                let parsed = ParamsId::parse(text).map_err(|_| LinkError::Params)?;
                set_once(&mut params, parsed, LinkMember::Params)?;
            }
            Some(("cert", text)) => {
                if text != "0" {
                    return Err(LinkError::Certificates);
                }
                set_once(&mut certificates, (), LinkMember::Certificates)?;
            }
            Some(("admin", text)) => {
                let parsed = LinkAdminKey::parse(text).map_err(|_| LinkError::Admin)?;
                set_once(&mut admin, parsed, LinkMember::Admin)?;
            }
            _ if member.is_empty() => return Err(LinkError::Gap),
            _ => {
                if let Some(known) = resembled(member) {
                    return Err(LinkError::Misspelt(known));
                }
            }
        }
    }
    Ok(Members {
        key: key.ok_or(LinkError::NoKey)?,
        params,
        without_certificates: certificates.is_some(),
        admin,
    })
}

fn set_once<T>(place: &mut Option<T>, value: T, member: LinkMember) -> Result<(), LinkError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(LinkError::Repeated(member)),
    }
}

/// Returns the known member that an unknown one resembles, by its name in any spelling, or by a value that
/// only the known one has.
fn resembled(member: &str) -> Option<LinkMember> {
    let (name, value) = member.split_once('=').unwrap_or((member, ""));
    let name = letters(name);
    let known = [
        LinkMember::Params,
        LinkMember::Key,
        LinkMember::Certificates,
        LinkMember::Admin,
    ];
    if let Some(known) = known.into_iter().find(|known| is_near(&name, known.name())) {
        return Some(known);
    }
    let value = value.trim();
    if LinkAdminKey::parse(value).is_ok() {
        return Some(LinkMember::Admin);
    }
    let value = Zeroizing::new(value.to_ascii_lowercase());
    if ParamsId::parse(&value).is_ok() {
        return Some(LinkMember::Params);
    }
    RootKey::parse(&value).is_ok().then_some(LinkMember::Key)
}

/// Returns whether a name may be the known one after truncation, extension or a typing error.
fn is_near(name: &str, known: &str) -> bool {
    let is_beginning = !name.is_empty() && known.starts_with(name);
    let begins_alike = known.get(..3).is_some_and(|begin| name.starts_with(begin));
    let is_mistyped = name.len() <= LONGEST_NAME && distance(name, known) <= known.len() / 3;
    is_beginning || begins_alike || is_mistyped || name.contains(known)
}

/// Returns the ASCII letters of a text in lower case, percent-encoded ones included.
fn letters(text: &str) -> Zeroizing<String> {
    let mut letters = Zeroizing::new(String::with_capacity(text.len()));
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let decoded = rest.strip_prefix('%').and_then(|rest| {
            let code = u8::from_str_radix(rest.get(..2)?, 16).ok()?;
            Some((char::from(code), rest.get(2..)?))
        });
        let (character, after) =
            decoded.unwrap_or((first, rest.get(first.len_utf8()..).unwrap_or_default()));
        if character.is_ascii_alphabetic() {
            letters.push(character.to_ascii_lowercase());
        }
        rest = after;
    }
    letters
}

/// Returns the Levenshtein distance in bytes.
fn distance(one: &str, other: &str) -> usize {
    let mut above: Vec<usize> = (0..=other.len()).collect();
    for (index, byte) in one.bytes().enumerate() {
        let mut left = index + 1;
        let mut row = vec![left];
        let neighbours = above.iter().zip(above.iter().skip(1));
        for (other, (diagonal, above)) in other.bytes().zip(neighbours) {
            let changed = diagonal + usize::from(byte != other);
            left = changed.min(above + 1).min(left + 1);
            row.push(left);
        }
        above = row;
    }
    above.last().copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_changes() {
        for (one, other, expected) in [
            ("", "", 0),
            ("", "key", 3),
            ("key", "key", 0),
            ("kye", "key", 2),
            ("kez", "key", 1),
            ("parms", "params", 1),
            ("paarams", "params", 1),
            ("flag", "params", 5),
        ] {
            assert_eq!(distance(one, other), expected, "{one} {other}");
            assert_eq!(distance(other, one), expected, "{other} {one}");
        }
    }
}
