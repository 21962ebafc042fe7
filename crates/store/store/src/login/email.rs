//! Email addresses, in the form in which logins are found.

use icu_properties::{
    CodePointSetData,
    props::{DefaultIgnorableCodePoint, GeneralCategory, GeneralCategoryGroup},
};
use unicode_normalization::UnicodeNormalization as _;
use zeroize::Zeroizing;

use crate::opaque_debug::opaque_debug;

/// An email address in its stored form: `local@domain`.
///
/// The local part is in lower case, in any script, in Normalization Form C (as RFC 6532, section
/// 3.1, asks for): an `é` is the same whether a keyboard sends one code point or two. The domain is
/// in its ASCII form (A-labels, UTS #46), so that both of its spellings are one address and every
/// mail server can deliver to it.
///
/// Sensitive: `Debug` does not show it, and it is wiped on drop.
#[derive(Clone, PartialEq, Eq)]
pub struct Email(Zeroizing<String>);

impl Email {
    /// The maximum number of characters.
    pub const MAX_CHARACTERS: usize = 255;
    /// The maximum number of bytes of the local part (RFC 5321, section 4.5.3.1.1).
    pub const MAX_LOCAL_BYTES: usize = 64;

    /// Parses a typed text. Spaces around it and letter case are ignored. Letters that only look
    /// alike are different.
    ///
    /// The syntax is that of an address that a mail can reach: before the only `@` a dot-atom (RFC
    /// 5322, section 3.2.3, with the letters of RFC 6532) without invisible characters, and after
    /// it a domain name with a dot inside. Quoted local parts and address literals are not
    /// accepted.
    ///
    /// # Errors
    /// [`EmailError`] for any other text, and for one that is too long before or after its
    /// conversion.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let text = text.trim();
        if text.chars().count() > Self::MAX_CHARACTERS || text.contains(is_unfit) {
            return Err(EmailError);
        }
        let (local, domain) = text.split_once('@').ok_or(EmailError)?;
        let lower = Zeroizing::new(local.to_lowercase());
        // Reserves the space of the longest result: a string that grows would leave copies in
        // memory.
        let mut email = Zeroizing::new(String::with_capacity(3 * lower.len() + 256));
        email.extend(lower.nfc());
        let domain = idna::domain_to_ascii_strict(domain).map_err(|_| EmailError)?;
        if !(is_local_part(&email) && is_domain(&domain)) {
            return Err(EmailError);
        }
        email.push('@');
        email.push_str(&domain);
        if email.chars().count() > Self::MAX_CHARACTERS {
            return Err(EmailError);
        }
        Ok(Self(email))
    }

    /// Parses a text that was typed for a new account, as [`Self::parse`] does, and refuses letters
    /// in a compatibility form before the `@`: `ａnn` and `ﬁnn` would be other accounts than `ann`
    /// and `finn`.
    ///
    /// The letters are not replaced, because only the mail server knows the meaning of a local part
    /// (RFC 5321, section 2.3.11), and RFC 6532, section 3.1, warns of Normalization Form KC: the
    /// mail could reach another person. PRECIS forbids them in identifiers too (RFC 8264, section
    /// 9.17); its other rules would forbid addresses that exist. [`Self::parse`] finds an existing
    /// account with such an address.
    ///
    /// # Errors
    /// [`NewEmailError`].
    pub fn parse_new(text: &str) -> Result<Self, NewEmailError> {
        let email = Self::parse(text)?;
        if email.local().chars().any(is_compatibility_form) {
            return Err(NewEmailError::CompatibilityForm);
        }
        Ok(email)
    }

    /// Creates an address from a stored text. Older versions stored texts that [`Self::parse`]
    /// refuses.
    #[must_use]
    pub fn from_stored(text: &str) -> Self {
        Self::parse(text).unwrap_or_else(|_| Self(Zeroizing::new(text.to_owned())))
    }

    /// Returns the same address as an older version stored it, with the domain in its own script;
    /// `None` if that is the same text.
    #[must_use]
    pub fn older_spelling(&self) -> Option<Self> {
        let (local, domain) = self.0.rsplit_once('@')?;
        let (unicode, valid) = idna::domain_to_unicode(domain);
        (valid.is_ok() && unicode != domain)
            .then(|| Self(Zeroizing::new(format!("{local}@{unicode}"))))
    }

    /// Returns the mailbox that the address most likely reaches: without a tag behind `+` and
    /// without dots before the `@`. Use it for limits only: for all other purposes the addresses
    /// are different.
    #[must_use]
    pub fn mailbox(&self) -> Zeroizing<String> {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        let untagged = match local.split_once('+') {
            Some(("", _)) | None => local,
            Some((untagged, _)) => untagged,
        };
        let mut mailbox = Zeroizing::new(String::with_capacity(self.0.len()));
        mailbox.extend(untagged.chars().filter(|character| *character != '.'));
        mailbox.push('@');
        mailbox.push_str(domain);
        mailbox
    }

    /// Returns the part before the `@`.
    #[must_use]
    pub fn local(&self) -> &str {
        self.0.rsplit_once('@').map_or(&self.0, |(local, _)| local)
    }

    /// Returns the part behind the `@`.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.rsplit_once('@').map_or("", |(_, domain)| domain)
    }

    /// Returns the address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Returns whether a character is white space, is invisible, changes the direction of the text, or
/// is an unassigned code point.
fn is_unfit(character: char) -> bool {
    const UNFIT: GeneralCategoryGroup =
        GeneralCategoryGroup::Other.union(GeneralCategoryGroup::Separator);
    character.is_whitespace()
        || is_blank(character)
        || UNFIT.contains(category(character))
        || CodePointSetData::new::<DefaultIgnorableCodePoint>().contains(character)
}

/// Returns whether a symbol or letter shows nothing, though Unicode does not list it as ignorable:
/// the Braille pattern without dots, the fillers of Khitan and of hieroglyphs, and the null
/// notehead.
const fn is_blank(character: char) -> bool {
    matches!(
        character,
        '\u{2800}' | '\u{13441}' | '\u{13442}' | '\u{16fe4}' | '\u{1d159}'
    )
}

/// Returns whether a character stands for others of the same meaning. Two vowels of Thai and Lao
/// are excepted, because keyboards send them.
fn is_compatibility_form(character: char) -> bool {
    !matches!(character, '\u{e33}' | '\u{eb3}') && std::iter::once(character).nfkc().ne([character])
}

fn category(character: char) -> GeneralCategory {
    icu_properties::CodePointMapData::<GeneralCategory>::new().get(character)
}

/// Returns whether the text consists of atoms with single dots between them. The ASCII characters
/// of an atom are those of `atext`.
fn is_local_part(text: &str) -> bool {
    let is_atext =
        |c: char| !c.is_ascii() || c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~".contains(c);
    text.len() <= Email::MAX_LOCAL_BYTES
        && text
            .split('.')
            .all(|atom| !atom.is_empty() && atom.chars().all(is_atext))
}

/// Returns whether the text is a name of several labels in ASCII. The last label must not be a
/// number: that would be an IPv4 address.
fn is_domain(ascii: &str) -> bool {
    ascii.rsplit_once('.').is_some_and(|(_, last)| {
        !last.is_empty() && !last.bytes().all(|byte| byte.is_ascii_digit())
    })
}

opaque_debug!(Email);

/// The error for a text that is not an email address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "that is no email address: it has the form name@host.example, without spaces, quotes or \
     invisible characters"
)]
pub struct EmailError;

/// The error for a text that is not an email address for a new account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NewEmailError {
    /// The text is not an email address.
    #[error(transparent)]
    Invalid(#[from] EmailError),
    /// The address has letters in a compatibility form.
    #[error(
        "that email address has letters of another width or form, which look like others: write it \
         in plain letters"
    )]
    CompatibilityForm,
}

#[cfg(test)]
mod tests;
