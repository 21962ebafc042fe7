//! The loss that a receiver reports for its slots, as one share of all that was sent to it.

/// The losses that were reported, by the packets that they are of.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ReportedLoss {
    packets: u64,
    /// The packets that were lost, in thousandths of one.
    lost: u64,
}

impl ReportedLoss {
    /// Adds the report of a slot: the packets that were sent in it, and the share of them that was lost, 0 to 1.
    pub fn add(&mut self, packets: u64, share: f32) {
        self.packets = self.packets.saturating_add(packets);
        let lost = packets.saturating_mul(thousandths(share));
        self.lost = self.lost.saturating_add(lost);
    }

    /// Takes what was reported: the share of all packets, in thousandths. `None`: nothing was.
    pub fn take(&mut self) -> Option<u32> {
        let Self { packets, lost } = core::mem::take(self);
        let share = lost.checked_div(packets)?;
        u32::try_from(share).ok()
    }
}

/// Returns a share in thousandths.
fn thousandths(share: f32) -> u64 {
    // Shares are far below the limits of the type, and casts of floats saturate.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "the share is 0 to 1"
    )]
    let thousandths = (share.clamp(0.0, 1.0) * 1_000.0).round() as u64;
    thousandths
}
