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
    let list: Vec<&'static str> = LIST.lines().collect();
    let mut words = [VerificationWord {
        number: 0,
        word: "",
    }; WORDS];
    for (one, index) in words.iter_mut().zip(indices(authenticator, params)?) {
        one.number = index + 1;
        one.word = list.get(usize::from(index)).copied().ok_or(WordsError)?;
    }
    Ok(words)
}

/// Returns the places of the words in the list.
fn indices(authenticator: &[u8], params: Params) -> Result<[u16; WORDS], WordsError> {
    let argon2 = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    let mut hash = Zeroizing::new([0; LENGTH]);
    argon2
        .hash_password_into(authenticator, labels::WORDS, hash.as_mut_slice())
        .map_err(|_| WordsError)?;
    let bits = hash
        .iter()
        .fold(0_u128, |bits, byte| bits << 8 | u128::from(*byte));
    let surplus = 8 * u32::try_from(LENGTH).unwrap_or_default() - 6 * BITS_OF_WORD;
    let mut indices = [0; WORDS];
    let mut rest = bits >> surplus;
    for index in indices.iter_mut().rev() {
        *index = u16::try_from(rest & 0x7ff).map_err(|_| WordsError)?;
        rest >>= BITS_OF_WORD;
    }
    Ok(indices)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::ChaCha20Rng;
    use rand_core::{Rng as _, SeedableRng as _};

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
    /// 2^16 tries of somebody who wants two groups to show the same words, each with an authenticator as the
    /// key schedule gives them. The cost of Argon2id is the lowest: it makes a try slower, and its chance no
    /// smaller. Two words instead of six would be equal in some 500 pairs of tries.
    #[test]
    fn of_65536_tries_no_two_have_the_same_words() {
        const TRIES: usize = 1 << 16;
        let (mut seen, mut seen_two) = (BTreeSet::new(), BTreeSet::new());
        let mut rng = ChaCha20Rng::seed_from_u64(66);
        for _ in 0..TRIES {
            let mut authenticator = [0; 32];
            rng.fill_bytes(&mut authenticator);
            let cost = Params::new(Params::MIN_M_COST, Params::MIN_T_COST, 1, Some(LENGTH));
            let indices = indices(&authenticator, cost.unwrap()).unwrap();
            seen_two.insert((indices[0], indices[1]));
            seen.insert(indices);
        }
        assert_eq!(seen.len(), TRIES);
        let pairs = TRIES - seen_two.len();
        assert!((400..600).contains(&pairs), "{pairs}");
    }
}
