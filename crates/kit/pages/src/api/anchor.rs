//! The names under which the parts of the page are linked.

use super::document::Method;

pub(super) fn tag(name: &str) -> String {
    format!("tag-{}", words(name))
}

pub(super) fn operation(method: Method, path: &str) -> String {
    words(&format!("{method} {path}")).to_ascii_lowercase()
}

pub(super) fn shape(name: &str) -> String {
    format!("shape-{name}")
}

pub(super) fn scheme(name: &str) -> String {
    format!("access-{name}")
}

pub(super) fn code(code: &str) -> String {
    format!("code-{code}")
}

/// The letters and digits of a text, with a hyphen for all that stands between them.
fn words(text: &str) -> String {
    let words = text.split(|character: char| !character.is_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    words.join("-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_named_by_its_method_and_its_path() {
        for (method, path, expected) in [
            (Method::Post, "/auth/login", "post-auth-login"),
            (Method::Patch, "/v1/devices/{id}", "patch-v1-devices-id"),
            (
                Method::Get,
                "/.well-known/jwks.json",
                "get-well-known-jwks-json",
            ),
        ] {
            assert_eq!(operation(method, path), expected);
        }
    }
}
