//! The JSON of the room service.

mod link;
pub mod socket;

pub use self::link::{LinkStateBody, RestrictionsBody};
