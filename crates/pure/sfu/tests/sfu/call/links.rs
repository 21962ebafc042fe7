//! A viewer behind a link of a limited rate, whose receiver estimates as browsers do: what it sees, how often
//! the link is full, and how soon it follows a change.

use std::collections::VecDeque;

use anteroom_sfu::{input::Input, source::Source};

use super::harness::{Call, FIRST_PICTURE, height, id, send, wish};

/// The milliseconds of a step.
const STEP: u64 = 20;

/// A link with a queue of 300 ms, and its receiver's estimator: it falls to 0.85 of what is received when the
/// queue grows, never rises meanwhile, and rises by 8 % a second otherwise, to 1.5 times what is received.
struct Link {
    capacity: u64,
    /// The thousandths of all bits that are lost whatever is sent.
    loses: u64,
    /// The bits that wait.
    queue: u64,
    estimate: u64,
    /// The bits that arrived in each step of the last second.
    arrived: VecDeque<u64>,
    /// The bits that were sent and lost since the last report.
    sent: u64,
    lost: u64,
    /// The estimate as it was reported last.
    reported: u64,
    steps: u64,
}

impl Link {
    fn new(capacity: u64) -> Self {
        Self {
            capacity,
            loses: 0,
            queue: 0,
            estimate: 300_000,
            arrived: VecDeque::from(vec![0; 50]),
            sent: 0,
            lost: 0,
            reported: 0,
            steps: 0,
        }
    }

    const fn delay_millis(&self) -> u64 {
        self.queue * 1_000 / self.capacity
    }

    /// Carries the bits of a step. Returns an estimate and a loss, if they are to be reported.
    fn carry(&mut self, bits: u64) -> (Option<u64>, Option<u64>) {
        self.steps += 1;
        self.sent += bits;
        self.lost += bits * self.loses / 1_000;
        let bits = bits - bits * self.loses / 1_000;
        let room = self.capacity * 3 / 10;
        let before = self.queue;
        self.lost += (self.queue + bits).saturating_sub(room);
        self.queue = (self.queue + bits).min(room);
        let arrives = self.queue.min(self.capacity * STEP / 1_000);
        self.queue -= arrives;
        self.arrived.pop_front();
        self.arrived.push_back(arrives);
        // In the first second the rate is that of the time that has passed.
        let received = self.arrived.iter().sum::<u64>() * 50 / self.steps.min(50);
        let is_overused = self.delay_millis() > 60 && self.queue >= before;
        if is_overused {
            self.estimate = self.estimate.min(received * 85 / 100).max(10_000);
        } else if self.delay_millis() < 30 {
            let most = (received * 3 / 2 + 10_000).max(self.estimate);
            self.estimate = (self.estimate + self.estimate * 8 / 5_000).min(most);
        }
        let is_second = self.steps.is_multiple_of(1_000 / STEP);
        let has_fallen = self.estimate < self.reported * 97 / 100;
        let estimate = (is_second || has_fallen).then_some(self.estimate);
        self.reported = estimate.unwrap_or(self.reported);
        let loss = is_second.then(|| {
            let loss = self.lost * 1_000 / self.sent.max(1);
            (self.sent, self.lost) = (0, 0);
            loss
        });
        (estimate, loss)
    }
}

/// The shares of a time, in hundredths.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Shares {
    /// With each height: none, 180, 360 and 720.
    heights: [u64; 4],
    /// With a delay of more than 150 ms.
    late: u64,
}

/// Lets one viewer watch a picture for some seconds.
fn watch(call: &mut Call, link: &mut Link, seconds: u64) -> Shares {
    let mut shares = Shares::default();
    let steps = seconds * 1_000 / STEP;
    for _ in 0..steps {
        let received = send(call, &[0], STEP);
        let bits = received.iter().map(|(_, _, layer, _)| match layer.count() {
            1 => 3_000,
            2 => 10_000,
            _ => 30_000,
        });
        let (estimate, loss) = link.carry(bits.sum());
        if let Some(bits) = estimate {
            call.estimate(1, bits);
        }
        if let Some(loss) = loss {
            call.handle(Input::Loss {
                device: id(1),
                thousandths: u32::try_from(loss).unwrap(),
            });
        }
        let place = match height(call, 1, FIRST_PICTURE) {
            None => 0,
            Some(180) => 1,
            Some(360) => 2,
            Some(_) => 3,
        };
        shares.heights[place] += 1;
        shares.late += u64::from(link.delay_millis() > 150);
    }
    for share in shares.heights.iter_mut().chain([&mut shares.late]) {
        *share = *share * 100 / steps;
    }
    shares
}

/// A call of a sender and a viewer of its camera in full height, whose receiver has estimated nothing yet.
fn call_of_two() -> Call {
    let mut call = Call::new(super::harness::no_limits());
    for device in [0, 1] {
        call.activate(device, device);
        call.connect(device, super::harness::connection(3, 2));
        call.publish(device, super::harness::EVERYTHING);
    }
    call.view(1, &[wish(FIRST_PICTURE, 0, Source::Camera, 720)]);
    call
}

#[test]
fn a_viewer_sees_what_its_link_carries_and_the_link_is_seldom_full() {
    // The bits a second of the link, the place of the height that fits, and the hundredths of the time.
    for (capacity, place, share) in [
        (300_000, 1, 85),
        (700_000, 2, 85),
        (1_200_000, 2, 85),
        (2_500_000, 3, 90),
        (20_000_000, 3, 95),
    ] {
        let (mut call, mut link) = (call_of_two(), Link::new(capacity));
        watch(&mut call, &mut link, 20);
        let shares = watch(&mut call, &mut link, 180);
        assert!(shares.heights[place] >= share, "at {capacity}: {shares:?}");
        assert_eq!(shares.heights[0], 0, "at {capacity}: {shares:?}");
        assert!(shares.late <= 6, "at {capacity}: {shares:?}");
    }
}

#[test]
fn a_link_that_always_loses_carries_what_its_rate_allows() {
    for loses in [20, 100] {
        let (mut call, mut link) = (call_of_two(), Link::new(2_500_000));
        link.loses = loses;
        watch(&mut call, &mut link, 30);
        let shares = watch(&mut call, &mut link, 60);
        assert!(shares.heights[3] >= 95, "with {loses}: {shares:?}");
    }
}

#[test]
fn a_link_that_becomes_narrow_is_followed_at_once_and_one_that_becomes_wide_soon() {
    let (mut call, mut link) = (call_of_two(), Link::new(5_000_000));
    watch(&mut call, &mut link, 20);
    assert_eq!(height(&call, 1, FIRST_PICTURE), Some(720));
    link.capacity = 300_000;
    watch(&mut call, &mut link, 4);
    let shares = watch(&mut call, &mut link, 60);
    assert!(shares.heights[1] >= 70, "{shares:?}");
    assert!(shares.late <= 12, "{shares:?}");
    link.capacity = 5_000_000;
    watch(&mut call, &mut link, 90);
    let shares = watch(&mut call, &mut link, 30);
    assert_eq!(shares.heights[3], 100, "{shares:?}");
}
