//! The sentences about people and their accounts.

use anteroom_client::{CertificateStatus, DemuxId, Participant, Roster};

use crate::{
    account::DeviceAccount,
    entry::Entry,
    known_devices::KnownDevices,
    wait::{Wait, span},
};

/// Returns all participants, one in a line.
pub(in crate::view) fn everyone(
    known_devices: &KnownDevices,
    roster: &Roster,
    (group_place, media): (
        impl Fn(&Participant) -> String,
        impl Fn(&Participant) -> String,
    ),
    wait: impl Fn(DemuxId) -> Wait,
) -> Vec<Entry> {
    let line = |participant: &Participant, place: &str, (label, account): (String, String)| {
        let hand = match participant.hand_raised_at {
            Some(_) => ", with a raised hand",
            None => "",
        };
        let lost = if participant.is_lost {
            ", connection lost"
        } else {
            ""
        };
        let media = media(participant);
        format!("  {label} ({place}{hand}{media}{lost}){account}")
    };
    let active = roster.active.iter().map(|one| {
        let label = known_devices.whole_label(one.demux);
        let account = account_beside_name(known_devices, one.demux);
        line(one, "in the call", (label, account)) + &group_place(one)
    });
    let pending = roster.pending.iter().map(|one| {
        let waited = span(wait(one.demux));
        let label = known_devices.waiting_label(one.demux);
        let account = known_devices.waiting_account(one.demux);
        let has_name = known_devices.waiting_name(one.demux).is_some();
        let account = account.filter(|_| has_name && !known_devices.is_own(one.demux));
        let account = short_account(account);
        line(one, &format!("in the lobby for {waited}"), (label, account))
    });
    active.chain(pending).map(Entry::Notice).collect()
}

/// Returns the short account id of another device that has a name; without one the label has it.
fn account_beside_name(known_devices: &KnownDevices, device: DemuxId) -> String {
    let account = known_devices.account(device);
    short_account(
        account.filter(|_| known_devices.name(device).is_some() && !known_devices.is_own(device)),
    )
}

fn short_account(account: Option<DeviceAccount>) -> String {
    account.map_or_else(String::new, |account| format!(" {}", account.short()))
}

/// The whole account id of a device.
pub(in crate::view) fn account(
    known_devices: &KnownDevices,
    device: DemuxId,
    certificate: CertificateStatus,
) -> Entry {
    let is_own = known_devices.is_own(device);
    let label = match is_own {
        true => "You".to_owned(),
        false => known_devices.decision_label(device),
    };
    let has = if is_own { "have" } else { "has" };
    // A member with the number of a device that waits is somebody else.
    let certificate = match known_devices.is_waiting(device) {
        true => CertificateStatus::Missing,
        false => certificate,
    };
    let source = match certificate {
        CertificateStatus::Valid { is_guest: false } => "as the issuer certifies".to_owned(),
        CertificateStatus::Valid { is_guest: true } => {
            "a guest's, as the issuer certifies".to_owned()
        }
        CertificateStatus::Missing => "as told by the server".to_owned(),
        CertificateStatus::Invalid(error) => {
            format!("as told by the server: its certificate does not hold, since {error}")
        }
    };
    match known_devices.decision_account(device) {
        Some(account) => match account.whole() {
            Some(id) => Entry::Notice(format!("{label} {has} the account {id}, {source}.")),
            None => Entry::Problem(format!(
                "the account of {label} cannot be read: its id was not made with the key of this link"
            )),
        },
        None => Entry::Problem(format!(
            "the room service does not tell the account of {label}"
        )),
    }
}
