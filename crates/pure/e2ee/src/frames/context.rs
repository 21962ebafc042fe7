//! The context of a frame.

/// The source whose frames a key seals. Receivers cover a picture whose frames have another context than its
/// slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum FrameContext {
    /// The microphone.
    Audio,
    /// The camera.
    Camera,
    /// The screen.
    Screen,
    /// The sound of the screen.
    ScreenAudio,
}

impl FrameContext {
    /// All contexts, in the order of their numbers.
    pub const ALL: [Self; 4] = [Self::Audio, Self::Camera, Self::Screen, Self::ScreenAudio];

    /// Returns the number in key ids.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Audio => 0,
            Self::Camera => 1,
            Self::Screen => 2,
            Self::ScreenAudio => 3,
        }
    }

    /// Returns the context with a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|one| one.number() == number)
    }
}
