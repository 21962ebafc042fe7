//! The functions of the module, for `worker.mjs`. Numbers alone pass, so that no generated code is needed
//! between the two.
//!
//! Each returns whether it succeeded. The native run of the same operation says why one does not.

use core::cell::RefCell;

use anteroom_protocol::Timestamp;
use wasm_bindgen::prelude::wasm_bindgen;

use crate::{Operation, Subject};

thread_local! {
    static SUBJECT: RefCell<Option<Subject>> = const { RefCell::new(None) };
}

/// Makes a call with a number of members. The time is in seconds since 1970.
#[wasm_bindgen]
pub fn make_call(members: u32, now: u32) -> bool {
    let subject = Subject::new(members, Timestamp::from_secs(now.into()));
    SUBJECT.with(|slot| slot.replace(subject.ok()));
    with_subject(|_| true)
}

/// Prepares one run of the operation with a number.
#[wasm_bindgen]
pub fn prepare(operation: u32) -> bool {
    let Some(operation) = Operation::from_number(operation) else {
        return false;
    };
    with_subject(|subject| subject.prepare(operation).is_ok())
}

/// Does the prepared operation.
#[wasm_bindgen]
pub fn run() -> bool {
    with_subject(|subject| subject.run().is_ok())
}

fn with_subject(act: impl FnOnce(&mut Subject) -> bool) -> bool {
    SUBJECT.with_borrow_mut(|subject| subject.as_mut().is_some_and(act))
}
