//! The run of a target: its cases, the panics that come of them, and the looks at the others.

use core::cell::{Cell, RefCell};
use std::{
    collections::BTreeMap,
    env,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind, set_hook, take_hook},
    sync::Once,
};

use crate::{dice::Dice, plain_crypto};

/// The number of cases of a target in a run of all tests.
const CASES: usize = 3_000;

/// The number of cases between two looks at the others.
const LOOK: usize = 1_000;

/// Something that takes changed bytes.
pub(crate) trait Target {
    /// Makes it anew.
    fn make(dice: &mut Dice) -> Self;

    /// Takes one more case. The bytes are left in the last argument, whatever comes of them.
    fn run(&mut self, dice: &mut Dice, bytes: &mut Vec<u8>);

    /// Looks whether all is well with the others. Returns whether the target is to be made anew.
    fn look(&mut self) -> bool;
}

thread_local! {
    static IS_CONTAINED: Cell<bool> = const { Cell::new(false) };
    static LOCATION: RefCell<String> = const { RefCell::new(String::new()) };
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Makes ready what all targets share.
pub(crate) fn prepare() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        plain_crypto::install();
        let usual = take_hook();
        set_hook(Box::new(move |info| {
            let location = info.location().map(ToString::to_string);
            LOCATION.set(location.unwrap_or_default());
            MESSAGE.set(info.payload_as_str().unwrap_or_default().to_owned());
            if !IS_CONTAINED.get() {
                usual(info);
            }
        }));
    });
}

/// Runs the cases of a target.
pub(crate) fn run<T: Target>(name: &str, seed: u64) {
    run_some::<T>(name, seed, CASES);
}

/// Runs the cases of a target, a number of them in a run of all tests.
pub(crate) fn run_some<T: Target>(name: &str, seed: u64, cases: usize) {
    prepare();
    let wished = env::var("ANTEROOM_FUZZ_CASES").ok();
    let cases = wished.map_or(cases, |wished| wished.parse().unwrap());
    let mut dice = Dice::new(seed);
    let mut target = T::make(&mut dice);
    let mut panics: BTreeMap<String, (usize, String)> = BTreeMap::new();
    let mut overflows: BTreeMap<String, (usize, String)> = BTreeMap::new();
    for case in 1..=cases {
        let mut bytes = Vec::new();
        IS_CONTAINED.set(true);
        let result = catch_unwind(AssertUnwindSafe(|| {
            target.run(&mut dice, &mut bytes);
            case % LOOK == 0 && target.look()
        }));
        IS_CONTAINED.set(false);
        match result {
            Ok(false) => continue,
            Ok(true) => {}
            Err(panic) => {
                let (location, message) = (LOCATION.take(), MESSAGE.take());
                // Those of the last case: the ones before may be what it comes of.
                let hex: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
                if !location.contains("/registry/src/") {
                    println!("{name}: case {case} at {location}: {message}: {hex}");
                    resume_unwind(panic);
                }
                // Sums of others that are too large are looked for in tests alone: elsewhere they begin anew.
                let kind = if message.ends_with("with overflow") {
                    &mut overflows
                } else {
                    &mut panics
                };
                kind.entry(location).or_insert((0, hex)).0 += 1;
            }
        }
        target = T::make(&mut dice);
    }
    let (panicking, overflowing) = (panics.len(), overflows.len());
    println!(
        "{name}: {cases} cases; code of others panics at {panicking} places, and has {overflowing} overflows"
    );
    for (location, (count, hex)) in panics.iter().chain(&overflows) {
        println!("{name}: {count} times at {location}, at first by {hex}");
    }
    assert!(panics.is_empty(), "{name}: the code of others panics");
}
