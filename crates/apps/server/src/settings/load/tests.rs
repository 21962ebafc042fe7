use std::{collections::BTreeSet, fs, path::PathBuf};

use tempfile::TempDir;

use super::*;
use crate::settings::{LogFormat, LogLevel, LogSettings};

const EXAMPLE: &str = include_str!("../../../../../../docs/anteroom.example.toml");

fn file(text: &str) -> (TempDir, PathBuf) {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("settings.toml");
    fs::write(&path, text).unwrap();
    (dir, path)
}

fn keys() -> impl Iterator<Item = String> {
    schema::all()
        .unwrap()
        .into_iter()
        .map(|setting| setting.key)
}

fn refusal(outcome: anyhow::Result<Settings>) -> String {
    format!("{:#}", outcome.unwrap_err())
}

#[test]
fn nothing_given_means_the_defaults() {
    let dir = TempDir::new().unwrap();
    let data = dir.path().to_str().unwrap();
    let flags = [Flag::new("--data", "data", data)];
    let settings = load(None, &Environment::of(&[]), &flags, Scope::Server).unwrap();
    let expected = Settings {
        data: dir.path().to_owned(),
        ..Settings::default()
    };
    assert_eq!(settings, expected);
}

#[test]
fn flags_win_over_variables_and_variables_over_the_file() {
    let (_dir, path) = file("[issuer]\nlisten = '127.0.0.1:1'\n");
    let variable = Environment::of(&[("ANTEROOM_ISSUER_LISTEN", "127.0.0.1:2")]);
    let empty = Environment::of(&[("ANTEROOM_ISSUER_LISTEN", "")]);
    let none = Environment::of(&[]);
    let flag = || vec![Flag::new("--issuer-listen", "issuer.listen", "127.0.0.1:3")];
    let (_other, without) = file("");
    let cases = [
        (&without, &none, vec![], 8080),
        (&path, &none, vec![], 1),
        (&path, &empty, vec![], 1),
        (&without, &variable, vec![], 2),
        (&path, &variable, vec![], 2),
        (&path, &none, flag(), 3),
        (&without, &variable, flag(), 3),
        (&path, &variable, flag(), 3),
    ];
    for (path, environment, flags, port) in cases {
        let settings = load(Some(path), environment, &flags, Scope::Server).unwrap();
        assert_eq!(settings.issuer.listen.parts().1, port);
    }
}

#[test]
fn the_file_is_the_named_one_or_the_one_in_the_data_directory() {
    let dir = TempDir::new().unwrap();
    fs::write(dir.path().join("anteroom.toml"), "events.queue = 1").unwrap();
    let (_other, named) = file("events.queue = 2");
    let (_third, by_variable) = file("events.queue = 3");
    let data = dir.path().to_str().unwrap();
    let by_variable = by_variable.to_str().unwrap();
    let flag = || vec![Flag::new("--data", "data", data)];
    let cases = [
        (None, vec![], flag(), 1),
        (None, vec![("ANTEROOM_DATA", data)], vec![], 1),
        (None, vec![("ANTEROOM_CONFIG", by_variable)], flag(), 3),
        (
            Some(named.as_path()),
            vec![("ANTEROOM_CONFIG", by_variable)],
            flag(),
            2,
        ),
    ];
    for (config, variables, flags, queue) in cases {
        let settings = load(config, &Environment::of(&variables), &flags, Scope::Server).unwrap();
        assert_eq!(settings.events.queue.get(), queue);
    }
}

#[test]
fn a_named_file_must_exist() {
    let outcome = load(
        Some(Path::new("/nowhere/a.toml")),
        &Environment::of(&[]),
        &[],
        Scope::Server,
    );
    assert!(refusal(outcome).contains("/nowhere/a.toml"));
}

#[test]
fn bad_settings_are_refused_by_name() {
    let none: &[(&str, &str)] = &[];
    let cases = [
        (
            "colour = 1",
            none,
            "line 1, cannot be used: unknown field `colour`",
        ),
        (
            "\n[issuer]\nlissten = 1",
            none,
            "line 3, cannot be used: unknown field `lissten`",
        ),
        (
            "issuer.listen = 'here'",
            none,
            "line 1, cannot be used: no address to listen on",
        ),
        ("issuer = 5", none, "line 1, cannot be used: invalid type"),
        ("issue_mode = 'both'", none, "unknown variant `both`"),
        ("limits.create_auth.capacity = 0", none, "invalid value"),
        ("limits.create_auth.capacity = 1.5", none, "invalid type"),
        ("limits.create_auth.capacity = '5'", none, "invalid type"),
        ("log.level = ", none, "line 1"),
        (
            "",
            &[("ANTEROOM_COLOUR", "1")],
            "the variable ANTEROOM_COLOUR is unknown",
        ),
        (
            "",
            &[("ANTEROOM_COLOUR", "")],
            "the variable ANTEROOM_COLOUR is unknown",
        ),
        (
            "",
            &[("ANTEROOM_EVENTS_QUEUE", "x")],
            "ANTEROOM_EVENTS_QUEUE cannot be used: not a whole number",
        ),
        (
            "",
            &[("ANTEROOM_EVENTS_QUEUE", "0")],
            "ANTEROOM_EVENTS_QUEUE cannot be used: ",
        ),
        (
            "",
            &[("ANTEROOM_LEGACY_PARAMS", "1")],
            "ANTEROOM_LEGACY_PARAMS cannot be used: neither",
        ),
        (
            "",
            &[("ANTEROOM_ISSUE_MODE", "both")],
            "ANTEROOM_ISSUE_MODE cannot be used: unknown variant",
        ),
    ];
    for (text, variables, expected) in cases {
        let (_dir, path) = file(text);
        let shown = refusal(load(
            Some(&path),
            &Environment::of(variables),
            &[],
            Scope::Server,
        ));
        assert!(shown.contains(expected), "{shown:?} lacks {expected:?}");
        assert!(!shown.contains('\n'), "{shown:?}");
    }
}

#[test]
fn variables_of_a_cluster_about_its_services_are_no_settings() {
    let variables = [
        ("ANTEROOM_PORT", "tcp://10.0.0.1:8080"),
        ("ANTEROOM_PORT_8080_TCP_ADDR", "10.0.0.1"),
        ("ANTEROOM_SERVICE_HOST", "10.0.0.1"),
        ("ANTEROOM_SERVICE_PORT", "8080"),
        ("ANTEROOM_MAIL_SMTP_PORT", "tcp://10.0.0.1:25"),
    ];
    let (_dir, path) = file("");
    for scope in [Scope::Server, Scope::Client] {
        let environment = Environment::of(&variables);
        let settings = load(Some(&path), &environment, &[], scope).unwrap();
        assert_eq!(settings, Settings::default());
        assert!(unknown_variables(&environment).unwrap().is_empty());
    }
    for key in keys() {
        let environment = Environment::of(&[(&variable_of_key(&key), "1")]);
        assert_eq!(environment.settings().count(), 1, "{key}");
    }
}

#[test]
fn clients_do_not_fail_on_settings_of_a_server() {
    let (_dir, path) = file(
        "data = 'there'\nrole = 'other'\ncolour = 1\n[log]\nlevel = 'error'\ncolour = 1\n\
         [issuer]\nlisten = 5\n",
    );
    let environment = Environment::of(&[
        ("ANTEROOM_COLOUR", "red"),
        ("ANTEROOM_ROLE", "other"),
        ("ANTEROOM_LOG_FORMAT", "json"),
    ]);
    let settings = load(Some(&path), &environment, &[], Scope::Client).unwrap();
    let expected = Settings {
        data: "there".into(),
        log: LogSettings {
            format: LogFormat::Json,
            level: LogLevel::Error,
        },
        ..Settings::default()
    };
    assert_eq!(settings, expected);
    assert!(names_data(Some(&path), &environment, &[], Scope::Client).unwrap());
    let unknown: Vec<&str> = unknown_variables(&environment).unwrap();
    assert_eq!(unknown, ["ANTEROOM_COLOUR"]);
    // Clients check their own settings.
    for (text, expected) in [
        (
            "log.level = 'loud'",
            "settings.toml: unknown variant `loud`",
        ),
        ("data = 5", "settings.toml: invalid type"),
        ("data = ", "settings.toml, line 1"),
    ] {
        let (_dir, path) = file(text);
        let shown = refusal(load(Some(&path), &Environment::of(&[]), &[], Scope::Client));
        assert!(shown.contains(expected), "{shown:?} lacks {expected:?}");
    }
}

#[test]
fn a_bad_flag_is_refused_by_name() {
    let flags = [Flag::new("--issuer-listen", "issuer.listen", "here")];
    let shown = refusal(load(None, &Environment::of(&[]), &flags, Scope::Server));
    assert!(
        shown.starts_with("the flag --issuer-listen cannot be used: "),
        "{shown}"
    );
}

#[test]
fn secrets_are_no_settings() {
    for key in ["master_key", "password", "device_password"] {
        let (_dir, path) = file(&format!("{key} = 'secret'"));
        let shown = refusal(load(Some(&path), &Environment::of(&[]), &[], Scope::Server));
        assert!(shown.contains("unknown field") && !shown.contains("'secret'"));
    }
}

#[test]
fn the_example_file_is_valid_and_says_the_defaults() {
    let (_dir, path) = file(EXAMPLE);
    let settings = load(Some(&path), &Environment::of(&[]), &[], Scope::Server).unwrap();
    assert_eq!(settings, Settings::default());
}

/// The example names every setting, active or commented out if the default is "none".
#[test]
fn the_example_file_names_every_setting_and_each_has_a_variable() {
    let uncommented: String = EXAMPLE
        .lines()
        .map(|line| match line.strip_prefix("#: ") {
            Some(setting) => format!("{setting}\n"),
            None => format!("{line}\n"),
        })
        .collect();
    let table: Table = toml::from_str(&uncommented).unwrap();
    let in_file: BTreeSet<String> = leaves("", &table).into_iter().map(|(key, _)| key).collect();
    let in_code: BTreeSet<String> = keys().collect();
    assert_eq!(in_file, in_code);

    let variables: Vec<(String, String)> = leaves("", &table)
        .into_iter()
        .map(|(key, value)| {
            let text = match value {
                Value::String(text) => text,
                Value::Array(parts) => parts
                    .iter()
                    .filter_map(Value::as_str)
                    .collect::<Vec<_>>()
                    .join(", "),
                value => value.to_string(),
            };
            (variable_of_key(&key), text)
        })
        .collect();
    let variables: Vec<(&str, &str)> = variables
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let (_dir, path) = file(&uncommented);
    let (_other, empty) = file("");
    assert_eq!(
        load(
            Some(&empty),
            &Environment::of(&variables),
            &[],
            Scope::Server
        )
        .unwrap(),
        load(Some(&path), &Environment::of(&[]), &[], Scope::Server).unwrap(),
    );
}

fn leaves(prefix: &str, table: &Table) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    for (name, value) in table {
        let key = format!("{prefix}{name}");
        match value {
            Value::Table(inner) => found.extend(leaves(&format!("{key}."), inner)),
            value => found.push((key, value.clone())),
        }
    }
    found
}
