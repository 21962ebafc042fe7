//! What the project's own commands do: tests, vectors, measurements, rules.

pub mod bench;
pub mod rules;
pub mod soak;
pub mod steps;
pub mod vectors;
