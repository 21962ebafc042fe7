//! Members that ask for texts, or tell of texts, without need.

use anteroom_e2ee::{Admission, GroupMessage, SenderTime};
use anteroom_e2ee_session::{Command, Event, Input};

use crate::{
    insider::Insider,
    insiders::with_insider,
    stage::{Hop, Stage},
};

/// Lets a person say a text. Returns the run of its numbers, as the insider opens it.
fn run_of_text(stage: &mut Stage, insider: &mut Insider, who: usize) -> [u8; 8] {
    stage.people[insider.who].inbox = Some(Vec::new());
    stage.command(who, Command::Say("first".to_owned()));
    let now = stage.now().moment;
    let inbox = stage.people[insider.who].inbox.replace(Vec::new()).unwrap();
    let run = inbox.into_iter().find_map(|input| {
        let Input::Relay { body, .. } = input else {
            return None;
        };
        let message = body.strip_prefix(&[3])?;
        match insider.group.open_message(message, now).ok()?.3 {
            GroupMessage::Content(content) => content.strip_prefix(&[4])?[..8].try_into().ok(),
            GroupMessage::Confirmation => None,
        }
    });
    run.unwrap()
}

/// Seals a content of the insider, and lets the service pass it on to one person.
fn tell(stage: &mut Stage, insider: &mut Insider, to: usize, content: Vec<u8>) {
    let from = stage.people[insider.who].demux.unwrap();
    let millis = stage.now().moment.since_start().as_millis();
    let time = SenderTime::from_millis(u64::try_from(millis).unwrap());
    let message = GroupMessage::Content(content.into());
    let sealed = insider.group.seal_message(&message, time, &mut stage.rng);
    let body = [&[3][..], &sealed.unwrap()].concat();
    stage.tell(to, Input::Relay { from, body });
}

/// Returns the number of messages of a person that were for one device.
fn to_one_device(stage: &Stage, who: usize) -> usize {
    let is_one = |hop: &&Hop| matches!(hop, Hop::ToService(from, anteroom_e2ee_session::Message::RelayTo(..)) if *from == who);
    stage.record.iter().filter(is_one).count()
}

#[test]
fn a_flood_of_requests_for_texts_makes_nobody_unreadable() {
    let (mut stage, mut insider) = with_insider();
    let run = run_of_text(&mut stage, &mut insider, 0);
    stage.record.clear();
    for _ in 0..1_100 {
        // A number that no text has.
        let request = [&[6][..], &run, &[0; 4], &1_u64.to_be_bytes(), &[9; 32]].concat();
        tell(&mut stage, &mut insider, 0, request);
    }
    stage.command(0, Command::Say("after the flood".to_owned()));
    stage.run(1_000);
    for who in 1..3 {
        assert!(stage.has_seen(who, |event| {
            matches!(event, Event::Text { text, .. } if text == "after the flood")
        }));
    }
    assert!(to_one_device(&stage, 0) <= 2);
}

/// Eight keys of insiders ask all the time for a number that no text has.
#[test]
fn a_member_gets_a_lost_text_whoever_else_asks() {
    let (mut stage, insider) = with_insider();
    let mut insiders = vec![insider];
    for number in 30..37 {
        let approval = Admission::Approval(stage.room.approval(number));
        insiders.push(Insider::join(&mut stage, number, approval).unwrap());
    }
    for insider in &mut insiders {
        insider.follow(&mut stage);
    }
    stage.lie(|hop| match hop {
        Hop::ToPerson(2, Input::Relay { .. }) => Vec::new(),
        hop => vec![hop],
    });
    let run = run_of_text(&mut stage, &mut insiders[0], 0);
    stage.be_honest();
    for _ in 0..100 {
        for insider in &mut insiders {
            let request = [&[6][..], &run, &[0; 4], &1_u64.to_be_bytes(), &[9; 32]].concat();
            tell(&mut stage, insider, 0, request);
        }
        stage.run(100);
    }
    assert!(stage.has_seen(2, |event| {
        matches!(event, Event::Text { text, is_late: true, .. } if text == "first")
    }));
}
