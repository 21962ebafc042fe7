//! The JSON of the room service.

mod join;
mod link;
mod link_requests;
mod participants;
pub mod socket;

pub use self::{
    join::{JoinBody, JoinedBody},
    link::{LinkStateBody, RestrictionsBody},
    link_requests::{ChangeBody, DeleteBody, EmptyBody},
    participants::{ParticipantBody, PeekBody, Reason, ReasonBody},
};
