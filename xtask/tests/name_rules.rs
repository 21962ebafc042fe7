//! The rule about names notices definitions of types whose name is no noun of the field.

use xtask::rules::names::{Definition, definitions_of, violations_except};

fn definition(file: &str, line: usize, name: &str) -> Definition {
    Definition {
        file: file.to_owned(),
        line,
        name: name.to_owned(),
    }
}

#[test]
fn a_definition_with_a_banned_name_is_found_with_its_line() {
    for (line, name) in [
        ("struct Kept;", "Kept"),
        ("pub struct Taken {", "Taken"),
        ("pub(crate) enum Looked<T> {", "Looked"),
        ("pub(super) trait Side: Sized {", "Side"),
        ("    pub(in crate::socket) struct Place(u64);", "Place"),
        ("type Begun<'a> = Box<u8>;", "Begun"),
        ("    type Keyed: Clone;", "Keyed"),
    ] {
        assert_eq!(
            definitions_of("a.rs", &format!("fn first() {{}}\n{line}\n")),
            [definition("a.rs", 2, name)],
            "{line}"
        );
    }
}

#[test]
fn other_lines_are_no_definitions_with_a_banned_name() {
    for line in [
        "pub struct Seat {",
        "struct KeptKeys;",
        "struct Placement;",
        "impl Kept {",
        "use crate::Kept;",
        "    Kept { place: Place },",
        "/// struct Kept",
        "fn type_of(place: Place) {}",
        "let structure = Kept;",
        "struct",
        "",
    ] {
        assert_eq!(definitions_of("a.rs", line), [], "{line}");
    }
}

#[test]
fn a_definition_is_a_violation_unless_it_is_an_exception() {
    let definitions = [definition("a.rs", 1, "Kept"), definition("b.rs", 7, "Kept")];
    assert_eq!(
        violations_except(&[("a.rs", "Kept"), ("b.rs", "Kept")], &definitions),
        []
    );
    let violations = violations_except(&[("a.rs", "Kept")], &definitions);
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].place, "b.rs:7");
    assert!(violations[0].rule.contains("`Kept`"));
}

#[test]
fn an_exception_without_its_definition_is_a_violation() {
    let definitions = [definition("a.rs", 1, "Kept")];
    let violations = violations_except(&[("a.rs", "Kept"), ("a.rs", "Held")], &definitions);
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].place, "a.rs");
    assert!(violations[0].rule.contains("`Held`"));
}
