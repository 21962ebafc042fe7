//! The comparison of an OpenAPI document with its page.

use std::collections::BTreeSet;

use serde_json::Value;

/// Checks the page of an OpenAPI document against the document: every operation, shape, scheme and problem
/// code has an address in the page, every address there is unique, and every reference within the page leads
/// to one.
///
/// # Panics
/// The page lacks an address, repeats one, or has a broken reference.
pub fn assert_api_page(page: &str, document: &Value) {
    let addresses: Vec<&str> = attributes(page, " id=\"").collect();
    let known: BTreeSet<&str> = addresses.iter().copied().collect();
    assert_eq!(addresses.len(), known.len(), "an address is there twice");
    for reference in attributes(page, " href=\"#") {
        assert!(known.contains(reference), "#{reference} leads nowhere");
    }
    for expected in expected_addresses(document) {
        assert!(known.contains(&*expected), "#{expected} is missing");
    }
}

/// Returns the values of attributes that start with `start`.
fn attributes<'a>(page: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    let rest = page.split(start).skip(1);
    rest.filter_map(|rest| rest.split('"').next())
}

fn expected_addresses(document: &Value) -> Vec<String> {
    let mut addresses = Vec::new();
    for (path, item) in members(&document["paths"]) {
        for (method, operation) in members(item) {
            addresses.push(operation_address(method, path));
            for (status, answer) in members(&operation["responses"]) {
                if status.starts_with(['4', '5']) {
                    let description = answer["description"].as_str().expect("a description");
                    addresses.extend(codes(description).map(|code| format!("code-{code}")));
                }
            }
        }
    }
    for (section, prefix) in [("schemas", "shape-"), ("securitySchemes", "access-")] {
        let named = document.pointer(&format!("/components/{section}"));
        let names = members(named.expect("a section of components"));
        addresses.extend(names.map(|(name, _)| format!("{prefix}{name}")));
    }
    addresses
}

fn members(object: &Value) -> impl Iterator<Item = (&String, &Value)> {
    object.as_object().expect("an object").iter()
}

fn operation_address(method: &str, path: &str) -> String {
    let words = path.split(|character: char| !character.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    words.fold(method.to_owned(), |address, word| {
        address + "-" + &word.to_ascii_lowercase()
    })
}

/// Returns the upper-case texts in backticks.
fn codes(description: &str) -> impl Iterator<Item = &str> {
    let code = description.split('`').skip(1).step_by(2);
    code.filter(|code| {
        code.bytes()
            .all(|byte| byte.is_ascii_uppercase() || byte == b'_')
    })
}
