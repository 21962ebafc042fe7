//! The JSON of the room service.

mod join;
mod link;
mod participants;
pub mod socket;

pub use self::{
    join::{JoinBody, JoinedBody},
    link::{ChangeBody, DeleteBody, EmptyBody, GuestsBody, LinkStateBody, RestrictionsBody},
    participants::{ParticipantBody, PeekBody, Reason, ReasonBody},
};
