//! The requests to the room service and the reading of its answers.
//!
//! Every request but [`live`] carries a presentation made for it alone. A request is an error if its credential
//! cannot be presented ([`RoomsError::Presentation`](crate::RoomsError::Presentation),
//! [`RoomsError::OtherRoom`](crate::RoomsError::OtherRoom)).

pub(crate) mod error;
pub(crate) mod link;
pub mod link_requests;
pub mod live;
pub(crate) mod participant;
pub(crate) mod pass;
pub mod peek;
mod request;
