//! `anteroom keys`

pub mod list;
mod master;
mod progress;
pub mod public;
pub mod rotate;
pub mod transfer;
