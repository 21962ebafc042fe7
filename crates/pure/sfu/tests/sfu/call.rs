//! The media of a whole call.

mod bandwidth;
mod harness;
mod random;
mod rules;
mod speakers;
