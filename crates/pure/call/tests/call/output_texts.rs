//! Parts of a call's messages as text.

use anteroom_call::{
    Fact, JoinAnswer, Moderation, Moment, Participant, Roster, RosterEntry, Status,
};
use anteroom_protocol::{ApprovalStatement, Restrictions, media::PerSource};

use crate::script::letters;

/// The moment at which scripts start, in seconds since 1970.
pub(crate) const START: u64 = 1_800_000_000;

pub(crate) fn since_start(moment: Moment) -> u64 {
    moment.as_millis() - START * 1_000
}

/// Returns the lock, and the approval if it is not that of the link.
pub(crate) fn moderation_text(joined: &JoinAnswer) -> String {
    let Moderation {
        is_locked,
        asks_approval,
    } = joined.moderation;
    let asks_by_link = joined.link.restrictions == Restrictions::AdminApproval;
    let approval = match asks_approval {
        _ if asks_approval == asks_by_link => "",
        true => " approval on",
        false => " approval off",
    };
    let lock = if is_locked { " locked" } else { "" };
    format!("{lock}{approval}")
}

pub(crate) fn statement_text(statement: Option<&ApprovalStatement>) -> String {
    bytes_text(statement.map_or(&[], ApprovalStatement::as_bytes))
}

pub(crate) fn bytes_text(statement: &[u8]) -> String {
    let first = statement.first();
    first.map_or_else(String::new, |byte| format!(" with {byte}"))
}

pub(crate) fn roster_text(roster: &Roster) -> String {
    let list = |participants: &[Participant]| {
        let texts: Vec<String> = participants.iter().map(participant_text).collect();
        texts.join(" ")
    };
    let pending = list(&roster.pending);
    if pending.is_empty() {
        format!("[{}] {}", list(&roster.active), roster.pending_count)
    } else {
        assert_eq!(roster.pending.len(), roster.pending_count);
        format!("[{}] [{pending}]", list(&roster.active))
    }
}

pub(crate) fn entries_text(entries: &[RosterEntry]) -> String {
    let texts: Vec<String> = entries
        .iter()
        .map(|entry| {
            let mark = match entry.status {
                Status::Active => "",
                Status::Pending => "?",
            };
            mark.to_owned() + &participant_text(&entry.participant)
        })
        .collect();
    texts.join(" ")
}

fn participant_text(participant: &Participant) -> String {
    let mut text = (participant.demux_id.number() >> 4).to_string();
    if let Some(user) = &participant.opaque_user_id {
        text += user.as_str();
    }
    if participant.is_co_admin {
        text.push('+');
    }
    if let Some(moment) = participant.hand_raised_at {
        text += &format!("^{}", since_start(moment));
    }
    if participant.is_lost {
        text.push('!');
    }
    if let Some(hello) = &participant.hello {
        text += &format!("*{}", hello.as_bytes()[0]);
    }
    if let Some(member) = &participant.member {
        text += &format!("={}", member.as_bytes()[0]);
    }
    if participant.sends != PerSource::default() {
        text += &format!("({})", letters(&participant.sends));
    }
    text
}

pub(crate) const fn status_text(status: Status) -> &'static str {
    match status {
        Status::Active => "active",
        Status::Pending => "pending",
    }
}

pub(crate) fn fact_text(fact: &Fact) -> String {
    match fact {
        Fact::UserApproved(user) => format!("approved {}", user.as_str()),
        Fact::ApprovalForgotten(user) => format!("forgotten {}", user.as_str()),
        Fact::DeviceGone {
            demux_id,
            status,
            reason,
        } => {
            let reason = format!("{reason:?}").to_lowercase();
            let id = demux_id.number() >> 4;
            format!("gone {id} {} {reason}", status_text(*status))
        }
        Fact::EraEnded => "ended".to_owned(),
    }
}
