//! The project's own commands: tests, rules, and the building and running of the tools.
//!
//! `cargo xtask` and the tests of this crate call its functions. Input: the folder of the workspace. Output:
//! text on standard output, files below `target`, and a result. A failed check is an error that names the
//! rule and its place. The rules ([`rules`]) are pure functions of texts and of cargo's metadata, so that
//! tests check that they detect violations. Nothing here is part of the product.

pub mod bench;
pub mod chaos;
pub mod command;
pub mod dist;
pub mod grind;
pub mod load;
pub mod meeting;
pub mod programs;
pub mod rules;
pub mod steps;
pub mod vectors;
