//! Admission: how many connections, handshakes, bodies, requests and sockets there are at once.
//!
//! A [`Budget`] bounds one of these, in all and for each network of clients
//! ([`AddressGroup`](crate::AddressGroup)). Its holders are busy or idle. Where there is no room,
//! the holder that has been idle for longest gives way: one of the newcomer's own network where that
//! is at its share, else one of the network with most holders. Where nobody is idle, the newcomer is
//! refused.
//!
//! [`SharedBudget`] is a budget that many tasks share; a [`Slot`] is what a holder has of it.

mod budget;
mod recorder;
mod shared;

pub(crate) use self::recorder::AdmissionFamilies;
pub use self::{
    budget::{BudgetLimits, BudgetRefusal},
    recorder::AdmissionRecorder,
    shared::{SharedBudget, Slot},
};
