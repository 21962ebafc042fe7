//! Sources that the media drop, while publications and orders are on their way to the media, and the drop on its way
//! back: once all has arrived, others see what the media forward.

use std::collections::VecDeque;

use anteroom_call::{
    Audience, Call, Command, ConnectionId, Input, Join, JoinRandomness, Limits, MediaCommand,
    Moment, Output, Role, RosterForm,
};
use anteroom_protocol::{
    AdminStatement, DemuxId, EraId, GuestAdmission, LinkState, MemberKey, OpaqueUserId,
    Restrictions, Timestamp,
    media::{MuteOrder, MuteTarget, PerSource, Source},
};
use proptest::prelude::*;

/// A call of an admin and a sender, and its media as simple as they can be: they obey late, and are heard late.
struct CallWithMedia {
    call: Call,
    now: u64,
    sender: DemuxId,
    /// The commands on their way to the media.
    commands: VecDeque<MediaCommand>,
    /// The drops on their way to the call.
    drops: VecDeque<Source>,
    sources: PerSource<SourceInMedia>,
}

/// A source of the sender, as the media know it.
#[derive(Clone, Copy, Debug, Default)]
struct SourceInMedia {
    is_published: bool,
    is_muted: bool,
    is_held: bool,
    is_dropped: bool,
}

impl SourceInMedia {
    const fn is_forwarded(self) -> bool {
        self.is_published && !self.is_muted && !self.is_held && !self.is_dropped
    }
}

#[derive(Clone, Debug)]
enum Step {
    Publish(PerSource<bool>),
    Order(Source, MuteOrder),
    /// The media drop a source, if they forward it.
    Drop(Source),
    /// The media take their next command.
    Take,
    /// The call is told of the next drop.
    Tell,
}

const ADMIN: u64 = 1;
const SENDER: u64 = 2;

impl CallWithMedia {
    fn new() -> Self {
        let link = LinkState {
            restrictions: Restrictions::None,
            guests: GuestAdmission::Wait,
            name: [].into(),
            revoked: false,
            expiration: Timestamp::from_secs(2_000_000_000),
            delete_at: Timestamp::from_secs(2_000_000_000),
            admin_statement: AdminStatement::default(),
        };
        let limits = Limits {
            has_media: true,
            ..Limits::of_devices(8)
        };
        let mut call = Self {
            call: Call::new(EraId::from_bytes([7; 16]), link, [], limits),
            now: 0,
            sender: DemuxId::new(32).unwrap(),
            commands: VecDeque::new(),
            drops: VecDeque::new(),
            sources: PerSource::default(),
        };
        for (connection, user, role) in [(ADMIN, "aa", Role::Admin), (SENDER, "bb", Role::Guest)] {
            let id = u32::try_from(connection).unwrap() * 16;
            call.handle(Input::Join(Join {
                connection: ConnectionId::new(connection),
                user: OpaqueUserId::parse(user).unwrap(),
                role,
                has_guest_account: false,
                resume: None,
                roster: RosterForm::Whole,
                hello: None,
                member: Some(MemberKey::from_bytes([1; 32])),
                have: None,
                randomness: JoinRandomness::from_parts([id; 4], [1; 32]),
            }));
        }
        call
    }

    /// Handles an input, with as much time before it as no limit is reached in.
    fn handle(&mut self, input: Input) {
        self.now += 1_000;
        self.call.handle(Moment::from_millis(self.now), input);
        loop {
            match self.call.poll_output() {
                Output::Wait(_) => return,
                Output::Media(command) => self.commands.push_back(command),
                _ => {}
            }
        }
    }

    fn say(&mut self, connection: u64, command: Command) {
        self.handle(Input::Command {
            connection: ConnectionId::new(connection),
            command,
        });
    }

    fn play(&mut self, step: &Step) {
        match step {
            Step::Publish(sources) => self.say(SENDER, Command::Publish(*sources)),
            Step::Order(source, order) => self.say(
                ADMIN,
                Command::Mute {
                    target: MuteTarget::One(self.sender),
                    source: *source,
                    order: *order,
                },
            ),
            Step::Drop(source) => {
                let state = self.sources.of_mut(*source);
                if state.is_forwarded() {
                    state.is_dropped = true;
                    self.drops.push_back(*source);
                }
            }
            Step::Take => self.take(),
            Step::Tell => {
                if let Some(source) = self.drops.pop_front() {
                    let device = self.sender;
                    self.handle(Input::SourceDropped { device, source });
                }
            }
        }
    }

    /// Carries the next command out as the media do.
    fn take(&mut self) {
        match self.commands.pop_front() {
            Some(MediaCommand::Publish { sources, .. }) => {
                for source in Source::ALL {
                    let state = self.sources.of_mut(source);
                    let is_published = *sources.of(source);
                    if is_published && !state.is_published {
                        state.is_muted = false;
                        state.is_dropped = false;
                    }
                    state.is_published = is_published;
                }
            }
            Some(MediaCommand::Mute { source, order, .. }) => {
                let state = self.sources.of_mut(source);
                state.is_muted |= order != MuteOrder::Release;
                state.is_held = match order {
                    MuteOrder::Mute => state.is_held,
                    MuteOrder::Hold => true,
                    MuteOrder::Release => false,
                };
            }
            _ => {}
        }
    }

    /// Lets everything arrive, and checks that others see what is forwarded.
    fn check(&mut self) {
        while !(self.commands.is_empty() && self.drops.is_empty()) {
            self.play(&Step::Tell);
            self.play(&Step::Take);
        }
        let roster = self.call.roster(Audience::Everyone);
        let mut devices = roster.active.iter();
        let sender = devices.find(|device| device.demux_id == self.sender);
        let forwarded = PerSource::from_fn(|source| self.sources.of(source).is_forwarded());
        assert_eq!(sender.unwrap().sends, forwarded);
    }
}

fn step() -> impl Strategy<Value = Step> {
    let source = || prop::sample::select(&Source::ALL[..2]);
    let order = prop_oneof![
        4 => Just(MuteOrder::Mute),
        1 => Just(MuteOrder::Hold),
        2 => Just(MuteOrder::Release),
    ];
    prop_oneof![
        4 => any::<(bool, bool)>().prop_map(|(audio, camera)| Step::Publish(PerSource {
            audio,
            camera,
            ..PerSource::default()
        })),
        1 => (source(), order).prop_map(|(source, order)| Step::Order(source, order)),
        3 => source().prop_map(Step::Drop),
        4 => Just(Step::Take),
        2 => Just(Step::Tell),
    ]
}

proptest! {
    #[test]
    fn others_see_what_the_media_forward_in_whatever_order_drops_and_publications_cross(
        steps in prop::collection::vec(step(), 0..40),
    ) {
        let mut call = CallWithMedia::new();
        for step in &steps {
            call.play(step);
        }
        call.check();
    }
}

#[test]
fn a_source_that_is_published_anew_while_its_drop_is_told_is_off_for_all() {
    let mut call = CallWithMedia::new();
    let publish = |audio| {
        Step::Publish(PerSource {
            audio,
            ..PerSource::default()
        })
    };
    let drop = Step::Drop(Source::Audio);
    let take = Step::Take;
    for step in [&publish(true), &take, &take, &take, &drop] {
        call.play(step);
    }
    for step in [&publish(false), &publish(true), &take, &take, &Step::Tell] {
        call.play(step);
    }
    call.check();
    assert!(!call.sources.audio.is_forwarded());
    call.play(&publish(false));
    call.play(&publish(true));
    call.check();
    assert!(call.sources.audio.is_forwarded());
}
