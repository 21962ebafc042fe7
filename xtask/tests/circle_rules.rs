//! The rule about circles of imports finds them, and nothing else.

use std::path::Path;

use xtask::rules::{
    circles::{circles_of, violations},
    project::Project,
};

type Files<'a> = &'a [(&'a str, &'a str)];

/// Returns the circles of a crate, each as its files.
fn circles(crate_files: Files<'_>) -> Vec<String> {
    circles_of(&crate_files.iter().copied().collect())
        .iter()
        .map(|circle| {
            let names: Vec<&str> = circle.iter().map(|one| one.file.as_str()).collect();
            names.join(" ")
        })
        .collect()
}

#[test]
fn the_workspace_has_no_circles_but_those_on_the_list() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    assert_eq!(violations(&Project::read(root).unwrap()), []);
}

#[test]
fn a_circle_is_found_with_its_files() {
    let cases: [(&str, Files<'_>, &str); 12] = [
        (
            "of two files",
            &[
                ("lib.rs", "mod a; mod b;"),
                ("a.rs", "use crate::b::B; pub struct A(B);"),
                ("b.rs", "use crate::a::A; pub struct B(A);"),
            ],
            "a.rs b.rs",
        ),
        (
            "of three files",
            &[
                ("a.rs", "use crate::b::B; pub struct A;"),
                ("b.rs", "use super::c::{self, C}; pub struct B;"),
                ("c.rs", "pub struct C(crate::a::A);"),
            ],
            "a.rs b.rs c.rs",
        ),
        (
            "through a re-export",
            &[
                ("lib.rs", "mod a; mod b; pub use self::{a::A, b::*};"),
                ("a.rs", "use crate::B; pub struct A;"),
                ("b.rs", "use crate::{A as First}; pub struct B;"),
            ],
            "a.rs b.rs",
        ),
        (
            "through an item of the parent's file",
            &[
                ("a.rs", "mod b; use b::B; pub struct A;"),
                ("a/b.rs", "use super::A; pub struct B;"),
            ],
            "a.rs a/b.rs",
        ),
        (
            "through everything of the parent's file",
            &[
                ("a/mod.rs", "mod b; fn f() { b::g() }"),
                ("a/b.rs", "use super::*; pub fn g() {}"),
            ],
            "a/b.rs a/mod.rs",
        ),
        (
            "through a name that the parent passes on and uses",
            &[
                ("a.rs", "mod b; pub use b::B; pub struct A(B);"),
                ("a/b.rs", "use super::A; pub struct B;"),
            ],
            "a.rs a/b.rs",
        ),
        (
            "through a module under another name",
            &[
                ("a.rs", "use crate::b as other; fn f() { other::g::<u8>() }"),
                ("b.rs", "pub fn g() { crate::a::f() }"),
            ],
            "a.rs b.rs",
        ),
        (
            "from an inline module",
            &[
                (
                    "a.rs",
                    "mod inner { use super::super::b::B; } pub struct A;",
                ),
                ("b.rs", "use crate::a::A; pub struct B;"),
            ],
            "a.rs b.rs",
        ),
        (
            "through a macro's item",
            &[
                ("a.rs", "identifier!(A); fn f(_: crate::b::B) {}"),
                ("b.rs", "use crate::a::A; pub struct B(A);"),
            ],
            "a.rs b.rs",
        ),
        (
            "through an exported macro",
            &[
                (
                    "a.rs",
                    "#[macro_export] macro_rules! m { () => {} } fn f() { crate::b::g() }",
                ),
                ("b.rs", "crate::m!(); pub fn g() {}"),
            ],
            "a.rs b.rs",
        ),
        (
            "after a module for tests",
            &[
                (
                    "a.rs",
                    "#[cfg(test)] mod tests { mod x {} } use crate::b::B; pub struct A;",
                ),
                (
                    "b.rs",
                    "#[cfg(test)] use x::{y, z}; use crate::a::A; pub struct B;",
                ),
            ],
            "a.rs b.rs",
        ),
        (
            "with the root",
            &[
                ("lib.rs", "mod a; pub const X: u8 = a::Y;"),
                ("a.rs", "pub const Y: u8 = crate::X;"),
            ],
            "a.rs lib.rs",
        ),
    ];
    for (name, crate_files, expected) in cases {
        assert_eq!(circles(crate_files), [expected], "{name}");
    }
}

#[test]
fn other_uses_are_no_circle() {
    let cases: [(&str, Files<'_>); 9] = [
        (
            "in tests only",
            &[
                ("a.rs", "use crate::b::B; pub struct A;"),
                (
                    "b.rs",
                    "pub struct B; #[cfg(test)] mod tests { use crate::a::A; }",
                ),
            ],
        ),
        (
            "in a file for tests",
            &[
                ("a.rs", "pub struct A; #[cfg(all(test, unix))] mod tests;"),
                ("a/tests.rs", "mod deep; use super::A; pub struct T;"),
                ("a/tests/deep.rs", "use super::T; use crate::a::tests;"),
            ],
        ),
        (
            "a parent passes its children on",
            &[
                (
                    "lib.rs",
                    "mod a; mod b; pub use a::A; pub(crate) use b::B; pub use b::*;",
                ),
                ("a.rs", "pub struct A;"),
                ("b.rs", "use crate::A; pub struct B(A);"),
            ],
        ),
        (
            "children use what their parent imports",
            &[
                (
                    "a.rs",
                    "mod b; use crate::c::C; use std::fmt; pub use b::B;",
                ),
                ("a/b.rs", "use super::{C, fmt}; pub struct B(C);"),
                ("c.rs", "pub struct C;"),
            ],
        ),
        (
            "in a comment or a text",
            &[
                ("a.rs", "use crate::b::B; pub struct A;"),
                (
                    "b.rs",
                    "//! [`crate::a::A`]\npub struct B; const C: &str = \"crate::a::A\"; const D: &str = r#\"\"crate::a::A\"#;",
                ),
            ],
        ),
        (
            "by a field, a method or a variable of the same name",
            &[
                ("a.rs", "use crate::b::B; pub fn b() {}"),
                ("b.rs", "pub struct B; fn f(a: u8, s: S) { s.a(a); s.a }"),
            ],
        ),
        (
            "by the name of a module alone",
            &[
                ("a.rs", "use crate::b::B; pub(in crate::a) struct A;"),
                (
                    "b.rs",
                    "pub struct B; pub(in crate::a) fn f() {} use crate::a;",
                ),
            ],
        ),
        (
            "of another crate with the same names",
            &[
                ("a.rs", "use crate::b::B; pub struct A;"),
                ("b.rs", "use other::a::A; use ::a::A as C; pub struct B;"),
            ],
        ),
        (
            "with names that lead to themselves",
            &[
                (
                    "a.rs",
                    "use self::x as y; use self::y as x; use super::*; fn f() { x::g() }",
                ),
                ("lib.rs", "mod a; pub use a::*; pub use crate::*;"),
            ],
        ),
    ];
    for (name, crate_files) in cases {
        assert_eq!(circles(crate_files), [""; 0], "{name}");
    }
}

#[test]
fn a_violation_says_where_and_how_to_end_it() {
    let tangled = [
        ("crates/x/src/a.rs", "\nuse crate::b::B;\npub struct A;"),
        (
            "crates/x/src/b.rs",
            "fn f() -> crate::a::A {}\npub struct B;",
        ),
    ];
    let violations = violations(&Project::of(tangled));
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0].place, "crates/x/src/a.rs:2");
    let rule = &violations[0].rule;
    assert!(
        rule.contains("a.rs:2 uses crate::b::B, b.rs:1 uses crate::a::A; move"),
        "{rule}"
    );
}
