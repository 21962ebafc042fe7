//! What the project's own commands do: tests, attacks, vectors, measurements, rules.

pub mod attack;
pub mod bench;
pub mod rules;
pub mod soak;
pub mod steps;
pub mod vectors;
