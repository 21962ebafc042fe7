//! Failures without a code of their own: what failed and the next step stand apart.

use std::fs;

use rustix::process::geteuid;

use crate::{
    directory::{TestDirectory, stderr},
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
                &["link", "import", "--secret-file", "-"],
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
            (
                &["serve", "--data", "full/file"],
                "the data directory full/file cannot be made",
                "there is a file in its place",
                "Name a directory with --data",
            ),
            (
                &["link", "show", "@nofile"],
                "the link cannot be read from nofile",
                "No such file",
                "Correct the path",
            ),
            (
                &["link", "show", "@full"],
                "the link cannot be read from full",
                "directory",
                "Name a file in it",
            ),
            (
                &[
                    "login",
                    "--issuer",
                    "http://127.0.0.1:9",
                    "--email",
                    "a@b.example",
                    "--password-file",
                    "nofile",
                ],
                "the password file nofile cannot be read",
                "No such file",
                "Correct the path",
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
fn an_empty_password_file_is_told_before_anything_is_sent() {
    let place = TestDirectory::new();
    fs::write(place.path().join("empty"), "\n").unwrap();
    let expected = Expected {
        status: 1,
        code: "password_missing",
        what: "the password in empty is empty",
        why: "",
        next: "Write the password into the file",
    };
    let log_in = [
        "login",
        "--issuer",
        "http://127.0.0.1:9",
        "--email",
        "a@b.example",
    ];
    check(
        &place,
        &[&log_in[..], &["--password-file", "empty"]].concat(),
        &expected,
    );
}

#[test]
fn files_and_directories_in_use_say_what_to_name_instead() {
    let (place, _service) = serving();
    place.shown(&["keys", "export", "--out", "secret"]);
    place.shown(&["keys", "export-public", "--out", "public"]);
    check_all(
        &place,
        &[
            (
                &["serve"],
                "another `anteroom serve` uses the data directory",
                "",
                "Stop it, or name another directory with --data",
            ),
            (
                &["keys", "export", "--out", "secret"],
                "secret cannot be written",
                "File exists",
                "Name a new one",
            ),
            (
                &["keys", "import", "public"],
                "public is no file of `anteroom keys export`",
                "",
                "is for `anteroom keys trust`",
            ),
            (
                &["keys", "trust", "secret"],
                "secret is no file of `anteroom keys export-public`",
                "",
                "Name the file that `anteroom keys export-public` wrote",
            ),
        ],
    );
}

#[test]
fn output_to_a_full_disk_is_named_and_a_created_link_is_not_lost() {
    let (place, _service) = serving();
    for (arguments, parts) in [
        (
            "account list",
            &["the output cannot be written", "Free space on that disk"][..],
        ),
        (
            "link create",
            &[
                "the link was created and kept",
                "Show it with `anteroom link show",
            ],
        ),
    ] {
        let line = format!("exec anteroom {arguments} > /dev/full");
        let output = place.command("sh").args(["-c", &line]).output().unwrap();
        let shown = stderr(&output);
        assert_eq!(output.status.code(), Some(1), "{shown}");
        for part in parts {
            assert!(shown.contains(part), "{part}: {shown}");
        }
    }
    assert_eq!(place.shown(&["link", "list", "--json"]).lines().count(), 1);
}

#[test]
fn a_database_that_cannot_be_opened_says_why_once_and_the_next_step() {
    let place = TestDirectory::new();
    place.start().stop();
    let (key, database) = (
        place.data().join("master.key"),
        place.data().join("issuer.db"),
    );
    let (right, whole) = (fs::read(&key).unwrap(), fs::read(&database).unwrap());
    for (text, why, next) in [
        (
            "AAAA",
            "the master key is malformed",
            "Put a copy of the key in its place",
        ),
        (
            "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
            "not the one this database was made with",
            "Put the master key back",
        ),
    ] {
        fs::write(&key, text).unwrap();
        for arguments in [&["account", "list"][..], &["serve"]] {
            let shown = place.refusal(arguments);
            assert!(shown.contains(why) && shown.contains(next), "{shown}");
        }
    }
    fs::write(&key, right).unwrap();
    fs::write(&database, vec![7; whole.len()]).unwrap();
    let shown = place.refusal(&["account", "list"]);
    assert!(
        shown.contains(
            "issuer.db cannot be opened: the file is damaged. Stop the services, and restore a \
             backup with `anteroom restore`"
        ),
        "{shown}"
    );
    fs::write(&database, whole).unwrap();
    // Nobody owns the files: another user than that of the service, with a directory that is open.
    let line = "chmod 755 . anteroom-data && chmod 600 anteroom-data/* && \
                exec setpriv --reuid 65534 --regid 65534 --clear-groups \
                anteroom account list --data anteroom-data";
    if geteuid().is_root() {
        let output = place.command("sh").args(["-c", line]).output().unwrap();
        let shown = stderr(&output);
        assert!(
            shown.contains(
                "issuer.db cannot be opened: access to the file is denied. Give this user the \
                 right to it, or run the command as the user of the service"
            ),
            "{shown}"
        );
    }
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
