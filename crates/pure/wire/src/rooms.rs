//! The JSON of the room service.

mod join;
mod link;
pub mod socket;

pub use self::{
    join::{JoinBody, JoinedBody},
    link::{LinkStateBody, RestrictionsBody},
};
