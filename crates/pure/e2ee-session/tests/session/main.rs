//! Sessions over the real order of commits: the state machine of the room service.

mod groups;
mod people;
mod statements;
mod world;
