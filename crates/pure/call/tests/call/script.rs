//! Scripts: the inputs of a call, one step a line.
//!
//! Connections and demux ids are numbers (a demux id is written without its 4 low bits), users are hex
//! digits, secrets are named by the number of the join that created them, counting all joins.

use std::fmt;

use anteroom_protocol::media::{MuteOrder, PerSource, Source};

/// The letters of the sources.
const LETTERS: [(Source, char); 4] = [
    (Source::Audio, 'a'),
    (Source::Camera, 'c'),
    (Source::Screen, 's'),
    (Source::ScreenAudio, 't'),
];

/// Returns the letters of the sources with a value of `true`; `-` if there is none.
pub(crate) fn letters(sources: &PerSource<bool>) -> String {
    let sent = LETTERS.iter().filter(|(source, _)| *sources.of(*source));
    let text: String = sent.map(|(_, letter)| letter).collect();
    if text.is_empty() {
        "-".to_owned()
    } else {
        text
    }
}

pub(crate) fn letter(source: Source) -> char {
    LETTERS
        .iter()
        .find(|(other, _)| *other == source)
        .unwrap()
        .1
}

fn source(text: &str) -> Option<Source> {
    let known = LETTERS
        .iter()
        .find(|(_, letter)| text == letter.to_string());
    known.map(|(source, _)| *source)
}

/// The devices that an admin mutes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum MutedDevices {
    One(u32),
    AllBut(Vec<u32>),
}

impl fmt::Display for MutedDevices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(id) => write!(f, "{id}"),
            Self::AllBut(ids) if ids.is_empty() => f.write_str("all"),
            Self::AllBut(ids) => {
                let ids: Vec<String> = ids.iter().map(u32::to_string).collect();
                write!(f, "but,{}", ids.join(","))
            }
        }
    }
}

impl MutedDevices {
    fn parse(text: &str) -> Option<Self> {
        if text == "all" {
            return Some(Self::AllBut(Vec::new()));
        }
        let Some(ids) = text.strip_prefix("but,") else {
            return Some(Self::One(text.parse().ok()?));
        };
        let ids: Result<Vec<u32>, _> = ids.split(',').map(str::parse).collect();
        Some(Self::AllBut(ids.ok()?))
    }
}

pub(crate) const fn order_word(order: MuteOrder) -> &'static str {
    match order {
        MuteOrder::Mute => "mute",
        MuteOrder::Hold => "hold",
        MuteOrder::Release => "release",
    }
}

/// One step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// `CONNECTION join USER [admin] [changes] [hello] [member KEY] [resume SECRET] [have GROUP/EPOCH]
    /// [ids ID,ID,ID,ID]`
    Join {
        connection: u64,
        user: char,
        admin: bool,
        /// Whether the device receives changes of the roster instead of the whole.
        changes: bool,
        /// Whether the device has a hello.
        hello: bool,
        /// The number of the device's member key.
        member: Option<u8>,
        resume: Option<u8>,
        have: Option<(u32, u64)>,
        ids: Option<[u32; 4]>,
    },
    /// `CONNECTION leave|ping|up|down|who|missed|drops`
    Say(u64, SimpleCommand),
    /// `CONNECTION all COUNT [KIB]`: COUNT relays to all, of KIB KiB each, or of 6 bytes without KIB
    RelayToAll(u64, u32, u32),
    /// `CONNECTION to ID`
    RelayTo(u64, u32),
    /// `CONNECTION commit GROUP/EPOCH [KIB] [to ID,ID]`: a commit of KIB KiB, or of some bytes, which adds
    /// devices
    Commit {
        connection: u64,
        at: (u32, u64),
        kib: u32,
        to: Vec<u32>,
    },
    /// `CONNECTION refuse GROUP/EPOCH`
    Refuse(u64, (u32, u64)),
    /// `CONNECTION approve|deny|remove|block|lower ID`, `CONNECTION approve ID with STATEMENT`: a statement is a
    /// byte
    Decide(u64, Decision, u32),
    /// `CONNECTION lock on|off`
    Lock(u64, bool),
    /// `CONNECTION approval on|off`
    Approval(u64, bool),
    /// `CONNECTION coadmin USER on|off`
    CoAdmin(u64, char, bool),
    /// `CONNECTION offer SESSION`
    Offer(u64, u64),
    /// `CONNECTION view`
    View(u64),
    /// `CONNECTION publish LETTERS`: `a` audio, `c` camera, `s` screen, `t` its sound, `-` nothing
    Publish(u64, PerSource<bool>),
    /// `CONNECTION mute|hold|release ID|all|but,ID,ID LETTER`
    Mute(u64, MuteOrder, MutedDevices, Source),
    /// `dropped ID LETTER`: the media have stopped a source
    SourceDropped(u32, Source),
    /// `link revoked|open|unlimited|N|with STATEMENT`: `N` expires it N seconds after the start, `unlimited`
    /// sets other restrictions, `with` sets the statement of the admins
    Link(LinkStep),
    /// `end`
    End,
    /// `dismiss`
    Dismiss,
    /// `later MILLISECONDS`: time passes without an input
    Later(u64),
    /// `wait MILLISECONDS`: time passes, and the call is informed
    Wait(u64),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SimpleCommand {
    Leave,
    Ping,
    Up,
    Down,
    Who,
    Missed,
    Drops,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Decision {
    /// The byte of the statement.
    Approve(Option<u8>),
    Deny,
    Remove,
    Block,
    LowerHand,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkStep {
    Revoked,
    Open,
    Unlimited,
    Statement(u8),
    Expires(u64),
}

impl Step {
    pub(crate) fn parse(line: &str) -> Self {
        let words: Vec<&str> = line.split_whitespace().collect();
        Self::of_words(&words).unwrap_or_else(|| panic!("not a step: {line}"))
    }

    fn of_words(words: &[&str]) -> Option<Self> {
        let step = match words {
            ["end"] => Self::End,
            ["dismiss"] => Self::Dismiss,
            ["later", time] => Self::Later(time.parse().ok()?),
            ["wait", time] => Self::Wait(time.parse().ok()?),
            ["link", "revoked"] => Self::Link(LinkStep::Revoked),
            ["link", "open"] => Self::Link(LinkStep::Open),
            ["link", "unlimited"] => Self::Link(LinkStep::Unlimited),
            ["link", "with", statement] => Self::Link(LinkStep::Statement(statement.parse().ok()?)),
            ["link", seconds] => Self::Link(LinkStep::Expires(seconds.parse().ok()?)),
            [connection, "join", user, options @ ..] => {
                Self::join(connection.parse().ok()?, user.parse().ok()?, options)?
            }
            [connection, "all", count] => {
                Self::RelayToAll(connection.parse().ok()?, count.parse().ok()?, 0)
            }
            [connection, "all", count, kib] => Self::RelayToAll(
                connection.parse().ok()?,
                count.parse().ok()?,
                kib.parse().ok()?,
            ),
            [connection, "commit", at, options @ ..] => {
                Self::commit(connection.parse().ok()?, epoch(at)?, options)?
            }
            [connection, "refuse", at] => Self::Refuse(connection.parse().ok()?, epoch(at)?),
            ["dropped", id, name] => Self::SourceDropped(id.parse().ok()?, source(name)?),
            [connection, "offer", session] => {
                Self::Offer(connection.parse().ok()?, session.parse().ok()?)
            }
            [connection, "view"] => Self::View(connection.parse().ok()?),
            [connection, "publish", letters] => Self::Publish(
                connection.parse().ok()?,
                PerSource::from_fn(|source| letters.contains(letter(source))),
            ),
            [
                connection,
                word @ ("mute" | "hold" | "release"),
                devices,
                name,
            ] => {
                let order = match *word {
                    "mute" => MuteOrder::Mute,
                    "hold" => MuteOrder::Hold,
                    _ => MuteOrder::Release,
                };
                let devices = MutedDevices::parse(devices)?;
                Self::Mute(connection.parse().ok()?, order, devices, source(name)?)
            }
            [connection, "to", id] => Self::RelayTo(connection.parse().ok()?, id.parse().ok()?),
            [connection, word] => {
                let word = match *word {
                    "leave" => SimpleCommand::Leave,
                    "ping" => SimpleCommand::Ping,
                    "up" => SimpleCommand::Up,
                    "down" => SimpleCommand::Down,
                    "who" => SimpleCommand::Who,
                    "missed" => SimpleCommand::Missed,
                    "drops" => SimpleCommand::Drops,
                    _ => return None,
                };
                Self::Say(connection.parse().ok()?, word)
            }
            [connection, "approve", id, "with", statement] => Self::Decide(
                connection.parse().ok()?,
                Decision::Approve(Some(statement.parse().ok()?)),
                id.parse().ok()?,
            ),
            [connection, "lock", word] => Self::Lock(connection.parse().ok()?, switch(word)?),
            [connection, "approval", word] => {
                Self::Approval(connection.parse().ok()?, switch(word)?)
            }
            [connection, "coadmin", user, word] => {
                Self::CoAdmin(connection.parse().ok()?, user.parse().ok()?, switch(word)?)
            }
            [connection, decision, id] => {
                let decision = match *decision {
                    "approve" => Decision::Approve(None),
                    "deny" => Decision::Deny,
                    "remove" => Decision::Remove,
                    "block" => Decision::Block,
                    "lower" => Decision::LowerHand,
                    _ => return None,
                };
                Self::Decide(connection.parse().ok()?, decision, id.parse().ok()?)
            }
            _ => return None,
        };
        Some(step)
    }

    fn join(connection: u64, user: char, mut options: &[&str]) -> Option<Self> {
        let (mut admin, mut changes, mut hello) = (false, false, false);
        let (mut member, mut resume, mut have, mut ids) = (None, None, None, None);
        loop {
            options = match options {
                [] => break,
                ["admin", rest @ ..] => {
                    admin = true;
                    rest
                }
                ["changes", rest @ ..] => {
                    changes = true;
                    rest
                }
                ["hello", rest @ ..] => {
                    hello = true;
                    rest
                }
                ["member", key, rest @ ..] => {
                    member = Some(key.parse().ok()?);
                    rest
                }
                ["resume", secret, rest @ ..] => {
                    resume = Some(secret.parse().ok()?);
                    rest
                }
                ["have", at, rest @ ..] => {
                    have = Some(epoch(at)?);
                    rest
                }
                ["ids", list, rest @ ..] => {
                    let list: Result<Vec<u32>, _> = list.split(',').map(str::parse).collect();
                    ids = Some(list.ok()?.try_into().ok()?);
                    rest
                }
                _ => return None,
            };
        }
        Some(Self::Join {
            connection,
            user,
            admin,
            changes,
            hello,
            member,
            resume,
            have,
            ids,
        })
    }

    fn commit(connection: u64, at: (u32, u64), options: &[&str]) -> Option<Self> {
        let (kib, to) = match options {
            [] => (0, ""),
            ["to", ids] => (0, *ids),
            [kib] => (kib.parse().ok()?, ""),
            [kib, "to", ids] => (kib.parse().ok()?, *ids),
            _ => return None,
        };
        let ids = to.split(',').filter(|id| !id.is_empty());
        Some(Self::Commit {
            connection,
            at,
            kib,
            to: ids.map(str::parse).collect::<Result<_, _>>().ok()?,
        })
    }
}

/// Reads `on` or `off`.
fn switch(word: &str) -> Option<bool> {
    match word {
        "on" => Some(true),
        "off" => Some(false),
        _ => None,
    }
}

const fn switch_word(is_on: bool) -> &'static str {
    if is_on { "on" } else { "off" }
}

pub(crate) fn epoch(text: &str) -> Option<(u32, u64)> {
    let (group, epoch) = text.split_once('/')?;
    Some((group.parse().ok()?, epoch.parse().ok()?))
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Join {
                connection,
                user,
                admin,
                changes,
                hello,
                member,
                resume,
                have,
                ids,
            } => {
                write!(f, "{connection} join {user}")?;
                if *admin {
                    write!(f, " admin")?;
                }
                if *changes {
                    write!(f, " changes")?;
                }
                if *hello {
                    write!(f, " hello")?;
                }
                if let Some(key) = member {
                    write!(f, " member {key}")?;
                }
                if let Some(secret) = resume {
                    write!(f, " resume {secret}")?;
                }
                if let Some((group, epoch)) = have {
                    write!(f, " have {group}/{epoch}")?;
                }
                if let Some([a, b, c, d]) = ids {
                    write!(f, " ids {a},{b},{c},{d}")?;
                }
                Ok(())
            }
            Self::Say(connection, word) => {
                let word = match word {
                    SimpleCommand::Leave => "leave",
                    SimpleCommand::Ping => "ping",
                    SimpleCommand::Up => "up",
                    SimpleCommand::Down => "down",
                    SimpleCommand::Who => "who",
                    SimpleCommand::Missed => "missed",
                    SimpleCommand::Drops => "drops",
                };
                write!(f, "{connection} {word}")
            }
            Self::RelayToAll(connection, count, kib) => {
                write!(f, "{connection} all {count} {kib}")
            }
            Self::RelayTo(connection, id) => write!(f, "{connection} to {id}"),
            Self::Commit {
                connection,
                at: (group, epoch),
                kib,
                to,
            } => {
                write!(f, "{connection} commit {group}/{epoch} {kib}")?;
                if !to.is_empty() {
                    let to: Vec<String> = to.iter().map(u32::to_string).collect();
                    write!(f, " to {}", to.join(","))?;
                }
                Ok(())
            }
            Self::Refuse(connection, (group, epoch)) => {
                write!(f, "{connection} refuse {group}/{epoch}")
            }
            Self::Decide(connection, decision, id) => {
                let word = match decision {
                    Decision::Approve(_) => "approve",
                    Decision::Deny => "deny",
                    Decision::Remove => "remove",
                    Decision::Block => "block",
                    Decision::LowerHand => "lower",
                };
                write!(f, "{connection} {word} {id}")?;
                if let Decision::Approve(Some(statement)) = decision {
                    write!(f, " with {statement}")?;
                }
                Ok(())
            }
            Self::Lock(connection, is_on) => {
                write!(f, "{connection} lock {}", switch_word(*is_on))
            }
            Self::Approval(connection, is_on) => {
                write!(f, "{connection} approval {}", switch_word(*is_on))
            }
            Self::CoAdmin(connection, user, is_on) => {
                write!(f, "{connection} coadmin {user} {}", switch_word(*is_on))
            }
            Self::Offer(connection, session) => write!(f, "{connection} offer {session}"),
            Self::View(connection) => write!(f, "{connection} view"),
            Self::Publish(connection, sources) => {
                write!(f, "{connection} publish {}", letters(sources))
            }
            Self::Mute(connection, order, devices, source) => {
                let (word, letter) = (order_word(*order), letter(*source));
                write!(f, "{connection} {word} {devices} {letter}")
            }
            Self::SourceDropped(id, source) => write!(f, "dropped {id} {}", letter(*source)),
            Self::Link(LinkStep::Revoked) => write!(f, "link revoked"),
            Self::Link(LinkStep::Open) => write!(f, "link open"),
            Self::Link(LinkStep::Unlimited) => write!(f, "link unlimited"),
            Self::Link(LinkStep::Statement(statement)) => write!(f, "link with {statement}"),
            Self::Link(LinkStep::Expires(seconds)) => write!(f, "link {seconds}"),
            Self::End => write!(f, "end"),
            Self::Dismiss => write!(f, "dismiss"),
            Self::Later(time) => write!(f, "later {time}"),
            Self::Wait(time) => write!(f, "wait {time}"),
        }
    }
}
