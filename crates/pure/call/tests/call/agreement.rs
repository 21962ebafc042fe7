//! Random scripts: the call behaves as the model, step by step.

use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet},
};

use anteroom_call::ErrorCode;
use anteroom_protocol::GuestAdmission;
use proptest::{
    collection::vec,
    test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner},
};

use crate::{
    harness::{Harness, Line, Setting},
    model::Model,
    revisions::ConnectionRevisions,
    script::{Step, epoch},
    step_templates::{StepTemplate, step, step_template},
};

const SETTINGS: [Setting; 6] = [
    Setting {
        max_devices: 3,
        max_remembered_users: 3,
        approved: "ab",
        roster_interval: 250,
        has_media: true,
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
        has_media: true,
        ..Setting::APPROVAL
    },
    Setting {
        max_devices: 3,
        ..Setting::FREE
    },
    Setting {
        max_devices: 4,
        guests: "bc",
        has_media: true,
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
        "media +",
        "media -",
        "media close",
        "media hold",
        "media mute all",
        "media offer",
        "media publish",
        "media release",
        "media view",
        "moderation admin",
        "moderation approval",
        "moderation locked",
        "muted hold",
        "muted mute",
        "muted release",
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
