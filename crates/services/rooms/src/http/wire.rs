//! The former place of bodies and answers, until their users name the new ones.

pub(crate) use anteroom_wire::{
    Base64,
    rooms::{Reason, ReasonBody},
};

pub(crate) use super::{
    answers::{not_found, nothing, private, redirect},
    bodies::json_body,
};
