//! The loss that a receiver reports.

use anteroom_sfu::reported_loss::ReportedLoss;

#[test]
fn the_loss_is_that_of_all_slots_together() {
    let mut loss = ReportedLoss::default();
    assert_eq!(loss.take(), None);
    loss.add(300, 0.2);
    loss.add(100, 0.0);
    assert_eq!(loss.take(), Some(150));
    assert_eq!(loss.take(), None);
    // Nothing was sent, and shares beyond all are those of a broken receiver.
    loss.add(0, 1.0);
    assert_eq!(loss.take(), None);
    loss.add(10, 7.0);
    assert_eq!(loss.take(), Some(1_000));
    loss.add(10, f32::NAN);
    assert_eq!(loss.take(), Some(0));
}
