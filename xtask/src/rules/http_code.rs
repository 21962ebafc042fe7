//! The rule about HTTP frameworks: only the HTTP layer of a service and the kit for it know one. Other code
//! takes commands and returns outcomes, so that it can be read and tested without HTTP.

use super::{Violation, project::Project, tokens::tokens, without_excused};

/// The frameworks' crates.
const FRAMEWORKS: [&str; 4] = ["axum", "tonic", "utoipa", "utoipa_axum"];

/// The only crate that the wire types may name, behind a feature.
const DESCRIPTIONS: &str = "utoipa";

/// The folders that may name a framework, and those that do until they are taken apart, with the reason.
const EXCUSED: &[(&str, &str)] = &[
    (
        "crates/kit/runtime/",
        "describes the body of the health endpoints beside its values",
    ),
    (
        "crates/apps/server/",
        "the program passes routers to listeners",
    ),
    (
        "crates/testkit/",
        "imitates the services that others run, over HTTP",
    ),
];

/// Checks all sources of the project.
#[must_use]
pub fn violations(project: &Project) -> Vec<Violation> {
    violations_except(EXCUSED, project)
}

fn violations_except(excused: &[(&str, &str)], project: &Project) -> Vec<Violation> {
    let sources = project.texts(".rs");
    let sources = sources.filter(|(file, _)| file.contains("/src/") && !is_http(file));
    let violations = sources.filter_map(|(file, text)| {
        // The search in the text is cheap, and most files have none.
        FRAMEWORKS.iter().find(|name| text.contains(**name))?;
        let named = tokens(text)
            .into_iter()
            .find(|token| FRAMEWORKS.contains(&token.text) && !describes(file, token.text))?;
        let rule = format!(
            "names {}, which only `http` and `grpc` of a service and the kit for HTTP know: return an \
             outcome, and turn it into a response there",
            named.text
        );
        Some(Violation::new(format!("{file}:{}", named.line), rule))
    });
    without_excused(
        violations.collect(),
        excused,
        |folder, place| place.starts_with(folder),
        "names no framework any more: take it off the list in the rule",
    )
}

/// Whether a file belongs to the HTTP layer.
fn is_http(file: &str) -> bool {
    let of_service = || {
        let (_, inside) = file.strip_prefix("crates/services/")?.split_once("/src/")?;
        let first = inside.split('/').next()?.trim_end_matches(".rs");
        Some(matches!(first, "http" | "grpc"))
    };
    file.starts_with("crates/kit/http-server/")
        || file.starts_with("crates/kit/pages/")
        || of_service().unwrap_or(false)
}

/// Whether a word describes types of the wire.
fn describes(file: &str, word: &str) -> bool {
    file.starts_with("crates/pure/wire/") && word == DESCRIPTIONS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_http_layer_names_a_framework() {
        for (file, text, is_noticed) in [
            ("crates/services/x/src/domain/a.rs", "use axum::Json;", true),
            (
                "crates/services/x/src/domain/http.rs",
                "use axum::Json;",
                true,
            ),
            (
                "crates/services/x/src/state.rs",
                "fn f() -> utoipa::X {}",
                true,
            ),
            ("crates/services/x/src/http.rs", "use axum::Json;", false),
            ("crates/services/x/src/http/a.rs", "use axum::Json;", false),
            (
                "crates/services/x/src/grpc/a.rs",
                "use tonic::Status;",
                false,
            ),
            (
                "crates/services/x/src/domain/a.rs",
                "// axum\nlet a = \"axum\";",
                false,
            ),
            ("crates/services/x/src/domain/a.rs", "let axums = 1;", false),
            ("crates/services/x/tests/a.rs", "use axum::Json;", false),
            ("crates/kit/http-server/src/a.rs", "use axum::Json;", false),
            ("crates/kit/pages/src/a.rs", "use axum::Json;", false),
            ("crates/kit/runtime/src/a.rs", "use axum::Json;", true),
            (
                "crates/pure/wire/src/a.rs",
                "#[derive(utoipa::ToSchema)]",
                false,
            ),
            ("crates/pure/wire/src/a.rs", "use axum::Json;", true),
            (
                "crates/pure/call/src/a.rs",
                "#[derive(utoipa::ToSchema)]",
                true,
            ),
        ] {
            let violations = violations_except(&[], &Project::of([(file, text)]));
            assert_eq!(!violations.is_empty(), is_noticed, "{file}: {text}");
            if is_noticed {
                assert_eq!(violations[0].place, format!("{file}:1"));
            }
        }
    }

    #[test]
    fn an_excuse_holds_until_nothing_needs_it() {
        let file = "crates/kit/runtime/src/a.rs";
        let excused = [("crates/kit/runtime/", "a reason")];
        let project = Project::of([(file, "use axum::Json;")]);
        assert_eq!(violations_except(&excused, &project), []);
        let violations = violations_except(&excused, &Project::of([(file, "")]));
        assert_eq!(violations.len(), 1);
        assert_eq!(violations[0].place, "crates/kit/runtime/");
    }
}
