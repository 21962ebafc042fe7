//! Named values, a line each, for a person.

use std::fmt::{Display, Write as _};

use zeroize::Zeroizing;

/// The capacity from the start. Text that outgrows it leaves copies of itself in memory.
const CAPACITY: usize = 4096;

/// Lines such as `  account  5f2c…`. They may contain secrets, and are wiped.
pub struct Fields {
    /// The columns of a name with the spaces after it.
    width: usize,
    text: Zeroizing<String>,
}

impl Fields {
    /// Returns no lines yet.
    pub fn new(width: usize) -> Self {
        Self {
            width,
            text: Zeroizing::new(String::with_capacity(CAPACITY)),
        }
    }

    /// Returns a sentence and an empty line, which precede the values.
    pub fn below(sentence: &str, width: usize) -> Self {
        let mut fields = Self::new(width);
        fields.text.push_str(sentence);
        fields.text.push('\n');
        fields
    }

    /// Adds a value.
    pub fn line(mut self, name: &str, value: impl Display) -> Self {
        let width = self.width;
        let start = if self.text.is_empty() { "" } else { "\n" };
        // Writing to a string cannot fail.
        let _ = write!(self.text, "{start}  {name:<width$}{value}");
        self
    }

    /// Adds a value, if there is one.
    pub fn optional(self, name: &str, value: Option<impl Display>) -> Self {
        match value {
            Some(value) => self.line(name, value),
            None => self,
        }
    }

    /// Returns the lines, the last one without its end.
    pub fn text(&self) -> &str {
        &self.text
    }
}
