//! The rules of who may be in, as pure functions over statements.
//!
//! [`RoomContext`] is the state that all members share: it stands in the group's context. Newer statements
//! change it by [`RoomContext::with`], which all members compute alike, so that a commit that changes it in
//! any other way is noticed ([`RoomContext::follows`]). [`RoomContext::admits`] is the decision about one leaf.

mod admission;
mod barred_list;
mod context;
mod context_change;
mod context_error;
mod decision;
mod signed_approvals;

pub use self::{
    admission::Admission,
    barred_list::{BarredList, MAX_BARRED, MAX_BARRED_BY_CO_ADMIN},
    context::RoomContext,
    context_change::ContextChange,
    context_error::ContextError,
    decision::{AdmissionError, AdmissionReason, LeafClaim, Presence},
};
