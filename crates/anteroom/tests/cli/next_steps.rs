//! Failures without a code of their own: what failed and the next step stand apart.

use std::fs;

use crate::{
    directory::TestDirectory,
    errors::{Expected, LINK, check, serving},
};

/// A command line with the parts of what failed, of why, and of the next step.
type Row<'a> = (&'a [&'a str], &'a str, &'a str, &'a str);

#[track_caller]
fn check_all(place: &TestDirectory, rows: &[Row<'_>]) {
    for (arguments, what, why, next) in rows {
        let expected = Expected {
            status: 1,
            code: "failed",
            what,
            why,
            next,
        };
        check(place, arguments, &expected);
    }
}

#[test]
fn commands_on_what_is_not_there_say_where_to_look() {
    let (place, _service) = serving();
    let account = place.add_account().uuid;
    let nobody = "00000000-0000-4000-8000-000000000000";
    let accounts = "Look at `anteroom account list`";
    let (invites, devices) = (
        "Look at `anteroom account invite list`",
        "Look at `anteroom device list`",
    );
    check_all(
        &place,
        &[
            (
                &["account", "show", "ann"],
                "no name of an account",
                "",
                "Give its UUID",
            ),
            (
                &["account", "show", nobody],
                "no such account",
                "",
                accounts,
            ),
            (
                &["account", "role", nobody, "member"],
                "no such account",
                "",
                accounts,
            ),
            (
                &["account", "unlock", "ann@example.org"],
                "no such account",
                "",
                accounts,
            ),
            (
                &["account", "set-password", &account],
                "has no login yet",
                "",
                "Name its address with --email",
            ),
            (
                &["account", "invite", "cancel", "abc"],
                "4 digits at least",
                "",
                invites,
            ),
            (
                &["account", "invite", "cancel", "00000000"],
                "no such invite",
                "",
                invites,
            ),
            (
                &["device", "delete", &account, "7"],
                "no such device",
                "",
                devices,
            ),
            (
                &["device", "rename", &account, "7", "x"],
                "no such device",
                "",
                devices,
            ),
            (&["device", "delete", "7"], "no such device", "", devices),
            (
                &["device", "rename", "ann", "3", "x", "--issuer", "http://a"],
                "are for your own account",
                "",
                "Leave out ACCOUNT",
            ),
            (
                &["room", "show", "?"],
                "no such room",
                "",
                "Look at `anteroom room list`",
            ),
            (
                &["room", "show", ""],
                "no id of a room",
                "",
                "Look at `anteroom room list`",
            ),
        ],
    );
}

#[test]
fn command_lines_that_lack_something_say_what_to_add() {
    let mut place = TestDirectory::new();
    fs::create_dir(place.path().join("full")).unwrap();
    fs::write(place.path().join("full/file"), "").unwrap();
    check_all(
        &place,
        &[
            (
                &["device", "rename", "ann", "Phone"],
                "a device is a number",
                "invalid digit",
                "Give [ACCOUNT] DEVICE NAME",
            ),
            (
                &["doctor", "--outside"],
                "nothing to look at",
                "",
                "Name --issuer, --rooms or both",
            ),
            (
                &["backup", "full"],
                "full is not empty",
                "",
                "Name a new folder",
            ),
            (
                &["backup", "missing/folder"],
                "cannot be written to missing",
                "No such file",
                "Name a folder in one that is there",
            ),
            (
                &["restore", "full"],
                "full is no backup",
                "it has no backup.json",
                "Name a folder that `anteroom backup` made",
            ),
            (
                &["man", "full/file"],
                "cannot be written to full/file",
                "exists",
                "Name a folder of yours",
            ),
            (
                &["link", "show"],
                "the link is missing",
                "",
                "Give it, @FILE, or -",
            ),
            (
                &["link", "import", "--passkey-file", "-"],
                "not both",
                "",
                "Put one of them into a file",
            ),
            (
                &["credential", "create", "--root-key", LINK],
                "the text is a link",
                "",
                "which stands after key=",
            ),
            (
                &["login", "--issuer", "http://127.0.0.1:9"],
                "there is no email address",
                "",
                "Use --email",
            ),
            (
                &["whoami", "--password-file", "full/file"],
                "no account is named",
                "",
                "Use --account",
            ),
            (
                &["account", "list"],
                "there is no database in",
                "",
                "Start `anteroom serve` first",
            ),
        ],
    );
    place.set("ANTEROOM_COLOUR", "red");
    let expected = Expected {
        status: 1,
        code: "setting_invalid",
        what: "the variable ANTEROOM_COLOUR is unknown",
        why: "",
        next: "Unset it",
    };
    check(&place, &["status"], &expected);
}

#[test]
fn secrets_for_services_that_nobody_named_are_kept_with_the_flag_that_names_them() {
    let mut place = TestDirectory::new();
    let _service = place.start();
    let account = place.add_account();
    place.act_as_without_data(&account);
    check_all(
        &place,
        &[(
            &["whoami"],
            "ANTEROOM_DEVICE_PASSWORD is sent only to an issuer that is named",
            "",
            "Set ANTEROOM_ISSUER_URL or use --issuer",
        )],
    );
}

#[test]
fn keys_and_databases_that_are_lost_say_how_they_come_back() {
    let mut place = TestDirectory::new();
    let service = place.start();
    place.shown(&["keys", "rotate", "generic"]);
    place.shown(&["backup", "copy"]);
    check_all(
        &place,
        &[(
            &["keys", "rotate", "generic"],
            "take over on",
            "",
            "Wait until then",
        )],
    );
    assert!(service.stop().0.success());
    check_all(
        &place,
        &[(
            &["restore", "copy"],
            "a restore overwrites nothing",
            "",
            "Move the old databases out",
        )],
    );
    let (key, kept) = (place.data().join("master.key"), place.path().join("key"));
    fs::rename(&key, &kept).unwrap();
    for arguments in [&["account", "list"][..], &["serve"]] {
        check_all(
            &place,
            &[(arguments, "the master key of", "", "Put it back to")],
        );
    }
    let text = fs::read_to_string(&kept).unwrap();
    place.set("ANTEROOM_MASTER_KEY", text.trim());
    check_all(
        &place,
        &[(
            &["keys", "rotate", "master"],
            "the master key comes from ANTEROOM_MASTER_KEY",
            "",
            "name that with ANTEROOM_MASTER_KEY_FILE",
        )],
    );
    fs::rename(place.data().join("issuer.db"), place.path().join("issuer")).unwrap();
    fs::rename(place.data().join("rooms.db"), place.path().join("rooms")).unwrap();
    // Each service has a step of its own.
    for next in ["`--new issuer`. Put the database back", "`--new rooms`"] {
        check_all(
            &place,
            &[(&["serve"], "issuer.db is missing, and", "", next)],
        );
    }
}
