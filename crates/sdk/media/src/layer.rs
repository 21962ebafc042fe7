//! The layers of a camera.

/// A layer of the camera, the smallest picture first. Other sources have the low one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The smallest.
    Low,
    /// The one between.
    Middle,
    /// The largest.
    High,
}

impl Layer {
    /// All layers, the smallest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Middle, Self::High];

    /// Returns the name of the layer in descriptions and packets (rid).
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Low => "q",
            Self::Middle => "h",
            Self::High => "f",
        }
    }

    /// Returns the number of layers below this one.
    pub(crate) const fn index(self) -> usize {
        match self {
            Self::Low => 0,
            Self::Middle => 1,
            Self::High => 2,
        }
    }

    /// Returns the layer with a name.
    pub(crate) fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|layer| layer.name() == name)
    }
}
