//! The rules about pages hold for the project, and notice what breaks them.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::Path;

use xtask::rules::{Violation, glossary, pages, project::Project};

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap()
}

/// Returns this project.
fn project() -> Project {
    Project::read(root()).unwrap()
}

fn rules(violations: Vec<Violation>) -> Vec<String> {
    violations.into_iter().map(|one| one.rule).collect()
}

/// Returns the violations of a page `docs/a.md` beside a page, a folder and a file of code.
fn broken(text: &str) -> Vec<String> {
    rules(pages::violations(&Project::of([
        (
            "crates/x/src/call.rs",
            "impl Call { pub(crate) fn join_all() {} }",
        ),
        ("docs/a.md", text),
        (
            "docs/b.md",
            "# Page\n\n## A `call`, again\n\n```sh\n# no heading\n```\n",
        ),
    ])))
}

fn glossary_rules(text: &str) -> Vec<String> {
    let project = Project::of([("docs/glossary.md", text)]);
    rules(glossary::violations(&project))
}

#[test]
fn the_links_of_all_pages_lead_somewhere_and_the_code_that_they_name_exists() {
    let found: Vec<String> = pages::violations(&project())
        .iter()
        .map(ToString::to_string)
        .collect();
    assert_eq!(found, [""; 0]);
}

#[test]
fn the_glossary_is_sorted_and_says_where_each_thing_is() {
    assert_eq!(glossary::violations(&project()), []);
}

#[test]
fn a_link_that_leads_nowhere_is_noticed() {
    for (text, rule) in [
        ("[b](b.md)", None),
        ("[b](b.md#a-call-again)", None),
        ("## Here\n[here](#here)", None),
        ("## Here\n## Here\n[here](#here-1)", None),
        ("[code](../crates/x), [code](../crates/x/src/call.rs)", None),
        ("[elsewhere](https://example.org/c.md)", None),
        ("```\n[c](c.md)\n```", None),
        (
            "[c](c.md)",
            Some("links to docs/c.md, which does not exist"),
        ),
        (
            "![c](../c.svg)",
            Some("links to c.svg, which does not exist"),
        ),
        (
            "[c](../../c.md)",
            Some(
                "links to ../../c.md, which is outside of the project: link to a page of the project",
            ),
        ),
        ("[b](../docs/b.md), [root](..)", None),
        (
            "[b](../../project/docs/b.md)",
            Some(
                "links to ../../project/docs/b.md, which is outside of the project: link to a page of the project",
            ),
        ),
        (
            "[b](b.md#no-heading)",
            Some("links to #no-heading, which docs/b.md does not have"),
        ),
        (
            "[there](#there)",
            Some("links to #there, which docs/a.md does not have"),
        ),
    ] {
        assert_eq!(broken(text), Vec::from_iter(rule), "{text}");
    }
}

#[test]
fn code_that_a_page_names_and_that_is_gone_is_noticed() {
    let file = "names crates/x/src/gone.rs, which does not exist";
    let item = "names `join`, which crates/x/src/call.rs does not define";
    for (text, rule) in [
        ("`crates/x/src/call.rs::join_all`, `crates/x`.", None),
        (
            "crates/NAME",
            Some("names crates/NAME, which does not exist"),
        ),
        ("`crates/*/src` and `crates/{a,b}`", None),
        ("`crates/x/src/gone.rs::join_all`", Some(file)),
        ("| `crates/x/src/call.rs::join` |", Some(item)),
        ("call.rs::join", None),
        ("```\ncall.rs::join\n```", None),
        (
            "```\ncrates/x/src/  the folder\n  call.rs::join_all\n```",
            None,
        ),
        ("```\ncrates/x/src/\n  call.rs::join\n```", Some(item)),
        ("```\ncrates/x/src/\n```\n\n```\ncall.rs::join\n```", None),
        ("```\ncrates/x/\n  src/gone.rs\n```", Some(file)),
    ] {
        assert_eq!(broken(text), Vec::from_iter(rule), "{text}");
    }
}

#[test]
fn an_entry_of_the_glossary_without_order_code_or_page_is_noticed() {
    let good = "- **Call**: one era. `crates/x.rs::Call`, [page](b.md).";
    for (text, expected) in [
        ("# Glossary\n", vec!["has no entry"]),
        (good, vec![]),
        (
            "- **Call**: one era.",
            vec!["`Call` names no code", "`Call` links to no page"],
        ),
        (
            "- Call",
            vec!["an entry is written as **Term**: text", "has no entry"],
        ),
    ] {
        assert_eq!(glossary_rules(text), expected, "{text}");
    }
    let unsorted = format!("{good}\n{}", good.replace("Call", "Area"));
    assert_eq!(glossary_rules(&unsorted), ["`Area` stands after `call`"]);
}
