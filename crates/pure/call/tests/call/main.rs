//! The rules of a call, each by scripts that list the outputs of every input, and all of them together by
//! random scripts against a simple model.

#![expect(clippy::indexing_slicing, reason = "a test fails by panicking")]
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]
#![expect(clippy::panic, reason = "a test fails by panicking")]

mod agreement;
mod contract;
mod dropped_sources;
mod found_cases;
mod guests;
mod harness;
mod identity;
mod media_mirror;
mod model;
mod output_texts;
mod revisions;
mod rules;
mod script;
mod step_templates;
