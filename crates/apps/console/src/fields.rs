//! Named values, a line each, for a person.

use std::fmt::{Display, Write as _};

use zeroize::Zeroizing;

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
            text: Zeroizing::new(String::new()),
        }
    }

    /// Returns a sentence and an empty line, which precede the values.
    pub fn below(sentence: &str, width: usize) -> Self {
        Self {
            width,
            text: Zeroizing::new(format!("{sentence}\n")),
        }
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
