//! Verification words: six words that two members compare over another way, to see that they are in the same
//! epoch of the same group.
//!
//! The words are 66 bits of Argon2id (RFC 9106) with 19 MiB and 2 passes, from the epoch authenticator (RFC
//! 9420, section 8.7): somebody in the middle would need one of its two groups to have the words of the other,
//! and pays for each try. They are computed when a person looks, not at each commit.
//!
//! The list of 2,048 words is the English one of BIP 39 (`bips/bip-0039/english.txt`, MIT license): no two
//! words share their first four letters. Each word has its number, so that people with lists of other
//! languages can compare.

use argon2::{Algorithm, Argon2, Params, Version};
use zeroize::Zeroizing;

use crate::{Group, labels};

const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;

const BITS_OF_WORD: u32 = 11;
const WORDS: usize = 6;
/// 6 words of 11 bits are the first 66 bits of 9 bytes.
const LENGTH: usize = 9;

static LIST: &str = include_str!("words/english.txt");

/// A word with its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct VerificationWord {
    /// The number, from 1 to 2,048.
    pub number: u16,
    /// The word in English.
    pub word: &'static str,
}

/// The error of a computation that needs 19 MiB of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the verification words cannot be computed: there is not enough memory")]
pub struct WordsError;

impl Group {
    /// Computes the verification words of the present epoch. It takes tens of milliseconds.
    ///
    /// # Errors
    /// There are not 19 MiB of memory.
    pub fn verification_words(&self) -> Result<[VerificationWord; WORDS], WordsError> {
        words_of(self.authenticator())
    }
}

fn words_of(authenticator: &[u8]) -> Result<[VerificationWord; WORDS], WordsError> {
    let params = Params::new(MEMORY_KIB, PASSES, 1, Some(LENGTH)).map_err(|_| WordsError)?;
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = Zeroizing::new([0; LENGTH]);
    argon2
        .hash_password_into(authenticator, labels::WORDS, hash.as_mut_slice())
        .map_err(|_| WordsError)?;
    let list: Vec<&'static str> = LIST.lines().collect();
    let bits = hash
        .iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let surplus = 8 * u32::try_from(LENGTH).unwrap_or_default() - 6 * BITS_OF_WORD;
    let mut words = [VerificationWord {
        number: 0,
        word: "",
    }; WORDS];
    let mut rest = bits >> surplus;
    for one in words.iter_mut().rev() {
        let index = u16::try_from(rest & 0x7ff).map_err(|_| WordsError)?;
        one.number = index + 1;
        one.word = list.get(usize::from(index)).copied().ok_or(WordsError)?;
        rest >>= BITS_OF_WORD;
    }
    Ok(words)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn the_list_has_2048_words_that_differ_in_four_letters() {
        let begins: BTreeSet<String> = LIST
            .lines()
            .map(|word| word.chars().take(4).collect())
            .collect();
        assert_eq!((LIST.lines().count(), begins.len()), (2_048, 2_048));
        assert!(
            LIST.lines()
                .all(|word| word.bytes().all(|byte| byte.is_ascii_lowercase()))
        );
    }

    /// Computed apart from this crate, by `argon2.low_level.hash_secret_raw` of Python's package `argon2-cffi`.
    #[test]
    fn the_words_of_an_authenticator_are_known() {
        let words = words_of(&[7; 32]).unwrap();
        assert_eq!(words.map(|one| one.number), [657, 2023, 542, 32, 882, 523]);
        assert_eq!(words.map(|one| one.word)[3], "advance");
        assert_ne!(words_of(&[8; 32]).unwrap(), words);
    }
}
