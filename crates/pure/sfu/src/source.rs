//! The sources of a device, and the layers of a source.

/// A source of a device.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Source {
    /// The microphone.
    Audio,
    /// The camera, with up to three layers.
    Camera,
    /// The screen, with one or two layers.
    Screen,
    /// The sound of the screen.
    ScreenAudio,
}

impl Source {
    /// All sources.
    pub const ALL: [Self; 4] = [Self::Audio, Self::Camera, Self::Screen, Self::ScreenAudio];

    /// Returns whether the source is a picture.
    #[must_use]
    pub const fn is_video(self) -> bool {
        matches!(self, Self::Camera | Self::Screen)
    }

    /// Returns the ticks of a second in RTP timestamps: of Opus and of all video codecs.
    #[must_use]
    pub const fn clock_rate(self) -> u64 {
        if self.is_video() { 90_000 } else { 48_000 }
    }
}

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

/// A value for each source of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PerSource<T> {
    /// That of the microphone.
    pub audio: T,
    /// That of the camera.
    pub camera: T,
    /// That of the screen.
    pub screen: T,
    /// That of the screen's sound.
    pub screen_audio: T,
}

impl<T> PerSource<T> {
    /// Returns the value of a source.
    #[must_use]
    pub const fn of(&self, source: Source) -> &T {
        match source {
            Source::Audio => &self.audio,
            Source::Camera => &self.camera,
            Source::Screen => &self.screen,
            Source::ScreenAudio => &self.screen_audio,
        }
    }

    /// Returns the value of a source, to change it.
    pub const fn of_mut(&mut self, source: Source) -> &mut T {
        match source {
            Source::Audio => &mut self.audio,
            Source::Camera => &mut self.camera,
            Source::Screen => &mut self.screen,
            Source::ScreenAudio => &mut self.screen_audio,
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
