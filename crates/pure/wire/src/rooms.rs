//! The JSON of the room service.

mod link;
mod link_requests;
mod participants;
pub mod socket;

pub use self::{
    link::{LinkStateBody, RestrictionsBody},
    link_requests::{ChangeBody, DeleteBody, EmptyBody},
    participants::{ParticipantBody, PeekBody, Reason, ReasonBody},
};
