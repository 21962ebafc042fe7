//! The sources of a device, and the layers of a source.

pub use anteroom_protocol::media::{PerSource, Source};

/// A layer of a source, as the sender orders them: the smallest picture first. Sources without layers have
/// the low one alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layer {
    /// The first.
    Low,
    /// The second.
    Middle,
    /// The third.
    High,
}

impl Layer {
    /// All layers, the smallest first.
    pub const ALL: [Self; 3] = [Self::Low, Self::Middle, Self::High];

    /// Returns the number of layers up to this one.
    #[must_use]
    pub const fn count(self) -> u8 {
        match self {
            Self::Low => 1,
            Self::Middle => 2,
            Self::High => 3,
        }
    }
}

/// A value for each layer of a source.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerLayer<T> {
    /// That of the first layer.
    pub low: T,
    /// That of the second.
    pub middle: T,
    /// That of the third.
    pub high: T,
}

impl<T> PerLayer<T> {
    /// Returns the value of a layer.
    #[must_use]
    pub const fn of(&self, layer: Layer) -> &T {
        match layer {
            Layer::Low => &self.low,
            Layer::Middle => &self.middle,
            Layer::High => &self.high,
        }
    }

    /// Returns the value of a layer, to change it.
    pub const fn of_mut(&mut self, layer: Layer) -> &mut T {
        match layer {
            Layer::Low => &mut self.low,
            Layer::Middle => &mut self.middle,
            Layer::High => &mut self.high,
        }
    }

    /// Makes a value for each layer.
    pub fn from_fn(mut value: impl FnMut(Layer) -> T) -> Self {
        Self {
            low: value(Layer::Low),
            middle: value(Layer::Middle),
            high: value(Layer::High),
        }
    }
}
