//! The project's own commands: tests, rules, and the building and running of the tools.

pub mod attack;
pub mod bench;
pub mod dist;
pub mod picture;
mod programs;
pub mod rules;
pub mod soak;
pub mod steps;
pub mod vectors;

pub use self::programs::Profile;
