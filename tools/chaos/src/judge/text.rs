//! The texts that people type.

/// The blocks to which messages are padded.
const BLOCK: usize = 64;

/// A text, which is told from others by its token, and under encryption by the class of its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Text {
    pub(crate) token: u32,
    pub(crate) class: u32,
}

impl Text {
    pub(crate) const CLASSES: u32 = 16;

    /// Returns the line that is typed.
    pub(crate) fn line(self) -> String {
        let words = "-".repeat(2 * BLOCK * (self.class as usize + 2));
        format!("{} {words}\n", name(self.token))
    }

    /// Returns the class of a sealed message by its length and the length of the shortest one, which has no
    /// text; `None` if it is too short for a text. Each class is two blocks longer than the one before.
    pub(crate) fn class_of(length: usize, shortest: usize) -> Option<u32> {
        let blocks = (length.saturating_sub(shortest) + BLOCK / 2) / BLOCK;
        u32::try_from(blocks.checked_sub(3)? / 2).ok()
    }

    /// Returns the token of the text in a line.
    pub(crate) fn token_in(line: &str) -> Option<u32> {
        let (_, text) = line.split_once(": text")?;
        text.get(..6)?.parse().ok()
    }
}

fn name(token: u32) -> String {
    format!("text{token:06}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_found_by_its_token_and_its_length() {
        for class in 0..Text::CLASSES {
            let text = Text { token: 42, class };
            let line = format!("#ab12 \"p01v01\": {}", text.line());
            assert_eq!(Text::token_in(&line), Some(42));
            // Kinds, numbers and text, after a confirmation of 64 bytes; what MLS adds is the same for both.
            let content = 18 + text.line().trim_end().len();
            for around in 100..100 + BLOCK {
                let sealed = |content: usize| (content + around).next_multiple_of(BLOCK);
                assert_eq!(Text::class_of(sealed(content), sealed(BLOCK)), Some(class));
            }
        }
        assert_eq!(Text::class_of(300, 300), None);
        assert_eq!(Text::token_in("#ab12 \"p01v01\" left."), None);
    }
}
