//! Admission: the limits of connections, handshakes, bodies, requests and sockets at the same time.
//!
//! A [`Budget`] limits one of these, in total and for each network of clients
//! ([`AddressGroup`](crate::AddressGroup)). Its holders are busy or idle. Without room for a new
//! holder, the holder that has been idle for longest is evicted: one of the new holder's own
//! network if that has its whole share, else one of the network with the most holders. The new
//! holder is refused if no holder is idle.
//!
//! A [`SharedBudget`] is a budget that several tasks share. A [`Slot`] is the part of one holder.

mod budget;
mod recorder;
mod shared;

pub(crate) use self::recorder::AdmissionFamilies;
pub use self::{
    budget::{BudgetLimits, BudgetRefusal},
    recorder::AdmissionRecorder,
    shared::{SharedBudget, Slot},
};
