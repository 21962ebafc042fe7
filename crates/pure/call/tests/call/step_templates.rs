//! Random steps, whose devices are chosen when the step is made.

use anteroom_protocol::media::{MuteOrder, PerSource, Source};
use proptest::prelude::{Strategy, prop_oneof};

use crate::{
    model::Model,
    script::{Decision, LinkStep, MutedDevices, SimpleCommand, Step},
};

/// A step whose devices are not chosen yet: they are chosen among those that are present when the step is
/// made.
#[derive(Clone, Copy, Debug)]
pub(crate) enum StepTemplate {
    Join {
        user: u8,
        admin: bool,
        changes: bool,
        hello: bool,
        member: Option<u8>,
        old_id: bool,
    },
    JoinAgain {
        who: u8,
    },
    Resume {
        who: u8,
        right: bool,
    },
    Say {
        who: u8,
        word: SimpleCommand,
    },
    RelayToAll {
        who: u8,
        count: u32,
        kib: u32,
    },
    RelayTo {
        who: u8,
        whom: u8,
    },
    Commit {
        who: u8,
        place: CommitPlace,
        kib: u32,
        whom: u8,
    },
    Refuse {
        who: u8,
        back: u64,
    },
    Decide {
        who: u8,
        decision: Decision,
        whom: u8,
    },
    Lock {
        who: u8,
        is_on: bool,
    },
    Approval {
        who: u8,
        is_on: bool,
    },
    CoAdmin {
        who: u8,
        user: u8,
        is_on: bool,
    },
    Offer {
        who: u8,
    },
    View {
        who: u8,
    },
    Publish {
        who: u8,
        sources: u8,
    },
    Mute {
        who: u8,
        order: MuteOrder,
        whom: u8,
        source: Source,
    },
    SourceDropped {
        who: u8,
        source: Source,
    },
    Link(LinkStep),
    End,
    Dismiss,
    Later(u64),
    Wait(u64),
}

/// The epoch of a commit, compared with the present one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum CommitPlace {
    Present,
    Before,
    After,
    NextGroup,
    OtherGroup,
}

impl CommitPlace {
    const fn epoch(self, (group, epoch): (u32, u64)) -> (u32, u64) {
        match self {
            Self::Present => (group, epoch),
            Self::Before => (group, epoch.saturating_sub(1)),
            Self::After => (group, epoch + 1),
            Self::NextGroup => (group + 1, 0),
            Self::OtherGroup => (group + 2, 0),
        }
    }
}

pub(crate) fn step_template() -> impl Strategy<Value = StepTemplate> {
    let times = proptest::sample::select(vec![
        1, 249, 250, 1_000, 9_999, 15_000, 29_999, 30_000, 30_001, 61_000,
    ]);
    let words = proptest::sample::select(vec![
        SimpleCommand::Leave,
        SimpleCommand::Ping,
        SimpleCommand::Up,
        SimpleCommand::Up,
        SimpleCommand::Down,
        SimpleCommand::Who,
        SimpleCommand::Missed,
        SimpleCommand::Drops,
        SimpleCommand::Drops,
    ]);
    let decisions = proptest::sample::select(vec![
        Decision::Approve(None),
        Decision::Approve(Some(1)),
        Decision::Approve(Some(2)),
        Decision::Deny,
        Decision::Deny,
        Decision::Remove,
        Decision::Block,
        Decision::LowerHand,
    ]);
    let links = proptest::sample::select(vec![
        LinkStep::Revoked,
        LinkStep::Open,
        LinkStep::Open,
        LinkStep::Unlimited,
        LinkStep::Statement(1),
        LinkStep::Statement(2),
        LinkStep::Expires(60),
        LinkStep::Expires(9_000),
    ]);
    let commit_places = proptest::sample::select(vec![
        CommitPlace::Present,
        CommitPlace::Present,
        CommitPlace::Present,
        CommitPlace::Before,
        CommitPlace::After,
        CommitPlace::NextGroup,
        CommitPlace::NextGroup,
        CommitPlace::OtherGroup,
    ]);
    let orders =
        proptest::sample::select(vec![MuteOrder::Mute, MuteOrder::Hold, MuteOrder::Release]);
    let sources = proptest::sample::select(Source::ALL.to_vec());
    let any = proptest::num::u8::ANY;
    let coin = proptest::bool::ANY;
    prop_oneof![
        8 => (
            any,
            proptest::bool::weighted(0.25),
            coin,
            coin,
            proptest::option::of(1_u8..3),
            proptest::bool::weighted(0.1),
        )
            .prop_map(|(user, admin, changes, hello, member, old_id)| StepTemplate::Join {
                user,
                admin,
                changes,
                hello,
                member,
                old_id,
            }),
        1 => any.prop_map(|who| StepTemplate::JoinAgain { who }),
        4 => (any, coin).prop_map(|(who, right)| StepTemplate::Resume { who, right }),
        7 => (any, words).prop_map(|(who, word)| StepTemplate::Say { who, word }),
        2 => (any, 1_u32..9, 0_u32..64)
            .prop_map(|(who, count, kib)| StepTemplate::RelayToAll { who, count, kib }),
        3 => (any, any).prop_map(|(who, whom)| StepTemplate::RelayTo { who, whom }),
        9 => (any, decisions, any)
            .prop_map(|(who, decision, whom)| StepTemplate::Decide { who, decision, whom }),
        2 => (any, coin).prop_map(|(who, is_on)| StepTemplate::Lock { who, is_on }),
        2 => (any, coin).prop_map(|(who, is_on)| StepTemplate::Approval { who, is_on }),
        2 => (any, any, proptest::bool::weighted(0.7))
            .prop_map(|(who, user, is_on)| StepTemplate::CoAdmin { who, user, is_on }),
        14 => any.prop_map(|who| StepTemplate::Offer { who }),
        2 => any.prop_map(|who| StepTemplate::View { who }),
        4 => (any, any).prop_map(|(who, sources)| StepTemplate::Publish { who, sources }),
        4 => (any, orders, any, sources.clone())
            .prop_map(|(who, order, whom, source)| StepTemplate::Mute { who, order, whom, source }),
        1 => (any, sources).prop_map(|(who, source)| StepTemplate::SourceDropped { who, source }),
        1 => links.prop_map(StepTemplate::Link),
        6 => (any, commit_places, 0_u32..65, any)
            .prop_map(|(who, place, kib, whom)| StepTemplate::Commit { who, place, kib, whom }),
        1 => (any, 0_u64..3).prop_map(|(who, back)| StepTemplate::Refuse { who, back }),
        2 => times.clone().prop_map(StepTemplate::Later),
        2 => times.prop_map(StepTemplate::Wait),
        1 => proptest::num::u8::ANY.prop_map(|number| match number {
            0..16 => StepTemplate::End,
            16..32 => StepTemplate::Dismiss,
            _ => StepTemplate::Wait(1),
        }),
    ]
}

/// Creates a step from a template. One in nine chooses a device that is not present.
pub(crate) fn step(template: StepTemplate, model: &Model, last_connection: &mut u64) -> Step {
    let chosen = |number: u8| {
        let number = usize::from(number);
        let count = model.devices.len();
        let index = number.checked_rem(count)?;
        let device = model.devices.get(index);
        device.filter(|_| !number.is_multiple_of(9))
    };
    let admin = || model.devices.iter().find(|device| device.admin);
    let connection = |number: u8| {
        let device = chosen(number);
        device.and_then(|device| device.connection).unwrap_or(999)
    };
    let id = |number: u8| chosen(number).map_or(999, |device| device.id);
    // In most cases an admin decides: the decisions of others are only refused. It makes most offers, so that there are
    // too many.
    let decider = |who: u8| {
        let by_admin = admin().and_then(|device| device.connection);
        let decider = by_admin.filter(|_| !who.is_multiple_of(5));
        decider.unwrap_or_else(|| connection(who))
    };
    match template {
        StepTemplate::Join {
            user,
            admin,
            changes,
            hello,
            member,
            old_id,
        } => {
            *last_connection += 1;
            let new_id = u32::try_from(*last_connection).unwrap();
            let old = chosen(user).map_or(1, |device| device.id);
            Step::Join {
                connection: *last_connection,
                user: char::from(b'a' + user % 5),
                admin,
                changes,
                hello,
                member,
                resume: None,
                have: None,
                ids: old_id.then_some([old, 0, new_id, old]),
            }
        }
        StepTemplate::JoinAgain { who } => Step::Join {
            connection: connection(who),
            user: 'a',
            admin: false,
            changes: false,
            hello: false,
            member: None,
            resume: None,
            have: None,
            ids: None,
        },
        StepTemplate::Resume { who, right } => {
            *last_connection += 1;
            let device = chosen(who);
            Step::Join {
                connection: *last_connection,
                user: device.map_or('a', |device| {
                    if right || who.is_multiple_of(2) {
                        device.user
                    } else {
                        'f'
                    }
                }),
                admin: who.is_multiple_of(7),
                changes: who.is_multiple_of(4),
                hello: who.is_multiple_of(3),
                // In some cases another member key than the seat's, or none.
                member: device
                    .and_then(|device| device.member)
                    .filter(|_| !who.is_multiple_of(5))
                    .or_else(|| who.is_multiple_of(11).then_some(2)),
                resume: device.map(|device| {
                    if right || !who.is_multiple_of(2) {
                        device.secret
                    } else {
                        device.secret.wrapping_sub(1)
                    }
                }),
                have: (!who.is_multiple_of(3)).then(|| {
                    let (group, epoch) = model.groups.present();
                    (group, epoch.saturating_sub(u64::from(who % 4)))
                }),
                ids: None,
            }
        }
        StepTemplate::Say { who, word } => Step::Say(connection(who), word),
        StepTemplate::RelayToAll { who, count, kib } => {
            Step::RelayToAll(connection(who), count, kib)
        }
        StepTemplate::RelayTo { who, whom } => Step::RelayTo(connection(who), id(whom)),
        StepTemplate::Commit {
            who,
            place,
            kib,
            whom,
        } => {
            let newcomers = [whom, whom.wrapping_mul(7)].map(id);
            Step::Commit {
                connection: connection(who),
                at: place.epoch(model.groups.present()),
                kib,
                to: newcomers.into_iter().take(usize::from(whom % 3)).collect(),
            }
        }
        StepTemplate::Refuse { who, back } => {
            let (group, epoch) = model.groups.present();
            Step::Refuse(connection(who), (group, epoch.saturating_sub(back)))
        }
        StepTemplate::Decide {
            who,
            decision,
            whom,
        } => Step::Decide(decider(who), decision, id(whom)),
        StepTemplate::Lock { who, is_on } => Step::Lock(decider(who), is_on),
        StepTemplate::Approval { who, is_on } => Step::Approval(decider(who), is_on),
        StepTemplate::CoAdmin { who, user, is_on } => {
            let user = chosen(user).map_or('a', |device| device.user);
            Step::CoAdmin(decider(who), user, is_on)
        }
        StepTemplate::Offer { who } => Step::Offer(decider(who), u64::from(who)),
        StepTemplate::View { who } => Step::View(connection(who)),
        StepTemplate::Publish { who, sources } => Step::Publish(
            connection(who),
            PerSource {
                audio: sources & 1 != 0,
                camera: sources & 2 != 0,
                screen: sources & 4 != 0,
                screen_audio: sources & 8 != 0,
            },
        ),
        StepTemplate::Mute {
            who,
            order,
            whom,
            source,
        } => {
            let devices = match whom % 5 {
                0 => MutedDevices::AllBut(Vec::new()),
                1 => MutedDevices::AllBut(vec![id(whom)]),
                _ => MutedDevices::One(id(whom)),
            };
            Step::Mute(decider(who), order, devices, source)
        }
        StepTemplate::SourceDropped { who, source } => Step::SourceDropped(id(who), source),
        StepTemplate::Link(change) => Step::Link(change),
        StepTemplate::End => Step::End,
        StepTemplate::Dismiss => Step::Dismiss,
        StepTemplate::Later(time) => Step::Later(time),
        StepTemplate::Wait(time) => Step::Wait(time),
    }
}
