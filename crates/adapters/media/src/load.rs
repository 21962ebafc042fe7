//! The load of a thread, and what follows from it.
//!
//! 1. The load is the share of a window's time in which the thread did not wait.
//! 2. In each window above the limit it goes one step up: the calls' largest layer is the middle one, then the low
//!    one, then no call and no connection more is taken.
//! 3. After ten windows in a row below three quarters of the limit it goes one step down.

use core::time::Duration;

use anteroom_sfu::source::Layer;

/// The limit of the load of a thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LoadLimit {
    /// The share of the time, in hundredths.
    pub percent: u8,
    /// The length of the window.
    pub window: Duration,
}

impl Default for LoadLimit {
    /// 80 %, in windows of a second.
    fn default() -> Self {
        Self {
            percent: 80,
            window: Duration::from_secs(1),
        }
    }
}

/// The number of windows in a row with little load before it goes a step down.
const CALM: u8 = 10;

/// The reaction of a thread to its load.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum LoadStep {
    #[default]
    Normal,
    MiddleLayers,
    LowLayers,
    Full,
}

impl LoadStep {
    /// Returns the largest layer that may travel.
    pub(crate) const fn largest(self) -> Layer {
        match self {
            Self::Normal => Layer::High,
            Self::MiddleLayers => Layer::Middle,
            Self::LowLayers | Self::Full => Layer::Low,
        }
    }

    const fn up(self) -> Self {
        match self {
            Self::Normal => Self::MiddleLayers,
            Self::MiddleLayers => Self::LowLayers,
            Self::LowLayers | Self::Full => Self::Full,
        }
    }

    const fn down(self) -> Self {
        match self {
            Self::Normal | Self::MiddleLayers => Self::Normal,
            Self::LowLayers => Self::MiddleLayers,
            Self::Full => Self::LowLayers,
        }
    }
}

/// The load of a thread. The module's documentation has the rules.
#[derive(Debug)]
pub(crate) struct LoadMeter {
    limit: LoadLimit,
    waited: Duration,
    passed: Duration,
    calm: u8,
    step: LoadStep,
}

impl LoadMeter {
    pub(crate) const fn new(limit: LoadLimit) -> Self {
        Self {
            limit,
            waited: Duration::ZERO,
            passed: Duration::ZERO,
            calm: 0,
            step: LoadStep::Normal,
        }
    }

    pub(crate) const fn step(&self) -> LoadStep {
        self.step
    }

    /// Counts a round of a thread. At the end of a window returns its load in hundredths.
    pub(crate) fn count(&mut self, waited: Duration, worked: Duration) -> Option<u8> {
        self.waited += waited;
        self.passed += waited + worked;
        if self.passed < self.limit.window || self.passed.is_zero() {
            return None;
        }
        let worked = self.passed.saturating_sub(self.waited).as_nanos();
        let percent = worked.saturating_mul(100) / self.passed.as_nanos();
        let percent = u8::try_from(percent).unwrap_or(100);
        self.waited = Duration::ZERO;
        self.passed = Duration::ZERO;
        self.judge(percent);
        Some(percent)
    }

    fn judge(&mut self, percent: u8) {
        if percent >= self.limit.percent {
            self.step = self.step.up();
            self.calm = 0;
        } else if u16::from(percent) * 4 < u16::from(self.limit.percent) * 3 {
            self.calm += 1;
            if self.calm >= CALM {
                self.step = self.step.down();
                self.calm = 0;
            }
        } else {
            self.calm = 0;
        }
    }
}

/// The work of a thread in a window, and the packets that it forwarded meanwhile.
#[derive(Debug, Default)]
pub(crate) struct WorkMeter {
    worked: Duration,
    packets: u64,
}

impl WorkMeter {
    /// Counts a round of a thread.
    pub(crate) fn count(&mut self, worked: Duration, packets: u64) {
        self.worked += worked;
        self.packets += packets;
    }

    /// Returns the nanoseconds for a packet, if some were forwarded, and begins the next window.
    pub(crate) fn take_for_packet(&mut self) -> Option<u64> {
        let Self { worked, packets } = core::mem::take(self);
        let nanos = worked.as_nanos().checked_div(u128::from(packets))?;
        u64::try_from(nanos).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_is_told_by_the_packet_and_not_without_any() {
        let mut meter = WorkMeter::default();
        assert_eq!(meter.take_for_packet(), None);
        meter.count(Duration::from_micros(30), 3);
        meter.count(Duration::from_micros(10), 1);
        assert_eq!(meter.take_for_packet(), Some(10_000));
        meter.count(Duration::from_micros(5), 0);
        assert_eq!(meter.take_for_packet(), None);
    }

    /// Lets a window pass with a load.
    fn window(meter: &mut LoadMeter, percent: u64) -> LoadStep {
        let worked = Duration::from_millis(percent * 10);
        let waited = Duration::from_millis(1_000 - percent * 10);
        assert_eq!(meter.count(waited, worked), u8::try_from(percent).ok());
        meter.step()
    }

    #[test]
    fn layers_go_first_then_newcomers_and_calm_brings_them_back_one_by_one() {
        let mut meter = LoadMeter::new(LoadLimit::default());
        assert_eq!(window(&mut meter, 79), LoadStep::Normal);
        assert_eq!(window(&mut meter, 80), LoadStep::MiddleLayers);
        assert_eq!(window(&mut meter, 100), LoadStep::LowLayers);
        assert_eq!(window(&mut meter, 70), LoadStep::LowLayers);
        assert_eq!(window(&mut meter, 95), LoadStep::Full);
        assert_eq!(window(&mut meter, 95), LoadStep::Full);
        let expected = [
            LoadStep::LowLayers,
            LoadStep::MiddleLayers,
            LoadStep::Normal,
        ];
        for (below, step) in [LoadStep::Full].iter().chain(&expected).zip(expected) {
            for _ in 0..9 {
                assert_eq!(window(&mut meter, 59), *below);
            }
            assert_eq!(window(&mut meter, 59), step);
        }
        assert_eq!(window(&mut meter, 10), LoadStep::Normal);
    }

    #[test]
    fn calm_that_is_interrupted_begins_anew() {
        let mut meter = LoadMeter::new(LoadLimit::default());
        window(&mut meter, 90);
        for _ in 0..30 {
            for _ in 0..9 {
                window(&mut meter, 10);
            }
            assert_eq!(window(&mut meter, 70), LoadStep::MiddleLayers);
        }
    }

    #[test]
    fn rounds_add_up_to_windows() {
        let mut meter = LoadMeter::new(LoadLimit::default());
        let round = Duration::from_millis(100);
        for _ in 0..4 {
            assert_eq!(meter.count(round, round), None);
        }
        assert_eq!(meter.count(round, round), Some(50));
        assert_eq!(meter.count(round, round), None);
    }
}
