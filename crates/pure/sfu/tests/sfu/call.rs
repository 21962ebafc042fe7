//! The media of a whole call.

mod bandwidth;
mod counts;
mod harness;
mod hostile;
mod links;
mod random;
mod rules;
mod speakers;
