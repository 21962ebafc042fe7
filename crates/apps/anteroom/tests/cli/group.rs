//! The group of a call at the terminal: words, locks, certificates and co-admins.

use std::cell::RefCell;

use rustix::process::Signal;

use crate::{
    call::{fixture, free_address},
    directory::{CallProcess, TestDirectory},
};

#[test]
fn the_members_of_a_call_compare_words_and_an_admin_locks_it_and_makes_a_co_admin() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    for command in ["/lock", "/verify"] {
        ann.type_line(command);
        ann.wait_for(
            "! nobody else is in the call, so that there is no group yet: write it again once",
        );
    }
    let mut bob = fixture.join("Bob");
    let tag = ann.wait_for_guest();
    ann.type_line(&format!("/admit {tag}"));
    let entered = ann.wait_for("With you in the group: ");
    assert!(
        entered.ends_with("let in by an admin, account certified."),
        "{entered}"
    );
    bob.wait_for("\"Ann\", in with the admin secret, account certified.");
    let mut words = Vec::new();
    for one in [&mut ann, &mut bob] {
        one.type_line("/verify match");
        one.wait_for("! no words were shown: write /verify first");
        one.type_line("/verify");
        words.push(one.wait_for("), "));
        one.wait_for("If they match, write /verify match.");
    }
    assert_eq!(words[0], words[1]);
    ann.type_line("/verify match");
    ann.wait_for("You have compared the words of change 1 with 1 member.");
    ann.type_line("/verify match");
    ann.wait_for("! you have compared the words that were shown last already: /verify shows");
    ann.type_line("/who");
    ann.wait_for("account certified, let in by an admin, compared");
    ann.type_line(&format!("/account {tag}"));
    ann.wait_for(&format!(
        "has the account {}, as the issuer certifies.",
        fixture.bob.uuid
    ));
    for command in ["/admit #0000", "/remove #0000", "/coadmin #0000"] {
        bob.type_line(command);
        bob.wait_for("! only admins ");
    }
    bob.type_line("/lock");
    bob.wait_for("! only admins can do this: it takes the admin secret of the link");
    ann.type_line("/lock");
    bob.wait_for("The call is locked by an admin: nobody new comes into the group.");
    // Ann has compared, and Bob has not.
    bob.wait_for("Your words are of change 1, and the group is at change 2 now.");
    bob.type_line("/verify match");
    bob.wait_for("You have compared the words of change 1 with 1 member.");
    ann.type_line(&format!("/coadmin {tag}"));
    bob.wait_for("Who decides beside the admins: you, a co-admin.");
    bob.type_line("/lock off");
    ann.wait_for(&format!(
        "The call is unlocked by {tag} \"Bob\", a co-admin."
    ));
    ann.type_line(&format!("/remove {tag}"));
    ann.wait_for("\"Bob\" is out of the group.");
    bob.wait_for("An admin sent you away.");
    let (status, said) = bob.end();
    assert_eq!(status.code(), Some(4), "{said:#?}");
    ann.type_line("/verify");
    ann.wait_for("! there is nobody to compare with: ");
}

#[test]
fn a_link_without_certificates_leaves_the_accounts_as_told_by_the_server() {
    let mut fixture = fixture(&["--without-certificates", "--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    bob.wait_for("\"Ann\", in with the admin secret, account as told by the server.");
    ann.wait_for("With you in the group: ");
    ann.type_line("/who");
    ann.wait_for("account as told by the server, in without approval");
}

/// Waits for lines that contain these texts, in any order: the group and the room service tell of different things.
fn wait_for_all(one: &mut CallProcess, texts: &[&str]) {
    let missing = RefCell::new(texts.to_vec());
    one.wait_until("all of them", |line| {
        let mut missing = missing.borrow_mut();
        missing.retain(|text| !line.contains(text));
        missing.is_empty()
    });
}

#[test]
fn a_co_admin_decides_at_the_room_service_also_when_no_admin_is_there() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    let bobs_tag = ann.wait_for_guest();
    ann.type_line(&format!("/admit {bobs_tag}"));
    let entered = bob.wait_for("With you in the group: admin #");
    let anns_tag = entered.split_whitespace().nth(6).unwrap();
    ann.wait_for("With you in the group: ");
    ann.type_line(&format!("/coadmin {bobs_tag}"));
    let named = [
        "Who decides beside the admins: you, a co-admin.",
        "You are a co-admin: the room service takes your decisions, and shows you who waits.",
    ];
    wait_for_all(&mut bob, &named);
    bob.type_line(&format!("/remove {anns_tag}"));
    bob.wait_for("is an admin, about whom a co-admin decides nothing: only an admin can do this");
    bob.type_line("/who");
    bob.wait_for("You, a co-admin (in the call)");
    ann.type_line("/lock");
    let locked = [
        "The call is locked by an admin: nobody new comes into the group. Those who",
        "The room service lets nobody new into the call or its lobby.",
    ];
    wait_for_all(&mut bob, &locked);
    let (status, _) = fixture.join("Carl").end();
    assert_eq!(status.code(), Some(3));
    bob.type_line("/lock off");
    bob.wait_for("The room service lets people into the call again.");

    let mut carl = fixture.join("Carl");
    let tag = bob.wait_for_guest();
    bob.type_line(&format!("/admit {tag}"));
    bob.wait_for(&format!("You let {tag} \"Carl\" in. "));
    carl.wait_for("You were let in.");
    carl.type_line("/hand");
    bob.wait_for("raised a hand.");
    bob.type_line(&format!("/hand {tag} down"));
    carl.wait_for("An admin has lowered your hand.");
    ann.wait_for(&format!(
        "{tag} \"Carl\" came into the group, let in by {bobs_tag} \"Bob\", a co-admin, account certified."
    ));
    bob.type_line(&format!("/remove {tag}"));
    carl.wait_for("An admin or a co-admin sent you away.");
    ann.wait_for(&format!(
        "{tag} \"Carl\" was removed by {bobs_tag} \"Bob\", a co-admin."
    ));
    ann.type_line(&format!("/coadmin {bobs_tag} off"));
    ann.wait_for(&format!("{bobs_tag} \"Bob\" is no co-admin any more."));
    let ended = [
        "You are no co-admin any more.",
        "The room service takes no decisions of yours any more.",
    ];
    wait_for_all(&mut bob, &ended);
    ann.type_line(&format!("/coadmin {bobs_tag}"));
    wait_for_all(&mut bob, &named);
    let mut carl = fixture.join("Carl");
    let tag = bob.wait_for_guest();
    ann.type_line("/quit");
    assert!(ann.end().0.success());
    let left = bob.wait_for("left.");
    assert!(!left.contains("Carl"), "{left}");
    bob.type_line(&format!("/deny {tag}"));
    carl.wait_for("An admin did not let you in.");
    assert_eq!(carl.end().0.code(), Some(3));
}

#[test]
fn what_a_restart_of_the_service_ends_is_told_to_those_who_come_back() {
    let mut place = TestDirectory::new();
    place.set("ANTEROOM_ROOMS_LISTEN", &free_address());
    let service = place.start();
    let accounts = [place.add_account(), place.add_account()];
    place.act_as(&accounts[0]);
    let created = place.json(&["link", "create", "--json", "--approval", "off"]);
    let link = created["link"].as_str().unwrap();
    let [mut ann, mut bob] = [("--admin", "Ann"), ("--guest", "Bob")].map(|(role, name)| {
        place.act_as(&accounts[usize::from(role == "--guest")]);
        let command = ["call", "join", link, "--plain", role, "--as", name];
        let mut one = CallProcess::start(place.anteroom(&command));
        one.wait_for("You are in");
        one
    });
    let entered = ann.wait_for("With you in the group: ");
    bob.wait_for("With you in the group: ");
    let bobs_tag = entered.split_whitespace().nth(5).unwrap();
    ann.type_line(&format!("/coadmin {bobs_tag}"));
    bob.wait_for("Who decides beside the admins: you, a co-admin.");
    ann.type_line("/lock");
    bob.wait_for("The call is locked by an admin");
    bob.type_line("/hand");
    ann.wait_for("raised a hand.");
    // Bob is told after the roster with the raised hand.
    ann.type_line("/approval on");
    bob.wait_for("Who comes from now on waits in the lobby.");
    service.signal(Signal::KILL);
    for one in [&mut ann, &mut bob] {
        one.wait_for("The connection is lost");
    }
    drop(service);
    let _service = place.start();
    for one in [&mut ann, &mut bob] {
        one.wait_for("! the call began anew and is not locked any more");
    }
    ann.wait_for(&format!(
        "! the call began anew, and {bobs_tag} \"Bob\" is no co-admin any more"
    ));
    ann.wait_for("these hands are not raised any more");
    bob.wait_for("! the call began anew, and you are no co-admin any more");
    bob.wait_for("your hand is not raised any more");
    for mut one in [ann, bob] {
        one.type_line("/quit");
        assert!(one.end().0.success());
    }
}

#[test]
fn who_was_put_out_of_an_open_call_and_comes_again_is_told_why_nobody_hears_it() {
    let mut fixture = fixture(&["--approval", "off"]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    let entered = ann.wait_for("With you in the group: ");
    let tag = entered.split_whitespace().nth(5).unwrap();
    bob.wait_for("With you in the group: ");
    ann.type_line(&format!("/remove {tag}"));
    bob.wait_for("An admin sent you away.");
    assert_eq!(bob.end().0.code(), Some(4));
    let mut bob = fixture.join("Bob");
    let told =
        bob.wait_for("! you are in the call, and outside of its group, where nobody hears you.");
    assert!(
        told.contains("so an admin or a co-admin has put you out of the group before"),
        "{told}"
    );
    let tag = told.rsplit_once(' ').unwrap().1;
    ann.wait_for(&format!("/admit {tag} lets"));
    ann.type_line(&format!("/admit {tag}"));
    bob.wait_for("With you in the group: ");
}

#[test]
fn the_end_of_a_co_admins_right_is_told_calmly_to_all() {
    let mut fixture = fixture(&[]);
    let mut ann = fixture.join("Ann");
    ann.wait_for("You are in");
    let mut bob = fixture.join("Bob");
    let bobs_tag = ann.wait_for_guest();
    ann.type_line(&format!("/admit {bobs_tag}"));
    ann.wait_for("With you in the group: ");
    bob.wait_for("With you in the group: ");
    ann.type_line(&format!("/coadmin {bobs_tag}"));
    bob.wait_for("Who decides beside the admins: you, a co-admin.");
    let mut carl = fixture.join("Carl");
    let tag = bob.wait_for_guest();
    bob.type_line(&format!("/admit {tag}"));
    carl.wait_for("With you in the group: ");
    bob.type_line("/lock");
    carl.wait_for("The call is locked by ");
    ann.type_line(&format!("/coadmin {bobs_tag} off"));
    ann.wait_for(&format!("{tag} \"Carl\" stays: an admin's device signs"));
    ann.wait_for("! the call is not locked any more: a former co-admin has signed the lock");
    carl.wait_for("You stay: an admin's device signs");
    carl.wait_for("You are in the group of 3 members, in a new place.");
    ann.wait_for(&format!(
        "{tag} \"Carl\" came into the group anew, let in by an admin, account certified."
    ));
    carl.type_line("hello");
    for one in [&mut ann, &mut bob] {
        one.wait_for("\"Carl\": hello");
    }
    for mut one in [carl, bob, ann] {
        one.type_line("/quit");
        let (status, said) = one.end();
        assert!(status.success(), "{said:#?}");
        let alarms = said.iter().filter(|line| {
            [
                "taken out",
                "not confirmed",
                "out of the group",
                "nothing has come",
            ]
            .iter()
            .any(|alarm| line.contains(alarm))
        });
        assert_eq!(alarms.count(), 0, "{said:#?}");
    }
}
