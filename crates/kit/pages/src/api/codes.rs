//! The list of problem codes: with which statuses they come, and from which operations.

use std::collections::{BTreeMap, BTreeSet};

use maud::{Markup, html};

use super::{
    anchor,
    document::{Document, Method},
    operation::reports_problem,
    text::problem_codes,
};

/// The most operations that a code is said to be missing from.
const FEW: usize = 3;

type Name<'a> = (&'a str, Method);

#[derive(Default)]
struct Source<'a> {
    statuses: BTreeSet<&'a str>,
    operations: BTreeSet<Name<'a>>,
}

/// The section; nothing where no operation reports a problem.
pub(super) fn section(document: &Document) -> Markup {
    let codes = codes(document);
    let all: BTreeSet<Name<'_>> = operations(document).collect();
    html! {
        @if !codes.is_empty() {
            section {
                h2 #codes { "Problem codes" }
                p { "The member " code { "code" } " of a problem document: stable, and for programs." }
                dl.codes {
                    @for (code, source) in &codes {
                        div #(anchor::code(code)) {
                            dt {
                                code { (code) }
                                @for status in &source.statuses { " " span.kind { (status) } }
                            }
                            dd { (origin(&source.operations, &all)) }
                        }
                    }
                }
            }
        }
    }
}

fn operations(document: &Document) -> impl Iterator<Item = Name<'_>> {
    let paths = document.paths.iter();
    paths.flat_map(|(path, item)| item.keys().map(|method| (path.as_str(), *method)))
}

fn codes(document: &Document) -> BTreeMap<&str, Source<'_>> {
    let mut codes: BTreeMap<&str, Source<'_>> = BTreeMap::new();
    for (path, item) in &document.paths {
        for (method, operation) in item {
            for (status, response) in &operation.responses {
                if !reports_problem(status) {
                    continue;
                }
                for code in problem_codes(&response.description) {
                    let source = codes.entry(code).or_default();
                    source.statuses.insert(status);
                    source.operations.insert((path, *method));
                }
            }
        }
    }
    codes
}

fn origin(operations: &BTreeSet<Name<'_>>, all: &BTreeSet<Name<'_>>) -> Markup {
    let others: BTreeSet<Name<'_>> = all.difference(operations).copied().collect();
    html! {
        @if others.is_empty() {
            "every operation"
        } @else if others.len() <= FEW && others.len() < operations.len() {
            "every operation but " (links(&others))
        } @else {
            (links(operations))
        }
    }
}

fn links(operations: &BTreeSet<Name<'_>>) -> Markup {
    html! {
        @for (index, (path, method)) in operations.iter().enumerate() {
            @if index > 0 { ", " }
            a href={ "#" (anchor::operation(*method, path)) } { (method) " " (path) }
        }
    }
}
