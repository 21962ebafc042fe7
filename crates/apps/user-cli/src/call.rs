//! `anteroom call join`, `play` and `record`

mod audience;
mod join;
mod play;
mod record;
mod recording;
mod visit;

pub use self::{join::join, play::play, record::record};
