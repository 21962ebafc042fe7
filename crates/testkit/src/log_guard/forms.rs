//! A search for the forms of sensitive values in one pass over a text, whatever their number.

use std::{
    collections::{HashMap, HashSet},
    fmt,
    sync::Arc,
};

/// The number of bytes by which a form is found. Shorter forms occur in large files by chance, or in every
/// database: they are searched in the log only.
const START: usize = 8;
/// The number of bits of the hash of a form's first bytes.
const FILTER_BITS: u32 = 20;

/// The texts in which a form may not occur.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ForbiddenScope {
    /// The log as it is, and files in upper or lower case.
    Exact,
    /// The log and files, in upper or lower case.
    AnyCase,
    /// Files only, in upper or lower case.
    File,
}

/// The source of a searched text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Source {
    Log,
    File,
}

struct Form {
    label: Arc<str>,
    bytes: Vec<u8>,
    scope: ForbiddenScope,
}

/// All forms, indexed by their first bytes. The cost of adding a form and of searching a text does not depend
/// on the number of forms.
#[derive(Default)]
pub(super) struct Forms {
    /// The forms by their first bytes in lower case.
    by_start: HashMap<u64, Vec<Form>>,
    filter: StartFilter,
    short: Vec<Form>,
    known: HashSet<Vec<u8>>,
}

impl fmt::Debug for Forms {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("Forms")
            .field("values", &self.known.len())
            .finish_non_exhaustive()
    }
}

impl Forms {
    /// Adds the forms of a value, unless the value is known.
    pub(super) fn add(
        &mut self,
        label: &str,
        value: &[u8],
        forms: impl IntoIterator<Item = (ForbiddenScope, Vec<u8>)>,
    ) {
        if !self.known.insert(value.to_vec()) {
            return;
        }
        let label: Arc<str> = label.into();
        for (scope, bytes) in forms {
            let label = Arc::clone(&label);
            let form = Form {
                label,
                bytes,
                scope,
            };
            match form.bytes.first_chunk::<START>() {
                Some(start) => {
                    let start = u64::from_be_bytes(start.map(|byte| byte.to_ascii_lowercase()));
                    self.filter.add(start);
                    self.by_start.entry(start).or_default().push(form);
                }
                None if scope == ForbiddenScope::File => {}
                None => self.short.push(form),
            }
        }
    }

    /// Returns the label of a value that occurs in the text.
    pub(super) fn find(&self, text: &[u8], source: Source) -> Option<&str> {
        let form = self.find_long(text, source);
        let form = form.or_else(|| self.find_short(text, source));
        form.map(|form| &*form.label)
    }

    fn find_long(&self, text: &[u8], source: Source) -> Option<&Form> {
        let mut start = 0_u64;
        text.iter().zip(1_usize..).find_map(|(byte, end)| {
            start = (start << 8) | u64::from(byte.to_ascii_lowercase());
            if !self.filter.may_contain(start) {
                return None;
            }
            let rest = text.get(end.checked_sub(START)?..)?;
            let candidates = self.by_start.get(&start)?;
            candidates.iter().find(|form| form.begins(rest, source))
        })
    }

    fn find_short(&self, text: &[u8], source: Source) -> Option<&Form> {
        if source == Source::File {
            return None;
        }
        let stands = |form: &&Form| {
            let mut parts = text.windows(form.bytes.len().max(1));
            parts.any(|part| form.begins(part, source))
        };
        self.short.iter().find(stands)
    }
}

impl Form {
    fn begins(&self, text: &[u8], source: Source) -> bool {
        let Some(text) = text.get(..self.bytes.len()) else {
            return false;
        };
        match (source, self.scope) {
            (Source::Log, ForbiddenScope::File) => false,
            (Source::Log, ForbiddenScope::Exact) => text == self.bytes,
            (Source::Log, ForbiddenScope::AnyCase) | (Source::File, _) => {
                text.eq_ignore_ascii_case(&self.bytes)
            }
        }
    }
}

/// A filter of first bytes: the bit of each form's hash is set, so that most other texts are skipped.
struct StartFilter(Vec<u64>);

impl Default for StartFilter {
    fn default() -> Self {
        Self(vec![0; 1 << (FILTER_BITS - 6)])
    }
}

impl StartFilter {
    fn add(&mut self, start: u64) {
        let (word, bit) = Self::place(start);
        if let Some(word) = self.0.get_mut(word) {
            *word |= bit;
        }
    }

    fn may_contain(&self, start: u64) -> bool {
        let (word, bit) = Self::place(start);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    fn place(start: u64) -> (usize, u64) {
        // The multiplication by the golden ratio spreads the hash over the upper bits.
        let hash = start.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (64 - FILTER_BITS);
        (usize::try_from(hash >> 6).unwrap_or(0), 1 << (hash & 63))
    }
}
