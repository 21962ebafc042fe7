//! Random scripts: the call behaves as the model, step by step.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use anteroom_call::ErrorCode;
use anteroom_protocol::GuestAdmission;
use proptest::{
    collection::vec,
    prelude::{Strategy, prop_oneof},
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

use crate::{
    harness::{Harness, Line, Setting},
    model::Model,
    revisions::ConnectionRevisions,
    script::{Decision, LinkStep, SimpleCommand, Step, epoch},
};

/// A step whose devices are not chosen yet: they are chosen among those that are present when the step is
/// made.
#[derive(Clone, Copy, Debug)]
enum StepTemplate {
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
    Link(LinkStep),
    End,
    Dismiss,
    Later(u64),
    Wait(u64),
}

/// The epoch of a commit, compared with the present one.
#[derive(Clone, Copy, Debug)]
enum CommitPlace {
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

const SETTINGS: [Setting; 6] = [
    Setting {
        max_devices: 3,
        max_remembered_users: 3,
        approved: "ab",
        roster_interval: 250,
        ..Setting::APPROVAL
    },
    Setting {
        max_devices: 4,
        devices_per_user: 2,
        roster_interval: 250,
        max_co_admins: 1,
        ..Setting::APPROVAL
    },
    Setting {
        max_devices: 5,
        ..Setting::APPROVAL
    },
    Setting {
        max_devices: 3,
        ..Setting::FREE
    },
    Setting {
        max_devices: 4,
        guests: "bc",
        ..Setting::FREE
    },
    Setting {
        guests: "b",
        guest_admission: GuestAdmission::Refused,
        ..Setting::APPROVAL
    },
];

#[test]
fn random_scripts_go_as_the_model_says() {
    for setting in SETTINGS {
        TestRunner::new(config())
            .run(&vec(step_template(), 1..80), |templates| {
                play(setting, &templates, &mut BTreeSet::new())
            })
            .unwrap_or_else(|failure| panic!("{setting:?}\n{failure}"));
    }
}

#[test]
fn random_scripts_come_everywhere() {
    let seen = RefCell::new(BTreeSet::new());
    for setting in SETTINGS {
        let rng = TestRng::deterministic_rng(RngAlgorithm::ChaCha);
        TestRunner::new_with_rng(config(), rng)
            .run(&vec(step_template(), 1..80), |templates| {
                play(setting, &templates, &mut seen.borrow_mut())
            })
            .unwrap_or_else(|failure| panic!("{setting:?}\n{failure}"));
    }
    let seen = seen.into_inner();
    let codes = ErrorCode::ALL.map(|code| format!("error {}", code.as_str()));
    let others = [
        "admitted",
        "approved",
        "blocked",
        "close blocked",
        "close denied",
        "close dismissed",
        "close displaced",
        "close ended",
        "close left",
        "close refused",
        "close removed",
        "close replaced",
        "close silent",
        "commit",
        "denied admin",
        "denied ended",
        "ended",
        "forgotten",
        "joined",
        "link adminApproval",
        "link adminApproval revoked",
        "link none",
        "moderation admin",
        "moderation approval",
        "moderation locked",
        "participants",
        "pong",
        "refuse",
        "relay",
        "removed",
        "roster",
        "welcome",
    ];
    for code in ["forbidden", "rate_limited", "stale_commit"] {
        let is_seen = seen
            .iter()
            .any(|line: &String| line.starts_with(&format!("error {code} ")));
        assert!(is_seen, "no script comes to {code} after a commit");
    }
    let has_missed = seen.iter().any(|line: &String| line.contains(" missed "));
    assert!(has_missed, "no script comes to missed commits");
    for text in codes.iter().map(String::as_str).chain(others) {
        let is_seen = seen.iter().any(|line: &String| line.starts_with(text));
        assert!(is_seen, "no script comes to: {text}");
    }
}

fn config() -> Config {
    Config {
        cases: 400,
        failure_persistence: None,
        ..Config::default()
    }
}

/// Executes a script on the call and the model.
pub(crate) fn agree(setting: Setting, steps: &[Step]) -> Result<(), String> {
    let mut comparison = ModelComparison::new(setting);
    steps
        .iter()
        .try_for_each(|step| comparison.play(step).map(drop))
}

fn play(
    setting: Setting,
    templates: &[StepTemplate],
    seen: &mut BTreeSet<String>,
) -> Result<(), TestCaseError> {
    let mut comparison = ModelComparison::new(setting);
    let mut script = String::new();
    let mut last_connection = 0;
    for template in templates {
        let step = step(*template, &comparison.model, &mut last_connection);
        script += &format!("{step}\n");
        let lines = comparison
            .play(&step)
            .map_err(|difference| TestCaseError::fail(format!("{script}{difference}")))?;
        seen.extend(lines.into_iter().map(|line| line.text));
    }
    Ok(())
}

/// A call and the model, which execute the same steps.
struct ModelComparison {
    harness: Harness,
    model: Model,
    epochs: ConnectionEpochs,
    revisions: ConnectionRevisions,
}

/// The epoch of the group that each connection of an active device knows. Within a group, each commit and
/// Welcome leads to the next epoch.
#[derive(Default)]
struct ConnectionEpochs(BTreeMap<u64, (u32, u64)>);

impl ConnectionEpochs {
    fn check(&mut self, lines: &[Line]) -> Result<(), String> {
        for line in lines {
            for connection in &line.to {
                if !self.follows(*connection, &line.text) {
                    return Err(format!("a gap before {line}, after {:?}", self.0));
                }
            }
        }
        Ok(())
    }

    fn follows(&mut self, connection: u64, text: &str) -> bool {
        let words: Vec<&str> = text.split(' ').collect();
        let before = self.0.get(&connection).copied();
        let (next, follows) = match *words.as_slice() {
            ["joined", _, "active", ..] => {
                let present = words.iter().find_map(|word| epoch(word));
                let (group, epoch) = present.unwrap_or_default();
                let missed = words.iter().skip_while(|word| **word != "missed").nth(1);
                let missed: u64 = missed.map_or(0, |number| number.parse().unwrap());
                ((group, epoch - missed), true)
            }
            ["admitted", .., last] => (epoch(last).unwrap_or_default(), true),
            ["admitted"] => ((0, 0), true),
            ["commit", at, ..] => {
                let at = epoch(at).unwrap();
                let next = (at.0, at.1 + 1);
                // A device of the group that a commit names as new gets the commit after the Welcome.
                (next, is_next(before, at) || before == Some(next))
            }
            ["welcome", at, ..] => {
                let at = epoch(at).unwrap();
                (at, is_next(before, (at.0, at.1 - 1)))
            }
            _ => return true,
        };
        self.0.insert(connection, next);
        follows
    }
}

/// Returns whether an epoch is the known one, or the first of a later group.
fn is_next(before: Option<(u32, u64)>, at: (u32, u64)) -> bool {
    before.is_some_and(|before| at == before || at == (before.0 + 1, 0))
}

impl ModelComparison {
    fn new(setting: Setting) -> Self {
        Self {
            harness: Harness::new(setting),
            model: Model::new(setting),
            epochs: ConnectionEpochs::default(),
            revisions: ConnectionRevisions::default(),
        }
    }

    /// Executes a step on both. Returns the outputs of the call, or a difference.
    fn play(&mut self, step: &Step) -> Result<Vec<Line>, String> {
        let lines = self.harness.play(step);
        self.epochs.check(&lines)?;
        self.revisions.check(&lines)?;
        let done = in_order(lines.clone());
        let expected = in_order(self.model.play(step));
        same("lines", &done, &expected)?;
        same(
            "deadlines",
            &self.harness.deadline(),
            &self.model.deadline(),
        )?;
        same("rosters", &self.harness.rosters(), &self.model.rosters())?;
        same("ends", &self.harness.call().is_ended(), &self.model.ended)?;
        Ok(lines)
    }
}

fn same<T: PartialEq + std::fmt::Debug>(what: &str, done: &T, expected: &T) -> Result<(), String> {
    if done == expected {
        return Ok(());
    }
    Err(format!("{what}: {done:#?}\nexpected: {expected:#?}"))
}

/// Sorts outputs: per connection in the order of arrival, then the facts in a fixed order.
fn in_order(lines: Vec<Line>) -> Vec<String> {
    let (facts, seen): (Vec<_>, Vec<_>) = lines.into_iter().partition(|line| line.to.is_empty());
    let mut seen: Vec<(u64, String)> = seen
        .into_iter()
        .flat_map(|line| line.to.into_iter().map(move |to| (to, line.text.clone())))
        .collect();
    seen.sort_by_key(|(to, _)| *to);
    let mut facts: Vec<String> = facts.into_iter().map(|line| line.text).collect();
    facts.sort();
    let seen = seen.into_iter().map(|(to, text)| format!("{to}: {text}"));
    seen.chain(facts).collect()
}

fn step_template() -> impl Strategy<Value = StepTemplate> {
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
fn step(template: StepTemplate, model: &Model, last_connection: &mut u64) -> Step {
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
    // In most cases an admin decides: the decisions of others are only refused.
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
        StepTemplate::Link(change) => Step::Link(change),
        StepTemplate::End => Step::End,
        StepTemplate::Dismiss => Step::Dismiss,
        StepTemplate::Later(time) => Step::Later(time),
        StepTemplate::Wait(time) => Step::Wait(time),
    }
}
